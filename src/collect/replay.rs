//! Replay: NDJSON of the documented mention shape, from a file, standard input or memory.
//!
//! One JSON object a line: an item ([`crate::model::Item`]), `{"delete": …}`,
//! `{"delete_author": …}` or `{"restore_author": …}`. A line that cannot be read is refused with its
//! number; the others are read on. It collects nothing that is not in the file, and needs no
//! permission but the right to the data.

use super::source::{
    Collected, Event, Pace, RejectReason, Rejection, Source, SourceError, Standing,
};
use super::tally::happened;
use crate::model::{AuthorChange, Change, Cursor, Deletion, Item};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncSeekExt, BufReader};

/// Longest line that is read, in bytes.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;
const READ_BUFFER_BYTES: usize = 256 * 1024;
/// What some exports begin with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// `[source.<name>]` with `kind = "replay"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayConfig {
    /// NDJSON file.
    pub path: PathBuf,
    /// How fast.
    #[serde(default)]
    pub pace: ReplayPace,
    /// Old news: archived, never mailed.
    #[serde(default = "yes")]
    pub backfill: bool,
}

fn yes() -> bool {
    true
}

/// `"as_fast_as_possible"`, `"original"` (the items' own distances), or a number: so many times
/// faster than that.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum ReplayPace {
    #[default]
    AsFastAsPossible,
    Original,
    Times(f64),
}

impl ReplayPace {
    /// Divisor of the items' distances; `None` where nothing waits.
    fn divisor(self) -> Option<f64> {
        match self {
            ReplayPace::AsFastAsPossible => None,
            ReplayPace::Original => Some(1.0),
            ReplayPace::Times(times) => Some(times),
        }
    }
}

impl<'de> Deserialize<'de> for ReplayPace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PaceVisitor)
    }
}

struct PaceVisitor;

impl Visitor<'_> for PaceVisitor {
    type Value = ReplayPace;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("\"as_fast_as_possible\", \"original\" or a number greater than 0")
    }

    fn visit_f64<E: serde::de::Error>(self, times: f64) -> Result<ReplayPace, E> {
        if times.is_finite() && times > 0.0 {
            Ok(ReplayPace::Times(times))
        } else {
            Err(E::invalid_value(serde::de::Unexpected::Float(times), &self))
        }
    }

    fn visit_i64<E: serde::de::Error>(self, times: i64) -> Result<ReplayPace, E> {
        self.visit_f64(times as f64)
    }

    fn visit_u64<E: serde::de::Error>(self, times: u64) -> Result<ReplayPace, E> {
        self.visit_f64(times as f64)
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<ReplayPace, E> {
        match name {
            "as_fast_as_possible" => Ok(ReplayPace::AsFastAsPossible),
            "original" => Ok(ReplayPace::Original),
            // Variables of the environment are always text.
            _ => match name.parse() {
                Ok(times) => self.visit_f64(times),
                Err(_) => Err(E::invalid_value(serde::de::Unexpected::Str(name), &self)),
            },
        }
    }
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
    /// What a saved position must be of to count.
    of: String,
    pace: ReplayPace,
    backfill: bool,
}

impl Replay {
    /// # Errors
    /// A path that is empty. A file that is not there is the supervisor's business.
    pub fn new(name: &str, config: &ReplayConfig) -> Result<Self, String> {
        if config.path.as_os_str().is_empty() {
            return Err("`path` is empty".to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            of: config.path.display().to_string(),
            lines: Lines::File(config.path.clone()),
            pace: config.pace,
            backfill: config.backfill,
        })
    }

    /// An import: not paced, mails nobody, and begins at the beginning each time it is ordered.
    /// `-` is standard input.
    ///
    /// # Errors
    /// A file that is not there or cannot be read, or a system without randomness.
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
        // A position that another import left in the store must not shorten this one.
        let run = getrandom::u64().map_err(io::Error::other)?;
        Ok(Self {
            name: name.to_owned(),
            lines,
            of: format!("import {run:016x}"),
            pace: ReplayPace::AsFastAsPossible,
            backfill: true,
        })
    }

    /// Lines from memory that stand in for the living network, at their own times.
    pub fn live_from_memory(name: &str, lines: &'static [u8]) -> Self {
        Self {
            name: name.to_owned(),
            lines: Lines::Memory(lines),
            of: "memory".to_owned(),
            pace: ReplayPace::Original,
            backfill: false,
        }
    }

    fn start(&self, resume: Option<Cursor>) -> Position {
        resume
            .and_then(|cursor| serde_json::from_str::<Position>(&cursor.0).ok())
            .filter(|position| position.of == self.of)
            .unwrap_or_else(|| Position {
                of: self.of.clone(),
                byte: 0,
                line: 0,
            })
    }
}

/// Resume position: the first line that was not handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    of: String,
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
        let this = self.clone();
        Box::pin(async_stream::try_stream! {
            let mut position = this.start(resume);
            let mut reader = open(&this.lines, &mut position)
                .await
                .map_err(|error| SourceError::Refused(error.to_string()))?;
            let mut first = None;
            let mut line = Vec::new();
            while let Some(read) = next_line(&mut reader, &mut line)
                .await
                .map_err(|error| SourceError::Transient(error.to_string()))?
            {
                position.byte += read;
                position.line += 1;
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                let event = match adapt(&line) {
                    Ok(change) => Event::Change(change),
                    Err(rejection) => Event::Rejected(rejection.in_line(position.line)),
                };
                let due = happened(&event).and_then(|at| {
                    due(*first.get_or_insert(at), at, this.pace.divisor()?)
                });
                let cursor = serde_json::to_string(&position).ok().map(Cursor);
                yield Collected { due, ..Collected::now(event, cursor) };
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let this = self.clone();
        Box::pin(async move {
            match open(&this.lines, &mut this.start(None)).await {
                Ok(_) => Standing::Works,
                Err(error) => Standing::Unreachable(error.to_string()),
            }
        })
    }
}

/// The time of an item with its distance to the first one divided.
fn due(first: Timestamp, at: Timestamp, divisor: f64) -> Option<Timestamp> {
    let distance = at.duration_since(first).as_secs_f64() / divisor;
    let distance = jiff::SignedDuration::try_from_secs_f64(distance).ok()?;
    first.checked_add(distance).ok()
}

type Reader = Box<dyn AsyncBufRead + Send + Unpin>;

/// Opens the lines at a position, or at the beginning where the file is shorter than it was.
async fn open(lines: &Lines, position: &mut Position) -> io::Result<Reader> {
    let begin = |position: &mut Position| (position.byte, position.line) = (0, 0);
    match lines {
        // It cannot be read twice; after an error it goes on where it is.
        Lines::StandardInput => Ok(Box::new(BufReader::new(tokio::io::stdin()))),
        Lines::Memory(bytes) => {
            let rest = usize::try_from(position.byte)
                .ok()
                .and_then(|from| bytes.get(from..));
            if rest.is_none() {
                begin(position);
            }
            Ok(Box::new(rest.unwrap_or(bytes)))
        }
        Lines::File(path) => {
            let told = |error: io::Error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            };
            let mut file = tokio::fs::File::open(path).await.map_err(told)?;
            if file.metadata().await.map_err(told)?.len() < position.byte {
                begin(position);
            }
            file.seek(io::SeekFrom::Start(position.byte))
                .await
                .map_err(told)?;
            Ok(Box::new(BufReader::with_capacity(READ_BUFFER_BYTES, file)))
        }
    }
}

/// Reads one line without its break; of a line that is too long only [`MAX_LINE_BYTES`] and one
/// byte are kept. Gives the bytes that were read, or `None` at the end.
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

/// What a line holds that is no item.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Marker {
    Delete(Deletion),
    DeleteAuthor(AuthorChange),
    RestoreAuthor(AuthorChange),
}

/// Reads one line of the documented shape. Pure.
///
/// # Errors
/// A line that is too long, no JSON, or not of the shape; the text says what to write instead.
pub fn adapt(line: &[u8]) -> Result<Change, Rejection> {
    if line.len() > MAX_LINE_BYTES {
        let detail = format!("longer than {MAX_LINE_BYTES} bytes; shorten the text");
        return Err(Rejection::new(RejectReason::TooLarge, detail));
    }
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|error| {
        let place = format!(
            "no JSON object: {:?} error at column {}",
            error.classify(),
            error.column()
        );
        Rejection::new(RejectReason::Malformed, place)
    })?;
    let Some(object) = value.as_object() else {
        return Err(Rejection::new(RejectReason::Malformed, "no JSON object"));
    };
    if ["delete", "delete_author", "restore_author"]
        .iter()
        .any(|key| object.contains_key(*key))
    {
        return match serde_json::from_value(value).map_err(|error| not_of_the_shape(&error))? {
            Marker::Delete(deletion) => Ok(Change::Delete(deletion)),
            Marker::DeleteAuthor(author) => Ok(Change::AuthorGone(author)),
            Marker::RestoreAuthor(author) => Ok(Change::AuthorBack(author)),
        };
    }
    let item: Item = serde_json::from_value(value).map_err(|error| not_of_the_shape(&error))?;
    if item.id.is_empty() || item.platform.is_empty() {
        let detail = "`source` and `id` must not be empty";
        return Err(Rejection::new(RejectReason::Incomplete, detail));
    }
    Ok(Change::Upsert(Box::new(item)))
}

/// The library's words without the value that they quote, which may be somebody's.
fn not_of_the_shape(error: &serde_json::Error) -> Rejection {
    let mut text = error.to_string();
    if let (Some(first), Some(last)) = (text.find('"'), text.rfind('"')) {
        text.replace_range(first..=last, "a value");
    }
    if let (true, Some(end)) = (
        text.starts_with("unknown variant"),
        text.rfind("`, expected"),
    ) {
        text.replace_range(..=end, "an unknown value");
    }
    let printable = |c: &char| c.is_ascii_graphic() || *c == ' ';
    let detail: String = text.chars().filter(printable).take(300).collect();
    let reason = if detail.starts_with("missing field") {
        RejectReason::Incomplete
    } else {
        RejectReason::Malformed
    };
    Rejection::new(reason, detail)
}
