//! Named pages against a server on loopback.

use super::{hurried, look, page};
use crate::neighbours::http::{Neighbour, response};
use jiff::{Timestamp, ToSpan};
use resonanz::clock::Clock;
use resonanz::collect::site::{Site, SiteConfig};
use resonanz::collect::source::{Source, SourceError, Standing};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn config(pages: &[String]) -> SiteConfig {
    let allow = ["127.0.0.1"];
    let text = serde_json::json!({"pages": pages, "allow_private": allow, "official": true});
    serde_json::from_value(text).unwrap()
}

#[tokio::test]
async fn a_page_is_told_once_and_then_what_is_new_on_it() {
    let round = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&round);
    let server = Neighbour::start(move |request| {
        match (request.path.as_str(), now.load(Ordering::SeqCst)) {
            ("/a", 0 | 1) => response(
                200,
                &[("Content-Type", "text/html")],
                &page("", "Es bleibt alles beim Alten."),
            ),
            ("/a", _) => response(
                200,
                &[("Content-Type", "text/html")],
                &page("", "Es ändert sich ab morgen einiges."),
            ),
            ("/b", 0) => response(500, &[], b""),
            ("/b", _) => response(
                200,
                &[("Content-Type", "text/html")],
                &page("", "Die zweite Seite antwortet wieder."),
            ),
            _ => response(404, &[], b""),
        }
    })
    .await;
    let start: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    let clock = Clock::simulated(start);
    let pages = [server.url("/a"), server.url("/b")];
    let site = hurried(Site::with_clock("amt", &config(&pages), &clock).unwrap());
    assert!(site.is_official());

    // One page that does not answer hides no other, and is no silence.
    let first = look(&site, None).await;
    assert_eq!(first.items.len(), 1);
    assert_eq!(first.items[0].id, pages[0]);
    assert!(first.items[0].text.contains("beim Alten"));
    assert!(matches!(first.error, Some(SourceError::Transient(_))));

    round.store(1, Ordering::SeqCst);
    let second = look(&site, first.cursor.as_ref()).await;
    assert_eq!((second.items.len(), second.error), (1, None));
    assert_eq!(second.items[0].url.as_deref(), Some(pages[1].as_str()));

    round.store(2, Ordering::SeqCst);
    clock.advance_to(start + 1.hour());
    let third = look(&site, second.cursor.as_ref()).await;
    assert_eq!(third.items.len(), 1);
    assert_eq!(third.items[0].text, "Es ändert sich ab morgen einiges.");
    assert_eq!(third.items[0].published, Some(start + 1.hour()));
    let fourth = look(&site, third.cursor.as_ref()).await;
    assert_eq!(fourth.items.len(), 0);
    // Slow pages do not hang: each is a sign of life.
    assert_eq!(fourth.quiet, pages.len() + 1);
}

#[tokio::test]
async fn a_page_that_is_gone_is_said_aloud() {
    let server = Neighbour::start(|_| response(404, &[], b"")).await;
    let site = Site::new("amt", &config(&[server.url("/weg")])).unwrap();
    let look = look(&site, None).await;
    assert_eq!((look.rejected, look.items.len(), look.error), (1, 0, None));
    assert!(matches!(site.check().await, Standing::Unreachable(why) if why.contains("/weg")));
}

#[test]
fn settings_are_checked() {
    let refused = |pages: &[&str], every: u64| {
        let pages: Vec<String> = pages.iter().map(|page| (*page).to_owned()).collect();
        let config = SiteConfig {
            every_secs: every,
            ..config(&pages)
        };
        Site::new("amt", &config).map(drop).unwrap_err().to_string()
    };
    assert!(refused(&[], 900).contains("`pages`"));
    assert!(refused(&["ftp://a.example/"], 900).contains("`pages`"));
    assert!(refused(&["https://a.example/"; 51], 900).contains("`pages`"));
    assert!(refused(&["https://a.example/"], 299).contains("`every_secs`"));
}
