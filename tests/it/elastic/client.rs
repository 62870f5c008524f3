//! The official Elasticsearch client for Python, against a running house.

use super::{DAYS, House, PEOPLE};
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_official_client_runs_its_searches() {
    let peers = std::env::var_os("RESONANZ_PEERS").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/resonanz-peers"));
    let python = peers.or(home).map(|peers| peers.join("venv/bin/python"));
    let has_client = |python: &PathBuf| {
        let tried = Command::new(python)
            .args(["-c", "import elasticsearch"])
            .output();
        tried.is_ok_and(|tried| tried.status.success())
    };
    let Some(python) = python.filter(has_client) else {
        crate::skipped::skipped("the Elasticsearch client is not installed (tests/peers/install)");
        return;
    };
    let house = House::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/elastic.py");
    let ran = Command::new(python)
        .arg(script)
        .args([
            format!("http://{}/es", house.address),
            DAYS.to_string(),
            PEOPLE.to_string(),
        ])
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&ran.stdout),
        String::from_utf8_lossy(&ran.stderr),
    );
    assert!(ran.status.success(), "{out}{err}");
    assert!(out.contains("checks held"), "{out}");
}
