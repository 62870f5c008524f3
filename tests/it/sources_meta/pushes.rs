//! What Meta pushes, through a whole house. The signatures are OpenSSL's, not ours.

use super::{settings, token_file};
use crate::http::{Answer, ask};
use crate::neighbours::http::{Neighbour, response};
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::clock::Clock;
use resonanz::collect::inbox::MAX_BODY_BYTES;
use resonanz::collect::meta::{MetaConfig, Network};
use resonanz::config;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "nur-ein-beispiel-fuer-tests-kein-zugang";
const TOKEN: &str = "zugang-zum-haus-von-zweiunddreissig-zeichen";

fn meta() -> MetaConfig {
    settings("https://graph.facebook.com")
}

/// A house with a token of its own, which Meta does not have.
pub async fn start(dir: &Path, network: Network, config: &MetaConfig) -> Running {
    let token = dir.join("token");
    std::fs::write(&token, TOKEN).unwrap();
    let text = format!(
        "[serve]\nlisten = '127.0.0.1:0'\ntoken_file = '{}'\n",
        token.display()
    );
    std::fs::write(dir.join("house.toml"), text).unwrap();
    let today = jiff::Zoned::now().date();
    let mut own = config::load(Some(&dir.join("house.toml")), HashMap::new(), today).unwrap();
    own.dir = dir.join("data");
    let house = House::open(&own).await.unwrap();
    let pushed = MetaConfig {
        push: true,
        app_secret_file: Some(token_file()),
        verify_token_file: Some(token_file()),
        ..config.clone()
    };
    let options = Options {
        sources: vec![Box::new(super::source(network, &pushed))],
        serve: true,
        ..Options::offline()
    };
    let app = App::build(house, own, options).unwrap();
    app.start(CancellationToken::new()).await.unwrap()
}

pub fn signed(body: &str) -> Option<String> {
    crate::look::signed("sha256", SECRET, body)
}

async fn bring(running: &Running, signature: &str, body: &str) -> Answer {
    let headers = [("host", "127.0.0.1"), ("x-hub-signature-256", signature)];
    let address = running.address().unwrap();
    ask(address, "POST", "/in/meta", &headers, body).await
}

/// A signed body.
pub async fn sign_and_bring(running: &Running, body: &Value) -> Answer {
    let body = body.to_string();
    bring(running, &signed(&body).unwrap(), &body).await
}

pub fn now() -> i64 {
    Clock::system().now().as_second()
}

fn delivery(object: &str, at: i64, changes: &[Value]) -> Value {
    json!({"object": object, "entry": [{"id": super::ACCOUNT, "time": at, "changes": changes}]})
}

fn comment(verb: &str, id: &str, words: &str) -> Value {
    json!({"field": "feed", "value": {"item": "comment", "verb": verb, "comment_id": id,
        "post_id": "900_1", "parent_id": "900_1", "from": {"id": "501", "name": "Kanarienvogel"},
        "message": words, "created_time": now() - 60}})
}

pub async fn finish(running: Running) {
    let ending = running.finish(Duration::from_secs(20), Ending::Soon);
    ending.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_stored_before_it_is_acknowledged_and_may_come_again() {
    if signed("").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), Network::Facebook, &meta()).await;
    let stored = async |running: &Running| running.store().count().await.unwrap();

    // A deletion before its comment, an edit before its original, something unknown, and a comment
    // that no watch wants: one body, in any order.
    let body = delivery(
        "page",
        now(),
        &[
            comment("remove", "1_2", ""),
            comment(
                "add",
                "1_2",
                "Das Bundesinnenministerium schweigt, und ich nehme es zurück",
            ),
            comment(
                "edited",
                "1_1",
                "Das Bundesinnenministerium antwortet nie, dabei bleibe ich",
            ),
            comment("add", "1_1", "Das Bundesinnenministerium antwortet nie"),
            json!({"field": "morgen", "value": {}}),
            comment("add", "1_3", "Heute gibt es Quittenbrot"),
        ],
    );
    let answer = sign_and_bring(&running, &body).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "{\"stored\":5}")
    );
    assert_eq!(stored(&running).await, 1);
    let again = sign_and_bring(&running, &body).await;
    assert_eq!((again.status, again.body.as_str()), (200, "{\"stored\":0}"));
    // The same comment in another body is one item, and stays deleted.
    let late = delivery(
        "page",
        now(),
        &[comment("add", "1_2", "Das Bundesinnenministerium schweigt")],
    );
    assert_eq!(sign_and_bring(&running, &late).await.status, 200);
    assert_eq!(stored(&running).await, 1);
    // The edit stands, though its original came later.
    let texts = running.store().changes_after(0, 100).await.unwrap();
    let texts: Vec<String> = texts
        .into_iter()
        .filter_map(|change| match change {
            resonanz::store::Change::Present(found) => Some(found.text),
            _ => None,
        })
        .collect();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("dabei bleibe ich"), "{texts:?}");

    // An edit that takes the words takes the row; an edit that does not tell them takes nothing.
    let untold = json!({"field": "feed", "value": {"item": "comment", "verb": "edited",
        "comment_id": "1_1", "post_id": "900_1", "from": {"id": "501", "name": "Kanarienvogel"}}});
    assert_eq!(
        sign_and_bring(&running, &delivery("page", now() + 1, &[untold]))
            .await
            .status,
        200
    );
    assert_eq!(stored(&running).await, 1);
    let emptied = delivery("page", now() + 1, &[comment("edited", "1_1", "")]);
    assert_eq!(sign_and_bring(&running, &emptied).await.status, 200);
    assert_eq!(stored(&running).await, 0);
    let back = "Das Bundesinnenministerium antwortet nie, und dabei bleibe ich";
    let back = delivery("page", now() + 2, &[comment("edited", "1_1", back)]);
    assert_eq!(sign_and_bring(&running, &back).await.status, 200);
    assert_eq!(stored(&running).await, 1);

    let gone = delivery("page", now(), &[comment("remove", "1_1", "")]);
    assert_eq!(sign_and_bring(&running, &gone).await.status, 200);
    assert_eq!(stored(&running).await, 0);
    finish(running).await;
    crate::sweep::assert_absent(&dir.path().join("data"), "Quittenbrot");
    crate::sweep::assert_absent(&dir.path().join("data"), "Kanarienvogel");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_metas_is_not_taken() {
    if signed("").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), Network::Facebook, &meta()).await;
    let good = |at| {
        delivery(
            "page",
            at,
            &[comment("add", "1_1", "Das Bundesinnenministerium schweigt")],
        )
        .to_string()
    };
    let body = good(now());
    let right = signed(&body).unwrap();
    let check = async |signature: &str, body: &str, status: u16| {
        let answer = bring(&running, signature, body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    };
    check("", &body, 401).await;
    check("sha256=00", &body, 401).await;
    check(&right, &body.replace("schweigt", "spricht"), 401).await;
    for at in [now() - 49 * 3600, now() + 3600] {
        let stale = good(at);
        check(&signed(&stale).unwrap(), &stale, 401).await;
    }
    for odd in ["", "{}", "[]", "[[[[", "{\"object\":\"page\",\"entry\":[]}"] {
        check(&signed(odd).unwrap(), odd, 400).await;
    }
    check(&right, &" ".repeat(MAX_BODY_BYTES + 1), 413).await;
    assert_eq!(running.store().count().await.unwrap(), 0);

    // Another network's or account's push is counted and not kept.
    let strange = delivery(
        "instagram",
        now(),
        &[comment("add", "1_1", "Bundesinnenministerium")],
    );
    let answer = sign_and_bring(&running, &strange).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "{\"stored\":0}")
    );
    assert_eq!(running.store().count().await.unwrap(), 0);
    finish(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_challenge_is_answered_to_who_knows_the_token() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), Network::Facebook, &meta()).await;
    let address = running.address().unwrap();
    let knock = async |name: &str, query: &str| {
        let path = format!("/in/{name}?{query}");
        ask(address, "GET", &path, &[("host", "127.0.0.1")], "").await
    };
    let query = |token: &str, challenge: &str| {
        format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge={challenge}")
    };
    let answer = knock("meta", &query(SECRET, "1158201444")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "1158201444"));
    assert!(answer.header("content-type").starts_with("text/plain"));
    for (name, query) in [
        ("meta", query("geraten", "1158201444")),
        ("meta", query(SECRET, "%3Cscript%3E")),
        ("meta", String::new()),
        ("andere", query(SECRET, "1158201444")),
    ] {
        let answer = knock(name, &query).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(!answer.body.contains("script"), "{}", answer.body);
    }
    // Nothing else is open without the house's own token.
    let answer = ask(
        address,
        "GET",
        "/api/search?q=x",
        &[("host", "127.0.0.1")],
        "",
    )
    .await;
    assert_eq!(answer.status, 401);
    finish(running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_instagram_only_points_at_is_fetched_before_it_is_acknowledged() {
    if signed("").is_none() {
        return;
    }
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let server = Neighbour::start(move |request| {
        let is_gone = request.path.contains("179002");
        if request.path.contains("179003") {
            return response(403, &[], b"{\"error\":{\"code\":10}}");
        }
        let found = match counter.fetch_add(1, Ordering::SeqCst) {
            0 => return response(500, &[], b""),
            _ if is_gone => {
                return response(400, &[], b"{\"error\":{\"code\":100,\"error_subcode\":33}}");
            }
            _ => json!({"mentioned_comment": {"id": "179001", "username": "kanarienvogel",
                "text": "@ministerium Das Bundesinnenministerium schweigt",
                "timestamp": "2026-11-28T10:09:00+0000"}, "id": "900"}),
        };
        assert!(
            request
                .path
                .contains("mentioned_comment.comment_id%28179001%29"),
            "{}",
            request.path
        );
        response(200, &[], found.to_string().as_bytes())
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), Network::Instagram, &settings(&server.url(""))).await;
    let mention =
        |id: &str| json!({"field": "mentions", "value": {"comment_id": id, "media_id": "5"}});
    let body = delivery("instagram", now(), &[mention("179001")]);
    // The API is down: not acknowledged. Meta comes again, and then it is there.
    assert_eq!(sign_and_bring(&running, &body).await.status, 503);
    assert_eq!(running.store().count().await.unwrap(), 0);
    let taken = async {
        while sign_and_bring(&running, &body).await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    crate::house::soon("the mention", taken).await;
    assert_eq!(running.store().count().await.unwrap(), 1);
    // One that is deleted meanwhile holds nobody up.
    let body = delivery("instagram", now(), &[mention("179002")]);
    assert_eq!(sign_and_bring(&running, &body).await.status, 200);
    assert_eq!(running.store().count().await.unwrap(), 1);
    // One that we may not ask for is not acknowledged, and what comes behind it is.
    let body = delivery("instagram", now(), &[mention("179003")]);
    assert_eq!(sign_and_bring(&running, &body).await.status, 503);
    let comment = json!({"field": "comments", "value": {"id": "179004",
        "from": {"id": "501", "username": "kanarienvogel"}, "media": {"id": "5"},
        "text": "Das Bundesinnenministerium schweigt weiter"}});
    let body = delivery("instagram", now(), &[comment]);
    assert_eq!(sign_and_bring(&running, &body).await.status, 200);
    assert_eq!(running.store().count().await.unwrap(), 2);
    finish(running).await;
}
