//! Facebook, Instagram and Threads: a Graph API on loopback with one post of the account and numbered
//! comments below it, or with one conversation.

use super::list::{limits, start};
use super::{Fault, Kind};
use crate::neighbours::http::{Reply, Request, response};
use crate::sources_meta::settings;
use resonanz::clock::Clock;
use resonanz::collect::meta::{Meta, MetaConfig, Network};
use resonanz::collect::source::Source;
use resonanz::model::Change;
use serde_json::{Value, json};
use std::time::Duration;

pub struct Facebook;
pub struct Letters;
pub struct Instagram;
pub struct Threads;

/// Facebook's words of a comment are `message`, the others' are `text`.
fn comment(n: i64) -> Value {
    let words = format!("Kommentar {n}");
    json!({"id": n.to_string(), "message": words, "text": words})
}

fn list(items: &[Option<i64>]) -> Vec<u8> {
    let node = |n: &Option<i64>| match n {
        Some(n) => comment(*n),
        None => json!({"text": "ohne Kennung", "message": "ohne Kennung"}),
    };
    let nodes: Vec<Value> = items.iter().map(node).collect();
    json!({"data": nodes}).to_string().into_bytes()
}

/// One conversation, the newest message first.
fn conversation(items: &[Option<i64>]) -> Vec<u8> {
    let message = |n: &Option<i64>| match n {
        Some(n) => json!({"id": format!("m_{n}"), "message": format!("Nachricht {n}")}),
        None => json!({"message": "ohne Kennung"}),
    };
    let messages: Vec<Value> = items.iter().map(message).collect();
    json!({"data": [{"id": "t_1", "messages": {"data": messages}}]})
        .to_string()
        .into_bytes()
}

/// Nothing but the conversation.
fn nothing(request: &Request) -> Option<Reply> {
    let is_list = request.path.contains("/conversations");
    (!is_list).then(|| response(200, &[], b"{\"data\":[]}"))
}

/// The account has one post.
fn post(request: &Request) -> Option<Reply> {
    match request.path.split(['/', '?']).nth(3) {
        Some("comments" | "conversation") => None,
        Some("conversations") => Some(response(200, &[], b"{\"data\":[]}")),
        _ => Some(response(200, &[], b"{\"data\":[{\"id\":\"800\"}]}")),
    }
}

fn source(network: Network, address: &str, patience: Duration) -> Box<dyn Source> {
    let config = MetaConfig {
        mentions: false,
        messages: network == Network::Facebook,
        ..settings(address)
    };
    let clock = Clock::system();
    Box::new(Meta::with_limits("meta", network, &config, &clock, limits(patience)).unwrap())
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
        start(fault, count, list, post).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        source(Network::Facebook, address, patience)
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}

impl Kind for Letters {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count, conversation, nothing).await
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
        start(fault, count, list, post).await
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
        start(fault, count, list, post).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        source(Network::Threads, address, patience)
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}
