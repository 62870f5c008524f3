//! X: its lines, and the source against a server on loopback that keeps rules, has a stream that ends
//! when told, and a search.

pub mod messages;
mod missed;

use crate::fixtures::{check_folder, read};
use crate::neighbours::http::{Neighbour, Reply, Request, head, response};
use crate::skipped::skipped;
use crate::supervise::{Running, fast};
use jiff::{Timestamp, ToSpan};
use resonanz::clock::Clock;
use resonanz::collect::http::Limits;
use resonanz::collect::source::{Allowance, Event, GapReason, Sought, Soughts, Source, Standing};
use resonanz::collect::x::{X, XConfig};
use resonanz::collect::x_compliance::XCompliance;
use resonanz::collect::{Recorded, SourceConfig, build};
use resonanz::model::{Change, Cursor};
use resonanz::query::Query;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

const RULES: &str = "/2/tweets/search/stream/rules";
const STREAM: &str = "/2/tweets/search/stream";
const RECENT: &str = "/2/tweets/search/recent";

#[test]
fn fixtures() {
    check_folder(Recorded::X, "x");
    check_folder(Recorded::X, "x_compliance");
}

/// Each post that X's own documentation shows is read.
#[test]
fn posts_of_the_documentation() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/payloads/x/event-payloads.mdx");
    let Ok(text) = std::fs::read_to_string(&path) else {
        return skipped("recorded payloads of X are not here (../shared/data/payloads)");
    };
    let blocks = text.split("```json").skip(1);
    let blocks = blocks.filter_map(|block| {
        let json = block.split_once('\n')?.1.split("```").next()?;
        serde_json::from_str::<Value>(json).ok()
    });
    let mut posts = 0;
    for block in blocks {
        let data = &block["data"];
        let is_post = data["event_type"].as_str().is_some_and(|kind| {
            matches!(
                kind,
                "post.create" | "post.mention.create" | "post.reply.create" | "post.quote.create"
            )
        });
        if is_post && data["payload"]["id"].is_string() {
            let line = json!({"data": data["payload"], "includes": data["includes"]}).to_string();
            let lines = read(Recorded::X, line.as_bytes());
            assert!(
                !lines.iter().any(|line| line.starts_with("refused")),
                "{line}\n{lines:?}"
            );
            posts += 1;
        }
    }
    assert!(
        posts >= 2,
        "the documentation shows posts, but {posts} were found"
    );
}

/// The id of a post that was written at this time, in milliseconds.
pub fn id_of(ms: i64) -> u64 {
    (u64::try_from(ms - 1_288_834_974_657).unwrap()) << 22
}

/// A parameter of a request's query.
pub fn parameter(request: &Request, name: &str) -> String {
    let url = url::Url::parse(&format!("http://x{}", request.path)).unwrap();
    let mut pairs = url.query_pairs();
    let value = pairs.find(|(key, _)| key == name).map(|(_, value)| value);
    value.unwrap_or_default().into_owned()
}

pub fn text_of(change: &Change) -> &str {
    let Change::Upsert(item) = change else {
        panic!("only posts were written")
    };
    &item.text
}

/// A file with a secret. Other tests read it meanwhile, so that it changes at once or not at all.
pub fn secret(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let part = path.with_extension(format!("{:?}", std::thread::current().id()));
    std::fs::write(&part, text).unwrap();
    std::fs::rename(&part, &path).unwrap();
    path
}

/// An approved source of this address.
pub fn config(address: &str, more: Value) -> XConfig {
    let token = secret("x-token", "t0ken\n");
    let mut keys = json!({
        "url": address, "allow_private": ["127.0.0.1"], "bearer_token_file": token,
        "approval_contract": "X-2026-17", "approval_date": "2026-10-01",
        "approval_approver": "Justiziariat", "government_end_user_declared": true,
        "spellings": "written", "budget_day_usd": 100, "budget_month_usd": 1000,
    });
    let own = keys.as_object_mut().unwrap();
    own.extend(more.as_object().unwrap().clone());
    serde_json::from_value(keys).unwrap()
}

fn queries(watches: &[(&str, &str)]) -> Arc<Vec<Sought>> {
    let sought = watches.iter().map(|(watch, query)| Sought {
        watch: (*watch).to_owned(),
        query: Query::parse(query).unwrap(),
    });
    Arc::new(sought.collect())
}

/// What the house listens for, and who can change it.
pub fn soughts(watches: &[(&str, &str)]) -> (watch::Sender<Arc<Vec<Sought>>>, Soughts) {
    watch::channel(queries(watches))
}

fn post(n: i64, at_ms: i64) -> String {
    let id = id_of(at_ms);
    format!(
        "{{\"data\":{{\"id\":\"{id}\",\"text\":\"post {n}\",\"author_id\":\"1\"}},\"includes\":{{\"users\":[{{\"id\":\"1\",\"username\":\"a\"}}]}}}}\r\n"
    )
}

fn stream(body: &str) -> Reply {
    Reply::Stall([&head(200, &[])[..], body.as_bytes()].concat())
}

fn path(request: &Request) -> String {
    request.path.split('?').next().unwrap().to_owned()
}

fn start(config: &XConfig, clock: &Clock, sought: Soughts, resume: Option<Cursor>) -> Running {
    let limits = Limits::default();
    let mut x = X::with("script", config, clock, limits, Duration::ZERO).unwrap();
    x.listen_for(sought);
    Running::of(Box::new(x), resume, fast(), clock.clone(), 64)
}

/// What comes until the condition holds, with the position behind it.
async fn hear(
    running: &mut Running,
    enough: impl Fn(&[Event]) -> bool,
) -> (Vec<Event>, Option<Cursor>) {
    let (mut events, mut cursor) = (Vec::new(), None);
    while !enough(&events) {
        let delivery = running.next().await;
        cursor = delivery.cursor.or(cursor);
        if let resonanz::collect::supervise::Outcome::Event(event) = delivery.outcome {
            events.push(event);
        }
    }
    (events, cursor)
}

fn texts(events: &[Event]) -> Vec<&str> {
    let changes = events.iter().filter_map(|event| match event {
        Event::Change(change) => Some(text_of(change)),
        _ => None,
    });
    changes.collect()
}

fn gaps(events: &[Event]) -> Vec<GapReason> {
    let gaps = events.iter().filter_map(|event| match event {
        Event::Gap(gap) => Some(gap.reason),
        _ => None,
    });
    gaps.collect()
}

/// X's rules, kept as X keeps them: a text once, and `BAD` never.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<(usize, String, String)>>>);

impl Kept {
    fn answer(&self, request: &Request) -> Reply {
        let mut rules = self.0.lock().unwrap();
        if request.method == "GET" {
            let rows = rules.iter();
            let data: Vec<Value> = rows
                .map(|(id, value, tag)| json!({"id": id.to_string(), "value": value, "tag": tag}))
                .collect();
            let body = json!({"data": data, "meta": {"result_count": data.len()}});
            return response(200, &[], body.to_string().as_bytes());
        }
        let change: Value = serde_json::from_str(&request.body).unwrap();
        let (mut errors, mut added) = (Vec::new(), Vec::new());
        for rule in change["add"].as_array().into_iter().flatten() {
            let value = rule["value"].as_str().unwrap().to_owned();
            let tag = rule["tag"].as_str().unwrap().to_owned();
            if value.contains("bad") {
                errors.push(
                    json!({"value": value, "title": "UnprocessableEntity", "details": ["no"]}),
                );
            } else if rules.iter().any(|(_, known, _)| *known == value) {
                errors.push(json!({"value": value, "title": "DuplicateRule", "id": "1"}));
            } else {
                added.push((100 + rules.len() + added.len(), value, tag));
            }
        }
        if parameter(request, "dry_run") != "true" {
            rules.extend(added);
            let gone = change["delete"]["ids"].as_array();
            let gone: Vec<&str> = gone
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            rules.retain(|(id, _, _)| !gone.contains(&id.to_string().as_str()));
        }
        let status = if errors.is_empty() { 200 } else { 400 };
        response(
            status,
            &[],
            json!({"errors": errors, "meta": {}}).to_string().as_bytes(),
        )
    }

    fn tags(&self) -> Vec<String> {
        let mut tags: Vec<String> = self
            .0
            .lock()
            .unwrap()
            .iter()
            .map(|rule| rule.2.clone())
            .collect();
        tags.sort();
        tags
    }
}

#[tokio::test]
async fn rules_are_tried_then_made_and_follow_the_watches() {
    let kept = Kept::default();
    kept.0.lock().unwrap().extend([
        (
            1,
            "(alt) -is:retweet".to_owned(),
            "resonanz/gone".to_owned(),
        ),
        (2, "somebody else's".to_owned(), "other".to_owned()),
    ]);
    let rules = kept.clone();
    let neighbour = Neighbour::start(move |request| match path(request).as_str() {
        RULES => rules.answer(request),
        STREAM => stream("\r\n"),
        _ => response(404, &[], b""),
    })
    .await;
    let watches = [
        ("border", "Grenze"),
        ("refused", "bad"),
        ("open", "*ministerium"),
    ];
    let (sender, sought) = soughts(&watches);
    let clock = Clock::system();
    let mut running = start(&config(&neighbour.url(""), json!({})), &clock, sought, None);
    let rejected = |events: &[Event]| {
        let rejected = events
            .iter()
            .filter(|event| matches!(event, Event::Rejected(_)));
        rejected.count()
    };
    let (events, _) = hear(&mut running, |events| rejected(events) == 2).await;
    let told: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Rejected(rejection) => Some(rejection.detail.clone()),
            _ => None,
        })
        .collect();
    assert!(told[0].contains("no rules for open"), "{told:?}");
    assert_eq!(told[1], "X refuses 1 rules: UnprocessableEntity");
    assert_eq!(kept.tags(), ["other", "resonanz/border"]);

    let asked = neighbour.requests();
    let calls: Vec<String> = asked
        .iter()
        .map(|request| {
            format!(
                "{} {}",
                request.method,
                path(request).replace("/2/tweets/search/", "")
            )
        })
        .collect();
    assert_eq!(
        calls[..5],
        [
            "GET stream/rules",
            "POST stream/rules",
            "POST stream/rules",
            "POST stream/rules",
            "GET stream"
        ]
    );
    assert_eq!(parameter(&asked[1], "dry_run"), "true");
    assert!(asked[1].body.contains("bad") && !asked[2].body.contains("bad"));
    assert_eq!(asked[3].body, r#"{"delete":{"ids":["1"]}}"#);
    assert!(
        asked
            .iter()
            .all(|request| request.header("authorization") == Some("Bearer t0ken"))
    );

    // The watches are read anew: the rules follow on the open stream.
    sender.send_replace(queries(&[("border", "Grenze"), ("new", "Zoll")]));
    running
        .until("the new rules", |_| {
            kept.tags() == ["other", "resonanz/border", "resonanz/new"]
        })
        .await;
    let streams = |requests: &[Request]| requests.iter().filter(|one| path(one) == STREAM).count();
    assert_eq!(streams(&neighbour.requests()), 1);
    running.stops().await;
}

#[tokio::test]
async fn without_rules_nothing_is_asked_for() {
    let neighbour = Neighbour::start(|_| response(404, &[], b"")).await;
    let (_sender, sought) = soughts(&[("open", "*ministerium")]);
    let config = config(&neighbour.url(""), json!({}));
    let running = start(&config, &Clock::system(), sought, None);
    running
        .until("refused", |running| running.errors("refused") > 0)
        .await;
    assert_eq!(neighbour.requests().len(), 0);
    running.stops().await;
}

#[tokio::test]
async fn the_server_says_why_it_ends() {
    let count = AtomicUsize::new(0);
    let neighbour = Neighbour::start(move |request| match path(request).as_str() {
        RULES => Kept::default().answer(request),
        STREAM => stream(match count.fetch_add(1, Ordering::SeqCst) {
            0 => "{\"errors\":[{\"title\":\"operational-disconnect\",\"disconnect_type\":\"UpstreamOperationalDisconnect\"}]}\r\n",
            1 => "{\"title\":\"ConnectionException\",\"connection_issue\":\"TooManyConnections\"}\r\n",
            _ => "\r\n",
        }),
        _ => missed::page(&[], None),
    })
    .await;
    let (_sender, sought) = soughts(&[("border", "Grenze")]);
    let config = config(&neighbour.url(""), json!({}));
    let limits = Limits::default();
    let mut x = X::with("script", &config, &Clock::system(), limits, Duration::ZERO).unwrap();
    x.listen_for(sought);
    assert_eq!(
        x.comebacks().limited.unwrap().first,
        Duration::from_secs(60)
    );
    let running = Running::of(Box::new(x), None, fast(), Clock::system(), 64);
    running
        .until("limited", |running| running.errors("rate_limited") == 1)
        .await;
    assert_eq!(running.errors("transient"), 1);
    running.stops().await;
}

#[tokio::test]
async fn deletions_come_by_all_partitions_or_none() {
    let neighbour = Neighbour::start(|request| {
        let partition = parameter(request, "partition");
        let event = format!("{{\"data\":{{\"delete\":{{\"tweet\":{{\"id\":\"{partition}\",\"author_id\":\"1\"}},\"event_at\":\"2026-11-29T10:00:00Z\"}}}}}}\r\n");
        match path(request).as_str() {
            "/2/tweets/compliance/stream" => stream(&event),
            "/2/users/compliance/stream" if partition == "4" => {
                Reply::Bytes([&head(200, &[])[..], b"\r\n"].concat())
            }
            "/2/users/compliance/stream" => stream("\r\n"),
            _ => response(404, &[], b""),
        }
    })
    .await;
    let config = config(&neighbour.url(""), json!({"stream": "compliance"}));
    let source = || Box::new(XCompliance::new("script", &config).unwrap());
    let mut running = Running::of(source(), None, fast(), Clock::system(), 64);
    let deleted = |events: &[Event]| {
        let changes = events
            .iter()
            .filter(|event| matches!(event, Event::Change(Change::Delete(_))));
        changes.count()
    };
    let (_, cursor) = hear(&mut running, |events| deleted(events) >= 4).await;
    // One partition ended, so that all are opened again, from the last event on.
    running
        .until("lost", |running| running.errors("transient") > 0)
        .await;
    running
        .until("again", |_| neighbour.requests().len() >= 16)
        .await;
    running.stops().await;
    let asked = neighbour.requests();
    let first: Vec<String> = asked[..8]
        .iter()
        .map(|request| {
            format!(
                "{} {}",
                &path(request)[3..9],
                parameter(request, "partition")
            )
        })
        .collect();
    assert_eq!(
        first,
        [
            "tweets 1", "tweets 2", "tweets 3", "tweets 4", "users/ 1", "users/ 2", "users/ 3",
            "users/ 4"
        ]
    );
    assert_eq!(parameter(&asked[0], "start_time"), "");
    assert!(parameter(&asked[8], "start_time").ends_with('Z'));
    assert!(source().time_of(&cursor.unwrap()).is_some());

    // What is older than a day they do not have; what is younger is asked for.
    let old = Some(Cursor("2026-01-01T00:00:00Z".to_owned()));
    let before = neighbour.requests().len();
    let mut running = Running::of(source(), old, fast(), Clock::system(), 64);
    let (events, cursor) = hear(&mut running, |events| !gaps(events).is_empty()).await;
    assert_eq!(gaps(&events), [GapReason::CursorTooOld]);
    let told = events.iter().find_map(|event| match event {
        Event::Gap(gap) => Some(gap.to),
        _ => None,
    });
    assert_eq!(cursor.map(|cursor| cursor.0), told.map(|to| to.to_string()));
    let since = told.unwrap().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    assert_eq!(
        parameter(&neighbour.requests()[before], "start_time"),
        since
    );
    running.stops().await;
}

#[tokio::test]
async fn it_is_said_what_is_missing() {
    let standing = |status: u16, body: &'static str| async move {
        let neighbour = Neighbour::start(move |_| response(status, &[], body.as_bytes())).await;
        let config = SourceConfig::X(Box::new(config(&neighbour.url(""), json!({}))));
        build("x", &config).unwrap().check().await
    };
    assert_eq!(standing(200, "{}").await, Standing::Works);
    assert!(matches!(standing(401, "").await, Standing::NeedsKey(_)));
    let enrolled = standing(403, r#"{"reason":"client-not-enrolled\u001b[0m"}"#).await;
    assert_eq!(
        enrolled,
        Standing::NeedsPermission("X answers 403 client-not-enrolled0m".to_owned())
    );
    let config = XConfig {
        approval_contract: String::new(),
        ..config("https://api.x.com", json!({}))
    };
    let Err(error) = build("x", &SourceConfig::X(Box::new(config))) else {
        panic!("nobody approved it")
    };
    assert!(error.to_string().contains("approval_contract"), "{error}");
}
