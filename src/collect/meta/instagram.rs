//! Instagram: comments under the ministry's own media, and where others tag or mention it.
//!
//! Documentation: <https://developers.facebook.com/docs/instagram-platform>. A professional account
//! that belongs to a page. Asked: `/{user}/media`, `/{media}/comments` with their replies,
//! `/{user}/tags`. Pushed: `comments`, `live_comments`, and `mentions`, which only point at what was
//! said: it is asked for (`mentioned_comment`, `mentioned_media`) before the push counts as taken.
//! Instagram tells no deletion. Permissions: `instagram_basic`, `instagram_manage_comments`,
//! `pages_read_engagement`.

use super::graph::Ask;
use super::wire::{Id, Named, When, address, author, incomplete, needed, node, words};
use crate::collect::inbox::Brought;
use crate::collect::source::{Event, Rejection};
use crate::model::{Change, Item, Kind};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub const PLATFORM: &str = "instagram";
/// Of `IGMedia`.
pub const OWN_FIELDS: &str = "id,timestamp";
/// Of `IGMedia`.
pub const TAGGED_FIELDS: &str = "id,caption,timestamp,permalink,username";
/// Of `IGComment`; `replies` is its list of answers.
pub const COMMENT_FIELDS: &str = "id,from,text,timestamp,username,parent_id,\
     replies{id,from,text,timestamp,username,parent_id}";
/// Of `IGComment`, where it is somebody else's.
pub const MENTIONED_COMMENT_FIELDS: &str = "id,text,timestamp,username";
/// Of `IGMedia`, where it is somebody else's.
pub const MENTIONED_MEDIA_FIELDS: &str = "id,caption,timestamp,username";

pub fn own(account: &str, since: Timestamp) -> Ask {
    Ask::new(format!("{account}/media"), OWN_FIELDS)
        .with("since", since.as_second())
        .with("limit", 50)
}

pub fn answers(media: &str) -> Ask {
    Ask::new(format!("{media}/comments"), COMMENT_FIELDS).with("limit", 50)
}

pub fn others(account: &str) -> Vec<Ask> {
    let tags = Ask::new(format!("{account}/tags"), TAGGED_FIELDS).with("limit", 50);
    vec![tags.at_most(3)]
}

#[derive(Deserialize)]
struct Node {
    id: Option<Id>,
    from: Option<Named>,
    username: Option<String>,
    /// Of a comment.
    text: Option<String>,
    /// Of media.
    caption: Option<String>,
    timestamp: Option<When>,
    permalink: Option<String>,
    parent_id: Option<Id>,
    media: Option<Named>,
}

/// A comment and the answers to it, or media.
pub fn adapt(mut value: Value, under: Option<&str>) -> Vec<Result<Option<Item>, Rejection>> {
    let replies = value.get_mut("replies").map(Value::take);
    let first = item(value, under);
    let above = match &first {
        Ok(Some(comment)) => Some(comment.id.clone()),
        _ => under.map(str::to_owned),
    };
    let mut all = vec![first];
    if let Some(Value::Array(replies)) =
        replies.unwrap_or_default().get_mut("data").map(Value::take)
    {
        let reply = |reply| item(reply, above.as_deref());
        all.extend(replies.into_iter().map(reply));
    }
    all
}

fn item(value: Value, under: Option<&str>) -> Result<Option<Item>, Rejection> {
    let node: Node = node(value)?;
    let id = needed(node.id)?;
    let (kind, text) = match (words(node.text), words(node.caption)) {
        (Some(text), _) => (Kind::Comment, text),
        (None, Some(caption)) => (Kind::Post, caption),
        (None, None) => return Ok(None),
    };
    let mut item = Item::new(PLATFORM, id, kind);
    item.text = text;
    item.url = address(node.permalink);
    item.published = node.timestamp.and_then(When::time);
    item.author = author(node.from, node.username);
    if kind == Kind::Comment {
        let parent = node.parent_id.and_then(Id::checked);
        let media = Named::checked(node.media);
        item.reply_to = parent.or(media).or_else(|| under.map(str::to_owned));
    }
    Ok(Some(item))
}

#[derive(Deserialize)]
struct Mention {
    media_id: Option<Id>,
    comment_id: Option<Id>,
}

/// A change, sent at `at`.
pub fn pushed(field: &str, value: Value, at: Timestamp) -> Result<Brought, Rejection> {
    match field {
        "comments" | "live_comments" => {
            let mut found = item(value, None)?;
            // Pushes bear no time of their own.
            if let Some(item) = &mut found {
                item.published = item.published.or(Some(at));
            }
            let change = found.map(|item| Event::Change(Change::Upsert(Box::new(item))));
            Ok(Brought {
                events: change.into_iter().collect(),
                ..Brought::default()
            })
        }
        "mentions" => Ok(Brought {
            lookups: vec![mention(node(value)?)?],
            ..Brought::default()
        }),
        "story_insights" => Ok(Brought::default()),
        _ => Err(incomplete("a change of an unknown field")),
    }
}

/// The field of one's own account that shows what a mention points at.
fn mention(mention: Mention) -> Result<String, Rejection> {
    let comment = mention.comment_id.and_then(Id::checked);
    let media = mention.media_id.and_then(Id::checked);
    match (comment, media) {
        (Some(id), _) => Ok(format!(
            "mentioned_comment.comment_id({id}){{{MENTIONED_COMMENT_FIELDS}}}"
        )),
        (None, Some(id)) => Ok(format!(
            "mentioned_media.media_id({id}){{{MENTIONED_MEDIA_FIELDS}}}"
        )),
        (None, None) => Err(incomplete("a mention that points at nothing")),
    }
}

/// What is behind a mention.
pub fn mentioned(mut body: Value) -> Result<Option<Item>, Rejection> {
    let found = ["mentioned_comment", "mentioned_media"]
        .iter()
        .find_map(|name| body.get_mut(*name).map(Value::take));
    match found {
        Some(value) => item(value, None),
        None => Err(incomplete("an answer without what was asked for")),
    }
}
