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
        Self {
            place: place.into(),
            message: message.into(),
        }
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
            write!(
                f,
                "\n  {}: {}",
                fault.place,
                fault.message.replace('\n', "\n    ")
            )?;
        }
        Ok(())
    }
}

/// Names every key that `config/default.toml` does not have, and takes it out, so that the rest of
/// its section can be checked too. Sources, voices and watches are checked by their own types.
pub(super) fn unknown_keys(root: &mut HashMap<String, Value>, faults: &mut Vec<Fault>) {
    let known = known_keys(super::DEFAULT);
    let mut found = Vec::new();
    for (name, value) in &*root {
        flatten(name, value, &mut found);
    }
    found.sort();
    for key in found.into_iter().filter(|key| !known.contains(key)) {
        let section = key.split('.').next().unwrap_or_default();
        let of_section = |name: &&String| name.split('.').next() == Some(section);
        let valid: Vec<&str> = known
            .iter()
            .filter(of_section)
            .map(String::as_str)
            .collect();
        let message = if valid.is_empty() {
            let sections: BTreeSet<&str> = known
                .iter()
                .filter_map(|name| name.split('.').next())
                .collect();
            let sections: Vec<&str> = sections.into_iter().collect();
            format!("unknown section; there are {}", sections.join(", "))
        } else {
            format!("unknown key; there are {}", valid.join(", "))
        };
        take_out(root, &key);
        faults.push(Fault::new(key, message));
    }
}

fn take_out(table: &mut HashMap<String, Value>, key: &str) {
    match key.split_once('.') {
        None => {
            table.remove(key);
        }
        Some((section, rest)) => {
            if let Some(Value {
                kind: ValueKind::Table(inner),
                ..
            }) = table.get_mut(section)
            {
                take_out(inner, rest);
            }
        }
    }
}

/// The keys of the commented defaults, those included that stand commented out (`#key = …`).
fn known_keys(defaults: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut section = String::new();
    for line in defaults.lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, _)) = line.split_once(" = ")
            && !key.contains(' ')
        {
            keys.insert(format!("{section}.{key}"));
        }
    }
    // Secrets have no line in a file, but are known from the environment.
    keys.extend(
        super::SECRETS
            .iter()
            .map(|(secret, _)| (*secret).to_owned()),
    );
    keys
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
