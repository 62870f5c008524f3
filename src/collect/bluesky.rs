//! Bluesky: Jetstream over websocket, without login.
//!
//! Documentation: <https://github.com/bluesky-social/jetstream> (README and `docs/`).
//! Two wires: v1 `/subscribe` (cursor = microseconds, too old a cursor is silently clamped) and v2
//! `/xrpc/network.bsky.jetstream.subscribeEvents` (cursor = sequence number of this host,
//! inclusive; too old a cursor is refused). Delivery is at least once on both.
//!
//! Collected: posts and replies, their edits and deletions, and accounts that leave or come back.
//! Not collected: likes, reposts, follows, profiles, handles. No key and no permission needed.

use super::source::{
    Collected, Event, Gap, GapReason, Pace, RejectReason, Rejection, Source, SourceError, Standing,
};
use super::websocket::{self, ConnectError, Frame, MAX_FRAME_BYTES};
use crate::model::{AuthorChange, Change, Cursor, Deletion, Item, Kind, RawAuthor};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Name of the network in native ids and of imports.
pub const PLATFORM: &str = "bluesky";
const POST: &str = "app.bsky.feed.post";
/// How far back a resumed stream starts on v1, and on another host: events are not ordered to the
/// microsecond, and what comes twice is stored once.
const REWIND_MICROS: i64 = 5_000_000;
/// Most links that are read from one post.
const MAX_LINKS: usize = 50;

/// The two protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wire {
    V1,
    V2,
}

/// `[source.<name>]` with `kind = "bluesky"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlueskyConfig {
    /// Address of the websocket, without a query.
    #[serde(default = "default_url")]
    pub url: String,
    /// Which protocol that address speaks.
    #[serde(default = "default_wire")]
    pub wire: Wire,
    /// Ask for compressed frames: less traffic, more work.
    #[serde(default)]
    pub compress: bool,
    /// The v1 dictionary, needed to compress on v1. On v2 the server is asked for it.
    #[serde(default)]
    pub zstd_dictionary_file: Option<PathBuf>,
    /// A resumed stream that begins this much later than it should has a gap, in seconds.
    #[serde(default = "default_gap_slack_secs")]
    pub gap_slack_secs: u32,
    /// Silence after which the connection is taken for lost, in seconds. Right for the firehose,
    /// where something happens each second; longer for a small server of one's own.
    #[serde(default = "default_idle_timeout_secs")]
    pub idle_timeout_secs: u64,
}

fn default_url() -> String {
    "wss://jetstream.us-west.bsky.network/xrpc/network.bsky.jetstream.subscribeEvents".to_owned()
}

fn default_wire() -> Wire {
    Wire::V2
}

fn default_gap_slack_secs() -> u32 {
    60
}

fn default_idle_timeout_secs() -> u64 {
    60
}

/// What Jetstream sends. One struct for both wires: v1 puts everything at the top, v2 into a
/// payload with a type.
mod wire {
    use jiff::Timestamp;
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub struct Envelope {
        pub did: Option<String>,
        pub time_us: Option<i64>,
        pub commit: Option<Commit>,
        pub account: Option<Account>,
        pub payload: Option<Payload>,
        pub error: Option<String>,
    }

    #[derive(Deserialize)]
    pub struct Payload {
        #[serde(rename = "$type")]
        pub kind: String,
        pub seq: Option<i64>,
        pub did: Option<String>,
        pub time: Option<Timestamp>,
        pub account: Option<Account>,
        #[serde(flatten)]
        pub commit: Commit,
    }

    #[derive(Deserialize, Default)]
    pub struct Commit {
        #[serde(default)]
        pub operation: String,
        #[serde(default)]
        pub collection: String,
        #[serde(default)]
        pub rkey: String,
        pub record: Option<serde_json::Value>,
    }

    #[derive(Deserialize)]
    pub struct Account {
        pub active: bool,
    }

    /// `app.bsky.feed.post`. Other people write records: whatever is odd in a part that is not
    /// needed must not cost the post.
    #[derive(Deserialize)]
    pub struct Post {
        #[serde(default)]
        pub text: String,
        #[serde(default)]
        pub langs: serde_json::Value,
        #[serde(default)]
        pub facets: serde_json::Value,
        #[serde(default)]
        pub embed: serde_json::Value,
        #[serde(default)]
        pub reply: serde_json::Value,
        #[serde(rename = "createdAt", default)]
        pub created_at: serde_json::Value,
    }
}

/// What one frame says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Event {
        /// Sequence number (v2) or microseconds (v1).
        position: i64,
        time: Timestamp,
        change: Option<Change>,
    },
    /// Without meaning for us.
    Nothing,
    /// v2: the server ends the stream, and says why.
    Error(String),
}

/// Reads one text frame of either wire. Pure.
///
/// # Errors
/// A frame that is no JSON, not of the protocol, or larger than a frame may be.
pub fn adapt(frame: &[u8]) -> Result<Said, Rejection> {
    if frame.len() > MAX_FRAME_BYTES {
        return Err(Rejection::new(RejectReason::TooLarge, "a frame over 1 MiB"));
    }
    let envelope: wire::Envelope = serde_json::from_slice(frame)
        .map_err(|error| Rejection::new(RejectReason::Malformed, position_of(&error)))?;
    if let Some(payload) = envelope.payload {
        return adapt_v2(payload);
    }
    if let Some(error) = envelope.error {
        return Ok(Said::Error(
            error
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(64)
                .collect(),
        ));
    }
    let incomplete = || Rejection::new(RejectReason::Incomplete, "a frame without did or time_us");
    let (did, time_us) = envelope.did.zip(envelope.time_us).ok_or_else(incomplete)?;
    let time = Timestamp::from_microsecond(time_us).map_err(|_| incomplete())?;
    let change = change(&did, time, envelope.commit, envelope.account)?;
    Ok(Said::Event {
        position: time_us,
        time,
        change,
    })
}

/// What a recorded frame changes. Pure.
///
/// # Errors
/// As [`adapt`].
pub fn adapt_line(frame: &[u8]) -> Result<Option<Change>, Rejection> {
    match adapt(frame)? {
        Said::Event { change, .. } => Ok(change),
        Said::Nothing | Said::Error(_) => Ok(None),
    }
}

fn adapt_v2(payload: wire::Payload) -> Result<Said, Rejection> {
    let kind = payload.kind.rsplit('#').next().unwrap_or_default();
    if kind == "info" {
        // `OutdatedCursor`: the server begins later than asked. The first event shows how much.
        return Ok(Said::Nothing);
    }
    let incomplete = || {
        Rejection::new(
            RejectReason::Incomplete,
            "a message without did, seq or time",
        )
    };
    let (Some(did), Some(position), Some(time)) = (payload.did, payload.seq, payload.time) else {
        return Err(incomplete());
    };
    let change = match kind {
        "commit" => change(&did, time, Some(payload.commit), None)?,
        "account" => change(&did, time, None, payload.account)?,
        // `#identity` is a change of handle, and handles are not kept. `#sync` says that a
        // repository was reset; the records that are still there are sent again as commits, and
        // those that are not were deleted one by one before.
        _ => None,
    };
    Ok(Said::Event {
        position,
        time,
        change,
    })
}

/// Where the parser stopped, without what stood there.
fn position_of(error: &serde_json::Error) -> String {
    format!("{:?} error at column {}", error.classify(), error.column())
}

fn change(
    did: &str,
    time: Timestamp,
    commit: Option<wire::Commit>,
    account: Option<wire::Account>,
) -> Result<Option<Change>, Rejection> {
    if !did.starts_with("did:") || did.len() > 2048 {
        return Err(Rejection::new(
            RejectReason::Incomplete,
            "an author that is no did",
        ));
    }
    if let Some(account) = account {
        let author = AuthorChange {
            platform: PLATFORM.to_owned(),
            author: did.to_owned(),
            at: Some(time),
        };
        // Deleted, taken down, suspended or deactivated: what is no longer shown there is no
        // longer shown here.
        let change = if account.active {
            Change::AuthorBack
        } else {
            Change::AuthorGone
        };
        return Ok(Some(change(author)));
    }
    let Some(commit) = commit.filter(|commit| commit.collection == POST) else {
        return Ok(None);
    };
    if commit.rkey.is_empty() {
        return Err(Rejection::new(
            RejectReason::Incomplete,
            "a commit without rkey",
        ));
    }
    let id = format!("at://{did}/{POST}/{}", commit.rkey);
    match (commit.operation.as_str(), commit.record) {
        ("delete", _) => {
            let deletion = Deletion {
                platform: PLATFORM.to_owned(),
                id,
                at: Some(time),
            };
            Ok(Some(Change::Delete(deletion)))
        }
        ("create" | "update", Some(record)) => {
            let edited = (commit.operation == "update").then_some(time);
            item(did, id, &commit.rkey, record, time, edited)
                .map(|item| Some(Change::Upsert(Box::new(item))))
        }
        _ => Err(Rejection::new(
            RejectReason::Incomplete,
            "a commit without a record",
        )),
    }
}

fn item(
    did: &str,
    id: String,
    rkey: &str,
    record: serde_json::Value,
    time: Timestamp,
    edited: Option<Timestamp>,
) -> Result<Item, Rejection> {
    let post: wire::Post = serde_json::from_value(record)
        .map_err(|_| Rejection::new(RejectReason::Malformed, "a post record that is none"))?;
    let parent = post
        .reply
        .pointer("/parent/uri")
        .and_then(|uri| uri.as_str());
    let kind = if parent.is_some() {
        Kind::Reply
    } else {
        Kind::Post
    };
    let mut item = Item::new(PLATFORM, id, kind);
    // `createdAt` is the author's word: a time ahead of the event's is not believed.
    let stated = post
        .created_at
        .as_str()
        .and_then(|at| at.parse::<Timestamp>().ok());
    item.published = stated
        .filter(|at| *at <= time && at.as_second() > 0)
        .or(Some(time));
    item.edited = edited;
    item.lang = post
        .langs
        .get(0)
        .and_then(|lang| lang.as_str())
        .map(str::to_owned);
    item.reply_to = parent.map(str::to_owned);
    item.links = links(&post);
    item.url = Some(format!("https://bsky.app/profile/{did}/post/{rkey}"));
    item.author = Some(RawAuthor {
        id: did.to_owned(),
        handle: None,
        name: None,
    });
    item.text = post.text;
    Ok(item)
}

/// Links of the text's facets and of the embedded card.
fn links(post: &wire::Post) -> Vec<String> {
    let features = post
        .facets
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|facet| facet.get("features")?.as_array())
        .flatten()
        .filter_map(|feature| feature.get("uri")?.as_str());
    let cards = ["/external/uri", "/media/external/uri"]
        .into_iter()
        .filter_map(|path| post.embed.pointer(path)?.as_str());
    let mut links: Vec<String> = Vec::new();
    for link in features.chain(cards).take(MAX_LINKS) {
        if !links.iter().any(|known| known == link) {
            links.push(link.to_owned());
        }
    }
    links
}

/// Resume position. The time is kept beside the number, because numbers are a host's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    wire: Wire,
    host: String,
    position: i64,
    time_us: i64,
}

/// One Jetstream host.
#[derive(Debug, Clone)]
pub struct Bluesky {
    name: String,
    config: BlueskyConfig,
    url: Url,
}

impl Bluesky {
    /// # Errors
    /// An address that is no websocket address, or v1 compression without its dictionary.
    pub fn new(name: &str, config: &BlueskyConfig) -> Result<Self, String> {
        let url = Url::parse(&config.url).map_err(|error| format!("`url`: {error}"))?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err("`url` must begin with wss:// or ws://".to_owned());
        }
        if config.compress && config.wire == Wire::V1 && config.zstd_dictionary_file.is_none() {
            return Err("`compress` on wire v1 needs `zstd_dictionary_file`".to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            config: config.clone(),
            url,
        })
    }

    fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    /// The address with its filters, and with the cursor that belongs to this host and wire.
    fn request(&self, resume: Option<&Position>, dictionary: Option<u32>) -> Url {
        let mut url = self.url.clone();
        {
            let mut query = url.query_pairs_mut();
            match self.config.wire {
                Wire::V1 => query.append_pair("wantedCollections", POST),
                Wire::V2 => query.append_pair("collections", POST),
            };
            match (self.config.wire, dictionary) {
                (Wire::V1, _) if self.config.compress => {
                    query.append_pair("compress", "true");
                }
                (Wire::V2, Some(id)) => {
                    query.append_pair("zstdDictionary", &id.to_string());
                }
                _ => {}
            }
            if let Some(resume) = resume {
                let same = resume.wire == Wire::V2
                    && self.config.wire == Wire::V2
                    && resume.host == self.host();
                // Both wires read a number of this size as microseconds.
                let cursor = if same {
                    resume.position
                } else {
                    resume.time_us - REWIND_MICROS
                };
                query.append_pair("cursor", &cursor.to_string());
            }
        }
        url
    }

    async fn dictionary(&self) -> Result<Option<Vec<u8>>, SourceError> {
        match (&self.config.zstd_dictionary_file, self.config.wire) {
            _ if !self.config.compress => Ok(None),
            (Some(path), _) => tokio::fs::read(path)
                .await
                .map(Some)
                .map_err(|error| SourceError::Refused(format!("{}: {error}", path.display()))),
            (None, Wire::V1) => Ok(None),
            (None, Wire::V2) => Err(SourceError::Refused("compression on v2 follows".to_owned())),
        }
    }
}

impl Source for Bluesky {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Stream {
            idle: Duration::from_secs(self.config.idle_timeout_secs),
        }
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let this = self.clone();
        let resume: Option<Position> =
            resume.and_then(|cursor| serde_json::from_str(&cursor.0).ok());
        Box::pin(async_stream::try_stream! {
            let mut decoder = Decoder::new(this.dictionary().await?)?;
            let url = this.request(resume.as_ref(), decoder.id());
            let mut frames = websocket::frames(url.as_str()).await.map_err(refused)?;
            let mut reader = Reader::new(&this, resume);
            while let Some(frame) = frames.next().await {
                for collected in reader.read(decoder.decode(frame?))? {
                    yield collected;
                }
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let this = self.clone();
        Box::pin(async move {
            match websocket::frames(this.request(None, None).as_str()).await {
                Ok(_) => Standing::Works,
                Err(ConnectError::Failed(error)) => Standing::Unreachable(error),
                Err(ConnectError::Refused(refusal)) => {
                    Standing::Unreachable(format!("the server answers {}", refusal.status))
                }
            }
        })
    }
}

fn refused(error: ConnectError) -> SourceError {
    match error {
        ConnectError::Failed(error) => SourceError::Transient(error),
        ConnectError::Refused(refusal) if refusal.body.contains("CursorTooOld") => {
            SourceError::CursorTooOld("the host answers CursorTooOld".to_owned())
        }
        ConnectError::Refused(refusal) => match refusal.status {
            429 => SourceError::RateLimited { retry_after: None },
            400..=499 => SourceError::Refused(format!("the host answers {}", refusal.status)),
            status => SourceError::Transient(format!("the host answers {status}")),
        },
    }
}

/// Turns frames into text, compressed or not.
struct Decoder {
    zstd: Option<zstd::bulk::Decompressor<'static>>,
    id: Option<u32>,
}

impl Decoder {
    fn new(dictionary: Option<Vec<u8>>) -> Result<Self, SourceError> {
        let Some(dictionary) = dictionary else {
            return Ok(Self {
                zstd: None,
                id: None,
            });
        };
        let wrong = |error| SourceError::Refused(format!("the zstd dictionary: {error}"));
        let zstd = zstd::bulk::Decompressor::with_dictionary(&dictionary).map_err(wrong)?;
        // RFC 8878, section 5: magic number, then the dictionary's id.
        let id = dictionary
            .get(4..8)
            .and_then(|b| b.try_into().ok())
            .map(u32::from_le_bytes);
        Ok(Self {
            zstd: Some(zstd),
            id,
        })
    }

    fn id(&self) -> Option<u32> {
        self.id
    }

    fn decode(&mut self, frame: Frame) -> Result<Vec<u8>, Rejection> {
        match (frame, &mut self.zstd) {
            (Frame::Text(text), _) => Ok(text),
            (Frame::Binary(bytes), Some(zstd)) => {
                zstd.decompress(&bytes, MAX_FRAME_BYTES).map_err(|_| {
                    Rejection::new(RejectReason::Malformed, "a frame that does not unpack")
                })
            }
            (Frame::Binary(_), None) => Err(Rejection::new(
                RejectReason::Malformed,
                "a binary frame that nobody asked for",
            )),
        }
    }
}

/// Follows one connection: positions, and the gap before its first event.
struct Reader {
    wire: Wire,
    host: String,
    slack_micros: i64,
    resumed: Option<Position>,
}

impl Reader {
    fn new(source: &Bluesky, resumed: Option<Position>) -> Self {
        Self {
            wire: source.config.wire,
            host: source.host(),
            slack_micros: i64::from(source.config.gap_slack_secs) * 1_000_000,
            resumed,
        }
    }

    fn read(&mut self, text: Result<Vec<u8>, Rejection>) -> Result<Vec<Collected>, SourceError> {
        let said = match text.and_then(|text| adapt(&text)) {
            Ok(said) => said,
            // The position stays where it is; the next readable event moves it on.
            Err(rejection) => return Ok(vec![Collected::now(Event::Rejected(rejection), None)]),
        };
        match said {
            Said::Nothing => Ok(vec![]),
            Said::Error(error) => Err(SourceError::Transient(format!(
                "the server ended the stream: {error}"
            ))),
            Said::Event {
                position,
                time,
                change,
            } => Ok(self.event(position, time, change)),
        }
    }

    fn event(&mut self, position: i64, time: Timestamp, change: Option<Change>) -> Vec<Collected> {
        let mut collected = Vec::new();
        let time_us = time.as_microsecond();
        // A resumed stream repeats the event that the cursor came from; when it begins much later,
        // the server no longer had what lies between.
        if let Some(resumed) = self.resumed.take()
            && time_us > resumed.time_us.saturating_add(self.slack_micros)
        {
            collected.extend(gap(resumed.time_us, time, GapReason::Jump));
        }
        let here = Position {
            wire: self.wire,
            host: self.host.clone(),
            position,
            time_us,
        };
        let cursor = serde_json::to_string(&here).ok().map(Cursor);
        collected.push(Collected::now(
            change.map_or(Event::Nothing, Event::Change),
            cursor,
        ));
        collected
    }
}

fn gap(from_us: i64, to: Timestamp, reason: GapReason) -> Option<Collected> {
    let from = Timestamp::from_microsecond(from_us).ok()?;
    Some(Collected::now(Event::Gap(Gap { from, to, reason }), None))
}
