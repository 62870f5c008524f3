//! A linear model over hashed features: three stances, a probability for each, and `unclear` where
//! none is probable enough.
//!
//! A file holds: the mark, a version, the temperature, the least probability, three biases and
//! scales, then for each stance a byte a feature; last the SHA-256 of all before.

use super::features::{DIMENSIONS, Features};
use crate::model::Stance;
use sha2::{Digest, Sha256};

/// The stances that are told apart, in the order of the weights.
pub const CLASSES: [Stance; 3] = [Stance::Critical, Stance::Neutral, Stance::Supportive];

const MARK: &[u8; 8] = b"RSNZLIN1";
const HASH_BYTES: usize = 32;
const HEAD_BYTES: usize = MARK.len() + 4 * (2 + 2 * CLASSES.len());

/// Weights and what turns sums into probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// By stance, then by feature.
    pub weights: [Vec<f32>; CLASSES.len()],
    pub biases: [f32; CLASSES.len()],
    /// Sums are divided by it: above 1 makes the model less sure.
    pub temperature: f32,
    /// Below this, the most probable stance is not said.
    pub least: f32,
}

/// Why a file is no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("this is no stance model of this version")]
    Foreign,
    #[error("the model file is damaged: its checksum does not fit")]
    Damaged,
}

impl Linear {
    /// A model that knows nothing.
    pub fn blank() -> Self {
        Self {
            weights: std::array::from_fn(|_| vec![0.0; DIMENSIONS]),
            biases: [0.0; CLASSES.len()],
            temperature: 1.0,
            least: 0.5,
        }
    }

    /// Sums by stance.
    pub fn sums(&self, features: &Features) -> [f32; CLASSES.len()] {
        std::array::from_fn(|class| {
            let weights = &self.weights[class];
            let parts = features.iter().map(|(number, value)| {
                weights.get(*number as usize).copied().unwrap_or(0.0) * value
            });
            self.biases[class] + parts.sum::<f32>()
        })
    }

    /// Probabilities by stance; they sum to one.
    pub fn probabilities(&self, features: &Features) -> [f32; CLASSES.len()] {
        softmax(self.sums(features).map(|sum| sum / self.temperature))
    }

    /// What the model says, and how sure it is of the most probable stance.
    pub fn stance(&self, features: &Features) -> (Stance, f32) {
        let probabilities = self.probabilities(features);
        let best = CLASSES.into_iter().zip(probabilities);
        let (stance, probability) =
            best.fold((Stance::Unclear, 0.0), |best, one| match one.1 > best.1 {
                true => one,
                false => best,
            });
        match probability >= self.least {
            true => (stance, probability),
            false => (Stance::Unclear, probability),
        }
    }

    /// The file. Weights are rounded to a byte each.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MARK.to_vec();
        let scales = self.scales();
        let numbers = [self.temperature, self.least];
        for number in numbers.iter().chain(&self.biases).chain(&scales) {
            bytes.extend(number.to_le_bytes());
        }
        for (weights, scale) in self.weights.iter().zip(scales) {
            let rounded = weights.iter().map(|weight| (weight / scale).round() as i8);
            bytes.extend(rounded.map(i8::cast_unsigned));
        }
        let hash = Sha256::digest(&bytes);
        bytes.extend(hash);
        bytes
    }

    fn scales(&self) -> [f32; CLASSES.len()] {
        std::array::from_fn(|class| {
            let weights = self.weights[class].iter();
            let most = weights.fold(0.0_f32, |most, weight| most.max(weight.abs()));
            (most / f32::from(i8::MAX)).max(f32::MIN_POSITIVE)
        })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Another kind or version of file; one that was changed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let length = HEAD_BYTES + CLASSES.len() * DIMENSIONS + HASH_BYTES;
        if !bytes.starts_with(MARK) || bytes.len() != length {
            return Err(ModelError::Foreign);
        }
        let (body, hash) = bytes.split_at(length - HASH_BYTES);
        if Sha256::digest(body).as_slice() != hash {
            return Err(ModelError::Damaged);
        }
        let number = |at: usize| {
            let from = MARK.len() + 4 * at;
            let four = body.get(from..from + 4).and_then(|b| b.try_into().ok());
            four.map_or(0.0, f32::from_le_bytes)
        };
        let weights = |class: usize| {
            let from = HEAD_BYTES + class * DIMENSIONS;
            let scale = number(2 + CLASSES.len() + class);
            let bytes = body[from..from + DIMENSIONS].iter();
            bytes
                .map(|byte| f32::from(byte.cast_signed()) * scale)
                .collect()
        };
        Ok(Self {
            temperature: number(0),
            least: number(1),
            biases: std::array::from_fn(|class| number(2 + class)),
            weights: std::array::from_fn(weights),
        })
    }
}

pub fn softmax(sums: [f32; CLASSES.len()]) -> [f32; CLASSES.len()] {
    let most = sums.into_iter().fold(f32::NEG_INFINITY, f32::max);
    let powers = sums.map(|sum| (sum - most).exp());
    let all: f32 = powers.iter().sum();
    powers.map(|power| power / all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Linear {
        let mut model = Linear::blank();
        model.weights[0][3] = 2.0;
        model.weights[2][DIMENSIONS - 1] = -1.0;
        model.biases = [0.1, 0.2, 0.3];
        model.temperature = 1.5;
        model
    }

    #[test]
    fn a_file_is_the_model_again() {
        let model = model();
        let bytes = model.to_bytes();
        let read = Linear::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes(), bytes, "rounding twice changes nothing");
        let features = vec![(3, 1.0), (DIMENSIONS as u32 - 1, 0.5)];
        let (before, after) = (model.sums(&features), read.sums(&features));
        for (one, other) in before.into_iter().zip(after) {
            assert!((one - other).abs() < 0.02, "{one} {other}");
        }
        for (at, error) in [(0, ModelError::Foreign), (100, ModelError::Damaged)] {
            let mut spoilt = bytes.clone();
            spoilt[at] ^= 1;
            assert_eq!(Linear::from_bytes(&spoilt), Err(error));
        }
        assert_eq!(Linear::from_bytes(&bytes[1..]), Err(ModelError::Foreign));
    }

    #[test]
    fn what_is_not_probable_is_unclear() {
        let mut model = model();
        let (stance, probability) = model.stance(&vec![(3, 4.0)]);
        assert_eq!(stance, Stance::Critical);
        assert!(probability > 0.9);
        assert_eq!(model.stance(&vec![]).0, Stance::Unclear);
        model.least = 0.2;
        assert_eq!(
            model.stance(&vec![]).0,
            Stance::Supportive,
            "the largest bias"
        );
        let sum: f32 = model.probabilities(&vec![(3, 1.0)]).iter().sum();
        assert!((sum - 1.0).abs() < 1e-6);
    }
}
