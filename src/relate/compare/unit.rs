//! What a figure counts or measures, and the word of what is counted.

use super::reading::Reading;

/// What is counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Count,
    Percent,
    Points,
    Euro,
    OtherMoney,
    /// In days.
    Time,
}

/// The unit of a number, the factor to the unit that is compared in, the last word, and what is counted.
pub fn measure(text: &Reading, first: usize, last: usize) -> (Unit, f64, usize, Option<usize>) {
    let sentence = text.words.get(last).map(|word| word.sentence);
    let next = text
        .words
        .get(last + 1)
        .filter(|word| Some(word.sentence) == sentence);
    let form = next.map_or("", |word| word.form.as_str());
    let before = first.checked_sub(1).and_then(|at| text.words.get(at));
    let sign = before.map_or("", |word| word.form.as_str());
    let second = text.form(last + 2);
    let joined = !text.gap(last).contains([',', ';', ':', '(']);
    let (unit, factor, words) = match form {
        _ if !joined => (Unit::Count, 1.0, 0),
        "%" | "prozent" | "percent" | "prozentig" => match second {
            "points" | "point" => (Unit::Points, 1.0, 2),
            _ => (Unit::Percent, 1.0, 1),
        },
        "per" if second == "cent" => (Unit::Percent, 1.0, 2),
        "percentage" if second.starts_with("point") => (Unit::Points, 1.0, 2),
        "prozentpunkt" | "prozentpunkte" | "prozentpunkten" => (Unit::Points, 1.0, 1),
        "euro" | "euros" | "eur" | "€" => (Unit::Euro, 1.0, 1),
        "cent" | "cents" => (Unit::Euro, 0.01, 1),
        "dollar" | "dollars" | "$" | "pfund" | "pounds" | "franken" | "us" => {
            (Unit::OtherMoney, 1.0, 1)
        }
        _ => match time(form) {
            Some(days) => (Unit::Time, days, 1),
            None => (Unit::Count, 1.0, 0),
        },
    };
    let (unit, factor) = match (unit, sign) {
        (Unit::Count, "€") => (Unit::Euro, 1.0),
        (Unit::Count, "$" | "£") => (Unit::OtherMoney, 1.0),
        _ => (unit, factor),
    };
    let last = last + words;
    let head = match unit {
        Unit::Count => head(text, last).or_else(|| number_of(text, first)),
        Unit::Percent => share_of(text, last),
        Unit::Points => None,
        _ => measured(text, last),
    };
    (unit, factor, last, head)
}

/// Days of a unit of time.
pub fn time(form: &str) -> Option<f64> {
    Some(match form {
        "sekunde" | "sekunden" | "second" | "seconds" => 1.0 / 86_400.0,
        "minute" | "minuten" | "minutes" => 1.0 / 1_440.0,
        "stunde" | "stunden" | "hour" | "hours" => 1.0 / 24.0,
        "tag" | "tage" | "tagen" | "day" | "days" => 1.0,
        "woche" | "wochen" | "week" | "weeks" => 7.0,
        "monat" | "monate" | "monaten" | "month" | "months" => 30.4,
        "jahr" | "jahre" | "jahren" | "year" | "years" => 365.25,
        _ => return None,
    })
}

/// The word of what is counted: in German the next word with a capital, in English the last word of
/// those that follow.
fn head(text: &Reading, last: usize) -> Option<usize> {
    let clause = text.words.get(last)?.clause;
    let mut found = None;
    for (at, word) in text.words.iter().enumerate().skip(last + 1).take(4) {
        if word.clause != clause {
            break;
        }
        if text.english {
            if !word.content {
                break;
            }
            found = Some(at);
            continue;
        }
        if word.capital && (word.content || text.words.get(at + 1).is_some_and(|next| next.glued)) {
            let parts = text.words.iter().skip(at + 1);
            return Some(at + parts.take_while(|word| word.glued).count());
        }
        let adjective = ["e", "en", "er", "es", "em"]
            .iter()
            .any(|ending| word.form.ends_with(ending));
        let filler = matches!(
            word.form.as_str(),
            "weitere"
                | "weiteren"
                | "neue"
                | "neuen"
                | "zusaetzliche"
                | "zusaetzlichen"
                | "mehr"
                | "weniger"
                | "aller"
                | "der"
        );
        if !(adjective && word.content || filler) || word.capital {
            break;
        }
    }
    found
}

/// `die Zahl der Straftaten ist auf 84.172 gestiegen`: what `Zahl` is of.
fn number_of(text: &Reading, first: usize) -> Option<usize> {
    let sentence = text.words.get(first)?.sentence;
    let of_sentence = |at: &usize| {
        text.words
            .get(*at)
            .is_some_and(|word| word.sentence == sentence)
    };
    let mut back = (first.saturating_sub(14)..first).rev().filter(of_sentence);
    let number =
        back.find(|at| matches!(text.words[*at].form.as_str(), "zahl" | "anzahl" | "number"))?;
    (number + 1..first).find(|at| {
        let word = &text.words[*at];
        word.content && (word.capital || text.english)
    })
}

/// `600 Stunden Sprachunterricht`.
fn measured(text: &Reading, last: usize) -> Option<usize> {
    let (here, next) = (text.words.get(last)?, text.words.get(last + 1)?);
    (here.clause == next.clause && next.capital && next.content && !text.english)
        .then_some(last + 1)
}

/// `58 Prozent der Kliniken`.
fn share_of(text: &Reading, last: usize) -> Option<usize> {
    let article = text.words.get(last + 1)?;
    if !matches!(article.form.as_str(), "der" | "aller" | "of" | "des") {
        return None;
    }
    let clause = article.clause;
    let is_noun = |at: &usize| {
        let word = &text.words[*at];
        word.clause == clause && word.content && (word.capital || text.english)
    };
    (last + 2..(last + 5).min(text.words.len())).find(is_noun)
}
