//! What others made, read as from the network: sitemaps by the generator that many publishers' sites
//! run, and pages of authorities as they once stood on the web (`tests/peers/install`).

use super::real_pages::pages;
use super::{PATIENT, config, hurried, look};
use crate::neighbours::http::{Neighbour, response};
use jiff::Timestamp;
use resonanz::clock::Clock;
use resonanz::collect::poller::Poller;
use resonanz::collect::site::{Site, SiteConfig};
use resonanz::collect::sitemap;
use resonanz::model::Item;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// A running generator, which ends with its standard input.
struct Generator {
    child: Child,
    url: String,
}

impl Generator {
    fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/sitemap");
        let mut child = Command::new(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        if line.is_empty() {
            let _ = child.wait();
            crate::skipped::skipped("the peer sitemap is not installed (tests/peers/install)");
            return None;
        }
        let hello: Value = serde_json::from_str(&line).unwrap();
        let url = hello["url"].as_str().unwrap().to_owned();
        Some(Self { child, url })
    }

    fn source(&self, path: &str) -> Poller {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let config = config(&format!("{}{path}", self.url), "");
        hurried(sitemap::with_limits("s", &config, &Clock::simulated(now), PATIENT).unwrap())
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn told(item: &Item) -> (Option<&str>, String) {
    let at = item.published.map(|at| at.to_string());
    (item.title.as_deref(), at.unwrap_or_default())
}

#[tokio::test]
async fn sitemaps_of_a_real_generator_are_read() {
    let Some(generator) = Generator::start() else {
        return;
    };
    let news = generator.source("/news.xml");
    let first = look(&news, None).await;
    assert_eq!((first.error, first.rejected), (None, 0));
    let items: Vec<_> = first.items.iter().map(told).collect();
    let border = Some("Grenze: „Es bleibt dabei“ & mehr <live>");
    let comment = Some("Was die Ministerin nicht sagt – 'ein' Kommentar 🗞");
    let expected = [
        (border, "2026-11-23T08:00:00Z".to_owned()),
        (comment, "2026-11-23T00:00:00Z".to_owned()),
    ];
    assert_eq!(items, expected, "a page without a headline says nothing");
    let address = |path: &str| Some(format!("{}{path}", generator.url));
    assert_eq!(first.items[0].url, address("/politik/grenze"));
    assert_eq!(first.items[1].url, address("/meinung/kommentar?id=7"));
    let edited = first.items[0].edited.map(|at| at.to_string());
    assert_eq!(edited.as_deref(), Some("2026-11-23T11:30:00Z"));
    assert_eq!(first.items[0].lang.as_deref(), Some("de"));
    assert_eq!(look(&news, first.cursor.as_ref()).await.items, []);

    // An index, its newest part first, one of them packed.
    let parts = look(&generator.source("/index.xml"), None).await;
    assert_eq!((parts.error, parts.rejected), (None, 0));
    let titles: Vec<_> = parts.items.iter().map(|item| told(item).0).collect();
    assert_eq!(titles, [Some("Teil 1"), Some("Teil 0")]);
}

/// Pages of authorities, and words that each of them says.
const AUTHORITIES: [(&str, &str); 3] = [
    (
        "bmjv.de.konsum",
        "Falls Sie kürzlich einen Kreditvertrag abgeschlossen",
    ),
    (
        "brandenburg.de.homo-brandenburgensis",
        "Sich kurz zu fassen",
    ),
    ("eza.gv.at", "Außenministerin Karin Kneissl nahm am 3. Juli"),
];

#[tokio::test]
async fn pages_of_authorities_are_told_once_and_then_what_is_new_on_them() {
    let Some(saved) = pages() else { return };
    let bodies: Vec<Vec<u8>> = AUTHORITIES
        .iter()
        .map(|(name, _)| std::fs::read(saved.join(format!("{name}.html"))).unwrap())
        .collect();
    let bodies = Arc::new(Mutex::new(bodies));
    let shown = Arc::clone(&bodies);
    let server = Neighbour::start(move |request| {
        let number = request
            .path
            .strip_prefix('/')
            .and_then(|n| n.parse::<usize>().ok());
        let bodies = shown.lock().unwrap();
        match number.and_then(|number| bodies.get(number)) {
            Some(body) => response(200, &[("Content-Type", "text/html; charset=utf-8")], body),
            None => response(404, &[], b""),
        }
    })
    .await;
    let addresses: Vec<String> = (0..AUTHORITIES.len())
        .map(|number| server.url(&format!("/{number}")))
        .collect();
    let config = json!({"pages": addresses, "allow_private": ["127.0.0.1"], "official": true});
    let config: SiteConfig = serde_json::from_value(config).unwrap();
    let site = hurried(Site::new("amt", &config).unwrap());

    let first = look(&site, None).await;
    assert_eq!((first.error, first.rejected), (None, 0));
    assert_eq!(first.items.len(), AUTHORITIES.len());
    for (item, (name, words)) in first.items.iter().zip(AUTHORITIES) {
        assert!(item.text.contains(words), "{name}: {:.400}", item.text);
        assert!(item.title.is_some(), "{name}");
    }
    let second = look(&site, first.cursor.as_ref()).await;
    assert_eq!((second.items.len(), second.error), (0, None));

    // Each says one thing more, in the paragraph behind the words that are known.
    for (body, (name, words)) in bodies.lock().unwrap().iter_mut().zip(AUTHORITIES) {
        let html = String::from_utf8(std::mem::take(body)).unwrap();
        let (before, from) = html.split_once(words).unwrap();
        let (paragraph, after) = from.split_once("</p>").unwrap();
        let new = format!("<p>Neu bei {name}: Ab morgen gelten andere Regeln für alle.</p>");
        *body = format!("{before}{words}{paragraph}</p>{new}{after}").into_bytes();
    }
    let third = look(&site, second.cursor.as_ref().or(first.cursor.as_ref())).await;
    let news: Vec<&str> = third.items.iter().map(|item| item.text.as_str()).collect();
    let expected = AUTHORITIES
        .map(|(name, _)| format!("Neu bei {name}: Ab morgen gelten andere Regeln für alle."));
    assert_eq!(news, expected);
}
