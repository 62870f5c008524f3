//! What recorded bytes say, for `source read` and tests.

use super::{Network, graph, instagram, letters, push, wire};
use crate::collect::inbox::Refusal;
use crate::collect::source::{Event, RejectReason, Rejection};
use crate::model::Change;
use jiff::Timestamp;
use serde_json::Value;

/// A push, or the answer to a question for a list or for a mention.
pub fn read_bytes(network: Network, bytes: &[u8]) -> Vec<Result<Change, Rejection>> {
    match push::read(network, None, true, bytes) {
        Ok(brought) => brought.events.into_iter().filter_map(change).collect(),
        Err(Refusal::Unreadable(_)) => answered(network, bytes),
        Err(refusal) => vec![Err(wire::incomplete(&refusal.to_string()))],
    }
}

fn change(event: Event) -> Option<Result<Change, Rejection>> {
    match event {
        Event::Change(change) => Some(Ok(change)),
        Event::Rejected(rejection) => Some(Err(rejection)),
        Event::Nothing | Event::Gap(_) | Event::Compared(_) | Event::Canary(_) => None,
    }
}

fn answered(network: Network, bytes: &[u8]) -> Vec<Result<Change, Rejection>> {
    let odd = || Rejection::new(RejectReason::Malformed, "neither a push nor an answer");
    let Ok(body) = serde_json::from_slice::<Value>(bytes) else {
        return vec![Err(odd())];
    };
    let items = match graph::page(body.clone()) {
        Some(page) => page
            .nodes
            .into_iter()
            .flat_map(|node| match node.get("messages") {
                Some(_) => letters::waiting(network, node, &[], Timestamp::MIN),
                None => network.answer(node, None),
            })
            .collect(),
        None if network == Network::Instagram => vec![instagram::mentioned(body)],
        None => vec![Err(odd())],
    };
    let changes = items.into_iter().filter_map(Result::transpose);
    changes
        .map(|item| item.map(|item| Change::Upsert(Box::new(item))))
        .collect()
}
