//! The list of German sources that comes with the program: the shape of each entry. Whether an
//! address still answers, only a machine on the open network can say (`resonanz source check`).

use resonanz::collect::SourceConfig;
use resonanz::config;
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use url::Url;

const LIST: &str = include_str!("../../../config/german.toml");

fn load(own: &str, variables: &[(&str, &str)]) -> Result<config::Config, config::ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("house.toml");
    std::fs::write(&path, own).unwrap();
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let file: Option<&Path> = Some(&path);
    config::load(
        file,
        variables.iter().map(own).collect::<HashMap<_, _>>(),
        "2026-11-23".parse().unwrap(),
    )
}

/// Name and table of every entry of the list.
fn entries() -> Vec<(String, HashMap<String, String>)> {
    let blocks = LIST.split("\n[source.").skip(1);
    let read = |block: &str| {
        let (name, body) = block.split_once("]\n").unwrap();
        let pairs = body
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(" = "));
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()));
        (name.to_owned(), pairs.collect())
    };
    blocks.map(read).collect()
}

#[test]
fn every_entry_has_its_shape() {
    let entries = entries();
    assert!(entries.len() >= 70, "{} entries", entries.len());
    let names: BTreeSet<_> = entries.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), entries.len(), "names are unique");
    let mut urls = BTreeSet::new();
    for (name, entry) in &entries {
        let keys: BTreeSet<&str> = entry.keys().map(String::as_str).collect();
        assert_eq!(keys, BTreeSet::from(["enabled", "kind", "url"]), "{name}");
        assert!(
            matches!(entry["enabled"].as_str(), "true" | "false"),
            "{name}"
        );
        assert!(
            matches!(entry["kind"].as_str(), "feed" | "sitemap"),
            "{name}"
        );
        let url = Url::parse(&entry["url"]).unwrap();
        assert_eq!(url.scheme(), "https", "{name}");
        assert!(
            url.username().is_empty() && url.password().is_none(),
            "{name}"
        );
        assert!(url.fragment().is_none() && url.port().is_none(), "{name}");
        assert!(url.host_str().unwrap().contains('.'), "{name}");
        assert!(urls.insert(url.to_string()), "{name} is there twice");
    }
}

#[test]
fn one_line_switches_the_list_on_and_one_a_source_off() {
    let without = load("", &[]).unwrap().sources.len();
    let asked = "[house]\nsource_lists = [\"german\"]\n";
    let with = load(asked, &[]).unwrap().sources;
    let on = entries()
        .iter()
        .filter(|(_, entry)| entry["enabled"] == "true")
        .count();
    assert_eq!(with.len(), without + on);
    for (name, source) in &with {
        assert!(resonanz::collect::build(name, source).is_ok(), "{name}");
    }
    let changed = "[source.tagesschau]\nenabled = false\n[source.spiegel]\nevery_secs = 600\narticles = true\n";
    let own = load(&format!("{asked}{changed}"), &[]).unwrap().sources;
    assert!(!own.contains_key("tagesschau"));
    match &own["spiegel"] {
        SourceConfig::Feed(feed) => {
            assert_eq!((feed.every_secs, feed.articles), (600, Some(true)));
            assert!(feed.url.contains("spiegel.de"));
        }
        other => panic!("{other:?}"),
    }
    let by_variable = load("", &[("RESONANZ__HOUSE__SOURCE_LISTS", "german")]).unwrap();
    assert_eq!(by_variable.sources.len(), with.len());
}

#[test]
fn a_list_that_is_not_there_is_a_fault() {
    let error = load("[house]\nsource_lists = [\"german\", \"french\"]\n", &[]).unwrap_err();
    assert_eq!(error.faults.len(), 1);
    assert_eq!(error.faults[0].place, "house.source_lists");
    assert!(
        error.faults[0].message.contains("`french`") && error.faults[0].message.contains("german")
    );
}
