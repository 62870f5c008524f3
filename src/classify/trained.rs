//! A trained model behind the seam: stance by a [`Linear`] model, flags by the word lists.

use super::Classifier;
use super::features::{Features, features, word_numbers};
use super::lexicon::{Lexicon, Read};
use super::linear::{CLASSES, Linear};
use super::weigh::names;
use crate::model::{Labels, Mention, Reason, Stance, StanceLabel, Target};
use crate::text::analyse;

/// Words that a label names at most.
const MAX_REASONS: usize = 8;
/// What a word must weigh at least to be named.
const LEAST_WEIGHT: f32 = 0.02;

/// A linear model with the word lists that it looks at.
#[derive(Debug, Clone)]
pub struct Trained {
    name: String,
    lexicon: Lexicon,
    model: Linear,
}

impl Trained {
    /// `name` is shown wherever a label is shown.
    pub fn new(name: String, model: Linear) -> Self {
        Self {
            name,
            lexicon: Lexicon::new(),
            model,
        }
    }

    fn stance(&self, read: &Read<'_>, target: &Target) -> StanceLabel {
        let names = names(&read.reading, target);
        let signs = self.lexicon.signs(read, &names);
        let features = features(&read.reading, &names, &signs);
        let (stance, probability) = self.model.stance(&features);
        StanceLabel {
            target: target.name.clone(),
            stance,
            probability: Some(probability),
            reasons: self.reasons(read, &names, &features, stance),
        }
    }

    /// The words that weighed most, for and against what was said; of an unclear statement those
    /// that spoke for criticism, and against it.
    fn reasons(
        &self,
        read: &Read<'_>,
        names: &[(usize, usize)],
        features: &Features,
        stance: Stance,
    ) -> Vec<Reason> {
        let class = CLASSES.iter().position(|class| *class == stance);
        let weights = &self.model.weights[class.unwrap_or(0)];
        let weight = |number: &u32| {
            let at = features.binary_search_by_key(number, |(number, _)| *number);
            let value = at.map_or(0.0, |at| features[at].1);
            weights.get(*number as usize).copied().unwrap_or(0.0) * value
        };
        let numbers = word_numbers(&read.reading, names);
        let mut words: Vec<(usize, f32)> = numbers.iter().map(weight).enumerate().collect();
        words.retain(|(_, weight)| weight.abs() >= LEAST_WEIGHT);
        words.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
        words.truncate(MAX_REASONS);
        let reason = |(at, weight): (usize, f32)| {
            let (seen, span) = read.reading.seen(at, at);
            Reason {
                rule: match weight > 0.0 {
                    true => "speaks for it",
                    false => "speaks against it",
                }
                .to_owned(),
                seen,
                span,
                weight,
            }
        };
        words.into_iter().map(reason).collect()
    }
}

impl Classifier for Trained {
    fn model(&self) -> &str {
        &self.name
    }

    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels {
        let (title, text) = (analyse(&mention.title), analyse(&mention.text));
        let read = self.lexicon.look(mention, &title, &text);
        Labels {
            model: self.name.clone(),
            stances: targets
                .iter()
                .map(|target| self.stance(&read, target))
                .collect(),
            flags: self.lexicon.flags(&read, mention.kind),
        }
    }
}

/// The features of a statement toward a target, for training.
pub fn features_of(lexicon: &Lexicon, mention: &Mention, target: &Target) -> Features {
    let (title, text) = (analyse(&mention.title), analyse(&mention.text));
    let read = lexicon.look(mention, &title, &text);
    let names = names(&read.reading, target);
    let signs = lexicon.signs(&read, &names);
    features(&read.reading, &names, &signs)
}
