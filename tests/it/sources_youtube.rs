//! YouTube: its answers, and the source against a server on loopback.

use crate::fixtures::{check_folder, read};
use crate::neighbours::http::{Neighbour, Reply, Request, response};
use crate::skipped::skipped;
use crate::sources_x::{parameter, secret};
use jiff::{Timestamp, ToSpan};
use resonanz::clock::Clock;
use resonanz::collect::Recorded;
use resonanz::collect::http::Limits;
use resonanz::collect::source::{Event, Source, SourceError, Standing};
use resonanz::collect::youtube::{Youtube, YoutubeConfig};
use resonanz::model::{Change, Cursor, Kind};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub const NO_UPLOADS: &[u8] =
    b"<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Uploads</title><id>f</id></feed>";

#[test]
fn fixtures() {
    check_folder(Recorded::Youtube, "youtube");
}

fn recorded(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../shared/data/payloads/youtube").join(name);
    let bytes = std::fs::read(path).ok();
    if bytes.is_none() {
        skipped("recorded payloads of YouTube are not here (../shared/data/payloads)");
    }
    bytes
}

#[test]
fn real_threads_are_read() {
    let Some(bytes) = recorded("comment_threads_all_to_me.json") else {
        return;
    };
    let lines = read(Recorded::Youtube, &bytes);
    assert!(lines.len() >= 4, "{lines:?}");
    for line in lines {
        assert!(
            line.contains("\"kind\":\"comment\"") && line.contains("\"author\""),
            "{line}"
        );
    }
}

/// An approved source of this address.
pub fn config(address: &str, more: Value) -> YoutubeConfig {
    let key = secret("youtube-key", "k3y\n");
    let mut keys = json!({
        "url": address, "feeds_url": address, "allow_private": ["127.0.0.1"], "api_key_file": key,
        "channels": ["UCministerium"],
    });
    let own = keys.as_object_mut().unwrap();
    own.extend(more.as_object().unwrap().clone());
    serde_json::from_value(keys).unwrap()
}

/// A thread with one comment.
pub fn thread(n: i64, text: &str) -> Value {
    json!({"kind": "youtube#commentThread", "id": format!("t{n}"), "snippet": {
        "videoId": "vid1", "totalReplyCount": 0, "topLevelComment": {"id": format!("t{n}"), "snippet": {
            "videoId": "vid1", "textDisplay": text, "authorDisplayName": "@a",
            "authorChannelId": {"value": "UCa"}, "publishedAt": "2026-11-28T09:00:00Z",
            "updatedAt": "2026-11-28T09:00:00Z"}}}})
}

pub fn threads(items: Vec<Value>) -> Vec<u8> {
    json!({"items": items}).to_string().into_bytes()
}

fn json(value: Value) -> Reply {
    response(200, &[], value.to_string().as_bytes())
}

fn path(request: &Request) -> &str {
    request.path.split('?').next().unwrap()
}

fn videos(request: &Request) -> Reply {
    let ids = parameter(request, "id");
    let items: Vec<Value> = ids
        .split(',')
        .map(|id| json!({"id": id, "snippet": {"channelId": "UCa", "title": format!("Film {id}")}}))
        .collect();
    json(json!({"items": items}))
}

fn source(config: &YoutubeConfig, clock: &Clock) -> Youtube {
    Youtube::with("youtube", config, clock, Limits::default()).unwrap()
}

/// One look: what it brought, how it ended, and the position behind it.
async fn look(
    youtube: &Youtube,
    resume: Option<Cursor>,
) -> (Vec<String>, Option<SourceError>, Option<Cursor>) {
    let (events, cursor, failure) = crate::look::look(youtube, resume).await;
    let told = events.into_iter().filter_map(|event| match event {
        Event::Change(Change::Upsert(item)) => Some(item.id.clone()),
        Event::Nothing => None,
        other => Some(format!("{other:?}")),
    });
    (told.collect(), failure, cursor)
}

fn morning() -> Clock {
    Clock::simulated("2026-11-29T09:00:00Z".parse::<Timestamp>().unwrap())
}

#[tokio::test]
async fn comments_are_read_back_to_what_is_known_with_all_their_replies() {
    let neighbour = Neighbour::start(|request| match path(request) {
        "/youtube/v3/commentThreads" => {
            let mut busy = thread(1, "viel Streit");
            busy["snippet"]["totalReplyCount"] = json!(2);
            match parameter(request, "pageToken").as_str() {
                "" => json(json!({"items": [thread(3, "drei"), busy], "nextPageToken": "b"})),
                "b" => json(json!({"items": [thread(0, "null")], "nextPageToken": "c"})),
                _ => json(json!({"items": [thread(3, "drei")], "nextPageToken": "d"})),
            }
        }
        "/youtube/v3/comments" => json(json!({"items": [
            {"id": "t1.r1", "snippet": {"parentId": "t1", "textDisplay": "eins"}},
            {"id": "t1.r2", "snippet": {"parentId": "t1", "textDisplay": "zwei"}},
        ]})),
        _ => response(200, &[], NO_UPLOADS),
    })
    .await;
    let youtube = source(&config(&neighbour.url(""), json!({})), &morning());
    let (told, failure, cursor) = look(&youtube, None).await;
    assert_eq!(
        (told, failure),
        (
            vec!["t3", "t1", "t0", "t1.r1", "t1.r2"]
                .into_iter()
                .map(str::to_owned)
                .collect(),
            None
        )
    );
    let asked = neighbour.requests();
    assert_eq!(asked.len(), 5, "three pages, the replies, the feed");
    assert_eq!(
        parameter(&asked[0], "allThreadsRelatedToChannelId"),
        "UCministerium"
    );
    assert_eq!(
        parameter(
            asked
                .iter()
                .find(|one| path(one).ends_with("/comments"))
                .unwrap(),
            "parentId"
        ),
        "t1"
    );
    // The key is in a header, where no address shows it, and no native id is in the position.
    assert!(asked.iter().all(|one| !one.path.contains("k3y")));
    assert_eq!(asked[0].header("x-goog-api-key"), Some("k3y"));
    let position = cursor.clone().unwrap().0;
    assert!(
        !position.contains("t1") && !position.contains("t3"),
        "{position}"
    );

    let (told, failure, _) = look(&youtube, cursor).await;
    assert_eq!((told.len(), failure), (0, None));
    assert_eq!(neighbour.requests().len(), 7, "one page, the feed");
}

#[tokio::test]
async fn uploads_are_taken_from_the_feed_and_asked_for_until_they_come() {
    const FEED: &str = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>U</title><id>f</id><entry>
        <id>yt:video:vid-1</id><title>Grenze</title>
        <link rel="alternate" href="https://www.youtube.com/watch?v=vid-1"/>
        <published>2026-11-28T09:00:00+00:00</published></entry></feed>"#;
    let count = AtomicUsize::new(0);
    let neighbour = Neighbour::start(move |request| match path(request) {
        "/feeds/videos.xml" => response(200, &[], FEED.as_bytes()),
        "/youtube/v3/videos" => match count.fetch_add(1, Ordering::SeqCst) {
            0 => response(500, &[], b""),
            _ => videos(request),
        },
        _ => json(json!({"items": [thread(1, "trotzdem")]})),
    })
    .await;
    let youtube = source(&config(&neighbour.url(""), json!({})), &morning());
    let (told, failure, cursor) = look(&youtube, None).await;
    assert_eq!(told, ["t1"], "the rest is heard all the same");
    assert!(
        matches!(failure, Some(SourceError::Server(_))),
        "{failure:?}"
    );
    let (told, failure, cursor) = look(&youtube, cursor).await;
    assert_eq!((told, failure), (vec!["vid-1".to_owned()], None));
    let (told, _, _) = look(&youtube, cursor).await;
    assert_eq!(told.len(), 0);
    let asked = neighbour.requests();
    let feed = asked
        .iter()
        .find(|one| path(one) == "/feeds/videos.xml")
        .unwrap();
    assert_eq!(
        (
            parameter(feed, "channel_id").as_str(),
            feed.header("x-goog-api-key")
        ),
        ("UCministerium", None)
    );
    assert_eq!(
        asked
            .iter()
            .filter(|one| path(one) == "/youtube/v3/videos")
            .count(),
        2
    );
}

#[tokio::test]
async fn searches_take_turns_over_the_day() {
    let real = recorded("search_by_keywords_p1.json");
    let found =
        real.unwrap_or_else(|| br#"{"items": [{"id": {"videoId": "gQ_1zX-F_No"}}]}"#.to_vec());
    let neighbour = Neighbour::start(move |request| match path(request) {
        "/youtube/v3/search" => response(200, &[], &found),
        "/youtube/v3/videos" => videos(request),
        _ => response(404, &[], b""),
    })
    .await;
    let more = json!({"channels": [], "searches": ["Grenze", "Zoll"], "searches_per_day": 96});
    let clock = morning();
    let youtube = source(&config(&neighbour.url(""), more), &clock);
    let (told, failure, mut cursor) = look(&youtube, None).await;
    assert_eq!(failure, None);
    assert!(told.contains(&"gQ_1zX-F_No".to_owned()), "{told:?}");
    for minutes in [5, 10, 15, 20, 25, 30] {
        clock.advance_to("2026-11-29T09:00:00Z".parse::<Timestamp>().unwrap() + minutes.minutes());
        // A restart in between forgets nothing.
        let youtube = source(
            &config(
                &neighbour.url(""),
                json!({"channels": [], "searches": ["Grenze", "Zoll"], "searches_per_day": 96}),
            ),
            &clock,
        );
        let (told, failure, next) = look(&youtube, cursor).await;
        assert_eq!((told.len(), failure), (0, None));
        cursor = next;
    }
    let asked = neighbour.requests();
    let searches: Vec<(String, String)> = asked
        .iter()
        .filter(|one| path(one) == "/youtube/v3/search")
        .map(|one| (parameter(one, "q"), parameter(one, "publishedAfter")))
        .collect();
    let expected = [
        ("Grenze", "2026-11-28T09:00:00Z"),
        ("Zoll", "2026-11-28T09:15:00Z"),
        ("Grenze", "2026-11-29T06:00:00Z"),
    ];
    let expected = expected.map(|(q, after)| (q.to_owned(), after.to_owned()));
    assert_eq!(searches, expected);
}

#[tokio::test]
async fn the_quota_ends_the_day_by_our_count_or_by_theirs() {
    let neighbour = Neighbour::start(|request| match path(request) {
        "/youtube/v3/commentThreads" => json(json!({"items": [thread(1, "eins")]})),
        "/youtube/v3/comments" => response(
            403,
            &[],
            br#"{"error":{"errors":[{"reason":"quotaExceeded"}]}}"#,
        ),
        "/youtube/v3/videoCategories" => response(
            403,
            &[],
            br#"{"error":{"errors":[{"reason":"accessNotConfigured"}]}}"#,
        ),
        _ => response(200, &[], NO_UPLOADS),
    })
    .await;
    let clock = morning();
    let youtube = source(
        &config(&neighbour.url(""), json!({"units_per_day": 1})),
        &clock,
    );
    let (_, failure, cursor) = look(&youtube, None).await;
    assert_eq!(failure, None);
    let until_midnight = Some(SourceError::Exhausted {
        wait: Duration::from_secs(23 * 3600),
    });
    let again = source(
        &config(&neighbour.url(""), json!({"units_per_day": 1})),
        &clock,
    );
    let (_, failure, cursor) = look(&again, cursor).await;
    assert_eq!(failure, until_midnight);
    assert_eq!(again.used(&cursor.unwrap())[0].1, 1.0);

    let youtube = source(&config(&neighbour.url(""), json!({})), &clock);
    let ids = vec![(Kind::Comment, "c".to_owned())];
    let told = youtube.refresh().unwrap().again(ids).await;
    assert_eq!(told.err(), until_midnight);
    assert_eq!(look(&youtube, None).await.1, until_midnight);

    let youtube = source(&config(&neighbour.url(""), json!({})), &clock);
    let standing = youtube.check().await;
    assert_eq!(
        standing,
        Standing::NeedsKey("YouTube answers 403 accessNotConfigured".to_owned())
    );
}

/// What a page does not hold is not gone.
#[tokio::test]
async fn many_comments_are_asked_for_in_pages_that_hold_them() {
    let neighbour = Neighbour::start(|request| {
        let ids = parameter(request, "id");
        let page = ids.split(',').take(20);
        let items: Vec<Value> = page
            .map(|id| json!({"id": id, "snippet": {"textDisplay": "da"}}))
            .collect();
        json(json!({"items": items}))
    })
    .await;
    let youtube = source(&config(&neighbour.url(""), json!({})), &morning());
    let ids: Vec<(Kind, String)> = (0..50).map(|n| (Kind::Comment, format!("c{n}"))).collect();
    let told = youtube.refresh().unwrap().again(ids).await.unwrap();
    let kept = told
        .iter()
        .filter(|change| matches!(change, Change::Upsert(_)));
    assert_eq!((kept.count(), told.len()), (50, 50));
}

#[tokio::test]
async fn searches_that_others_used_up_cost_the_comments_nothing() {
    let neighbour = Neighbour::start(|request| match path(request) {
        "/youtube/v3/commentThreads" => json(json!({"items": [thread(1, "eins")]})),
        "/youtube/v3/search" => response(
            403,
            &[],
            br#"{"error":{"errors":[{"reason":"quotaExceeded"}]}}"#,
        ),
        _ => response(200, &[], NO_UPLOADS),
    })
    .await;
    let config = config(&neighbour.url(""), json!({"searches": ["Grenze"]}));
    let clock = morning();
    let youtube = source(&config, &clock);
    let (told, failure, cursor) = look(&youtube, None).await;
    assert_eq!((told.len(), failure), (1, None));
    let used = youtube.used(cursor.as_ref().unwrap());
    assert!(used[0].1 < 0.01 && used[1].1 == 1.0, "{used:?}");
    clock.advance_to(clock.now() + 15.minutes());
    let (_, failure, _) = look(&youtube, cursor).await;
    assert_eq!(failure, None);
    let asked = neighbour.requests();
    let of = |wanted: &str| asked.iter().filter(|one| path(one) == wanted).count();
    let counts = (of("/youtube/v3/commentThreads"), of("/youtube/v3/search"));
    assert_eq!(counts, (2, 1));
}

#[tokio::test]
async fn what_does_not_come_back_is_gone_unless_nothing_comes_back() {
    let neighbour = Neighbour::start(|request| match parameter(request, "id").contains("here") {
        true => json(json!({"items": [{"id": "here", "snippet": {"textDisplay": "da"}}]})),
        false => json(json!({"items": []})),
    })
    .await;
    let youtube = source(&config(&neighbour.url(""), json!({})), &morning());
    let again = async |ids: &[&str]| {
        let ids = ids
            .iter()
            .map(|id| (Kind::Comment, (*id).to_owned()))
            .collect();
        let told = youtube.refresh().unwrap().again(ids).await?;
        let lines = told.iter().map(|change| match change {
            Change::Upsert(item) => format!("+{}", item.id),
            Change::Delete(gone) => format!("-{}", gone.id),
            _ => panic!("{change:?}"),
        });
        Ok::<Vec<String>, SourceError>(lines.collect())
    };
    assert_eq!(again(&["here", "gone"]).await.unwrap(), ["+here", "-gone"]);
    assert_eq!(again(&["gone"]).await.unwrap(), ["-gone"]);
    let many: Vec<String> = (0..10).map(|n| format!("c{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(matches!(again(&many).await, Err(SourceError::Transient(_))));
    let refresh = youtube.refresh().unwrap();
    let id = |url| refresh.id_of(url);
    assert_eq!(
        id("https://www.youtube.com/watch?v=vid1").as_deref(),
        Some("vid1")
    );
    assert_eq!(
        id("https://www.youtube.com/watch?lc=c1.r2&v=vid1").as_deref(),
        Some("c1.r2")
    );
    assert_eq!(id("https://www.youtube.com/channel/UC1"), None);
}
