//! Replay: NDJSON of the documented mention shape, from a file, standard input or memory.
//!
//! One JSON object a line: an item (`model::Item`), `{"delete": …}`, `{"delete_author": …}` or
//! `{"restore_author": …}`. A line that cannot be read is refused with its number; the others are
//! read on. Lines are paced by the items' own times where the replay stands in for the living
//! network, and not paced where it imports. It collects nothing that is not in the file and needs
//! no permission but the right to the data.

use super::source::{
    Collected, Event, Pace, RejectReason, Rejection, Source, SourceError, Standing,
};
use crate::model::{AuthorChange, Change, Cursor, Deletion, Item};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncSeekExt, BufReader};

/// Longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// `[source.<name>]` with `kind = "replay"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayConfig {
    /// NDJSON file.
    pub path: PathBuf,
    /// Hand items on at their own times; otherwise as fast as the house takes them.
    #[serde(default)]
    pub paced: bool,
    /// Old news: archived, never mailed.
    #[serde(default = "yes")]
    pub backfill: bool,
}

fn yes() -> bool {
    true
}

/// Where the lines come from.
#[derive(Debug, Clone)]
enum Lines {
    File(PathBuf),
    StandardInput,
    Memory(&'static [u8]),
}

/// A replay of recorded items.
#[derive(Debug, Clone)]
pub struct Replay {
    name: String,
    lines: Lines,
    paced: bool,
    backfill: bool,
}

impl Replay {
    pub fn new(name: &str, config: &ReplayConfig) -> Self {
        Self {
            name: name.to_owned(),
            lines: Lines::File(config.path.clone()),
            paced: config.paced,
            backfill: config.backfill,
        }
    }

    /// An import: not paced, mails nobody. `-` is standard input.
    ///
    /// # Errors
    /// A file that is not there or cannot be read.
    pub fn import(name: &str, path: &Path) -> io::Result<Self> {
        let lines = if path == Path::new("-") {
            Lines::StandardInput
        } else {
            let told = |error: io::Error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            };
            std::fs::File::open(path).map_err(told)?;
            Lines::File(path.to_owned())
        };
        Ok(Self {
            name: name.to_owned(),
            lines,
            paced: false,
            backfill: true,
        })
    }

    /// Lines from memory that stand in for the living network, at their own times.
    pub fn live_from_memory(name: &str, lines: &'static [u8]) -> Self {
        Self {
            name: name.to_owned(),
            lines: Lines::Memory(lines),
            paced: true,
            backfill: false,
        }
    }
}

/// Resume position: the first line that was not handed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Offset in bytes.
    byte: u64,
    /// Lines before it.
    line: u64,
}

impl Source for Replay {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Once
    }

    fn is_backfill(&self) -> bool {
        self.backfill
    }

    fn is_relay(&self) -> bool {
        true
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let Self { lines, paced, .. } = self.clone();
        Box::pin(async_stream::try_stream! {
            // Standard input cannot be read twice, so its position means nothing later.
            let start = match (&lines, resume) {
                (Lines::StandardInput, _) | (_, None) => Position::default(),
                (_, Some(cursor)) => serde_json::from_str(&cursor.0).unwrap_or_default(),
            };
            let mut reader = open(&lines, start).await.map_err(|e| SourceError::Refused(e.to_string()))?;
            let mut position = start;
            let mut line = Vec::new();
            while let Some(read) = next_line(&mut reader, &mut line).await
                .map_err(|e| SourceError::Transient(e.to_string()))?
            {
                position.byte += read;
                position.line += 1;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let event = match adapt(&line) {
                    Ok(change) => Event::Change(change),
                    Err(rejection) => Event::Rejected(Rejection::new(
                        rejection.reason,
                        format!("line {}: {}", position.line, rejection.detail),
                    )),
                };
                let due = due(&event).filter(|_| paced);
                let cursor = serde_json::to_string(&position).ok().map(Cursor);
                yield Collected { event, cursor, due };
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let lines = self.lines.clone();
        Box::pin(async move {
            match open(&lines, Position::default()).await {
                Ok(_) => Standing::Works,
                Err(error) => Standing::Unreachable(error.to_string()),
            }
        })
    }
}

type Reader = Box<dyn AsyncBufRead + Send + Unpin>;

async fn open(lines: &Lines, start: Position) -> io::Result<Reader> {
    match lines {
        Lines::StandardInput => Ok(Box::new(BufReader::new(tokio::io::stdin()))),
        Lines::Memory(bytes) => {
            let from = usize::try_from(start.byte)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            Ok(Box::new(&bytes[from..]))
        }
        Lines::File(path) => {
            let mut file = tokio::fs::File::open(path).await?;
            file.seek(io::SeekFrom::Start(start.byte)).await?;
            Ok(Box::new(BufReader::new(file)))
        }
    }
}

/// Reads one line without its break; of a line that is too long only the first
/// [`MAX_LINE_BYTES`] and one byte are kept. Gives the bytes that were read, or `None` at the end.
async fn next_line(reader: &mut Reader, line: &mut Vec<u8>) -> io::Result<Option<u64>> {
    line.clear();
    let mut read = 0u64;
    loop {
        let chunk = reader.fill_buf().await?;
        if chunk.is_empty() {
            return Ok((read > 0).then_some(read));
        }
        let end = chunk.iter().position(|b| *b == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let room = (MAX_LINE_BYTES + 1).saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(chunk.len(), |i| i + 1);
        read += used as u64;
        reader.consume(used);
        if end.is_some() {
            return Ok(Some(read));
        }
    }
}

/// The envelope of what is no item.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    delete: Option<Deletion>,
    delete_author: Option<AuthorChange>,
    restore_author: Option<AuthorChange>,
}

/// Reads one line of the documented shape. Pure.
///
/// # Errors
/// A line that is too long, no JSON, or not of the shape.
pub fn adapt(line: &[u8]) -> Result<Change, Rejection> {
    if line.len() > MAX_LINE_BYTES {
        let detail = format!("longer than {MAX_LINE_BYTES} bytes");
        return Err(Rejection::new(RejectReason::TooLarge, detail));
    }
    let malformed = |error: serde_json::Error| {
        // The library quotes keys and types, and of values at most what stands in its way.
        Rejection::new(RejectReason::Malformed, without_values(&error.to_string()))
    };
    let value: serde_json::Value = serde_json::from_slice(line).map_err(malformed)?;
    let is_item = value.get("id").is_some();
    if is_item {
        let item: Item = serde_json::from_value(value).map_err(malformed)?;
        return if item.id.is_empty() || item.platform.is_empty() {
            Err(Rejection::new(
                RejectReason::Incomplete,
                "`source` and `id` must not be empty",
            ))
        } else {
            Ok(Change::Upsert(Box::new(item)))
        };
    }
    match serde_json::from_value(value).map_err(malformed)? {
        Envelope {
            delete: Some(deletion),
            ..
        } => Ok(Change::Delete(deletion)),
        Envelope {
            delete_author: Some(author),
            ..
        } => Ok(Change::AuthorGone(author)),
        Envelope {
            restore_author: Some(author),
            ..
        } => Ok(Change::AuthorBack(author)),
        _ => Err(Rejection::new(
            RejectReason::Incomplete,
            "an item needs `source`, `id` and `kind`; other lines are `delete`, `delete_author` or `restore_author`",
        )),
    }
}

/// An error text without quoted values: they may be somebody's words.
fn without_values(error: &str) -> String {
    let mut out = String::new();
    for (i, part) in error.split('"').enumerate() {
        out.push_str(if i % 2 == 0 { part } else { "…" });
    }
    out.chars().take(200).collect()
}

/// When the line happened: what a paced replay waits for.
fn due(event: &Event) -> Option<Timestamp> {
    match event {
        Event::Change(Change::Upsert(item)) => item.version(),
        Event::Change(Change::Delete(deletion)) => deletion.at,
        Event::Change(Change::AuthorGone(author) | Change::AuthorBack(author)) => author.at,
        _ => None,
    }
}
