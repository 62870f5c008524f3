//! How much a story is worth checking: a logistic score over its figures, each part shown. Pure.
//!
//! A rumour is a claim of fact that spreads while people ask whether it is true, deny it, or tell it
//! as hearsay (Zhao, Resnick, Mei 2015). Criticism has none of this: a story in which nobody doubts a
//! fact, or whose mentions claim none, scores nothing, however large it is.

use crate::model::{StoryFigures, StoryWeight};

/// Name and version, shown with every flag; a change of any number here changes it.
pub const MODEL: &str = "rumour-1";

/// Probability that a story's mentions claim facts below which it is opinion.
const LEAST_FACTUAL: f32 = 0.35;
/// Different people who doubt it, or tell it as hearsay, below which there is nothing to check.
const LEAST_DOUBTING: u32 = 2;
/// A match with the register from which one who doubts is enough.
const KNOWN: f32 = 0.5;

const BIAS: f32 = -3.9;

/// Weighs a story. `threshold` is what it is compared with.
pub fn weigh(story: i64, figures: StoryFigures, threshold: f32) -> StoryWeight {
    let parts = match is_disputed_fact(&figures) {
        true => parts(&figures),
        false => Vec::new(),
    };
    let score = match parts.is_empty() {
        true => 0.0,
        false => sigmoid(parts.iter().map(|(_, part)| part).sum()),
    };
    StoryWeight {
        story,
        figures,
        score,
        threshold,
        parts,
        model: MODEL.to_owned(),
        beside: None,
    }
}

/// Without these it is no rumour, whatever else it is.
fn is_disputed_fact(figures: &StoryFigures) -> bool {
    let doubting = figures.asking + figures.denying + figures.hearsay;
    let known = figures.known >= KNOWN;
    figures.factual >= LEAST_FACTUAL
        && figures.speakers >= 2
        && !figures.official
        && (doubting >= LEAST_DOUBTING || known && doubting >= 1)
}

fn parts(figures: &StoryFigures) -> Vec<(String, f32)> {
    let people = (figures.speakers + figures.replies).max(1) as f32;
    let share = |count: u32| (count as f32 / people).min(1.0);
    let speed = figures.doubled_minutes.map_or(0.0, |minutes| {
        // 0 for a day and more, 1 for an hour, 2 for a few minutes.
        (1.0 - libm::log10f((minutes.max(1) as f32) / 60.0) / 1.38).clamp(0.0, 2.0)
    });
    let parts = [
        ("said before anything is seen", BIAS),
        ("claims a fact", 2.5 * (figures.factual - 0.5)),
        (
            "asked whether it is true",
            0.5 * ln(figures.asking) + 2.0 * share(figures.asking),
        ),
        (
            "denied or corrected",
            0.5 * ln(figures.denying) + 2.0 * share(figures.denying),
        ),
        (
            "told as hearsay",
            0.4 * ln(figures.hearsay) + 1.0 * share(figures.hearsay),
        ),
        ("independent sources", 0.5 * ln(figures.independent)),
        (
            "several platforms",
            0.4 * ln(figures.platforms.saturating_sub(1)),
        ),
        ("growth", speed),
        (
            "publications and public voices say it",
            -0.6 * ln(figures.voices),
        ),
        ("repeats a known claim", 2.0 * figures.known),
    ];
    let parts = parts.into_iter().filter(|(_, part)| *part != 0.0);
    parts.map(|(name, part)| (name.to_owned(), part)).collect()
}

fn ln(count: u32) -> f32 {
    libm::logf(1.0 + count as f32)
}

fn sigmoid(sum: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-sum))
}
