//! What is too old does not come in, unless the clock is in doubt; what is here follows its edits.

use super::*;
use crate::house::edited;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use resonanz::app::{App, Ending, House as DataDir, Options, Running};
use resonanz::clock::Clock;
use resonanz::collect::source::*;
use resonanz::config::{self, Config};
use resonanz::model::{Change, Cursor, Item, Kind, RawAuthor};
use resonanz::store::Put;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::mpsc;

/// Hands over what a test sends.
struct Handed(Mutex<Option<mpsc::Receiver<Item>>>);

impl Source for Handed {
    fn name(&self) -> &str {
        "handed"
    }

    fn pace(&self) -> Pace {
        Pace::Once
    }

    fn open(&self, _: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let mut items = self.0.lock().unwrap().take().unwrap();
        Box::pin(async_stream::stream! {
            while let Some(item) = items.recv().await {
                yield Ok(Collected::now(Event::Change(Change::Upsert(Box::new(item))), None));
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        Box::pin(async { Standing::Works })
    }
}

/// The built-in watches, on the day of the tests.
pub fn settings(dir: &Path) -> Config {
    let today = now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let variables = [("RESONANZ__SERVE__LISTEN", "127.0.0.1:0")];
    let own = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut config = config::load(None, HashMap::from(own), today).unwrap();
    config.dir = dir.to_owned();
    config
}

/// A house with retention that hears what the test hands over.
async fn start(dir: &Path, clock: &Clock) -> (Running, mpsc::Sender<Item>) {
    let config = settings(dir);
    let house = DataDir::open(&config).await.unwrap();
    let (hand, items) = mpsc::channel(8);
    let options = Options {
        sources: vec![Box::new(Handed(Mutex::new(Some(items))))],
        serve: true,
        retention: true,
        clock: clock.clone(),
        ..Options::offline()
    };
    let app = App::build(house, config, options).unwrap();
    (app.start(CancellationToken::new()).await.unwrap(), hand)
}

fn post(id: &str, published: Timestamp) -> Item {
    let mut item = Item::new("bluesky", id, Kind::Post);
    item.text = format!("Die Grenzkontrollen, Fassung {id}");
    item.published = Some(published);
    item.author = Some(RawAuthor {
        id: "did:plc:a".to_owned(),
        handle: None,
        name: None,
    });
    item
}

/// Hands everything over and waits until it is written. Returns how many were refused.
async fn hear(running: &mut Running, hand: mpsc::Sender<Item>, items: Vec<Item>) -> u64 {
    for item in items {
        hand.send(item).await.unwrap();
    }
    drop(hand);
    running.sources_done().await;
    running.caught_up().await.unwrap();
    let refused = &running.metrics().too_old;
    refused.with_label_values(&["handed"]).get()
}

async fn finish(running: Running) {
    running
        .finish(Duration::from_secs(60), Ending::Soon)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_old_does_not_come_in() {
    let dir = tempfile::tempdir().unwrap();
    let (mut running, hand) = start(dir.path(), &Clock::simulated(now())).await;
    let items = vec![
        post("alt", now() - days(366)),
        post("jung", now() - days(364)),
    ];
    assert_eq!(hear(&mut running, hand, items).await, 1);
    let left = all(running.store()).await;
    let said: Vec<&str> = left.iter().map(|mention| mention.text.as_str()).collect();
    assert_eq!(said, ["Die Grenzkontrollen, Fassung jung"]);
    finish(running).await;
}

/// To a clock that jumped ahead, all the world looks old.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_in_doubt_refuses_and_deletes_nothing_and_readyz_warns() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::simulated(now());
    let (mut running, hand) = start(dir.path(), &clock).await;
    let store = running.store().clone();
    crate::house::soon("the first run", async {
        while store.last_agreed().await.unwrap() != Some(now()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    let newest = now() + days(100);
    clock.advance_to(newest);
    let refused = hear(&mut running, hand, vec![post("neu", now() - days(300))]).await;
    assert_eq!((refused, all(running.store()).await.len()), (0, 1));
    finish(running).await;

    let (running, _hand) = start(dir.path(), &clock).await;
    let address = running.address().unwrap();
    let ready = || async move {
        let host = [("host", "127.0.0.1")];
        crate::http::ask(address, "GET", "/readyz", &host, "").await
    };
    let answer = ready().await;
    let checks = answer.json()["checks"].clone();
    let retention = checks.as_array().unwrap().last().unwrap().clone();
    assert_eq!(answer.status, 200, "the house does its work");
    assert_eq!(retention["name"], "retention");
    assert_eq!(retention["warning"], true, "{answer:?}");
    let detail = retention["detail"].as_str().unwrap();
    assert!(detail.contains("--confirm-clock"), "{detail}");
    assert_eq!(all(running.store()).await.len(), 1);
    running.store().agree_on(newest).await.unwrap();
    assert!(!ready().await.body.contains("\"warning\":true"));
    finish(running).await;
}

#[tokio::test]
async fn what_is_still_here_takes_an_edit_however_old_it_is() {
    let house = House::new().await;
    let old = private(aged(hit(1, "erste Worte"), days(400)));
    house.put(std::slice::from_ref(&old)).await;
    let newer = edited(old, "2026-11-22T00:00:00Z", "letzte Worte");
    let mut tx = house.store.begin().await.unwrap();
    let known = tx.put_old(&newer).await.unwrap();
    assert!(matches!(known, Put::Updated { .. }), "{known:?}");
    let stranger = private(aged(hit(2, "nie da gewesen"), days(400)));
    assert_eq!(tx.put_old(&stranger).await.unwrap(), Put::TooOld);
    tx.commit().await.unwrap();
    assert_eq!(texts(&house.store).await, ["letzte Worte"]);
}
