//! The one polite HTTP client: what every fetching source uses, and the only place that opens
//! outgoing web connections.
//!
//! * It connects to public addresses only ([`Gate`]), on every hop: redirects are followed here, one
//!   by one, because the library would follow them anywhere. Proxy variables of the environment are
//!   not used: behind a proxy the gate would be blind.
//! * What is asked with a token or a body stays with the server that it is meant for.
//! * It says who it is, asks only for what changed (`ETag` and `Last-Modified` are given back word for
//!   word), and passes on how long a server asks it to wait (RFC 9110, RFC 6585).
//! * All clients of a house together ask one host only so often ([`Hosts`]).
//! * Header, body size, body time and body rate have limits. The size limit counts what is
//!   unpacked, while it is unpacked ([`Body`]), so that a gzip bomb ends there.
//! * A permanent redirect is followed and not remembered: one mistake of a publisher or one hotel
//!   network would otherwise move a source for ever. The operator changes the address.
//!
//! One client a source: connections are kept per client, so an exception that one intranet feed
//! needs cannot be used by another source's redirect.
//!
//! Not here: retrying, waiting between looks, counting and logging (`supervise`).

use super::hosts::Hosts;
use super::http_body::Body;
use super::http_call::{Call, Reply};
use super::http_gate::{BadException, Closed, Gate};
use super::http_reply::{
    chain, closed, next_hop, pause, refusal, refused_or_lost, text, validator,
};
use super::lines::{Cutter, Line, MAX_LINE_BYTES};
use super::opt_out::OptOut;
use super::source::SourceError;
use super::sse::{Reader, Said};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LINK,
};
use reqwest::{Method, Response, StatusCode, redirect};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

/// Redirects that one fetch follows.
const MAX_HOPS: usize = 5;

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
    Page(Box<Page>),
}

/// A body and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub body: Vec<u8>,
    /// `Content-Type` as stated.
    pub content_type: Option<String>,
    pub validators: Validators,
    /// What the publisher reserves, by the answer's head.
    pub opt_out: OptOut,
    /// `Link` headers, as stated.
    pub links: Vec<String>,
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
    hosts: Hosts,
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
            .default_headers(HeaderMap::from_iter([(
                ACCEPT_ENCODING,
                HeaderValue::from_static("gzip"),
            )]))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .dns_resolver(GatedResolver(Arc::clone(&gate)))
            .connect_timeout(limits.header)
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|error| ClientError::Setup(chain(&error)))?;
        Ok(Self {
            http,
            gate,
            limits,
            hosts: Hosts::default(),
        })
    }

    /// The same client, which takes turns with all others that have this memory.
    #[must_use]
    pub fn sharing(mut self, hosts: &Hosts) -> Self {
        self.hosts = hosts.clone();
        self
    }

    /// Fetches an address, unless it is still what `known` stands for.
    ///
    /// # Errors
    /// `Refused`: a closed gate, too many redirects, too large a body, 4xx. `RateLimited`: 429, 503.
    /// `Server`: other 5xx.
    /// `Transient`: everything else that may be better next time.
    pub async fn get(
        &self,
        url: &Url,
        accept: &'static str,
        known: &Validators,
    ) -> Result<Answer, SourceError> {
        let mut call = Call::get(url.clone(), accept);
        for (name, value) in [
            (IF_NONE_MATCH, &known.etag),
            (IF_MODIFIED_SINCE, &known.last_modified),
        ] {
            if let Some(value) = value.as_ref().and_then(|v| HeaderValue::from_str(v).ok()) {
                call.headers.insert(name, value);
            }
        }
        let whole = async {
            let (url, response) = self.follow(&call).await?;
            self.page(url, response, known).await
        };
        self.in_time(whole).await
    }

    /// Asks, and gives the whole answer of whatever status.
    ///
    /// # Errors
    /// Those of [`Client::get`] but for the status. `Refused`: a redirect that would carry a token or
    /// a body to another server.
    pub async fn ask(&self, call: &Call) -> Result<Reply, SourceError> {
        let whole = async {
            let (url, response) = self.follow(call).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = self.body(response, call.cut).await?;
            Ok(Reply {
                status,
                headers,
                body,
                url,
            })
        };
        self.in_time(whole).await
    }

    /// Opens a stream of lines (X: JSON in lines) and begins with [`Line::Alive`]. It ends when the
    /// server ends it, and with the first error; no byte for `idle` is one. A last line without its
    /// end is not given.
    ///
    /// # Errors
    /// Those of [`Client::get`], for the answer's head.
    pub async fn lines(
        &self,
        call: Call,
        idle: Duration,
    ) -> Result<BoxStream<'static, Result<Line, SourceError>>, SourceError> {
        let mut call = call;
        // A packed stream comes late, and a piece of it can unpack to anything.
        let plain = HeaderValue::from_static("identity");
        call.headers.insert(ACCEPT_ENCODING, plain);
        let (_, response) = self.follow(&call).await?;
        if response.status() != StatusCode::OK {
            return Err(refusal(response.status(), response.headers()));
        }
        if response.headers().contains_key(CONTENT_ENCODING) {
            let why = "the stream is compressed, which was not asked for";
            return Err(SourceError::Refused(why.to_owned()));
        }
        Ok(cut(response, idle))
    }

    /// Opens a stream of server-sent events (Mastodon, Wikipedia) and begins with [`Said::Alive`].
    /// What was heard last goes along as `Last-Event-ID`, by [`Call::header`].
    ///
    /// # Errors
    /// Those of [`Client::lines`].
    pub async fn events(
        &self,
        call: Call,
        idle: Duration,
    ) -> Result<BoxStream<'static, Result<Said, SourceError>>, SourceError> {
        let lines = self.lines(call, idle).await?;
        let mut reader = Reader::default();
        let events = lines.skip(1).filter_map(move |line| {
            let said = match line {
                Ok(line) => reader.line(line).map(Ok),
                Err(error) => Some(Err(error)),
            };
            std::future::ready(said)
        });
        let connected = futures_util::stream::iter([Ok(Said::Alive)]);
        Ok(connected.chain(events).boxed())
    }

    async fn in_time<T>(
        &self,
        whole: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let seconds = self.limits.total.as_secs();
        timeout(self.limits.total, whole).await.unwrap_or_else(|_| {
            Err(SourceError::Transient(format!(
                "no complete answer within {seconds} s"
            )))
        })
    }

    /// The first answer that is no redirect, and where it was found.
    async fn follow(&self, call: &Call) -> Result<(Url, Response), SourceError> {
        let mut at = call.url.clone();
        for _ in 0..=MAX_HOPS {
            let response = self.send(&at, call).await?;
            match next_hop(&at, response.status(), response.headers())? {
                None => return Ok((at, response)),
                Some(_) if call.method != Method::GET => {
                    let why = "a redirect in answer to a POST";
                    return Err(SourceError::Refused(why.to_owned()));
                }
                Some(next) if call.is_confidential() && next.origin() != at.origin() => {
                    let why = "a redirect to another server, which the token is not for";
                    return Err(SourceError::Refused(why.to_owned()));
                }
                Some(next) => at = next,
            }
        }
        Err(SourceError::Refused(format!(
            "more than {MAX_HOPS} redirects"
        )))
    }

    async fn send(&self, url: &Url, call: &Call) -> Result<Response, SourceError> {
        self.gate.admits_url(url).map_err(closed)?;
        let host = url.host_str().unwrap_or_default();
        self.hosts.turn(host).await?;
        let mut request = self
            .http
            .request(call.method.clone(), url.clone())
            .headers(call.headers.clone());
        if let Some(body) = &call.body {
            request = request.body(body.clone());
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
        if let Some(pause) = pause(response.status(), response.headers()) {
            self.hosts.close(host, pause);
        }
        match response.remote_addr() {
            Some(peer) if !self.gate.admits(host, peer.ip()) => Err(closed(Closed::Private)),
            _ => Ok(response),
        }
    }

    async fn page(
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
            etag: validator(response.headers(), ETAG.as_str()),
            last_modified: validator(response.headers(), LAST_MODIFIED.as_str()),
        };
        let content_type = text(response.headers(), CONTENT_TYPE.as_str()).map(str::to_owned);
        let opt_out = OptOut::of_headers(response.headers());
        let links = response.headers().get_all(LINK).iter();
        let links = links.filter_map(|link| Some(link.to_str().ok()?.to_owned()));
        let links = links.collect();
        let body = self.body(response, None).await?;
        Ok(Answer::Page(Box::new(Page {
            body,
            opt_out,
            links,
            content_type,
            validators,
            url,
        })))
    }

    async fn body(
        &self,
        mut response: Response,
        cut: Option<usize>,
    ) -> Result<Vec<u8>, SourceError> {
        let Limits {
            grace,
            min_bytes_per_sec,
            max_body_bytes,
            ..
        } = self.limits;
        let started = Instant::now();
        let encoding = text(response.headers(), CONTENT_ENCODING.as_str());
        let mut body = Body::new(encoding, max_body_bytes, cut);
        loop {
            let earned = body.received() as f64 / f64::from(min_bytes_per_sec.max(1));
            let deadline = started + grace + Duration::from_secs_f64(earned);
            let chunk = match timeout_at(deadline, response.chunk()).await {
                Err(_) => {
                    let why = format!("the body comes at less than {min_bytes_per_sec} bytes/s");
                    return Err(SourceError::Transient(why));
                }
                Ok(Err(error)) => return Err(SourceError::Transient(chain(&error.without_url()))),
                Ok(Ok(None)) => return body.finish(),
                Ok(Ok(Some(chunk))) => chunk,
            };
            if body.push(&chunk)? {
                return body.finish();
            }
        }
    }
}

fn cut(mut response: Response, idle: Duration) -> BoxStream<'static, Result<Line, SourceError>> {
    Box::pin(async_stream::try_stream! {
        yield Line::Alive;
        let mut cutter = Cutter::new(MAX_LINE_BYTES);
        loop {
            let piece = match timeout(idle, response.chunk()).await {
                Err(_) => {
                    let seconds = idle.as_secs();
                    Err(SourceError::Transient(format!("no sign of life for {seconds} s")))
                }
                Ok(Err(error)) => Err(SourceError::Transient(chain(&error.without_url()))),
                Ok(Ok(piece)) => Ok(piece),
            };
            let Some(piece) = piece? else { break };
            let mut rest = piece.as_ref();
            while let Some(line) = cutter.next(&mut rest) {
                yield line;
            }
        }
    })
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

#[cfg(test)]
mod tests {
    use super::*;

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
