//! Takes mentions out whose time is over: at the start of a house and once an hour, in small
//! transactions, so that nobody waits long for the writer. The followers see it by sequence number,
//! as they see a platform's deletion, and take the words out of index and mails.
//!
//! # The two-clock rule
//!
//! A clock that has jumped ahead must not delete an archive. After each run the store notes the time
//! (the *last agreed time*). A run takes something out only where the clock lies within a day of it.
//! Else nothing is taken out: the log says so as an error, `/readyz` as a warning, and
//! `resonanz_retention_held` is 1. A house that was switched off for more than a day looks the same,
//! and only a person can tell: after a look at the clock, `resonanz retention --confirm-clock`
//! (also while the house runs) makes the clock's time the agreed one, and the next run goes on. A
//! clock that runs ahead by less than a day between two runs is believed, and may cost that day.

use crate::metrics::{Metrics, OTHER_SOURCES};
use crate::serve::Check;
use crate::store::{AgePlace, Aged, AuthorClass, Clocks, RetentionConfig, Store, StoreError};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Mentions that one transaction takes out.
pub const BATCH: usize = 500;
/// Mentions that are looked at together.
const PAGE: i64 = 5_000;

/// By source and class.
pub type Counts = BTreeMap<(String, AuthorClass), u64>;

/// Who takes them out.
pub struct Retention {
    config: RetentionConfig,
    /// Names that a metric may have as a label.
    sources: Vec<String>,
    store: Store,
    metrics: Metrics,
    agreed: watch::Sender<Timestamp>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// What was over is gone, unless the house was told to stop meanwhile.
    Removed(Counts),
    /// Nothing was touched: the clock is in doubt.
    Held(Clocks),
}

impl Retention {
    /// `sources` are the names that metrics tell apart.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn new(
        config: RetentionConfig,
        sources: Vec<String>,
        store: Store,
        metrics: Metrics,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let agreed = store.last_agreed().await?.unwrap_or(now);
        Ok(Self {
            config,
            sources,
            store,
            metrics,
            agreed: watch::Sender::new(agreed),
        })
    }

    /// The last time that clock and house agreed on, and those that follow.
    pub fn agreed(&self) -> watch::Receiver<Timestamp> {
        self.agreed.subscribe()
    }

    /// To be called once an hour. What goes wrong is logged and tried again next time.
    pub async fn tick(&self, now: Timestamp, stop: &CancellationToken) {
        let outcome = match self.run(now, stop).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(%error, "Retention could not do its work; it is tried again.");
                return;
            }
        };
        self.metrics
            .retention_held
            .set(i64::from(matches!(outcome, Outcome::Held(_))));
        match outcome {
            Outcome::Held(clocks) => {
                let doubt = doubt(clocks);
                tracing::error!(
                    doubt,
                    "Retention removes nothing until a person has looked."
                );
            }
            Outcome::Removed(counts) => {
                let removed: u64 = counts.values().sum();
                if removed > 0 {
                    tracing::info!(removed, "Mentions were removed whose time was over.");
                }
            }
        }
    }

    /// Takes out what is over, unless the clock is in doubt.
    ///
    /// # Errors
    /// Those of the store; what was done before stays done, and the next run goes on from there.
    pub async fn run(
        &self,
        now: Timestamp,
        stop: &CancellationToken,
    ) -> Result<Outcome, StoreError> {
        let last = self.store.last_agreed().await?;
        let clocks = Clocks::compare(now, last);
        if clocks != Clocks::Agree {
            return Ok(Outcome::Held(clocks));
        }
        // It never goes back by itself.
        let agreed = last.map_or(now, |last| last.max(now));
        self.store.agree_on(agreed).await?;
        self.agreed.send_replace(agreed);
        let mut counts = Counts::new();
        let mut place = AgePlace::START;
        while let Some(over) = next_over(&self.store, &self.config, now, &mut place).await? {
            for batch in over.chunks(BATCH) {
                if !stop.is_cancelled() {
                    self.remove(batch, &mut counts).await?;
                }
            }
            if stop.is_cancelled() {
                break;
            }
        }
        if !counts.is_empty() {
            self.store.audit(now, "retention", &told(&counts)).await?;
        }
        Ok(Outcome::Removed(counts))
    }

    async fn remove(&self, batch: &[Aged], counts: &mut Counts) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        let gone = tx.expire(batch).await?;
        let seq = tx.commit().await?;
        self.metrics.store_seq.set(seq);
        for aged in gone {
            *counts.entry((aged.source.clone(), aged.class)).or_default() += 1;
            let known = self.sources.contains(&aged.source);
            let source = if known { &aged.source } else { OTHER_SOURCES };
            self.metrics
                .retention_removed
                .with_label_values(&[source, aged.class.as_str()])
                .inc();
        }
        Ok(())
    }
}

/// The next page of what is over; `None` at the end.
async fn next_over(
    store: &Store,
    config: &RetentionConfig,
    now: Timestamp,
    place: &mut AgePlace,
) -> Result<Option<Vec<Aged>>, StoreError> {
    let mut page = store.aged(config, now, place, PAGE).await?;
    if page.is_empty() {
        return Ok(None);
    }
    page.retain(|aged| config.is_over(aged, now));
    Ok(Some(page))
}

/// What a run would take out now.
///
/// # Errors
/// Those of the store.
pub async fn due(
    store: &Store,
    config: &RetentionConfig,
    now: Timestamp,
) -> Result<Counts, StoreError> {
    let mut counts = Counts::new();
    let mut place = AgePlace::START;
    while let Some(over) = next_over(store, config, now, &mut place).await? {
        for aged in over {
            *counts.entry((aged.source, aged.class)).or_default() += 1;
        }
    }
    Ok(counts)
}

/// For `/readyz`: the house does its work all the same, so it warns and does not fail.
pub async fn check(store: &Store, now: Timestamp) -> Check {
    let clocks = match store.last_agreed().await {
        Ok(last_agreed) => Clocks::compare(now, last_agreed),
        // The check of the store itself says that it does not answer.
        Err(_) => Clocks::Agree,
    };
    Check {
        name: "retention",
        ok: true,
        warning: clocks != Clocks::Agree,
        detail: match clocks {
            Clocks::Agree => "removes what is older than it may be".to_owned(),
            doubt_about => format!("removes nothing: {}", doubt(doubt_about)),
        },
    }
}

/// What is in doubt, and what to do.
pub fn doubt(clocks: Clocks) -> String {
    let way = match clocks {
        Clocks::Agree => return "the clock is not in doubt".to_owned(),
        Clocks::Ahead(by) => format!("{} h after", by.as_hours()),
        Clocks::Behind(by) => format!("{} h before", by.as_hours()),
    };
    format!(
        "the clock is {way} the last time that was agreed on; if it is right (the house was switched \
         off), run `resonanz retention --confirm-clock`"
    )
}

/// For the audit log: counts, no personal data.
fn told(counts: &Counts) -> String {
    let parts = counts
        .iter()
        .map(|((source, class), count)| format!("{source}/{} {count}", class.as_str()));
    parts.collect::<Vec<_>>().join(", ")
}
