//! Collecting: sources, and the one supervisor that runs them.
//!
//! A new source is one file here, one variant and one arm below, a block in `config/default.toml`
//! and a folder of fixtures.

pub mod bluesky;
pub mod feed;
mod feed_json;
mod feed_read;
mod feed_repair;
pub mod http;
pub mod http_gate;
pub mod replay;
pub mod source;
pub mod supervise;
mod websocket;

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
}

impl SourceConfig {
    /// The name of the kind, as it is configured.
    pub fn kind(&self) -> &'static str {
        match self {
            SourceConfig::Bluesky(_) => "bluesky",
            SourceConfig::Feed(_) => "feed",
            SourceConfig::Replay(_) => "replay",
        }
    }
}

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
        SourceConfig::Replay(config) => Ok(Box::new(replay::Replay::new(name, config))),
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
}

/// What an adapter makes of recorded bytes: exactly what it would make of the network's.
///
/// # Errors
/// Bytes that cannot be read at all; an item that cannot be read is a [`Rejection`] in its place.
pub fn read_recorded(
    kind: Recorded,
    mut input: impl BufRead,
    mut each: impl FnMut(Result<Option<Change>, Rejection>) -> io::Result<()>,
) -> io::Result<()> {
    let adapt = match kind {
        Recorded::Feed => return read_feed(input, each),
        Recorded::Bluesky => bluesky::adapt_line,
        Recorded::Replay => |line: &[u8]| replay::adapt(line).map(Some),
    };
    let mut line = Vec::new();
    while next_line(&mut input, &mut line)? {
        if !line.iter().all(u8::is_ascii_whitespace) {
            each(adapt(&line))?;
        }
    }
    Ok(())
}

fn read_feed(
    input: impl BufRead,
    mut each: impl FnMut(Result<Option<Change>, Rejection>) -> io::Result<()>,
) -> io::Result<()> {
    let limit = http::Limits::default().max_body_bytes as u64;
    let mut body = Vec::new();
    input.take(limit + 1).read_to_end(&mut body)?;
    for change in feed::read_bytes(&body, None) {
        each(change.map(Some))?;
    }
    Ok(())
}

/// Reads one line; of one that is too long only as much as shows that it is.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let limit = replay::MAX_LINE_BYTES as u64 + 1;
    let read = io::Read::take(&mut *input, limit).read_until(b'\n', line)?;
    if read == 0 {
        return Ok(false);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read as u64 == limit {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}
