//! The whole way with a server that speaks Mastodon's API: a status travels through either transport
//! into the house and is found; its edit and its deletion travel out again, from whichever instance.
//! `tests/peers/mastodon` starts the peer and says where it is less than Mastodon.

use super::peer_bluesky::{Peer, count, until, until_stored};
use crate::skipped::peer;
use futures_util::StreamExt;
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::collect::mastodon::{Mastodon, MastodonConfig, Transport};
use resonanz::collect::source::{Event, Source};
use resonanz::config;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const LIMIT: Duration = Duration::from_secs(60);

fn is_installed() -> bool {
    peer("server with Mastodon's API", "venv/bin/mastodon_mock").is_some()
}

fn source(name: &str, url: &str, token: PathBuf, transport: Transport) -> Mastodon {
    let config = MastodonConfig {
        url: url.to_owned(),
        token_file: Some(token),
        transport,
        hashtags: vec!["bmi".into(), "grenze".into()],
        mentions: true,
        ..MastodonConfig::default()
    };
    Mastodon::new(name, &config).unwrap()
}

/// A house that listens to the same instance under two names, as if to two that know each other.
async fn start_house(dir: &Path, peer: &Peer, transport: Transport) -> Running {
    let today = jiff::Zoned::now().date();
    let mut config = config::load(None, HashMap::new(), today).unwrap();
    config.dir = dir.to_owned();
    let house = House::open(&config).await.unwrap();
    let token = dir.with_extension("token");
    std::fs::write(&token, peer.hello["tokens"]["house"].as_str().unwrap()).unwrap();
    let here = peer.hello("url").to_owned();
    let there = here.replace("127.0.0.1", "localhost");
    let options = Options {
        sources: vec![
            Box::new(source("here", &here, token.clone(), transport)),
            Box::new(source("there", &there, token, transport)),
        ],
        ..Options::offline()
    };
    let app = App::build(house, config, options).unwrap();
    let running = app.start(CancellationToken::new()).await.unwrap();
    for source in ["here", "there"] {
        until_heard(&running, source).await;
    }
    running
}

/// Until the streams are open: the source says so with its first event.
async fn until_heard(running: &Running, source: &str) {
    let start = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let events = &running.metrics().source_events;
    while events.with_label_values(&[source, "nothing"]).get() == 0 {
        look.tick().await;
        assert!(start.elapsed() < LIMIT, "{source} is not connected");
    }
}

async fn travels(peer: &mut Peer, transport: Transport) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let running = start_house(&data, peer, transport).await;
    let post = |text: &str| json!({"do": "post", "as": "alice", "text": text});
    let mut say = |order: Value| peer.say(&order);
    let first = say(post("Das Bundesinnenministerium kündigt Vossibär an #bmi"));
    let second = say(post(
        "Das Bundesinnenministerium schweigt zu Quittenbrot #grenze",
    ));
    say(post("Niemand sucht Apfelkuchen #bmi"));
    say(json!({"do": "boost", "as": "bob", "id": first["id"]}));
    until(&running, "Vossibaer", 1).await;
    until(&running, "Quittenbrot", 1).await;
    assert_eq!(
        running.store().count().await.unwrap(),
        2,
        "two instances, one mention each"
    );

    say(
        json!({"do": "edit", "as": "alice", "id": first["id"], "text": "Das Bundesinnenministerium nimmt Zwetschge zurück #bmi"}),
    );
    until(&running, "Zwetschge", 1).await;
    assert_eq!(count(&running, "Vossibaer").await, 0);
    say(json!({"do": "delete", "as": "alice", "id": second["id"]}));
    until(&running, "Quittenbrot", 0).await;

    // Who says no is not collected, and what was collected before goes with the next edit.
    let third = say(post("Das Bundesinnenministerium und der Holunder #bmi"));
    until(&running, "Holunder", 1).await;
    say(json!({"do": "profile", "as": "alice", "note": "<p>Bitte nicht. #nobot</p>"}));
    say(
        json!({"do": "edit", "as": "alice", "id": third["id"], "text": "Das Bundesinnenministerium und der Holunder! #bmi"}),
    );
    until(&running, "Holunder", 0).await;
    say(json!({"do": "profile", "as": "alice", "note": ""}));

    // A direct message: in no search, and on the desk.
    let letter = say(
        json!({"do": "post", "as": "bob", "visibility": "direct", "text": "@house Wann ist die Schlehenfrage beantwortet?"}),
    );
    until_stored(&running, 2).await;
    assert_eq!(count(&running, "Schlehenfrage").await, 0);
    let cases = running.store().cases(9).await.unwrap();
    assert_eq!(
        cases.iter().filter(|case| case.rule == "message").count(),
        1
    );
    running
        .finish(Duration::from_secs(20), Ending::CaughtUp)
        .await
        .unwrap();

    // What was said while nobody listened is fetched.
    say(post(
        "Das Bundesinnenministerium und das Mirabellenmus #grenze",
    ));
    let running = start_house(&data, peer, transport).await;
    until(&running, "Mirabellenmus", 1).await;
    // Taken back by a number that only the running house of before has heard of.
    peer.say(&json!({"do": "delete", "as": "bob", "id": letter["id"]}));
    peer.say(&json!({"do": "delete", "as": "alice", "id": first["id"]}));
    until(&running, "Zwetschge", 0).await;
    until_stored(&running, 1).await;
    running
        .finish(Duration::from_secs(20), Ending::CaughtUp)
        .await
        .unwrap();
    for gone in [
        "Quittenbrot",
        "Vossib",
        "Zwetschge",
        "Apfelkuchen",
        "Holunder",
        "Schlehenfrage",
        "@alice",
        "token-of",
    ] {
        super::sweep::assert_absent(&data, gone);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_edits_deletions_and_messages_travel_through_the_house() {
    if !is_installed() {
        return;
    }
    for transport in [Transport::Websocket, Transport::Sse] {
        let mut peer = Peer::start("mastodon", &[]);
        travels(&mut peer, transport).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_is_opened_again_and_nothing_is_lost() {
    if !is_installed() {
        return;
    }
    let mut peer = Peer::start("mastodon", &[]);
    let dir = tempfile::tempdir().unwrap();
    let running = start_house(dir.path(), &peer, Transport::Websocket).await;
    for number in 0..3 {
        peer.say(&json!({"do": "cut"}));
        peer.say(&json!({"do": "post", "as": "alice", "text": format!("Bundesinnenministerium Schnitt{number} #bmi")}));
        until(&running, &format!("Schnitt{number}"), 1).await;
    }
    running
        .finish(Duration::from_secs(20), Ending::Soon)
        .await
        .unwrap();
    std::fs::remove_file(dir.path().with_extension("token")).unwrap();
}

/// An account's server lists its post, and the source that heard it says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_own_post_is_listed_and_heard() {
    if !is_installed() {
        return;
    }
    let mut peer = Peer::start("mastodon", &[]);
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        token.path(),
        peer.hello["tokens"]["house"].as_str().unwrap(),
    )
    .unwrap();
    let url = peer.hello("url").to_owned();
    let config = MastodonConfig {
        canary_url: Some(format!("{url}/@alice")),
        canary_late_secs: 2,
        compare_every_secs: 1,
        token_file: Some(token.path().to_owned()),
        hashtags: vec!["bmi".into()],
        url,
        ..MastodonConfig::default()
    };
    let mut told = Mastodon::new("here", &config).unwrap().open(None);
    // Connected, and the timeline is read.
    told.next().await.unwrap().unwrap();
    while told.next().await.unwrap().unwrap().cursor.is_none() {}
    peer.say(&json!({"do": "post", "as": "alice", "text": "Das Ministerium teilt mit #bmi"}));
    let canary = async {
        loop {
            if let Event::Canary(judged) = told.next().await.unwrap().unwrap().event {
                return judged;
            }
        }
    };
    let judged = tokio::time::timeout(LIMIT, canary).await.unwrap();
    assert_eq!((judged.seen, judged.missed), (1, 0));
}
