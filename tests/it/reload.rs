//! The watches are read anew while posts flow: every post is tested against the old ones or the new
//! ones, none against none, and every part of the house knows the new ones.

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::ToSpan;
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::clock::Clock;
use resonanz::collect::source::*;
use resonanz::config::{self, Config};
use resonanz::model::{Change, Cursor, Item, Kind};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const POSTS: u64 = 4_000;

/// Posts that the test hands over, one by one; it ends with the test's end of the channel.
struct Handed(Mutex<Option<mpsc::Receiver<u64>>>);

impl Source for Handed {
    fn name(&self) -> &str {
        "handed"
    }

    fn pace(&self) -> Pace {
        Pace::Once
    }

    fn open(&self, _: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let mut posts = self.0.lock().unwrap().take().unwrap();
        Box::pin(async_stream::stream! {
            while let Some(number) = posts.recv().await {
                let mut item = Item::new("handed", number.to_string(), Kind::Post);
                item.text = format!("Altwort und Neuwort, Nummer {number}");
                yield Ok(Collected::now(Event::Change(Change::Upsert(Box::new(item))), None));
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        Box::pin(async { Standing::Works })
    }
}

fn berlin() -> jiff::Zoned {
    Clock::system().now().in_tz("Europe/Berlin").unwrap()
}

/// Settings whose only watch has this name and query.
fn settings(dir: &Path, watch: &str, query: &str) -> Config {
    let today = berlin().date();
    let expires = today.tomorrow().unwrap();
    let register = format!(
        "[[target]]\nname = 'ziel'\nlabel = 'Ziel'\naliases = ['Ziel']\n\
         [[watch]]\nname = '{watch}'\nlabel = 'Name von {watch}'\nquery = '{query}'\n\
         target = 'ziel'\npurpose = 'p'\nlegal_basis = 'l'\nowner = 'o'\napprover = 'a'\n\
         expires = '{expires}'\n"
    );
    std::fs::write(dir.join("watches.toml"), register).unwrap();
    let house = dir.join("house.toml");
    std::fs::write(
        &house,
        "[house]\nwatch_files = ['watches.toml']\n[serve]\nlisten = '127.0.0.1:0'\n",
    )
    .unwrap();
    let mut config = config::load(Some(&house), HashMap::new(), today).unwrap();
    config.dir = dir.join("data");
    config
}

/// A house that hears what the test hands over.
async fn start(config: Config, clock: Clock) -> (Running, mpsc::Sender<u64>) {
    let house = House::open(&config).await.unwrap();
    let (hand, posts) = mpsc::channel(64);
    let options = Options {
        sources: vec![Box::new(Handed(Mutex::new(Some(posts))))],
        serve: true,
        clock,
        ..Options::offline()
    };
    let app = App::build(house, config, options).unwrap();
    (app.start(CancellationToken::new()).await.unwrap(), hand)
}

async fn matches(running: &Running) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let ids: Vec<i64> = (1..=POSTS as i64).collect();
    for mention in running.store().mentions(&ids).await.unwrap() {
        let watches: Vec<&str> = mention.matches.iter().map(|m| m.watch.as_str()).collect();
        *counts.entry(watches.join(",")).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn no_post_is_lost_between_two_registers() {
    let dir = tempfile::tempdir().unwrap();
    let config = settings(dir.path(), "alt", "Altwort");
    let (mut running, hand) = start(config, Clock::system()).await;
    for number in 0..POSTS / 2 {
        hand.send(number).await.unwrap();
    }
    let feeding = tokio::spawn(async move {
        for number in POSTS / 2..POSTS {
            hand.send(number).await.unwrap();
        }
    });
    let register = settings(dir.path(), "neu", "Neuwort").register;
    running.reload(register).await.unwrap();
    feeding.await.unwrap();
    running.sources_done().await;
    running.caught_up().await.unwrap();
    let counts = matches(&running).await;
    assert_eq!(counts.values().sum::<usize>(), POSTS as usize, "{counts:?}");
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["alt", "neu"]);

    let address = running.address().unwrap();
    let host = [("host", "127.0.0.1")];
    let page = crate::http::ask(address, "GET", "/", &host, "").await;
    assert!(page.body.contains("Name von neu"), "{}", page.body);
    let metrics = crate::http::ask(address, "GET", "/metrics", &host, "").await;
    let zero = "resonanz_watch_matches_total{watch=\"neu\"}";
    assert!(metrics.body.contains(zero), "{}", metrics.body);
    let before = running.store().version_before("neu", "").await.unwrap();
    assert_eq!(before.unwrap().query, "Neuwort");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_collects_nothing_from_the_day_after_its_last() {
    let dir = tempfile::tempdir().unwrap();
    for (days, expected) in [(1_u64, 1), (2, 0)] {
        let config = settings(dir.path(), "alt", "Altwort");
        let later = (berlin() + i64::try_from(days).unwrap().days()).timestamp();
        let (mut running, hand) = start(config, Clock::simulated(later)).await;
        hand.send(days).await.unwrap();
        drop(hand);
        running.sources_done().await;
        running.caught_up().await.unwrap();
        let counts = matches(&running).await;
        assert_eq!(
            counts.values().sum::<usize>(),
            expected,
            "{days}: {counts:?}"
        );
        running
            .finish(Duration::from_secs(60), Ending::CaughtUp)
            .await
            .unwrap();
        std::fs::remove_dir_all(dir.path().join("data")).unwrap();
    }
}
