//! Settings in two steps: as written, then checked. Later code never sees the first.
//!
//! Layers, the later one wins: `config/default.toml` (built into the binary, every key with its
//! comment), one file of the house, environment variables (`RESONANZ__SERVE__LISTEN`). Each module
//! owns its own `Config`; this one only composes, and reports **all** faults at once.
//!
//! Secrets (`serve.token`, `desk.mail.password`) are taken from the environment or from the file
//! that `token_file` or `password_file` names; a configuration file that holds one is refused.

mod faults;
mod watches;

pub use faults::{ConfigError, Fault};
pub use watches::{Register, Watch};

use crate::collect::SourceConfig;
use crate::privacy::Voice;
use crate::{desk, index, pipeline, serve};
use config::{Environment, File, FileFormat, Value, ValueKind};
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// What is built into the binary.
pub const DEFAULT: &str = include_str!("../../config/default.toml");
/// The starter pack of watches that is used when no file is named.
pub const STARTER_WATCHES: &str = include_str!("../../config/watches.toml");

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
    pub register: Register,
    pub voices: Vec<Voice>,
    pub pipeline: pipeline::Config,
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
    watch_files: Vec<PathBuf>,
    stop_timeout_secs: u64,
}

/// A source as written: whether it runs, and what its own module reads.
struct WrittenSource {
    enabled: bool,
    rest: Value,
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
    let merged = merge(file, environment, &mut faults);
    let Some(root) = merged else {
        return Err(ConfigError { faults });
    };
    let config = check(root, file, today, &mut faults);
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => Err(ConfigError { faults }),
    }
}

type Table = HashMap<String, Value>;

fn merge(
    file: Option<&Path>,
    environment: HashMap<String, String>,
    faults: &mut Vec<Fault>,
) -> Option<Table> {
    let mut builder =
        config::Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml));
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
    let variables = Environment::with_prefix("RESONANZ")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .with_list_parse_key("desk.recipients")
        .with_list_parse_key("desk.recipient_domains")
        .with_list_parse_key("house.watch_files")
        .source(Some(environment));
    match builder
        .add_source(variables)
        .build()
        .and_then(|all| all.cache.into_table())
    {
        Ok(table) => Some(table),
        Err(error) => {
            faults.push(Fault::new("configuration", error.to_string()));
            None
        }
    }
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
    file: Option<&Path>,
    today: Date,
    faults: &mut Vec<Fault>,
) -> Option<Config> {
    let base = file.and_then(Path::parent).unwrap_or_else(|| Path::new(""));
    let sources = check_sources(root.remove("source"), faults);
    let voices = check_voices(root.remove("voice"), today, faults);
    faults::unknown_keys(&mut root, faults);
    let house: Option<House> = section(&mut root, "house", faults);
    let pipeline = section(&mut root, "pipeline", faults);
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
    let register = watches::read(&house.watch_files, base, &voices, today, faults)?;
    Some(Config {
        dir: house.dir,
        key_file: house.key_file,
        stop_timeout_secs: house.stop_timeout_secs,
        sources,
        register,
        voices,
        pipeline: pipeline?,
        index: index?,
        desk: desk?,
        serve: serve?,
    })
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
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, SourceConfig> {
    let mut sources = BTreeMap::new();
    let table = written
        .and_then(|value| value.into_table().ok())
        .unwrap_or_default();
    for (name, value) in table {
        let place = format!("source.{name}");
        if !is_name(&name) {
            faults.push(Fault::new(
                place,
                "a source's name is made of a-z, 0-9 and -",
            ));
            continue;
        }
        match written_source(value) {
            Ok(source) if !source.enabled => {}
            Ok(source) => match source.rest.try_deserialize::<SourceConfig>() {
                Ok(config) => {
                    sources.insert(name, config);
                }
                Err(error) => faults.push(Fault::new(place, faults::plain(&error))),
            },
            Err(message) => faults.push(Fault::new(place, message)),
        }
    }
    sources
}

fn written_source(value: Value) -> Result<WrittenSource, String> {
    let origin = value.origin().map(str::to_owned);
    let mut table = value
        .into_table()
        .map_err(|_| "a source is a table of settings".to_owned())?;
    let enabled = match table.remove("enabled") {
        Some(value) => value
            .into_bool()
            .map_err(|_| "`enabled` is true or false".to_owned())?,
        None => true,
    };
    Ok(WrittenSource {
        enabled,
        rest: Value::new(origin.as_ref(), ValueKind::Table(table)),
    })
}

fn check_voices(written: Option<Value>, today: Date, faults: &mut Vec<Fault>) -> Vec<Voice> {
    let mut voices = Vec::new();
    let list = written
        .and_then(|value| value.into_array().ok())
        .unwrap_or_default();
    for (i, value) in list.into_iter().enumerate() {
        match value.try_deserialize::<Voice>() {
            Ok(voice) if voice.reason.trim().is_empty() || voice.approver.trim().is_empty() => {
                faults.push(Fault::new(
                    format!("voice {} ({})", i + 1, voice.name),
                    "a public voice needs a reason and an approver",
                ));
            }
            Ok(voice) if voice.expires < today => faults.push(Fault::new(
                format!("voice {} ({})", i + 1, voice.name),
                format!(
                    "expired on {}; renew the approval or take it out",
                    voice.expires
                ),
            )),
            Ok(voice) => voices.push(voice),
            Err(error) => {
                faults.push(Fault::new(
                    format!("voice {}", i + 1),
                    faults::plain(&error),
                ));
            }
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
