//! A model: several heads over the same features, and the card that says what they are.
//!
//! A file holds the mark, the card's length and the card (JSON), then zstd: for each column a bias
//! and a scale, then a byte for every feature and column; last the SHA-256 of all before. A head of
//! two classes has one column, of more, one for each.

use super::calibrate::{Platt, margins};
use super::features::{Block, CUES, DIMENSIONS, Features, HASHED, HELPERS, VERSION, View};
use super::solve::Weights;
use crate::model::Says;
use crate::text::hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::Range;

const MARK: &[u8; 8] = b"RSNZMDL2";
const HASH_BYTES: usize = 32;
/// Longest card that is read.
const MAX_CARD_BYTES: usize = 1 << 20;
/// Columns that all heads have together at most; a row of weights fills a quarter of a cache line.
const STRIDE: usize = 16;
/// Heads whose say the others may use, in the order of their places behind the cues.
pub const HELPER_HEADS: [&str; 3] = ["sentiment", "offence", "government"];
/// What another head says counts up to this, in both directions.
const HELPER_LIMIT: f32 = 1.5;
const HELPER_SCALE: f32 = 1.0 / 3.0;

/// What a model is, for people and for checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    pub name: String,
    /// Of [`super::features`]: what the numbers of features stand for.
    pub features: u32,
    pub hashed: usize,
    /// What everybody should know who uses it.
    pub limits: Vec<String>,
    /// Targets of which words are known: those that the office has corrected often enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<String>,
    pub heads: Vec<Head>,
}

/// One question that a model answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub name: String,
    pub classes: Vec<String>,
    /// By class.
    pub platt: Vec<Platt>,
    /// Whether it looks at how a statement is put.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub form: bool,
    /// By class: the probability below which it is not said.
    pub least: Vec<f32>,
    pub sets: Vec<SetCard>,
    /// On statements that the measured models never saw, by cross-validation; shares 0 to 1.
    pub figures: BTreeMap<String, f64>,
}

/// What a head was trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetCard {
    pub file: String,
    pub sha256: String,
    pub lines: usize,
    pub licence: String,
    pub source: String,
}

/// A class with its probability; `said` is false where it is not probable enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    pub class: usize,
    pub probability: f32,
    pub said: bool,
}

/// Card and weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub card: Card,
    biases: [f32; STRIDE],
    scales: [f32; STRIDE],
    rows: Vec<[i8; STRIDE]>,
}

/// Why a file is no model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("this is no model of this version of resonanz: train it again")]
    Foreign,
    #[error("the model file is damaged: its checksum does not fit; take it from a backup")]
    Damaged,
    #[error("a model has room for {STRIDE} columns, and this would need more")]
    Full,
}

impl Head {
    fn columns(&self) -> usize {
        match self.classes.len() {
            2 => 1,
            more => more,
        }
    }

    /// What the sums of its classes say.
    pub fn answer(&self, sums: &[f32]) -> Answer {
        let probabilities = self.probabilities(sums);
        let best = probabilities.iter().copied().enumerate();
        let best = best.fold((0, f32::NEG_INFINITY), |best, one| match one.1 > best.1 {
            true => one,
            false => best,
        });
        Answer {
            class: best.0,
            probability: best.1,
            said: best.1 >= self.least.get(best.0).copied().unwrap_or(0.0),
        }
    }

    /// By class; they sum to one at most, and what is missing is the chance that it is none.
    pub fn probabilities(&self, sums: &[f32]) -> Vec<f32> {
        let curves = self.platt.iter().zip(margins(sums));
        let found: Vec<f32> = curves.map(|(curve, m)| curve.probability(m)).collect();
        let all: f32 = found.iter().sum();
        found.iter().map(|one| one / all.max(1.0)).collect()
    }
}

/// A head of two classes has one column: what speaks for the second one.
fn by_class(columns: &[f32]) -> Vec<f32> {
    match columns {
        [one] => vec![-one / 2.0, one / 2.0],
        more => more.to_vec(),
    }
}

impl Model {
    /// A model without heads.
    pub fn blank(name: &str) -> Self {
        Self {
            card: Card {
                name: name.to_owned(),
                features: VERSION,
                hashed: HASHED,
                limits: Vec::new(),
                known: Vec::new(),
                heads: Vec::new(),
            },
            biases: [0.0; STRIDE],
            scales: [1.0; STRIDE],
            rows: vec![[0; STRIDE]; DIMENSIONS],
        }
    }

    /// A head, and where its columns are.
    pub fn head(&self, name: &str) -> Option<(&Head, Range<usize>)> {
        let mut from = 0;
        for head in &self.card.heads {
            let columns = from..from + head.columns();
            if head.name == name {
                return Some((head, columns));
            }
            from = columns.end;
        }
        None
    }

    /// Sums of all columns, with what the helping heads say.
    pub fn columns(&self, features: &Features) -> [f32; STRIDE] {
        let mut sums = [0.0; STRIDE];
        for &(number, value) in features {
            self.add(&mut sums, number, value);
        }
        self.finished(sums)
    }

    /// The same of what is seen of a statement, quicker: most features are seen once, and what they
    /// weigh is summed up in whole numbers.
    pub fn seen(&self, view: &View) -> [f32; STRIDE] {
        let mut sums = [0.0; STRIDE];
        for &(number, value) in &view.cues {
            self.add(&mut sums, number, value);
        }
        for block in &view.blocks {
            let block = self.block(block);
            sums.iter_mut()
                .zip(block)
                .for_each(|(sum, one)| *sum += one);
        }
        let form = self.block(&view.form);
        let mut from = 0;
        for head in &self.card.heads {
            let columns = from..from + head.columns();
            from = columns.end;
            for column in columns.filter(|_| head.form) {
                sums[column] += form[column];
            }
        }
        self.finished(sums)
    }

    fn block(&self, block: &Block) -> [f32; STRIDE] {
        let (mut once, mut more) = ([0_i32; STRIDE], [0.0; STRIDE]);
        for (number, worth) in block.worth() {
            match self.rows.get(number as usize) {
                Some(row) if worth == 1.0 => {
                    for (sum, weight) in once.iter_mut().zip(row) {
                        *sum += i32::from(*weight);
                    }
                }
                _ => self.add(&mut more, number, worth),
            }
        }
        for (more, once) in more.iter_mut().zip(once) {
            *more = (*more + once as f32) * block.scale();
        }
        more
    }

    /// Sums of whole numbers made sums of weights, with what the helping heads add.
    fn finished(&self, mut sums: [f32; STRIDE]) -> [f32; STRIDE] {
        for (sum, scale) in sums.iter_mut().zip(&self.scales) {
            *sum *= scale;
        }
        for (sum, bias) in sums.iter_mut().zip(&self.biases) {
            *sum += bias;
        }
        let helpers = self.helpers(&sums);
        let mut helped = [0.0; STRIDE];
        for &(number, value) in &helpers {
            self.add(&mut helped, number, value);
        }
        for ((sum, helped), scale) in sums.iter_mut().zip(helped).zip(&self.scales) {
            *sum += helped * scale;
        }
        sums
    }

    fn add(&self, sums: &mut [f32; STRIDE], number: u32, value: f32) {
        if let Some(row) = self.rows.get(number as usize) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += f32::from(*weight) * value;
            }
        }
    }

    /// Sums by class of one head, out of those of all columns.
    pub fn classes(columns: &[f32; STRIDE], of: Range<usize>) -> Vec<f32> {
        by_class(&columns[of])
    }

    /// The target's number among features, where its words are known.
    pub fn known(&self, target: &str) -> Option<u64> {
        let known = self.card.known.iter().any(|name| name == target);
        known.then(|| hash(target))
    }

    /// What a statement does, by the heads that tell it; rounded, for it is kept with each mention.
    pub(super) fn says(&self, columns: &[f32; STRIDE]) -> Says {
        let says = |head: &str, class: &str| {
            let (head, range) = self.head(head)?;
            let place = head.classes.iter().position(|name| name == class)?;
            let probabilities = head.probabilities(&Self::classes(columns, range));
            let probability = probabilities.get(place)?;
            Some((probability * 1000.0).round() / 1000.0)
        };
        Says {
            factual: says("factual", "claim"),
            asks: says("reply", "query"),
            denies: says("reply", "deny"),
            hearsay: None,
        }
    }

    /// What the helping heads say, as features for the others.
    pub(super) fn helpers(&self, columns: &[f32; STRIDE]) -> Features {
        let mut place = CUES as u32;
        let mut found = Vec::new();
        for name in HELPER_HEADS {
            let Some((_, range)) = self.head(name) else {
                continue;
            };
            let sums = Self::classes(columns, range);
            for sum in &sums[1..] {
                let lead = (sum - sums[0]) * HELPER_SCALE;
                found.push((place, lead.clamp(-HELPER_LIMIT, HELPER_LIMIT)));
                place += 1;
            }
        }
        found.truncate(HELPERS);
        found
    }

    /// The features with what the helping heads say of them, for training.
    pub fn helped(&self, features: &Features) -> Features {
        let columns = self.columns(features);
        let mut all = features.clone();
        all.extend(self.helpers(&columns));
        all.sort_unstable_by_key(|(number, _)| *number);
        all
    }

    /// What a feature adds to a head's columns.
    fn row(&self, number: u32, of: &Range<usize>) -> impl Iterator<Item = f32> {
        let row = self.rows.get(number as usize).into_iter().flatten();
        let scaled = row
            .zip(&self.scales)
            .map(|(weight, scale)| f32::from(*weight) * scale);
        scaled.skip(of.start).take(of.len())
    }

    /// What a feature adds to the lead of a class over the mean of the others.
    pub fn lead_of(&self, number: u32, of: &Range<usize>, class: usize) -> f32 {
        let all: f32 = self.row(number, of).sum();
        match of.len() {
            1 if class == 0 => -all,
            1 => all,
            columns => {
                let own = self.row(number, of).nth(class).unwrap_or_default();
                own - (all - own) / (columns - 1) as f32
            }
        }
    }

    /// The biases of a head's classes.
    pub fn biases(&self, of: Range<usize>) -> Vec<f32> {
        Self::classes(&self.biases, of)
    }

    /// The weights of a head, to learn on from them; blank where there is none of this name.
    pub fn weights(&self, name: &str, classes: usize) -> Weights {
        let mut weights = Weights::blank(classes);
        let Some((_, range)) = self
            .head(name)
            .filter(|(head, _)| head.classes.len() == classes)
        else {
            return weights;
        };
        weights.biases = self.biases(range.clone());
        for (number, row) in (0_u32..).zip(&self.rows) {
            if row[range.clone()].iter().any(|weight| *weight != 0) {
                let row: Vec<f32> = self.row(number, &range).collect();
                let row = by_class(&row);
                weights.row_mut(number).copy_from_slice(&row);
            }
        }
        weights
    }

    /// Puts a head in, in the place of the one of its name.
    ///
    /// # Errors
    /// No room for its columns.
    pub fn put(&mut self, head: Head, weights: &Weights) -> Result<(), ModelError> {
        let known = self.head(&head.name).map(|(_, range)| range);
        let range = match known {
            Some(range) if range.len() == head.columns() => range,
            Some(_) => return Err(ModelError::Foreign),
            None => {
                let from: usize = self.card.heads.iter().map(Head::columns).sum();
                from..from + head.columns()
            }
        };
        if range.end > STRIDE {
            return Err(ModelError::Full);
        }
        for (offset, column) in range.enumerate() {
            self.put_column(column, weights, |row| match row {
                [no, yes] => yes - no,
                more => more[offset],
            });
        }
        match self.card.heads.iter_mut().find(|one| one.name == head.name) {
            Some(old) => *old = head,
            None => self.card.heads.push(head),
        }
        Ok(())
    }

    fn put_column(&mut self, column: usize, weights: &Weights, of: impl Fn(&[f32]) -> f32) {
        let most = weights
            .rows()
            .fold(0.0_f32, |most, row| most.max(of(row).abs()));
        let scale = (most / f32::from(i8::MAX)).max(f32::MIN_POSITIVE);
        self.scales[column] = scale;
        self.biases[column] = of(&weights.biases);
        for (slots, row) in self.rows.iter_mut().zip(weights.rows()) {
            slots[column] = (of(row) / scale).round() as i8;
        }
    }

    fn used(&self) -> usize {
        self.card.heads.iter().map(Head::columns).sum()
    }

    /// The file.
    ///
    /// # Errors
    /// The compression's, which has none for bytes in memory.
    pub fn to_bytes(&self) -> std::io::Result<Vec<u8>> {
        let used = self.used();
        let mut body = Vec::with_capacity(used * (8 + DIMENSIONS));
        for number in self.biases[..used].iter().chain(&self.scales[..used]) {
            body.extend(number.to_le_bytes());
        }
        // Column by column: a head that few features speak to is mostly zeros.
        for column in 0..used {
            body.extend(self.rows.iter().map(|row| row[column].cast_unsigned()));
        }
        let card = serde_json::to_vec(&self.card)?;
        let mut bytes = MARK.to_vec();
        bytes.extend((card.len() as u32).to_le_bytes());
        bytes.extend(card);
        bytes.extend(zstd::bulk::compress(&body, 19)?);
        let hash = Sha256::digest(&bytes);
        bytes.extend(hash);
        Ok(bytes)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Another kind or version of file; one that was changed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let rest = bytes.strip_prefix(MARK).ok_or(ModelError::Foreign)?;
        let (signed, hash) = bytes
            .split_at_checked(bytes.len() - HASH_BYTES.min(bytes.len()))
            .ok_or(ModelError::Damaged)?;
        if Sha256::digest(signed).as_slice() != hash {
            return Err(ModelError::Damaged);
        }
        let rest = &rest[..rest.len().saturating_sub(HASH_BYTES)];
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(ModelError::Damaged)?;
        let length = u32::from_le_bytes(*length) as usize;
        let split = rest.split_at_checked(length.min(MAX_CARD_BYTES));
        let (card, body) = split.ok_or(ModelError::Damaged)?;
        let card: Card = serde_json::from_slice(card).map_err(|_| ModelError::Foreign)?;
        let used: usize = card.heads.iter().map(Head::columns).sum();
        if card.features != VERSION || card.hashed != HASHED || used > STRIDE {
            return Err(ModelError::Foreign);
        }
        let wanted = used * (8 + DIMENSIONS);
        let body = zstd::bulk::decompress(body, wanted).map_err(|_| ModelError::Damaged)?;
        if body.len() != wanted {
            return Err(ModelError::Damaged);
        }
        let mut model = Self::blank(&card.name);
        model.card = card;
        model.fill(&body, used);
        Ok(model)
    }

    fn fill(&mut self, body: &[u8], used: usize) {
        let (numbers, columns) = body.split_at(used * 8);
        let numbers: Vec<f32> = numbers
            .as_chunks::<4>()
            .0
            .iter()
            .map(|four| f32::from_le_bytes(*four))
            .collect();
        self.biases[..used].copy_from_slice(&numbers[..used]);
        self.scales[..used].copy_from_slice(&numbers[used..]);
        for (column, weights) in columns.chunks_exact(DIMENSIONS).enumerate() {
            for (row, weight) in self.rows.iter_mut().zip(weights) {
                row[column] = weight.cast_signed();
            }
        }
    }
}
