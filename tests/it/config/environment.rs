//! Environment variables, files of secrets, and what wins over what.

use super::*;
use resonanz::desk::MailConfig;

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
        ("RESONANZ__SOURCE__ARCHIVE__ENABLED", "true"),
        ("RESONANZ__SOURCE__ARCHIVE__PACE", "60"),
        (
            "RESONANZ__SOURCE__BLUESKY__URLS",
            "wss://a.example/x,wss://b.example/x",
        ),
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
    assert!(bluesky.contains("b.example"), "{bluesky}");
    let archive = format!("{:?}", config.sources["archive"]);
    assert!(archive.contains("Times(60.0)"), "{archive}");
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
