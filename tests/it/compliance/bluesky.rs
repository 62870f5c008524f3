//! Bluesky: a Jetstream v2 on loopback. A frame cannot come slowly enough to matter without being a
//! stall, and the stream's order is its numbers'.

use super::{Fault, Kind};
use crate::neighbours::websocket::{self, Neighbour};
use crate::sources_bluesky::{config, posts};
use resonanz::collect::bluesky::{self, Wire};
use resonanz::collect::source::Source;
use resonanz::model::Change;
use std::time::Duration;

pub struct Bluesky;

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
        let Change::Upsert(item) = change else {
            panic!("only posts were written")
        };
        item.text.split(' ').nth(1).unwrap().parse().unwrap()
    }
}
