//! Registers: parliament's list of papers on loopback, in the name of all that answer JSON in pages.

use super::list::{limits, start};
use super::{Fault, Kind};
use crate::sources_registers::{dip_at, paper};
use resonanz::collect::source::Source;
use resonanz::model::Change;
use serde_json::{Value, json};
use std::time::Duration;

pub struct Register;

fn list(items: &[Option<i64>]) -> Vec<u8> {
    let item = |n: &Option<i64>| n.map_or(json!({"id": 7}), |n| paper(n, "Antrag"));
    let papers: Vec<Value> = items.iter().map(item).collect();
    let list = json!({"numFound": papers.len(), "documents": papers});
    list.to_string().into_bytes()
}

impl Kind for Register {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count, list, |_| None).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        Box::new(dip_at(address, json!({}), limits(patience)).unwrap())
    }

    fn number(change: &Change) -> i64 {
        let Change::Upsert(item) = change else {
            panic!("registers only tell what is there")
        };
        item.id.rsplit('/').next().unwrap().parse().unwrap()
    }
}
