//! `resonanz model`: the models of a house, their cards, and which of them labels.

use super::house::Place;
use super::{Format, Output, WrongArguments};
use crate::app::House;
use crate::app::models::Models;
use crate::app::retrain::{corrections, learn};
use crate::classify::model_file::{Card, Head, Model};
use crate::classify::retrain::Verdict;
use crate::classify::shipped;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::Store;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// What the model that comes with the program is called here.
const BUILT_IN: &str = "built-in";

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the office's own models, and say which one labels.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Print a model's card: what it was trained on, its figures and limits.
    Show {
        /// A file, or a name of `model list`
        #[arg(default_value = BUILT_IN)]
        model: String,
        #[command(flatten)]
        place: Place,
        /// table for people, jsonl for programs
        #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
        format: Format,
    },
    /// Learn the office's corrections, and let the model label if it is better.
    #[command(after_help = "Example: resonanz model retrain --dir data\n\n\
        It begins with the built-in model, learns four in five corrected mentions, and labels if it is \
        not worse on the frozen pairs and better on the corrections that were \
        kept apart. A running house does the same every night.")]
    Retrain {
        #[command(flatten)]
        place: Place,
        /// table for people, jsonl for programs
        #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
        format: Format,
    },
    /// Let a model label from the next start or SIGHUP on; `built-in` goes back to the one of the program.
    Use {
        /// A name of `model list`
        model: String,
        #[command(flatten)]
        place: Place,
    },
}

pub async fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { place } => list(&Models::new(&place.archive()?.dir))?,
        Command::Show {
            model,
            place,
            format,
        } => show(&card(model, place)?, *format)?,
        Command::Retrain { place, format } => retrain(&place.archive()?, *format).await?,
        Command::Use { model, place } => {
            let models = Models::new(&place.archive()?.dir);
            models.make_live(Some(model.as_str()).filter(|name| *name != BUILT_IN))?;
            Output::new().line(&format!("{model} labels from the next start or SIGHUP on"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn retrain(config: &Config, format: Format) -> anyhow::Result<()> {
    let store = Store::open(&House::store_path(&config.dir)).await?;
    let targets = &config.register.targets;
    let corrections = corrections(&store, targets).await?;
    let models = Models::new(&config.dir);
    let now = Clock::system().now();
    let found = learn(&models, &corrections, targets, now)?;
    let mut out = Output::new();
    if format == Format::Jsonl {
        return Ok(out.json(&json!({
            "model": found.model.card.name,
            "learned": found.learned,
            "frozen": found.frozen,
            "own": found.own,
            "verdict": found.verdict,
        }))?);
    }
    out.line(&format!(
        "{}: {} corrections learned",
        found.model.card.name, found.learned
    ))?;
    for (name, set) in [("frozen pairs", found.frozen), ("kept apart", found.own)] {
        out.line(&format!(
            "{name}: macro-F1 {:.1} after {:.1} on {} statements (95 % between {:+.1} and {:+.1})",
            set.after * 100.0,
            set.before * 100.0,
            set.statements,
            set.lead.0 * 100.0,
            set.lead.1 * 100.0
        ))?;
    }
    out.line(match found.verdict {
        Verdict::Live => "it labels from the next start or SIGHUP on",
        Verdict::TooFew => "it does not label: too few corrections are kept apart to tell",
        Verdict::NotBetter => "it does not label: not surely better on the corrections kept apart",
        Verdict::WorseOnFrozen => "it does not label: worse on the frozen pairs",
    })?;
    Ok(())
}

fn list(models: &Models) -> anyhow::Result<()> {
    let mut out = Output::new();
    let live = models.live_name()?;
    let live = live.as_deref().unwrap_or(BUILT_IN);
    let mut names = models.names()?;
    names.insert(0, BUILT_IN.to_owned());
    for name in names {
        let mark = if name == live { "labels" } else { "" };
        out.line(format!("{name}  {mark}").trim_end())?;
    }
    Ok(())
}

fn card(name: &str, place: &Place) -> anyhow::Result<Card> {
    if name == BUILT_IN {
        return Ok(shipped::model()?.card);
    }
    let path = Path::new(name);
    if !path.exists() {
        return Ok(Models::new(&place.archive()?.dir).read(name)?.card);
    }
    let wrong = |what: String| WrongArguments(format!("{name}: {what}"));
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    Ok(Model::from_bytes(&bytes)
        .map_err(|error| wrong(error.to_string()))?
        .card)
}

fn show(card: &Card, format: Format) -> anyhow::Result<()> {
    let mut out = Output::new();
    if format == Format::Jsonl {
        return Ok(out.json(card)?);
    }
    out.line(&format!("{} ({} hashed features)", card.name, card.hashed))?;
    for limit in &card.limits {
        out.line(&format!("  {limit}"))?;
    }
    for head in &card.heads {
        show_head(&mut out, head)?;
    }
    Ok(())
}

fn show_head(out: &mut Output, head: &Head) -> anyhow::Result<()> {
    out.line("")?;
    out.line(&format!("{}: {}", head.name, head.classes.join(", ")))?;
    for set in &head.sets {
        let lines = format!("  {} lines of {} ({})", set.lines, set.file, set.licence);
        out.line(&lines)?;
        out.line(&format!("    {}; SHA-256 {}", set.source, set.sha256))?;
    }
    for (name, value) in &head.figures {
        out.line(&format!("  {name}: {value}"))?;
    }
    Ok(())
}
