//! A store and its index in a temporary directory, for tests.

use jiff::Timestamp;
use resonanz::index::{Arrivals, Config, Follow, Index, IndexError, Page, Search};
use resonanz::metrics::Metrics;
use resonanz::model::{Hit, Kind, Labels, Mention, Stance, StanceLabel, WatchMatch};
use resonanz::privacy::MentionKey;
use resonanz::query::Query;
use resonanz::store::{Put, Store};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest wait for something that takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct House {
    dir: tempfile::TempDir,
    pub store: Store,
    pub metrics: Metrics,
    pub arrivals: Arrivals,
    pub config: Config,
    index: Option<Index>,
}

pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not happen"))
}

pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A mention of the watch `bmi`, published on 18 November 2026 unless it is changed.
pub fn hit(number: u32, text: &str) -> Hit {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_le_bytes());
    let published = time("2026-11-18T12:00:00Z");
    Hit {
        mention: Mention {
            key: MentionKey(key),
            source: "bluesky".to_owned(),
            platform: "bluesky".to_owned(),
            kind: Kind::Post,
            published,
            edited: None,
            collected: published,
            title: String::new(),
            text: text.to_owned(),
            lang: "de".to_owned(),
            site: String::new(),
            url: None,
            links: Vec::new(),
            author: None,
            sealed: None,
            reply_to: None,
            marks: resonanz::model::Marks::default(),
        },
        matches: vec![WatchMatch {
            watch: "bmi".to_owned(),
            target: "ministry".to_owned(),
            spans: Vec::new(),
        }],
        labels: Labels {
            model: "test".to_owned(),
            stances: vec![StanceLabel {
                target: "ministry".to_owned(),
                stance: Stance::Neutral,
                probability: None,
                reasons: Vec::new(),
                by_office: false,
            }],
            flags: Vec::new(),
            says: resonanz::model::Says::default(),
        },
        placement: None,
        claims: Vec::new(),
        differs: Vec::new(),
        backfill: false,
    }
}

pub fn published(mut hit: Hit, at: &str) -> Hit {
    hit.mention.published = time(at);
    hit
}

/// A newer version of a hit.
pub fn edited(mut hit: Hit, at: &str, text: &str) -> Hit {
    hit.mention.edited = Some(time(at));
    hit.mention.text = text.to_owned();
    hit
}

impl House {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut house = Self {
            store: Store::open(&dir.path().join("store.db")).await.unwrap(),
            dir,
            metrics: Metrics::new(&resonanz::metrics::Series::default()).unwrap(),
            arrivals: Arrivals::default(),
            config: Config {
                commit_interval_ms: 1,
                // A loaded machine is no fault of the index.
                search_timeout_ms: 60_000,
                ..Config::default()
            },
            index: None,
        };
        house.start().await;
        house
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn index(&self) -> &Index {
        self.index.as_ref().unwrap()
    }

    pub fn follow(&self) -> Follow {
        Follow {
            store: self.store.clone(),
            metrics: self.metrics.clone(),
            arrivals: self.arrivals.clone(),
        }
    }

    pub async fn open(&self) -> Result<Index, IndexError> {
        Index::open(self.dir(), &self.config, self.follow()).await
    }

    pub async fn start(&mut self) {
        self.index = Some(self.open().await.unwrap());
    }

    pub async fn stop(&mut self) {
        if let Some(index) = self.index.take() {
            index.stop().await;
        }
    }

    /// Puts hits into the store, in one transaction. Returns their numbers.
    pub async fn put(&self, hits: &[Hit]) -> Vec<i64> {
        let mut tx = self.store.begin().await.unwrap();
        let mut ids = Vec::new();
        for hit in hits {
            match tx.put(hit).await.unwrap() {
                Put::New { id } | Put::Updated { id } | Put::Known { id } => ids.push(id),
                Put::Tombstoned | Put::TooOld => {}
            }
        }
        tx.commit().await.unwrap();
        ids
    }

    pub async fn delete(&self, hit: &Hit) {
        let mut tx = self.store.begin().await.unwrap();
        let at = time("2026-11-22T12:00:00Z");
        tx.delete(&hit.mention.key, at).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Waits until the index has everything that the store has, and compares the two.
    pub async fn settle(&self) {
        let newest = self.store.newest_seq().await.unwrap();
        self.index().wake();
        soon("following", self.index().until_reached(newest)).await;
        soon("purging", self.index().until_purged(newest)).await;
        soon("making again", async {
            while !self.index().is_whole() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
        let differences = self.index().verify(&self.store).await.unwrap();
        assert!(differences.is_empty(), "{differences}");
    }

    pub async fn search(&self, search: Search) -> Page {
        self.index().search(search).await.unwrap()
    }

    /// The directories of the partitions, sorted.
    pub fn partitions(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.dir().join("index"))
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The files of a partition that hold words.
    pub fn word_files(&self, partition: &str) -> Vec<PathBuf> {
        crate::sweep::files(&self.dir().join("index").join(partition))
            .into_iter()
            .filter(|path| {
                path.extension().is_some_and(|ending| {
                    ["term", "idx", "pos", "fast", "store"]
                        .iter()
                        .any(|known| ending == *known)
                })
            })
            .collect()
    }
}

/// A search for everything.
pub fn all() -> Search {
    Search {
        limit: 200,
        ..Search::default()
    }
}

/// A search by site.
pub fn of_site(site: &str) -> Search {
    Search {
        site: Some(site.to_owned()),
        ..all()
    }
}

/// A mention of one of five weeks, at a site that tells versions apart.
pub fn nth(number: u32, site: &str) -> Hit {
    let day = 1 + number % 28;
    let mut hit = published(
        hit(number, "ein Text"),
        &format!("2026-11-{day:02}T0{}:00:00Z", number % 10),
    );
    hit.mention.site = site.to_owned();
    hit
}

/// A search by a written query.
#[track_caller]
pub fn asking(query: &str) -> Search {
    Search {
        query: Some(Query::parse(query).unwrap().expr().clone()),
        ..all()
    }
}
