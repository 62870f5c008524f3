//! The whole way with a real MediaWiki: an edit travels by its own feed of changes and by the library
//! that Wikimedia's streams are made of into the house, and out again when its words are hidden.
//! `tests/peers/mediawiki` starts the peer and says what stands in for Kafka and for EventBus.

use super::peer_bluesky::{Peer, count, start_house, until};
use crate::skipped::peer;
use futures_util::StreamExt;
use resonanz::app::Ending;
use resonanz::collect::source::{Event, Source, SourceError, Standing};
use resonanz::collect::wikipedia::{Wikipedia, WikipediaConfig};
use resonanz::model::{Change, Cursor};
use resonanz::privacy::MASK;
use serde_json::{Value, json};
use std::time::Duration;

/// For a busy machine; an event takes a fraction of a second.
const LIMIT: Duration = Duration::from_secs(60);

fn wiki() -> Option<Peer> {
    let what = "real MediaWiki, or Wikimedia's library for its streams";
    peer(what, "mediawiki/usr/share/mediawiki/api.php")?;
    peer(what, "kafka-sse/node_modules/kafka-sse")?;
    Some(Peer::start("mediawiki", &[]))
}

fn source(wiki: &Peer) -> Wikipedia {
    let config = json!({
        "url": wiki.hello("url"), "allow_private": ["127.0.0.1"],
        "pages": ["Bundesministerium des Innern"], "contact": "https://amt.example/zuhoeren",
    });
    let config: WikipediaConfig = serde_json::from_value(config).unwrap();
    Wikipedia::new("wikipedia", &config).unwrap()
}

fn edit(by: Option<&str>, title: &str, summary: &str) -> Value {
    let text = format!("Ein Satz zu: {summary}");
    json!({"do": "edit", "as": by, "title": title, "text": text, "summary": summary})
}

/// One connection, as the supervisor reads it.
struct Connection {
    steps: futures_util::stream::BoxStream<
        'static,
        Result<resonanz::collect::source::Collected, SourceError>,
    >,
    cursor: Option<Cursor>,
}

impl Connection {
    /// Stands when this returns: what is edited from now on is heard.
    async fn open(source: &Wikipedia, resume: Option<Cursor>) -> Self {
        let mut this = Self {
            steps: source.open(resume.clone()),
            cursor: resume,
        };
        assert_eq!(this.next().await.unwrap(), Event::Nothing, "the greeting");
        this
    }

    async fn next(&mut self) -> Option<Event> {
        let step = tokio::time::timeout(LIMIT, self.steps.next())
            .await
            .unwrap();
        let step = step?.ok()?;
        self.cursor = step.cursor.or(self.cursor.take());
        Some(step.event)
    }

    /// The next that is news.
    async fn news(&mut self) -> Change {
        loop {
            match self.next().await {
                Some(Event::Nothing) => {}
                Some(Event::Change(change)) => return change,
                other => panic!("{other:?}"),
            }
        }
    }
}

fn told(change: &Change) -> (String, String) {
    match change {
        Change::Upsert(item) => (item.id.clone(), item.text.clone()),
        Change::Delete(deletion) => (deletion.id.clone(), "gone".to_owned()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_of_a_real_wiki_are_heard_and_none_is_lost_over_a_cut() {
    let Some(mut wiki) = wiki() else { return };
    let source = source(&wiki);
    assert_eq!(source.check().await, Standing::Works);
    const PAGE: &str = "Bundesministerium_des_Innern";
    for (name, bot) in [("Anna", false), ("Robo", true)] {
        wiki.say(&json!({"do": "account", "as": name, "bot": bot}));
    }
    let id = |answer: Value| format!("dewiki/{}", answer["revision"]);

    let mut heard = Connection::open(&source, None).await;
    let new = id(wiki.say(&edit(
        Some("Anna"),
        PAGE,
        "/* Kritik */ siehe [[Benutzer:Otto|Otto]]",
    )));
    // What is not ours to hear, in between: a bot's edit, and another page.
    wiki.say(&edit(Some("Robo"), PAGE, "Bot: Tippfehler"));
    wiki.say(&edit(
        Some("Anna"),
        "Bundesministerium der Justiz",
        "belegt",
    ));
    let talk = format!("Diskussion:{PAGE}");
    let said = id(wiki.say(&edit(None, &talk, "Stimmt das?")));
    let first = heard.news().await;
    assert_eq!(told(&first), (new.clone(), format!("Kritik: siehe {MASK}")));
    let Change::Upsert(item) = first else {
        panic!()
    };
    assert_eq!(item.title.as_deref(), Some("Bundesministerium des Innern"));
    assert_eq!(item.author.as_ref().unwrap().id, "Anna");
    assert_eq!(told(&heard.news().await), (said, "Stimmt das?".to_owned()));

    // Hiding a name or the words takes the edit away; the page's text alone does not.
    let revision = new.strip_prefix("dewiki/").unwrap();
    wiki.say(&edit(Some("Anna"), PAGE, "weiter"));
    assert_eq!(told(&heard.news().await).1, "weiter");
    wiki.say(&json!({"do": "hide", "revision": revision, "what": "content"}));
    wiki.say(&json!({"do": "hide", "revision": revision, "what": "comment"}));
    assert_eq!(told(&heard.news().await), (new, "gone".to_owned()));

    // Wikimedia ends each connection after a while: behind the last event it goes on.
    wiki.say(&json!({"do": "cut"}));
    while heard.next().await.is_some() {}
    let missed = wiki.say(&edit(Some("Anna"), PAGE, "während der Pause"));
    let mut again = Connection::open(&source, heard.cursor).await;
    let caught_up = told(&again.news().await);
    assert_eq!(caught_up, (id(missed), "während der Pause".to_owned()));
    let last = id(wiki.say(&edit(Some("Anna"), PAGE, "danach")));
    assert_eq!(told(&again.news().await).0, last, "nothing comes twice");

    // A position that the library refuses is given up, and said to be a gap.
    let odd = source.open(Some(Cursor("[7]".to_owned()))).next().await;
    assert!(
        matches!(odd, Some(Err(SourceError::CursorTooOld(_)))),
        "{odd:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_travels_through_the_house_and_out_again_when_it_is_hidden() {
    let Some(mut wiki) = wiki() else { return };
    const PAGE: &str = "Bundesministerium des Innern";
    let dir = tempfile::tempdir().unwrap();
    let running = start_house(dir.path(), Box::new(source(&wiki))).await;
    let events = &running.metrics().source_events;
    let nothing = events.with_label_values(&["wikipedia", "nothing"]);
    let start = std::time::Instant::now();
    while nothing.get() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(start.elapsed() < LIMIT, "no greeting");
    }
    let summary = "Das Bundesinnenministerium hat Vossibär verboten";
    let made = wiki.say(&edit(None, PAGE, summary));
    wiki.say(&edit(
        None,
        "Apfelkuchen",
        "Das Bundesinnenministerium backt Apfelkuchen",
    ));
    until(&running, "Vossibaer", 1).await;
    assert_eq!(count(&running, "Apfelkuchen").await, 0, "no page of ours");
    wiki.say(&json!({"do": "hide", "revision": made["revision"], "what": "comment|user"}));
    until(&running, "Vossibaer", 0).await;
    let ended = running.finish(Duration::from_secs(20), Ending::CaughtUp);
    ended.await.unwrap();
    super::sweep::assert_absent(dir.path(), "Vossib");
}
