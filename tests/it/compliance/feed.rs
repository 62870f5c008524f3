//! Feeds: an RSS on loopback. A look is one answer, so that a fault "after some items" is one after
//! some bytes.

use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, head, response};
use crate::sources_x::secret;
use resonanz::clock::Clock;
use resonanz::collect::feed::{self, FeedConfig};
use resonanz::collect::feed_push::PushedFeed;
use resonanz::collect::http::Limits;
use resonanz::collect::source::Source;
use resonanz::model::Change;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct Feed;

impl super::Neighbour for Neighbour {
    fn asked(&self) -> usize {
        self.requests().len()
    }
}

fn rss(numbers: impl Iterator<Item = i64>) -> Vec<u8> {
    let item = |n| format!("<item><title>{n}</title><link>https://a.example/{n}</link></item>");
    let items: String = numbers.map(item).collect();
    format!("<rss version=\"2.0\"><channel>{items}</channel></rss>").into_bytes()
}

fn faulty(fault: Fault, count: i64) -> Reply {
    let whole = rss(1..=count);
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
        Fault::Duplicates => response(200, &[], &rss((1..=count).flat_map(|n| [n, n]))),
        Fault::Reordered => response(200, &[], &rss((1..=count).rev())),
        Fault::Unauthorised => response(401, &[], b""),
        Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
    }
}

impl Kind for Feed {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        let looks = AtomicUsize::new(0);
        let neighbour = Neighbour::start(move |request| {
            // Nothing is closed here.
            if request.path != "/feed" {
                return response(404, &[], b"");
            }
            match looks.fetch_add(1, Ordering::SeqCst) {
                0 => faulty(fault, count),
                _ => response(200, &[], &rss(1..=count)),
            }
        })
        .await;
        let address = neighbour.url("/feed");
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
        Box::new(feed::Feed::with_limits("feed", &config, &Clock::system(), limits).unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("feeds only tell what is there")
        };
        item.title.as_deref().unwrap().parse().unwrap()
    }
}

/// The same with a hub that never brings anything: the looks must do.
pub struct Brought;

impl Kind for Brought {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        Feed::start(fault, count).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let config = serde_json::json!({
            "url": address, "allow_private": ["127.0.0.1"], "max_body_bytes": 100_000,
            "callback": "https://amt.example/in/feed",
            "secret_file": secret("websub", "ein-geheimnis-von-zweiunddreissig-zeichen"),
        });
        let config: FeedConfig = serde_json::from_value(config).unwrap();
        let limits = Limits {
            header: patience,
            total: 2 * patience,
            grace: patience,
            ..Limits::default()
        };
        let source = PushedFeed::with_limits("feed", &config, &Clock::system(), limits);
        Box::new(source.unwrap())
    }

    fn number(change: &Change) -> i64 {
        Feed::number(change)
    }
}
