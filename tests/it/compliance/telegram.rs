//! Telegram: a channel's page on loopback.

use super::list::{limits, start};
use super::{Fault, Kind};
use crate::neighbours::http::{Reply, Request, response};
use crate::sources_telegram::{config, page, post};
use resonanz::clock::Clock;
use resonanz::collect::source::Source;
use resonanz::collect::telegram;
use resonanz::model::Change;
use std::time::Duration;

pub struct Telegram;

/// A post that is none has no time.
fn posts(items: &[Option<i64>]) -> Vec<u8> {
    let item = |n: &Option<i64>| match n {
        Some(n) => post("Kanal", *n, &n.to_string()),
        None => post("Kanal", 9_999, "x").replace("datetime", "date"),
    };
    page(&items.iter().map(item).collect::<String>())
}

/// Nothing is closed here.
fn no_rules(request: &Request) -> Option<Reply> {
    (request.path != "/s/Kanal").then(|| response(404, &[], b""))
}

impl Kind for Telegram {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count, posts, no_rules).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let config = config(address, serde_json::json!({}));
        let source = telegram::with_limits("telegram", &config, &Clock::system(), limits(patience));
        Box::new(source.unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("nothing was deleted")
        };
        item.id.rsplit('/').next().unwrap().parse().unwrap()
    }
}
