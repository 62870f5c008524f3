//! Multinomial logistic regression with a Gaussian prior that is centred on weights of one's choice.
//! Pure: the same samples give the same weights to the byte, on any machine (`libm` instead of the
//! system's exponential).
//!
//! Minimises `sum of weight * -ln p(class) + prior / 2 * |weights - centre|^2` by L-BFGS (Nocedal and
//! Wright, Numerical Optimization, 2006, algorithm 7.5) over those features that occur; all others
//! stay where the centre has them. Biases are held as one sample would.

use super::features::{DIMENSIONS, Features};

/// Pairs of steps that the curvature is estimated from.
const MEMORY: usize = 8;
/// Halvings of a step at most.
const HALVINGS: usize = 25;
/// Least share of the promised decrease that a step must bring.
const ARMIJO: f64 = 1e-4;
/// How strongly biases are held.
const BIAS_PRIOR: f64 = 1.0;
/// The gradient's length, as a share of the first one, at which it is good enough.
const GOOD: f64 = 1e-3;

/// A text with its class.
#[derive(Debug, Clone)]
pub struct Sample {
    pub features: Features,
    /// Number of the class, below the head's count.
    pub class: usize,
    /// How much it counts; 1 for most.
    pub weight: f32,
}

/// Weights of all features, for each its classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    pub classes: usize,
    pub biases: Vec<f32>,
    flat: Vec<f32>,
}

impl Weights {
    pub fn blank(classes: usize) -> Self {
        Self {
            classes,
            biases: vec![0.0; classes],
            flat: vec![0.0; classes * DIMENSIONS],
        }
    }

    /// By feature, the weights of its classes.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.flat.chunks_exact(self.classes)
    }

    /// The weights of a feature; numbers are below [`DIMENSIONS`].
    pub fn row_mut(&mut self, number: u32) -> &mut [f32] {
        let at = number as usize * self.classes;
        &mut self.flat[at..at + self.classes]
    }

    fn row(&self, number: u32) -> &[f32] {
        let at = number as usize * self.classes;
        &self.flat[at..at + self.classes]
    }

    /// Sums by class.
    pub fn sums(&self, features: &Features) -> Vec<f32> {
        let mut sums = self.biases.clone();
        for (number, value) in features {
            let row = self.row(*number).iter();
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, w)| *sum += w * value);
        }
        sums
    }
}

/// The samples with features numbered densely.
struct Problem<'a> {
    samples: Vec<(Vec<(usize, f64)>, &'a Sample)>,
    classes: usize,
    /// Number of features that occur.
    features: usize,
    prior: f64,
    centre: Vec<f64>,
}

/// Weights for these samples, beginning with and held to `centre`.
pub fn solve(samples: &[Sample], centre: &Weights, prior: f32, rounds: usize) -> Weights {
    let mut numbers: Vec<u32> = samples
        .iter()
        .flat_map(|sample| sample.features.iter().map(|(number, _)| *number))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    let problem = Problem::new(samples, &numbers, centre, prior);
    let found = minimise(&problem, problem.centre.clone(), rounds);
    let mut weights = centre.clone();
    for (at, number) in numbers.iter().enumerate() {
        let row = &found[at * centre.classes..(at + 1) * centre.classes];
        let new = row.iter().map(|weight| *weight as f32);
        let slots = weights.row_mut(*number).iter_mut();
        slots.zip(new).for_each(|(slot, weight)| *slot = weight);
    }
    let biases = &found[numbers.len() * centre.classes..];
    weights.biases = biases.iter().map(|bias| *bias as f32).collect();
    weights
}

impl<'a> Problem<'a> {
    fn new(samples: &'a [Sample], numbers: &[u32], centre: &Weights, prior: f32) -> Self {
        let dense = |sample: &'a Sample| {
            let known = sample.features.iter().filter_map(|(number, value)| {
                Some((numbers.binary_search(number).ok()?, f64::from(*value)))
            });
            (known.collect(), sample)
        };
        let classes = centre.classes;
        let mut begin = vec![0.0; numbers.len() * classes];
        for (at, number) in numbers.iter().enumerate() {
            for (class, weight) in centre.row(*number).iter().enumerate() {
                begin[at * classes + class] = f64::from(*weight);
            }
        }
        begin.extend(centre.biases.iter().map(|bias| f64::from(*bias)));
        Self {
            samples: samples.iter().map(dense).collect(),
            classes,
            features: numbers.len(),
            prior: f64::from(prior),
            centre: begin,
        }
    }

    /// The loss at a point; its gradient is written to `gradient`.
    fn loss(&self, point: &[f64], gradient: &mut [f64]) -> f64 {
        let biases = self.features * self.classes;
        let mut loss = 0.0;
        for (at, slot) in gradient.iter_mut().enumerate() {
            let held = if at < biases { self.prior } else { BIAS_PRIOR };
            let away = point[at] - self.centre[at];
            *slot = held * away;
            loss += 0.5 * held * away * away;
        }
        let mut sums = vec![0.0; self.classes];
        for (features, sample) in &self.samples {
            sums.copy_from_slice(&point[biases..]);
            for (number, value) in features {
                let row = &point[number * self.classes..(number + 1) * self.classes];
                sums.iter_mut()
                    .zip(row)
                    .for_each(|(sum, w)| *sum += w * value);
            }
            soften(&mut sums);
            let weight = f64::from(sample.weight);
            loss -= weight * libm::log(sums[sample.class].max(1e-300));
            sums[sample.class] -= 1.0;
            sums.iter_mut().for_each(|error| *error *= weight);
            for (number, value) in features {
                let row = &mut gradient[number * self.classes..(number + 1) * self.classes];
                row.iter_mut()
                    .zip(&sums)
                    .for_each(|(slot, error)| *slot += error * value);
            }
            gradient[biases..]
                .iter_mut()
                .zip(&sums)
                .for_each(|(slot, error)| *slot += error);
        }
        loss
    }
}

/// Sums become probabilities.
pub fn soften(sums: &mut [f64]) {
    let most = sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    sums.iter_mut()
        .for_each(|sum| *sum = libm::exp(*sum - most));
    let all: f64 = sums.iter().sum();
    sums.iter_mut().for_each(|sum| *sum /= all);
}

fn minimise(problem: &Problem<'_>, mut point: Vec<f64>, rounds: usize) -> Vec<f64> {
    let mut gradient = vec![0.0; point.len()];
    let mut loss = problem.loss(&point, &mut gradient);
    let first = length(&gradient);
    let mut history: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    for _ in 0..rounds {
        if length(&gradient) <= GOOD * first.max(1e-12) {
            break;
        }
        let way = direction(&gradient, &history);
        let slope = dot(&way, &gradient);
        let mut step = if history.is_empty() {
            1.0 / first.max(1.0)
        } else {
            1.0
        };
        let mut next_gradient = vec![0.0; point.len()];
        let mut next = (point.clone(), f64::INFINITY);
        for _ in 0..HALVINGS {
            let there = point
                .iter()
                .zip(&way)
                .map(|(at, way)| at + step * way)
                .collect();
            next = (there, 0.0);
            next.1 = problem.loss(&next.0, &mut next_gradient);
            if next.1 <= loss + ARMIJO * step * slope {
                break;
            }
            step *= 0.5;
        }
        if next.1 >= loss {
            break;
        }
        let moved: Vec<f64> = next.0.iter().zip(&point).map(|(a, b)| a - b).collect();
        let bent: Vec<f64> = next_gradient
            .iter()
            .zip(&gradient)
            .map(|(a, b)| a - b)
            .collect();
        let curvature = dot(&moved, &bent);
        if curvature > 1e-12 {
            if history.len() == MEMORY {
                history.remove(0);
            }
            history.push((moved, bent, 1.0 / curvature));
        }
        (point, loss) = next;
        gradient = next_gradient;
    }
    point
}

/// Where to go, by the two loops of L-BFGS.
fn direction(gradient: &[f64], history: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut way: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
    let mut shares = Vec::with_capacity(history.len());
    for (moved, bent, rho) in history.iter().rev() {
        let share = rho * dot(moved, &way);
        way.iter_mut().zip(bent).for_each(|(w, b)| *w -= share * b);
        shares.push(share);
    }
    if let Some((moved, bent, _)) = history.last() {
        let scale = dot(moved, bent) / dot(bent, bent).max(1e-300);
        way.iter_mut().for_each(|w| *w *= scale);
    }
    for ((moved, bent, rho), share) in history.iter().zip(shares.into_iter().rev()) {
        let back = rho * dot(bent, &way);
        way.iter_mut()
            .zip(moved)
            .for_each(|(w, m)| *w += (share - back) * m);
    }
    way
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

fn length(of: &[f64]) -> f64 {
    dot(of, of).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(numbers: &[u32], class: usize) -> Sample {
        Sample {
            features: numbers.iter().map(|number| (*number, 1.0)).collect(),
            class,
            weight: 1.0,
        }
    }

    /// Two classes, one feature each, and none for a bias: the optimum has a closed condition.
    #[test]
    fn the_gradient_is_zero_where_it_ends() {
        let samples: Vec<Sample> = (0..40)
            .map(|n| {
                sample(
                    &[if n % 4 == 0 { 7 } else { 9 }, 11],
                    usize::from(n % 3 == 0),
                )
            })
            .collect();
        let blank = Weights::blank(2);
        let weights = solve(&samples, &blank, 0.5, 200);
        for number in [7, 9, 11] {
            for class in 0..2 {
                let pull = 0.5 * f64::from(weights.row(number)[class]);
                let errors = samples
                    .iter()
                    .filter(|s| s.features.iter().any(|f| f.0 == number));
                let sum: f64 = errors
                    .map(|s| {
                        let mut sums: Vec<f64> = weights
                            .sums(&s.features)
                            .iter()
                            .map(|x| f64::from(*x))
                            .collect();
                        soften(&mut sums);
                        sums[class] - f64::from(u8::from(s.class == class))
                    })
                    .sum();
                assert!((pull + sum).abs() < 0.02, "{number} {class}: {pull} {sum}");
            }
        }
    }

    #[test]
    fn few_samples_stay_near_the_centre_and_touch_nothing_else() {
        let many: Vec<Sample> = (0..60)
            .map(|n| sample(&[3 + n % 2], (n % 2) as usize))
            .collect();
        let centre = solve(&many, &Weights::blank(2), 0.5, 100);
        let news = [sample(&[5], 1), sample(&[5, 3], 1)];
        let weights = solve(&news, &centre, 0.5, 100);
        assert_eq!(weights.row(4), centre.row(4), "not seen, not changed");
        let lead = |weights: &Weights, number: u32| {
            let sums = weights.sums(&vec![(number, 1.0)]);
            sums[1] - sums[0]
        };
        assert!(lead(&weights, 5) > 0.2, "what is new is learned");
        let held = solve(&news, &centre, 5.0, 100);
        assert!(lead(&centre, 3) < lead(&held, 3) && lead(&held, 3) < lead(&weights, 3));
        assert_eq!(solve(&[], &centre, 0.5, 10), centre);
        assert_eq!(weights, solve(&news, &centre, 0.5, 100), "to the byte");
    }

    #[test]
    fn a_weight_counts_as_so_many_samples() {
        let twice = [sample(&[3], 0), sample(&[3], 0), sample(&[3], 1)];
        let mut once = [sample(&[3], 0), sample(&[3], 1)];
        once[0].weight = 2.0;
        let (one, other) = (
            solve(&twice, &Weights::blank(2), 1.0, 100),
            solve(&once, &Weights::blank(2), 1.0, 100),
        );
        for (a, b) in one.row(3).iter().zip(other.row(3)) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}
