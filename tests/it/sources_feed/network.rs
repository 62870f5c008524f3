//! The feed source against a server on loopback that can do everything wrong.

use crate::neighbours::http::{Neighbour, Reply, Request, gzip_bomb, gzip_stored, head, response};
use futures_util::StreamExt;
use jiff::{Timestamp, ToSpan};
use resonanz::clock::Clock;
use resonanz::collect::feed::{Feed, FeedConfig};
use resonanz::collect::http::Limits;
use resonanz::collect::poller::Poller;
use resonanz::collect::source::{Event, GapReason, Pace, Source, SourceError, Standing};
use resonanz::model::{Change, Cursor, Item};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Short enough for a test, long enough for a busy machine.
const PATIENT: Limits = Limits {
    header: Duration::from_secs(20),
    total: Duration::from_secs(40),
    grace: Duration::from_secs(20),
    min_bytes_per_sec: 1024,
    max_body_bytes: 0,
};

fn config(url: &str, extra: &str) -> FeedConfig {
    let text = format!(
        "{{\"url\": \"{url}\", \"allow_private\": [\"127.0.0.1\"], \
                        \"honour_opt_outs\": false{extra}}}"
    );
    serde_json::from_str(&text).unwrap()
}

fn feed_at(url: &str) -> Poller {
    Feed::with_limits("feed", &config(url, ""), &Clock::system(), PATIENT).unwrap()
}

/// Everything that one look brings, until its end or its first error.
async fn look(
    feed: &Poller,
    cursor: Option<&Cursor>,
) -> (Vec<Event>, Option<Cursor>, Option<SourceError>) {
    let mut stream = feed.open(cursor.cloned());
    let (mut events, mut moved) = (Vec::new(), None);
    while let Some(step) = stream.next().await {
        match step {
            Ok(collected) => {
                assert!(moved.is_none(), "the position moves last");
                moved = collected.cursor;
                events.push(collected.event);
            }
            Err(error) => return (events, moved, Some(error)),
        }
    }
    (events, moved, None)
}

fn items(events: &[Event]) -> Vec<&Item> {
    let item = |event| match event {
        &Event::Change(Change::Upsert(ref item)) => Some(item.as_ref()),
        _ => None,
    };
    events.iter().filter_map(item).collect()
}

async fn error_of(answers: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> SourceError {
    let server = Neighbour::start(answers).await;
    let (events, cursor, error) = look(&feed_at(&server.url("/feed")), None).await;
    assert_eq!(
        (events, cursor),
        (Vec::new(), None),
        "a failed look moves nothing"
    );
    error.expect("an error")
}

fn rss(items: &[(&str, &str)]) -> Vec<u8> {
    let item = |(id, words): &(&str, &str)| {
        format!("<item><title>{words}</title><link>https://zeitung.example/{id}</link></item>")
    };
    let items: String = items.iter().map(item).collect();
    format!("<rss version=\"2.0\"><channel>{items}</channel></rss>").into_bytes()
}

fn refused(error: &SourceError) -> bool {
    matches!(error, SourceError::Refused(_))
}

fn transient(error: &SourceError) -> bool {
    matches!(error, SourceError::Transient(_))
}

#[tokio::test]
async fn what_is_new_comes_once_and_an_edit_comes_again() {
    let round = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&round);
    let server = Neighbour::start(move |_| {
        let list: &[(&str, &str)] = match now.load(Ordering::SeqCst) {
            0 => &[("2", "zwei"), ("1", "eins")],
            1 => &[("3", "drei"), ("2", "zwei, neu"), ("1", "eins")],
            2 => &[("3", "drei")],
            _ => &[("3", "drei"), ("1", "eins")],
        };
        response(200, &[], &rss(list))
    })
    .await;
    let start: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    let clock = Clock::simulated(start);
    let feed = Feed::with_limits("feed", &config(&server.url("/"), ""), &clock, PATIENT).unwrap();

    let (events, first, error) = look(&feed, None).await;
    assert_eq!((items(&events).len(), error), (2, None));
    assert!(items(&events).iter().all(|item| item.edited.is_none()));

    round.store(1, Ordering::SeqCst);
    clock.advance_to(start + 1.hour());
    let (events, second, _) = look(&feed, first.as_ref()).await;
    let told: Vec<_> = items(&events)
        .iter()
        .map(|item| (item.title.clone(), item.edited))
        .collect();
    let edited = Some(start + 1.hour());
    assert_eq!(
        told,
        [
            (Some("drei".into()), None),
            (Some("zwei, neu".into()), edited)
        ]
    );

    // What dropped out of the list and came back is not new.
    let mut cursor = second;
    for last in [2, 3] {
        round.store(last, Ordering::SeqCst);
        let (events, moved, _) = look(&feed, cursor.as_ref()).await;
        assert_eq!(items(&events).len(), 0);
        cursor = moved.or(cursor);
    }
    let written = cursor.unwrap().0;
    assert!(
        !written.contains("zeitung") && !written.contains("drei"),
        "hashes only: {written}"
    );
}

#[tokio::test]
async fn no_edit_is_older_than_the_one_before_it() {
    let round = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&round);
    let server = Neighbour::start(move |_| {
        let (words, updated) = match now.load(Ordering::SeqCst) {
            // The publisher's clock is ahead of ours; then it states what is later than our last look;
            // then what is earlier than the last edit; then our clock is set back.
            0 => ("eins", "2026-11-23T10:05:00Z"),
            1 => ("zwei", "2026-11-23T10:05:00Z"),
            2 => ("drei", "2026-11-23T09:00:00Z"),
            3 => ("vier", "2026-11-23T12:30:00Z"),
            _ => ("fünf", "2026-11-23T12:30:00Z"),
        };
        let feed = format!(
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><id>https://a.example/1</id>\
             <title>{words}</title><published>2026-11-23T08:00:00Z</published>\
             <updated>{updated}</updated></entry></feed>"
        );
        response(200, &[], feed.as_bytes())
    })
    .await;
    let mut cursor = None;
    for (at, edited) in [
        ("2026-11-23T10:00:00Z", None),
        ("2026-11-23T11:00:00Z", Some("2026-11-23T10:05:00Z")),
        ("2026-11-23T12:00:00Z", Some("2026-11-23T12:00:00Z")),
        ("2026-11-23T13:00:00Z", Some("2026-11-23T12:30:00Z")),
        ("2026-11-23T12:50:00Z", Some("2026-11-23T13:00:00Z")),
    ] {
        let clock = Clock::simulated(at.parse().unwrap());
        let config = config(&server.url("/"), "");
        let feed = Feed::with_limits("feed", &config, &clock, PATIENT).unwrap();
        let (events, moved, _) = look(&feed, cursor.as_ref()).await;
        let expected: Option<Timestamp> = edited.map(|time| time.parse().unwrap());
        assert_eq!(items(&events)[0].edited, expected, "at {at}");
        cursor = moved;
        round.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_feed_that_moved_on_by_more_than_its_length_has_a_gap() {
    let round = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&round);
    let server = Neighbour::start(move |_| {
        let first = match now.load(Ordering::SeqCst) {
            0 => 0,
            // Two of twelve are known still.
            1 => 10,
            _ => 40,
        };
        let ids: Vec<String> = (first..first + 12).map(|n| n.to_string()).collect();
        let list: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "wort")).collect();
        response(200, &[], &rss(&list))
    })
    .await;
    let start: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
    let clock = Clock::simulated(start);
    let feed = Feed::with_limits("feed", &config(&server.url("/"), ""), &clock, PATIENT).unwrap();
    let mut cursor = None;
    let mut told = Vec::new();
    for hour in 0..4 {
        round.store(hour, Ordering::SeqCst);
        clock.advance_to(start + (hour as i64).hours());
        let (events, moved, _) = look(&feed, cursor.as_ref()).await;
        cursor = moved.or(cursor);
        let gaps = events.into_iter().filter_map(|event| match event {
            Event::Gap(gap) => Some((gap.from, gap.to, gap.reason)),
            _ => None,
        });
        told.extend(gaps);
    }
    let gap = (start + 1.hour(), start + 2.hours(), GapReason::Jump);
    assert_eq!(told, [gap]);
}

#[tokio::test]
async fn an_unchanged_feed_is_not_sent_again() {
    let server = Neighbour::start(|request| match request.header("if-none-match") {
        Some("W/\"a b\"") => response(304, &[], b""),
        _ => {
            let version = [
                ("ETag", "W/\"a b\""),
                ("Last-Modified", "Mon, 23 Nov 2026 10:00 GMT"),
            ];
            response(200, &version, &rss(&[("1", "eins")]))
        }
    })
    .await;
    let feed = feed_at(&server.url("/feed.xml"));
    let (_, cursor, _) = look(&feed, None).await;
    let (events, moved, error) = look(&feed, cursor.as_ref()).await;
    assert_eq!((events, moved, error), (vec![Event::Nothing], None, None));
    let asked = server.requests();
    assert_eq!(asked[0].header("if-none-match"), None);
    // Word for word, although this is no date that HTTP knows.
    assert_eq!(
        asked[1].header("if-modified-since"),
        Some("Mon, 23 Nov 2026 10:00 GMT")
    );
    assert!(
        asked[0]
            .header("user-agent")
            .unwrap()
            .starts_with("Resonanz/")
    );
    // Another address has other versions.
    let elsewhere = feed_at(&server.url("/other.xml"));
    let (events, _, _) = look(&elsewhere, cursor.as_ref()).await;
    assert_eq!(server.requests()[2].header("if-none-match"), None);
    assert_eq!(
        items(&events).len(),
        0,
        "the same item in another feed is known"
    );
}

#[tokio::test]
async fn refusals_and_patience() {
    let wait = |secs| SourceError::RateLimited {
        retry_after: Some(Duration::from_secs(secs)),
    };
    let told = error_of(|_| response(429, &[("Retry-After", "120")], b"")).await;
    assert_eq!(told, wait(120));
    let told = error_of(|_| {
        let date = ("Date", "Mon, 23 Nov 2026 10:00:00 GMT");
        response(
            503,
            &[date, ("Retry-After", "Mon, 23 Nov 2026 10:01:00 GMT")],
            b"",
        )
    })
    .await;
    assert_eq!(told, wait(60));
    let told = error_of(|_| response(410, &[], b"gone")).await;
    assert_eq!(told, SourceError::Refused("HTTP 410".to_owned()));
    let told = error_of(|_| response(500, &[], b"")).await;
    assert_eq!(told, SourceError::Server("HTTP 500".to_owned()));
    // Nobody asked whether it had changed.
    assert!(transient(&error_of(|_| response(304, &[], b"")).await));
}

#[tokio::test]
async fn redirects_are_followed_but_not_for_ever_and_not_everywhere() {
    let hop = |to: &str| response(301, &[("Location", to)], b"");
    let server = Neighbour::start(move |request| match request.path.as_str() {
        "/1" => response(308, &[("Location", "/2")], b""),
        "/2" => hop("feeds/3?x=1"),
        "/feeds/3?x=1" => response(200, &[], &rss(&[("1", "eins")])),
        _ => hop("/loop"),
    })
    .await;
    let (events, _, error) = look(&feed_at(&server.url("/1")), None).await;
    assert_eq!(error, None);
    assert_eq!(items(&events).len(), 1);
    let (_, _, error) = look(&feed_at(&server.url("/loop")), None).await;
    assert_eq!(
        error,
        Some(SourceError::Refused("more than 5 redirects".to_owned()))
    );
    assert_eq!(server.requests().len(), 3 + 6);
    for to in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://0x0a000001/",
        "http://[::1]/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
    ] {
        let told = error_of(move |_| response(302, &[("Location", to)], b"")).await;
        assert!(refused(&told), "{to}: {told}");
    }
    assert!(transient(&error_of(|_| response(302, &[], b"")).await));
}

#[tokio::test]
async fn relative_links_stand_where_the_feed_was_found() {
    let server = Neighbour::start(|request| match request.path.as_str() {
        "/old" => response(301, &[("Location", "/new/feed.xml")], b""),
        _ => {
            let feed =
                "<rss><channel><item><title>t</title><link>artikel</link></item></channel></rss>";
            response(
                200,
                &[("Content-Type", "text/xml; charset=utf-8")],
                feed.as_bytes(),
            )
        }
    })
    .await;
    let (events, _, _) = look(&feed_at(&server.url("/old")), None).await;
    assert_eq!(items(&events)[0].url, Some(server.url("/new/artikel")));
}

/// Every spelling of this machine that we know, on the port of a server that must never be asked.
#[tokio::test]
async fn nothing_private_is_connected_to() {
    let canary =
        Neighbour::start_on("0.0.0.0:0", |_| response(200, &[], &rss(&[("1", "x")]))).await;
    let port = canary.addr.port();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
    ];
    for host in hosts {
        let mut config = config(&format!("http://{host}:{port}/"), "");
        config.allow_private.clear();
        let feed = Feed::with_limits("feed", &config, &Clock::system(), PATIENT).unwrap();
        let (events, _, error) = look(&feed, None).await;
        assert!(events.is_empty(), "{host}");
        let error = error.unwrap();
        // A name that does not resolve here is no refusal, and no connection either.
        assert!(
            refused(&error) || host.to_lowercase().starts_with("local"),
            "{host}: {error}"
        );
    }
    assert_eq!(canary.requests().len(), 0);
    // An exception opens for one name or network only.
    let mut config = config(&format!("http://localhost:{port}/"), "");
    config.allow_private = vec!["localhost".to_owned()];
    let feed = Feed::with_limits("feed", &config, &Clock::system(), PATIENT).unwrap();
    assert_eq!(items(&look(&feed, None).await.0).len(), 1);
}

#[tokio::test]
async fn slow_and_endless_answers_end() {
    let impatient = Limits {
        header: Duration::from_millis(300),
        grace: Duration::from_millis(300),
        ..PATIENT
    };
    let error = |reply: Reply, extra: &'static str| async move {
        let server = Neighbour::start(move |_| reply.clone()).await;
        let config = config(&server.url("/"), extra);
        let feed = Feed::with_limits("feed", &config, &Clock::system(), impatient).unwrap();
        look(&feed, None).await.2.unwrap()
    };
    let silent = error(Reply::Stall(Vec::new()), "").await;
    assert!(transient(&silent), "{silent}");
    let half_a_head = error(Reply::Stall(b"HTTP/1.1 200 OK\r\nX-".to_vec()), "").await;
    assert!(transient(&half_a_head), "{half_a_head}");
    let slow = error(
        Reply::Stall([head(200, &[]), b"<rss".to_vec()].concat()),
        "",
    )
    .await;
    assert!(
        matches!(&slow, SourceError::Transient(why) if why.contains("bytes/s")),
        "{slow}"
    );
    let small = ", \"max_body_bytes\": 100000";
    let endless = error(Reply::Endless(head(200, &[]), vec![b' '; 8192]), small).await;
    assert!(refused(&endless), "{endless}");
    let header = error(
        Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X: y\r\n".repeat(99)),
        small,
    );
    assert!(transient(&header.await));
}

#[tokio::test]
async fn compressed_and_mismeasured_bodies() {
    let body = rss(&[("1", "eins")]);
    let zipped = gzip_stored(&body);
    let server = Neighbour::start(move |request| {
        assert!(request.header("accept-encoding").unwrap().contains("gzip"));
        response(200, &[("Content-Encoding", "gzip")], &zipped)
    })
    .await;
    assert_eq!(
        items(&look(&feed_at(&server.url("/")), None).await.0).len(),
        1
    );
    // 120 KB that would become 25 MB.
    let bomb = gzip_bomb(100_000);
    let told = error_of(move |_| response(200, &[("Content-Encoding", "gzip")], &bomb)).await;
    assert!(refused(&told), "{told}");
    let told = error_of(|_| response(200, &[("Content-Encoding", "gzip")], b"no gzip")).await;
    assert!(transient(&told), "{told}");
    let told =
        error_of(|_| Reply::Bytes([head(200, &[("Content-Length", "9999")]), rss(&[])].concat()));
    assert!(transient(&told.await));
    assert!(transient(
        &error_of(|_| Reply::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec())).await
    ));
    assert!(transient(&error_of(|_| Reply::Bytes(Vec::new())).await));
}

#[tokio::test]
async fn what_is_no_feed_is_said_aloud_and_asked_for_again() {
    let server = Neighbour::start(|_| {
        response(
            200,
            &[("ETag", "\"1\"")],
            b"<!DOCTYPE html><html><body>RSS</body></html>",
        )
    })
    .await;
    let feed = feed_at(&server.url("/"));
    let (events, cursor, error) = look(&feed, None).await;
    assert!(
        matches!(events[..], [Event::Rejected(_), Event::Nothing]),
        "{events:?}"
    );
    assert_eq!((cursor, error), (None, None));
    assert!(matches!(feed.check().await, Standing::Unreachable(why) if why.contains("no RSS")));
    let server = Neighbour::start(|_| response(200, &[], &rss(&[]))).await;
    assert_eq!(feed_at(&server.url("/")).check().await, Standing::Works);
}

#[test]
fn settings_are_checked() {
    let check = |url: &str, extra: &str, expected: &str| {
        let made = Feed::source("feed", &config(url, extra));
        match made {
            Ok(feed) => assert_eq!(
                feed.pace(),
                Pace::Poll {
                    every: Duration::from_secs(300)
                }
            ),
            Err(error) => assert!(error.to_string().contains(expected), "{error}"),
        }
    };
    check("https://a.example/feed", "", "nothing");
    check("feed", "", "url");
    check("file:///feed", "", "url");
    check("https://a.example/", ", \"every_secs\": 59", "every_secs");
    check("https://a.example/", ", \"max_items\": 0", "max_items");
    let unknown = r#"{"url": "https://a.example/", "every": 5}"#;
    assert!(serde_json::from_str::<FeedConfig>(unknown).is_err());
}
