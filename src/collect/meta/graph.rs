//! Asking Meta's Graph API: one question, what its errors mean, and how much of the allowance is used.
//!
//! The token goes into a header, never into an address, and is read from its file at every question, so
//! that a new one counts at once. Nothing that Meta says in words is repeated: its messages hold ids.

use crate::collect::hosts::Hosts;
use crate::collect::http::{Client, ClientError, Limits};
use crate::collect::http_call::{Call, Reply};
use crate::collect::secret;
use crate::collect::source::SourceError;
use crate::privacy::hex;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// Largest answer: a page of a hundred comments has a tenth of it.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// How long to rest where Meta does not say: its hours are rolling ones.
const REST: Duration = Duration::from_secs(15 * 60);
/// Part of a bucket, in percent, from which on it is left to fill again.
const NEAR_PERCENT: f64 = 80.0;

/// Pages of one list that are read in one look.
const MAX_PAGES: usize = 10;

/// What is asked: a path below the version, and parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    /// Pages to read of a list.
    pub pages: usize,
}

impl Ask {
    pub fn new(path: impl Into<String>, fields: &str) -> Self {
        Self {
            path: path.into(),
            query: vec![("fields", fields.to_owned())],
            pages: MAX_PAGES,
        }
    }

    #[must_use]
    pub fn at_most(self, pages: usize) -> Self {
        Self { pages, ..self }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no such thing, or none that this token may see.
    Gone,
    /// The token is of no use any more.
    Token(String),
    /// The app or the account may not do this.
    Permission(String),
    Other(SourceError),
}

impl From<Fault> for SourceError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Gone => SourceError::Refused(
                "Meta shows nothing there to this token: is `account` right, and has the account \
                 granted the app access?"
                    .to_owned(),
            ),
            Fault::Token(why) | Fault::Permission(why) => SourceError::Refused(why),
            Fault::Other(error) => error,
        }
    }
}

/// An answer, and how long to leave Meta alone after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub body: Value,
    pub rest: Option<Duration>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    pub nodes: Vec<Value>,
    /// Where the next one begins.
    pub after: Option<String>,
    /// Nothing comes behind it.
    pub is_last: bool,
    pub rest: Option<Duration>,
}

/// Meta, as it is asked for one account.
#[derive(Debug, Clone)]
pub struct Graph {
    client: Client,
    base: Url,
    token_file: PathBuf,
    /// Proves that the token is used by its own app.
    app_secret: Option<Vec<u8>>,
}

impl Graph {
    /// `base` ends with the version and a slash.
    ///
    /// # Errors
    /// Settings of which no client can be made.
    pub fn new(
        base: Url,
        token_file: PathBuf,
        app_secret: Option<Vec<u8>>,
        allow_private: &[String],
        contact: &str,
        limits: Limits,
    ) -> Result<Self, ClientError> {
        let limits = Limits {
            max_body_bytes: MAX_BODY_BYTES,
            ..limits
        };
        Ok(Self {
            client: Client::new(allow_private, contact, limits)?,
            base,
            token_file,
            app_secret,
        })
    }

    /// Takes turns with all clients that have this memory.
    #[must_use]
    pub fn sharing(self, hosts: &Hosts) -> Self {
        Self {
            client: self.client.sharing(hosts),
            ..self
        }
    }

    /// Asks once.
    ///
    /// # Errors
    /// What the answer means, where it is none.
    pub async fn ask(&self, ask: &Ask) -> Result<Answer, Fault> {
        let token = self.token().await?;
        let mut url = self.base.join(&ask.path).map_err(|_| odd_address())?;
        if !url.as_str().starts_with(self.base.as_str()) {
            return Err(odd_address());
        }
        url.query_pairs_mut()
            .extend_pairs(ask.query.iter().map(|(name, value)| (name, value)));
        if let Some(proof) = self.proof(&token) {
            url.query_pairs_mut().append_pair("appsecret_proof", &proof);
        }
        let call = Call::get(url, "application/json").bearer(&token);
        let reply = self.client.ask(&call.map_err(Fault::Other)?).await;
        let reply = reply.map_err(Fault::Other)?;
        let rest = rest(&reply);
        let body = answered(reply)?;
        Ok(Answer { body, rest })
    }

    /// Asks for one page of a list.
    ///
    /// # Errors
    /// Those of [`Graph::ask`]; `Transient` for an answer that is no list.
    pub async fn page(&self, ask: &Ask, after: Option<&str>) -> Result<Page, Fault> {
        let mut ask = ask.clone();
        if let Some(after) = after {
            ask = ask.with("after", after);
        }
        let Answer { body, rest } = self.ask(&ask).await?;
        let page = page(body).ok_or_else(|| {
            let what = "Meta's answer is no list".to_owned();
            Fault::Other(SourceError::Transient(what))
        })?;
        Ok(Page { rest, ..page })
    }

    async fn token(&self) -> Result<String, Fault> {
        let read = secret::read("token_file", &self.token_file).await;
        read.map_err(Fault::Token)
    }

    /// `appsecret_proof`: the token under the app's secret.
    fn proof(&self, token: &str) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.app_secret.as_ref()?).ok()?;
        mac.update(token.as_bytes());
        Some(hex(&mac.finalize().into_bytes()))
    }
}

fn odd_address() -> Fault {
    Fault::Other(SourceError::Refused(
        "an id of Meta's cannot stand in an address".to_owned(),
    ))
}

/// The nodes of a list. A cursor without a next page is the last page's.
pub fn page(body: Value) -> Option<Page> {
    let Value::Object(mut body) = body else {
        return None;
    };
    let Some(Value::Array(nodes)) = body.remove("data") else {
        return None;
    };
    let paging = body.remove("paging").unwrap_or_default();
    let after = paging["cursors"]["after"].as_str();
    let goes_on = paging["next"].is_string();
    Some(Page {
        nodes,
        after: after.filter(|_| goes_on).map(str::to_owned),
        is_last: !goes_on,
        rest: None,
    })
}

/// Meta's error object.
#[derive(Deserialize)]
struct Wrapped {
    error: Told,
}

#[derive(Deserialize)]
struct Told {
    code: i64,
    error_subcode: Option<i64>,
    #[serde(default)]
    is_transient: bool,
}

/// The body of a success, or what else it is.
fn answered(reply: Reply) -> Result<Value, Fault> {
    if let Ok(Wrapped { error }) = serde_json::from_slice::<Wrapped>(&reply.body) {
        return Err(meaning(&error, &reply));
    }
    let reply = reply.success().map_err(Fault::Other)?;
    reply.json().map_err(Fault::Other)
}

/// What an error's number means, and what to do about it:
/// <https://developers.facebook.com/docs/graph-api/guides/error-handling>.
fn meaning(error: &Told, reply: &Reply) -> Fault {
    let code = error.code;
    match (code, error.error_subcode) {
        // 80000 and above: the allowances of single uses (pages, Instagram, Threads).
        (4 | 17 | 32 | 341 | 613 | 80_000..=80_014, _) => {
            let retry_after = Some(regained(reply).unwrap_or(REST));
            Fault::Other(SourceError::RateLimited { retry_after })
        }
        (102 | 190, _) => Fault::Token(format!(
            "Meta does not take the access token any more (code {code}): make a new one for this \
             account and put it into `token_file`"
        )),
        (3 | 10 | 200..=299, _) => Fault::Permission(format!(
            "the app lacks a permission for this (code {code}): have it granted in Meta's app \
             review, or switch off what needs it"
        )),
        (100, Some(33)) | (803, _) => Fault::Gone,
        (100 | 2635, _) => Fault::Other(SourceError::Refused(format!(
            "Meta does not know what was asked (code {code}): has `version` run out?"
        ))),
        (368, _) => Fault::Other(SourceError::Refused(
            "Meta has blocked the app or the account for now (code 368): see the app's dashboard"
                .to_owned(),
        )),
        (1 | 2, _) => transient(code),
        _ if error.is_transient || reply.status.is_server_error() => transient(code),
        _ => Fault::Other(SourceError::Refused(format!(
            "Meta refuses, code {code}: look it up in its list of error codes"
        ))),
    }
}

fn transient(code: i64) -> Fault {
    let what = format!("Meta has a trouble of its own (code {code})");
    Fault::Other(SourceError::Transient(what))
}

/// One bucket of an allowance, in percent.
#[derive(Debug, Deserialize)]
struct Usage {
    #[serde(default)]
    call_count: f64,
    #[serde(default)]
    total_time: f64,
    #[serde(default)]
    total_cputime: f64,
    /// In minutes.
    #[serde(default)]
    estimated_time_to_regain_access: f64,
}

/// Every bucket that an answer tells of.
fn buckets(reply: &Reply) -> Vec<Usage> {
    let app = reply
        .header("x-app-usage")
        .and_then(|text| serde_json::from_str(text).ok());
    let business = reply
        .header("x-business-use-case-usage")
        .and_then(|text| serde_json::from_str::<BTreeMap<String, Vec<Usage>>>(text).ok());
    let business = business.into_iter().flat_map(BTreeMap::into_values);
    app.into_iter().chain(business.flatten()).collect()
}

/// How long until a used-up allowance is open again, by Meta's own word.
fn regained(reply: &Reply) -> Option<Duration> {
    let minutes = buckets(reply)
        .into_iter()
        .map(|bucket| bucket.estimated_time_to_regain_access)
        .fold(0.0, f64::max);
    let day = 24.0 * 60.0;
    (minutes > 0.0).then(|| Duration::from_secs_f64(minutes.min(day) * 60.0))
}

/// How long to leave Meta alone, so that the allowance is not used up.
fn rest(reply: &Reply) -> Option<Duration> {
    let used = buckets(reply)
        .into_iter()
        .flat_map(|bucket| [bucket.call_count, bucket.total_time, bucket.total_cputime])
        .fold(0.0, f64::max);
    (used >= NEAR_PERCENT).then(|| regained(reply).unwrap_or(REST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderName};
    use serde_json::json;

    fn reply(status: u16, headers: &[(&str, &str)], body: &Value) -> Reply {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.to_string().into_bytes(),
            url: Url::parse("https://graph.facebook.com/v26.0/1").unwrap(),
        }
    }

    fn refused(code: i64, subcode: i64) -> Fault {
        let error = json!({"error": {"code": code, "error_subcode": subcode,
            "message": "Object with ID '4711' of anna_muster", "type": "OAuthException"}});
        answered(reply(400, &[], &error)).unwrap_err()
    }

    #[test]
    fn every_error_says_what_to_do_and_repeats_nothing() {
        for code in [4, 17, 32, 613, 80_001, 80_002] {
            let retry_after = Some(REST);
            let limited = Fault::Other(SourceError::RateLimited { retry_after });
            assert_eq!(refused(code, 0), limited, "{code}");
        }
        let check = |code: i64, subcode: i64, words: &str| {
            let error = SourceError::from(refused(code, subcode));
            let SourceError::Refused(told) = error else {
                panic!("{code}: {error:?}")
            };
            assert!(told.contains(words), "{code}: {told}");
            assert!(!told.contains("4711") && !told.contains("anna"), "{told}");
        };
        check(190, 463, "put it into `token_file`");
        check(10, 0, "app review");
        check(200, 0, "app review");
        check(100, 33, "`account`");
        check(100, 0, "`version`");
        check(368, 0, "dashboard");
        check(99_999, 0, "99999");
        assert_eq!(refused(100, 33), Fault::Gone);
        for code in [1, 2] {
            let error = SourceError::from(refused(code, 0));
            assert!(matches!(error, SourceError::Transient(_)), "{error:?}");
        }
    }

    #[test]
    fn an_error_without_a_number_is_its_status() {
        let error =
            |status: u16| SourceError::from(answered(reply(status, &[], &json!({}))).unwrap_err());
        assert!(matches!(error(429), SourceError::RateLimited { .. }));
        assert!(matches!(error(500), SourceError::Server(_)));
        assert!(matches!(error(404), SourceError::Refused(_)));
    }

    #[test]
    fn an_allowance_is_left_to_fill_before_it_is_used_up() {
        let check = |headers: &[(&str, &str)], minutes: Option<u64>| {
            let told = rest(&reply(200, headers, &json!({})));
            assert_eq!(told.map(|rest| rest.as_secs() / 60), minutes, "{headers:?}");
        };
        let app =
            |calls: u8| format!(r#"{{"call_count":{calls},"total_time":3,"total_cputime":2}}"#);
        check(&[], None);
        check(&[("x-app-usage", &app(79))], None);
        check(&[("x-app-usage", &app(80))], Some(15));
        check(&[("x-app-usage", "nonsense")], None);
        let business = r#"{"178414":[{"type":"pages","call_count":12,"total_cputime":95,
            "total_time":4,"estimated_time_to_regain_access":42}]}"#
            .replace('\n', " ");
        check(&[("x-business-use-case-usage", &business)], Some(42));
        check(
            &[
                ("x-app-usage", &app(1)),
                ("x-business-use-case-usage", &business),
            ],
            Some(42),
        );
        let absurd = r#"{"1":[{"call_count":100,"estimated_time_to_regain_access":1e300}]}"#;
        check(&[("x-business-use-case-usage", absurd)], Some(24 * 60));
    }

    #[test]
    fn the_last_page_has_a_cursor_and_no_next() {
        let whole = |paging: Value| page(json!({"data": [1], "paging": paging})).unwrap();
        let of = |paging: Value| whole(paging).after;
        let cursors = json!({"before": "a", "after": "b"});
        assert_eq!(of(json!({"cursors": cursors})), None);
        let next = "https://graph.facebook.com/v26.0/1/feed?after=b&access_token=geheim";
        assert_eq!(
            of(json!({"cursors": cursors, "next": next})).as_deref(),
            Some("b")
        );
        assert_eq!(of(json!({"next": next})), None);
        assert!(!whole(json!({"next": next})).is_last);
        assert!(whole(json!({"cursors": cursors})).is_last);
        assert_eq!(of(Value::Null), None);
        assert_eq!(page(json!([])), None);
        assert_eq!(page(json!({"data": {}})), None);
    }

    #[test]
    fn the_proof_is_the_token_under_the_apps_secret() {
        let graph = Graph::new(
            Url::parse("https://graph.facebook.com/v26.0/").unwrap(),
            PathBuf::new(),
            Some(b"app-secret".to_vec()),
            &[],
            "",
            Limits::default(),
        )
        .unwrap();
        // printf token | openssl dgst -sha256 -hmac app-secret
        let expected = "4b062935fec529e51d39e89ee371a452c231b1e0c5549ac72d83fc4f3a0b0471";
        assert_eq!(graph.proof("token").as_deref(), Some(expected));
    }
}
