//! The one place that knows the order of the steps.
//!
//! Takes what the sources deliver, in order and in batches: normalise, match, classify, relate
//! (pure), then store and desk in ONE transaction with the cursors that lie behind them. What no watch matches
//! is dropped here and never touches a disk. The cursor lags, never leads.

mod count;
mod renew;
mod write;

pub use renew::read_office;

use crate::classify::Classifier;
use crate::clock::Clock;
use crate::collect::source::{Event, Gap, RejectReason};
use crate::collect::supervise::{Delivery, Outcome};
use crate::desk::Desk;
use crate::index::Arrivals;
use crate::matching::{Matcher, Scratch};
use crate::metrics::Metrics;
use crate::model::{
    AuthorChange, Change, Cursor, Deletion, Hit, Item, Kind, Labels, Mention, Placement, Target,
};
use crate::normalise::{Context, Draft};
use crate::privacy::{Keys, MentionKey, Pseudonym, Voices};
use crate::relate::{Known, Stories, Told};
use crate::store::{Clocks, RetentionConfig, Store};
use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};

/// How far back an account's pseudonyms are looked for when it leaves.
const AUTHOR_HISTORY_DAYS: i64 = 3 * 365;
/// Mentions from which the matcher learns first; then eight times as many, and so on.
const LEARN_AT: u64 = 5_000;
const MAX_BATCH: usize = 10_000;
const MAX_QUEUE: usize = 100_000;
/// A good deal less than a webhook's sender waits.
const MAX_CURSOR_INTERVAL_MS: u64 = 5_000;

/// `[pipeline]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Most deliveries that one transaction takes.
    pub batch: usize,
    /// Deliveries that may wait; a full queue slows the sources down.
    pub queue: usize,
    /// Longest time that a cursor lags behind when nothing matched, in milliseconds.
    pub cursor_interval_ms: u64,
}

impl Config {
    /// What makes no sense.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=MAX_BATCH).contains(&self.batch) {
            faults.push(format!("`batch` must be 1 to {MAX_BATCH}"));
        }
        if !(1..=MAX_QUEUE).contains(&self.queue) {
            faults.push(format!("`queue` must be 1 to {MAX_QUEUE}"));
        }
        if self.cursor_interval_ms > MAX_CURSOR_INTERVAL_MS {
            faults.push(format!(
                "`cursor_interval_ms` must be 0 to {MAX_CURSOR_INTERVAL_MS}: whoever brings \
                 something waits for the position behind it"
            ));
        }
        faults
    }
}

/// What the house listens for.
pub struct Watches {
    pub matcher: Matcher,
    /// Toward whom stances are measured.
    pub targets: Vec<Target>,
}

/// What is too old to be kept does not come in.
pub struct Door {
    pub retention: RetentionConfig,
    /// The last time that clock and house agreed on, where somebody keeps it: to a clock that has
    /// jumped a year ahead everything looks old. Without it the clock is believed.
    pub agreed: Option<watch::Receiver<Timestamp>>,
}

impl Door {
    fn refuses(&self, mention: &Mention) -> bool {
        let agreed = self.agreed.as_ref().map(|agreed| *agreed.borrow());
        self.retention.refuses(mention)
            && Clocks::compare(mention.collected, agreed) == Clocks::Agree
    }
}

/// Everything that the steps need.
pub struct Pipeline {
    pub config: Config,
    pub store: Store,
    /// What is listened for; a new value is used from the next batch on.
    pub watches: watch::Receiver<Arc<Watches>>,
    /// Who labels; a new one is asked from the next mention on.
    pub classifier: watch::Receiver<Arc<dyn Classifier>>,
    pub desk: Desk,
    pub keys: Keys,
    pub voices: Arc<Voices>,
    pub door: Door,
    pub stories: Stories,
    /// What every new mention is compared with.
    pub known: Known,
    /// Tells that the office has changed the register of claims.
    pub claims: watch::Receiver<u64>,
    pub metrics: Metrics,
    pub clock: Clock,
    pub arrivals: Arrivals,
    /// Called after each commit, so that followers need not look.
    pub written: Box<dyn Fn() + Send + Sync>,
    /// Counts the sources that have said their last word.
    pub finished: watch::Sender<u64>,
}

/// A delivery after the pure steps: what the store is asked to do.
enum Step {
    /// With what else a deletion may name it by.
    Put(Box<Hit>, Vec<MentionKey>),
    /// A newer version of something that we may have, which no watch matches any more.
    Retract(Box<Mention>),
    Delete(MentionKey, Timestamp),
    AuthorGone(Vec<Pseudonym>, Timestamp),
    AuthorBack(Vec<Pseudonym>),
    Gap(Gap),
}

/// Compares what is new with what is known and puts it into stories, in order. A message to the house
/// is nobody's copy.
fn relate(prepared: &mut [Prepared], stories: &mut Stories, known: &mut Known) {
    for prepared in prepared {
        match &mut prepared.step {
            Step::Put(hit, _) if hit.mention.kind == Kind::Message => {
                hit.placement = Some(stories.alone());
            }
            Step::Put(hit, _) => {
                let work = AssertUnwindSafe(|| compare(hit, stories, known));
                // A mention that breaks the comparing down is one of its own, and costs nobody else.
                let placement = catch_unwind(work).unwrap_or_else(|_| {
                    let source = &prepared.source;
                    tracing::error!(%source, "A mention broke down the comparing, and is compared with nothing.");
                    stories.alone()
                });
                hit.placement = Some(placement);
            }
            Step::Delete(key, _) => {
                stories.forget(key);
                known.forget(key);
            }
            _ => {}
        }
    }
}

fn compare(hit: &mut Hit, stories: &mut Stories, known: &mut Known) -> Placement {
    known.compare(hit);
    known.take(&hit.mention);
    stories.place(&Told::new(&hit.mention, &hit.labels, hit.likeliest_claim()))
}

/// A step with the source and the arrival that it came with.
struct Prepared {
    source: String,
    received: Instant,
    step: Step,
}

/// How an item came.
struct Arrival<'a> {
    source: &'a str,
    collected: Timestamp,
    backfill: bool,
    relayed: bool,
    official: bool,
}

/// What one transaction did, for the counters: counted after the commit only.
#[derive(Default)]
struct Done {
    seq: i64,
    new: Vec<usize>,
    too_old: Vec<usize>,
    /// What is not in the store: nothing is compared with it.
    absent: Vec<MentionKey>,
    /// Place of a step, and the rows that it removed.
    removed: Vec<(usize, u64)>,
    cases: Vec<&'static str>,
}

/// The watches with the room to match in.
struct Matching {
    watches: Arc<Watches>,
    scratch: Scratch,
    /// Mentions after which it is built anew, with what was learned from them.
    learn_at: u64,
}

impl Matching {
    fn new(current: &mut watch::Receiver<Arc<Watches>>) -> Self {
        let watches = Arc::clone(&current.borrow_and_update());
        let scratch = watches.matcher.scratch();
        Self {
            watches,
            scratch,
            learn_at: LEARN_AT,
        }
    }

    /// Words are as frequent as the stream has them, which nobody knows before.
    fn learn(&mut self) {
        if self.scratch.profile().mentions >= self.learn_at {
            self.watches = Arc::new(Watches {
                matcher: self.watches.matcher.relearned(&self.scratch),
                targets: self.watches.targets.clone(),
            });
            self.scratch = self.watches.matcher.scratch();
            self.learn_at *= 8;
        }
    }
}

impl Pipeline {
    /// Runs until every sender is gone, then writes what is left.
    pub async fn run(mut self, mut deliveries: mpsc::Receiver<Delivery>) {
        let interval = Duration::from_millis(self.config.cursor_interval_ms);
        let mut cursors: HashMap<String, Cursor> = HashMap::new();
        let mut last_write = Instant::now();
        let mut matching = Matching::new(&mut self.watches);
        let mut stories = std::mem::take(&mut self.stories);
        loop {
            self.until_room(&deliveries).await;
            let mut batch = Vec::with_capacity(self.config.batch);
            let wait = if cursors.is_empty() {
                Duration::from_secs(3600)
            } else {
                interval.saturating_sub(last_write.elapsed())
            };
            let received =
                tokio::time::timeout(wait, deliveries.recv_many(&mut batch, self.config.batch))
                    .await;
            let last_words = batch
                .iter()
                .filter(|d| matches!(d.outcome, Outcome::Finished))
                .count();
            if self.watches.has_changed().unwrap_or(false) {
                matching = Matching::new(&mut self.watches);
            }
            matching.learn();
            let mut prepared = self.prepare(batch, &mut cursors, &mut matching);
            self.renew().await;
            relate(&mut prepared, &mut stories, &mut self.known);
            let closed = matches!(received, Ok(0));
            let due = closed || last_words > 0 || last_write.elapsed() >= interval;
            if !prepared.is_empty() || (due && !cursors.is_empty()) {
                for key in self.write(&prepared, &cursors).await {
                    stories.forget(&key);
                    self.known.forget(&key);
                }
                self.count_stories(&mut stories);
                self.count_known();
                cursors.clear();
                last_write = Instant::now();
            }
            self.finished
                .send_modify(|count| *count += last_words as u64);
            if closed {
                return;
            }
        }
    }

    /// Takes nothing more while the disk is nearly full, so that the sources wait. When they have
    /// ended, what they brought is written all the same: it is little.
    async fn until_room(&self, deliveries: &mpsc::Receiver<Delivery>) {
        while !self.store.has_room() && !deliveries.is_closed() {
            let _ = tokio::time::timeout(Duration::from_millis(200), self.store.until_room()).await;
        }
    }

    /// The pure steps.
    fn prepare(
        &self,
        batch: Vec<Delivery>,
        cursors: &mut HashMap<String, Cursor>,
        matching: &mut Matching,
    ) -> Vec<Prepared> {
        let mut prepared = Vec::with_capacity(batch.len());
        for delivery in batch {
            if let Some(cursor) = delivery.cursor {
                cursors.insert(delivery.source.clone(), cursor);
            }
            let Outcome::Event(event) = delivery.outcome else {
                continue;
            };
            let arrival = Arrival {
                source: &delivery.source,
                collected: delivery.collected,
                backfill: delivery.backfill,
                relayed: delivery.relayed,
                official: delivery.official,
            };
            let step = match event {
                Event::Nothing | Event::Rejected(_) | Event::Compared(_) | Event::Canary(_) => None,
                Event::Gap(gap) => Some(Step::Gap(gap)),
                Event::Change(change) => self.unbroken(change, &arrival, matching),
            };
            if let Some(step) = step {
                prepared.push(Prepared {
                    source: delivery.source,
                    received: delivery.received,
                    step,
                });
            }
        }
        prepared
    }

    /// The pure steps on one change. One that breaks them down is left out: it costs itself, and not
    /// the listening of the whole house.
    fn unbroken(
        &self,
        change: Change,
        arrival: &Arrival<'_>,
        matching: &mut Matching,
    ) -> Option<Step> {
        let work = AssertUnwindSafe(|| self.change(change, arrival, matching));
        if let Ok(step) = catch_unwind(work) {
            return step;
        }
        let source = arrival.source;
        tracing::error!(%source, "An item broke down a step that it went through, and is left out.");
        // Half a matching may lie in it.
        matching.scratch = matching.watches.matcher.scratch();
        self.rejected(source, RejectReason::Malformed)
    }

    fn change(
        &self,
        change: Change,
        arrival: &Arrival<'_>,
        matching: &mut Matching,
    ) -> Option<Step> {
        let collected = arrival.collected;
        match change {
            Change::Upsert(item) => self.upsert(*item, arrival, matching),
            Change::Delete(Deletion { platform, id, at }) => Some(Step::Delete(
                self.keys.mention_key(&platform, &id),
                at.unwrap_or(collected),
            )),
            Change::AuthorGone(gone) => {
                let at = gone.at.unwrap_or(collected);
                Some(Step::AuthorGone(self.pseudonyms(&gone, collected), at))
            }
            Change::AuthorBack(back) => Some(Step::AuthorBack(self.pseudonyms(&back, collected))),
        }
    }

    fn pseudonyms(&self, author: &AuthorChange, now: Timestamp) -> Vec<Pseudonym> {
        let since = now
            .saturating_sub((AUTHOR_HISTORY_DAYS * 24).hours())
            .unwrap_or(now);
        self.keys
            .pseudonyms(&author.platform, &author.author, since, now)
    }

    fn upsert(&self, item: Item, arrival: &Arrival<'_>, matching: &mut Matching) -> Option<Step> {
        let platform = item.platform.clone();
        let Arrival {
            source,
            collected,
            backfill,
            relayed,
            official,
        } = *arrival;
        let context = Context {
            source: if relayed { &platform } else { source },
            keys: &self.keys,
            voices: &self.voices,
            collected,
        };
        let Ok(mut draft) = Draft::read(item, &context) else {
            return self.rejected(source, RejectReason::Incomplete);
        };
        // What has no words says nothing, whatever its fields are; an edit may have taken the words.
        let mut matches = match draft.is_silent() || draft.is_message() {
            true => Vec::new(),
            false => {
                let matcher = &matching.watches.matcher;
                matcher.matches(draft.subject(), &mut matching.scratch)
            }
        };
        // What was written to the house is kept, whatever it is about.
        let is_message = draft.is_message();
        if matches.is_empty() && !is_message {
            self.metrics.unmatched.with_label_values(&[source]).inc();
            if !draft.is_edited() {
                return None;
            }
        }
        draft.shorten(&mut matches);
        let aliases = draft.aliases();
        let Ok(mut mention) = draft.mention() else {
            return self.rejected(source, RejectReason::Incomplete);
        };
        mention.marks.official |= official;
        if matches.is_empty() && !is_message {
            return Some(Step::Retract(Box::new(mention)));
        }
        let targets: Vec<&Target> = matching
            .watches
            .targets
            .iter()
            .filter(|target| matches.iter().any(|matched| matched.target == target.name))
            .collect();
        let labels = match is_message {
            true => Labels::default(),
            false => Arc::clone(&self.classifier.borrow()).classify(&mention, &targets),
        };
        let hit = Hit {
            mention,
            matches,
            labels,
            placement: None,
            claims: Vec::new(),
            differs: Vec::new(),
            backfill,
        };
        Some(Step::Put(Box::new(hit), aliases))
    }

    fn rejected(&self, source: &str, reason: RejectReason) -> Option<Step> {
        let labels = [source, reason.as_str()];
        self.metrics
            .source_rejected
            .with_label_values(&labels)
            .inc();
        None
    }
}
