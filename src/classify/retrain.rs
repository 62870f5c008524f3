//! What the office's corrections teach, and whether what was learned may label: only if it is not
//! worse on statements that nobody learned from, and better on the office's own. Pure.

use super::Classifier;
use super::learn::{Labelled, Settings, Start, learn};
use super::model_file::{Model, ModelError, SetCard};
use super::score::{Judged, difference, scores};
use super::solve::Sample;
use super::trained::{STANCE, STANCES, Trained};
use crate::model::{Mention, Stance, Target};
use crate::text::hash;
use std::collections::BTreeMap;

/// From so many corrections to measure by on the office's own count.
pub const LEAST_TEST: usize = 20;
/// Macro-F1 that may be lost on the frozen statements.
const MAY_LOSE: f64 = 0.01;
/// How strongly the office's weights are held to those of the base.
const PRIOR: f32 = 1.0;
/// How much a correction counts beside a statement of the seed.
const WEIGHT: f32 = 3.0;
/// Corrections of a target from which on words are learned for it alone.
const KNOWN_FROM: usize = 100;
const DRAWS: usize = 1_000;

/// A statement whose stance people have said.
#[derive(Debug, Clone)]
pub struct Told {
    pub mention: Mention,
    pub target: Target,
    pub stance: Stance,
}

/// Two models on the same statements: macro-F1, and between which values the second's lead lies in 95
/// of 100 draws.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Comparison {
    pub statements: usize,
    pub before: f64,
    pub after: f64,
    pub lead: (f64, f64),
}

/// Why a model may label or not.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub enum Verdict {
    /// It is better.
    Live,
    /// Too few corrections are kept apart to tell.
    TooFew,
    /// Better perhaps, but chance may have done it.
    NotBetter,
    /// It forgot something that models must not forget.
    WorseOnFrozen,
}

impl Verdict {
    pub const ALL: [Verdict; 4] = [
        Verdict::Live,
        Verdict::TooFew,
        Verdict::NotBetter,
        Verdict::WorseOnFrozen,
    ];

    /// As it stands in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Live => "live",
            Verdict::TooFew => "too_few",
            Verdict::NotBetter => "not_better",
            Verdict::WorseOnFrozen => "worse_on_frozen",
        }
    }
}

/// What retraining came to.
#[derive(Debug, Clone)]
pub struct Retrained {
    pub model: Model,
    pub learned: usize,
    pub frozen: Comparison,
    pub own: Comparison,
    pub verdict: Verdict,
}

/// What to learn from, and what to measure by.
#[derive(Debug, Clone, Copy)]
pub struct Lessons<'a> {
    /// Corrections of the office.
    pub learned: &'a [Told],
    /// What the base has learned from: learned once more, so that it is not forgotten.
    pub rehearsed: &'a [Told],
    /// Corrections that were kept apart.
    pub own: &'a [Told],
    /// What no model may learn from.
    pub frozen: &'a [Told],
}

/// Learns corrections on top of `base`, and compares with the model that labels now.
///
/// # Errors
/// None but a base that has no room for a stance head.
pub fn retrain(
    name: &str,
    base: &Model,
    live: &Trained,
    lessons: &Lessons,
) -> Result<Retrained, ModelError> {
    let model = taught(name, base, lessons)?;
    let trained = Trained::new(model.clone());
    let frozen = compare(live, &trained, lessons.frozen);
    let own = compare(live, &trained, lessons.own);
    Ok(Retrained {
        verdict: verdict(&frozen, &own),
        model,
        learned: lessons.learned.len(),
        frozen,
        own,
    })
}

fn taught(name: &str, base: &Model, lessons: &Lessons) -> Result<Model, ModelError> {
    let classes: Vec<String> = STANCES.iter().map(|one| one.as_str().to_owned()).collect();
    let mut model = base.clone();
    model.card.known = often(lessons.learned);
    name.clone_into(&mut model.card.name);
    let helper = Trained::new(model.clone());
    let sample = |told: &Told, weight: f32| Labelled {
        class: STANCES.iter().position(|stance| *stance == told.stance),
        sample: Sample {
            features: base.helped(&helper.features(&told.mention, &told.target)),
            class: 0,
            weight,
        },
        group: hash(&told.mention.text),
    };
    let learned = lessons.learned.iter().map(|told| sample(told, WEIGHT));
    let samples: Vec<Labelled> = learned.collect();
    let rehearsed = lessons.rehearsed.iter().map(|told| sample(told, 1.0));
    let rehearsed: Vec<Labelled> = rehearsed.collect();
    let centre = base.weights(STANCE, classes.len());
    let before = base.head(STANCE).map(|(head, _)| head);
    let start = Start {
        centre: &centre,
        head: before,
        rehearsed: &rehearsed,
    };
    let settings = Settings {
        prior: PRIOR,
        ..Settings::default()
    };
    let (mut head, weights) = learn(STANCE, &classes, &samples, start, settings);
    head.sets = before.map(|head| head.sets.clone()).unwrap_or_default();
    head.sets.push(SetCard {
        file: "corrections of the office".to_owned(),
        sha256: String::new(),
        lines: lessons.learned.len(),
        licence: "not to be given away".to_owned(),
        source: "this house".to_owned(),
    });
    model.put(head, &weights)?;
    Ok(model)
}

/// Targets that were corrected often enough for words about them to mean something.
fn often(learned: &[Told]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for told in learned {
        *counts.entry(&told.target.name).or_default() += 1;
    }
    let often = counts.into_iter().filter(|(_, count)| *count >= KNOWN_FROM);
    often.map(|(name, _)| name.to_owned()).collect()
}

fn compare(before: &Trained, after: &Trained, told: &[Told]) -> Comparison {
    let judged = |model: &Trained| -> Vec<Judged> {
        told.iter()
            .map(|one| {
                let labels = model.classify(&one.mention, &[&one.target]);
                Judged {
                    target: one.target.name.clone(),
                    truth: one.stance,
                    said: labels.stance_toward(&one.target.name),
                    probability: None,
                    sides: None,
                }
            })
            .collect()
    };
    let (old, new) = (judged(before), judged(after));
    Comparison {
        statements: told.len(),
        before: scores(old.iter()).macro_f1,
        after: scores(new.iter()).macro_f1,
        lead: difference(&new, &old, DRAWS, Settings::default().seed),
    }
}

fn verdict(frozen: &Comparison, own: &Comparison) -> Verdict {
    if own.statements < LEAST_TEST {
        Verdict::TooFew
    } else if frozen.after < frozen.before - MAY_LOSE {
        Verdict::WorseOnFrozen
    } else if own.lead.0 <= 0.0 {
        Verdict::NotBetter
    } else {
        Verdict::Live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate() {
        let same = Comparison {
            statements: 100,
            before: 0.6,
            after: 0.6,
            lead: (-0.01, 0.01),
        };
        let better = Comparison {
            after: 0.7,
            lead: (0.02, 0.15),
            ..same
        };
        let worse = Comparison {
            after: 0.55,
            ..same
        };
        let few = Comparison {
            statements: LEAST_TEST - 1,
            ..better
        };
        assert_eq!(verdict(&same, &better), Verdict::Live);
        assert_eq!(verdict(&same, &same), Verdict::NotBetter);
        assert_eq!(verdict(&worse, &better), Verdict::WorseOnFrozen);
        assert_eq!(verdict(&same, &few), Verdict::TooFew);
    }
}
