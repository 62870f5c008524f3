//! `[retention]`, whose overrides go by the names of the sources.

use super::faults::plain;
use super::{Fault, Table, is_name};
use crate::store::{RetentionConfig, SourceRetentionConfig};
use config::{Value, ValueKind};
use std::collections::BTreeMap;

/// The names of all sources that are written down, also of those that are switched off: what they
/// brought is still there.
pub(super) fn source_names(written: Option<&Value>) -> Vec<String> {
    let Some(ValueKind::Table(sources)) = written.map(|value| &value.kind) else {
        return Vec::new();
    };
    let mut names: Vec<String> = sources
        .keys()
        .filter(|name| is_name(name))
        .cloned()
        .collect();
    names.sort();
    names
}

/// Takes the overrides out of the root: no default names their keys.
pub(super) fn take_overrides(root: &mut Table) -> Option<Value> {
    match root.get_mut("retention").map(|section| &mut section.kind) {
        Some(ValueKind::Table(section)) => section.remove("sources"),
        _ => None,
    }
}

/// Puts the section together and checks it.
pub(super) fn check(
    general: Option<RetentionConfig>,
    overrides: Option<Value>,
    names: &[String],
    faults: &mut Vec<Fault>,
) -> Option<RetentionConfig> {
    let mut config = general?;
    config.sources = check_overrides(overrides, names, faults);
    for (key, message) in config.faults() {
        faults.push(Fault::new(format!("retention.{key}"), message));
    }
    Some(config)
}

fn check_overrides(
    written: Option<Value>,
    names: &[String],
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, SourceRetentionConfig> {
    let mut overrides = BTreeMap::new();
    let Ok(written) = written.map_or(Ok(Table::new()), Value::into_table) else {
        let message = "must be tables: [retention.sources.NAME]";
        faults.push(Fault::new("retention.sources", message));
        return overrides;
    };
    for (name, value) in written {
        let place = format!("retention.sources.{name}");
        if !names.contains(&name) {
            let message = format!("there is no such source; there are {}", names.join(", "));
            faults.push(Fault::new(place, message));
            continue;
        }
        match value.try_deserialize() {
            Ok(own) => {
                overrides.insert(name, own);
            }
            Err(error) => faults.push(Fault::new(place, plain(&error))),
        }
    }
    overrides
}
