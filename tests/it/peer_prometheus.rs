//! A real Prometheus scrapes a running house, and evaluates every expression of the dashboard and
//! of the rules on what it scraped. `promtool` checks configuration and rules, and runs the rules'
//! own tests. Started by `tests/peers/prometheus`, which ends when its standard input does.

use super::dashboards::{count, dir, panel_expressions, rule_expressions};
use super::http::{Answer, ask};
use super::serve_house::House;
use resonanz::serve::Config;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::{Instant, interval};
use url::form_urlencoded;

/// Scrapes come every second; a busy machine may take its time.
const LIMIT: Duration = Duration::from_secs(60);

fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {program} is not installed; nobody checked the dashboards with it");
    }
    found
}

fn promtool(arguments: &[&str], file: &str) {
    let output = Command::new("promtool")
        .args(arguments)
        .arg(dir().join(file))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} {file}: {told}");
}

#[test]
fn promtool_finds_no_fault() {
    if !is_installed("promtool") {
        return;
    }
    promtool(&["check", "config"], "prometheus.yml");
    promtool(&["check", "rules"], "alerts.yml");
    promtool(&["test", "rules"], "alerts_test.yml");
}

/// A running Prometheus. Dropped, its standard input closes and it ends.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// `None` where it is not installed.
    fn start(target: SocketAddr, dir: &Path) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/prometheus");
        if !is_installed("prometheus") || !script.exists() {
            eprintln!("SKIPPED: no Prometheus scraped the metrics");
            return None;
        }
        let mut child = Command::new(script)
            .arg("--config")
            .arg(write_config(dir))
            .args(["--target", &target.to_string(), "--dir"])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let ready: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line}"));
        let address = ready["url"].as_str().unwrap().trim_start_matches("http://");
        Some(Self {
            child,
            address: address.trim_end_matches('/').parse().unwrap(),
        })
    }

    async fn get(&self, path: &str) -> Value {
        let host = self.address.to_string();
        let answer: Answer = ask(self.address, "GET", path, &[("host", &host)], "").await;
        answer.json()
    }

    /// Evaluates an expression now; gives the number of series, or what is wrong with it.
    async fn evaluate(&self, expr: &str) -> Result<usize, String> {
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("query", expr)
            .finish();
        let answer = self.get(&format!("/api/v1/query?{query}")).await;
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"]["result"].as_array().map_or(0, Vec::len)),
            _ => Err(answer["error"].to_string()),
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Our own configuration, with a short interval and the rules by their whole path.
fn write_config(into: &Path) -> std::path::PathBuf {
    let ours = std::fs::read_to_string(dir().join("prometheus.yml")).unwrap();
    let rules = dir().join("alerts.yml").display().to_string();
    let fast = ours
        .replace(": 15s", ": 1s")
        .replace("- alerts.yml", &format!("- {rules}"));
    assert!(fast.contains(&rules) && fast.contains(": 1s"), "{fast}");
    let path = into.join("fast.yml");
    std::fs::write(&path, fast).unwrap();
    path
}

/// Asks until an expression has data; counts on meanwhile, so that rates have something to show.
async fn until(prometheus: &Prometheus, house: &House, expr: &str) {
    let end = Instant::now() + LIMIT;
    let mut pause = interval(Duration::from_millis(200));
    while prometheus.evaluate(expr).await.unwrap() == 0 {
        assert!(
            Instant::now() < end,
            "Prometheus never had data for: {expr}"
        );
        count(&house.metrics);
        pause.tick().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_evaluates_every_expression() {
    let house = House::open(Config::default()).await;
    count(&house.metrics);
    let dir = tempfile::tempdir().unwrap();
    let Some(prometheus) = Prometheus::start(house.address, dir.path()) else {
        return;
    };
    until(&prometheus, &house, "up{job=\"resonanz\"} == 1").await;
    until(&prometheus, &house, "resonanz_mentions_total > 0").await;
    // Rates need two points, and counters that moved between them.
    until(&prometheus, &house, "rate(resonanz_mentions_total[5m]) > 0").await;
    let mut faults = Vec::new();
    for (place, expr) in panel_expressions() {
        match prometheus.evaluate(&expr).await {
            Ok(0) => faults.push(format!("{place}: no data: {expr}")),
            Ok(_) => {}
            Err(error) => faults.push(format!("{place}: {error}: {expr}")),
        }
    }
    // A rule that finds nothing is at peace; what it compares must be there all the same.
    for (name, expr) in rule_expressions() {
        if let Err(error) = prometheus.evaluate(&expr).await {
            faults.push(format!("{name}: {error}: {expr}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let rules = prometheus.get("/api/v1/rules").await;
    let loaded = rules["data"]["groups"][0]["rules"].as_array().unwrap();
    assert_eq!(loaded.len(), rule_expressions().len());
    let firing: Vec<&Value> = loaded
        .iter()
        .filter(|rule| rule["state"] == "firing")
        .map(|rule| &rule["name"])
        .collect();
    assert!(
        firing.is_empty(),
        "a healthy house raises no alarm: {firing:?}"
    );
}
