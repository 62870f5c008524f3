//! Counts and logs what one source brings. Every log line of collecting is written here or in
//! `supervise`, without foreign text.

use super::source::{Allowance, Compared, Event};
use crate::metrics::Metrics;
use crate::model::Change;
use jiff::Timestamp;
use prometheus::IntCounterVec;
use std::time::Duration;
use tokio::time::Instant;

/// The counters of one source.
pub struct Tally {
    name: String,
    metrics: Metrics,
    log_every: Duration,
    /// Refused items since the last line about them, and when that was.
    unlogged: u64,
    logged: Option<Instant>,
}

impl Tally {
    pub fn new(name: &str, metrics: Metrics, log_every: Duration) -> Self {
        Self {
            name: name.to_owned(),
            metrics,
            log_every,
            unlogged: 0,
            logged: None,
        }
    }

    /// Connected, or the last look succeeded.
    pub fn up(&self, up: bool) {
        let gauge = self.metrics.source_up.with_label_values(&[&self.name]);
        gauge.set(i64::from(up));
    }

    pub fn error(&self, kind: &str) {
        let labels = [self.name.as_str(), kind];
        self.metrics.source_errors.with_label_values(&labels).inc();
    }

    /// Shares of what may be read in a day or a month.
    pub fn used(&self, shares: &[(Allowance, f64)]) {
        for (allowance, share) in shares {
            let labels = [self.name.as_str(), allowance.as_str()];
            let gauge = self.metrics.source_used.with_label_values(&labels);
            gauge.set(*share);
        }
    }

    /// Counts one event that reached this house `now`. `at` is when the source says that it
    /// happened; news has a lag, an import has none.
    pub fn event(&mut self, event: &Event, at: Option<Timestamp>, now: Timestamp) {
        match event {
            Event::Change(_) => self.heard("change", now),
            Event::Nothing => self.heard("nothing", now),
            Event::Rejected(rejection) => {
                let labels = [self.name.as_str(), rejection.reason.as_str()];
                self.metrics
                    .source_rejected
                    .with_label_values(&labels)
                    .inc();
                self.unlogged += 1;
                if self.logged.is_none_or(|at| at.elapsed() >= self.log_every) {
                    let items = std::mem::take(&mut self.unlogged);
                    self.logged = Some(Instant::now());
                    tracing::warn!(source = %self.name, items, %rejection, "Items could not be read; this is the last of them.");
                }
            }
            Event::Compared(compared) => self.compared(&self.metrics.source_compared, compared),
            Event::Canary(compared) => {
                self.compared(&self.metrics.source_canaries, compared);
                if compared.missed > 0 {
                    tracing::warn!(source = %self.name, posts = compared.missed, "The source is connected, and did not bring what our own account posted.");
                }
            }
            Event::Gap(gap) => {
                self.metrics
                    .source_gaps
                    .with_label_values(&[&self.name])
                    .inc();
                let secs = gap.to.as_second().saturating_sub(gap.from.as_second());
                self.metrics
                    .source_gap_seconds
                    .with_label_values(&[&self.name])
                    .inc_by(u64::try_from(secs).unwrap_or(0));
                tracing::warn!(source = %self.name, from = %gap.from, to = %gap.to,
                    reason = gap.reason.as_str(), "The source could not deliver what happened between these times.");
            }
        }
        if let Some(at) = at {
            let lag = now.duration_since(at).as_secs_f64().max(0.0);
            self.metrics
                .source_lag
                .with_label_values(&[&self.name])
                .set(lag);
        }
    }

    fn compared(&self, counter: &IntCounterVec, compared: &Compared) {
        let Compared { seen, missed } = *compared;
        for (outcome, count) in [("seen", seen), ("missed", missed)] {
            let labels = [self.name.as_str(), outcome];
            counter.with_label_values(&labels).inc_by(count);
        }
    }

    fn heard(&self, outcome: &str, now: Timestamp) {
        let metrics = &self.metrics;
        let labels = [self.name.as_str(), outcome];
        metrics.source_events.with_label_values(&labels).inc();
        metrics
            .source_last_event
            .with_label_values(&labels)
            .set(now.as_millisecond() as f64 / 1000.0);
    }

    /// Says how many items were refused since the last line about them.
    pub fn flush(&mut self) {
        let items = std::mem::take(&mut self.unlogged);
        if items > 0 {
            tracing::warn!(source = %self.name, items, "More items could not be read.");
        }
    }
}

/// When the thing that a change tells of happened, by the item's own word.
pub fn happened(event: &Event) -> Option<Timestamp> {
    match event {
        Event::Change(Change::Upsert(item)) => item.version(),
        Event::Change(Change::Delete(deletion)) => deletion.at,
        Event::Change(Change::AuthorGone(author) | Change::AuthorBack(author)) => author.at,
        Event::Nothing
        | Event::Rejected(_)
        | Event::Gap(_)
        | Event::Compared(_)
        | Event::Canary(_) => None,
    }
}
