//! Facebook: what others write on the ministry's own page, and where they tag or mention it.
//!
//! Documentation: <https://developers.facebook.com/docs/pages-api/comments-mentions>,
//! <https://developers.facebook.com/docs/graph-api/webhooks/reference/page>. Asked: `/{page}/feed`,
//! `/{post}/comments` of all depths, `/{page}/tagged`. Pushed: `feed`, `mention`. Permissions:
//! `pages_read_engagement`, `pages_read_user_content`, for pushes `pages_manage_metadata`.

use super::graph::Ask;
use super::push::Edit;
use super::wire::{Id, Named, When, address, author, incomplete, needed, node, words};
use crate::collect::inbox::Brought;
use crate::collect::source::{Event, Rejection};
use crate::model::{Change, Deletion, Item, Kind};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

pub const PLATFORM: &str = "facebook";
/// Of `PagePost`.
pub const POST_FIELDS: &str = "id,from,message,created_time,permalink_url";
/// Of `Comment`.
pub const COMMENT_FIELDS: &str = "id,from,message,created_time,permalink_url,parent{id}";

pub fn own(account: &str, since: Timestamp) -> Ask {
    Ask::new(format!("{account}/feed"), POST_FIELDS)
        .with("since", since.as_second())
        .with("limit", 50)
}

pub fn answers(post: &str) -> Ask {
    Ask::new(format!("{post}/comments"), COMMENT_FIELDS)
        .with("filter", "stream")
        .with("order", "reverse_chronological")
        .with("limit", 100)
}

pub fn others(account: &str) -> Vec<Ask> {
    let tagged = Ask::new(format!("{account}/tagged"), POST_FIELDS).with("limit", 50);
    vec![tagged.at_most(3)]
}

#[derive(Deserialize)]
struct Node {
    id: Option<Id>,
    from: Option<Named>,
    message: Option<String>,
    created_time: Option<When>,
    permalink_url: Option<String>,
    parent: Option<Named>,
}

/// A post, or a comment `under` one; `None` for what has no words.
pub fn adapt(value: Value, under: Option<&str>) -> Result<Option<Item>, Rejection> {
    let node: Node = node(value)?;
    let id = needed(node.id)?;
    let Some(text) = words(node.message) else {
        return Ok(None);
    };
    let url = address(node.permalink_url);
    let is_comment = url.as_ref().is_some_and(|url| url.contains("comment_id="));
    let kind = match under.is_some() || is_comment {
        true => Kind::Comment,
        false => Kind::Post,
    };
    let mut item = Item::new(PLATFORM, id, kind);
    item.text = text;
    item.url = url;
    item.published = node.created_time.and_then(When::time);
    item.author = author(node.from, None);
    item.reply_to = Named::checked(node.parent).or_else(|| under.map(str::to_owned));
    Ok(Some(item))
}

/// What a push says of a post or a comment.
#[derive(Deserialize)]
struct Pushed {
    item: Option<String>,
    verb: Option<String>,
    comment_id: Option<Id>,
    post_id: Option<Id>,
    parent_id: Option<Id>,
    from: Option<Named>,
    /// As it was written until 2018.
    sender_id: Option<Id>,
    sender_name: Option<String>,
    message: Option<String>,
    created_time: Option<When>,
}

/// A change of the fields `feed` and `mention`, sent at `at`.
pub fn pushed(field: &str, value: Value, at: Timestamp) -> Result<Brought, Rejection> {
    match field {
        "feed" | "mention" => {}
        // Understood, and not collected.
        "ratings" | "name" | "picture" | "category" | "description" | "conversations" => {
            return Ok(Brought::default());
        }
        _ => return Err(incomplete("a change of an unknown field")),
    }
    let pushed: Pushed = node(value)?;
    let kind = match pushed.item.as_deref() {
        Some("comment") => Kind::Comment,
        Some("post" | "status" | "photo" | "video" | "share" | "link" | "album" | "event") => {
            Kind::Post
        }
        Some("reaction" | "like") => return Ok(Brought::default()),
        _ => return Err(incomplete("a change of an unknown item")),
    };
    let edit = match pushed.verb.as_deref() {
        Some("add") => Edit::Added,
        Some("edited" | "edit" | "update") => Edit::Edited,
        Some("remove" | "delete") => Edit::Removed,
        // Hidden by the ministry itself: it was said all the same.
        Some("hide" | "unhide" | "block" | "unblock" | "mute" | "follow") => {
            return Ok(Brought::default());
        }
        _ => return Err(incomplete("a change with an unknown verb")),
    };
    let change = change(pushed, kind, edit, at)?;
    let events = change.map(Event::Change).into_iter().collect();
    Ok(Brought {
        events,
        ..Brought::default()
    })
}

fn change(
    pushed: Pushed,
    kind: Kind,
    edit: Edit,
    at: Timestamp,
) -> Result<Option<Change>, Rejection> {
    let post = pushed.post_id.and_then(Id::checked);
    let id = match kind {
        Kind::Comment => needed(pushed.comment_id)?,
        _ => post
            .clone()
            .ok_or_else(|| incomplete("a post without a sound id"))?,
    };
    if edit == Edit::Removed {
        return Ok(Some(Change::Delete(Deletion {
            platform: PLATFORM.to_owned(),
            id,
            at: Some(at),
        })));
    }
    // An edit that says of its words that there are none has taken them back.
    let emptied = edit == Edit::Edited && pushed.message.is_some();
    let text = match words(pushed.message) {
        Some(text) => text,
        None if emptied => String::new(),
        None => return Ok(None),
    };
    let mut item = Item::new(PLATFORM, id, kind);
    item.text = text;
    item.published = Some(pushed.created_time.and_then(When::time).unwrap_or(at));
    item.edited = (edit == Edit::Edited).then_some(at);
    let sender = Named {
        id: pushed.sender_id,
        name: pushed.sender_name,
        username: None,
    };
    item.author = author(pushed.from.or(Some(sender)), None);
    if kind == Kind::Comment {
        item.reply_to = pushed.parent_id.and_then(Id::checked).or(post);
    }
    Ok(Some(Change::Upsert(Box::new(item))))
}
