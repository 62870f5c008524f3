//! `rebuild-index` beside a running house, also one that dies on the way; files that are cut under
//! a running house.

use super::daemon::Daemon;
use super::*;
use crate::archive::{demo, succeeds};
use crate::http::ask;
use crate::sweep::files;
use resonanz::index::ask_to_rebuild;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

const KILLS: u64 = 12;

/// The demonstration's archive, and the arguments of a house on it that hears nothing.
fn archived(dir: &TempDir) -> (PathBuf, Vec<String>) {
    let data = dir.path().join("data");
    succeeds(&demo(&data));
    let settings = format!("{SILENT}[serve]\nlisten = '127.0.0.1:0'\n");
    let config = written(dir, "house.toml", &settings);
    let place = data.to_str().unwrap();
    let args = ["run", "--config", &config, "--dir", place].map(str::to_owned);
    (data, args.to_vec())
}

fn start(args: &[String]) -> Daemon {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    Daemon::start(&args)
}

async fn found(address: SocketAddr) -> (u64, bool) {
    let found = ask(address, "GET", "/api/search", &[("host", "127.0.0.1")], "").await;
    let found = found.json();
    (
        found["total"].as_u64().unwrap(),
        found["whole"].as_bool().unwrap(),
    )
}

/// The segments of all weeks.
fn terms(data: &Path) -> Vec<PathBuf> {
    let mut terms = files(&data.join("index"));
    terms.retain(|path| path.extension().is_some_and(|ending| ending == "term"));
    terms
}

fn sound(data: &Path) {
    let fsck = run(&["fsck", "--dir", data.to_str().unwrap()]);
    assert_eq!((fsck.code, fsck.err.as_str()), (0, ""), "{fsck:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_house_makes_its_index_again() {
    let dir = tempfile::tempdir().unwrap();
    let (data, args) = archived(&dir);
    let before = terms(&data);
    let mut daemon = start(&args);
    let address = daemon.address();
    let all = found(address).await;
    let rebuilt = run(&["rebuild-index", "--dir", data.to_str().unwrap()]);
    assert_eq!(rebuilt.code, 0, "{rebuilt:?}");
    let (said, total) = (rebuilt.err.as_str(), all.0);
    assert!(said.contains("The running house is asked"), "{rebuilt:?}");
    let expected = format!("The index is made again: {total} mentions.\n");
    assert_eq!(rebuilt.out, expected);
    assert_eq!(found(address).await, (total, true));
    assert!(terms(&data).iter().all(|file| !before.contains(file)));
    daemon.signal("TERM");
    assert_eq!(daemon.end(), Some(0), "{:?}", daemon.seen);
    sound(&data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_is_killed_on_the_way_finds_everything_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (data, args) = archived(&dir);
    let mut all = None;
    for kill in 0..KILLS {
        let mut daemon = start(&args);
        let now = found(daemon.address()).await;
        assert_eq!(*all.get_or_insert(now), now, "after {kill} kills");
        ask_to_rebuild(&data).unwrap();
        tokio::time::sleep(Duration::from_millis(kill * 25)).await;
        daemon.signal("KILL");
    }
    let mut daemon = start(&args);
    daemon.address();
    let rebuilt = run(&["rebuild-index", "--dir", data.to_str().unwrap()]);
    assert_eq!(rebuilt.code, 0, "{rebuilt:?}");
    daemon.signal("TERM");
    assert_eq!(daemon.end(), Some(0), "{:?}", daemon.seen);
    sound(&data);
}

/// A file that is cut while it is mapped ends the process that reads there (SIGBUS): no safe program
/// can help that. The next start finds it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_under_a_running_house_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let (data, args) = archived(&dir);
    let mut daemon = start(&args);
    let address = daemon.address();
    let all = found(address).await;
    for path in terms(&data) {
        let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(0).unwrap();
    }
    let searched = tokio::spawn(async move { found_words(address).await });
    let ended = searched.await.is_err();
    println!("the search broke off: {ended}");
    daemon.signal("KILL");
    drop(daemon);
    let mut daemon = start(&args);
    let address = daemon.address();
    let whole = async {
        while found(address).await != all {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), whole)
        .await
        .unwrap();
    assert!(found_words(address).await > 0);
    daemon.signal("TERM");
    assert_eq!(daemon.end(), Some(0), "{:?}", daemon.seen);
    let log = daemon.seen.join("\n");
    assert!(log.contains("is damaged and is made again"), "{log}");
    sound(&data);
}

async fn found_words(address: SocketAddr) -> u64 {
    let path = "/api/search?q=Grenzkontroll*";
    let found = ask(address, "GET", path, &[("host", "127.0.0.1")], "").await;
    found.json()["total"].as_u64().unwrap()
}
