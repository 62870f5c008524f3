//! From sums of weights to probabilities that mean what they say, and the probability from which a
//! class is said at all. Pure.
//!
//! Platt's scaling (Platt 1999) by class: a logistic curve over the class's margin, held to the
//! identity where there are few points.

use serde::{Deserialize, Serialize};

/// Newton's steps; fewer than ten mostly suffice.
const STEPS: usize = 50;
/// Halvings of a step at most.
const HALVINGS: i32 = 12;
/// A curve never falls: more evidence is never less probability.
const LEAST_SLOPE: f32 = 0.05;
/// Least number of points on which a threshold is based.
const POINTS: usize = 15;

/// Slope and shift of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Platt(pub f32, pub f32);

impl Platt {
    /// Changes nothing.
    pub const IDENTITY: Self = Self(1.0, 0.0);

    /// No steeper than this, and shifted.
    pub fn corrected(self, steepest: f32, shift: f32) -> Self {
        let factor = (steepest / self.0).min(1.0);
        Self(self.0 * factor, self.1 * factor + shift)
    }

    /// The probability of a class whose margin this is.
    pub fn probability(self, margin: f32) -> f32 {
        1.0 / (1.0 + libm::expf(-(self.0 * margin + self.1)))
    }

    /// The curve under which these margins, right or not, are most probable. It is held to this one,
    /// as by `held` points.
    pub fn fit(self, points: &[(f32, bool)], held: f64) -> Self {
        let begin = [f64::from(self.0), f64::from(self.1)];
        let mut at = begin;
        let mut loss = loss(points, at, begin, held);
        for _ in 0..STEPS {
            let Some(way) = newton(points, at, begin, held) else {
                break;
            };
            // A whole step may lead astray where the curve is flat.
            let steps = (0..HALVINGS).map(|n| 0.5_f64.powi(n));
            let better = steps.into_iter().find_map(|step| {
                let there = [at[0] - step * way[0], at[1] - step * way[1]];
                let new = self::loss(points, there, begin, held);
                (new < loss).then_some((there, new))
            });
            let Some(better) = better else {
                break;
            };
            (at, loss) = better;
        }
        Self((at[0] as f32).max(LEAST_SLOPE), at[1] as f32)
    }
}

fn loss(points: &[(f32, bool)], at: [f64; 2], begin: [f64; 2], held: f64) -> f64 {
    let away = (at[0] - begin[0]).powi(2) + (at[1] - begin[1]).powi(2);
    let wrong = points.iter().map(|&(margin, right)| {
        let sum = at[0] * f64::from(margin) + at[1];
        let against = if right { -sum } else { sum };
        // ln(1 + e^x) without overflow.
        against.max(0.0) + libm::log1p(libm::exp(-against.abs()))
    });
    0.5 * held * away + wrong.sum::<f64>()
}

/// The gradient, by the inverse of the Hessian.
fn newton(points: &[(f32, bool)], at: [f64; 2], begin: [f64; 2], held: f64) -> Option<[f64; 2]> {
    let mut g = [held * (at[0] - begin[0]), held * (at[1] - begin[1])];
    let mut h = [held, 0.0, held];
    for &(margin, right) in points {
        let margin = f64::from(margin);
        let said = 1.0 / (1.0 + libm::exp(-(at[0] * margin + at[1])));
        let (error, curve) = (said - f64::from(u8::from(right)), said * (1.0 - said));
        g[0] += error * margin;
        g[1] += error;
        h[0] += curve * margin * margin;
        h[1] += curve * margin;
        h[2] += curve;
    }
    let determinant = h[0] * h[2] - h[1] * h[1];
    (determinant > 0.0).then(|| {
        [
            (h[2] * g[0] - h[1] * g[1]) / determinant,
            (h[0] * g[1] - h[1] * g[0]) / determinant,
        ]
    })
}

/// By class: its sum against the (soft) largest of the others.
pub fn margins(sums: &[f32]) -> Vec<f32> {
    let margin = |class: usize| {
        let others = || sums.iter().enumerate().filter(move |(at, _)| *at != class);
        let most = others().fold(f32::NEG_INFINITY, |most, (_, sum)| most.max(*sum));
        let rest: f32 = others().map(|(_, sum)| libm::expf(sum - most)).sum();
        sums[class] - most - libm::logf(rest)
    };
    (0..sums.len()).map(margin).collect()
}

/// The least probability from which a class may be said so that it is right in at least this share
/// of the cases; `most` where no probability is high enough for that.
pub fn threshold(said: &[(f32, bool)], precision: f32, most: f32) -> f32 {
    let mut said = said.to_vec();
    said.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut right = 0;
    let mut least = most;
    for (count, (probability, is_right)) in (1..).zip(&said) {
        right += usize::from(*is_right);
        if count >= POINTS && right as f32 >= precision * count as f32 {
            least = *probability;
        }
    }
    least.min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_sure_margins_are_damped() {
        // Margins of 3 say 95 %, and only 7 of 10 are right.
        let points: Vec<(f32, bool)> = (0..400)
            .map(|n| match n % 2 == 0 {
                true => (3.0, n % 20 < 14),
                false => (-3.0, n % 20 >= 14),
            })
            .collect();
        let platt = Platt::IDENTITY.fit(&points, 4.0);
        assert!((platt.probability(3.0) - 0.7).abs() < 0.03, "{platt:?}");
        assert_eq!(platt.fit(&[], 4.0), platt);
        let few = Platt::IDENTITY.fit(&points[..2], 4.0);
        assert!(few.0 > 0.5, "two points change little: {few:?}");
    }

    #[test]
    fn two_classes_have_opposite_margins() {
        let margins = margins(&[1.5, 0.5]);
        assert!((margins[0] - 1.0).abs() < 1e-6 && (margins[1] + 1.0).abs() < 1e-6);
        assert_eq!(super::margins(&[0.0, 0.0, 0.0])[0], -libm::logf(2.0));
    }

    #[test]
    fn a_threshold_is_as_low_as_the_precision_allows() {
        let said: Vec<(f32, bool)> = (0..100).map(|n| (1.0 - n as f32 / 100.0, n < 60)).collect();
        let least = threshold(&said, 0.75, 0.9);
        assert!((least - 0.21).abs() < 1e-6, "{least}");
        assert_eq!(threshold(&said[..5], 0.5, 0.6), 0.6, "too few to tell");
    }
}
