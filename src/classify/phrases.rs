//! Lists of words and phrases, and where they stand in a reading. Pure.

use super::reading::{Reading, Word};
use crate::text::analyse;
use rustc_hash::FxHashMap;

/// Words that a `_` in a phrase may stand for, at most.
const GAP_WORDS: usize = 2;
/// Letters of the shortest word with a `*` at its end.
const STEM_CHARS: usize = 3;

/// A line of a lexicon that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the lexicon's line `{0}` cannot be read")]
pub struct LexiconError(pub String);

#[derive(Debug, Clone)]
enum Piece {
    /// One of these forms.
    Word(Vec<String>),
    /// A form that starts with one of these.
    Stem(Vec<String>),
    /// Up to [`GAP_WORDS`] words.
    Gap,
}

#[derive(Debug, Clone)]
struct Phrase<T> {
    pieces: Vec<Piece>,
    value: T,
}

/// A list of phrases, each with a value.
#[derive(Debug, Clone)]
pub struct Phrases<T> {
    phrases: Vec<Phrase<T>>,
    by_word: FxHashMap<String, Vec<usize>>,
    /// Stems and their phrases by the stems' first [`STEM_CHARS`] letters, short stems first.
    by_stem: FxHashMap<String, Vec<(String, usize)>>,
}

/// A phrase that was found: its first and last word, and its value.
#[derive(Debug, Clone, Copy)]
pub struct Found<T> {
    pub first: usize,
    pub last: usize,
    pub value: T,
}

impl<T: Copy> Phrases<T> {
    pub fn new() -> Self {
        Self {
            phrases: Vec::new(),
            by_word: FxHashMap::default(),
            by_stem: FxHashMap::default(),
        }
    }

    /// Adds one phrase: words, words with `*` at their end, and `_`.
    pub fn add(&mut self, phrase: &str, value: T) -> Result<(), LexiconError> {
        let unreadable = || LexiconError(phrase.to_owned());
        let pieces: Vec<Piece> = phrase
            .split_whitespace()
            .map(piece)
            .collect::<Option<_>>()
            .ok_or_else(unreadable)?;
        let index = self.phrases.len();
        match pieces.first() {
            Some(Piece::Word(forms)) => {
                for form in forms {
                    self.by_word.entry(form.clone()).or_default().push(index);
                }
            }
            Some(Piece::Stem(forms)) => {
                for form in forms {
                    let start = beginning(form).ok_or_else(unreadable)?;
                    let same = self.by_stem.entry(start.to_owned()).or_default();
                    same.push((form.clone(), index));
                    same.sort_by_key(|(stem, _)| stem.len());
                }
            }
            Some(Piece::Gap) | None => return Err(unreadable()),
        }
        self.phrases.push(Phrase { pieces, value });
        Ok(())
    }

    /// The longest phrase that starts at a word.
    pub fn at(&self, reading: &Reading<'_>, first: usize) -> Option<Found<T>> {
        let words = &reading.words;
        let start = words.get(first)?;
        let mut best: Option<Found<T>> = None;
        for index in self.candidates(start) {
            let Some(phrase) = self.phrases.get(index) else {
                continue;
            };
            if let Some(end) = match_end(&phrase.pieces, words, first, start.sentence)
                && best.is_none_or(|best| end - 1 > best.last)
            {
                best = Some(Found {
                    first,
                    last: end - 1,
                    value: phrase.value,
                });
            }
        }
        best
    }

    /// All phrases from left to right; a word belongs to one at most.
    pub fn all(&self, reading: &Reading<'_>) -> Vec<Found<T>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < reading.words.len() {
            match self.at(reading, at) {
                Some(phrase) => {
                    at = phrase.last + 1;
                    found.push(phrase);
                }
                None => at += 1,
            }
        }
        found
    }

    fn candidates(&self, word: &Word<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        for term in &word.token.terms {
            found.extend(self.by_word.get(term).into_iter().flatten());
            if self.by_stem.is_empty() {
                continue;
            }
            let same = beginning(term).and_then(|start| self.by_stem.get(start));
            let stems = same.into_iter().flatten();
            let begins = stems.filter(|(stem, _)| term.starts_with(stem.as_str()));
            found.extend(begins.map(|(_, index)| *index));
        }
        found
    }
}

/// The letters by which stems are looked up; none where there are fewer.
fn beginning(word: &str) -> Option<&str> {
    let (last, letter) = word.char_indices().nth(STEM_CHARS - 1)?;
    word.get(..last + letter.len_utf8())
}

/// Reads one word of a phrase.
fn piece(word: &str) -> Option<Piece> {
    if word == "_" {
        return Some(Piece::Gap);
    }
    let stem = word.strip_suffix('*');
    let mut tokens = analyse(stem.unwrap_or(word)).into_iter();
    let forms = tokens.next()?.terms;
    if tokens.next().is_some() || forms.is_empty() {
        return None;
    }
    match stem {
        None => Some(Piece::Word(forms)),
        Some(stem) if stem.chars().count() >= STEM_CHARS => Some(Piece::Stem(forms)),
        Some(_) => None,
    }
}

fn fits(piece: &Piece, word: &Word<'_>) -> bool {
    let terms = &word.token.terms;
    match piece {
        Piece::Word(forms) => forms.iter().any(|form| terms.contains(form)),
        Piece::Stem(forms) => forms
            .iter()
            .any(|form| terms.iter().any(|term| term.starts_with(form.as_str()))),
        Piece::Gap => false,
    }
}

/// The word after the phrase where it stands at `at`, within one sentence. The shortest gap wins.
fn match_end(pieces: &[Piece], words: &[Word<'_>], at: usize, sentence: usize) -> Option<usize> {
    let Some((piece, rest)) = pieces.split_first() else {
        return Some(at);
    };
    if matches!(piece, Piece::Gap) {
        return (at..=at + GAP_WORDS).find_map(|next| match_end(rest, words, next, sentence));
    }
    let word = words.get(at).filter(|word| word.sentence == sentence)?;
    fits(piece, word).then(|| match_end(rest, words, at + 1, sentence))?
}
