//! The desk: rules, mails, outbox. On a simulated clock; nobody sleeps.

mod mails;
mod outbox;
mod redaction;
mod rules;

use jiff::{SignedDuration, Timestamp};
use resonanz::clock::Clock;
use resonanz::desk::{
    ComposedMail, Composer, Config, Desk, Maildir, Notifier, NotifyError, OpenedCase, Rules, Sender,
};
use resonanz::metrics::Metrics;
use resonanz::model::{
    Author, FlagKind, FlagLabel, Hit, Kind, Labels, Mention, Reason, Stance, StanceLabel,
    WatchMatch,
};
use resonanz::privacy::{MentionKey, Pseudonym};
use resonanz::store::{Put, Store};
use std::collections::HashMap;
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Saturday night, 22:00 in Berlin.
const START: &str = "2026-11-21T21:00:00Z";

pub(crate) fn start() -> Timestamp {
    START.parse().unwrap()
}

pub(crate) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// A post of account `author`, `minute` minutes after [`START`], toward the ministry.
pub(crate) fn hit(number: u32, author: u8, minute: i64, text: &str) -> Hit {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    let at = start() + minutes(minute);
    Hit {
        mention: Mention {
            key: MentionKey(key),
            source: "bluesky".into(),
            platform: "bluesky".into(),
            kind: Kind::Post,
            published: at,
            edited: None,
            collected: at,
            title: String::new(),
            text: text.into(),
            lang: "de".into(),
            site: String::new(),
            url: None,
            links: Vec::new(),
            author: Some(Author::Private {
                pseudonym: Pseudonym([author; 16]),
            }),
            sealed: None,
            reply_to: None,
            marks: resonanz::model::Marks::default(),
        },
        matches: vec![WatchMatch {
            watch: "staatsangehoerigkeit".into(),
            target: "ministry".into(),
            spans: Vec::new(),
        }],
        labels: labels(Stance::Unclear),
        placement: None,
        claims: Vec::new(),
        differs: Vec::new(),
        backfill: false,
    }
}

fn labels(stance: Stance) -> Labels {
    Labels {
        model: "lexicon-0".into(),
        stances: vec![StanceLabel {
            target: "ministry".into(),
            stance,
            probability: None,
            reasons: Vec::new(),
            by_office: false,
        }],
        flags: Vec::new(),
        says: resonanz::model::Says::default(),
    }
}

/// Somebody asks whether it is true.
pub(crate) fn enquiry(number: u32, author: u8, minute: i64) -> Hit {
    let mut asked = hit(number, author, minute, "Stimmt das mit den Pässen, BMI?");
    asked.labels.flags = vec![FlagLabel {
        flag: FlagKind::Enquiry,
        reasons: vec![Reason {
            rule: "enquiry phrase".into(),
            seen: "Stimmt das".into(),
            span: None,
            weight: 0.0,
        }],
    }];
    asked
}

fn toward(number: u32, author: u8, minute: i64, stance: Stance) -> Hit {
    let mut hit = hit(number, author, minute, "…");
    hit.labels = labels(stance);
    hit
}

pub(crate) fn config() -> Config {
    Config {
        recipients: vec!["dienst@localhost".into()],
        rules: Rules {
            flagged_min_mentions: 3,
            ..Rules::default()
        },
        ..Config::default()
    }
}

/// A store in a directory of its own, with what works on it.
pub(crate) struct House {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    config: Config,
}

impl House {
    pub(crate) async fn new(config: Config) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&dir.path().join("store.db")).await.unwrap(),
            clock: Clock::simulated(start()),
            metrics: Metrics::new(&resonanz::metrics::Series::default()).unwrap(),
            config,
            dir,
        }
    }

    /// Stores hits in batches of `size` and applies the rules as the pipeline does.
    pub(crate) async fn take(&self, hits: &[Hit], size: usize) -> Vec<OpenedCase> {
        let desk = Desk::new(&self.config);
        let mut opened = Vec::new();
        for batch in hits.chunks(size) {
            let mut tx = self.store.begin().await.unwrap();
            let mut written = Vec::new();
            for hit in batch {
                self.clock.advance_to(hit.mention.collected);
                if let Put::New { id } = tx.put(hit).await.unwrap() {
                    written.push((id, hit));
                }
            }
            opened.extend(desk.apply(&mut tx, &written).await.unwrap());
            tx.commit().await.unwrap();
        }
        opened
    }

    pub(crate) fn sender(&self, notifier: Arc<dyn Notifier>) -> Sender {
        let label = (
            "staatsangehoerigkeit".to_owned(),
            "Staatsangehörigkeit".to_owned(),
        );
        Sender::new(
            self.store.clone(),
            Composer::new(
                &self.config,
                watch::channel(Arc::new(HashMap::from([label]))).1,
            ),
            notifier,
            self.clock.clone(),
            self.metrics.clone(),
        )
    }

    fn maildir(&self) -> Arc<Maildir> {
        Arc::new(Maildir::open(&self.dir.path().join("mail")).unwrap())
    }

    /// One look of a fresh sender, as after a restart.
    async fn deliver(&self) {
        let mut sender = self.sender(self.maildir());
        sender.step(&CancellationToken::new()).await.unwrap();
    }

    async fn delete(&self, hit: &Hit) {
        let mut tx = self.store.begin().await.unwrap();
        let removed = tx.delete(&hit.mention.key, self.clock.now()).await.unwrap();
        assert!(!removed.is_empty());
        tx.commit().await.unwrap();
    }

    pub(crate) fn metric(&self, line: &str) -> bool {
        self.metrics
            .encode()
            .unwrap()
            .lines()
            .any(|known| known == line)
    }
}

/// Names and texts of the delivered mails, decoded.
fn delivered(dir: &Path) -> Vec<(String, String)> {
    let mut mails: Vec<_> = fs::read_dir(dir.join("mail/new"))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let raw = fs::read(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), decode(&raw))
        })
        .collect();
    mails.sort();
    mails
}

/// Headers as they are and the quoted-printable body decoded, with plain line ends.
pub(crate) fn decode(raw: &[u8]) -> String {
    let text = String::from_utf8(raw.to_vec()).unwrap();
    let (headers, body) = text.split_once("\r\n\r\n").unwrap();
    let body = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut rest = body.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte == b'=' && tail.len() >= 2 {
            let pair = std::str::from_utf8(&tail[..2]).unwrap();
            bytes.push(u8::from_str_radix(pair, 16).unwrap());
            rest = &tail[2..];
        } else {
            bytes.push(byte);
            rest = tail;
        }
    }
    let body = String::from_utf8(bytes).unwrap();
    format!("{headers}\n\n{body}").replace("\r\n", "\n")
}

/// A notifier that plays a script and remembers what it was given.
#[derive(Default)]
struct Scripted {
    script: Mutex<VecDeque<NotifyError>>,
    taken: Mutex<Vec<ComposedMail>>,
}

impl Notifier for Scripted {
    fn send<'a>(
        &'a self,
        mail: &'a ComposedMail,
    ) -> futures_util::future::BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(async move {
            self.taken.lock().unwrap().push(mail.clone());
            match self.script.lock().unwrap().pop_front() {
                Some(error) => Err(error),
                None => Ok(()),
            }
        })
    }
}
