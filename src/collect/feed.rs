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
//! * A feed that names a hub can be brought (`callback`): see `feed_push` and `websub`.
//! * Where a feed gives a teaser only, the article's page can be fetched (`article`).
//! * Not collected: enclosures, comments. Permission: a feed is published to be
//!   read by machines; a publisher's terms may still forbid it, which the operator has to check.

use super::article::Articles;
use super::feed_read;
use super::fetch::Fetcher;
use super::hosts::Hosts;
use super::http::{Client, ClientError, Limits, Validators};
use super::hub::{self, Hub};
use super::polled::{List, Memory};
use super::poller::{self, Listed, Listing, Poller};
use super::source::{Rejection, SourceError};
use crate::clock::Clock;
use crate::model::{Change, Item};
use futures_util::FutureExt;
use serde::Deserialize;
use std::path::PathBuf;
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
    /// Readers of the publication, about: for the reach of what it says.
    pub audience: Option<u64>,
    /// Fetch the article's page where the feed gives a teaser. Left out: for what is official.
    pub articles: Option<bool>,
    /// Follow `robots.txt` and reservations of text and data mining. Off only with the publisher's
    /// consent, or for one's own feeds.
    #[serde(default = "default_honour_opt_outs")]
    pub honour_opt_outs: bool,
    /// Feeds only: where hubs reach this source, `https://…/in/NAME`. They bring what is new within
    /// seconds (WebSub).
    pub callback: Option<String>,
    /// File with the secret that hubs' signatures are made from, 32 bytes or more; for `callback`.
    pub secret_file: Option<PathBuf>,
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
    #[error("{0}")]
    Push(String),
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// What one look at a feed sees.
pub(super) struct Seen {
    pub list: List,
    pub hub: Option<Hub>,
    /// Only headlines are to be had.
    pub reserved: bool,
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
        Ok(Self::with_poller(name, config, clock, limits)?.0)
    }

    /// The source, and the feed that it looks at.
    pub(super) fn with_poller(
        name: &str,
        config: &FeedConfig,
        clock: &Clock,
        limits: Limits,
    ) -> Result<(Poller, Self), FeedError> {
        let mut feed = None;
        let poller = config.poller(name, clock, limits, |url, fetcher| {
            let made = Self {
                url,
                fetcher,
                max_items: config.max_items,
            };
            Arc::new(feed.insert(made).clone())
        })?;
        let feed = feed.ok_or_else(|| FeedError::Url("names no feed".to_owned()))?;
        Ok((poller, feed))
    }
}

impl FeedConfig {
    /// True where hubs are to bring the feed.
    pub(super) fn is_brought(&self) -> bool {
        self.callback.is_some() || self.secret_file.is_some()
    }

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
            audience: self.audience,
            articles: with_pages.then(pages).transpose()?,
            clock: clock.clone(),
            listing: listing(url, Fetcher::new(client, honours)),
        })
    }
}

impl Feed {
    /// `None` where it is the version that is known.
    pub(super) async fn look(&self, known: &Validators) -> Result<Option<Seen>, SourceError> {
        let Some(page) = self.fetcher.get(&self.url, ACCEPT, known).await? else {
            return Ok(None);
        };
        let reserved = page.opt_out.tdm_reserved == Some(true);
        let (validators, max_items) = (page.validators.clone(), self.max_items);
        let read = poller::read_apart(move || {
            let content_type = page.content_type.as_deref();
            let items = feed_read::read(&page.body, content_type, Some(&page.url), max_items);
            (items, hub::discover(&page))
        });
        let (items, hub) = read.await?;
        Ok(Some(Seen {
            list: self.listed(items, validators, reserved),
            hub,
            reserved,
        }))
    }

    /// Reads what a hub brings: entries of the feed, and of its head as much as belongs to them.
    pub(super) async fn read(&self, body: Vec<u8>, reserved: bool) -> Result<List, SourceError> {
        let (url, max_items) = (self.url.clone(), self.max_items);
        let items = poller::read_apart(move || feed_read::read(&body, None, Some(&url), max_items));
        // Of the feed's own version it says nothing, so the next look asks for it.
        Ok(self.listed(items.await?, Validators::default(), reserved))
    }

    fn listed(
        &self,
        mut items: Vec<Result<Item, Rejection>>,
        validators: Validators,
        reserved: bool,
    ) -> List {
        if reserved {
            items.iter_mut().flatten().for_each(headline);
        }
        List {
            items,
            gone: Vec::new(),
            address: self.url.to_string(),
            validators,
            cut: None,
            remember: 2 * self.max_items,
        }
    }

    pub(super) fn sharing(&self, hosts: &Hosts) -> Self {
        Self {
            fetcher: self.fetcher.clone().sharing(hosts),
            ..self.clone()
        }
    }

    pub(super) fn address(&self) -> &str {
        self.url.as_str()
    }

    /// For what is asked of a hub.
    pub(super) fn client(&self) -> &Client {
        self.fetcher.client()
    }
}

impl Listing for Feed {
    fn list(&self, memory: &Memory) -> Listed {
        let (feed, known) = (self.clone(), memory.validators(self.url.as_str()));
        async move { Ok(feed.look(&known).await?.map(|seen| seen.list)) }.boxed()
    }

    fn sharing(&self, hosts: &Hosts) -> Arc<dyn Listing> {
        Arc::new(Feed::sharing(self, hosts))
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
