//! Asks the second model about stances that the first one is unsure of. A follower of the store: it
//! is never in the way of mentions, and what it says too late is not used.

use crate::classify::transformer::Transformer;
use crate::classify::{Classifier, SecondConfig};
use crate::clock::Clock;
use crate::config::Register;
use crate::metrics::Metrics;
use crate::model::{Labels, Mention, Target};
use crate::store::{Change, Store, StoredMention};
use anyhow::Context as _;
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Its name among the followers.
const FOLLOWER: &str = "second";
/// Changes that are read at one time.
const STEP: i64 = 256;
/// Pause before looking again.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Who asks.
pub struct Second {
    pub config: SecondConfig,
    pub model: Arc<dyn Classifier>,
    pub store: Store,
    pub register: watch::Receiver<Arc<Register>>,
    pub metrics: Metrics,
    pub clock: Clock,
}

/// A mention to ask about, and toward which targets.
type Question = (StoredMention, Vec<Target>);

/// The model that the settings name.
///
/// # Errors
/// A directory that is no model.
pub fn model(config: &SecondConfig) -> anyhow::Result<Option<Arc<dyn Classifier>>> {
    let Some(dir) = &config.dir else {
        return Ok(None);
    };
    let opened = Transformer::open(dir);
    let opened = opened.with_context(|| format!("the second model in {}", dir.display()))?;
    Ok(Some(Arc::new(opened)))
}

impl Second {
    /// Follows until told to stop. What was stored before the first time is not asked about.
    pub async fn run(self, stop: CancellationToken) {
        let mut reached = None;
        loop {
            let pause = match self.step(reached).await {
                Ok((seq, again)) => {
                    reached = Some(seq);
                    if again { Duration::ZERO } else { PAUSE }
                }
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(error, "The second model could not be asked.");
                    self.count("failed", 1);
                    PAUSE_AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One look: how far it came, and whether there is more.
    async fn step(&self, reached: Option<i64>) -> anyhow::Result<(i64, bool)> {
        let begin = match reached {
            Some(seq) => seq,
            None => match self.store.follower_seq(FOLLOWER).await? {
                0 => self.store.newest_seq().await?,
                seq => seq,
            },
        };
        let changes = self.store.changes_after(begin, STEP).await?;
        let end = changes.last().map_or(begin, Change::seq);
        let questions: Vec<Question> = changes
            .into_iter()
            .filter_map(|change| match change {
                Change::Present(mention) => self.question(*mention),
                Change::Removed { .. } => None,
            })
            .collect();
        for batch in questions.chunks(self.config.batch.max(1)) {
            self.ask(batch).await?;
        }
        if end > begin || reached.is_none() {
            self.store.set_follower_seq(FOLLOWER, end).await?;
        }
        Ok((end, end > begin))
    }

    /// The targets toward which the first model is unsure of this mention's stance.
    fn question(&self, mention: StoredMention) -> Option<Question> {
        if mention.labels.model.contains(Labels::AND) {
            return None;
        }
        let sure = f32::from(self.config.ask_below_percent) / 100.0;
        let register = self.register.borrow();
        let unsure = mention.labels.stances.iter().filter(|label| {
            !label.by_office
                && label
                    .probability
                    .is_some_and(|probability| probability < sure)
        });
        let target = |name: &str| register.targets.iter().find(|one| one.name == *name);
        let targets: Vec<Target> = unsure
            .filter_map(|label| target(&label.target).cloned())
            .collect();
        (!targets.is_empty()).then_some((mention, targets))
    }

    async fn ask(&self, batch: &[Question]) -> anyhow::Result<()> {
        let (timely, late): (Vec<Question>, Vec<Question>) = batch
            .iter()
            .cloned()
            .partition(|(mention, _)| self.is_timely(mention));
        self.count("late", late.len());
        if timely.is_empty() {
            return Ok(());
        }
        let asked = timely.len();
        let (timely, answers) = match self.answers(timely).await {
            Ok(answered) => answered,
            Err(error) => {
                // What it broke down on would break it again: the first model's answers stand.
                tracing::warn!(%error, "The second model gave no answer.");
                self.count("failed", asked);
                return Ok(());
            }
        };
        for ((mention, _), answer) in timely.iter().zip(answers) {
            let told = answer.stances.iter().all(|one| one.probability.is_some());
            if !told {
                self.count("failed", 1);
            } else if self.is_timely(mention) {
                self.note(mention, &answer).await?;
            } else {
                self.count("late", 1);
            }
        }
        Ok(())
    }

    /// The model takes a processor for itself; nobody else waits for it.
    async fn answers(&self, asked: Vec<Question>) -> anyhow::Result<(Vec<Question>, Vec<Labels>)> {
        let model = Arc::clone(&self.model);
        let work = move || {
            let mentions: Vec<Mention> = asked.iter().map(|(one, _)| one.mention()).collect();
            let targets: Vec<Vec<&Target>> =
                asked.iter().map(|(_, of)| of.iter().collect()).collect();
            let questions: Vec<(&Mention, &[&Target])> = mentions
                .iter()
                .zip(&targets)
                .map(|(mention, of)| (mention, of.as_slice()))
                .collect();
            let answers = model.classify_all(&questions);
            (asked, answers)
        };
        tokio::task::spawn_blocking(work)
            .await
            .context("the second model broke down")
    }

    async fn note(&self, mention: &StoredMention, answer: &Labels) -> anyhow::Result<()> {
        let mut tx = self.store.begin().await?;
        let changed = tx.reconsider(mention, answer).await?;
        tx.commit().await?;
        if let Some(changed) = changed {
            self.count(if changed { "changed" } else { "confirmed" }, 1);
        }
        Ok(())
    }

    fn is_timely(&self, mention: &StoredMention) -> bool {
        let deadline = i64::try_from(self.config.deadline_secs).unwrap_or(i64::MAX);
        let age = self.clock.now().duration_since(mention.collected);
        age <= SignedDuration::from_secs(deadline)
    }

    fn count(&self, outcome: &str, count: usize) {
        let counter = self.metrics.second_opinions.with_label_values(&[outcome]);
        counter.inc_by(count as u64);
    }
}
