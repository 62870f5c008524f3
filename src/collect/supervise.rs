//! Runs one source: the only place that reconnects, waits, retries, paces, counts and logs.
//!
//! A source that fails is opened again with full-jitter back-off (1 s to 60 s, reset after 60 s of
//! health), one that refuses after a quarter of an hour, one that asks for patience when it says.
//! A silent stream is a lost one. Every wait is raced with the stop, and a full pipeline slows the
//! source down. A panic inside a source is one more failure of it and of nothing else.

use super::source::{Collected, Event, Gap, GapReason, Pace, Source, SourceError};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::model::{Change, Cursor, Item};
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// A connection that lived this long was a good one.
const HEALTHY: Duration = Duration::from_secs(60);
/// After a refusal somebody has to do something; asking more often helps nobody.
const REFUSED_WAIT: Duration = Duration::from_secs(15 * 60);
/// Longest patience that a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Refused items are logged at most this often.
const LOG_EVERY: Duration = Duration::from_secs(60);
/// Longest real wait between two items of an accelerated replay.
const MAX_PACED_WAIT: Duration = Duration::from_secs(2);

/// One step of one source, on its way to the pipeline.
#[derive(Debug)]
pub struct Delivery {
    /// Name of the configured source.
    pub source: String,
    pub outcome: Outcome,
    /// Resume position behind this step.
    pub cursor: Option<Cursor>,
    /// When it reached this house.
    pub collected: Timestamp,
    /// The same moment for measuring latency.
    pub received: std::time::Instant,
    /// Old news: archived, never mailed.
    pub backfill: bool,
    /// Collected by others: the item names its own source.
    pub relayed: bool,
}

#[derive(Debug)]
pub enum Outcome {
    Event(Event),
    /// The source has said its last word.
    Finished,
}

/// What every source's supervisor shares.
#[derive(Debug, Clone)]
pub struct Surroundings {
    pub out: mpsc::Sender<Delivery>,
    pub clock: Clock,
    pub metrics: Metrics,
    pub stop: CancellationToken,
    /// Speed of paced sources on a simulated clock; `None` for as fast as possible.
    pub speed: Option<f64>,
}

/// Why one opening of a source came to its end.
enum End {
    /// The house stops, or nobody listens any more.
    Stopped,
    /// The source ended in order.
    Complete,
    Failed(SourceError),
    /// Connected, and silent for too long.
    Idle,
}

/// Runs a source until it has said its last word or the house stops.
pub async fn run(source: Box<dyn Source>, resume: Option<Cursor>, around: Surroundings) {
    let mut supervisor = Supervisor {
        name: source.name().to_owned(),
        cursor: resume,
        backoff: MIN_BACKOFF,
        rejected: 0,
        logged: None,
        last_due: None,
        around,
    };
    supervisor.run(source.as_ref()).await;
    supervisor.up(0);
}

struct Supervisor {
    name: String,
    /// Newest position handed on.
    cursor: Option<Cursor>,
    backoff: Duration,
    rejected: u64,
    logged: Option<Instant>,
    last_due: Option<Timestamp>,
    around: Surroundings,
}

impl Supervisor {
    async fn run(&mut self, source: &dyn Source) {
        loop {
            let opened = Instant::now();
            let end = self.drain(source).await;
            if opened.elapsed() >= HEALTHY {
                self.backoff = MIN_BACKOFF;
            }
            let wait = match self.after(source.pace(), end).await {
                Some(wait) => wait,
                None => return,
            };
            tokio::select! {
                () = self.around.stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Opens the source once and hands on what it brings.
    async fn drain(&mut self, source: &dyn Source) -> End {
        let opened = AssertUnwindSafe(|| source.open(self.cursor.clone()));
        let Ok(mut stream) = std::panic::catch_unwind(opened) else {
            return panicked();
        };
        let idle = match source.pace() {
            Pace::Stream { idle } => idle,
            Pace::Poll { .. } | Pace::Once => Duration::MAX,
        };
        loop {
            let next = tokio::select! {
                biased;
                () = self.around.stop.cancelled() => return End::Stopped,
                next = next(&mut stream, idle) => next,
            };
            let collected = match next {
                Next::Some(Ok(collected)) => collected,
                Next::Some(Err(error)) => return End::Failed(error),
                Next::End => return End::Complete,
                Next::Silent => return End::Idle,
                Next::Panicked => return panicked(),
            };
            self.up(1);
            if !self
                .hand_on(collected, source.is_backfill(), source.is_relay())
                .await
            {
                return End::Stopped;
            }
        }
    }

    /// Waits until an item is due, counts it and sends it. False where the house stops.
    async fn hand_on(&mut self, collected: Collected, backfill: bool, relayed: bool) -> bool {
        if let Some(due) = collected.due
            && !self.wait_until(due).await
        {
            return false;
        }
        let now = self.around.clock.now();
        self.count(&collected.event, now);
        let delivery = Delivery {
            source: self.name.clone(),
            outcome: Outcome::Event(collected.event),
            cursor: collected.cursor.clone(),
            collected: now,
            received: std::time::Instant::now(),
            backfill,
            relayed,
        };
        if !self.send(delivery).await {
            return false;
        }
        if collected.cursor.is_some() {
            self.cursor = collected.cursor;
        }
        true
    }

    async fn send(&self, delivery: Delivery) -> bool {
        tokio::select! {
            () = self.around.stop.cancelled() => false,
            sent = self.around.out.send(delivery) => sent.is_ok(),
        }
    }

    /// Waits for a replayed item's time: on the system's clock until it has come, on a simulated
    /// one by moving the clock, at the ordered speed.
    async fn wait_until(&mut self, due: Timestamp) -> bool {
        let clock = self.around.clock.clone();
        let ahead = match self.last_due.replace(due) {
            _ if !clock.is_simulated() => due.duration_since(clock.now()),
            Some(last) => due.duration_since(last),
            None => jiff::SignedDuration::ZERO,
        };
        let real = match self.around.speed {
            _ if !clock.is_simulated() => ahead.as_secs_f64(),
            Some(speed) => (ahead.as_secs_f64() / speed).min(MAX_PACED_WAIT.as_secs_f64()),
            None => 0.0,
        };
        if real > 0.0 {
            tokio::select! {
                () = self.around.stop.cancelled() => return false,
                () = tokio::time::sleep(Duration::from_secs_f64(real)) => {}
            }
        }
        clock.advance_to(due);
        true
    }

    /// What follows from an end: how long to wait before the next opening, or `None` for good.
    async fn after(&mut self, pace: Pace, end: End) -> Option<Duration> {
        let error = match end {
            End::Stopped => return None,
            End::Complete => match pace {
                Pace::Once => {
                    self.finish().await;
                    return None;
                }
                Pace::Poll { every } => {
                    self.up(1);
                    self.backoff = MIN_BACKOFF;
                    return Some(every);
                }
                Pace::Stream { .. } => SourceError::Transient("the stream ended".to_owned()),
            },
            End::Idle => {
                self.up(0);
                self.error("idle");
                tracing::warn!(source = %self.name, "The source is connected but silent; connecting again.");
                return Some(self.next_backoff());
            }
            End::Failed(error) => error,
        };
        self.up(0);
        let wait = self.wait_after(&error).await;
        tracing::warn!(source = %self.name, %error, wait_secs = wait.as_secs(), "The source failed.");
        Some(wait)
    }

    async fn wait_after(&mut self, error: &SourceError) -> Duration {
        match error {
            SourceError::Transient(_) => {
                self.error("transient");
                self.next_backoff()
            }
            SourceError::RateLimited { retry_after } => {
                self.error("rate_limited");
                let asked = retry_after.unwrap_or(MAX_BACKOFF).min(MAX_RETRY_AFTER);
                asked.max(self.next_backoff())
            }
            SourceError::Refused(_) => {
                self.error("refused");
                REFUSED_WAIT
            }
            SourceError::CursorTooOld(_) => {
                self.error("cursor_too_old");
                self.forget_cursor().await;
                self.next_backoff()
            }
        }
    }

    /// The saved position is worth nothing: from the last event that we know of until now we were
    /// deaf, and that is written down.
    async fn forget_cursor(&mut self) {
        let now = self.around.clock.now();
        let last = self
            .around
            .metrics
            .source_last_event
            .with_label_values(&[&self.name])
            .get();
        let from = Timestamp::from_second(last as i64)
            .ok()
            .filter(|at| at.as_second() > 0);
        let gap = Gap {
            from: from.unwrap_or(now),
            to: now,
            reason: GapReason::CursorTooOld,
        };
        self.cursor = None;
        self.hand_on(Collected::now(Event::Gap(gap), None), false, false)
            .await;
    }

    async fn finish(&mut self) {
        self.log_rejected(true);
        let delivery = Delivery {
            source: self.name.clone(),
            outcome: Outcome::Finished,
            cursor: None,
            collected: self.around.clock.now(),
            received: std::time::Instant::now(),
            backfill: false,
            relayed: false,
        };
        self.send(delivery).await;
    }

    /// Full jitter: anything between nothing and the current bound, which then doubles.
    fn next_backoff(&mut self) -> Duration {
        let bound = self.backoff;
        self.backoff = (self.backoff * 2).min(MAX_BACKOFF);
        bound
            .mul_f64(random_share())
            .max(Duration::from_millis(100))
    }

    fn count(&mut self, event: &Event, now: Timestamp) {
        let metrics = &self.around.metrics;
        let name = self.name.as_str();
        match event {
            Event::Change(change) => {
                metrics
                    .source_events
                    .with_label_values(&[name, "change"])
                    .inc();
                metrics
                    .source_last_event
                    .with_label_values(&[name])
                    .set(now.as_second() as f64);
                if let Some(at) = happened(change) {
                    let lag = now.duration_since(at).as_secs_f64().max(0.0);
                    metrics.source_lag.with_label_values(&[name]).set(lag);
                }
            }
            Event::Nothing => {
                metrics
                    .source_events
                    .with_label_values(&[name, "nothing"])
                    .inc();
                metrics
                    .source_last_event
                    .with_label_values(&[name])
                    .set(now.as_second() as f64);
            }
            Event::Rejected(rejection) => {
                let reason = rejection.reason.as_str();
                metrics
                    .source_rejected
                    .with_label_values(&[name, reason])
                    .inc();
                self.rejected += 1;
                if self.logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
                    tracing::warn!(source = %self.name, %rejection, "An item could not be read.");
                    self.log_rejected(false);
                }
            }
            Event::Gap(gap) => {
                metrics.source_gaps.with_label_values(&[name]).inc();
                tracing::warn!(source = %self.name, from = %gap.from, to = %gap.to,
                    reason = gap.reason.as_str(), "The source has a gap.");
            }
        }
    }

    fn log_rejected(&mut self, last: bool) {
        if self.rejected > 1 || (last && self.rejected > 0) {
            tracing::warn!(source = %self.name, items = self.rejected, "Items could not be read.");
        }
        self.rejected = 0;
        self.logged = Some(Instant::now());
    }

    fn up(&self, value: i64) {
        self.around
            .metrics
            .source_up
            .with_label_values(&[&self.name])
            .set(value);
    }

    fn error(&self, kind: &str) {
        self.around
            .metrics
            .source_errors
            .with_label_values(&[self.name.as_str(), kind])
            .inc();
    }
}

enum Next {
    Some(Result<Collected, SourceError>),
    End,
    Silent,
    Panicked,
}

async fn next(
    stream: &mut BoxStream<'static, Result<Collected, SourceError>>,
    idle: Duration,
) -> Next {
    let caught = AssertUnwindSafe(stream.next()).catch_unwind();
    match tokio::time::timeout(idle, caught).await {
        Err(_) => Next::Silent,
        Ok(Err(_)) => Next::Panicked,
        Ok(Ok(None)) => Next::End,
        Ok(Ok(Some(item))) => Next::Some(item),
    }
}

fn panicked() -> End {
    End::Failed(SourceError::Transient(
        "the source broke down on something it received".to_owned(),
    ))
}

/// When the newest thing that a change tells of happened.
fn happened(change: &Change) -> Option<Timestamp> {
    match change {
        Change::Upsert(item) => Item::version(item),
        Change::Delete(deletion) => deletion.at,
        Change::AuthorGone(author) | Change::AuthorBack(author) => author.at,
    }
}

/// A number between 0 and 1. Without randomness from the system, the middle will do.
fn random_share() -> f64 {
    let mut bytes = [0u8; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}
