//! The hearing test: once a minute, each live source against what it usually brings.

use super::App;
use crate::clock::Clock;
use crate::collect::Timing;
use crate::collect::hearing::{Ear, Habit, HearingConfig, Usual, Verdict};
use crate::collect::source::Pace;
use crate::metrics::Metrics;
use crate::store::{HabitHour, Store, StoreError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(60);

impl App {
    /// The times of supervision, as configured.
    pub(super) fn timing(&self) -> Timing {
        Timing {
            gap_after: Duration::from_secs(self.config.hearing.gap_after_secs),
            ..Timing::default()
        }
    }

    /// The hearing test, which a simulated clock has no use for.
    pub(super) async fn hearing(
        &self,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<JoinHandle<()>>> {
        if self.options.clock.is_simulated() {
            return Ok(None);
        }
        let sources = self.options.sources.iter();
        let live = sources
            .filter(|source| source.pace() != Pace::Once && !source.is_backfill())
            .map(|source| source.name().to_owned());
        let hearing = Hearing::new(
            &self.config.hearing,
            live.collect(),
            self.house.store.clone(),
            self.metrics.clone(),
            self.options.clock.clone(),
        );
        Ok(Some(tokio::spawn(hearing.await?.run(stop.clone()))))
    }
}

/// All ears of a house.
pub struct Hearing {
    store: Store,
    metrics: Metrics,
    clock: Clock,
    sources: Vec<Tested>,
}

struct Tested {
    name: String,
    ear: Ear,
    /// Changes until the last tick.
    counted: u64,
    /// Own posts that came and that did not, until then.
    canaries: [u64; 2],
    verdict: Verdict,
}

impl Hearing {
    /// With what is remembered of these sources.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn new(
        config: &HearingConfig,
        names: Vec<String>,
        store: Store,
        metrics: Metrics,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let mut sources = Vec::new();
        for name in names {
            let mut habit = Habit::default();
            for known in store.habit(&name).await? {
                let HabitHour {
                    hour,
                    per_hour,
                    weeks,
                } = known;
                habit.set(hour as usize, Usual { per_hour, weeks });
            }
            sources.push(Tested {
                counted: changes(&metrics, &name),
                canaries: canaries(&metrics, &name),
                ear: Ear::new(config, habit),
                verdict: Verdict::Learning,
                name,
            });
        }
        Ok(Self {
            store,
            metrics,
            clock,
            sources,
        })
    }

    /// Listens until the house stops.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Err(error) = self.tick().await {
                tracing::warn!(%error, "What was learned of the sources could not be kept.");
            }
        }
    }

    /// A minute is over.
    ///
    /// # Errors
    /// A store that cannot be written. The test goes on; this minute's lesson is lost.
    pub async fn tick(&mut self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut lessons = Vec::new();
        let mut connected = Vec::new();
        for source in &mut self.sources {
            let name = source.name.as_str();
            let up = self.metrics.source_up.with_label_values(&[name]).get() == 1;
            let count = changes(&self.metrics, name);
            let new = count.saturating_sub(std::mem::replace(&mut source.counted, count));
            let own = canaries(&self.metrics, name);
            let [seen, missed] = std::mem::replace(&mut source.canaries, own);
            let new_of = |count: u64, before| count.saturating_sub(before);
            source
                .ear
                .canaries(new_of(own[0], seen), new_of(own[1], missed));
            let heard = source.ear.tick(now, up, new);
            tell(&self.metrics, name, source.verdict, heard.verdict);
            source.verdict = heard.verdict;
            let expected = self.metrics.source_expected.with_label_values(&[name]);
            expected.set(heard.expected);
            let count = self.metrics.source_heard.with_label_values(&[name]);
            count.set(heard.heard);
            if let Some((hour, Usual { per_hour, weeks })) = heard.learned {
                let hour = u32::try_from(hour).unwrap_or(u32::MAX);
                lessons.push((
                    name,
                    HabitHour {
                        hour,
                        per_hour,
                        weeks,
                    },
                ));
            }
            if up {
                connected.push(name);
            }
        }
        self.store.note_heard(&connected, now).await?;
        for (name, hour) in lessons {
            self.store.learn_habit(name, hour).await?;
        }
        Ok(())
    }
}

/// The house's own posts that a source brought, and those that it did not.
fn canaries(metrics: &Metrics, source: &str) -> [u64; 2] {
    let counted = |outcome| {
        metrics
            .source_canaries
            .with_label_values(&[source, outcome])
    };
    ["seen", "missed"].map(|outcome| counted(outcome).get())
}

fn changes(metrics: &Metrics, source: &str) -> u64 {
    let counter = metrics.source_events.with_label_values(&[source, "change"]);
    counter.get()
}

/// Shows the verdict, and says it once where it is another.
fn tell(metrics: &Metrics, source: &str, before: Verdict, now: Verdict) {
    for verdict in Verdict::ALL {
        let gauge = metrics
            .source_hearing
            .with_label_values(&[source, verdict.as_str()]);
        gauge.set(i64::from(verdict == now));
    }
    let alarming = |verdict| matches!(verdict, Verdict::Silent | Verdict::Blind);
    let verdict = now.as_str();
    if before != now && alarming(now) {
        tracing::warn!(%source, verdict, "The source brings far less than it usually does, or not even our own posts.");
    } else if alarming(before) && !alarming(now) {
        tracing::info!(%source, verdict, "The source is no longer suspected to hear nothing.");
    }
}
