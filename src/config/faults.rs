//! Faults of a configuration, gathered so that one start shows them all.

use config::{Value, ValueKind};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub place: String,
    pub message: String,
}

impl Fault {
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub faults: Vec<Fault>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.faults.len() {
            1 => write!(f, "the configuration has a fault:")?,
            n => write!(f, "the configuration has {n} faults:")?,
        }
        for fault in &self.faults {
            write!(f, "\n  {}: {}", fault.place, fault.message.replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

/// Names every key that `config/default.toml` does not have. Sources, voices and watches are
/// checked by their own types.
pub(super) fn unknown_keys(root: &HashMap<String, Value>, faults: &mut Vec<Fault>) {
    let known = known_keys();
    let mut found = Vec::new();
    for (name, value) in root {
        flatten(name, value, &mut found);
    }
    found.sort();
    for key in found {
        if known.contains(&key) {
            continue;
        }
        let section = key.split('.').next().unwrap_or_default();
        let valid: Vec<&str> = known
            .iter()
            .filter(|name| name.split('.').next() == Some(section))
            .map(String::as_str)
            .collect();
        let message = if valid.is_empty() {
            let mut sections: Vec<&str> =
                known.iter().filter_map(|name| name.split('.').next()).collect();
            sections.extend(["source", "voice"]);
            sections.dedup();
            format!("unknown section; there are {}", sections.join(", "))
        } else {
            format!("unknown key; there are {}", valid.join(", "))
        };
        faults.push(Fault::new(key, message));
    }
}

fn known_keys() -> BTreeSet<String> {
    let built_in = config::Config::builder()
        .add_source(config::File::from_str(super::DEFAULT, config::FileFormat::Toml))
        .build();
    let mut keys = Vec::new();
    if let Ok(table) = built_in.and_then(|all| all.cache.into_table()) {
        for (name, value) in &table {
            flatten(name, value, &mut keys);
        }
    }
    keys.into_iter().collect()
}

fn flatten(path: &str, value: &Value, into: &mut Vec<String>) {
    match &value.kind {
        ValueKind::Table(table) if !table.is_empty() => {
            for (name, value) in table {
                flatten(&format!("{path}.{name}"), value, into);
            }
        }
        _ => into.push(path.to_owned()),
    }
}

/// The library's message without its own words on where it looked.
pub(super) fn plain(error: &config::ConfigError) -> String {
    error.to_string()
}
