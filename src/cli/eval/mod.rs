//! `resonanz eval`: how well the classifier does on statements that people have judged.

mod page;

use super::house::{Settings, today};
use super::{Output, WrongArguments};
use crate::classify::score::{
    Calibration, Judged, Point, Scores, by_target, calibration, curve, interval, scores,
};
use crate::classify::{Classifier, Lexicon};
use crate::clock::Clock;
use crate::model::{Item, Kind, Stance, Target};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, Voices};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::process::ExitCode;

/// Draws of the bootstrap, and their seed: the same file gives the same interval.
const DRAWS: usize = 1_000;
const SEED: u64 = 20_161_121;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Stance toward targets, on a file of lines {"text","target","stance"}.
    #[command(after_help = "Example: resonanz eval stance --set judged.jsonl\n\n\
        One JSON object a line: {\"text\":\"…\",\"target\":\"minister\",\"stance\":\"critical\"}; stance \
        is critical, supportive, neutral or unclear; target is a registered one, or any name by which \
        the text calls it. `kind` (article, reply, …) and `lang` may stand beside; other keys are left \
        alone.")]
    Stance(Args),
}

#[derive(Debug, clap::Args)]
pub struct Args {
    /// File of judged statements
    #[arg(long, value_name = "FILE")]
    set: PathBuf,
    #[command(flatten)]
    settings: Settings,
    /// table for people, json for programs, html for reports
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Html,
}

/// One line of a set.
#[derive(Debug, Deserialize)]
struct Line {
    text: String,
    target: String,
    stance: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    lang: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    /// Name of the file.
    set: String,
    model: String,
    #[serde(flatten)]
    all: Scores,
    /// 95 of 100 draws of as many statements lie between these.
    macro_f1_interval: (f64, f64),
    targets: Vec<ByTarget>,
    calibration: Option<Calibration>,
    coverage_curve: Vec<Point>,
}

#[derive(Debug, Serialize)]
struct ByTarget {
    target: String,
    #[serde(flatten)]
    scores: Scores,
}

pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Stance(args) = command;
    let config = args.settings.read()?;
    let voices = Voices::new(&config.voices, today());
    let lines = read(&args.set)?;
    let model = Lexicon::new();
    let judged = judge(&model, &lines, &config.register.targets, &voices)?;
    let name = args.set.file_name().unwrap_or_default();
    let report = report(name.to_string_lossy().into_owned(), &model, &judged);
    let mut out = Output::new();
    match args.format {
        Format::Table => table(&mut out, &report)?,
        Format::Json => out.json(&report)?,
        Format::Html => {
            for line in page::html(&report)?.lines() {
                out.line(line)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &PathBuf) -> anyhow::Result<Vec<(Line, Stance)>> {
    let wrong = |what: String| WrongArguments(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let read: Line =
            serde_json::from_str(line).map_err(|error| wrong(format!("line {number}: {error}")))?;
        let stance = Stance::parse(&read.stance).ok_or_else(|| {
            let names = Stance::ALL.map(Stance::as_str).join(", ");
            wrong(format!("line {number}: `stance` must be one of {names}"))
        })?;
        lines.push((read, stance));
    }
    match lines.is_empty() {
        true => Err(wrong("there is no line in it".to_owned()).into()),
        false => Ok(lines),
    }
}

/// Sends every statement the way that a mention goes.
fn judge(
    model: &dyn Classifier,
    lines: &[(Line, Stance)],
    targets: &[Target],
    voices: &Voices,
) -> anyhow::Result<Vec<Judged>> {
    let keys = Keys::from_secret([0; 32]);
    let context = Context {
        source: "eval",
        keys: &keys,
        voices,
        collected: Clock::system().now(),
    };
    let mut judged = Vec::with_capacity(lines.len());
    for (line, truth) in lines {
        let kind = line.kind.as_deref().and_then(Kind::parse);
        let mut item = Item::new("eval", "eval", kind.unwrap_or(Kind::Post));
        item.text = line.text.clone();
        item.lang = line.lang.clone();
        let mention = normalise(item, &context)?;
        let known = targets.iter().find(|target| target.name == line.target);
        let target = known.cloned().unwrap_or_else(|| Target {
            name: line.target.clone(),
            label: line.target.clone(),
            aliases: vec![line.target.clone()],
        });
        let labels = model.classify(&mention, &[&target]);
        let label = labels.stances.first();
        judged.push(Judged {
            target: target.name,
            truth: *truth,
            said: label.map_or(Stance::Unclear, |label| label.stance),
            probability: label.and_then(|label| label.probability).map(f64::from),
        });
    }
    Ok(judged)
}

fn report(set: String, model: &dyn Classifier, judged: &[Judged]) -> Report {
    let targets = by_target(judged).into_iter();
    Report {
        set,
        model: model.model().to_owned(),
        all: scores(judged.iter()),
        macro_f1_interval: interval(judged, DRAWS, SEED),
        targets: targets
            .map(|(target, scores)| ByTarget { target, scores })
            .collect(),
        calibration: calibration(judged),
        coverage_curve: curve(judged),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

/// The numbers over all statements, as sentences of two columns.
fn figures(report: &Report) -> Vec<(&'static str, String)> {
    let (low, high) = report.macro_f1_interval;
    let all = &report.all;
    let mut figures = vec![
        ("statements", all.statements.to_string()),
        (
            "macro-F1 (critical, neutral, supportive)",
            format!(
                "{} (95 % between {} and {})",
                percent(all.macro_f1),
                percent(low),
                percent(high)
            ),
        ),
        (
            "macro-F1 (critical, supportive)",
            percent(all.macro_f1_sides),
        ),
        ("accuracy", percent(all.accuracy)),
        (
            "coverage, and accuracy where not unclear",
            format!(
                "{}, {}",
                percent(all.coverage),
                percent(all.accuracy_covered)
            ),
        ),
        ("taken for the other side", percent(all.wrong_side)),
    ];
    let ece = match &report.calibration {
        Some(calibration) => percent(calibration.ece),
        None => "– (this model gives no probabilities)".to_owned(),
    };
    figures.push(("calibration error (ECE)", ece));
    figures
}

fn classes(scores: &Scores) -> Vec<Vec<String>> {
    let row = |(class, said): (&crate::classify::score::ClassScore, &[u32; 4])| {
        let shares = [class.precision, class.recall, class.f1].map(percent);
        let mut cells = vec![class.stance.to_owned(), class.statements.to_string()];
        cells.extend(shares);
        cells.extend(said.iter().map(u32::to_string));
        cells
    };
    scores
        .classes
        .iter()
        .zip(&scores.confusion)
        .map(row)
        .collect()
}

fn table(out: &mut Output, report: &Report) -> anyhow::Result<()> {
    out.line(&format!("{} on {}", report.model, report.set))?;
    let rows: Vec<Vec<String>> = figures(report)
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    out.table(&["FIGURE", "PERCENT"], &rows)?;
    out.line("")?;
    out.table(&CLASS_HEAD, &classes(&report.all))?;
    out.line("")?;
    let row = |by: &ByTarget| {
        vec![
            by.scores.statements.to_string(),
            percent(by.scores.macro_f1),
            percent(by.scores.coverage),
            by.target.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = report.targets.iter().map(row).collect();
    out.table(&["STATEMENTS", "MACRO-F1", "COVERAGE", "TARGET"], &rows)?;
    Ok(())
}

/// Of [`classes`]; the last four are what was said of the statements of a row.
const CLASS_HEAD: [&str; 9] = [
    "TRUTH",
    "STATEMENTS",
    "PRECISION",
    "RECALL",
    "F1",
    "SUPPORTIVE",
    "CRITICAL",
    "NEUTRAL",
    "UNCLEAR",
];
