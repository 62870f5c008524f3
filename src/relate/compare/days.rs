//! Dates of an article beside those of a statement.

use super::date::{Date, Role};
use super::facts::{Facts, overlap};
use super::lexicon::{BEGINNINGS, is_in};
use super::polarity::is_speech;
use super::{DifferenceKind, Finding, Seen};

/// What the dates of a sentence are beside those of a statement.
pub fn compare(article: &Facts, sentence: usize, ours: &Facts) -> Vec<Seen> {
    let own = article.is_of_others(sentence, ours);
    let seen = |date: &Date| {
        date.month?;
        let told = ours.dates.iter().filter(|other| other.month.is_some());
        if told.clone().any(|other| date.agrees(other)) {
            return Some(Seen::Agrees(DifferenceKind::Date, date.first));
        }
        if own
            || is_day_of(article, date)
            || is_day_of(ours, date)
            || article.is_elsewhere(article.around(date.first), ours)
        {
            return None;
        }
        let candidates =
            told.filter_map(|other| Some((likeness(article, date, ours, other)?, other)));
        let (certainty, other) = candidates.max_by(|a, b| a.0.total_cmp(&b.0))?;
        Some(Seen::Differs(Finding {
            beside: None,
            kind: DifferenceKind::Date,
            theirs: (date.first, date.last),
            ours: (other.first, other.last),
            certainty,
        }))
    };
    article.dates_of(sentence).filter_map(seen).collect()
}

/// True where a date is the day of publication, or about it.
fn is_day_of(facts: &Facts, date: &Date) -> bool {
    let (Some((day, _)), Some(month)) = (date.days, date.month) else {
        return false;
    };
    let published = facts.published;
    let year = date.year.map_or(published.year(), |year| {
        i16::try_from(year).unwrap_or(published.year())
    });
    let (Ok(day), Ok(month)) = (i8::try_from(day), i8::try_from(month)) else {
        return false;
    };
    let named = jiff::civil::Date::new(year, month, day);
    named.is_ok_and(|named| (named - published).get_days().abs() <= 2)
}

/// True for the day on which something was said, and in what people say of themselves.
fn is_of_words(facts: &Facts, date: &Date) -> bool {
    const SAID: [&str; 10] = [
        "aeusserte",
        "erklaerte",
        "gesagt",
        "geaeussert",
        "sagt",
        "sagte",
        "said",
        "told",
        "zitiere",
        "zitiert",
    ];
    let words = facts
        .text
        .words
        .get(facts.text.clause_of(date.first))
        .unwrap_or_default();
    words.iter().any(|word| SAID.contains(&word.form.as_str())) || is_speech(words)
}

/// How surely two dates that do not agree are those of the same event; none where they are not.
fn likeness(article: &Facts, date: &Date, ours: &Facts, other: &Date) -> Option<f64> {
    let told = |one: &Date| one.first != date.first && one.month.is_some() && one.agrees(other);
    if article.dates.iter().any(told)
        || is_day_of(ours, other)
        || date.share.is_some()
        || other.share.is_some()
    {
        return None;
    }
    if is_of_words(article, date) || is_of_words(ours, other) {
        return None;
    }
    let roles = [date.role, other.role];
    if roles.contains(&Role::From) && roles.contains(&Role::Until) {
        return None;
    }
    let their_sentence = article.sentence_of(date.first)?;
    let our_sentence = ours.sentence_of(other.first)?;
    let (theirs, our) = (article.around(date.first), ours.around(other.first));
    let begins = |facts: &Facts, sentence: usize| {
        facts
            .text
            .words_of(sentence)
            .iter()
            .any(|word| is_in(BEGINNINGS, word.stem()) || is_in(BEGINNINGS, &word.form))
    };
    let full = date.days.is_some() && other.days.is_some();
    let begun = full || begins(article, their_sentence) && begins(ours, our_sentence);
    if !begun {
        return None;
    }
    let of = |date: &Date, at: usize| (date.first..=date.last).contains(&at);
    let forth = overlap(
        &article.text,
        theirs,
        |at| of(date, at),
        &ours.text,
        our_sentence,
    );
    let back = overlap(
        &ours.text,
        our,
        |at| of(other, at),
        &article.text,
        their_sentence,
    );
    let same_role = if date.role == other.role { 1.0 } else { 0.5 };
    let score = 0.45 * forth.share + 0.35 * back.share + 0.2 * same_role;
    let enough = forth.shared >= 1.5 || forth.shared >= 0.9 && forth.share >= 0.7;
    (enough && forth.share >= 0.45 && score >= 0.55).then_some(score)
}
