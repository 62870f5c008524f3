//! Wikipedia's edits: events in the shape of Wikimedia's streams, on loopback.

use crate::fixtures::check_folder;
use crate::neighbours::http::{Neighbour, Reply, head, response};
use futures_util::StreamExt;
use resonanz::collect::Recorded;
use resonanz::collect::source::{Event, GapReason, Source, SourceError, Standing};
use resonanz::collect::wikipedia::{Wikipedia, WikipediaConfig};
use resonanz::model::Cursor;
use serde_json::{Value, json};

#[test]
fn fixtures() {
    check_folder(Recorded::Wikipedia, "wikipedia");
}

fn config(address: &str, more: Value) -> WikipediaConfig {
    let mut keys = json!({
        "url": address, "allow_private": ["127.0.0.1"], "pages": ["Amt"],
        "contact": "https://amt.example/zuhoeren",
    });
    let own = keys.as_object_mut().unwrap();
    own.extend(more.as_object().unwrap().clone());
    serde_json::from_value(keys).unwrap()
}

fn position(millis: i64) -> Cursor {
    Cursor(json!([{"topic": "eqiad.x", "partition": 0, "timestamp": millis}]).to_string())
}

/// The first events behind a position, until one is no news.
async fn first(address: &str, resume: Option<Cursor>, count: usize) -> Vec<Event> {
    let source = Wikipedia::new("wikipedia", &config(address, json!({}))).unwrap();
    let steps: Vec<_> = source.open(resume).take(count).collect().await;
    steps.into_iter().map(|step| step.unwrap().event).collect()
}

#[tokio::test]
async fn a_position_is_given_back_and_one_that_is_too_old_is_a_gap() {
    const EVENT: &str = r#"{"meta": {"domain": "de.wikipedia.org", "stream": "mediawiki.recentchange",
        "dt": "2026-11-29T10:00:00Z"}, "type": "edit", "wiki": "dewiki", "title": "Anderes"}"#;
    let neighbour = Neighbour::start(|_| {
        let event = format!("data: {}\n\n", EVENT.replace('\n', " "));
        Reply::Stall([&head(200, &[])[..], event.as_bytes()].concat())
    })
    .await;
    // 1795946400 is 10:00 of that day.
    let near = position(1_795_946_400_000 - 60_000);
    assert_eq!(
        first(&neighbour.url(""), Some(near.clone()), 2).await,
        [Event::Nothing, Event::Nothing]
    );
    let asked = neighbour.requests().pop().unwrap();
    assert_eq!(asked.header("last-event-id"), Some(near.0.as_str()));
    assert_eq!(
        asked.path,
        "/v2/stream/recentchange,mediawiki.revision-visibility-change"
    );
    assert!(asked.header("user-agent").unwrap().contains("amt.example"));
    let told = first(&neighbour.url(""), Some(position(1_795_000_000_000)), 3).await;
    let Event::Gap(gap) = &told[1] else {
        panic!("{told:?}")
    };
    assert_eq!(gap.reason, GapReason::Jump);
    assert_eq!(gap.from.as_millisecond(), 1_795_000_000_000);
    assert_eq!(gap.to.as_second(), 1_795_946_400);
}

#[tokio::test]
async fn a_position_that_is_not_understood_is_given_up() {
    let neighbour = Neighbour::start(|request| match request.header("last-event-id") {
        Some(_) => response(400, &[], b"{}"),
        None => Reply::Stall(head(200, &[])),
    })
    .await;
    let source = Wikipedia::new("wikipedia", &config(&neighbour.url(""), json!({}))).unwrap();
    let end = source.open(Some(position(1))).next().await.unwrap();
    assert!(matches!(end, Err(SourceError::CursorTooOld(_))));
    assert_eq!(source.check().await, Standing::Works);
}

#[test]
fn settings_that_make_no_sense_are_told() {
    let told = |more: Value| Wikipedia::new("w", &config("https://w.example", more)).map(drop);
    assert_eq!(told(json!({})), Ok(()));
    for (more, key) in [
        (json!({"contact": " "}), "contact"),
        (json!({"pages": []}), "pages"),
        (json!({"pages": [" "]}), "pages"),
        (json!({"wikis": ["de.wikipedia.org"]}), "wikis"),
        (json!({"idle_timeout_secs": 1}), "idle_timeout_secs"),
        (json!({"url": "ftp://w.example"}), "url"),
    ] {
        assert!(told(more).unwrap_err().contains(key), "{key}");
    }
}
