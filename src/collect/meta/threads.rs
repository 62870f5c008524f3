//! Threads: answers to the ministry's own posts, mentions of it, and a search for words.
//!
//! Documentation: <https://developers.facebook.com/docs/threads>. Asked: `/{user}/threads`,
//! `/{post}/conversation`, `/{user}/mentions`, `/keyword_search`. Pushed: `replies`, `mentions`.
//! Permissions: `threads_basic`, `threads_read_replies`, `threads_manage_mentions`,
//! `threads_keyword_search` (without its review only one's own posts are searched).
//!
//! A search may be asked 2,200 times in 24 hours, so its queries take turns. For words that Meta
//! holds to be sensitive it finds nothing and does not say so.

use super::graph::Ask;
use super::wire::{Id, Named, When, address, author, incomplete, needed, node, words};
use crate::collect::inbox::Brought;
use crate::collect::source::{Event, Rejection};
use crate::model::{Change, Deletion, Item, Kind};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

pub const PLATFORM: &str = "threads";
pub const OWN_FIELDS: &str = "id,timestamp";
pub const FIELDS: &str = "id,text,username,permalink,timestamp,replied_to,root_post";
pub const REPLY_FIELDS: &str =
    "id,text,username,permalink,timestamp,replied_to,root_post,is_reply_owned_by_me";
/// Searches that are planned for a day; the rest of the 2,200 is for restarts.
const SEARCHES_A_DAY: u64 = 2_000;
const DAY_SECS: u64 = 24 * 3600;

pub fn own(account: &str, since: Timestamp) -> Ask {
    Ask::new(format!("{account}/threads"), OWN_FIELDS)
        .with("since", since.as_second())
        .with("limit", 50)
}

pub fn answers(post: &str) -> Ask {
    Ask::new(format!("{post}/conversation"), REPLY_FIELDS)
        .with("reverse", true)
        .with("limit", 100)
}

pub fn others(account: &str, since: Timestamp) -> Vec<Ask> {
    let mentions = Ask::new(format!("{account}/mentions"), FIELDS)
        .with("since", since.as_second())
        .with("limit", 50);
    vec![mentions.at_most(3)]
}

/// The searches whose turn it is. `look` counts the looks: the clock would leave out the same queries
/// for ever where a look takes as long as the time between two.
pub fn searches(queries: &[String], every: Duration, since: Timestamp, look: usize) -> Vec<Ask> {
    let every = every.as_secs().max(1);
    let each_look = usize::try_from((SEARCHES_A_DAY * every / DAY_SECS).max(1)).unwrap_or(1);
    let first = look.wrapping_mul(each_look) % queries.len().max(1);
    let turn = queries.iter().cycle().skip(first);
    let search = |query: &String| {
        Ask::new("keyword_search", FIELDS)
            .with("q", query)
            .with("search_type", "RECENT")
            .with("since", since.as_second())
            .with("limit", 100)
            .at_most(1)
    };
    turn.take(each_look.min(queries.len()))
        .map(search)
        .collect()
}

#[derive(Deserialize)]
struct Node {
    id: Option<Id>,
    text: Option<String>,
    username: Option<String>,
    permalink: Option<String>,
    timestamp: Option<When>,
    replied_to: Option<Named>,
    root_post: Option<Named>,
    #[serde(default)]
    is_reply_owned_by_me: bool,
}

/// A post or a reply; `None` for what has no words, and for the ministry's own replies.
pub fn adapt(value: Value, under: Option<&str>) -> Result<Option<Item>, Rejection> {
    let node: Node = node(value)?;
    let id = needed(node.id)?;
    let Some(text) = words(node.text).filter(|_| !node.is_reply_owned_by_me) else {
        return Ok(None);
    };
    let above = Named::checked(node.replied_to)
        .or_else(|| Named::checked(node.root_post))
        .or_else(|| under.map(str::to_owned));
    let kind = match above {
        Some(_) => Kind::Reply,
        None => Kind::Post,
    };
    let mut item = Item::new(PLATFORM, id, kind);
    item.text = text;
    item.url = address(node.permalink);
    item.published = node.timestamp.and_then(When::time);
    item.author = author(None, node.username);
    item.reply_to = above;
    Ok(Some(item))
}

/// A change, sent at `at`.
pub fn pushed(field: &str, value: Value, at: Timestamp) -> Result<Brought, Rejection> {
    let change = match field {
        "replies" | "mentions" => {
            let found = adapt(value, None)?;
            found.map(|mut item| {
                item.published = item.published.or(Some(at));
                Change::Upsert(Box::new(item))
            })
        }
        "delete" => {
            let named: Named = node(value)?;
            Some(Change::Delete(Deletion {
                platform: PLATFORM.to_owned(),
                id: needed(named.id)?,
                at: Some(at),
            }))
        }
        // One's own posts.
        "publish" => None,
        _ => return Err(incomplete("a change of an unknown field")),
    };
    Ok(Brought {
        events: change.map(Event::Change).into_iter().collect(),
        ..Brought::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_days_searches_stay_below_the_quota_and_every_query_has_its_turn() {
        for (count, every) in [
            (1, 60),
            (3, 60),
            (10, 300),
            (40, 300),
            (7, 3600),
            (100, 900),
        ] {
            let queries: Vec<String> = (0..count).map(|n| format!("wort{n}")).collect();
            let mut asked: BTreeMap<String, usize> = BTreeMap::new();
            let looks = usize::try_from(DAY_SECS / every).unwrap();
            for look in 0..looks {
                let every = Duration::from_secs(every);
                for ask in searches(&queries, every, Timestamp::MIN, look) {
                    let (_, query) = ask.query.iter().find(|(name, _)| *name == "q").unwrap();
                    *asked.entry(query.clone()).or_default() += 1;
                }
            }
            let total: usize = asked.values().sum();
            assert!(total <= 2_200, "{count} queries every {every} s: {total}");
            assert_eq!(
                asked.len(),
                count.min(total),
                "{count} queries every {every} s"
            );
            let (least, most) = (asked.values().min(), asked.values().max());
            assert!(most.unwrap() - least.unwrap() <= 1, "{asked:?}");
        }
        let none = searches(&[], Duration::from_secs(60), Timestamp::MIN, 7);
        assert_eq!(none, []);
    }
}
