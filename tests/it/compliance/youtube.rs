//! YouTube: its API on loopback. A look at a channel is one answer, so that a fault "after some items"
//! is one after some bytes; an item that is none is one of a list.

use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, head, response};
use crate::sources_youtube::{NO_UPLOADS, config, thread, threads};
use resonanz::clock::Clock;
use resonanz::collect::http::Limits;
use resonanz::collect::source::Source;
use resonanz::collect::youtube;
use resonanz::model::Change;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct Youtube;

fn list(numbers: impl Iterator<Item = i64>) -> Vec<u8> {
    threads(
        numbers
            .map(|n| thread(n, &format!("comment {n}")))
            .collect(),
    )
}

fn faulty(fault: Fault, count: i64) -> Reply {
    let whole = list(1..=count);
    let part = |after: usize| {
        [
            head(200, &[("Content-Length", "99999")]),
            whole[..after].to_vec(),
        ]
    };
    match fault {
        Fault::None => response(200, &[], &whole),
        Fault::Drop(0) | Fault::Close(0) => Reply::Bytes(Vec::new()),
        Fault::Drop(after) | Fault::Close(after) => Reply::Bytes(part(100 * after).concat()),
        Fault::Stall(0) => Reply::Stall(Vec::new()),
        Fault::Stall(after) => Reply::Stall(part(100 * after).concat()),
        Fault::Slow => Reply::Drip(part(0).concat(), Duration::from_millis(50)),
        Fault::Garbage(_) => Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Fault::Huge(_) => Reply::Endless(head(200, &[]), vec![b' '; 8192]),
        Fault::Unreadable(after) => {
            let mut items: Vec<_> = (1..=count)
                .map(|n| thread(n, &format!("comment {n}")))
                .collect();
            items.insert(
                after,
                serde_json::json!({"kind": "youtube#commentThread", "id": 7}),
            );
            response(200, &[], &threads(items))
        }
        Fault::Duplicates => response(200, &[], &list((1..=count).flat_map(|n| [n, n]))),
        Fault::Reordered => response(200, &[], &list((1..=count).rev())),
        Fault::Unauthorised => response(401, &[], b""),
        Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
    }
}

impl Kind for Youtube {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        let looks = AtomicUsize::new(0);
        let neighbour = Neighbour::start(move |request| {
            let path = request.path.split('?').next().unwrap();
            match path {
                "/feeds/videos.xml" => response(200, &[], NO_UPLOADS),
                "/youtube/v3/commentThreads" => match looks.fetch_add(1, Ordering::SeqCst) {
                    0 => faulty(fault, count),
                    _ => response(200, &[], &list(1..=count)),
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
            max_body_bytes: 100_000,
            ..Limits::default()
        };
        let config = config(address, serde_json::json!({}));
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
