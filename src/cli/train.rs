//! `resonanz train`: makes a model of judged statements.

use super::house::{Settings, today};
use super::judged::{self, nobody};
use super::recipe::{Kitchen, Recipe};
use super::samples::samples;
use super::{Output, WrongArguments};
use crate::classify::learn::{self, learn};
use crate::classify::model_file::Model;
use crate::classify::shipped;
use crate::classify::solve::Weights;
use crate::classify::trained::{STANCE, STANCES};
use crate::privacy::Voices;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz train --set judged.jsonl --out office.model\n\n\
    The sets are those of `eval stance`; what is learned is the stance, beginning with the built-in \
    model and staying near it where statements are few. `unclear` statements teach from when on a \
    stance should be said. The same sets, settings and seed give the same file to the byte.\n\n\
    With --recipe, all heads are learned that the recipe names, from its sets alone."
)]
pub struct Args {
    /// File of judged statements; may be given several times
    #[arg(long, value_name = "FILE", required_unless_present = "recipe")]
    set: Vec<PathBuf>,
    /// Where the model is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A model to begin with, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Begin with weights of nothing; the other heads stay
    #[arg(long, conflicts_with = "recipe")]
    blank: bool,
    /// Heads and their sets (TOML)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["set", "from"])]
    recipe: Option<PathBuf>,
    /// Directory in which the recipe's sets are, if not beside it; may be given several times
    #[arg(long, value_name = "DIR", requires = "recipe")]
    data: Vec<PathBuf>,
    /// Decides which statements are held back from which measurement
    #[arg(long, default_value_t = learn::Settings::default().seed)]
    seed: u64,
    #[command(flatten)]
    settings: Settings,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut out = Output::new();
    let model = match &args.recipe {
        Some(recipe) => cook(args, recipe, &mut out)?,
        None => continue_learning(args)?,
    };
    let bytes = model.to_bytes()?;
    std::fs::write(&args.out, &bytes)?;
    for head in &model.card.heads {
        let lines: usize = head.sets.iter().map(|set| set.lines).sum();
        out.line(&format!("{}: {lines} statements", head.name))?;
    }
    out.line(&format!("{} bytes in {}", bytes.len(), args.out.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn cook(args: &Args, path: &Path, out: &mut Output) -> anyhow::Result<Model> {
    let config = args.settings.read()?;
    let voices = Voices::new(&config.voices, today());
    let recipe = Recipe::read(path)?;
    let beside = path.parent().unwrap_or(Path::new(".")).to_owned();
    let kitchen = Kitchen {
        folders: std::iter::once(beside).chain(args.data.clone()).collect(),
        targets: &config.register.targets,
        voices: &voices,
    };
    let mut model = Model::blank(&recipe.name);
    model.card.limits.clone_from(&recipe.limits);
    for head in &recipe.head {
        out.line(&format!("learning {}", head.name))?;
        kitchen.cook(&mut model, head, args.seed)?;
    }
    Ok(model)
}

fn continue_learning(args: &Args) -> anyhow::Result<Model> {
    let config = args.settings.read()?;
    let voices = Voices::new(&config.voices, today());
    let mut model = match &args.from {
        Some(path) => read(path)?,
        None => shipped::model()?,
    };
    let classes: Vec<String> = STANCES.iter().map(|one| one.as_str().to_owned()).collect();
    let mut learned = Vec::new();
    for path in &args.set {
        let lines = judged::read_stances(path)?;
        let statements = judged::prepare(&lines, &config.register.targets, &nobody(), &voices)?;
        learned.extend(samples(&statements, &classes, 1.0, Some(&model)));
    }
    let centre = match args.blank {
        true => Weights::blank(classes.len()),
        false => model.weights(STANCE, classes.len()),
    };
    let settings = learn::Settings {
        seed: args.seed,
        ..learn::Settings::default()
    };
    let before = model.head(STANCE).filter(|_| !args.blank);
    let before = before.map(|(head, _)| head.clone());
    let start = learn::Start {
        head: before.as_ref(),
        ..learn::Start::from(&centre)
    };
    let (head, weights) = learn(STANCE, &classes, &learned, start, settings);
    model.put(head, &weights)?;
    let name = args.out.file_stem().unwrap_or_default();
    model.card.name = name.to_string_lossy().into_owned();
    Ok(model)
}

/// Reads a model.
///
/// # Errors
/// A file that cannot be read, or is none.
pub fn read(path: &Path) -> anyhow::Result<Model> {
    let wrong = |what: String| WrongArguments(format!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    Ok(Model::from_bytes(&bytes).map_err(|error| wrong(error.to_string()))?)
}
