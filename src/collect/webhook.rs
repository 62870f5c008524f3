//! Items that other programs bring by HTTP: `POST /in/<name>`.
//!
//! * The body is lines of the import's shape, as `resonanz replay` reads them ([`crate::model::Item`]):
//!   at most 256 KiB and [`MAX_LINES`] lines. One line that cannot be read refuses the whole body.
//! * `X-Resonanz-Timestamp` is the time in Unix seconds, at most five minutes from ours;
//!   `X-Resonanz-Signature` is `sha256=` and the hexadecimal HMAC-SHA-256 of timestamp, a full stop and
//!   body under the shared secret. A body that was stored is not taken twice.
//! * "200" means stored, see [`inbox`].
//! * Permission: whoever holds the secret. What is sent is that sender's responsibility.

use super::http_reply::text;
use super::inbox::{
    self, Batches, Brought, Inbox, MAX_BODY_BYTES, Manner, Refusal, Taken, WINDOW_SECS, signature,
};
use super::replay;
use super::source::{Collected, Event, Pace, Rejection, Source, SourceError, Standing};
use crate::model::{Change, Cursor};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use sha2::Sha256;
use std::path::PathBuf;
use std::sync::Arc;

/// Lines of one body.
pub const MAX_LINES: usize = 500;
const MIN_SECRET_BYTES: usize = 32;

/// `[source.<name>]` with `kind = "webhook"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// File with the shared secret, 32 bytes or more.
    pub secret_file: PathBuf,
    /// Old news: archived, never mailed.
    #[serde(default)]
    pub backfill: bool,
}

/// A webhook as a source.
pub struct Webhook {
    name: String,
    backfill: bool,
    inbox: Inbox,
    batches: Batches,
}

impl Webhook {
    /// Reads the secret.
    ///
    /// # Errors
    /// A secret that cannot be read, or that is too short. The text does not hold it.
    pub fn new(name: &str, config: &WebhookConfig) -> Result<Self, String> {
        let file = config.secret_file.display();
        let secret = std::fs::read(&config.secret_file)
            .map_err(|error| format!("`secret_file` {file}: {error}"))?;
        let secret = secret.trim_ascii();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(format!(
                "`secret_file` {file}: a secret has {MIN_SECRET_BYTES} bytes or more"
            ));
        }
        // A key of any length will do for HMAC.
        let key = Hmac::new_from_slice(secret).map_err(|error| error.to_string())?;
        let (inbox, batches) = Inbox::new(Arc::new(Stamped { key }));
        Ok(Self {
            name: name.to_owned(),
            backfill: config.backfill,
            inbox,
            batches,
        })
    }
}

impl Source for Webhook {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        inbox::PACE
    }

    /// Whoever brings something tries again until it is taken.
    fn catches_up(&self) -> bool {
        true
    }

    fn is_backfill(&self) -> bool {
        self.backfill
    }

    fn inbox(&self) -> Option<Inbox> {
        Some(self.inbox.clone())
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        inbox::stream(Arc::clone(&self.batches), resume, None)
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        async { Standing::Works }.boxed()
    }
}

/// A sender of ours: a stamp, a signature, lines of the import's shape.
struct Stamped {
    key: Hmac<Sha256>,
}

impl Manner for Stamped {
    fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Taken, Refusal> {
        let signature = signature(headers, "x-resonanz-signature")?;
        let stamp = text(headers, "x-resonanz-timestamp").unwrap_or_default();
        let time: i64 = stamp.parse().map_err(|_| Refusal::Unsigned)?;
        let mut mac = self.key.clone();
        mac.update(stamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.verify_slice(&signature)
            .map_err(|_| Refusal::Unsigned)?;
        match now.as_second().abs_diff(time) > WINDOW_SECS as u64 {
            true => Err(Refusal::Stale),
            false => Ok((time, signature)),
        }
    }

    fn read(&self, body: &[u8]) -> Result<Brought, Refusal> {
        Ok(Brought {
            events: read(body)?.into_iter().map(Event::Change).collect(),
            ..Brought::default()
        })
    }
}

/// The changes of a body.
fn read(body: &[u8]) -> Result<Vec<Change>, Refusal> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Refusal::Unreadable(format!(
            "a body has {MAX_BODY_BYTES} bytes at most"
        )));
    }
    let lines = body.split(|byte| *byte == b'\n').zip(1u64..);
    let written = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
    let changes: Result<Vec<Change>, Rejection> = written
        .take(MAX_LINES + 1)
        .map(|(line, number)| replay::adapt(line).map_err(|rejection| rejection.in_line(number)))
        .collect();
    let changes = changes.map_err(|rejection| Refusal::Unreadable(rejection.to_string()))?;
    match changes.len() {
        0 => Err(Refusal::Unreadable("the body is empty".to_owned())),
        1..=MAX_LINES => Ok(changes),
        _ => Err(Refusal::Unreadable(format!(
            "a body has {MAX_LINES} lines at most"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn sender() -> Stamped {
        let key = Hmac::new_from_slice(SECRET).unwrap();
        Stamped { key }
    }

    fn headers(stamp: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-resonanz-timestamp", stamp.parse().unwrap());
        headers.insert("x-resonanz-signature", signature.parse().unwrap());
        headers
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }

    #[test]
    fn a_signature_is_of_time_and_body() {
        // printf '1790000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        let signature = "sha256=5949482f8f268ce61c6208ee9050323b82d4c3033bad3f5c14c19f657d409d60";
        let sender = sender();
        let check = |stamp: &str, signature: &str, body: &[u8]| {
            let headers = headers(stamp, signature);
            sender.verify(&headers, body, now()).map(drop)
        };
        assert_eq!(check("1790000000", signature, b"{}"), Ok(()));
        for (stamp, signature, body) in [
            ("1790000001", signature, &b"{}"[..]),
            ("1790000000", signature, b"{ }"),
            ("1790000000", &signature[7..], b"{}"),
            ("1790000000", "sha256=", b"{}"),
            ("1790000000", "", b"{}"),
            ("", signature, b"{}"),
        ] {
            assert_eq!(
                check(stamp, signature, body),
                Err(Refusal::Unsigned),
                "{stamp} {signature}"
            );
        }
        let later = Timestamp::from_second(1_790_000_301).unwrap();
        let stale = sender
            .verify(&headers("1790000000", signature), b"{}", later)
            .map(drop);
        assert_eq!(stale, Err(Refusal::Stale));
    }

    #[test]
    fn one_bad_line_refuses_the_body() {
        let good = r#"{"source":"press","id":"1","kind":"article","text":"x"}"#;
        assert_eq!(read(good.as_bytes()).unwrap().len(), 1);
        assert_eq!(
            read(format!("{good}\n\n{good}\n").as_bytes())
                .unwrap()
                .len(),
            2
        );
        let told = |body: &str| match read(body.as_bytes()) {
            Err(Refusal::Unreadable(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(told(&format!("{good}\n{{}}")).contains("line 2"));
        assert!(told(" \n ").contains("empty"));
        assert!(told(&format!("{good}\n").repeat(MAX_LINES + 1)).contains("500 lines"));
    }
}
