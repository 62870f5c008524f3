//! Looks at an account whose API is a neighbour on loopback.

use super::{settings, source};
use crate::neighbours::http::{Neighbour, Reply, Request, response};
use futures_util::StreamExt;
use resonanz::collect::meta::{MetaConfig, Network};
use resonanz::collect::source::{Event, Source, SourceError, Standing};
use resonanz::model::{Change, Cursor, Item, Kind};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What one look brought.
#[derive(Default)]
pub struct Look {
    pub items: Vec<Item>,
    deleted: Vec<String>,
    rejected: usize,
    pub cursor: Option<Cursor>,
    pub error: Option<SourceError>,
}

impl Look {
    pub fn texts(&self) -> Vec<&str> {
        self.items.iter().map(|item| item.text.as_str()).collect()
    }
}

pub async fn look(source: &dyn Source, cursor: Option<&Cursor>) -> Look {
    let mut stream = source.open(cursor.cloned());
    let mut look = Look::default();
    while let Some(step) = stream.next().await {
        match step {
            Ok(collected) => {
                look.cursor = collected.cursor.or(look.cursor);
                match collected.event {
                    Event::Change(Change::Upsert(item)) => look.items.push(*item),
                    Event::Change(Change::Delete(deletion)) => look.deleted.push(deletion.id),
                    Event::Rejected(_) => look.rejected += 1,
                    _ => {}
                }
            }
            Err(error) => {
                look.error = Some(error);
                break;
            }
        }
    }
    look
}

pub fn told(value: &Value) -> Reply {
    response(200, &[], value.to_string().as_bytes())
}

fn error(code: i64, subcode: i64) -> Reply {
    let error = json!({"error": {"code": code, "error_subcode": subcode, "message": "4711"}});
    response(400, &[], error.to_string().as_bytes())
}

fn comment(id: &str, from: &str, words: &str) -> Value {
    json!({"id": id, "from": {"id": from, "name": "Kanarienvogel"}, "message": words,
        "created_time": "2026-11-28T09:00:00+0000"})
}

/// A page with one post of its own, which has two pages of comments.
fn page(request: &Request) -> Reply {
    let path = request.path.as_str();
    if path.contains("/900/feed") {
        return told(&json!({"data": [
            {"id": "900_1", "from": {"id": "900"}, "message": "Eigene Meldung"},
            {"id": "900_2", "from": {"id": "502"}, "message": "Von einer Besucherin"}]}));
    }
    if path.contains("/900_1/comments") && path.contains("after=weiter") {
        return told(&json!({"data": [comment("1_3", "501", "Der dritte")],
            "paging": {"cursors": {"after": "ende"}}}));
    }
    if path.contains("/900_1/comments") {
        return told(&json!({
            "data": [comment("1_1", "501", "Der erste"), comment("1_2", "900", "Antwort des Hauses")],
            "paging": {"cursors": {"after": "weiter"}, "next": "https://evil.example/?access_token=x"}}));
    }
    if path.contains("/900/tagged") {
        return told(&json!({"data": [{"id": "700_1", "message": "Anderswo markiert"}]}));
    }
    told(&json!({"data": []}))
}

#[tokio::test]
async fn a_look_brings_what_others_say_and_shows_the_token_to_nobody() {
    let server = Neighbour::start(page).await;
    let config = MetaConfig {
        app_secret_file: Some(super::token_file()),
        ..settings(&server.url(""))
    };
    let source = source(Network::Facebook, &config);
    let first = look(&source, None).await;
    assert_eq!(first.error, None);
    let texts = [
        "Von einer Besucherin",
        "Anderswo markiert",
        "Der erste",
        "Der dritte",
    ];
    let mut brought = first.texts();
    brought.sort_unstable();
    let mut expected = texts;
    expected.sort_unstable();
    assert_eq!(brought, expected);
    let first_comment = first
        .items
        .iter()
        .find(|item| item.text == "Der erste")
        .unwrap();
    assert_eq!(first_comment.kind, Kind::Comment);
    assert_eq!(first_comment.reply_to.as_deref(), Some("900_1"));
    assert_eq!(first_comment.author.as_ref().unwrap().id, "501");
    let tagged = first.items.iter().find(|item| item.id == "700_1").unwrap();
    assert!(tagged.author.is_none());

    let requests = server.requests();
    let token = "nur-ein-beispiel-fuer-tests-kein-zugang";
    for request in &requests {
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {token}").as_str())
        );
        assert!(!request.path.contains(token), "{}", request.path);
        assert!(request.path.starts_with("/v26.0/"), "{}", request.path);
        assert!(
            request.path.contains("appsecret_proof="),
            "{}",
            request.path
        );
    }
    assert!(
        requests[0].path.contains("fields=id%2Cfrom%2Cmessage"),
        "{}",
        requests[0].path
    );
    assert!(requests[0].path.contains("since="), "{}", requests[0].path);

    // The position holds neither ids nor words, and a second look brings nothing again.
    let cursor = first.cursor.unwrap();
    for part in ["900_1", "1_1", "501", "erste", "Kanarienvogel"] {
        assert!(!cursor.0.contains(part), "{part}: {}", cursor.0);
    }
    let second = look(&source, Some(&cursor)).await;
    assert_eq!(second.texts().len() + second.deleted.len(), 0);
}

/// A page whose comments are what the test says, by id; every id but those can be asked for.
struct Shelf {
    posts: Vec<&'static str>,
    comments: Vec<(&'static str, &'static str)>,
    gone: Vec<&'static str>,
}

async fn shelf(shelf: &Arc<Mutex<Shelf>>) -> Neighbour {
    let shelf = Arc::clone(shelf);
    Neighbour::start(move |request| {
        let shelf = shelf.lock().unwrap();
        let path = request.path.split('?').next().unwrap();
        if path.ends_with("/feed") {
            let posts = shelf.posts.iter().map(|id| json!({"id": id}));
            return told(&json!({"data": posts.collect::<Vec<_>>()}));
        }
        if path.ends_with("/900_1/comments") {
            let all = shelf.comments.iter();
            let all = all.map(|(id, words)| comment(id, "501", words));
            return told(&json!({"data": all.collect::<Vec<_>>()}));
        }
        match shelf
            .gone
            .iter()
            .any(|id| path.ends_with(&format!("/{id}")))
        {
            true => error(100, 33),
            false => told(&json!({"data": [], "id": "1"})),
        }
    })
    .await
}

#[tokio::test]
async fn edits_and_deletions_are_found_by_looking_again() {
    let shelved = Arc::new(Mutex::new(Shelf {
        posts: vec!["900_1"],
        comments: vec![
            ("1_1", "eins"),
            ("1_2", "zwei"),
            ("1_3", "drei"),
            ("1_4", "vier"),
        ],
        gone: vec![],
    }));
    let server = shelf(&shelved).await;
    let source = source(Network::Facebook, &settings(&server.url("")));
    let first = look(&source, None).await;
    assert_eq!(first.texts(), ["eins", "zwei", "drei", "vier"]);

    // One was edited, one is gone, and one is only not listed any more.
    {
        let mut shelf = shelved.lock().unwrap();
        shelf.comments = vec![("1_1", "eins, verbessert"), ("1_4", "vier")];
        shelf.gone = vec!["1_2"];
    }
    let second = look(&source, first.cursor.as_ref()).await;
    assert_eq!(second.texts(), ["eins, verbessert"]);
    assert!(second.items[0].edited.is_some());
    assert_eq!(second.deleted, ["1_2"]);

    // It is not asked for twice.
    let third = look(&source, second.cursor.as_ref().or(first.cursor.as_ref())).await;
    assert_eq!((third.texts(), third.deleted.len()), (vec![], 0));
    let asked = |id: &str| {
        let path = format!("/v26.0/{id}?");
        let requests = server.requests();
        requests
            .iter()
            .filter(|r| r.path.starts_with(&path))
            .count()
    };
    assert_eq!((asked("1_2"), asked("1_3")), (1, 1));

    // A post goes with everything below it; one that is only too old does not.
    {
        let mut shelf = shelved.lock().unwrap();
        shelf.posts = vec![];
        shelf.gone = vec!["900_1"];
    }
    let mut gone = look(&source, third.cursor.as_ref()).await.deleted;
    gone.sort_unstable();
    assert_eq!(gone, ["1_1", "1_4", "900_1"]);
}

#[tokio::test]
async fn a_source_rests_before_its_allowance_is_used_up() {
    let server = Neighbour::start(|request| match request.path.contains("comments") {
        false => page(request),
        true => {
            let usage = r#"{"900":[{"type":"pages","call_count":85,"total_time":1,"total_cputime":1,"estimated_time_to_regain_access":7}]}"#;
            let body = json!({"data": [comment("1_1", "501", "Noch gehört")]}).to_string();
            response(200, &[("X-Business-Use-Case-Usage", usage)], body.as_bytes())
        }
    })
    .await;
    let source = source(Network::Facebook, &settings(&server.url("")));
    let look = look(&source, None).await;
    assert!(look.texts().contains(&"Noch gehört"), "{:?}", look.texts());
    let retry_after = Some(Duration::from_secs(7 * 60));
    assert_eq!(look.error, Some(SourceError::RateLimited { retry_after }));
    let comments = server.requests();
    let comments = comments
        .iter()
        .filter(|r| r.path.contains("comments"))
        .count();
    assert_eq!(comments, 1);
}

#[tokio::test]
async fn what_is_not_permitted_does_not_cost_the_rest() {
    let server = Neighbour::start(|request| match request.path.contains("tagged") {
        false => page(request),
        true => error(10, 0),
    })
    .await;
    let source = source(Network::Facebook, &settings(&server.url("")));
    let look = look(&source, None).await;
    assert!(look.texts().contains(&"Von einer Besucherin"));
    let Some(SourceError::Refused(why)) = look.error else {
        panic!("{:?}", look.error)
    };
    assert!(why.contains("app review") && !why.contains("4711"), "{why}");
}

#[tokio::test]
async fn a_new_token_counts_at_once_and_check_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "abgelaufener-zugang-alt\n").unwrap();
    let server = Neighbour::start(|request| match request.header("authorization") {
        Some("Bearer frischer-zugang-zwei") => told(&json!({"id": "900"})),
        Some("Bearer abgelaufener-zugang-alt") => error(190, 463),
        Some("Bearer zugang-ohne-erlaubnis") => error(200, 0),
        _ => error(100, 33),
    })
    .await;
    let config = MetaConfig {
        token_file: file.clone(),
        ..settings(&server.url(""))
    };
    let source = source(Network::Threads, &config);
    let check = async |token: &str| {
        std::fs::write(&file, token).unwrap();
        source.check().await
    };
    let told = check("abgelaufener-zugang-alt").await;
    assert!(
        matches!(&told, Standing::NeedsKey(why) if why.contains("`token_file`")),
        "{told:?}"
    );
    let told = check("zugang-ohne-erlaubnis").await;
    assert!(matches!(told, Standing::NeedsPermission(_)), "{told:?}");
    assert_eq!(check("frischer-zugang-zwei").await, Standing::Works);
    let told = check("").await;
    assert!(matches!(told, Standing::NeedsKey(_)), "{told:?}");
    let told = check("fremder-zugang-drei").await;
    assert!(
        matches!(&told, Standing::Unreachable(why) if why.contains("`account`")),
        "{told:?}"
    );
}

#[tokio::test]
async fn hostile_lists_end() {
    // Pages without end, ids that lead elsewhere, nodes that are none.
    let server = Neighbour::start(|request| {
        let more = json!({"cursors": {"after": "immer"}, "next": "https://graph.facebook.com/"});
        if request.path.contains("/feed") {
            let strange = [
                json!("x"),
                json!({"id": "../900/feed"}),
                json!({"id": "1/../2"}),
            ];
            let posts: Vec<Value> = strange
                .into_iter()
                .chain([json!({"id": "900_1"})])
                .collect();
            return told(&json!({"data": posts, "paging": more}));
        }
        told(&json!({"data": [comment("1_1", "501", "immer dasselbe")], "paging": more}))
    })
    .await;
    let source = source(Network::Facebook, &settings(&server.url("")));
    let look = look(&source, None).await;
    assert_eq!(look.error, None);
    assert!(look.rejected > 0 && look.texts().contains(&"immer dasselbe"));
    let requests = server.requests();
    assert!(requests.len() < 30, "{}", requests.len());
    assert!(
        requests.iter().all(|r| !r.path.contains("..")),
        "{requests:#?}"
    );
}

#[tokio::test]
async fn instagram_and_threads_are_asked_in_their_own_words() {
    let server = Neighbour::start(|request| {
        let path = request.path.as_str();
        let by = |name: &str| json!({"data": [{"id": name, "text": name, "caption": name, "username": "zeisig"}]});
        let known = ["/800/comments", "/900/tags", "/700/conversation", "/900/mentions", "keyword_search"];
        let known = known.iter().find(|name| path.contains(*name));
        if let Some(name) = known {
            return told(&by(&name.trim_matches('/').replace('/', "_")));
        }
        told(&match () {
            () if path.contains("/900/media") => json!({"data": [{"id": "800"}]}),
            () if path.contains("/900/threads") => json!({"data": [{"id": "700"}]}),
            () => json!({"error": {"code": 100}}),
        })
    })
    .await;
    let config = settings(&server.url(""));
    let brought = look(&source(Network::Instagram, &config), None).await;
    assert_eq!(brought.error, None);
    assert_eq!(brought.texts(), ["900_tags", "800_comments"]);
    assert_eq!(
        brought.items[0].author.as_ref().unwrap().handle.as_deref(),
        Some("zeisig")
    );

    let config = MetaConfig {
        queries: vec!["Grenzkontrolle Österreich".to_owned()],
        ..config
    };
    let brought = look(&source(Network::Threads, &config), None).await;
    assert_eq!(brought.error, None);
    assert_eq!(
        brought.texts(),
        ["900_mentions", "keyword_search", "700_conversation"]
    );
    assert_eq!(brought.items[2].kind, Kind::Reply);
    let requests = server.requests();
    let search = requests
        .iter()
        .find(|r| r.path.contains("keyword_search"))
        .unwrap();
    assert!(
        search.path.starts_with("/v1.0/keyword_search?"),
        "{}",
        search.path
    );
    assert!(
        search.path.contains("q=Grenzkontrolle+%C3%96sterreich"),
        "{}",
        search.path
    );
    assert!(
        search.path.contains("search_type=RECENT"),
        "{}",
        search.path
    );
}
