//! The built binary as a person or a script uses it: help, exit codes, what goes to which stream.

mod archive;
mod backup;
mod bench;
pub mod daemon;
mod eval;
mod rebuild;
mod retention;
mod saved;
mod sheets;
mod sources;
mod train;
mod watch_test;
mod watches;

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const IMPORT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/replay/import/input.ndjson"
);
/// No source of the defaults: nothing leaves the machine.
pub const SILENT: &str = "
[source.bluesky]
enabled = false
[source.bundesregierung]
enabled = false
[source.bundestag]
enabled = false
";

fn resonanz(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_resonanz"));
    // Settings of whoever runs the tests are none of theirs.
    command.args(args).env_clear().stdin(Stdio::null());
    command
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    fn rows(&self) -> Vec<Value> {
        let parse =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.out.lines().map(parse).collect()
    }
}

fn ended(output: Output) -> Ended {
    Ended {
        code: output.status.code().expect("an exit code, no signal"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub fn run(args: &[&str]) -> Ended {
    ended(resonanz(args).output().unwrap())
}

fn run_with_input(args: &[&str], input: &[u8]) -> Ended {
    let mut command = resonanz(args);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program may have read enough before the end.
    let _ = stdin.write_all(input);
    drop(stdin);
    ended(child.wait_with_output().unwrap())
}

pub fn written(dir: &TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// A directory with the fixture in its archive.
fn imported() -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    let import = run(&["replay", IMPORT, "--dir", &data]);
    assert_eq!(import.code, 3, "{import:?}");
    (dir, data)
}

fn hits(data: &str, query: &str) -> Vec<Value> {
    let search = run(&["search", query, "--dir", data, "--format", "jsonl"]);
    assert_eq!(search.code, 0, "{search:?}");
    search.rows()
}

#[test]
fn every_help_has_an_example_of_its_command() {
    for command in [
        "",
        "run",
        "demo",
        "search",
        "saved",
        "saved list",
        "saved rename",
        "saved delete",
        "replay",
        "rebuild-index",
        "erase",
        "retention",
        "source",
        "source list",
        "source check",
        "source read",
        "watch",
        "watch list",
        "watch test",
        "watch import",
        "watch push-down",
        "explain",
        "eval",
        "eval stance",
        "eval claims-worth",
        "eval matching",
        "eval misreporting",
        "eval rumours",
        "why",
        "train",
        "bench",
        "bench pipeline",
        "bench relate",
    ] {
        let mut args: Vec<&str> = command.split_whitespace().collect();
        args.push("--help");
        let help = run(&args);
        assert_eq!((help.code, help.err.as_str()), (0, ""), "{command}");
        let example = format!("Example: resonanz {command}");
        assert!(help.out.contains(example.trim()), "{command}: {}", help.out);
        let longest = help.out.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(110), "{command}: too wide");
    }
}

#[test]
fn wrong_arguments_end_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    for args in [
        &[] as &[&str],
        &["no-such-command"],
        &["erase", "--reason", "Az. 1", "--dir", data],
        &["erase", "--account", "did:plc:x", "--reason", "Az. 1"],
        &["search", "x", "--since", "yesterday"],
        &["search", "x", "--stance", "angry"],
        &["watch", "test", "no-such-watch"],
        &["watch", "import", "--dialect", "nobody", "-"],
        &["demo", "--speed=-1"],
        &["run", "--config", "/nowhere/house.toml"],
    ] {
        let wrong = run(args);
        assert_eq!(wrong.code, 2, "{args:?}: {wrong:?}");
        assert_eq!(wrong.out, "", "{args:?}");
        assert!(!wrong.err.is_empty(), "{args:?}");
    }
    assert_eq!(
        std::fs::read_dir(data).unwrap().count(),
        0,
        "nothing was touched"
    );
}

#[test]
fn a_directory_without_an_archive_is_a_failure_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("mistyped");
    let data = data.to_str().unwrap();
    for args in [
        &["search", "x"] as &[&str],
        &["why", "1"],
        &["rebuild-index"],
        &["erase", "--mention", "1", "--reason", "Az. 1"],
    ] {
        let failed = run(&[args, &["--dir", data]].concat());
        assert_eq!(failed.code, 1, "{failed:?}");
        assert!(failed.err.contains("there is no archive in"), "{failed:?}");
        assert!(!Path::new(data).exists());
    }
    let failed = run(&["replay", "/nowhere/x.ndjson", "--dir", data]);
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.err.contains("/nowhere/x.ndjson"), "{failed:?}");
}

#[test]
fn faults_of_settings_end_with_2_and_are_all_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = written(
        &dir,
        "house.toml",
        "[serve]\ncolour = 1\n[nonsense]\na = 1\n",
    );
    let wrong = run(&["run", "--config", &config]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("2 faults"), "{wrong:?}");
    assert!(wrong.err.contains("serve.colour") && wrong.err.contains("nonsense.a"));
    let mut command = resonanz(&["watch", "list"]);
    let wrong = ended(
        command
            .env("RESONANZ__SERVE__COLOUR", "red")
            .output()
            .unwrap(),
    );
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("RESONANZ__SERVE__COLOUR"), "{wrong:?}");
    let mut command = resonanz(&["watch", "list"]);
    let wrong = ended(command.env("RESONANZ_LOG", "a=b=c").output().unwrap());
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("RESONANZ_LOG=a=b=c"), "{wrong:?}");
}

#[test]
fn a_foreign_variable_may_be_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let mut command = resonanz(&["watch", "list"]);
    let listed = ended(command.env("FOREIGN", bytes).output().unwrap());
    assert_eq!(listed.code, 0, "{listed:?}");
    let mut command = resonanz(&["watch", "list"]);
    let wrong = ended(command.env("RESONANZ__HOUSE__DIR", bytes).output().unwrap());
    assert_eq!(wrong.code, 2, "{wrong:?}");
}
