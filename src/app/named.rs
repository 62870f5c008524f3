//! What the house calls things: sources, watches and targets, for metrics, pages and the store.

use super::Options;
use crate::collect::hearing::Verdict;
use crate::config::Register;
use crate::metrics::Series;
use crate::model::{ClaimGrade, FlagKind, Stance};
use crate::relate::compare::DifferenceKind;
use crate::store::{AuthorClass, Store};
use crate::{desk, serve};
use jiff::Timestamp;

/// Notes which queries are used from now on, for those who compare with them later.
pub(super) async fn note_queries(
    store: &Store,
    register: &Register,
    now: Timestamp,
) -> anyhow::Result<()> {
    let watches = register.watches.iter();
    let queries: Vec<_> = watches
        .map(|watch| (watch.name.as_str(), watch.query.written()))
        .collect();
    store.note_queries(&queries, now).await?;
    Ok(())
}

pub(super) fn series(register: &Register, sources: Vec<String>) -> Series {
    let watches = register.watches.iter();
    Series {
        sources,
        watches: watches.map(|watch| watch.name.clone()).collect(),
        stances: Stance::ALL.iter().map(|stance| stance.as_str()).collect(),
        flags: FlagKind::ALL.iter().map(|flag| flag.as_str()).collect(),
        rules: desk::Rule::ALL.iter().map(|rule| rule.as_str()).collect(),
        grades: ClaimGrade::ALL.map(ClaimGrade::as_str).to_vec(),
        differences: DifferenceKind::ALL.map(DifferenceKind::as_str).to_vec(),
        classes: AuthorClass::ALL
            .iter()
            .map(|class| class.as_str())
            .collect(),
        verdicts: Verdict::ALL
            .iter()
            .map(|verdict| verdict.as_str())
            .collect(),
    }
}

pub(super) fn names(register: &Register, sources: &[String]) -> serve::Names {
    let named = |name: &String, label: &String| serve::Named {
        name: name.clone(),
        label: label.clone(),
    };
    let watches = register.watches.iter();
    let targets = register.targets.iter();
    serve::Names {
        watches: watches.map(|w| named(&w.name, &w.label)).collect(),
        targets: targets.map(|t| named(&t.name, &t.label)).collect(),
        sources: sources.iter().map(|name| named(name, name)).collect(),
    }
}

pub(super) fn running_sources(options: &Options) -> Vec<String> {
    let sources = options.sources.iter();
    sources.map(|source| source.name().to_owned()).collect()
}

/// Names of everything that mentions are filed under.
pub(super) fn source_names(options: &Options) -> Vec<String> {
    let mut names = running_sources(options);
    names.extend(options.relayed_sources.iter().cloned());
    names
}
