//! Feeds that a hub brings, through a whole house: by a real hub (`tests/peers/websub`), and by one
//! that does what it is told to.

use crate::http::{Answer, ask};
use crate::neighbours::http::{Neighbour, response};
use crate::peer_bluesky::Peer;
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::collect::feed::FeedConfig;
use resonanz::collect::feed_push::PushedFeed;
use resonanz::collect::source::{Pace, Source};
use resonanz::collect::{SourceConfig, build};
use resonanz::config;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "ein-geheimnis-von-zweiunddreissig-zeichen";

pub async fn until(what: &str, mut ready: impl AsyncFnMut() -> bool) {
    crate::house::soon(what, async {
        while !ready().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// A port that nobody has; the address must be known before the house listens at it.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Looks once an hour: what comes sooner was brought.
fn settings(dir: &Path, feed: &str, port: u16) -> FeedConfig {
    let secret_file = dir.join("secret");
    std::fs::write(&secret_file, SECRET).unwrap();
    let config = json!({
        "url": feed, "every_secs": 3600, "allow_private": ["127.0.0.1"],
        "callback": format!("http://127.0.0.1:{port}/in/zeitung"), "secret_file": secret_file,
    });
    serde_json::from_value(config).unwrap()
}

/// A house with this source, by the name `zeitung`.
pub async fn start(dir: &Path, source: &SourceConfig, port: u16) -> Running {
    let own = format!("[serve]\nlisten = '127.0.0.1:{port}'\n");
    std::fs::write(dir.join("house.toml"), own).unwrap();
    let today = jiff::Zoned::now().date();
    let mut config = config::load(Some(&dir.join("house.toml")), HashMap::new(), today).unwrap();
    config.dir = dir.join("data");
    let house = House::open(&config).await.unwrap();
    let options = Options {
        sources: vec![build("zeitung", source).unwrap()],
        serve: true,
        ..Options::offline()
    };
    let app = App::build(house, config, options).unwrap();
    app.start(CancellationToken::new()).await.unwrap()
}

pub async fn stop(running: Running) {
    let ended = running.finish(Duration::from_secs(20), Ending::Soon);
    ended.await.unwrap();
}

fn has_hub() -> bool {
    crate::skipped::peer("WebSub hub", "websub-1.done").is_some()
}

/// Every way to sign that WebSub knows.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_hub_confirms_and_brings() {
    if !has_hub() {
        return;
    }
    for algorithm in ["sha1", "sha256", "sha384", "sha512"] {
        let mut hub = Peer::start("websub", &[algorithm]);
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let source = SourceConfig::Feed(settings(dir.path(), hub.hello("url"), port));
        let running = start(dir.path(), &source, port).await;
        let confirmed = |hub: &mut Peer| hub.say(&json!({"do": "subscribers"}))["count"] == 1;
        until("the subscription", async || confirmed(&mut hub)).await;
        let asked = hub.say(&json!({"do": "subscribers"}))["asked"].clone();
        let items = ["Das Bundesinnenministerium prüft", "Wetter & Quitten"];
        hub.say(&json!({"do": "publish", "items": items}));
        until("the mention", async || {
            running.store().count().await.unwrap() == 1
        })
        .await;
        let items = [
            "Das Bundesinnenministerium lehnt ab",
            "Das Bundesinnenministerium prüft noch",
        ];
        hub.say(&json!({"do": "publish", "items": items}));
        until("both mentions", async || {
            running.store().count().await.unwrap() == 2
        })
        .await;
        let after = hub.say(&json!({"do": "subscribers"}))["asked"].clone();
        assert_eq!(asked, after, "{algorithm}: it was looked at");
        stop(running).await;
    }
}

fn rss(hub: &str, items: &[(&str, &str)]) -> String {
    let item = |(id, words): &(&str, &str)| {
        format!("<item><title>{words}</title><link>https://zeitung.example/{id}</link></item>")
    };
    let items: String = items.iter().map(item).collect();
    format!(
        "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel>\
         <atom:link rel=\"hub\" href=\"{hub}\"/><atom:link rel=\"self\" href=\"https://zeitung.example/feed\"/>\
         {items}</channel></rss>"
    )
}

/// A feed that names a hub beside it, which writes down what it is asked and answers nothing.
async fn publisher() -> Neighbour {
    Neighbour::start(|request| match request.path.as_str() {
        "/feed" => response(200, &[], rss("/hub", &[("1", "Quitten")]).as_bytes()),
        "/hub" => response(202, &[], b""),
        _ => response(404, &[], b""),
    })
    .await
}

/// The fields of the subscription that was asked for.
pub async fn subscription(publisher: &Neighbour) -> HashMap<String, String> {
    let asked = || publisher.requests().into_iter().find(|r| r.path == "/hub");
    until("a subscription", async || asked().is_some()).await;
    let asked = asked().unwrap();
    assert_eq!(asked.method, "POST");
    url::form_urlencoded::parse(asked.body.as_bytes())
        .into_owned()
        .collect()
}

pub fn signed(secret: &str, body: &str) -> Option<String> {
    crate::look::signed("sha1", secret, body)
}

/// As hubs do: what could not be stored in time is brought again.
pub async fn bring(port: u16, signature: &str, body: &str) -> Answer {
    let headers = [("host", "127.0.0.1"), ("x-hub-signature", signature)];
    let address = ([127, 0, 0, 1], port).into();
    for _ in 0..9 {
        let answer = ask(address, "POST", "/in/zeitung", &headers, body).await;
        if answer.status != 503 {
            return answer;
        }
    }
    panic!("it was never stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_asked_for_is_confirmed_and_only_what_is_signed_is_taken() {
    let publisher = publisher().await;
    let (dir, port) = (tempfile::tempdir().unwrap(), free_port());
    let source = SourceConfig::Feed(settings(dir.path(), &publisher.url("/feed"), port));
    let running = start(dir.path(), &source, port).await;
    let fields = subscription(&publisher).await;
    assert_eq!(fields["hub.mode"], "subscribe");
    assert_eq!(fields["hub.topic"], "https://zeitung.example/feed");
    let (callback, secret) = (&fields["hub.callback"], &fields["hub.secret"]);
    assert!(!callback.contains(SECRET) && secret.len() == 64 && !secret.contains(SECRET));
    let (_, token) = callback.split_once("?token=").unwrap();

    let challenged = async |changed: &[(&str, &str)]| {
        let mut asked = HashMap::from([
            ("token", token),
            ("hub.mode", "subscribe"),
            ("hub.topic", "https://zeitung.example/feed"),
            ("hub.challenge", "5c-7f_x.9"),
            ("hub.lease_seconds", "432000"),
        ]);
        asked.extend(changed.iter().copied());
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let path = format!("/in/zeitung?{}", query.extend_pairs(asked).finish());
        let address = ([127, 0, 0, 1], port).into();
        let answer = ask(address, "GET", &path, &[("host", "127.0.0.1")], "").await;
        (answer.status, answer.body)
    };
    for wrong in [
        ("token", "geraten"),
        ("token", ""),
        ("hub.mode", "unsubscribe"),
        ("hub.topic", "https://zeitung.example/other"),
        ("hub.challenge", "<script>"),
        ("hub.challenge", ""),
    ] {
        assert_eq!(challenged(&[wrong]).await.0, 403, "{wrong:?}");
    }
    assert_eq!(challenged(&[]).await, (200, "5c-7f_x.9".to_owned()));
    assert_eq!(
        challenged(&[("hub.mode", "denied")]).await,
        (200, String::new())
    );

    let body = rss("/hub", &[("2", "Das Bundesinnenministerium prüft")]);
    let Some(signature) = signed(secret, &body) else {
        return;
    };
    for wrong in [
        "",
        "sha1=",
        "md5=d41d8cd98f00b204e9800998ecf8427e",
        &signature[5..],
    ] {
        assert_eq!(bring(port, wrong, &body).await.status, 401, "{wrong}");
    }
    let other = body.replace("prüft", "lehnt ab");
    assert_eq!(bring(port, &signature, &other).await.status, 401);
    assert_eq!(bring(port, &signature, &body).await.status, 200);
    assert_eq!(running.store().count().await.unwrap(), 1);
    // A hub that was not answered in time brings it again, and wants it acknowledged.
    assert_eq!(bring(port, &signature, &body).await.status, 200);
    // What is no feed is counted and acknowledged: it would not get better.
    let odd = "<html>kaputt</html>";
    let status = bring(port, &signed(secret, odd).unwrap(), odd).await.status;
    assert_eq!((status, running.store().count().await.unwrap()), (200, 1));
    stop(running).await;

    // After a restart the old subscription's signature still holds, and the position goes on.
    let running = start(dir.path(), &source, port).await;
    let body = rss("/hub", &[("3", "Das Bundesinnenministerium erklärt")]);
    let answer = bring(port, &signed(secret, &body).unwrap(), &body).await;
    assert_eq!(
        (answer.status, running.store().count().await.unwrap()),
        (200, 2)
    );
    stop(running).await;
}

fn pushed(dir: &Path, changes: Value) -> Result<Pace, String> {
    let mut config = json!({
        "url": "https://zeitung.example/feed", "secret_file": dir.join("secret"),
        "callback": "https://amt.example/in/zeitung",
    });
    let changes = changes.as_object().unwrap().clone();
    config.as_object_mut().unwrap().extend(changes);
    let config: FeedConfig = serde_json::from_value(config).unwrap();
    let source = PushedFeed::new("zeitung", &config).map_err(|error| error.to_string())?;
    Ok(source.pace())
}

#[test]
fn settings_that_make_no_sense_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let told = |changes: Value| pushed(dir.path(), changes).unwrap_err();
    assert!(told(json!({})).contains("secret_file"));
    std::fs::write(dir.path().join("secret"), "kurz").unwrap();
    assert!(told(json!({})).contains("32 bytes"));
    std::fs::write(dir.path().join("secret"), SECRET).unwrap();
    let every = Duration::from_secs(300);
    assert_eq!(pushed(dir.path(), json!({})), Ok(Pace::Poll { every }));
    assert!(told(json!({"secret_file": null})).contains("belong together"));
    for wrong in [
        "http://amt.example/in/zeitung",
        "https://amt.example/in/andere",
        "/in/zeitung",
    ] {
        assert!(
            told(json!({"callback": wrong})).contains("`callback`"),
            "{wrong}"
        );
    }
    let sitemap = SourceConfig::Sitemap(settings(dir.path(), "https://zeitung.example/s.xml", 1));
    assert!(build("karte", &sitemap).is_err_and(|error| error.to_string().contains("no hubs")));
}
