//! What `eval matching` counts.

use crate::classify::score::{below, inner};
use crate::relate::claims::{Grade, MOST};
use serde::Serialize;

/// Draws of the bootstrap, and their seed: the same files give the same intervals.
const DRAWS: usize = 1_000;
const SEED: u64 = 20_161_121;

/// What became of one post.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Claims that it repeats.
    pub claims: usize,
    /// Of the nearest entries, the best first: is it one of them?
    pub right: Vec<bool>,
    /// Of the nearest.
    pub probability: f32,
    /// None where no claim is named.
    pub grade: Option<Grade>,
}

/// A share, and between what it lies in 95 of 100 draws of as many posts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub entries: usize,
    pub posts: usize,
    pub with_claim: usize,
    /// None where there are too few posts to tell.
    pub figures: Vec<(&'static str, Option<Figure>)>,
    pub posts_a_second: f64,
    pub bytes_an_entry: usize,
}

/// What is asked of some posts.
type Question = fn(&[&Outcome]) -> Option<f64>;

/// In the order in which they are printed.
const QUESTIONS: [(&str, Question); 9] = [
    ("MAP@5", |posts| mean(posts, average_precision)),
    ("R@1", |posts| mean(posts, |post| within(post, 1))),
    ("R@5", |posts| mean(posts, |post| within(post, MOST))),
    ("recall at 1 % false alarms", |posts| recall_at(posts, 100)),
    ("recall at 0.1 % false alarms", |posts| {
        recall_at(posts, 1_000)
    }),
    ("precision, suggested", |posts| {
        precision(posts, Grade::Suggested)
    }),
    ("recall, suggested", |posts| recall(posts, Grade::Suggested)),
    ("precision, confirmed", |posts| {
        precision(posts, Grade::Confirmed)
    }),
    ("recall, confirmed", |posts| recall(posts, Grade::Confirmed)),
];

impl Report {
    pub fn new(entries: usize, outcomes: &[Outcome], posts_a_second: f64, bytes: usize) -> Self {
        let with_claim = outcomes.iter().filter(|post| post.claims > 0).count();
        let all: Vec<&Outcome> = outcomes.iter().collect();
        let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(DRAWS); QUESTIONS.len()];
        let mut dice = SEED;
        for _ in 0..DRAWS {
            let draw = |_: &&Outcome| all[below(&mut dice, all.len())];
            let posts: Vec<&Outcome> = all.iter().map(draw).collect();
            for (found, (_, ask)) in drawn.iter_mut().zip(QUESTIONS) {
                found.extend(ask(&posts));
            }
        }
        let figure = |((name, ask), found): ((&'static str, Question), Vec<f64>)| {
            (name, ask(&all).map(|value| self::figure(value, found)))
        };
        Self {
            entries,
            posts: outcomes.len(),
            with_claim,
            figures: QUESTIONS.into_iter().zip(drawn).map(figure).collect(),
            posts_a_second,
            bytes_an_entry: bytes,
        }
    }
}

fn figure(value: f64, mut found: Vec<f64>) -> Figure {
    let (low, high) = match found.is_empty() {
        true => (value, value),
        false => inner(&mut found),
    };
    Figure { value, low, high }
}

/// Over the posts that repeat a claim.
fn mean(posts: &[&Outcome], of: fn(&Outcome) -> f64) -> Option<f64> {
    let asked = posts.iter().filter(|post| post.claims > 0);
    let (sum, count) = asked.fold((0.0, 0_u32), |(sum, count), post| {
        (sum + of(post), count + 1)
    });
    (count > 0).then(|| sum / f64::from(count))
}

fn average_precision(post: &Outcome) -> f64 {
    let (mut sum, mut hits) = (0.0, 0.0);
    for (rank, is_right) in (1..).zip(&post.right) {
        if *is_right {
            hits += 1.0;
            sum += hits / f64::from(rank);
        }
    }
    sum / post.claims.min(MOST) as f64
}

fn within(post: &Outcome, ranks: usize) -> f64 {
    f64::from(u8::from(
        post.right.iter().take(ranks).any(|is_right| *is_right),
    ))
}

/// Recall of the right claim with an alert, where one post of `every` that repeat none alerts.
fn recall_at(posts: &[&Outcome], every: usize) -> Option<f64> {
    let nulls = posts.iter().filter(|post| post.claims == 0);
    let mut nulls: Vec<f32> = nulls.map(|post| post.probability).collect();
    let allowed = nulls.len() / every;
    if allowed == 0 {
        return None;
    }
    let (_, least, _) = nulls.select_nth_unstable_by(allowed, |one, other| other.total_cmp(one));
    let least = *least;
    let asked: Vec<_> = posts.iter().filter(|post| post.claims > 0).collect();
    let found = asked
        .iter()
        .filter(|post| post.probability > least && within(post, 1) > 0.0);
    (!asked.is_empty()).then(|| found.count() as f64 / asked.len() as f64)
}

fn said(post: &Outcome, grade: Grade) -> bool {
    post.grade.is_some_and(|said| said >= grade)
}

/// Of the posts for which a claim is named: how often it is one of theirs.
fn precision(posts: &[&Outcome], grade: Grade) -> Option<f64> {
    let named: Vec<_> = posts.iter().filter(|post| said(post, grade)).collect();
    let right: f64 = named.iter().map(|post| within(post, 1)).sum();
    (!named.is_empty()).then(|| right / named.len() as f64)
}

/// Of the posts that repeat a claim: how many are named with it.
fn recall(posts: &[&Outcome], grade: Grade) -> Option<f64> {
    let asked: Vec<_> = posts.iter().filter(|post| post.claims > 0).collect();
    let named = asked.iter().filter(|post| said(post, grade));
    let right: f64 = named.map(|post| within(post, 1)).sum();
    (!asked.is_empty()).then(|| right / asked.len() as f64)
}
