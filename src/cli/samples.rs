//! Judged statements as a model learns them.

use super::judged::Statement;
use crate::classify::Lexicon;
use crate::classify::learn::Labelled;
use crate::classify::model_file::Model;
use crate::classify::solve::Sample;
use crate::classify::trained::features_of;
use crate::model::Stance;
use crate::text::hash;

/// The samples of statements whose label is a class, or `unclear`. `helper` is the model whose other
/// heads help.
pub fn samples<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    classes: &[String],
    weight: f32,
    helper: Option<&Model>,
) -> Vec<Labelled> {
    let lexicon = Lexicon::new();
    let sample = |statement: &Statement| {
        let class = classes.iter().position(|class| *class == statement.label);
        if class.is_none() && statement.stance() != Some(Stance::Unclear) {
            return None;
        }
        let features = features_of(&lexicon, &statement.mention, &statement.target);
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
