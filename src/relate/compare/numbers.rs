//! Figures of an article beside those of a statement.

use super::facts::{Facts, overlap};
use super::figure::Figure;
use super::lexicon::{EARLIER, is_in};
use super::reading::{Word, related};
use super::unit::Unit;
use super::{DifferenceKind, Finding, Seen};
use std::ops::Range;

/// Figures of a statement from which others may have been worked out.
const MAX_DERIVED: usize = 14;

/// What the figures of a sentence are beside those of a statement.
pub fn compare(article: &Facts, sentence: usize, ours: &Facts) -> Vec<Seen> {
    let own = article.is_of_others(sentence, ours);
    let seen = |figure: &Figure| {
        let agrees = ours
            .figures
            .iter()
            .any(|published| published.agrees(figure))
            || is_derived(figure, &ours.figures);
        if agrees {
            return Some(Seen::Agrees(DifferenceKind::Number, figure.first));
        }
        if own || article.is_elsewhere(article.around(figure.first), ours) {
            return None;
        }
        let candidates = ours.figures.iter().filter_map(|published| {
            let certainty = likeness(article, figure, ours, published)?;
            Some((certainty, published))
        });
        let (certainty, published) = candidates.max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Seen::Differs(Finding {
            beside: None,
            kind: DifferenceKind::Number,
            theirs: (figure.first, figure.last),
            ours: (published.first, published.last),
            certainty,
        }))
    };
    article.figures_of(sentence).filter_map(seen).collect()
}

/// How surely two figures that do not agree are about the same thing; none where they are not.
fn likeness(article: &Facts, figure: &Figure, ours: &Facts, published: &Figure) -> Option<f64> {
    let points = [figure.unit, published.unit];
    let mixed = points == [Unit::Percent, Unit::Points] || points == [Unit::Points, Unit::Percent];
    let same_value = (figure.high - published.high).abs() < 1e-9;
    if figure.unit != published.unit && !(mixed && same_value) {
        return None;
    }
    let told = |other: &Figure| {
        other.first != figure.first && other.unit == published.unit && other.agrees(published)
    };
    if article.figures.iter().any(told) {
        return None;
    }
    if !is_slip(figure, published) || is_rate(article, figure) != is_rate(ours, published) {
        return None;
    }
    if figure.change.is_some() && published.change.is_some() && figure.change != published.change {
        return None;
    }
    let their_sentence = article.sentence_of(figure.first)?;
    let our_sentence = ours.sentence_of(published.first)?;
    let heads = heads(article, figure, ours, published)?;
    let (theirs, our) = (article.around(figure.first), ours.around(published.first));
    if !same_time(article, &theirs, figure, ours, &our, published) {
        return None;
    }
    let of = |figure: &Figure, at: usize| {
        (figure.first..=figure.last).contains(&at) || figure.head == Some(at)
    };
    let forth = overlap(
        &article.text,
        theirs,
        |at| of(figure, at),
        &ours.text,
        our_sentence,
    );
    let back = overlap(
        &ours.text,
        our,
        |at| of(published, at),
        &article.text,
        their_sentence,
    );
    let score = 0.45 * forth.share + 0.3 * back.share + 0.25 * heads;
    let counted = heads >= 0.9;
    let enough = forth.shared >= 1.5 || counted && forth.shared >= 0.7;
    let needed = if counted { 0.58 } else { 0.65 };
    if enough && forth.share >= 0.5 && score >= needed {
        return Some(score);
    }
    // Something that is counted once in all of what we say of it, and hardly anywhere else.
    let rare = counted && is_rare(article, figure) && is_only(ours, published);
    (rare && forth.known >= 1.0 && forth.share >= 0.3).then_some(score.max(0.5))
}

fn is_rare(facts: &Facts, figure: &Figure) -> bool {
    let head = figure.head.and_then(|at| facts.text.words.get(at));
    head.is_some_and(|word| word.weight >= 0.75)
}

/// True where a text counts this thing once only.
fn is_only(facts: &Facts, figure: &Figure) -> bool {
    let stem = |figure: &Figure| {
        figure
            .head
            .and_then(|at| facts.text.words.get(at))
            .map(Word::stem)
    };
    facts
        .figures
        .iter()
        .filter(|other| stem(other) == stem(figure))
        .count()
        == 1
}

/// False where a figure is so far from ours that nobody takes one for the other: by more than ten times,
/// other than by noughts.
fn is_slip(figure: &Figure, published: &Figure) -> bool {
    let (low, high) = (
        figure.high.min(published.high),
        figure.high.max(published.high),
    );
    let noughts = [100.0, 1_000.0, 1_000_000.0];
    low > 0.0
        && (high <= low * 10.5
            || noughts
                .iter()
                .any(|factor| (high / low / factor - 1.0).abs() < 0.02))
}

/// True where the clause of a figure names a year.
fn dated(facts: &Facts, figure: &Figure) -> bool {
    let clause = facts.text.clause_of(figure.first);
    facts
        .dates
        .iter()
        .any(|date| clause.contains(&date.first) && date.year.is_some())
}

/// `je 1.000 Einwohner`, `9,6 Millionen Euro im Jahr`.
fn is_rate(facts: &Facts, figure: &Figure) -> bool {
    let before = figure
        .first
        .checked_sub(1)
        .and_then(|at| facts.text.words.get(at));
    let clause = facts
        .text
        .words
        .get(facts.text.clause_of(figure.first))
        .unwrap_or_default();
    let often = |word: &Word| {
        matches!(
            word.form.as_str(),
            "jaehrlich" | "monatlich" | "taeglich" | "pro" | "annually" | "daily"
        )
    };
    let year = clause.windows(2).any(|pair| {
        matches!(
            [pair[0].form.as_str(), pair[1].form.as_str()],
            ["im", "jahr"] | ["a", "year"]
        )
    });
    let times = matches!(figure.unit, Unit::Count | Unit::Euro | Unit::OtherMoney)
        && (clause.iter().any(often) || year && !dated(facts, figure));
    times
        || before.is_some_and(|word| {
            matches!(
                word.form.as_str(),
                "je" | "pro" | "per" | "jede" | "jeder" | "jedem"
            )
        })
}

/// How much two figures count the same thing; none where they do not.
fn heads(article: &Facts, figure: &Figure, ours: &Facts, published: &Figure) -> Option<f64> {
    let word = |facts: &Facts, head: Option<usize>| {
        head.and_then(|at| facts.text.words.get(at))
            .map(|word| word.stem().to_owned())
    };
    let theirs = word(article, figure.head);
    let our = word(ours, published.head);
    let has = |facts: &Facts, at: usize, stem: &str| {
        let sentence = facts.sentence_of(at).unwrap_or_default();
        facts
            .text
            .words_of(sentence)
            .iter()
            .any(|word| same_thing(word.stem(), stem))
    };
    match (theirs, our) {
        (Some(theirs), Some(our)) if same_thing(&theirs, &our) => {
            // `Wohnungen` are `Sozialwohnungen` only where the text says so somewhere.
            let named = |facts: &Facts, stem: &str| {
                facts
                    .text
                    .words
                    .iter()
                    .any(|word| related(word.stem(), stem) >= 0.9)
            };
            let part = related(&theirs, &our) == 0.8 && theirs.len().abs_diff(our.len()) > 2;
            (!part || named(ours, &theirs) && named(article, &our)).then_some(1.0)
        }
        (Some(_), Some(_)) => None,
        (Some(theirs), None) => has(ours, published.first, &theirs).then_some(0.7),
        (None, Some(our)) => has(article, figure.first, &our).then_some(0.7),
        (None, None) if figure.unit == Unit::Count => Some(0.4),
        (None, None) => Some(0.6),
    }
}

/// Words for people, and for those in uniform, that are used one for the other.
const ALIKE: [&[&str]; 2] = [
    &[
        "mensch",
        "person",
        "people",
        "persons",
        "leut",
        "individual",
    ],
    &[
        "beamt",
        "polizist",
        "einsatzkraft",
        "kraft",
        "officer",
        "polizistinn",
    ],
];

fn same_thing(one: &str, other: &str) -> bool {
    let alike = |list: &&[&str]| list.contains(&one) && list.contains(&other);
    related(one, other) >= 0.8 || ALIKE.iter().any(alike)
}

/// False where the two speak of different times.
fn same_time(
    article: &Facts,
    theirs: &Range<usize>,
    figure: &Figure,
    ours: &Facts,
    our: &Range<usize>,
    published: &Figure,
) -> bool {
    let their_dates = in_reach(article, theirs, figure.first);
    let our_dates = in_reach(ours, our, published.first);
    if !their_dates.is_empty() && !our_dates.is_empty() {
        let agree = their_dates
            .iter()
            .any(|date| our_dates.iter().any(|other| date.agrees(other)));
        return agree && earlier(article, theirs) == earlier(ours, our);
    }
    if their_dates.is_empty()
        && our_dates.iter().any(|date| {
            date.year
                .is_some_and(|year| i32::from(year) + 1 < i32::from(ours.published.year()))
        })
    {
        return false;
    }
    let known = |date: &&super::date::Date| {
        let year = date
            .year
            .is_none_or(|year| i32::from(year) == i32::from(ours.published.year()));
        let month = date
            .month
            .is_none_or(|month| i16::from(month) == i16::from(ours.published.month()));
        ours.dates.iter().any(|other| date.agrees(other)) || year && month && date.share.is_none()
    };
    their_dates.iter().all(known) && earlier(article, theirs) == earlier(ours, our)
}

/// Dates of the clause of a figure, else of its sentence.
fn in_reach<'a>(
    facts: &'a Facts,
    clause: &Range<usize>,
    figure: usize,
) -> Vec<&'a super::date::Date> {
    let sentence = facts.sentence_of(figure).unwrap_or_default();
    let near: Vec<_> = facts
        .dates_of(sentence)
        .filter(|date| clause.contains(&date.first))
        .collect();
    if near.is_empty() {
        facts.dates_of(sentence).collect()
    } else {
        near
    }
}

/// True where the words point to an earlier time, other than to compare with it.
fn earlier(facts: &Facts, clause: &Range<usize>) -> bool {
    let words = facts.text.words.get(clause.clone()).unwrap_or_default();
    let points = |(at, word): (usize, &Word)| {
        let before = words.get(at.saturating_sub(3)..at).unwrap_or_default();
        let compares = before
            .iter()
            .any(|word| matches!(word.form.as_str(), "als" | "than" | "wie" | "gegenueber"));
        is_in(EARLIER, &word.form) && !compares
    };
    words.iter().enumerate().any(points)
}

/// True where a figure is the sum, the difference, the share or the growth of two others.
fn is_derived(figure: &Figure, all: &[Figure]) -> bool {
    let all = all.get(..MAX_DERIVED).unwrap_or(all);
    let close =
        |value: f64, own: f64| (value - own).abs() <= figure.grain.max(own.abs() * 0.005) * 0.6;
    let own = figure.high;
    all.iter().enumerate().any(|(at, one)| {
        let rest = figure.unit == Unit::Percent
            && one.unit == Unit::Percent
            && close(100.0 - one.high, own);
        rest || all.iter().skip(at + 1).any(|other| {
            let (a, b) = (one.high, other.high);
            let same = one.unit == other.unit;
            match figure.unit {
                Unit::Percent if same && a > 0.0 && b > 0.0 => {
                    let (low, high) = (a.min(b), a.max(b));
                    let shares = [low / high, (high - low) / low, (high - low) / high];
                    shares.iter().any(|share| close(share * 100.0, own))
                }
                Unit::Points => {
                    one.unit == Unit::Percent
                        && other.unit == Unit::Percent
                        && close((a - b).abs(), own)
                }
                unit => {
                    same && unit == one.unit && (close(a + b, own) || close((a - b).abs(), own))
                }
            }
        })
    })
}
