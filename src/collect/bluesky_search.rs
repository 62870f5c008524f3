//! Bluesky's own search: what the stream should have brought, looked for once more.
//!
//! Documentation: <https://docs.bsky.app/docs/api/app-bsky-feed-search-posts>. Without login at the
//! public AppView, or with an account and an app password at its PDS (needed where the public one
//! refuses). Limits: 3,000 questions in 5 minutes.
//!
//! A stream may lack what its host lost, what a too old position skipped, and what was said before a
//! watch was registered. Every look asks for the words of the watches (`query::lookup`) since the
//! last look, a new word `lookback_hours` back. All of it is old news: archived, never mailed. What
//! is here already is not stored twice.
//!
//! The newest posts come first: of a word that more posts have than a look reads, the older ones stay
//! away. Not found: deletions and edits that were missed (an edit is found as the post that it became),
//! and posts that only wildcards of a query match.

use super::bluesky;
use super::hosts::Hosts;
use super::http_call::Call;
use super::pds::Pds;
use super::source::{Collected, Event, Pace, Rejection, Soughts, Source, SourceError, Standing};
use crate::clock::Clock;
use crate::model::{Change, Cursor};
use crate::query::lookup;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Posts of one answer, as many as the search gives.
const PAGE: usize = 100;
/// A search lags behind the stream: each look begins so much before the end of the last one.
const OVERLAP_MINUTES: i64 = 15;
/// Shortest pause between two looks: each asks for every word.
const MIN_EVERY_SECS: u64 = 300;
/// Longest word or phrase that is looked for, in bytes.
const MAX_TERM_BYTES: usize = 200;

/// `[source.<name>]` with `kind = "bluesky-search"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlueskySearchConfig {
    /// The public AppView, or the PDS of `identifier`.
    pub url: String,
    /// Handle or DID of the account that asks; empty for nobody.
    pub identifier: String,
    /// File with an app password of that account.
    pub password_file: Option<PathBuf>,
    /// Seconds between two looks.
    pub every_secs: u64,
    /// How far back a word is looked for at first, in hours.
    pub lookback_hours: u32,
    /// Words and phrases that one look asks for at most.
    pub max_terms: usize,
    /// Pages of 100 posts that are read for one of them at most.
    pub max_pages: u32,
    /// How the network's people can reach us.
    pub contact: String,
}

impl Default for BlueskySearchConfig {
    fn default() -> Self {
        Self {
            url: "https://public.api.bsky.app".to_owned(),
            identifier: String::new(),
            password_file: None,
            every_secs: 900,
            lookback_hours: 48,
            max_terms: 200,
            max_pages: 5,
            contact: String::new(),
        }
    }
}

mod wire {
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Debug, Deserialize)]
    pub struct Found {
        pub cursor: Option<String>,
        pub posts: Vec<Value>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Post {
        pub uri: String,
        #[serde(rename = "indexedAt")]
        pub indexed_at: jiff::Timestamp,
        pub record: Value,
    }
}

/// Reads one post that a search found.
///
/// # Errors
/// What is no post.
pub fn adapt(post: Value) -> Result<Change, Rejection> {
    let post: wire::Post = serde_json::from_value(post).map_err(|_| bluesky::no_post())?;
    bluesky::found(&post.uri, post.record, post.indexed_at)
}

/// Resume position: until when each word was looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Places {
    terms: BTreeMap<String, Timestamp>,
}

/// The search of one server.
#[derive(Debug, Clone)]
pub struct BlueskySearch {
    name: String,
    config: BlueskySearchConfig,
    pds: Pds,
    /// What the watches ask for; `None` before anybody said so.
    sought: Option<Soughts>,
    clock: Clock,
}

impl BlueskySearch {
    /// # Errors
    /// Settings that make no sense. The text names the key.
    pub fn new(name: &str, config: &BlueskySearchConfig, clock: Clock) -> Result<Self, String> {
        if config.every_secs < MIN_EVERY_SECS {
            return Err(format!("`every_secs` must be at least {MIN_EVERY_SECS}"));
        }
        if config.max_pages == 0 || config.max_terms == 0 || config.lookback_hours == 0 {
            let keys = "`max_pages`, `max_terms` and `lookback_hours` must be at least 1";
            return Err(keys.to_owned());
        }
        let (identifier, password) = (&config.identifier, config.password_file.clone());
        let pds = Pds::new(&config.url, identifier, password, &config.contact)?;
        Ok(Self {
            name: name.to_owned(),
            config: config.clone(),
            pds,
            sought: None,
            clock,
        })
    }

    async fn page(
        &self,
        term: &str,
        since: Timestamp,
        cursor: Option<&str>,
    ) -> Result<wire::Found, SourceError> {
        let mut url = self.pds.method("app.bsky.feed.searchPosts");
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let limit = PAGE.to_string();
        url.query_pairs_mut().extend_pairs([
            ("q", term),
            ("sort", "latest"),
            ("since", &since),
            ("limit", &limit),
        ]);
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let call = Call::get(url, "application/json");
        self.pds.ask(call).await?.json()
    }

    /// What the watches look for, each a word or a phrase in quotes. Wildcards cannot be looked for:
    /// of a watch that rests on them a part is found.
    fn terms(&self) -> BTreeSet<String> {
        let sought = self
            .sought
            .as_ref()
            .map(|sought| Arc::clone(&sought.borrow()));
        let all = sought.iter().flat_map(|sought| sought.iter());
        all.flat_map(|one| lookup(one.query.expr()).terms).collect()
    }

    /// What is asked for, and since when; the longest unasked first.
    fn wanted(&self, places: &mut Places) -> Vec<(String, Timestamp)> {
        let terms = self.terms();
        let now = self.clock.now();
        let hours = i64::from(self.config.lookback_hours);
        let earliest = now.saturating_sub(hours.hours()).unwrap_or(now);
        places.terms.retain(|term, _| terms.contains(term));
        let since = |term: &String| match places.terms.get(term) {
            Some(at) => at.saturating_sub(OVERLAP_MINUTES.minutes()).unwrap_or(*at),
            None => earliest,
        };
        let short = terms.iter().filter(|term| term.len() <= MAX_TERM_BYTES);
        let mut wanted: Vec<_> = short.map(|term| (term.clone(), since(term))).collect();
        wanted.sort_by_key(|(_, since)| *since);
        wanted.truncate(self.config.max_terms);
        wanted
    }
}

impl Source for BlueskySearch {
    fn name(&self) -> &str {
        &self.name
    }

    fn listen_for(&mut self, sought: Soughts) {
        self.sought = Some(sought);
    }

    fn pace(&self) -> Pace {
        Pace::Poll {
            every: Duration::from_secs(self.config.every_secs),
        }
    }

    fn is_backfill(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.pds = self.pds.clone().sharing(hosts);
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let this = self.clone();
        Box::pin(async_stream::try_stream! {
            let saved = resume.and_then(|cursor| serde_json::from_str(&cursor.0).ok());
            let mut places: Places = saved.unwrap_or_default();
            for (term, since) in this.wanted(&mut places) {
                let until = this.clock.now();
                let mut cursor: Option<String> = None;
                for _ in 0..this.config.max_pages {
                    let found = this.page(&term, since, cursor.as_deref()).await?;
                    let full = !found.posts.is_empty();
                    for post in found.posts.into_iter().take(PAGE) {
                        let event = match adapt(post) {
                            Ok(change) => Event::Change(change),
                            Err(rejection) => Event::Rejected(rejection),
                        };
                        yield Collected::old(event);
                    }
                    cursor = found.cursor.filter(|_| full);
                    if cursor.is_none() {
                        break;
                    }
                }
                places.terms.insert(term, until);
                let reached = serde_json::to_string(&places).ok().map(Cursor);
                yield Collected::now(Event::Nothing, reached);
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let this = self.clone();
        Box::pin(async move {
            let asking = this.page("bluesky", this.clock.now(), None);
            match asking.await {
                Ok(_) => Standing::Works,
                Err(SourceError::Refused(why)) => Standing::NeedsKey(why),
                Err(error) => Standing::Unreachable(error.to_string()),
            }
        })
    }
}
