//! The Grafana dashboard and the rules speak of metrics and labels that exist, and the dashboard has
//! the shape that Grafana reads. A real Prometheus evaluates the expressions in `peer_prometheus`.

use super::serve_house::House;
use resonanz::metrics::Metrics;
use resonanz::model::{FlagKind, Stance};
use resonanz::serve::Config;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards")
}

fn dashboard() -> Value {
    serde_json::from_str(&std::fs::read_to_string(dir().join("resonanz.json")).unwrap()).unwrap()
}

/// Every expression of the dashboard with the panel's title or the mark's name, variables put in.
pub fn panel_expressions() -> Vec<(String, String)> {
    let dashboard = dashboard();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push((named(&panel["title"]), filled(target)));
        }
    }
    let marks = dashboard["annotations"]["list"].as_array().unwrap();
    for mark in marks.iter().filter(|mark| mark["type"] != "dashboard") {
        found.push((named(&mark["name"]), filled(mark)));
    }
    found
}

fn named(name: &Value) -> String {
    name.as_str().unwrap().to_owned()
}

fn filled(target: &Value) -> String {
    let written = target["expr"].as_str().unwrap();
    let filled = written
        .replace("$__rate_interval", "5m")
        .replace("$source", ".+")
        .replace("$watch", ".+");
    assert!(
        !filled.contains('$'),
        "a variable that the test does not know: {written}"
    );
    filled
}

/// The times in which we did not hear are marked in every panel.
#[test]
fn what_was_not_heard_is_marked() {
    let dashboard = dashboard();
    let marks = dashboard["annotations"]["list"].as_array().unwrap();
    let marks = marks.iter().filter(|mark| mark["enable"] == true);
    let marks: Vec<&str> = marks.filter_map(|mark| mark["expr"].as_str()).collect();
    assert!(marks.iter().any(|expr| expr.contains("resonanz_source_up")));
    assert!(
        marks
            .iter()
            .any(|expr| expr.contains("resonanz_source_hearing"))
    );
}

/// Every rule's name and expression. Reads the two ways in which our rules write them: on one line,
/// or folded (`>-`) with deeper indentation.
pub fn rule_expressions() -> Vec<(String, String)> {
    let text = std::fs::read_to_string(dir().join("alerts.yml")).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    let mut folded = false;
    for line in text.lines() {
        let (indent, line) = (line.len() - line.trim_start().len(), line.trim());
        if let Some(name) = line.strip_prefix("- alert: ") {
            found.push((name.to_owned(), String::new()));
        } else if let Some(expr) = line.strip_prefix("expr: ") {
            folded = expr == ">-";
            if !folded {
                found.last_mut().unwrap().1 = expr.to_owned();
            }
        } else if folded && indent > 8 {
            let expr = &mut found.last_mut().unwrap().1;
            expr.push_str(line);
            expr.push(' ');
        } else {
            folded = false;
        }
    }
    found
}

/// One count of everything, as a running house has after a while.
pub fn count(metrics: &Metrics) {
    for source in ["bluesky", "feeds"] {
        metrics.source_up.with_label_values(&[source]).set(1);
        metrics
            .source_last_event
            .with_label_values(&[source, "change"])
            .set(1_790_000_000.0);
        metrics.source_lag.with_label_values(&[source]).set(0.4);
        let used = [source, "day"];
        metrics.source_used.with_label_values(&used).set(0.3);
        metrics
            .source_events
            .with_label_values(&[source, "change"])
            .inc_by(7);
        metrics
            .source_rejected
            .with_label_values(&[source, "malformed"])
            .inc();
        metrics.mentions.with_label_values(&[source]).inc();
        metrics.unmatched.with_label_values(&[source]).inc_by(6);
    }
    metrics.watch_matches.with_label_values(&["minister"]).inc();
    metrics
        .stances
        .with_label_values(&["minister", Stance::Critical.as_str()])
        .inc();
    metrics
        .flags
        .with_label_values(&["minister", FlagKind::Enquiry.as_str()])
        .inc();
    for histogram in [
        &metrics.stored_seconds,
        &metrics.searchable_seconds,
        &metrics.index_commit_seconds,
    ] {
        histogram.observe(0.02);
    }
    metrics.store_seq.set(9);
    metrics.follower_seq.with_label_values(&["index"]).set(8);
    metrics.mails.with_label_values(&["accepted"]).inc();
    metrics
        .requests
        .with_label_values(&["/", "2xx"])
        .observe(0.003);
}

/// Name, and labels of all series, of every metric that a house tells.
async fn told() -> BTreeMap<String, BTreeSet<String>> {
    let house = House::open(Config::default()).await;
    count(&house.metrics);
    let text = house.get("/metrics").await.body;
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let known = told.entry(name.to_owned()).or_default();
        known.extend(
            labels
                .split(',')
                .filter_map(|pair| Some(pair.split_once('=')?.0.to_owned())),
        );
    }
    told
}

/// The metrics of an expression, each with the labels that its selector names.
fn selectors(expr: &str) -> Vec<(String, Vec<String>)> {
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect()
    };
    let found = expr.match_indices("resonanz_").map(|(at, _)| {
        let name = word(&expr[at..]);
        let rest = &expr[at + name.len()..];
        let inside = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split('}').next())
            .unwrap_or("");
        (
            name,
            inside
                .split(',')
                .map(word)
                .filter(|label| !label.is_empty())
                .collect(),
        )
    });
    found.collect()
}

#[tokio::test]
async fn every_expression_names_metrics_and_labels_that_exist() {
    let told = told().await;
    let rules = rule_expressions();
    assert!(
        rules.len() >= 10 && rules.iter().all(|(_, expr)| !expr.is_empty()),
        "{rules:?}"
    );
    let panels = panel_expressions();
    assert!(panels.len() >= 30, "{}", panels.len());
    for (place, expr) in panels.iter().chain(&rules) {
        for (name, labels) in selectors(expr) {
            let known = told
                .get(&name)
                .unwrap_or_else(|| panic!("{place}: no metric `{name}`"));
            for label in labels {
                assert!(
                    known.contains(&label),
                    "{place}: `{name}` has no label `{label}`"
                );
            }
        }
    }
}

#[test]
fn the_dashboard_has_the_shape_that_grafana_reads() {
    let dashboard = dashboard();
    assert_eq!(dashboard["uid"], "resonanz");
    assert_eq!(dashboard["title"], "Resonanz");
    assert!(
        dashboard["schemaVersion"].as_i64().unwrap() >= 39,
        "Grafana 11 writes 39"
    );
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<&str> = variables
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["datasource", "source", "watch"]);
    let mut ids = BTreeSet::new();
    let mut places = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(
            ids.insert(panel["id"].as_i64().unwrap()),
            "{title}: an id twice"
        );
        let grid = |side: &str| panel["gridPos"][side].as_i64().unwrap();
        assert!(grid("x") + grid("w") <= 24, "{title}: wider than the grid");
        for x in grid("x")..grid("x") + grid("w") {
            for y in grid("y")..grid("y") + grid("h") {
                assert!(places.insert((x, y)), "{title}: lies on another panel");
            }
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(
            !panel["description"].as_str().unwrap().is_empty(),
            "{title}: says nothing of itself"
        );
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title}: shows nothing");
        for target in targets {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
}
