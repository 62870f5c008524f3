//! What is compared of a text: its words without inflection, the letters in a row within them, its
//! numbers, and the passages that it falls into.

use crate::text::{TokenRef, Tokens, fold_keyword, hash, head};
use rustc_hash::FxHashSet;
use std::borrow::Cow;

/// Bytes of a mention that are read.
const MAX_BYTES: usize = 32_000;
/// Bytes of each part of an entry that are read, and words of the whole entry.
const MAX_ENTRY_BYTES: usize = 1_500;
const MAX_ENTRY_WORDS: usize = 160;
/// Words of a passage. A text with no more words than the second is one passage.
const PASSAGE: usize = 30;
const ONE_PASSAGE: usize = 64;
/// Passages of a text that are compared.
const MAX_PASSAGES: usize = 48;
/// Words that say nothing of what a text is about.
const COMMON: &str = include_str!("common.txt");
/// Words behind a number that say how large it is.
const MAGNITUDES: [(&str, f64); 14] = [
    ("tausend", 1e3),
    ("thousand", 1e3),
    ("k", 1e3),
    ("tsd", 1e3),
    ("million", 1e6),
    ("millionen", 1e6),
    ("millions", 1e6),
    ("mio", 1e6),
    ("milliarde", 1e9),
    ("milliarden", 1e9),
    ("mrd", 1e9),
    ("billion", 1e9),
    ("bn", 1e9),
    ("billionen", 1e12),
];

/// One word of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Word {
    /// Byte range in the part that it stands in.
    pub start: u32,
    pub end: u32,
    pub in_title: bool,
    /// The word without its ending.
    pub stem: u64,
    pub is_common: bool,
    /// Written with a capital, and not for standing at the start of a sentence.
    pub is_name: bool,
    /// Its value, where it is a number.
    pub number: Option<u64>,
    /// Where its letters end in [`Reading::grams`]; they begin where those of the word before end.
    grams_end: u32,
}

/// A text as it is compared; its buffers are used again.
#[derive(Debug, Default)]
pub struct Reading {
    pub words: Vec<Word>,
    /// Four letters in a row of each word that is not common.
    grams: Vec<u64>,
    /// Where sentences end, in words.
    sentences: Vec<u32>,
    tokens: Tokens,
}

/// The numbers of common words.
#[derive(Debug)]
pub struct Vocabulary {
    common: FxHashSet<u64>,
}

impl Vocabulary {
    pub fn new() -> Self {
        Self {
            common: COMMON.split_whitespace().map(hash).collect(),
        }
    }
}

impl Reading {
    /// Reads a mention. A sentence that stands in it again is left out.
    pub fn mention(&mut self, title: &str, text: &str, vocabulary: &Vocabulary) {
        self.clear();
        self.part(head(title, MAX_ENTRY_BYTES), true, vocabulary);
        self.part(head(text, MAX_BYTES), false, vocabulary);
        self.drop_repeated();
    }

    /// Reads an entry of the register.
    pub fn entry(&mut self, claim: &str, more: &str, vocabulary: &Vocabulary) {
        self.clear();
        self.part(head(claim, MAX_ENTRY_BYTES), false, vocabulary);
        self.part(head(more, MAX_ENTRY_BYTES), true, vocabulary);
        self.words.truncate(MAX_ENTRY_WORDS);
    }

    fn clear(&mut self) {
        self.words.clear();
        self.grams.clear();
        self.sentences.clear();
    }

    fn part(&mut self, part: &str, in_title: bool, vocabulary: &Vocabulary) {
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.read(part);
        let mut before = 0;
        for token in tokens.iter(part) {
            let (start, end) = (token.start() as usize, token.end() as usize);
            let gap = part.get(before..start).unwrap_or_default();
            if gap.contains(['.', '!', '?', '\n', '…']) {
                self.end_sentence();
            }
            before = end.max(before);
            self.word(&token, in_title, vocabulary);
        }
        self.end_sentence();
        self.tokens = tokens;
    }

    fn end_sentence(&mut self) {
        let end = self.words.len() as u32;
        if self.sentences.last().copied().unwrap_or(0) < end {
            self.sentences.push(end);
        }
    }

    /// A word; a tag or name of several words in one (`#PizzaMachine`) as those.
    fn word(&mut self, token: &TokenRef<'_>, in_title: bool, vocabulary: &Vocabulary) {
        let form = token.forms().next().unwrap_or_default();
        if form.starts_with('/') || !form.chars().any(char::is_alphanumeric) {
            return;
        }
        let (start, end) = (token.start(), token.end());
        let exact = token.exact();
        if !has_hump(exact) {
            self.push(form, exact, (start, end), in_title, vocabulary);
            return;
        }
        for part in humps(exact) {
            self.push(
                &fold_keyword(part),
                part,
                (start, end),
                in_title,
                vocabulary,
            );
        }
    }

    fn push(
        &mut self,
        form: &str,
        exact: &str,
        (start, end): (u32, u32),
        in_title: bool,
        vocabulary: &Vocabulary,
    ) {
        if let (Some(factor), Some(last)) = (magnitude(form), self.words.last_mut())
            && let Some(number) = last.number
        {
            last.number = Some((f64::from_bits(number) * factor).to_bits());
        }
        let is_common = vocabulary.common.contains(&hash(form));
        if !is_common {
            grams(form, &mut self.grams);
        }
        let at_start = self.sentences.last().copied().unwrap_or(0) as usize == self.words.len();
        let mut letters = exact.chars();
        let capital = letters.next().is_some_and(char::is_uppercase);
        self.words.push(Word {
            start,
            end,
            in_title,
            stem: hash(&stem(form)),
            is_common,
            is_name: capital && !is_common && (!at_start || letters.any(char::is_uppercase)),
            number: value(form).map(f64::to_bits),
            grams_end: self.grams.len() as u32,
        });
    }

    /// The letters of a word, four in a row.
    fn grams_of(&self, at: usize) -> &[u64] {
        let end = self.words[at].grams_end as usize;
        let start = match at {
            0 => 0,
            _ => self.words[at - 1].grams_end as usize,
        };
        &self.grams[start..end]
    }

    /// The keys of the words from and to that are not common: stems, and letters in a row; in order,
    /// each as often as it stands there.
    pub fn keys(&self, from: usize, to: usize, stems: &mut Vec<u64>, letters: &mut Vec<u64>) {
        stems.clear();
        letters.clear();
        for at in from..to {
            if !self.words[at].is_common {
                stems.push(self.words[at].stem);
                letters.extend_from_slice(self.grams_of(at));
            }
        }
        stems.sort_unstable();
        letters.sort_unstable();
    }

    fn drop_repeated(&mut self) {
        let mut seen = FxHashSet::default();
        let mut start = 0;
        let (mut words, mut ends, mut grams) = (Vec::new(), Vec::new(), Vec::new());
        for end in &self.sentences {
            let end = *end as usize;
            let sum =
                |sum: u64, word: &Word| sum.rotate_left(9).wrapping_mul(0x9e37_79b9) ^ word.stem;
            if seen.insert(self.words[start..end].iter().fold(0, sum)) {
                for at in start..end {
                    grams.extend_from_slice(self.grams_of(at));
                    words.push(Word {
                        grams_end: grams.len() as u32,
                        ..self.words[at]
                    });
                }
                ends.push(words.len() as u32);
            }
            start = end;
        }
        (self.words, self.sentences, self.grams) = (words, ends, grams);
    }

    /// The passages of the text, as words from and to: sentences of together about [`PASSAGE`] words,
    /// each beginning with the last sentence of the one before.
    pub fn passages(&self) -> Vec<(usize, usize)> {
        if self.words.len() <= ONE_PASSAGE {
            return vec![(0, self.words.len())];
        }
        let mut found: Vec<(usize, usize)> = Vec::new();
        let (mut from, mut last) = (0, 0);
        for end in self.sentences.iter().map(|end| *end as usize) {
            if end - from > PASSAGE && last > from {
                found.push((from, last));
                let before = last_start(&self.sentences, last);
                from = if end - before <= PASSAGE {
                    before
                } else {
                    last
                };
            }
            while end - from > PASSAGE {
                found.push((from, from + PASSAGE));
                from += PASSAGE / 2;
            }
            last = end;
        }
        if from < last {
            found.push((from, last));
        }
        found.truncate(MAX_PASSAGES);
        found
    }
}

/// Where the sentence begins that ends at a word.
fn last_start(sentences: &[u32], end: usize) -> usize {
    let at = sentences.partition_point(|one| (*one as usize) < end);
    match at {
        0 => 0,
        _ => sentences[at - 1] as usize,
    }
}

/// A German or English word without its endings: crude, the same for all forms of most words. A `y`
/// at the end is an `i`, as in the plural; a `t` belongs to the word but behind an `e`.
fn stem(form: &str) -> Cow<'_, str> {
    if !form.is_ascii() || form.bytes().any(|byte| byte.is_ascii_digit()) {
        return form.into();
    }
    let mut rest = form;
    while let Some(shorter) = without_ending(rest) {
        rest = shorter;
    }
    match rest.strip_suffix('y') {
        Some(start) if rest.len() > 3 => format!("{start}i").into(),
        _ => rest.into(),
    }
}

/// The word without one ending, where at least three letters are left.
fn without_ending(form: &str) -> Option<&str> {
    let rest = ["em", "er", "nd", "ing", "ed", "ly", "et", "e", "s", "n"]
        .into_iter()
        .find_map(|ending| form.strip_suffix(ending).filter(|rest| rest.len() >= 3))?;
    Some(rest)
}

/// Four letters in a row, of a word with a blank at either end.
fn grams(form: &str, found: &mut Vec<u64>) {
    let mut last = [0_u64, 0, 0, u64::from(' ')];
    let mut count = 1;
    for letter in form.chars().chain([' ']) {
        last = [last[1], last[2], last[3], u64::from(letter)];
        count += 1;
        if count >= 4 {
            let mix = |sum: u64, letter: &u64| (sum ^ letter).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            found.push(last.iter().fold(0, mix));
        }
    }
}

/// A small letter and a capital behind it.
fn has_hump(exact: &str) -> bool {
    let mut was_small = false;
    exact.chars().any(|letter| {
        let is_hump = was_small && letter.is_uppercase();
        was_small = letter.is_lowercase();
        is_hump
    })
}

/// The words of `oneInOther`.
fn humps(exact: &str) -> impl Iterator<Item = &str> {
    let mut was_small = false;
    let mut start = 0;
    let mut ends: Vec<(usize, usize)> = Vec::new();
    for (at, letter) in exact.char_indices() {
        if was_small && letter.is_uppercase() {
            ends.push((start, at));
            start = at;
        }
        was_small = letter.is_lowercase();
    }
    ends.push((start, exact.len()));
    ends.into_iter().map(|(start, end)| &exact[start..end])
}

/// The value of a number as it is written in German or English.
fn value(form: &str) -> Option<f64> {
    if !form.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let end = form.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','));
    let digits = &form[..end.unwrap_or(form.len())];
    let last = digits.rsplit(['.', ',']).next().unwrap_or_default();
    let plain: String = digits.chars().filter(char::is_ascii_digit).collect();
    let number: f64 = plain.parse().ok()?;
    // Three digits behind a point are thousands, others are a fraction.
    let is_fraction = last.len() < digits.len() && last.len() != 3;
    match is_fraction {
        true => Some(number / libm::pow(10.0, last.len() as f64)),
        // A year says when, not how many.
        false if digits.len() == 4 && (1_900.0..2_100.0).contains(&number) => None,
        false => Some(number),
    }
}

fn magnitude(form: &str) -> Option<f64> {
    let found = MAGNITUDES.iter().find(|(word, _)| *word == form)?;
    Some(found.1)
}
