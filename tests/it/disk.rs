//! A real disk that is really full (a small tmpfs): nothing more is taken in, everything else goes
//! on, and when there is room again everything arrives, nothing lost and nothing doubled.
//!
//! Mounting needs root; without it this is named and skipped.

use crate::cli::{self, daemon::Daemon};
use crate::http::{Answer, ask};
use crate::skipped::skipped;
use crate::sweep::assert_absent;
use jiff::ToSpan;
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::clock::Clock;
use resonanz::config;
use resonanz::store::{NewCase, NewMail};
use serde_json::json;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest wait for something that takes seconds.
const PATIENCE: Duration = Duration::from_secs(300);
/// At 300 a second (`pace`), so that the disk is full long before all of them are in.
const ITEMS: i64 = 3_000;
/// `pipeline.batch`.
const BATCH: i64 = 256;
const ERASED: &str = "kaffeefahrtministerium";

/// A disk of its own; gone when dropped.
struct Disk {
    dir: tempfile::TempDir,
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.dir.path())
            .status();
    }
}

impl Disk {
    fn mount(mib: u64) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "tmpfs"])
            .arg(dir.path())
            .output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self { dir });
        }
        skipped("a full disk: mounting a small tmpfs needs root");
        None
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn filler(&self) -> PathBuf {
        self.dir.path().join("filler")
    }

    /// To the last byte that somebody else can take.
    fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        for size in [1 << 20, 1 << 12] {
            let chunk = vec![0x5a; size];
            while filler.write_all(&chunk).is_ok() {}
        }
    }

    /// Who takes how much of it.
    fn used(&self) -> String {
        let used = Command::new("sh")
            .args(["-c", "df -k . && du -ak . | sort -rn | head -40"])
            .current_dir(self.dir.path())
            .output();
        String::from_utf8_lossy(&used.unwrap().stdout).into_owned()
    }

    fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

/// Settings and a stream of posts that all match, outside the disk.
fn settings(around: &Path, disk: &Disk) -> PathBuf {
    let now = Clock::system().now();
    let today = now.in_tz("Europe/Berlin").unwrap().date();
    let expires = today.tomorrow().unwrap();
    let register = format!(
        "[[target]]\nname = 'ziel'\nlabel = 'Ziel'\naliases = ['Ziel']\n\
         [[watch]]\nname = 'flut'\nlabel = 'Flut'\nquery = 'Neuwort'\ntarget = 'ziel'\n\
         purpose = 'p'\nlegal_basis = 'l'\nowner = 'o'\napprover = 'a'\nexpires = '{expires}'\n"
    );
    fs::write(around.join("watches.toml"), register).unwrap();
    let mut lines = String::new();
    for number in 0..ITEMS {
        let word = if number == 5 { ERASED } else { "sonst" };
        let text = format!(
            "Das Neuwort Nummer {number}, {word}. {}",
            "Und mehr. ".repeat(20)
        );
        let published = now - 1.hours() + number.milliseconds();
        let item = json!({ "source": "flut", "id": number.to_string(), "kind": "post",
            "published": published, "text": text, "author": { "id": format!("a{number}") } });
        lines.push_str(&format!("{item}\n"));
    }
    let stream = around.join("flut.ndjson");
    fs::write(&stream, lines).unwrap();
    let house = format!(
        "{}[house]\nwatch_files = ['watches.toml']\ndir = '{}'\n[serve]\nlisten = '127.0.0.1:0'\n\
         [disk]\nlow_water_mib = 24\nballast_mib = 8\n\
         [source.flut]\nkind = 'replay'\npath = '{}'\nbackfill = true\npace = 0.3\n",
        cli::SILENT,
        disk.data().display(),
        stream.display()
    );
    let path = around.join("house.toml");
    fs::write(&path, house).unwrap();
    path
}

async fn until<F: Future<Output = bool>>(what: &str, mut happened: impl FnMut() -> F) {
    let waiting = async {
        while !happened().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("{what} did not happen"));
}

async fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, "GET", path, &[("host", "127.0.0.1")], "").await
}

/// A number of `/metrics`.
async fn metric(address: SocketAddr, name: &str) -> f64 {
    let told = get(address, "/metrics").await.body;
    let line = told
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")));
    let line = line.unwrap_or_else(|| panic!("no {name} in {told}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

async fn start(config: &Path) -> Running {
    let today = Clock::system().now().in_tz("Europe/Berlin").unwrap().date();
    let config = config::load(Some(config), HashMap::new(), today).unwrap();
    let house = House::open(&config).await.unwrap();
    let app = App::build(house, config, Options::live()).unwrap();
    app.start(CancellationToken::new()).await.unwrap()
}

/// Orders a mail that shows a mention.
async fn order_mail(running: &Running, mention: i64) {
    let now = Clock::system().now();
    let case = NewCase {
        rule: "flagged".into(),
        watch: "flut".into(),
        opened: now,
        facts: json!({ "mentions": 1, "authors": 1, "enquiries": 1, "corrections": 0, "min_authors": 1, "window_minutes": 60,
            "from": now, "to": now, "model": "lexicon-0" }),
        story: None,
    };
    let mut tx = running.store().begin().await.unwrap();
    let case_id = tx.open_case(&case).await.unwrap();
    tx.add_to_case(case_id, mention, now).await.unwrap();
    tx.order_mail(&NewMail {
        case_id,
        step: "alert".into(),
        recipient: "presse@localhost".into(),
        message_id: format!("<case-{case_id}.alert.1@resonanz.localhost>"),
        mention_ids: vec![mention],
        created: now,
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// Everybody works but those who take in.
async fn works(running: &Running, disk: &Disk) {
    let address = running.address().unwrap();
    let found = get(address, "/api/search?q=Neuwort").await.json();
    assert!(found["total"].as_u64().unwrap() > 0, "{found}");
    let page = get(address, "/?lang=de").await.body;
    assert!(page.contains("Der Datenträger ist fast voll."), "{page}");
    let page = get(address, "/cases?lang=en").await.body;
    assert!(page.contains("The disk is nearly full."), "{page}");
    let ready = get(address, "/readyz").await;
    let checks = ready.json()["checks"].clone();
    let check = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["name"] == "disk")
        .unwrap();
    assert_eq!(
        (ready.status, &check["warning"]),
        (200, &json!(true)),
        "{checks}"
    );

    let headers = [("host", "127.0.0.1"), ("content-type", "application/json")];
    let judged = r#"{"target":"ziel","stance":"critical"}"#;
    let answer = ask(address, "POST", "/api/mentions/1/stance", &headers, judged).await;
    assert!(answer.status < 300, "{answer:?} {}", disk.used());

    order_mail(running, 1).await;
    until("a mail", || async {
        fs::read_dir(disk.data().join("mail/new")).unwrap().count() == 1
    })
    .await;
    until("an empty outbox", || async {
        running.store().outbox_counts().await.unwrap().pending == 0
    })
    .await;

    assert!(!crate::sweep::holding(&disk.data(), ERASED).is_empty());
    let order = running.store().mention(6).await.unwrap().unwrap();
    assert!(order.text.contains(ERASED));
    let mut tx = running.store().begin().await.unwrap();
    let erased = tx.erase(&order.key, Clock::system().now()).await.unwrap();
    assert_eq!(erased.len(), 1);
    let seq = tx.commit().await.unwrap();
    let purged = tokio::time::timeout(PATIENCE, running.index().until_purged(seq)).await;
    purged.expect("the erasure goes through");
    assert_absent(&disk.data(), ERASED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_intake_and_nothing_else() {
    let Some(disk) = Disk::mount(96) else { return };
    let around = tempfile::tempdir().unwrap();
    let config = settings(around.path(), &disk);
    let mut running = start(&config).await;
    let address = running.address().unwrap();
    assert!(disk.data().join("ballast").exists());
    assert_eq!(metric(address, "resonanz_disk_low").await, 0.0);
    let store = running.store().clone();
    until("mentions", || async { store.count().await.unwrap() >= 300 }).await;
    disk.fill();
    until("low water", || async {
        metric(address, "resonanz_disk_low").await == 1.0
    })
    .await;
    until("the ballast's end", || async {
        !disk.data().join("ballast").exists()
    })
    .await;
    until("standstill", || async {
        let before = store.newest_seq().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        store.newest_seq().await.unwrap() == before
    })
    .await;
    let stored = store.count().await.unwrap();
    assert!(stored < ITEMS, "it was full too late: {stored}");
    works(&running, &disk).await;
    // One batch was in hand when the disk became full, and is written when the ballast makes room.
    let since = store.count().await.unwrap() - (stored - 1);
    assert!((0..=BATCH).contains(&since), "{since} came in");

    disk.make_room();
    until("room", || async {
        metric(address, "resonanz_disk_low").await == 0.0
    })
    .await;
    running.sources_done().await;
    running.caught_up().await.unwrap();
    assert_eq!(store.count().await.unwrap(), ITEMS - 1);
    let differences = running.index().verify(&store).await.unwrap();
    assert!(differences.is_empty(), "{differences}");
    until("a new ballast", || async {
        disk.data().join("ballast").exists()
    })
    .await;
    let page = get(address, "/?lang=de").await.body;
    assert!(!page.contains("Der Datenträger ist fast voll."), "{page}");
    running.finish(PATIENCE, Ending::CaughtUp).await.unwrap();
    assert_absent(&disk.data(), ERASED);
    let fsck = cli::run(&["fsck", "--config", config.to_str().unwrap()]);
    assert_eq!(fsck.code, 0, "{fsck:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_is_killed_on_a_full_disk_starts_on_it_and_goes_on() {
    let Some(disk) = Disk::mount(96) else { return };
    let around = tempfile::tempdir().unwrap();
    let config = settings(around.path(), &disk);
    let args = ["run", "--config", config.to_str().unwrap()];
    let mut daemon = Daemon::start(&args);
    let address = daemon.address();
    let named = r#"resonanz_mentions_total{source="flut"}"#;
    until("mentions", || async {
        metric(address, named).await >= 300.0
    })
    .await;
    disk.fill();
    daemon.wait_for("nearly full");
    daemon.wait_for("ballast is given up");
    daemon.signal("KILL");
    drop(daemon);

    let mut daemon = Daemon::start(&args);
    let address = daemon.address();
    assert_eq!(metric(address, "resonanz_disk_low").await, 1.0);
    let found = get(address, "/api/search?q=Neuwort").await.json();
    assert!(found["total"].as_u64().unwrap() > 0, "{found}");
    disk.make_room();
    daemon.wait_for("There is room");
    until("everything", || async {
        get(address, "/api/search?q=Neuwort").await.json()["total"] == ITEMS
    })
    .await;
    let said = daemon
        .seen
        .iter()
        .filter(|line| line.contains("nearly full"))
        .count();
    assert_eq!(said, 1, "once: {:?}", daemon.seen);
    daemon.signal("TERM");
    assert_eq!(daemon.end(), Some(0), "{:?}", daemon.seen);
    let fsck = cli::run(&["fsck", "--config", config.to_str().unwrap()]);
    assert_eq!(fsck.code, 0, "{fsck:?}");
    assert!(fsck.out.contains(&format!("{ITEMS} mentions")), "{fsck:?}");
}
