//! Against a real Bluesky: a PDS whose account posts, edits, deletes and leaves, and a real
//! Jetstream that tells of it on both wires, packed and not.
//!
//! `tests/peers/pds` and `tests/peers/jetstream` start them; `tests/peers/install` installs what
//! they need (the Jetstream where there is a Go toolchain).

use resonanz::clock::Clock;
use resonanz::collect::bluesky::{Bluesky, BlueskyConfig, Wire};
use resonanz::collect::source::{Event, Source, Standing};
use resonanz::collect::supervise::{Delivery, Outcome, Surroundings, run};
use resonanz::metrics::{Metrics, Series};
use resonanz::model::{Change, Cursor};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running peer that speaks JSON lines and ends with its standard input.
struct Peer {
    child: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    hello: Value,
}

impl Peer {
    /// `None`, and a word on standard error, where it is not installed.
    fn start(name: &str, arguments: &[&str]) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/peers")
            .join(name);
        let spawned = Command::new(&script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let started = spawned.ok().and_then(|mut child| {
            let mut answers = BufReader::new(child.stdout.take()?);
            let mut line = String::new();
            answers.read_line(&mut line).ok()?;
            let ask = child.stdin.take();
            let hello = serde_json::from_str(&line);
            // Without a greeting it is not installed, and has ended.
            hello.ok().map(|hello| Self {
                child,
                ask,
                answers,
                hello,
            })
        });
        if started.is_none() {
            let told = format!("SKIPPED: the peer {name} is not installed (tests/peers/install)\n");
            std::io::stderr().write_all(told.as_bytes()).unwrap();
        }
        started
    }

    fn text(&self, key: &str) -> String {
        self.hello[key].as_str().unwrap().to_owned()
    }

    /// Orders something and gives the answer.
    fn order(&mut self, message: Value) -> Value {
        writeln!(self.ask.as_mut().unwrap(), "{message}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer.get("error"), None, "{message}");
        answer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.ask.take());
        let _ = self.child.wait();
    }
}

/// A Bluesky source under the supervisor.
struct Listening {
    deliveries: mpsc::Receiver<Delivery>,
    stop: CancellationToken,
    cursor: Option<Cursor>,
}

impl Listening {
    fn start(config: &BlueskyConfig, resume: Option<Cursor>) -> Self {
        let (out, deliveries) = mpsc::channel(8);
        let stop = CancellationToken::new();
        let around = Surroundings {
            out,
            clock: Clock::system(),
            metrics: Metrics::new(&Series::default()).unwrap(),
            stop: stop.clone(),
            speed: None,
        };
        let source = Bluesky::new("bluesky", config).unwrap();
        tokio::spawn(run(Box::new(source), resume.clone(), around));
        Self {
            deliveries,
            stop,
            cursor: resume,
        }
    }

    /// The next thing that is heard; a refused frame is a failure.
    async fn next(&mut self) -> Event {
        let delivery = timeout(PATIENCE, self.deliveries.recv())
            .await
            .expect("in time")
            .unwrap();
        self.cursor = delivery.cursor.or(self.cursor.take());
        match delivery.outcome {
            Outcome::Event(Event::Rejected(rejection)) => panic!("{rejection}"),
            Outcome::Event(event) => event,
            Outcome::Finished => panic!("a stream does not finish"),
        }
    }

    async fn connected(&mut self) {
        assert_eq!(self.next().await, Event::Nothing);
    }

    /// The next change, in few words.
    async fn change(&mut self) -> String {
        loop {
            match self.next().await {
                Event::Change(change) => return words(&change),
                Event::Nothing => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn leave(self) -> Option<Cursor> {
        self.stop.cancel();
        self.cursor
    }
}

fn words(change: &Change) -> String {
    match change {
        Change::Upsert(item) => {
            let edited = if item.edited.is_some() {
                " (edited)"
            } else {
                ""
            };
            let lang = item.lang.as_deref().unwrap_or("-");
            format!(
                "{} {lang} {}{edited}: {}",
                item.kind.as_str(),
                item.id,
                item.text
            )
        }
        Change::Delete(deletion) => format!("delete {}", deletion.id),
        Change::AuthorGone(author) => format!("gone {}", author.author),
        Change::AuthorBack(author) => format!("back {}", author.author),
    }
}

/// One PDS and one Jetstream for both wires, packed and not: they are slow to start.
#[tokio::test]
async fn what_an_account_does_comes_out_as_changes() {
    let Some(mut pds) = Peer::start("pds", &[]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let (url, plc) = (pds.text("pds"), pds.text("plc"));
    let place = dir.path().to_str().unwrap();
    let Some(jetstream) = Peer::start("jetstream", &["--pds", &url, "--plc", &plc, "--dir", place])
    else {
        return;
    };
    for (number, (wire, compress)) in [
        (Wire::V1, false),
        (Wire::V1, true),
        (Wire::V2, false),
        (Wire::V2, true),
    ]
    .into_iter()
    .enumerate()
    {
        let config = BlueskyConfig {
            urls: vec![jetstream.text(if wire == Wire::V1 { "v1" } else { "v2" })],
            wire,
            compress,
            zstd_dictionary_file: Some(jetstream.text("v1_dictionary").into()),
            ..BlueskyConfig::default()
        };
        let source = Bluesky::new("bluesky", &config).unwrap();
        assert_eq!(source.check().await, Standing::Works);
        follow(&mut pds, &config, &format!("alice{number}")).await;
    }
}

async fn follow(pds: &mut Peer, config: &BlueskyConfig, who: &str) {
    let mut listening = Listening::start(config, None);
    listening.connected().await;
    let did = pds.order(json!({"do": "account", "handle": who}))["did"].clone();
    let did = did.as_str().unwrap();
    assert_eq!(listening.change().await, format!("back {did}"));

    let post = pds.order(json!({"do": "post", "as": who, "text": "Die Ministerin war da. ä€🙂"}));
    let uri = post["uri"].as_str().unwrap().to_owned();
    assert_eq!(
        listening.change().await,
        format!("post de {uri}: Die Ministerin war da. ä€🙂")
    );
    let answer = json!({"do": "post", "as": who, "text": "Stimmt das?", "reply": post});
    let answer = pds.order(answer)["uri"].clone();
    let answer = answer.as_str().unwrap();
    assert_eq!(
        listening.change().await,
        format!("reply de {answer}: Stimmt das?")
    );
    let cursor = listening.leave();

    // What happens while nobody listens is there afterwards, each once and in order.
    pds.order(json!({"do": "edit", "uri": uri, "text": "Die Ministerin war nicht da."}));
    pds.order(json!({"do": "delete", "uri": answer}));
    pds.order(json!({"do": "deactivate", "as": who}));
    let mut listening = Listening::start(config, cursor);
    assert_eq!(
        listening.change().await,
        format!("post de {uri} (edited): Die Ministerin war nicht da.")
    );
    assert_eq!(listening.change().await, format!("delete {answer}"));
    assert_eq!(listening.change().await, format!("gone {did}"));
    pds.order(json!({"do": "activate", "as": who}));
    assert_eq!(listening.change().await, format!("back {did}"));
    listening.leave();
}
