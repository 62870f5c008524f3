//! How much a story is worth checking: a logistic score over its figures, each part shown. Pure.
//!
//! A rumour is a claim of fact that spreads while people ask whether it is true, deny it, or tell it
//! as hearsay (Zhao, Resnick, Mei 2015). Criticism has none of this: a story in which nobody doubts a
//! fact, or whose mentions claim none, scores nothing, however large it is.
//!
//! The weights are learned: `resonanz eval rumours --half dev --fit` prints them. They are held to
//! those that were set by hand before, and none may say the opposite of its name.

use crate::model::{StoryFigures, StoryWeight};

/// Name and version, shown with every flag; a change of any number here changes it.
pub const MODEL: &str = "rumour-2";

/// Probability that a story's mentions claim facts below which it is opinion.
const LEAST_FACTUAL: f32 = 0.35;
/// Different people who doubt it, or tell it as hearsay, below which there is nothing to check: one
/// who asks and denies is one.
const LEAST_DOUBTING: u32 = 2;
/// A match with the register from which one who doubts is enough.
const KNOWN: f32 = 0.5;
/// People that are added before a share is taken: one doubt among two says less than ten among
/// twenty.
const NOBODY_YET: f32 = 4.0;
/// What a share of all counts beside the logarithm of the number.
const SHARE: f32 = 4.0;

/// Figures that are learned from.
pub const VALUES: usize = 8;
/// What they are called; the German names are in `serve/rumour_words.rs`.
pub const NAMES: [&str; VALUES] = [
    "claims a fact",
    "asked whether it is true",
    "denied or corrected",
    "told as hearsay",
    "independent sources",
    "several platforms",
    "growth",
    "publications and public voices say it",
];
const BEFORE: &str = "said before anything is seen";
const WEIGHTS: [f32; VALUES] = [2.84, 1.01, 0.51, 0.52, 0.0, 0.0, 1.16, 0.6];
const BIAS: f32 = -3.32;
/// No scenario repeats an entry of the register: set by hand.
const REPEATS: (&str, f32) = ("repeats a known claim", 2.0);

/// Weighs a story. `threshold` is what it is compared with.
pub fn weigh(story: i64, figures: StoryFigures, threshold: f32) -> StoryWeight {
    let parts = values(&figures).map_or_else(Vec::new, |values| parts(&values, figures.known));
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

/// What the figures come to, in the order of [`NAMES`]; none of a story that is no rumour, whatever
/// else it is.
pub fn values(figures: &StoryFigures) -> Option<[f32; VALUES]> {
    let people = (figures.speakers + figures.replies) as f32 + NOBODY_YET;
    let doubt = |count: u32| ln(count) + SHARE * (count as f32 / people).min(1.0);
    is_disputed_fact(figures).then(|| {
        [
            figures.factual - 0.5,
            doubt(figures.asking),
            doubt(figures.denying),
            doubt(figures.hearsay),
            ln(figures.independent),
            ln(figures.platforms.saturating_sub(1)),
            speed(figures.doubled_minutes),
            -ln(figures.voices),
        ]
    })
}

/// Without these it is no rumour.
fn is_disputed_fact(figures: &StoryFigures) -> bool {
    let doubting = figures.doubting;
    let known = figures.known >= KNOWN;
    figures.factual >= LEAST_FACTUAL
        && figures.speakers >= 2
        && !figures.official
        && (doubting >= LEAST_DOUBTING || known && doubting >= 1)
}

fn parts(values: &[f32; VALUES], known: f32) -> Vec<(String, f32)> {
    let weighed = values
        .iter()
        .zip(WEIGHTS)
        .map(|(value, weight)| value * weight);
    let parts = std::iter::once((BEFORE, BIAS))
        .chain(NAMES.into_iter().zip(weighed))
        .chain([(REPEATS.0, REPEATS.1 * known)]);
    let parts = parts.filter(|(_, part)| *part != 0.0);
    parts.map(|(name, part)| (name.to_owned(), part)).collect()
}

/// 0 for a day and more, 1 for an hour, 2 for a few minutes.
fn speed(doubled_minutes: Option<u32>) -> f32 {
    doubled_minutes.map_or(0.0, |minutes| {
        (1.0 - libm::log10f((minutes.max(1) as f32) / 60.0) / 1.38).clamp(0.0, 2.0)
    })
}

fn ln(count: u32) -> f32 {
    libm::logf(1.0 + count as f32)
}

fn sigmoid(sum: f32) -> f32 {
    1.0 / (1.0 + libm::expf(-sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A claim that four people doubt.
    fn doubted() -> StoryFigures {
        StoryFigures {
            mentions: 6,
            replies: 6,
            speakers: 6,
            independent: 4,
            platforms: 2,
            asking: 2,
            denying: 2,
            doubting: 4,
            factual: 0.8,
            doubled_minutes: Some(30),
            ..StoryFigures::default()
        }
    }

    fn score(figures: &StoryFigures) -> f32 {
        weigh(1, figures.clone(), 0.4).score
    }

    #[test]
    fn without_a_disputed_fact_nothing_is_scored() {
        assert!(score(&doubted()) > 0.4, "{}", score(&doubted()));
        let not = |change: fn(&mut StoryFigures)| {
            let mut figures = doubted();
            change(&mut figures);
            score(&figures)
        };
        assert_eq!(not(|story| story.factual = 0.3), 0.0, "opinion");
        assert_eq!(not(|story| story.official = true), 0.0, "our own");
        assert_eq!(not(|story| story.speakers = 1), 0.0, "one alone");
        let alone = |story: &mut StoryFigures| story.doubting = 1;
        assert_eq!(not(alone), 0.0, "one who asks and denies is one");
        let known = not(|story| (story.doubting, story.known) = (1, 0.9));
        assert!(known > 0.0, "but of a known claim one is enough");
    }

    #[test]
    fn two_doubts_in_a_corner_say_less_than_many_in_a_crowd() {
        let mut corner = doubted();
        (corner.speakers, corner.replies) = (2, 2);
        (corner.asking, corner.denying, corner.doubting) = (1, 1, 2);
        let mut crowd = doubted();
        (crowd.speakers, crowd.replies) = (10, 10);
        (crowd.asking, crowd.denying, crowd.doubting) = (5, 5, 10);
        assert!(score(&crowd) > score(&corner));
        let mut flood = corner.clone();
        flood.replies = 200;
        assert!(score(&flood) < score(&corner), "two among hundreds");
    }

    proptest! {
        /// More of what makes a rumour never makes it less of one, and no score leaves its bounds.
        #[test]
        fn no_figure_says_the_opposite_of_its_name(
            counts in proptest::collection::vec(0_u32..500, 8),
            factual in 0.0_f32..1.0,
            known in 0.0_f32..1.0,
            minutes in proptest::option::of(0_u32..5_000),
        ) {
            let figures = StoryFigures {
                speakers: 2 + counts[0],
                replies: counts[1],
                independent: counts[2],
                platforms: counts[3],
                asking: counts[4],
                denying: counts[5],
                hearsay: counts[6],
                doubting: counts[4].max(counts[5]).max(counts[6]),
                voices: counts[7],
                doubled_minutes: minutes,
                factual,
                known,
                ..StoryFigures::default()
            };
            let before = score(&figures);
            prop_assert!((0.0..=1.0).contains(&before));
            let more: [fn(&mut StoryFigures); 7] = [
                |story| (story.asking, story.doubting) = (story.asking + 1, story.doubting + 1),
                |story| (story.denying, story.doubting) = (story.denying + 1, story.doubting + 1),
                |story| (story.hearsay, story.doubting) = (story.hearsay + 1, story.doubting + 1),
                |story| story.independent += 1,
                |story| story.platforms += 1,
                |story| story.known = 1.0,
                |story| story.doubled_minutes = Some(0),
            ];
            for change in more {
                let mut figures = figures.clone();
                change(&mut figures);
                prop_assert!(score(&figures) >= before - 1e-6, "{figures:?}");
            }
        }
    }
}
