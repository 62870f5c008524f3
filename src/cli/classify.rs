//! `resonanz classify`: what the classifier makes of a text, and why.

use super::house::{Settings, today};
use super::{Format, Output, WrongArguments};
use crate::classify::{Classifier, Lexicon};
use crate::clock::Clock;
use crate::model::{Item, Kind, Labels, Reason, Target};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, Voices};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz classify \"Die Grenzkontrollen sind Unsinn\" \
    --target border-controls"
)]
pub struct Args {
    /// The text of a statement
    text: String,
    /// Target of the stance, by its key in the watch files; all targets where it is left out
    #[arg(long)]
    target: Option<String>,
    #[command(flatten)]
    settings: Settings,
    /// table for people, jsonl for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.settings.read()?;
    let targets: Vec<&Target> = match &args.target {
        None => config.register.targets.iter().collect(),
        Some(name) => {
            let found: Vec<&Target> = config
                .register
                .targets
                .iter()
                .filter(|target| target.name == *name)
                .collect();
            if found.is_empty() {
                let names: Vec<&str> = config
                    .register
                    .targets
                    .iter()
                    .map(|t| t.name.as_str())
                    .collect();
                let known = names.join(", ");
                let message = format!("there is no target `{name}`; there are {known}");
                return Err(WrongArguments(message).into());
            }
            found
        }
    };
    let mut item = Item::new("test", "test", Kind::Post);
    item.text = args.text;
    let voices = Voices::new(&config.voices, today());
    let keys = Keys::from_secret([0; 32]);
    let collected = Clock::system().now();
    let context = Context {
        source: "test",
        keys: &keys,
        voices: &voices,
        collected,
    };
    let mention = normalise(item, &context)?;
    let labels = Lexicon::new().classify(&mention, &targets);
    print(&labels, args.format)?;
    Ok(ExitCode::SUCCESS)
}

fn print(labels: &Labels, format: Format) -> anyhow::Result<()> {
    let mut out = Output::new();
    if format == Format::Jsonl {
        return Ok(out.json(labels)?);
    }
    out.line(&format!(
        "model: {} (a word list, not calibrated)",
        labels.model
    ))?;
    for label in &labels.stances {
        out.line(&format!("{}: {}", label.target, label.stance.as_str()))?;
        reasons(&mut out, &label.reasons)?;
    }
    for label in &labels.flags {
        out.line(&format!("flag: {}", label.flag.as_str()))?;
        reasons(&mut out, &label.reasons)?;
    }
    if labels.flags.is_empty() {
        out.line("flags: none")?;
    }
    Ok(())
}

fn reasons(out: &mut Output, reasons: &[Reason]) -> anyhow::Result<()> {
    for reason in reasons {
        out.line(&format!(
            "  {:+.2}  {}: {}",
            reason.weight, reason.rule, reason.seen
        ))?;
    }
    Ok(())
}
