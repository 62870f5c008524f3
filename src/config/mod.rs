//! Settings in two steps: as written, then checked. Later code never sees the first.
//!
//! Layers, the later one wins: `config/default.toml` (built into the binary, every key with its
//! comment), the lists of sources that are asked for, one file of the house, environment variables (`RESONANZ__SERVE__LISTEN`). Each module
//! owns its own `Config`; this one only composes, and reports **all** faults at once.
//!
//! Secrets (`serve.token`, `desk.mail.password`) are taken from the environment or from the file
//! that `token_file` or `password_file` names; a configuration file that holds one is refused.

mod faults;
mod persons;
mod retention;
mod shape;
mod warnings;
mod watches;

pub use faults::{ConfigError, Fault};
pub use warnings::{About, Warning};
pub use watches::{Register, Watch};

use crate::collect::SourceConfig;
use crate::collect::hearing::HearingConfig;
use crate::privacy::{Voice, Voices};
use crate::store::{DiskConfig, RetentionConfig};
use crate::{classify, desk, index, pipeline, relate, serve};
use config::{Environment, File, FileFormat, Value, ValueKind};
use jiff::civil::Date;
use serde::Deserialize;
use shape::Shape;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What is built into the binary.
pub const DEFAULT: &str = include_str!("../../config/default.toml");
/// The starter pack of watches that is used when no file is named.
pub const STARTER_WATCHES: &str = include_str!("../../config/watches.toml");

/// Lists of sources that `house.source_lists` names.
const SOURCE_LISTS: [(&str, &str); 1] = [("german", include_str!("../../config/german.toml"))];

/// Keys whose value is a secret, and the key to use in a file instead.
const SECRETS: [(&str, &str); 2] = [
    ("serve.token", "serve.token_file"),
    ("desk.mail.password", "desk.mail.password_file"),
];

/// Checked settings of one house.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where store, index, keys and mails are kept.
    pub dir: PathBuf,
    /// The secret from which all keys are derived; made at the first start. Relative to `dir`.
    pub key_file: PathBuf,
    /// Seconds that an ordered stop may take.
    pub stop_timeout_secs: u64,
    pub sources: BTreeMap<String, SourceConfig>,
    pub hearing: HearingConfig,
    pub register: Register,
    pub voices: Vec<Voice>,
    pub disk: DiskConfig,
    pub pipeline: pipeline::Config,
    pub retention: RetentionConfig,
    pub classify: classify::Config,
    pub relate: relate::Config,
    pub index: index::Config,
    pub desk: desk::Config,
    pub serve: serve::Config,
}

/// The general section as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct House {
    dir: PathBuf,
    key_file: PathBuf,
    stop_timeout_secs: u64,
    /// Read before the layers are put together; here only so that it is a key.
    #[serde(rename = "source_lists")]
    _source_lists: Vec<String>,
}

/// Reads and checks all layers.
///
/// `file` is the house's own file; `environment` the process's variables; `today` decides which
/// watches and voices have expired.
///
/// # Errors
/// One [`ConfigError`] with every fault that was found.
pub fn load(
    file: Option<&Path>,
    environment: HashMap<String, String>,
    today: Date,
) -> Result<Config, ConfigError> {
    let mut faults = Vec::new();
    let config = merge(file, environment, &mut faults)
        .and_then(|(root, shape)| check(root, &shape, file, today, &mut faults));
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => {
            // Tables have no order of their own; the same faults read the same every time.
            faults.sort_by(|a, b| a.place.cmp(&b.place));
            Err(ConfigError { faults })
        }
    }
}

type Table = HashMap<String, Value>;

fn merge(
    file: Option<&Path>,
    environment: HashMap<String, String>,
    faults: &mut Vec<Fault>,
) -> Option<(Table, Shape)> {
    let mut builder =
        config::Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml));
    for list in source_lists(file, &environment, faults) {
        builder = builder.add_source(File::from_str(list, FileFormat::Toml));
    }
    if let Some(path) = file {
        let own = config::Config::builder()
            .add_source(File::from(path).format(FileFormat::Toml))
            .build();
        match own {
            Ok(own) => {
                refuse_secrets(&own, path, faults);
                builder = builder.add_source(own);
            }
            Err(error) => {
                faults.push(Fault::new(path.display().to_string(), error.to_string()));
                return None;
            }
        }
    }
    // The library would guess types from the text: a token of digits would become a number.
    let variables = Environment::with_prefix("RESONANZ")
        .prefix_separator("__")
        .separator("__")
        .source(Some(environment));
    let typed = || {
        let mut root = builder.add_source(variables).build()?.cache.into_table()?;
        let shape = Shape::of_defaults()?;
        shape.type_environment(&mut root);
        Ok((root, shape))
    };
    match typed() {
        Ok(typed) => Some(typed),
        Err(error) => {
            let error: config::ConfigError = error;
            faults.push(Fault::new("configuration", error.to_string()));
            None
        }
    }
}

/// The lists that are asked for: layers below the house's own file, which can change each entry.
fn source_lists(
    file: Option<&Path>,
    environment: &HashMap<String, String>,
    faults: &mut Vec<Fault>,
) -> Vec<&'static str> {
    let key = "house.source_lists";
    let own = file.and_then(|path| {
        let file = File::from(path).format(FileFormat::Toml);
        let own = config::Config::builder().add_source(file).build().ok()?;
        own.get::<Vec<String>>(key).ok()
    });
    let variable = environment.get(&variable(key));
    let names = match variable {
        Some(names) => names
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect(),
        None => own.unwrap_or_default(),
    };
    let known = |name: &str| SOURCE_LISTS.iter().find(|(known, _)| *known == name);
    let mut lists = Vec::new();
    for name in names.iter().filter(|name| !name.is_empty()) {
        match known(name) {
            Some((_, list)) => lists.push(*list),
            None => {
                let names: Vec<&str> = SOURCE_LISTS.iter().map(|(name, _)| *name).collect();
                let message = format!("there is no list `{name}`; there are {}", names.join(", "));
                faults.push(Fault::new(key, message));
            }
        }
    }
    lists
}

fn refuse_secrets(own: &config::Config, path: &Path, faults: &mut Vec<Fault>) {
    for (secret, instead) in SECRETS {
        if own.get_string(secret).is_ok_and(|value| !value.is_empty()) {
            faults.push(Fault::new(
                format!("{}: {secret}", path.display()),
                format!(
                    "a secret must not stand in a configuration file; name a file in `{instead}` or set {}",
                    variable(secret)
                ),
            ));
        }
    }
}

fn variable(key: &str) -> String {
    format!("RESONANZ__{}", key.to_uppercase().replace('.', "__"))
}

fn check(
    mut root: Table,
    shape: &Shape,
    file: Option<&Path>,
    today: Date,
    faults: &mut Vec<Fault>,
) -> Option<Config> {
    let names = retention::source_names(root.get("source"));
    let sources = check_sources(root.remove("source"), shape, faults);
    let kept = retention::take_overrides(&mut root);
    let voices = check_voices(root.remove("voice"), today, faults);
    faults::check_keys(&mut root, shape, faults);
    let watch_files = watch_files(&mut root, file);
    let known = Voices::new(&voices, today);
    let register = watches::read(&watch_files, &known, today, faults);
    let house: Option<House> = section(&mut root, "house", faults);
    let disk = section(&mut root, "disk", faults);
    let hearing: Option<HearingConfig> = section(&mut root, "hearing", faults);
    if let Some(hearing) = &hearing {
        let found = hearing.faults().into_iter();
        faults.extend(found.map(|fault| Fault::new("hearing", fault)));
    }
    let pipeline: Option<pipeline::Config> = section(&mut root, "pipeline", faults);
    if let Some(pipeline) = &pipeline {
        let found = pipeline.faults().into_iter();
        faults.extend(found.map(|fault| Fault::new("pipeline", fault)));
    }
    let retention = section(&mut root, "retention", faults);
    let retention = retention::check(retention, kept, &names, faults);
    let mut classify: Option<classify::Config> = section(&mut root, "classify", faults);
    if let Some(classify) = &mut classify {
        classify.unlabelled = SourceConfig::unlabelled(sources.values());
    }
    let relate: Option<relate::Config> = section(&mut root, "relate", faults);
    if let Some(relate) = &relate {
        let found = relate.faults().into_iter();
        faults.extend(found.map(|fault| Fault::new("relate", fault)));
    }
    let index = section(&mut root, "index", faults);
    let serve: Option<serve::Config> = section(&mut root, "serve", faults);
    if let Some(Err(found)) = serve.as_ref().map(serve::Config::check) {
        faults.extend(
            found
                .iter()
                .map(|fault| Fault::new("serve", fault.to_string())),
        );
    }
    let mut desk: Option<desk::Config> = section(&mut root, "desk", faults);
    if let (Some(desk), Some(serve)) = (&mut desk, &serve) {
        desk.public_url = serve.public_address();
    }
    if let Some(desk) = &desk {
        faults.extend(
            desk.faults()
                .into_iter()
                .map(|fault| Fault::new("desk", fault)),
        );
    }
    let house = house?;
    Some(Config {
        dir: house.dir,
        key_file: house.key_file,
        stop_timeout_secs: house.stop_timeout_secs,
        sources,
        hearing: hearing?,
        register: register?,
        voices,
        disk: disk?,
        pipeline: pipeline?,
        retention: retention?,
        classify: classify?,
        relate: relate?,
        index: index?,
        desk: desk?,
        serve: serve?,
    })
}

/// Takes out the paths of the watch files: relative to the file that names them, or to the working
/// directory where a variable does.
fn watch_files(root: &mut Table, file: Option<&Path>) -> Vec<PathBuf> {
    let Some(ValueKind::Table(house)) = root.get_mut("house").map(|house| &mut house.kind) else {
        return Vec::new();
    };
    let Some(list) = house.remove("watch_files") else {
        return Vec::new();
    };
    let base = match list.origin() {
        Some(shape::ENVIRONMENT) => None,
        _ => file.and_then(Path::parent),
    };
    let names: Vec<PathBuf> = list.try_deserialize().unwrap_or_default();
    names
        .into_iter()
        .map(|name| base.map_or_else(|| name.clone(), |base| base.join(&name)))
        .collect()
}

/// Takes one section out of the root; a fault in it does not hide the faults of the others.
fn section<T: for<'de> Deserialize<'de>>(
    root: &mut Table,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let value = root
        .remove(name)
        .unwrap_or_else(|| Value::new(None, ValueKind::Table(Table::new())));
    match value.try_deserialize() {
        Ok(section) => Some(section),
        Err(error) => {
            faults.push(Fault::new(name, faults::plain(&error)));
            None
        }
    }
}

fn check_sources(
    written: Option<Value>,
    shape: &Shape,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, SourceConfig> {
    let mut sources = BTreeMap::new();
    let Some(Ok(table)) = written.map(Value::into_table) else {
        faults.push(Fault::new("source", "must be tables: [source.NAME]"));
        return sources;
    };
    for (name, value) in table {
        let place = format!("source.{name}");
        if !is_name(&name) {
            faults.push(Fault::new(
                place,
                "a source's name is made of a-z, 0-9 and -",
            ));
            continue;
        }
        let Ok(mut table) = value.into_table() else {
            faults.push(Fault::new(place, "must be a table: [source.NAME]"));
            continue;
        };
        if !faults::check_source(&name, &table, shape, faults) {
            continue;
        }
        let enabled = table.remove("enabled");
        if enabled.is_some_and(|enabled| matches!(enabled.kind, ValueKind::Boolean(false))) {
            continue;
        }
        match Value::new(None, ValueKind::Table(table)).try_deserialize() {
            Ok(config) => {
                sources.insert(name, config);
            }
            Err(error) => faults.push(Fault::new(place, faults::plain(&error))),
        }
    }
    sources
}

fn check_voices(written: Option<Value>, today: Date, faults: &mut Vec<Fault>) -> Vec<Voice> {
    let mut voices = Vec::new();
    let Ok(list) = written.map_or(Ok(Vec::new()), Value::into_array) else {
        faults.push(Fault::new("voice", "must be entries: [[voice]]"));
        return voices;
    };
    for (i, value) in list.into_iter().enumerate() {
        let read: Result<Voice, _> = value.try_deserialize();
        let voice = match read {
            Ok(voice) => voice,
            Err(error) => {
                let place = format!("voice {}", i + 1);
                faults.push(Fault::new(place, faults::plain(&error)));
                continue;
            }
        };
        let place = format!("voice {} ({})", i + 1, voice.name);
        let before = faults.len();
        if voice.reason.trim().is_empty() || voice.approver.trim().is_empty() {
            let message = "a public voice needs a reason and an approver";
            faults.push(Fault::new(&place, message));
        }
        if voice.expires < today {
            let message = format!(
                "expired on {}; renew the approval or take it out",
                voice.expires
            );
            faults.push(Fault::new(&place, message));
        }
        if faults.len() == before {
            voices.push(voice);
        }
    }
    voices
}

/// Names are metric labels, file names and parts of addresses.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
