//! What the sources that look at lists meet: an answer with numbered items, and each fault in it. A
//! list is one answer, so that a fault "after some items" is one after some bytes.

use super::Fault;
use crate::neighbours::http::{Neighbour, Reply, Request, head, response};
use resonanz::collect::http::Limits;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Writes an answer that lists these items. `None` is one that is none.
pub type Write = fn(&[Option<i64>]) -> Vec<u8>;

impl super::Neighbour for Neighbour {
    fn asked(&self) -> usize {
        self.requests().len()
    }
}

/// A neighbour whose first list commits the fault. `besides` answers what asks for no list.
pub async fn start(
    fault: Fault,
    count: i64,
    write: Write,
    besides: fn(&Request) -> Option<Reply>,
) -> Option<(Box<dyn super::Neighbour>, String)> {
    let looks = AtomicUsize::new(0);
    let neighbour = Neighbour::start(move |request| {
        let list = || match looks.fetch_add(1, Ordering::SeqCst) {
            0 => faulty(fault, count, write),
            _ => faulty(Fault::None, count, write),
        };
        besides(request).unwrap_or_else(list)
    })
    .await;
    let address = neighbour.url("");
    Some((Box::new(neighbour), address))
}

fn faulty(fault: Fault, count: i64, write: Write) -> Reply {
    let all: Vec<Option<i64>> = (1..=count).map(Some).collect();
    let whole = write(&all);
    let part = |after: usize| {
        let length = whole.len().to_string();
        let some = after * whole.len() / all.len();
        let head = head(200, &[("Content-Length", &length)]);
        [&head[..], &whole[..some]].concat()
    };
    let listed = |items: &[Option<i64>]| response(200, &[], &write(items));
    match fault {
        Fault::None => listed(&all),
        Fault::Drop(0) | Fault::Close(0) => Reply::Bytes(Vec::new()),
        Fault::Drop(after) | Fault::Close(after) => Reply::Bytes(part(after)),
        Fault::Stall(0) => Reply::Stall(Vec::new()),
        Fault::Stall(after) => Reply::Stall(part(after)),
        Fault::Slow => Reply::Drip(part(0), Duration::from_millis(50)),
        Fault::Garbage(_) => Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Fault::Huge(_) => Reply::Endless(head(200, &[]), vec![b' '; 65_536]),
        Fault::Unreadable(after) => listed(&[&all[..after], &[None], &all[after..]].concat()),
        Fault::Duplicates => listed(&all.iter().flat_map(|n| [*n, *n]).collect::<Vec<_>>()),
        Fault::Reordered => listed(&all.iter().rev().copied().collect::<Vec<_>>()),
        Fault::Unauthorised => response(401, &[], b""),
        Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
    }
}

/// The client's limits for a source that gives up a silent answer after `patience`.
pub fn limits(patience: Duration) -> Limits {
    Limits {
        header: patience,
        total: 2 * patience,
        grace: patience,
        max_body_bytes: 100_000,
        ..Limits::default()
    }
}
