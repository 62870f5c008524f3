//! Stance toward a target, and flags: each with its reasons.

use crate::model::{Labels, Mention, Target};

/// Says what a mention's stance toward each target is, and what is worth checking. Pure.
pub trait Classifier: Send + Sync {
    /// Name and version, shown wherever a label is shown.
    fn model(&self) -> &str;
    fn classify(&self, mention: &Mention, targets: &[&Target]) -> Labels;
}
