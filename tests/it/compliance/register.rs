//! Registers: parliament's list of papers on loopback, in the name of all that answer JSON in pages. A
//! look is one answer, so that a fault "after some items" is one after some bytes.

use super::{Fault, Kind};
use crate::neighbours::http::{Neighbour, Reply, head, response};
use crate::sources_registers::{dip_at, paper};
use resonanz::collect::http::Limits;
use resonanz::collect::source::Source;
use resonanz::model::Change;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct Register;

fn list(papers: Vec<Value>) -> Vec<u8> {
    json!({"numFound": papers.len(), "documents": papers})
        .to_string()
        .into_bytes()
}

fn papers(numbers: impl Iterator<Item = i64>) -> Vec<Value> {
    numbers.map(|n| paper(n, "Antrag")).collect()
}

fn faulty(fault: Fault, count: i64) -> Reply {
    let whole = list(papers(1..=count));
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
            let mut all = papers(1..=count);
            all.insert(after, json!({"id": 7}));
            response(200, &[], &list(all))
        }
        Fault::Duplicates => response(200, &[], &list(papers((1..=count).flat_map(|n| [n, n])))),
        Fault::Reordered => response(200, &[], &list(papers((1..=count).rev()))),
        Fault::Unauthorised => response(401, &[], b""),
        Fault::TooMany => response(429, &[("Retry-After", "1")], b""),
    }
}

impl Kind for Register {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        let looks = AtomicUsize::new(0);
        let neighbour = Neighbour::start(move |_| match looks.fetch_add(1, Ordering::SeqCst) {
            0 => faulty(fault, count),
            _ => response(200, &[], &list(papers(1..=count))),
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
        Box::new(dip_at(address, json!({}), limits).unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("registers only tell what is there")
        };
        item.id.rsplit('/').next().unwrap().parse().unwrap()
    }
}
