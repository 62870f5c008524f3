//! The Mastodon source against an instance with faults, under the supervisor.

mod canary;

use crate::neighbours::mastodon::{Instance, status};
use resonanz::clock::Clock;
use resonanz::collect::Timing;
use resonanz::collect::mastodon::{Mastodon, MastodonConfig, Public, Transport};
use resonanz::collect::source::{Event, GapReason, Source, Standing};
use resonanz::collect::supervise::{Delivery, Outcome, Surroundings, run_with};
use resonanz::metrics::{Metrics, Series};
use resonanz::model::{Change, Cursor, Kind};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);

fn config(instance: &Instance) -> MastodonConfig {
    MastodonConfig {
        url: instance.url(),
        hashtags: vec!["bmi".into()],
        ..MastodonConfig::default()
    }
}

struct Listening {
    deliveries: mpsc::Receiver<Delivery>,
    metrics: Metrics,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
    cursor: Option<Cursor>,
}

impl Listening {
    fn start(config: &MastodonConfig, resume: Option<Cursor>) -> Self {
        let source = Mastodon::new("mastodon", config).unwrap();
        let (out, deliveries) = mpsc::channel(8);
        let sources = vec!["mastodon".into()];
        let series = Series {
            sources,
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
        let timing = Timing {
            min_backoff: Duration::from_millis(1),
            max_backoff: Duration::from_millis(10),
            refused: Duration::from_millis(20),
            ..Timing::default()
        };
        let cursor = resume.clone();
        let task = tokio::spawn(run_with(Box::new(source), resume, around, timing));
        Self {
            deliveries,
            metrics,
            stop,
            task,
            cursor,
        }
    }

    async fn next(&mut self) -> Delivery {
        let next = timeout(PATIENCE, self.deliveries.recv()).await;
        let delivery = next.expect("in time").unwrap();
        self.cursor = delivery.cursor.clone().or(self.cursor.take());
        delivery
    }

    /// What comes next and is something, in few words.
    async fn change(&mut self) -> String {
        timeout(PATIENCE, self.heard()).await.expect("in time")
    }

    async fn heard(&mut self) -> String {
        loop {
            let delivery = self.next().await;
            let old = if delivery.backfill { "old " } else { "" };
            let said = match delivery.outcome {
                Outcome::Event(Event::Change(Change::Upsert(item))) => {
                    let edited = if item.edited.is_some() {
                        " (edited)"
                    } else {
                        ""
                    };
                    let letter = match item.kind {
                        Kind::Message => "message ",
                        _ => "",
                    };
                    format!("{letter}{}{edited}", item.html)
                }
                Outcome::Event(Event::Change(Change::Delete(deletion))) => {
                    format!("delete {}", deletion.id)
                }
                Outcome::Event(Event::Gap(gap)) => format!("gap {}", gap.reason.as_str()),
                Outcome::Event(Event::Rejected(rejection)) => rejection.to_string(),
                _ => continue,
            };
            return format!("{old}{said}");
        }
    }

    async fn connected(&mut self) {
        self.next().await;
    }

    /// Takes what comes until this holds.
    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !holds(self) {
                self.next().await;
            }
        };
        let waited = timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("in vain: {what}"));
    }

    async fn fails(&mut self, kind: &str) {
        self.until(kind, |this| this.errors(kind) > 0).await;
    }

    fn errors(&self, kind: &str) -> u64 {
        let errors = &self.metrics.source_errors;
        errors.with_label_values(&["mastodon", kind]).get()
    }

    async fn end(self) -> Option<Cursor> {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("stops").unwrap();
        self.cursor
    }
}

fn now() -> jiff::Timestamp {
    Clock::system().now()
}

#[tokio::test]
async fn both_transports_tell_posts_edits_and_deletions() {
    for transport in [Transport::Websocket, Transport::Sse] {
        let instance = Instance::start().await;
        instance.keep(5, "davor");
        let config = MastodonConfig {
            transport,
            ..config(&instance)
        };
        let mut listening = Listening::start(&config, None);
        // What was there before this house listened is archived, not news.
        assert_eq!(listening.change().await, "old <p>davor</p>");
        let mut post = status(7, "neu", now());
        instance.tell("hashtag/bmi", "update", &post.to_string());
        assert_eq!(listening.change().await, "<p>neu</p>");
        post["content"] = "<p>anders</p>".into();
        post["edited_at"] = now().to_string().into();
        instance.tell("hashtag/bmi", "status.update", &post.to_string());
        assert_eq!(listening.change().await, "<p>anders</p> (edited)");
        instance.tell("hashtag/bmi", "update", "{\"id\":\"8\"}");
        assert!(listening.change().await.starts_with("malformed"));
        instance.tell("hashtag/bmi", "delete", "7");
        let gone = format!("delete {}#7", instance.address);
        assert_eq!(listening.change().await, gone, "{transport:?}");
        listening.end().await;
    }
}

#[tokio::test]
async fn what_was_said_meanwhile_is_fetched_page_by_page() {
    let instance = Instance::start().await;
    let mut listening = Listening::start(&config(&instance), None);
    listening.connected().await;
    let first = status(100, "eins", now());
    instance.tell("hashtag/bmi", "update", &first.to_string());
    assert_eq!(listening.change().await, "<p>eins</p>");
    let cursor = listening.end().await;

    // Sent late by another server: older than the moment until which we listened.
    instance.keep(101, "spät");
    for id in 102..=200 {
        instance.keep_at(id, &id.to_string(), now());
    }
    let mut listening = Listening::start(&config(&instance), cursor);
    assert_eq!(listening.change().await, "old <p>spät</p>");
    for id in 102..=200 {
        assert_eq!(listening.change().await, format!("<p>{id}</p>"));
    }
    let asked = instance.requests();
    let places = asked
        .iter()
        .filter(|url| url.path().contains("timelines/tag"));
    let places: Vec<String> = places
        .map(|url| url.query().unwrap_or_default().into())
        .collect();
    let expected = [
        "limit=40",
        "limit=40&min_id=100",
        "limit=40&min_id=140",
        "limit=40&min_id=180",
    ];
    assert_eq!(places[..4], expected);
    listening.end().await;
}

#[tokio::test]
async fn who_has_listened_in_vain_fetches_the_first_word_as_news() {
    let instance = Instance::start().await;
    let mut listening = Listening::start(&config(&instance), None);
    listening
        .until("a position", |this| this.cursor.is_some())
        .await;
    let cursor = listening.end().await;
    instance.keep_at(1, "das erste Wort", now());
    let mut listening = Listening::start(&config(&instance), cursor);
    assert_eq!(listening.change().await, "<p>das erste Wort</p>");
    listening.end().await;
}

#[tokio::test]
async fn more_than_is_fetched_is_a_gap() {
    let instance = Instance::start().await;
    instance.keep(1, "eins");
    let config = MastodonConfig {
        backfill_pages: 1,
        ..config(&instance)
    };
    let mut listening = Listening::start(&config, None);
    assert_eq!(listening.change().await, "old <p>eins</p>");
    let cursor = listening.end().await;
    for id in 2..=100 {
        instance.keep_at(id, &id.to_string(), now());
    }
    let mut listening = Listening::start(&config, cursor);
    for id in 2..=41 {
        assert_eq!(listening.change().await, format!("<p>{id}</p>"));
    }
    assert_eq!(
        listening.change().await,
        format!("gap {}", GapReason::Jump.as_str())
    );
    listening.end().await;
}

#[tokio::test]
async fn a_stream_that_keeps_silent_is_found_out_and_what_it_kept_is_fetched() {
    let instance = Instance::start().await;
    let config = MastodonConfig {
        compare_every_secs: 1,
        ..config(&instance)
    };
    let mut listening = Listening::start(&config, None);
    listening.connected().await;
    // Deletions are still told, as by the instance of mastodon#37883.
    instance.tell("hashtag/bmi", "delete", "1");
    assert!(listening.change().await.starts_with("delete"));
    for id in [11, 12, 13] {
        instance.keep_at(
            id,
            &format!("verschwiegen {id}"),
            now() - Duration::from_secs(40),
        );
    }
    for id in [11, 12, 13] {
        assert_eq!(
            listening.change().await,
            format!("<p>verschwiegen {id}</p>")
        );
    }
    // Such a stream is given up, and another one asked for.
    listening.fails("transient").await;
    listening.end().await;
}

#[tokio::test]
async fn a_stream_that_tells_everything_is_left_alone() {
    let instance = Instance::start().await;
    let config = MastodonConfig {
        compare_every_secs: 1,
        ..config(&instance)
    };
    instance.keep(5, "davor");
    let mut listening = Listening::start(&config, None);
    assert_eq!(listening.change().await, "old <p>davor</p>");
    for id in 11..=15 {
        let told = instance.keep_at(id, &id.to_string(), now() - Duration::from_secs(40));
        instance.tell("hashtag/bmi", "update", &told.to_string());
        assert_eq!(listening.change().await, format!("<p>{id}</p>"));
    }
    let looks = || {
        let requests = instance.requests();
        requests
            .iter()
            .filter(|url| url.path().contains("timelines"))
            .count()
    };
    let before = looks();
    listening
        .until("two looks", |_| looks() >= before + 2)
        .await;
    assert_eq!(listening.errors("transient"), 0);
    listening.end().await;
}

#[tokio::test]
async fn a_silence_that_cannot_be_compared_is_not_taken_for_one() {
    let instance = Instance::start().await;
    instance.keep(5, "davor");
    let config = MastodonConfig {
        compare_every_secs: 1,
        ..config(&instance)
    };
    let mut listening = Listening::start(&config, None);
    assert_eq!(listening.change().await, "old <p>davor</p>");
    for _ in 0..50 {
        instance.fault("timelines", 500, "");
    }
    listening.fails("idle").await;
    listening.end().await;
}

#[tokio::test]
async fn a_stream_that_ends_is_opened_again_from_where_it_was() {
    for transport in [Transport::Websocket, Transport::Sse] {
        let instance = Instance::start().await;
        instance.keep(5, "davor");
        let config = MastodonConfig {
            transport,
            ..config(&instance)
        };
        let mut listening = Listening::start(&config, None);
        assert_eq!(listening.change().await, "old <p>davor</p>");
        instance.keep_at(6, "dazwischen", now());
        instance.cut();
        assert_eq!(
            listening.change().await,
            "<p>dazwischen</p>",
            "{transport:?}"
        );
        listening.end().await;
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let check = async |fault: Option<(&'static str, u16, &str)>, word: Option<&str>, kind: &str| {
        let instance = Instance::start().await;
        if let Some((path, status, head)) = fault {
            instance.fault(path, status, head);
        }
        if let Some(word) = word {
            instance.refuse(word);
        }
        let mut listening = Listening::start(&config(&instance), None);
        listening.fails(kind).await;
        listening.end().await;
    };
    let wait = "X-RateLimit-Reset: 2026-11-29T04:00:00.5Z\r\n";
    check(Some(("timelines", 429, wait)), None, "rate_limited").await;
    check(Some(("timelines", 403, "")), None, "refused").await;
    check(Some(("streaming", 401, "")), None, "refused").await;
    check(Some(("streaming", 503, "")), None, "rate_limited").await;
    check(Some(("timelines", 500, "")), None, "transient").await;
    let missing = r#"{"error":"Missing access token","status":401}"#;
    check(None, Some(missing), "refused").await;
    check(
        None,
        Some(r#"{"error":"Throttled","status":500}"#),
        "transient",
    )
    .await;
}

#[tokio::test]
async fn behind_an_address_of_this_machine_only_a_test_server_is_taken() {
    let instance = Instance::start().await;
    instance.be("mastodon.social");
    let source = Mastodon::new("mastodon", &config(&instance)).unwrap();
    let standing = source.check().await;
    assert!(
        matches!(&standing, Standing::NeedsPermission(why) if why.contains("`permitted_by`")),
        "{standing:?}"
    );
    instance.be("localhost:3000");
    assert_eq!(source.check().await, Standing::Works);
}

#[tokio::test]
async fn mentions_are_messages_to_the_house() {
    let instance = Instance::start().await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "geheim\n").unwrap();
    let config = MastodonConfig {
        hashtags: vec![],
        mentions: true,
        token_file: Some(token.path().to_owned()),
        ..config(&instance)
    };
    let mut listening = Listening::start(&config, None);
    listening.connected().await;
    let mut letter = status(50, "wann ist offen?", now());
    letter["visibility"] = "direct".into();
    letter["mentions"] = serde_json::json!([{"url": "https://instance.example/@house"}]);
    let told = serde_json::json!({"id": "7", "type": "mention", "status": letter});
    instance.tell("user", "notification", &told.to_string());
    assert_eq!(listening.change().await, "message <p>wann ist offen?</p>");
    // What the account follows is nobody's message and nobody's permission.
    instance.tell(
        "user",
        "update",
        &status(51, "Startseite", now()).to_string(),
    );
    letter["edited_at"] = now().to_string().into();
    instance.tell("user", "status.update", &letter.to_string());
    assert_eq!(
        listening.change().await,
        "message <p>wann ist offen?</p> (edited)"
    );
    let cursor = listening.end().await.unwrap();
    assert!(cursor.0.contains(r#""own":"7""#), "{}", cursor.0);
    assert!(!cursor.0.contains("geheim"));
}

#[test]
fn settings_that_make_no_sense_are_told_by_their_key() {
    let permitted = MastodonConfig {
        url: "https://social.example".into(),
        hashtags: vec!["bmi".into()],
        permitted_by: "Admin".into(),
        permitted_on: "2026-11-01".into(),
        permission_link: "https://social.example/@admin/1".into(),
        ..MastodonConfig::default()
    };
    assert!(Mastodon::new("m", &permitted).is_ok());
    let fault = |change: fn(&mut MastodonConfig)| {
        let mut config = permitted.clone();
        change(&mut config);
        Mastodon::new("m", &config).unwrap_err()
    };
    assert!(fault(|c| c.permitted_by.clear()).contains("`permitted_by`"));
    assert!(fault(|c| c.permitted_on = " ".into()).contains("`permitted_on`"));
    assert!(fault(|c| c.permitted_on = "gestern".into()).contains("`permitted_on`"));
    assert!(fault(|c| c.permitted_on = "2999-01-01".into()).contains("future"));
    assert!(fault(|c| c.permission_link = "telefonisch".into()).contains("`permission_link`"));
    let unpermitted = |c: &mut MastodonConfig| {
        c.permitted_by.clear();
        c.permitted_on.clear();
        c.permission_link.clear();
    };
    let mut none = permitted.clone();
    unpermitted(&mut none);
    assert!(
        Mastodon::new("m", &none)
            .unwrap_err()
            .contains("permission")
    );
    // Neither a name nor an address of the neighbourhood is this machine.
    for url in [
        "https://localhost.example",
        "https://10.0.0.1",
        "https://127.0.0.1.nip.io",
    ] {
        none.url = url.into();
        assert!(Mastodon::new("m", &none).is_err(), "{url}");
    }
    for url in [
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
        "http://localhost:3000",
    ] {
        none.url = url.into();
        assert!(Mastodon::new("m", &none).is_ok(), "{url}");
    }
    assert!(fault(|c| c.url = "http://social.example".into()).contains("https://"));
    assert!(fault(|c| c.url = "https://social.example/api".into()).contains("path"));
    assert!(fault(|c| c.hashtags.clear()).contains("`hashtags`"));
    assert!(fault(|c| c.hashtags = vec!["#bmi".into()]).contains("sign"));
    assert!(fault(|c| c.hashtags = (0..51).map(|n| format!("t{n}")).collect()).contains("50"));
    assert!(fault(|c| c.mentions = true).contains("`token_file`"));
    assert!(fault(|c| c.canary_url = Some("@bmi@social.example".into())).contains("`canary_url`"));
    assert!(fault(|c| c.compare_every_secs = 0).contains("`compare_every_secs`"));
    let mut public = permitted.clone();
    (public.hashtags, public.public) = (vec![], Public::Local);
    assert!(Mastodon::new("m", &public).is_ok());
}
