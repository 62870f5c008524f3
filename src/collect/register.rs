//! What the registers have in common that answer JSON in pages: papers of parliament (`dip`), requests
//! for information (`fragdenstaat`), fact checks (`fact_check`).
//!
//! A look asks each of a register's lists, page by page, as far as `max_pages`. What is known is not
//! handed on again (`polled`), so that the lists may overlap.

use super::hosts::Hosts;
use super::http::{Client, Limits, Validators};
use super::http_call::Call;
use super::polled::{List, Memory};
use super::poller::{Listed, Listing, Poller, read_apart};
use super::secret;
use super::source::{RejectReason, Rejection, SourceError};
use crate::clock::Clock;
use crate::model::{Change, Item};
use futures_util::FutureExt;
use jiff::Timestamp;
use reqwest::header::HeaderName;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Nobody is asked more often.
const MIN_EVERY_SECS: u64 = 300;
const MAX_PAGES: usize = 50;
/// Entries that are remembered at most: the memory is written with each look that brings something.
const MAX_REMEMBERED: usize = 10_000;
/// Largest answer.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// Longest title, and longest text, of one entry, in bytes.
const MAX_TITLE_BYTES: usize = 2 * 1024;
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// What one register does its own way.
pub trait Register: Send + Sync {
    /// Where its lists begin; `last` is when something new was found last.
    fn lists(&self, last: Option<Timestamp>, now: Timestamp) -> Vec<Url>;

    /// What a page says, and where the next one is.
    ///
    /// # Errors
    /// A page of another shape: it is one rejection.
    fn read(&self, page: &Url, body: &[u8]) -> Result<(Entries, Option<Url>), Rejection>;
}

/// The entries of one page.
pub type Entries = Vec<Result<Item, Rejection>>;

/// A key in a header, in the register's own words: `ApiKey …`.
#[derive(Debug, Clone)]
pub struct Key {
    pub header: HeaderName,
    pub scheme: &'static str,
    pub file: PathBuf,
}

/// What all of them can be told.
#[derive(Debug, Clone)]
pub struct Settings<'a> {
    pub every_secs: u64,
    pub max_pages: usize,
    /// Entries of one page, at most.
    pub page: usize,
    /// Lists that one look asks for.
    pub lists: usize,
    pub key: Option<Key>,
    pub allow_private: &'a [String],
    pub contact: &'a str,
}

/// A source that looks at a register.
///
/// # Errors
/// Settings that make no sense. The text names the key.
pub fn source(
    name: &str,
    register: Arc<dyn Register>,
    settings: Settings<'_>,
    clock: &Clock,
    limits: Limits,
) -> Result<Poller, String> {
    if settings.every_secs < MIN_EVERY_SECS {
        return Err(format!("`every_secs` must be at least {MIN_EVERY_SECS}"));
    }
    if !(1..=MAX_PAGES).contains(&settings.max_pages) {
        return Err(format!("`max_pages` must be 1 to {MAX_PAGES}"));
    }
    if let Some(key) = &settings.key
        && key.file.as_os_str().is_empty()
    {
        return Err("`api_key_file` is missing".to_owned());
    }
    let limits = Limits {
        max_body_bytes: MAX_BODY_BYTES.min(limits.max_body_bytes),
        ..limits
    };
    let client = Client::new(settings.allow_private, settings.contact, limits);
    Ok(Poller {
        name: name.to_owned(),
        every: Duration::from_secs(settings.every_secs),
        official: false,
        audience: None,
        articles: None,
        clock: clock.clone(),
        listing: Arc::new(Lists {
            register,
            client: client.map_err(|error| error.to_string())?,
            key: settings.key,
            max_pages: settings.max_pages,
            remember: (2 * settings.page * settings.max_pages * settings.lists).min(MAX_REMEMBERED),
            clock: clock.clone(),
        }),
    })
}

/// An address that begins with https://, or with http:// where the host is the operator's own.
///
/// # Errors
/// Every other one.
pub fn base(url: &str, allow_private: &[String]) -> Result<Url, String> {
    let url = Url::parse(url).map_err(|error| format!("`url`: {error}"))?;
    let is_ours = allow_private
        .iter()
        .any(|known| Some(known.as_str()) == url.host_str());
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_ours => Ok(url),
        _ => Err("`url` must begin with https://".to_owned()),
    }
}

#[derive(Clone)]
struct Lists {
    register: Arc<dyn Register>,
    client: Client,
    key: Option<Key>,
    max_pages: usize,
    remember: usize,
    clock: Clock,
}

impl Listing for Lists {
    fn list(&self, memory: &Memory) -> Listed {
        let (this, last) = (self.clone(), memory.last_news());
        async move {
            let lists = this.register.lists(last, this.clock.now());
            let address = lists.iter().map(Url::path).collect();
            let mut items = Vec::new();
            for list in lists {
                items.extend(this.pages(list).await?);
            }
            Ok(Some(List {
                items,
                gone: Vec::new(),
                address,
                validators: Validators::default(),
                cut: None,
                remember: this.remember,
            }))
        }
        .boxed()
    }

    fn sharing(&self, hosts: &Hosts) -> Arc<dyn Listing> {
        let client = self.client.clone().sharing(hosts);
        Arc::new(Self {
            client,
            ..self.clone()
        })
    }

    fn asks_with_key(&self) -> bool {
        self.key.is_some()
    }
}

impl Lists {
    async fn pages(&self, list: Url) -> Result<Entries, SourceError> {
        let mut entries = Vec::new();
        let mut page = list;
        for _ in 0..self.max_pages {
            let body = self.ask(page.clone()).await?;
            let (register, asked) = (Arc::clone(&self.register), page.clone());
            let read = read_apart(move || register.read(&asked, &body)).await?;
            let next = match read {
                Ok((read, next)) => {
                    entries.extend(read);
                    next
                }
                Err(rejection) => {
                    entries.push(Err(rejection));
                    None
                }
            };
            match next {
                // A page that leads to another server, or to itself, leads nowhere.
                Some(next) if next.origin() == page.origin() && next != page => page = next,
                _ => break,
            }
        }
        Ok(entries)
    }

    async fn ask(&self, url: Url) -> Result<Vec<u8>, SourceError> {
        let mut call = Call::get(url, "application/json");
        if let Some(Key {
            header,
            scheme,
            file,
        }) = &self.key
        {
            let key = secret::read("api_key_file", file)
                .await
                .map_err(SourceError::Refused)?;
            call = call.secret(header.clone(), format!("{scheme} {key}").trim())?;
        }
        Ok(self.client.ask(&call).await?.success()?.body)
    }
}

/// An address with this value, and no other of that name.
pub fn with(url: &Url, name: &str, value: &str) -> Url {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    let mut url = url.clone();
    let mut pairs = url.query_pairs_mut();
    pairs.clear().extend_pairs(kept).append_pair(name, value);
    drop(pairs);
    url
}

/// A page as JSON.
///
/// # Errors
/// What is none.
pub fn json<T: serde::de::DeserializeOwned>(body: &[u8], what: &str) -> Result<T, Rejection> {
    serde_json::from_slice(body).map_err(|error| {
        let why = format!("no {what} at column {}", error.column());
        Rejection::new(RejectReason::Malformed, why)
    })
}

/// Reads an entry into its shape.
///
/// # Errors
/// One that lacks something. The text quotes nothing.
pub fn entry<T: serde::de::DeserializeOwned>(value: Value, what: &str) -> Result<T, Rejection> {
    let odd = |_| {
        Rejection::new(
            RejectReason::Incomplete,
            format!("an entry that is no {what}"),
        )
    };
    serde_json::from_value(value).map_err(odd)
}

/// Title and text of an entry, no longer than one can be.
pub fn bounded(item: &mut Item) {
    let title = item.title.take().unwrap_or_default();
    let title = title[..title.floor_char_boundary(MAX_TITLE_BYTES)].trim();
    item.title = Some(title.to_owned()).filter(|title| !title.is_empty());
    item.text
        .truncate(item.text.floor_char_boundary(MAX_TEXT_BYTES));
}

/// What the bytes of a page say, read as they would be from the network.
pub fn read_bytes(register: &dyn Register, body: &[u8]) -> Vec<Result<Change, Rejection>> {
    let Ok(nowhere) = Url::parse("https://register.invalid/") else {
        return Vec::new();
    };
    let read = register.read(&nowhere, body);
    let entries = read.map_or_else(|rejection| vec![Err(rejection)], |(entries, _)| entries);
    let change = |item: Result<Item, Rejection>| item.map(|item| Change::Upsert(Box::new(item)));
    entries.into_iter().map(change).collect()
}
