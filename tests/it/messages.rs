//! Messages to the house: kept and put on the desk, read on the page of their case and nowhere else.

use super::peer_bluesky::count;
use super::sweep;
use jiff::{Timestamp, ToSpan};
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::clock::Clock;
use resonanz::collect::replay::{Replay, ReplayConfig, ReplayPace};
use resonanz::config::{self, Config};
use resonanz::model::{Item, Kind, RawAuthor};
use resonanz::store::Store;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Words that must be found on one page only.
const WORDS: &str = "Bundesinnenministerium Vossibärenfrage: wann ist die Pressestelle besetzt?";

fn now() -> Timestamp {
    Clock::system().now()
}

fn letter(id: &str, from: &str, text: &str, hours_ago: i64) -> Item {
    let mut item = Item::new("mastodon", format!("message:{id}"), Kind::Message);
    item.text = text.into();
    item.published = Some(now() - hours_ago.hours());
    item.author = Some(RawAuthor {
        id: format!("https://instance.example/@{from}"),
        handle: Some(format!("{from}@instance.example")),
        name: None,
    });
    item.aliases = vec![id.to_owned()];
    item
}

fn settings(dir: &Path) -> Config {
    let today = jiff::Zoned::now().date();
    let mut config = config::load(None, HashMap::new(), today).unwrap();
    config.dir = dir.to_owned();
    config.serve.listen = "127.0.0.1:0".parse().unwrap();
    config.desk.recipients = vec!["dienst@localhost".into()];
    config
}

/// A house that reads these lines, then stays open.
async fn house(dir: &Path, lines: &[String], backfill: bool) -> Running {
    let file = dir.join("lines.ndjson");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let replay = ReplayConfig {
        path: file.clone(),
        pace: ReplayPace::AsFastAsPossible,
        backfill,
    };
    let data = dir.join("data");
    let config = settings(&data);
    let house = House::open(&config).await.unwrap();
    let options = Options {
        sources: vec![Box::new(Replay::new("briefkasten", &replay).unwrap())],
        serve: true,
        mail: true,
        ..Options::offline()
    };
    let app = App::build(house, config, options).unwrap();
    let mut running = app.start(CancellationToken::new()).await.unwrap();
    running.sources_done().await;
    running.caught_up().await.unwrap();
    std::fs::remove_file(file).unwrap();
    running
}

async fn page(running: &Running, path: &str) -> String {
    let address = running.address().unwrap();
    let host = format!("localhost:{}", address.port());
    super::http::ask(address, "GET", path, &[("host", host.as_str())], "")
        .await
        .body
}

fn line(item: &Item) -> String {
    serde_json::to_string(item).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_opens_a_case_and_is_read_on_its_page_only() {
    let dir = tempfile::tempdir().unwrap();
    // Old when it was collected: it waits for an answer all the same.
    let lines = [line(&letter("1", "erika", WORDS, 60))];
    let running = house(dir.path(), &lines, false).await;

    assert_eq!(running.store().count().await.unwrap(), 1);
    assert_eq!(count(&running, "Bundesinnenministerium").await, 0);
    assert_eq!(count(&running, "type:message").await, 0);
    let stored = running.store().mention(1).await.unwrap().unwrap();
    assert_eq!((stored.text.as_str(), stored.title.as_str()), ("", ""));
    assert!(stored.matches.is_empty() && stored.labels.stances.is_empty());

    let case = page(&running, "/cases/1").await;
    assert!(case.contains("Vossibärenfrage"), "{case}");
    assert!(case.contains("Nachricht an uns"), "{case}");
    for other in [
        "/cases",
        "/mentions/1",
        "/",
        "/api/mentions/1",
        "/api/cases",
        "/api/search",
    ] {
        let other_page = page(&running, other).await;
        assert!(!other_page.contains("ossib"), "{other}: {other_page}");
    }
    let audit = super::bulk_erasure::audit(&dir.path().join("data")).await;
    assert_eq!(
        audit,
        [(
            "open".to_owned(),
            "case 1: the words of 1 messages".to_owned()
        )]
    );

    running
        .finish(Duration::from_secs(20), Ending::CaughtUp)
        .await
        .unwrap();
    sweep::assert_absent(dir.path(), "Vossibärenfrage");
    sweep::assert_absent(dir.path(), "erika@instance");
    let mails = sweep::files(&dir.path().join("data/mail"));
    let mails = mails
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "eml"));
    let mails: Vec<String> = mails
        .map(|path| super::desk::decode(&std::fs::read(path).unwrap()))
        .collect();
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].contains("Wortlaut steht nur auf der Seite des Falls"),
        "{}",
        mails[0]
    );
    assert!(mails[0].contains("/cases/1"), "{}", mails[0]);
    assert!(
        mails[0].contains("Schwelle: jede Nachricht"),
        "{}",
        mails[0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_sender_writes_on_joins_the_case_and_another_sender_opens_one() {
    let dir = tempfile::tempdir().unwrap();
    let lines = [
        line(&letter("1", "erika", "eins", 2)),
        line(&letter("2", "erika", "zwei", 1)),
        line(&letter("3", "otto", "drei", 1)),
    ];
    let running = house(dir.path(), &lines, false).await;
    let cases = running.store().cases(9).await.unwrap();
    let told: Vec<_> = cases
        .iter()
        .map(|case| (case.rule.as_str(), case.mentions))
        .collect();
    assert_eq!(told, [("message", 1), ("message", 2)]);
    running
        .finish(Duration::from_secs(20), Ending::Soon)
        .await
        .unwrap();

    // Taken back by the name that its platform has for it.
    let gone = r#"{"delete": {"source": "mastodon", "id": "1"}}"#.to_owned();
    let running = house(dir.path(), &[gone], false).await;
    assert_eq!(running.store().count().await.unwrap(), 2);
    running
        .finish(Duration::from_secs(20), Ending::Soon)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_senders_pages_nobody_for_ever_and_an_import_nobody_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let letters = |from: usize| {
        (0..30).map(move |n| {
            line(&letter(
                &format!("{n}"),
                &format!("konto{}", n + from),
                "x",
                1,
            ))
        })
    };
    let imported: Vec<String> = letters(100).collect();
    let running = house(&dir.path().join("."), &imported, true).await;
    assert_eq!(running.store().cases(99).await.unwrap().len(), 0);
    running
        .finish(Duration::from_secs(20), Ending::Soon)
        .await
        .unwrap();

    let dir = tempfile::tempdir().unwrap();
    let running = house(dir.path(), &letters(0).collect::<Vec<_>>(), false).await;
    let cases = running.store().cases(99).await.unwrap();
    assert_eq!(cases.len(), 20);
    assert_eq!(cases.iter().map(|case| case.mentions).sum::<i64>(), 30);
    running
        .finish(Duration::from_secs(20), Ending::Soon)
        .await
        .unwrap();
    let store = Store::open(&House::store_path(&dir.path().join("data")))
        .await
        .unwrap();
    assert_eq!(store.faults().await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_and_the_next_mention_are_no_story() {
    let dir = tempfile::tempdir().unwrap();
    let mut post = letter("2", "max", "Das Bundesinnenministerium antwortet nie", 1);
    (post.id, post.kind) = ("2".to_owned(), Kind::Post);
    let lines = [line(&letter("1", "erika", WORDS, 1)), line(&post)];
    let running = house(dir.path(), &lines, false).await;
    let stored = running.store().mentions(&[1, 2]).await.unwrap();
    assert_eq!(stored.len(), 2);
    assert_ne!(stored[0].story, stored[1].story);
    let ending = running.finish(Duration::from_secs(20), Ending::CaughtUp);
    ending.await.unwrap();
}
