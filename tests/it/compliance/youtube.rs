//! YouTube: its API on loopback, with the comments of one channel.

use super::list::{limits, start};
use super::{Fault, Kind};
use crate::neighbours::http::{Reply, Request, response};
use crate::sources_youtube::{NO_UPLOADS, config, thread, threads};
use resonanz::clock::Clock;
use resonanz::collect::source::Source;
use resonanz::collect::youtube;
use resonanz::model::Change;
use serde_json::json;
use std::time::Duration;

pub struct Youtube;

fn list(items: &[Option<i64>]) -> Vec<u8> {
    let item = |n: &Option<i64>| match n {
        Some(n) => thread(*n, &format!("comment {n}")),
        None => json!({"kind": "youtube#commentThread", "id": 7}),
    };
    threads(items.iter().map(item).collect())
}

fn besides(request: &Request) -> Option<Reply> {
    match request.path.split('?').next().unwrap() {
        "/youtube/v3/commentThreads" => None,
        "/feeds/videos.xml" => Some(response(200, &[], NO_UPLOADS)),
        _ => Some(response(404, &[], b"")),
    }
}

impl Kind for Youtube {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count, list, besides).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let config = config(address, json!({}));
        let limits = limits(patience);
        let source = youtube::Youtube::with("youtube", &config, &Clock::system(), limits);
        Box::new(source.unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("nothing was asked for again")
        };
        item.text.split(' ').nth(1).unwrap().parse().unwrap()
    }
}
