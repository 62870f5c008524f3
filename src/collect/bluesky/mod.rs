//! Bluesky: Jetstream over websocket, without login.
//!
//! Documentation: <https://github.com/bluesky-social/jetstream> (`docs/README.md` section 5, the
//! lexicon `network.bsky.jetstream.subscribeEvents`). Two wires: v1 `/subscribe`, where a cursor
//! that is too old is silently moved, and v2 `/xrpc/network.bsky.jetstream.subscribeEvents`, where
//! it is refused. Hosts keep about 36 hours. Delivery is at least once on both.
//!
//! One host may leave things out without a word (plyr.fm#1796). A second one can be asked for the
//! same, and a sample of what it tells is compared: see `compare`.
//!
//! Collected: posts and replies, their edits and deletions, accounts that leave or come back, and
//! repositories that are reset (v2 only; v1 does not tell). Not collected: likes, reposts, follows,
//! profiles, handles. No key and no permission is needed.
//!
//! A sequence number is a host's own, so a stream that changes host or wire goes back by time and
//! takes some events twice.

mod canary;
mod compare;
mod decoder;
mod position;
mod post;
mod sieve;
mod wire;

use super::hosts::Hosts;
use super::http::{Client, Limits};
use super::source::{Collected, Event, Pace, Source, SourceError, Standing};
use super::websocket::{self, ConnectError, Frame, MAX_FRAME_BYTES, Refusal};
use crate::model::Cursor;
use canary::OwnPosts;
use compare::{Comparing, next_compared};
use decoder::Decoder;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use position::{Position, Reader};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use url::Url;
pub use wire::{Said, adapt, adapt_for, check_did, found, no_post};

/// Name of the network in native ids and of imports.
pub const PLATFORM: &str = "bluesky";
/// As many as a Jetstream takes.
const MAX_COLLECTIONS: usize = 100;

/// The two protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wire {
    V1,
    V2,
}

/// `[source.<name>]` with `kind = "bluesky"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlueskyConfig {
    /// Addresses of websockets, without a query. The first is used; one that brings nothing gives
    /// way to the next.
    pub urls: Vec<String>,
    /// Which protocol those addresses speak.
    pub wire: Wire,
    /// Record types to ask for. Only posts become mentions.
    pub collections: Vec<String>,
    /// Ask for compressed frames: less traffic, more work.
    pub compress: bool,
    /// The v1 dictionary, needed to compress on v1. On v2 the host is asked for its own.
    pub zstd_dictionary_file: Option<PathBuf>,
    /// A resumed stream that begins this much later than it should has a gap, in seconds. It
    /// begins with the event that it broke off at even on a quiet host, so this only forgives an
    /// event that was taken back in the meantime.
    pub gap_slack_secs: u32,
    /// Silence after which the connection is taken for lost, in seconds. Right for the whole
    /// network, where something happens each second; more for a small host.
    pub idle_timeout_secs: u64,
    /// DID of the house's own account; empty for none. What answers or names it is also a message to
    /// the house.
    pub own_did: String,
    /// Where the own account's posts are listed (an AppView), to compare with what the stream brings.
    pub canary_url: Option<String>,
    /// Seconds after which an own post must have come; as often it is looked.
    pub canary_late_secs: u32,
    /// Address of a websocket of another host, to compare with; same wire, without a query.
    pub compare_url: Option<String>,
}

impl Default for BlueskyConfig {
    fn default() -> Self {
        let path = "xrpc/network.bsky.jetstream.subscribeEvents";
        let url = |region: &str| format!("wss://jetstream.{region}.bsky.network/{path}");
        Self {
            urls: vec![url("us-east"), url("us-west")],
            wire: Wire::V2,
            collections: vec![wire::POST.to_owned()],
            compress: false,
            zstd_dictionary_file: None,
            gap_slack_secs: 60,
            idle_timeout_secs: 60,
            own_did: String::new(),
            canary_url: None,
            canary_late_secs: 300,
            compare_url: None,
        }
    }
}

/// The network as some Jetstream hosts tell it.
#[derive(Debug, Clone)]
pub struct Bluesky {
    name: String,
    config: BlueskyConfig,
    urls: Vec<Url>,
    /// Whom to compare with.
    other: Option<Url>,
    /// Who lists the own account's posts, and how they are asked.
    canary: Option<(Url, Client)>,
    /// Which of `urls` is next.
    next: Arc<AtomicUsize>,
}

impl Bluesky {
    /// # Errors
    /// An address that is no websocket address, v1 compression without its dictionary, or a list
    /// that is empty or too long. The text names the key.
    pub fn new(name: &str, config: &BlueskyConfig) -> Result<Self, String> {
        if config.urls.is_empty() {
            return Err("`urls` is empty".to_owned());
        }
        if config.collections.is_empty() || config.collections.len() > MAX_COLLECTIONS {
            return Err(format!(
                "`collections` needs 1 to {MAX_COLLECTIONS} entries"
            ));
        }
        if config.compress && config.wire == Wire::V1 && config.zstd_dictionary_file.is_none() {
            return Err("`compress` on wire v1 needs `zstd_dictionary_file`".to_owned());
        }
        if config.idle_timeout_secs == 0 {
            return Err("`idle_timeout_secs` must be at least 1".to_owned());
        }
        if !config.own_did.is_empty() && !config.own_did.starts_with("did:") {
            return Err("`own_did` must begin with did:".to_owned());
        }
        let canary = config.canary_url.as_deref().map(|url| lists(url, config));
        let other = config.compare_url.as_deref().map(address).transpose();
        let urls: Result<Vec<Url>, String> = config.urls.iter().map(|url| address(url)).collect();
        Ok(Self {
            name: name.to_owned(),
            config: config.clone(),
            urls: urls?,
            other: other.map_err(|error| error.replace("`urls`", "`compare_url`"))?,
            canary: canary.transpose()?,
            next: Arc::new(AtomicUsize::new(0)),
        })
    }

    /// The address with its filters and cursor.
    fn request(&self, host: &Url, cursor: Option<i64>, dictionary: Option<u32>) -> Url {
        let mut url = host.clone();
        let mut query = url.query_pairs_mut();
        let collections = match self.config.wire {
            Wire::V1 => "wantedCollections",
            Wire::V2 => "collections",
        };
        for collection in &self.config.collections {
            query.append_pair(collections, collection);
        }
        // Without the markers of accounts and repositories nothing could be taken back.
        if self.config.wire == Wire::V2 {
            for kind in ["commit", "account", "sync"] {
                query.append_pair("kinds", kind);
            }
        }
        // What is larger would end the connection, and come again after the next one is made.
        query.append_pair("maxMessageSizeBytes", &MAX_FRAME_BYTES.to_string());
        if self.config.compress {
            match (self.config.wire, dictionary) {
                (Wire::V1, _) => query.append_pair("compress", "true"),
                (Wire::V2, Some(id)) => query.append_pair("zstdDictionary", &id.to_string()),
                (Wire::V2, None) => &mut query,
            };
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", &cursor.to_string());
        }
        drop(query);
        url
    }

    fn own_posts(&self) -> OwnPosts {
        let every = Duration::from_secs(u64::from(self.config.canary_late_secs));
        let listed = self.canary.clone().map(|(url, client)| {
            let did = self.config.own_did.clone();
            canary::listed(client, url, did, every)
        });
        OwnPosts::new(listed, &self.config.own_did, self.config.canary_late_secs)
    }

    /// Connects where the saved position says. A host that refuses its own number is asked by
    /// time: it then begins with the oldest that it has, and says so.
    async fn connect(
        &self,
        host: &Url,
        resume: Option<&Position>,
        dictionary: Option<u32>,
    ) -> Result<BoxStream<'static, Result<Frame, SourceError>>, SourceError> {
        let number = resume.and_then(|at| at.number_at(self.config.wire, &host_of(host)));
        let time = resume.map(Position::rewound);
        let first = self.request(host, number.or(time), dictionary);
        match websocket::frames(&first).await {
            Err(ConnectError::Refused(refusal)) if refusal.status == 400 && number.is_some() => {
                let by_time = self.request(host, time, dictionary);
                websocket::frames(&by_time).await.map_err(failure)
            }
            connected => connected.map_err(failure),
        }
    }
}

fn address(url: &str) -> Result<Url, String> {
    let parsed = Url::parse(url).map_err(|error| format!("`urls`: {error}"))?;
    if !matches!(parsed.scheme(), "ws" | "wss") || parsed.host_str().is_none() {
        return Err("`urls` must begin with wss:// or ws://".to_owned());
    }
    if parsed.query().is_some() {
        return Err("`urls` must not contain a query: it is made from the other keys".to_owned());
    }
    Ok(parsed)
}

/// Who lists the own account's posts. The host is the operator's choice, so it may be a private one.
fn lists(url: &str, config: &BlueskyConfig) -> Result<(Url, Client), String> {
    let base = Url::parse(url).map_err(|error| format!("`canary_url`: {error}"))?;
    if !matches!(base.scheme(), "http" | "https") || base.query().is_some() {
        return Err("`canary_url` must begin with https:// and have no query".to_owned());
    }
    if config.own_did.is_empty() || config.canary_late_secs == 0 {
        return Err("`canary_url` needs `own_did`, and `canary_late_secs` of 1 or more".to_owned());
    }
    let host = base.host_str().unwrap_or_default().to_owned();
    let client = Client::new(&[host], "", Limits::default());
    Ok((base, client.map_err(|error| error.to_string())?))
}

/// What tells one host's numbers from another's.
fn host_of(url: &Url) -> String {
    url.authority().to_owned()
}

fn failure(error: ConnectError) -> SourceError {
    let refusal = match error {
        ConnectError::Failed(error) => return SourceError::Transient(error),
        ConnectError::Refused(refusal) => refusal,
    };
    let Refusal {
        status,
        retry_after,
        body,
    } = refusal;
    match status {
        400 if body.contains("CursorTooOld") => {
            SourceError::CursorTooOld("the host answers CursorTooOld".to_owned())
        }
        // The host has a new one by now, which the next opening fetches.
        400 if body.contains("UnknownZstdDictionary") => {
            SourceError::Transient("the host has another zstd dictionary".to_owned())
        }
        429 => SourceError::RateLimited { retry_after },
        503 if retry_after.is_some() => SourceError::RateLimited { retry_after },
        408 | 425 => SourceError::Transient(format!("the host answers {status}")),
        400..=499 => SourceError::Refused(format!("the host answers {status}")),
        _ => SourceError::Transient(format!("the host answers {status}")),
    }
}

impl Source for Bluesky {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Stream {
            idle: Duration::from_secs(self.config.idle_timeout_secs),
        }
    }

    /// From its cursor; what is older than a host keeps is told as a gap.
    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        let shared = |(url, client): (Url, Client)| (url, client.sharing(hosts));
        self.canary = self.canary.take().map(shared);
    }

    fn time_of(&self, cursor: &Cursor) -> Option<Timestamp> {
        Position::read(cursor)?.time()
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let this = self.clone();
        let resume = resume.as_ref().and_then(Position::read);
        Box::pin(async_stream::try_stream! {
            // An opening that brings no event leaves the next one to the next host.
            let turn = this.next.fetch_add(1, Ordering::Relaxed);
            let host = &this.urls[turn % this.urls.len()];
            let mut decoder = Decoder::new(&this.config, host).await?;
            let mut frames = this.connect(host, resume.as_ref(), decoder.id()).await?;
            // Connected: on a quiet host nothing else may tell for a while.
            yield Collected::now(Event::Nothing, None);
            let slack = this.config.gap_slack_secs;
            let mut reader = Reader::new(this.config.wire, host_of(host), slack, resume);
            let own = Some(this.config.own_did.as_str()).filter(|did| !did.is_empty());
            let mut comparing = this.other.clone().map(|url| Comparing::new(this.clone(), url));
            let mut own_posts = this.own_posts();
            loop {
                let frame = tokio::select! {
                    frame = frames.next() => frame,
                    judged = own_posts.next() => {
                        yield Collected::now(Event::Canary(judged), None);
                        continue;
                    }
                    compared = next_compared(&mut comparing) => {
                        yield Collected::now(Event::Compared(compared), None);
                        continue;
                    }
                };
                let Some(frame) = frame else { break };
                let said = decoder.decode(frame?).and_then(|text| adapt_for(&text, own));
                if let Ok(said) = &said {
                    own_posts.heard(said);
                    if let Some(comparing) = &mut comparing {
                        comparing.heard(said);
                    }
                }
                for collected in reader.read(said)? {
                    if collected.cursor.is_some() {
                        this.next.store(turn, Ordering::Relaxed);
                    }
                    yield collected;
                }
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let this = self.clone();
        Box::pin(async move {
            let mut standing = Standing::Works;
            for host in &this.urls {
                standing = match websocket::frames(&this.request(host, None, None)).await {
                    Ok(_) => return Standing::Works,
                    Err(ConnectError::Failed(error)) => Standing::Unreachable(error),
                    Err(ConnectError::Refused(Refusal { status, .. })) => match status {
                        401 | 403 => {
                            Standing::NeedsPermission(format!("the host answers {status}"))
                        }
                        _ => Standing::Unreachable(format!("the host answers {status}")),
                    },
                };
            }
            standing
        })
    }
}
