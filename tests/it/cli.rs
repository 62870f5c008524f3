//! The built binary as a person or a script uses it: help, exit codes, what goes to which stream.

use crate::http::ask;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const IMPORT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/replay/import/input.ndjson"
);
/// No source of the defaults: nothing leaves the machine.
const SILENT: &str = "
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
struct Ended {
    code: i32,
    out: String,
    err: String,
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

fn run(args: &[&str]) -> Ended {
    ended(resonanz(args).output().unwrap())
}

fn run_with_input(args: &[&str], input: &[u8]) -> Ended {
    let mut command = resonanz(args);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input).unwrap();
    drop(stdin);
    ended(child.wait_with_output().unwrap())
}

fn written(dir: &TempDir, name: &str, text: &str) -> String {
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
        "replay",
        "rebuild-index",
        "erase",
        "source",
        "source list",
        "source check",
        "source read",
        "watch",
        "watch list",
        "watch test",
        "classify",
        "bench",
        "bench pipeline",
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

#[test]
fn watches_are_listed_with_what_they_warn_of() {
    let table = run(&["watch", "list"]);
    assert_eq!(table.code, 0, "{table:?}");
    assert!(table.out.starts_with("WATCH "), "{table:?}");
    assert_eq!(table.err.lines().count(), 1, "{table:?}");
    assert!(
        table.err.starts_with("warning: @BMI_Bund (ministry,"),
        "{table:?}"
    );
    let rows = run(&["watch", "list", "--format", "jsonl"]).rows();
    assert_eq!(rows.len() + 1, table.out.lines().count());
    for row in rows {
        for key in [
            "name",
            "query",
            "purpose",
            "legal_basis",
            "owner",
            "approver",
            "expires",
        ] {
            assert!(!row[key].as_str().unwrap().is_empty(), "{key}: {row}");
        }
    }
}

#[test]
fn examples_of_watches_are_tested() {
    let good = run(&["watch", "test"]);
    assert_eq!(good.code, 0, "{good:?}");
    assert!(good.err.starts_with("warning: @BMI_Bund"), "{good:?}");
    let one = run(&["watch", "test", "border-controls"]);
    assert_eq!((one.code, one.out.lines().count()), (0, 1), "{one:?}");
    assert_eq!(one.err, "", "its query names no handle");

    let dir = tempfile::tempdir().unwrap();
    let starter = resonanz::config::STARTER_WATCHES;
    let spoilt = starter.replace("Grenzkontrollen bringen nix außer Stau.", "Nudelsalat.");
    assert_ne!(starter, spoilt);
    written(&dir, "w.toml", &spoilt);
    let config = written(&dir, "house.toml", "[house]\nwatch_files = ['w.toml']\n");
    let bad = run(&["watch", "test", "--config", &config]);
    assert_eq!(bad.code, 3, "{bad:?}");
    let told = "border-controls: must match, but does not: Nudelsalat.";
    assert!(bad.out.lines().any(|line| line == told), "{bad:?}");
    let rows = run(&["watch", "test", "--config", &config, "--format", "jsonl"]).rows();
    let failed: Vec<&Value> = rows.iter().filter(|row| row["ok"] == false).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["text"], "Nudelsalat.");
}

#[test]
fn a_text_is_tried_on_the_watches() {
    let text = "Stau wegen der Grenzkontrollen";
    let tried = run(&["watch", "test", "--text", text]);
    assert_eq!(tried.code, 0, "{tried:?}");
    assert!(
        tried
            .out
            .contains("border-controls: matches (Grenzkontrollen)")
    );
    assert!(tried.out.contains("citizenship: no match"));
}

#[test]
fn a_text_is_classified_with_reasons() {
    let text = "Die Grenzkontrollen sind Unsinn";
    let table = run(&["classify", text, "--target", "border-controls"]);
    assert_eq!((table.code, table.err.as_str()), (0, ""), "{table:?}");
    assert!(table.out.starts_with("model: lexicon-0"), "{table:?}");
    assert!(
        table.out.contains("border-controls: critical\n  -"),
        "{table:?}"
    );
    let rows = run(&["classify", text, "--format", "jsonl"]).rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["model"], "lexicon-0");
    let wrong = run(&["classify", text, "--target", "nobody"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(
        wrong
            .err
            .contains("there is no target `nobody`; there are ministry,")
    );
}

#[test]
fn an_import_takes_what_is_good_and_names_what_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    let import = run(&["replay", IMPORT, "--dir", &data]);
    assert_eq!(import.code, 3, "{import:?}");
    assert!(
        import.err.contains("line 6: unknown field `gruppe`"),
        "{import:?}"
    );
    assert!(
        !import.err.contains('\x1b'),
        "colours are for terminals: {import:?}"
    );
    let told = "Imported 4 new mentions; 1 items matched no watch, 1 were taken back, 1 lines were refused.\n";
    assert_eq!(import.out, told);
    let found: Vec<Value> = hits(&data, "Grenzkontroll*");
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(hits(&data, "Fassung AND zweite").len(), 1);
    assert_eq!(
        hits(&data, "erste").len(),
        0,
        "the words before the edit are gone"
    );
    assert_eq!(hits(&data, "Passau").len(), 0, "deleted");
    assert_eq!(hits(&data, "Nudelsalat").len(), 0, "no watch matched it");
    let text = format!("{found:?}").to_lowercase();
    assert!(
        !text.contains("kanarienvogel") && !text.contains("anna.example"),
        "{text}"
    );
    // Once more, through the pipe: nothing is doubled.
    let bytes = std::fs::read(IMPORT).unwrap();
    let again = run_with_input(&["replay", "-", "--dir", &data], &bytes);
    assert_eq!(again.code, 3, "{again:?}");
    assert!(
        again.out.starts_with("Imported 0 new mentions;"),
        "{again:?}"
    );
    assert_eq!(hits(&data, "Grenzkontroll*").len(), 3);
    assert!(
        !Path::new(&data).join("mail").exists(),
        "an import mails nobody"
    );
    let rebuilt = run(&["rebuild-index", "--dir", &data]);
    assert_eq!((rebuilt.code, rebuilt.err.as_str()), (0, ""), "{rebuilt:?}");
    assert_eq!(rebuilt.out, "The index is made again: 3 mentions.\n");
    assert_eq!(hits(&data, "Grenzkontroll*").len(), 3);
}

#[test]
fn a_search_shows_a_table_and_points_at_faults() {
    let (_dir, data) = imported();
    let table = run(&["search", "title:Zahlen", "--dir", &data]);
    assert_eq!((table.code, table.err.as_str()), (0, ""), "{table:?}");
    let lines: Vec<&str> = table.out.lines().collect();
    assert!(lines[0].starts_with("ID "), "{table:?}");
    assert!(
        lines[1].contains("2026-11-20 10:00  web"),
        "in Berlin's time: {table:?}"
    );
    assert_eq!(lines[2], "1 of 1");
    let fault = run(&["search", "Grenze AND (Stau", "--dir", &data]);
    assert_eq!(fault.code, 2, "{fault:?}");
    let lines: Vec<&str> = fault.err.lines().collect();
    assert_eq!(lines[1], "  Grenze AND (Stau");
    let caret = lines[2].find('^').expect("a caret");
    assert_eq!(&lines[1][caret..=caret], "(", "{fault:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (_dir, data) = imported();
    for format in ["table", "jsonl"] {
        let mut command = resonanz(&["search", "", "--dir", &data, "--format", format]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let gone = ended(child.wait_with_output().unwrap());
        assert_eq!((gone.code, gone.err.as_str()), (0, ""), "{gone:?}");
    }
}

#[test]
fn what_is_erased_is_gone_and_stays_away() {
    let (_dir, data) = imported();
    let id = hits(&data, "title:Zahlen")[0]["id"].to_string();
    let erase = |what: &[&str]| run(&[what, &["--reason", "Az. 1", "--dir", &data]].concat());
    let erased = erase(&["erase", "--mention", &id]);
    assert_eq!(erased.code, 0, "{erased:?}");
    assert_eq!(
        erased.out,
        "Erased 1 mention from store, index and mails on disk.\n"
    );
    let gone = erase(&["erase", "--mention", &id]);
    assert_eq!(gone.code, 1, "{gone:?}");
    let account = [
        "erase",
        "--account",
        "did:plc:eins",
        "--platform",
        "bluesky",
    ];
    assert_eq!(erase(&account).code, 0);
    assert_eq!(hits(&data, "Stau").len(), 0);
    let again = run(&["replay", IMPORT, "--dir", &data]);
    assert_eq!(again.code, 3, "{again:?}");
    assert_eq!(hits(&data, "Stau OR title:Zahlen").len(), 0);
}

#[test]
fn sources_are_listed() {
    let table = run(&["source", "list"]);
    assert_eq!((table.code, table.err.as_str()), (0, ""), "{table:?}");
    assert!(
        table.out.contains("bluesky          bluesky  stream"),
        "{table:?}"
    );
    let rows = run(&["source", "list", "--format", "jsonl"]).rows();
    assert_eq!(rows.len() + 1, table.out.lines().count());
    assert_eq!(rows[0]["name"], "bluesky");
}

#[test]
fn recorded_bytes_are_read_as_from_the_network() {
    let read = run(&["source", "read", "--kind", "replay", IMPORT]);
    assert_eq!(read.code, 3, "{read:?}");
    assert!(read.err.contains("line 6"), "{read:?}");
    assert_eq!(read.rows().len(), 7);
    let frame = br#"{"did":"did:plc:abc","time_us":1795161600000000,"kind":"commit","commit":{"rev":"r","operation":"delete","collection":"app.bsky.feed.post","rkey":"3k"}}"#;
    let read = run_with_input(&["source", "read", "--kind", "bluesky", "-"], frame);
    assert_eq!((read.code, read.err.as_str()), (0, ""), "{read:?}");
    let id = "at://did:plc:abc/app.bsky.feed.post/3k";
    assert_eq!(read.rows()[0]["delete"]["id"], id);
    // What it prints is what an import takes.
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().to_str().unwrap();
    let import = run_with_input(&["replay", "-", "--dir", data], read.out.as_bytes());
    assert_eq!((import.code, import.err.as_str()), (0, ""), "{import:?}");
}

#[test]
fn a_source_that_cannot_be_reached_is_told() {
    let dir = tempfile::tempdir().unwrap();
    // A port that was free a moment ago, and where nobody answers.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let sources = SILENT.replacen(
        "enabled = false",
        &format!("url = 'ws://127.0.0.1:{port}/x'"),
        1,
    );
    let config = written(&dir, "house.toml", &sources);
    let check = run(&["source", "check", "--config", &config]);
    assert_eq!(check.code, 3, "{check:?}");
    let line = check.out.lines().nth(1).unwrap();
    assert!(
        line.starts_with("bluesky  cannot be reached  "),
        "{check:?}"
    );
    let rows = run(&["source", "check", "--config", &config, "--format", "jsonl"]).rows();
    assert_eq!(rows[0]["standing"], "cannot be reached");
    let file = written(&dir, "archive.ndjson", "");
    let works = format!("{SILENT}[source.archive]\nenabled = true\npath = '{file}'\n");
    let config = written(&dir, "works.toml", &works);
    let check = run(&["source", "check", "--config", &config]);
    assert_eq!(check.code, 0, "{check:?}");
    assert!(check.out.contains("archive  works"), "{check:?}");
}

/// A running `resonanz run`, its log line by line. Killed when dropped.
struct Daemon {
    child: Child,
    log: Receiver<String>,
    seen: Vec<String>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    fn start(args: &[&str]) -> Self {
        let mut child = resonanz(args).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let seen = Vec::new();
        Self { child, log, seen }
    }

    fn address(&mut self) -> SocketAddr {
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|e| panic!("{e}: {:?}", self.seen));
            let address = line.split("address=").nth(1).map(str::to_owned);
            self.seen.push(line);
            if let Some(address) = address {
                return address.parse().unwrap();
            }
        }
    }

    /// Waits for the end, and gives the exit code.
    fn end(&mut self) -> Option<i32> {
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap().code(),
                Err(RecvTimeoutError::Timeout) => panic!("does not end: {:?}", self.seen),
            }
        }
    }
}

#[tokio::test]
async fn the_house_starts_answers_and_stops_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    let settings = format!("{SILENT}[serve]\nlisten = '127.0.0.1:0'\n");
    let config = written(&dir, "house.toml", &settings);
    let mut daemon = Daemon::start(&["run", "--config", &config, "--dir", &data]);
    let address = daemon.address();
    let health = ask(address, "GET", "/healthz", &[("host", "127.0.0.1")], "").await;
    assert_eq!(health.status, 200, "{health:?}");
    let ready = ask(address, "GET", "/readyz", &[("host", "127.0.0.1")], "").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    let second = run(&["replay", IMPORT, "--dir", &data]);
    assert_eq!(second.code, 1, "{second:?}");
    assert!(
        second.err.contains("another resonanz works on"),
        "{second:?}"
    );
    let search = run(&["search", "", "--dir", &data]);
    assert_eq!(search.code, 0, "searching needs no stop: {search:?}");
    let pid = daemon.child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(daemon.end(), Some(0), "{:?}", daemon.seen);
    let log = daemon.seen.join("\n");
    assert!(log.contains("Stopping."), "{log}");
    assert!(log.contains("Watches name a handle"), "{log}");
    assert!(log.contains("nobody is mailed"), "{log}");
    assert!(!log.contains('\x1b'), "colours are for terminals: {log}");
    assert!(!log.contains("ERROR"), "{log}");
}
