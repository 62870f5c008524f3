//! What is stored of YouTube is asked for again within 30 days, goes when it is gone there or cannot
//! be asked for, and gets no label without an approval.

use crate::neighbours::http::{Neighbour, Reply, Request, response};
use crate::sources_x::parameter;
use crate::sources_youtube::config as source_config;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use jiff::{Timestamp, ToSpan};
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::clock::Clock;
use resonanz::collect::source::*;
use resonanz::collect::youtube::Youtube;
use resonanz::collect::{Recorded, read_recorded};
use resonanz::config::{self, Config};
use resonanz::model::{Change, Cursor, Stance};
use resonanz::store::StoredMention;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Hands over recorded answers once, and has the real source to ask again.
struct Handed {
    changes: Vec<Change>,
    youtube: Youtube,
}

impl Source for Handed {
    fn name(&self) -> &str {
        "tube"
    }

    fn pace(&self) -> Pace {
        Pace::Once
    }

    fn refresh(&self) -> Option<Arc<dyn Refresh>> {
        self.youtube.refresh()
    }

    fn open(&self, _: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let events = self.changes.clone().into_iter().map(Event::Change);
        let collected = events.map(|event| Ok(Collected::now(event, None)));
        stream::iter(collected.collect::<Vec<_>>()).boxed()
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        Box::pin(async { Standing::Works })
    }
}

fn settings(dir: &Path, approval: &str) -> Config {
    let today: jiff::civil::Date = "2026-11-01".parse().unwrap();
    let register = "[[target]]\nname = 'ziel'\nlabel = 'Ziel'\naliases = ['Grenze']\n\
         [[watch]]\nname = 'w'\nlabel = 'W'\nquery = 'Grenze'\n\
         target = 'ziel'\npurpose = 'p'\nlegal_basis = 'l'\nowner = 'o'\napprover = 'a'\n\
         expires = '2027-06-30'\n";
    std::fs::write(dir.join("watches.toml"), register).unwrap();
    let house = dir.join("house.toml");
    let text = format!(
        "[house]\nwatch_files = ['watches.toml']\n\
         [[voice]]\nname = 'Amt'\nhandles = ['amt']\nreason = 'own'\napprover = 'a'\nexpires = '2027-06-30'\n\
         [source.youtube]\nenabled = true\nderived_metrics_approved = '{approval}'\n"
    );
    std::fs::write(&house, text).unwrap();
    let mut config = config::load(Some(&house), HashMap::new(), today).unwrap();
    config.dir = dir.join("data");
    config
}

fn comment(id: &str, handle: &str, text: &str) -> Value {
    json!({"kind": "youtube#comment", "id": id, "snippet": {
        "videoId": "vid1", "textDisplay": text, "authorDisplayName": handle,
        "authorChannelId": {"value": format!("UC{handle}")},
        "publishedAt": "2026-11-01T09:00:00Z", "updatedAt": "2026-11-01T09:00:00Z"}})
}

fn video(id: &str, title: &str) -> Value {
    json!({"kind": "youtube#video", "id": id, "snippet": {
        "channelId": "UCsomebody", "channelTitle": "Jemand", "title": title, "description": "",
        "publishedAt": "2026-11-01T09:00:00Z"}})
}

fn list(items: Vec<Value>) -> Vec<u8> {
    json!({"items": items}).to_string().into_bytes()
}

fn changes(items: Vec<Value>) -> Vec<Change> {
    let mut changes = Vec::new();
    let bytes = list(items);
    read_recorded(Recorded::Youtube, &mut bytes.as_slice(), &mut |change| {
        changes.push(change.unwrap());
        Ok(())
    })
    .unwrap();
    changes
}

async fn house(config: &Config, address: &str, items: Vec<Value>, at: Timestamp) -> Running {
    let clock = Clock::simulated(at);
    let youtube = source_config(address, json!({}));
    let youtube = Youtube::with("tube", &youtube, &clock, Default::default()).unwrap();
    let changes = changes(items);
    let options = Options {
        sources: vec![Box::new(Handed { changes, youtube })],
        clock,
        ..Options::offline()
    };
    let opened = House::open(config).await.unwrap();
    let app = App::build(opened, config.clone(), options).unwrap();
    app.start(CancellationToken::new()).await.unwrap()
}

async fn stored(running: &Running) -> Vec<StoredMention> {
    running.store().mentions(&[1, 2, 3, 4]).await.unwrap()
}

async fn ends(running: Running) {
    let patience = Duration::from_secs(60);
    running.finish(patience, Ending::CaughtUp).await.unwrap();
}

/// Lets the house work until so many are left.
async fn until_left(running: &Running, left: usize) {
    let reached = async {
        while stored(running).await.len() != left {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), reached).await;
    told.unwrap_or_else(|_| panic!("{left} were to be left"));
}

fn four() -> Vec<Value> {
    vec![
        comment("stays", "@erika", "Die Grenze ist zu"),
        comment("goes", "@max", "Grenze auf"),
        comment("official", "@amt", "Das Amt zur Grenze"),
        video("vid1", "Grenze, der Film"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_there_goes_and_what_is_there_stays_another_month() {
    let neighbour = Neighbour::start(|request: &Request| {
        let ids = parameter(request, "id");
        let has = |id: &str| ids.split(',').any(|one| one == id);
        let there = [
            comment("stays", "@erika", "Die Grenze ist zu"),
            comment("official", "@amt", "Das Amt zur Grenze"),
            video("vid1", "Grenze, der längere Film"),
        ];
        let there = there
            .into_iter()
            .filter(|item| has(item["id"].as_str().unwrap()));
        response(200, &[], &list(there.collect()))
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let config = settings(dir.path(), "");
    let begin: Timestamp = "2026-11-01T10:00:00Z".parse().unwrap();
    let running = house(&config, &neighbour.url(""), four(), begin).await;
    until_left(&running, 4).await;
    for mention in stored(&running).await {
        assert_eq!(mention.labels.stances.len(), 0, "{mention:?}");
        assert_eq!(mention.labels.stance_toward("ziel"), Stance::Unclear);
    }
    ends(running).await;
    // Nothing is due yet.
    let running = house(
        &config,
        &neighbour.url(""),
        vec![],
        begin + (28 * 24).hours(),
    )
    .await;
    running.sources_done().await;
    ends(running).await;
    assert_eq!(neighbour.requests().len(), 0);

    let later = begin + (29 * 24 + 1).hours();
    let running = house(&config, &neighbour.url(""), vec![], later).await;
    until_left(&running, 3).await;
    let unseen = async || {
        running
            .store()
            .unseen_since("youtube", later, 9)
            .await
            .unwrap()
    };
    while !unseen().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let texts = async || -> Vec<String> {
        let stored = stored(&running).await;
        stored
            .iter()
            .map(|m| format!("{}{}", m.title, m.text))
            .collect()
    };
    // What is gone goes at once, what was changed by the way of everything that is collected.
    let changed = async {
        while texts()
            .await
            .last()
            .is_none_or(|last| last != "Grenze, der längere Film")
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), changed).await;
    told.expect("the longer title arrives");
    assert_eq!(
        texts().await,
        [
            "Die Grenze ist zu",
            "Das Amt zur Grenze",
            "Grenze, der längere Film"
        ]
    );
    ends(running).await;
    let asked = neighbour.requests();
    let mut ids: Vec<String> = asked
        .iter()
        .map(|request| parameter(request, "id"))
        .collect();
    ids.sort();
    assert_eq!(ids, ["stays,goes,official", "vid1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_for_goes_at_the_end_of_its_time() {
    let neighbour = Neighbour::start(|_: &Request| response(500, &[], b"")).await;
    let dir = tempfile::tempdir().unwrap();
    let config = settings(dir.path(), "audit 2026-09-01, Justiziariat");
    let begin: Timestamp = "2026-11-01T10:00:00Z".parse().unwrap();
    let running = house(&config, &neighbour.url(""), four(), begin).await;
    until_left(&running, 4).await;
    for mention in stored(&running).await {
        assert_eq!(mention.labels.stances.len(), 1, "approved: {mention:?}");
    }
    ends(running).await;
    let running = house(
        &config,
        &neighbour.url(""),
        vec![],
        begin + (29 * 24 + 1).hours(),
    )
    .await;
    while neighbour.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(stored(&running).await.len(), 4);
    ends(running).await;
    let running = house(
        &config,
        &neighbour.url(""),
        vec![],
        begin + (30 * 24).hours(),
    )
    .await;
    until_left(&running, 0).await;
    ends(running).await;
}

/// Whoever notes first that he has asked, and deletes later, may be gone before that: nobody would
/// ask again for a month.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_there_goes_before_the_asking_is_noted() {
    let there = list(vec![comment("stays", "@erika", "Die Grenze ist zu")]);
    let neighbour = Neighbour::start(move |_: &Request| response(200, &[], &there)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut config = settings(dir.path(), "");
    let begin: Timestamp = "2026-11-01T10:00:00Z".parse().unwrap();
    let address = neighbour.url("");
    let items = four().into_iter().take(2).collect();
    let running = house(&config, &address, items, begin).await;
    until_left(&running, 2).await;
    ends(running).await;

    // A disk that is nearly full: the pipeline takes nothing, and what lies before it would be lost
    // with the house.
    config.disk.low_water_mib = u64::MAX;
    let later = begin + (29 * 24 + 1).hours();
    let running = house(&config, &address, vec![], later).await;
    let noted = async {
        let unseen = async || running.store().unseen_since("youtube", later, 9).await;
        while !unseen().await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    crate::house::soon("the asking", noted).await;
    assert_eq!(stored(&running).await.len(), 1);
    let patience = Duration::from_secs(60);
    running.finish(patience, Ending::Soon).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_stops_does_not_wait_for_an_answer() {
    let neighbour = Neighbour::start(|_: &Request| Reply::Stall(Vec::new())).await;
    let dir = tempfile::tempdir().unwrap();
    let config = settings(dir.path(), "");
    let begin: Timestamp = "2026-11-01T10:00:00Z".parse().unwrap();
    let address = neighbour.url("");
    let running = house(&config, &address, four(), begin).await;
    until_left(&running, 4).await;
    ends(running).await;
    let later = begin + (29 * 24 + 1).hours();
    let running = house(&config, &address, vec![], later).await;
    let asked = async {
        while neighbour.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    crate::house::soon("the asking", asked).await;
    // An answer may take a quarter of a minute; nobody waits so long here.
    let patience = Duration::from_secs(10);
    running.finish(patience, Ending::Soon).await.unwrap();
}
