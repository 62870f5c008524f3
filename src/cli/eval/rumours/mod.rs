//! `eval rumours`: planted crises and waves that are none, in the noise of many posts, on the way that
//! every mention goes: how early each is flagged, what else is, and what criticism alone does.

mod fit;
mod opinions;
mod replies;
mod report;
mod scenarios;
mod stream;

use super::{Format, Judge};
use crate::cli::Output;
use crate::cli::house::{Settings, today};
use crate::privacy::Voices;
use crate::relate;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Posts of noise between the scenarios
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u64).range(0..=2_000_000))]
    noise: u64,
    /// Days over which all of it is spread
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=365))]
    days: u64,
    /// Only every second scenario: those on which the weighing was set (dev), or the others
    #[arg(long, value_enum)]
    half: Option<Half>,
    /// Another model that judges what claims a fact, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Print every flagged story
    #[arg(long)]
    show: bool,
    /// Print the weights of a story's score that are learned from these stories
    #[arg(long)]
    fit: bool,
    /// Only how answers are read, on a file of lines {"text","label"}; label is query, deny, support
    /// or comment
    #[arg(long, value_name = "FILE", conflicts_with_all = ["half", "show", "fit"])]
    replies: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    /// table for people, json for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Half {
    Dev,
    HeldOut,
}

pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.settings.read()?;
    let judge = Judge::new(args.model.as_ref())?;
    let house = stream::House {
        judge: &judge,
        targets: &config.register.targets,
        voices: &Voices::new(&config.voices, today()),
        relate: relate::Config::default(),
    };
    let mut out = Output::new();
    if let Some(file) = &args.replies {
        let report = replies::run(&house, file)?;
        return match args.format {
            Format::Json => Ok(out.json(&report)?),
            Format::Table | Format::Html => report.print(&mut out),
        };
    }
    let scenarios = scenarios::read(args.half)?;
    let planted = stream::plant(&scenarios, args.noise, args.days);
    let watched = stream::run(&house, &scenarios, planted)?;
    if args.fit {
        let cases = report::cases(&scenarios, &watched.seen);
        return Ok(out.json(&fit::fit(&cases))?);
    }
    let opinions = opinions::run(&house)?;
    let report = report::Report::new(&scenarios, &watched, opinions, args.days);
    match args.format {
        Format::Json => out.json(&report)?,
        Format::Table | Format::Html => report.print(&mut out, args.show)?,
    }
    Ok(())
}
