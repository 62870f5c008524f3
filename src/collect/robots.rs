//! Whether a publisher lets us fetch an address: `robots.txt` (RFC 9309) and `tdmrep.json`, asked once
//! a day for each origin and remembered.
//!
//! * A file that is not there (4xx) closes nothing. One that cannot be had (5xx, 429, no answer)
//!   closes everything for ten minutes, or for as long as the server asks.
//! * The first 512 KiB of a file count.
//! * A page's own words (`X-Robots-Tag`, `meta`) are in [`OptOut`](super::opt_out::OptOut).

use super::http::Client;
use super::http_call::{Call, Reply};
use super::robots_rules::{MAX_BYTES, Rules};
use super::source::SourceError;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// Origins that are remembered, those asked last.
const MAX_ORIGINS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(499);
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// After this the file is asked for again.
const UNREACHABLE: Duration = Duration::from_secs(10 * 60);

/// What may be done with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    Granted,
    /// It may be fetched; its text may not be mined or kept, unless the page itself says that it may.
    Reserved,
    /// `robots.txt` closes it.
    Closed,
    /// `robots.txt` cannot be had at present, which closes it, too; this is why. Ask again later.
    Unknown(SourceError),
}

/// The memory of one client's origins. Clones share it.
#[derive(Debug, Clone)]
pub struct Robots {
    client: Client,
    known: Arc<Mutex<LruCache<String, Known>>>,
}

#[derive(Debug, Clone)]
struct Known {
    until: Instant,
    rules: Result<Arc<Files>, SourceError>,
}

#[derive(Debug, Default)]
struct Files {
    robots: Rules,
    reserved: Rules,
}

impl Robots {
    /// Asks with this client: through its gate, in its name, at its pace.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            known: Arc::new(Mutex::new(LruCache::new(MAX_ORIGINS))),
        }
    }

    /// Whether an address may be fetched. Never an error: what is not known is closed.
    pub async fn may_fetch(&self, url: &Url) -> Permission {
        let files = match self.files(url).await {
            Ok(files) => files,
            Err(why) => return Permission::Unknown(why),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        // The rules are always open themselves.
        match (files.robots.allow(&path), files.reserved.allow(&path)) {
            _ if url.path() == "/robots.txt" => Permission::Granted,
            (false, _) => Permission::Closed,
            (true, false) => Permission::Reserved,
            (true, true) => Permission::Granted,
        }
    }

    async fn files(&self, url: &Url) -> Result<Arc<Files>, SourceError> {
        let origin = url.origin().ascii_serialization();
        if let Some(known) = self.remembered(&origin) {
            return known.rules;
        }
        let known = match self.ask(url).await {
            Ok(files) => Known {
                until: Instant::now() + KEPT,
                rules: Ok(Arc::new(files)),
            },
            Err(error) => Known {
                until: Instant::now() + patience(&error),
                rules: Err(error),
            },
        };
        let rules = known.rules.clone();
        self.lock().put(origin, known);
        rules
    }

    fn remembered(&self, origin: &str) -> Option<Known> {
        let known = self.lock().get(origin)?.clone();
        (known.until > Instant::now()).then_some(known)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, url: &Url) -> Result<Files, SourceError> {
        let robots = self.file(url, "/robots.txt", "text/plain").await?;
        let robots = robots.map(|body| Rules::of_robots(&String::from_utf8_lossy(&body)));
        let path = "/.well-known/tdmrep.json";
        let robots = robots.unwrap_or_default();
        // A host that closes the reservations to us has told us none.
        let reserved = match robots.allow(path) {
            true => self.file(url, path, "application/json").await?,
            false => None,
        };
        Ok(Files {
            robots,
            reserved: reserved
                .and_then(|body| Rules::of_tdmrep(&body))
                .unwrap_or_default(),
        })
    }

    /// A file's beginning; `None` where it is not there.
    async fn file(
        &self,
        url: &Url,
        path: &str,
        accept: &'static str,
    ) -> Result<Option<Vec<u8>>, SourceError> {
        let nowhere = |_| SourceError::Refused("an address without a host".to_owned());
        let at = url.join(path).map_err(nowhere)?;
        let reply = self
            .client
            .ask(&Call::get(at, accept).at_most(MAX_BYTES))
            .await?;
        match reply.status.as_u16() {
            429 => reply.success().map(|_| None),
            400..=499 => Ok(None),
            _ => reply.success().map(|Reply { body, .. }| Some(body)),
        }
    }
}

/// How long nobody asks again.
fn patience(error: &SourceError) -> Duration {
    match error {
        SourceError::RateLimited { retry_after } => {
            retry_after.unwrap_or(UNREACHABLE).clamp(UNREACHABLE, KEPT)
        }
        _ => UNREACHABLE,
    }
}
