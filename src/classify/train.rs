//! Learns a linear model from judged statements. Pure: the same statements and the same seed give
//! the same model to the byte.
//!
//! Stochastic gradient descent (AdaGrad) on the logarithmic loss, with a prior that is centred on the
//! weights it starts from: with few statements it stays near them. A part of the statements is held
//! back to fit the temperature, so that probabilities mean what they say.

use super::features::Features;
use super::linear::{CLASSES, Linear, softmax};
use crate::model::Stance;

/// A statement with what it is.
#[derive(Debug, Clone)]
pub struct Sample {
    pub features: Features,
    /// One of [`CLASSES`]; others are left out.
    pub stance: Stance,
    /// How much it counts; 1 for most.
    pub weight: f32,
}

/// How to learn.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    pub rounds: usize,
    pub rate: f32,
    /// How strongly weights are held where they began.
    pub prior: f32,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rounds: 12,
            rate: 0.3,
            prior: 2e-5,
            seed: 20_161_121,
        }
    }
}

/// One in so many samples is held back for the temperature.
const HELD_BACK: u64 = 6;

/// Learns from these samples, beginning with a model.
pub fn train(samples: &[Sample], from: &Linear, settings: Settings) -> Linear {
    let mut dice = settings.seed;
    let (mut learn, mut hold) = (Vec::new(), Vec::new());
    for sample in samples {
        match CLASSES.iter().position(|class| *class == sample.stance) {
            None => {}
            Some(class) if next(&mut dice).is_multiple_of(HELD_BACK) => hold.push((sample, class)),
            Some(class) => learn.push((sample, class)),
        }
    }
    let balance = balance(&learn);
    let mut first = from.clone();
    descend(&mut first, from, &learn, &balance, settings);
    let temperature = temperature(&first, &hold);
    learn.extend(hold);
    let mut model = from.clone();
    descend(&mut model, from, &learn, &balance, settings);
    model.temperature = temperature;
    model
}

type Labelled<'a> = (&'a Sample, usize);

/// Rare stances count more: the root of how much rarer they are.
fn balance(samples: &[Labelled<'_>]) -> [f32; CLASSES.len()] {
    let mut counts = [1.0_f32; CLASSES.len()];
    for (sample, class) in samples {
        counts[*class] += sample.weight;
    }
    let mean = counts.iter().sum::<f32>() / CLASSES.len() as f32;
    counts.map(|count| (mean / count).sqrt())
}

fn descend(
    model: &mut Linear,
    from: &Linear,
    samples: &[Labelled<'_>],
    balance: &[f32; CLASSES.len()],
    settings: Settings,
) {
    let mut squares: [Vec<f32>; CLASSES.len()] =
        std::array::from_fn(|class| vec![1e-4; model.weights[class].len()]);
    let mut bias_squares = [1e-4_f32; CLASSES.len()];
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut dice = settings.seed;
    for _ in 0..settings.rounds {
        shuffle(&mut order, &mut dice);
        for &at in &order {
            let (sample, truth) = samples[at];
            let said = softmax(model.sums(&sample.features));
            for class in 0..CLASSES.len() {
                let wanted = f32::from(u8::from(class == truth));
                let error = (said[class] - wanted) * sample.weight * balance[truth];
                let step = |gradient: f32, square: &mut f32| {
                    *square += gradient * gradient;
                    settings.rate * gradient / square.sqrt()
                };
                model.biases[class] -= step(error, &mut bias_squares[class]);
                for &(number, value) in &sample.features {
                    let at = number as usize;
                    let weight = &mut model.weights[class][at];
                    let pull = settings.prior * (*weight - from.weights[class][at]);
                    *weight -= step(error * value + pull, &mut squares[class][at]);
                }
            }
        }
    }
}

/// The temperature under which the samples held back are most probable.
fn temperature(model: &Linear, hold: &[Labelled<'_>]) -> f32 {
    if hold.len() < 20 {
        return 1.5;
    }
    let sums: Vec<_> = hold
        .iter()
        .map(|(sample, class)| (model.sums(&sample.features), *class))
        .collect();
    let loss = |temperature: f32| -> f32 {
        let one = |(sums, class): &([f32; CLASSES.len()], usize)| {
            -softmax(sums.map(|sum| sum / temperature))[*class]
                .max(1e-9)
                .ln()
        };
        sums.iter().map(one).sum()
    };
    let tried = (2..=80).map(|step| step as f32 / 10.0);
    let best = tried.map(|temperature| (loss(temperature), temperature));
    best.min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(1.5, |best| best.1)
}

fn shuffle(order: &mut [usize], dice: &mut u64) {
    for at in (1..order.len()).rev() {
        let other = (next(dice) % (at as u64 + 1)) as usize;
        order.swap(at, other);
    }
}

/// SplitMix64.
pub fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feature 1 speaks for criticism, 2 for support, 3 for neither.
    fn samples() -> Vec<Sample> {
        let mut dice = 7;
        (0..300)
            .map(|_| {
                let class = (next(&mut dice) % 3) as usize;
                let telling =
                    (!next(&mut dice).is_multiple_of(10)).then_some((class as u32 + 1, 1.0));
                let noise = (10 + (next(&mut dice) % 40) as u32, 1.0);
                let order = [Stance::Critical, Stance::Supportive, Stance::Neutral];
                Sample {
                    features: telling.into_iter().chain([noise]).collect(),
                    stance: order[class],
                    weight: 1.0,
                }
            })
            .collect()
    }

    #[test]
    fn it_learns_and_the_same_seed_gives_the_same_bytes() {
        let samples = samples();
        let blank = Linear::blank();
        let model = train(&samples, &blank, Settings::default());
        for (feature, stance) in [
            (1, Stance::Critical),
            (2, Stance::Supportive),
            (3, Stance::Neutral),
        ] {
            assert_eq!(model.stance(&vec![(feature, 1.0)]).0, stance);
        }
        let again = train(&samples, &blank, Settings::default());
        assert_eq!(model.to_bytes(), again.to_bytes());
        let other = Settings {
            seed: 1,
            ..Settings::default()
        };
        assert_ne!(model.to_bytes(), train(&samples, &blank, other).to_bytes());
    }

    #[test]
    fn a_few_samples_leave_what_they_do_not_speak_of() {
        let from = train(&samples(), &Linear::blank(), Settings::default());
        let news = vec![Sample {
            features: vec![(60, 1.0)],
            stance: Stance::Supportive,
            weight: 1.0,
        }];
        let model = train(&news, &from, Settings::default());
        assert_eq!(model.weights[0][1], from.weights[0][1]);
        assert!(model.sums(&vec![(60, 1.0)])[2] > from.sums(&vec![(60, 1.0)])[2]);
        let nothing = train(&[], &from, Settings::default());
        assert_eq!(nothing.weights, from.weights);
    }
}
