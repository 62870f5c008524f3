//! Against a real mail server (aiosmtpd) with STARTTLS and AUTH, and with faults to order.
//!
//! `tests/peers/smtp` starts it; `tests/peers/install` installs what it needs.

use crate::desk::{House, config, enquiry, minutes, start};
use jiff::SignedDuration;
use resonanz::desk::{MailConfig, Smtp, SmtpConfig};
use resonanz::model::{Author, Hit, Kind};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A running mail server; it ends with its standard input.
struct Peer {
    child: Child,
    hello: Value,
    /// Its key and certificate.
    _dir: tempfile::TempDir,
}

impl Peer {
    /// `None`, and a word on standard error, where it is not installed; one that is installed and
    /// does not start is a failure.
    fn start() -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/smtp");
        crate::skipped::peer("SMTP server", "venv/bin/aiosmtpd")?;
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut child = Command::new(&script)
            .arg("--dir")
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let hello = serde_json::from_str(&line);
        assert!(hello.is_ok(), "{}", std::fs::read_to_string(log).unwrap());
        Some(Self {
            child,
            hello: hello.unwrap(),
            _dir: dir,
        })
    }

    fn text(&self, key: &str) -> &str {
        self.hello[key].as_str().unwrap()
    }

    fn config(&self) -> SmtpConfig {
        let (host, port) = self.text("smtp").rsplit_once(':').unwrap();
        let json = json!({
            "host": host,
            "port": port.parse::<u16>().unwrap(),
            "user": self.text("user"),
            "password": self.text("password"),
            "ca_file": self.text("ca"),
            "timeout_secs": 10,
        });
        serde_json::from_value(json).unwrap()
    }

    fn mails(&self) -> Vec<Value> {
        serde_json::from_str(&self.http("GET", "/mails", "")).unwrap()
    }

    /// Orders faults, one for each of the next hand-overs.
    fn order(&self, faults: &[&str]) {
        self.http("POST", "/faults", &json!(faults).to_string());
    }

    fn http(&self, method: &str, path: &str, body: &str) -> String {
        let address = self.text("api").strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        assert!(status.starts_with('2'), "{head}");
        body.to_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A house with one mail in its outbox.
async fn waiting_mail() -> House {
    let house = House::new(config()).await;
    let hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    house.take(&hits, 3).await;
    house
}

/// One look of a sender with these settings, `secs` after the start.
async fn look(house: &House, smtp: &SmtpConfig, secs: i64) {
    house
        .clock
        .advance_to(start() + SignedDuration::from_secs(secs));
    let mut sender = house.sender(Arc::new(Smtp::new(smtp).unwrap()));
    sender.step(&CancellationToken::new()).await.unwrap();
}

async fn state(house: &House) -> (String, i64, String) {
    let mail = house.store.mails(1).await.unwrap().remove(0);
    (
        mail.state,
        mail.attempts,
        mail.last_error.unwrap_or_default(),
    )
}

fn message_ids(mails: &[Value]) -> Vec<String> {
    mails
        .iter()
        .map(|mail| {
            let raw = mail["raw"].as_str().unwrap();
            let line = raw.lines().find(|line| line.starts_with("Message-ID:"));
            line.unwrap().trim_end().to_owned()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_mail_arrives_encrypted_and_with_a_login() {
    let Some(peer) = Peer::start() else { return };
    let house = waiting_mail().await;
    look(&house, &peer.config(), 0).await;
    assert_eq!(state(&house).await, ("sent".into(), 1, String::new()));
    let mails = peer.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["tls"], true);
    assert_eq!(mails[0]["login"], peer.text("user"));
    assert_eq!(mails[0]["from"], "resonanz@localhost");
    assert_eq!(mails[0]["to"], json!(["dienst@localhost"]));
    let ids = message_ids(&mails);
    assert_eq!(ids, ["Message-ID: <case-1.alert.1@resonanz.localhost>"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn hostile_strings_cross_the_wire_as_text() {
    let Some(peer) = Peer::start() else { return };
    let house = House::new(config()).await;
    let mut hits: Vec<Hit> = (0..3).map(|n| enquiry(n, n as u8, 0)).collect();
    hits[0].mention.text = "Ende\r\n.\r\nMAIL FROM:<x@evil.example>\r\n.leading \u{202E}dot".into();
    hits[0].mention.title = "\"Titel\"\r\nBcc: x@evil.example\u{0}".into();
    hits[1].mention.kind = Kind::Article;
    hits[1].mention.site = "evil.example\r\nX: y".into();
    hits[1].mention.author = Some(Author::Voice {
        name: "Chef\r\nRCPT TO:<x@evil.example>".into(),
        handle: "chef\"\r\n".into(),
        account: None,
    });
    hits[2].mention.text = "=?utf-8?q?x?= =41 .\n".into();
    house.take(&hits, 3).await;
    look(&house, &peer.config(), 0).await;
    let mails = peer.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["to"], json!(["dienst@localhost"]));
    let raw = mails[0]["raw"]
        .as_str()
        .unwrap()
        .replace("\r\n", "\n")
        .replace('\n', "\r\n");
    let mail = crate::desk::decode(raw.as_bytes());
    let (headers, body) = mail.split_once("\n\n").unwrap();
    assert!(
        !headers.contains("Bcc") && !headers.contains("evil"),
        "{headers}"
    );
    let words = body.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("Ende . MAIL FROM:<x@evil.example> .leading dot"),
        "{body}"
    );
    assert!(words.contains("=?utf-8?q?x?= =41 ."), "{body}");
    assert!(!body.contains("Chef") && !body.contains("chef"), "{body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_busy_server_is_tried_again() {
    let Some(peer) = Peer::start() else { return };
    let house = waiting_mail().await;
    peer.order(&["451"]);
    look(&house, &peer.config(), 0).await;
    let busy = "the mail server answered 451".to_owned();
    assert_eq!(state(&house).await, ("pending".into(), 1, busy));
    assert_eq!(peer.mails().len(), 0);
    look(&house, &peer.config(), 29).await;
    assert_eq!(state(&house).await.1, 1);
    look(&house, &peer.config(), 30).await;
    assert_eq!(state(&house).await, ("sent".into(), 2, String::new()));
    assert_eq!(peer.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refused_mail_is_a_visible_failure() {
    let Some(peer) = Peer::start() else { return };
    let house = waiting_mail().await;
    peer.order(&["550"]);
    look(&house, &peer.config(), 0).await;
    let refused = "the mail server answered 550".to_owned();
    assert_eq!(state(&house).await, ("failed".into(), 1, refused));
    assert!(house.metric("resonanz_mails_total{outcome=\"failed\"} 1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_lost_answer_doubles_the_mail_under_one_message_id() {
    let Some(peer) = Peer::start() else { return };
    let house = waiting_mail().await;
    peer.order(&["drop-after-data"]);
    look(&house, &peer.config(), 0).await;
    assert_eq!(state(&house).await.0, "pending");
    look(&house, &peer.config(), 30).await;
    assert_eq!(state(&house).await.0, "sent");
    let mails = peer.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0]["raw"], mails[1]["raw"]);
    assert_eq!(message_ids(&mails)[0], message_ids(&mails)[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_silent_server_does_not_hold_the_house_up() {
    let Some(peer) = Peer::start() else { return };
    let house = waiting_mail().await;
    peer.order(&["hang"]);
    let mut impatient = peer.config();
    impatient.timeout_secs = 1;
    look(&house, &impatient, 0).await;
    let (state, _, error) = state(&house).await;
    assert_eq!(state, "pending");
    assert!(error.contains("did not answer"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_password_keeps_the_mail_and_shows() {
    let Some(peer) = Peer::start() else { return };
    let house = waiting_mail().await;
    let mut wrong = peer.config();
    wrong.password = Some(resonanz::desk::Password("falsch".into()));
    look(&house, &wrong, 0).await;
    let (waiting, _, error) = state(&house).await;
    assert_eq!(waiting, "pending");
    assert!(error.contains("password"), "{error}");
    assert!(!error.contains("falsch"), "{error}");
    look(&house, &wrong, 600).await;
    assert!(house.metric("resonanz_outbox_pending 1"));
    assert!(house.metric("resonanz_outbox_oldest_seconds 600"));
    assert_eq!(peer.mails().len(), 0);
    look(&house, &peer.config(), minutes(20).as_secs()).await;
    assert_eq!(state(&house).await.0, "sent");
    assert_eq!(peer.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_unknown_certificate_gets_neither_password_nor_mail() {
    let Some(peer) = Peer::start() else { return };
    let house = waiting_mail().await;
    let mut stranger = peer.config();
    stranger.ca_file = None;
    look(&house, &stranger, 0).await;
    let (waiting, _, error) = state(&house).await;
    assert_eq!(waiting, "pending");
    assert!(error.contains("certificate"), "{error}");
    assert_eq!(peer.mails().len(), 0);
}

#[test]
fn settings_reach_the_server_by_the_desk_s_config() {
    let json = r#"{"mail": {"kind": "smtp", "host": "mail.example", "port": 465, "security": "tls",
        "user": "resonanz", "password_file": "/run/secrets/smtp"}}"#;
    let config: resonanz::desk::Config = serde_json::from_str(json).unwrap();
    assert_eq!(config.faults(), Vec::<String>::new());
    let MailConfig::Smtp(smtp) = config.mail else {
        panic!("not SMTP")
    };
    assert_eq!((smtp.host.as_str(), smtp.port), ("mail.example", 465));
}
