//! `resonanz explain`: what the classifier makes of a text, and why.

use super::house::{Place, today};
use super::{Format, Output, WrongArguments};
use crate::app::models;
use crate::clock::Clock;
use crate::config::Config;
use crate::model::{Item, Kind, Labels, Mention, Reason, Target};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, Voices};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz explain \"Die Grenzkontrollen sind Unsinn\" \
    --target border-controls\n\n\
    Each word's number is what all that was made of it (itself, its pair with the word before, its \
    letters, its place beside the target's name) adds for the stance that is named, or takes away."
)]
pub struct Args {
    /// The text of a statement
    text: String,
    /// Target of the stance, by its key in the watch files; all targets where it is left out
    #[arg(long)]
    target: Option<String>,
    /// What it is: post, reply, comment, article …
    #[arg(long, default_value = "post")]
    kind: String,
    #[command(flatten)]
    place: Place,
    /// table for people, jsonl for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let targets = targets(&config, args.target.as_deref())?;
    let mention = mention(&config, args)?;
    let classifier = models::classifier(&config.classify, &config.dir)?;
    print(&classifier.classify(&mention, &targets), args.format)?;
    Ok(ExitCode::SUCCESS)
}

fn targets<'a>(config: &'a Config, name: Option<&str>) -> anyhow::Result<Vec<&'a Target>> {
    let all = || config.register.targets.iter();
    let Some(name) = name else {
        return Ok(all().collect());
    };
    let found: Vec<&Target> = all().filter(|target| target.name == name).collect();
    if found.is_empty() {
        let names: Vec<&str> = all().map(|target| target.name.as_str()).collect();
        let known = names.join(", ");
        let message = format!("there is no target `{name}`; there are {known}");
        return Err(WrongArguments(message).into());
    }
    Ok(found)
}

fn mention(config: &Config, args: &Args) -> anyhow::Result<Mention> {
    let kind = Kind::parse(&args.kind)
        .ok_or_else(|| WrongArguments(format!("`{}` is no kind of mention", args.kind)))?;
    let mut item = Item::new("test", "test", kind);
    item.text.clone_from(&args.text);
    let context = Context {
        source: "test",
        keys: &Keys::from_secret([0; 32]),
        voices: &Voices::new(&config.voices, today()),
        collected: Clock::system().now(),
    };
    Ok(normalise(item, &context)?)
}

fn print(labels: &Labels, format: Format) -> anyhow::Result<()> {
    let mut out = Output::new();
    if format == Format::Jsonl {
        return Ok(out.json(labels)?);
    }
    out.line(&format!("model: {}", labels.model))?;
    for label in &labels.stances {
        let sure = label.probability.map(|p| format!(" ({:.0} %)", p * 100.0));
        let sure = sure.unwrap_or_default();
        out.line(&format!(
            "{}: {}{sure}",
            label.target,
            label.stance.as_str()
        ))?;
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
