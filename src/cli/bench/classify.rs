//! `resonanz bench classify`: what one statement costs, with its explanation and without.

use super::engine;
use super::measure::{median, timed};
use super::workload::{self, Workload};
use crate::classify::trained::{STANCE, STANCES, Trained};
use crate::classify::{Classifier as _, shipped};
use crate::cli::output::{Format, Output};
use crate::model::{Item, Kind, Mention, Target};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, Voices};
use anyhow::Context as _;
use jiff::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Statements
    #[arg(long, default_value_t = 20_000)]
    posts: usize,
    /// Each figure is the median of so many rounds
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Another seed, other posts
    #[arg(long, default_value_t = workload::SEED)]
    seed: u64,
    /// Write the statements here, one a line, with the stance that is most probable, for other programs
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Table or JSON lines
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// CPU time of one thread.
#[derive(Debug, Serialize)]
struct Measured {
    statements: usize,
    bytes_per_statement: f64,
    normalise_us: f64,
    /// Cutting into words, features, and the probabilities of the stances.
    stance_us: f64,
    /// The same, with flags, and the reasons of both.
    explained_us: f64,
    stances_per_second: f64,
    explained_per_second: f64,
    /// From text to explained label.
    end_to_end_per_second: f64,
    /// From the bytes in the program to a model that is ready.
    load_ms: f64,
    model_bytes: usize,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let load = Workload::new(args.seed);
    let posts = load.posts(args.posts);
    let mentions: Vec<Mention> = posts
        .iter()
        .enumerate()
        .map(|(number, post)| engine::mention(number, post))
        .collect();
    let target = target();
    let trained = Trained::new(shipped::model()?);
    if let Some(path) = &args.write {
        write(path, &trained, &mentions, &target)?;
    }
    let measured = measure(args, &trained, &mentions, &target)?;
    let mut out = Output::new();
    match args.format {
        Format::Jsonl => out.json(&measured)?,
        Format::Table => print(&mut out, &load, &measured)?,
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn target() -> Target {
    Target {
        name: "ministry".to_owned(),
        label: "Ministry".to_owned(),
        aliases: ["Bundesinnenministerium", "Innenministerium", "BMI"]
            .map(str::to_owned)
            .to_vec(),
    }
}

fn measure(
    args: &Args,
    trained: &Trained,
    mentions: &[Mention],
    target: &Target,
) -> anyhow::Result<Measured> {
    let (keys, voices) = (Keys::from_secret([0; 32]), Voices::default());
    let each = |act: &dyn Fn(&Mention) -> usize| {
        let round = || -> usize { mentions.iter().map(act).sum() };
        // The sum is looked at, so that nothing is left out as unused.
        let warm = round();
        let once = || -> anyhow::Result<f64> {
            let (time, sum) = timed(round);
            anyhow::ensure!(sum == warm, "the same statements gave something else");
            Ok(micros(time) / mentions.len().max(1) as f64)
        };
        let times: anyhow::Result<Vec<f64>> = (0..args.rounds.max(1)).map(|_| once()).collect();
        times.map(median)
    };
    let normalise_us = each(&|mention| {
        let context = Context {
            source: "bench",
            keys: &keys,
            voices: &voices,
            collected: Timestamp::UNIX_EPOCH,
        };
        let mut item = Item::new("bench", "1", Kind::Post);
        item.text.clone_from(&mention.text);
        normalise(item, &context).map_or(0, |mention| mention.text.len())
    })?;
    let stance_us = each(&|mention| {
        let probabilities = trained.probabilities(mention, target).unwrap_or_default();
        usize::from(probabilities.first().is_some_and(|first| *first > 0.5))
    })?;
    let explained_us = each(&|mention| {
        let labels = trained.classify(mention, &[target]);
        labels.stances.iter().map(|label| label.reasons.len()).sum()
    })?;
    let loads = (0..args.rounds.max(1) * 5).map(|_| {
        let (time, model) = timed(shipped::model);
        model.map(|_| micros(time) / 1e3)
    });
    let loads: Result<Vec<f64>, _> = loads.collect();
    Ok(Measured {
        statements: mentions.len(),
        bytes_per_statement: mentions.iter().map(|one| one.text.len()).sum::<usize>() as f64
            / mentions.len().max(1) as f64,
        normalise_us,
        stance_us,
        explained_us,
        stances_per_second: 1e6 / stance_us,
        explained_per_second: 1e6 / explained_us,
        end_to_end_per_second: 1e6 / (normalise_us + explained_us),
        load_ms: median(loads?),
        model_bytes: shipped::bytes(),
    })
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Stance and text, with a tab in between.
fn write(path: &Path, trained: &Trained, all: &[Mention], target: &Target) -> anyhow::Result<()> {
    let (head, _) = trained.model_file().head(STANCE).context("no stances")?;
    let mut lines = String::new();
    for mention in all {
        let probabilities = trained.probabilities(mention, target).unwrap_or_default();
        let best = (0..head.classes.len().min(probabilities.len()))
            .max_by(|one, other| probabilities[*one].total_cmp(&probabilities[*other]));
        let stance = STANCES[best.unwrap_or(0)].as_str();
        let text: Vec<&str> = mention.text.split_whitespace().collect();
        lines.push_str(&format!("{stance}\t{}\n", text.join(" ")));
    }
    std::fs::write(path, lines).with_context(|| path.display().to_string())
}

fn print(out: &mut Output, load: &Workload, one: &Measured) -> anyhow::Result<()> {
    out.line(&format!(
        "{} statements of {:.0} bytes, {}",
        one.statements,
        one.bytes_per_statement,
        load.origin()
    ))?;
    for (name, value, unit) in [
        ("normalise", one.normalise_us, "µs a statement"),
        ("stance, unexplained", one.stance_us, "µs a statement"),
        ("stance, flags, reasons", one.explained_us, "µs a statement"),
        (
            "unexplained",
            one.stances_per_second,
            "statements a second and core",
        ),
        (
            "explained",
            one.explained_per_second,
            "statements a second and core",
        ),
        (
            "text to label",
            one.end_to_end_per_second,
            "statements a second and core",
        ),
        ("model is ready after", one.load_ms, "ms"),
        ("model", one.model_bytes as f64, "bytes"),
    ] {
        out.line(&format!("{name:<24}{value:>10.1} {unit}"))?;
    }
    Ok(())
}
