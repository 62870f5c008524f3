//! Which settings there are, and of which type: read from the commented defaults, so that they are
//! written down in one place only.
//!
//! Environment variables are text. Here they get the type of the key that they set, because not
//! every section can be read from text alone (one with a `kind` cannot).

use super::{DEFAULT, SECRETS, Table};
use config::{Config, File, FileFormat, Value, ValueKind};
use std::collections::BTreeMap;

/// Where the library says that a value came from.
pub(super) const ENVIRONMENT: &str = "the environment";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Number,
    Switch,
    List,
}

impl Type {
    fn of(kind: &ValueKind) -> Self {
        match kind {
            ValueKind::Boolean(_) => Type::Switch,
            ValueKind::Array(_) => Type::List,
            ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => {
                Type::Number
            }
            _ => Type::Text,
        }
    }

    pub fn fits(self, value: &Value) -> bool {
        match &value.kind {
            ValueKind::Float(_) | ValueKind::Nil | ValueKind::Table(_) => false,
            ValueKind::I64(number) if *number < 0 => false,
            kind => Type::of(kind) == self,
        }
    }

    /// What to write, after "must be".
    pub fn told(self) -> &'static str {
        match self {
            Type::Text => "text in quotes",
            Type::Number => "a whole number, 0 or more",
            Type::Switch => "true or false",
            Type::List => "a list in brackets",
        }
    }

    /// The text of a variable as this type; text that is none stays text, and is a fault later.
    fn of_text(self, text: &str, origin: &String) -> ValueKind {
        let trimmed = text.trim();
        let typed = match self {
            Type::Text => None,
            Type::Number => trimmed.parse().ok().map(ValueKind::I64),
            Type::Switch => trimmed
                .to_ascii_lowercase()
                .parse()
                .ok()
                .map(ValueKind::Boolean),
            Type::List => {
                let entries = trimmed.split(',').map(str::trim).filter(|e| !e.is_empty());
                let entry = |e: &str| Value::new(Some(origin), ValueKind::String(e.to_owned()));
                Some(ValueKind::Array(entries.map(entry).collect()))
            }
        };
        typed.unwrap_or_else(|| ValueKind::String(text.to_owned()))
    }
}

/// Every key that may be set.
pub(super) struct Shape {
    /// By full key, those included that stand commented out (`#key = …`) and the secrets.
    keys: BTreeMap<String, Type>,
    defaults: Table,
    /// By kind of source: its keys, `kind` and `enabled` included.
    sources: BTreeMap<String, BTreeMap<String, Type>>,
}

impl Shape {
    /// # Errors
    /// Built-in defaults that are not TOML.
    pub fn of_defaults() -> Result<Self, config::ConfigError> {
        let defaults = parse(DEFAULT)?;
        let mut all = parse(&uncommented(DEFAULT))?;
        let mut sources: BTreeMap<String, BTreeMap<String, Type>> = BTreeMap::new();
        let written = all.remove("source").and_then(|v| v.into_table().ok());
        for source in written.unwrap_or_default().into_values() {
            let Ok(table) = source.into_table() else {
                continue;
            };
            let Some(kind) = table.get("kind").map(ToString::to_string) else {
                continue;
            };
            let keys = sources.entry(kind).or_default();
            for (key, value) in table {
                keys.insert(key, Type::of(&value.kind));
            }
        }
        for keys in sources.values_mut() {
            keys.insert("enabled".to_owned(), Type::Switch);
        }
        let mut keys: BTreeMap<String, Type> = leaves(&all)
            .into_iter()
            .map(|(key, value)| (key, Type::of(&value.kind)))
            .collect();
        for (secret, _) in SECRETS {
            keys.insert(secret.to_owned(), Type::Text);
        }
        Ok(Self {
            keys,
            defaults,
            sources,
        })
    }

    pub fn get(&self, key: &str) -> Option<Type> {
        self.keys.get(key).copied()
    }

    /// The keys of one section, or of none: then there is no such section.
    pub fn of_section(&self, section: &str) -> Vec<&str> {
        self.keys
            .keys()
            .map(String::as_str)
            .filter(|key| section_of(key) == section)
            .collect()
    }

    pub fn sections(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.keys.keys().map(|key| section_of(key)).collect();
        names.push("source");
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The keys of a kind of source; `None` for a kind that the defaults do not know.
    pub fn of_source(&self, kind: &str) -> Option<&BTreeMap<String, Type>> {
        self.sources.get(kind)
    }

    /// What is built in for a key, if anything.
    pub fn default_of(&self, key: &str) -> Option<Value> {
        leaves(&self.defaults)
            .into_iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.clone())
    }

    /// Gives what came from the environment the type of its key.
    pub fn type_environment(&self, root: &mut Table) {
        self.type_below("", root);
    }

    fn type_below(&self, path: &str, table: &mut Table) {
        for (name, value) in table {
            let key = join(path, name);
            let origin = value.origin().map(str::to_owned);
            match (&mut value.kind, origin) {
                (ValueKind::Table(inner), _) => self.type_below(&key, inner),
                (ValueKind::String(text), Some(origin)) if origin == ENVIRONMENT => {
                    if let Some(wanted) = self.type_of(&key, name) {
                        value.kind = wanted.of_text(text, &origin);
                    }
                }
                _ => {}
            }
        }
    }

    /// A source's key means the same in all kinds that have it.
    fn type_of(&self, key: &str, name: &str) -> Option<Type> {
        if section_of(key) == "source" {
            return self
                .sources
                .values()
                .find_map(|keys| keys.get(name))
                .copied();
        }
        self.get(key)
    }
}

pub(super) fn section_of(key: &str) -> &str {
    key.split('.').next().unwrap_or_default()
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn parse(text: &str) -> Result<Table, config::ConfigError> {
    Config::builder()
        .add_source(File::from_str(text, FileFormat::Toml))
        .build()?
        .cache
        .into_table()
}

/// The defaults with the keys that stand commented out. Sentences begin with `# `.
fn uncommented(defaults: &str) -> String {
    let key = |line: &&str| line.starts_with(|c: char| c == '[' || c.is_ascii_lowercase());
    let lines: Vec<&str> = defaults
        .lines()
        .map(|line| line.strip_prefix('#').filter(key).unwrap_or(line))
        .collect();
    lines.join("\n")
}

/// All values that are no tables, by full key, in the order of the keys. A table without entries
/// counts as a value.
pub(super) fn leaves(table: &Table) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    collect("", table, &mut found);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn collect<'a>(path: &str, table: &'a Table, into: &mut Vec<(String, &'a Value)>) {
    for (name, value) in table {
        let key = join(path, name);
        match &value.kind {
            ValueKind::Table(inner) if !inner.is_empty() => collect(&key, inner, into),
            _ => into.push((key, value)),
        }
    }
}
