//! Direct messages to the ministry's own page, or to its account on Instagram.
//!
//! Documentation: <https://developers.facebook.com/docs/messenger-platform/conversations>,
//! <https://developers.facebook.com/docs/messenger-platform/reference/webhook-events>. Asked:
//! `/{page}/conversations` with the newest messages of each; what stands behind the house's own last
//! word waits for an answer. Pushed: `messages` and `message_edits`, also of conversations that another
//! app has in hand. Permissions: `pages_messaging`, for Instagram `instagram_manage_messages`.
//!
//! Not collected: what the house itself writes, pictures and stickers without a word, reactions. That a
//! message was taken back is told by pushes alone, and on Facebook by nobody.

use super::Network;
use super::graph::Ask;
use super::wire::{Id, Named, When, author, incomplete, node, words};
use crate::collect::inbox::Brought;
use crate::collect::source::{Event, Rejection};
use crate::model::{Change, Deletion, Item, Kind};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Of `Conversation`: as many messages as Meta shows of one.
pub const FIELDS: &str = "id,messages.limit(20){id,created_time,from,message}";
/// Names of what entries of pushes hold beside changes, and of the change that it is elsewhere.
pub const PUSHED: [&str; 3] = ["messaging", "standby", "messages"];
/// Longest id, in bytes: Instagram's have 170.
const MAX_ID_BYTES: usize = 512;

/// The conversations of a page or an account, the last one first.
pub fn ask(network: Network, inbox: &str) -> Ask {
    let platform = match network {
        Network::Instagram => "instagram",
        Network::Facebook | Network::Threads => "messenger",
    };
    Ask::new(format!("{inbox}/conversations"), FIELDS)
        .with("platform", platform)
        .with("limit", 20)
        .at_most(3)
}

#[derive(Deserialize)]
struct Conversation {
    messages: Option<Messages>,
}

#[derive(Deserialize)]
struct Messages {
    data: Vec<Value>,
}

#[derive(Deserialize)]
struct Message {
    id: Option<Id>,
    from: Option<Named>,
    message: Option<String>,
    created_time: Option<When>,
}

/// What waits for an answer in a conversation: messages since then that stand behind the last word of
/// `ours`, the ids of page and account.
pub fn waiting(
    network: Network,
    conversation: Value,
    ours: &[&str],
    since: Timestamp,
) -> Vec<Result<Option<Item>, Rejection>> {
    let conversation: Conversation = match node(conversation) {
        Ok(conversation) => conversation,
        Err(rejection) => return vec![Err(rejection)],
    };
    let mut waiting = Vec::new();
    for message in conversation.messages.into_iter().flat_map(|m| m.data) {
        let message: Message = match node(message) {
            Ok(message) => message,
            Err(rejection) => {
                waiting.push(Err(rejection));
                continue;
            }
        };
        let from = Named::checked(message.from.clone());
        if from.is_some_and(|from| ours.contains(&from.as_str())) {
            break;
        }
        let at = message.created_time.and_then(When::time);
        if at.is_none_or(|at| at >= since) {
            let item = letter(network, message.id, message.message, message.from);
            waiting.push(item.map(|item| {
                item.map(|item| Item {
                    published: at,
                    ..item
                })
            }));
        }
    }
    waiting
}

/// `None` for what has no words.
fn letter(
    network: Network,
    id: Option<Id>,
    text: Option<String>,
    from: Option<Named>,
) -> Result<Option<Item>, Rejection> {
    let id = named(id)?;
    Ok(words(text).map(|text| Item {
        text,
        author: author(from, None),
        ..Item::new(network.platform(), id, Kind::Message)
    }))
}

/// Its id here. It becomes no part of an address.
fn named(id: Option<Id>) -> Result<String, Rejection> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.:=$+/".contains(c);
    match id {
        Some(Id::Text(id)) if (1..=MAX_ID_BYTES).contains(&id.len()) && id.chars().all(plain) => {
            Ok(format!("message:{id}"))
        }
        _ => Err(incomplete("a message without a sound id")),
    }
}

#[derive(Deserialize)]
struct Pushed {
    sender: Option<Named>,
    timestamp: Option<When>,
    message: Option<Said>,
    message_edit: Option<Said>,
}

#[derive(Deserialize)]
struct Said {
    mid: Option<Id>,
    text: Option<String>,
    /// The house's own word.
    #[serde(default)]
    is_echo: bool,
    #[serde(default)]
    is_deleted: bool,
}

/// One event of a conversation, sent at `at`.
pub fn pushed(network: Network, value: Value, at: Timestamp) -> Result<Brought, Rejection> {
    let pushed: Pushed = node(value)?;
    let (said, is_edit) = match (pushed.message, pushed.message_edit) {
        (Some(said), _) => (said, false),
        (None, Some(said)) => (said, true),
        // Read, delivered, reacted to.
        (None, None) => return Ok(Brought::default()),
    };
    if said.is_echo {
        return Ok(Brought::default());
    }
    let at = pushed.timestamp.and_then(When::time).unwrap_or(at);
    let change = match said.is_deleted {
        true => Some(Change::Delete(Deletion {
            platform: network.platform().to_owned(),
            id: named(said.mid)?,
            at: Some(at),
        })),
        false => letter(network, said.mid, said.text, pushed.sender)?.map(|item| {
            let (published, edited) = (Some(at), is_edit.then_some(at));
            Change::Upsert(Box::new(Item {
                published,
                edited,
                ..item
            }))
        }),
    };
    Ok(Brought {
        events: change.map(Event::Change).into_iter().collect(),
        ..Brought::default()
    })
}
