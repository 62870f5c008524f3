//! Judged statements as a model learns them.

use super::judged::Statement;
use crate::classify::Lexicon;
use crate::classify::features::Features;
use crate::classify::learn::Labelled;
use crate::classify::model_file::Model;
use crate::classify::solve::Sample;
use crate::classify::trained::{features_of, form_features_of};
use crate::model::{Mention, Stance, Target};
use crate::text::hash;

/// Gives what a head sees of a statement.
type See = fn(&Lexicon, &Mention, &Target) -> Features;

/// The samples of statements whose label is a class, or `unclear`. `helper` is the model whose other
/// heads help.
pub fn samples<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    classes: &[String],
    weight: f32,
    helper: Option<&Model>,
) -> Vec<Labelled> {
    seen(statements, classes, weight, helper, features_of)
}

/// The same for a head that looks at how statements are put as well.
pub fn form_samples<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    classes: &[String],
    weight: f32,
    helper: Option<&Model>,
) -> Vec<Labelled> {
    seen(statements, classes, weight, helper, form_features_of)
}

fn seen<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    classes: &[String],
    weight: f32,
    helper: Option<&Model>,
    see: See,
) -> Vec<Labelled> {
    let lexicon = Lexicon::new();
    let sample = |statement: &Statement| {
        let class = classes.iter().position(|class| *class == statement.label);
        if class.is_none() && statement.stance() != Some(Stance::Unclear) {
            return None;
        }
        let features = see(&lexicon, &statement.mention, &statement.target);
        let features = helper.map_or(features.clone(), |model| model.helped(&features));
        Some(Labelled {
            class,
            sample: Sample {
                features,
                class: class.unwrap_or(0),
                weight,
            },
            group: hash(&statement.group),
        })
    };
    statements.into_iter().filter_map(sample).collect()
}
