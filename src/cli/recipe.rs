//! A recipe says which heads a model has and which sets each of them learns from.

use super::WrongArguments;
use super::judged::{self, Fields, nobody};
use super::samples::{form_samples, samples};
use crate::classify::learn::{Settings, learn};
use crate::classify::model_file::{Model, SetCard};
use crate::classify::solve::Weights;
use crate::model::Target;
use crate::privacy::{Voices, hex};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file of TOML.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    pub name: String,
    /// For the model's card.
    pub limits: Vec<String>,
    pub head: Vec<HeadRecipe>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadRecipe {
    pub name: String,
    pub classes: Vec<String>,
    /// Whether it may use what the heads before it say.
    #[serde(default)]
    helped: bool,
    /// Whether it looks at how a statement is put.
    #[serde(default)]
    form: bool,
    /// Its curves are no steeper.
    steepest: Option<f32>,
    /// By how much the last class is more frequent than in the sets, as a logarithm of odds.
    #[serde(default)]
    shift: f32,
    prior: Option<f32>,
    balance: Option<f32>,
    precision: Option<f32>,
    sure: Option<f32>,
    set: Vec<SetRecipe>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRecipe {
    /// Beside the recipe, or in one of the data directories.
    file: String,
    licence: String,
    source: String,
    #[serde(default = "text")]
    text: String,
    #[serde(default = "label")]
    label: String,
    target: Option<String>,
    /// Names of the one target of all lines.
    #[serde(default)]
    aliases: Vec<String>,
    group: Option<String>,
    /// Labels of the file that are called otherwise in the head.
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default = "one")]
    weight: f32,
}

fn text() -> String {
    "text".to_owned()
}

fn label() -> String {
    "label".to_owned()
}

fn one() -> f32 {
    1.0
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// A file that cannot be read or is none, with the place.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let wrong = |what: String| WrongArguments(format!("{}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let recipe = config::Config::builder()
            .add_source(config::File::from_str(&text, config::FileFormat::Toml))
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(recipe)
    }
}

/// Where sets are looked for, and what is needed to read them.
pub struct Kitchen<'a> {
    pub folders: Vec<PathBuf>,
    pub targets: &'a [Target],
    pub voices: &'a Voices,
}

impl Kitchen<'_> {
    /// Learns a head and puts it into the model.
    ///
    /// # Errors
    /// A set that is not there or cannot be read.
    pub fn cook(&self, model: &mut Model, recipe: &HeadRecipe, seed: u64) -> anyhow::Result<()> {
        let (mut learned, mut cards) = (Vec::new(), Vec::new());
        for set in &recipe.set {
            let path = self.find(&set.file)?;
            let fields = Fields {
                text: &set.text,
                label: &set.label,
                target: set.target.as_deref(),
                group: set.group.as_deref(),
            };
            let mut lines = judged::read(&path, &fields)?;
            for line in &mut lines {
                if let Some(label) = set.labels.get(&line.label) {
                    line.label.clone_from(label);
                }
            }
            let fixed = Target {
                aliases: set.aliases.clone(),
                ..nobody()
            };
            let statements = judged::prepare(&lines, self.targets, &fixed, self.voices)?;
            let helper = recipe.helped.then_some(&*model);
            let samples = if recipe.form { form_samples } else { samples };
            learned.extend(samples(&statements, &recipe.classes, set.weight, helper));
            cards.push(SetCard {
                file: set.file.clone(),
                sha256: hex(&Sha256::digest(std::fs::read(&path)?)),
                lines: lines.len(),
                licence: set.licence.clone(),
                source: set.source.clone(),
            });
        }
        let usual = Settings::default();
        let settings = Settings {
            prior: recipe.prior.unwrap_or(usual.prior),
            balance: recipe.balance.unwrap_or(usual.balance),
            precision: recipe.precision.unwrap_or(usual.precision),
            sure: recipe.sure.unwrap_or(usual.sure),
            steepest: recipe.steepest.unwrap_or(usual.steepest),
            shift: recipe.shift,
            form: recipe.form,
            seed,
        };
        let blank = Weights::blank(recipe.classes.len());
        let (mut head, weights) = learn(
            &recipe.name,
            &recipe.classes,
            &learned,
            (&blank).into(),
            settings,
        );
        head.sets = cards;
        Ok(model.put(head, &weights)?)
    }

    fn find(&self, file: &str) -> anyhow::Result<PathBuf> {
        let mut places = self.folders.iter().map(|folder| folder.join(file));
        places.find(|path| path.exists()).ok_or_else(|| {
            let what = format!("the set `{file}` is not there; name its directory with --data");
            WrongArguments(what).into()
        })
    }
}
