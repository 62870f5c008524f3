//! Collecting: sources, and the one supervisor that runs them.
//!
//! A new source is one file here, one variant and one arm below, a block in `config/default.toml`
//! and a folder of fixtures.

mod backoff;
pub mod bluesky;
mod pacing;
pub mod replay;
pub mod source;
pub mod supervise;
mod tally;
mod tls;
pub mod websocket;

pub use backoff::Timing;

use crate::clock::Clock;
use crate::model::Change;
use serde::Deserialize;
use source::{Rejection, Source};
use std::io::{self, BufRead, Read};

/// `[source.<name>]`: one source as it is configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SourceConfig {
    Bluesky(bluesky::Config),
    Replay(replay::Config),
}

/// Settings that make no sense together. The text names the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BuildError(String);

/// Builds a configured source. The clock is for sources that judge the age of what they keep.
///
/// # Errors
/// Settings that make no sense together.
pub fn build(
    name: &str,
    config: &SourceConfig,
    _clock: &Clock,
) -> Result<Box<dyn Source>, BuildError> {
    match config {
        SourceConfig::Bluesky(config) => {
            let source = bluesky::Bluesky::new(name, config).map_err(BuildError)?;
            Ok(Box::new(source))
        }
        SourceConfig::Replay(config) => {
            let source = replay::Replay::new(name, config).map_err(BuildError)?;
            Ok(Box::new(source))
        }
    }
}

/// Kinds of recorded bytes that `source read` understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// Jetstream frames of either wire, one a line.
    Bluesky,
    /// Items and deletions of the documented shape, one a line.
    Replay,
}

impl Recorded {
    pub const ALL: [Recorded; 2] = [Recorded::Bluesky, Recorded::Replay];

    pub fn as_str(self) -> &'static str {
        match self {
            Recorded::Bluesky => "bluesky",
            Recorded::Replay => "replay",
        }
    }

    /// The inverse of [`Recorded::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Gives `each` what an adapter makes of recorded bytes, with the functions that read the network.
///
/// Nothing is given for what is of no interest. What cannot be read is a [`Rejection`] in its
/// place, with the number of its line.
///
/// # Errors
/// Those of `input`, and those of `each`, which end the reading.
pub fn read_bytes(
    kind: Recorded,
    input: &mut dyn BufRead,
    each: &mut dyn FnMut(Result<Change, Rejection>) -> io::Result<()>,
) -> io::Result<()> {
    match kind {
        Recorded::Bluesky => each_line(input, websocket::MAX_FRAME_BYTES, bluesky_changes, each),
        Recorded::Replay => each_line(
            input,
            replay::MAX_LINE_BYTES,
            |line| replay::adapt(line).map(|change| vec![change]),
            each,
        ),
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
