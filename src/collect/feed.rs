//! RSS (0.9x, 1.0, 2.0), Atom and JSON Feed, polled.
//!
//! Formats: <https://www.rssboard.org/rss-specification>, RFC 4287, <https://www.jsonfeed.org>.
//! YouTube's channel feeds are Atom; their items are videos.
//!
//! * One look is one conditional GET (`http`), then one parse of at most 20 MiB and `max_items` items,
//!   off the async threads and with a time budget.
//! * Feeds repeat themselves at every look. The cursor remembers, as short hashes, what was handed on
//!   and with which words; what is unchanged is not handed on again. It moves when a whole look is
//!   through, so a crash or a failed look repeats items and loses none.
//! * Known words that changed are an edit. It bears the feed's date of change where that lies behind
//!   our last news of this feed, else the time at which we saw it: so no edit is older than the one
//!   before it, and the newer words win.
//! * `robots.txt` may close a feed's address, and a reservation of text and data mining leaves its
//!   headlines only (`robots`, `opt_out`), unless `honour_opt_outs` says that there is a licence.
//! * Deletions are not signalled by feeds: an item just leaves the list, and that says nothing.
//! * Not collected: enclosures, comments, the articles' pages. Permission: a feed is published to be
//!   read by machines; a publisher's terms may still forbid it, which the operator has to check.

use super::feed_read;
use super::hosts::Hosts;
use super::http::{Answer, Client, ClientError, Limits, Page, Validators};
use super::robots::{Permission, Robots};
use super::source::{Collected, Event, Pace, Rejection, Source, SourceError, Standing};
use crate::clock::Clock;
use crate::model::{Change, Cursor, Item};
use crate::text::markup;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use url::Url;

const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, \
                      application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1";
/// Nobody is asked more often.
const MIN_EVERY_SECS: u64 = 60;
const MAX_ITEMS: usize = 5_000;
/// Of a feed that is read from a file.
const DEFAULT_ITEMS: usize = 500;
/// Reading a feed takes milliseconds; one that takes this long was made to.
const READ_BUDGET: Duration = Duration::from_secs(20);

/// `[source.<name>]` with `kind = "feed"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedConfig {
    /// Address of the feed, http or https.
    pub url: String,
    /// Seconds between two looks, at least 60.
    #[serde(default = "default_every_secs")]
    pub every_secs: u64,
    /// Items of one look that are read, at most 5,000; the first ones of a longer feed.
    #[serde(default = "default_max_items")]
    pub max_items: usize,
    /// Largest body, in bytes, decompressed.
    #[serde(default = "default_max_body_bytes")]
    pub max_body_bytes: usize,
    /// Hosts, addresses and networks (`10.1.0.0/16`) that may be connected to although they are
    /// private: for feeds of the intranet.
    #[serde(default)]
    pub allow_private: Vec<String>,
    /// How the feed's publisher can reach us: an address of a page or of mail, for the User-Agent.
    #[serde(default)]
    pub contact: String,
    /// Follow `robots.txt` and reservations of text and data mining. Off only with the publisher's
    /// consent, or for one's own feeds.
    #[serde(default = "default_honour_opt_outs")]
    pub honour_opt_outs: bool,
}

fn default_honour_opt_outs() -> bool {
    true
}

fn default_every_secs() -> u64 {
    300
}

fn default_max_items() -> usize {
    DEFAULT_ITEMS
}

fn default_max_body_bytes() -> usize {
    Limits::default().max_body_bytes
}

/// Why a configured feed cannot be one.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    #[error("`url`: {0}")]
    Url(String),
    #[error("`every_secs` must be at least {MIN_EVERY_SECS}")]
    TooOften,
    #[error("`max_items` must be 1 to {MAX_ITEMS}")]
    MaxItems,
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// One feed.
#[derive(Debug, Clone)]
pub struct Feed {
    name: String,
    url: Url,
    every: Duration,
    max_items: usize,
    client: Client,
    /// Where opt-outs are honoured.
    robots: Option<Robots>,
    clock: Clock,
}

impl Feed {
    /// A feed that is looked at with the usual bounds of time.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn new(name: &str, config: &FeedConfig) -> Result<Self, FeedError> {
        Self::with_limits(name, config, &Clock::system(), Limits::default())
    }

    /// The same with another clock and other bounds of time; the bound of size is the
    /// configuration's.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn with_limits(
        name: &str,
        config: &FeedConfig,
        clock: &Clock,
        limits: Limits,
    ) -> Result<Self, FeedError> {
        let limits = Limits {
            max_body_bytes: config.max_body_bytes,
            ..limits
        };
        let url = Url::parse(&config.url).map_err(|error| FeedError::Url(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FeedError::Url(
                "must begin with https:// or http://".to_owned(),
            ));
        }
        if config.every_secs < MIN_EVERY_SECS {
            return Err(FeedError::TooOften);
        }
        if !(1..=MAX_ITEMS).contains(&config.max_items) {
            return Err(FeedError::MaxItems);
        }
        let client = Client::new(&config.allow_private, &config.contact, limits)?;
        let honours = config.honour_opt_outs;
        Ok(Self {
            name: name.to_owned(),
            url,
            every: Duration::from_secs(config.every_secs),
            max_items: config.max_items,
            robots: honours.then(|| Robots::new(client.clone())),
            client,
            clock: clock.clone(),
        })
    }

    async fn read(&self, page: Page) -> Result<Vec<Result<Item, Rejection>>, SourceError> {
        let max_items = self.max_items;
        let reading = tokio::task::spawn_blocking(move || {
            let content_type = page.content_type.as_deref();
            feed_read::read(&page.body, content_type, Some(&page.url), max_items)
        });
        match tokio::time::timeout(READ_BUDGET, reading).await {
            Ok(Ok(items)) => Ok(items),
            Ok(Err(_)) => Err(SourceError::Transient(
                "the feed's reader ended early".to_owned(),
            )),
            Err(_) => Err(SourceError::Refused(
                "the feed takes too long to read".to_owned(),
            )),
        }
    }

    /// One look: what is new since `memory`, and what to remember from now on.
    async fn look(&self, memory: &Memory) -> Result<Look, SourceError> {
        let reserved = self.is_reserved().await?;
        let page = match self
            .client
            .get(&self.url, ACCEPT, &memory.validators(&self.url))
            .await?
        {
            Answer::Unchanged => return Ok(Look::default()),
            Answer::Page(page) => page,
        };
        let validators = page.validators.clone();
        let reserved = match self.robots {
            Some(_) => page.opt_out.tdm_reserved.unwrap_or(reserved),
            None => false,
        };
        let mut items = self.read(page).await?;
        if reserved {
            items.iter_mut().flatten().for_each(headline);
        }
        Ok(self.compare(memory, validators, items))
    }

    /// Whether the publisher reserves mining at the feed's address.
    async fn is_reserved(&self) -> Result<bool, SourceError> {
        let Some(robots) = &self.robots else {
            return Ok(false);
        };
        match robots.may_fetch(&self.url).await {
            Permission::Granted => Ok(false),
            Permission::Reserved => Ok(true),
            Permission::Closed => Err(SourceError::Refused(
                "robots.txt closes the feed's address, see `honour_opt_outs`".to_owned(),
            )),
            Permission::Unknown(why) => Err(why),
        }
    }

    fn compare(
        &self,
        memory: &Memory,
        validators: Validators,
        items: Vec<Result<Item, Rejection>>,
    ) -> Look {
        let known: HashMap<&str, &str> = memory
            .seen
            .iter()
            .map(|(id, words)| (id.as_str(), words.as_str()))
            .collect();
        let mut look = Look::default();
        let mut seen = Vec::new();
        let now = self.clock.now();
        for item in items {
            let mut item = match item {
                Ok(item) => dated(item, now),
                Err(rejection) => {
                    look.events.push(Event::Rejected(rejection));
                    continue;
                }
            };
            let (id, words) = fingerprint(&item);
            let known_words = known.get(id.as_str()).copied();
            if known_words.is_some_and(|known| known != words) {
                item.edited = Some(memory.edit_time(item.edited, now));
            }
            if known_words != Some(&words) {
                look.events
                    .push(Event::Change(Change::Upsert(Box::new(item))));
            }
            seen.push((id, words));
        }
        // A feed of which nothing could be read is asked for in full again.
        if !seen.is_empty() || look.events.is_empty() {
            let mut after = memory.after(seen, validators, &self.url, self.max_items);
            if look
                .events
                .iter()
                .any(|event| matches!(event, Event::Change(_)))
            {
                after.looked = memory.looked.max(Some(now));
            }
            look.memory = Some(after);
        }
        look
    }
}

/// Leaves the headline and the link.
fn headline(item: &mut Item) {
    item.text.clear();
    item.html.clear();
}

/// Times ahead of ours are not believed: an edit that we see later would seem to be older.
fn dated(mut item: Item, now: Timestamp) -> Item {
    item.published = item.published.map(|at| at.min(now));
    item.edited = item.edited.filter(|at| *at <= now);
    item
}

impl Source for Feed {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Poll { every: self.every }
    }

    /// As far as the list reaches back.
    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.client = self.client.clone().sharing(hosts);
        let robots = self.robots.take();
        self.robots = robots.map(|_| Robots::new(self.client.clone()));
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let feed = self.clone();
        let memory = resume
            .map(|cursor| Memory::read(&cursor))
            .unwrap_or_default();
        Box::pin(async_stream::try_stream! {
            let look = feed.look(&memory).await?;
            for event in look.events {
                yield Collected::now(event, None);
            }
            // The look is through: only now the position moves, and only where it changed.
            let cursor = look.memory.filter(|new| *new != memory).and_then(|new| new.write());
            yield Collected::now(Event::Nothing, cursor);
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let feed = self.clone();
        async move {
            let look = match feed.look(&Memory::default()).await {
                Ok(look) => look,
                Err(error) => return Standing::Unreachable(error.to_string()),
            };
            match look.events.first() {
                Some(Event::Rejected(rejection)) if look.memory.is_none() => {
                    Standing::Unreachable(rejection.to_string())
                }
                _ => Standing::Works,
            }
        }
        .boxed()
    }
}

/// What the bytes of a feed say, read as they would be from the network. `base_url` is where the
/// feed stands, for relative links and for ids that are no addresses.
pub fn read_bytes(bytes: &[u8], base_url: Option<&Url>) -> Vec<Result<Change, Rejection>> {
    let items = feed_read::read(bytes, None, base_url, DEFAULT_ITEMS);
    items
        .into_iter()
        .map(|item| item.map(|item| Change::Upsert(Box::new(item))))
        .collect()
}

/// What one look brought.
#[derive(Default)]
struct Look {
    events: Vec<Event>,
    memory: Option<Memory>,
}

/// The cursor: what the server said of its version, and what was handed on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    /// Hash of the address: another address has other versions.
    feed: String,
    #[serde(flatten)]
    validators: Validators,
    /// When the last news were handed on: no edit before bears a later time.
    looked: Option<Timestamp>,
    /// Hashes of native id and words; the newest look's items first.
    seen: Vec<(String, String)>,
}

impl Memory {
    /// A cursor of another shape is no memory: everything is handed on once more, which is harmless.
    fn read(cursor: &Cursor) -> Self {
        serde_json::from_str(&cursor.0).unwrap_or_default()
    }

    fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }

    fn validators(&self, url: &Url) -> Validators {
        match self.feed == hash(&[url.as_str()]) {
            true => self.validators.clone(),
            false => Validators::default(),
        }
    }

    /// The time of an edit that is seen `now`, where the feed states another or none.
    fn edit_time(&self, stated: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let is_fresh = |at: &Timestamp| self.looked.is_some_and(|looked| *at > looked);
        // A clock that was set back is no reason to lose an edit.
        let seen = self.looked.map_or(now, |looked| looked.max(now));
        stated.filter(is_fresh).unwrap_or(seen)
    }

    /// Remembers a look, and of older ones as much as fits into twice the items of a look: an item
    /// that drops out of the list and comes back is not new.
    fn after(
        &self,
        mut seen: Vec<(String, String)>,
        validators: Validators,
        url: &Url,
        max_items: usize,
    ) -> Self {
        let now: HashSet<String> = seen.iter().map(|(id, _)| id.clone()).collect();
        seen.extend(
            self.seen
                .iter()
                .filter(|(id, _)| !now.contains(id))
                .cloned(),
        );
        seen.truncate(2 * max_items);
        Self {
            feed: hash(&[url.as_str()]),
            validators,
            looked: self.looked,
            seen,
        }
    }
}

/// Hashes of an item's identity and of its words. Not of its markup: publishers change counters,
/// pixels and advertisements in it at every look.
fn fingerprint(item: &Item) -> (String, String) {
    let body = match item.html.is_empty() {
        true => item.text.clone(),
        false => markup::strip(&item.html).text,
    };
    let words: Vec<&str> = body.split_whitespace().collect();
    let title = item.title.as_deref().unwrap_or_default();
    (
        hash(&[&item.platform, &item.id]),
        hash(&[title, &words.join(" ")]),
    )
}

/// Enough of SHA-256 to tell a feed's items apart, as 16 hexadecimal digits.
fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
