//! The seed that we wrote, and the weights that it gives.

use super::features::Features;
use super::{Claims, Config, Entry, Reranker};
use crate::model::ClaimId;
use serde::Deserialize;

/// One claim a line with posts that repeat it and posts that do not.
const CLAIMS: &str = include_str!("seed.jsonl");
/// A post or headline a line that repeats none of the claims.
const EVERYDAY: &str = include_str!("everyday.txt");
/// Small registers to learn from.
const PARTS: i64 = 5;
/// How strongly the weights are held to where they began; as by so many judgements.
const HELD: f64 = 60.0;

/// A claim of the seed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    pub claim: String,
    #[serde(default)]
    pub title: String,
    /// Posts that repeat it.
    pub posts: Vec<String>,
    /// Posts on the same matter that do not.
    #[serde(default)]
    pub not: Vec<String>,
}

/// The claims of the seed; a line that is none is left out, which a test forbids.
pub(super) fn claims() -> Vec<Known> {
    let lines = CLAIMS.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Texts of everyday kind that every register holds beside its claims; the others of the file are
/// posts to learn from.
pub(super) fn everyday() -> impl Iterator<Item = &'static str> {
    EVERYDAY.lines().step_by(2)
}

/// Pairs of a post and an entry that comes into question, and whether the post repeats it: in a
/// register of all claims of the seed, and in small ones of every fifth.
fn samples() -> Vec<(Features, bool, f32)> {
    let known: Vec<(i64, Known)> = (0..).zip(claims()).collect();
    let mut found = Vec::new();
    for part in [None, Some(0), Some(1), Some(2), Some(3), Some(4)] {
        let is_in = |(number, _): &&(i64, Known)| part.is_none_or(|part| number % PARTS == part);
        let mut claims = Claims::with(&Config::default(), Reranker::BLANK);
        for (number, one) in known.iter().filter(is_in) {
            let entry = Entry {
                claim: &one.claim,
                more: &one.title,
            };
            claims.put(ClaimId::Office(*number), &entry);
        }
        for (number, one) in known.iter().filter(is_in) {
            for post in &one.posts {
                take(&mut claims, post, Some(*number), &mut found);
            }
            for post in &one.not {
                take(&mut claims, post, None, &mut found);
            }
        }
        for text in EVERYDAY.lines().skip(1).step_by(2) {
            take(&mut claims, text, None, &mut found);
        }
    }
    found
}

fn take(
    claims: &mut Claims,
    post: &str,
    truth: Option<i64>,
    found: &mut Vec<(Features, bool, f32)>,
) {
    for near in claims.pairs(post) {
        let is = truth.is_some_and(|number| near.id == ClaimId::Office(number));
        found.push((near.features, is, 1.0));
    }
}

/// The weights that the seed gives.
pub fn learn() -> Reranker {
    Reranker::fit(&start(), &samples(), HELD)
}

/// Where learning from the seed begins: what each feature should be worth, by our guess. The seed is
/// too small to say so of all of them.
fn start() -> Reranker {
    Reranker {
        bias: -7.0,
        weights: [
            1.0, 0.5, 3.0, 0.5, 3.0, 0.5, 2.0, 4.0, 3.0, 0.5, 0.5, -1.0, 0.5, 2.0, 3.0, 0.5,
        ],
    }
}
