//! Direct messages: what is asked, signed as another's library wants it, and what becomes of it.

use super::{config, id_of, parameter, secret};
use crate::fixtures::check_folder;
use crate::neighbours::http::{Neighbour, Reply, Request, response};
use crate::skipped::skipped;
use jiff::Timestamp;
use resonanz::clock::Clock;
use resonanz::collect::Recorded;
use resonanz::collect::http::Limits;
use resonanz::collect::source::{Event, GapReason, Source, SourceError, Standing};
use resonanz::collect::x::XConfig;
use resonanz::collect::x::messages::XMessages;
use resonanz::model::{Change, Cursor, Kind};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// The number of the house's account, with which its token begins.
const OWN: &str = "4711";

#[test]
fn fixtures() {
    check_folder(Recorded::XMessages, "x_messages");
}

/// The source's settings, with the account's keys.
pub fn settings(address: &str, more: Value) -> XConfig {
    let keys = secret(
        "x-keys",
        &format!("app\napp-secret\n{OWN}-token\ntoken-secret\n"),
    );
    let mut own = json!({"stream": "messages", "account_keys_file": keys});
    own.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    config(address, own)
}

pub fn source(address: &str) -> XMessages {
    of(&settings(address, json!({})))
}

fn of(config: &XConfig) -> XMessages {
    XMessages::with("nachrichten", config, &Clock::system(), Limits::default()).unwrap()
}

/// An event with the n-th id.
pub fn letter(n: i64, sender: &str) -> Value {
    json!({
        "id": number(n), "event_type": "MessageCreate", "text": format!("message {n}"),
        "sender_id": sender, "dm_conversation_id": "4711-99", "created_at": "2026-11-29T09:30:00.000Z",
    })
}

fn number(n: i64) -> String {
    id_of(1_795_000_000_000 + n).to_string()
}

/// What an account has been written so far, and how it is asked for it.
#[derive(Clone, Default)]
struct Letters(Arc<Mutex<Vec<Value>>>);

impl Letters {
    fn write(&self, n: i64, sender: &str) {
        self.0.lock().unwrap().insert(0, letter(n, sender));
    }

    fn answer(&self, request: &Request) -> Reply {
        let from: usize = parameter(request, "pagination_token").parse().unwrap_or(0);
        let most: usize = parameter(request, "max_results").parse().unwrap();
        let all = self.0.lock().unwrap();
        let page: Vec<&Value> = all.iter().skip(from).take(most).collect();
        let mut meta = json!({"result_count": page.len()});
        if from + most < all.len() {
            meta["next_token"] = json!((from + most).to_string());
        }
        let users = json!([{"id": "99", "name": "Erika", "username": "erika"}]);
        let body = match page.is_empty() {
            true => json!({"meta": meta}),
            false => json!({"data": page, "includes": {"users": users}, "meta": meta}),
        };
        response(200, &[], body.to_string().as_bytes())
    }
}

/// One look: its events, and the cursor behind them.
async fn look(source: &XMessages, resume: Option<Cursor>) -> (Vec<Event>, Option<Cursor>) {
    let mut steps = source.open(resume);
    let (mut events, mut cursor) = (Vec::new(), None);
    while let Some(step) = futures_util::StreamExt::next(&mut steps).await {
        let step = step.unwrap();
        cursor = step.cursor.or(cursor);
        if !matches!(step.event, Event::Nothing) {
            events.push(step.event);
        }
    }
    (events, cursor)
}

fn words(events: &[Event]) -> Vec<String> {
    let word = |event: &Event| match event {
        Event::Change(Change::Upsert(item)) => {
            assert_eq!(item.kind, Kind::Message);
            item.text.clone()
        }
        other => format!("{other:?}"),
    };
    events.iter().map(word).collect()
}

#[tokio::test]
async fn what_comes_is_brought_once_and_in_order() {
    let letters = Letters::default();
    letters.write(1, "99");
    let asked = letters.clone();
    let neighbour = Neighbour::start(move |request| asked.answer(request)).await;
    let source = source(&neighbour.url(""));
    let (events, cursor) = look(&source, None).await;
    assert!(events.is_empty(), "what was there before is not brought");
    letters.write(2, "99");
    letters.write(3, OWN);
    letters.write(4, "99");
    let (events, cursor) = look(&source, cursor).await;
    assert_eq!(words(&events), ["message 2", "message 4"]);
    let Event::Change(Change::Upsert(item)) = &events[0] else {
        panic!("a message was written");
    };
    assert_eq!(item.id, format!("message:4711-99/{}", number(2)));
    assert_eq!(item.url.as_deref(), Some("https://x.com/messages/4711-99"));
    assert_eq!(
        item.author.as_ref().unwrap().handle.as_deref(),
        Some("erika")
    );
    let (events, cursor) = look(&source, cursor).await;
    assert!(events.is_empty());
    let heard: Option<Timestamp> = cursor.as_ref().and_then(|cursor| source.time_of(cursor));
    assert_eq!(heard.unwrap().as_millisecond(), 1_795_000_000_004);
    assert_eq!(source.check().await, Standing::Works);
    // An account that nobody has written to misses nothing of the first one who does.
    letters.0.lock().unwrap().clear();
    let (_, cursor) = look(&source, None).await;
    letters.write(5, "99");
    assert_eq!(words(&look(&source, cursor).await.0), ["message 5"]);
}

#[tokio::test]
async fn what_is_beyond_the_pages_is_a_gap_and_money_ends() {
    let letters = Letters::default();
    letters.write(1, "99");
    let asked = letters.clone();
    let neighbour = Neighbour::start(move |request| asked.answer(request)).await;
    // A dollar a day are a hundred messages and a few people.
    let source = of(&settings(&neighbour.url(""), json!({"budget_day_usd": 1})));
    let (_, cursor) = look(&source, None).await;
    (2..=400).for_each(|n| letters.write(n, "99"));
    let (events, cursor) = look(&source, cursor).await;
    let Event::Gap(gap) = &events[0] else {
        panic!("a gap comes first: {:?}", events[0]);
    };
    assert_eq!(gap.reason, GapReason::Jump);
    assert_eq!(gap.from.as_millisecond(), 1_795_000_000_001);
    assert_eq!(gap.to.as_millisecond(), 1_795_000_000_151);
    assert_eq!(words(&events[1..]).len(), 250);
    let mut steps = source.open(cursor);
    let mut last = None;
    while let Some(step) = futures_util::StreamExt::next(&mut steps).await {
        last = Some(step);
    }
    assert!(matches!(last, Some(Err(SourceError::Exhausted { .. }))));
}

#[tokio::test]
async fn without_the_accounts_keys_there_is_no_source() {
    let fault =
        |more: Value| XMessages::new("m", &settings("https://api.x.com", more)).unwrap_err();
    assert!(fault(json!({"account_keys_file": ""})).contains("account_keys_file"));
    assert!(fault(json!({"message_micro_usd": 0})).contains("message_micro_usd"));
    assert!(fault(json!({"approval_contract": ""})).contains("approval_contract"));
    let told = |keys: &str| {
        let keys = secret("x-other-keys", keys);
        let source = of(&settings(
            "https://api.x.com",
            json!({"account_keys_file": keys}),
        ));
        async move { format!("{:?}", source.check().await) }
    };
    assert!(told("a b c").await.contains("four lines"));
    let oauth_2 = told("app secret token secret").await;
    assert!(oauth_2.contains("NeedsKey") && oauth_2.contains("account's number"));
}

/// Where another's library for OAuth is; says aloud where it is not.
fn referee() -> Option<PathBuf> {
    let peers = std::env::var_os("RESONANZ_PEERS").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache/resonanz-peers"));
    let python = peers.or(home)?.join("oauth/bin/python");
    if !python.exists() {
        skipped("the peer oauth is not installed (tests/peers/install)");
        return None;
    }
    Some(python)
}

#[tokio::test]
async fn anothers_library_takes_the_signature() {
    let Some(python) = referee() else {
        return;
    };
    let neighbour = Neighbour::start(|_| response(200, &[], b"{\"meta\":{}}")).await;
    let source = source(&neighbour.url(""));
    look(&source, None).await;
    let request = neighbour.requests().remove(0);
    let authorization = request.header("authorization").unwrap().to_owned();
    let judge = |authorization: &str| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/oauth.py");
        let mut child = Command::new(&python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let asked = json!({
            "url": neighbour.url(&request.path), "method": request.method,
            "authorization": authorization, "app": "app", "app_secret": "app-secret",
            "token": format!("{OWN}-token"), "token_secret": "token-secret",
        });
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(asked.to_string().as_bytes()).unwrap();
        drop(stdin);
        let told = child.wait_with_output().unwrap();
        assert!(told.status.success());
        String::from_utf8(told.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(judge(&authorization), "valid");
    let spoilt = authorization.replace("oauth_nonce=\"", "oauth_nonce=\"0");
    assert_eq!(judge(&spoilt), "invalid");
}
