//! Pairs of statements that no model learns from: what must not change a stance, and what must. They
//! are the frozen statements that a retrained model is measured by.

use serde::Deserialize;

const PAIRS: &str = include_str!("seed/pairs.jsonl");

/// Two statements that differ in one thing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pair {
    /// What differs: `name`, `dialect`, `negation` …
    pub rule: String,
    pub lang: String,
    pub target: String,
    pub a: String,
    pub b: String,
    pub a_stance: String,
    pub b_stance: String,
}

impl Pair {
    /// Both statements have the same stance.
    pub fn is_same(&self) -> bool {
        self.a_stance == self.b_stance
    }
}

/// All pairs. A line that cannot be read is left out; a test holds that there is none.
pub fn pairs() -> Vec<Pair> {
    let lines = PAIRS.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Lines of the file.
pub fn lines() -> usize {
    PAIRS.lines().count()
}
