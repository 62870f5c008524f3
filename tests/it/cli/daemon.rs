//! `run`: starts, answers, stops in order.

use super::*;
use crate::http::ask;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running `resonanz run`, its log line by line. Killed when dropped.
pub struct Daemon {
    child: Child,
    log: Receiver<String>,
    pub seen: Vec<String>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    pub fn start(args: &[&str]) -> Self {
        let mut child = resonanz(args).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = sync_channel(1024);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let seen = Vec::new();
        Self { child, log, seen }
    }

    pub fn address(&mut self) -> SocketAddr {
        let line = self.wait_for("address=");
        line.split("address=").nth(1).unwrap().parse().unwrap()
    }

    /// Waits for the next line of the log that holds this.
    pub fn wait_for(&mut self, words: &str) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|e| panic!("{e}: {:?}", self.seen));
            self.seen.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    pub fn signal(&self, name: &str) {
        let (name, pid) = (format!("-{name}"), self.child.id().to_string());
        let sent = Command::new("kill").args([&name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end, and gives the exit code.
    pub fn end(&mut self) -> Option<i32> {
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap().code(),
                Err(RecvTimeoutError::Timeout) => panic!("does not end: {:?}", self.seen),
            }
        }
    }
}

#[tokio::test]
async fn the_house_starts_answers_and_stops_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    let settings = format!("{SILENT}[serve]\nlisten = '127.0.0.1:0'\n");
    let config = written(&dir, "house.toml", &settings);
    let mut daemon = Daemon::start(&["run", "--config", &config, "--dir", &data]);
    let address = daemon.address();
    let health = ask(address, "GET", "/healthz", &[("host", "127.0.0.1")], "").await;
    assert_eq!(health.status, 200, "{health:?}");
    let ready = ask(address, "GET", "/readyz", &[("host", "127.0.0.1")], "").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    let second = run(&["replay", IMPORT, "--dir", &data]);
    assert_eq!(second.code, 1, "{second:?}");
    assert!(
        second.err.contains("another resonanz works on"),
        "{second:?}"
    );
    let search = run(&["search", "", "--dir", &data]);
    assert_eq!(search.code, 0, "searching needs no stop: {search:?}");
    daemon.signal("TERM");
    assert_eq!(daemon.end(), Some(0), "{:?}", daemon.seen);
    let log = daemon.seen.join("\n");
    assert!(log.contains("Stopping."), "{log}");
    assert!(log.contains("Watches name a handle"), "{log}");
    assert!(log.contains("nobody is mailed"), "{log}");
    assert!(!log.contains('\x1b'), "colours are for terminals: {log}");
    assert!(!log.contains("ERROR"), "{log}");
}
