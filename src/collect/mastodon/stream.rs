//! The two streams of an instance, as one: what they say, by timeline.

use super::place::{Timeline, under};
use super::wire::Reader;
use crate::collect::http::Client;
use crate::collect::http_call::Call;
use crate::collect::http_gate::Gate;
use crate::collect::source::{RejectReason, Rejection, SourceError};
use crate::collect::sse;
use crate::collect::websocket::{self, ConnectError, Frame, MAX_FRAME_BYTES, Opening, Refusal};
use crate::model::Change;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, future};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// No byte for so long, and an event stream is lost: servers send a comment every 15 seconds.
const IDLE: Duration = Duration::from_secs(90);

/// The instance of recorded messages, which do not name theirs.
const RECORDED: &str = "instance.example";

/// What one message of a stream says.
#[derive(Debug, PartialEq)]
pub enum Told {
    Event {
        /// Where it is told; `None` where the server does not name a timeline that was asked for.
        timeline: Option<Timeline>,
        name: String,
        payload: Payload,
    },
    /// The server lives.
    Alive,
}

/// An event's body: an entity, or the number of what is gone.
#[derive(Debug, PartialEq)]
pub enum Payload {
    Entity(Value),
    Text(String),
}

type TellingStream = BoxStream<'static, Result<Result<Told, Rejection>, SourceError>>;

/// One message of the websocket. `payload` is JSON in a string.
#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    stream: Vec<String>,
    event: Option<String>,
    payload: Option<Value>,
    error: Option<String>,
    status: Option<u16>,
}

/// One websocket for all timelines; the instance says where, so through the gate.
pub async fn websocket(
    base: &Url,
    gate: &Gate,
    token: Option<&str>,
    timelines: &[Timeline],
) -> Result<TellingStream, SourceError> {
    let opening = Opening {
        url: &websocket_address(base),
        bearer: token,
        first: timelines.iter().map(Timeline::subscription).collect(),
        gate: Some(gate),
    };
    let frames = websocket::open(opening).await.map_err(failure)?;
    let timelines = timelines.to_vec();
    Ok(frames
        .map(move |frame| match frame? {
            Frame::Text(text) => read_message(&text, &timelines),
            Frame::Binary(_) => Ok(Err(rejected("a binary frame"))),
            Frame::TooLarge => Ok(Err(too_large())),
        })
        .boxed())
}

fn websocket_address(base: &Url) -> Url {
    let mut url = under(base, &["api", "v1", "streaming"]);
    let scheme = if base.scheme() == "http" { "ws" } else { "wss" };
    // From a web scheme to a websocket's is always allowed.
    let _ = url.set_scheme(scheme);
    url
}

/// Reads one text frame.
///
/// # Errors
/// The server's word, within the stream, that it will not serve it.
fn read_message(
    text: &[u8],
    timelines: &[Timeline],
) -> Result<Result<Told, Rejection>, SourceError> {
    let Ok(message) = serde_json::from_slice::<Message>(text) else {
        return Ok(Err(rejected("a frame that is no message")));
    };
    if message.error.is_some() {
        // What it says is foreign text; the number is enough.
        let status = message.status.unwrap_or(400);
        return Err(in_band(status));
    }
    let Some(name) = message.event else {
        return Ok(Ok(Told::Alive));
    };
    let payload = match message.payload {
        Some(Value::String(text)) => payload(&text),
        Some(Value::Number(number)) => Payload::Text(number.to_string()),
        Some(entity) => Payload::Entity(entity),
        None => Payload::Text(String::new()),
    };
    Ok(Ok(Told::Event {
        timeline: named(&message.stream, timelines),
        name,
        payload,
    }))
}

/// What a recorded websocket message brings. Its own account is the one of the recording.
///
/// # Errors
/// What is no message, or one of a strange status.
pub fn adapt_recorded(line: &[u8]) -> Result<Vec<Change>, Rejection> {
    if line.len() > MAX_FRAME_BYTES {
        return Err(too_large());
    }
    let told = read_message(line, &[Timeline::Own])
        .map_err(|_| rejected("the server refuses its stream"))?;
    let Told::Event {
        timeline,
        name,
        payload,
    } = told?
    else {
        return Ok(vec![]);
    };
    let reader = Reader {
        host: RECORDED.to_owned(),
        own: Some(format!("https://{RECORDED}/@house")),
    };
    let read = reader.told(timeline == Some(Timeline::Own), &name, payload)?;
    Ok(read.change.into_iter().collect())
}

fn named(stream: &[String], timelines: &[Timeline]) -> Option<Timeline> {
    let (name, tag) = (stream.first()?, stream.get(1));
    let is_it = |timeline: &&Timeline| {
        let (own_name, own_tag) = timeline.stream();
        let same_tag = match (own_tag, tag) {
            (Some(own), Some(tag)) => own.to_lowercase() == tag.to_lowercase(),
            (None, None) => true,
            _ => false,
        };
        own_name == name && same_tag
    };
    timelines.iter().find(is_it).cloned()
}

/// An entity where it is one; a number of a status is its text.
fn payload(text: &str) -> Payload {
    match serde_json::from_str::<Value>(text) {
        Ok(entity @ Value::Object(_)) => Payload::Entity(entity),
        _ => Payload::Text(text.to_owned()),
    }
}

/// An event stream for each timeline.
pub async fn events(
    client: &Client,
    base: &Url,
    token: Option<&str>,
    timelines: &[Timeline],
) -> Result<TellingStream, SourceError> {
    let mut streams: Vec<TellingStream> = Vec::new();
    for timeline in timelines {
        let mut call = Call::get(timeline.events(base), "text/event-stream");
        if let Some(token) = token {
            call = call.bearer(token)?;
        }
        let events = client.events(call, IDLE).await?;
        let timeline = timeline.clone();
        let told = move |said| {
            future::ready(match said {
                Err(error) => Some(Err(error)),
                Ok(sse::Said::Alive) => Some(Ok(Ok(Told::Alive))),
                Ok(sse::Said::TooLarge) => Some(Ok(Err(too_large()))),
                Ok(sse::Said::Message(message)) => Some(Ok(Ok(Told::Event {
                    timeline: Some(timeline.clone()),
                    name: message.kind,
                    payload: payload(&message.data),
                }))),
            })
        };
        // An end of one is the end of all, or nobody would miss it.
        let end = stream::once(future::ready(Err(SourceError::Transient(
            "the server ended an event stream".to_owned(),
        ))));
        streams.push(events.filter_map(told).chain(end).boxed());
    }
    Ok(stream::select_all(streams).boxed())
}

fn failure(error: ConnectError) -> SourceError {
    let Refusal {
        status,
        retry_after,
        ..
    } = match error {
        ConnectError::Failed(error) => return SourceError::Transient(error),
        ConnectError::Refused(refusal) => refusal,
    };
    match status {
        429 | 503 => SourceError::RateLimited { retry_after },
        status => in_band(status),
    }
}

fn in_band(status: u16) -> SourceError {
    let told = format!("the instance answers {status}");
    match status {
        401 | 403 => SourceError::Refused(format!("{told} to its stream; is the token right?")),
        429 | 503 => SourceError::RateLimited { retry_after: None },
        408 | 425 => SourceError::Transient(told),
        400..=499 => SourceError::Refused(told),
        _ => SourceError::Transient(told),
    }
}

fn rejected(detail: &str) -> Rejection {
    Rejection::new(RejectReason::Malformed, detail)
}

fn too_large() -> Rejection {
    Rejection::new(RejectReason::TooLarge, "a message over 1 MiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Timeline> {
        let tag = "berlin".to_owned();
        vec![Timeline::Hashtag { tag, local: false }, Timeline::Own]
    }

    #[test]
    fn messages_are_read_twice_and_errors_within_the_stream_end_it() {
        let read = |text: &str| read_message(text.as_bytes(), &lines());
        let event = |timeline, name: &str, payload| {
            Ok(Ok(Told::Event {
                timeline,
                name: name.into(),
                payload,
            }))
        };
        assert_eq!(
            read(r#"{"stream":["hashtag","Berlin"],"event":"update","payload":"{\"id\":\"1\"}"}"#),
            event(
                Some(lines()[0].clone()),
                "update",
                Payload::Entity(serde_json::json!({"id": "1"}))
            )
        );
        let gone = event(Some(Timeline::Own), "delete", Payload::Text("117".into()));
        assert_eq!(
            read(r#"{"stream":["user"],"event":"delete","payload":"117"}"#),
            gone
        );
        assert_eq!(
            read(r#"{"stream":["user"],"event":"delete","payload":117}"#),
            gone
        );
        let elsewhere = read(r#"{"stream":["list","3"],"event":"filters_changed"}"#);
        assert_eq!(
            elsewhere,
            event(None, "filters_changed", Payload::Text(String::new()))
        );
        assert_eq!(read("{}"), Ok(Ok(Told::Alive)));
        assert!(matches!(read("[1"), Ok(Err(_))));
        assert!(matches!(
            read(r#"{"error":"Missing access token","status":401}"#),
            Err(SourceError::Refused(told)) if told.contains("token")
        ));
        assert!(matches!(
            read(r#"{"error":"Throttled","status":429}"#),
            Err(SourceError::RateLimited { .. })
        ));
        assert!(matches!(
            read(r#"{"error":"x","status":500}"#),
            Err(SourceError::Transient(_))
        ));
    }
}
