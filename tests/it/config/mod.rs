//! Settings: every fault in one error, the environment by type, and the starter pack.

mod environment;
mod register;
mod retention;

use jiff::civil::Date;
use resonanz::collect::SourceConfig;
use resonanz::config::{self, Config, ConfigError, Fault};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

fn today() -> Date {
    "2026-11-23".parse().unwrap()
}

fn variables(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

/// The settings of variables alone.
fn from_variables(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    config::load(None, variables(pairs), today())
}

/// The settings of a file, with further files beside it.
fn from_files(settings: &str, beside: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in beside {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    let path = dir.path().join("house.toml");
    std::fs::write(&path, settings).unwrap();
    config::load(Some(&path), HashMap::new(), today())
}

/// Faults with the directory taken out of their places.
fn faults(result: Result<Config, ConfigError>) -> Vec<(String, String)> {
    let short = |place: String| match place.rsplit_once('/') {
        Some((_, name)) => name.to_owned(),
        None => place,
    };
    let pair = |fault: Fault| (short(fault.place), fault.message);
    let faults = result.expect_err("there are faults").faults;
    faults.into_iter().map(pair).collect()
}

fn assert_told(faults: &[(String, String)], expected: &[(&str, &str)]) {
    for (place, part) in expected {
        assert!(
            faults.iter().any(|(p, m)| p == place && m.contains(part)),
            "nothing about {place}: {part}\n{faults:#?}"
        );
    }
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
}

/// A watch that is registered; with its own words for some keys, or without them.
fn watch(changes: &[(&str, Option<&str>)]) -> String {
    let mut keys = HashMap::from([
        ("name", "borders"),
        ("label", "Grenzen"),
        ("query", "Grenzkontroll*"),
        ("target", "ministry"),
        ("purpose", "Öffentlichkeitsarbeit"),
        ("legal_basis", "§ 3 BDSG"),
        ("owner", "Referat"),
        ("approver", "Leitung"),
        ("expires", "2027-06-30"),
    ]);
    for (key, value) in changes {
        match value {
            Some(value) => keys.insert(key, value),
            None => keys.remove(key),
        };
    }
    let lines: Vec<String> = keys.iter().map(|(k, v)| format!("{k} = '{v}'\n")).collect();
    format!("[[watch]]\n{}", lines.concat())
}

const TARGET: &str = "[[target]]\nname = 'ministry'\nlabel = 'BMI'\naliases = ['BMI']\n";

/// The faults of watches in a file of their own.
fn of_watches(watches: &[String]) -> Vec<(String, String)> {
    let text = TARGET.to_owned() + &watches.concat();
    let settings = "[house]\nwatch_files = ['w.toml']\n";
    faults(from_files(settings, &[("w.toml", &text)]))
}

#[test]
fn the_defaults_have_no_fault() {
    let config = from_variables(&[]).unwrap();
    assert_eq!(config.dir, Path::new("data"));
    assert!(!config.register.watches.is_empty());
    assert!(
        config.voices.is_empty(),
        "the list of voices is empty at first"
    );
    assert!(config.sources.contains_key("bluesky"));
    assert!(
        !config.sources.contains_key("archive"),
        "it is switched off"
    );
}

/// Sources are checked by the keys of the defaults, so each kind needs a block there.
#[test]
fn the_defaults_name_every_kind_of_source() {
    let switched_on: Vec<(&str, &str)> = vec![
        ("RESONANZ__SOURCE__ARCHIVE__ENABLED", "true"),
        ("RESONANZ__SOURCE__BLUESKY-MESSAGES__ENABLED", "true"),
        ("RESONANZ__SOURCE__BLUESKY-SEARCH__ENABLED", "true"),
        ("RESONANZ__SOURCE__MASTODON__ENABLED", "true"),
        ("RESONANZ__SOURCE__NEWS-SITEMAP__ENABLED", "true"),
        ("RESONANZ__SOURCE__OWN-PAGES__ENABLED", "true"),
        ("RESONANZ__SOURCE__HANDED-IN__ENABLED", "true"),
        ("RESONANZ__SOURCE__PRESS-DIGEST__ENABLED", "true"),
        ("RESONANZ__SOURCE__FACEBOOK__ENABLED", "true"),
        ("RESONANZ__SOURCE__INSTAGRAM__ENABLED", "true"),
        ("RESONANZ__SOURCE__TELEGRAM__ENABLED", "true"),
        ("RESONANZ__SOURCE__WIKIPEDIA__ENABLED", "true"),
        ("RESONANZ__SOURCE__DIP__ENABLED", "true"),
        ("RESONANZ__SOURCE__FRAGDENSTAAT__ENABLED", "true"),
        ("RESONANZ__SOURCE__FACT-CHECK__ENABLED", "true"),
        ("RESONANZ__SOURCE__THREADS__ENABLED", "true"),
        ("RESONANZ__SOURCE__X__ENABLED", "true"),
        ("RESONANZ__SOURCE__YOUTUBE__ENABLED", "true"),
    ];
    let config = from_variables(&switched_on).unwrap();
    let kinds: BTreeSet<&str> = config.sources.values().map(SourceConfig::kind).collect();
    let fault = from_variables(&[
        ("RESONANZ__SOURCE__Y__KIND", "telepathy"),
        ("RESONANZ__SOURCE__Y__URL", "x"),
    ]);
    let told = faults(fault)[0].1.clone();
    let known: BTreeSet<&str> = told
        .split("for key")
        .next()
        .unwrap()
        .split('`')
        .skip(3)
        .step_by(2)
        .collect();
    assert_eq!(kinds, known, "{told}");
}

#[test]
fn one_look_names_every_fault() {
    let settings = r#"
        [serve]
        listen = "0.0.0.0:8080"
        colour = "red"
        color = "red"
        max_requests = -1
        request_timeout_secs = "ten"
        [nonsense]
        key = 1
        [house]
        stop_timeout_secs = "soon"
        watch_files = ["w.toml", "missing.toml"]
        [pipeline]
        batch = 1.5
        [desk]
        recipients = "a@localhost"
        [desk.mail]
        kind = "smtp"
        [source.Bad_Name]
        kind = "replay"
        path = "x"
        [source.unknown]
        kind = "telepathy"
        [source.known]
        kind = "replay"
        pth = "x"
        backfill = "yes"
        [[voice]]
        name = "Alt"
        handles = ["alt"]
        reason = " "
        approver = "Leitung"
        expires = "2026-11-22"
        [[voice]]
        name = "Ohne Grund"
        handles = ["ohne"]
        approver = "Leitung"
        expires = "2027-01-01"
    "#;
    let watches = TARGET.to_owned() + &watch(&[("expires", Some("bald"))]);
    let load = || faults(from_files(settings, &[("w.toml", &watches)]));
    let told = load();
    assert_told(
        &told,
        &[
            ("serve.colour", "unknown key; there are serve.listen"),
            ("serve.color", "unknown key"),
            ("serve.max_requests", "a whole number, 0 or more"),
            ("serve.request_timeout_secs", "a whole number"),
            ("serve", "RESONANZ__SERVE__TOKEN"),
            (
                "nonsense.key",
                "unknown section; there are classify, desk, disk, hearing, house",
            ),
            ("house.stop_timeout_secs", "a whole number"),
            ("missing.toml", "No such file"),
            ("w.toml: watch 1 (borders)", "not a date"),
            ("pipeline.batch", "a whole number"),
            ("desk.recipients", "a list in brackets"),
            ("desk", "mail.host"),
            ("source.Bad_Name", "made of a-z, 0-9 and -"),
            ("source.unknown", "telepathy"),
            ("source.known.pth", "unknown key; there are backfill"),
            ("source.known.backfill", "true or false"),
            ("voice 1 (Alt)", "needs a reason"),
            ("voice 1 (Alt)", "expired on 2026-11-22; renew"),
            ("voice 2", "reason"),
        ],
    );
    // Tables have no order of their own.
    for _ in 0..10 {
        assert_eq!(load(), told);
    }
}

#[test]
fn the_error_prints_a_fault_a_line() {
    let settings = "[serve]\ncolour = 1\n[house]\nwatch_files = ['w.toml']\n";
    let text = TARGET.to_owned() + &watch(&[("query", Some("Grenze AND (Stau"))]);
    let error = from_files(settings, &[("w.toml", &text)]).unwrap_err();
    let printed = error.to_string();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "the configuration has 2 faults:");
    assert!(
        lines[1].contains("w.toml: watch 1 (borders): query: "),
        "{printed}"
    );
    let (query, carets) = (lines[2], lines[3]);
    let at = query.find("Grenze AND (Stau").expect(&printed);
    let caret = carets.find('^').expect(&printed);
    assert!((at..=at + 16).contains(&caret), "{printed}");
    assert!(
        printed.contains("\n  serve.colour: unknown key"),
        "{printed}"
    );
}

#[test]
fn a_secret_in_a_file_is_refused_and_not_repeated() {
    let settings = r#"
        [serve]
        token = "kanarienvogel-kanarienvogel"
        [desk.mail]
        kind = "smtp"
        host = "mail.example"
        user = "u"
        password = "kanarienvogel"
    "#;
    let error = from_files(settings, &[]).unwrap_err();
    assert!(!error.to_string().contains("kanarienvogel"), "{error}");
    assert_told(
        &faults(Err(error)),
        &[
            ("house.toml: serve.token", "RESONANZ__SERVE__TOKEN"),
            ("house.toml: desk.mail.password", "desk.mail.password_file"),
        ],
    );
}

#[test]
fn what_is_no_table_is_a_fault_and_not_overlooked() {
    let told = faults(from_files("source = 1\nvoice = 'x'\n", &[]));
    assert_told(
        &told,
        &[("source", "[source.NAME]"), ("voice", "[[voice]]")],
    );
    let settings = "[house]\nwatch_files = ['w.toml']\n";
    let told = faults(from_files(settings, &[("w.toml", "[watch]\nname = 'x'\n")]));
    assert_told(&told, &[("w.toml: watch", "[[watch]]")]);
    let told = faults(from_files(settings, &[("w.toml", "")]));
    assert_told(&told, &[("watches", "there is no watch")]);
    assert_told(&faults(from_files("[house", &[])), &[("house.toml", "")]);
    let missing = config::load(Some(Path::new("/nowhere/x.toml")), HashMap::new(), today());
    assert_told(&faults(missing), &[("x.toml", "not found")]);
}

/// Each of these would end the house at its start, or keep every webhook waiting for ever.
#[test]
fn a_pipeline_without_room_does_not_start() {
    let settings = "[pipeline]\nbatch = 0\nqueue = 0\ncursor_interval_ms = 8000\n";
    let told = faults(from_files(settings, &[]));
    assert_told(
        &told,
        &[
            ("pipeline", "`batch` must be 1 to 10000"),
            ("pipeline", "`queue` must be 1 to 100000"),
            ("pipeline", "`cursor_interval_ms` must be 0 to 5000"),
        ],
    );
}
