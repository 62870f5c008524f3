//! Collecting: sources, and the one supervisor that runs them.
//!
//! A new source is one file here, one variant and one arm below, a block in `config/default.toml`,
//! a folder of fixtures, and thirty lines in `tests/it/compliance`.
//!
//! Not here, and not for want of a connector (November 2026; ask again before you build one):
//!
//! * **Reddit** ends its feeds in November 2026 and its public interface in March 2027, and grants no
//!   new access.
//! * **TikTok** opens its research tools to universities and non-profit researchers, not to ministries.
//! * **LinkedIn** lets approved partners read their own organisation's page, and nobody search posts.
//!
//! What somebody else may collect there under a contract of its own comes in by [`webhook`].

pub mod article;
mod backoff;
pub mod bluesky;
pub mod bluesky_messages;
pub mod bluesky_search;
mod canary;
pub mod dip;
pub mod fact_check;
pub mod feed;
mod feed_decode;
mod feed_escape;
mod feed_json;
pub mod feed_push;
mod feed_read;
mod feed_repair;
mod feed_tags;
mod fetch;
pub mod fragdenstaat;
mod habit;
pub mod hearing;
pub mod hosts;
pub mod http;
mod http_body;
pub mod http_call;
pub mod http_gate;
mod http_reply;
mod hub;
pub mod inbox;
pub mod lines;
pub mod maildir;
mod maildir_read;
pub mod mastodon;
pub mod meta;
pub mod opt_out;
mod pacing;
mod pds;
mod polled;
pub mod poller;
mod register;
pub mod replay;
pub mod robots;
mod robots_rules;
mod secret;
pub mod site;
pub mod sitemap;
mod sitemap_read;
pub mod source;
pub mod sse;
pub mod supervise;
mod supplies;
mod tally;
pub mod telegram;
mod telegram_read;
pub mod webhook;
pub mod websocket;
pub mod websub;
pub mod wikipedia;
pub mod x;
pub mod x_compliance;
pub mod youtube;

pub use backoff::Timing;
pub use supplies::Supplies;

use crate::clock::Clock;
use crate::model::Change;
use meta::Network;
use serde::Deserialize;
use source::{Rejection, Source};
use std::io::{self, BufRead, Read as _};

/// `[source.<name>]`: one source as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SourceConfig {
    Bluesky(bluesky::BlueskyConfig),
    #[serde(rename = "bluesky-messages")]
    BlueskyMessages(bluesky_messages::BlueskyMessagesConfig),
    #[serde(rename = "bluesky-search")]
    BlueskySearch(bluesky_search::BlueskySearchConfig),
    Dip(dip::DipConfig),
    #[serde(rename = "fact-check")]
    FactCheck(fact_check::FactCheckConfig),
    Feed(feed::FeedConfig),
    FragDenStaat(fragdenstaat::FragDenStaatConfig),
    Mastodon(mastodon::MastodonConfig),
    Facebook(meta::MetaConfig),
    Instagram(meta::MetaConfig),
    Sitemap(feed::FeedConfig),
    Site(site::SiteConfig),
    Telegram(telegram::TelegramConfig),
    Threads(meta::MetaConfig),
    Webhook(webhook::WebhookConfig),
    Maildir(maildir::MaildirConfig),
    Replay(replay::ReplayConfig),
    Wikipedia(wikipedia::WikipediaConfig),
    X(Box<x::XConfig>),
    Youtube(youtube::YoutubeConfig),
}

impl SourceConfig {
    /// Platforms whose mentions may get no label, by what these sources have been allowed.
    pub fn unlabelled<'a>(sources: impl IntoIterator<Item = &'a Self>) -> Vec<&'static str> {
        let is_approved = |source: &Self| match source {
            SourceConfig::Youtube(config) => !config.derived_metrics_approved.trim().is_empty(),
            _ => false,
        };
        match sources.into_iter().any(is_approved) {
            true => Vec::new(),
            false => vec![youtube::PLATFORM],
        }
    }

    /// The name of the kind, as it is configured.
    pub fn kind(&self) -> &'static str {
        match self {
            SourceConfig::Bluesky(_) => "bluesky",
            SourceConfig::BlueskyMessages(_) => "bluesky-messages",
            SourceConfig::BlueskySearch(_) => "bluesky-search",
            SourceConfig::Dip(_) => "dip",
            SourceConfig::FactCheck(_) => "fact-check",
            SourceConfig::Feed(_) => "feed",
            SourceConfig::FragDenStaat(_) => "fragdenstaat",
            SourceConfig::Mastodon(_) => "mastodon",
            SourceConfig::Facebook(_) => "facebook",
            SourceConfig::Instagram(_) => "instagram",
            SourceConfig::Sitemap(_) => "sitemap",
            SourceConfig::Site(_) => "site",
            SourceConfig::Telegram(_) => "telegram",
            SourceConfig::Threads(_) => "threads",
            SourceConfig::Webhook(_) => "webhook",
            SourceConfig::Maildir(_) => "maildir",
            SourceConfig::Replay(_) => "replay",
            SourceConfig::Wikipedia(_) => "wikipedia",
            SourceConfig::X(_) => "x",
            SourceConfig::Youtube(_) => "youtube",
        }
    }
}

/// Settings that make no sense together. The text names the key.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Feed(#[from] feed::FeedError),
    #[error(transparent)]
    Site(#[from] site::SiteError),
}

impl From<String> for BuildError {
    fn from(fault: String) -> Self {
        Self::Invalid(fault)
    }
}

/// Builds a configured source.
///
/// # Errors
/// Settings that make no sense together.
pub fn build(name: &str, config: &SourceConfig) -> Result<Box<dyn Source>, BuildError> {
    match config {
        SourceConfig::Bluesky(config) => boxed(bluesky::Bluesky::new(name, config)),
        SourceConfig::BlueskyMessages(config) => {
            boxed(bluesky_messages::BlueskyMessages::new(name, config))
        }
        SourceConfig::BlueskySearch(config) => {
            let clock = Clock::system();
            boxed(bluesky_search::BlueskySearch::new(name, config, clock))
        }
        SourceConfig::Dip(config) => boxed(dip::source(name, config)),
        SourceConfig::Facebook(config) => boxed(meta::Meta::new(name, Network::Facebook, config)),
        SourceConfig::FactCheck(config) => boxed(fact_check::source(name, config)),
        SourceConfig::Feed(config) if config.is_brought() => {
            boxed(feed_push::PushedFeed::new(name, config))
        }
        SourceConfig::Feed(config) => boxed(feed::Feed::source(name, config)),
        SourceConfig::FragDenStaat(config) => boxed(fragdenstaat::source(name, config)),
        SourceConfig::Instagram(config) => boxed(meta::Meta::new(name, Network::Instagram, config)),
        SourceConfig::Maildir(config) => boxed(maildir::Maildir::new(name, config)),
        SourceConfig::Mastodon(config) => boxed(mastodon::Mastodon::new(name, config)),
        SourceConfig::Replay(config) => boxed(replay::Replay::new(name, config)),
        SourceConfig::Site(config) => boxed(site::Site::new(name, config)),
        SourceConfig::Sitemap(config) => boxed(sitemap::source(name, config)),
        SourceConfig::Telegram(config) => boxed(telegram::source(name, config)),
        SourceConfig::Threads(config) => boxed(meta::Meta::new(name, Network::Threads, config)),
        SourceConfig::Webhook(config) => boxed(webhook::Webhook::new(name, config)),
        SourceConfig::Wikipedia(config) => boxed(wikipedia::Wikipedia::new(name, config)),
        SourceConfig::X(config) if config.stream == x::Stream::Compliance => {
            boxed(x_compliance::XCompliance::new(name, config))
        }
        SourceConfig::X(config) if config.stream == x::Stream::Messages => {
            boxed(x::messages::XMessages::new(name, config))
        }
        SourceConfig::X(config) => boxed(x::X::new(name, config)),
        SourceConfig::Youtube(config) => boxed(youtube::Youtube::new(name, config)),
    }
}

fn boxed<S: Source + 'static, E: Into<BuildError>>(
    source: Result<S, E>,
) -> Result<Box<dyn Source>, BuildError> {
    let source = source.map_err(Into::into)?;
    Ok(Box::new(source))
}

/// Kinds of recorded bytes that `source read` understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Recorded {
    /// Jetstream frames of either wire, one a line
    Bluesky,
    /// Events of a Bluesky account's conversations, one a line
    BlueskyMessages,
    /// Posts as Bluesky's search gives them, one a line
    BlueskySearch,
    /// An answer of the Bundestag's documentation system: papers or procedures
    Dip,
    /// An answer of Google's search of fact checks
    FactCheck,
    /// A push of a Facebook page, or a list that the Graph API answers with
    Facebook,
    /// The same of Instagram
    Instagram,
    /// The same of Threads
    Threads,
    /// An RSS, Atom or JSON feed
    Feed,
    /// An answer of FragDenStaat: requests
    #[value(name = "fragdenstaat")]
    FragDenStaat,
    /// Messages of a Mastodon websocket, one a line
    Mastodon,
    /// A news sitemap
    Sitemap,
    /// A mail, a press digest for instance
    Mail,
    /// A web page: the article on it
    Page,
    /// Lines of the import's shape
    Replay,
    /// A page of a Telegram channel's preview
    Telegram,
    /// Events of Wikimedia's streams, one a line
    Wikipedia,
    /// Lines of X: of its streams, or of a compliance job's result
    X,
    /// An answer of X about direct messages
    XMessages,
    /// An answer of YouTube's API: comment threads, comments or videos
    Youtube,
}

/// Gives `each` what an adapter makes of recorded bytes, with the functions that read the network.
///
/// Nothing is given for what is of no interest. What cannot be read is a [`Rejection`] in its
/// place; where the bytes have lines, with the number of its line.
///
/// # Errors
/// Those of `input`, and those of `each`, which end the reading.
pub fn read_recorded(
    kind: Recorded,
    input: &mut dyn BufRead,
    each: &mut dyn FnMut(Result<Change, Rejection>) -> io::Result<()>,
) -> io::Result<()> {
    match kind {
        Recorded::Bluesky => each_line(input, websocket::MAX_FRAME_BYTES, bluesky_changes, each),
        Recorded::BlueskyMessages => each_line(
            input,
            websocket::MAX_FRAME_BYTES,
            bluesky_messages::adapt_recorded,
            each,
        ),
        Recorded::BlueskySearch => {
            each_line(input, websocket::MAX_FRAME_BYTES, bluesky_posts, each)
        }
        Recorded::Mastodon => each_line(input, websocket::MAX_FRAME_BYTES, mastodon::adapt, each),
        Recorded::Facebook => pushed_or_answered(Network::Facebook, input, each),
        Recorded::Instagram => pushed_or_answered(Network::Instagram, input, each),
        Recorded::Threads => pushed_or_answered(Network::Threads, input, each),
        Recorded::Feed => feed::read_bytes(&whole(input)?, None)
            .into_iter()
            .try_for_each(each),
        Recorded::Dip => dip::read_bytes(&whole(input)?)
            .into_iter()
            .try_for_each(each),
        Recorded::FactCheck => fact_check::read_bytes(&whole(input)?)
            .into_iter()
            .try_for_each(each),
        Recorded::XMessages => x::messages::read_bytes(&whole(input)?)
            .into_iter()
            .try_for_each(each),
        Recorded::FragDenStaat => fragdenstaat::read_bytes(&whole(input)?)
            .into_iter()
            .try_for_each(each),
        Recorded::Mail => maildir::read_bytes(&whole(input)?)
            .into_iter()
            .try_for_each(each),
        Recorded::Page => each(article::read_bytes(&whole(input)?)),
        Recorded::Sitemap => sitemap::read_bytes(&whole(input)?)
            .into_iter()
            .try_for_each(each),
        Recorded::Replay => each_line(
            input,
            replay::MAX_LINE_BYTES,
            |line| replay::adapt(line).map(|change| vec![change]),
            each,
        ),
        Recorded::Telegram => telegram::read_bytes(&whole(input)?)
            .into_iter()
            .try_for_each(each),
        Recorded::Wikipedia => each_line(input, lines::MAX_LINE_BYTES, wikipedia::read_line, each),
        Recorded::X => each_line(input, lines::MAX_LINE_BYTES, x::read_line, each),
        Recorded::Youtube => youtube::read_bytes(&whole(input)?)
            .into_iter()
            .try_for_each(each),
    }
}

fn pushed_or_answered(
    network: Network,
    input: &mut dyn BufRead,
    each: &mut dyn FnMut(Result<Change, Rejection>) -> io::Result<()>,
) -> io::Result<()> {
    let changes = meta::read_bytes(network, &whole(input)?);
    changes.into_iter().try_for_each(each)
}

fn whole(input: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let limit = http::Limits::default().max_body_bytes as u64;
    let mut body = Vec::new();
    input.take(limit + 1).read_to_end(&mut body)?;
    Ok(body)
}

fn bluesky_changes(frame: &[u8]) -> Result<Vec<Change>, Rejection> {
    match bluesky::adapt(frame)? {
        bluesky::Said::Event { changes, .. } => Ok(changes),
        _ => Ok(vec![]),
    }
}

fn bluesky_posts(line: &[u8]) -> Result<Vec<Change>, Rejection> {
    let post = serde_json::from_slice(line).map_err(|_| bluesky::no_post())?;
    bluesky_search::adapt(post).map(|change| vec![change])
}

fn each_line(
    input: &mut dyn BufRead,
    longest: usize,
    adapt: fn(&[u8]) -> Result<Vec<Change>, Rejection>,
    each: &mut dyn FnMut(Result<Change, Rejection>) -> io::Result<()>,
) -> io::Result<()> {
    let mut line = Vec::new();
    let mut number = 0u64;
    while next_line(input, &mut line, longest)? {
        number += 1;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match adapt(&line) {
            Ok(changes) => changes
                .into_iter()
                .try_for_each(|change| each(Ok(change)))?,
            Err(rejection) => each(Err(rejection.in_line(number)))?,
        }
    }
    Ok(())
}

/// Reads one line without its break; of one that is longer than `longest` bytes only as much as
/// shows that it is. False at the end.
fn next_line(input: &mut dyn BufRead, line: &mut Vec<u8>, longest: usize) -> io::Result<bool> {
    line.clear();
    let limit = longest as u64 + 1;
    let read = (&mut *input).take(limit).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read as u64 == limit {
        input.skip_until(b'\n')?;
    }
    Ok(read > 0)
}
