//! Figures of a text: how much of what. Dates, times, paragraphs, telephone numbers and numbers of
//! names are none.

use super::date::Date;
use super::numerals::{self, Number};
use super::reading::{MAX_FOUND, Reading, Word};
use super::unit::{self, Unit, measure};

/// What the words before a figure make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Exact,
    About,
    /// `fast`, `knapp`: a little less.
    Below,
    /// `gut`, `mehr als`: more.
    Above,
    /// `bis zu`.
    AtMost,
    /// `mindestens`.
    AtLeast,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Words that it is written with, unit included.
    pub first: usize,
    pub last: usize,
    pub low: f64,
    pub high: f64,
    pub grain: f64,
    pub ambiguous: bool,
    pub bound: Bound,
    pub unit: Unit,
    /// `um 310 Millionen`: a change; `auf 64 Milliarden`: a level.
    pub change: Option<bool>,
    /// The word of what is counted.
    pub head: Option<usize>,
}

impl Figure {
    fn middle(&self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    /// True where one may be the other, rounded, bounded or in another unit of the same thing.
    pub fn agrees(&self, other: &Self) -> bool {
        if self.unit != other.unit {
            return false;
        }
        let (a, b) = (self.middle(), other.middle());
        let bounds = [Bound::AtMost, Bound::AtLeast];
        if self.bound == other.bound && bounds.contains(&self.bound) {
            return near(a, b, 0.05);
        }
        if self.reaches(b) || other.reaches(a) || self.low <= other.high && other.low <= self.high {
            return true;
        }
        if (self.ambiguous || other.ambiguous)
            && (near(a * 1000.0, b, 0.01) || near(a, b * 1000.0, 0.01))
        {
            return true;
        }
        // Weeks and months are of different lengths.
        self.unit == Unit::Time && near(a, b, 0.1)
    }

    /// True where a figure like this one may stand for a value.
    fn reaches(&self, value: f64) -> bool {
        let own = self.middle();
        let step = (value - own).abs() <= self.grain * 0.501;
        match self.bound {
            Bound::Exact => step && near(own, value, 0.05),
            Bound::About => step && near(own, value, 0.15) || near(own, value, 0.03),
            Bound::Below => value <= own && value >= own * 0.85 || near(own, value, 0.02),
            Bound::Above | Bound::AtLeast => value >= own * 0.99,
            Bound::AtMost => value <= own * 1.01,
        }
    }
}

fn near(one: f64, other: f64, share: f64) -> bool {
    (one - other).abs() <= one.abs().max(other.abs()) * share
}

/// All figures of a text, in order.
pub fn figures(text: &Reading, dates: &[Date]) -> Vec<Figure> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut dates = dates.iter().peekable();
    while at < text.words.len() && found.len() < MAX_FOUND {
        while dates.peek().is_some_and(|date| date.last < at) {
            dates.next();
        }
        if let Some(date) = dates.peek()
            && date.first <= at
        {
            at = date.last + 1;
            continue;
        }
        match figure_at(text, at) {
            Some(figure) => {
                at = figure.last + 1;
                found.push(figure);
            }
            None => at += 1,
        }
    }
    found
}

fn figure_at(text: &Reading, at: usize) -> Option<Figure> {
    if is_no_count(text, at) {
        return None;
    }
    let (mut number, mut last) = number_at(text, at)?;
    let mut low = number.value;
    if let Some((upper, end)) = upper_end(text, last) {
        // `600 bis 750 Millionen`: the magnitude is that of both.
        low = match number.value < upper.value / 999.0 {
            true => number.value * (upper.grain / number.grain).max(1.0),
            false => number.value,
        };
        if low > upper.value {
            return None;
        }
        (number, last) = (upper, end);
    }
    let (unit, factor, last, head) = measure(text, at, last);
    if unit == Unit::Count && number.plain && is_name(text, at, last, head) {
        return None;
    }
    Some(Figure {
        first: at,
        last,
        low: low * factor,
        high: number.value * factor,
        grain: number.grain * factor,
        ambiguous: number.ambiguous,
        bound: bound(text, at),
        change: change(text, at),
        unit,
        head,
    })
}

/// A number with its magnitude, and its last word.
fn number_at(text: &Reading, at: usize) -> Option<(Number, usize)> {
    let word = text.words.get(at)?;
    let next = |at: usize| {
        text.words
            .get(at)
            .filter(|next| next.sentence == word.sentence)
    };
    let mut number = match word.is_number() {
        true => numerals::digits(&word.form, text.english)?,
        false if matches!(word.form.as_str(), "ein" | "eine" | "einer" | "one" | "a") => {
            next(at + 1).filter(|next| is_magnitude(next, text))?;
            Number {
                value: 1.0,
                grain: 1.0,
                ambiguous: false,
                plain: false,
            }
        }
        false => numerals::word(&word.form)?,
    };
    let mut last = at;
    // Groups with spaces between.
    let mut joined = word.form.clone();
    while word.is_number()
        && word.form.len() <= 3
        && is_space(text.gap(last))
        && next(last + 1).is_some_and(is_group)
    {
        last += 1;
        joined.push_str(&text.words.get(last)?.form);
        number = numerals::digits(&joined, text.english)?;
    }
    // `two and a half million`
    let forms = [1, 2, 3].map(|step| next(last + step).map_or("", |word| word.form.as_str()));
    if forms == ["and", "a", "half"] {
        number.value += 0.5;
        number.grain = 0.5;
        last += 3;
    }
    if let Some(magnitude) = next(last + 1).filter(|next| is_magnitude(next, text)) {
        let factor = numerals::magnitude(&magnitude.form, text.english)?;
        // `zwei Tausend` and `tausend Millionen` are no numbers that anybody writes but once.
        number = number.times(factor);
        last += 1;
    }
    number.value.is_finite().then_some((number, last))
}

fn is_magnitude(word: &Word, text: &Reading) -> bool {
    // A single letter is an initial more often than a magnitude.
    word.form.len() > 1 && numerals::magnitude(&word.form, text.english).is_some()
}

fn is_space(gap: &str) -> bool {
    matches!(gap, " " | "\u{a0}" | "\u{202f}" | "\u{2009}")
}

fn is_group(word: &Word) -> bool {
    word.form.len() == 3 && word.form.bytes().all(|byte| byte.is_ascii_digit())
}

/// The upper end of `10 bis 12`, and its last word.
fn upper_end(text: &Reading, last: usize) -> Option<(Number, usize)> {
    let here = text.words.get(last)?;
    let joint = text
        .words
        .get(last + 1)
        .filter(|next| next.sentence == here.sentence)?;
    if matches!(text.gap(last), "-" | "–" | " – " | " - ") && joint.is_number() {
        return number_at(text, last + 1);
    }
    let between = last
        .checked_sub(1)
        .and_then(|at| text.words.get(at))
        .is_some_and(|word| matches!(word.form.as_str(), "zwischen" | "between"));
    let joins = match joint.form.as_str() {
        "bis" => text
            .words
            .get(last + 2)
            .is_some_and(|word| word.form != "zu"),
        "und" | "and" => between,
        _ => false,
    };
    joins.then(|| number_at(text, last + 2)).flatten()
}

fn bound(text: &Reading, first: usize) -> Bound {
    let mut before = text.words[first.saturating_sub(3)..first].iter().rev();
    let nearest = before.next().map_or("", |word| word.form.as_str());
    let second = before.next().map_or("", |word| word.form.as_str());
    let nearest = if matches!(nearest, "€" | "$" | "£") {
        second
    } else {
        nearest
    };
    match (second, nearest) {
        ("bis" | "up", "zu" | "to") => Bound::AtMost,
        ("mehr" | "more", "als" | "than") => Bound::Above,
        ("weniger" | "less" | "fewer", "als" | "than") => Bound::Below,
        (
            _,
            "rund" | "etwa" | "circa" | "ca" | "ungefaehr" | "zirka" | "around" | "about"
            | "roughly" | "some" | "approximately" | "schaetzungsweise",
        ) => Bound::About,
        (_, "fast" | "knapp" | "nahezu" | "beinahe" | "nearly" | "almost" | "unter" | "under") => {
            Bound::Below
        }
        (_, "gut" | "ueber" | "over") => Bound::Above,
        (_, "hoechstens" | "maximal") => Bound::AtMost,
        (_, "mindestens" | "wenigstens") | ("at", "least") => Bound::AtLeast,
        _ => Bound::Exact,
    }
}

fn change(text: &Reading, first: usize) -> Option<bool> {
    let from = first.saturating_sub(3);
    text.words[from..first]
        .iter()
        .rev()
        .find_map(|word| match word.form.as_str() {
            "um" | "by" => Some(true),
            "auf" | "to" => Some(false),
            _ => None,
        })
}

/// Numbers of paragraphs, times of day, telephones, lists, and parts of compound words.
fn is_no_count(text: &Reading, at: usize) -> bool {
    let Some(word) = text.words.get(at) else {
        return true;
    };
    let before = at
        .checked_sub(1)
        .and_then(|at| text.words.get(at))
        .map_or("", |word| word.form.as_str());
    let after = text.words.get(at + 1);
    let next = after.map_or("", |word| word.form.as_str());
    const NAMED: [&str; 22] = [
        "§",
        "absatz",
        "abs",
        "art",
        "artikel",
        "article",
        "behoerdennummer",
        "kapitel",
        "nr",
        "nummer",
        "nummern",
        "paragraf",
        "paragraph",
        "satz",
        "section",
        "seite",
        "tel",
        "telefon",
        "ziffer",
        "agenda",
        "punkt",
        "point",
    ];
    let named = NAMED.contains(&before) || word.glued || after.is_some_and(|next| next.glued);
    let time = next == "uhr" || matches!(next, "am" | "pm") || word.form.contains(':');
    let telephone =
        word.form.len() > 3 && word.form.starts_with('0') && !word.form.contains([',', '.']);
    let ordinal = word.is_number()
        && word.form.len() <= 2
        && text.gap(at).starts_with(". ")
        && after.is_some_and(|next| next.sentence == word.sentence);
    // `vor zwei Jahren` says when.
    let ago = before == "vor" && unit::time(next).is_some()
        || matches!(text.words.get(at + 2), Some(word) if word.form == "ago");
    named || time || telephone || ordinal || ago
}

/// A bare number within a short quotation, or behind a name with nothing counted: `Nordlicht 88`.
fn is_name(text: &Reading, first: usize, last: usize, head: Option<usize>) -> bool {
    let quote = text
        .words
        .get(first)
        .and_then(|word| word.quote)
        .and_then(|number| text.quotes.get(number));
    let short = quote.is_some_and(|quote| quote.end - quote.first <= 4);
    let before = first.checked_sub(1).and_then(|at| text.words.get(at));
    let follows_name = before.is_some_and(|word| {
        word.capital
            && word.content
            && text
                .words
                .get(last)
                .is_some_and(|here| here.clause == word.clause)
    });
    short || head.is_none() && follows_name && text.english
}
