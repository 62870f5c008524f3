//! Who said or did something, in an article and in a statement.

use super::actor::{Actor, Rank};
use super::facts::{Facts, overlap};
use super::reading::Quote;
use super::{DifferenceKind, Finding, Seen};

/// Words of a quotation by which a speaker is found.
const MIN_QUOTED: usize = 5;

/// What the offices of a sentence are beside those of a statement.
pub fn compare(article: &Facts, sentence: usize, ours: &Facts) -> Vec<Seen> {
    let begins = |quote: &&Quote| {
        article.sentence_of(quote.first) == Some(sentence) && quote.end - quote.first >= MIN_QUOTED
    };
    let quoted: Vec<Seen> = article
        .text
        .quotes
        .iter()
        .filter(begins)
        .filter_map(|quote| speaker(article, quote, ours))
        .collect();
    match quoted.is_empty() && !article.is_of_others(sentence, ours) {
        true => doer(article, sentence, ours).into_iter().collect(),
        false => quoted,
    }
}

/// Who is given our quotation.
fn speaker(article: &Facts, quote: &Quote, ours: &Facts) -> Option<Seen> {
    let our_quote = ours
        .text
        .quotes
        .iter()
        .find(|other| same_words(article, quote, ours, other))?;
    let theirs = one(named(article, quote, ours))?;
    let our = one(named(ours, our_quote, article))?;
    if !theirs.differs(&our) {
        return Some(Seen::Agrees(DifferenceKind::Office, theirs.first));
    }
    Some(Seen::Differs(finding(&theirs, &our, 0.9)))
}

fn finding(theirs: &Actor, our: &Actor, certainty: f64) -> Finding {
    Finding {
        beside: None,
        kind: DifferenceKind::Office,
        theirs: (theirs.first, theirs.last),
        ours: (our.first, our.last),
        certainty,
    }
}

/// True where the first words of a quotation are the first of the other, or stand in it.
pub(super) fn same_words(article: &Facts, quote: &Quote, ours: &Facts, other: &Quote) -> bool {
    let (Some(words), Some(all)) = (
        article.text.words.get(quote.first..quote.end),
        ours.text.words.get(other.first..other.end),
    ) else {
        return false;
    };
    all.windows(words.len()).any(|window| {
        window
            .iter()
            .zip(words)
            .all(|(one, other)| one.form == other.form)
    })
}

/// The one actor of a list, or none.
fn one(actors: Vec<Actor>) -> Option<Actor> {
    let mut actors = actors.into_iter();
    let first = actors.next()?;
    actors
        .all(|other| other.name == first.name && other.office == first.office)
        .then_some(first)
}

/// Offices and known names in the sentences of a quotation, outside of it.
pub(super) fn named(facts: &Facts, quote: &Quote, other: &Facts) -> Vec<Actor> {
    let (Some(from), Some(until)) = (
        facts.sentence_of(quote.first),
        facts.sentence_of(quote.end - 1),
    ) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (at, word) in facts.text.words.iter().enumerate() {
        if word.quote.is_some() || word.sentence < from || word.sentence > until {
            continue;
        }
        if let Some(actor) = facts
            .actors
            .iter()
            .find(|actor| (actor.first..=actor.last).contains(&at))
        {
            if actor.first == at {
                found.push(actor.clone());
            }
            continue;
        }
        let known = facts
            .actors
            .iter()
            .chain(&other.actors)
            .find(|actor| actor.name == word.form);
        if let Some(known) = known.filter(|_| word.capital) {
            found.push(Actor {
                first: at,
                last: at,
                ..known.clone()
            });
        }
    }
    found
}

/// Who is given what we say that another did.
fn doer(article: &Facts, sentence: usize, ours: &Facts) -> Option<Seen> {
    let theirs = one(article.actors_of(sentence).cloned().collect())?;
    if mentions(ours, &theirs) {
        return None;
    }
    let range = article.text.clause_of(theirs.first);
    let of = |actor: &Actor, at: usize| (actor.first..=actor.last).contains(&at);
    let candidates = ours
        .text
        .sentences
        .iter()
        .enumerate()
        .filter_map(|(number, _)| {
            let our = one(ours.actors_of(number).cloned().collect())?;
            let comparable = theirs.differs(&our)
                && !mentions(article, &our)
                && (theirs.rank == Rank::Agency) == (our.rank == Rank::Agency);
            let forth = overlap(
                &article.text,
                range.clone(),
                |at| of(&theirs, at),
                &ours.text,
                number,
            );
            (comparable && forth.shared >= 2.5 && forth.share >= 0.75).then_some((forth.share, our))
        });
    let (share, our) = candidates.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(Seen::Differs(finding(&theirs, &our, share * 0.9)))
}

/// True where a text names an office or a person anywhere.
fn mentions(facts: &Facts, actor: &Actor) -> bool {
    let named = |other: &Actor| match actor.name.is_empty() || other.name.is_empty() {
        true => other.office == actor.office,
        false => other.name == actor.name,
    };
    facts.actors.iter().any(named)
        || !actor.name.is_empty() && facts.text.words.iter().any(|word| word.form == actor.name)
}
