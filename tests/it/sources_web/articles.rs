//! Teasers become articles, where that is wanted and allowed, and nothing that is here gets lost.

use super::{PATIENT, asked, config, hurried, look, page};
use crate::neighbours::http::{Neighbour, Reply, Request, response};
use resonanz::clock::Clock;
use resonanz::collect::feed::Feed;
use resonanz::collect::poller::Poller;
use resonanz::collect::source::Source;
use resonanz::model::Item;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const WITH_PAGES: &str = ", \"articles\": true";

fn feed(items: &[(&str, &str)], address: &str) -> Vec<u8> {
    let item = |(path, words): &(&str, &str)| {
        format!(
            "<item><title>Ausschuss</title><link>{address}{path}</link><description>{words}</description></item>"
        )
    };
    let items: String = items.iter().map(item).collect();
    format!("<rss version=\"2.0\"><channel>{items}</channel></rss>").into_bytes()
}

fn source(server: &Neighbour, extra: &str) -> Poller {
    let config = config(&server.url("/feed"), extra);
    hurried(Feed::with_limits("f", &config, &Clock::system(), PATIENT).unwrap())
}

/// A site with a feed of one teaser and its page.
async fn site(answers: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Neighbour {
    Neighbour::start(move |request| match request.path.as_str() {
        "/feed" => {
            let host = format!("http://{}", request.header("host").unwrap());
            response(200, &[], &feed(&[("/a", "Kurz gesagt.")], &host))
        }
        _ => answers(request),
    })
    .await
}

/// A teaser is markup, the words of a page are text.
fn said(item: &Item) -> String {
    format!("{}{}", item.html, item.text)
}

fn html(body: &[u8]) -> Reply {
    response(200, &[("Content-Type", "text/html; charset=utf-8")], body)
}

#[tokio::test]
async fn a_teaser_is_completed_from_its_page() {
    let server = site(|request| match request.path.as_str() {
        "/a" => html(&page("", "Die Ministerin schwieg.")),
        _ => response(404, &[], b""),
    })
    .await;
    let look_1 = look(&source(&server, WITH_PAGES), None).await;
    let item = &look_1.items[0];
    assert!(item.text.contains("Die Ministerin schwieg.") && !item.text.contains("Impressum"));
    assert!(item.whole_page, "somebody else's page is cut");
    assert_eq!(
        item.title.as_deref(),
        Some("Ausschuss"),
        "the feed's headline stays"
    );
    // The second look knows it and fetches no page.
    let before = asked(&server).len();
    let look_2 = look(&source(&server, WITH_PAGES), look_1.cursor.as_ref()).await;
    assert_eq!((look_2.items.len(), asked(&server).len()), (0, before + 1));

    let official = source(&server, ", \"official\": true, \"audience\": 250000");
    assert!(official.is_official());
    let looked = look(&official, None).await;
    assert_eq!(looked.items[0].audience, Some(250_000));
    assert!(
        !looked.items[0].whole_page,
        "what is official is kept in full"
    );

    // Without being asked, nobody's pages are fetched.
    let before = asked(&server).len();
    assert_eq!(
        said(&look(&source(&server, ""), None).await.items[0]),
        "Kurz gesagt."
    );
    assert_eq!(asked(&server).len(), before + 1);
}

#[tokio::test]
async fn what_is_closed_or_reserved_stays_a_teaser() {
    let teaser = |robots: &'static str,
                  head: &'static str,
                  header: (&'static str, &'static str)| async move {
        let server = site(move |request| match request.path.as_str() {
            "/a" => response(
                200,
                &[("Content-Type", "text/html"), header],
                &page(head, "Geheim."),
            ),
            "/robots.txt" if !robots.is_empty() => response(200, &[], robots.as_bytes()),
            _ => response(404, &[], b""),
        })
        .await;
        let look = look(&source(&server, WITH_PAGES), None).await;
        assert_eq!(
            said(&look.items[0]),
            "Kurz gesagt.",
            "{robots} {head} {header:?}"
        );
        assert!(!look.items[0].whole_page);
        asked(&server).contains(&"/a".to_owned())
    };
    let none = ("X-Other", "1");
    assert!(
        !teaser("User-agent: *\nDisallow: /a\n", "", none).await,
        "a closed page is not asked for"
    );
    assert!(teaser("", "<meta name=\"robots\" content=\"noarchive\">", none).await);
    assert!(teaser("", "<meta name=\"tdm-reservation\" content=\"1\">", none).await);
    assert!(teaser("", "", ("X-Robots-Tag", "noarchive")).await);
    assert!(teaser("", "", ("TDM-Reservation", "1")).await);
}

#[tokio::test]
async fn a_page_that_does_not_answer_is_tried_again_and_takes_nothing_away() {
    let round = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&round);
    let server = Neighbour::start(move |request| {
        let host = format!("http://{}", request.header("host").unwrap());
        let round = now.load(Ordering::SeqCst);
        match (request.path.as_str(), round) {
            ("/feed", 0 | 1) => {
                response(200, &[("ETag", "\"1\"")], &feed(&[("/a", "Kurz.")], &host))
            }
            ("/feed", _) => response(200, &[], &feed(&[("/a", "Kurz, neu.")], &host)),
            ("/a", 0 | 2) => response(500, &[], b""),
            ("/a", 1) => html(&page("", "Erste Fassung.")),
            ("/a", _) => html(&page("", "Zweite Fassung.")),
            _ => response(404, &[], b""),
        }
    })
    .await;
    let source = source(&server, WITH_PAGES);
    let mut cursor = None;
    let mut told = Vec::new();
    for i in 0..5 {
        round.store(i, Ordering::SeqCst);
        let look = look(&source, cursor.as_ref()).await;
        assert_eq!(look.error, None);
        // A page that was asked for is a sign of life, whatever comes of it.
        assert_eq!(look.quiet, if i == 4 { 1 } else { 2 });
        told.push(look.items.first().map(|item| {
            let fassung = ["Erste", "Zweite"]
                .into_iter()
                .find(|word| item.text.contains(word));
            (fassung.unwrap_or("Kurz"), item.edited.is_some())
        }));
        cursor = look.cursor.or(cursor);
    }
    let expected = [
        // The teaser goes on and is not remembered …
        Some(("Kurz", false)),
        Some(("Erste", false)),
        // … an edit whose page does not answer waits …
        None,
        Some(("Zweite", true)),
        None,
    ];
    assert_eq!(told, expected);
    // … and while something waits, the feed is asked for in full.
    let looks: Vec<_> = server
        .requests()
        .into_iter()
        .filter(|r| r.path == "/feed")
        .collect();
    assert_eq!(looks[1].header("if-none-match"), None);
    assert_eq!(looks[2].header("if-none-match"), Some("\"1\""));
}

#[tokio::test]
async fn a_server_that_asks_for_patience_is_left_alone_and_a_look_has_an_end() {
    let count = |limit: Option<&'static str>| async move {
        let server = Neighbour::start(move |request| {
            let host = format!("http://{}", request.header("host").unwrap());
            let many: Vec<String> = (0..40).map(|i| format!("/p{i}")).collect();
            let many: Vec<(&str, &str)> =
                many.iter().map(|path| (path.as_str(), "Kurz.")).collect();
            match request.path.as_str() {
                "/feed" => response(200, &[], &feed(&many, &host)),
                path if path.starts_with("/p") => match limit {
                    Some(after) => response(429, &[("Retry-After", after)], b""),
                    None => html(&page("", "Seite.")),
                },
                _ => response(404, &[], b""),
            }
        })
        .await;
        let look = look(&source(&server, WITH_PAGES), None).await;
        assert_eq!(
            (look.items.len(), look.error),
            (40, None),
            "every item goes on"
        );
        asked(&server)
            .iter()
            .filter(|path| path.starts_with("/p"))
            .count()
    };
    assert_eq!(count(Some("60")).await, 1);
    assert_eq!(count(None).await, resonanz::collect::article::MAX_PAGES);
}
