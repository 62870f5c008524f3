//! The register of watches: a query that is not registered, or whose approval has run out,
//! collects nothing.

use super::persons::asks_only_for_persons;
use super::{Fault, Table, is_name};
use crate::matching::StoredQuery;
use crate::model::Target;
use crate::privacy::Voices;
use crate::query::Query;
use config::{File, FileFormat, Value, ValueKind};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Longest time for which a watch may be approved.
const MAX_MONTHS: i32 = 12;

/// A registered stored query.
#[derive(Debug, Clone)]
pub struct Watch {
    pub name: String,
    /// What editors read.
    pub label: String,
    pub query: Query,
    pub target: String,
    pub purpose: String,
    pub legal_basis: String,
    pub owner: String,
    pub approver: String,
    /// Last day of validity.
    pub expires: Date,
    pub must_match: Vec<String>,
    pub must_not_match: Vec<String>,
}

/// All watches and the targets that they measure toward, in the order of the files.
#[derive(Debug, Clone, Default)]
pub struct Register {
    pub watches: Vec<Watch>,
    pub targets: Vec<Target>,
}

impl Register {
    /// The queries as the matcher takes them.
    pub fn stored_queries(&self) -> Vec<StoredQuery> {
        self.watches
            .iter()
            .map(|watch| StoredQuery {
                watch: watch.name.clone(),
                target: watch.target.clone(),
                query: watch.query.clone(),
            })
            .collect()
    }

    /// Takes out the watches whose approval has run out; returns their names.
    pub fn take_expired(&mut self, today: Date) -> Vec<String> {
        let expired = self.watches.extract_if(.., |watch| watch.expires < today);
        expired.map(|watch| watch.name).collect()
    }

    pub fn watch(&self, name: &str) -> Option<&Watch> {
        self.watches.iter().find(|watch| watch.name == name)
    }
}

/// The keys of a watch.
const KEYS: [&str; 11] = [
    "name",
    "label",
    "query",
    "target",
    "purpose",
    "legal_basis",
    "owner",
    "approver",
    "expires",
    "must_match",
    "must_not_match",
];

/// A watch as written. Every field is optional here, so that one look names all that is missing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    name: String,
    label: String,
    query: String,
    target: String,
    purpose: String,
    legal_basis: String,
    owner: String,
    approver: String,
    expires: String,
    must_match: Vec<String>,
    must_not_match: Vec<String>,
}

/// What was read so far. Faulty watches are no part of the register, and yet their names count.
#[derive(Default)]
struct Reading {
    register: Register,
    /// Place, name and target of every watch that was written.
    written: Vec<(String, String, String)>,
}

/// Reads the watch files (or the starter pack where none is named) and checks every watch.
pub(super) fn read(
    files: &[PathBuf],
    voices: &Voices,
    today: Date,
    faults: &mut Vec<Fault>,
) -> Option<Register> {
    let before = faults.len();
    let mut reading = Reading::default();
    for path in files {
        let place = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => read_file(&place, &text, today, &mut reading, faults),
            Err(error) => faults.push(Fault::new(place, error.to_string())),
        }
    }
    if files.is_empty() {
        let text = super::STARTER_WATCHES;
        read_file("starter watches", text, today, &mut reading, faults);
    }
    check_together(&reading, faults);
    check_persons(&reading, voices, faults);
    if reading.written.is_empty() && faults.len() == before {
        faults.push(Fault::new(
            "watches",
            "there is no watch, so nothing would be collected",
        ));
    }
    (faults.len() == before).then_some(reading.register)
}

fn read_file(place: &str, text: &str, today: Date, reading: &mut Reading, faults: &mut Vec<Fault>) {
    let parsed = config::Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .build()
        .and_then(|all| all.cache.into_table());
    let mut table = match parsed {
        Ok(table) => table,
        Err(error) => return faults.push(Fault::new(place, error.to_string())),
    };
    for (i, value) in entries(&mut table, place, "target", faults) {
        let name = name_of(&value);
        let place = format!("{place}: target {i}{name}");
        match value.try_deserialize::<Target>() {
            Ok(target) if !is_name(&target.name) => {
                faults.push(Fault::new(place, "`name` is not made of a-z, 0-9 and -"));
            }
            Ok(target) => reading.register.targets.push(target),
            Err(error) => faults.push(Fault::new(place, super::faults::plain(&error))),
        }
    }
    for (i, value) in entries(&mut table, place, "watch", faults) {
        let name = name_of(&value);
        let place = format!("{place}: watch {i}{name}");
        let Some(written) = written(&place, value, faults) else {
            continue;
        };
        let named = (place.clone(), written.name.clone(), written.target.clone());
        reading.written.push(named);
        if let Some(watch) = check(&place, written, today, faults) {
            reading.register.watches.push(watch);
        }
    }
    for key in table.keys() {
        faults.push(Fault::new(
            format!("{place}: {key}"),
            "unknown key; a watch file holds [[target]] and [[watch]] entries",
        ));
    }
}

/// The numbered entries of one kind.
fn entries(
    table: &mut Table,
    place: &str,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Vec<(usize, Value)> {
    match table.remove(name).map(Value::into_array) {
        None => Vec::new(),
        Some(Ok(list)) => (1..).zip(list).collect(),
        Some(Err(_)) => {
            let message = format!("must be entries: [[{name}]]");
            faults.push(Fault::new(format!("{place}: {name}"), message));
            Vec::new()
        }
    }
}

/// ` (name)`, for the place of a fault; nothing where the entry has no name.
fn name_of(entry: &Value) -> String {
    let ValueKind::Table(table) = &entry.kind else {
        return String::new();
    };
    let name = table.get("name").map(ToString::to_string);
    name.map(|name| format!(" ({name})")).unwrap_or_default()
}

/// Reads one watch as it is written; names all of its unknown keys.
fn written(place: &str, value: Value, faults: &mut Vec<Fault>) -> Option<Written> {
    let Ok(mut table) = value.into_table() else {
        faults.push(Fault::new(place, "must be an entry: [[watch]]"));
        return None;
    };
    let mut unknown: Vec<String> = table.keys().cloned().collect();
    unknown.retain(|key| !KEYS.contains(&key.as_str()));
    unknown.sort();
    if !unknown.is_empty() {
        let message = format!(
            "unknown {}; there are {}",
            unknown.join(", "),
            KEYS.join(", ")
        );
        faults.push(Fault::new(place, message));
    }
    table.retain(|key, _| KEYS.contains(&key.as_str()));
    match Value::new(None, ValueKind::Table(table)).try_deserialize() {
        Ok(written) => Some(written),
        Err(error) => {
            faults.push(Fault::new(place, super::faults::plain(&error)));
            None
        }
    }
}

/// Checks one watch by itself. Names all that is missing for its registration.
fn check(place: &str, written: Written, today: Date, faults: &mut Vec<Fault>) -> Option<Watch> {
    let before = faults.len();
    if !is_name(&written.name) {
        faults.push(Fault::new(
            place,
            "`name` is missing or not made of a-z, 0-9 and -",
        ));
    }
    let missing: Vec<&str> = [
        ("label", &written.label),
        ("query", &written.query),
        ("target", &written.target),
        ("purpose", &written.purpose),
        ("legal_basis", &written.legal_basis),
        ("owner", &written.owner),
        ("approver", &written.approver),
        ("expires", &written.expires),
    ]
    .into_iter()
    .filter(|(_, value)| value.trim().is_empty())
    .map(|(key, _)| key)
    .collect();
    if !missing.is_empty() {
        faults.push(Fault::new(
            place,
            format!(
                "not registered, so it may collect nothing: {} missing",
                missing.join(", ")
            ),
        ));
    }
    if !written.owner.is_empty() && written.owner == written.approver {
        faults.push(Fault::new(
            place,
            "owner and approver must be two different functions",
        ));
    }
    let expires = check_expiry(place, &written.expires, today, faults);
    let query = match Query::parse(&written.query) {
        Ok(query) => Some(query),
        Err(_) if written.query.trim().is_empty() => None,
        Err(error) => {
            faults.push(Fault::new(place, format!("query: {error}")));
            None
        }
    };
    let (Some(expires), Some(query)) = (expires, query) else {
        return None;
    };
    (faults.len() == before).then_some(Watch {
        name: written.name,
        label: written.label,
        query,
        target: written.target,
        purpose: written.purpose,
        legal_basis: written.legal_basis,
        owner: written.owner,
        approver: written.approver,
        expires,
        must_match: written.must_match,
        must_not_match: written.must_not_match,
    })
}

fn check_expiry(place: &str, written: &str, today: Date, faults: &mut Vec<Fault>) -> Option<Date> {
    if written.trim().is_empty() {
        return None;
    }
    let Ok(expires) = written.trim().parse::<Date>() else {
        faults.push(Fault::new(place, "`expires` is not a date like 2027-03-31"));
        return None;
    };
    // One that has run out is no fault: it collects nothing, and the others must go on.
    if today
        .checked_add(MAX_MONTHS.months())
        .is_ok_and(|last| expires > last)
    {
        faults.push(Fault::new(
            place,
            format!(
                "`expires` lies more than {MAX_MONTHS} months ahead; approve it again each year"
            ),
        ));
        return None;
    }
    Some(expires)
}

/// What only shows when all files are read: doubled names and unknown targets.
fn check_together(reading: &Reading, faults: &mut Vec<Fault>) {
    let mut targets = BTreeSet::new();
    for target in &reading.register.targets {
        if !targets.insert(target.name.as_str()) {
            faults.push(Fault::new(
                format!("target {}", target.name),
                "there are two of this name; rename one",
            ));
        }
    }
    let known: Vec<&str> = targets.iter().copied().collect();
    let mut names = BTreeSet::new();
    for (place, name, target) in &reading.written {
        if !name.is_empty() && !names.insert(name) {
            faults.push(Fault::new(place, "there are two of this name; rename one"));
        }
        if !target.is_empty() && !targets.contains(target.as_str()) {
            let message = format!("unknown target `{target}`; there are {}", known.join(", "));
            faults.push(Fault::new(place, message));
        }
    }
}

/// A query that asks for private persons and for nothing that is said.
fn check_persons(reading: &Reading, voices: &Voices, faults: &mut Vec<Fault>) {
    for watch in &reading.register.watches {
        if !asks_only_for_persons(watch.query.expr(), voices) {
            continue;
        }
        let written = reading.written.iter();
        let mut places = written.filter(|(_, name, _)| *name == watch.name);
        let place = places
            .next()
            .map_or(watch.name.as_str(), |(place, ..)| place);
        faults.push(Fault::new(
            place,
            "query: it asks for nothing but the handle of a private account, and statements are \
             watched here, not people: add what is said, or put a public voice into [[voice]]",
        ));
    }
}
