//! Bluesky's direct messages: what is asked, what becomes of it, and the whole way through a real PDS.

use crate::fixtures::check_folder;
use crate::neighbours::http::{Neighbour, Reply, Request, response};
use crate::peer_bluesky::{PDS, Peer, is_installed};
use crate::sources_x::secret;
use resonanz::collect::Recorded;
use resonanz::collect::bluesky_messages::{BlueskyMessages, BlueskyMessagesConfig};
use resonanz::collect::source::{Event, Source, SourceError, Standing};
use resonanz::model::{Change, Cursor, Kind};
use serde_json::{Value, json};

const END: &str = "22222267fxdm2";

#[test]
fn fixtures() {
    check_folder(Recorded::BlueskyMessages, "bluesky-messages");
}

/// What another account wrote to the house.
pub fn letter(n: i64) -> Value {
    json!({
        "$type": "chat.bsky.convo.defs#logCreateMessage", "rev": format!("2222226{n}"),
        "convoId": "3md2h2kakjk22", "message": {
            "$type": "chat.bsky.convo.defs#messageView", "id": format!("3md{n}"), "rev": "2",
            "text": format!("message {n}"), "sender": {"did": "did:plc:fragende"},
            "sentAt": "2026-11-29T09:30:00Z",
        },
    })
}

fn answer(body: &Value) -> Reply {
    response(200, &[], body.to_string().as_bytes())
}

/// Logs in; else nothing.
pub fn login(request: &Request) -> Option<Reply> {
    let session = json!({"did": "did:plc:haus", "accessJwt": "ein-token"});
    request
        .path
        .ends_with("createSession")
        .then(|| answer(&session))
}

pub fn config(address: &str) -> BlueskyMessagesConfig {
    BlueskyMessagesConfig {
        url: address.to_owned(),
        identifier: "haus.example".into(),
        password_file: secret("bluesky-messages-password", "ein-app-passwort\n"),
        ..BlueskyMessagesConfig::default()
    }
}

fn source(config: &BlueskyMessagesConfig) -> BlueskyMessages {
    BlueskyMessages::new("nachrichten", config).unwrap()
}

/// One look: what was written, how it ended, and the position behind it.
async fn look(
    source: &BlueskyMessages,
    resume: Option<Cursor>,
) -> (Vec<String>, Option<SourceError>, Option<Cursor>) {
    let (events, cursor, failure) = crate::look::look(source, resume.clone()).await;
    let told = events.into_iter().filter_map(|event| match event {
        Event::Change(Change::Upsert(item)) => {
            assert_eq!(item.kind, Kind::Message);
            Some(item.text)
        }
        _ => None,
    });
    (told.collect(), failure, cursor.or(resume))
}

fn position(request: &Request) -> Option<&str> {
    request.path.split("?cursor=").nth(1)
}

#[tokio::test]
async fn the_first_look_finds_its_place_and_the_next_ones_bring_what_came_behind_it() {
    let neighbour = Neighbour::start(|request| {
        login(request).unwrap_or_else(|| match position(request) {
            // What was written before is not ours to answer.
            None => answer(&json!({"logs": [letter(1)], "cursor": END})),
            Some(END) => {
                answer(&json!({"logs": [letter(2), letter(3)], "cursor": "22222267fxdn2"}))
            }
            Some(at) => answer(&json!({"logs": [], "cursor": at})),
        })
    })
    .await;
    let source = source(&config(&neighbour.url("")));
    let (told, failure, cursor) = look(&source, None).await;
    assert_eq!((told, failure), (vec![], None));
    let (told, _, cursor) = look(&source, cursor).await;
    assert_eq!(told, ["message 2", "message 3"]);
    assert_eq!(look(&source, cursor.clone()).await.0, Vec::<String>::new());

    let requests = neighbour.requests();
    let logins = requests.iter().filter(|asked| asked.method == "POST");
    assert_eq!(logins.count(), 1, "a login is kept");
    let asked = requests.last().unwrap();
    assert_eq!(asked.header("authorization"), Some("Bearer ein-token"));
    let service = "did:web:api.bsky.chat#bsky_chat";
    assert_eq!(asked.header("atproto-proxy"), Some(service));
    assert_eq!(position(asked), Some("22222267fxdn2"));

    // Another account has another log.
    let other = cursor.map(|Cursor(text)| Cursor(text.replace("did:plc:haus", "did:plc:alt")));
    assert_eq!(look(&source, other).await.0, Vec::<String>::new());
    assert_eq!(position(neighbour.requests().last().unwrap()), None);
}

#[tokio::test]
async fn of_a_log_without_an_end_the_first_message_is_not_missed() {
    let neighbour = Neighbour::start(|request| {
        login(request).unwrap_or_else(|| match position(request) {
            None => answer(&json!({"logs": []})),
            Some("2222222222222") => answer(&json!({"logs": [letter(1)], "cursor": END})),
            Some(_) => answer(&json!({"logs": []})),
        })
    })
    .await;
    let source = source(&config(&neighbour.url("")));
    let (_, _, cursor) = look(&source, None).await;
    assert_eq!(look(&source, cursor).await.0, ["message 1"]);
}

#[tokio::test]
async fn a_login_that_has_run_out_is_made_anew_and_a_refusal_says_what_to_do() {
    let neighbour = Neighbour::start(|request| {
        let token = request.header("authorization").unwrap_or_default();
        match (login(request), token) {
            (Some(_), _) if request.body.contains("falsch") => response(401, &[], b"{}"),
            (Some(reply), _) => reply,
            (None, "Bearer ein-token") => answer(&json!({"logs": [], "cursor": END})),
            (None, _) => response(400, &[], br#"{"error":"ExpiredToken"}"#),
        }
    })
    .await;
    let mut config = config(&neighbour.url(""));
    assert_eq!(source(&config).check().await, Standing::Works);
    config.password_file = secret("bluesky-wrong-password", "falsch\n");
    let standing = source(&config).check().await;
    assert!(
        matches!(&standing, Standing::NeedsKey(why) if why.contains("`password_file`")),
        "{standing:?}"
    );

    let runs_out = Neighbour::start(|request| {
        let logins = request.body.contains("haus.example");
        match logins {
            true => login(request).unwrap(),
            false => response(400, &[], br#"{"error":"InvalidToken"}"#),
        }
    })
    .await;
    let asking = source(&self::config(&runs_out.url("")));
    for _ in 0..2 {
        let standing = asking.check().await;
        assert!(
            matches!(&standing, Standing::NeedsKey(why) if why.contains("app password")),
            "{standing:?}"
        );
    }
    // The second question went with the known login first, and then with a new one.
    assert_eq!(runs_out.requests().len(), 5);
}

#[test]
fn settings_that_make_no_sense_are_told_by_their_key() {
    let fault = |change: fn(&mut BlueskyMessagesConfig)| {
        let mut config = config("https://pds.example");
        change(&mut config);
        BlueskyMessages::new("m", &config).unwrap_err()
    };
    assert!(fault(|c| c.url = "wss://x.example".into()).contains("`url`"));
    assert!(fault(|c| c.every_secs = 1).contains("`every_secs`"));
    assert!(fault(|c| c.identifier.clear()).contains("`identifier`"));
    assert!(fault(|c| c.password_file = "".into()).contains("`password_file`"));
    assert!(fault(|c| c.service = "api.bsky.chat".into()).contains("`service`"));
}

/// The claims of a token that a PDS makes for a service (RFC 7519). Its signature is the service's
/// business.
fn claims(request: &Request) -> Value {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let token = request.header("authorization").unwrap_or_default();
    let claims = token.split('.').nth(1).unwrap_or_default();
    let bits = claims.chars().flat_map(|letter| {
        (0..6)
            .rev()
            .map(move |bit| LETTERS.find(letter).unwrap() >> bit & 1)
    });
    let bits: Vec<usize> = bits.collect();
    let byte = |bits: &[usize]| bits.iter().fold(0u8, |byte, bit| byte << 1 | *bit as u8);
    let bytes: Vec<u8> = bits.chunks_exact(8).map(byte).collect();
    serde_json::from_slice(&bytes).unwrap()
}

/// A real PDS takes the app password, hands the question on in the account's name, and refuses an app
/// password without access to messages. The service behind it is not public software.
#[tokio::test]
async fn a_real_pds_hands_the_question_on() {
    if !is_installed(&[PDS]) {
        return;
    }
    let port = std::sync::Arc::new(std::sync::OnceLock::new());
    let known = std::sync::Arc::clone(&port);
    let service = Neighbour::start(move |request| {
        let port: &u16 = known.get().unwrap();
        match request.path.as_str() {
            "/.well-known/did.json" => answer(&json!({
                "id": format!("did:web:localhost%3A{port}"), "service": [{
                    "id": "#bsky_chat", "type": "BskyChatService",
                    "serviceEndpoint": format!("http://localhost:{port}"),
                }],
            })),
            _ => match position(request) {
                None => answer(&json!({"logs": [], "cursor": END})),
                Some(END) => answer(&json!({"logs": [letter(7)], "cursor": "22222267fxdn2"})),
                Some(at) => answer(&json!({"logs": [], "cursor": at})),
            },
        }
    })
    .await;
    port.set(service.addr.port()).unwrap();
    let mut pds = Peer::start("pds", &[]);
    let did = pds.say(&json!({"do": "account", "handle": "haus"}))["did"].clone();
    let mut password = |messages: bool| {
        let said = pds.say(&json!({"do": "app-password", "as": "haus", "messages": messages}));
        said["password"].as_str().unwrap().to_owned()
    };
    let (with, without) = (password(true), password(false));
    let config = |password: &str| BlueskyMessagesConfig {
        url: pds.hello("pds").to_owned(),
        identifier: "haus.test".into(),
        password_file: secret("pds-app-password", password),
        service: format!("did:web:localhost%3A{}#bsky_chat", service.addr.port()),
        ..BlueskyMessagesConfig::default()
    };
    let standing = source(&config(&without)).check().await;
    assert!(
        matches!(&standing, Standing::NeedsKey(why) if why.contains("app password")),
        "{standing:?}"
    );
    assert!(
        service
            .requests()
            .iter()
            .all(|asked| !asked.path.contains("getLog"))
    );

    let source = source(&config(&with));
    let (_, failure, cursor) = look(&source, None).await;
    assert_eq!(failure, None);
    assert_eq!(look(&source, cursor).await.0, ["message 7"]);
    let requests = service.requests();
    let asked = requests.iter().rfind(|asked| asked.path.contains("getLog"));
    let claims = claims(asked.unwrap());
    assert_eq!(claims["iss"], did);
    assert_eq!(claims["lxm"], "chat.bsky.convo.getLog");
}
