//! The other side: websockets that tell frames at a rate to order, and feeds that have not changed.
//!
//! The house starts them as a process of their own, so that its figures are its own. One line of
//! JSON tells their addresses; a number on standard input is the rate from then on; its end is theirs.

use crate::cli::bench::workload::{self, Workload};
use crate::cli::output::Output;
use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::SinkExt as _;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Frames that are sent round and round.
const FRAMES: usize = 20_000;
/// Between two handfuls of frames.
const TICK: Duration = Duration::from_millis(20);
const FEED: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>Feed</title>
<item><guid>1</guid><title>Grenzkontrollen bleiben</title><description>Ein Bericht.</description></item>
</channel></rss>"#;

type Frames = Arc<Vec<Vec<u8>>>;

/// Runs until standard input ends.
///
/// # Errors
/// A loopback that cannot be listened on.
pub async fn run(streams: usize) -> anyhow::Result<()> {
    let frames: Frames = Arc::new(Workload::new(workload::SEED).frames(FRAMES));
    let (rate, rates) = watch::channel(0_u32);
    let mut addresses = Vec::new();
    for _ in 0..streams {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        addresses.push(listener.local_addr()?);
        tokio::spawn(accept(listener, Arc::clone(&frames), rates.clone()));
    }
    // Every address of the loopback is a host of its own, and one host is not asked by many at once.
    let feeds = TcpListener::bind("0.0.0.0:0").await?;
    tell(&addresses, feeds.local_addr()?)?;
    let app = Router::new()
        .route("/robots.txt", get(|| async { StatusCode::NOT_FOUND }))
        .fallback(get(feed));
    tokio::spawn(axum::serve(feeds, app).into_future());
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(order) = orders.next_line().await? {
        rate.send_replace(order.trim().parse()?);
    }
    Ok(())
}

fn tell(streams: &[SocketAddr], feeds: SocketAddr) -> anyhow::Result<()> {
    let mut out = Output::new();
    out.json(&json!({ "streams": streams, "feeds": feeds }))?;
    Ok(out.flush()?)
}

async fn feed(asked: HeaderMap) -> Response {
    let known = [
        (header::ETAG, "\"1\""),
        (header::CONTENT_TYPE, "application/rss+xml"),
    ];
    match asked.contains_key(header::IF_NONE_MATCH) {
        true => (StatusCode::NOT_MODIFIED, known).into_response(),
        false => (known, FEED).into_response(),
    }
}

async fn accept(listener: TcpListener, frames: Frames, rates: watch::Receiver<u32>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (frames, rates) = (Arc::clone(&frames), rates.clone());
        // A house that goes away ends its own stream only.
        tokio::spawn(async move {
            if let Ok(socket) = tokio_tungstenite::accept_async(stream).await {
                let _ = tell_at_rate(socket, &frames, rates).await;
            }
        });
    }
}

async fn tell_at_rate(
    mut socket: WebSocketStream<TcpStream>,
    frames: &[Vec<u8>],
    rates: watch::Receiver<u32>,
) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let mut endless = frames.iter().cycle();
    let (mut ticks, mut owed) = (tokio::time::interval(TICK), 0.0);
    loop {
        ticks.tick().await;
        owed += f64::from(*rates.borrow()) * TICK.as_secs_f64();
        while owed >= 1.0
            && let Some(frame) = endless.next()
        {
            socket.feed(text(frame)).await?;
            owed -= 1.0;
        }
        socket.flush().await?;
    }
}

fn text(frame: &[u8]) -> Message {
    Message::text(String::from_utf8_lossy(frame).into_owned())
}

/// Sends all frames to the first who connects, as fast as they are taken, and closes.
///
/// # Errors
/// A connection that is lost.
pub fn send_all(socket: std::net::TcpListener, frames: &[Vec<u8>]) -> anyhow::Result<()> {
    socket.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (stream, _) = TcpListener::from_std(socket)?.accept().await?;
        let mut socket = tokio_tungstenite::accept_async(stream).await?;
        for frame in frames {
            socket.feed(text(frame)).await?;
        }
        socket.flush().await?;
        // The other side ends by the close; how it does so does not matter any more.
        let _ = socket.close(None).await;
        Ok(())
    })
}
