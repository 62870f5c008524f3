//! Bluesky: a Jetstream v2 on loopback, the network's search, and an account's messages. A frame cannot
//! come slowly enough to matter without being a stall, and the stream's order is its numbers'.

use super::list::start;
use super::{Fault, Kind};
use crate::neighbours::http::{Reply, Request, response};
use crate::neighbours::websocket::{self, Neighbour};
use crate::sources_bluesky::{config, posts};
use crate::{sources_chat, sources_search};
use resonanz::clock::Clock;
use resonanz::collect::bluesky::{self, Wire};
use resonanz::collect::bluesky_messages::BlueskyMessages;
use resonanz::collect::bluesky_search::BlueskySearchConfig;
use resonanz::collect::source::Source;
use resonanz::model::Change;
use serde_json::json;
use std::time::Duration;

pub struct Bluesky;
pub struct Messages;
pub struct Search;

impl super::Neighbour for Neighbour {
    fn asked(&self) -> usize {
        self.requests().len()
    }
}

impl Kind for Bluesky {
    const TAKES_TURNS: bool = false;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        let mut kept = posts(Wire::V2, count, true);
        let fault = match fault {
            Fault::None => websocket::Fault::None,
            Fault::Drop(after) => websocket::Fault::Drop(after),
            Fault::Close(after) => websocket::Fault::Close(after),
            Fault::Stall(after) => websocket::Fault::Stall(after),
            Fault::Garbage(after) => websocket::Fault::Garbage(after),
            Fault::Huge(after) => websocket::Fault::Huge(after),
            Fault::Unreadable(after) => websocket::Fault::Unreadable(after),
            Fault::Unauthorised => websocket::Fault::Refuse(401, "", ""),
            Fault::TooMany => websocket::Fault::Refuse(429, "retry-after: 1\r\n", ""),
            Fault::Duplicates => {
                kept = kept
                    .into_iter()
                    .flat_map(|kept| [kept.clone(), kept])
                    .collect();
                websocket::Fault::None
            }
            Fault::Slow | Fault::Reordered => return None,
        };
        let neighbour = Neighbour::start(kept, vec![fault]).await;
        let address = neighbour.url();
        Some((Box::new(neighbour), address))
    }

    fn source(address: &str, _patience: Duration) -> Box<dyn Source> {
        let config = bluesky::BlueskyConfig {
            urls: vec![address.to_owned()],
            ..config(&[], Wire::V2)
        };
        Box::new(bluesky::Bluesky::new("bluesky", &config).unwrap())
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}

fn number(change: &Change) -> i64 {
    let Change::Upsert(item) = change else {
        panic!("only posts were written")
    };
    item.text.split(' ').nth(1).unwrap().parse().unwrap()
}

fn found(items: &[Option<i64>]) -> Vec<u8> {
    let post = |n: &Option<i64>| match n {
        Some(n) => json!({
            "uri": format!("at://did:plc:a/app.bsky.feed.post/{n}"),
            "indexedAt": "2026-11-29T03:00:00Z",
            "record": {"text": format!("post {n}"), "createdAt": "2026-11-29T02:59:00Z"},
        }),
        None => json!({"odd": 1}),
    };
    let posts: Vec<_> = items.iter().map(post).collect();
    json!({"posts": posts}).to_string().into_bytes()
}

/// The log's end of the first look, and the one behind all messages.
const ENDS: [&str; 2] = ["22222267fxdm2", "22222267fxdn2"];

fn letters(items: &[Option<i64>]) -> Vec<u8> {
    let letter = |n: &Option<i64>| match n {
        Some(n) => sources_chat::letter(*n),
        None => json!({"$type": "chat.bsky.convo.defs#logCreateMessage", "rev": "2"}),
    };
    let letters: Vec<_> = items.iter().map(letter).collect();
    json!({"logs": letters, "cursor": ENDS[1]})
        .to_string()
        .into_bytes()
}

/// The login, and answers in which nothing happened.
fn quiet(request: &Request) -> Option<Reply> {
    let nothing = |end: &str| {
        let body = json!({"logs": [], "cursor": end}).to_string();
        response(200, &[], body.as_bytes())
    };
    sources_chat::login(request).or_else(|| match request.path.split_once("?cursor=") {
        None => Some(nothing(ENDS[0])),
        Some((_, at)) => (at == ENDS[1]).then(|| nothing(ENDS[1])),
    })
}

impl Kind for Messages {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        // A login that is not taken any more is made anew, and nobody notices.
        if fault == Fault::Unauthorised {
            return None;
        }
        start(fault, count, letters, quiet).await
    }

    fn source(address: &str, _patience: Duration) -> Box<dyn Source> {
        let config = sources_chat::config(address);
        Box::new(BlueskyMessages::new("messages", &config).unwrap())
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}

impl Kind for Search {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count, found, |_| None).await
    }

    fn source(address: &str, _patience: Duration) -> Box<dyn Source> {
        let config = BlueskySearchConfig {
            url: address.to_owned(),
            ..BlueskySearchConfig::default()
        };
        Box::new(sources_search::source(&config, &["post"], &Clock::system()))
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}
