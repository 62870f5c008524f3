//! Bounds: connections, requests at one time, time for one request, time to stop.

use super::serve_house::*;
use resonanz::serve::Config;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn house() -> House {
    House::open(Config::default()).await
}

#[tokio::test]
async fn one_connection_too_many_waits_its_turn() {
    let house = House::open(Config {
        max_connections: 1,
        ..Config::default()
    })
    .await;
    let silent = tokio::net::TcpStream::connect(house.address).await.unwrap();
    let second = house.get("/healthz");
    tokio::pin!(second);
    // The silent one was there first: nothing comes back while it holds the only place.
    let early = tokio::time::timeout(Duration::from_millis(200), &mut second).await;
    assert!(early.is_err(), "{early:?}");
    drop(silent);
    assert_eq!(second.await.status, 200);
}

#[tokio::test]
async fn the_house_stops_although_somebody_is_silent() {
    let house = house().await;
    let _silent = tokio::net::TcpStream::connect(house.address).await.unwrap();
    assert_eq!(house.get("/healthz").await.status, 200);
    house.stop().await;
}

#[tokio::test]
async fn one_request_too_many_is_told_to_come_back() {
    let house = House::open(Config {
        max_requests: 1,
        ..Config::default()
    })
    .await;
    let closed = house.memory.gate.acquire_many(64).await.unwrap();
    let waiting = house.get("/api/search?q=a");
    let refused = async {
        // The first search holds the only slot as soon as one is refused.
        loop {
            let answer = house.get("/api/cases").await;
            if answer.status == 503 {
                break answer;
            }
        }
    };
    let first = async {
        let answer = refused.await;
        assert_eq!(house.get("/healthz").await.status, 200);
        assert_eq!(house.get("/metrics").await.status, 200);
        drop(closed);
        answer
    };
    let (served, refused) = tokio::join!(waiting, first);
    assert_eq!(served.status, 200);
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(refused.json()["error"]["code"], "busy");
}

#[tokio::test]
async fn a_request_ends_at_its_deadline() {
    let house = House::open(Config {
        request_timeout_secs: 1,
        ..Config::default()
    })
    .await;
    let _closed = house.memory.gate.acquire_many(64).await.unwrap();
    let answer = house.get("/api/search?q=a").await;
    assert_eq!(
        (answer.status, answer.json()["error"]["code"].as_str()),
        (504, Some("timed_out"))
    );
}

#[tokio::test]
async fn a_body_that_a_stranger_sends_slowly_keeps_no_place() {
    let house = House::open(Config {
        max_requests: 1,
        request_timeout_secs: 2,
        ..Config::default()
    })
    .await;
    let mut slow = tokio::net::TcpStream::connect(house.address).await.unwrap();
    let head = b"POST /in/agentur HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{";
    slow.write_all(head).await.unwrap();
    let mut answer = vec![0; 12];
    slow.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408");
    assert_eq!(house.get("/api/cases").await.status, 200);
}
