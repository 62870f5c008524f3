//! Settings: every fault in one error, the environment by type, and the starter pack.

use jiff::civil::Date;
use resonanz::collect::SourceConfig;
use resonanz::config::{self, Config, ConfigError, Fault};
use resonanz::desk::MailConfig;
use resonanz::matching::Matcher;
use resonanz::model::{Item, Kind};
use resonanz::normalise::{Context, normalise};
use resonanz::privacy::{Keys, Voice, Voices};
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
    let switched_on: Vec<(&str, &str)> = vec![("RESONANZ__SOURCE__ARCHIVE__ENABLED", "true")];
    let config = from_variables(&switched_on).unwrap();
    let kinds: BTreeSet<&str> = config.sources.values().map(SourceConfig::kind).collect();
    let fault = from_variables(&[
        ("RESONANZ__SOURCE__X__KIND", "telepathy"),
        ("RESONANZ__SOURCE__X__URL", "x"),
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
        paced = "yes"
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
    let watches = TARGET.to_owned() + &watch(&[("expires", Some("2026-11-22"))]);
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
            ("nonsense.key", "unknown section; there are desk, house"),
            ("house.stop_timeout_secs", "a whole number"),
            ("missing.toml", "No such file"),
            ("w.toml: watch 1 (borders)", "renew the approval"),
            ("pipeline.batch", "a whole number"),
            ("desk.recipients", "a list in brackets"),
            ("desk", "missing field `host`"),
            ("source.Bad_Name", "made of a-z, 0-9 and -"),
            ("source.unknown", "telepathy"),
            ("source.known.pth", "unknown key; there are backfill"),
            ("source.known.paced", "true or false"),
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

#[test]
fn an_unregistered_watch_is_told_all_that_is_missing() {
    let bare = "[[watch]]\nname = 'bare'\nquery = 'x'\ntarget = 'ministry'\n".to_owned();
    let missing = "label, purpose, legal_basis, owner, approver, expires missing";
    assert_told(&of_watches(&[bare]), &[("w.toml: watch 1 (bare)", missing)]);
    let nameless = watch(&[("name", None), ("purpose", Some(" "))]);
    assert_told(
        &of_watches(&[nameless]),
        &[
            ("w.toml: watch 1", "`name` is missing"),
            ("w.toml: watch 1", "purpose missing"),
        ],
    );
}

#[test]
fn each_rule_of_the_register_is_held() {
    let place = "w.toml: watch 1 (borders)";
    for (key, value, message) in [
        (
            "approver",
            "Referat",
            "owner and approver must be two different",
        ),
        ("expires", "2026-11-22", "expired on 2026-11-22"),
        ("expires", "2027-11-24", "more than 12 months"),
        ("expires", "bald", "not a date like"),
        (
            "target",
            "nobody",
            "unknown target `nobody`; there are ministry",
        ),
        ("query", "Grenze AND (", "^"),
        ("colour", "red", "unknown colour; there are name, label"),
    ] {
        let told = of_watches(&[watch(&[(key, Some(value))])]);
        assert_told(&told, &[(place, message)]);
    }
}

#[test]
fn the_last_day_still_counts() {
    for expires in ["2026-11-23", "2027-11-23"] {
        let text = TARGET.to_owned() + &watch(&[("expires", Some(expires))]);
        let settings = "[house]\nwatch_files = ['w.toml']\n";
        from_files(settings, &[("w.toml", &text)]).unwrap();
    }
}

#[test]
fn faulty_watches_still_count_for_doubled_names() {
    let told = of_watches(&[watch(&[("expires", Some("2026-11-22"))]), watch(&[])]);
    assert_told(
        &told,
        &[
            ("w.toml: watch 1 (borders)", "expired"),
            ("w.toml: watch 2 (borders)", "two of this name"),
        ],
    );
}

#[test]
fn variables_are_typed_by_what_they_set() {
    let config = from_variables(&[
        ("RESONANZ__HOUSE__DIR", "/tmp/4711"),
        ("RESONANZ__PIPELINE__BATCH", "17"),
        ("RESONANZ__DESK__RECIPIENTS", "a@localhost, b@localhost"),
        ("RESONANZ__DESK__INSTANCE", "4711"),
        ("RESONANZ__DESK__MAIL__KIND", "smtp"),
        ("RESONANZ__DESK__MAIL__HOST", "localhost"),
        ("RESONANZ__DESK__MAIL__PORT", "2525"),
        ("RESONANZ__DESK__MAIL__SECURITY", "none"),
        ("RESONANZ__DESK__MAIL__TIMEOUT_SECS", "5"),
        ("RESONANZ__SERVE__TOKEN", "123456789012345678901234567890"),
        ("RESONANZ__SOURCE__BLUESKY__COMPRESS", "TRUE"),
        ("RESONANZ__SOURCE__BLUESKY__GAP_SLACK_SECS", "7"),
        ("RESONANZ__SOURCE__BUNDESTAG__ENABLED", "false"),
    ])
    .unwrap();
    assert_eq!(config.dir, Path::new("/tmp/4711"));
    assert_eq!(config.pipeline.batch, 17);
    let recipients = ["a@localhost", "b@localhost"];
    assert_eq!(config.desk.recipients, recipients);
    assert_eq!(config.desk.instance, "4711");
    let MailConfig::Smtp(smtp) = &config.desk.mail else {
        panic!("{:?}", config.desk.mail);
    };
    assert_eq!((smtp.port, smtp.timeout_secs), (2525, 5));
    let token = config.serve.token.as_ref().expect("a token");
    assert_eq!(token.0, "123456789012345678901234567890");
    assert!(!config.sources.contains_key("bundestag"));
    let bluesky = format!("{:?}", config.sources["bluesky"]);
    assert!(bluesky.contains("compress: true"), "{bluesky}");
    assert!(bluesky.contains("gap_slack_secs: 7"), "{bluesky}");
}

#[test]
fn a_list_may_have_one_entry_or_none() {
    let recipients = |text| {
        let config = from_variables(&[("RESONANZ__DESK__RECIPIENTS", text)]).unwrap();
        config.desk.recipients
    };
    assert_eq!(recipients("a@localhost"), ["a@localhost"]);
    assert!(recipients("").is_empty());
}

#[test]
fn faults_of_variables_name_the_variable() {
    let told = faults(from_variables(&[
        ("RESONANZ__SERVE__COLOUR", "red"),
        ("RESONANZ__PIPELINE__BATCH", "many"),
        ("RESONANZ__NONSENSE", "1"),
        ("RESONANZ__SOURCE__BLUESKY__IDLE_TIMEOUT_SECS", "long"),
    ]));
    assert_told(
        &told,
        &[
            ("serve.colour", "(set by RESONANZ__SERVE__COLOUR)"),
            (
                "pipeline.batch",
                "a whole number, 0 or more (set by RESONANZ__PIPELINE__BATCH)",
            ),
            ("nonsense", "unknown section"),
            ("source.bluesky.idle_timeout_secs", "a whole number"),
        ],
    );
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("house.toml");
    std::fs::write(&path, "[pipeline]\nbatch = 5\nqueue = 6\n").unwrap();
    let environment = variables(&[("RESONANZ__PIPELINE__QUEUE", "7")]);
    let config = config::load(Some(&path), environment, today()).unwrap();
    assert_eq!((config.pipeline.batch, config.pipeline.queue), (5, 7));
    assert_eq!(config.pipeline.cursor_interval_ms, 1000);
}

#[test]
fn secrets_may_stand_in_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "a-token-that-is-long-enough-for-this\n").unwrap();
    let open = ("RESONANZ__SERVE__LISTEN", "0.0.0.0:8080");
    let token_file = token.to_str().unwrap();
    let config = from_variables(&[open, ("RESONANZ__SERVE__TOKEN_FILE", token_file)]).unwrap();
    let settings = config.serve.check().unwrap();
    let read = settings.token.expect("a token").0;
    assert_eq!(read, "a-token-that-is-long-enough-for-this");
    let told = faults(from_variables(&[
        open,
        ("RESONANZ__SERVE__TOKEN_FILE", "/nowhere"),
    ]));
    assert_told(&told, &[("serve", "/nowhere cannot be read")]);
}

#[test]
fn watch_files_are_relative_to_the_file_that_names_them() {
    let text = TARGET.to_owned() + &watch(&[]);
    let settings = "[house]\nwatch_files = ['w.toml']\n";
    let config = from_files(settings, &[("w.toml", &text)]).unwrap();
    let names: Vec<&str> = config
        .register
        .watches
        .iter()
        .map(|w| w.name.as_str())
        .collect();
    assert_eq!(names, ["borders"], "the starter pack is replaced");
    // A variable stands in no file: relative to the working directory, here the project's.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("house.toml");
    std::fs::write(&path, settings).unwrap();
    let environment = variables(&[("RESONANZ__HOUSE__WATCH_FILES", "config/watches.toml")]);
    let config = config::load(Some(&path), environment, today()).unwrap();
    assert!(config.register.watch("ministry").is_some());
}

fn voice(handle: &str) -> Voice {
    Voice {
        name: "BMI".to_owned(),
        handles: vec![handle.to_owned()],
        reason: "eigenes Konto".to_owned(),
        approver: "Leitung".to_owned(),
        expires: "2027-06-30".parse().unwrap(),
    }
}

#[test]
fn the_starter_watches_pass_their_examples_without_a_voice() {
    let config = from_variables(&[]).unwrap();
    let matcher = Matcher::new(config.register.stored_queries());
    let (voices, keys) = (Voices::new(&[], today()), Keys::from_secret([0; 32]));
    let found = |watch: &str, text: &str| {
        let mut item = Item::new("test", "test", Kind::Post);
        item.text = text.to_owned();
        let context = Context {
            source: "test",
            keys: &keys,
            voices: &voices,
            collected: "2026-11-23T08:00:00Z".parse().unwrap(),
        };
        let mention = normalise(item, &context).unwrap();
        matcher.matches(&mention).iter().any(|m| m.watch == watch)
    };
    for watch in &config.register.watches {
        assert!(!watch.must_match.is_empty() && !watch.must_not_match.is_empty());
        for text in &watch.must_match {
            assert!(found(&watch.name, text), "{}: {text}", watch.name);
        }
        for text in &watch.must_not_match {
            assert!(!found(&watch.name, text), "{}: {text}", watch.name);
        }
    }
}

#[test]
fn a_handle_that_is_no_public_voice_is_a_warning() {
    let config = from_variables(&[]).unwrap();
    let warnings = config.register.warnings(&Voices::new(&[], today()));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].handle, "@BMI_Bund");
    assert!(warnings[0].watches.contains(&"ministry".to_owned()));
    let voices = Voices::new(&[voice("bmi_bund")], today());
    assert_eq!(config.register.warnings(&voices), []);
}

#[test]
fn every_target_of_the_starter_pack_can_be_measured() {
    let config = from_variables(&[]).unwrap();
    let used: BTreeSet<&str> = config
        .register
        .watches
        .iter()
        .map(|w| w.target.as_str())
        .collect();
    let known: BTreeSet<&str> = config
        .register
        .targets
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    assert_eq!(
        used, known,
        "a target that nothing measures, or the other way round"
    );
}
