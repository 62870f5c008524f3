//! Bluesky: a Jetstream v2 on loopback, and the network's search. A frame cannot come slowly enough to
//! matter without being a stall, and the stream's order is its numbers'.

use super::list::start;
use super::{Fault, Kind};
use crate::neighbours::websocket::{self, Neighbour};
use crate::sources_bluesky::{config, posts};
use crate::sources_search;
use resonanz::clock::Clock;
use resonanz::collect::bluesky::{self, Wire};
use resonanz::collect::bluesky_search::BlueskySearchConfig;
use resonanz::collect::source::Source;
use resonanz::model::Change;
use serde_json::json;
use std::time::Duration;

pub struct Bluesky;
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
