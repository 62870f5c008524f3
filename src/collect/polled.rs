//! What the sources that look again and again have in common: they remember, as short hashes, what
//! was handed on and with which words, and hand on what is new or changed.
//!
//! The memory is the source's cursor. It moves when a whole look is through, so a crash or a failed
//! look repeats items and loses none. It holds no address and no word of an item.

use super::article::{self, Articles, Outcome};
use super::http::Validators;
use super::source::{Collected, Event, Gap, GapReason, Rejection, SourceError};
use crate::model::{Change, Cursor, Deletion, Item};
use crate::privacy::hex;
use crate::text::markup;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// A shorter list may well change as a whole.
const MIN_JUMP: usize = 10;

/// The cursor: what the server said of its version, and what was handed on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
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
    pub fn read(cursor: Option<&Cursor>) -> Self {
        cursor
            .and_then(|cursor| serde_json::from_str(&cursor.0).ok())
            .unwrap_or_default()
    }

    fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }

    /// What the server said of the version that we know at this address.
    pub fn validators(&self, address: &str) -> Validators {
        match self.feed == hash(&[address]) {
            true => self.validators.clone(),
            false => Validators::default(),
        }
    }

    /// When something was handed on last.
    pub fn last_news(&self) -> Option<Timestamp> {
        self.looked
    }

    /// True where this was handed on.
    pub fn knows(&self, platform: &str, id: &str) -> bool {
        let id = hash(&[platform, id]);
        self.seen.iter().any(|(known, _)| *known == id)
    }

    /// What a look saw, and of older ones as much as fits, but for what is gone.
    fn with_older(
        &self,
        mut seen: Vec<(String, String)>,
        gone: HashSet<String>,
        remember: usize,
    ) -> Vec<(String, String)> {
        let mut now = gone;
        now.extend(seen.iter().map(|(id, _)| id.clone()));
        let older = self.seen.iter().filter(|(id, _)| !now.contains(id));
        seen.extend(older.cloned());
        seen.truncate(remember);
        seen
    }

    /// What was listed and gone between two looks: a list of some length in which nothing is known any
    /// more has moved on by more than its length, and one that was cut off says so itself.
    fn jumped(&self, list: &List, now: Timestamp) -> Option<Gap> {
        let from = self
            .looked
            .filter(|_| self.feed == hash(&[&list.address]))?;
        let reason = GapReason::Jump;
        if let Some(to) = list.cut {
            let to = to.min(now);
            return Some(Gap { from, to, reason }).filter(|gap| gap.from < gap.to);
        }
        let known: HashSet<&str> = self.seen.iter().map(|(id, _)| id.as_str()).collect();
        let items = list.items.iter().flatten();
        if items.clone().count() < MIN_JUMP
            || items.clone().any(|item| known.contains(&*identity(item)))
        {
            return None;
        }
        let oldest = items.filter_map(|item| item.published).min();
        let to = oldest.map_or(now, |oldest| oldest.min(now));
        Some(Gap { from, to, reason }).filter(|gap| gap.from < gap.to)
    }

    /// The time of an edit that is seen `now`, where the feed states another or none.
    fn edit_time(&self, stated: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let is_fresh = |at: &Timestamp| self.looked.is_some_and(|looked| *at > looked);
        // A clock that was set back is no reason to lose an edit.
        let seen = self.looked.map_or(now, |looked| looked.max(now));
        stated.filter(is_fresh).unwrap_or(seen)
    }
}

/// A list that was fetched: what it holds, and which version it is.
#[derive(Debug)]
pub struct List {
    pub items: Vec<Result<Item, Rejection>>,
    /// Where it would stand if it were there, and does not.
    pub gone: Vec<Deletion>,
    /// Its address with everything that decides what is listed.
    pub address: String,
    pub validators: Validators,
    /// The look ended before it reached what is known: the oldest thing that it saw was published
    /// then.
    pub cut: Option<Timestamp>,
    /// Items that are remembered: twice as many as one look can bring, so that what drops out of the
    /// list and comes back is not new.
    pub remember: usize,
}

/// What one look brings on its way out.
pub struct Look {
    memory: Memory,
    list: List,
    now: Timestamp,
}

/// An item that is new, or that has other words than it had.
struct News {
    item: Item,
    id: String,
    words: String,
    /// Hash of the words that were handed on before.
    before: Option<String>,
}

impl Look {
    /// `now` is the time at which the list was fetched.
    pub fn new(memory: Memory, list: List, now: Timestamp) -> Self {
        Self { memory, list, now }
    }

    /// The changes, and the cursor behind the last one. Articles that are a teaser are completed from
    /// their pages; `keep_all` as in [`article::complete`].
    pub fn stream(
        self,
        articles: Option<Articles>,
        keep_all: bool,
    ) -> BoxStream<'static, Result<Collected, SourceError>> {
        let Self { memory, list, now } = self;
        Box::pin(async_stream::try_stream! {
            // Where pages are fetched, not everything that was told is remembered.
            if articles.is_none() && let Some(gap) = memory.jumped(&list, now) {
                yield Collected::now(Event::Gap(gap), None);
            }
            let known: HashMap<String, String> = memory.seen.iter().cloned().collect();
            let mut pages = articles.map(Pages::new);
            let (mut seen, mut gone) = (Vec::new(), HashSet::new());
            let mut ids = HashSet::new();
            let (mut rejected, mut told) = (false, false);
            for deletion in list.gone {
                let id = hash(&[&deletion.platform, &deletion.id]);
                if known.contains_key(&id) && gone.insert(id) {
                    yield Collected::now(Event::Change(Change::Delete(deletion)), None);
                }
            }
            for item in list.items {
                let item = match item {
                    Ok(item) => dated(item, now),
                    Err(rejection) => {
                        rejected = true;
                        yield Collected::now(Event::Rejected(rejection), None);
                        continue;
                    }
                };
                let (id, words) = fingerprint(&item);
                // The parts of an index, and some feeds, list one item twice: the first is meant.
                if !ids.insert(id.clone()) {
                    continue;
                }
                let before = known.get(&id).cloned();
                if before.as_ref() == Some(&words) {
                    seen.push((id, words));
                    continue;
                }
                let mut news = News { item, id, words, before };
                if news.before.is_some() {
                    news.item.edited = Some(memory.edit_time(news.item.edited, now));
                }
                if let Some(pages) = &mut pages
                    && pages.complete(&mut news, keep_all).await
                {
                    // Many slow pages take minutes, and none of them hangs.
                    yield Collected::now(Event::Nothing, None);
                }
                let News { item, id, words, before } = news;
                let is_news = before.as_ref() != Some(&words);
                if !words.is_empty() {
                    seen.push((id, words));
                }
                if is_news && !is_silent(&item) {
                    told = true;
                    yield Collected::now(Event::Change(Change::Upsert(Box::new(item))), None);
                }
            }
            // A list of which something is still to come is asked for in full again.
            let validators = match pages.is_some_and(|pages| pages.deferred) {
                true => Validators::default(),
                false => list.validators,
            };
            let looked = if told { memory.looked.max(Some(now)) } else { memory.looked };
            let nothing_read = seen.is_empty() && (rejected || told);
            let seen = memory.with_older(seen, gone, list.remember);
            let after = Memory { feed: hash(&[&list.address]), validators, looked, seen };
            // The look is through: only now the position moves, and only where it changed.
            let cursor = Some(after).filter(|after| !nothing_read && *after != memory);
            yield Collected::now(Event::Nothing, cursor.and_then(|after| after.write()));
        })
    }
}

/// A look that found nothing changed.
pub fn unchanged() -> BoxStream<'static, Result<Collected, SourceError>> {
    Box::pin(futures_util::stream::iter([Ok(Collected::now(
        Event::Nothing,
        None,
    ))]))
}

/// The pages that one look may still fetch.
struct Pages {
    articles: Articles,
    left: usize,
    /// Something waits for a later look.
    deferred: bool,
}

impl Pages {
    fn new(articles: Articles) -> Self {
        Self {
            articles,
            left: article::MAX_PAGES,
            deferred: false,
        }
    }

    /// Completes a teaser from its page. Where that must wait for a later look, an item that is new
    /// goes on as it is and is not remembered; an edit is held back, because a teaser must not take
    /// the place of the words that are here. True where the page was asked for.
    async fn complete(&mut self, news: &mut News, keep_all: bool) -> bool {
        let Some(url) = article::wanted(&news.item) else {
            return false;
        };
        let asks = self.left > 0;
        let outcome = match asks {
            true => self.articles.page(&url).await,
            false => Outcome::Later,
        };
        self.left = self.left.saturating_sub(1);
        match outcome {
            Outcome::Read(reading) => article::complete(&mut news.item, *reading, keep_all),
            Outcome::Nothing => {}
            Outcome::Later | Outcome::Enough => {
                if outcome == Outcome::Enough {
                    self.left = 0;
                }
                self.deferred = true;
                news.words = news.before.clone().unwrap_or_default();
            }
        }
        asks
    }
}

/// Times ahead of ours are not believed: an edit that we see later would seem to be older.
fn dated(mut item: Item, now: Timestamp) -> Item {
    item.published = item.published.map(|at| at.min(now));
    item.edited = item.edited.filter(|at| *at <= now);
    item
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
    let body = words.join(" ");
    // Of what has no words yet, its version tells whether it changed.
    let version = item
        .edited
        .filter(|_| is_silent(item))
        .map(|at| at.to_string());
    (
        identity(item),
        match version {
            Some(version) => hash(&[&version]),
            None => hash(&[title, &body]),
        },
    )
}

fn identity(item: &Item) -> String {
    hash(&[&item.platform, &item.id])
}

/// An address without words, as sitemaps list them: only its page can say something.
fn is_silent(item: &Item) -> bool {
    item.title.is_none() && item.text.is_empty() && item.html.is_empty()
}

/// Enough of SHA-256 to tell a list's items apart, as 16 hexadecimal digits.
pub fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize()[..8])
}
