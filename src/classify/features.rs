//! What a linear model sees of a statement toward a target: one implementation for training and for
//! use. Pure.
//!
//! Four blocks. Words and pairs of words; runs of three to five letters; words by how near and on
//! which side of the target's name they stand; and a few cues that are counted. The first three are
//! hashed into one space and each made a vector of length one, so that long texts weigh no more than
//! short ones. The target's own name is masked: what is learned of one target holds for others.

use super::reading::Reading;
use crate::text::hash;

/// Hashed features; a power of two.
pub const HASHED: usize = 1 << 18;
/// Counted cues, which come first.
pub const CUES: usize = 16;
/// All features.
pub const DIMENSIONS: usize = HASHED + CUES;

/// Letters of a run, from and to.
const RUNS: std::ops::RangeInclusive<usize> = 3..=5;
/// Letters of a word whose runs are taken; longer ones are no words.
const MAX_RUN_WORD: usize = 40;
/// Distances from the target's name that make a band, each up to and with.
const BANDS: [usize; 3] = [2, 5, 10];

/// What the word lists see.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signs {
    /// Weights of supportive and critical words, 0 or more.
    pub praise: f32,
    pub blame: f32,
    pub irony: bool,
    pub denies: bool,
    /// An article that does not call itself an opinion.
    pub report: bool,
}

/// Number of a feature and its value, each number once, ascending.
pub type Features = Vec<(u32, f32)>;

/// What kind of feature a hash is made for: the same word is another feature in each.
#[derive(Clone, Copy)]
enum Kind {
    Word = 1,
    QuotedWord,
    Pair,
    Run,
    Near,
}

/// The features of a reading toward a target whose name stands at `names`.
pub fn features(reading: &Reading<'_>, names: &[(usize, usize)], signs: &Signs) -> Features {
    let is_name = masked(reading.words.len(), names);
    let mut all = cue_values(reading, names, signs);
    all.extend(block(words(reading, &is_name)));
    all.extend(block(runs(reading, &is_name)));
    all.extend(block(near(reading, &is_name, names)));
    merge(all)
}

fn masked(words: usize, names: &[(usize, usize)]) -> Vec<bool> {
    let mut masked = vec![false; words];
    for &(first, last) in names {
        for place in masked.iter_mut().take(last + 1).skip(first) {
            *place = true;
        }
    }
    masked
}

fn form<'a>(reading: &Reading<'a>, at: usize) -> &'a str {
    let word = reading.words.get(at).map(|word| word.token);
    word.and_then(|token| token.terms.first())
        .map_or("", String::as_str)
}

/// A number for a kind and two parts of a feature.
fn number(kind: Kind, one: u64, other: u64) -> u32 {
    let mut bits = (kind as u64) ^ one.rotate_left(17) ^ other.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    CUES as u32 + (bits % HASHED as u64) as u32
}

fn words(reading: &Reading<'_>, is_name: &[bool]) -> Vec<u32> {
    let mut found = Vec::new();
    let mut before = hash("^");
    for at in 0..reading.words.len() {
        let this = own(reading, is_name, at);
        found.push(word_number(reading, at, this));
        found.push(number(Kind::Pair, before, this));
        before = this;
    }
    found
}

fn own(reading: &Reading<'_>, is_name: &[bool], at: usize) -> u64 {
    match is_name[at] {
        true => hash("@target"),
        false => hash(form(reading, at)),
    }
}

fn word_number(reading: &Reading<'_>, at: usize, own: u64) -> u32 {
    let kind = match reading.words.get(at).is_some_and(|word| word.quoted) {
        true => Kind::QuotedWord,
        false => Kind::Word,
    };
    number(kind, own, 0)
}

/// The number of the feature that each word by itself is, to say which of them weighed.
pub fn word_numbers(reading: &Reading<'_>, names: &[(usize, usize)]) -> Vec<u32> {
    let is_name = masked(reading.words.len(), names);
    let places = 0..reading.words.len();
    places
        .map(|at| word_number(reading, at, own(reading, &is_name, at)))
        .collect()
}

fn runs(reading: &Reading<'_>, is_name: &[bool]) -> Vec<u32> {
    let mut found = Vec::new();
    for at in (0..reading.words.len()).filter(|at| !is_name[*at]) {
        let word = format!("<{}>", form(reading, at));
        let ends: Vec<usize> = word
            .char_indices()
            .map(|(at, _)| at)
            .chain([word.len()])
            .collect();
        if ends.len() > MAX_RUN_WORD {
            continue;
        }
        for length in RUNS {
            for window in ends.windows(length + 1) {
                let run = &word[window[0]..window[length]];
                found.push(number(Kind::Run, hash(run), 0));
            }
        }
    }
    found
}

fn near(reading: &Reading<'_>, is_name: &[bool], names: &[(usize, usize)]) -> Vec<u32> {
    let mut found = Vec::new();
    for at in (0..reading.words.len()).filter(|at| !is_name[*at]) {
        let distances = names.iter().map(|&(first, last)| match at < first {
            true => (first - at, 0_u64),
            false => (at - last.min(at), 1),
        });
        let Some((distance, side)) = distances.min() else {
            continue;
        };
        let band = BANDS.iter().position(|band| distance <= *band);
        if let Some(band) = band {
            let place = side * BANDS.len() as u64 + band as u64;
            found.push(number(Kind::Near, hash(form(reading, at)), place + 1));
        }
    }
    found
}

/// Occurrences counted, damped, and made a vector of length one.
fn block(mut numbers: Vec<u32>) -> Features {
    numbers.sort_unstable();
    let mut counted: Features = Vec::new();
    for number in numbers {
        match counted.last_mut() {
            Some((last, count)) if *last == number => *count += 1.0,
            _ => counted.push((number, 1.0)),
        }
    }
    for (_, count) in &mut counted {
        *count = 1.0 + count.ln();
    }
    let length: f32 = counted.iter().map(|(_, value)| value * value).sum();
    let length = length.sqrt().max(1.0);
    counted.iter_mut().for_each(|(_, value)| *value /= length);
    counted
}

/// Two features can fall together.
fn merge(mut all: Features) -> Features {
    all.sort_by_key(|(number, _)| *number);
    let mut merged: Features = Vec::with_capacity(all.len());
    for (number, value) in all {
        match merged.last_mut() {
            Some((last, sum)) if *last == number => *sum += value,
            _ => merged.push((number, value)),
        }
    }
    merged
}

fn cue_values(reading: &Reading<'_>, names: &[(usize, usize)], signs: &Signs) -> Features {
    let count = reading.words.len();
    let words = &reading.words;
    let share = |part: usize| part as f32 / count.max(1) as f32;
    let yes = |holds: bool| f32::from(u8::from(holds));
    let ends_asking = words.last().is_some_and(|word| reading.is_question(word));
    let shouted = words.iter().filter(|word| is_shouted(&word.token.exact));
    let values = [
        signs.praise.ln_1p(),
        signs.blame.ln_1p(),
        (signs.praise - signs.blame).clamp(-3.0, 3.0) / 3.0,
        yes(signs.praise == 0.0 && signs.blame == 0.0),
        yes(signs.irony),
        yes(signs.denies),
        yes(signs.report),
        yes(ends_asking),
        yes(reading.exclaims()),
        share(words.iter().filter(|word| word.quoted).count()),
        share(shouted.count()),
        yes(names.is_empty()),
        yes(names.first().is_some_and(|(first, _)| *first == 0)),
        yes(count < 6),
        yes(count > 40),
        (count as f32).ln_1p() / 5.0,
    ];
    let numbered = (0_u32..).zip(values);
    numbered.filter(|(_, value)| *value != 0.0).collect()
}

fn is_shouted(exact: &str) -> bool {
    exact.chars().count() > 3 && exact.chars().all(char::is_uppercase)
}
