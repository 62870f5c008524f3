//! Mastodon: an instance on loopback. What the streams of the first connection did not tell, only the
//! timeline knows; and a timeline that commits the faults itself beside a silent stream.

use super::list;
use super::stream::{LAST_CHUNK, Stream, chunk, chunked};
use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, Request, response};
use crate::neighbours::mastodon::status;
use crate::sources_x::parameter;
use resonanz::clock::Clock;
use resonanz::collect::lines::MAX_LINE_BYTES;
use resonanz::collect::mastodon::{self, MastodonConfig, Transport};
use resonanz::collect::source::Source;
use resonanz::model::Change;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

pub struct Websocket;
pub struct Events;
pub struct Timeline;

/// Ids tell times, as an instance makes them.
const BEGIN: i64 = 117_020_617_136_550_000;

fn post(n: i64) -> Value {
    let id = u64::try_from(BEGIN + n).unwrap();
    status(id, &n.to_string(), Clock::system().now())
}

/// A page of the timeline, the newest first. `None` is a status that is none.
fn page(items: &[Option<i64>]) -> Vec<u8> {
    let item = |n: &Option<i64>| n.map_or(json!({"id": "8"}), post);
    let items: Vec<Value> = items.iter().rev().map(item).collect();
    json!(items).to_string().into_bytes()
}

/// What follows the id that is asked for.
fn timeline(count: i64, request: &Request) -> Reply {
    let after = match request.path.contains("min_id") {
        true => parameter(request, "min_id").parse().unwrap(),
        false => BEGIN,
    };
    let newer: Vec<_> = (1..=count)
        .filter(|n| BEGIN + n > after)
        .map(Some)
        .collect();
    response(200, &[], &page(&newer))
}

fn path(request: &Request) -> &str {
    request.path.split('?').next().unwrap()
}

fn instance() -> Reply {
    response(200, &[], br#"{"domain":"localhost"}"#)
}

/// What is told is text; the frame of a server has no mask.
fn websocket_frame(said: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81, 127];
    frame.extend((said.len() as u64).to_be_bytes());
    frame.extend(said);
    frame
}

fn websocket(request: &Request) -> Stream {
    let accept = derive_accept_key(request.header("sec-websocket-key").unwrap().as_bytes());
    let told = |payload: &str| {
        json!({"stream": ["hashtag", "bmi"], "event": "update", "payload": payload}).to_string()
    };
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Stream {
        head: head.into_bytes(),
        frame: websocket_frame,
        // A close frame of a server that restarts.
        end: &[0x88, 2, 0x03, 0xf4],
        item: Box::new(move |n| told(&post(n).to_string())),
        spoilt: told(r#"{"id":"8"}"#),
        huge: "x".repeat(MAX_LINE_BYTES + 1),
    }
}

fn events(_request: &Request) -> Stream {
    let told = |payload: &str| format!("event: update\ndata: {payload}\n\n");
    Stream {
        head: chunked(),
        frame: chunk,
        end: LAST_CHUNK,
        item: Box::new(move |n| told(&post(n).to_string())),
        spoilt: told(r#"{"id":"8"}"#),
        huge: told(&"x".repeat(MAX_LINE_BYTES + 1)),
    }
}

/// An instance that has nothing to tell before the end of the first connection but on it.
async fn streaming(
    fault: Fault,
    count: i64,
    stream: fn(&Request) -> Stream,
) -> Option<(Box<dyn super::Neighbour>, String)> {
    let connections = AtomicUsize::new(0);
    let neighbour = Neighbour::start(move |request| match path(request) {
        "/api/v2/instance" => instance(),
        "/api/v1/timelines/tag/bmi" => match connections.load(Ordering::SeqCst) {
            0 | 1 => response(200, &[], b"[]"),
            _ => timeline(count, request),
        },
        _ => match connections.fetch_add(1, Ordering::SeqCst) {
            0 => stream(request).tell(fault, count),
            _ => stream(request).silent(),
        },
    })
    .await;
    let address = neighbour.url("");
    Some((Box::new(neighbour), address))
}

/// All but the timeline; that has nothing behind its newest status.
fn besides(request: &Request) -> Option<Reply> {
    match path(request) {
        "/api/v2/instance" => Some(instance()),
        "/api/v1/timelines/tag/bmi" => {
            let newest = (BEGIN + super::COUNT).to_string();
            let is_end = request.path.contains(&format!("min_id={newest}"));
            is_end.then(|| response(200, &[], b"[]"))
        }
        _ => Some(websocket(request).silent()),
    }
}

fn source(address: &str, transport: Transport) -> Box<dyn Source> {
    let config = MastodonConfig {
        url: address.to_owned(),
        hashtags: vec!["bmi".to_owned()],
        transport,
        ..MastodonConfig::default()
    };
    Box::new(mastodon::Mastodon::new("mastodon", &config).unwrap())
}

fn number(change: &Change) -> i64 {
    let Change::Upsert(item) = change else {
        panic!("nothing was taken back")
    };
    let text = item.html.trim_start_matches("<p>").trim_end_matches("</p>");
    text.parse().unwrap()
}

impl Kind for Websocket {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        streaming(fault, count, websocket).await
    }

    fn source(address: &str, _patience: Duration) -> Box<dyn Source> {
        source(address, Transport::Websocket)
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}

impl Kind for Events {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        streaming(fault, count, events).await
    }

    fn source(address: &str, _patience: Duration) -> Box<dyn Source> {
        source(address, Transport::Sse)
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}

impl Kind for Timeline {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        list::start(fault, count, page, besides).await
    }

    fn source(address: &str, _patience: Duration) -> Box<dyn Source> {
        source(address, Transport::Websocket)
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}
