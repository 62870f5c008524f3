//! `resonanz watch import`: a query of another system, read in that system's language.

use super::{EXIT_USAGE, Format, Output, WrongArguments, note};
use crate::query::MAX_BYTES;
use crate::query::import::{Dialect, Imported, Loss, LossKind, LossReport, import};
use anyhow::Context as _;
use serde_json::json;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Characters of a construct shown in the table.
const SHOWN: usize = 48;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz watch import --dialect brandwatch query.txt\n         \
    echo 'BMI NEAR Minister*' | resonanz watch import --dialect meltwater -\n\n\
    Prints the loss report (kept, rewritten with its reason, unsupported, with line:column), \
    then the native query and the tree as which it is understood. Where anything is \
    unsupported, no query is printed and the exit code is 2. What was simply kept is counted in \
    the table and listed in jsonl, whose last line has the query."
)]
pub struct Args {
    /// brandwatch, meltwater or talkwalker
    #[arg(long, value_name = "NAME",
        value_parser = |text: &str| Dialect::parse(text).ok_or("brandwatch, meltwater or talkwalker"))]
    dialect: Dialect,
    /// File with one query, or `-` for standard input
    file: PathBuf,
    /// table for people, jsonl for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let written = read(&args.file)?;
    let imported = import(args.dialect, &written);
    let report = match &imported {
        Ok(imported) => &imported.report,
        Err(report) => report,
    };
    let mut out = Output::new();
    match args.format {
        Format::Jsonl => losses(&mut out, report)?,
        Format::Table => table(&mut out, report)?,
    }
    match &imported {
        Ok(imported) => query(&mut out, imported, args.format)?,
        Err(report) => {
            out.flush()?;
            note(&format!(
                "No query was made: {} unsupported.",
                constructs(report.count(LossKind::Unsupported))
            ));
            return Ok(ExitCode::from(EXIT_USAGE));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The query of a file or standard input; no more of it than tells that it is too long.
fn read(file: &Path) -> anyhow::Result<String> {
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(|| file.display().to_string())?)
    };
    let mut bytes = Vec::new();
    let limit = MAX_BYTES as u64 * 2;
    let taken = input.take(limit).read_to_end(&mut bytes);
    taken.with_context(|| file.display().to_string())?;
    let end = if bytes.len() as u64 == limit {
        // The cut may lie in a character; what is left of it is too long all the same.
        String::from_utf8_lossy(&bytes).into_owned()
    } else {
        String::from_utf8(bytes)
            .map_err(|_| WrongArguments(format!("{}: not UTF-8", file.display())))?
    };
    let text = end.strip_prefix('\u{feff}').unwrap_or(&end);
    Ok(text.trim_end().to_owned())
}

fn losses(out: &mut Output, report: &LossReport) -> io::Result<()> {
    report.losses.iter().try_for_each(|loss| {
        out.json(&json!({
            "kind": loss.kind.as_str(), "line": loss.line, "column": loss.column,
            "written": loss.written, "became": loss.became,
            "reason": loss.reason.en, "reason_de": loss.reason.de,
        }))
    })
}

fn table(out: &mut Output, report: &LossReport) -> io::Result<()> {
    let mut told: HashMap<&str, String> = HashMap::new();
    let mut rows = Vec::new();
    for loss in report.losses.iter().filter(|loss| !loss.reason.is_empty()) {
        let place = format!("{}:{}", loss.line, loss.column);
        let reason = match told.get(loss.reason.en.as_str()) {
            Some(first) => format!("as at {first}"),
            None => loss.reason.en.clone(),
        };
        told.entry(&loss.reason.en).or_insert_with(|| place.clone());
        rows.push(row(loss, place, reason));
    }
    if !rows.is_empty() {
        out.table(&["WHAT", "PLACE", "WRITTEN", "BECAME", "REASON"], &rows)?;
    }
    let count = |kind| constructs(report.count(kind));
    out.line(&format!(
        "{} kept, {} rewritten, {} unsupported.",
        count(LossKind::Kept),
        report.count(LossKind::Rewritten),
        report.count(LossKind::Unsupported)
    ))
}

fn row(loss: &Loss, place: String, reason: String) -> Vec<String> {
    let became = match loss.became.is_empty() {
        true => "-",
        false => &loss.became,
    };
    let kind = loss.kind.as_str().to_owned();
    vec![kind, place, short(&loss.written), short(became), reason]
}

fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn constructs(count: usize) -> String {
    match count {
        1 => "1 construct".to_owned(),
        _ => format!("{count} constructs"),
    }
}

fn query(out: &mut Output, imported: &Imported, format: Format) -> io::Result<()> {
    let (query, tree) = (imported.query.written(), imported.query.expr().to_string());
    if format == Format::Jsonl {
        return out.json(&json!({"kind": "query", "query": query, "tree": tree}));
    }
    out.line("")?;
    out.line("Query:")?;
    out.line(query)?;
    out.line("")?;
    out.line("Understood as:")?;
    out.line(&tree)
}
