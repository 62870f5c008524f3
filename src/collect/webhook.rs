//! Items that other programs bring by HTTP: `POST /in/<name>`.
//!
//! * The body is lines of the import's shape, as `resonanz replay` reads them ([`crate::model::Item`]):
//!   at most 256 KiB and [`MAX_LINES`] lines. One line that cannot be read refuses the whole body.
//! * `X-Resonanz-Timestamp` is the time in Unix seconds, at most five minutes from ours;
//!   `X-Resonanz-Signature` is `sha256=` and the hexadecimal HMAC-SHA-256 of timestamp, a full stop and
//!   body under the shared secret. A body that was stored is not taken twice.
//! * "200" means stored: the answer waits until the items, or the news that no watch wants them, are
//!   committed. Nothing is kept on disk before that, so what matches no watch never is. Any other
//!   answer may be followed by the same request again.
//! * Permission: whoever holds the secret. What is sent is that sender's responsibility.

use super::replay;
use super::source::{Collected, Event, Pace, Rejection, Source, SourceError, Standing};
use crate::model::{Change, Cursor};
use crate::store::Store;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::Sha256;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Largest body.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Lines of one body.
pub const MAX_LINES: usize = 500;
/// How far the sender's clock may be from ours.
const WINDOW_SECS: i64 = 300;
const MIN_SECRET_BYTES: usize = 32;
/// Bodies that wait.
const QUEUE: usize = 4;
/// Signatures that are remembered for the length of the window.
const MAX_REMEMBERED: usize = 4_096;
/// Longest wait for the store, below the bound of a request.
const STORED_WITHIN: Duration = Duration::from_secs(8);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Nobody need bring anything: silence is no lost connection.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// `[source.<name>]` with `kind = "webhook"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// File with the shared secret, 32 bytes or more.
    pub secret_file: PathBuf,
    /// Old news: archived, never mailed.
    #[serde(default)]
    pub backfill: bool,
}

/// Why a body was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("there is no webhook of this name")]
    Unknown,
    #[error("the signature or the timestamp is missing or wrong")]
    Unsigned,
    #[error("the timestamp is more than five minutes away")]
    Stale,
    #[error("this request was already taken")]
    Repeated,
    #[error("{0}")]
    Unreadable(String),
    /// Nothing is lost: send it again.
    #[error("not stored yet; send the same request again")]
    Busy,
}

/// What one body brings.
struct Batch {
    changes: Vec<Change>,
    /// Is told the position behind the batch.
    position: oneshot::Sender<u64>,
}

/// Time and signature of a request.
type Taken = (i64, Vec<u8>);

/// The end of a webhook that requests come in at.
#[derive(Clone)]
pub struct Inbox {
    key: Hmac<Sha256>,
    queue: mpsc::Sender<Batch>,
    /// Times and signatures of what was stored in the last minutes.
    taken: Arc<std::sync::Mutex<VecDeque<Taken>>>,
}

/// A webhook as a source.
pub struct Webhook {
    name: String,
    backfill: bool,
    inbox: Inbox,
    batches: Arc<Mutex<mpsc::Receiver<Batch>>>,
}

impl Webhook {
    /// Reads the secret.
    ///
    /// # Errors
    /// A secret that cannot be read, or that is too short. The text does not hold it.
    pub fn new(name: &str, config: &WebhookConfig) -> Result<Self, String> {
        let file = config.secret_file.display();
        let secret = std::fs::read(&config.secret_file)
            .map_err(|error| format!("`secret_file` {file}: {error}"))?;
        let secret = secret.trim_ascii();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(format!(
                "`secret_file` {file}: a secret has {MIN_SECRET_BYTES} bytes or more"
            ));
        }
        // A key of any length will do for HMAC.
        let key = Hmac::new_from_slice(secret).map_err(|error| error.to_string())?;
        let (queue, batches) = mpsc::channel(QUEUE);
        Ok(Self {
            name: name.to_owned(),
            backfill: config.backfill,
            inbox: Inbox {
                key,
                queue,
                taken: Arc::default(),
            },
            batches: Arc::new(Mutex::new(batches)),
        })
    }
}

impl Source for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Stream { idle: NEVER }
    }

    /// Whoever brings something tries again until it is taken.
    fn catches_up(&self) -> bool {
        true
    }

    fn is_backfill(&self) -> bool {
        self.backfill
    }

    fn inbox(&self) -> Option<Inbox> {
        Some(self.inbox.clone())
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let batches = Arc::clone(&self.batches);
        Box::pin(async_stream::try_stream! {
            let mut position: u64 = resume.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
            // Ready to listen.
            yield Collected::now(Event::Nothing, None);
            loop {
                let next = batches.lock().await.recv().await;
                let Some(batch) = next else { break };
                for change in batch.changes {
                    yield Collected::now(Event::Change(change), None);
                }
                position += 1;
                // A request that was given up has nobody who waits.
                let _ = batch.position.send(position);
                yield Collected::now(Event::Nothing, Some(Cursor(position.to_string())));
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        async { Standing::Works }.boxed()
    }
}

/// Every webhook of a house, by name; none without a store.
#[derive(Clone, Default)]
pub struct Inboxes {
    inboxes: BTreeMap<String, Inbox>,
    store: Option<Store>,
}

impl Inboxes {
    /// Those of these sources that are webhooks.
    pub fn of(sources: &[Box<dyn Source>], store: Store) -> Self {
        let inbox = |source: &dyn Source| Some((source.name().to_owned(), source.inbox()?));
        Self {
            inboxes: sources
                .iter()
                .filter_map(|source| inbox(source.as_ref()))
                .collect(),
            store: Some(store),
        }
    }

    /// Takes a body, and waits until it is stored. Gives the number of changes in it.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn take(
        &self,
        name: &str,
        stamp: &str,
        signature: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<usize, Refusal> {
        let inbox = self.inboxes.get(name).ok_or(Refusal::Unknown)?;
        let store = self.store.as_ref().ok_or(Refusal::Unknown)?;
        let signed = inbox.verify(stamp, signature, body, now)?;
        let changes = read(body)?;
        let count = changes.len();
        let (position, told) = oneshot::channel();
        let sent = inbox.queue.try_send(Batch { changes, position });
        sent.map_err(|_| Refusal::Busy)?;
        let stored = async {
            let position = told.await.ok()?;
            while position_of(store, name).await < position {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Some(())
        };
        match tokio::time::timeout(STORED_WITHIN, stored).await {
            Ok(Some(())) => {
                inbox.remember(signed, now);
                Ok(count)
            }
            _ => Err(Refusal::Busy),
        }
    }
}

/// How far the store is; a store that does not answer is nowhere.
async fn position_of(store: &Store, name: &str) -> u64 {
    let cursor = store.cursor(name).await.ok().flatten();
    cursor.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0)
}

impl Inbox {
    /// The time and the signature of a request that is genuine, fresh and new.
    fn verify(
        &self,
        stamp: &str,
        signature: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Taken, Refusal> {
        let signature = signature
            .strip_prefix("sha256=")
            .and_then(unhex)
            .ok_or(Refusal::Unsigned)?;
        let time: i64 = stamp.parse().map_err(|_| Refusal::Unsigned)?;
        let mut mac = self.key.clone();
        mac.update(stamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&signature)
            .map_err(|_| Refusal::Unsigned)?;
        if now.as_second().abs_diff(time) > WINDOW_SECS as u64 {
            return Err(Refusal::Stale);
        }
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.iter().any(|(_, known)| *known == signature) {
            true => Err(Refusal::Repeated),
            false => Ok((time, signature)),
        }
    }

    fn remember(&self, signed: Taken, now: Timestamp) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|(time, _)| now.as_second().abs_diff(*time) <= WINDOW_SECS as u64);
        // What is forgotten early can only come again, and an item that comes again is one item.
        if taken.len() == MAX_REMEMBERED {
            taken.pop_front();
        }
        taken.push_back(signed);
    }
}

/// The changes of a body.
fn read(body: &[u8]) -> Result<Vec<Change>, Refusal> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Refusal::Unreadable(format!(
            "a body has {MAX_BODY_BYTES} bytes at most"
        )));
    }
    let lines = body.split(|byte| *byte == b'\n').zip(1u64..);
    let written = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    let changes: Result<Vec<Change>, Rejection> = written
        .take(MAX_LINES + 1)
        .map(|(line, number)| replay::adapt(line).map_err(|rejection| rejection.in_line(number)))
        .collect();
    let changes = changes.map_err(|rejection| Refusal::Unreadable(rejection.to_string()))?;
    match changes.len() {
        0 => Err(Refusal::Unreadable("the body is empty".to_owned())),
        1..=MAX_LINES => Ok(changes),
        _ => Err(Refusal::Unreadable(format!(
            "a body has {MAX_LINES} lines at most"
        ))),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || text.len() != 64 {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn inbox() -> Inbox {
        let (queue, _) = mpsc::channel(1);
        Inbox {
            key: Hmac::new_from_slice(SECRET).unwrap(),
            queue,
            taken: Arc::default(),
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }

    #[test]
    fn a_signature_is_of_time_and_body() {
        // printf '1790000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        let signature = "sha256=5949482f8f268ce61c6208ee9050323b82d4c3033bad3f5c14c19f657d409d60";
        let inbox = inbox();
        let check = |stamp: &str, signature: &str, body: &[u8]| {
            inbox.verify(stamp, signature, body, now()).map(drop)
        };
        assert_eq!(check("1790000000", signature, b"{}"), Ok(()));
        for (stamp, signature, body) in [
            ("1790000001", signature, &b"{}"[..]),
            ("1790000000", signature, b"{ }"),
            ("1790000000", &signature[7..], b"{}"),
            ("1790000000", "sha256=", b"{}"),
            ("1790000000", "", b"{}"),
            ("", signature, b"{}"),
        ] {
            assert_eq!(
                check(stamp, signature, body),
                Err(Refusal::Unsigned),
                "{stamp} {signature}"
            );
        }
        let later = Timestamp::from_second(1_790_000_301).unwrap();
        let stale = inbox
            .verify("1790000000", signature, b"{}", later)
            .map(drop);
        assert_eq!(stale, Err(Refusal::Stale));
    }

    #[test]
    fn what_was_stored_is_not_taken_again_and_the_memory_has_an_end() {
        let inbox = inbox();
        for i in 0..(MAX_REMEMBERED as u64 + 10) {
            inbox.remember((now().as_second(), i.to_be_bytes().to_vec()), now());
        }
        assert_eq!(inbox.taken.lock().unwrap().len(), MAX_REMEMBERED);
        let later = Timestamp::from_second(now().as_second() + WINDOW_SECS + 1).unwrap();
        inbox.remember((later.as_second(), vec![1]), later);
        assert_eq!(inbox.taken.lock().unwrap().len(), 1);
    }

    #[test]
    fn one_bad_line_refuses_the_body() {
        let good = r#"{"source":"press","id":"1","kind":"article","text":"x"}"#;
        assert_eq!(read(good.as_bytes()).unwrap().len(), 1);
        assert_eq!(
            read(format!("{good}\n\n{good}\n").as_bytes())
                .unwrap()
                .len(),
            2
        );
        let told = |body: &str| match read(body.as_bytes()) {
            Err(Refusal::Unreadable(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(told(&format!("{good}\n{{}}")).contains("line 2"));
        assert!(told(" \n ").contains("empty"));
        assert!(told(&format!("{good}\n").repeat(MAX_LINES + 1)).contains("500 lines"));
    }
}
