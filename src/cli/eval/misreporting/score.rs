//! What a set came to: precision, recall and F1 by kind, with their interval, and false alarms.

use crate::classify::score::{below, inner};
use crate::relate::compare::DifferenceKind;
use serde::Serialize;

/// Draws of the bootstrap, and their seed: the same file gives the same interval.
const DRAWS: usize = 1_000;
const SEED: u64 = 20_161_121;

#[derive(Debug, Serialize)]
pub struct Run {
    pub kinds: Vec<Row>,
    /// Articles that differ in nothing, and those of them that raised something.
    pub without: u32,
    pub raised: u32,
    /// Differences that are none, of all articles.
    pub false_alarms: u32,
}

#[derive(Debug, Serialize)]
pub struct Row {
    pub kind: &'static str,
    #[serde(flatten)]
    pub counts: Counts,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    /// 95 of 100 draws of as many pairs lie between these.
    pub f1_interval: (f64, f64),
}

#[derive(Debug, Default, Clone, Copy, Serialize)]
pub struct Counts {
    pub pairs: u32,
    /// Pairs where anything was found, where the kind is right, where kind and values are.
    pub found: u32,
    pub right_kind: u32,
    pub right: u32,
    /// Differences that were reported of this kind.
    pub reported: u32,
}

/// What was reported of one pair.
pub struct Outcome {
    pub truth: Option<DifferenceKind>,
    pub reported: Vec<(DifferenceKind, bool)>,
}

pub fn measure(outcomes: &[Outcome]) -> Run {
    let rows = DifferenceKind::ALL.map(Some).into_iter().chain([None]);
    let without = outcomes.iter().filter(|one| one.truth.is_none());
    let wrong = outcomes
        .iter()
        .flat_map(|one| &one.reported)
        .filter(|(_, right)| !right);
    Run {
        kinds: rows.map(|kind| row(outcomes, kind)).collect(),
        without: count(without.clone().count()),
        raised: count(without.filter(|one| !one.reported.is_empty()).count()),
        false_alarms: count(wrong.count()),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The numbers of one kind, or of all.
fn row(outcomes: &[Outcome], kind: Option<DifferenceKind>) -> Row {
    let all: Vec<&Outcome> = outcomes.iter().collect();
    let counts = counts(&all, kind);
    let (precision, recall, f1) = shares(counts);
    let mut dice = SEED;
    let mut drawn: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let draw: Vec<&Outcome> = all
                .iter()
                .map(|_| all[below(&mut dice, all.len())])
                .collect();
            shares(self::counts(&draw, kind)).2
        })
        .collect();
    Row {
        kind: kind.map_or("all", DifferenceKind::as_str),
        counts,
        precision,
        recall,
        f1,
        f1_interval: inner(&mut drawn),
    }
}

fn counts(outcomes: &[&Outcome], kind: Option<DifferenceKind>) -> Counts {
    let is_of = |one: DifferenceKind| kind.is_none_or(|kind| kind == one);
    let mut counts = Counts::default();
    for outcome in outcomes {
        counts.reported += count(
            outcome
                .reported
                .iter()
                .filter(|(one, _)| is_of(*one))
                .count(),
        );
        if let Some(truth) = outcome.truth.filter(|truth| is_of(*truth)) {
            counts.pairs += 1;
            counts.found += u32::from(!outcome.reported.is_empty());
            counts.right_kind += u32::from(outcome.reported.iter().any(|(one, _)| *one == truth));
            counts.right += u32::from(outcome.reported.iter().any(|(_, right)| *right));
        }
    }
    counts
}

/// Precision, recall and F1.
fn shares(counts: Counts) -> (f64, f64, f64) {
    let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
    let f1 = share(2 * counts.right, counts.reported + counts.pairs);
    (
        share(counts.right, counts.reported),
        share(counts.right, counts.pairs),
        f1,
    )
}
