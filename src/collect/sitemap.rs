//! News sitemaps, and sitemaps of a site: what a publisher tells search engines, often earlier and
//! more fully than its feed.
//!
//! Formats: <https://www.sitemaps.org/protocol.html>,
//! <https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap>.
//!
//! * A sitemap index leads to at most [`MAX_PARTS`] sitemaps, the newest first, of the same host.
//! * `.gz` files are unpacked, up to the bound of a body.
//! * An entry with a headline (`news:title`) is an item. One without is only worth a look when it
//!   changed in the last two days, and when pages are fetched (`articles`).
//! * Not collected: pictures, videos, translations of a page. Deletions are not signalled.

use super::feed::{FeedConfig, FeedError};
use super::feed_decode;
use super::feed_read::PLATFORM;
use super::fetch::Fetcher;
use super::hosts::Hosts;
use super::http::{Limits, Page};
use super::polled::{List, Memory};
use super::poller::{Listed, Listing, Poller, read_apart};
use super::sitemap_read::{self, Entry, Sitemap};
use super::source::{RejectReason, Rejection, SourceError};
use crate::clock::Clock;
use crate::model::{Change, Item, Kind};
use crate::text::link;
use flate2::read::GzDecoder;
use futures_util::FutureExt;
use jiff::{Timestamp, ToSpan};
use std::io::Read;
use std::sync::Arc;
use url::Url;

const ACCEPT: &str = "application/xml, text/xml, application/gzip;q=0.9, */*;q=0.1";
/// Sitemaps of one index that are fetched in one look.
pub const MAX_PARTS: usize = 10;
/// An entry without a headline is old after this.
const FRESH_HOURS: i64 = 48;

/// One sitemap, or an index of several.
#[derive(Clone)]
pub struct Site {
    url: Url,
    fetcher: Fetcher,
    max_items: usize,
    max_body_bytes: usize,
    /// Entries without a headline are of use.
    with_pages: bool,
    clock: Clock,
}

/// A source with the settings of a feed.
///
/// # Errors
/// Settings that make no sense.
pub fn source(name: &str, config: &FeedConfig) -> Result<Poller, FeedError> {
    with_limits(name, config, &Clock::system(), Limits::default())
}

/// The same with another clock and other bounds of time.
///
/// # Errors
/// Settings that make no sense.
pub fn with_limits(
    name: &str,
    config: &FeedConfig,
    clock: &Clock,
    limits: Limits,
) -> Result<Poller, FeedError> {
    if config.is_brought() {
        let why = "`callback` and `secret_file` are for feeds: sitemaps have no hubs";
        return Err(FeedError::Push(why.to_owned()));
    }
    config.poller(name, clock, limits, |url, fetcher| {
        Arc::new(Site {
            url,
            fetcher,
            max_items: config.max_items,
            max_body_bytes: config.max_body_bytes,
            with_pages: config.articles.unwrap_or(config.official),
            clock: clock.clone(),
        })
    })
}

impl Listing for Site {
    fn list(&self, memory: &Memory) -> Listed {
        let (site, known) = (self.clone(), memory.validators(self.url.as_str()));
        async move {
            let Some(page) = site.fetcher.get(&site.url, ACCEPT, &known).await? else {
                return Ok(None);
            };
            let mut list = List {
                items: Vec::new(),
                gone: Vec::new(),
                address: site.url.to_string(),
                validators: page.validators.clone(),
                cut: None,
                remember: 2 * site.max_items,
            };
            match site.read(page).await? {
                Ok(Sitemap::Entries(entries)) => list.items = site.items(entries),
                Ok(Sitemap::Index(parts)) => {
                    // That the index is the same says nothing of its parts.
                    list.validators = Default::default();
                    list.items = site.parts(parts).await?;
                }
                Err(rejection) => list.items.push(Err(rejection)),
            }
            Ok(Some(list))
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

impl Site {
    async fn read(&self, page: Page) -> Result<Result<Sitemap, Rejection>, SourceError> {
        let (max_items, max_bytes) = (self.max_items, self.max_body_bytes);
        read_apart(move || {
            let body = unpacked(&page.body, max_bytes)?;
            sitemap_read::read(
                &feed_decode::decode(&body, page.content_type.as_deref()),
                max_items,
            )
        })
        .await
    }

    /// The entries of an index's sitemaps. One that is gone does not hide the others.
    async fn parts(
        &self,
        mut parts: Vec<Entry>,
    ) -> Result<Vec<Result<Item, Rejection>>, SourceError> {
        parts.retain(|part| part.url.host_str() == self.url.host_str());
        parts.sort_by_key(|part| std::cmp::Reverse(part.modified));
        let mut items = Vec::new();
        for part in parts.into_iter().take(MAX_PARTS) {
            let page = match self
                .fetcher
                .get(&part.url, ACCEPT, &Default::default())
                .await
            {
                Ok(Some(page)) => page,
                Ok(None) | Err(SourceError::Refused(_)) => continue,
                Err(error) => return Err(error),
            };
            match self.read(page).await? {
                Ok(Sitemap::Entries(entries)) => items.extend(self.items(entries)),
                // An index in an index is against the protocol.
                Ok(Sitemap::Index(_)) => {}
                Err(rejection) => items.push(Err(rejection)),
            }
            items.truncate(self.max_items);
        }
        Ok(items)
    }

    fn items(&self, entries: Vec<Entry>) -> Vec<Result<Item, Rejection>> {
        let now = self.clock.now();
        let since = now.checked_sub(FRESH_HOURS.hours()).unwrap_or(now);
        let is_of_use = |entry: &Entry| {
            entry.title.is_some() || (self.with_pages && entry.modified >= Some(since))
        };
        entries
            .into_iter()
            .filter(is_of_use)
            .map(|entry| Ok(adapt(entry)))
            .collect()
    }
}

fn adapt(entry: Entry) -> Item {
    let mut item = Item::new(PLATFORM, String::from(entry.url.clone()), Kind::Article);
    item.published = entry.published;
    item.edited = entry
        .modified
        .filter(|at| entry.published.is_none_or(|published| *at > published));
    item.title = entry.title;
    item.lang = entry.lang;
    item.site = Some(link::site(&entry.url).to_owned());
    item.url = Some(entry.url.into());
    item
}

/// The body, unpacked where it is packed.
fn unpacked(body: &[u8], max_bytes: usize) -> Result<Vec<u8>, Rejection> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(body.to_vec());
    }
    let mut unpacked = Vec::new();
    let limit = max_bytes as u64 + 1;
    if GzDecoder::new(body)
        .take(limit)
        .read_to_end(&mut unpacked)
        .is_err()
    {
        let why = "the packed sitemap is damaged";
        return Err(Rejection::new(RejectReason::Malformed, why));
    }
    if unpacked.len() > max_bytes {
        let why = format!("the sitemap is larger than {max_bytes} bytes");
        return Err(Rejection::new(RejectReason::TooLarge, why));
    }
    Ok(unpacked)
}

/// What the bytes of a sitemap say, read as they would be from the network: every entry with a
/// headline.
pub fn read_bytes(bytes: &[u8]) -> Vec<Result<Change, Rejection>> {
    let max = Limits::default().max_body_bytes;
    let read = unpacked(bytes, max)
        .and_then(|body| sitemap_read::read(&feed_decode::decode(&body, None), 1_000));
    match read {
        Ok(Sitemap::Entries(entries)) => entries
            .into_iter()
            .filter(|entry| entry.title.is_some())
            .map(|entry| Ok(Change::Upsert(Box::new(adapt(entry)))))
            .collect(),
        Ok(Sitemap::Index(_)) => Vec::new(),
        Err(rejection) => vec![Err(rejection)],
    }
}

/// When something happened, as sitemaps write it (W3C date and time): a day alone is its first
/// moment, a time without a zone is UTC.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil = || text.parse::<jiff::civil::DateTime>().ok();
    text.parse::<Timestamp>().ok().or_else(|| {
        civil()?
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|at| at.timestamp())
    })
}
