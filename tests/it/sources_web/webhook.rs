//! What other programs bring, through a whole house. The signatures are OpenSSL's, not ours.

use crate::fixtures::input;
use crate::http::{Answer, ask};
use resonanz::app::{App, Ending, House, Options, Running};
use resonanz::clock::Clock;
use resonanz::collect::SourceConfig;
use resonanz::collect::inbox::MAX_BODY_BYTES;
use resonanz::collect::source::Source;
use resonanz::collect::webhook::{Webhook, WebhookConfig};
use resonanz::{collect, config};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "ein-geheimnis-von-zweiunddreissig-zeichen";

async fn start(dir: &Path) -> Running {
    let secret_file = dir.join("secret");
    std::fs::write(&secret_file, format!("{SECRET}\n")).unwrap();
    let own = "[serve]\nlisten = '127.0.0.1:0'\n";
    std::fs::write(dir.join("house.toml"), own).unwrap();
    let today = jiff::Zoned::now().date();
    let mut config = config::load(Some(&dir.join("house.toml")), HashMap::new(), today).unwrap();
    config.dir = dir.join("data");
    let house = House::open(&config).await.unwrap();
    let source = SourceConfig::Webhook(WebhookConfig {
        secret_file,
        backfill: false,
    });
    let options = Options {
        sources: vec![collect::build("agentur", &source).unwrap()],
        serve: true,
        ..Options::offline()
    };
    let app = App::build(house, config, options).unwrap();
    app.start(CancellationToken::new()).await.unwrap()
}

/// The signature of a stamped body.
fn signed(stamp: i64, body: &str) -> String {
    crate::look::signed("sha256", SECRET, &format!("{stamp}.{body}")).unwrap()
}

fn has_openssl() -> bool {
    crate::look::signed("sha256", SECRET, "").is_some()
}

async fn bring(running: &Running, name: &str, stamp: i64, signature: &str, body: &str) -> Answer {
    let stamp = stamp.to_string();
    let headers = [
        ("host", "127.0.0.1"),
        ("x-resonanz-timestamp", stamp.as_str()),
        ("x-resonanz-signature", signature),
    ];
    ask(
        running.address().unwrap(),
        "POST",
        &format!("/in/{name}"),
        &headers,
        body,
    )
    .await
}

fn item(id: &str, text: &str) -> String {
    serde_json::json!({"source": "agentur", "id": id, "kind": "article", "text": text}).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_brought_is_stored_before_it_is_acknowledged() {
    if !has_openssl() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path()).await;
    let now = Clock::system().now().as_second();
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webhook/body");
    let body = String::from_utf8(input(&case)).unwrap();
    let signature = signed(now, &body);
    let answer = bring(&running, "agentur", now, &signature, &body).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, "{\"stored\":2}")
    );
    assert_eq!(running.store().count().await.unwrap(), 1);

    // The same request is not taken twice; the same item in another request is one item.
    assert_eq!(
        bring(&running, "agentur", now, &signature, &body)
            .await
            .status,
        409
    );
    let again = signed(now - 1, &body);
    assert_eq!(
        bring(&running, "agentur", now - 1, &again, &body)
            .await
            .status,
        200
    );
    assert_eq!(running.store().count().await.unwrap(), 1);

    // What no watch wants is acknowledged as well, and never on disk.
    let dull = item("2", "Heute gibt es Quittenbrot");
    assert_eq!(
        bring(&running, "agentur", now, &signed(now, &dull), &dull)
            .await
            .status,
        200
    );
    assert_eq!(running.store().count().await.unwrap(), 1);
    running
        .finish(Duration::from_secs(20), Ending::Soon)
        .await
        .unwrap();
    crate::sweep::assert_absent(&dir.path().join("data"), "Quittenbrot");

    // The position goes on behind a restart.
    let running = start(dir.path()).await;
    let next = item("3", "Das Bundesinnenministerium schweigt");
    assert_eq!(
        bring(&running, "agentur", now, &signed(now, &next), &next)
            .await
            .status,
        200
    );
    assert_eq!(running.store().count().await.unwrap(), 2);
    running
        .finish(Duration::from_secs(20), Ending::Soon)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_right_is_not_taken() {
    if !has_openssl() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path()).await;
    let now = Clock::system().now().as_second();
    let body = item("1", "Das Bundesinnenministerium schweigt");
    let right = signed(now, &body);
    let check = async |name: &str, stamp: i64, signature: &str, body: &str, status: u16| {
        let answer = bring(&running, name, stamp, signature, body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    };
    check(
        "agentur",
        now,
        &right,
        &body.replace("schweigt", "spricht"),
        401,
    )
    .await;
    check("agentur", now + 1, &right, &body, 401).await;
    check("agentur", now, "sha256=00", &body, 401).await;
    check("agentur", now, "", &body, 401).await;
    check("andere", now, &right, &body, 401).await;
    check("agentur", now - 400, &signed(now - 400, &body), &body, 401).await;
    check("agentur", now + 400, &signed(now + 400, &body), &body, 401).await;
    let broken = format!("{body}\n{{\"source\": 1}}");
    check("agentur", now, &signed(now, &broken), &broken, 400).await;
    check("agentur", now, &signed(now, ""), "", 400).await;
    let large = " ".repeat(MAX_BODY_BYTES + 1);
    check("agentur", now, &signed(now, &large), &large, 413).await;
    assert_eq!(running.store().count().await.unwrap(), 0);
    running
        .finish(Duration::from_secs(20), Ending::Soon)
        .await
        .unwrap();
}

#[test]
fn a_short_secret_is_refused_and_not_told() {
    let dir = tempfile::tempdir().unwrap();
    let secret_file = dir.path().join("secret");
    let config = WebhookConfig {
        secret_file: secret_file.clone(),
        backfill: false,
    };
    assert!(Webhook::new("agentur", &config).is_err());
    std::fs::write(&secret_file, "geheim").unwrap();
    let error = Webhook::new("agentur", &config).map(drop).unwrap_err();
    assert!(
        error.contains("32 bytes") && !error.contains("geheim"),
        "{error}"
    );
    std::fs::write(&secret_file, SECRET).unwrap();
    assert_eq!(Webhook::new("agentur", &config).unwrap().name(), "agentur");
}
