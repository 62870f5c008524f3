//! Websocket frames: connecting, size caps, pings, close. Knows no protocol above.
//!
//! RFC 6455. A frame or message over 1 MiB is announced and not read; the connection is of no use
//! after it. Silence is measured only while somebody listens, so that a full house does not take
//! its own slowness for a dead server.

use super::http::install_tls;
use super::http_gate::{Closed, Gate};
use super::source::SourceError;
use futures_util::stream::BoxStream;
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::header::{
    AUTHORIZATION, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use url::Url;

/// Largest frame and message that is taken, in bytes.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;
const AGENT: &str = concat!("resonanz/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// After so much silence the server is asked whether it lives.
const PING_AFTER: Duration = Duration::from_secs(20);
/// Questions without an answer after which it is dead: 60 s.
const MAX_UNANSWERED: u32 = 3;

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    /// Larger than [`MAX_FRAME_BYTES`]: not read. The stream ends after it.
    TooLarge,
}

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    /// The server answered the handshake with something else than a websocket.
    Refused(Refusal),
    Failed(String),
}

/// An HTTP answer in place of a websocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub retry_after: Option<Duration>,
    /// The beginning of the answer's body, as far as it came together with its head.
    pub body: String,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection to ask for.
#[derive(Debug)]
pub struct Opening<'a> {
    pub url: &'a Url,
    /// A token that goes along in the handshake.
    pub bearer: Option<&'a str>,
    /// What is said first, a frame each.
    pub first: Vec<String>,
    /// For an address that somebody else than the operator named.
    pub gate: Option<&'a Gate>,
}

impl<'a> Opening<'a> {
    /// Without a token, and without anything to say.
    pub fn new(url: &'a Url) -> Self {
        Self {
            url,
            bearer: None,
            first: Vec::new(),
            gate: None,
        }
    }
}

/// Connects and gives the data frames. The stream ends with the first error; a close by the server
/// is one, for nobody closes a stream that is meant to run for ever.
///
/// # Errors
/// No connection within 20 s, or an HTTP answer instead of one.
pub async fn frames(
    url: &Url,
) -> Result<BoxStream<'static, Result<Frame, SourceError>>, ConnectError> {
    open(Opening::new(url)).await
}

/// The same with a token, with something to say, and through a gate: what that does not admit is not
/// connected to.
///
/// # Errors
/// Those of [`frames`], a closed gate, and a server that does not listen to what is said first.
pub async fn open(
    opening: Opening<'_>,
) -> Result<BoxStream<'static, Result<Frame, SourceError>>, ConnectError> {
    match timeout(CONNECT_TIMEOUT, connect(opening)).await {
        Ok(connected) => Ok(read(connected?)),
        Err(_) => Err(ConnectError::Failed("no connection within 20 s".to_owned())),
    }
}

/// Connects to the first address of the host that answers; what is tested is what is connected to.
async fn dial(url: &Url, gate: Option<&Gate>) -> Result<TcpStream, ConnectError> {
    let failed = |error: std::io::Error| ConnectError::Failed(error.to_string());
    let host = url.host_str().unwrap_or_default();
    let name = host.trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(443);
    let answer = tokio::net::lookup_host((name, port))
        .await
        .map_err(failed)?;
    let open = match gate {
        Some(gate) => gate.filter(host, answer),
        None => answer.collect(),
    };
    if open.is_empty() {
        return Err(ConnectError::Failed(Closed::Private.to_string()));
    }
    let stream = TcpStream::connect(open.as_slice()).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}

async fn connect(opening: Opening<'_>) -> Result<Socket, ConnectError> {
    let Opening {
        url,
        bearer,
        first,
        gate,
    } = opening;
    let stream = dial(url, gate).await?;
    let failed = |error: &dyn std::fmt::Display| ConnectError::Failed(error.to_string());
    let mut request = url.as_str().into_client_request().map_err(|e| failed(&e))?;
    request
        .headers_mut()
        .insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if let Some(token) = bearer {
        let mut token =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|e| failed(&e))?;
        token.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, token);
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    install_tls();
    match tokio_tungstenite::client_async_tls_with_config(request, stream, Some(config), None).await
    {
        Ok((mut socket, _)) => {
            for text in first {
                socket
                    .send(Message::text(text))
                    .await
                    .map_err(|e| failed(&e))?;
            }
            Ok(socket)
        }
        Err(Error::Http(answer)) => {
            let status = answer.status().as_u16();
            let retry_after = answer
                .headers()
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok())
                .map(Duration::from_secs);
            let body = answer.into_body().unwrap_or_default();
            let body = String::from_utf8_lossy(&body[..body.len().min(1024)]).into_owned();
            Err(ConnectError::Refused(Refusal {
                status,
                retry_after,
                body,
            }))
        }
        Err(error) => Err(failed(&error)),
    }
}

fn read(mut socket: Socket) -> BoxStream<'static, Result<Frame, SourceError>> {
    Box::pin(async_stream::try_stream! {
        let mut unanswered = 0;
        loop {
            let Ok(message) = timeout(PING_AFTER, socket.next()).await else {
                if unanswered == MAX_UNANSWERED {
                    Err(SourceError::Transient("no sign of life for 60 s".to_owned()))?;
                }
                unanswered += 1;
                ping(&mut socket).await?;
                continue;
            };
            unanswered = 0;
            match message {
                Some(Ok(Message::Text(text))) => yield Frame::Text(text.as_bytes().to_vec()),
                Some(Ok(Message::Binary(bytes))) => yield Frame::Binary(bytes.to_vec()),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(1005, |frame| u16::from(frame.code));
                    Err(SourceError::Transient(format!("closed by the server with code {code}")))?;
                }
                Some(Ok(_)) => {}
                Some(Err(Error::Capacity(_))) => {
                    yield Frame::TooLarge;
                    Err(SourceError::Transient("a frame over 1 MiB".to_owned()))?;
                }
                Some(Err(error)) => Err(lost(&error))?,
                None => Err(SourceError::Transient("the connection ended".to_owned()))?,
            }
        }
    })
}

async fn ping(socket: &mut Socket) -> Result<(), SourceError> {
    let ping = socket.send(Message::Ping(Vec::new().into()));
    match timeout(PING_AFTER, ping).await {
        Ok(sent) => sent.map_err(|error| lost(&error)),
        Err(_) => Err(SourceError::Transient(
            "the server reads nothing".to_owned(),
        )),
    }
}

fn lost(error: &Error) -> SourceError {
    SourceError::Transient(format!("connection lost: {error}"))
}
