//! Websocket frames: connecting, size caps, pings, close. Knows no protocol above.

use super::source::SourceError;
use futures_util::stream::BoxStream;
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Largest frame and message that is taken, in bytes.
pub const MAX_FRAME_BYTES: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const PING_EVERY: Duration = Duration::from_secs(20);
/// Without any sign of life for this long the connection is dead.
const DEAD_AFTER: Duration = Duration::from_secs(60);

/// A data frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    Text(Vec<u8>),
    Binary(Vec<u8>),
}

/// The server refused the handshake with an HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    /// The beginning of the answer's body.
    pub body: String,
}

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    Refused(Refusal),
    Failed(String),
}

/// Connects and gives the data frames. The stream ends with the first error; a close by the server
/// is one, for nobody closes a stream that is meant to run for ever.
///
/// # Errors
/// No connection within 20 s, or an HTTP answer instead of one.
pub async fn frames(
    url: &str,
) -> Result<BoxStream<'static, Result<Frame, SourceError>>, ConnectError> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    let connecting = tokio_tungstenite::connect_async_with_config(url, Some(config), true);
    let mut socket = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
        Err(_) => return Err(ConnectError::Failed("no connection within 20 s".to_owned())),
        Ok(Err(Error::Http(answer))) => {
            let status = answer.status().as_u16();
            let body = answer.into_body().unwrap_or_default();
            let body = String::from_utf8_lossy(&body[..body.len().min(1024)]).into_owned();
            return Err(ConnectError::Refused(Refusal { status, body }));
        }
        Ok(Err(error)) => return Err(ConnectError::Failed(error.to_string())),
        Ok(Ok((socket, _))) => socket,
    };
    Ok(Box::pin(async_stream::try_stream! {
        let mut ping = tokio::time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard = Instant::now();
        loop {
            // `None` where it is time to ask whether the other side still lives.
            let message = tokio::select! {
                message = socket.next() => Some(message),
                _ = ping.tick() => None,
            };
            let Some(message) = message else {
                if heard.elapsed() > DEAD_AFTER {
                    Err(SourceError::Transient("no sign of life for 60 s".to_owned()))?;
                }
                socket.send(Message::Ping(Vec::new().into())).await.map_err(|e| lost(&e))?;
                continue;
            };
            heard = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => yield Frame::Text(text.as_bytes().to_vec()),
                Some(Ok(Message::Binary(bytes))) => yield Frame::Binary(bytes.to_vec()),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(1005, |frame| u16::from(frame.code));
                    Err(SourceError::Transient(format!("closed by the server with code {code}")))?;
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => Err(lost(&error))?,
                None => Err(SourceError::Transient("the connection ended".to_owned()))?,
            }
        }
    }))
}

fn lost(error: &Error) -> SourceError {
    SourceError::Transient(format!("connection lost: {error}"))
}
