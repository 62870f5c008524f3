//! Bluesky's search: what is asked for, what becomes of it, and what is asked the next time.

use crate::neighbours::http::{Neighbour, Reply, Request};
use futures_util::StreamExt;
use jiff::ToSpan;
use resonanz::clock::Clock;
use resonanz::collect::bluesky_search::{BlueskySearch, BlueskySearchConfig};
use resonanz::collect::source::{Collected, Event, Sought, Source, SourceError, Standing};
use resonanz::model::{Change, Cursor};
use resonanz::query::Query;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use url::Url;

fn json_reply(status: &str, body: &Value) -> Reply {
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n");
    Reply::Bytes(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

/// Asked for a term, it has two pages of a post each.
fn pages(request: &Request) -> Reply {
    let url = Url::parse("http://x").unwrap().join(&request.path).unwrap();
    let asked = |key: &str| {
        let mut pairs = url.query_pairs();
        pairs
            .find(|(name, _)| name == key)
            .map(|(_, v)| v.into_owned())
    };
    if url.path().ends_with("createSession") {
        return json_reply(
            "200 OK",
            &json!({"did": "did:plc:haus", "accessJwt": "ein-token"}),
        );
    }
    let (term, cursor) = (asked("q").unwrap(), asked("cursor"));
    let rkey = format!("{}{}", term.len(), cursor.as_deref().unwrap_or("a"));
    let post = json!({
        "uri": format!("at://did:plc:a/app.bsky.feed.post/{rkey}"),
        "indexedAt": "2026-11-29T03:00:00Z",
        "record": {"text": format!("Beitrag zu {term}"), "createdAt": "2026-11-29T02:59:00Z"},
    });
    let next = cursor.is_none().then_some("b");
    json_reply(
        "200 OK",
        &json!({"posts": [post, {"odd": 1}], "cursor": next}),
    )
}

fn config(neighbour: &Neighbour) -> BlueskySearchConfig {
    BlueskySearchConfig {
        url: neighbour.url(""),
        ..BlueskySearchConfig::default()
    }
}

fn clock() -> Clock {
    Clock::simulated("2026-11-29T04:00:00Z".parse().unwrap())
}

pub fn source(config: &BlueskySearchConfig, terms: &[&str], clock: &Clock) -> BlueskySearch {
    let sought = terms.iter().map(|term| Sought {
        watch: (*term).to_owned(),
        query: Query::parse(term).unwrap(),
    });
    let mut source = BlueskySearch::new("suche", config, clock.clone()).unwrap();
    source.listen_for(watch::channel(Arc::new(sought.collect())).1);
    source
}

/// One look: texts found, whether all of it was old news, and the position behind it.
async fn look(source: &BlueskySearch, resume: Option<Cursor>) -> (Vec<String>, Option<Cursor>) {
    assert!(source.is_backfill());
    let all: Vec<Result<Collected, SourceError>> = source.open(resume).collect().await;
    let mut texts = Vec::new();
    let mut cursor = None;
    for collected in all {
        let collected = collected.unwrap();
        cursor = collected.cursor.or(cursor);
        match collected.event {
            Event::Change(Change::Upsert(item)) => texts.push(item.text),
            Event::Rejected(rejection) => texts.push(rejection.reason.as_str().to_owned()),
            _ => {}
        }
    }
    (texts, cursor)
}

fn asked(neighbour: &Neighbour) -> Vec<String> {
    let urls = neighbour.requests().into_iter().map(|request| request.path);
    urls.map(|path| {
        path.trim_start_matches("/xrpc/app.bsky.feed.searchPosts?")
            .to_owned()
    })
    .collect()
}

#[tokio::test]
async fn every_word_is_looked_for_since_the_last_look_and_a_new_one_further_back() {
    let neighbour = Neighbour::start(pages).await;
    let clock = clock();
    let (found, cursor) = look(&source(&config(&neighbour), &["Köln"], &clock), None).await;
    let both = [
        "Beitrag zu Köln",
        "incomplete",
        "Beitrag zu Köln",
        "incomplete",
    ];
    assert_eq!(found, both);
    let first = "q=K%C3%B6ln&sort=latest&since=2026-11-27T04%3A00%3A00Z&limit=100";
    assert_eq!(
        asked(&neighbour),
        [first.to_owned(), format!("{first}&cursor=b")]
    );

    // A watch came along; the word of before overlaps a little.
    clock.advance_to(clock.now() + 1.hour());
    let words = ["Köln", "\"a b\""];
    let (found, cursor) = look(&source(&config(&neighbour), &words, &clock), cursor).await;
    assert_eq!(found.len(), 8);
    let since: Vec<String> = asked(&neighbour)[2..]
        .iter()
        .map(|asked| asked.split("&since=").nth(1).unwrap()[..22].to_owned())
        .collect();
    let (new, known) = ("2026-11-27T05%3A00%3A00", "2026-11-29T03%3A45%3A00");
    assert_eq!(since, [&new[..22], &new[..22], &known[..22], &known[..22]]);

    // What no watch looks for any more is not remembered.
    let (_, cursor) = look(&source(&config(&neighbour), &["\"a b\""], &clock), cursor).await;
    assert!(!cursor.unwrap().0.contains("Köln"));
}

#[tokio::test]
async fn a_look_has_bounds() {
    let neighbour = Neighbour::start(pages).await;
    let config = BlueskySearchConfig {
        max_terms: 2,
        max_pages: 1,
        ..config(&neighbour)
    };
    let long = format!("\"{} {}\"", "x".repeat(150), "y".repeat(150));
    let words = ["eins", "zwei", "drei", &long];
    let (_, cursor) = look(&source(&config, &words, &clock()), None).await;
    assert_eq!(neighbour.requests().len(), 2);
    // Those that were left out come first.
    look(&source(&config, &words, &clock()), cursor).await;
    assert!(
        asked(&neighbour)[2].starts_with("q=zwei&"),
        "{:?}",
        asked(&neighbour)
    );
}

#[tokio::test]
async fn an_account_asks_with_a_token_of_its_password() {
    let neighbour = Neighbour::start(pages).await;
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "app-pass-word\n").unwrap();
    let config = BlueskySearchConfig {
        identifier: "house.test".into(),
        password_file: Some(password.path().to_owned()),
        ..config(&neighbour)
    };
    let source = source(&config, &["eins"], &clock());
    assert_eq!(source.check().await, Standing::Works);
    let requests = neighbour.requests();
    assert_eq!(requests[0].path, "/xrpc/com.atproto.server.createSession");
    assert_eq!(
        requests[1].header("authorization"),
        Some("Bearer ein-token")
    );
}

#[tokio::test]
async fn refusals_end_the_look_and_keep_what_was_reached() {
    let neighbour = Neighbour::start(|request| match request.path.contains("zwei") {
        true => json_reply("429 X\r\nRetry-After: 7", &json!({})),
        false => pages(request),
    })
    .await;
    let source = source(&config(&neighbour), &["eins", "zwei"], &clock());
    let all: Vec<Result<Collected, SourceError>> = source.open(None).collect().await;
    let last = all.last().unwrap().as_ref().unwrap_err();
    assert_eq!(last.to_string(), "rate limited, wait 7 s");
    let cursors = all
        .iter()
        .filter_map(|collected| collected.as_ref().ok()?.cursor.clone());
    assert_eq!(cursors.count(), 1, "the first word was done");
    let closed = Neighbour::start(|_| json_reply("403 X", &json!({}))).await;
    let standing = self::source(&config(&closed), &["eins"], &clock())
        .check()
        .await;
    assert_eq!(standing, Standing::NeedsKey("HTTP 403".into()));
}

#[test]
fn settings_that_make_no_sense_are_told_by_their_key() {
    let fault = |change: fn(&mut BlueskySearchConfig)| {
        let mut config = BlueskySearchConfig::default();
        change(&mut config);
        BlueskySearch::new("s", &config, clock()).unwrap_err()
    };
    assert!(fault(|c| c.url = "wss://x.example".into()).contains("`url`"));
    assert!(fault(|c| c.every_secs = 60).contains("`every_secs`"));
    assert!(fault(|c| c.max_pages = 0).contains("`max_pages`"));
    assert!(fault(|c| c.identifier = "a.test".into()).contains("`password_file`"));
}
