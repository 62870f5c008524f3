//! Telegram: a channel's page on loopback. A look is one page, so that a fault "after some items" is one
//! after some bytes.

use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, head, response};
use crate::sources_telegram::{config, page, post};
use resonanz::clock::Clock;
use resonanz::collect::http::Limits;
use resonanz::collect::source::Source;
use resonanz::collect::telegram;
use resonanz::model::Change;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct Telegram;

fn posts(numbers: impl Iterator<Item = i64>) -> Vec<u8> {
    let posts: String = numbers.map(|n| post("Kanal", n, &n.to_string())).collect();
    page(&posts)
}

fn faulty(fault: Fault, count: i64) -> Reply {
    let whole = posts(1..=count);
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
            let timeless = post("Kanal", 9_999, "x").replace("datetime", "date");
            let text = String::from_utf8(whole).unwrap();
            let place = text
                .match_indices("<div class=\"tgme_widget_message_wrap")
                .nth(after);
            let (before, behind) = text.split_at(place.unwrap().0);
            response(200, &[], [before, &timeless, behind].concat().as_bytes())
        }
        Fault::Duplicates => response(200, &[], &posts((1..=count).flat_map(|n| [n, n]))),
        Fault::Reordered => response(200, &[], &posts((1..=count).rev())),
        Fault::Unauthorised => response(401, &[], b""),
        Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
    }
}

impl Kind for Telegram {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        let looks = AtomicUsize::new(0);
        let neighbour = Neighbour::start(move |request| {
            // Nothing is closed here.
            if request.path != "/s/Kanal" {
                return response(404, &[], b"");
            }
            match looks.fetch_add(1, Ordering::SeqCst) {
                0 => faulty(fault, count),
                _ => response(200, &[], &posts(1..=count)),
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
        let source = telegram::with_limits("telegram", &config, &Clock::system(), limits);
        Box::new(source.unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("nothing was deleted")
        };
        item.id.rsplit('/').next().unwrap().parse().unwrap()
    }
}
