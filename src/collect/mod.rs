//! Collecting: sources, and the one supervisor that runs them.
//!
//! A new source is one file here, one variant and one arm below, a block in `config/default.toml`,
//! a folder of fixtures, and thirty lines in `tests/it/compliance`.

mod backoff;
pub mod bluesky;
pub mod feed;
mod feed_decode;
mod feed_escape;
mod feed_json;
mod feed_read;
mod feed_repair;
mod feed_tags;
pub mod hearing;
pub mod hosts;
pub mod http;
mod http_body;
pub mod http_call;
pub mod http_gate;
mod http_reply;
pub mod lines;
pub mod opt_out;
mod pacing;
pub mod replay;
pub mod robots;
mod robots_rules;
pub mod source;
pub mod sse;
pub mod supervise;
mod supplies;
mod tally;
pub mod websocket;
pub mod x;
pub mod x_compliance;
pub mod youtube;

pub use backoff::Timing;
pub use supplies::Supplies;

use crate::model::Change;
use serde::Deserialize;
use source::{Rejection, Source};
use std::io::{self, BufRead, Read as _};

/// `[source.<name>]`: one source as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SourceConfig {
    Bluesky(bluesky::BlueskyConfig),
    Feed(feed::FeedConfig),
    Replay(replay::ReplayConfig),
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
            SourceConfig::Feed(_) => "feed",
            SourceConfig::Replay(_) => "replay",
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
}

/// Builds a configured source.
///
/// # Errors
/// Settings that make no sense together.
pub fn build(name: &str, config: &SourceConfig) -> Result<Box<dyn Source>, BuildError> {
    match config {
        SourceConfig::Bluesky(config) => {
            let source = bluesky::Bluesky::new(name, config).map_err(BuildError::Invalid)?;
            Ok(Box::new(source))
        }
        SourceConfig::Feed(config) => Ok(Box::new(feed::Feed::new(name, config)?)),
        SourceConfig::Replay(config) => {
            let source = replay::Replay::new(name, config).map_err(BuildError::Invalid)?;
            Ok(Box::new(source))
        }
        SourceConfig::X(config) if config.stream == x::Stream::Compliance => {
            let source = x_compliance::XCompliance::new(name, config);
            Ok(Box::new(source.map_err(BuildError::Invalid)?))
        }
        SourceConfig::X(config) => {
            let source = x::X::new(name, config).map_err(BuildError::Invalid)?;
            Ok(Box::new(source))
        }
        SourceConfig::Youtube(config) => {
            let source = youtube::Youtube::new(name, config).map_err(BuildError::Invalid)?;
            Ok(Box::new(source))
        }
    }
}

/// Kinds of recorded bytes that `source read` understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Recorded {
    /// Jetstream frames of either wire, one a line
    Bluesky,
    /// An RSS, Atom or JSON feed
    Feed,
    /// Lines of the import's shape
    Replay,
    /// Lines of X: of its streams, or of a compliance job's result
    X,
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
        Recorded::Feed => {
            let limit = http::Limits::default().max_body_bytes as u64;
            let mut body = Vec::new();
            input.take(limit + 1).read_to_end(&mut body)?;
            feed::read_bytes(&body, None).into_iter().try_for_each(each)
        }
        Recorded::Replay => each_line(
            input,
            replay::MAX_LINE_BYTES,
            |line| replay::adapt(line).map(|change| vec![change]),
            each,
        ),
        Recorded::X => each_line(input, lines::MAX_LINE_BYTES, x::read_line, each),
        Recorded::Youtube => {
            let limit = http::Limits::default().max_body_bytes as u64;
            let mut body = Vec::new();
            input.take(limit + 1).read_to_end(&mut body)?;
            youtube::read_bytes(&body).into_iter().try_for_each(each)
        }
    }
}

fn bluesky_changes(frame: &[u8]) -> Result<Vec<Change>, Rejection> {
    match bluesky::adapt(frame)? {
        bluesky::Said::Event { changes, .. } => Ok(changes),
        _ => Ok(vec![]),
    }
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
