//! Learns what the figures of a story weigh, from planted rumours among everything else.
//!
//! A logistic regression with few free numbers, for there are few rumours: each weight is held to what
//! was set by hand before (`rumour-1`), none may fall below zero, and rumours as a whole count as much
//! as all else, for how many were planted says nothing of how many there are. A story is learned from
//! as it was when it looked most like a rumour, because it is then that it is flagged. Pure; the same
//! stories give the same weights.

use crate::relate::rumour::{NAMES, VALUES};
use serde::Serialize;

/// Set by hand, in the order of [`NAMES`], and what is said before anything is seen.
const BY_HAND: [f64; VALUES] = [2.5, 0.5, 0.5, 0.4, 0.5, 0.4, 1.0, 0.6];
const BIAS_BY_HAND: f64 = -3.9;
/// The last of them stays so: the noise has no publications, so nothing can be learned of them.
const LEARNED: usize = VALUES - 1;
/// How strongly weights are held to that: as by so many stories; the bias hardly.
const HELD: f64 = 3.0;
const BIAS_HELD: f64 = 0.3;
/// How often it is asked anew when a story looked most like a rumour.
const ROUNDS: usize = 4;
const STEPS: usize = 20_000;
/// Length of a step, for one story: many together are a steeper slope.
const STEP: f64 = 0.3;

/// A story, and what its figures came to each time that it was weighed.
pub struct Case {
    pub is_rumour: bool,
    pub looks: Vec<[f32; VALUES]>,
}

#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct Fitted {
    pub rumours: usize,
    pub others: usize,
    pub bias: f64,
    pub weights: Vec<(&'static str, f64)>,
}

#[derive(Clone, Copy)]
struct Weights {
    bias: f64,
    of: [f64; VALUES],
}

impl Weights {
    fn sum(&self, look: &[f32; VALUES]) -> f64 {
        let parts = self.of.iter().zip(look);
        self.bias
            + parts
                .map(|(weight, value)| weight * f64::from(*value))
                .sum::<f64>()
    }
}

pub fn fit(cases: &[Case]) -> Fitted {
    let rumours = cases.iter().filter(|case| case.is_rumour).count();
    let others = cases.len() - rumours;
    let worth = others as f64 / rumours.max(1) as f64;
    let mut weights = Weights {
        bias: BIAS_BY_HAND,
        of: BY_HAND,
    };
    for _ in 0..ROUNDS {
        let looks: Vec<_> = cases
            .iter()
            .filter_map(|case| look(case, &weights))
            .collect();
        for _ in 0..STEPS {
            descend(
                &mut weights,
                &looks,
                (worth, STEP / (2.0 * others as f64 + HELD)),
            );
        }
    }
    let round = |weight: f64| (weight * 100.0).round() / 100.0;
    Fitted {
        rumours,
        others,
        bias: round(weights.bias),
        weights: NAMES.into_iter().zip(weights.of.map(round)).collect(),
    }
}

/// The story as it looked most like a rumour.
fn look<'a>(case: &'a Case, weights: &Weights) -> Option<(bool, &'a [f32; VALUES])> {
    let looks = case.looks.iter();
    let most = looks.max_by(|a, b| weights.sum(a).total_cmp(&weights.sum(b)))?;
    Some((case.is_rumour, most))
}

/// One step down the slope of what is wrong.
fn descend(weights: &mut Weights, looks: &[(bool, &[f32; VALUES])], (worth, step): (f64, f64)) {
    let mut slope = [0.0; VALUES];
    let mut bias_slope = BIAS_HELD * (weights.bias - BIAS_BY_HAND);
    for (slope, (weight, by_hand)) in slope.iter_mut().zip(weights.of.iter().zip(BY_HAND)) {
        *slope = HELD * (weight - by_hand);
    }
    for (is_rumour, look) in looks {
        let said = 1.0 / (1.0 + libm::exp(-weights.sum(look)));
        let wrong = match is_rumour {
            true => worth * (said - 1.0),
            false => said,
        };
        bias_slope += wrong;
        for (slope, value) in slope.iter_mut().zip(*look) {
            *slope += wrong * f64::from(*value);
        }
    }
    weights.bias -= step * bias_slope;
    for (weight, slope) in weights.of.iter_mut().zip(slope).take(LEARNED) {
        *weight = (*weight - step * slope).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(is_rumour: bool, looks: &[[f32; VALUES]]) -> Case {
        Case {
            is_rumour,
            looks: looks.to_vec(),
        }
    }

    #[test]
    fn what_tells_rumours_weighs_more_and_nothing_weighs_below_zero() {
        let [calm, asked, spread] = [0.0, 2.0, 3.0].map(|asked| {
            let mut look = [0.3, 0.5, 0.5, 0.0, 1.0, 0.5, 0.5, 0.0];
            look[1] = asked;
            look
        });
        let mut scattered = calm;
        scattered[5] = 3.0;
        let mut cases = Vec::new();
        for _ in 0..10 {
            cases.push(case(true, &[calm, asked, spread]));
            cases.push(case(false, &[calm, scattered]));
        }
        let fitted = fit(&cases);
        assert_eq!((fitted.rumours, fitted.others), (10, 10));
        let weight = |at: usize| fitted.weights[at].1;
        assert!(weight(1) > BY_HAND[1], "{fitted:?}");
        assert!(weight(5) < BY_HAND[5], "{fitted:?}");
        assert!(fitted.weights.iter().all(|(_, weight)| *weight >= 0.0));
        assert_eq!(fit(&cases), fitted, "the same stories, the same weights");
    }

    #[test]
    fn of_no_stories_it_stays_as_it_was() {
        let fitted = fit(&[]);
        assert_eq!(fitted.bias, BIAS_BY_HAND);
        assert!(
            fitted
                .weights
                .iter()
                .zip(BY_HAND)
                .all(|((_, weight), hand)| *weight == hand)
        );
    }
}
