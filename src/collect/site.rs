//! Named pages of a site, the ministry's own first of all: what is new on them.
//!
//! * Each page is fetched as `article` does: `robots.txt`, reservations, size, time.
//! * The first look hands the whole text on. Later ones hand on the paragraphs that were not there
//!   before, each time as an item of its own: who reads it reads what was newly said.
//! * The cursor holds a hash of each paragraph, no words; so what was taken out of a page is noticed,
//!   and cannot be shown. Paragraphs of a few letters ("Stand: heute") do not count.
//! * Name pages that say something themselves. Of a front page, which lists others, one box is taken for
//!   the words (of bayern.de's it was the consent for a video).
//! * Not collected: other pages that these link to (a feed or a sitemap names them), pictures, files.
//!   Comments below articles come as a feed, where a site has one.

use super::article::{Articles, Outcome, Reading};
use super::feed::FeedError;
use super::feed_read::PLATFORM;
use super::hosts::Hosts;
use super::http::Limits;
use super::polled::hash;
use super::source::{
    Collected, Event, Pace, RejectReason, Rejection, Source, SourceError, Standing,
};
use crate::clock::Clock;
use crate::model::{Change, Cursor, Item, Kind};
use crate::text::link;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use url::Url;

const MIN_EVERY_SECS: u64 = 300;
const MAX_PAGES: usize = 50;
/// Paragraphs of one page that are remembered.
const MAX_PARAGRAPHS: usize = 400;
/// A shorter paragraph is a date, a counter or a button.
const MIN_PARAGRAPH_BYTES: usize = 24;

/// `[source.<name>]` with `kind = "site"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteConfig {
    /// Addresses of the pages, at most 50.
    pub pages: Vec<String>,
    /// Seconds between two looks, at least 300.
    #[serde(default = "default_every_secs")]
    pub every_secs: u64,
    /// The pages are the ministry's own: what they say is an official statement.
    #[serde(default)]
    pub official: bool,
    /// Hosts, addresses and networks that may be connected to although they are private.
    #[serde(default)]
    pub allow_private: Vec<String>,
    /// How the site's publisher can reach us.
    #[serde(default)]
    pub contact: String,
    /// Follow `robots.txt` and reservations. Off only with the publisher's consent, or for one's own
    /// pages.
    #[serde(default = "default_honour_opt_outs")]
    pub honour_opt_outs: bool,
}

fn default_honour_opt_outs() -> bool {
    true
}

fn default_every_secs() -> u64 {
    900
}

/// Why configured pages cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    #[error("`pages` must be 1 to {MAX_PAGES} addresses that begin with https:// or http://")]
    Pages,
    #[error("`every_secs` must be at least {MIN_EVERY_SECS}")]
    TooOften,
    #[error(transparent)]
    Client(#[from] FeedError),
}

/// The named pages of one site.
#[derive(Debug, Clone)]
pub struct Site {
    name: String,
    pages: Vec<Url>,
    every: Duration,
    official: bool,
    articles: Articles,
    clock: Clock,
}

impl Site {
    /// Pages that are looked at with the usual bounds of time.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn new(name: &str, config: &SiteConfig) -> Result<Self, SiteError> {
        Self::with_clock(name, config, &Clock::system())
    }

    /// The same with another clock.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn with_clock(name: &str, config: &SiteConfig, clock: &Clock) -> Result<Self, SiteError> {
        let pages: Option<Vec<Url>> = config
            .pages
            .iter()
            .map(|page| link::canonical(page))
            .collect();
        let pages = pages.filter(|pages| (1..=MAX_PAGES).contains(&pages.len()));
        if config.every_secs < MIN_EVERY_SECS {
            return Err(SiteError::TooOften);
        }
        let articles = Articles::new(
            &config.allow_private,
            &config.contact,
            Limits::default(),
            config.honour_opt_outs,
        );
        Ok(Self {
            name: name.to_owned(),
            pages: pages.ok_or(SiteError::Pages)?,
            every: Duration::from_secs(config.every_secs),
            official: config.official,
            articles: articles.map_err(FeedError::from)?,
            clock: clock.clone(),
        })
    }
}

impl Source for Site {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Poll { every: self.every }
    }

    /// What was new meanwhile is still there, or nobody will ever know.
    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.articles = self.articles.clone().sharing(hosts);
    }

    fn is_official(&self) -> bool {
        self.official
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let site = self.clone();
        Box::pin(async_stream::try_stream! {
            let before = Memory::read(resume.as_ref());
            let mut after = before.clone();
            // Pages that are no longer named are forgotten.
            let named: HashSet<String> = site.pages.iter().map(|url| hash(&[url.as_str()])).collect();
            after.pages.retain(|page, _| named.contains(page));
            let mut lost = 0;
            for url in &site.pages {
                let outcome = site.articles.page(url).await;
                // Many slow pages take minutes, and none of them hangs.
                yield Collected::now(Event::Nothing, None);
                match outcome {
                    Outcome::Read(reading) => {
                        if let Some(item) = after.news(url, *reading, site.clock.now()) {
                            yield Collected::now(Event::Change(Change::Upsert(Box::new(item))), None);
                        }
                    }
                    Outcome::Nothing => {
                        let why = "a named page is closed, reserved or without an article";
                        let rejection = Rejection::new(RejectReason::Incomplete, why);
                        yield Collected::now(Event::Rejected(rejection), None);
                    }
                    Outcome::Later | Outcome::Enough => lost += 1,
                }
            }
            let cursor = Some(after).filter(|after| *after != before).and_then(|after| after.write());
            yield Collected::now(Event::Nothing, cursor);
            if lost > 0 {
                let why = format!("{lost} of {} pages did not answer", site.pages.len());
                Err(SourceError::Transient(why))?;
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let site = self.clone();
        async move {
            for url in &site.pages {
                if !matches!(site.articles.page(url).await, Outcome::Read(_)) {
                    return Standing::Unreachable(format!("{url} gives no text"));
                }
            }
            Standing::Works
        }
        .boxed()
    }
}

/// The cursor: the hashes of each page's paragraphs, by the hash of its address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    pages: BTreeMap<String, Vec<String>>,
}

impl Memory {
    fn read(cursor: Option<&Cursor>) -> Self {
        cursor
            .and_then(|cursor| serde_json::from_str(&cursor.0).ok())
            .unwrap_or_default()
    }

    fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }

    /// What is new on a page, which is then known.
    fn news(&mut self, url: &Url, reading: Reading, now: Timestamp) -> Option<Item> {
        let counts = |line: &&str| line.len() >= MIN_PARAGRAPH_BYTES;
        let paragraphs: Vec<(&str, String)> = reading
            .text
            .lines()
            .filter(counts)
            .take(MAX_PARAGRAPHS)
            .map(|line| (line, hash(&[line])))
            .collect();
        let hashes: Vec<String> = paragraphs.iter().map(|(_, hash)| hash.clone()).collect();
        let known = self.pages.insert(hash(&[url.as_str()]), hashes);
        let mut item = Item::new(PLATFORM, url.as_str(), Kind::Article);
        item.text = match &known {
            None => reading.text.clone(),
            Some(known) => {
                let is_new = |(_, hash): &&(&str, String)| !known.contains(hash);
                let new: Vec<&str> = paragraphs
                    .iter()
                    .filter(is_new)
                    .map(|(line, _)| *line)
                    .collect();
                new.join("\n")
            }
        };
        if item.text.is_empty() {
            return None;
        }
        item.published = reading.published.map(|at| at.min(now));
        if known.is_some() {
            // Two changes of one page are two statements.
            item.id = format!("{url} {} {now}", hash(&[&item.text]));
            item.published = Some(now);
        }
        item.title = reading.title;
        item.lang = reading.lang;
        item.site = Some(link::site(url).to_owned());
        item.url = Some(url.to_string());
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(text: &str) -> Reading {
        Reading {
            title: Some("Zahlen".to_owned()),
            text: text.to_owned(),
            lang: None,
            published: None,
            review: None,
        }
    }

    #[test]
    fn only_what_is_new_is_told() {
        let url: Url = "https://amt.example/zahlen".parse().unwrap();
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let mut memory = Memory::default();
        let first = "Der erste Absatz dieser Seite.\nStand: heute\nDer zweite Absatz dieser Seite.";
        let item = memory.news(&url, reading(first), now).unwrap();
        assert_eq!(
            (item.text.as_str(), item.id.as_str()),
            (first, url.as_str())
        );

        let moved =
            "Der zweite Absatz dieser Seite.\nDer erste Absatz dieser Seite.\nStand: morgen";
        assert_eq!(memory.news(&url, reading(moved), now), None);

        let added = format!("{moved}\nDer dritte Absatz ist neu hier.");
        let item = memory.news(&url, reading(&added), now).unwrap();
        assert_eq!(item.text, "Der dritte Absatz ist neu hier.");
        assert_eq!(item.published, Some(now));
        assert_ne!(item.id, url.as_str());

        // What was taken out is noticed and says nothing; when it comes back it is news.
        assert_eq!(memory.news(&url, reading(moved), now), None);
        assert!(memory.news(&url, reading(&added), now).is_some());
        let written = memory.write().unwrap();
        assert!(!written.0.contains("amt.example") && !written.0.contains("Absatz"));
        assert_eq!(Memory::read(Some(&written)), memory);
    }
}
