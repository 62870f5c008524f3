//! What `eval` found, as numbers and as tables.

use super::yardsticks::{Yardstick, yardsticks};
use crate::classify::score::{
    Calibration, ClassScore, Judged, Point, Ranking, Scores, by_target, calibration, curve,
    difference, interval, ranking, scores,
};
use crate::cli::Output;
use serde::Serialize;

/// Draws of the bootstrap, and their seed: the same file gives the same interval.
const DRAWS: usize = 1_000;
const SEED: u64 = 20_161_121;

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Name of the file.
    pub set: String,
    pub model: String,
    #[serde(flatten)]
    pub all: Scores,
    /// 95 of 100 draws of as many statements lie between these.
    pub macro_f1_interval: (f64, f64),
    #[serde(flatten)]
    pub ranking: Option<Ranking>,
    pub compared: Option<Compared>,
    pub targets: Vec<ByTarget>,
    pub calibration: Option<Calibration>,
    pub coverage_curve: Vec<Point>,
    /// What others have published of this set.
    pub published: Vec<Yardstick>,
}

/// Another model on the same statements.
#[derive(Debug, Serialize)]
pub struct Compared {
    pub model: String,
    pub macro_f1: f64,
    /// How much the judged model is better, in 95 of 100 draws.
    pub difference_interval: (f64, f64),
}

#[derive(Debug, Serialize)]
pub struct ByTarget {
    pub target: String,
    #[serde(flatten)]
    pub scores: Scores,
}

impl Report {
    pub fn new(set: String, model: String, judged: &[Judged]) -> Self {
        let targets = by_target(judged).into_iter();
        Self {
            model,
            all: scores(judged.iter()),
            macro_f1_interval: interval(judged, DRAWS, SEED),
            ranking: ranking(judged),
            compared: None,
            targets: targets
                .map(|(target, scores)| ByTarget { target, scores })
                .collect(),
            calibration: calibration(judged),
            coverage_curve: curve(judged),
            published: yardsticks(&set),
            set,
        }
    }

    pub fn compare(&mut self, model: &str, judged: &[Judged], other: &[Judged]) {
        self.compared = Some(Compared {
            model: model.to_owned(),
            macro_f1: scores(other.iter()).macro_f1,
            difference_interval: difference(judged, other, DRAWS, SEED),
        });
    }
}

pub fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

/// The numbers over all statements, as sentences of two columns.
pub fn figures(report: &Report) -> Vec<(String, String)> {
    let (low, high) = report.macro_f1_interval;
    let all = &report.all;
    let covered = format!(
        "{}, {}",
        percent(all.coverage),
        percent(all.accuracy_covered)
    );
    let ece = match &report.calibration {
        Some(calibration) => percent(calibration.ece),
        None => "– (this model gives no probabilities)".to_owned(),
    };
    let within = |low, high| format!("95 % between {} and {}", percent(low), percent(high));
    let macro_f1 = format!("{} ({})", percent(all.macro_f1), within(low, high));
    let mut figures = vec![
        ("statements", all.statements.to_string()),
        ("macro-F1 (critical, neutral, supportive)", macro_f1),
        (
            "macro-F1 (critical, supportive)",
            percent(all.macro_f1_sides),
        ),
        ("accuracy", percent(all.accuracy)),
        ("coverage, and accuracy where not unclear", covered),
        ("taken for the other side", percent(all.wrong_side)),
        ("calibration error (ECE)", ece),
    ];
    if let Some(ranking) = &report.ranking {
        let forced = format!(
            "{}, {}",
            percent(ranking.macro_f1_forced),
            percent(ranking.accuracy_forced)
        );
        figures.push(("macro-F1 and accuracy without unclear", forced));
        figures.push((
            "critical against the rest (AUC)",
            percent(ranking.auc_critical),
        ));
    }
    let mut figures: Vec<(String, String)> = figures
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    if let Some(other) = &report.compared {
        let (low, high) = other.difference_interval;
        let value = format!(
            "{}; better by {}",
            percent(other.macro_f1),
            within(low, high)
        );
        figures.push((format!("macro-F1 of {}", other.model), value));
    }
    for published in &report.published {
        figures.push((
            format!("published: {}", published.who),
            format!("{} {}", published.value, published.what),
        ));
    }
    figures
}

pub fn classes(scores: &Scores) -> Vec<Vec<String>> {
    let row = |(class, said): (&ClassScore, &[u32; 4])| {
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

pub fn table(out: &mut Output, report: &Report) -> anyhow::Result<()> {
    out.line(&format!("{} on {}", report.model, report.set))?;
    let rows: Vec<Vec<String>> = figures(report)
        .into_iter()
        .map(|(name, value)| vec![name, value])
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
pub const CLASS_HEAD: [&str; 9] = [
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
