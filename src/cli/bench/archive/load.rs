//! The mentions of an invented archive, put into a real store.

use crate::cli::bench::workload::{Post, SEED, Workload, scramble};
use crate::model::{
    Author, FlagKind, FlagLabel, Hit, Labels, Mention, Placement, Says, Stance, StanceLabel,
    WatchMatch,
};
use crate::privacy::{MentionKey, Pseudonym};
use crate::store::Store;
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

/// Mentions in one transaction.
const BATCH: u64 = 2_000;
/// Mentions that go the way of a house's own. What is asked for beyond them are copies of their rows,
/// under other names and of other stories, a few milliseconds later; texts repeat anyway.
const PUT: u64 = 1_000_000;
/// Private people who speak, each as often as any other.
const PEOPLE: u64 = 50_000;
/// Names of sources, watches and their targets.
const SOURCES: [&str; 5] = ["bluesky", "mastodon", "x", "feeds", "youtube"];
const WATCHES: [&str; 8] = [
    "ministry",
    "minister",
    "border-controls",
    "citizenship",
    "cybersecurity",
    "migration",
    "police",
    "civil-protection",
];
/// The first rows once more: $1 is added to their numbers, $2 is the number of the copy, $3 says how many.
const COPY: &str =
    "INSERT INTO mention (id, seq, key, published_ms, collected_ms, story, edited_ms, title,
         text, lang, url, links, voice_name, voice_handle, pseudonym, sealed, reply_key, matches,
         labels, source, platform, kind, site, backfill, official, review)
     SELECT id + $1, seq + $1, CAST(printf('%032d', id + $1) AS BLOB), published_ms + $2,
         collected_ms + $2, story + ($2 << 42), edited_ms, title,
         text, lang, url, links, voice_name, voice_handle, pseudonym, sealed, reply_key, matches,
         labels, source, platform, kind, site, backfill, official, review
     FROM mention WHERE id <= $3";
/// The end of the archive's time, 2026-11-20.
pub const END_MS: i64 = 1_795_132_800_000;
pub const WEEK_MS: i64 = 7 * 86_400_000;

/// Every tenth mention is a copy that an agency's customers print; each story has about forty.
fn story(number: u64, roll: u64) -> i64 {
    let story = match roll % 10 {
        0 => (1 << 40) + number / 400,
        _ => number + 1,
    };
    story.cast_signed()
}

/// Mentions by number, the same for the same number.
pub struct Load {
    posts: Vec<Post>,
    origin: String,
    /// Weeks that they are spread over.
    pub weeks: i64,
}

impl Load {
    pub fn new(weeks: u32) -> Self {
        let workload = Workload::new(SEED);
        Self {
            origin: workload.origin().to_owned(),
            posts: workload.posts(50_000),
            weeks: i64::from(weeks.max(1)),
        }
    }

    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Words of the posts, for queries: the most frequent first.
    pub fn words(&self) -> Vec<String> {
        let mut counts = std::collections::HashMap::new();
        for post in self.posts.iter().take(5_000) {
            for word in post.text.split_whitespace() {
                let letters = word.len() > 4 && word.chars().all(char::is_alphabetic);
                if letters {
                    *counts.entry(word.to_lowercase()).or_insert(0_u32) += 1;
                }
            }
        }
        let mut words: Vec<(String, u32)> = counts.into_iter().collect();
        words.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        words.into_iter().map(|(word, _)| word).collect()
    }

    /// A text, for phrases.
    pub fn text(&self, number: usize) -> &str {
        let place = number % self.posts.len().max(1);
        self.posts.get(place).map_or("", |post| post.text.as_str())
    }

    /// Puts so many into a store; returns how many went the way of a house's own.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub async fn fill(&self, store: &Store, mentions: u64) -> anyhow::Result<u64> {
        let put = mentions.min(PUT);
        let mut number = 0;
        while number < put {
            let mut tx = store.begin().await?;
            let end = (number + BATCH).min(put);
            for number in number..end {
                tx.put(&self.hit(number)?).await?;
            }
            tx.commit().await?;
            number = end;
        }
        Ok(put)
    }

    /// Copies the rows of a store until there are so many.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub async fn copy(path: &Path, mentions: u64) -> anyhow::Result<()> {
        let options = SqliteConnectOptions::new().filename(path);
        let mut connection = options.connect().await?;
        let there: i64 = sqlx::query_scalar("SELECT MAX(id) FROM mention")
            .fetch_one(&mut connection)
            .await?;
        let mentions = i64::try_from(mentions)?;
        for (round, first) in (there..mentions)
            .step_by(usize::try_from(there)?)
            .enumerate()
        {
            sqlx::query(COPY)
                .bind(first)
                .bind(i64::try_from(round + 1)?)
                .bind(there.min(mentions - first))
                .execute(&mut connection)
                .await?;
        }
        let newest = "UPDATE sequence SET value = (SELECT MAX(seq) FROM mention) \
                      WHERE name = 'change'";
        sqlx::query(newest).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// One mention. Times rise with the numbers, as they do where one listens.
    pub fn hit(&self, number: u64) -> anyhow::Result<Hit> {
        let roll = scramble(number ^ SEED);
        let part = |shift: u32, sides: usize| (roll >> shift) as usize % sides;
        let post = &self.posts[part(0, self.posts.len())];
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        let at = END_MS
            - scramble(number)
                .cast_signed()
                .rem_euclid(self.weeks * WEEK_MS);
        let published = Timestamp::from_millisecond(at)?;
        let watch = WATCHES[part(8, WATCHES.len()).min(part(40, WATCHES.len()))].to_owned();
        let stance = Stance::ALL[part(12, Stance::ALL.len())];
        let flags = if part(20, 30) == 0 {
            vec![FlagLabel {
                flag: FlagKind::ALL[part(24, 2)],
                reasons: Vec::new(),
            }]
        } else {
            Vec::new()
        };
        let mut person = [0; 16];
        person[..8].copy_from_slice(&scramble(roll % PEOPLE).to_be_bytes());
        let mention = Mention {
            key: MentionKey(key),
            source: SOURCES[part(28, SOURCES.len())].to_owned(),
            platform: "bench".to_owned(),
            kind: post.kind,
            published,
            edited: None,
            collected: published + jiff::SignedDuration::from_secs(part(32, 90) as i64),
            title: String::new(),
            text: post.text.clone(),
            lang: post.lang.to_owned(),
            site: post.site.clone(),
            url: None,
            links: Vec::new(),
            author: Some(Author::Private {
                pseudonym: Pseudonym(person),
            }),
            sealed: None,
            reply_to: None,
            marks: crate::model::Marks::default(),
        };
        Ok(Hit {
            mention,
            matches: vec![WatchMatch {
                watch: watch.clone(),
                target: watch.clone(),
                spans: Vec::new(),
            }],
            labels: Labels {
                model: "bench".to_owned(),
                stances: vec![StanceLabel {
                    target: watch,
                    stance,
                    probability: Some(0.8),
                    reasons: Vec::new(),
                    by_office: false,
                }],
                flags,
                says: Says::default(),
            },
            placement: Some(Placement::alone(story(number, roll))),
            claims: Vec::new(),
            differs: Vec::new(),
            backfill: true,
        })
    }
}
