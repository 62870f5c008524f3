//! Decisions that an article turns around: a `nicht` more or less, or the opposite verb.

use super::facts::{Facts, overlap};
use super::lexicon::{NEGATORS, is_in};
use super::reading::{MAX_CLAUSE, Reading, Word, related};
use super::{DifferenceKind, Finding, Seen};
use std::ops::Range;

/// Beginnings of verbs that say the opposite of each other.
const OPPOSITES: [(&str, &str); 40] = [
    ("verlaenger", "beend"),
    ("fortgesetz", "eingestell"),
    ("fortgesetz", "beend"),
    ("zustimm", "ablehn"),
    ("zugestimm", "abgelehn"),
    ("stimmt", "lehnt"),
    ("stimmte", "lehnte"),
    ("befuerwort", "lehn"),
    ("befuerwort", "ablehn"),
    ("befuerwort", "abgelehn"),
    ("begruess", "kritisier"),
    ("begruess", "bedauer"),
    ("begruess", "verurteil"),
    ("gestieg", "gesunk"),
    ("steig", "sink"),
    ("stieg", "sank"),
    ("zugenomm", "abgenomm"),
    ("erhoeh", "gesenk"),
    ("erhoeh", "gekuerz"),
    ("aufgestock", "gekuerz"),
    ("verboten", "erlaub"),
    ("verboten", "zugelass"),
    ("bestaetig", "dementier"),
    ("bestaetig", "bestreit"),
    ("genehmig", "abgelehn"),
    ("unterstuetz", "lehn"),
    ("unterstuetz", "ablehn"),
    ("eingefuehr", "abgeschaff"),
    ("support", "oppos"),
    ("support", "reject"),
    ("accept", "reject"),
    ("approv", "reject"),
    ("extend", "ended"),
    ("extend", "lifted"),
    ("rose", "fell"),
    ("rise", "fall"),
    ("increas", "decreas"),
    ("welcom", "criticis"),
    ("allow", "bans"),
    ("confirm", "denie"),
];

/// Verbs that are words of grammar elsewhere.
const PREDICATES: [&str; 12] = [
    "bleibt", "bleiben", "darf", "duerfen", "gibt", "kann", "koennen", "liegen", "liegt", "muss",
    "muessen", "steht",
];

/// What the clauses of a sentence are beside those of a statement.
pub fn compare(article: &Facts, sentence: usize, ours: &Facts) -> Vec<Seen> {
    let Some(whole) = article.text.sentences.get(sentence) else {
        return Vec::new();
    };
    let denied = article.text.words.iter().any(|word| word.denies);
    if denied || article.is_of_others(sentence, ours) {
        return Vec::new();
    }
    let seen = |range: Range<usize>| {
        if quoted(article, &range) || article.is_elsewhere(range.clone(), ours) {
            return None;
        }
        let candidates = clauses(ours).filter_map(|our| {
            let (certainty, turned) = likeness(article, &range, ours, &our)?;
            Some((certainty, turned, our))
        });
        let (certainty, turned, our) = candidates.max_by(|a, b| a.0.total_cmp(&b.0))?;
        if !turned {
            return Some(Seen::Agrees(DifferenceKind::Negation, range.start));
        }
        Some(Seen::Differs(Finding {
            beside: None,
            kind: DifferenceKind::Negation,
            theirs: (range.start, range.end - 1),
            ours: (our.start, our.end - 1),
            certainty,
        }))
    };
    clauses_of(article, whole.first, whole.end)
        .filter_map(seen)
        .collect()
}

fn quoted(facts: &Facts, range: &Range<usize>) -> bool {
    facts
        .text
        .words
        .get(range.start)
        .is_some_and(|word| word.quote.is_some())
}

fn clauses<'a>(facts: &'a Facts) -> impl Iterator<Item = Range<usize>> + 'a {
    let told = |sentence: &&super::reading::Sentence| {
        let words = facts
            .text
            .words
            .get(sentence.first..sentence.end)
            .unwrap_or_default();
        !words.iter().any(|word| word.denies)
    };
    let sentences = facts.text.sentences.iter().filter(told);
    sentences
        .flat_map(|sentence| clauses_of(facts, sentence.first, sentence.end))
        .filter(|range| !quoted(facts, range))
}

fn clauses_of<'a>(
    facts: &'a Facts,
    first: usize,
    end: usize,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let words = facts.text.words.get(first..end).unwrap_or_default();
    let mut at = first;
    words
        .chunk_by(|a, b| a.clause == b.clause)
        .map(move |clause| {
            let range = at..at + clause.len();
            at = range.end;
            range
        })
        .filter(|range| range.len() <= MAX_CLAUSE)
}

/// How surely two clauses are about the same decision, and whether one turns it around; none where
/// they are not.
fn likeness(
    article: &Facts,
    theirs: &Range<usize>,
    ours: &Facts,
    our: &Range<usize>,
) -> Option<(f64, bool)> {
    let their_words = article.text.words.get(theirs.clone())?;
    let our_words = ours.text.words.get(our.clone())?;
    if !same_time(article, theirs, ours, our) {
        return None;
    }
    let opposite = opposite(article, theirs, ours, our);
    if opposite.is_none() && !shares_predicate(their_words, our_words) {
        return None;
    }
    if is_speech(their_words) || is_speech(our_words) {
        return None;
    }
    let skip = |facts: &Facts, verb: Option<usize>, at: usize| {
        let actor = facts
            .actors
            .iter()
            .any(|actor| (actor.first..=actor.last).contains(&at));
        actor || verb == Some(at)
    };
    let their_sentence = article.sentence_of(theirs.start)?;
    let our_sentence = ours.sentence_of(our.start)?;
    let forth = overlap(
        &article.text,
        theirs.clone(),
        |at| skip(article, opposite.map(|it| it.0), at),
        &ours.text,
        our_sentence,
    );
    let back = overlap(
        &ours.text,
        our.clone(),
        |at| skip(ours, opposite.map(|it| it.1), at),
        &article.text,
        their_sentence,
    );
    let plain = opposite.is_some() && forth.share >= 0.9 && back.share >= 0.9;
    let enough = forth.shared >= if plain { 0.9 } else { 1.6 };
    if !enough || forth.share < 0.7 || back.share < 0.6 {
        return None;
    }
    let turned = (is_negated(their_words) != is_negated(our_words)) != opposite.is_some();
    Some((0.5 * forth.share + 0.5 * back.share, turned))
}

/// False where the clauses name different dates.
fn same_time(article: &Facts, theirs: &Range<usize>, ours: &Facts, our: &Range<usize>) -> bool {
    let mut named = article
        .dates
        .iter()
        .filter(|date| theirs.contains(&date.first));
    let told = ours.dates.iter().filter(|date| our.contains(&date.first));
    named.all(|date| told.clone().all(|other| date.agrees(other)))
}

/// A verb of theirs that says the opposite of one of ours: the words.
fn opposite(
    article: &Facts,
    theirs: &Range<usize>,
    ours: &Facts,
    our: &Range<usize>,
) -> Option<(usize, usize)> {
    let of = |verbs: &[Verb], range: &Range<usize>| -> Vec<Verb> {
        verbs
            .iter()
            .filter(|verb| range.contains(&verb.at))
            .copied()
            .collect()
    };
    let ours = of(&ours.verbs, our);
    let against = |verb: &Verb| {
        ours.iter()
            .find(|own| own.pair == verb.pair && own.second != verb.second)
            .map(|own| (verb.at, own.at))
    };
    of(&article.verbs, theirs).iter().find_map(against)
}

/// A word that one of the pairs of opposites begins.
#[derive(Debug, Clone, Copy)]
pub struct Verb {
    at: usize,
    pair: usize,
    second: bool,
}

/// All such words of a text, in order.
pub fn verbs(text: &Reading) -> Vec<Verb> {
    let mut found = Vec::new();
    for (at, word) in text
        .words
        .iter()
        .enumerate()
        .filter(|(_, word)| !word.capital && word.content)
    {
        for (pair, (first, second)) in OPPOSITES.iter().enumerate() {
            for (begin, second) in [(first, false), (second, true)] {
                if word.form.starts_with(begin) {
                    found.push(Verb { at, pair, second });
                }
            }
        }
    }
    found
}

/// True where a clause has an odd number of words that turn it around. `Nicht nur` and `nicht mehr als`
/// do not.
fn is_negated(words: &[Word]) -> bool {
    let turns = |(at, word): &(usize, &Word)| {
        let next = |step: usize| words.get(at + step).map_or("", |word| word.form.as_str());
        let compares = next(1).ends_with("er") || next(1) == "mehr" || next(1) == "more";
        let than = (2..=3).any(|step| matches!(next(step), "als" | "than"));
        let only = matches!(next(1), "nur" | "only" | "zuletzt" | "just");
        is_in(NEGATORS, &word.form) && !only && !(compares && than)
    };
    words.iter().enumerate().filter(turns).count() % 2 == 1
}

/// True for the words of somebody who speaks of himself or to somebody.
pub fn is_speech(words: &[Word]) -> bool {
    const PERSONS: [&str; 12] = [
        "dir", "du", "euch", "i", "ich", "ihr", "mich", "mir", "uns", "we", "wir", "you",
    ];
    let polite = |at: usize, word: &Word| word.form == "sie" && word.capital && at > 0;
    words
        .iter()
        .enumerate()
        .any(|(at, word)| PERSONS.binary_search(&word.form.as_str()).is_ok() || polite(at, word))
}

/// True where both have a verb. A small word before a noun (`junge Menschen`) is none.
fn shares_predicate(theirs: &[Word], our: &[Word]) -> bool {
    fn verbs(words: &[Word]) -> impl Iterator<Item = &Word> {
        let before_noun = |at: usize| {
            words
                .get(at + 1)
                .is_some_and(|next| next.capital && next.content)
        };
        words
            .iter()
            .enumerate()
            .filter(move |(at, word)| !word.capital && !before_noun(*at))
            .map(|(_, word)| word)
    }
    verbs(theirs).any(|word| {
        verbs(our).any(|own| {
            let verb = word.content && own.content && related(word.stem(), own.stem()) >= 0.8;
            verb || word.form == own.form && PREDICATES.contains(&word.form.as_str())
        })
    })
}
