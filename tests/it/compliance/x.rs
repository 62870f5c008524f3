//! X: a filtered stream on loopback, and the recent search behind it. What the stream of the first
//! connection did not bring, only the search knows.

use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, Request, head, response};
use crate::sources_x::{config, id_of, parameter, soughts, text_of};
use resonanz::clock::Clock;
use resonanz::collect::http::Limits;
use resonanz::collect::lines::MAX_LINE_BYTES;
use resonanz::collect::source::Source;
use resonanz::collect::x;
use resonanz::model::Change;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct X;

fn post(begin: i64, n: i64) -> String {
    let id = id_of(begin + n);
    format!(
        r#"{{"id":"{id}","text":"post {n}","author_id":"1","created_at":"2026-11-28T09:00:00.000Z"}}"#
    )
}

fn lines(begin: i64, numbers: impl Iterator<Item = i64>) -> Vec<u8> {
    let line = |n| format!("{{\"data\":{}}}\r\n", post(begin, n));
    numbers.map(line).collect::<String>().into_bytes()
}

fn stream(parts: &[&[u8]]) -> Vec<u8> {
    [&head(200, &[])[..], &parts.concat()].concat()
}

fn faulty(fault: Fault, begin: i64, count: i64) -> Reply {
    let all = lines(begin, 1..=count);
    let first = |after: usize| lines(begin, 1..=after as i64);
    let with = |after: usize, line: &[u8]| {
        let rest = lines(begin, after as i64 + 1..=count);
        Reply::Stall(stream(&[&first(after), line, b"\r\n", &rest]))
    };
    match fault {
        Fault::None => Reply::Stall(stream(&[&all])),
        Fault::Drop(0) | Fault::Close(0) => Reply::Bytes(Vec::new()),
        Fault::Drop(after) | Fault::Close(after) => Reply::Bytes(stream(&[&first(after)])),
        Fault::Stall(0) => Reply::Stall(Vec::new()),
        Fault::Stall(after) => Reply::Stall(stream(&[&first(after)])),
        Fault::Slow => Reply::Drip(stream(&[&first(5)]), Duration::from_millis(50)),
        Fault::Garbage(0) => Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Fault::Garbage(after) => {
            let chunk = first(after);
            let mut bytes = head(200, &[("Transfer-Encoding", "chunked")]);
            bytes.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\nSSH-2.0-OpenSSH_9.2\r\n");
            Reply::Bytes(bytes)
        }
        Fault::Huge(after) => with(after, &vec![b'x'; MAX_LINE_BYTES + 1]),
        Fault::Unreadable(after) => with(after, br#"{"data":{"id":"none","author_id":"1"}}"#),
        Fault::Duplicates => {
            let twice = (1..=count).flat_map(|n| [n, n]);
            Reply::Stall(stream(&[&lines(begin, twice)]))
        }
        Fault::Reordered => Reply::Stall(stream(&[&lines(begin, (1..=count).rev())])),
        Fault::Unauthorised => response(401, &[], b""),
        Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
    }
}

/// Whether the first connection never was one, so that nothing was said meanwhile.
fn never_connects(fault: Fault) -> bool {
    let faults = [
        Fault::Drop(0),
        Fault::Close(0),
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
                    0 => faulty(fault, begin, count),
                    1 if never_connects(fault) => faulty(Fault::None, begin, count),
                    _ => Reply::Stall(stream(&[b"\r\n"])),
                },
                _ => response(404, &[], b""),
            }
        })
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
        let config = config(address, serde_json::json!({}));
        let clock = Clock::system();
        let mut source = x::X::with("x", &config, &clock, limits, Duration::ZERO).unwrap();
        source.listen_for(soughts(&[("border", "Grenze")]).1);
        Box::new(source)
    }

    fn number(change: &Change) -> i64 {
        text_of(change).split(' ').nth(1).unwrap().parse().unwrap()
    }
}
