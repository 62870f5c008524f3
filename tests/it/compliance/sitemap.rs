//! Sitemaps: one on loopback. As with feeds, a fault "after some items" is one after some bytes.

use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, head, response};
use resonanz::clock::Clock;
use resonanz::collect::feed::FeedConfig;
use resonanz::collect::http::Limits;
use resonanz::collect::sitemap;
use resonanz::collect::source::Source;
use resonanz::model::Change;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct Sitemap;

fn map(numbers: impl Iterator<Item = i64>) -> Vec<u8> {
    let entry = |n| {
        format!(
            "<url><loc>https://a.example/{n}</loc><n:news><n:title>{n}</n:title></n:news></url>"
        )
    };
    let entries: String = numbers.map(entry).collect();
    format!("<urlset xmlns:n=\"x\">{entries}</urlset>").into_bytes()
}

fn faulty(fault: Fault, count: i64) -> Reply {
    let whole = map(1..=count);
    let part = |after: usize| {
        [
            head(200, &[("Content-Length", "9999")]),
            whole[..after].to_vec(),
        ]
    };
    match fault {
        Fault::None => response(200, &[], &whole),
        Fault::Drop(0) | Fault::Close(0) => Reply::Bytes(Vec::new()),
        Fault::Drop(after) | Fault::Close(after) => Reply::Bytes(part(20 * after).concat()),
        Fault::Stall(0) => Reply::Stall(Vec::new()),
        Fault::Stall(after) => Reply::Stall(part(20 * after).concat()),
        Fault::Slow => Reply::Drip(part(0).concat(), Duration::from_millis(50)),
        Fault::Garbage(_) => Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Fault::Huge(_) => Reply::Endless(head(200, &[]), vec![b' '; 8192]),
        Fault::Unreadable(_) => response(200, &[], b"<html><body>RSS</body></html>"),
        Fault::Duplicates => response(200, &[], &map((1..=count).flat_map(|n| [n, n]))),
        Fault::Reordered => response(200, &[], &map((1..=count).rev())),
        Fault::Unauthorised => response(401, &[], b""),
        Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
    }
}

impl Kind for Sitemap {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        let looks = AtomicUsize::new(0);
        let neighbour = Neighbour::start(move |request| {
            // Nothing is closed here.
            if request.path != "/map.xml" {
                return response(404, &[], b"");
            }
            match looks.fetch_add(1, Ordering::SeqCst) {
                0 => faulty(fault, count),
                _ => response(200, &[], &map(1..=count)),
            }
        })
        .await;
        let address = neighbour.url("/map.xml");
        Some((Box::new(neighbour), address))
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let config = serde_json::json!({
            "url": address, "allow_private": ["127.0.0.1"], "max_body_bytes": 100_000,
        });
        let config: FeedConfig = serde_json::from_value(config).unwrap();
        let limits = Limits {
            header: patience,
            total: 2 * patience,
            grace: patience,
            ..Limits::default()
        };
        Box::new(sitemap::with_limits("sitemap", &config, &Clock::system(), limits).unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("sitemaps only tell what is there")
        };
        item.title.as_deref().unwrap().parse().unwrap()
    }
}
