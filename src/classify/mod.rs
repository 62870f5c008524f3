//! Stance toward a target, and flags: each with its reasons.
//!
//! [`Classifier`] is the seam. Behind it stands a trained model ([`trained::Trained`]), by choice the
//! word list that it was preceded by ([`Lexicon`]).

pub mod agreement;
mod calibrate;
pub mod explain;
pub mod features;
mod flags;
pub mod learn;
mod lexicon;
mod marks;
mod masks;
pub mod model_file;
mod phrases;
mod reading;
pub mod retrain;
pub mod score;
pub mod shipped;
pub mod solve;
pub mod statements;
pub mod trained;
mod weigh;

pub use lexicon::Lexicon;

use crate::model::{Labels, Mention, Target};
use serde::Deserialize;

/// Which model tells stances.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Empty: the office's own, else the built-in one; `lexicon`; or a file.
    pub model: String,
    /// Learn the office's corrections at night.
    pub nightly: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            model: String::new(),
            nightly: true,
        }
    }
}

/// Says what a mention's stance toward each target is, and what is worth checking. Pure.
pub trait Classifier: Send + Sync {
    /// Name and version, shown wherever a label is shown.
    fn model(&self) -> &str;
    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels;
}
