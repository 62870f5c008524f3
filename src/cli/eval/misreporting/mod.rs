//! `eval misreporting`: how well differences from our own statements are found, on articles beside
//! statements, and how often an article that differs in nothing raises one.

mod score;

use crate::cli::{Output, WrongArguments};
use crate::model::StatementId;
use crate::relate::compare::{Config, Difference, DifferenceKind, Statement, Statements};
use anyhow::Context;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use score::{Outcome, Row, Run, measure};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::PathBuf;

/// Our own set; what may stand in a line is told by `eval misreporting --help`.
const SET: &str = include_str!("set.jsonl");

#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of articles beside statements, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    set: Option<PathBuf>,
    /// Only the lines with odd numbers (dev), or those with even ones (held-out)
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "dev|held-out"
    )]
    half: Option<Half>,
    /// Also print what was found wrongly, or not
    #[arg(long)]
    show: bool,
    /// table for people, json for programs
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Half {
    Dev,
    HeldOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

/// One line of a set; other keys (`lang`) are left alone.
#[derive(Debug, Deserialize)]
struct Pair {
    #[serde(default)]
    number: usize,
    /// Days of publication.
    #[serde(default = "day")]
    on: Date,
    #[serde(default = "day")]
    read_on: Date,
    statement: String,
    #[serde(default)]
    title: String,
    article: String,
    kind: Option<DifferenceKind>,
    #[serde(default)]
    ours: String,
    #[serde(default)]
    theirs: String,
    #[serde(default)]
    note: String,
}

fn day() -> Date {
    jiff::civil::date(2026, 5, 4)
}

/// What a set came to.
#[derive(Debug, Serialize)]
struct Report {
    pairs: usize,
    /// Each article beside its own statement.
    alone: Run,
    /// Each article beside all statements of the set, as in production.
    crossed: Run,
}

/// Runs the comparison on a set and prints what it came to.
///
/// # Errors
/// A file or a line that cannot be read; an output that was closed.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let (name, text) = match &args.set {
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let wrong = |error| WrongArguments(format!("{}: {error}", path.display()));
            (path.display().to_string(), text.map_err(wrong)?)
        }
        None => ("misreporting.jsonl".to_owned(), SET.to_owned()),
    };
    let all = read(&name, &text)?;
    let is_chosen = |pair: &&Pair| match args.half {
        Some(Half::Dev) => !pair.number.is_multiple_of(2),
        Some(Half::HeldOut) => pair.number.is_multiple_of(2),
        None => true,
    };
    let chosen: Vec<&Pair> = all.iter().filter(is_chosen).collect();
    let alone = chosen
        .iter()
        .map(|pair| found(&mut of(&[pair])?, pair))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let every: Vec<&Pair> = all.iter().collect();
    let mut statements = of(&every)?;
    let crossed = chosen
        .iter()
        .map(|pair| found(&mut statements, pair))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let report = Report {
        pairs: chosen.len(),
        alone: measure(&outcomes(&chosen, &alone)),
        crossed: measure(&outcomes(&chosen, &crossed)),
    };
    let mut out = Output::new();
    match args.format {
        Format::Json => out.json(&report)?,
        Format::Table => table(&mut out, &report)?,
    }
    if args.show {
        show(&mut out, "alone", &chosen, &alone)?;
        show(&mut out, "crossed", &chosen, &crossed)?;
    }
    Ok(())
}

fn read(name: &str, text: &str) -> anyhow::Result<Vec<Pair>> {
    let mut pairs = Vec::new();
    for (number, line) in (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let wrong = |what: String| {
            WrongArguments(format!(
                "{name}: line {number}: {what}; a line is {EXPECTED}"
            ))
        };
        let mut pair: Pair =
            serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let empty = pair.ours.is_empty() || pair.theirs.is_empty();
        if pair.kind.is_some() == empty {
            return Err(wrong(
                "`ours` and `theirs` stand where `kind` is no null, and only there".to_owned(),
            )
            .into());
        }
        pair.number = number;
        pairs.push(pair);
    }
    match pairs.is_empty() {
        true => Err(WrongArguments(format!("{name}: there is no line in it")).into()),
        false => Ok(pairs),
    }
}

const EXPECTED: &str = "{\"statement\":\"…\",\"article\":\"…\",\"kind\":null or number|date|quote|office|negation|speaker,\
    \"ours\":\"…\",\"theirs\":\"…\"}, with `on`, `read_on` (days), `title` and `note` by choice";

/// The statements of some pairs, each once.
fn of(pairs: &[&Pair]) -> anyhow::Result<Statements> {
    let mut statements = Statements::new(&Config::default());
    let mut known = HashSet::new();
    for pair in pairs {
        if known.insert(pair.statement.as_str()) {
            statements.put(&Statement {
                id: key(&pair.statement),
                published: at(pair.on, 0)?,
                title: "",
                text: &pair.statement,
            });
        }
    }
    Ok(statements)
}

fn key(statement: &str) -> StatementId {
    StatementId::Entered(crate::text::hash(statement).cast_signed())
}

fn at(day: Date, hour: i64) -> anyhow::Result<Timestamp> {
    let midnight = day
        .to_zoned(jiff::tz::TimeZone::UTC)
        .context("a day that does not exist")?;
    Ok(midnight.timestamp() + SignedDuration::from_hours(hour))
}

fn found(statements: &mut Statements, pair: &Pair) -> anyhow::Result<Vec<Difference>> {
    Ok(statements.differences(at(pair.read_on, 12)?, &pair.title, &pair.article))
}

fn outcomes(pairs: &[&Pair], found: &[Vec<Difference>]) -> Vec<Outcome> {
    let outcome = |(pair, found): (&&Pair, &Vec<Difference>)| Outcome {
        truth: pair.kind,
        reported: found
            .iter()
            .map(|one| (one.kind, is_right(pair, one)))
            .collect(),
    };
    pairs.iter().zip(found).map(outcome).collect()
}

/// The kind is right, the statement is, and of both values each holds the words of the other.
fn is_right(pair: &Pair, found: &Difference) -> bool {
    pair.kind == Some(found.kind)
        && found.statement == key(&pair.statement)
        && same_words(&pair.ours, &found.ours)
        && same_words(&pair.theirs, &found.theirs)
}

/// True where the words of one stand in the other, in the same order.
fn same_words(one: &str, other: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let tokens = crate::text::analyse(text).into_iter();
        tokens
            .filter_map(|token| token.terms.into_iter().next())
            .collect()
    };
    let (one, other) = (words(one), words(other));
    let within = |few: &[String], many: &[String]| {
        let mut rest = many.iter();
        few.iter().all(|word| rest.any(|other| other == word))
    };
    within(&one, &other) || within(&other, &one)
}

fn table(out: &mut Output, report: &Report) -> anyhow::Result<()> {
    for (name, run) in [
        ("its own statement", &report.alone),
        ("all statements at once", &report.crossed),
    ] {
        out.line(&format!("{} articles, each beside {name}", report.pairs))?;
        let line = |row: &Row| {
            let counts = row.counts;
            let mut cells = vec![row.kind.to_owned()];
            let numbers = [
                counts.pairs,
                counts.found,
                counts.right_kind,
                counts.right,
                counts.reported,
            ];
            cells.extend(numbers.map(|number| number.to_string()));
            let (low, high) = row.f1_interval;
            cells.extend(
                [row.precision, row.recall, row.f1, low, high]
                    .map(crate::cli::eval::report::percent),
            );
            cells
        };
        let rows: Vec<Vec<String>> = run.kinds.iter().map(line).collect();
        out.table(&HEAD, &rows)?;
        let (raised, without) = (run.raised, run.without);
        out.line(&format!("{raised} of {without} articles that differ in nothing raised something; {} false alarms in all", run.false_alarms))?;
        out.line("")?;
    }
    Ok(())
}

const HEAD: [&str; 11] = [
    "KIND",
    "PAIRS",
    "FOUND",
    "RIGHT KIND",
    "RIGHT VALUES",
    "REPORTED",
    "PRECISION",
    "RECALL",
    "F1",
    "FROM",
    "TO",
];

/// What was reported wrongly, or not at all.
fn show(
    out: &mut Output,
    run: &str,
    pairs: &[&Pair],
    found: &[Vec<Difference>],
) -> anyhow::Result<()> {
    for (pair, found) in pairs.iter().zip(found) {
        let right = found.iter().filter(|one| is_right(pair, one)).count();
        if right == found.len() && (right > 0 || pair.kind.is_none()) {
            continue;
        }
        let wanted = match pair.kind {
            Some(kind) => format!("{} {} / {}", kind.as_str(), pair.ours, pair.theirs),
            None => "nothing".to_owned(),
        };
        out.line(&format!(
            "{run}, line {}: wanted {wanted} ({})",
            pair.number, pair.note
        ))?;
        for one in found {
            let (kind, ours, theirs) = (one.kind.as_str(), &one.ours, &one.theirs);
            out.line(&format!(
                "    {kind} {:.2}: {ours} / {theirs}",
                one.certainty
            ))?;
            out.line(&format!("      ours: {}", one.our_sentence))?;
        }
        out.line(&format!("    {} {}", pair.title, pair.article))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the built-in set must come to at least; the numbers themselves are printed by the command.
    #[test]
    fn who_differs_in_nothing_is_left_in_peace() {
        let all = read("misreporting.jsonl", SET).unwrap();
        let pairs: Vec<&Pair> = all.iter().collect();
        let mut statements = of(&pairs).unwrap();
        let found: Vec<_> = pairs
            .iter()
            .map(|pair| found(&mut statements, pair).unwrap())
            .collect();
        let run = measure(&outcomes(&pairs, &found));
        assert!(run.without >= 90 && pairs.len() >= 180);
        assert!(run.raised <= 1, "{} articles", run.raised);
        let all = run.kinds.last().unwrap();
        assert!(all.recall > 0.8 && all.precision > 0.9, "{all:?}");
        assert!(all.f1_interval.0 < all.f1 && all.f1 < all.f1_interval.1);
    }

    #[test]
    fn a_half_holds_no_statement_of_the_other() {
        let all = read("misreporting.jsonl", SET).unwrap();
        let half = |odd: bool| -> HashSet<&str> {
            let of = all
                .iter()
                .filter(|pair| pair.number.is_multiple_of(2) != odd);
            of.map(|pair| pair.statement.as_str()).collect()
        };
        assert!(half(true).is_disjoint(&half(false)));
        assert!(half(true).len() > 30);
    }

    #[test]
    fn a_bad_line_is_named() {
        for (line, told) in [
            ("{}", "missing field `statement`"),
            (
                "{\"statement\":\"a\",\"article\":\"b\",\"kind\":\"rumour\"}",
                "unknown variant `rumour`",
            ),
            (
                "{\"statement\":\"a\",\"article\":\"b\",\"kind\":\"date\"}",
                "`ours` and `theirs` stand where `kind` is no null",
            ),
        ] {
            let error = read("set.jsonl", &format!("\n{line}\n"))
                .unwrap_err()
                .to_string();
            assert!(error.starts_with("set.jsonl: line 2: "), "{error}");
            assert!(
                error.contains(told) && error.contains("a line is"),
                "{error}"
            );
        }
        assert!(read("set.jsonl", "\n").is_err());
    }

    #[test]
    fn values_are_compared_by_their_words() {
        for (one, other) in [
            ("12.345", "rund 12.345 Menschen"),
            (
                "wird nicht gekürzt",
                "wird die Hilfe an der Elbe nicht gekürzt",
            ),
        ] {
            assert!(same_words(one, other) && same_words(other, one));
        }
        assert!(!same_words("15.345", "rund 12.345 Menschen"));
    }
}
