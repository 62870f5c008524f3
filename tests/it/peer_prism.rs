//! A referee for our requests: Prism refuses what a platform's own description of its API does not
//! allow. Everything that the sources ask a server on loopback is asked of it once more.
//!
//! X's description bears no licence, so that it is read where it is (`../shared/data/specs`); those of
//! YouTube, of Google's fact checks and of the Bundestag's DIP come with `tests/peers/install`. The
//! answers come from our own server: Prism's are one static object, and no stream. Only DIP's bear real
//! values, so that our source reads them, too.

use crate::neighbours::http::{Neighbour, Reply, Request, head, response};
use crate::skipped::skipped;
use crate::sources_registers;
use crate::sources_x::{self, id_of, soughts};
use crate::sources_youtube::{self, NO_UPLOADS, thread};
use crate::supervise::{Running, fast};
use jiff::ToSpan;
use jiff::tz::TimeZone;
use reqwest::header::AUTHORIZATION;
use resonanz::clock::Clock;
use resonanz::collect::http::{Client, Limits};
use resonanz::collect::http_call::Call;
use resonanz::collect::source::{Event, Source, Standing};
use resonanz::collect::x::X;
use resonanz::collect::x_compliance::XCompliance;
use resonanz::collect::youtube::Youtube;
use resonanz::model::{Change, Cursor, Kind};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use url::Url;

/// A running Prism, which ends with its standard input.
struct Prism {
    child: Child,
    url: String,
}

impl Prism {
    fn start(description: &str) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/prism");
        let mut child = Command::new(script)
            .arg(description)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take()?)
            .read_line(&mut line)
            .ok()?;
        let hello: Option<Value> = serde_json::from_str(&line).ok();
        let Some(hello) = hello else {
            let _ = child.wait();
            skipped("the peer prism is not installed (tests/peers/install)");
            return None;
        };
        let url = hello["url"].as_str().unwrap().to_owned();
        Some(Self { child, url })
    }

    /// What it says to a request: its status and why it refuses.
    async fn judge(&self, request: &Request, stand_in: Option<&str>) -> (u16, String) {
        let url = Url::parse(&format!("{}{}", self.url, request.path)).unwrap();
        let mut call = match request.method.as_str() {
            "POST" => {
                let body: Value = serde_json::from_str(&request.body).unwrap();
                Call::post(url, &body).unwrap()
            }
            _ => Call::get(url, "application/json"),
        };
        // It knows no OAuth 1.0a; what is signed is held to another referee (`sources_x/messages`).
        let stated = request.header("authorization");
        let stated = stated.map(|one| {
            if one.starts_with("OAuth ") {
                "Bearer t0ken"
            } else {
                one
            }
        });
        for value in stated.into_iter().chain(stand_in) {
            call = call.header(AUTHORIZATION, value).unwrap();
        }
        let client = Client::new(&["127.0.0.1".to_owned()], "", Limits::default()).unwrap();
        let answer = client.ask(&call).await.unwrap();
        let why = String::from_utf8_lossy(&answer.body).into_owned();
        (answer.status.as_u16(), why)
    }

    /// Holds every request to the description, and itself to refusing what is wrong.
    async fn holds(&self, requests: &[Request], stand_in: Option<&str>, wrong: &str) {
        for request in requests {
            let (status, why) = self.judge(request, stand_in).await;
            assert_eq!(status, 200, "{} {}\n{why}", request.method, request.path);
        }
        let request = Request {
            method: "GET".to_owned(),
            path: wrong.to_owned(),
            headers: requests[0].headers.clone(),
            body: String::new(),
        };
        let (status, _) = self.judge(&request, stand_in).await;
        assert!(
            matches!(status, 400 | 422),
            "the referee let {wrong} pass: {status}"
        );
        if request.header("authorization").is_some() {
            let bare = Request::default();
            let (path, method) = (requests[0].path.clone(), requests[0].method.clone());
            let (status, _) = self
                .judge(
                    &Request {
                        path,
                        method,
                        ..bare
                    },
                    None,
                )
                .await;
            assert_eq!(status, 401, "the referee let a stranger in");
        }
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn path(request: &Request) -> &str {
    request.path.split('?').next().unwrap()
}

fn alive() -> Reply {
    Reply::Stall([&head(200, &[])[..], b"\r\n\r\n\r\n"].concat())
}

/// Everything that both sources ask of X.
async fn asked_of_x() -> Vec<Request> {
    let neighbour = Neighbour::start(|request| match path(request) {
        "/2/tweets/search/stream"
        | "/2/tweets/compliance/stream"
        | "/2/users/compliance/stream" => alive(),
        "/2/tweets/search/stream/rules" if request.method == "GET" => {
            let old = json!([{"id": "7", "value": "old", "tag": "resonanz/old"}]);
            response(200, &[], json!({"data": old}).to_string().as_bytes())
        }
        "/2/tweets/search/recent" if !request.path.contains("pagination_token") => {
            response(200, &[], br#"{"meta":{"next_token":"b26v89c19zqg8o3f"}}"#)
        }
        _ => response(200, &[], b"{\"meta\":{}}"),
    })
    .await;
    let clock = Clock::system();
    let (_sender, sought) = soughts(&[("border", "(Grenze OR \"E-Mail\") AND NOT #zoll")]);
    let config = sources_x::config(&neighbour.url(""), json!({"own_accounts": ["2244994945"]}));
    let mut x = X::with("script", &config, &clock, Limits::default(), Duration::ZERO).unwrap();
    x.listen_for(sought);
    assert_eq!(x.check().await, Standing::Works);
    let hour_ago = clock.now().as_millisecond() - 3_600_000;
    let resume = Some(Cursor(json!({"newest": id_of(hour_ago)}).to_string()));
    let mut running = Running::of(Box::new(x), resume, fast(), clock.clone(), 64);
    loop {
        let cursor = running.next().await.cursor;
        if cursor.is_some_and(|cursor| cursor.0.contains("\"since\":null")) {
            break;
        }
    }
    running.stops().await;
    let config = sources_x::config(&neighbour.url(""), json!({"stream": "compliance"}));
    let source = Box::new(XCompliance::new("script", &config).unwrap());
    let resume = Some(Cursor((clock.now() - 2.hours()).to_string()));
    let mut running = Running::of(source, resume, fast(), clock, 64);
    running.next().await;
    running.stops().await;
    let messages = sources_x::messages::source(&neighbour.url(""));
    assert_eq!(messages.check().await, Standing::Works);
    let begun = Some(Cursor(json!({"newest": 1}).to_string()));
    let mut running = Running::of(Box::new(messages), begun, fast(), Clock::system(), 64);
    running.next().await;
    running.stops().await;
    neighbour.requests()
}

#[tokio::test]
async fn x_would_take_every_request() {
    let description = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let description = description.join("../shared/data/specs/x-openapi.json");
    if !description.exists() {
        return skipped("X's description of its API is not here (../shared/data/specs)");
    }
    let Some(prism) = Prism::start(description.to_str().unwrap()) else {
        return;
    };
    let asked = asked_of_x().await;
    let paths: Vec<String> = asked
        .iter()
        .map(|one| format!("{} {}", one.method, path(one)))
        .collect();
    for wanted in [
        "GET /2/tweets/search/stream/rules",
        "POST /2/tweets/search/stream/rules",
        "GET /2/tweets/search/stream",
        "GET /2/tweets/search/recent",
        "GET /2/users/2244994945/mentions",
        "GET /2/tweets/compliance/stream",
        "GET /2/users/compliance/stream",
        "GET /2/dm_events",
    ] {
        assert!(
            paths.iter().any(|path| path == wanted),
            "{wanted}: {paths:?}"
        );
    }
    let wrong = "/2/tweets/search/recent?query=a&max_results=5000";
    prism.holds(&asked, None, wrong).await;
}

/// Everything that the source asks of YouTube.
async fn asked_of_youtube() -> Vec<Request> {
    let neighbour = Neighbour::start(|request| match path(request) {
        "/feeds/videos.xml" => response(200, &[], NO_UPLOADS),
        "/youtube/v3/commentThreads" if !request.path.contains("pageToken") => {
            let mut busy = thread(1, "viel Streit");
            busy["snippet"]["totalReplyCount"] = json!(9);
            let list = json!({"items": [busy], "nextPageToken": "QURTSl9p"});
            response(200, &[], list.to_string().as_bytes())
        }
        "/youtube/v3/search" => {
            response(200, &[], br#"{"items":[{"id":{"videoId":"gQ_1zX-F_No"}}]}"#)
        }
        _ => response(200, &[], b"{\"items\":[]}"),
    })
    .await;
    let config = sources_youtube::config(&neighbour.url(""), json!({"searches": ["Grenze Zoll"]}));
    let clock = Clock::system();
    let youtube = Youtube::with("script", &config, &clock, Limits::default()).unwrap();
    assert_eq!(youtube.check().await, Standing::Works);
    let items = vec![
        (Kind::Video, "v".to_owned()),
        (Kind::Comment, "c".to_owned()),
    ];
    youtube.refresh().unwrap().again(items).await.unwrap();
    let mut running = Running::of(Box::new(youtube), None, fast(), clock, 64);
    // A look whose request for the feed fails, on a busy machine, has a position all the same.
    let is_feed = |one: &Request| path(one) == "/feeds/videos.xml";
    while running.next().await.cursor.is_none() || !neighbour.requests().iter().any(is_feed) {}
    running.stops().await;
    neighbour.requests()
}

#[tokio::test]
async fn youtube_would_take_every_request() {
    let Some(prism) = Prism::start("youtube") else {
        return;
    };
    let asked = asked_of_youtube().await;
    let (feeds, asked): (Vec<_>, Vec<_>) = asked
        .into_iter()
        .partition(|request| path(request) == "/feeds/videos.xml");
    assert!(!feeds.is_empty());
    for wanted in [
        "commentThreads",
        "comments",
        "videos",
        "search",
        "videoCategories",
    ] {
        let wanted = format!("/youtube/v3/{wanted}");
        assert!(asked.iter().any(|one| path(one) == wanted), "{wanted}");
    }
    assert!(
        asked
            .iter()
            .all(|one| one.header("x-goog-api-key") == Some("k3y"))
    );
    // The description knows tokens of users only, and no keys: one stands in for our key.
    let stand_in = Some("Bearer stands-in");
    prism
        .holds(&asked, stand_in, "/youtube/v3/commentThreads?maxResults=20")
        .await;
}

#[tokio::test]
async fn google_s_fact_checks_would_take_every_request() {
    let Some(prism) = Prism::start("fact-check") else {
        return;
    };
    let neighbour = Neighbour::start(|request| match request.path.contains("pageToken") {
        false => response(200, &[], br#"{"claims":[],"nextPageToken":"CAE/+="}"#),
        true => response(200, &[], b"{}"),
    })
    .await;
    let more = json!({"queries": ["Ministerin \"Nancy Muster\"", "Amt & Würden"]});
    let source = sources_registers::fact_check_at(&neighbour.url(""), more).unwrap();
    let (_, _, failure) = crate::look::look(&source, None).await;
    assert_eq!(failure, None);
    let asked = neighbour.requests();
    assert_eq!(asked.len(), 4);
    assert!(
        asked
            .iter()
            .all(|one| path(one) == "/v1alpha1/claims:search")
    );
    let wrong = "/v1alpha1/claims:search?query=a&maxAgeDays=viele";
    prism.holds(&asked, None, wrong).await;
}

#[tokio::test]
async fn dip_would_take_every_request_and_its_own_examples_are_read() {
    let Some(prism) = Prism::start("dip") else {
        return;
    };
    let papers = [1, 2].map(|n| sources_registers::paper(n, "Antrag"));
    let neighbour = Neighbour::start(move |request| {
        let list = match request.path.contains("cursor=") {
            false => json!({"documents": papers, "cursor": "AoJwgKnHmbIDNERy/+="}),
            true => json!({"documents": [], "cursor": "b"}),
        };
        response(200, &[], list.to_string().as_bytes())
    })
    .await;
    let both = json!({"resources": ["drucksache", "vorgang"]});
    let at = |address: &str| {
        sources_registers::dip_at(address, both.clone(), Limits::default()).unwrap()
    };
    let (_, cursor, failure) = crate::look::look(&at(&neighbour.url("")), None).await;
    assert_eq!(failure, None);
    crate::look::look(&at(&neighbour.url("")), cursor).await;
    let asked = neighbour.requests();
    for wanted in ["drucksache", "vorgang"] {
        let wanted = format!("/api/v1/{wanted}");
        assert!(asked.iter().any(|one| path(one) == wanted), "{wanted}");
    }
    assert!(asked.iter().any(|one| one.path.contains("cursor=")));
    let wrong = "/api/v1/drucksache?f.aktualisiert.start=gestern&format=json";
    prism.holds(&asked, None, wrong).await;

    let (events, _, failure) = crate::look::look(&at(&prism.url), None).await;
    assert_eq!(failure, None);
    let told: Vec<String> = events
        .into_iter()
        .filter_map(|event| match event {
            Event::Change(Change::Upsert(item)) => Some(item),
            Event::Nothing => None,
            other => panic!("{other:?}"),
        })
        .map(|item| {
            let at = item.published.unwrap().to_zoned(TimeZone::UTC).date();
            let text = item.text.lines().next().unwrap_or_default();
            let url = item.url.as_deref().unwrap_or_default();
            format!("{} {at} {text} {url}", item.id)
        })
        .collect();
    assert_eq!(
        told,
        [
            "drucksache/68852 2017-10-23 Antrag 19/1 https://dserver.bundestag.de/btd/19/000/1900001.pdf",
            "vorgang/84343 2019-03-26 Geschäftsordnung https://dip.bundestag.de/vorgang/-/84343",
        ]
    );
}
