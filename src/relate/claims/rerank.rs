//! How probable it is that a text repeats a claim: a logistic regression over what both share.

use super::features::{FEATURES, Features, N};

/// The shipped weights: a line each, `name weight`; made by `resonanz eval matching --learn`.
const SHIPPED: &str = include_str!("weights.txt");
/// How strongly weights are held to where they began; per weight, as a Gaussian's 1/variance.
const PRIOR: f64 = 1.0;
/// Steps of Newton's method; it ends before.
const STEPS: usize = 40;
/// What features count more for the order, by their places in [`FEATURES`]: the leads, and the row.
const ORDER: [(usize, f32); 3] = [(4, 2.0), (8, 2.0), (13, 1.0)];
/// A bias and a weight for each feature.
const M: usize = N + 1;

/// The weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Reranker {
    pub bias: f32,
    pub weights: Features,
}

impl Default for Reranker {
    fn default() -> Self {
        Self::shipped()
    }
}

impl Reranker {
    /// Knows nothing.
    pub(super) const BLANK: Self = Self {
        bias: 0.0,
        weights: [0.0; N],
    };

    /// The weights that the seed gives.
    pub fn shipped() -> Self {
        let weight = |name: &str| {
            let line = SHIPPED
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.trim().parse().ok())
                .unwrap_or(0.0)
        };
        Self {
            bias: weight("bias"),
            weights: FEATURES.map(weight),
        }
    }

    /// The weights as lines of a file.
    pub fn lines(&self) -> String {
        let weights = FEATURES.iter().zip(self.weights);
        let weights = weights.map(|(name, weight)| format!("{name} {weight:.4}\n"));
        format!("bias {:.4}\n", self.bias) + &weights.collect::<String>()
    }

    /// 0 to 1.
    pub fn probability(&self, features: &Features) -> f32 {
        1.0 / (1.0 + libm::expf(-(self.bias + self.sum(features))))
    }

    /// By what entries are put in order: which one stands out of the others counts more for which
    /// one it is than for whether it is one at all.
    pub fn order(&self, features: &Features) -> f32 {
        let more = ORDER
            .iter()
            .map(|(place, weight)| features[*place] * weight);
        self.sum(features) + more.sum::<f32>()
    }

    fn sum(&self, features: &Features) -> f32 {
        features.iter().zip(self.weights).map(|(x, w)| x * w).sum()
    }

    /// Weights that also agree with what editors judged: this pair of text and claim is one (or is
    /// none). Few judgements change little.
    pub fn learned(prior: &Self, judged: &[(Features, bool)]) -> Self {
        let all: Vec<_> = judged
            .iter()
            .map(|(features, is)| (*features, *is, 1.0))
            .collect();
        Self::fit(prior, &all, PRIOR)
    }

    /// The same with a weight for each judgement.
    pub(super) fn fit(prior: &Self, judged: &[(Features, bool, f32)], held: f64) -> Self {
        if judged.is_empty() {
            return prior.clone();
        }
        let mut centre = [f64::from(prior.bias); M];
        for (slot, weight) in centre.iter_mut().skip(1).zip(prior.weights) {
            *slot = f64::from(weight);
        }
        let mut point = centre;
        let (mut loss, mut gradient, mut bend) = losses(&point, &centre, judged, held);
        for _ in 0..STEPS {
            let Some(way) = solved(&mut bend, &gradient) else {
                break;
            };
            let slope: f64 = way.iter().zip(&gradient).map(|(w, g)| w * g).sum();
            if slope < 1e-10 {
                break;
            }
            let mut step = 1.0;
            let mut next = moved(&point, &way, step);
            let mut found = losses(&next, &centre, judged, held);
            while found.0 > loss && step > 1e-6 {
                step *= 0.5;
                next = moved(&point, &way, step);
                found = losses(&next, &centre, judged, held);
            }
            point = next;
            (loss, gradient, bend) = found;
        }
        let mut weights = [0.0; N];
        for (slot, weight) in weights.iter_mut().zip(&point[1..]) {
            *slot = *weight as f32;
        }
        Self {
            bias: point[0] as f32,
            weights,
        }
    }
}

type Square = [[f64; M]; M];

fn moved(point: &[f64; M], way: &[f64; M], step: f64) -> [f64; M] {
    std::array::from_fn(|at| point[at] - step * way[at])
}

/// Loss, its slope and its bend at a point.
fn losses(
    point: &[f64; M],
    centre: &[f64; M],
    judged: &[(Features, bool, f32)],
    held: f64,
) -> (f64, [f64; M], Square) {
    let mut loss = 0.0;
    let mut gradient = [0.0; M];
    let mut bend = [[0.0; M]; M];
    for at in 0..M {
        let off = point[at] - centre[at];
        loss += 0.5 * held * off * off;
        gradient[at] = held * off;
        bend[at][at] = held;
    }
    for (features, is, weight) in judged {
        let mut x = [1.0; M];
        for (slot, feature) in x.iter_mut().skip(1).zip(features) {
            *slot = f64::from(*feature);
        }
        let sum: f64 = x.iter().zip(point).map(|(x, w)| x * w).sum();
        let weight = f64::from(*weight);
        let said = 1.0 / (1.0 + libm::exp(-sum));
        let truth = f64::from(u8::from(*is));
        let signed = if *is { -sum } else { sum };
        loss += weight * (signed.max(0.0) + libm::log1p(libm::exp(-signed.abs())));
        let spread = weight * said * (1.0 - said);
        for at in 0..M {
            gradient[at] += weight * (said - truth) * x[at];
            let row = &mut bend[at];
            for to in 0..=at {
                row[to] += spread * x[at] * x[to];
            }
        }
    }
    (loss, gradient, bend)
}

/// The solution of `bend · way = gradient` by Cholesky's method on the lower half; none where it is
/// no hill.
fn solved(bend: &mut Square, gradient: &[f64; M]) -> Option<[f64; M]> {
    for row in 0..M {
        for column in 0..=row {
            let shared: f64 = (0..column).map(|at| bend[row][at] * bend[column][at]).sum();
            let rest = bend[row][column] - shared;
            bend[row][column] = match row == column {
                true if rest <= 0.0 || !rest.is_finite() => return None,
                true => rest.sqrt(),
                false => rest / bend[column][column],
            };
        }
    }
    let mut way = *gradient;
    for row in 0..M {
        let known: f64 = (0..row).map(|at| bend[row][at] * way[at]).sum();
        way[row] = (way[row] - known) / bend[row][row];
    }
    for row in (0..M).rev() {
        let known: f64 = (row + 1..M).map(|at| bend[at][row] * way[at]).sum();
        way[row] = (way[row] - known) / bend[row][row];
    }
    Some(way)
}
