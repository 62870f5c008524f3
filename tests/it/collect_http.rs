//! The one HTTP client's calls and streams, against a server on loopback that can do everything wrong.

use crate::neighbours::http::{Neighbour, Reply, head, response};
use crate::neighbours::websocket;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::header::HeaderName;
use resonanz::collect::hosts::Hosts;
use resonanz::collect::http::{Client, Limits};
use resonanz::collect::http_call::Call;
use resonanz::collect::http_gate::Gate;
use resonanz::collect::lines::Line;
use resonanz::collect::source::SourceError;
use resonanz::collect::sse::{Message, Said};
use resonanz::collect::websocket::{ConnectError, Opening, open};
use serde_json::json;
use std::time::Duration;
use url::Url;

/// Longer than any test runs.
const PATIENT: Duration = Duration::from_secs(60);

fn client() -> Client {
    client_within(Limits {
        header: PATIENT,
        total: PATIENT,
        grace: PATIENT,
        min_bytes_per_sec: 1024,
        max_body_bytes: 64 * 1024,
    })
}

fn client_within(limits: Limits) -> Client {
    Client::new(&["127.0.0.1".to_owned()], "", limits).unwrap()
}

fn get(server: &Neighbour, path: &str) -> Call {
    Call::get(server.url(path).parse().unwrap(), "*/*")
}

/// Everything until the end, and the error that ended it.
async fn all<T>(mut stream: BoxStream<'static, Result<T, SourceError>>) -> (Vec<T>, String) {
    let mut items = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(item) => items.push(item),
            Err(error) => return (items, error.to_string()),
        }
    }
    (items, String::new())
}

fn text(line: &str) -> Line {
    Line::Text(line.as_bytes().to_vec())
}

/// A chunked answer whose end never comes.
fn torn(body: &str) -> Reply {
    let mut bytes = head(200, &[("Transfer-Encoding", "chunked")]);
    bytes.extend(format!("{:x}\r\n{body}\r\n", body.len()).into_bytes());
    Reply::Bytes(bytes)
}

#[tokio::test]
async fn lines_come_as_they_are_said_until_the_end() {
    let server = Neighbour::start(|request| match request.path.as_str() {
        "/whole" => response(200, &[], b"{\"a\":1}\r\n\r\n{\"b\":2}\r\n{\"half"),
        "/torn" => torn("one\ntw"),
        "/long" => response(
            200,
            &[],
            &[vec![b'x'; 3 << 20], b"\nnext\n".to_vec()].concat(),
        ),
        "/endless" => Reply::Endless(head(200, &[]), vec![b'x'; 1 << 16]),
        _ => Reply::Stall([head(200, &[]), b"one\n".to_vec()].concat()),
    })
    .await;
    let lines = async |path: &str, idle| {
        let stream = client().lines(get(&server, path), idle).await.unwrap();
        all(stream).await
    };
    let (said, error) = lines("/whole", PATIENT).await;
    let expected = [
        Line::Alive,
        text("{\"a\":1}"),
        Line::Alive,
        text("{\"b\":2}"),
    ];
    assert_eq!((said.as_slice(), error.as_str()), (&expected[..], ""));
    let (said, error) = lines("/torn", PATIENT).await;
    assert_eq!(said, [Line::Alive, text("one")]);
    assert!(!error.is_empty());
    let (said, error) = lines("/long", PATIENT).await;
    assert_eq!(said, [Line::Alive, Line::TooLarge, text("next")]);
    assert_eq!(error, "");
    let (said, error) = lines("/silent", Duration::from_millis(300)).await;
    assert_eq!(said, [Line::Alive, text("one")]);
    assert!(error.contains("no sign of life"), "{error}");
    // A line without end is read for ever and kept nowhere; whoever has enough just goes.
    let endless = lines("/endless", PATIENT);
    let read = tokio::time::timeout(Duration::from_millis(300), endless).await;
    assert!(read.is_err());
}

#[tokio::test]
async fn events_begin_behind_the_last_one_and_heartbeats_are_life() {
    let server = Neighbour::start(|request| {
        let stream = b":)\nevent: update\nid: 8\ndata: {}\n\n:thump\n";
        assert_eq!(request.header("last-event-id"), Some("7"));
        assert_eq!(request.header("accept-encoding"), Some("identity"));
        response(200, &[("Content-Type", "text/event-stream")], stream)
    })
    .await;
    let call = get(&server, "/stream")
        .header(HeaderName::from_static("last-event-id"), "7")
        .unwrap();
    let (said, error) = all(client().events(call, PATIENT).await.unwrap()).await;
    let update = Message {
        kind: "update".to_owned(),
        data: "{}".to_owned(),
        id: Some("8".to_owned()),
    };
    let expected = [Said::Alive, Said::Alive, Said::Message(update), Said::Alive];
    assert_eq!((said.as_slice(), error.as_str()), (&expected[..], ""));
}

#[tokio::test]
async fn a_stream_that_is_none_is_refused() {
    let server = Neighbour::start(|request| match request.path.as_str() {
        "/401" => response(401, &[], b"{\"error\":\"Missing access token\"}"),
        "/429" => response(429, &[("Retry-After", "9")], b""),
        "/gzip" => response(200, &[("Content-Encoding", "gzip")], b"x"),
        _ => Reply::Stall(Vec::new()),
    })
    .await;
    let refused = async |path: &str| {
        let limits = Limits {
            header: Duration::from_millis(300),
            ..Limits::default()
        };
        let limits = if path == "/silent" {
            limits
        } else {
            Limits::default()
        };
        let client = client_within(limits);
        let stream = client.events(get(&server, path), PATIENT).await;
        stream.err().unwrap()
    };
    assert_eq!(
        refused("/401").await,
        SourceError::Refused("HTTP 401".into())
    );
    let retry_after = Some(Duration::from_secs(9));
    assert_eq!(
        refused("/429").await,
        SourceError::RateLimited { retry_after }
    );
    assert!(matches!(refused("/gzip").await, SourceError::Refused(_)));
    assert!(matches!(
        refused("/silent").await,
        SourceError::Transient(_)
    ));
}

#[tokio::test]
async fn json_is_posted_with_its_token_and_every_answer_can_be_read() {
    let server = Neighbour::start(|request| {
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("authorization"), Some("Bearer geheim"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        match request.body.as_str() {
            "{\"add\":[]}" => response(400, &[("X-Why", "empty")], b"{\"title\":\"Invalid\"}"),
            _ => response(201, &[("Link", "<next>")], b"{\"id\":7}"),
        }
    })
    .await;
    let url: Url = server.url("/rules").parse().unwrap();
    let ask = async |body| {
        let call = Call::post(url.clone(), &body).unwrap();
        client().ask(&call.bearer("geheim").unwrap()).await.unwrap()
    };
    let reply = ask(json!({"add": ["x"]})).await.success().unwrap();
    assert_eq!(reply.header("link"), Some("<next>"));
    assert_eq!(reply.json::<serde_json::Value>().unwrap(), json!({"id": 7}));
    assert!(matches!(
        reply.json::<Vec<u8>>(),
        Err(SourceError::Transient(_))
    ));
    let reply = ask(json!({"add": []})).await;
    assert_eq!(
        reply.json::<serde_json::Value>().unwrap(),
        json!({"title": "Invalid"})
    );
    let error = reply.success().unwrap_err();
    assert_eq!(error, SourceError::Refused("HTTP 400".into()));
}

#[tokio::test]
async fn a_token_stays_with_its_server() {
    let other = Neighbour::start(|_| response(200, &[], b"{}")).await;
    let elsewhere = other.url("/");
    let server = Neighbour::start(move |request| match request.path.as_str() {
        "/here" => response(307, &[("Location", "/there")], b""),
        "/away" => response(302, &[("Location", &elsewhere)], b""),
        _ => response(200, &[], b"{}"),
    })
    .await;
    let with_token = |path: &str| get(&server, path).bearer("geheim").unwrap();
    assert!(client().ask(&with_token("/here")).await.is_ok());
    let refused = |told: Result<_, SourceError>| matches!(told, Err(SourceError::Refused(_)));
    assert!(refused(client().ask(&with_token("/away")).await));
    let streamed = client().lines(with_token("/away"), PATIENT).await;
    assert!(matches!(streamed, Err(SourceError::Refused(_))));
    let post = Call::post(server.url("/here").parse().unwrap(), &json!({})).unwrap();
    assert!(refused(client().ask(&post).await));
    assert_eq!(other.requests().len(), 0);
    // Without anything confidential it may go.
    assert!(client().ask(&get(&server, "/away")).await.is_ok());
    assert_eq!(other.requests()[0].header("authorization"), None);
}

fn through<'a>(url: &'a Url, gate: &'a Gate) -> Opening<'a> {
    Opening {
        gate: Some(gate),
        ..Opening::new(url)
    }
}

#[tokio::test]
async fn a_websocket_that_somebody_else_named_goes_through_the_gate() {
    let server = websocket::Neighbour::start(vec![], vec![]).await;
    let port = server.address.rsplit(':').next().unwrap();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let url: Url = format!("ws://{host}:{port}/").parse().unwrap();
        let closed = open(through(&url, &Gate::default())).await.err();
        assert!(matches!(closed, Some(ConnectError::Failed(_))), "{host}");
    }
    assert_eq!(server.requests().len(), 0);
    let url: Url = server.url().parse().unwrap();
    let gate = Gate::new(&["127.0.0.1".to_owned()]).unwrap();
    assert!(open(through(&url, &gate)).await.is_ok());
}

#[tokio::test]
async fn a_host_that_wants_patience_is_left_alone_by_every_client() {
    let server = Neighbour::start(|request| match request.path.as_str() {
        "/busy" => response(429, &[("Retry-After", "600")], b""),
        _ => response(200, &[], b""),
    })
    .await;
    let hosts = Hosts::default();
    let (one, two) = (client().sharing(&hosts), client().sharing(&hosts));
    assert_eq!(one.ask(&get(&server, "/busy")).await.unwrap().status, 429);
    let told = two.ask(&get(&server, "/")).await.unwrap_err();
    assert!(matches!(
        told,
        SourceError::RateLimited {
            retry_after: Some(_)
        }
    ));
    assert_eq!(server.requests().len(), 1);
    // A client of another house knows nothing of it.
    assert!(client().ask(&get(&server, "/")).await.is_ok());
}

#[tokio::test]
async fn a_long_body_is_cut_where_its_beginning_is_enough() {
    let server = Neighbour::start(|request| match request.path.as_str() {
        "/endless" => Reply::Endless(head(200, &[]), vec![b'x'; 8192]),
        _ => response(200, &[], b"short"),
    })
    .await;
    let ask = async |path: &str| {
        client()
            .ask(&get(&server, path).at_most(10_000))
            .await
            .unwrap()
    };
    assert_eq!(ask("/endless").await.body.len(), 10_000);
    assert_eq!(ask("/").await.body, b"short");
}
