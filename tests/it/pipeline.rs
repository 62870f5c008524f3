//! The pipeline by itself: an item that breaks a step down costs itself, and nothing behind it.

use jiff::Timestamp;
use resonanz::classify::Classifier;
use resonanz::clock::Clock;
use resonanz::collect::source::Event;
use resonanz::collect::supervise::{Delivery, Outcome};
use resonanz::config;
use resonanz::desk::Desk;
use resonanz::index::Arrivals;
use resonanz::matching::{Matcher, StoredQuery};
use resonanz::metrics::{Metrics, Series};
use resonanz::model::{Change, Cursor, Item, Kind, Labels, Mention, Target};
use resonanz::pipeline::{Door, Pipeline, Watches};
use resonanz::privacy::{Keys, Voices};
use resonanz::query::Query;
use resonanz::relate::{Known, Stories};
use resonanz::store::Store;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, watch};

pub const SOURCE: &str = "quelle";

/// A model with a fault of its own.
struct Brittle;

impl Classifier for Brittle {
    fn model(&self) -> &str {
        "brittle"
    }

    fn classify(&self, mention: &Mention, _: &[&Target]) -> Labels {
        assert!(!mention.text.contains("Porzellan"), "broken");
        Labels::default()
    }
}

fn now() -> Timestamp {
    "2026-11-20T06:00:00Z".parse().unwrap()
}

/// A pipeline that begins with this store, so labelled; `config` is the house's.
pub fn of(
    store: Store,
    watches: Watches,
    classifier: Arc<dyn Classifier>,
    config: config::Config,
    now: Timestamp,
) -> Pipeline {
    let series = Series {
        sources: vec![SOURCE.into()],
        ..Series::default()
    };
    Pipeline {
        claims: store.claims_watch(),
        store,
        watches: watch::channel(Arc::new(watches)).1,
        classifier: watch::channel(classifier).1,
        desk: Desk::new(&config.desk),
        keys: Keys::from_secret([1; 32]),
        voices: Arc::new(Voices::new(&[], today())),
        door: Door {
            retention: config.retention.clone(),
            agreed: None,
        },
        config: config.pipeline,
        stories: Stories::new(&config.relate, 1),
        known: Known::new(&config.relate),
        metrics: Metrics::new(&series).unwrap(),
        clock: Clock::simulated(now),
        arrivals: Arrivals::default(),
        written: Box::new(|| {}),
        finished: watch::channel(0).0,
    }
}

/// The store and the settings of a new house.
pub async fn new_house(dir: &Path) -> (Store, config::Config) {
    let store = Store::open(&dir.join("store.sqlite")).await.unwrap();
    let config = config::load(None, HashMap::new(), today()).unwrap();
    (store, config)
}

fn today() -> jiff::civil::Date {
    "2026-11-20".parse().unwrap()
}

async fn pipeline(dir: &Path) -> Pipeline {
    let (store, config) = new_house(dir).await;
    let queries = vec![StoredQuery {
        watch: "grenze".into(),
        target: "ziel".into(),
        query: Query::parse("Grenze").unwrap(),
    }];
    let watches = Watches {
        matcher: Matcher::new(queries),
        targets: Vec::new(),
    };
    of(store, watches, Arc::new(Brittle), config, now())
}

fn delivery(number: u32, text: &str) -> Delivery {
    let mut item = Item::new("netz", number.to_string(), Kind::Post);
    item.text = text.to_owned();
    Delivery {
        source: SOURCE.to_owned(),
        outcome: Outcome::Event(Event::Change(Change::Upsert(Box::new(item)))),
        cursor: Some(Cursor(number.to_string())),
        collected: now(),
        received: Instant::now(),
        backfill: false,
        relayed: false,
        official: false,
    }
}

#[tokio::test]
async fn an_item_that_breaks_a_step_down_costs_itself_only() {
    let dir = tempfile::tempdir().unwrap();
    let pipeline = pipeline(dir.path()).await;
    let (store, metrics) = (pipeline.store.clone(), pipeline.metrics.clone());
    let (out, deliveries) = mpsc::channel(8);
    for (number, text) in [
        (1, "Die Grenze ist zu"),
        (2, "Porzellan an der Grenze"),
        (3, "Die Grenze ist auf"),
    ] {
        out.send(delivery(number, text)).await.unwrap();
    }
    drop(out);
    pipeline.run(deliveries).await;
    assert_eq!(store.count().await.unwrap(), 2);
    assert_eq!(
        store.cursor(SOURCE).await.unwrap(),
        Some(Cursor("3".into()))
    );
    let labels = [SOURCE, "malformed"];
    let rejected = metrics.source_rejected.with_label_values(&labels).get();
    assert_eq!(rejected, 1);
}
