//! Why a model says what it says: what each word, cue and helping head added. Pure.
//!
//! Every feature belongs to the word that it was made of (a pair to its second), so that the words'
//! parts and the rest sum up to what was decided on; nothing is shown that was not in the text.

use super::features::{CUE_NAMES, CUES, Features, NOWHERE, View};
use super::model_file::{HELPER_HEADS, Model};
use std::ops::Range;

/// What speaks for a class against the mean of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// By word of the reading.
    pub words: Vec<f32>,
    /// What has a name and no place: cues, marks, other heads.
    pub named: Vec<(String, f32)>,
    /// Said before a word is read.
    pub bias: f32,
}

impl Parts {
    /// All of it together.
    pub fn sum(&self) -> f32 {
        let named = self.named.iter().map(|(_, part)| part);
        self.words.iter().chain(named).sum::<f32>() + self.bias
    }
}

/// The lead of a class over the mean of the others.
pub fn lead(sums: &[f32], class: usize) -> f32 {
    let others = sums.len().saturating_sub(1).max(1) as f32;
    let all: f32 = sums.iter().sum();
    sums[class] - (all - sums[class]) / others
}

/// What speaks for a class of the head with these columns.
/// `helpers` is what the helping heads say.
pub fn parts(
    model: &Model,
    (view, helpers): (&View, &Features),
    words: usize,
    of: Range<usize>,
    class: usize,
) -> Parts {
    let weight = |number: u32| model.lead_of(number, &of, class);
    let mut parts = Parts {
        words: vec![0.0; words],
        named: Vec::new(),
        bias: lead(&model.biases(of.clone()), class),
    };
    let mut marks = 0.0;
    for (seen, value) in view.blocks.iter().flat_map(|block| block.shares()) {
        let part = weight(seen.number) * value;
        match parts.words.get_mut(seen.word as usize) {
            Some(word) if seen.word != NOWHERE => *word += part,
            _ => marks += part,
        }
    }
    let cues = view.cues.iter().map(|&(number, value)| {
        let name = CUE_NAMES.get(number as usize).copied().unwrap_or_default();
        (name.to_owned(), weight(number) * value)
    });
    parts.named.extend(cues);
    parts
        .named
        .push(("emoji and punctuation".to_owned(), marks));
    parts.named.extend(helper_parts(model, helpers, weight));
    parts.named.retain(|(_, part)| *part != 0.0);
    parts
}

/// What each helping head adds.
fn helper_parts(
    model: &Model,
    helpers: &Features,
    weight: impl Fn(u32) -> f32,
) -> Vec<(String, f32)> {
    let mut found = Vec::new();
    let mut at = CUES as u32;
    for name in HELPER_HEADS {
        let Some((head, _)) = model.head(name) else {
            continue;
        };
        let behind = at + head.classes.len() as u32 - 1;
        let own = helpers
            .iter()
            .filter(|(number, _)| (at..behind).contains(number));
        let part = own.map(|&(number, value)| weight(number) * value).sum();
        found.push((name.to_owned(), part));
        at = behind;
    }
    found
}
