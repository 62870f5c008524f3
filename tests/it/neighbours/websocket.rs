//! A Jetstream that keeps a list of events and commits faults to order.
//!
//! The n-th connection gets the n-th fault, every later one none. A connection begins at the cursor
//! that it asks for, inclusive, or with the first event where it asks for none, and stays open.

use futures_util::{SinkExt, StreamExt};
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use url::Url;

/// From here on a cursor is a time.
const FIRST_MICROSECONDS: i64 = 1_000_000_000_000_000;

/// One event as the server keeps it.
#[derive(Debug, Clone)]
pub struct Kept {
    pub seq: i64,
    pub time_us: i64,
    pub frame: String,
}

/// What goes wrong; the number says after how many events.
#[derive(Debug, Clone)]
pub enum Fault {
    None,
    /// The socket is gone without a word.
    Drop(usize),
    /// A close frame, as at a restart of the server.
    Close(usize),
    /// Bytes that are no websocket frame.
    Garbage(usize),
    /// Open, and nothing comes any more.
    Stall(usize),
    /// A frame over the cap.
    Huge(usize),
    /// A frame that is no JSON; the connection goes on.
    Unreadable(usize),
    /// This frame before the first event.
    First(String),
    /// An HTTP answer in place of a websocket: status, further head lines, body.
    Refuse(u16, &'static str, &'static str),
    /// The same, if the connection asks for a sequence number.
    RefuseNumber,
}

/// A running neighbour; gone when dropped.
pub struct Neighbour {
    pub address: String,
    requests: Arc<Mutex<Vec<Url>>>,
    task: JoinHandle<()>,
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Clone)]
struct Served {
    events: Arc<Vec<Kept>>,
    /// Frames are packed with this dictionary.
    dictionary: Option<Vec<u8>>,
    requests: Arc<Mutex<Vec<Url>>>,
}

impl Neighbour {
    pub async fn start(events: Vec<Kept>, faults: Vec<Fault>) -> Self {
        Self::packing(events, faults, None).await
    }

    pub async fn packing(
        events: Vec<Kept>,
        faults: Vec<Fault>,
        dictionary: Option<Vec<u8>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let served = Served {
            events: Arc::new(events),
            dictionary,
            requests: requests.clone(),
        };
        let task = tokio::spawn(async move {
            let mut faults = faults.into_iter();
            let mut open = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let fault = faults.next().unwrap_or(Fault::None);
                open.spawn(serve(socket, fault, served.clone()));
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("ws://{}/subscribe", self.address)
    }

    /// The request of each connection so far.
    pub fn requests(&self) -> Vec<Url> {
        self.requests.lock().unwrap().clone()
    }
}

/// The value of a key in a request's query.
pub fn asked(request: &Url, key: &str) -> Option<String> {
    let mut pairs = request.query_pairs();
    pairs
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.into_owned())
}

/// Answers in plain HTTP, head and body in one piece.
async fn refuse(mut socket: TcpStream, served: &Served, status: u16, head: &str, body: &str) {
    let mut request = vec![0; 16 * 1024];
    let read = tokio::io::AsyncReadExt::read(&mut socket, &mut request)
        .await
        .unwrap_or(0);
    let request = String::from_utf8_lossy(&request[..read]).into_owned();
    let path = request.split(' ').nth(1).unwrap_or("/");
    served
        .requests
        .lock()
        .unwrap()
        .push(Url::parse("ws://neighbour").unwrap().join(path).unwrap());
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} No\r\ncontent-length: {length}\r\n{head}connection: close\r\n\r\n{body}"
    );
    let _ = socket.write_all(answer.as_bytes()).await;
    let _ = socket.shutdown().await;
}

#[allow(clippy::result_large_err)] // The library's own type.
async fn serve(socket: TcpStream, fault: Fault, served: Served) {
    if let Fault::Refuse(status, head, body) = fault {
        return refuse(socket, &served, status, head, body).await;
    }
    if matches!(fault, Fault::RefuseNumber) {
        // A peek, for the handshake wants to read the request itself.
        let mut head = vec![0; 4096];
        let read = socket.peek(&mut head).await.unwrap_or(0);
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        let cursor = head
            .split("cursor=")
            .nth(1)
            .map(|rest| rest.split([' ', '&']).next().unwrap());
        if cursor.is_some_and(|cursor| cursor.parse::<i64>().unwrap() < FIRST_MICROSECONDS) {
            return refuse(socket, &served, 400, "", r#"{"error":"CursorTooOld"}"#).await;
        }
    }
    let requests = served.requests.clone();
    let seen = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        let path = request.uri().to_string();
        let url = Url::parse("ws://neighbour").unwrap().join(&path).unwrap();
        requests.lock().unwrap().push(url);
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(socket, seen).await else {
        return;
    };
    let request = served.requests.lock().unwrap().last().cloned().unwrap();
    let cursor: i64 = asked(&request, "cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let wanted = served.events.iter().filter(|kept| {
        let position = if cursor < FIRST_MICROSECONDS {
            kept.seq
        } else {
            kept.time_us
        };
        position >= cursor
    });
    if let Fault::First(frame) = &fault {
        let _ = socket.send(Message::text(frame.clone())).await;
    }
    let mut packer = served
        .dictionary
        .as_ref()
        .map(|dictionary| zstd::bulk::Compressor::with_dictionary(3, dictionary).unwrap());
    for (sent, kept) in wanted.enumerate() {
        if !commit(&fault, sent, &mut socket).await {
            return;
        }
        let message = match &mut packer {
            Some(packer) => Message::binary(packer.compress(kept.frame.as_bytes()).unwrap()),
            None => Message::text(kept.frame.clone()),
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
    // Open: pings are answered.
    while let Some(Ok(_)) = socket.next().await {}
}

/// Commits the fault if its time has come. False where the connection is over.
async fn commit(
    fault: &Fault,
    sent: usize,
    socket: &mut tokio_tungstenite::WebSocketStream<TcpStream>,
) -> bool {
    match fault {
        Fault::Drop(after) if *after == sent => false,
        Fault::Close(after) if *after == sent => {
            let frame = CloseFrame {
                code: CloseCode::Restart,
                reason: "neu".into(),
            };
            let _ = socket.close(Some(frame)).await;
            while let Some(Ok(_)) = socket.next().await {}
            false
        }
        Fault::Garbage(after) if *after == sent => {
            let _ = socket.get_mut().write_all(&[0xff; 64]).await;
            while let Some(Ok(_)) = socket.next().await {}
            false
        }
        Fault::Stall(after) if *after == sent => {
            std::future::pending::<()>().await;
            false
        }
        Fault::Huge(after) if *after == sent => {
            let _ = socket
                .send(Message::text("x".repeat(2 * 1024 * 1024)))
                .await;
            while let Some(Ok(_)) = socket.next().await {}
            false
        }
        Fault::Unreadable(after) if *after == sent => {
            socket.send(Message::text("{\"did\":")).await.is_ok()
        }
        _ => true,
    }
}
