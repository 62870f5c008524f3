//! `eval matching`: how well mentions are matched with a register of known claims.

mod lines;
mod scores;

use super::Format;
use crate::cli::Output;
use crate::clock::thread_cpu;
use crate::model::ClaimId;
use crate::relate::claims::{Claims, Config, Entry, Near, seed};
use lines::{Known, Post};
use scores::{Figure, Outcome, Report};
use std::path::PathBuf;

/// What `--help` says below the options.
pub const HELP: &str = "Example: resonanz eval matching --register claims.jsonl --set posts.jsonl\n\n\
    One JSON object a line. Register: {\"claim_id\":\"…\",\"claim\":\"…\"}, with `title` if there is \
    one. Set: {\"text\":\"…\",\"claim_id\":\"…\"}, with null for a post that repeats no claim. Other \
    keys are left alone.";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of claims
    #[arg(long, value_name = "FILE", required_unless_present = "learn")]
    register: Option<PathBuf>,
    /// File of posts
    #[arg(long, value_name = "FILE", required_unless_present = "learn")]
    set: Option<PathBuf>,
    /// Print the weights that the built-in seed gives, and measure nothing
    #[arg(long, conflicts_with_all = ["register", "set"])]
    learn: bool,
    /// table for people, json for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

/// Measures, and prints what was found.
///
/// # Errors
/// A file or line that cannot be read, an output that was closed.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut out = Output::new();
    let (Some(register), Some(set)) = (&args.register, &args.set) else {
        for line in seed::learn().lines().lines() {
            out.line(line)?;
        }
        return Ok(());
    };
    let known = lines::register(register)?;
    let posts = lines::set(set, &known)?;
    let report = measured(&known, &posts);
    match args.format {
        Format::Json => out.json(&report)?,
        _ => out.table(&["FIGURE", "VALUE", "95 %"], &table(&report))?,
    }
    Ok(())
}

/// The figures of these posts against this register.
fn measured(known: &[Known], posts: &[Post]) -> Report {
    let config = Config {
        max_claims: u32::try_from(known.len()).unwrap_or(u32::MAX),
        ..Config::default()
    };
    let mut claims = Claims::new(&config);
    let empty = claims.bytes();
    for (number, one) in (0..).zip(known) {
        let entry = Entry {
            claim: &one.claim,
            more: &one.more,
        };
        claims.put(ClaimId::Office(number), &entry);
    }
    // The first search weighs all entries; that is no part of the others.
    claims.find("", "");
    let start = thread_cpu();
    let asked = posts.iter().map(|post| claims.nearest("", &post.text));
    let answers: Vec<Vec<Near>> = asked.collect();
    let seconds = thread_cpu().saturating_sub(start).as_secs_f64();
    let outcomes: Vec<Outcome> = posts.iter().zip(&answers).map(outcome).collect();
    let bytes = claims.bytes().saturating_sub(empty) / known.len().max(1);
    let speed = posts.len() as f64 / seconds.max(1e-9);
    Report::new(known.len(), &outcomes, speed, bytes)
}

fn outcome((post, near): (&Post, &Vec<Near>)) -> Outcome {
    let is_right = |id: ClaimId| {
        post.claims
            .iter()
            .any(|number| ClaimId::Office(*number) == id)
    };
    Outcome {
        claims: post.claims.len(),
        right: near.iter().map(|near| is_right(near.id)).collect(),
        probability: near.first().map_or(0.0, |near| near.probability),
        grade: near.first().and_then(|near| near.grade),
    }
}

fn table(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![
        row("entries of the register", report.entries.to_string()),
        row("posts", report.posts.to_string()),
        row("posts that repeat a claim", report.with_claim.to_string()),
    ];
    rows.extend(
        report
            .figures
            .iter()
            .map(|(name, figure)| figure_row(name, figure.as_ref())),
    );
    rows.push(row(
        "posts a second, of one processor",
        format!("{:.0}", report.posts_a_second),
    ));
    rows.push(row(
        "bytes of memory an entry",
        report.bytes_an_entry.to_string(),
    ));
    rows
}

fn row(name: &str, value: String) -> Vec<String> {
    vec![name.to_owned(), value, String::new()]
}

/// A figure that cannot be told of so few posts is a dash.
fn figure_row(name: &str, figure: Option<&Figure>) -> Vec<String> {
    match figure {
        None => row(name, "–".to_owned()),
        Some(figure) => vec![
            name.to_owned(),
            format!("{:.3}", figure.value),
            format!("{:.3} to {:.3}", figure.low, figure.high),
        ],
    }
}

#[cfg(test)]
mod tests;
