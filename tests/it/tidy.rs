//! Holds the house rules by reading the sources: floors, lengths, metrics, keys, fixtures,
//! dependencies, licences, and the README's commands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MAX_LINES: usize = 500;
/// Long lists of equal entries, by name.
const LONG_LISTS: [&str; 0] = [];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(dir: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(dir)];
    while let Some(dir) = open.pop() {
        // A folder without files (`benches`, for now) is not in a clone.
        for entry in fs::read_dir(&dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

fn floor(room: &str) -> u8 {
    match room {
        "main" | "cli" | "app" => 6,
        "config" => 5,
        "pipeline" | "serve" => 4,
        "collect" | "normalise" | "matching" | "classify" | "relate" | "index" | "desk" => 3,
        "store" | "query" | "model" => 2,
        "text" | "metrics" | "privacy" | "clock" => 1,
        other => panic!("room `{other}` has no floor; give it one here and in src/lib.rs"),
    }
}

/// Rooms that a file's product code names as `crate::room`.
fn imports(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut rooms = BTreeSet::new();
    for (i, _) in code.match_indices("crate::") {
        let rest = &code[i + 7..];
        let names = match rest.strip_prefix('{') {
            Some(list) => top_level(list),
            None => vec![word(rest)],
        };
        rooms.extend(names.into_iter().filter(|name| !name.is_empty()));
    }
    rooms
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// First words of the entries of a `use crate::{a::b, c}` list.
fn top_level(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut entry) = (0, Vec::new(), String::new());
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(word(std::mem::take(&mut entry).trim())),
            c => entry.push(c),
        }
    }
    names.push(word(entry.trim()));
    names
}

fn room_of(path: &str) -> String {
    let inside = path.strip_prefix("src/").unwrap();
    inside.split(['/', '.']).next().unwrap().to_owned()
}

#[test]
fn imports_only_run_down() {
    let mut faults = Vec::new();
    for path in files("src", "rs") {
        let name = relative(&path);
        let room = room_of(&name);
        if room == "lib" || room == "main" {
            continue;
        }
        for other in imports(&read(&path)) {
            // Names at the crate's root that are no rooms (macros, re-exports) do not exist here.
            if other == room {
                continue;
            }
            let (here, there) = (floor(&room), floor(&other));
            let between_steps = here == 3 && there == 3;
            if there > here || between_steps {
                faults.push(format!(
                    "{name} (floor {here}) imports {other} (floor {there})"
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "imports must run down:\n{}",
        faults.join("\n")
    );
}

#[test]
fn rooms_of_one_floor_do_not_import_each_other() {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files("src", "rs") {
        let room = room_of(&relative(&path));
        if room != "lib" {
            edges.entry(room).or_default().extend(imports(&read(&path)));
        }
    }
    for (room, others) in &edges {
        for other in others.iter().filter(|other| *other != room) {
            let back = edges.get(other).is_some_and(|list| list.contains(room));
            assert!(!back, "{room} and {other} import each other");
        }
    }
}

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for path in ["src", "tests", "benches"]
        .into_iter()
        .flat_map(|dir| files(dir, "rs"))
    {
        let name = relative(&path);
        let lines = read(&path).lines().count();
        if lines > MAX_LINES && !LONG_LISTS.contains(&name.as_str()) {
            long.push(format!("{name}: {lines} lines"));
        }
    }
    assert!(
        long.is_empty(),
        "split these by topic:\n{}",
        long.join("\n")
    );
}

fn metric_names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (i, _) in text.match_indices("resonanz_") {
        let before = text[..i].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            continue;
        }
        let mut name = word(&text[i..]);
        for suffix in ["_bucket", "_sum", "_count"] {
            if let Some(base) = name.strip_suffix(suffix) {
                name = base.to_owned();
            }
        }
        names.insert(name);
    }
    names
}

#[test]
fn dashboards_and_metrics_know_each_other() {
    let source = read(&root().join("src/metrics.rs"));
    let code = source.split("#[cfg(test)]").next().unwrap();
    let declared: BTreeSet<String> = code
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.starts_with("resonanz_") && !text.contains(' '))
        .map(str::to_owned)
        .collect();
    assert!(
        declared.len() > 10,
        "the metrics were not found in src/metrics.rs"
    );
    let mut used = BTreeSet::new();
    for path in files("dashboards", "json")
        .into_iter()
        .chain(files("dashboards", "yml"))
    {
        used.extend(metric_names(&read(&path)));
    }
    let unused: Vec<_> = declared.difference(&used).collect();
    let unknown: Vec<_> = used.difference(&declared).collect();
    assert!(
        unused.is_empty(),
        "metrics that no dashboard or rule uses: {unused:?}"
    );
    assert!(
        unknown.is_empty(),
        "metrics in dashboards that no code has: {unknown:?}"
    );
}

/// Names of the fields of the `Config` structs of a file, and of what they are made of.
fn config_fields(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let mut fields = Vec::new();
    for part in code.split("Deserialize").skip(1) {
        let Some(body) = part.split_once("deny_unknown_fields").map(|(_, rest)| rest) else {
            continue;
        };
        let Some((head, body)) = body.split_once('{') else {
            continue;
        };
        let name = head.rsplit("struct ").next().unwrap_or_default().trim();
        if !name.ends_with("Config") && !name.ends_with("Settings") && !name.ends_with("Rules") {
            continue;
        }
        let body = body.split("\n}").next().unwrap();
        for line in body.lines().map(str::trim) {
            if let Some(field) = line.strip_prefix("pub ").and_then(|l| l.split_once(':')) {
                fields.push(field.0.to_owned());
            }
        }
    }
    fields
}

#[test]
fn every_config_key_stands_in_default_toml() {
    let defaults = read(&root().join("config/default.toml"));
    let named: BTreeSet<String> = defaults
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ']))
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim().to_owned())
        .chain(
            defaults
                .lines()
                .filter(|line| line.trim_start_matches(['#', ' ']).starts_with('['))
                .flat_map(|line| line.split(['.', '[', ']', '#', ' ']))
                .map(str::to_owned),
        )
        .collect();
    // Secrets stand in no file; the defaults name their environment variables instead.
    let is_secret = |field: &str| defaults.contains(&format!("__{}", field.to_uppercase()));
    let mut missing = Vec::new();
    let mut seen = 0;
    for path in files("src", "rs") {
        for field in config_fields(&read(&path)) {
            seen += 1;
            if !named.contains(&field) && !is_secret(&field) {
                missing.push(format!("{}: {field}", relative(&path)));
            }
        }
    }
    assert!(seen > 20, "the Config structs were not found");
    assert!(
        missing.is_empty(),
        "keys that config/default.toml lacks:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_default_key_has_its_comment() {
    let defaults = read(&root().join("config/default.toml"));
    let mut commented = false;
    for (i, line) in defaults.lines().enumerate() {
        let is_key = line.split_once('=').is_some() && !line.trim_start().starts_with('#');
        if is_key && !line.starts_with(' ') {
            assert!(
                commented || line.contains('#'),
                "line {}: no comment above {line}",
                i + 1
            );
        }
        commented = line.trim_start().starts_with('#') || (commented && is_key);
    }
}

#[test]
fn every_kind_of_source_has_fixtures() {
    let text = read(&root().join("src/collect/mod.rs"));
    let kinds: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("SourceConfig::")?
                .split_once("(_) => \"")
        })
        .filter_map(|(_, name)| name.strip_suffix("\","))
        .collect();
    assert!(
        kinds.len() > 2,
        "the kinds were not found in src/collect/mod.rs"
    );
    for name in kinds {
        let dir = root().join("tests/fixtures").join(name);
        let cases = fs::read_dir(&dir).map(Iterator::count).unwrap_or(0);
        assert!(
            cases > 0,
            "source {name} has no fixtures in {}",
            dir.display()
        );
    }
}

#[test]
fn nothing_is_left_undone() {
    // Written in two halves, so that this file does not find itself.
    let marks = [
        ("#[ig", "nore"),
        ("to", "do!("),
        ("unimple", "mented!("),
        ("FIX", "ME"),
    ];
    for path in ["src", "tests", "benches"]
        .into_iter()
        .flat_map(|dir| files(dir, "rs"))
    {
        let text = read(&path);
        for (first, second) in marks {
            let mark = format!("{first}{second}");
            assert!(!text.contains(&mark), "{}: {mark}", relative(&path));
        }
    }
}

#[test]
fn every_direct_dependency_has_its_reason() {
    let manifest = read(&root().join("Cargo.toml"));
    let mut in_dependencies = false;
    let mut reason = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line == "[dependencies]";
            reason = false;
        } else if in_dependencies && line.starts_with('#') {
            reason = true;
        } else if in_dependencies && line.trim().is_empty() {
            reason = false;
        } else if in_dependencies {
            assert!(reason, "no reason above: {line}");
        }
    }
}

#[test]
fn licences_and_sources_follow_the_policy() {
    let policy = read(&root().join("deny.toml"));
    let allowed: BTreeSet<&str> = policy
        .split_once("allow = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(list, _)| list.split('"').skip(1).step_by(2).collect())
        .unwrap();
    let banned: Vec<&str> = policy
        .match_indices("{ crate = \"")
        .map(|(i, start)| policy[i + start.len()..].split('"').next().unwrap())
        .collect();
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        assert!(!banned.contains(&name), "{name} is banned by deny.toml");
        let licence = package["license"].as_str().unwrap_or("none stated");
        assert!(
            is_allowed(licence, &allowed),
            "{name}: {licence} is not in deny.toml"
        );
        let source = package["source"].as_str().unwrap_or("registry (own)");
        assert!(source.starts_with("registry"), "{name} comes from {source}");
    }
}

/// An SPDX expression is allowed when one side of each OR and all sides of each AND are.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain
        .split(" AND ")
        .all(|side| side.split(" OR ").any(|name| allowed.contains(name.trim())))
}
