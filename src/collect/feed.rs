//! RSS (0.9x, 1.0, 2.0), Atom and JSON Feed, polled.
//!
//! Formats: <https://www.rssboard.org/rss-specification>, RFC 4287, <https://www.jsonfeed.org>.
//! YouTube's channel feeds are Atom; their items are videos.
//!
//! * One look is one conditional GET (`http`), then one parse of at most 20 MiB and `max_items` items,
//!   off the async threads and with a time budget.
//! * Feeds repeat themselves at every look; what is unchanged is not handed on again (`polled`).
//! * Known words that changed are an edit. It bears the feed's date of change where that lies behind
//!   our last news of this feed, else the time at which we saw it: so no edit is older than the one
//!   before it, and the newer words win.
//! * `robots.txt` may close a feed's address, and a reservation of text and data mining leaves its
//!   headlines only (`robots`, `opt_out`), unless `honour_opt_outs` says that there is a licence.
//! * Deletions are not signalled by feeds: an item just leaves the list, and that says nothing. But
//!   where none of ten or more items is known, others came and went unseen: that is a gap.
//! * Where a feed gives a teaser only, the article's page can be fetched (`article`).
//! * Not collected: enclosures, comments. Permission: a feed is published to be
//!   read by machines; a publisher's terms may still forbid it, which the operator has to check.

use super::article::Articles;
use super::feed_read;
use super::fetch::Fetcher;
use super::hosts::Hosts;
use super::http::{Client, ClientError, Limits};
use super::polled::{List, Memory};
use super::poller::{self, Listed, Listing, Poller};
use super::source::Rejection;
use crate::clock::Clock;
use crate::model::{Change, Item};
use futures_util::FutureExt;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, \
                      application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.1";
/// Nobody is asked more often.
const MIN_EVERY_SECS: u64 = 60;
const MAX_ITEMS: usize = 5_000;
/// Of a feed that is read from a file.
const DEFAULT_ITEMS: usize = 500;

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
    /// Everything in it is the ministry's own statement.
    #[serde(default)]
    pub official: bool,
    /// Fetch the article's page where the feed gives a teaser. Left out: for what is official.
    pub articles: Option<bool>,
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
    url: Url,
    max_items: usize,
    fetcher: Fetcher,
}

impl Feed {
    /// A feed that is looked at with the usual bounds of time.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn source(name: &str, config: &FeedConfig) -> Result<Poller, FeedError> {
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
    ) -> Result<Poller, FeedError> {
        config.poller(name, clock, limits, |url, fetcher| {
            Arc::new(Self {
                url,
                fetcher,
                max_items: config.max_items,
            })
        })
    }
}

impl FeedConfig {
    /// A source with these settings that looks at `list` of the address, fetched with the client.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub(super) fn poller(
        &self,
        name: &str,
        clock: &Clock,
        limits: Limits,
        listing: impl FnOnce(Url, Fetcher) -> Arc<dyn Listing>,
    ) -> Result<Poller, FeedError> {
        let limits = Limits {
            max_body_bytes: self.max_body_bytes,
            ..limits
        };
        let url = Url::parse(&self.url).map_err(|error| FeedError::Url(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FeedError::Url(
                "must begin with https:// or http://".to_owned(),
            ));
        }
        if self.every_secs < MIN_EVERY_SECS {
            return Err(FeedError::TooOften);
        }
        if !(1..=MAX_ITEMS).contains(&self.max_items) {
            return Err(FeedError::MaxItems);
        }
        let with_pages = self.articles.unwrap_or(self.official);
        let honours = self.honour_opt_outs;
        let pages = || Articles::new(&self.allow_private, &self.contact, limits, honours);
        let client = Client::new(&self.allow_private, &self.contact, limits)?;
        Ok(Poller {
            name: name.to_owned(),
            every: Duration::from_secs(self.every_secs),
            official: self.official,
            articles: with_pages.then(pages).transpose()?,
            clock: clock.clone(),
            listing: listing(url, Fetcher::new(client, honours)),
        })
    }
}

impl Listing for Feed {
    fn list(&self, memory: &Memory) -> Listed {
        let (feed, known) = (self.clone(), memory.validators(self.url.as_str()));
        async move {
            let Some(page) = feed.fetcher.get(&feed.url, ACCEPT, &known).await? else {
                return Ok(None);
            };
            let reserved = page.opt_out.tdm_reserved == Some(true);
            let (validators, max_items) = (page.validators.clone(), feed.max_items);
            let items = poller::read_apart(move || {
                let content_type = page.content_type.as_deref();
                feed_read::read(&page.body, content_type, Some(&page.url), max_items)
            });
            let mut items = items.await?;
            if reserved {
                items.iter_mut().flatten().for_each(headline);
            }
            Ok(Some(List {
                items,
                address: feed.url.into(),
                validators,
                remember: 2 * max_items,
            }))
        }
        .boxed()
    }

    fn sharing(&self, hosts: &Hosts) -> Arc<dyn Listing> {
        let fetcher = self.fetcher.clone().sharing(hosts);
        Arc::new(Self {
            fetcher,
            ..self.clone()
        })
    }
}

/// Leaves the headline and the link.
fn headline(item: &mut Item) {
    item.text.clear();
    item.html.clear();
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
