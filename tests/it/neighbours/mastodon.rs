//! A Mastodon instance of one program: timelines with pages, a websocket and event streams, and
//! faults to order. Statuses have growing ids.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use url::Url;

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

/// What is told: stream, event, payload.
type Told = (String, String, String);

/// An HTTP answer in place of the right one, for a request whose path holds this.
#[derive(Debug, Clone)]
pub struct Fault {
    pub path: &'static str,
    pub status: u16,
    /// Further head lines, each with its end.
    pub head: String,
}

struct Inner {
    statuses: Vec<Value>,
    faults: VecDeque<Fault>,
    requests: Vec<Url>,
    domain: String,
    /// Answers to subscriptions, in place of silence.
    refuses: Option<String>,
}

/// A running instance; gone when dropped.
pub struct Instance {
    pub address: String,
    inner: Arc<Mutex<Inner>>,
    tell: broadcast::Sender<Told>,
    cut: broadcast::Sender<()>,
    task: JoinHandle<()>,
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Instance {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let inner = Arc::new(Mutex::new(Inner {
            statuses: Vec::new(),
            faults: VecDeque::new(),
            requests: Vec::new(),
            domain: "localhost".to_owned(),
            refuses: None,
        }));
        let (tell, _) = broadcast::channel(1024);
        let (cut, _) = broadcast::channel(8);
        let (served, told, ends) = (inner.clone(), tell.clone(), cut.clone());
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                open.spawn(serve(
                    socket,
                    served.clone(),
                    told.subscribe(),
                    ends.subscribe(),
                ));
            }
        });
        Self {
            address,
            inner,
            tell,
            cut,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A status of now in its timeline; the stream does not tell it.
    pub fn keep(&self, id: u64, text: &str) -> Value {
        self.keep_at(id, text, jiff::Timestamp::UNIX_EPOCH)
    }

    /// The same, written at this time.
    pub fn keep_at(&self, id: u64, text: &str, at: jiff::Timestamp) -> Value {
        let status = status(id, text, at);
        self.inner.lock().unwrap().statuses.push(status.clone());
        status
    }

    /// Tells an event on the stream.
    pub fn tell(&self, stream: &str, event: &str, payload: &str) {
        let _ = self
            .tell
            .send((stream.into(), event.into(), payload.into()));
    }

    /// Ends every stream.
    pub fn cut(&self) {
        let _ = self.cut.send(());
    }

    pub fn fault(&self, path: &'static str, status: u16, head: &str) {
        let head = head.to_owned();
        let fault = Fault { path, status, head };
        self.inner.lock().unwrap().faults.push_back(fault);
    }

    pub fn be(&self, domain: &str) {
        domain.clone_into(&mut self.inner.lock().unwrap().domain);
    }

    pub fn refuse(&self, answer: &str) {
        self.inner.lock().unwrap().refuses = Some(answer.to_owned());
    }

    pub fn requests(&self) -> Vec<Url> {
        self.inner.lock().unwrap().requests.clone()
    }
}

pub fn status(id: u64, text: &str, at: jiff::Timestamp) -> Value {
    json!({
        "id": id.to_string(), "created_at": at.to_string(), "visibility": "public",
        "uri": format!("https://instance.example/users/e/statuses/{id}"),
        "content": format!("<p>{text}</p>"), "language": "de",
        "account": {"url": "https://instance.example/@e", "acct": "e", "indexable": true},
    })
}

async fn serve(
    mut socket: TcpStream,
    inner: Arc<Mutex<Inner>>,
    told: broadcast::Receiver<Told>,
    cut: broadcast::Receiver<()>,
) {
    let Some(head) = peek_head(&socket).await else {
        return;
    };
    let path = head.split(' ').nth(1).unwrap_or_default();
    let url = Url::parse("http://x").unwrap().join(path).unwrap();
    let fault = {
        let mut inner = inner.lock().unwrap();
        inner.requests.push(url.clone());
        let at = inner
            .faults
            .iter()
            .position(|fault| path.contains(fault.path));
        at.and_then(|at| inner.faults.remove(at))
    };
    if fault.is_none() && head.to_lowercase().contains("upgrade: websocket") {
        return websocket(socket, inner, told, cut).await;
    }
    let mut rest = vec![0; head.len()];
    let _ = socket.read_exact(&mut rest).await;
    if let Some(Fault { status, head, .. }) = fault {
        let answer = format!(
            "HTTP/1.1 {status} X\r\nDate: Sun, 29 Nov 2026 04:00:00 GMT\r\n{head}Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let _ = socket.write_all(answer.as_bytes()).await;
        return;
    }
    if url.path().starts_with("/api/v1/streaming") {
        return events(socket, &url, told, cut).await;
    }
    let (body, link) = answer(&inner.lock().unwrap(), &url);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{link}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = socket.write_all(answer.as_bytes()).await;
}

async fn peek_head(socket: &TcpStream) -> Option<String> {
    let mut bytes = vec![0; 8192];
    loop {
        let read = socket
            .peek(&mut bytes)
            .await
            .ok()
            .filter(|read| *read > 0)?;
        let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
        if let Some(end) = text.find("\r\n\r\n") {
            return Some(text[..end + 4].to_owned());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The body, and the head line that leads to newer statuses.
fn answer(inner: &Inner, url: &Url) -> (String, String) {
    if url.path() == "/api/v2/instance" {
        return (json!({"domain": inner.domain}).to_string(), String::new());
    }
    if url.path().ends_with("verify_credentials") {
        let own = json!({"url": "https://instance.example/@house"});
        return (own.to_string(), String::new());
    }
    let asked = |key: &str| {
        let mut pairs = url.query_pairs();
        let value = pairs.find(|(name, _)| name == key).map(|(_, value)| value);
        value.and_then(|value| value.parse::<u64>().ok())
    };
    let id = |status: &Value| status["id"].as_str().unwrap().parse::<u64>().unwrap();
    let limit = asked("limit").unwrap_or(20) as usize;
    let mut page: Vec<&Value> = match asked("min_id") {
        Some(min) => {
            let newer = inner.statuses.iter().filter(|status| id(status) > min);
            newer.take(limit).collect()
        }
        None => {
            let newest = inner.statuses.iter().rev().take(limit);
            newest.collect::<Vec<_>>().into_iter().rev().collect()
        }
    };
    page.reverse();
    let link = page.first().map_or_else(String::new, |newest| {
        let newest = id(newest);
        format!("Link: <https://elsewhere.example/x?min_id={newest}>; rel=\"prev\"\r\n")
    });
    (json!(page).to_string(), link)
}

async fn websocket(
    socket: TcpStream,
    inner: Arc<Mutex<Inner>>,
    mut told: broadcast::Receiver<Told>,
    mut cut: broadcast::Receiver<()>,
) {
    let Ok(socket) = tokio_tungstenite::accept_async(socket).await else {
        return;
    };
    let (mut out, mut asked) = socket.split();
    loop {
        let text = tokio::select! {
            _ = cut.recv() => return,
            asked = asked.next() => match asked {
                Some(Ok(Message::Text(_))) => match inner.lock().unwrap().refuses.clone() {
                    Some(refusal) => refusal,
                    None => continue,
                },
                Some(Ok(_)) => continue,
                _ => return,
            },
            told = told.recv() => {
                let Ok((stream, event, payload)) = told else { return };
                let stream: Vec<&str> = stream.split('/').collect();
                json!({"stream": stream, "event": event, "payload": payload}).to_string()
            }
        };
        if out.send(Message::text(text)).await.is_err() {
            return;
        }
    }
}

async fn events(
    mut socket: TcpStream,
    url: &Url,
    mut told: broadcast::Receiver<Told>,
    mut cut: broadcast::Receiver<()>,
) {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n:)\n\n";
    let _ = socket.write_all(head.as_bytes()).await;
    let tag = url.query_pairs().find(|(name, _)| name == "tag");
    let path = url
        .path()
        .trim_start_matches("/api/v1/streaming/")
        .replace('/', ":");
    let own = tag.map_or(path.clone(), |(_, tag)| format!("{path}/{tag}"));
    loop {
        let text = tokio::select! {
            _ = cut.recv() => return,
            () = tokio::time::sleep(Duration::from_millis(200)) => ":thump\n\n".to_owned(),
            told = told.recv() => match told {
                Ok((stream, event, payload)) if stream == own => {
                    format!("event: {event}\ndata: {payload}\n\n")
                }
                Ok(_) => continue,
                Err(_) => return,
            },
        };
        if socket.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}
