//! The Bundestag's papers and procedures, by its documentation system (DIP).
//!
//! Documentation: <https://dip.bundestag.de/über-dip/hilfe/api>. A key is needed: parliament gives one
//! on application, and publishes one for everybody that changes once in a while. One hundred entries a page.
//!
//! * A look asks for what was changed since the last news, with a day of overlap; the first one
//!   `lookback_days` back.
//! * A paper is its title, its kind and number, who brought it in, and which ministry answers. Not its text,
//!   which stands in the document that it links to.
//! * A procedure whose state changes is an edit of the same mention.
//! * Not collected: speeches, persons, and the authors' names of a paper. Deletions are not told.

use super::http::Limits;
use super::poller::Poller;
use super::register::{self, Entries, Key, Register, Settings};
use super::source::{RejectReason, Rejection};
use crate::clock::Clock;
use crate::model::{Change, Item, Kind};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use reqwest::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// Name of the register in native ids and of imports.
pub const PLATFORM: &str = "bundestag";
const SITE: &str = "dip.bundestag.de";
const PAGE: usize = 100;
const MAX_LOOKBACK_DAYS: u32 = 30;
/// Lists of changes may be filled late.
const OVERLAP_HOURS: i64 = 24;

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// Papers: small enquiries, answers, bills, motions.
    Drucksache,
    /// Procedures, with their state.
    Vorgang,
}

impl Resource {
    fn path(self) -> &'static str {
        match self {
            Resource::Drucksache => "/api/v1/drucksache",
            Resource::Vorgang => "/api/v1/vorgang",
        }
    }
}

/// `[source.<name>]` with `kind = "dip"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DipConfig {
    /// File with the key.
    pub api_key_file: PathBuf,
    /// `drucksache`, `vorgang`, or both.
    pub resources: Vec<Resource>,
    /// How far back the first look asks, in days, at most 30.
    pub lookback_days: u32,
    /// Seconds between two looks, at least 300.
    pub every_secs: u64,
    /// Pages of one hundred entries that one look reads of each, 1 to 50.
    pub max_pages: usize,
    /// Where the interface is.
    pub url: String,
    /// Hosts, addresses and networks that may be connected to although they are private.
    pub allow_private: Vec<String>,
    /// How parliament can reach us, for the User-Agent.
    pub contact: String,
}

impl Default for DipConfig {
    fn default() -> Self {
        Self {
            api_key_file: PathBuf::new(),
            resources: vec![Resource::Drucksache, Resource::Vorgang],
            lookback_days: 3,
            every_secs: 900,
            max_pages: 20,
            url: "https://search.dip.bundestag.de".to_owned(),
            allow_private: Vec::new(),
            contact: String::new(),
        }
    }
}

/// A source with the usual bounds of time.
///
/// # Errors
/// Settings that make no sense. The text names the key.
pub fn source(name: &str, config: &DipConfig) -> Result<Poller, String> {
    with_limits(name, config, &Clock::system(), Limits::default())
}

/// The same with another clock and other bounds of time.
///
/// # Errors
/// As [`source`].
pub fn with_limits(
    name: &str,
    config: &DipConfig,
    clock: &Clock,
    limits: Limits,
) -> Result<Poller, String> {
    if config.resources.is_empty() {
        return Err("`resources` are \"drucksache\" and \"vorgang\"".to_owned());
    }
    if !(1..=MAX_LOOKBACK_DAYS).contains(&config.lookback_days) {
        return Err(format!("`lookback_days` must be 1 to {MAX_LOOKBACK_DAYS}"));
    }
    let dip = Dip {
        url: register::base(&config.url, &config.allow_private)?,
        resources: config.resources.clone(),
        lookback_days: config.lookback_days,
    };
    let settings = Settings {
        every_secs: config.every_secs,
        max_pages: config.max_pages,
        page: PAGE,
        lists: config.resources.len(),
        key: Some(Key {
            header: AUTHORIZATION,
            scheme: "ApiKey",
            file: config.api_key_file.clone(),
        }),
        allow_private: &config.allow_private,
        contact: &config.contact,
    };
    register::source(name, Arc::new(dip), settings, clock, limits)
}

struct Dip {
    url: Url,
    resources: Vec<Resource>,
    lookback_days: u32,
}

mod wire {
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Debug, Deserialize)]
    pub struct Page {
        pub documents: Vec<Value>,
        pub cursor: Option<String>,
    }

    /// A paper or a procedure: `typ` says which.
    #[derive(Debug, Deserialize)]
    pub struct Document {
        pub id: String,
        pub typ: String,
        pub titel: String,
        pub datum: Option<jiff::civil::Date>,
        pub drucksachetyp: Option<String>,
        pub dokumentnummer: Option<String>,
        pub urheber: Option<Vec<Named>>,
        pub ressort: Option<Vec<Named>>,
        pub vorgangsbezug: Option<Vec<Named>>,
        pub fundstelle: Option<Place>,
        pub vorgangstyp: Option<String>,
        pub beratungsstand: Option<String>,
        pub initiative: Option<Vec<String>>,
        #[serde(rename = "abstract")]
        pub summary: Option<String>,
        pub sachgebiet: Option<Vec<String>>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Named {
        pub titel: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Place {
        pub pdf_url: Option<String>,
    }
}

impl Register for Dip {
    fn lists(&self, last: Option<Timestamp>, now: Timestamp) -> Vec<Url> {
        let hours = |hours: i64| now.saturating_sub(hours.hours()).unwrap_or(now);
        let earliest = hours(24 * i64::from(MAX_LOOKBACK_DAYS));
        let since = match last {
            Some(last) => last
                .saturating_sub(OVERLAP_HOURS.hours())
                .unwrap_or(last)
                .max(earliest),
            None => hours(24 * i64::from(self.lookback_days)),
        };
        // To the second, and with the zone: the description asks for it.
        let since = since.to_zoned(berlin());
        let since = since.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let list = |resource: &Resource| {
            let mut url = self.url.clone();
            url.set_path(resource.path());
            let pairs = [("f.aktualisiert.start", since.as_str()), ("format", "json")];
            url.query_pairs_mut().extend_pairs(pairs);
            url
        };
        self.resources.iter().map(list).collect()
    }

    fn read(&self, page: &Url, body: &[u8]) -> Result<(Entries, Option<Url>), Rejection> {
        let read: wire::Page = register::json(body, "list of DIP")?;
        let any = !read.documents.is_empty();
        let entries = read.documents.into_iter().map(adapt).collect();
        // The end is where the cursor stays the same.
        let next = read
            .cursor
            .filter(|_| any)
            .map(|cursor| register::with(page, "cursor", &cursor));
        Ok((entries, next))
    }
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC)
}

/// One paper or procedure.
fn adapt(value: Value) -> Result<Item, Rejection> {
    let document: wire::Document = register::entry(value, "paper or procedure")?;
    let is_id =
        (1..=20).contains(&document.id.len()) && document.id.chars().all(|c| c.is_ascii_digit());
    if !is_id || document.titel.trim().is_empty() {
        let why = "a paper without an id or a title";
        return Err(Rejection::new(RejectReason::Incomplete, why));
    }
    let is_procedure = document.typ == "Vorgang";
    let kind = if is_procedure {
        "vorgang"
    } else {
        "drucksache"
    };
    let mut item = Item::new(PLATFORM, format!("{kind}/{}", document.id), Kind::Article);
    let midnight = |date: Date| date.to_zoned(berlin()).ok().map(|at| at.timestamp());
    item.published = document.datum.and_then(midnight);
    item.lang = Some("de".to_owned());
    item.site = Some(SITE.to_owned());
    let pdf = document
        .fundstelle
        .as_ref()
        .and_then(|place| place.pdf_url.clone());
    let pdf = pdf.filter(|url| url.starts_with("https://"));
    // What stands between kind and number is for people.
    let shown = || format!("https://{SITE}/{kind}/-/{}", document.id);
    item.url = Some(pdf.unwrap_or_else(shown));
    item.text = words(&document, is_procedure);
    item.title = Some(document.titel);
    register::bounded(&mut item);
    Ok(item)
}

fn words(document: &wire::Document, is_procedure: bool) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let list = |list: &Option<Vec<String>>| list.iter().flatten().cloned().collect::<Vec<_>>();
    let names = |named: &Option<Vec<wire::Named>>| {
        let named = named.iter().flatten();
        named
            .filter_map(|one| one.titel.clone())
            .collect::<Vec<_>>()
    };
    let lines = match is_procedure {
        true => vec![
            ("", text(&document.vorgangstyp)),
            ("Stand: ", text(&document.beratungsstand)),
            ("Initiative: ", list(&document.initiative).join("; ")),
            ("Sachgebiet: ", list(&document.sachgebiet).join("; ")),
            ("", text(&document.summary)),
        ],
        false => {
            let number = [
                text(&document.drucksachetyp),
                text(&document.dokumentnummer),
            ];
            vec![
                ("", number.join(" ")),
                ("Urheber: ", names(&document.urheber).join("; ")),
                ("Ressort: ", names(&document.ressort).join("; ")),
                ("Vorgang: ", names(&document.vorgangsbezug).join("; ")),
            ]
        }
    };
    let said = lines.iter().filter(|(_, words)| !words.trim().is_empty());
    let said: Vec<String> = said
        .map(|(what, words)| format!("{what}{}", words.trim()))
        .collect();
    said.join("\n")
}

/// What the bytes of an answer say, read as they would be from the network.
pub fn read_bytes(body: &[u8]) -> Vec<Result<Change, Rejection>> {
    let Ok(url) = Url::parse("https://search.dip.bundestag.de") else {
        return Vec::new();
    };
    let dip = Dip {
        url,
        resources: Vec::new(),
        lookback_days: 1,
    };
    register::read_bytes(&dip, body)
}
