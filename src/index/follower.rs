//! Reads the store's changes by sequence number and keeps the index equal to it.
//!
//! Runs on a thread of its own, because a commit blocks. It alone decides when: at most one commit
//! an interval, a purge as soon as something was taken back, a pause that grows after an error.

use super::keeper::Keeper;
use super::request;
use super::week::Week;
use super::{Arrivals, Config, IndexError};
use crate::metrics::Metrics;
use crate::store::{Change, Store};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// How often the store is looked at when nobody rings.
const POLL: Duration = Duration::from_millis(200);
/// After errors the pause doubles from here …
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// … up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A purge may use this part of the follower's time, so that many edits of old posts do not keep
/// new ones from being found.
const PURGE_SHARE: u32 = 6;
/// Changes in one commit while something is made again.
const REFILL: i64 = 2_000;

/// What the index follows, and whom it tells.
#[derive(Debug, Clone)]
pub struct Follow {
    pub store: Store,
    pub metrics: Metrics,
    pub arrivals: Arrivals,
}

/// How far it is; read by everybody, written by the follower.
pub(super) struct Progress {
    /// Everything up to here is searchable.
    pub(super) reached: watch::Sender<i64>,
    /// Words that were taken back up to here are in no file.
    pub(super) purged: watch::Sender<i64>,
    /// False while partitions are being made again and results may lack something.
    pub(super) whole: AtomicBool,
    /// Partitions in which a search failed; the follower looks at them.
    pub(super) suspects: Mutex<BTreeSet<Week>>,
}

impl Progress {
    pub(super) fn suspect(&self, weeks: Vec<Week>) {
        self.suspects().extend(weeks);
    }

    fn take_suspects(&self) -> BTreeSet<Week> {
        std::mem::take(&mut self.suspects())
    }

    fn suspects(&self) -> MutexGuard<'_, BTreeSet<Week>> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes and stops the follower's thread.
#[derive(Default)]
pub(super) struct Bell {
    state: Mutex<BellState>,
    changed: Condvar,
}

#[derive(Default)]
struct BellState {
    rung: bool,
    stopped: bool,
}

impl Bell {
    pub(super) fn ring(&self) {
        self.lock().rung = true;
        self.changed.notify_all();
    }

    pub(super) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Waits until it is stopped, or (`for_ring`) rung, or the time is over.
    fn wait(&self, time: Duration, for_ring: bool) {
        let waiting = self.changed.wait_timeout_while(self.lock(), time, |state| {
            !(state.stopped || for_ring && state.rung)
        });
        let (mut state, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        if for_ring {
            state.rung = false;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BellState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Follower {
    pub(super) keeper: Keeper,
    pub(super) follow: Follow,
    pub(super) runtime: Handle,
    pub(super) progress: Arc<Progress>,
    pub(super) bell: Arc<Bell>,
    pub(super) schedule: Schedule,
}

/// When to commit and when to purge.
pub(super) struct Schedule {
    commit_interval: Duration,
    batch: i64,
    purge_within: Duration,
    /// Since when something waits to be purged. After a start we do not know, so it does.
    dirty_since: Option<Instant>,
    purge_not_before: Instant,
}

impl Schedule {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            commit_interval: Duration::from_millis(config.commit_interval_ms),
            batch: i64::from(config.batch_changes.max(1)),
            purge_within: Duration::from_secs(config.purge_within_secs),
            dirty_since: Some(Instant::now()),
            purge_not_before: Instant::now(),
        }
    }

    fn purge_is_due(&self, behind: bool) -> bool {
        self.dirty_since.is_some_and(|since| {
            Instant::now() >= self.purge_not_before
                && (!behind || since.elapsed() >= self.purge_within)
        })
    }
}

/// What a round found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// There is more: a full batch, or a partition that is being made again.
    Behind,
    /// Some changes, and now none.
    CaughtUp,
    Idle,
}

impl Follower {
    /// Follows until it is stopped. Whatever happens, it does not end by itself.
    pub(super) fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        while !self.bell.is_stopped() {
            match self.guarded_round() {
                Ok(round) => {
                    pause = FIRST_PAUSE;
                    match round {
                        Round::Behind => {}
                        Round::CaughtUp => self.bell.wait(self.schedule.commit_interval, false),
                        Round::Idle => self.bell.wait(POLL, true),
                    }
                }
                Err(error) => {
                    self.recover(&error, pause);
                    self.bell.wait(pause, false);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Follows until nothing is left to do.
    pub(super) fn run_to_end(mut self) -> Result<(), IndexError> {
        loop {
            let round = self.round()?;
            let done = self.keeper.to_make().is_none() && self.schedule.dirty_since.is_none();
            match (round, done) {
                (Round::Idle, true) => return Ok(()),
                (Round::Idle, false) => self.bell.wait(POLL, false),
                _ => {}
            }
        }
    }

    fn recover(&mut self, error: &IndexError, pause: Duration) {
        self.follow.metrics.index_failures.inc();
        tracing::warn!(%error, pause_ms = pause.as_millis(), "the index could not follow the store and tries again");
        let keeper = &mut self.keeper;
        let damaged = error.is_damage();
        let recovered = catch_unwind(AssertUnwindSafe(|| keeper.recover(damaged)))
            .unwrap_or(Err(IndexError::Panicked));
        if let Err(error) = recovered {
            tracing::warn!(%error, "a part of the index cannot be opened again yet");
        }
        self.count_damaged();
        if self.keeper.is_broken() {
            self.progress.whole.store(false, Ordering::Release);
        }
    }

    fn count_damaged(&mut self) {
        let damaged = self.keeper.take_damaged();
        self.follow.metrics.index_damaged.inc_by(damaged);
    }

    /// Damaged files can make the engine panic; that must not end the thread.
    fn guarded_round(&mut self) -> Result<Round, IndexError> {
        catch_unwind(AssertUnwindSafe(|| self.round())).unwrap_or(Err(IndexError::Panicked))
    }

    fn round(&mut self) -> Result<Round, IndexError> {
        for week in self.progress.take_suspects() {
            self.keeper.inspect(week)?;
        }
        self.count_damaged();
        if request::is_there(self.keeper.root()) {
            self.renew_all()?;
            request::take_away(self.keeper.root())?;
        }
        if self.keeper.is_broken() {
            self.progress.whole.store(false, Ordering::Release);
        }
        // While it is made again nobody waits for a single mention: fewer, larger commits.
        let limit = match self.progress.whole.load(Ordering::Acquire) {
            true => self.schedule.batch,
            false => self.schedule.batch.max(REFILL),
        };
        let reading = self.follow.store.changes_after(self.keeper.seq(), limit);
        let changes = self.runtime.block_on(reading)?;
        if !changes.is_empty() {
            self.apply(&changes)?;
        }
        let behind = usize::try_from(limit).is_ok_and(|full| changes.len() >= full);
        let making = !behind && self.make_some()?;
        if !behind && !self.keeper.is_broken() {
            self.progress.whole.store(true, Ordering::Release);
        }
        if self.schedule.purge_is_due(behind) {
            self.purge()?;
        }
        self.keeper
            .close_idle_writers(self.follow.store.has_room())?;
        Ok(match (behind || making, changes.is_empty()) {
            (true, _) => Round::Behind,
            (false, false) => Round::CaughtUp,
            (false, true) => Round::Idle,
        })
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), IndexError> {
        let started = Instant::now();
        // A merge needs room for what it merges. An erasure's does its work all the same.
        let merge = self.follow.store.has_room();
        let replaced = self.keeper.apply(changes, merge)?;
        let seq = self.keeper.seq();
        let metrics = &self.follow.metrics;
        metrics
            .index_commit_seconds
            .observe(started.elapsed().as_secs_f64());
        metrics.follower_seq.with_label_values(&["index"]).set(seq);
        for arrived in self.follow.arrivals.take_until(seq) {
            metrics
                .searchable_seconds
                .observe(arrived.elapsed().as_secs_f64());
        }
        let removed = changes
            .iter()
            .any(|change| matches!(change, Change::Removed { .. }));
        if replaced || removed {
            self.schedule.dirty_since.get_or_insert(started);
        }
        self.progress.reached.send_replace(seq);
        if self.schedule.dirty_since.is_none() {
            self.progress.purged.send_replace(seq);
        }
        Ok(())
    }

    /// Takes words that were taken back out of all files: the index's and the store's.
    fn purge(&mut self) -> Result<(), IndexError> {
        let started = Instant::now();
        let purged = self.keeper.purge();
        self.count_purged();
        purged?;
        self.runtime.block_on(self.follow.store.purge())?;
        let pause = (started.elapsed() * (PURGE_SHARE - 1)).min(self.schedule.purge_within);
        self.schedule.purge_not_before = Instant::now() + pause;
        if self.keeper.is_purged() {
            self.schedule.dirty_since = None;
            self.progress.purged.send_replace(self.keeper.seq());
        }
        Ok(())
    }

    fn count_purged(&mut self) {
        let purged = self.keeper.take_purged();
        let counter = &self.follow.metrics.index_purged;
        counter
            .with_label_values(&["rewritten"])
            .inc_by(purged.rewritten);
        counter
            .with_label_values(&["dropped"])
            .inc_by(purged.dropped);
    }

    /// Has every partition made again, those that the index lacks too.
    pub(super) fn renew_all(&mut self) -> Result<(), IndexError> {
        let days = self.follow.store.days_published();
        let days = self.runtime.block_on(days)?;
        self.keeper.renew_all(weeks(days))
    }

    /// Makes a step of the partition whose turn it is. What changes meanwhile has a number after the
    /// position, and is followed into it. False where there is nothing to make, or no room for it.
    fn make_some(&mut self) -> Result<bool, IndexError> {
        let store = &self.follow.store;
        let Some(week) = self.keeper.to_make().filter(|_| store.has_room()) else {
            return Ok(false);
        };
        let last = self.keeper.made_until(week)?;
        let reading = store.mentions_published(week.span_ms(), last, REFILL);
        let page = self.runtime.block_on(reading)?;
        self.keeper.make(&page)?;
        Ok(true)
    }
}

/// The weeks of days on which something was published, in Unix milliseconds.
pub(super) fn weeks(days: Vec<i64>) -> BTreeSet<Week> {
    let times = days.into_iter().map(Timestamp::from_millisecond);
    times.filter_map(Result::ok).map(Week::of).collect()
}
