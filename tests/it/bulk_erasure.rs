//! Erasure of many at one time, by the command line: shown first, whole also after a crash, proven
//! by a receipt, and gone from every file.

use super::archive::{Archive, demo, resonanz, succeeds};
use super::house_erasure::{mailed, phrase};
use super::sweep::assert_absent;
use jiff::SignedDuration;
use resonanz::clock::Clock;
use resonanz::store::Store;
use serde_json::Value;
use sqlx::SqlitePool;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;

/// Stands in every second post, and nowhere else.
const CANARY: &str = "Kamelkarawanserei";

/// A data directory with so many posts, and the file that they came from.
struct Filled {
    dir: TempDir,
    import: PathBuf,
}

impl Filled {
    fn with(posts: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let import = dir.path().join("import.ndjson");
        let lines: String = (0..posts).map(line).collect();
        std::fs::write(&import, lines).unwrap();
        let filled = Self { dir, import };
        filled.replay();
        filled
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn replay(&self) {
        let import = self.import.to_str().unwrap();
        succeeds(&["replay", import, "--dir", self.data().to_str().unwrap()]);
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn erase(&self, what: &[&str]) -> String {
        erase(&self.data(), what)
    }

    /// How many mentions there are, and how many hold the canary.
    async fn counts(&self) -> (usize, usize) {
        let archive = Archive::read(&self.data()).await;
        let mentions = archive.mentions.values();
        let holds = mentions.filter(|mention| mention.text.contains(CANARY));
        (archive.mentions.len(), holds.count())
    }
}

fn line(number: u32) -> String {
    let word = match number % 2 {
        0 => CANARY,
        _ => "Ministerium",
    };
    // Each a minute older than the one before.
    let published = Clock::system().now() - SignedDuration::from_mins(i64::from(number) + 60);
    format!(
        "{{\"source\":\"bluesky\",\"id\":\"at://x/{number}\",\"kind\":\"post\",\
         \"published\":\"{published}\",\"text\":\"Grenzkontrollen und {word}, Nummer {number}\",\
         \"author\":{{\"id\":\"did:plc:{number}\"}}}}\n"
    )
}

fn arguments<'a>(data: &'a str, what: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["--reason", "Art. 17 DSGVO, Az. 12/26", "--dir", data];
    [&["erase"], what, &fixed].concat()
}

fn erase(data: &Path, what: &[&str]) -> String {
    succeeds(&arguments(data.to_str().unwrap(), what))
}

/// How it ends and what it says where it does not succeed.
fn refused(data: &Path, what: &[&str]) -> (Option<i32>, String) {
    let output = resonanz(&arguments(data.to_str().unwrap(), what))
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), told)
}

fn receipt(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub async fn audit(data: &Path) -> Vec<(String, String)> {
    let store = format!("sqlite://{}?mode=ro", data.join("store.sqlite").display());
    let pool = SqlitePool::connect(&store).await.unwrap();
    let rows = sqlx::query_as("SELECT action, detail FROM audit ORDER BY id");
    let rows = rows.fetch_all(&pool).await.unwrap();
    pool.close().await;
    rows
}

#[tokio::test]
async fn a_search_is_shown_first_and_erased_with_a_receipt() {
    let filled = Filled::with(40);
    let shown = filled.erase(&["--query", CANARY]);
    assert!(shown.contains("20 mentions would be erased, of which 3 stand here"));
    assert_eq!(shown.matches(CANARY).count(), 3, "{shown}");
    assert_eq!(filled.counts().await, (40, 20), "nothing was erased");
    assert!(audit(&filled.data()).await.is_empty());

    let path = filled.file("receipt.json", "");
    let told = filled.erase(&["--query", CANARY, "--yes", "--receipt", &path]);
    assert!(told.contains("Erased 20 mentions"), "{told}");
    let json = receipt(&path);
    assert_eq!(
        (&json["act"], &json["mentions"]),
        (&"erase".into(), &20.into())
    );
    assert_eq!(json["tombstones"], 20);
    assert!(json["partitions_rewritten"].as_u64() >= Some(1), "{json}");
    let purged: jiff::Timestamp = json["purged"].as_str().unwrap().parse().unwrap();
    assert!(told.contains(&purged.to_string()), "{told}");
    let log = audit(&filled.data()).await;
    assert_eq!(log[0], ("erase".into(), "Art. 17 DSGVO, Az. 12/26".into()));
    assert_eq!(log[1].0, "receipt");
    assert_eq!(serde_json::from_str::<Value>(&log[1].1).unwrap(), json);

    assert_absent(&filled.data(), CANARY);
    assert_eq!(filled.counts().await, (20, 0));
    filled.replay();
    assert_eq!(
        filled.counts().await,
        (20, 0),
        "delivered again, it stays away"
    );
    assert_absent(&filled.data(), CANARY);
    let again = filled.erase(&["--query", CANARY, "--yes"]);
    assert!(again.contains("Erased 0 mentions"), "{again}");
}

#[tokio::test]
async fn a_search_is_bounded_by_time_and_watch() {
    let filled = Filled::with(60);
    // The youngest is an hour old, the oldest two.
    filled.erase(&["--query", CANARY, "--until", "90m", "--yes"]);
    assert_eq!(filled.counts().await, (45, 15));
    filled.erase(&["--query", CANARY, "--watch", "no-such-watch", "--yes"]);
    assert_eq!(filled.counts().await, (45, 15));
    filled.erase(&["--query", "", "--since", "90m", "--yes"]);
    assert_eq!(filled.counts().await, (15, 0));
}

#[tokio::test]
async fn a_list_takes_what_is_here_and_keeps_away_what_is_not() {
    let filled = Filled::with(10);
    let list = "bluesky at://x/0\n\nbluesky  at://x/1\r\nbluesky at://x/11\n";
    let list = filled.file("ids.txt", list);
    let shown = filled.erase(&["--list", &list]);
    assert!(shown.starts_with("2 of 3 items are here"), "{shown}");
    assert_eq!(filled.counts().await, (10, 5));
    let path = filled.file("receipt.json", "");
    filled.erase(&["--list", &list, "--yes", "--receipt", &path]);
    let json = receipt(&path);
    assert_eq!(
        (&json["mentions"], &json["tombstones"]),
        (&2.into(), &3.into())
    );
    assert_eq!(filled.counts().await, (8, 4));
    let later: String = [0, 1, 11, 12].map(line).concat();
    std::fs::write(&filled.import, later).unwrap();
    filled.replay();
    assert_eq!(filled.counts().await, (9, 5), "only the twelfth is new");
}

#[tokio::test]
async fn mails_and_single_erasures_are_in_the_receipt_too() {
    let dir = tempfile::tempdir().unwrap();
    succeeds(&demo(dir.path()));
    let before = Archive::read(dir.path()).await;
    let found = mailed(&before);
    let words = found.each_ref().map(|(_, item)| phrase(item));
    let path = dir.path().join("receipt.json");
    let path = path.to_str().unwrap();
    let number = |i: usize| {
        let (_, item) = &found[i];
        before.mention(&item.platform, &item.id).unwrap().id
    };
    let first = number(0).to_string();
    let told = erase(dir.path(), &["--mention", &first, "--receipt", path]);
    assert!(told.contains("1 mention from"), "{told}");
    let json = receipt(path);
    assert_eq!(
        (&json["mentions"], &json["tombstones"]),
        (&1.into(), &1.into())
    );
    assert!(json["mails_redacted"].as_u64() >= Some(1), "{json}");
    let list: Vec<String> = found[1..]
        .iter()
        .map(|(_, item)| format!("{} {}", item.platform, item.id))
        .collect();
    let ids = dir.path().join("ids.txt");
    std::fs::write(&ids, list.join("\n")).unwrap();
    erase(
        dir.path(),
        &["--list", ids.to_str().unwrap(), "--yes", "--receipt", path],
    );
    let json = receipt(path);
    assert_eq!(json["mentions"], 2);
    assert!(json["mails_redacted"].as_u64() >= Some(1), "{json}");
    std::fs::remove_file(&ids).unwrap();
    for word in &words {
        assert_absent(dir.path(), word);
    }
    for (_, detail) in audit(dir.path()).await {
        assert!(!found.iter().any(|(_, item)| detail.contains(&item.id)));
    }
}

#[test]
fn what_cannot_be_followed_is_told_before_anything_is_touched() {
    let filled = Filled::with(2);
    let list = filled.file("ids.txt", "bluesky at://x/0\nat://x/1\n\nbluesky\n");
    let nowhere = filled.dir.path().join("no/such/receipt.json");
    let nowhere = nowhere.to_str().unwrap();
    for (what, code, part) in [
        (vec!["--query", "Kamel AND (", "--yes"], 2, "^"),
        (vec!["--query", " ", "--yes"], 2, "finds everything"),
        (vec!["--list", &list, "--yes"], 2, "in lines 2, 4"),
        (vec!["--list", "/no/such/list", "--yes"], 1, "/no/such/list"),
        (
            vec!["--item", "x", "--platform", "y", "--since", "1d"],
            2,
            "--since",
        ),
        (
            vec!["--query", "x", "--yes", "--receipt", nowhere],
            1,
            "the receipt",
        ),
    ] {
        let (ended, told) = refused(&filled.data(), &what);
        assert_eq!(ended, Some(code), "{what:?}: {told}");
        assert!(told.contains(part), "{what:?}: {told}");
    }
}

/// Killed between two transactions, twice; the same order goes on.
#[tokio::test]
async fn an_erasure_that_was_killed_goes_on() {
    let filled = Filled::with(3_000);
    let data = filled.data();
    let order = arguments(data.to_str().unwrap(), &["--query", CANARY, "--yes"]);
    let store = Store::open(&data.join("store.sqlite")).await.unwrap();
    for _ in 0..2 {
        let before = store.count().await.unwrap();
        let mut child = resonanz(&order).stdout(Stdio::null()).spawn().unwrap();
        // After the first transaction, or one more.
        while store.count().await.unwrap() == before && child.try_wait().unwrap().is_none() {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        println!("killed with {} left", store.count().await.unwrap());
    }
    store.close().await;
    succeeds(&order);
    assert_eq!(filled.counts().await, (1_500, 0));
    let log = audit(&data).await;
    assert!(log.iter().any(|(action, _)| action == "receipt"));
    assert_absent(&data, CANARY);
    let sound = succeeds(&["fsck", "--dir", data.to_str().unwrap()]);
    assert!(sound.contains("1500 mentions: store and index are sound"));
}
