//! What Jetstream sends, and what we make of it. Pure.
//!
//! Neither wire is believed: a time ahead of its event, an id of strange letters or a link that is
//! no web address does not get further than this file.

use super::post::Post;
use super::{PLATFORM, sieve};
use crate::collect::source::{RejectReason, Rejection};
use crate::collect::websocket::MAX_FRAME_BYTES;
use crate::model::{AuthorChange, Change, Deletion, Item, Kind, RawAuthor};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// The record type that becomes a mention.
pub const POST: &str = "app.bsky.feed.post";
/// Most links that are read from one post.
const MAX_LINKS: usize = 50;
/// Longest address and longest native id, in bytes.
const MAX_ADDRESS_BYTES: usize = 2048;
/// 2022-11-01: no post of this network is older. One that says so was imported from elsewhere or
/// lies, and either way became public when its event says.
const NETWORK_BEGAN: i64 = 1_667_260_800;

/// One struct for both wires: v1 puts everything at the top, v2 into a payload with a type. `R` is a
/// record: a [`Post`] at first sight, anything at the second.
#[derive(Deserialize)]
#[serde(bound = "R: Deserialize<'de>")]
struct Envelope<'a, R> {
    #[serde(borrow)]
    did: Option<Cow<'a, str>>,
    time_us: Option<i64>,
    /// A Jetstream of the second generation tells its sequence number on the old wire, too.
    cursor: Option<i64>,
    #[serde(borrow)]
    commit: Option<Commit<'a, R>>,
    account: Option<Account>,
    #[serde(borrow)]
    payload: Option<Payload<'a, R>>,
    #[serde(borrow)]
    error: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(bound = "R: Deserialize<'de>")]
struct Commit<'a, R> {
    #[serde(borrow)]
    operation: Cow<'a, str>,
    #[serde(borrow)]
    collection: Cow<'a, str>,
    #[serde(borrow)]
    rkey: Cow<'a, str>,
    record: Option<R>,
}

#[derive(Deserialize)]
struct Account {
    active: bool,
}

#[derive(Deserialize)]
#[serde(bound = "R: Deserialize<'de>")]
struct Payload<'a, R> {
    #[serde(rename = "$type", borrow)]
    kind: Cow<'a, str>,
    seq: Option<i64>,
    #[serde(borrow)]
    did: Option<Cow<'a, str>>,
    time: Option<Timestamp>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    account: Option<Account>,
    #[serde(borrow)]
    operation: Option<Cow<'a, str>>,
    #[serde(borrow)]
    collection: Option<Cow<'a, str>>,
    #[serde(borrow)]
    rkey: Option<Cow<'a, str>>,
    record: Option<R>,
}

/// What one frame says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    Event {
        /// Sequence number, or microseconds where the host of a v1 wire knows none.
        position: i64,
        /// When the host saw it.
        time: Timestamp,
        changes: Vec<Change>,
    },
    /// The host no longer has what was asked for, and begins with the oldest that it has.
    Outdated,
    /// Without meaning for us.
    Nothing,
    /// The host ends the stream, and says why.
    Error(String),
}

/// Reads one text frame of either wire.
///
/// # Errors
/// A frame that is no JSON, not of the protocol, or larger than a frame may be.
pub fn adapt(frame: &[u8]) -> Result<Said, Rejection> {
    adapt_for(frame, None)
}

/// The same for the account `own`: what answers or names it is also a message to the house.
///
/// # Errors
/// Those of [`adapt`].
pub fn adapt_for(frame: &[u8], own: Option<&str>) -> Result<Said, Rejection> {
    if frame.len() > MAX_FRAME_BYTES {
        return Err(Rejection::new(RejectReason::TooLarge, "a frame over 1 MiB"));
    }
    if sieve::is_of_another_collection(frame) {
        return Ok(Said::Nothing);
    }
    // Nearly all frames are as the documentation has them; the others are read with patience.
    match serde_json::from_slice::<Envelope<'_, Post<'_>>>(frame) {
        Ok(envelope) => said(envelope, Ok, own),
        Err(_) => adapt_odd(frame, own),
    }
}

/// Reads a frame whose record may hold anything: whatever is odd in a part that is not needed must
/// not cost the post.
fn adapt_odd(frame: &[u8], own: Option<&str>) -> Result<Said, Rejection> {
    let envelope: Envelope<'_, Value> = serde_json::from_slice(frame)
        .map_err(|error| Rejection::new(RejectReason::Malformed, place_of(&error)))?;
    said(envelope, Post::of, own)
}

type ReadPost<'a, R> = fn(R) -> Result<Post<'a>, Rejection>;

fn said<'a, R>(
    envelope: Envelope<'a, R>,
    read: ReadPost<'a, R>,
    own: Option<&str>,
) -> Result<Said, Rejection> {
    if let Some(payload) = envelope.payload {
        return said_v2(payload, read, own);
    }
    if let Some(error) = envelope.error {
        let letters = error.chars().filter(char::is_ascii_alphanumeric);
        return Ok(Said::Error(letters.take(64).collect()));
    }
    let (Some(did), Some(time_us)) = (envelope.did, envelope.time_us) else {
        return Err(incomplete("a frame without did or time_us"));
    };
    let time = Timestamp::from_microsecond(time_us)
        .map_err(|_| incomplete("a time_us that is no time"))?;
    check_did(&did)?;
    let changes = match (envelope.commit, envelope.account) {
        (Some(commit), _) => commit_changes(&did, time, commit, read, own)?,
        (None, Some(account)) => vec![account_change(&did, time, account.active)],
        (None, None) => vec![],
    };
    let position = envelope.cursor.unwrap_or(time_us);
    Ok(Said::Event {
        position,
        time,
        changes,
    })
}

fn said_v2<'a, R>(
    payload: Payload<'a, R>,
    read: ReadPost<'a, R>,
    own: Option<&str>,
) -> Result<Said, Rejection> {
    let kind = payload.kind.rsplit('#').next().unwrap_or_default();
    if kind == "info" {
        let outdated = payload.name.as_deref() == Some("OutdatedCursor");
        return Ok(if outdated {
            Said::Outdated
        } else {
            Said::Nothing
        });
    }
    let (Some(did), Some(position), Some(time)) = (payload.did, payload.seq, payload.time) else {
        return Err(incomplete("a message without did, seq or time"));
    };
    check_did(&did)?;
    let changes = match kind {
        "commit" => {
            let commit = Commit {
                operation: payload.operation.unwrap_or_default(),
                collection: payload.collection.unwrap_or_default(),
                rkey: payload.rkey.unwrap_or_default(),
                record: payload.record,
            };
            commit_changes(&did, time, commit, read, own)?
        }
        "account" => {
            let account = payload
                .account
                .ok_or_else(|| incomplete("an account without state"))?;
            vec![account_change(&did, time, account.active)]
        }
        // The account's repository was reset: everything of it is void, and what still stands
        // follows as commits. Deletions in between were never told, so to keep what we have would
        // be to keep what its author took back.
        "sync" => vec![
            account_change(&did, time, false),
            account_change(&did, time, true),
        ],
        // `#identity` is a change of handle, and handles are not kept.
        _ => vec![],
    };
    Ok(Said::Event {
        position,
        time,
        changes,
    })
}

fn incomplete(detail: &str) -> Rejection {
    Rejection::new(RejectReason::Incomplete, detail)
}

/// Where the parser stopped, without what stood there.
fn place_of(error: &serde_json::Error) -> String {
    format!("{:?} error at column {}", error.classify(), error.column())
}

/// An author's id becomes a part of addresses.
///
/// # Errors
/// What is no sound DID.
pub fn check_did(did: &str) -> Result<(), Rejection> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".:_%-".contains(c);
    let sound = did.starts_with("did:") && did.len() <= MAX_ADDRESS_BYTES && did.chars().all(plain);
    if sound {
        Ok(())
    } else {
        Err(incomplete("an author that is no did"))
    }
}

/// As the record key's grammar has it: <https://atproto.com/specs/record-key>.
fn is_record_key(key: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".:_~-".contains(c);
    (1..=512).contains(&key.len()) && key.chars().all(plain)
}

/// Deleted, taken down, suspended or deactivated: what is no longer shown there is no longer shown
/// here.
fn account_change(did: &str, time: Timestamp, active: bool) -> Change {
    let author = AuthorChange {
        platform: PLATFORM.to_owned(),
        author: did.to_owned(),
        at: Some(time),
    };
    if active {
        Change::AuthorBack(author)
    } else {
        Change::AuthorGone(author)
    }
}

fn commit_changes<'a, R>(
    did: &str,
    time: Timestamp,
    commit: Commit<'a, R>,
    read: ReadPost<'a, R>,
    own: Option<&str>,
) -> Result<Vec<Change>, Rejection> {
    if commit.collection != POST {
        return Ok(vec![]);
    }
    if !is_record_key(&commit.rkey) {
        return Err(incomplete("a commit without a sound rkey"));
    }
    let id = ["at://", did, "/", POST, "/", &commit.rkey].concat();
    match (&*commit.operation, commit.record) {
        ("delete", _) => Ok(vec![Change::Delete(Deletion {
            platform: PLATFORM.to_owned(),
            id,
            at: Some(time),
        })]),
        ("create" | "update", Some(record)) => {
            let post = read(record)?;
            let to_us = own.is_some_and(|own| did != own && post.is_addressed_to(own));
            let mut item = item(did, id, &commit.rkey, post, time);
            item.edited = (commit.operation == "update").then_some(time);
            let letter = to_us.then(|| message(&item));
            let items = letter.into_iter().chain([item]);
            Ok(items.map(|item| Change::Upsert(Box::new(item))).collect())
        }
        _ => Err(incomplete("a commit without a record")),
    }
}

/// The same words as a message to the house; what takes the post back takes it back, too.
fn message(item: &Item) -> Item {
    Item {
        id: format!("message:{}", item.id),
        kind: Kind::Message,
        aliases: vec![item.id.clone()],
        ..item.clone()
    }
}

/// Reads the record of a post that a search found; `seen` is when the network saw it.
///
/// # Errors
/// What is no post.
pub fn found(uri: &str, record: Value, seen: Timestamp) -> Result<Change, Rejection> {
    let parts = uri
        .strip_prefix("at://")
        .map(|rest| rest.split('/').collect::<Vec<_>>());
    let Some([did, POST, rkey]) = parts.as_deref() else {
        return Err(no_post());
    };
    check_did(did)?;
    if !is_record_key(rkey) {
        return Err(no_post());
    }
    let item = item(did, uri.to_owned(), rkey, Post::of(record)?, seen);
    Ok(Change::Upsert(Box::new(item)))
}

/// Something in the place of a post.
pub fn no_post() -> Rejection {
    incomplete("a search result that is no post")
}

fn item(did: &str, id: String, rkey: &str, post: Post<'_>, time: Timestamp) -> Item {
    let kind = match post.is_reply() {
        true => Kind::Reply,
        false => Kind::Post,
    };
    let mut item = Item::new(PLATFORM, id, kind);
    item.published = Some(published(post.created_at(), time));
    item.lang = post
        .language()
        .filter(|tag| is_language(tag))
        .map(str::to_owned);
    item.reply_to = post
        .parent()
        .filter(|uri| uri.starts_with("at://") && uri.len() <= MAX_ADDRESS_BYTES)
        .map(str::to_owned);
    item.links = links(&post);
    item.url = Some(["https://bsky.app/profile/", did, "/post/", rkey].concat());
    item.author = Some(RawAuthor {
        id: did.to_owned(),
        handle: None,
        name: None,
    });
    item.text = post.into_text();
    item
}

/// `createdAt` is the author's word. It is taken where it can be true, and the host's word where
/// it cannot.
fn published(created_at: Option<&str>, event: Timestamp) -> Timestamp {
    created_at
        .and_then(|at| at.parse::<Timestamp>().ok())
        .filter(|at| *at <= event && at.as_second() >= NETWORK_BEGAN)
        .unwrap_or(event)
}

fn is_language(tag: &str) -> bool {
    (2..=35).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Web addresses of the text's facets and of the embedded card, each once.
fn links(post: &Post<'_>) -> Vec<String> {
    let is_address = |link: &&str| {
        link.len() <= MAX_ADDRESS_BYTES
            && (link.starts_with("https://") || link.starts_with("http://"))
    };
    let mut links: Vec<String> = Vec::new();
    for link in post.addresses().filter(is_address) {
        if links.len() < MAX_LINKS && !links.iter().any(|known| known == link) {
            links.push(link.to_owned());
        }
    }
    links
}
