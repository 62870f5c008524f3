//! `resonanz train`: makes a stance model of judged statements.

use super::house::{Settings, today};
use super::judged::{self, Statement};
use super::{Output, WrongArguments};
use crate::classify::Lexicon;
use crate::classify::linear::Linear;
use crate::classify::train::{self, Sample};
use crate::classify::trained::features_of;
use crate::privacy::Voices;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz train --set judged.jsonl --out stance.model\n\n\
    The sets are those of `eval stance`. The same sets, settings and seed give the same file to the \
    byte. What is `unclear` teaches nothing: a model says it where no stance is probable enough."
)]
pub struct Args {
    /// File of judged statements; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    set: Vec<PathBuf>,
    /// Where the model is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A model to begin with, and to stay near where statements are few
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Order in which statements are learned, and which are held back
    #[arg(long, default_value_t = 20_161_121)]
    seed: u64,
    #[command(flatten)]
    settings: Settings,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.settings.read()?;
    let voices = Voices::new(&config.voices, today());
    let mut samples = Vec::new();
    for path in &args.set {
        let lines = judged::read(path)?;
        let statements = judged::prepare(&lines, &config.register.targets, &voices)?;
        samples.extend(self::samples(&statements));
    }
    let from = match &args.from {
        Some(path) => model(path)?,
        None => Linear::blank(),
    };
    let settings = train::Settings {
        seed: args.seed,
        ..train::Settings::default()
    };
    let model = train::train(&samples, &from, settings);
    let bytes = model.to_bytes();
    std::fs::write(&args.out, &bytes)?;
    let mut out = Output::new();
    out.line(&format!(
        "{} statements learned; {} bytes in {}",
        samples.len(),
        bytes.len(),
        args.out.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// The statements as a model learns them.
pub fn samples(statements: &[Statement]) -> Vec<Sample> {
    let lexicon = Lexicon::new();
    let sample = |statement: &Statement| Sample {
        features: features_of(&lexicon, &statement.mention, &statement.target),
        stance: statement.stance,
        weight: 1.0,
    };
    statements.iter().map(sample).collect()
}

/// Reads a model.
///
/// # Errors
/// A file that cannot be read, or is none.
pub fn model(path: &PathBuf) -> anyhow::Result<Linear> {
    let wrong = |what: String| WrongArguments(format!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    Ok(Linear::from_bytes(&bytes).map_err(|error| wrong(error.to_string()))?)
}
