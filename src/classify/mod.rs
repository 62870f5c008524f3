//! Stance toward a target, and flags: each with its reasons.
//!
//! [`Classifier`] is the seam. Behind it stands a trained model ([`trained::Trained`]), by choice the
//! word list that it was preceded by ([`Lexicon`]).

pub mod agreement;
mod calibrate;
pub mod explain;
pub mod features;
mod flags;
mod form;
pub mod learn;
mod lexicon;
mod marks;
mod masks;
pub mod model_file;
mod phrases;
mod reading;
pub mod reserved;
pub mod retrain;
pub mod score;
mod second;
pub mod shipped;
pub mod solve;
pub mod statements;
pub mod trained;
pub mod transformer;
mod weigh;

pub use lexicon::Lexicon;

use crate::model::{Labels, Mention, Target};
use serde::Deserialize;
use std::path::PathBuf;

/// Which model tells stances.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Empty: the office's own, else the built-in one; `lexicon`; or a file.
    pub model: String,
    /// Learn the office's corrections at night.
    pub nightly: bool,
    pub second: SecondConfig,
    /// Platforms whose terms want an approval that nobody has: their mentions get no label. Told by
    /// the sources' settings.
    #[serde(skip)]
    pub(crate) unlabelled: Vec<&'static str>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: String::new(),
            nightly: true,
            second: SecondConfig::default(),
            unlabelled: Vec::new(),
        }
    }
}

/// A second, stronger model, and when it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecondConfig {
    /// Directory of a fine-tuned transformer, see [`transformer`]; none is asked without it.
    pub dir: Option<PathBuf>,
    /// It is asked where the first is less sure than this.
    pub ask_below_percent: u8,
    /// Mentions in one batch at most.
    pub batch: usize,
    /// An answer later than this after a mention's arrival is not used.
    pub deadline_secs: u64,
}

impl Default for SecondConfig {
    fn default() -> Self {
        Self {
            dir: None,
            ask_below_percent: 75,
            batch: 16,
            deadline_secs: 120,
        }
    }
}

/// Says what a mention's stance toward each target is, and what is worth checking. Pure.
pub trait Classifier: Send + Sync {
    /// Name and version, shown wherever a label is shown.
    fn model(&self) -> &str;
    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels;

    /// Many at once, for a model that is faster so; the answers in the order of the questions.
    fn classify_all(&self, questions: &[(&Mention, &[&Target])]) -> Vec<Labels> {
        let answer = |(mention, targets): &(&Mention, &[&Target])| self.classify(mention, targets);
        questions.iter().map(answer).collect()
    }
}
