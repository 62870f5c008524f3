//! Telegram: named public channels, by the preview that Telegram shows on the web
//! (`https://t.me/s/NAME`).
//!
//! No interface of Telegram's: the documented one (MTProto) wants a person's account, and its terms
//! restrict what programs do with it. The preview is a page for everybody, without login, twenty
//! posts each, older ones by `?before=`. What it does not show is not collected: groups, comments,
//! channels without a preview, and every channel that is not named in the configuration.
//!
//! * A look reads the newest page of each channel, and after a silence older ones, back to a post that
//!   is known. `robots.txt` and reservations are kept to, as for any page.
//! * What lies further back than `max_pages` (and a hundred older pages of all channels together) after
//!   a long silence is missed, and that is told as a gap.
//! * Words that changed are an edit; the page does not say when, so it bears the time of the look.
//! * Where a post that is known would stand and does not, it was deleted. That is seen as far back as the
//!   looks' pages reach, and not in an empty channel.
//! * Who writes is the channel; it is private like every author until it is among the voices.
//! * Counts (views, reactions) are not collected, nor pictures, nor who forwarded what.
//!
//! Permission: none is needed for the page. Telegram's terms, and that a channel's operator may be one
//! person, are for the operator of the house to weigh.

use super::feed_decode;
use super::fetch::Fetcher;
use super::hosts::Hosts;
use super::http::{Client, Limits, Page, Validators};
use super::polled::{List, Memory};
use super::poller::{Listed, Listing, Poller, read_apart};
use super::source::{RejectReason, Rejection, SourceError};
use super::telegram_read::{self, PLATFORM, Post};
use crate::clock::Clock;
use crate::model::{Change, Deletion, Item};
use futures_util::FutureExt;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const MIN_EVERY_SECS: u64 = 60;
const MAX_CHANNELS: usize = 50;
const MAX_PAGES: usize = 20;
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;
/// Older pages that one look reads of all channels together: it has to end within minutes.
const MAX_OLDER: usize = 100;
/// Posts that a page has at most, for what is remembered.
const PAGE: usize = 20;
/// Numbers that are looked behind the newest post for deleted ones, ...
const BEHIND: u64 = 100;
/// ... and at most from the oldest to the newest.
const MAX_SPAN: u64 = 5_000;

/// `[source.<name>]` with `kind = "telegram"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelegramConfig {
    /// Names of public channels, without the sign.
    pub channels: Vec<String>,
    /// Seconds between two looks, at least 60.
    pub every_secs: u64,
    /// Pages of twenty posts that one look reads of a channel, 1 to 20.
    pub max_pages: usize,
    /// Where the previews are.
    pub url: String,
    /// Hosts, addresses and networks that may be connected to although they are private.
    pub allow_private: Vec<String>,
    /// How Telegram can reach us, for the User-Agent.
    pub contact: String,
    /// Follow `robots.txt` and reservations.
    pub honour_opt_outs: bool,
}

impl Default for TelegramConfig {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            every_secs: 300,
            max_pages: 5,
            url: "https://t.me".to_owned(),
            allow_private: Vec::new(),
            contact: String::new(),
            honour_opt_outs: true,
        }
    }
}

impl TelegramConfig {
    fn check(&self) -> Result<Url, String> {
        let named = self
            .channels
            .iter()
            .all(|name| telegram_read::is_channel(name));
        if !named || !(1..=MAX_CHANNELS).contains(&self.channels.len()) {
            return Err(format!(
                "`channels` are 1 to {MAX_CHANNELS} names of public channels, as they stand in \
                 https://t.me/NAME"
            ));
        }
        if self.every_secs < MIN_EVERY_SECS {
            return Err(format!("`every_secs` must be at least {MIN_EVERY_SECS}"));
        }
        if !(1..=MAX_PAGES).contains(&self.max_pages) {
            return Err(format!("`max_pages` must be 1 to {MAX_PAGES}"));
        }
        let url = Url::parse(&self.url).map_err(|error| format!("`url`: {error}"))?;
        match url.scheme() {
            "http" | "https" => Ok(url),
            _ => Err("`url` must begin with https://".to_owned()),
        }
    }
}

/// A source with the usual bounds of time.
///
/// # Errors
/// Settings that make no sense. The text names the key.
pub fn source(name: &str, config: &TelegramConfig) -> Result<Poller, String> {
    with_limits(name, config, &Clock::system(), Limits::default())
}

/// The same with another clock and other bounds of time.
///
/// # Errors
/// As [`source`].
pub fn with_limits(
    name: &str,
    config: &TelegramConfig,
    clock: &Clock,
    limits: Limits,
) -> Result<Poller, String> {
    let url = config.check()?;
    let limits = Limits {
        max_body_bytes: MAX_PAGE_BYTES.min(limits.max_body_bytes),
        ..limits
    };
    let client = Client::new(&config.allow_private, &config.contact, limits);
    let client = client.map_err(|error| error.to_string())?;
    Ok(Poller {
        name: name.to_owned(),
        every: Duration::from_secs(config.every_secs),
        official: false,
        audience: None,
        articles: None,
        clock: clock.clone(),
        listing: Arc::new(Channels {
            url,
            channels: config.channels.clone(),
            max_pages: config.max_pages,
            fetcher: Fetcher::new(client, config.honour_opt_outs),
        }),
    })
}

/// The channels of one source.
#[derive(Debug, Clone)]
struct Channels {
    url: Url,
    channels: Vec<String>,
    max_pages: usize,
    fetcher: Fetcher,
}

/// What the pages of one channel show.
#[derive(Default)]
struct Shown {
    /// The channel as its posts name it: one that has several names can be asked for by each.
    channel: String,
    numbers: BTreeSet<u64>,
    items: Vec<Result<Item, Rejection>>,
    /// Older posts stayed unread, and none that is known was reached.
    is_cut: bool,
}

impl Shown {
    /// When the oldest post was published behind which some stayed unread.
    fn cut(&self) -> Option<Timestamp> {
        let times = self
            .items
            .iter()
            .flatten()
            .filter_map(|item| item.published);
        times.min().filter(|_| self.is_cut)
    }
}

impl Listing for Channels {
    fn list(&self, memory: &Memory) -> Listed {
        let (this, memory) = (self.clone(), memory.clone());
        async move {
            let mut list = List {
                items: Vec::new(),
                gone: Vec::new(),
                // A channel that is new in the configuration is no gap.
                address: format!("{} {}", this.url, this.channels.join(" ")),
                validators: Validators::default(),
                cut: None,
                remember: 2 * PAGE * this.max_pages * this.channels.len(),
            };
            let (mut heard, mut failure) = (false, None);
            let mut older = MAX_OLDER;
            for channel in &this.channels {
                match this.channel(channel, &memory, &mut older).await {
                    Ok(shown) => {
                        heard = true;
                        list.gone.extend(missing(&shown.channel, &shown.numbers));
                        list.cut = list.cut.max(shown.cut());
                        list.items.extend(shown.items);
                    }
                    Err(error) => {
                        let why = format!("a channel cannot be read: {error}");
                        let rejection = Rejection::new(RejectReason::Incomplete, why);
                        list.items.push(Err(rejection));
                        // What is not one channel's fault is the same for the others.
                        let of_all = !matches!(error, SourceError::Refused(_));
                        failure.get_or_insert(error);
                        if of_all {
                            break;
                        }
                    }
                }
            }
            match failure {
                Some(error) if !heard => Err(error),
                _ => Ok(Some(list)),
            }
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

impl Channels {
    /// The newest page, and older ones back to a post that is known. The first time the newest is
    /// enough: what was said before is not to be found out.
    async fn channel(
        &self,
        channel: &str,
        memory: &Memory,
        older: &mut usize,
    ) -> Result<Shown, SourceError> {
        let mut shown = Shown::default();
        let mut before = None;
        for _ in 0..self.max_pages {
            let posts = self.page(channel, before).await?;
            let known = |post: &Post| {
                memory.knows(PLATFORM, &telegram_read::id(&post.channel, post.number))
            };
            let reaches_back = posts.iter().any(known) || *memory == Memory::default();
            let oldest = posts.iter().map(|post| post.number).min();
            for post in posts {
                shown.channel = post.channel;
                shown.numbers.insert(post.number);
                shown.items.extend(post.item);
            }
            let further = oldest.filter(|oldest| {
                *oldest > 1 && !reaches_back && before.is_none_or(|last| *oldest < last)
            });
            shown.is_cut = further.is_some();
            match further {
                Some(oldest) if *older > 0 => {
                    *older -= 1;
                    before = Some(oldest);
                }
                _ => break,
            }
        }
        Ok(shown)
    }

    async fn page(&self, channel: &str, before: Option<u64>) -> Result<Vec<Post>, SourceError> {
        let mut url = self.url.clone();
        url.set_path(&format!("/s/{channel}"));
        if let Some(before) = before {
            url.query_pairs_mut()
                .append_pair("before", &before.to_string());
        }
        let accept = "text/html, application/xhtml+xml;q=0.9";
        let page = self
            .fetcher
            .get(&url, accept, &Validators::default())
            .await?;
        let page = page.ok_or_else(|| SourceError::Transient("an answer without a page".into()))?;
        // Whoever shows no preview sends to the page that offers the app.
        if !page.url.path().starts_with("/s/") {
            let why = "the channel shows no preview on the web, or is gone";
            return Err(SourceError::Refused(why.to_owned()));
        }
        let honours = self.fetcher.honours();
        let posts = read_apart(move || posts(&page, honours)).await??;
        match posts.is_empty() && before.is_none() {
            true => Err(SourceError::Transient("a page without a post".to_owned())),
            false => Ok(posts),
        }
    }
}

fn posts(page: &Page, honours: bool) -> Result<Vec<Post>, SourceError> {
    let html = feed_decode::decode(&page.body, page.content_type.as_deref());
    let said = page.opt_out.and_page(&html);
    if honours && (said.noindex || said.forbids_keeping()) {
        let why = "the page is reserved against reading by machines";
        return Err(SourceError::Refused(why.to_owned()));
    }
    Ok(telegram_read::read(&html))
}

/// Posts that would stand on these pages if they existed, or behind the newest one.
fn missing(channel: &str, numbers: &BTreeSet<u64>) -> Vec<Deletion> {
    let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else {
        return Vec::new();
    };
    let last = last.saturating_add(BEHIND);
    let first = *first.max(&last.saturating_sub(MAX_SPAN));
    let holes = (first..=last).filter(|number| !numbers.contains(number));
    let deletion = |number| Deletion {
        platform: PLATFORM.to_owned(),
        id: telegram_read::id(channel, number),
        at: None,
    };
    holes.map(deletion).collect()
}

/// What the bytes of a page say, read as they would be from the network.
pub fn read_bytes(bytes: &[u8]) -> Vec<Result<Change, Rejection>> {
    let posts = telegram_read::read(&feed_decode::decode(bytes, None));
    if posts.is_empty() {
        let why = "no page of a channel's preview";
        return vec![Err(Rejection::new(RejectReason::Malformed, why))];
    }
    let change = |item: Result<Item, Rejection>| item.map(|item| Change::Upsert(Box::new(item)));
    let items = posts.into_iter().filter_map(|post| post.item);
    items.map(change).collect()
}
