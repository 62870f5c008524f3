//! The Bluesky source against a server with faults, under the supervisor.

use crate::neighbours::http;
use crate::neighbours::websocket::{Fault, Kept, Neighbour, asked};
use futures_util::StreamExt;
use resonanz::clock::Clock;
use resonanz::collect::Timing;
use resonanz::collect::bluesky::{Bluesky, BlueskyConfig, Wire};
use resonanz::collect::source::{Event, Gap, GapReason, Source, Standing};
use resonanz::collect::supervise::{Delivery, Outcome, Surroundings, run_with};
use resonanz::metrics::{Metrics, Series};
use resonanz::model::{Change, Cursor};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);
const START_US: i64 = 1_795_161_600_000_000;

/// A second apart: `count` posts as the server keeps them on a wire. `numbered` v1 frames are
/// those of a second-generation Jetstream.
pub fn posts(wire: Wire, count: i64, numbered: bool) -> Vec<Kept> {
    let kept = |seq: i64| {
        let time_us = START_US + seq * 1_000_000;
        let time = jiff::Timestamp::from_microsecond(time_us).unwrap();
        let commit = format!(
            r#""operation":"create","collection":"app.bsky.feed.post","rkey":"p{seq}","record":{{"text":"Nachricht {seq}","createdAt":"{time}"}}"#
        );
        let number = if numbered {
            format!(r#""cursor":{seq},"#)
        } else {
            String::new()
        };
        let frame = match wire {
            Wire::V1 => format!(
                r#"{{"did":"did:plc:a","time_us":{time_us},{number}"kind":"commit","commit":{{"rev":"r",{commit}}}}}"#
            ),
            Wire::V2 => format!(
                r#"{{"$type":"message","payload":{{"$type":"n#commit","seq":{seq},"did":"did:plc:a","time":"{time}","rev":"r",{commit}}}}}"#
            ),
        };
        Kept {
            seq,
            time_us,
            frame,
        }
    };
    (1..=count).map(kept).collect()
}

pub fn config(neighbours: &[&Neighbour], wire: Wire) -> BlueskyConfig {
    BlueskyConfig {
        urls: neighbours.iter().map(|neighbour| neighbour.url()).collect(),
        wire,
        idle_timeout_secs: 1,
        ..BlueskyConfig::default()
    }
}

fn fast() -> Timing {
    Timing {
        min_backoff: Duration::from_millis(1),
        max_backoff: Duration::from_millis(10),
        refused: Duration::from_millis(20),
        ..Timing::default()
    }
}

/// A Bluesky source under the supervisor.
struct Listening {
    deliveries: mpsc::Receiver<Delivery>,
    metrics: Metrics,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Listening {
    fn start(config: &BlueskyConfig, resume: Option<Cursor>) -> Self {
        let source = Bluesky::new("bluesky", config).unwrap();
        let (out, deliveries) = mpsc::channel(8);
        let series = Series {
            sources: vec!["bluesky".into()],
            ..Series::default()
        };
        let metrics = Metrics::new(&series).unwrap();
        let stop = CancellationToken::new();
        let around = Surroundings {
            out,
            clock: Clock::system(),
            metrics: metrics.clone(),
            stop: stop.clone(),
            speed: None,
        };
        let task = tokio::spawn(run_with(Box::new(source), resume, around, fast()));
        Self {
            deliveries,
            metrics,
            stop,
            task,
        }
    }

    async fn next(&mut self) -> (Event, Option<Cursor>) {
        let delivery = timeout(PATIENCE, self.deliveries.recv())
            .await
            .expect("in time")
            .unwrap();
        match delivery.outcome {
            Outcome::Event(event) => (event, delivery.cursor),
            Outcome::Finished => panic!("a stream does not finish"),
        }
    }

    /// Everything up to the post with this number: texts, gaps, and the cursor reached.
    async fn until(&mut self, last: i64) -> (Vec<String>, Vec<Gap>, Cursor) {
        // A whole, because a source that goes round in circles is never silent.
        timeout(PATIENCE, self.heard_until(last))
            .await
            .expect("in time")
    }

    async fn heard_until(&mut self, last: i64) -> (Vec<String>, Vec<Gap>, Cursor) {
        let (mut texts, mut gaps) = (Vec::new(), Vec::new());
        let last = format!("Nachricht {last}");
        loop {
            match self.next().await {
                (Event::Change(Change::Upsert(item)), cursor) => {
                    let done = item.text == last;
                    texts.push(item.text);
                    if done {
                        return (texts, gaps, cursor.unwrap());
                    }
                }
                (Event::Gap(gap), _) => gaps.push(gap),
                _ => {}
            }
        }
    }

    fn errors(&self, kind: &str) -> u64 {
        self.metrics
            .source_errors
            .with_label_values(&["bluesky", kind])
            .get()
    }

    fn rejected(&self, reason: &str) -> u64 {
        self.metrics
            .source_rejected
            .with_label_values(&["bluesky", reason])
            .get()
    }

    async fn end(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("stops").unwrap();
    }
}

fn texts(numbers: std::ops::RangeInclusive<i64>) -> Vec<String> {
    numbers
        .map(|number| format!("Nachricht {number}"))
        .collect()
}

fn faults() -> Vec<Fault> {
    vec![
        Fault::Drop(3),
        Fault::Close(2),
        Fault::Garbage(4),
        Fault::Stall(3),
        Fault::Refuse(503, "", "starting"),
        Fault::Huge(2),
        Fault::Unreadable(2),
        Fault::Refuse(429, "retry-after: 0\r\n", ""),
    ]
}

#[tokio::test]
async fn with_numbers_every_post_comes_once_through_all_faults() {
    for wire in [Wire::V1, Wire::V2] {
        let neighbour = Neighbour::start(posts(wire, 40, true), faults()).await;
        let mut listening = Listening::start(&config(&[&neighbour], wire), None);
        let (seen, gaps, _) = listening.until(40).await;
        assert_eq!(seen, texts(1..=40), "{wire:?}");
        assert_eq!(gaps, [], "{wire:?}");
        assert_eq!(listening.errors("idle"), 1, "{wire:?}");
        assert_eq!(listening.rejected("too_large"), 1, "{wire:?}");
        assert_eq!(listening.rejected("malformed"), 1, "{wire:?}");
        listening.end().await;
    }
}

#[tokio::test]
async fn without_numbers_every_post_comes_at_least_once_through_all_faults() {
    let neighbour = Neighbour::start(posts(Wire::V1, 40, false), faults()).await;
    let mut listening = Listening::start(&config(&[&neighbour], Wire::V1), None);
    let (mut seen, gaps, _) = listening.until(40).await;
    seen.sort_by_key(|text| text.split(' ').nth(1).unwrap().parse::<i64>().unwrap());
    seen.dedup();
    assert_eq!(seen, texts(1..=40));
    assert_eq!(gaps, []);
    listening.end().await;
}

#[tokio::test]
async fn a_saved_cursor_goes_on_where_it_was() {
    for wire in [Wire::V1, Wire::V2] {
        let neighbour = Neighbour::start(posts(wire, 9, true), vec![]).await;
        let mut first = Listening::start(&config(&[&neighbour], wire), None);
        let (_, _, cursor) = first.until(5).await;
        first.end().await;
        let mut second = Listening::start(&config(&[&neighbour], wire), Some(cursor));
        assert_eq!(second.until(9).await.0, texts(6..=9));
        let request = neighbour.requests().pop().unwrap();
        assert_eq!(asked(&request, "cursor").as_deref(), Some("5"));
        second.end().await;
    }
}

#[tokio::test]
async fn another_host_or_wire_is_asked_by_time() {
    let here = Neighbour::start(posts(Wire::V2, 5, true), vec![]).await;
    let mut first = Listening::start(&config(&[&here], Wire::V2), None);
    let (_, _, cursor) = first.until(5).await;
    first.end().await;

    // Its numbers differ, its times do not.
    let mut events = posts(Wire::V1, 9, true);
    events.iter_mut().for_each(|kept| kept.seq += 1000);
    let there = Neighbour::start(events, vec![]).await;
    let mut second = Listening::start(&config(&[&there], Wire::V1), Some(cursor));
    assert_eq!(second.until(9).await.0, texts(1..=9));
    let request = there.requests().pop().unwrap();
    let expected = (START_US + 5_000_000 - 30_000_000).to_string();
    assert_eq!(asked(&request, "cursor"), Some(expected));
    second.end().await;
}

#[tokio::test]
async fn a_host_that_brings_nothing_gives_way_to_the_next() {
    let silent = Neighbour::start(vec![], vec![]).await;
    let lively = Neighbour::start(posts(Wire::V2, 4, true), vec![Fault::Drop(2)]).await;
    let mut listening = Listening::start(&config(&[&silent, &lively], Wire::V2), None);
    assert_eq!(listening.until(4).await.0, texts(1..=4));
    // The lively one is kept after it was lost once.
    assert_eq!((silent.requests().len(), lively.requests().len()), (1, 2));
    listening.end().await;
}

fn cursor_of(neighbour: &Neighbour, seq: i64) -> Cursor {
    let time_us = START_US + seq * 1_000_000;
    let host = &neighbour.address;
    Cursor(format!(
        r#"{{"wire":"v2","host":"{host}","position":{seq},"time_us":{time_us}}}"#
    ))
}

fn time(seq: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(START_US + seq * 1_000_000).unwrap()
}

#[tokio::test]
async fn a_first_event_that_is_too_new_is_a_gap() {
    let late: Vec<Kept> = posts(Wire::V2, 300, true).split_off(199);
    let neighbour = Neighbour::start(late, vec![]).await;
    let resume = Some(cursor_of(&neighbour, 100));
    let mut listening = Listening::start(&config(&[&neighbour], Wire::V2), resume);
    let (seen, gaps, _) = listening.until(201).await;
    assert_eq!(seen, texts(200..=201));
    assert_eq!(
        gaps,
        [Gap {
            from: time(100),
            to: time(200),
            reason: GapReason::Jump
        }]
    );
    listening.end().await;
}

#[tokio::test]
async fn an_event_taken_back_in_the_meantime_is_no_gap() {
    let mut events = posts(Wire::V2, 20, true);
    events.retain(|kept| kept.seq > 12);
    let neighbour = Neighbour::start(events, vec![]).await;
    let resume = Some(cursor_of(&neighbour, 10));
    let mut listening = Listening::start(&config(&[&neighbour], Wire::V2), resume);
    let (seen, gaps, _) = listening.until(14).await;
    assert_eq!((seen, gaps), (texts(13..=14), vec![]));
    listening.end().await;
}

#[tokio::test]
async fn a_number_that_is_too_old_is_asked_by_time_and_the_gap_is_told() {
    let info = r##"{"$type":"message","payload":{"$type":"n#info","name":"OutdatedCursor"}}"##;
    let late: Vec<Kept> = posts(Wire::V2, 50, true).split_off(29);
    let faults = vec![Fault::RefuseNumber, Fault::First(info.to_owned())];
    let neighbour = Neighbour::start(late, faults).await;
    let resume = Some(cursor_of(&neighbour, 10));
    let mut listening = Listening::start(&config(&[&neighbour], Wire::V2), resume);
    let (seen, gaps, _) = listening.until(31).await;
    assert_eq!(seen, texts(30..=31));
    assert_eq!(
        gaps,
        [Gap {
            from: time(10),
            to: time(30),
            reason: GapReason::CursorTooOld
        }]
    );
    assert_eq!(listening.errors("cursor_too_old"), 0);
    listening.end().await;
}

#[tokio::test]
async fn a_host_that_takes_no_cursor_at_all_is_heard_live_and_the_gap_is_told() {
    let old = Fault::Refuse(400, "", r#"{"error":"CursorTooOld","message":"floor 77"}"#);
    let late: Vec<Kept> = posts(Wire::V2, 50, true).split_off(29);
    let neighbour = Neighbour::start(late, vec![old.clone(), old]).await;
    let resume = Some(cursor_of(&neighbour, 10));
    let mut listening = Listening::start(&config(&[&neighbour], Wire::V2), resume);
    let (seen, gaps, _) = listening.until(31).await;
    assert_eq!(seen, texts(30..=31));
    assert_eq!(
        gaps,
        [Gap {
            from: time(10),
            to: time(30),
            reason: GapReason::CursorTooOld
        }]
    );
    assert_eq!(listening.errors("cursor_too_old"), 1);
    assert_eq!(asked(&neighbour.requests().pop().unwrap(), "cursor"), None);
    listening.end().await;
}

#[tokio::test]
async fn packed_frames_are_read_with_the_dictionary_of_the_settings() {
    let dictionary = b"\"operation\":\"create\",\"collection\":\"app.bsky.feed.post\"".to_vec();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &dictionary).unwrap();
    let events = posts(Wire::V1, 5, true);
    let neighbour = Neighbour::packing(events, vec![], Some(dictionary)).await;
    let config = BlueskyConfig {
        compress: true,
        zstd_dictionary_file: Some(file.path().to_owned()),
        ..config(&[&neighbour], Wire::V1)
    };
    let mut listening = Listening::start(&config, None);
    assert_eq!(listening.until(5).await.0, texts(1..=5));
    assert_eq!(
        asked(&neighbour.requests()[0], "compress").as_deref(),
        Some("true")
    );
    listening.end().await;
}

#[tokio::test]
async fn a_request_asks_for_posts_and_for_what_takes_them_back() {
    let neighbour = Neighbour::start(posts(Wire::V2, 1, true), vec![]).await;
    let mut listening = Listening::start(&config(&[&neighbour], Wire::V2), None);
    listening.until(1).await;
    assert_eq!(
        neighbour.requests()[0].query(),
        Some(
            "collections=app.bsky.feed.post&kinds=commit&kinds=account&kinds=sync&maxMessageSizeBytes=1048576"
        )
    );
    listening.end().await;
}

#[tokio::test]
async fn a_check_tells_why_nothing_would_come() {
    let standing = async |fault: Fault| {
        let neighbour = Neighbour::start(vec![], vec![fault]).await;
        Bluesky::new("bluesky", &config(&[&neighbour], Wire::V2))
            .unwrap()
            .check()
            .await
    };
    assert_eq!(standing(Fault::None).await, Standing::Works);
    let forbidden = standing(Fault::Refuse(403, "", "")).await;
    assert_eq!(
        forbidden,
        Standing::NeedsPermission("the host answers 403".into())
    );
    let broken = standing(Fault::Refuse(500, "", "")).await;
    assert_eq!(broken, Standing::Unreachable("the host answers 500".into()));
}

#[test]
fn settings_that_make_no_sense_are_told_by_their_key() {
    let fault = |change: fn(&mut BlueskyConfig)| {
        let mut config = BlueskyConfig::default();
        change(&mut config);
        Bluesky::new("bluesky", &config).unwrap_err()
    };
    assert!(fault(|c| c.urls.clear()).contains("`urls`"));
    assert!(fault(|c| c.urls = vec!["https://x.example/".into()]).contains("wss://"));
    assert!(fault(|c| c.urls = vec!["wss://x.example/?cursor=1".into()]).contains("query"));
    assert!(fault(|c| c.collections.clear()).contains("`collections`"));
    assert!(fault(|c| c.idle_timeout_secs = 0).contains("`idle_timeout_secs`"));
    assert!(fault(|c| (c.wire, c.compress) = (Wire::V1, true)).contains("`zstd_dictionary_file`"));
    assert!(Bluesky::new("bluesky", &BlueskyConfig::default()).is_ok());
}

#[tokio::test]
async fn an_own_post_that_the_stream_does_not_bring_is_told_once() {
    let stream = Neighbour::start(posts(Wire::V2, 20, true), vec![]).await;
    let listed = [
        ("did:plc:a", "p5", 5),
        ("did:plc:a", "lost", 6),
        ("did:plc:b", "shared", 7),
    ];
    let too_new_or_old = [("did:plc:a", "new", 20), ("did:plc:a", "old", 0)];
    let entries = listed
        .into_iter()
        .chain(too_new_or_old)
        .map(|(did, key, seq)| {
            let at = jiff::Timestamp::from_microsecond(START_US + seq * 1_000_000).unwrap();
            let uri = format!("at://{did}/app.bsky.feed.post/{key}");
            serde_json::json!({"post": {"uri": uri, "indexedAt": at.to_string()}})
        });
    let body = serde_json::json!({"feed": entries.collect::<Vec<_>>()}).to_string();
    let view = http::Neighbour::start(move |_| http::response(200, &[], body.as_bytes())).await;
    let config = BlueskyConfig {
        own_did: "did:plc:a".into(),
        canary_url: Some(view.url("")),
        canary_late_secs: 1,
        ..config(&[&stream], Wire::V2)
    };
    let source = Bluesky::new("bluesky", &config).unwrap();
    let mut told = source.open(None);
    let canary = async {
        loop {
            if let Event::Canary(judged) = told.next().await.unwrap().unwrap().event {
                return judged;
            }
        }
    };
    let judged = timeout(Duration::from_secs(60), canary).await.unwrap();
    assert_eq!((judged.seen, judged.missed), (1, 1));
    let asked = &view.requests()[0].path;
    assert!(
        asked.starts_with("/xrpc/app.bsky.feed.getAuthorFeed?actor=did%3Aplc%3Aa"),
        "{asked}"
    );
    // The second look has nothing new to say.
    let again = async {
        while view.requests().len() < 3 {
            let next = timeout(Duration::from_millis(100), told.next()).await;
            assert!(next.is_err(), "{next:?}");
        }
    };
    timeout(Duration::from_secs(60), again).await.unwrap();

    let fault = |change: fn(&mut BlueskyConfig)| {
        let mut config = config.clone();
        change(&mut config);
        Bluesky::new("bluesky", &config).unwrap_err()
    };
    assert!(fault(|c| c.own_did.clear()).contains("`own_did`"));
    assert!(fault(|c| c.canary_url = Some("wss://x.example".into())).contains("`canary_url`"));
}
