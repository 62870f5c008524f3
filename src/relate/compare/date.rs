//! Days, months and years that a text names.

use super::reading::{MAX_FOUND, Reading};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    From,
    Until,
    On,
}

/// A date as far as it is named. Words that need a calendar (`Donnerstag`, `in drei Tagen`) are none.
#[derive(Debug, Clone, PartialEq)]
pub struct Date {
    /// Words that it is written with, the last one included.
    pub first: usize,
    pub last: usize,
    /// First and last day of the month.
    pub days: Option<(u8, u8)>,
    pub month: Option<u8>,
    pub year: Option<u16>,
    /// A quarter (1 to 4) or a half (5, 6) of the year.
    pub share: Option<u8>,
    pub role: Role,
}

impl Date {
    /// True where nothing that both name differs.
    pub fn agrees(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        let days = match (self.days, other.days) {
            (Some(one), Some(other)) => one.0 <= other.1 && other.0 <= one.1,
            _ => true,
        };
        days && same(self.month, other.month)
            && same(self.year, other.year)
            && same(self.share, other.share)
    }
}

const MONTHS: [(&str, u8); 23] = [
    ("januar", 1),
    ("jaenner", 1),
    ("january", 1),
    ("februar", 2),
    ("february", 2),
    ("maerz", 3),
    ("march", 3),
    ("april", 4),
    ("mai", 5),
    ("may", 5),
    ("juni", 6),
    ("june", 6),
    ("juli", 7),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("oktober", 10),
    ("october", 10),
    ("november", 11),
    ("dezember", 12),
    ("december", 12),
    ("sept", 9),
    ("dez", 12),
];

/// All dates of a text of the year `now`, in order.
pub fn dates(text: &Reading, now: u16) -> Vec<Date> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.words.len() && found.len() < MAX_FOUND {
        match date_at(text, at, now) {
            Some(date) => {
                at = date.last + 1;
                found.push(date);
            }
            None => at += 1,
        }
    }
    found
}

fn date_at(text: &Reading, at: usize, now: u16) -> Option<Date> {
    let mut date = numeric(text, at)
        .or_else(|| day_and_month(text, at))
        .or_else(|| month_first(text, at))
        .or_else(|| share_of_year(text, at))
        .or_else(|| year_alone(text, at))
        .or_else(|| relative(text, at, now))?;
    date.role = role(text, date.first);
    Some(date)
}

fn empty(first: usize, last: usize) -> Date {
    Date {
        first,
        last,
        days: None,
        month: None,
        year: None,
        share: None,
        role: Role::On,
    }
}

/// `01.07.2026`, `2026-07-01`, `30.6.`
fn numeric(text: &Reading, at: usize) -> Option<Date> {
    let form = text.words.get(at)?.form.as_str();
    if form.len() > 10 || !form.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mark = if form.contains('-') { '-' } else { '.' };
    let parts: Vec<u16> = form
        .split(mark)
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    let (day, month, year) = match parts[..] {
        [year, month, day] if mark == '-' && year >= 1900 => (day, month, Some(year)),
        [day, month, year] if mark == '.' => (
            day,
            month,
            Some(if year < 100 { year + 2000 } else { year }),
        ),
        [day, month] if mark == '.' && text.gap(at).starts_with('.') && !text.english => {
            (day, month, None)
        }
        _ => return None,
    };
    let day = u8::try_from(day)
        .ok()
        .filter(|day| (1..=31).contains(day))?;
    let month = u8::try_from(month)
        .ok()
        .filter(|month| (1..=12).contains(month))?;
    Some(Date {
        days: Some((day, day)),
        month: Some(month),
        year,
        ..empty(at, at)
    })
}

/// `15. September 2026`, `2. bis 4. Dezember 2026`, `15 March 2027`.
fn day_and_month(text: &Reading, at: usize) -> Option<Date> {
    let first = day(text, at)?;
    let (last, month_at) = match text.words.get(at + 1)?.form.as_str() {
        "bis" | "und" | "to" | "and" | "until" => (day(text, at + 2)?, at + 3),
        "of" => (first, at + 2),
        _ => (first, at + 1),
    };
    let month = month(text, month_at)?;
    let (year, last_word) = year_after(text, month_at);
    Some(Date {
        days: Some((first, last)),
        month: Some(month),
        year,
        ..empty(at, last_word)
    })
}

/// `September 2026`, `September 15, 2026`.
fn month_first(text: &Reading, at: usize) -> Option<Date> {
    let month = month(text, at)?;
    if text.english
        && let Some(day) = day(text, at + 1)
    {
        let (year, last) = year_after(text, at + 1);
        return Some(Date {
            days: Some((day, day)),
            month: Some(month),
            year,
            ..empty(at, last)
        });
    }
    let (year, last) = year_after(text, at);
    Some(Date {
        month: Some(month),
        year,
        ..empty(at, last)
    })
}

/// `ersten Quartal 2026`, `first half of 2026`.
fn share_of_year(text: &Reading, at: usize) -> Option<Date> {
    let number = match text.words.get(at)?.form.as_str() {
        "erste" | "ersten" | "erstes" | "first" | "1" => 1,
        "zweite" | "zweiten" | "zweites" | "second" | "2" => 2,
        "dritte" | "dritten" | "drittes" | "third" | "3" => 3,
        "vierte" | "vierten" | "viertes" | "fourth" | "4" => 4,
        _ => return None,
    };
    let share = match text.words.get(at + 1)?.form.as_str() {
        "quartal" | "quarter" => number,
        "halbjahr" | "half" if number <= 2 => number + 4,
        _ => return None,
    };
    let of = usize::from(text.words.get(at + 2).is_some_and(|word| word.form == "of"));
    let (year, last) = year_after(text, at + 1 + of);
    Some(Date {
        share: Some(share),
        year,
        ..empty(at, if year.is_some() { last } else { at + 1 })
    })
}

/// `2026`, where it is not the count of what stands behind it.
fn year_alone(text: &Reading, at: usize) -> Option<Date> {
    let year = year(text, at)?;
    let before = at.checked_sub(1).and_then(|at| text.words.get(at));
    let named = before.is_some_and(|word| {
        matches!(
            word.form.as_str(),
            "jahr"
                | "jahre"
                | "jahren"
                | "jahres"
                | "anfang"
                | "mitte"
                | "ende"
                | "seit"
                | "in"
                | "bis"
                | "von"
                | "year"
                | "since"
                | "by"
        )
    });
    let counts = text.words.get(at + 1).is_some_and(|word| {
        let same = text
            .words
            .get(at)
            .is_some_and(|here| here.clause == word.clause);
        same && word.capital && !text.english
    });
    (named || !counts).then(|| Date {
        year: Some(year),
        ..empty(at, at)
    })
}

/// `im vergangenen Jahr`, `this year`.
fn relative(text: &Reading, at: usize, now: u16) -> Option<Date> {
    if !matches!(text.form(at + 1), "jahr" | "jahres" | "year") {
        return None;
    }
    let year = match text.form(at) {
        "vergangenen" | "vergangenes" | "vorigen" | "voriges" | "letzten" | "letztes" | "last" => {
            now.checked_sub(1)?
        }
        "diesem" | "dieses" | "laufenden" | "this" => now,
        _ => return None,
    };
    Some(Date {
        year: Some(year),
        ..empty(at, at + 1)
    })
}

fn day(text: &Reading, at: usize) -> Option<u8> {
    let form = text.words.get(at)?.form.as_str();
    let digits = form
        .strip_suffix("st")
        .or_else(|| form.strip_suffix("nd"))
        .or_else(|| form.strip_suffix("rd"))
        .or_else(|| form.strip_suffix("th"))
        .unwrap_or(form);
    if digits.len() > 2 {
        return None;
    }
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

fn month(text: &Reading, at: usize) -> Option<u8> {
    let word = text.words.get(at).filter(|word| word.capital)?;
    MONTHS
        .iter()
        .find(|(name, _)| *name == word.form)
        .map(|(_, month)| *month)
}

fn year(text: &Reading, at: usize) -> Option<u16> {
    let form = text.words.get(at)?.form.as_str();
    if form.len() != 4 {
        return None;
    }
    form.parse()
        .ok()
        .filter(|year| (1900..=2100).contains(year))
}

/// The year behind a word, and the last word of both.
fn year_after(text: &Reading, at: usize) -> (Option<u16>, usize) {
    match year(text, at + 1) {
        Some(year) => (Some(year), at + 1),
        None => (None, at),
    }
}

fn role(text: &Reading, first: usize) -> Role {
    let from = first.saturating_sub(3);
    for word in text.words[from..first].iter().rev() {
        match word.form.as_str() {
            "bis" | "until" | "till" | "by" | "spaetestens" => return Role::Until,
            "ab" | "seit" | "vom" | "von" | "from" | "since" => return Role::From,
            "zum" | "dem" | "the" | "einschliesslich" | "mitte" | "ende" | "anfang" | "mid" => {}
            _ => return Role::On,
        }
    }
    Role::On
}
