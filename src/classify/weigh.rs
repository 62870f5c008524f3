//! What the words around a judging word make of its weight. Pure.

use super::phrases::{Found, Phrases};
use super::reading::{Reading, Word};
use crate::model::{Reason, Target};
use crate::text::analyse;

/// Words before a judging word in which a negation reaches it; behind it for verbs.
const NEGATION_BEFORE: usize = 4;
const NEGATION_BEHIND: usize = 6;
/// Words between a judging word and the target's name that still are near.
const NEAR: usize = 8;
/// Letters that inflection may add to a name ("des Ministeriums", "die Ministerin").
const ENDING_CHARS: usize = 2;
/// Shortest name that is inflected.
const INFLECTED_CHARS: usize = 5;

/// What circumstances make of a weight.
const NEGATED: f32 = -0.8;
const INTENSIFIED: f32 = 1.4;
const HEDGED: f32 = 0.6;
const QUOTED: f32 = 0.25;
const ASKED: f32 = 0.3;
const REPORTED: f32 = 0.3;
const SAME_SENTENCE: f32 = 0.8;
const ELSEWHERE: f32 = 0.6;

/// A judging word: its weight, and whether a `nicht` behind it denies it.
#[derive(Debug, Clone, Copy)]
pub struct Judgement {
    pub weight: f32,
    pub verb: bool,
}

/// A judging word in a text, weighed without regard to a target.
pub struct Weighed {
    pub first: usize,
    pub last: usize,
    pub weight: f32,
    /// What changed the weight.
    pub circumstances: Vec<Reason>,
}

/// The words that change the weight of others.
pub struct Cues {
    pub negations: Vec<usize>,
    pub intensifiers: Vec<bool>,
    pub hedged: Vec<Option<usize>>,
    pub reported: Vec<Option<usize>>,
}

impl Cues {
    pub fn weigh(&self, reading: &Reading<'_>, found: &Found<Judgement>) -> Weighed {
        let mut weighed = Weighed {
            first: found.first,
            last: found.last,
            weight: found.value.weight,
            circumstances: Vec::new(),
        };
        let Some(word) = reading.words.get(found.first) else {
            return weighed;
        };
        let mut apply = |rule: &str, factor: f32, at: usize| {
            weighed.weight *= factor;
            weighed
                .circumstances
                .push(circumstance(reading, rule, at, at));
        };
        if let Some(at) = self.negation_of(reading, found) {
            apply("negation", NEGATED, at);
        }
        if let Some(before) = found.first.checked_sub(1)
            && self.intensifiers.get(before) == Some(&true)
            && reading
                .words
                .get(before)
                .is_some_and(|w| w.sentence == word.sentence)
        {
            apply("intensifier", INTENSIFIED, before);
        }
        if let Some(Some(at)) = self.hedged.get(word.sentence) {
            apply("hedge", HEDGED, *at);
        }
        if let Some(Some(at)) = self.reported.get(word.sentence) {
            apply("reported speech", REPORTED, *at);
        }
        if word.quoted {
            apply("quotation", QUOTED, found.first);
        }
        if reading.is_question(word) {
            apply("question", ASKED, found.first);
        }
        weighed
    }

    /// The negation that reaches a judging word: before it in its clause, or, for verbs, behind.
    fn negation_of(&self, reading: &Reading<'_>, found: &Found<Judgement>) -> Option<usize> {
        let clause = reading.words.get(found.first)?.clause;
        let behind = if found.value.verb { NEGATION_BEHIND } else { 0 };
        let reach = found.first.saturating_sub(NEGATION_BEFORE)..=found.last + behind;
        let start = self.negations.partition_point(|at| at < reach.start());
        let near = self.negations.iter().copied().skip(start);
        near.take_while(|at| reach.contains(at))
            .find(|at| reading.words.get(*at).is_some_and(|w| w.clause == clause))
    }
}

/// One flag a word: whether it belongs to a phrase of the list.
pub fn marks(reading: &Reading<'_>, list: &Phrases<()>) -> Vec<bool> {
    let mut marks = vec![false; reading.words.len()];
    for found in list.all(reading) {
        if let Some(mark) = marks.get_mut(found.last) {
            *mark = true;
        }
    }
    marks
}

/// One place a sentence: the first phrase of the list in it.
pub fn sentences(reading: &Reading<'_>, list: &Phrases<()>) -> Vec<Option<usize>> {
    let count = reading.words.last().map_or(0, |word| word.sentence + 1);
    let mut sentences = vec![None; count];
    for found in list.all(reading) {
        if let Some(word) = reading.words.get(found.first)
            && let Some(first @ None) = sentences.get_mut(word.sentence)
        {
            *first = Some(found.first);
        }
    }
    sentences
}

pub fn circumstance(reading: &Reading<'_>, rule: &str, first: usize, last: usize) -> Reason {
    let (seen, span) = reading.seen(first, last);
    Reason {
        rule: rule.to_owned(),
        seen,
        span,
        weight: 0.0,
    }
}

/// Where a text names a target: first and last word of each place, in order.
pub fn names(reading: &Reading<'_>, target: &Target) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for alias in &target.aliases {
        let alias: Vec<Vec<String>> = analyse(alias).into_iter().map(|t| t.terms).collect();
        if alias.is_empty() {
            continue;
        }
        for (first, window) in reading.words.windows(alias.len()).enumerate() {
            if window
                .iter()
                .zip(&alias)
                .all(|(word, forms)| is_name(word, forms))
            {
                places.push((first, first + alias.len() - 1));
            }
        }
    }
    places.sort_unstable();
    places
}

fn is_name(word: &Word<'_>, forms: &[String]) -> bool {
    forms.iter().any(|form| {
        word.token.terms.iter().any(|term| {
            term.strip_prefix(form.as_str()).is_some_and(|ending| {
                let inflected = form.chars().count() >= INFLECTED_CHARS;
                ending.is_empty() || inflected && ending.chars().count() <= ENDING_CHARS
            })
        })
    })
}

/// How much a judging word counts for a target, by its distance from the target's name. A watch
/// matched the mention, so it counts something even where the name is not said.
pub fn closeness(reading: &Reading<'_>, weighed: &Weighed, names: &[(usize, usize)]) -> f32 {
    let sentence = |at: usize| reading.words.get(at).map(|word| word.sentence);
    // Only the last name before the word and the first one behind it can be nearest.
    let behind = names.partition_point(|(first, _)| *first <= weighed.first);
    let nearest = names
        .iter()
        .skip(behind.saturating_sub(1))
        .take(2)
        .filter(|(first, _)| sentence(*first) == sentence(weighed.first))
        .map(|(first, last)| {
            let behind = weighed.first.saturating_sub(*last);
            behind.max(first.saturating_sub(weighed.last))
        })
        .min();
    match nearest {
        Some(distance) if distance <= NEAR => 1.0,
        Some(_) => SAME_SENTENCE,
        None => ELSEWHERE,
    }
}
