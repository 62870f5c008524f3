//! Feeds and sitemaps.

use super::list::{limits, start};
use super::{Fault, Kind};
use crate::neighbours::http::{Reply, Request, response};
use crate::sources_x::secret;
use resonanz::clock::Clock;
use resonanz::collect::feed::{self, FeedConfig};
use resonanz::collect::feed_push::PushedFeed;
use resonanz::collect::sitemap;
use resonanz::collect::source::Source;
use resonanz::model::Change;
use std::time::Duration;

pub struct Feed;
pub struct Brought;
pub struct Sitemap;

fn rss(items: &[Option<i64>]) -> Vec<u8> {
    let item = |n: &Option<i64>| match n {
        Some(n) => format!("<item><title>{n}</title><link>https://a.example/{n}</link></item>"),
        None => "<item><title>Ohne Adresse</title></item>".to_owned(),
    };
    let items: String = items.iter().map(item).collect();
    format!("<rss version=\"2.0\"><channel>{items}</channel></rss>").into_bytes()
}

/// A sitemap's entry that is none is left out without a word; a page that is no sitemap is not.
fn map(items: &[Option<i64>]) -> Vec<u8> {
    let entry = |n: &i64| {
        format!(
            "<url><loc>https://a.example/{n}</loc><n:news><n:title>{n}</n:title></n:news></url>"
        )
    };
    let numbers: Option<Vec<i64>> = items.iter().copied().collect();
    let Some(numbers) = numbers else {
        return b"<html><body>Sitemap</body></html>".to_vec();
    };
    let entries: String = numbers.iter().map(entry).collect();
    format!("<urlset xmlns:n=\"x\">{entries}</urlset>").into_bytes()
}

/// Nothing is closed here.
fn no_rules(request: &Request) -> Option<Reply> {
    (request.path != "/list").then(|| response(404, &[], b""))
}

fn config(address: &str) -> FeedConfig {
    let config = serde_json::json!({
        "url": format!("{address}/list"), "allow_private": ["127.0.0.1"], "max_body_bytes": 100_000,
    });
    serde_json::from_value(config).unwrap()
}

fn number(change: &Change) -> i64 {
    let Change::Upsert(item) = change else {
        panic!("lists only tell what is there")
    };
    item.title.as_deref().unwrap().parse().unwrap()
}

impl Kind for Feed {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count, rss, no_rules).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let (config, clock) = (config(address), Clock::system());
        Box::new(feed::Feed::with_limits("feed", &config, &clock, limits(patience)).unwrap())
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}

/// The same with a hub that never brings anything: the looks must do.
impl Kind for Brought {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        Feed::start(fault, count).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let config = FeedConfig {
            callback: Some("https://amt.example/in/feed".parse().unwrap()),
            secret_file: Some(secret(
                "websub",
                "ein-geheimnis-von-zweiunddreissig-zeichen",
            )),
            ..config(address)
        };
        let source = PushedFeed::with_limits("feed", &config, &Clock::system(), limits(patience));
        Box::new(source.unwrap())
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}

impl Kind for Sitemap {
    const TAKES_TURNS: bool = true;

    async fn start(fault: Fault, count: i64) -> Option<(Box<dyn super::Neighbour>, String)> {
        start(fault, count, map, no_rules).await
    }

    fn source(address: &str, patience: Duration) -> Box<dyn Source> {
        let (config, clock) = (config(address), Clock::system());
        Box::new(sitemap::with_limits("sitemap", &config, &clock, limits(patience)).unwrap())
    }

    fn number(change: &Change) -> i64 {
        number(change)
    }
}
