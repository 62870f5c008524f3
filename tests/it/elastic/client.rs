//! The official Elasticsearch client for Python, against a running house.

use super::{DAYS, House, PEOPLE};
use std::path::Path;
use std::process::Command;

#[test]
fn the_official_client_runs_its_searches() {
    let what = "Elasticsearch client";
    let Some(python) = crate::skipped::peer(what, "venv/bin/python") else {
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
