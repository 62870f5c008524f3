//! Stance toward a target, and flags: each with its reasons.
//!
//! [`Classifier`] is the seam. Behind it stands [`Lexicon`] for now: a placeholder that says what
//! it saw, and `unclear` where it does not know. A trained model takes its place without a change
//! elsewhere.

pub mod features;
mod flags;
mod lexicon;
pub mod linear;
mod phrases;
mod reading;
pub mod score;
pub mod train;
pub mod trained;
mod weigh;

pub use lexicon::Lexicon;

use crate::model::{Labels, Mention, Target};

/// Says what a mention's stance toward each target is, and what is worth checking. Pure.
pub trait Classifier: Send + Sync {
    /// Name and version, shown wherever a label is shown.
    fn model(&self) -> &str;
    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels;
}
