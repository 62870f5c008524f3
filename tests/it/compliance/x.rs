//! X: a filtered stream on loopback, and the recent search behind it. What the stream of the first
//! connection did not bring, only the search knows. And its compliance streams: one of the eight tells
//! deletions and commits the fault, and tells them again to whoever comes back.

use super::list::{self, limits};
use super::stream::{LAST_CHUNK, Stream, chunk, chunked};
use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, Request, response};
use crate::sources_x::{config, id_of, messages, parameter, soughts, text_of};
use resonanz::clock::Clock;
use resonanz::collect::lines::MAX_LINE_BYTES;
use resonanz::collect::source::Source;
use resonanz::collect::x;
use resonanz::collect::x::messages::XMessages;
use resonanz::collect::x_compliance::XCompliance;
use resonanz::model::Change;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct X;
pub struct Compliance;
pub struct Messages;

fn post(begin: i64, n: i64) -> String {
    let id = id_of(begin + n);
    format!(
        r#"{{"id":"{id}","text":"post {n}","author_id":"1","created_at":"2026-11-28T09:00:00.000Z"}}"#
    )
}

fn stream(begin: i64) -> Stream {
    Stream {
        head: chunked(),
        frame: chunk,
        end: LAST_CHUNK,
        item: Box::new(move |n| format!("{{\"data\":{}}}\r\n", post(begin, n))),
        spoilt: "{\"data\":{\"id\":\"none\",\"author_id\":\"1\"}}\r\n".to_owned(),
        huge: format!("{}\r\n", "x".repeat(MAX_LINE_BYTES + 1)),
    }
}

/// Whether the first connection never was one, so that nothing was said meanwhile.
fn never_connects(fault: Fault) -> bool {
    let faults = [
        Fault::Drop(0),
        Fault::Stall(0),
        Fault::Garbage(0),
        Fault::Unauthorised,
        Fault::TooMany,
    ];
    faults.contains(&fault)
}

fn found(begin: i64, count: i64, request: &Request) -> Reply {
    let since: u64 = parameter(request, "since_id").parse().unwrap();
    let numbers = (1..=count).rev();
    let behind = numbers.filter(|n| id_of(begin + n) > since);
    let posts: Vec<String> = behind.map(|n| post(begin, n)).collect();
    let body = format!("{{\"data\":[{}],\"meta\":{{}}}}", posts.join(","));
    response(200, &[], body.as_bytes())
}

impl Kind for X {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        let begin = Clock::system().now().as_millisecond();
        let connections = AtomicUsize::new(0);
        let neighbour = Neighbour::start(move |request| {
            let path = request.path.split('?').next().unwrap();
            match path {
                "/2/tweets/search/stream/rules" => response(200, &[], b"{\"meta\":{}}"),
                "/2/tweets/search/recent" => found(begin, count, request),
                "/2/tweets/search/stream" => match connections.fetch_add(1, Ordering::SeqCst) {
                    0 => stream(begin).tell(fault, count),
                    1 if never_connects(fault) => stream(begin).tell(Fault::None, count),
                    _ => stream(begin).silent(),
                },
                _ => response(404, &[], b""),
            }
        })
        .await;
        let address = neighbour.url("");
        Some((Box::new(neighbour), address))
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let config = config(address, serde_json::json!({}));
        let clock = Clock::system();
        let mut source =
            x::X::with("x", &config, &clock, limits(patience), Duration::ZERO).unwrap();
        source.listen_for(soughts(&[("border", "Grenze")]).1);
        Box::new(source)
    }

    fn number(change: &Change) -> i64 {
        text_of(change).split(' ').nth(1).unwrap().parse().unwrap()
    }
}

fn deletions() -> Stream {
    let deletion = |id: &str| {
        format!(
            "{{\"data\":{{\"delete\":{{\"tweet\":{{\"id\":\"{id}\",\"author_id\":\"1\"}},\
             \"event_at\":\"2026-11-28T10:00:00.000Z\"}}}}}}\r\n"
        )
    };
    Stream {
        head: chunked(),
        frame: chunk,
        end: LAST_CHUNK,
        item: Box::new(move |n| deletion(&n.to_string())),
        spoilt: deletion("none"),
        huge: format!("{}\r\n", "x".repeat(MAX_LINE_BYTES + 1)),
    }
}

impl Kind for Compliance {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        let connections = AtomicUsize::new(0);
        let neighbour = Neighbour::start(move |request| {
            let is_first = request.path.starts_with("/2/tweets/compliance/stream")
                && parameter(request, "partition") == "1";
            match is_first.then(|| connections.fetch_add(1, Ordering::SeqCst)) {
                None => deletions().silent(),
                Some(0) => deletions().tell(fault, count),
                Some(_) => deletions().tell(Fault::None, count),
            }
        })
        .await;
        let address = neighbour.url("");
        Some((Box::new(neighbour), address))
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let config = config(address, serde_json::json!({"stream": "compliance"}));
        let source = XCompliance::with_limits("x", &config, limits(patience));
        Box::new(source.unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Delete(deletion) = change else {
            panic!("only deletions are told")
        };
        deletion.id.parse().unwrap()
    }
}

/// The newest first, as X lists them; whoever asks for one only looks where the list begins.
fn letters(items: &[Option<i64>]) -> Vec<u8> {
    let letter = |n: &Option<i64>| match n {
        Some(n) => messages::letter(*n, "99"),
        None => json!({"odd": 1}),
    };
    let letters: Vec<_> = items.iter().rev().map(letter).collect();
    json!({"data": letters, "meta": {}})
        .to_string()
        .into_bytes()
}

fn nothing_yet(request: &Request) -> Option<Reply> {
    (parameter(request, "max_results") == "1").then(|| response(200, &[], b"{\"meta\":{}}"))
}

impl Kind for Messages {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        list::start(fault, count, letters, nothing_yet).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let config = messages::settings(address, json!({}));
        let limits = limits(patience);
        Box::new(XMessages::with("x", &config, &Clock::system(), limits).unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("only messages were written")
        };
        item.text.split(' ').nth(1).unwrap().parse().unwrap()
    }
}
