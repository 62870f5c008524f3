//! Runs one source: the only place that reconnects, waits, retries and paces.
//!
//! A source that fails is opened again with full-jitter back-off (1 s to 60 s, anew after 60 s of
//! health), one that refuses after a quarter of an hour, one that asks for patience when it says.
//! A silent stream is a lost one. It goes on behind the last event that was handed on, or else at
//! the saved position. Every wait is raced with the stop, and a full pipeline slows the source
//! down. A panic inside a source is one more failure of it and of nothing else.

use super::backoff::{Backoff, Timing, random_share};
use super::pacing::Pacing;
use super::source::{Collected, Event, Gap, GapReason, Pace, Source, SourceError};
use super::tally::{Tally, happened};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::model::Cursor;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

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
    /// The ministry's own statements.
    pub official: bool,
}

#[derive(Debug, PartialEq)]
pub enum Outcome {
    Event(Event),
    /// The source has said its last word.
    Finished,
}

/// What every source's supervisor shares.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Bounded: a full queue slows the sources down.
    pub out: mpsc::Sender<Delivery>,
    pub clock: Clock,
    pub metrics: Metrics,
    pub stop: CancellationToken,
    /// Speed of paced sources on a simulated clock; `None` for as fast as possible.
    pub speed: Option<f64>,
}

/// Runs a source until it has said its last word or the house stops.
pub async fn run(source: Box<dyn Source>, resume: Option<Cursor>, around: Surroundings) {
    run_with(source, resume, around, Timing::default()).await;
}

/// The same with other times than the house's.
pub async fn run_with(
    source: Box<dyn Source>,
    resume: Option<Cursor>,
    around: Surroundings,
    timing: Timing,
) {
    run_after(source, resume, None, around, timing).await;
}

/// The same after a time in which the house was down: when the source was heard last before it.
pub async fn run_after(
    source: Box<dyn Source>,
    resume: Option<Cursor>,
    heard_last: Option<Timestamp>,
    around: Surroundings,
    timing: Timing,
) {
    let mut supervisor = Supervisor {
        tally: Tally::new(source.name(), around.metrics.clone(), timing.log_every),
        backoff: Backoff::new(&timing).with_documented(source.comebacks()),
        pacing: Pacing::new(around.speed),
        cursor: resume,
        last_heard: None,
        deaf_since: None,
        unheard_since: heard_last.map(|at| (at, GapReason::HouseDown)),
        source,
        around,
        timing,
    };
    supervisor.run().await;
    supervisor.tally.flush();
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

struct Supervisor {
    source: Box<dyn Source>,
    around: Surroundings,
    timing: Timing,
    tally: Tally,
    backoff: Backoff,
    pacing: Pacing,
    /// Newest position handed on, else the saved one.
    cursor: Option<Cursor>,
    last_heard: Option<Timestamp>,
    /// The position was of no use any more: what came after this time is lost, until the first
    /// event that the source brings without a position.
    deaf_since: Option<Timestamp>,
    /// Since when there is no connection, and why.
    unheard_since: Option<(Timestamp, GapReason)>,
}

impl Supervisor {
    async fn run(&mut self) {
        self.count_used();
        if let Pace::Poll { every } = self.source.pace() {
            let spread = self.timing.spread.min(every).mul_f64(random_share());
            if !self.sleep(spread).await {
                return;
            }
        }
        loop {
            let opened = Instant::now();
            let end = self.drain().await;
            self.backoff.ended(opened.elapsed(), self.source.pace());
            let Some(wait) = self.after(end).await else {
                return;
            };
            if !self.rest(wait).await {
                return;
            }
        }
    }

    /// Waits so long, or until something is brought to the source. False where the house stops.
    async fn rest(&self, wait: Duration) -> bool {
        tokio::select! {
            () = self.source.woken() => true,
            goes_on = self.sleep(wait) => goes_on,
        }
    }

    /// False where the house stops.
    async fn sleep(&self, wait: Duration) -> bool {
        tokio::select! {
            () = self.around.stop.cancelled() => false,
            () = tokio::time::sleep(wait) => true,
        }
    }

    /// Opens the source once and hands on what it brings.
    async fn drain(&mut self) -> End {
        let cursor = self.cursor.clone();
        let opening = AssertUnwindSafe(|| self.source.open(cursor));
        let Ok(mut stream) = std::panic::catch_unwind(opening) else {
            return panicked();
        };
        let idle = match self.source.pace() {
            Pace::Stream { idle } => Some(idle),
            Pace::Poll { .. } => Some(self.timing.look),
            Pace::Once => None,
        };
        loop {
            let next = tokio::select! {
                biased;
                () = self.around.stop.cancelled() => return End::Stopped,
                next = next(&mut stream, idle) => next,
            };
            let collected = match next {
                Ok(collected) => collected,
                Err(end) => return end,
            };
            self.tally.up(true);
            if !self.heard_again().await || !self.hand_on(collected).await {
                return End::Stopped;
            }
        }
    }

    /// Tells the time without a connection as a gap, unless the source catches up. False where the
    /// house stops.
    async fn heard_again(&mut self) -> bool {
        let Some((from, reason)) = self.unheard_since.take() else {
            return true;
        };
        let live = self.source.pace() != Pace::Once && !self.source.is_backfill();
        let to = self.around.clock.now();
        let long = to.duration_since(from).unsigned_abs() >= self.timing.gap_after && from < to;
        if self.source.catches_up() || !live || !long {
            return true;
        }
        self.send(Event::Gap(Gap { from, to, reason }), None, None, false)
            .await
    }

    /// Since now, or since it fell silent.
    fn unheard(&mut self) {
        let since = self.last_heard.unwrap_or_else(|| self.around.clock.now());
        self.unheard_since
            .get_or_insert((since, GapReason::Disconnected));
    }

    /// Waits until an item is due, counts it and sends it. False where the house stops.
    async fn hand_on(&mut self, collected: Collected) -> bool {
        if let Some(due) = collected.due {
            let wait = self.pacing.wait(due, &self.around.clock);
            if !wait.is_zero() && !self.sleep(wait).await {
                return false;
            }
            self.around.clock.advance_to(due);
        }
        let at = collected
            .cursor
            .as_ref()
            .and_then(|c| self.source.time_of(c));
        let at = at.or_else(|| happened(&collected.event));
        if collected.cursor.is_some()
            && let Some(from) = self.deaf_since.take()
        {
            let to = at.unwrap_or_else(|| self.around.clock.now());
            let reason = GapReason::CursorTooOld;
            let gap = Event::Gap(Gap { from, to, reason });
            if from < to && !self.send(gap, None, None, false).await {
                return false;
            }
        }
        let backfill = collected.backfill || self.source.is_backfill();
        self.send(collected.event, collected.cursor, at, backfill)
            .await
    }

    /// Counts and sends one event; its cursor is the resume position from then on.
    async fn send(
        &mut self,
        event: Event,
        cursor: Option<Cursor>,
        at: Option<Timestamp>,
        backfill: bool,
    ) -> bool {
        let now = self.around.clock.now();
        let news = at.filter(|_| !backfill);
        self.tally.event(&event, news, now);
        self.last_heard = Some(now);
        let outcome = Outcome::Event(event);
        let sent = self.deliver(outcome, cursor.clone(), backfill).await;
        if sent && cursor.is_some() {
            self.cursor = cursor;
            self.count_used();
        }
        sent
    }

    fn count_used(&self) {
        if let Some(cursor) = &self.cursor {
            self.tally.used(&self.source.used(cursor));
        }
    }

    async fn deliver(&self, outcome: Outcome, cursor: Option<Cursor>, backfill: bool) -> bool {
        let delivery = Delivery {
            source: self.source.name().to_owned(),
            outcome,
            cursor,
            collected: self.around.clock.now(),
            received: std::time::Instant::now(),
            backfill,
            relayed: self.source.is_relay(),
            official: self.source.is_official(),
        };
        tokio::select! {
            biased;
            () = self.around.stop.cancelled() => false,
            sent = self.around.out.send(delivery) => sent.is_ok(),
        }
    }

    /// What follows from an end: how long to wait before the next opening, or `None` for good.
    async fn after(&mut self, end: End) -> Option<Duration> {
        let pace = self.source.pace();
        let (kind, error) = match (end, pace) {
            (End::Stopped, _) => {
                self.tally.up(false);
                return None;
            }
            (End::Complete, Pace::Once) => {
                self.tally.up(true);
                self.deliver(Outcome::Finished, None, false).await;
                return None;
            }
            (End::Complete, Pace::Poll { every }) => {
                self.tally.up(true);
                self.last_heard = Some(self.around.clock.now());
                if !self.heard_again().await {
                    return None;
                }
                self.backoff.succeeded();
                return Some(every);
            }
            (End::Complete, Pace::Stream { .. }) => {
                let ended = "the stream ended".to_owned();
                ("transient", SourceError::Transient(ended))
            }
            (End::Idle, _) => {
                let silent = "connected but silent".to_owned();
                ("idle", SourceError::Transient(silent))
            }
            (End::Failed(error), _) => (kind_of(&error), error),
        };
        self.tally.up(false);
        self.unheard();
        self.tally.error(kind);
        let name = self.source.name();
        if pace == Pace::Once && matches!(error, SourceError::Refused(_)) {
            tracing::error!(source = %name, %error, "The source cannot be read and is given up.");
            self.deliver(Outcome::Finished, None, false).await;
            return None;
        }
        let wait = self.backoff.wait(&error, pace, random_share());
        tracing::warn!(source = %name, kind, %error, wait_ms = wait.as_millis() as u64, "The source failed and is tried again.");
        if matches!(error, SourceError::CursorTooOld(_)) {
            self.forget_cursor();
        }
        Some(wait)
    }

    /// The position is worth nothing: from its time on we were deaf.
    fn forget_cursor(&mut self) {
        let cursor = self.cursor.take();
        let from = cursor.and_then(|cursor| self.source.time_of(&cursor));
        let from = from.or(self.last_heard);
        self.deaf_since = self
            .deaf_since
            .or(from)
            .or_else(|| Some(self.around.clock.now()));
    }
}

fn kind_of(error: &SourceError) -> &'static str {
    match error {
        SourceError::Transient(_) | SourceError::Server(_) => "transient",
        SourceError::RateLimited { .. } => "rate_limited",
        SourceError::Refused(_) => "refused",
        SourceError::CursorTooOld(_) => "cursor_too_old",
        SourceError::Exhausted { .. } => "exhausted",
    }
}

async fn next(
    stream: &mut BoxStream<'static, Result<Collected, SourceError>>,
    idle: Option<Duration>,
) -> Result<Collected, End> {
    let next = AssertUnwindSafe(stream.next()).catch_unwind();
    let next = match idle {
        Some(idle) => tokio::time::timeout(idle, next)
            .await
            .map_err(|_| End::Idle)?,
        None => next.await,
    };
    match next {
        Err(_) => Err(panicked()),
        Ok(None) => Err(End::Complete),
        Ok(Some(Err(error))) => Err(End::Failed(error)),
        Ok(Some(Ok(collected))) => Ok(collected),
    }
}

fn panicked() -> End {
    End::Failed(SourceError::Transient(
        "the source broke down on something that it received".to_owned(),
    ))
}
