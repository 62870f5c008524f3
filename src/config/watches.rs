//! The register of watches: a query that is not registered, or whose approval has run out,
//! collects nothing.

use super::{Fault, is_name};
use crate::matching::StoredQuery;
use crate::model::Target;
use crate::privacy::Voice;
use crate::query::Query;
use config::{File, FileFormat, Value};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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

    pub fn watch(&self, name: &str) -> Option<&Watch> {
        self.watches.iter().find(|watch| watch.name == name)
    }
}

/// A watch as written. Every field is optional here, so that one look names all that is missing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
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

/// Reads the watch files (or the starter pack where none is named) and checks every watch.
pub(super) fn read(
    files: &[PathBuf],
    base: &Path,
    voices: &[Voice],
    today: Date,
    faults: &mut Vec<Fault>,
) -> Option<Register> {
    let mut texts = Vec::new();
    for file in files {
        let path = base.join(file);
        match std::fs::read_to_string(&path) {
            Ok(text) => texts.push((path.display().to_string(), text)),
            Err(error) => {
                faults.push(Fault::new(path.display().to_string(), error.to_string()));
            }
        }
    }
    if files.is_empty() {
        texts.push((
            "starter watches".to_owned(),
            super::STARTER_WATCHES.to_owned(),
        ));
    }
    let before = faults.len();
    let mut register = Register::default();
    for (place, text) in &texts {
        read_file(place, text, today, &mut register, faults);
    }
    check_together(&register, voices, faults);
    (faults.len() == before).then_some(register)
}

fn read_file(
    place: &str,
    text: &str,
    today: Date,
    register: &mut Register,
    faults: &mut Vec<Fault>,
) {
    let parsed = config::Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .build()
        .and_then(|all| all.cache.into_table());
    let mut table = match parsed {
        Ok(table) => table,
        Err(error) => return faults.push(Fault::new(place, error.to_string())),
    };
    for (i, value) in list(table.remove("target")).into_iter().enumerate() {
        match value.try_deserialize::<Target>() {
            Ok(target) => register.targets.push(target),
            Err(error) => faults.push(Fault::new(
                format!("{place}: target {}", i + 1),
                super::faults::plain(&error),
            )),
        }
    }
    for (i, value) in list(table.remove("watch")).into_iter().enumerate() {
        match value.try_deserialize::<Written>() {
            Ok(written) => {
                let place = match written.name.as_str() {
                    "" => format!("{place}: watch {}", i + 1),
                    name => format!("{place}: watch {name}"),
                };
                if let Some(watch) = check(&place, written, today, faults) {
                    register.watches.push(watch);
                }
            }
            Err(error) => faults.push(Fault::new(
                format!("{place}: watch {}", i + 1),
                super::faults::plain(&error),
            )),
        }
    }
    for key in table.keys() {
        faults.push(Fault::new(
            format!("{place}: {key}"),
            "unknown key; a watch file holds [[target]] and [[watch]] entries",
        ));
    }
}

fn list(value: Option<Value>) -> Vec<Value> {
    value
        .and_then(|value| value.into_array().ok())
        .unwrap_or_default()
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
    if expires < today {
        faults.push(Fault::new(
            place,
            format!("expired on {expires}: renew the approval, or take the watch out"),
        ));
        return None;
    }
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

/// What only shows when all files are read: doubled names, unknown targets, handles of nobody.
fn check_together(register: &Register, voices: &[Voice], faults: &mut Vec<Fault>) {
    let targets: BTreeSet<&str> = register.targets.iter().map(|t| t.name.as_str()).collect();
    let mut seen = BTreeSet::new();
    for target in &register.targets {
        if !seen.insert(&target.name) {
            faults.push(Fault::new(
                format!("target {}", target.name),
                "there are two of this name",
            ));
        }
    }
    let mut seen = BTreeSet::new();
    for watch in &register.watches {
        let place = format!("watch {}", watch.name);
        if !seen.insert(&watch.name) {
            faults.push(Fault::new(&place, "there are two of this name"));
        }
        if !targets.contains(watch.target.as_str()) {
            let known: Vec<&str> = targets.iter().copied().collect();
            faults.push(Fault::new(
                &place,
                format!(
                    "unknown target `{}`; there are {}",
                    watch.target,
                    known.join(", ")
                ),
            ));
        }
        let _ = voices;
    }
    if register.watches.is_empty() {
        faults.push(Fault::new(
            "watches",
            "there is no watch, so nothing would be collected",
        ));
    }
}
