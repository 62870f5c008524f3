//! Through a whole house: what is kept of somebody's page, and what of an official one.

use super::{PATIENT, config};
use crate::neighbours::http::{Neighbour, response};
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::clock::Clock;
use resonanz::collect::feed::Feed;
use resonanz::config;
use resonanz::store::{Change, StoredMention};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const FILLER: &str = "Der Ausschuss hat am Montag lange beraten, und es ging um vieles. ";
const REVIEW: &str = "<script type=\"application/ld+json\">{\"@type\": \"ClaimReview\", \"claimReviewed\": \
    \"Die Grenze ist zu, sagt @anna_muster\", \"reviewRating\": {\"alternateName\": \"Falsch\"}}</script>";

async fn site() -> Neighbour {
    Neighbour::start(|request| {
        let host = format!("http://{}", request.header("host").unwrap());
        let filler = FILLER.repeat(12);
        match request.path.as_str() {
            "/feed" => {
                let feed = format!("<rss version=\"2.0\"><channel><item><title>Aus dem Ausschuss</title>\
                    <link>{host}/a</link><description>Kurz.</description></item></channel></rss>");
                response(200, &[], feed.as_bytes())
            }
            "/a" => {
                let page = format!("<html lang=\"de\"><head><title>Ausschuss</title>{REVIEW}</head><body><article>\
                    <h1>Aus dem Ausschuss</h1><p>Erster Satz. {filler}</p><p>Das Bundesinnenministerium schwieg dazu. \
                    {filler}</p></article></body></html>");
                response(200, &[("Content-Type", "text/html")], page.as_bytes())
            }
            _ => response(404, &[], b""),
        }
    })
    .await
}

async fn start(dir: &Path, server: &Neighbour, extra: &str) -> Running {
    let today = jiff::Zoned::now().date();
    let mut settings = config::load(None, HashMap::new(), today).unwrap();
    settings.dir = dir.to_owned();
    let house = House::open(&settings).await.unwrap();
    let feed = config(&server.url("/feed"), extra);
    let feed = Feed::with_limits("presse", &feed, &Clock::system(), PATIENT).unwrap();
    let options = Options {
        sources: vec![Box::new(super::hurried(feed))],
        ..Options::offline()
    };
    let app = App::build(house, settings, options).unwrap();
    app.start(CancellationToken::new()).await.unwrap()
}

/// The one mention that comes.
async fn mention(extra: &str) -> (tempfile::TempDir, StoredMention) {
    let server = site().await;
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), &server, extra).await;
    let found = crate::house::soon("the mention", async {
        loop {
            if let Some(Change::Present(found)) =
                running.store().changes_after(0, 1).await.unwrap().pop()
            {
                return *found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    running
        .finish(Duration::from_secs(20), Ending::CaughtUp)
        .await
        .unwrap();
    (dir, found)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_somebodys_page_the_beginning_and_what_matched_are_kept() {
    let (dir, found) = mention(", \"articles\": true").await;
    assert!(found.text.contains("Erster Satz."), "{}", found.text);
    assert!(
        found
            .text
            .contains("[…] Das Bundesinnenministerium schwieg dazu. […]"),
        "{}",
        found.text
    );
    assert!(found.text.len() < 700, "{}", found.text);
    assert!(!found.marks.official);
    // A fact check's verdict goes along, masked like every word.
    let review = found.marks.review.unwrap();
    assert_eq!(review.rating, "Falsch");
    assert!(
        review.claim.starts_with("Die Grenze ist zu") && !review.claim.contains("anna_muster"),
        "{}",
        review.claim
    );
    crate::sweep::assert_absent(dir.path(), "anna_muster");
    let shown: Vec<&str> = found.matches[0]
        .spans
        .iter()
        .map(|span| &found.text[span.start as usize..span.end as usize])
        .collect();
    assert!(shown.contains(&"Bundesinnenministerium"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_official_is_kept_in_full_and_marked() {
    let (_dir, found) = mention(", \"official\": true").await;
    assert!(found.marks.official);
    assert!(
        found.text.len() > 1_400 && !found.text.contains("[…]"),
        "{}",
        found.text.len()
    );
}
