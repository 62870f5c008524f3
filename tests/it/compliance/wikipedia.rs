//! Wikipedia: a stream of server-sent events on loopback, which goes on behind `Last-Event-ID`.

use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, Request, head, response};
use resonanz::collect::http::Limits;
use resonanz::collect::lines::MAX_LINE_BYTES;
use resonanz::collect::source::Source;
use resonanz::collect::wikipedia::{self, WikipediaConfig};
use resonanz::model::Change;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct Wikipedia;

/// The n-th event, with the position behind it.
fn event(begin: i64, n: i64) -> String {
    let at = begin + n;
    let id = json!([{"topic": "eqiad.mediawiki.recentchange", "partition": 0, "timestamp": at},
        {"topic": "codfw.mediawiki.recentchange", "partition": 0, "offset": -1}]);
    let dt = jiff::Timestamp::from_millisecond(at).unwrap();
    let data = json!({
        "meta": {"domain": "de.wikipedia.org", "stream": "mediawiki.recentchange", "dt": dt.to_string()},
        "type": "edit", "namespace": 0, "title": "Amt", "comment": format!("edit {n}"),
        "user": "Muster", "bot": false, "revision": {"old": 1, "new": 1_000 + n},
        "server_name": "de.wikipedia.org", "wiki": "dewiki",
    });
    format!("event: message\nid: {id}\ndata: {data}\n\n")
}

fn events(begin: i64, numbers: impl Iterator<Item = i64>) -> Vec<u8> {
    numbers
        .map(|n| event(begin, n))
        .collect::<String>()
        .into_bytes()
}

fn stream(parts: &[&[u8]]) -> Vec<u8> {
    let head = head(200, &[("Content-Type", "text/event-stream")]);
    [&head[..], b":ok\n\n", &parts.concat()].concat()
}

fn faulty(fault: Fault, begin: i64, count: i64) -> Reply {
    let all = events(begin, 1..=count);
    let first = |after: usize| events(begin, 1..=after as i64);
    let with = |after: usize, odd: &[u8]| {
        let rest = events(begin, after as i64 + 1..=count);
        Reply::Stall(stream(&[&first(after), odd, b"\n\n", &rest]))
    };
    match fault {
        Fault::None => Reply::Stall(stream(&[&all])),
        Fault::Drop(0) | Fault::Close(0) => Reply::Bytes(Vec::new()),
        Fault::Drop(after) | Fault::Close(after) => Reply::Bytes(stream(&[&first(after)])),
        Fault::Stall(0) => Reply::Stall(Vec::new()),
        Fault::Stall(after) => Reply::Stall(stream(&[&first(after)])),
        Fault::Slow => Reply::Drip(stream(&[&first(5), b": "]), Duration::from_millis(50)),
        Fault::Garbage(0) => Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Fault::Garbage(after) => {
            let chunk = first(after);
            let mut bytes = head(200, &[("Transfer-Encoding", "chunked")]);
            bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\nSSH-2.0-OpenSSH_9.2\r\n");
            Reply::Bytes(bytes)
        }
        Fault::Huge(after) => with(
            after,
            &[b"data: ", &vec![b'x'; MAX_LINE_BYTES + 1][..]].concat(),
        ),
        Fault::Unreadable(after) => with(after, b"data: {\"meta\": 7}"),
        Fault::Duplicates => {
            let twice = (1..=count).flat_map(|n| [n, n]);
            Reply::Stall(stream(&[&events(begin, twice)]))
        }
        // Its two data centres are two sequences; within one there is an order.
        Fault::Reordered => unreachable!("said in `start`"),
        Fault::Unauthorised => response(401, &[], b""),
        Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
    }
}

/// Everything behind the position that is asked for.
fn rest(request: &Request, begin: i64, count: i64) -> Reply {
    let known = request.header("last-event-id").map_or(0, |id| {
        let parts: serde_json::Value = serde_json::from_str(id).unwrap();
        parts[0]["timestamp"].as_i64().unwrap() - begin
    });
    Reply::Stall(stream(&[&events(begin, known + 1..=count)]))
}

impl Kind for Wikipedia {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        if fault == Fault::Reordered {
            return None;
        }
        // The same for every neighbour: a position of one is good for the next.
        let begin = 1_795_946_400_000;
        let connections = AtomicUsize::new(0);
        let neighbour =
            Neighbour::start(
                move |request| match connections.fetch_add(1, Ordering::SeqCst) {
                    0 if request.header("last-event-id").is_none() => faulty(fault, begin, count),
                    _ => rest(request, begin, count),
                },
            )
            .await;
        let address = neighbour.url("");
        Some((Box::new(neighbour), address))
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let limits = Limits {
            header: patience,
            total: 2 * patience,
            grace: patience,
            ..Limits::default()
        };
        let config = json!({
            "url": address, "allow_private": ["127.0.0.1"], "pages": ["Amt"],
            "contact": "https://amt.example",
        });
        let config: WikipediaConfig = serde_json::from_value(config).unwrap();
        Box::new(wikipedia::Wikipedia::with_limits("wikipedia", &config, limits).unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("nothing was hidden")
        };
        item.text.split(' ').nth(1).unwrap().parse().unwrap()
    }
}
