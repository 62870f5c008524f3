//! The whole way with a real Bluesky server: a post on a real PDS travels through a real Jetstream
//! into the house and is found; its edit, its deletion and its author's leaving travel out again.
//! `tests/peers/pds` and `tests/peers/jetstream` start the peers and end with their standard input.

use crate::skipped::peer;
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::collect::bluesky::{self, Bluesky};
use resonanz::collect::source::Source;
use resonanz::config;
use resonanz::index::Search;
use resonanz::query::Query;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// For a busy machine; a travel takes a fraction of a second.
const LIMIT: Duration = Duration::from_secs(60);

/// A peer that answers a line with a line.
pub(crate) struct Peer {
    child: Child,
    /// Gone first, so that the peer ends in its own way and takes its children along.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub(crate) hello: Value,
}

impl Peer {
    pub(crate) fn start(script: &str, arguments: &[&str]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/peers")
            .join(script);
        let mut child = Command::new(path)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut peer = Self {
            child,
            input,
            output,
            hello: Value::Null,
        };
        peer.hello = peer.answer();
        peer
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    pub(crate) fn say(&mut self, message: &Value) -> Value {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
        let answer = self.answer();
        assert!(answer.get("error").is_none(), "{message}: {answer}");
        answer
    }

    pub(crate) fn hello(&self, key: &str) -> &str {
        self.hello[key].as_str().unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

pub(crate) const PDS: &str = "pds/node_modules/@atproto/dev-env";

/// Whether these are here; says aloud which are not.
pub(crate) fn is_installed(needed: &[&str]) -> bool {
    needed
        .iter()
        .all(|part| peer("real Bluesky server or Jetstream", part).is_some())
}

/// A house with one source.
pub(crate) async fn start_house(dir: &Path, source: Box<dyn Source>) -> Running {
    let today = jiff::Zoned::now().date();
    let mut config = config::load(None, HashMap::new(), today).unwrap();
    config.dir = dir.to_owned();
    let house = House::open(&config).await.unwrap();
    let options = Options {
        sources: vec![source],
        ..Options::offline()
    };
    App::build(house, config, options)
        .unwrap()
        .start(CancellationToken::new())
        .await
        .unwrap()
}

pub(crate) async fn count(running: &Running, query: &str) -> u64 {
    let expr = Query::parse(query).unwrap().expr().clone();
    let search = Search {
        query: Some(expr),
        limit: 10,
        ..Search::default()
    };
    running.index().search(search).await.unwrap().total
}

/// Waits until a query finds as many as expected.
pub(crate) async fn until(running: &Running, query: &str, expected: u64) {
    let start = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(20));
    loop {
        look.tick().await;
        let found = count(running, query).await;
        if found == expected {
            return;
        }
        assert!(
            start.elapsed() < LIMIT,
            "`{query}` finds {found} instead of {expected}"
        );
    }
}

/// Waits until the store has as many as expected.
pub(crate) async fn until_stored(running: &Running, expected: i64) {
    let start = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(20));
    loop {
        look.tick().await;
        let stored = running.store().count().await.unwrap();
        if stored == expected {
            return;
        }
        assert!(
            start.elapsed() < LIMIT,
            "{stored} instead of {expected} are stored"
        );
    }
}

/// Posts what nobody watches until the first of it arrives: a connection that stands may not be
/// served yet, and what is said before that is not ours to hear.
async fn until_heard(running: &Running, pds: &mut Peer, post: &Value) {
    let start = Instant::now();
    let outcomes = ["nothing", "change"].map(|outcome| {
        let events = &running.metrics().source_events;
        events.with_label_values(&["bluesky", outcome])
    });
    let mut look = tokio::time::interval(Duration::from_millis(200));
    while outcomes.iter().all(|events| events.get() == 0) {
        look.tick().await;
        pds.say(post);
        assert!(start.elapsed() < LIMIT, "no event came");
    }
}

/// One house on one wire: in, changed, out.
async fn travels(pds: &mut Peer, source: &Value, name: &str) {
    let dir = tempfile::tempdir().unwrap();
    let house = pds.say(&json!({"do": "account", "handle": format!("haus-{name}")}));
    let mut source = source.clone();
    source["own_did"] = house["did"].clone();
    let listening = || {
        let source: bluesky::BlueskyConfig = serde_json::from_value(source.clone()).unwrap();
        Box::new(Bluesky::new("bluesky", &source).unwrap())
    };
    let running = start_house(dir.path(), listening()).await;
    let account = pds.say(&json!({"do": "account", "handle": name}));
    let post = |text: &str| json!({"do": "post", "as": name, "text": text});
    until_heard(&running, pds, &post("Heute gibt es Apfelkuchen")).await;
    let first = pds.say(&post("Das Bundesinnenministerium kündigt Vossibär an 👍"));
    let second = pds.say(&post("Das Bundesinnenministerium schweigt zu Quittenbrot"));
    until(&running, "Vossibaer", 1).await;
    until(&running, "Quittenbrot", 1).await;
    assert_eq!(
        count(&running, "Apfelkuchen").await,
        0,
        "unmatched posts are not kept"
    );

    let edit = json!({"do": "edit", "uri": first["uri"], "text": "Das Bundesinnenministerium nimmt Zwetschge zurück"});
    pds.say(&edit);
    until(&running, "Zwetschge", 1).await;
    assert_eq!(
        count(&running, "Vossibaer").await,
        0,
        "an edit leaves nothing of the old words"
    );

    // Stopped and started again, the house goes on where it was.
    running
        .finish(Duration::from_secs(20), Ending::CaughtUp)
        .await
        .unwrap();
    pds.say(&post("Das Bundesinnenministerium und der Holunder"));
    let running = start_house(dir.path(), listening()).await;
    until(&running, "Holunder", 1).await;
    assert_eq!(
        running.store().count().await.unwrap(),
        3,
        "nothing is lost or doubled"
    );

    // Who answers the house's own account has written to the house, whatever it is about.
    let ours = format!("haus-{name}");
    let asked = pds.say(&json!({"do": "post", "as": ours, "text": "Fragen Sie uns."}));
    let letter = pds.say(&json!({"do": "post", "as": name, "text": "Wann kommt die Schlehenfrage dran?", "reply": asked}));
    until_stored(&running, 4).await;
    assert_eq!(count(&running, "Schlehenfrage").await, 0);
    let cases = running.store().cases(9).await.unwrap();
    assert_eq!(
        cases.iter().filter(|case| case.rule == "message").count(),
        1
    );
    pds.say(&json!({"do": "delete", "uri": letter["uri"]}));
    until_stored(&running, 3).await;

    pds.say(&json!({"do": "delete", "uri": second["uri"]}));
    until(&running, "Quittenbrot", 0).await;
    pds.say(&json!({"do": "deactivate", "as": name}));
    until(&running, "Bundesinnenministerium", 0).await;
    assert_eq!(running.store().count().await.unwrap(), 0);
    running
        .finish(Duration::from_secs(20), Ending::CaughtUp)
        .await
        .unwrap();

    let did = account["did"].as_str().unwrap();
    for gone in [
        "Quittenbrot",
        "Vossib",
        "Holunder",
        "Zwetschge",
        "Apfelkuchen",
        "Schlehenfrage",
        did,
    ] {
        super::sweep::assert_absent(dir.path(), gone);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_edits_deletions_and_leaving_travel_through_the_house() {
    if !is_installed(&[PDS, "bin/jetstream"]) {
        return;
    }
    let mut pds = Peer::start("pds", &[]);
    let dir = tempfile::tempdir().unwrap();
    let urls = [pds.hello("pds").to_owned(), pds.hello("plc").to_owned()];
    let place = dir.path().to_str().unwrap();
    let jetstream = Peer::start(
        "jetstream",
        &["--pds", &urls[0], "--plc", &urls[1], "--dir", place],
    );
    let source = |wire: &str, compress: bool| {
        let mut source =
            json!({"urls": [jetstream.hello(wire)], "wire": wire, "compress": compress});
        if wire == "v2" {
            source["compare_url"] = source["urls"][0].clone();
        }
        if wire == "v1" && compress {
            source["zstd_dictionary_file"] = json!(jetstream.hello("v1_dictionary"));
        }
        source
    };
    travels(&mut pds, &source("v2", false), "anna").await;
    travels(&mut pds, &source("v1", false), "berta").await;
    travels(&mut pds, &source("v1", true), "carla").await;
    travels(&mut pds, &source("v2", true), "dora").await;
}
