//! What a text says that can be compared, and how much two texts speak of the same thing.

use super::actor::{Actor, actors};
use super::date::{Date, dates};
use super::figure::{Figure, figures};
use super::index::Index;
use super::lexicon::{ELSEWHERE, GENERIC, is_in};
use super::polarity::{Verb, verbs};
use super::reading::{MAX_CLAUSE, Reading, Word, related, says_little};
use crate::text::Tokens;
use jiff::Timestamp;
use jiff::civil::Date as Day;
use jiff::tz::TimeZone;
use std::ops::Range;

pub struct Facts {
    pub text: Reading,
    pub dates: Vec<Date>,
    pub figures: Vec<Figure>,
    pub actors: Vec<Actor>,
    pub verbs: Vec<Verb>,
    pub published: Day,
    at: Timestamp,
    /// The state of the index by which the words are weighed.
    weighed: Option<u64>,
}

impl Facts {
    /// Reads a text, which is German where it is not `english`.
    pub fn new(
        published: Timestamp,
        [title, text]: [&str; 2],
        english: bool,
        index: &Index,
        tokens: &mut Tokens,
    ) -> Self {
        let mut text = Reading::new(title, text, english, tokens);
        text.words.iter_mut().for_each(Word::look_up);
        let day = published.to_zoned(TimeZone::UTC).date();
        let dates = dates(&text, u16::try_from(day.year()).unwrap_or(0));
        let mut facts = Self {
            figures: figures(&text, &dates),
            actors: actors(&text),
            verbs: verbs(&text),
            dates,
            text,
            published: day,
            at: published,
            weighed: None,
        };
        facts.weigh(index);
        facts
    }

    /// Weighs the words anew where other statements are known than before.
    pub fn weigh(&mut self, index: &Index) {
        if self.weighed == Some(index.changes()) {
            return;
        }
        self.weighed = Some(index.changes());
        for word in self.text.words.iter_mut().filter(|word| word.content) {
            let kind = match word.capital {
                _ if is_in(GENERIC, &word.form) => 0.3,
                true => 1.0,
                false => 0.7,
            };
            word.weight = index.rarity(crate::text::hash(word.stem())) * kind;
        }
    }

    /// About how many bytes of memory they take.
    pub fn bytes(&self) -> usize {
        let names: usize = self.actors.iter().map(|actor| actor.name.capacity()).sum();
        self.text.bytes()
            + names
            + self.dates.len() * size_of::<Date>()
            + self.figures.len() * size_of::<Figure>()
            + self.actors.len() * size_of::<Actor>()
            + self.verbs.len() * size_of::<Verb>()
    }

    pub fn published_ms(&self) -> i64 {
        self.at.as_millisecond()
    }

    pub fn figures_of(&self, sentence: usize) -> impl Iterator<Item = &Figure> {
        self.figures
            .iter()
            .filter(move |figure| self.sentence_of(figure.first) == Some(sentence))
    }

    pub fn dates_of(&self, sentence: usize) -> impl Iterator<Item = &Date> {
        self.dates
            .iter()
            .filter(move |date| self.sentence_of(date.first) == Some(sentence))
    }

    pub fn actors_of(&self, sentence: usize) -> impl Iterator<Item = &Actor> {
        self.actors
            .iter()
            .filter(move |actor| self.sentence_of(actor.first) == Some(sentence))
    }

    pub fn sentence_of(&self, word: usize) -> Option<usize> {
        self.text.words.get(word).map(|word| word.sentence)
    }

    /// The words around a place that say what it is about: its clause, or the whole sentence where
    /// the clause says too little.
    pub fn around(&self, at: usize) -> Range<usize> {
        let clause = self.text.clause_of(at);
        let words = self.text.words.get(clause.clone()).unwrap_or_default();
        if words.len() > MAX_CLAUSE {
            return at.saturating_sub(MAX_CLAUSE / 2).max(clause.start)
                ..clause.end.min(at + MAX_CLAUSE / 2);
        }
        if !says_little(words) {
            return clause;
        }
        let Some(number) = self.sentence_of(at) else {
            return clause;
        };
        let words = self.text.words_of_context(number);
        let end = self
            .text
            .sentences
            .get(number)
            .map_or(clause.end, |sentence| sentence.end);
        end.saturating_sub(words.len())..end
    }

    /// True where some word of a range is one that the other text does not have, and for which the test
    /// holds.
    pub fn has_own(&self, range: Range<usize>, other: &Self, test: impl Fn(&Word) -> bool) -> bool {
        let words = self.text.words.get(range).unwrap_or_default();
        words.iter().any(|word| {
            test(word)
                && !other
                    .text
                    .words
                    .iter()
                    .any(|own| related(own.stem(), word.stem()) >= 0.8)
        })
    }

    /// True where the words speak of a part of the country, or of another place, that the other text
    /// does not name.
    pub fn is_elsewhere(&self, range: Range<usize>, other: &Self) -> bool {
        if self.has_own(range.clone(), other, |word| is_in(ELSEWHERE, &word.form)) {
            return true;
        }
        range.clone().any(|at| {
            let Some([before, place]) = self.text.words.get(at..at + 2) else {
                return false;
            };
            const SEATS: [&str; 8] = [
                "berlin",
                "bonn",
                "bruessel",
                "brussels",
                "kraft",
                "luxemburg",
                "nuernberg",
                "wiesbaden",
            ];
            let here = before.clause == place.clause
                && range.contains(&(at + 1))
                && place.capital
                && place.content;
            let placed = matches!(before.form.as_str(), "in" | "aus");
            let known = SEATS.contains(&place.form.as_str())
                || other
                    .text
                    .words
                    .iter()
                    .any(|own| related(own.stem(), place.stem()) >= 0.5);
            here && placed && !known
        })
    }

    /// True where a sentence asks, or tells what somebody else counts, wants or fears.
    pub fn is_of_others(&self, sentence: usize, other: &Self) -> bool {
        let told = self
            .text
            .sentences
            .get(sentence)
            .filter(|one| !one.question);
        let Some(range) = told.map(|one| one.first..one.end) else {
            return true;
        };
        self.has_own(range.clone(), other, |word| word.of_others) || {
            let words = self.text.words.get(range).unwrap_or_default();
            let known = |word: &Word| other.text.words.iter().any(|own| own.form == word.form);
            words.iter().any(|word| word.aside && !known(word))
        }
    }
}

/// Words before and behind a sentence that are its text.
const AROUND_SENTENCE: usize = 300;
/// What a word counts for that stands in another sentence.
const ELSEWHERE_IN_TEXT: f64 = 0.6;

/// How much of some words another text has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overlap {
    /// Share of the words that the sentence has, or (less) the text around it.
    pub share: f64,
    /// Weight of the words that the sentence has, and of those that the text has.
    pub shared: f64,
    pub known: f64,
}

/// What of the words of `one` in `range` the `sentence` of `other` has; `skip` leaves words out. Nothing
/// once one of the two texts has cost too much.
pub fn overlap(
    one: &Reading,
    range: Range<usize>,
    skip: impl Fn(usize) -> bool,
    other: &Reading,
    sentence: usize,
) -> Overlap {
    let (mut all, mut found) = (0.0, 0.0);
    let (mut shared, mut known) = (0.0, 0.0);
    let near = other.words_of_context(sentence);
    let text = other.words_around(sentence, AROUND_SENTENCE);
    let pairs = range.len().min(MAX_CLAUSE) * (near.len() + text.len());
    if !(one.spend(pairs) && other.spend(pairs)) {
        return Overlap::default();
    }
    for at in range.take(MAX_CLAUSE) {
        let Some(word) = one.words.get(at).filter(|word| word.content && !skip(at)) else {
            continue;
        };
        let best = |words: &[Word]| {
            let own = words.iter().filter(|own| own.content);
            own.map(|own| related(own.stem(), word.stem()))
                .fold(0.0, f64::max)
        };
        let here = best(near);
        let there = if here < 0.5 { best(text) } else { 0.0 };
        known += word.weight * here.max(there);
        all += word.weight;
        found += word.weight * here.max(there * ELSEWHERE_IN_TEXT);
        shared += word.weight * here;
    }
    Overlap {
        share: if all > 0.0 { found / all } else { 0.0 },
        shared,
        known,
    }
}
