//! What is brought to the house by HTTP (`/in/<name>`), whoever brings it: it is genuine, it is stored
//! before it is acknowledged, and it is taken once.
//!
//! * How the senders of an inbox sign and write is their [`Manner`]: our own stamp and lines
//!   (`webhook`), or a service's (`meta`, `websub`).
//! * "200" means stored: the answer waits until everything in a body, or the news that no watch wants
//!   it, is committed. Nothing is kept on disk before that, so what matches no watch never is. Any
//!   other answer may be followed by the same request again.

use super::http_reply::text;
use super::source::{Collected, Event, Pace, RejectReason, Rejection, Source, SourceError};
use crate::model::Cursor;
use crate::privacy::unhex;
use crate::store::Store;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Largest body.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// How far the sender's clock may be from ours.
pub(super) const WINDOW_SECS: i64 = 300;
/// Bodies that wait.
const QUEUE: usize = 4;
/// Signatures that are remembered for the length of the window.
const MAX_REMEMBERED: usize = 4_096;
/// Longest wait for the store, below the bound of a request.
const STORED_WITHIN: Duration = Duration::from_secs(8);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const MAX_CHALLENGE_BYTES: usize = 256;
/// Nobody need bring anything: silence is no lost connection.
pub(super) const PACE: Pace = Pace::Stream {
    idle: Duration::from_secs(10 * 365 * 24 * 3600),
};

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
#[derive(Debug, Default, PartialEq)]
pub struct Brought {
    pub events: Vec<Event>,
    /// What the sender only points at: the source asks for it before the body counts as stored.
    pub lookups: Vec<String>,
    /// What takes so long to read that the source does it.
    pub unread: Vec<u8>,
}

impl Brought {
    /// Changes, and what is pointed at.
    fn count(&self) -> usize {
        let is_change = |event: &&Event| matches!(event, Event::Change(_));
        self.events.iter().filter(is_change).count() + self.lookups.len()
    }
}

/// Time and signature of a request.
pub type Taken = (i64, Vec<u8>);

/// How the senders of one inbox sign and write.
pub trait Manner: Send + Sync {
    /// The time and the signature of a request that is genuine and fresh.
    ///
    /// # Errors
    /// `Unsigned` or `Stale`, and `Unreadable` where the time stands in a body without one.
    fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Taken, Refusal>;

    /// What a genuine body says.
    ///
    /// # Errors
    /// `Unreadable`: nothing of it is taken.
    fn read(&self, body: &[u8]) -> Result<Brought, Refusal>;

    /// What to say to somebody who asks, by these parameters, whether this is the right address.
    fn challenge(&self, _asked: &BTreeMap<String, String>) -> Option<String> {
        None
    }

    /// True where the sender brings a body again as a habit, and wants it acknowledged again.
    fn repeats(&self) -> bool {
        false
    }
}

pub(super) struct Batch {
    pub(super) brought: Brought,
    /// Is told the position behind the batch.
    position: oneshot::Sender<u64>,
}

impl Batch {
    /// Tells whoever waits for it what the position behind it will be.
    pub(super) fn ends_at(self, position: u64) {
        // A request that was given up has nobody who waits.
        let _ = self.position.send(position);
    }
}

/// What waits to be handed on; one stream at a time takes it.
pub(super) type Batches = Arc<Mutex<Waiting>>;

pub(super) struct Waiting {
    rest: mpsc::Receiver<Batch>,
    /// Was seen and not taken yet.
    first: Option<Batch>,
}

impl Waiting {
    async fn next(&mut self) -> Option<Batch> {
        match self.first.take() {
            Some(first) => Some(first),
            None => self.rest.recv().await,
        }
    }

    /// The next one, if one is there.
    fn now(&mut self) -> Option<Batch> {
        self.first.take().or_else(|| self.rest.try_recv().ok())
    }
}

/// Everything that waits.
pub(super) async fn all(batches: &Batches) -> Vec<Batch> {
    let mut waiting = batches.lock().await;
    std::iter::from_fn(|| waiting.now())
        .take(QUEUE + 1)
        .collect()
}

/// Ends when something waits; takes nothing.
pub(super) fn arrival(batches: Batches) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let mut waiting = batches.lock().await;
        if waiting.first.is_none() {
            waiting.first = waiting.rest.recv().await;
        }
        // The other end is gone: nothing will ever come.
        if waiting.first.is_none() {
            std::future::pending().await
        }
    })
}

/// Asks for what a sender only pointed at.
pub(super) type Resolve =
    Arc<dyn Fn(String) -> BoxFuture<'static, Result<Vec<Event>, SourceError>> + Send + Sync>;

/// The end of a webhook that requests come in at.
#[derive(Clone)]
pub struct Inbox {
    manner: Arc<dyn Manner>,
    queue: mpsc::Sender<Batch>,
    /// Times and signatures of what was stored in the last minutes.
    taken: Arc<std::sync::Mutex<VecDeque<Taken>>>,
}

/// Hands on what is brought, and tells the position behind each body.
pub(super) fn stream(
    batches: Batches,
    resume: Option<Cursor>,
    resolve: Option<Resolve>,
) -> BoxStream<'static, Result<Collected, SourceError>> {
    Box::pin(async_stream::try_stream! {
        let mut position: u64 = resume.and_then(|cursor| cursor.0.parse().ok()).unwrap_or(0);
        // Ready to listen.
        yield Collected::now(Event::Nothing, None);
        'batches: loop {
            let next = batches.lock().await.next().await;
            let Some(mut batch) = next else { break };
            let brought = std::mem::take(&mut batch.brought);
            for event in brought.events {
                yield Collected::now(event, None);
            }
            for lookup in brought.lookups {
                let Some(resolve) = &resolve else { break };
                let events = match resolve(lookup).await {
                    Ok(events) => events,
                    // The batch is dropped: it is not acknowledged and comes again. The stream goes
                    // on, for what others bring needs no answer of that kind.
                    Err(error) => {
                        let why = format!("what a push points at cannot be had: {error}");
                        let why = Rejection::new(RejectReason::Incomplete, why);
                        yield Collected::now(Event::Rejected(why), None);
                        continue 'batches;
                    }
                };
                for event in events {
                    yield Collected::now(event, None);
                }
            }
            position += 1;
            batch.ends_at(position);
            yield Collected::now(Event::Nothing, Some(Cursor(position.to_string())));
        }
    })
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
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<usize, Refusal> {
        let inbox = self.inboxes.get(name).ok_or(Refusal::Unknown)?;
        let store = self.store.as_ref().ok_or(Refusal::Unknown)?;
        let signed = match inbox.verify(headers, body, now) {
            Err(Refusal::Repeated) if inbox.manner.repeats() => return Ok(0),
            signed => signed?,
        };
        let brought = inbox.manner.read(body)?;
        let count = brought.count();
        let (position, told) = oneshot::channel();
        let sent = inbox.queue.try_send(Batch { brought, position });
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

    /// What to say to somebody who asks whether this is the right address.
    pub fn challenge(&self, name: &str, asked: &BTreeMap<String, String>) -> Option<String> {
        self.inboxes.get(name)?.manner.challenge(asked)
    }
}

/// How far the store is; a store that does not answer is nowhere.
async fn position_of(store: &Store, name: &str) -> u64 {
    let cursor = store.cursor(name).await.ok().flatten();
    cursor.as_ref().and_then(position).unwrap_or(0)
}

/// The number of bodies behind a cursor: it is nothing else, or has it beside other things.
fn position(cursor: &Cursor) -> Option<u64> {
    #[derive(Deserialize)]
    struct Beside {
        position: u64,
    }
    let beside = || serde_json::from_str::<Beside>(&cursor.0).ok();
    let alone = cursor.0.parse().ok();
    alone.or_else(|| beside().map(|beside| beside.position))
}

impl Inbox {
    /// An inbox, and where its source takes from.
    pub(super) fn new(manner: Arc<dyn Manner>) -> (Self, Batches) {
        let (queue, rest) = mpsc::channel(QUEUE);
        let inbox = Self {
            manner,
            queue,
            taken: Arc::default(),
        };
        let first = None;
        (inbox, Arc::new(Mutex::new(Waiting { rest, first })))
    }

    /// The time and the signature of a request that is genuine, fresh and new.
    fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Taken, Refusal> {
        let signed = self.manner.verify(headers, body, now)?;
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.iter().any(|(_, known)| *known == signed.1) {
            true => Err(Refusal::Repeated),
            false => Ok(signed),
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

/// The challenge that somebody asks to have repeated, where that can be no page and no script.
pub(super) fn sound_challenge(asked: &BTreeMap<String, String>) -> Option<String> {
    let challenge = asked.get("hub.challenge")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let sound =
        (1..=MAX_CHALLENGE_BYTES).contains(&challenge.len()) && challenge.chars().all(plain);
    sound.then(|| challenge.clone())
}

/// The bytes behind `sha256=` in a header.
pub(super) fn signature(headers: &HeaderMap, name: &str) -> Result<Vec<u8>, Refusal> {
    text(headers, name)
        .and_then(|value| value.strip_prefix("sha256="))
        .and_then(unhex::<32>)
        .map(Vec::from)
        .ok_or(Refusal::Unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes everything.
    struct Anybody;

    impl Manner for Anybody {
        fn verify(&self, _: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Taken, Refusal> {
            Ok((now.as_second(), body.to_vec()))
        }

        fn read(&self, _: &[u8]) -> Result<Brought, Refusal> {
            Ok(Brought::default())
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }

    #[test]
    fn what_was_stored_is_not_taken_again_and_the_memory_has_an_end() {
        let (inbox, _batches) = Inbox::new(Arc::new(Anybody));
        for i in 0..(MAX_REMEMBERED as u64 + 10) {
            inbox.remember((now().as_second(), i.to_be_bytes().to_vec()), now());
        }
        assert_eq!(inbox.taken.lock().unwrap().len(), MAX_REMEMBERED);
        let later = Timestamp::from_second(now().as_second() + WINDOW_SECS + 1).unwrap();
        inbox.remember((later.as_second(), vec![1]), later);
        assert_eq!(inbox.taken.lock().unwrap().len(), 1);
    }
}
