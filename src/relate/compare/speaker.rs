//! Our quotation under another's name: of somebody who holds none of the offices that `offices`
//! knows, or of circles that nobody names.
//!
//! Who prints our words without any name, names a spokesperson, or says that the words are quoted,
//! differs in nothing.

use super::facts::Facts;
use super::lexicon::{NO_SPEAKER, SAID, is_in};
use super::offices::{named, same_words};
use super::reading::{Quote, Reading, Word};
use super::{DifferenceKind, Finding, Seen};
use std::ops::Range;

/// Words of a quotation that nobody says by chance.
const MIN_QUOTED: usize = 6;
/// Words between a verb of speech and a name: `sagte der frühere Vorsitzende …`.
const MAX_BETWEEN: usize = 4;
/// Words behind a verb of speech among which circles are looked for.
const MAX_BEHIND: usize = 6;
/// Words of a name: a title and a surname at least.
const MIN_NAME: usize = 2;

/// Who is given the quotations that begin in a sentence, where a statement has them.
pub fn compare(article: &Facts, sentence: usize, ours: &Facts) -> Vec<Seen> {
    let begins = |quote: &&Quote| {
        article.sentence_of(quote.first) == Some(sentence) && quote.end - quote.first >= MIN_QUOTED
    };
    let quotes = article.text.quotes.iter().filter(begins);
    quotes
        .filter_map(|quote| seen(article, quote, ours))
        .collect()
}

fn seen(article: &Facts, quote: &Quote, ours: &Facts) -> Option<Seen> {
    let mut our_quotes = ours.text.quotes.iter();
    let our_quote = our_quotes.find(|other| same_words(article, quote, ours, other))?;
    if !named(article, quote, ours).is_empty() || is_told(&article.text, quote) {
        return None;
    }
    let (first, last) = speaker(&article.text, quote)?;
    let is_known = |word: &Word| word.form == article.text.form(last);
    if ours.text.words.iter().any(is_known) {
        return Some(Seen::Agrees(DifferenceKind::Speaker, first));
    }
    Some(Seen::Differs(Finding {
        kind: DifferenceKind::Speaker,
        theirs: (first, last),
        ours: our_speaker(ours, our_quote, article)?,
        beside: Some(our_quote.first),
        certainty: 0.8,
    }))
}

/// True where a quotation is given to somebody whom the statement does not name.
pub fn is_of_another(article: &Facts, quote: &Quote, ours: &Facts) -> bool {
    let known = |last: usize| {
        let form = article.text.form(last);
        ours.text.words.iter().any(|word| word.form == form)
    };
    named(article, quote, ours).is_empty()
        && speaker(&article.text, quote).is_some_and(|(_, last)| !known(last))
}

/// Who says our quotation: who is named beside it, else the one person that the statement names.
fn our_speaker(ours: &Facts, quote: &Quote, article: &Facts) -> Option<(usize, usize)> {
    let beside = named(ours, quote, article);
    let all = if beside.is_empty() {
        &ours.actors
    } else {
        &beside
    };
    let mut people = all.iter().filter(|actor| !actor.name.is_empty());
    let one = people.next()?;
    people
        .all(|other| other.name == one.name)
        .then_some((one.first, one.last))
}

/// The words of a quotation's sentences, without what is quoted in them.
fn around<'a>(text: &'a Reading, quote: &Quote) -> impl Iterator<Item = &'a Word> {
    let sentence = |at: usize| text.words.get(at).map(|word| word.sentence);
    let (from, until) = (sentence(quote.first), sentence(quote.end - 1));
    let inside = move |word: &&Word| {
        word.quote.is_none() && Some(word.sentence) >= from && Some(word.sentence) <= until
    };
    text.words.iter().filter(inside)
}

/// True where a spokesperson speaks, or somebody quotes.
fn is_told(text: &Reading, quote: &Quote) -> bool {
    const SPOKEN: [&str; 5] = [
        "sprecher",
        "sprecherin",
        "spokesman",
        "spokesperson",
        "spokeswoman",
    ];
    const QUOTED: [&str; 11] = [
        "dokument",
        "erklaerung",
        "mitteilung",
        "papier",
        "pressemitteilung",
        "quot",
        "rede",
        "release",
        "satz",
        "speech",
        "zitier",
    ];
    around(text, quote).any(|word| {
        SPOKEN.iter().any(|end| word.form.ends_with(end))
            || QUOTED.iter().any(|stem| word.form.starts_with(stem))
    })
}

/// The first and the last word of whoever is said to speak.
fn speaker(text: &Reading, quote: &Quote) -> Option<(usize, usize)> {
    behind(text, quote).or_else(|| in_front(text, quote))
}

/// `„…“, sagte Uwe Hinrichs`, `„…“, hieß es aus Kreisen`, `“…,” Uwe Hinrichs said`.
fn behind(text: &Reading, quote: &Quote) -> Option<(usize, usize)> {
    let last = text.words.get(quote.end.checked_sub(1)?)?;
    let first = text.words.get(quote.end)?;
    if first.sentence != last.sentence || first.part != last.part {
        return None;
    }
    if !is_in(SAID, &first.form) {
        let name = name(text, quote.end)?;
        return is_in(SAID, text.form(name.1 + 1)).then_some(name);
    }
    let from = quote.end + 1;
    let clause = text.clause_of(from);
    circles(text, from..clause.end.min(from + MAX_BEHIND)).or_else(|| name(text, from))
}

/// `Uwe Hinrichs sagt: „…“`.
fn in_front(text: &Reading, quote: &Quote) -> Option<(usize, usize)> {
    let before = quote.first.checked_sub(1)?;
    let sentence = text.words.get(quote.first)?.sentence;
    let range = text.sentences.get(sentence)?.first..quote.first;
    if !text.gap(before).contains(':') || range.is_empty() {
        return None;
    }
    if let Some(found) = circles(text, range.clone()) {
        return Some(found);
    }
    const OF_OTHERS: [&str; 7] = ["er", "he", "ich", "man", "she", "sie", "wir"];
    let words = text.words.get(range.clone())?;
    if words.iter().any(|word| OF_OTHERS.contains(&&*word.form)) {
        return None;
    }
    let mut names = names(text, range).into_iter();
    let one = names.next()?;
    names.next().is_none().then_some(one)
}

/// `Regierungskreisen`, `Insidern`.
fn circles(text: &Reading, mut range: Range<usize>) -> Option<(usize, usize)> {
    let is_circle = |form: &str| {
        form.ends_with("kreisen") || matches!(form, "insider" | "insidern" | "insiders")
    };
    let at = range.find(|at| is_circle(text.form(*at)))?;
    Some((at, at))
}

/// The name that begins at a word, or a few small words behind it.
fn name(text: &Reading, from: usize) -> Option<(usize, usize)> {
    for at in from..=from + MAX_BETWEEN {
        let word = text.words.get(at)?;
        if is_of_name(word) {
            let last = run(text, at);
            return (last - at + 1 >= MIN_NAME).then_some((at, last));
        }
        let goes_on = text.words.get(at + 1).map(|next| next.clause) == Some(word.clause);
        if is_in(NO_SPEAKER, &word.form) || !goes_on {
            return None;
        }
    }
    None
}

/// All names of a range, but places and those that something is said to or of.
fn names(text: &Reading, range: Range<usize>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        if !text.words.get(at).is_some_and(is_of_name) {
            at += 1;
            continue;
        }
        let last = run(text, at).min(range.end - 1);
        let before = at.checked_sub(1).filter(|before| range.contains(before));
        let is_object = before.is_some_and(|before| is_in(NO_SPEAKER, text.form(before)));
        if last - at + 1 >= MIN_NAME && !is_object {
            found.push((at, last));
        }
        at = last + 1;
    }
    found
}

fn is_of_name(word: &Word) -> bool {
    word.capital && word.content && word.quote.is_none()
}

/// The last of the words from `first` on that a name can be made of.
fn run(text: &Reading, first: usize) -> usize {
    let joined = |at: &usize| {
        matches!(text.gap(at - 1), " " | "-") && text.words.get(*at).is_some_and(is_of_name)
    };
    (first + 1..).take_while(joined).last().unwrap_or(first)
}
