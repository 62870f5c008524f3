//! Offices that a text names: ministries, ministers, secretaries of state, agencies, and the names
//! that stand behind them.

use super::reading::{MAX_FOUND, Reading};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    Ministry,
    Minister,
    Secretary,
    Agency,
}

/// An office as it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub first: usize,
    pub last: usize,
    pub rank: Rank,
    /// Which department or agency; empty where the text says `the minister` only.
    pub office: &'static str,
    /// Folded surname; empty without a name.
    pub name: String,
}

impl Actor {
    /// True where both cannot be the same office or person.
    pub fn differs(&self, other: &Self) -> bool {
        let agency = (self.rank == Rank::Agency) != (other.rank == Rank::Agency);
        if agency {
            return false;
        }
        let names = !self.name.is_empty() && !other.name.is_empty();
        if names {
            return self.name != other.name;
        }
        !self.office.is_empty() && !other.office.is_empty() && self.office != other.office
    }
}

/// Beginnings of departments, and the department.
const DEPARTMENTS: [(&str, &str); 36] = [
    ("inner", "interior"),
    ("innen", "interior"),
    ("interior", "interior"),
    ("home", "interior"),
    ("heimat", "interior"),
    ("justiz", "justice"),
    ("justice", "justice"),
    ("finanz", "finance"),
    ("finance", "finance"),
    ("aussen", "foreign"),
    ("auswaertig", "foreign"),
    ("foreign", "foreign"),
    ("verteidigung", "defence"),
    ("defence", "defence"),
    ("defense", "defence"),
    ("wirtschaft", "economy"),
    ("econom", "economy"),
    ("arbeit", "labour"),
    ("labour", "labour"),
    ("labor", "labour"),
    ("gesundheit", "health"),
    ("health", "health"),
    ("famili", "family"),
    ("umwelt", "environment"),
    ("environment", "environment"),
    ("verkehr", "transport"),
    ("transport", "transport"),
    ("bildung", "education"),
    ("education", "education"),
    ("entwicklung", "development"),
    ("development", "development"),
    ("landwirtschaft", "agriculture"),
    ("digital", "digital"),
    ("bau", "building"),
    ("sport", "sport"),
    ("kultur", "culture"),
];

/// Words for one office.
const NAMED: [(&str, Rank, &str); 22] = [
    ("bmi", Rank::Ministry, "interior"),
    ("bmj", Rank::Ministry, "justice"),
    ("bmjv", Rank::Ministry, "justice"),
    ("bmf", Rank::Ministry, "finance"),
    ("bmas", Rank::Ministry, "labour"),
    ("bmg", Rank::Ministry, "health"),
    ("bmvg", Rank::Ministry, "defence"),
    ("bmwk", Rank::Ministry, "economy"),
    ("bmwe", Rank::Ministry, "economy"),
    ("bundeskriminalamt", Rank::Agency, "bka"),
    ("bka", Rank::Agency, "bka"),
    ("bundesnachrichtendienst", Rank::Agency, "bnd"),
    ("bnd", Rank::Agency, "bnd"),
    ("verfassungsschutz", Rank::Agency, "bfv"),
    ("bfv", Rank::Agency, "bfv"),
    ("bundespolizei", Rank::Agency, "bpol"),
    ("bsi", Rank::Agency, "bsi"),
    ("bamf", Rank::Agency, "bamf"),
    ("zoll", Rank::Agency, "customs"),
    ("generalbundesanwalt", Rank::Agency, "gba"),
    ("thw", Rank::Agency, "thw"),
    ("bundeswehr", Rank::Agency, "bundeswehr"),
];

/// All offices of a text, in order. Those of the Länder and of other countries are none.
pub fn actors(text: &Reading) -> Vec<Actor> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.words.len() && found.len() < MAX_FOUND {
        match actor_at(text, at) {
            Some(actor) => {
                at = actor.last + 1;
                found.push(actor);
            }
            None => at += 1,
        }
    }
    found
}

fn actor_at(text: &Reading, at: usize) -> Option<Actor> {
    let word = text.words.get(at)?;
    let form = word.form.as_str();
    if let Some((_, rank, office)) = NAMED.iter().find(|(name, ..)| *name == form) {
        return Some(Actor {
            first: at,
            last: at,
            rank: *rank,
            office,
            name: String::new(),
        });
    }
    if form.starts_with("land") || is_of_another(text, at) {
        return None;
    }
    let (rank, before) = title(form)?;
    let (mut first, mut last) = (at, at);
    let mut office = department(before.trim_start_matches("bundes"));
    if office.is_empty() {
        (office, last) = behind(text, at);
    }
    if office.is_empty() && text.english {
        (office, first) = in_front(text, at);
    }
    let (name, end) = name(text, last);
    last = end;
    Some(Actor {
        first,
        last,
        rank,
        office,
        name,
    })
}

/// The rank that a word names, and what stands before it in the word.
fn title(form: &str) -> Option<(Rank, &str)> {
    for ending in ["ministerium", "ministeriums", "ministry"] {
        if let Some(before) = form.strip_suffix(ending) {
            return Some((Rank::Ministry, before));
        }
    }
    for ending in ["staatssekretaer", "staatssekretaerin", "secretary"] {
        if let Some(before) = form.strip_suffix(ending) {
            return Some((Rank::Secretary, before));
        }
    }
    for ending in ["minister", "ministers", "ministerin"] {
        if let Some(before) = form.strip_suffix(ending) {
            return Some((Rank::Minister, before));
        }
    }
    None
}

fn department(text: &str) -> &'static str {
    if text.is_empty() {
        return "";
    }
    DEPARTMENTS
        .iter()
        .find(|(begin, _)| text.starts_with(begin))
        .map_or("", |(_, office)| office)
}

/// `Bundesministerium der Justiz`, `Ministry of Finance`.
fn behind(text: &Reading, at: usize) -> (&'static str, usize) {
    let joint = text.form(at + 1);
    if !matches!(joint, "des" | "der" | "fuer" | "of" | "for") {
        return ("", at);
    }
    for step in 2..=3 {
        let office = text
            .words
            .get(at + step)
            .map_or("", |word| department(&word.form));
        if !office.is_empty() {
            return (office, at + step);
        }
    }
    ("", at)
}

/// `Interior Minister`.
fn in_front(text: &Reading, at: usize) -> (&'static str, usize) {
    let before = at.checked_sub(1);
    let office = before
        .and_then(|at| text.words.get(at))
        .map_or("", |word| department(&word.form));
    match before {
        Some(before) if !office.is_empty() => (office, before),
        _ => ("", at),
    }
}

/// The surname behind a title, and its last word.
fn name(text: &Reading, title: usize) -> (String, usize) {
    let mut last = title;
    let mut name = "";
    for (at, word) in text.words.iter().enumerate().skip(title + 1).take(3) {
        let joined = text.gap(at - 1).chars().all(|c| c == ' ' || c == '.');
        let here = text
            .words
            .get(title)
            .is_some_and(|one| one.sentence == word.sentence);
        if !(joined && here && word.capital && word.form.len() > 2 || word.form == "dr" && joined) {
            break;
        }
        if word.form != "dr" && word.form != "prof" {
            name = &word.form;
        }
        last = at;
    }
    (name.to_owned(), last)
}

/// `Spain's interior minister`, `der bayerische Innenminister`.
fn is_of_another(text: &Reading, at: usize) -> bool {
    text.words[at.saturating_sub(3)..at].iter().any(|word| {
        let possessive = word.form == "s" && word.glued;
        let adjective = word.form.ends_with("ische")
            || word.form.ends_with("ischer")
            || word.form.ends_with("ischen");
        possessive || adjective && !word.form.starts_with("deutsch")
    })
}
