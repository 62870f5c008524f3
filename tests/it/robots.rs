//! `robots.txt` and reservations, against a server on loopback, as the feed source follows them.

use crate::neighbours::http::{Neighbour, Reply, Request, response};
use futures_util::StreamExt;
use resonanz::collect::feed::{Feed, FeedConfig};
use resonanz::collect::hosts::{Hosts, Rate};
use resonanz::collect::http::{Client, Limits};
use resonanz::collect::poller::Poller;
use resonanz::collect::robots::{Permission, Robots};
use resonanz::collect::source::{Event, Source, SourceError};
use resonanz::model::{Change, Item};
use serde_json::json;
use std::time::Duration;
use url::Url;

const TDMREP: &str = "/.well-known/tdmrep.json";

fn robots() -> Robots {
    let client = Client::new(&["127.0.0.1".to_owned()], "", Limits::default()).unwrap();
    let rate = Rate {
        every: Duration::from_micros(1),
        burst: 1000,
    };
    Robots::new(client.sharing(&Hosts::new(rate)))
}

/// A server with these two files; where one is missing, it is not there.
async fn server(files: [Option<(u16, &'static str)>; 2]) -> Neighbour {
    let answers = move |request: &Request| {
        let file = match request.path.as_str() {
            "/robots.txt" => files[0],
            TDMREP => files[1],
            _ => None,
        };
        file.map_or_else(
            || response(404, &[], b"<html>"),
            |(status, body)| response(status, &[], body.as_bytes()),
        )
    };
    Neighbour::start(answers).await
}

#[tokio::test]
async fn what_may_be_fetched() {
    let check = async |robots_txt, tdmrep, path: &str, expected: Permission| {
        let server = server([robots_txt, tdmrep]).await;
        let url: Url = server.url(path).parse().unwrap();
        let told = robots().may_fetch(&url).await;
        assert_eq!(told, expected, "{robots_txt:?} {tdmrep:?} {path}");
    };
    let closed = Some((
        200,
        "User-agent: *\nDisallow: /intern\nDisallow: /*?print\n",
    ));
    let all_closed = Some((200, "User-agent: *\nDisallow: /\n"));
    let reserved = Some((200, r#"[{"location": "/news/", "tdm-reservation": 1}]"#));
    check(None, None, "/a", Permission::Granted).await;
    check(closed, None, "/a", Permission::Granted).await;
    check(closed, None, "/intern/a", Permission::Closed).await;
    check(closed, None, "/a?print=1", Permission::Closed).await;
    check(all_closed, None, "/robots.txt", Permission::Granted).await;
    check(Some((401, "")), None, "/a", Permission::Granted).await;
    let failed = Permission::Unknown(SourceError::Server("HTTP 500".to_owned()));
    let limited = Permission::Unknown(SourceError::RateLimited { retry_after: None });
    check(Some((500, "")), None, "/a", failed.clone()).await;
    check(Some((503, "")), None, "/a", limited.clone()).await;
    check(Some((429, "")), None, "/a", limited).await;
    check(None, reserved, "/news/1", Permission::Reserved).await;
    check(None, reserved, "/about", Permission::Granted).await;
    check(closed, reserved, "/intern/a", Permission::Closed).await;
    check(None, Some((200, "<html>")), "/a", Permission::Granted).await;
    check(None, Some((500, "")), "/a", failed).await;
    // Nobody is there.
    let nowhere = Url::parse("http://127.0.0.1:1/a").unwrap();
    let told = robots().may_fetch(&nowhere).await;
    assert!(matches!(
        told,
        Permission::Unknown(SourceError::Transient(_))
    ));
}

#[tokio::test]
async fn the_files_are_asked_for_once_by_every_clone_and_however_it_went() {
    for status in [200, 404, 500] {
        let server = server([Some((status, "")), None]).await;
        let robots = robots();
        for path in ["/a", "/b", "/c"] {
            let url: Url = server.url(path).parse().unwrap();
            robots.clone().may_fetch(&url).await;
        }
        let asked = server.requests();
        let count = |path: &str| asked.iter().filter(|asked| asked.path == path).count();
        assert_eq!(count("/robots.txt"), 1, "{status}");
        assert!(count(TDMREP) <= 1 && asked.len() <= 2, "{status}");
    }
}

#[tokio::test]
async fn of_an_endless_file_the_beginning_counts() {
    let server = Neighbour::start(|request| match request.path.as_str() {
        "/robots.txt" => {
            let first = b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /a\n".to_vec();
            Reply::Endless(first, b"# and so on\n".repeat(999))
        }
        _ => response(404, &[], b""),
    })
    .await;
    let robots = robots();
    let told = async |path: &str| robots.may_fetch(&server.url(path).parse().unwrap()).await;
    assert_eq!(told("/a").await, Permission::Closed);
    assert_eq!(told("/b").await, Permission::Granted);
}

fn feed(server: &Neighbour, honours: bool) -> Poller {
    let config: FeedConfig = serde_json::from_value(json!({
        "url": server.url("/news/feed"), "allow_private": ["127.0.0.1"],
        "honour_opt_outs": honours,
    }))
    .unwrap();
    Feed::source("feed", &config).unwrap()
}

async fn look(feed: &Poller) -> Result<Vec<Item>, SourceError> {
    let mut items = Vec::new();
    let mut stream = feed.open(None);
    while let Some(step) = stream.next().await {
        if let Event::Change(Change::Upsert(item)) = step?.event {
            items.push(*item);
        }
    }
    Ok(items)
}

const RSS: &[u8] = b"<rss version=\"2.0\"><channel><item><title>Kopf</title>\
    <link>https://a.example/1</link><description>Text</description></item></channel></rss>";

/// A server with a feed, these rules, and this header on the feed.
async fn publisher(
    robots_txt: &'static str,
    tdmrep: &'static str,
    header: &'static [(&str, &str)],
) -> Neighbour {
    Neighbour::start(move |request| match request.path.as_str() {
        "/robots.txt" => response(200, &[], robots_txt.as_bytes()),
        TDMREP => response(200, &[], tdmrep.as_bytes()),
        _ => response(200, header, RSS),
    })
    .await
}

fn words(items: &[Item]) -> Vec<(&str, bool)> {
    let words = |item: &Item| !(item.text.is_empty() && item.html.is_empty());
    let both = items
        .iter()
        .map(|item| (item.title.as_deref().unwrap(), words(item)));
    both.collect()
}

#[tokio::test]
async fn a_closed_feed_is_not_fetched_unless_somebody_may() {
    let server = publisher("User-agent: *\nDisallow: /news/", "", &[]).await;
    let error = look(&feed(&server, true)).await.unwrap_err();
    assert!(matches!(&error, SourceError::Refused(why) if why.contains("honour_opt_outs")));
    assert!(
        server
            .requests()
            .iter()
            .all(|asked| asked.path != "/news/feed")
    );
    assert_eq!(
        words(&look(&feed(&server, false)).await.unwrap()),
        [("Kopf", true)]
    );
}

#[tokio::test]
async fn of_a_reserved_feed_only_headlines_are_taken() {
    let everything = r#"[{"location": "/", "tdm-reservation": 1}]"#;
    let check = async |tdmrep, header, honours, text: bool| {
        let server = publisher("", tdmrep, header).await;
        let items = look(&feed(&server, honours)).await.unwrap();
        assert_eq!(words(&items), [("Kopf", text)], "{tdmrep} {header:?}");
    };
    check("", &[], true, true).await;
    check(everything, &[], true, false).await;
    check(everything, &[], false, true).await;
    check("", &[("tdm-reservation", "1")], true, false).await;
    check("", &[("tdm-reservation", "1")], false, true).await;
    // The answer's own word is the nearer one.
    check(everything, &[("tdm-reservation", "0")], true, true).await;
    // A feed that wants to stay out of search results still wants to be read.
    check("", &[("X-Robots-Tag", "noindex")], true, true).await;
}
