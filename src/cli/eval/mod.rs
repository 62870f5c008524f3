//! `resonanz eval`: how well the classifier does on statements that people have judged.

mod page;

use super::house::{Settings, today};
use super::judged::{self, Statement};
use super::train::samples;
use super::{Output, train as training};
use crate::classify::linear::Linear;
use crate::classify::score::{
    Calibration, Judged, Point, Scores, by_target, calibration, curve, interval, scores,
};
use crate::classify::train::{self, Sample};
use crate::classify::trained::Trained;
use crate::classify::{Classifier, Lexicon};
use crate::model::Stance;
use crate::privacy::Voices;
use crate::text::hash;
use serde::Serialize;
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
    /// A model that `train` made, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Train on the set itself, in so many parts: each is judged by a model that never saw it
    #[arg(long, value_name = "PARTS", conflicts_with = "model", value_parser = clap::value_parser!(u64).range(2..=20))]
    folds: Option<u64>,
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
    let lines = judged::read(&args.set)?;
    let statements = judged::prepare(&lines, &config.register.targets, &voices)?;
    let (model, judged) = match (&args.model, args.folds) {
        (_, Some(folds)) => (
            format!("linear, {folds} folds of the set"),
            cross_validate(&statements, folds),
        ),
        (Some(path), None) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let model = Trained::new(name.into_owned(), training::model(path)?);
            (model.model().to_owned(), judge(&model, &statements))
        }
        (None, None) => {
            let model = Lexicon::new();
            (model.model().to_owned(), judge(&model, &statements))
        }
    };
    let name = args.set.file_name().unwrap_or_default();
    let report = report(name.to_string_lossy().into_owned(), model, &judged);
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

/// What a classifier says of each statement.
fn judge(model: &dyn Classifier, statements: &[Statement]) -> Vec<Judged> {
    let one = |statement: &Statement| {
        let labels = model.classify(&statement.mention, &[&statement.target]);
        let label = labels.stances.first();
        Judged {
            target: statement.target.name.clone(),
            truth: statement.stance,
            said: label.map_or(Stance::Unclear, |label| label.stance),
            probability: label.and_then(|label| label.probability).map(f64::from),
        }
    };
    statements.iter().map(one).collect()
}

/// Learns from all parts of the set but one, and judges that one; every part once. Statements with
/// one text stay together.
fn cross_validate(statements: &[Statement], folds: u64) -> Vec<Judged> {
    let fold = |statement: &Statement| hash(&statement.mention.text) % folds;
    let samples = samples(statements);
    let mut judged = Vec::new();
    for held in 0..folds {
        let numbered = statements.iter().zip(&samples);
        let learned: Vec<Sample> = numbered
            .filter(|(statement, _)| fold(statement) != held)
            .map(|(_, sample)| sample.clone())
            .collect();
        let model = train::train(&learned, &Linear::blank(), train::Settings::default());
        let model = Trained::new(String::new(), model);
        for statement in statements.iter().filter(|one| fold(one) == held) {
            judged.extend(judge(&model, std::slice::from_ref(statement)));
        }
    }
    judged
}

fn report(set: String, model: String, judged: &[Judged]) -> Report {
    let targets = by_target(judged).into_iter();
    Report {
        set,
        model,
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
