//! Facebook, Instagram and Threads: a Graph API on loopback with one post of the account and numbered
//! comments below it. The fault is in the first list of comments.

use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, Request, head, response};
use crate::sources_meta::settings;
use resonanz::clock::Clock;
use resonanz::collect::http::Limits;
use resonanz::collect::meta::{Meta, MetaConfig, Network};
use resonanz::collect::source::Source;
use resonanz::model::Change;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct Facebook;
pub struct Instagram;
pub struct Threads;

/// Facebook's words of a comment are `message`, the others' are `text`.
fn comment(n: i64) -> Value {
    let words = format!("Kommentar {n}");
    json!({"id": n.to_string(), "message": words, "text": words})
}

fn list(nodes: impl Iterator<Item = Value>) -> Vec<u8> {
    json!({"data": nodes.collect::<Vec<_>>()})
        .to_string()
        .into_bytes()
}

fn faulty(fault: Fault, count: i64) -> Reply {
    let whole = list((1..=count).map(comment));
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
        Fault::Garbage(0) => Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Fault::Garbage(_) => response(200, &[], b"<html><body>Sorry</body></html>"),
        Fault::Huge(_) => Reply::Endless(head(200, &[]), vec![b' '; 65_536]),
        Fault::Unreadable(after) => {
            let spoilt = (1..=count).map(|n| match n == after as i64 {
                true => json!({"text": "ohne Kennung", "message": "ohne Kennung"}),
                false => comment(n),
            });
            response(200, &[], &list(spoilt))
        }
        Fault::Duplicates => {
            let twice = (1..=count).flat_map(|n| [comment(n), comment(n)]);
            response(200, &[], &list(twice))
        }
        Fault::Reordered => response(200, &[], &list((1..=count).rev().map(comment))),
        Fault::Unauthorised => {
            let error = json!({"error": {"code": 190, "type": "OAuthException"}});
            response(400, &[], error.to_string().as_bytes())
        }
        Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
    }
}

async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
    let looks = AtomicUsize::new(0);
    let neighbour = Neighbour::start(move |request: &Request| {
        if !request.path.contains("comments") && !request.path.contains("conversation") {
            return response(200, &[], b"{\"data\":[{\"id\":\"800\"}]}");
        }
        match looks.fetch_add(1, Ordering::SeqCst) {
            0 => faulty(fault, count),
            _ => response(200, &[], &list((1..=count).map(comment))),
        }
    })
    .await;
    let address = neighbour.url("");
    Some((Box::new(neighbour), address))
}

fn source(network: Network, address: &str, patience: Duration) -> Box<dyn Source> {
    let config = MetaConfig {
        mentions: false,
        ..settings(address)
    };
    let limits = Limits {
        header: patience,
        total: 2 * patience,
        grace: patience,
        ..Limits::default()
    };
    let clock = Clock::system();
    Box::new(Meta::with_limits("meta", network, &config, &clock, limits).unwrap())
}

fn number(change: &Change) -> i64 {
    let Change::Upsert(item) = change else {
        panic!("nothing was deleted: {change:?}")
    };
    item.text.split(' ').nth(1).unwrap().parse().unwrap()
}

impl Kind for Facebook {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        source(Network::Facebook, address, patience)
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}

impl Kind for Instagram {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        source(Network::Instagram, address, patience)
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}

impl Kind for Threads {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        source(Network::Threads, address, patience)
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}
