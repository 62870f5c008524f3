//! `retention`: shows, asks for the clock, removes, and proves it.

use super::*;
use crate::retention::days;
use crate::sweep::assert_absent;
use jiff::{SignedDuration, Timestamp};
use resonanz::app::{App, House, Options};
use resonanz::clock::Clock;
use resonanz::collect::replay::Replay;
use resonanz::config;
use resonanz::store::Store;
use std::collections::HashMap;

const CANARY: &str = "Kamelkarawanserei";

/// Two posts and an article, all a bit more than a year old.
fn lines(now: Timestamp) -> String {
    let line = |id: &str, kind: &str, rest: &str| {
        let published = now - days(400);
        format!(
            "{{\"source\":\"bluesky\",\"id\":\"{id}\",\"kind\":\"{kind}\",\
             \"published\":\"{published}\",{rest}}}\n"
        )
    };
    let post =
        format!("\"text\":\"Grenzkontrollen, {CANARY}\",\"author\":{{\"id\":\"did:plc:a\"}}");
    let article = "\"text\":\"Grenzkontrollen\",\"site\":\"zeitung.example\",\
                   \"url\":\"https://zeitung.example/1\"";
    [
        line("at://x/1", "post", &post),
        line("at://x/2", "post", &post),
        line("https://zeitung.example/1", "article", article),
    ]
    .concat()
}

/// An archive whose house heard this more than a year ago, and was at work until lately.
async fn archive(dir: &TempDir, last_agreed: Timestamp) -> (String, String) {
    let now = Clock::system().now();
    let import = written(dir, "import.ndjson", &lines(now));
    let berlin = now.in_tz("Europe/Berlin").unwrap().date();
    let mut config = config::load(None, HashMap::new(), berlin).unwrap();
    config.dir = dir.path().join("data");
    let data = config.dir.to_str().unwrap().to_owned();
    let house = House::open(&config).await.unwrap();
    house.store.agree_on(last_agreed).await.unwrap();
    let options = Options {
        sources: vec![Box::new(
            Replay::import("import", Path::new(&import)).unwrap(),
        )],
        clock: Clock::simulated(now - days(399)),
        ..Options::offline()
    };
    let app = App::build(house, config, options).unwrap();
    app.run_until_done().await.unwrap();
    (data, import)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_removes_with_a_receipt_and_lets_nothing_back_in() {
    let dir = tempfile::tempdir().unwrap();
    let now = Clock::system().now();
    let (data, import) = archive(&dir, now - SignedDuration::from_hours(2)).await;
    let shown = run(&["retention", "--dir", &data]);
    assert_eq!((shown.code, shown.err.as_str()), (0, ""), "{shown:?}");
    let row = |source: &str, class: &str| {
        let mut rows = shown.out.lines().map(|row| row.split_whitespace());
        let found = rows.find(|row| row.clone().take(2).eq([source, class]));
        found.map(|row| row.skip(2).collect::<Vec<_>>())
    };
    assert_eq!(
        row("bluesky", "private"),
        Some(vec!["365", "2"]),
        "{shown:?}"
    );
    assert_eq!(row("bluesky", "voice"), Some(vec!["1095", "0"]));
    assert_eq!(row("bundestag", "private"), Some(vec!["365", "0"]));
    assert!(shown.out.contains("2 mentions are older than they may be."));
    assert_eq!(hits(&data, "").len(), 3, "nothing was removed");

    let receipt = dir.path().join("receipt.json");
    let receipt = receipt.to_str().unwrap();
    let applied = run(&["retention", "--apply", "--receipt", receipt, "--dir", &data]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(applied.err, "bluesky, private: 2\n");
    assert!(
        applied.out.contains("mentions removed        2"),
        "{applied:?}"
    );
    let json: Value = serde_json::from_slice(&std::fs::read(receipt).unwrap()).unwrap();
    assert_eq!(
        (&json["act"], &json["mentions"]),
        (&"retention".into(), &2.into())
    );
    assert_eq!(json["tombstones"], 0);
    assert_absent(Path::new(&data), CANARY);
    assert_eq!(hits(&data, "").len(), 1);

    let again = run(&["replay", &import, "--dir", &data]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(
        again.out.contains("2 were older than [retention]"),
        "{again:?}"
    );
    assert_eq!(hits(&data, "").len(), 1);
    assert_absent(Path::new(&data), CANARY);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_week_switched_off_it_waits_for_one_confirmation() {
    let dir = tempfile::tempdir().unwrap();
    let now = Clock::system().now();
    let (data, _) = archive(&dir, now - days(7)).await;
    let shown = run(&["retention", "--dir", &data]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(
        shown.out.contains("Held: the clock is 168 h after"),
        "{shown:?}"
    );
    let held = run(&["retention", "--apply", "--dir", &data]);
    assert_eq!(held.code, 1, "{held:?}");
    assert!(held.err.contains("--confirm-clock"), "{held:?}");
    assert_eq!(hits(&data, "").len(), 3, "nothing was removed");

    let settings = format!("{SILENT}[serve]\nlisten = '127.0.0.1:0'\n");
    let config = written(&dir, "house.toml", &settings);
    let mut daemon = daemon::Daemon::start(&["run", "--config", &config, "--dir", &data]);
    daemon.address();
    let confirmed = run(&["retention", "--confirm-clock", "--dir", &data]);
    assert_eq!(confirmed.code, 0, "while the house runs: {confirmed:?}");
    daemon.signal("TERM");
    assert_eq!(daemon.end(), Some(0), "{:?}", daemon.seen);
    let log = daemon.seen.join("\n");
    assert!(log.contains("Retention removes nothing"), "{log}");

    // The house goes on by itself.
    let mut daemon = daemon::Daemon::start(&["run", "--config", &config, "--dir", &data]);
    let store = Store::open(&Path::new(&data).join("store.sqlite"))
        .await
        .unwrap();
    crate::house::soon("retention", async {
        while store.count().await.unwrap() > 1 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    store.close().await;
    daemon.signal("TERM");
    assert_eq!(daemon.end(), Some(0), "{:?}", daemon.seen);
}
