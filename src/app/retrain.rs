//! Learns from the office's corrections, on demand and at night.

use super::models::{self, Models};
use super::statements::{frozen, rehearsed};
use crate::classify::retrain::{Lessons, Retrained, Told, Verdict, retrain};
use crate::classify::shipped;
use crate::classify::trained::Trained;
use crate::model::Target;
use crate::store::Store;
use jiff::Timestamp;

/// Corrections of a house, as training takes them.
#[derive(Debug, Default)]
pub struct Corrections {
    pub learned: Vec<Told>,
    /// Kept apart, to measure by.
    pub own: Vec<Told>,
}

/// Reads the corrections of a store; those toward targets that are no longer registered rest.
///
/// # Errors
/// A store that cannot be read.
pub async fn corrections(store: &Store, targets: &[Target]) -> anyhow::Result<Corrections> {
    let mut found = Corrections::default();
    for judgement in store.judgements().await? {
        let target = targets.iter().find(|one| one.name == judgement.target);
        let Some(target) = target else {
            continue;
        };
        let side = match judgement.test {
            true => &mut found.own,
            false => &mut found.learned,
        };
        side.push(Told {
            mention: judgement.mention.mention(),
            target: target.clone(),
            stance: judgement.stance,
        });
    }
    Ok(found)
}

/// Learns, keeps the model, and lets it label if it may. Takes seconds: not for a thread that must
/// answer.
///
/// # Errors
/// Models that cannot be read or kept.
pub fn learn(
    models: &Models,
    corrections: &Corrections,
    targets: &[Target],
    now: Timestamp,
) -> anyhow::Result<Retrained> {
    let base = shipped::model()?;
    let live = Trained::new(models.live()?.unwrap_or_else(|| base.clone()));
    let name = models::name(now);
    let lessons = Lessons {
        learned: &corrections.learned,
        rehearsed: &rehearsed(targets),
        own: &corrections.own,
        frozen: &frozen(targets),
    };
    let retrained = retrain(&name, &base, &live, &lessons)?;
    models.keep(&retrained.model)?;
    if retrained.verdict == Verdict::Live {
        models.make_live(Some(&name))?;
    }
    Ok(retrained)
}
