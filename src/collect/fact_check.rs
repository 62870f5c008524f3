//! Fact checks by Google's search of them: claims that were checked, with the checker's verdict.
//!
//! Documentation: <https://developers.google.com/fact-check/tools/api/reference/rest/v1alpha1/claims/search>.
//! A key of Google's is needed; the answers cost nothing. A look asks each of the configured queries
//! for the last `max_age_days`.
//!
//! * A check is an article: title, claim and verdict, with a link to it. The verdict goes along as a fact
//!   check's own (`ClaimReview`), like the one that an article's page states; it is the checker's, not
//!   this house's.
//! * One page may check ten claims, each with its own verdict: page and claim together are one check.
//! * Who made the claim is not collected: it may be anybody.
//! * A verdict that changes is an edit. Deletions are not told.

use super::http::Limits;
use super::polled::hash;
use super::poller::Poller;
use super::register::{self, Entries, Key, Register, Settings};
use super::source::{RejectReason, Rejection};
use crate::clock::Clock;
use crate::model::{Change, ClaimReview, Item, Kind};
use crate::text::link;
use jiff::Timestamp;
use reqwest::header::HeaderName;
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use url::Url;

/// Name of the register in native ids and of imports.
pub const PLATFORM: &str = "factcheck";
const PAGE: usize = 100;
const MAX_QUERIES: usize = 50;
const MAX_QUERY_LETTERS: usize = 200;
const MAX_AGE_DAYS: u32 = 365;
/// Checks of one claim that are read.
const MAX_REVIEWS: usize = 20;
/// Longest claim or verdict, in bytes.
const MAX_FIELD_BYTES: usize = 2 * 1024;

/// `[source.<name>]` with `kind = "fact-check"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactCheckConfig {
    /// File with the key.
    pub api_key_file: PathBuf,
    /// What is asked for: the ministry's and the minister's names, for instance.
    pub queries: Vec<String>,
    /// Language of the checks (BCP 47); empty for all.
    pub language: String,
    /// How old a check may be, in days, at most 365.
    pub max_age_days: u32,
    /// Seconds between two looks, at least 300.
    pub every_secs: u64,
    /// Pages of one hundred claims that one look reads of each, 1 to 50.
    pub max_pages: usize,
    /// Where the interface is.
    pub url: String,
    /// Hosts, addresses and networks that may be connected to although they are private.
    pub allow_private: Vec<String>,
    /// How Google can reach us, for the User-Agent.
    pub contact: String,
}

impl Default for FactCheckConfig {
    fn default() -> Self {
        Self {
            api_key_file: PathBuf::new(),
            queries: Vec::new(),
            language: "de".to_owned(),
            max_age_days: 30,
            every_secs: 3_600,
            max_pages: 2,
            url: "https://factchecktools.googleapis.com".to_owned(),
            allow_private: Vec::new(),
            contact: String::new(),
        }
    }
}

/// A source with the usual bounds of time.
///
/// # Errors
/// Settings that make no sense. The text names the key.
pub fn source(name: &str, config: &FactCheckConfig) -> Result<Poller, String> {
    with_limits(name, config, &Clock::system(), Limits::default())
}

/// The same with another clock and other bounds of time.
///
/// # Errors
/// As [`source`].
pub fn with_limits(
    name: &str,
    config: &FactCheckConfig,
    clock: &Clock,
    limits: Limits,
) -> Result<Poller, String> {
    let queries = &config.queries;
    let is_query = |query: &String| (1..=MAX_QUERY_LETTERS).contains(&query.trim().chars().count());
    if !(1..=MAX_QUERIES).contains(&queries.len()) || !queries.iter().all(is_query) {
        return Err(format!(
            "`queries` are 1 to {MAX_QUERIES}, of 1 to {MAX_QUERY_LETTERS} letters"
        ));
    }
    if !(1..=MAX_AGE_DAYS).contains(&config.max_age_days) {
        return Err(format!("`max_age_days` must be 1 to {MAX_AGE_DAYS}"));
    }
    let checks = Checks {
        url: register::base(&config.url, &config.allow_private)?,
        queries: queries.clone(),
        language: config.language.clone(),
        max_age_days: config.max_age_days,
    };
    let settings = Settings {
        every_secs: config.every_secs,
        max_pages: config.max_pages,
        page: PAGE,
        lists: queries.len(),
        key: Some(Key {
            header: HeaderName::from_static("x-goog-api-key"),
            scheme: "",
            file: config.api_key_file.clone(),
        }),
        allow_private: &config.allow_private,
        contact: &config.contact,
    };
    register::source(name, Arc::new(checks), settings, clock, limits)
}

struct Checks {
    url: Url,
    queries: Vec<String>,
    language: String,
    max_age_days: u32,
}

mod wire {
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Page {
        /// Nothing found: nothing is here.
        #[serde(default)]
        pub claims: Vec<Value>,
        pub next_page_token: Option<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Claim {
        pub text: String,
        #[serde(default)]
        pub claim_review: Vec<Review>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Review {
        pub url: String,
        pub title: Option<String>,
        pub review_date: Option<String>,
        pub textual_rating: Option<String>,
        pub language_code: Option<String>,
    }
}

impl Register for Checks {
    fn lists(&self, _: Option<Timestamp>, _: Timestamp) -> Vec<Url> {
        let list = |query: &String| {
            let mut url = self.url.clone();
            url.set_path("/v1alpha1/claims:search");
            let (days, page) = (self.max_age_days.to_string(), PAGE.to_string());
            let pairs = [
                ("query", query.trim()),
                ("maxAgeDays", &days),
                ("pageSize", &page),
            ];
            url.query_pairs_mut().extend_pairs(pairs);
            if !self.language.is_empty() {
                url.query_pairs_mut()
                    .append_pair("languageCode", &self.language);
            }
            url
        };
        self.queries.iter().map(list).collect()
    }

    fn read(&self, page: &Url, body: &[u8]) -> Result<(Entries, Option<Url>), Rejection> {
        let read: wire::Page = register::json(body, "list of claims")?;
        let entries = read.claims.into_iter().flat_map(adapt).collect();
        let next = read.next_page_token.filter(|token| !token.is_empty());
        let next = next.map(|token| register::with(page, "pageToken", &token));
        Ok((entries, next))
    }
}

/// The checks of one claim.
fn adapt(value: Value) -> Entries {
    let claim: wire::Claim = match register::entry(value, "claim") {
        Ok(claim) => claim,
        Err(rejection) => return vec![Err(rejection)],
    };
    let reviews = claim.claim_review.into_iter().take(MAX_REVIEWS);
    reviews.map(|review| check(&claim.text, review)).collect()
}

fn check(claim: &str, review: wire::Review) -> Result<Item, Rejection> {
    let field = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let words = words.join(" ");
        words[..words.floor_char_boundary(MAX_FIELD_BYTES)].to_owned()
    };
    let (claim, rating) = (
        field(claim),
        field(&review.textual_rating.unwrap_or_default()),
    );
    let url = link::canonical(&review.url);
    let (Some(url), false, false) = (url, claim.is_empty(), rating.is_empty()) else {
        let why = "a check without an address, a claim or a verdict";
        return Err(Rejection::new(RejectReason::Incomplete, why));
    };
    let id = format!("{url}#{}", hash(&[&claim]));
    let mut item = Item::new(PLATFORM, id, Kind::Article);
    item.published = review.review_date.and_then(|date| date.parse().ok());
    item.title = review.title;
    item.text = format!("Behauptung: {claim}\nUrteil: {rating}");
    item.site = Some(link::site(&url).to_owned());
    item.lang = review.language_code.filter(|code| code.len() <= 35);
    item.url = Some(url.into());
    item.review = Some(ClaimReview { claim, rating });
    register::bounded(&mut item);
    Ok(item)
}

/// What the bytes of an answer say, read as they would be from the network.
pub fn read_bytes(body: &[u8]) -> Vec<Result<Change, Rejection>> {
    let Ok(url) = Url::parse("https://factchecktools.googleapis.com") else {
        return Vec::new();
    };
    let checks = Checks {
        url,
        queries: Vec::new(),
        language: String::new(),
        max_age_days: 1,
    };
    register::read_bytes(&checks, body)
}
