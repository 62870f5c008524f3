//! How often each test holds: seen where there was enough to see, guessed by its letters otherwise.

use crate::query::{Test, literal_prefix};
use std::collections::HashMap;

/// Mentions from which on what was seen counts more than the guess.
const ENOUGH: u64 = 1_000;

/// Counts from the stream, to choose anchors by. Any count gives right matches; good ones give fast
/// ones.
#[derive(Debug, Clone, Default)]
pub struct Learned {
    pub mentions: u64,
    /// Mentions in which a test held.
    pub held: HashMap<Test, u64>,
}

impl Learned {
    /// Expected share of mentions in which the test holds.
    pub fn share(&self, test: &Test) -> f64 {
        match self.held.get(test) {
            Some(held) if self.mentions >= ENOUGH => {
                (*held as f64 + 0.5) / (self.mentions as f64 + 1.0)
            }
            _ => guess(test),
        }
    }
}

/// Short words are frequent, long ones rare.
fn guess(test: &Test) -> f64 {
    let by_length = |letters: usize| 0.2 / f64::from(1 << letters.min(14));
    match test {
        Test::Terms(terms) => terms.iter().map(|term| by_length(term.len())).sum(),
        Test::Exact(exact) => by_length(exact.len()) / 4.0,
        Test::Wild(patterns) => {
            let share = |pattern: &String| {
                let all = pattern.chars().filter(|c| !matches!(c, '*' | '?')).count();
                let longest = literal_prefix(pattern).len().max(all / 2);
                by_length(longest).min(0.05) * 4.0
            };
            patterns.iter().map(share).sum()
        }
    }
}
