//! FragDenStaat: requests for information to named public bodies.
//!
//! Documentation: <https://fragdenstaat.de/api/>, <https://github.com/okfde/froide>. Without a key; what
//! is not public is not answered. A look asks for the newest requests of each body, those first that
//! were written in last.
//!
//! * A request is its title and its words, and how it stands; where that changes it is an edit.
//! * Who asks is private, whether the site shows an account or not.
//! * Not collected: letters and answers, which hold names, and attachments. Deletions are not told.

use super::http::Limits;
use super::poller::Poller;
use super::register::{self, Entries, Register, Settings};
use super::source::{RejectReason, Rejection};
use crate::clock::Clock;
use crate::model::{Change, Item, Kind, RawAuthor};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use url::Url;

/// Name of the register in native ids and of imports.
pub const PLATFORM: &str = "fragdenstaat";
const PAGE: usize = 50;
const MAX_BODIES: usize = 50;

/// `[source.<name>]` with `kind = "fragdenstaat"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FragDenStaatConfig {
    /// Public bodies, as they stand in the site's addresses: `bundesministerium-des-innern`.
    pub public_bodies: Vec<String>,
    /// Seconds between two looks, at least 300.
    pub every_secs: u64,
    /// Pages of fifty requests that one look reads of each, 1 to 50.
    pub max_pages: usize,
    /// Where the site is.
    pub url: String,
    /// Hosts, addresses and networks that may be connected to although they are private.
    pub allow_private: Vec<String>,
    /// How the site's people can reach us, for the User-Agent.
    pub contact: String,
}

impl Default for FragDenStaatConfig {
    fn default() -> Self {
        Self {
            public_bodies: Vec::new(),
            every_secs: 1_800,
            max_pages: 1,
            url: "https://fragdenstaat.de".to_owned(),
            allow_private: Vec::new(),
            contact: String::new(),
        }
    }
}

/// A source with the usual bounds of time.
///
/// # Errors
/// Settings that make no sense. The text names the key.
pub fn source(name: &str, config: &FragDenStaatConfig) -> Result<Poller, String> {
    with_limits(name, config, &Clock::system(), Limits::default())
}

/// The same with another clock and other bounds of time.
///
/// # Errors
/// As [`source`].
pub fn with_limits(
    name: &str,
    config: &FragDenStaatConfig,
    clock: &Clock,
    limits: Limits,
) -> Result<Poller, String> {
    let bodies = &config.public_bodies;
    if !(1..=MAX_BODIES).contains(&bodies.len()) || !bodies.iter().all(|body| is_slug(body)) {
        return Err(format!(
            "`public_bodies` are 1 to {MAX_BODIES} names as they stand in the site's addresses, like \
             \"bundesministerium-des-innern\""
        ));
    }
    let site = Site {
        url: register::base(&config.url, &config.allow_private)?,
        bodies: bodies.clone(),
    };
    let settings = Settings {
        every_secs: config.every_secs,
        max_pages: config.max_pages,
        page: PAGE,
        lists: bodies.len(),
        key: None,
        allow_private: &config.allow_private,
        contact: &config.contact,
    };
    register::source(name, Arc::new(site), settings, clock, limits)
}

fn is_slug(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=255).contains(&name.len()) && name.chars().all(plain)
}

struct Site {
    url: Url,
    bodies: Vec<String>,
}

mod wire {
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Debug, Deserialize)]
    pub struct Page {
        pub meta: Meta,
        pub objects: Vec<Value>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Meta {
        pub next: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Request {
        pub id: u64,
        pub url: String,
        pub title: String,
        pub description: Option<String>,
        pub summary: Option<String>,
        pub created_at: Option<jiff::Timestamp>,
        pub first_message: Option<jiff::Timestamp>,
        pub status: Option<String>,
        pub resolution: Option<String>,
        pub public_body: Option<Body>,
        pub user: Option<u64>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Body {
        pub name: Option<String>,
    }
}

impl Register for Site {
    fn lists(&self, _: Option<Timestamp>, _: Timestamp) -> Vec<Url> {
        let list = |body: &String| {
            let mut url = self.url.clone();
            url.set_path("/api/v1/request/search/");
            let limit = PAGE.to_string();
            let pairs = [
                ("publicbody", body.as_str()),
                ("sort", "-last"),
                ("limit", &limit),
            ];
            url.query_pairs_mut().extend_pairs(pairs);
            url
        };
        self.bodies.iter().map(list).collect()
    }

    fn read(&self, page: &Url, body: &[u8]) -> Result<(Entries, Option<Url>), Rejection> {
        let read: wire::Page = register::json(body, "list of requests")?;
        let entries = read.objects.into_iter();
        let entries = entries.map(|value| adapt(&self.url, value)).collect();
        let next = read.meta.next.and_then(|next| page.join(&next).ok());
        Ok((entries, next))
    }
}

/// One request.
fn adapt(site: &Url, value: Value) -> Result<Item, Rejection> {
    let request: wire::Request = register::entry(value, "request")?;
    let url = site.join(&request.url).ok();
    let url = url.filter(|url| url.origin() == site.origin());
    if url.is_none() || request.title.trim().is_empty() {
        let why = "a request without an address or a title";
        return Err(Rejection::new(RejectReason::Incomplete, why));
    }
    let mut item = Item::new(PLATFORM, request.id.to_string(), Kind::Post);
    item.published = request.created_at.or(request.first_message);
    item.url = url.map(String::from);
    item.site = site.host_str().map(str::to_owned);
    item.text = words(&request);
    item.title = Some(request.title);
    let account = request.user.map(|user| format!("user/{user}"));
    // Of somebody who is not shown nobody is to learn more than that.
    item.author = Some(RawAuthor {
        id: account.unwrap_or_else(|| format!("request/{}", request.id)),
        handle: None,
        name: None,
    });
    register::bounded(&mut item);
    Ok(item)
}

fn words(request: &wire::Request) -> String {
    let body = request
        .public_body
        .as_ref()
        .and_then(|body| body.name.as_deref());
    let parts = [
        body.map(|name| format!("Anfrage an: {name}")),
        request.description.clone(),
        request.summary.clone(),
        state(request).map(|state| format!("Stand: {state}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let said = parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty());
    said.collect::<Vec<_>>().join("\n")
}

/// How it stands, in the site's own words.
fn state(request: &wire::Request) -> Option<&'static str> {
    Some(match request.resolution.as_deref().unwrap_or_default() {
        "successful" => "erfolgreich",
        "partially_successful" => "teilweise erfolgreich",
        "refused" => "abgelehnt",
        "not_held" => "Information nicht vorhanden",
        "user_withdrew" => "zurückgezogen",
        "user_withdrew_costs" => "wegen Kosten zurückgezogen",
        _ => match request.status.as_deref()? {
            "awaiting_response" => "wartet auf Antwort",
            "awaiting_classification" => "Antwort erhalten",
            "asleep" => "ruht",
            "resolved" => "abgeschlossen",
            _ => return None,
        },
    })
}

/// What the bytes of an answer say, read as they would be from the network.
pub fn read_bytes(body: &[u8]) -> Vec<Result<Change, Rejection>> {
    let Ok(url) = Url::parse("https://fragdenstaat.de") else {
        return Vec::new();
    };
    let bodies = Vec::new();
    register::read_bytes(&Site { url, bodies }, body)
}
