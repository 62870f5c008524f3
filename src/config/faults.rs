//! Faults of a configuration, gathered so that one start shows them all.

use super::Table;
use super::shape::{ENVIRONMENT, Shape, leaves, section_of};
use config::{Value, ValueKind};
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

/// Names every key that `config/default.toml` does not have and every value of the wrong type, and
/// takes them out, so that the rest of the section can be checked too. Sources, voices and watches
/// are checked apart.
pub(super) fn check_keys(root: &mut Table, shape: &Shape, faults: &mut Vec<Fault>) {
    let mut wrong = Vec::new();
    for (key, value) in leaves(root) {
        let message = match shape.get(&key) {
            None => unknown(&key, shape),
            Some(wanted) if wanted.fits(value) => continue,
            Some(wanted) => format!("must be {}", wanted.told()),
        };
        faults.push(Fault::new(&key, message + &set_by(&key, value)));
        wrong.push(key);
    }
    for key in wrong {
        put(root, &key, shape.default_of(&key));
    }
}

fn unknown(key: &str, shape: &Shape) -> String {
    let valid = shape.of_section(section_of(key));
    if valid.is_empty() {
        format!("unknown section; there are {}", shape.sections().join(", "))
    } else {
        format!("unknown key; there are {}", valid.join(", "))
    }
}

/// The same for one source, by the keys of its kind. True where nothing was wrong.
pub(super) fn check_source(
    name: &str,
    table: &Table,
    shape: &Shape,
    faults: &mut Vec<Fault>,
) -> bool {
    let before = faults.len();
    let kind = table.get("kind").map(ToString::to_string);
    let Some(known) = kind.as_deref().and_then(|kind| shape.of_source(kind)) else {
        // The source's own type knows which kinds there are.
        return true;
    };
    for (key, value) in leaves(table) {
        let message = match known.get(&key) {
            None => {
                let known: Vec<&str> = known.keys().map(String::as_str).collect();
                format!("unknown key; there are {}", known.join(", "))
            }
            Some(wanted) if wanted.fits(value) => continue,
            Some(wanted) => format!("must be {}", wanted.told()),
        };
        let key = format!("source.{name}.{key}");
        faults.push(Fault::new(&key, message + &set_by(&key, value)));
    }
    faults.len() == before
}

/// Names the variable, where one set the value: nobody would look for it in a file.
fn set_by(key: &str, value: &Value) -> String {
    if value.origin() == Some(ENVIRONMENT) {
        format!(" (set by {})", super::variable(key))
    } else {
        String::new()
    }
}

/// Puts a value at a key, or takes it out.
fn put(table: &mut Table, key: &str, value: Option<Value>) {
    match (key.split_once('.'), value) {
        (None, None) => {
            table.remove(key);
        }
        (None, Some(value)) => {
            table.insert(key.to_owned(), value);
        }
        (Some((section, rest)), value) => {
            if let Some(ValueKind::Table(inner)) = table.get_mut(section).map(|v| &mut v.kind) {
                put(inner, rest, value);
            }
        }
    }
}

/// The library's message without its own words on where it looked.
pub(super) fn plain(error: &config::ConfigError) -> String {
    error.to_string()
}
