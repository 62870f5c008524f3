//! The pages of articles, for feeds and sitemaps that give a teaser only.
//!
//! * One page is one GET of at most 2 MiB through the source's own gate, of a page that the
//!   publisher does not reserve: `robots.txt` and the TDM Reservation Protocol are kept to, and
//!   `noindex` and `noarchive` in the answer's head or the page's (`robots`, `opt_out`).
//! * The article is told from menus and advertisements by Readability's rules, off the async
//!   threads, one page of a source at a time and with a time budget; before that [`tame`] writes the
//!   page anew, so that no page can keep a thread busy.
//! * Of a publisher's page the house keeps title, beginning and what matched (`normalise`); of an
//!   official one all.
//! * A page is read when its entry is new or has other words; what changes on the page alone is not
//!   seen (`site` does that for named pages), but of reports that differ from our own statements,
//!   which are looked at again a few times ([`Pages`], `app/reports.rs`).
//! * Not collected: pictures, comments, further pages of a long article, what is behind a paywall.

mod read;
mod tame;

pub use read::{Reading, Unread, read};

use super::feed_read::PLATFORM;
use super::fetch::Fetcher;
use super::hosts::Hosts;
use super::http::{Client, ClientError, Limits, Page, Validators};
use super::opt_out::OptOut;
use super::source::{Pages, RejectReason, Rejection, SourceError};
use crate::model::{Change, Item, Kind};
use crate::text::markup;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use url::Url;

const ACCEPT: &str = "text/html, application/xhtml+xml;q=0.9";
/// Largest page. Real ones have a tenth of it.
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Pages of one look; what is left follows with the next ones.
pub const MAX_PAGES: usize = 30;
/// A body of this length is no teaser.
const TEASER_BYTES: usize = 1_200;
/// Reading a page takes milliseconds.
const READ_BUDGET: Duration = Duration::from_secs(10);

/// What came of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Read(Box<Reading>),
    /// There is nothing to be had: closed, reserved, no article.
    Nothing,
    /// Perhaps at the next look.
    Later,
    /// The server asks for patience: no further page in this look.
    Enough,
}

/// Reads the pages of one source.
#[derive(Debug, Clone)]
pub struct Articles {
    fetcher: Fetcher,
    /// Held by the thread that reads: one that does not end lets no second one begin.
    reader: Arc<Semaphore>,
}

impl Articles {
    /// With the gate, the contact and the wishes of the source that they belong to.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn new(
        allow_private: &[String],
        contact: &str,
        limits: Limits,
        honours: bool,
    ) -> Result<Self, ClientError> {
        let limits = Limits {
            max_body_bytes: MAX_PAGE_BYTES,
            ..limits
        };
        let client = Client::new(allow_private, contact, limits)?;
        Ok(Self {
            fetcher: Fetcher::new(client, honours),
            reader: Arc::new(Semaphore::new(1)),
        })
    }

    /// Takes turns with all clients that have this memory.
    pub fn sharing(self, hosts: &Hosts) -> Self {
        let fetcher = self.fetcher.sharing(hosts);
        Self { fetcher, ..self }
    }

    /// Fetches and reads a page.
    pub async fn page(&self, url: &Url) -> Outcome {
        match self.fetcher.get(url, ACCEPT, &Validators::default()).await {
            Ok(Some(page)) => self.read(page).await,
            Ok(None) | Err(SourceError::Refused(_)) => Outcome::Nothing,
            Err(SourceError::RateLimited { .. }) => Outcome::Enough,
            Err(_) => Outcome::Later,
        }
    }

    async fn read(&self, page: Page) -> Outcome {
        let stated = page.content_type.as_deref().unwrap_or("text/html");
        if !stated.to_ascii_lowercase().contains("html") {
            return Outcome::Nothing;
        }
        let Ok(permit) = Arc::clone(&self.reader).try_acquire_owned() else {
            return Outcome::Later;
        };
        let said = self.fetcher.honours().then_some(page.opt_out);
        let reading = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            read(&page.body, page.content_type.as_deref(), &page.url, said)
        });
        match tokio::time::timeout(READ_BUDGET, reading).await {
            Ok(Ok(Ok(reading))) => Outcome::Read(Box::new(reading)),
            _ => Outcome::Nothing,
        }
    }
}

impl Pages for Articles {
    fn words(&self, url: Url) -> BoxFuture<'_, Result<Option<String>, SourceError>> {
        Box::pin(async move {
            match self.page(&url).await {
                Outcome::Read(reading) => {
                    let title = reading.title.unwrap_or_default();
                    Ok(Some(format!("{title}\n{}", reading.text)))
                }
                Outcome::Nothing => Ok(None),
                Outcome::Later | Outcome::Enough => Err(SourceError::Transient(
                    "the page cannot be read just now".to_owned(),
                )),
            }
        })
    }
}

/// The page that an item is to be completed from: of an article of which only a teaser is here.
pub fn wanted(item: &Item) -> Option<Url> {
    let body = match item.html.is_empty() {
        true => item.text.len(),
        false => markup::strip(&item.html).text.trim().len(),
    };
    let url = item.url.as_deref().filter(|_| item.kind == Kind::Article)?;
    Url::parse(url).ok().filter(|_| body < TEASER_BYTES)
}

/// Puts a page's words in the place of a teaser. `keep_all` for what is official: of other pages
/// only an excerpt is kept.
pub fn complete(item: &mut Item, reading: Reading, keep_all: bool) {
    item.html.clear();
    item.text = reading.text;
    item.whole_page = !keep_all;
    item.title = item.title.take().or(reading.title);
    item.lang = item.lang.take().or(reading.lang);
    item.published = item.published.or(reading.published);
    item.review = item.review.take().or(reading.review);
}

/// What the bytes of a page say, read as they would be from the network. Without a network nobody
/// knows its address.
pub fn read_bytes(bytes: &[u8]) -> Result<Change, Rejection> {
    let nowhere = Url::parse("https://page.invalid/");
    let nowhere =
        nowhere.map_err(|error| Rejection::new(RejectReason::Malformed, error.to_string()))?;
    let reading = read(bytes, None, &nowhere, Some(OptOut::default()))
        .map_err(|why| Rejection::new(RejectReason::Incomplete, why.to_string()))?;
    let mut item = Item::new(PLATFORM, "page", Kind::Article);
    complete(&mut item, reading, true);
    Ok(Change::Upsert(Box::new(item)))
}
