//! `source list`, `source check`, `source read`.

use super::*;
use resonanz::clock::Clock;
use resonanz::model::Cursor;
use resonanz::store::Store;
use std::io::{Read, Write};
use std::net::TcpListener;

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
fn a_panic_in_foreign_code_is_told_without_foreign_words() {
    // The feed parser cuts a name within a letter, and its panic quotes the name.
    let feed = "<rss><channel><item><title>t</title><link>https://h.example/1</link>\
                <author>Geheimrat M\u{fc}ller\u{a0}g@post.example</author></item></channel></rss>";
    let read = run_with_input(&["source", "read", "--kind", "feed", "-"], feed.as_bytes());
    assert_eq!(read.code, 3, "{read:?}");
    assert!(
        read.err.contains("broke down") && read.err.contains(".rs:"),
        "{read:?}"
    );
    for word in ["Geheimrat", "ller", "post.example"] {
        assert!(!read.err.contains(word), "{read:?}");
    }
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
    let nobody = format!("urls = ['ws://127.0.0.1:{port}/x']");
    let sources = SILENT.replacen("enabled = false", &nobody, 1);
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

/// Behind a proxy the gate would be blind, so one that the environment names is passed over.
#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in server.incoming().map_while(Result::ok) {
            let feed = "<rss version='2.0'><channel></channel></rss>";
            let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n", feed.len());
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(format!("{head}{feed}").as_bytes());
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let source = format!(
        "{SILENT}[source.own]\nenabled = true\nkind = 'feed'\nurl = 'http://{address}/'\n\
         allow_private = ['127.0.0.1']\n"
    );
    let config = written(&dir, "house.toml", &source);
    let mut command = resonanz(&["source", "check", "--config", &config]);
    let at = format!("http://{}", proxy.local_addr().unwrap());
    for name in [
        "HTTP_PROXY",
        "http_proxy",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env(name, &at);
    }
    let check = ended(command.output().unwrap());
    assert!(check.out.contains("works"), "{check:?}");
    assert!(proxy.accept().is_err(), "the proxy was asked");
}

/// What was spent is in the archive, and whoever asks is told when nothing is left of it.
#[test]
fn a_budget_that_is_used_up_is_told() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in server.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let token = written(&dir, "token", "t0ken");
    let data = dir.path().join("data");
    let source = format!(
        "{SILENT}[house]\ndir = '{}'\n[source.x]\nenabled = true\nurl = 'http://{address}'\n\
         allow_private = ['127.0.0.1']\nbearer_token_file = '{token}'\napproval_contract = 'c'\n\
         approval_date = '2026-10-01'\napproval_approver = 'a'\n\
         government_end_user_declared = true\nbudget_day_usd = 2\nbudget_month_usd = 50\n",
        data.display()
    );
    let config = written(&dir, "house.toml", &source);
    let check = run(&["source", "check", "--config", &config]);
    assert_eq!(check.code, 0, "{check:?}");

    std::fs::create_dir_all(&data).unwrap();
    let today = Clock::system()
        .now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let ledger = serde_json::json!({"ledger": {"day": today.to_string(), "day_micro_usd": 2_000_000,
        "month_micro_usd": 5_000_000}});
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = Store::open(&data.join("store.sqlite")).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let cursor = Cursor(ledger.to_string());
        tx.set_cursor("x", &cursor, Clock::system().now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        store.close().await;
    });
    let check = run(&["source", "check", "--config", &config]);
    assert_eq!(check.code, 3, "{check:?}");
    let line = check.out.lines().nth(1).unwrap();
    assert!(
        line.contains("budget used up") && line.contains("day 100 %, month 10 %"),
        "{check:?}"
    );
}
