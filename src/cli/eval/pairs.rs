//! `eval pairs`: what must not change a stance, and what must.

use super::{Format, Judge};
use crate::app::statements::mention;
use crate::classify::statements::{Pair, pairs};
use crate::cli::Output;
use crate::model::{Stance, Target};
use serde::Serialize;
use std::collections::BTreeMap;

/// How a model does on the pairs of one rule.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Row {
    pub pairs: u32,
    /// Pairs of which both must have one stance.
    pub must_agree: u32,
    /// Of those that must agree: both are called the same.
    pub agree: u32,
    /// Of those that must agree: one is called critical and the other supportive.
    pub flipped: u32,
    /// Of those that must differ: they are called differently.
    pub differ: u32,
    /// Statements that are called what they are, of two a pair.
    pub right: u32,
    /// Critical statements called supportive, or the other way round, of two a pair.
    pub wrong_side: u32,
}

/// What a judge says of all pairs, by rule.
pub fn judged(judge: &Judge, targets: &[Target]) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for pair in pairs() {
        let Some(target) = targets.iter().find(|target| target.name == pair.target) else {
            continue;
        };
        let said = [&pair.a, &pair.b].map(|text| said(judge, &pair, text, target));
        count(rows.entry(pair.rule.clone()).or_default(), &pair, said);
    }
    rows
}

fn said(judge: &Judge, pair: &Pair, text: &str, target: &Target) -> Stance {
    let mention = mention(pair, text);
    mention.map_or(Stance::Unclear, |mention| judge.stance(&mention, target))
}

fn count(row: &mut Row, pair: &Pair, said: [Stance; 2]) {
    row.pairs += 1;
    if pair.is_same() {
        row.must_agree += 1;
        row.agree += u32::from(said[0] == said[1]);
        row.flipped += u32::from(is_other_side(said[0], said[1]));
    } else {
        row.differ += u32::from(said[0] != said[1]);
    }
    for (said, truth) in said.into_iter().zip([&pair.a_stance, &pair.b_stance]) {
        let truth = Stance::parse(truth).unwrap_or(Stance::Unclear);
        row.right += u32::from(said == truth);
        row.wrong_side += u32::from(is_other_side(said, truth));
    }
}

fn is_other_side(one: Stance, other: Stance) -> bool {
    let sides = [Stance::Critical, Stance::Supportive];
    one != other && sides.contains(&one) && sides.contains(&other)
}

/// Prints the rows.
///
/// # Errors
/// An output that was closed.
pub fn print(rows: &BTreeMap<String, Row>, format: Format) -> anyhow::Result<()> {
    let mut out = Output::new();
    if format == Format::Json {
        return Ok(out.json(rows)?);
    }
    let line = |(rule, row): (&String, &Row)| {
        let numbers = [
            row.pairs,
            row.must_agree,
            row.agree,
            row.flipped,
            row.pairs - row.must_agree,
            row.differ,
            row.right,
            row.wrong_side,
        ];
        let mut cells = vec![rule.clone()];
        cells.extend(numbers.map(|number| number.to_string()));
        cells
    };
    let lines: Vec<Vec<String>> = rows.iter().map(line).collect();
    let head = [
        "RULE",
        "PAIRS",
        "SAME",
        "AGREE",
        "FLIPPED",
        "OTHER",
        "DIFFER",
        "RIGHT",
        "WRONG SIDE",
    ];
    Ok(out.table(&head, &lines)?)
}
