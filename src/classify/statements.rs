//! Our own judged statements that come with the program: pairs that no model learns from, of which
//! some must not change a stance and some must, by which a retrained model is measured; and the seed
//! of the built-in model, which retraining rehearses, so that nothing is forgotten.

use serde::Deserialize;

const PAIRS: &str = include_str!("seed/pairs.jsonl");
const SEEDS: [&str; 2] = [
    include_str!("seed/stance-de.jsonl"),
    include_str!("seed/stance-en.jsonl"),
];

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

/// A statement that the built-in model has learned from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Seed {
    pub text: String,
    pub target: String,
    pub stance: String,
    pub lang: String,
    pub kind: String,
}

/// All pairs. A line that cannot be read is left out; a test holds that there is none.
pub fn pairs() -> Vec<Pair> {
    read(PAIRS).collect()
}

/// All statements of the seed, likewise.
pub fn seeds() -> Vec<Seed> {
    SEEDS.into_iter().flat_map(read).collect()
}

/// Lines of the files: pairs, seeds.
pub fn lines() -> (usize, usize) {
    let seeds = SEEDS.iter().map(|file| file.lines().count());
    (PAIRS.lines().count(), seeds.sum())
}

fn read<T: for<'a> Deserialize<'a>>(file: &'static str) -> impl Iterator<Item = T> {
    file.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
}
