//! The seam between the networks and the house.
//!
//! A source turns one network, feed or site into a stream of events and cursors. It does not
//! reconnect, wait, retry, count or log: `supervise` does, for all sources in one way.

use super::hosts::Hosts;
use super::inbox::Inbox;
use crate::model::{Change, Cursor, Kind};
use crate::query::Query;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What one step of a source brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    pub event: Event,
    /// Resume position after this event; `None` where the event does not move it.
    pub cursor: Option<Cursor>,
    /// Not to be handed on before this time: a replay's pace. `None` for live sources.
    pub due: Option<Timestamp>,
    /// Old news of a source that also brings new: archived, never mailed.
    pub backfill: bool,
}

impl Collected {
    pub fn now(event: Event, cursor: Option<Cursor>) -> Self {
        Self {
            event,
            cursor,
            due: None,
            backfill: false,
        }
    }

    /// What was said before this house listened; it moves no cursor.
    pub fn old(event: Event) -> Self {
        Self {
            backfill: true,
            ..Self::now(event, None)
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Change(Change),
    /// Understood and of no interest (a like, a heartbeat): only the cursor moves.
    Nothing,
    /// Not understood: counted by reason, and the cursor moves on.
    Rejected(Rejection),
    /// The source could not or did not deliver what happened between these times.
    Gap(Gap),
    /// What another host of the network told, and whether this source brought it, too.
    Compared(Compared),
    /// What the house's own account posted, and whether this source brought it.
    Canary(Compared),
}

/// Things that somebody else told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compared {
    /// This source brought them.
    pub seen: u64,
    /// It did not.
    pub missed: u64,
}

/// An interval in which this house was deaf to a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub from: Timestamp,
    pub to: Timestamp,
    pub reason: GapReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapReason {
    /// The server no longer had what the cursor asked for.
    CursorTooOld,
    /// The first event was much newer than the saved cursor, or a list has moved on by more than its
    /// length.
    Jump,
    /// There was no connection, and the source does not catch up.
    Disconnected,
    /// The house itself was not running, and the source does not catch up.
    HouseDown,
    /// Reading it would have cost more than was allowed.
    Budget,
}

impl GapReason {
    pub fn as_str(self) -> &'static str {
        match self {
            GapReason::CursorTooOld => "cursor_too_old",
            GapReason::Jump => "jump",
            GapReason::Disconnected => "disconnected",
            GapReason::HouseDown => "house_down",
            GapReason::Budget => "budget",
        }
    }
}

/// Why an item could not be read. The detail is for logs: it holds no text and no names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}", reason = reason.as_str())]
pub struct Rejection {
    pub reason: RejectReason,
    pub detail: String,
}

impl Rejection {
    pub fn new(reason: RejectReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }

    /// The same with the place in a file where it stands.
    pub fn in_line(self, number: u64) -> Self {
        let detail = format!("line {number}: {}", self.detail);
        Self { detail, ..self }
    }
}

/// The reasons are few, because they are metric labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectReason {
    /// Not the format it claims to be.
    Malformed,
    /// A required field is missing or makes no sense.
    Incomplete,
    /// Larger than we take.
    TooLarge,
}

impl RejectReason {
    pub const ALL: [RejectReason; 3] = [
        RejectReason::Malformed,
        RejectReason::Incomplete,
        RejectReason::TooLarge,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            RejectReason::Malformed => "malformed",
            RejectReason::Incomplete => "incomplete",
            RejectReason::TooLarge => "too_large",
        }
    }
}

/// Why a stream ended before its time. `supervise` decides what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Connection lost, time-out, 5xx: try again with back-off.
    #[error("{0}")]
    Transient(String),
    /// The server is broken (5xx): try again with back-off.
    #[error("{0}")]
    Server(String),
    /// The server asked for patience.
    #[error("rate limited{}", retry_after.map(|d| format!(", wait {} s", d.as_secs())).unwrap_or_default())]
    RateLimited { retry_after: Option<Duration> },
    /// The server says no, and trying again soon will not help (401, 403, 404, 410).
    #[error("{0}")]
    Refused(String),
    /// The saved cursor is of no use any more; open again without one.
    #[error("the server no longer has what the saved cursor points at: {0}")]
    CursorTooOld(String),
    /// What may be read in a day or a month was read; in so long the next one begins.
    #[error("the budget is used up for another {} s", wait.as_secs())]
    Exhausted { wait: Duration },
}

/// A watch's query, for sources that ask their platform only for what is listened for.
#[derive(Debug, Clone)]
pub struct Sought {
    pub watch: String,
    pub query: Query,
}

/// What the house listens for, now and after each reload.
pub type Soughts = watch::Receiver<Arc<Vec<Sought>>>;

/// Items of a platform whose terms let nobody keep them unseen: they are asked for again in time,
/// and what is gone there goes here.
pub trait Refresh: Send + Sync {
    fn platform(&self) -> &'static str;
    /// The native id of an item whose public address this is.
    fn id_of(&self, url: &str) -> Option<String>;
    /// What became of these items, at most [`MOST_AGAIN`]: each that is there is an upsert, each
    /// that is not a deletion.
    fn again(
        &self,
        items: Vec<(Kind, String)>,
    ) -> BoxFuture<'static, Result<Vec<Change>, SourceError>>;
}

/// Items that are asked for again in one call.
pub const MOST_AGAIN: usize = 50;

/// How a source is to be driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Runs for ever; an end is a lost connection. Silence longer than `idle` is one, too.
    Stream { idle: Duration },
    /// Ends after one look; look again after `every`.
    Poll { every: Duration },
    /// Ends for good.
    Once,
}

/// How a platform wants its clients to come back after one kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comeback {
    /// Before the first new attempt.
    pub first: Duration,
    pub longest: Duration,
    pub growth: Growth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// By the first wait each time.
    Linear,
    Double,
}

/// What a platform documents on coming back; the house's own way where it says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Comebacks {
    /// The connection was lost or not made.
    pub lost: Option<Comeback>,
    /// 5xx.
    pub server: Option<Comeback>,
    /// 429, where the answer does not say how long.
    pub limited: Option<Comeback>,
}

/// What is counted against a bound of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    Day,
    Month,
    Searches,
}

impl Allowance {
    pub fn as_str(self) -> &'static str {
        match self {
            Allowance::Day => "day",
            Allowance::Month => "month",
            Allowance::Searches => "searches",
        }
    }
}

/// What `source check` reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Works,
    NeedsKey(String),
    NeedsPermission(String),
    Unreachable(String),
}

/// Looks at the page of an article again.
pub trait Pages: Send + Sync {
    /// The words of the page as they are now; none where there is no article to be read any more.
    ///
    /// # Errors
    /// What may go by itself: try again later.
    fn words(&self, url: url::Url) -> BoxFuture<'_, Result<Option<String>, SourceError>>;
}

/// One network, feed or site.
pub trait Source: Send + Sync {
    /// The configured name: metric label and key of the saved cursor.
    fn name(&self) -> &str;
    fn pace(&self) -> Pace;
    /// True where everything that it brings is old news: archived, never mailed.
    fn is_backfill(&self) -> bool {
        false
    }
    /// True where it only hands on what other sources collected: a mention is then filed under the
    /// source that the item itself names.
    fn is_relay(&self) -> bool {
        false
    }
    /// True where everything that it brings is the ministry's own statement.
    fn is_official(&self) -> bool {
        false
    }
    /// Where its items are brought to, if they are brought.
    fn inbox(&self) -> Option<Inbox> {
        None
    }
    /// Ends as soon as something is brought to a source that is also looked at: it need not wait for
    /// the next look. Never ends where nothing is brought.
    fn woken(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
    /// True where it brings after an interruption what happened meanwhile, or tells the gap itself.
    /// Of every other source the time without a connection is a gap.
    fn catches_up(&self) -> bool {
        false
    }
    /// Takes turns from now on with all clients of the house that have this memory. Whoever holds a
    /// [`Client`](super::http::Client) hands it on (`Client::sharing`).
    fn share(&mut self, _hosts: &Hosts) {}
    /// Takes the house's queries, where the platform is only asked for what they want.
    fn listen_for(&mut self, _sought: Soughts) {}
    /// Who asks for stored items again, where the platform's terms demand it.
    fn refresh(&self) -> Option<Arc<dyn Refresh>> {
        None
    }
    /// Who looks at its articles again, where their pages are read.
    fn pages(&self) -> Option<Arc<dyn Pages>> {
        None
    }
    /// How the other side wants its clients to come back, where it says so.
    fn comebacks(&self) -> Comebacks {
        Comebacks::default()
    }
    /// Of each allowance (`day`, `month`, …) the share that is used, by this cursor.
    fn used(&self, _cursor: &Cursor) -> Vec<(Allowance, f64)> {
        Vec::new()
    }
    /// When the event behind a cursor happened, where the cursor tells.
    fn time_of(&self, _cursor: &Cursor) -> Option<Timestamp> {
        None
    }
    /// Opens the stream at a saved position. The stream ends with the first error.
    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>>;
    /// Asks the other side whether we could collect, without collecting.
    fn check(&self) -> BoxFuture<'static, Standing>;
}
