//! The one polite HTTP client: what every fetching source uses, and the only place that opens
//! outgoing web connections.
//!
//! * It connects to public addresses only ([`Gate`]), on every hop: redirects are followed here, one
//!   by one, because the library would follow them anywhere. Proxy variables of the environment are
//!   not used: behind a proxy the gate would be blind.
//! * It says who it is, asks only for what changed (`ETag` and `Last-Modified` are given back word for
//!   word), and passes on how long a server asks it to wait (RFC 9110, RFC 6585).
//! * Header, body size, body time and body rate have limits. The size limit counts what is
//!   decompressed, while it is decompressed, so that a gzip bomb ends there.
//! * A permanent redirect is followed and not remembered: one mistake of a publisher or one hotel
//!   network would otherwise move a source for ever. The operator changes the address.
//!
//! One client a source: connections are kept per client, so an exception that one intranet feed
//! needs cannot be used by another source's redirect.
//!
//! Not here: retrying, waiting between looks, counting and logging (`supervise`).

use super::http_gate::{BadException, Closed, Gate};
use super::source::SourceError;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, DATE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, LOCATION, RETRY_AFTER,
};
use reqwest::{Response, StatusCode, redirect};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

/// Redirects that one fetch follows.
const MAX_HOPS: usize = 5;
/// Longest wait that a server may ask for.
const MAX_RETRY_AFTER_SECS: u64 = 24 * 3600;
/// Longest validator that is kept, in bytes.
const MAX_VALIDATOR_BYTES: usize = 1024;

/// Bounds of one fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until the answer's header is there, for each hop.
    pub header: Duration,
    /// For the whole fetch with its redirects.
    pub total: Duration,
    /// A body may be this late ...
    pub grace: Duration,
    /// ... and one second more for each of so many bytes that have come.
    pub min_bytes_per_sec: u32,
    /// Of the body, decompressed.
    pub max_body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(15),
            total: Duration::from_secs(60),
            grace: Duration::from_secs(10),
            min_bytes_per_sec: 1024,
            max_body_bytes: 20 * 1024 * 1024,
        }
    }
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("`allow_private`: {0}")]
    Exception(#[from] BadException),
    #[error("the HTTP client cannot be set up: {0}; are the system's root certificates there?")]
    Setup(String),
}

/// What a server said of its answer's version; given back to it word for word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// What a fetch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The version that we have is the current one.
    Unchanged,
    Page(Page),
}

/// A body and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub body: Vec<u8>,
    /// `Content-Type` as stated.
    pub content_type: Option<String>,
    pub validators: Validators,
    /// Where it was found, after all redirects.
    pub url: Url,
}

/// Lets all TLS of this process use one provider (ring). The library wants it set for the process;
/// setting it twice is no fault, so whoever makes a client may call this.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A client with its own gate and its own connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    gate: Arc<Gate>,
    limits: Limits,
}

impl Client {
    /// A client that may also connect to the private hosts, addresses and networks of
    /// `allow_private`, and that tells servers how to reach us (`contact`, may be empty).
    ///
    /// # Errors
    /// An exception that cannot be read, a contact that cannot stand in a header, or a system
    /// without root certificates.
    pub fn new(
        allow_private: &[String],
        contact: &str,
        limits: Limits,
    ) -> Result<Self, ClientError> {
        install_tls();
        let gate = Arc::new(Gate::new(allow_private)?);
        let http = reqwest::Client::builder()
            .user_agent(user_agent(contact))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .dns_resolver(GatedResolver(Arc::clone(&gate)))
            .connect_timeout(limits.header)
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|error| ClientError::Setup(chain(&error)))?;
        Ok(Self { http, gate, limits })
    }

    /// Fetches an address, unless it is still what `known` stands for.
    ///
    /// # Errors
    /// `Refused`: a closed gate, too many redirects, too large a body, 4xx. `RateLimited`: 429, 503.
    /// `Transient`: everything that may be better next time.
    pub async fn get(
        &self,
        url: &Url,
        accept: &str,
        known: &Validators,
    ) -> Result<Answer, SourceError> {
        let seconds = self.limits.total.as_secs();
        timeout(self.limits.total, self.follow(url, accept, known))
            .await
            .unwrap_or_else(|_| {
                Err(SourceError::Transient(format!(
                    "no complete answer within {seconds} s"
                )))
            })
    }

    async fn follow(
        &self,
        url: &Url,
        accept: &str,
        known: &Validators,
    ) -> Result<Answer, SourceError> {
        let mut at = url.clone();
        for _ in 0..=MAX_HOPS {
            let response = self.send(&at, accept, known).await?;
            match next_hop(&at, &response)? {
                Some(next) => at = next,
                None => return self.read(at, response, known).await,
            }
        }
        Err(SourceError::Refused(format!(
            "more than {MAX_HOPS} redirects"
        )))
    }

    async fn send(
        &self,
        url: &Url,
        accept: &str,
        known: &Validators,
    ) -> Result<Response, SourceError> {
        self.gate.admits_url(url).map_err(closed)?;
        let mut request = self.http.get(url.clone()).header(ACCEPT, accept);
        for (name, value) in [
            (IF_NONE_MATCH, &known.etag),
            (IF_MODIFIED_SINCE, &known.last_modified),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let response = match timeout(self.limits.header, request.send()).await {
            Err(_) => {
                let seconds = self.limits.header.as_secs();
                return Err(SourceError::Transient(format!(
                    "no answer within {seconds} s"
                )));
            }
            Ok(Err(error)) => return Err(refused_or_lost(&error)),
            Ok(Ok(response)) => response,
        };
        let host = url.host_str().unwrap_or_default();
        match response.remote_addr() {
            Some(peer) if !self.gate.admits(host, peer.ip()) => Err(closed(Closed::Private)),
            _ => Ok(response),
        }
    }

    async fn read(
        &self,
        url: Url,
        response: Response,
        known: &Validators,
    ) -> Result<Answer, SourceError> {
        let status = response.status();
        if status == StatusCode::NOT_MODIFIED && *known != Validators::default() {
            return Ok(Answer::Unchanged);
        }
        if status != StatusCode::OK {
            return Err(refusal(status, response.headers()));
        }
        let validators = Validators {
            etag: validator(response.headers(), ETAG),
            last_modified: validator(response.headers(), LAST_MODIFIED),
        };
        let content_type = text(response.headers(), CONTENT_TYPE).map(str::to_owned);
        let body = self.body(response).await?;
        Ok(Answer::Page(Page {
            body,
            content_type,
            validators,
            url,
        }))
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, SourceError> {
        let Limits {
            grace,
            min_bytes_per_sec,
            max_body_bytes,
            ..
        } = self.limits;
        let started = Instant::now();
        let mut body = Vec::new();
        loop {
            let earned = body.len() as f64 / f64::from(min_bytes_per_sec.max(1));
            let deadline = started + grace + Duration::from_secs_f64(earned);
            let chunk = match timeout_at(deadline, response.chunk()).await {
                Err(_) => {
                    let why = format!("the body comes at less than {min_bytes_per_sec} bytes/s");
                    return Err(SourceError::Transient(why));
                }
                Ok(Err(error)) => return Err(SourceError::Transient(chain(&error.without_url()))),
                Ok(Ok(None)) => return Ok(body),
                Ok(Ok(Some(chunk))) => chunk,
            };
            if body.len() + chunk.len() > max_body_bytes {
                let why = format!("the body is larger than {max_body_bytes} bytes");
                return Err(SourceError::Refused(why));
            }
            body.extend_from_slice(&chunk);
        }
    }
}

/// Resolves names through the gate, so that what is connected to is what was tested.
struct GatedResolver(Arc<Gate>);

impl Resolve for GatedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str();
            let answer = tokio::net::lookup_host((host, 0)).await?;
            let open = gate.filter(host, answer);
            if open.is_empty() {
                return Err(Closed::Private.into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

fn user_agent(contact: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match contact.trim() {
        "" => format!("Resonanz/{version} (feed reader of a press office)"),
        contact => format!("Resonanz/{version} (feed reader of a press office; {contact})"),
    }
}

/// Where a redirect leads; `None` for every other answer. Never from https back to http.
fn next_hop(at: &Url, response: &Response) -> Result<Option<Url>, SourceError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let next = text(response.headers(), LOCATION).and_then(|location| at.join(location).ok());
    match next {
        None => Err(SourceError::Transient(
            "a redirect without an address".to_owned(),
        )),
        Some(next) if at.scheme() == "https" && next.scheme() == "http" => Err(
            SourceError::Refused("a redirect from https to http".to_owned()),
        ),
        Some(next) => Ok(Some(next)),
    }
}

fn refusal(status: StatusCode, headers: &HeaderMap) -> SourceError {
    let what = format!("HTTP {}", status.as_u16());
    match status.as_u16() {
        429 | 503 => SourceError::RateLimited {
            retry_after: retry_after(headers),
        },
        408 | 425 => SourceError::Transient(what),
        400..=499 => SourceError::Refused(what),
        _ => SourceError::Transient(what),
    }
}

/// `Retry-After`, in seconds or as a date. A date is measured against the answer's own `Date`, for
/// the server's clock is the one that it was written by.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER)?.trim();
    let secs = match value.parse::<u64>() {
        Ok(secs) => secs,
        Err(_) => {
            let parser = DateTimeParser::new();
            let until = parser.parse_timestamp(value).ok()?;
            let now = parser.parse_timestamp(text(headers, DATE)?).ok()?;
            u64::try_from(until.as_second() - now.as_second()).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(secs.min(MAX_RETRY_AFTER_SECS)))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn validator(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = text(headers, name)?;
    (!value.is_empty() && value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
}

fn closed(why: Closed) -> SourceError {
    SourceError::Refused(why.to_string())
}

/// A gate that the resolver found closed is a refusal; every other failure to connect may pass.
fn refused_or_lost(error: &reqwest::Error) -> SourceError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(inner) = cause {
        if let Some(why) = inner.downcast_ref::<Closed>() {
            return closed(*why);
        }
        cause = inner.source();
    }
    SourceError::Transient(chain(error))
}

/// The causes of an error in one line, without the address: it may hold a key.
fn chain(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    match causes.is_empty() {
        true if error.is_decode() => "the body could not be decoded".to_owned(),
        true => "the request failed".to_owned(),
        false => causes.join(": "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_servers_patience_is_read_in_both_forms_and_bounded() {
        let check = |after: &str, date: &str, expected: Option<u64>| {
            let headers = headers(&[(RETRY_AFTER, after), (DATE, date)]);
            assert_eq!(
                retry_after(&headers).map(|wait| wait.as_secs()),
                expected,
                "{after}"
            );
        };
        let now = "Mon, 23 Nov 2026 10:00:00 GMT";
        check("120", now, Some(120));
        check(" 0 ", now, Some(0));
        check("99999999", now, Some(86_400));
        check("Mon, 23 Nov 2026 10:05:00 GMT", now, Some(300));
        check("Mon, 23 Nov 2026 09:00:00 GMT", now, Some(0));
        check("Mon, 23 Nov 2099 09:00:00 GMT", now, Some(86_400));
        check("Mon, 23 Nov 2026 10:05:00 GMT", "yesterday", None);
        check("soon", now, None);
        check("-5", now, None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn each_status_has_its_meaning() {
        let meaning = |status: u16| {
            refusal(
                StatusCode::from_u16(status).unwrap(),
                &headers(&[(RETRY_AFTER, "7")]),
            )
        };
        let wait = Some(Duration::from_secs(7));
        for status in [429, 503] {
            assert_eq!(
                meaning(status),
                SourceError::RateLimited { retry_after: wait }
            );
        }
        for status in [400, 401, 403, 404, 410, 451] {
            assert_eq!(
                meaning(status),
                SourceError::Refused(format!("HTTP {status}"))
            );
        }
        for status in [204, 304, 408, 425, 500, 502, 504, 599] {
            assert_eq!(
                meaning(status),
                SourceError::Transient(format!("HTTP {status}"))
            );
        }
    }

    #[test]
    fn a_client_refuses_settings_that_make_no_sense() {
        let made = |allow: &[String], contact| Client::new(allow, contact, Limits::default());
        assert!(made(&[], "https://ministry.example/listening").is_ok());
        assert!(matches!(
            made(&["a b".to_owned()], ""),
            Err(ClientError::Exception(_))
        ));
        assert!(matches!(
            made(&[], "two\nlines"),
            Err(ClientError::Setup(_))
        ));
    }
}
