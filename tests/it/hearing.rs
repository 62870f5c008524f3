//! The hearing test over the store: what was learned outlives the house, and gaps are asked for by time.

use crate::http::ask;
use crate::serve_house::{House, source};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::{Timestamp, ToSpan};
use resonanz::app::hearing::Hearing;
use resonanz::app::{self, App, Ending, Options, Running};
use resonanz::clock::Clock;
use resonanz::collect::hearing::{HearingConfig, Verdict};
use resonanz::collect::source::*;
use resonanz::config;
use resonanz::metrics::{Metrics, Series};
use resonanz::model::Cursor;
use resonanz::serve::Config;
use resonanz::store::{GapRow, HabitHour, Store};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn monday() -> Timestamp {
    "2026-11-22T23:00:00Z".parse().unwrap()
}

/// A house's ears, with a clock that the test moves.
struct Ears {
    hearing: Hearing,
    metrics: Metrics,
    clock: Clock,
}

impl Ears {
    async fn open(store: &Store, start: Timestamp) -> Self {
        let series = Series {
            sources: vec!["quelle".into()],
            verdicts: Verdict::ALL.map(Verdict::as_str).to_vec(),
            ..Series::default()
        };
        let metrics = Metrics::new(&series).unwrap();
        let clock = Clock::simulated(start);
        let config = HearingConfig {
            silent_after_expected: 10.0,
            blind_below_percent: 20.0,
            gap_after_secs: 120,
        };
        let names = vec!["quelle".to_owned()];
        let hearing = Hearing::new(
            &config,
            names,
            store.clone(),
            metrics.clone(),
            clock.clone(),
        );
        Self {
            hearing: hearing.await.unwrap(),
            metrics,
            clock,
        }
    }

    /// So many minutes, with so many changes each.
    async fn minutes(&mut self, count: i64, up: bool, changes: u64) {
        let gauge = self.metrics.source_up.with_label_values(&["quelle"]);
        gauge.set(i64::from(up));
        for _ in 0..count {
            let counter = &self.metrics.source_events;
            counter
                .with_label_values(&["quelle", "change"])
                .inc_by(changes);
            self.hearing.tick().await.unwrap();
            self.clock.advance_to(self.clock.now() + 1.minute());
        }
    }

    fn verdict(&self) -> &'static str {
        let holds = |verdict: &Verdict| {
            let labels = ["quelle", verdict.as_str()];
            self.metrics.source_hearing.with_label_values(&labels).get() == 1
        };
        let held: Vec<_> = Verdict::ALL
            .iter()
            .filter(|verdict| holds(verdict))
            .collect();
        assert_eq!(held.len(), 1, "one verdict at a time: {held:?}");
        held[0].as_str()
    }
}

/// On 25 October 2026 there are two hours from two to three in Berlin.
#[tokio::test]
async fn the_hour_that_autumn_brings_twice_is_no_busy_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.db")).await.unwrap();
    let evening: Timestamp = "2026-10-24T22:30:00Z".parse().unwrap();
    let mut ears = Ears::open(&store, evening).await;
    ears.minutes(5 * 60, true, 1).await;
    let habit = store.habit("quelle").await.unwrap();
    let sunday_at_two = 6 * 24 + 2;
    let at_two = habit.iter().find(|known| known.hour == sunday_at_two);
    let per_hour = at_two.unwrap().per_hour;
    assert!((59.0..=61.0).contains(&per_hour), "{per_hour}");
}

#[tokio::test]
async fn what_was_learned_outlives_the_house() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.db")).await.unwrap();
    let mut ears = Ears::open(&store, monday()).await;
    ears.minutes(3 * 60, true, 1).await;
    assert_eq!(ears.verdict(), "learning");
    let habit = store.habit("quelle").await.unwrap();
    let hours: Vec<u32> = habit.iter().map(|known| known.hour).collect();
    assert_eq!(hours, [0, 1]);
    assert!(
        habit
            .iter()
            .all(|known| (59.0..=61.0).contains(&known.per_hour) && known.weeks == 1)
    );

    // Another house, a week later, with the same store.
    let mut ears = Ears::open(&store, monday() + (7 * 24).hours()).await;
    ears.minutes(5, true, 1).await;
    assert_eq!(ears.verdict(), "hears");
    ears.minutes(9, true, 0).await;
    assert_eq!(ears.verdict(), "hears");
    ears.minutes(2, true, 0).await;
    assert_eq!(ears.verdict(), "silent");
    ears.minutes(1, false, 0).await;
    assert_eq!(ears.verdict(), "deaf");
    let down_at = ears.clock.now() - 2.minutes();
    assert_eq!(store.heard_last("quelle").await.unwrap(), Some(down_at));
    assert_eq!(store.heard_last("other").await.unwrap(), None);
}

#[tokio::test]
async fn an_own_post_that_did_not_come_is_blindness_from_the_first_minute() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.db")).await.unwrap();
    let mut ears = Ears::open(&store, monday()).await;
    let canary = |ears: &Ears, outcome| {
        let counter = &ears.metrics.source_canaries;
        counter.with_label_values(&["quelle", outcome]).inc();
    };
    ears.minutes(1, true, 1).await;
    assert_eq!(ears.verdict(), "learning");
    canary(&ears, "missed");
    ears.minutes(2, true, 1).await;
    assert_eq!(ears.verdict(), "blind");
    canary(&ears, "seen");
    ears.minutes(1, true, 1).await;
    assert_eq!(ears.verdict(), "learning");
}

#[tokio::test]
async fn an_hour_is_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.db")).await.unwrap();
    let hour = |per_hour, weeks| HabitHour {
        hour: 5,
        per_hour,
        weeks,
    };
    store.learn_habit("quelle", hour(1.5, 1)).await.unwrap();
    store.learn_habit("quelle", hour(2.5, 2)).await.unwrap();
    assert_eq!(store.habit("quelle").await.unwrap(), [hour(2.5, 2)]);
}

#[tokio::test]
async fn gaps_are_found_by_the_time_that_they_touch() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.db")).await.unwrap();
    let at = |minutes: i64| monday() + minutes.minutes();
    let mut tx = store.begin().await.unwrap();
    tx.add_gap("a", at(10), at(20), "jump").await.unwrap();
    tx.add_gap("b", at(15), at(25), "house_down").await.unwrap();
    // Told again by a house that went before it got further: one gap, and a longer one.
    tx.add_gap("b", at(15), at(30), "house_down").await.unwrap();
    tx.commit().await.unwrap();
    let found = async |since: Option<i64>, until: Option<i64>, limit| {
        let gaps = store.gaps_between(since.map(at), until.map(at), limit);
        let name = |gap: GapRow| gap.source;
        gaps.await
            .unwrap()
            .into_iter()
            .map(name)
            .collect::<String>()
    };
    assert_eq!(found(None, None, 9).await, "ba");
    assert_eq!(found(None, None, 1).await, "b");
    assert_eq!(found(Some(20), None, 9).await, "b");
    assert_eq!(found(None, Some(15), 9).await, "a");
    assert_eq!(found(Some(30), None, 9).await, "");
    assert_eq!(found(Some(12), Some(14), 9).await, "a");
    let mut tx = store.begin().await.unwrap();
    tx.add_gap("a", at(40), at(50), "jump").await.unwrap();
    tx.commit().await.unwrap();
    // The latest of each source, the newest of all first.
    let (a, b) = (
        ("a".to_owned(), at(40), at(50)),
        ("b".to_owned(), at(15), at(30)),
    );
    assert_eq!(store.latest_gaps(1).await.unwrap(), [a, b]);
    assert_eq!(store.latest_gaps(5).await.unwrap().len(), 3);
    let b = store
        .gaps_between(Some(at(25)), Some(at(40)), 9)
        .await
        .unwrap();
    let reason = "house_down".to_owned();
    assert_eq!(
        b,
        [GapRow {
            source: "b".into(),
            from: at(15),
            to: at(30),
            reason
        }]
    );
}

#[tokio::test]
async fn a_suspected_source_looks_like_neither_silence_nor_deafness() {
    let house = House::open(Config::default()).await;
    let page = async |hearing| {
        let mut source = source("bluesky", Some(true));
        source.hearing = Some(hearing);
        *house.memory.sources.lock().unwrap() = vec![source];
        house.get("/?q=nichts").await.body
    };
    for verdict in [Verdict::Silent, Verdict::Blind] {
        let page = page(verdict).await;
        assert!(page.contains("class=\"ears doubtful\""));
        assert!(page.contains("Verbunden, aber auffällig still: Bluesky"));
        assert!(page.contains("Das heißt nicht, dass nichts gesagt wurde"));
    }
    for verdict in [Verdict::Hears, Verdict::Learning] {
        assert!(page(verdict).await.contains("class=\"ears heard\""));
    }
}

/// A source that is connected and says nothing.
struct Quiet;

impl Source for Quiet {
    fn name(&self) -> &str {
        "quelle"
    }

    fn pace(&self) -> Pace {
        let idle = Duration::from_secs(24 * 3600);
        Pace::Stream { idle }
    }

    fn open(&self, _: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        futures_util::stream::pending().boxed()
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        Box::pin(async { Standing::Works })
    }
}

/// A house that serves.
async fn running(dir: &Path, sources: Vec<Box<dyn Source>>) -> Running {
    let file = dir.join("house.toml");
    std::fs::write(&file, "[serve]\nlisten = '127.0.0.1:0'\n").unwrap();
    let today = monday().to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut config = config::load(Some(&file), HashMap::new(), today).unwrap();
    config.dir = dir.join("data");
    let house = app::House::open(&config).await.unwrap();
    let options = Options {
        sources,
        serve: true,
        ..Options::offline()
    };
    let app = App::build(house, config, options).unwrap();
    app.start(CancellationToken::new()).await.unwrap()
}

/// A whole house: a gap of last night is told with every count that it touches.
#[tokio::test(flavor = "multi_thread")]
async fn answers_that_count_tell_the_gaps_in_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let house = running(dir.path(), vec![]).await;
    let store = house.store();
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let (from, to) = (at("2026-11-20T01:00:00Z"), at("2026-11-20T03:00:00Z"));
    let mut tx = store.begin().await.unwrap();
    tx.add_gap("feeds", from, to, "house_down").await.unwrap();
    tx.commit().await.unwrap();
    let address = house.address().unwrap();
    let host = [("host", "127.0.0.1")];
    let gaps = async |path: &str| {
        let answer = ask(address, "GET", path, &host, "").await;
        answer.json()["gaps"].clone()
    };
    let gap = json!([{ "source": "feeds", "from": from, "to": to }]);
    assert_eq!(gaps("/api/search").await, gap);
    assert_eq!(
        gaps("/api/search?since=2026-11-20&until=2026-11-21").await,
        gap
    );
    assert_eq!(gaps("/api/search?since=2026-11-21").await, json!([]));
    // The page tells them in words, by the search's time and source.
    let page = async |path: &str| ask(address, "GET", path, &host, "").await.body;
    let told = page("/?since=2026-11-20&until=2026-11-21").await;
    assert!(told.contains("In diesem Zeitraum konnten wir zeitweise nicht zuhören"));
    assert!(told.contains("2026-11-20T01:00:00Z") && told.contains("2026-11-20T03:00:00Z"));
    let told = page("/?lang=en&since=2026-11-20&until=2026-11-21").await;
    assert!(told.contains("For some of this time we could not listen"));
    for other in ["/?since=2026-11-21", "/?source=bluesky"] {
        assert!(!page(other).await.contains("zeitweise nicht"), "{other}");
    }
    // Grafana's annotations ask for them by themselves, and draw them into every histogram.
    let recorded = include_str!("../fixtures/grafana/annotations-gaps.ndjson");
    let marks = async |first: &str, last: &str| {
        let body = recorded.replace("$FROM", &at(first).as_millisecond().to_string());
        let body = body.replace("$TO", &at(last).as_millisecond().to_string());
        let headers = [host[0], ("content-type", "application/x-ndjson")];
        let answer = ask(address, "POST", "/es/_msearch", &headers, &body).await;
        answer.json()["responses"][0]["hits"]["hits"].clone()
    };
    let night = marks("2026-11-20T02:00:00Z", "2026-11-20T02:30:00Z").await;
    assert_eq!(night.as_array().unwrap().len(), 1);
    let mark = &night[0]["_source"];
    assert_eq!(
        (&mark["from"], &mark["to"]),
        (&gap[0]["from"], &gap[0]["to"])
    );
    assert!(mark["text"].as_str().unwrap().ends_with("nicht gehört"));
    let day = marks("2026-11-20T04:00:00Z", "2026-11-20T12:00:00Z").await;
    assert_eq!(day, json!([]));
    let asked = ask(address, "GET", "/es/gaps/_mapping", &host, "").await;
    assert_eq!(
        asked.json()["gaps"]["mappings"]["properties"]["to"]["type"],
        "date"
    );
    let asked = ask(address, "GET", "/es/gaps/_search", &host, "").await;
    assert_eq!(asked.json()["hits"]["total"]["value"], 1, "{}", asked.body);
    let asked = ask(address, "GET", "/es/gaps/_search?q=source:feeds", &host, "").await;
    assert_eq!(asked.status, 400, "{}", asked.body);
    let body = json!({ "size": 0, "aggs": { "days": { "date_histogram": {
        "field": "published", "fixed_interval": "1d" } } } });
    let headers = [host[0], ("content-type", "application/json")];
    let answer = ask(
        address,
        "POST",
        "/es/mentions/_search",
        &headers,
        &body.to_string(),
    )
    .await;
    assert_eq!(answer.json()["resonanz"]["gaps"], gap);
    house
        .finish(Duration::from_secs(60), Ending::Soon)
        .await
        .unwrap();
}

/// Signs of life are what makes a silent source suspect: they do not move the beginning of its silence.
#[tokio::test(flavor = "multi_thread")]
async fn the_silence_of_a_suspected_source_began_with_its_last_change() {
    let dir = tempfile::tempdir().unwrap();
    let house = running(dir.path(), vec![Box::new(Quiet)]).await;
    let metrics = house.metrics();
    let last = |outcome: &str, at: Timestamp| {
        let gauge = &metrics.source_last_event;
        let gauge = gauge.with_label_values(&["quelle", outcome]);
        gauge.set(at.as_second() as f64);
    };
    let now = Clock::system().now();
    let change = Timestamp::from_second(now.as_second() - 3 * 3600).unwrap();
    last("change", change);
    last("nothing", now);
    metrics.source_up.with_label_values(&["quelle"]).set(1);
    let verdict = metrics
        .source_hearing
        .with_label_values(&["quelle", "silent"]);
    verdict.set(1);
    let address = house.address().unwrap();
    let answer = ask(address, "GET", "/api/search", &[("host", "127.0.0.1")], "").await;
    let gap = json!([{ "source": "quelle", "from": change, "to": null }]);
    assert_eq!(answer.json()["gaps"], gap);
    let ending = house.finish(Duration::from_secs(60), Ending::Soon);
    ending.await.unwrap();
}
