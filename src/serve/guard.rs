//! Who may come in. Everything is closed but what [`OPEN`] names: a route that nobody thought of
//! needs the token too. What is brought to `/in` is signed with a secret of its own instead.
//!
//! Two kinds of house. Without a token it listens to this machine only, and answers only under a
//! name of this machine, so that a foreign web page cannot reach it by pointing its own name here
//! (DNS rebinding). With a token, programs send it as `Authorization: Bearer`, `/metrics` and
//! `/readyz` included (Prometheus: `credentials_file`), for behind a proxy everyone looks local;
//! people sign in once and hold a cookie that says until when, signed with a key made from the
//! token. A new token ends all sessions.

use super::answer::{self, Face};
use super::settings::Settings;
use super::words::Tongue;
use super::{Shared, frame, inbound};
use crate::privacy::{hex, unhex};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::form_urlencoded;

/// Paths that need no token: they hold nothing of the archive.
pub const OPEN: [&str; 4] = ["/healthz", "/login", "/style.css", "/favicon.svg"];
const COOKIE: &str = "resonanz_session";
/// A session ends after a long day's shift.
const SESSION_SECS: i64 = 12 * 3600;
/// Wrong tokens that the login form takes in one minute, from all sides together.
const MAX_FAILURES: u32 = 10;
const FAILURE_WINDOW: Duration = Duration::from_secs(60);

/// The lock of one house.
pub struct Guard {
    /// Keyed with the token; `None` in a house that has none.
    mac: Option<Hmac<Sha256>>,
    /// Keyed hash of the token, so that comparing takes the same time whatever is presented.
    token_hash: Vec<u8>,
    /// Host names that are answered without a token.
    hosts: Vec<String>,
    secure_cookie: bool,
    failures: Mutex<Failures>,
}

struct Failures {
    since: Instant,
    count: u32,
}

impl Guard {
    pub fn new(settings: &Settings) -> Self {
        // HMAC takes a key of any length, so this is `Some` wherever there is a token; were it not,
        // `admits` would still refuse, for the token counts and not the key.
        let mac = settings
            .token
            .as_ref()
            .and_then(|token| Hmac::<Sha256>::new_from_slice(token.0.as_bytes()).ok());
        let token_hash = match (&mac, &settings.token) {
            (Some(mac), Some(token)) => hash(mac, "token", token.0.as_bytes()),
            _ => Vec::new(),
        };
        let public = settings.public_url.as_ref();
        let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "[::1]"]
            .map(str::to_owned)
            .to_vec();
        hosts.extend(public.and_then(|url| url.host_str()).map(str::to_owned));
        Self {
            mac,
            token_hash,
            hosts,
            secure_cookie: public.is_some_and(|url| url.scheme() == "https"),
            failures: Mutex::new(Failures {
                since: Instant::now(),
                count: 0,
            }),
        }
    }

    pub fn has_token(&self) -> bool {
        self.mac.is_some()
    }

    pub fn is_secure(&self) -> bool {
        self.secure_cookie
    }

    fn is_token(&self, presented: &[u8]) -> bool {
        self.mac.as_ref().is_some_and(|mac| {
            keyed(mac, "token", presented)
                .verify_slice(&self.token_hash)
                .is_ok()
        })
    }

    /// The value of a fresh session's cookie: its end in Unix seconds, and the signature of that.
    fn session(&self, now: Timestamp) -> Option<String> {
        let end = now.as_second().checked_add(SESSION_SECS)?.to_string();
        let signed = hash(self.mac.as_ref()?, "session", end.as_bytes());
        Some(format!("{end}.{}", hex(&signed)))
    }

    fn is_session(&self, cookie: &str, now: Timestamp) -> bool {
        let Some((end, signature)) = cookie.split_once('.') else {
            return false;
        };
        let (Some(mac), Some(signature)) = (&self.mac, unhex::<32>(signature)) else {
            return false;
        };
        let signed = keyed(mac, "session", end.as_bytes())
            .verify_slice(&signature)
            .is_ok();
        signed && end.parse::<i64>().is_ok_and(|end| now.as_second() < end)
    }

    fn admits(&self, headers: &HeaderMap, now: Timestamp) -> bool {
        bearer(headers).is_some_and(|token| self.is_token(token.as_bytes()))
            || cookie(headers).is_some_and(|value| self.is_session(value, now))
    }

    fn answers_to(&self, headers: &HeaderMap) -> bool {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        let Some(host) = host else { return false };
        // The port does not matter; the colons inside [::1] do.
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        self.hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }

    /// True while further wrong tokens are listened to; counts nothing.
    fn may_try(&self) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.since.elapsed() > FAILURE_WINDOW {
            *failures = Failures {
                since: Instant::now(),
                count: 0,
            };
        }
        failures.count < MAX_FAILURES
    }

    fn count_failure(&self) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.count = failures.count.saturating_add(1);
    }

    fn set_cookie(&self, value: &str, max_age_secs: i64) -> String {
        let secure = if self.secure_cookie { "; Secure" } else { "" };
        format!(
            "{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_secs}{secure}"
        )
    }
}

/// The door: every request passes it, those for paths that do not exist as well.
pub async fn check(State(house): State<Shared>, request: Request, next: Next) -> Response {
    let guard = &house.guard;
    let path = request.uri().path();
    let face = Face::of(path);
    let headers = request.headers();
    if is_foreign_write(&request) || (!guard.has_token() && !guard.answers_to(headers)) {
        let tongue = frame::tongue(headers, None);
        return answer::refuse(
            face,
            StatusCode::FORBIDDEN,
            tongue,
            tongue.words().forbidden,
        );
    }
    let knocks = matches!(*request.method(), Method::GET | Method::POST);
    let brings = knocks && path.starts_with(inbound::PREFIX);
    let open = OPEN.contains(&path) || brings || !guard.has_token();
    if open || guard.admits(headers, house.clock.now()) {
        return next.run(request).await;
    }
    if face == Face::Page && request.method() == Method::GET {
        let target = request
            .uri()
            .path_and_query()
            .map_or("/", |asked| asked.as_str());
        let query: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("next", target)
            .finish();
        return Redirect::to(&format!("/login?{query}")).into_response();
    }
    let mut response = answer::refuse(
        face,
        StatusCode::UNAUTHORIZED,
        Tongue::En,
        "this needs the access token: send it as `Authorization: Bearer …`",
    );
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        header::HeaderValue::from_static("Bearer"),
    );
    response
}

/// A browser says where a form comes from; forms of other sites change nothing here.
fn is_foreign_write(request: &Request) -> bool {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let site = request.headers().get("sec-fetch-site");
    !reading && site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// `GET /login`.
pub async fn form(State(house): State<Shared>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let tongue = frame::tongue(request.headers(), Some(query));
    if !house.guard.has_token() {
        return Redirect::to("/").into_response();
    }
    answer::login(StatusCode::OK, tongue, &next_of(query), None)
}

/// `POST /login`: the right token gets a session.
pub async fn sign_in(State(house): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let tongue = frame::tongue(&headers, None);
    let next = next_of(&body);
    let words = tongue.words();
    if !house.guard.may_try() {
        let status = StatusCode::TOO_MANY_REQUESTS;
        return answer::login(status, tongue, &next, Some(words.too_many));
    }
    let token = value_of(&body, "token").unwrap_or_default();
    let session = match house.guard.is_token(token.trim().as_bytes()) {
        true => house.guard.session(house.clock.now()),
        false => None,
    };
    let Some(session) = session else {
        house.guard.count_failure();
        tracing::warn!("someone tried to sign in with a wrong token");
        let status = StatusCode::UNAUTHORIZED;
        return answer::login(status, tongue, &next, Some(words.wrong_token));
    };
    let cookie = house.guard.set_cookie(&session, SESSION_SECS);
    ([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response()
}

/// `POST /logout`: takes the cookie back.
pub async fn sign_out(State(house): State<Shared>) -> Response {
    let cookie = house.guard.set_cookie("", 0);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}

/// Where to go after signing in: a path of this house, never another host.
fn next_of(form: &str) -> String {
    let next = value_of(form, "next").unwrap_or_default();
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= 4096
        && !next.contains(|c: char| c == '\\' || c.is_control() || !c.is_ascii());
    if ours { next } else { "/".to_owned() }
}

fn value_of(form: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(form.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// A keyed hash of `data`, bound to one use.
fn keyed(mac: &Hmac<Sha256>, purpose: &str, data: &[u8]) -> Hmac<Sha256> {
    let mut mac = mac.clone();
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(data);
    mac
}

fn hash(mac: &Hmac<Sha256>, purpose: &str, data: &[u8]) -> Vec<u8> {
    keyed(mac, purpose, data).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::settings::{Config, Secret};

    const TOKEN: &str = "0123456789abcdef01234567";

    fn guard(token: Option<&str>) -> Guard {
        let config = Config {
            token: token.map(|token| Secret(token.to_owned())),
            ..Config::default()
        };
        Guard::new(&config.check().unwrap())
    }

    #[test]
    fn a_session_ends_and_cannot_be_made_up() {
        let guard = guard(Some(TOKEN));
        let now: Timestamp = "2026-11-21T22:00:00Z".parse().unwrap();
        let later = now + jiff::SignedDuration::from_secs(SESSION_SECS);
        let session = guard.session(now).unwrap();
        assert!(guard.is_session(&session, now));
        assert!(!guard.is_session(&session, later));
        assert!(!session.contains(TOKEN));
        let stretched = session.replacen("17", "18", 1);
        assert_ne!(stretched, session);
        assert!(!guard.is_session(&stretched, now));
        let other = self::guard(Some("another-token-of-24-chars"));
        assert!(!other.is_session(&session, now));
        for cookie in ["", ".", "9999999999.", "9999999999.00", "ü.ü"] {
            assert!(!guard.is_session(cookie, now), "{cookie}");
        }
    }

    #[test]
    fn without_a_token_nobody_holds_one() {
        let guard = guard(None);
        assert!(!guard.is_token(b""));
        assert!(guard.session(Timestamp::UNIX_EPOCH).is_none());
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let guard = guard(None);
        let check = |host: &str, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(guard.answers_to(&headers), expected, "{host}");
        };
        for host in [
            "localhost",
            "LocalHost:8080",
            "127.0.0.1:1",
            "[::1]:8080",
            "[::1]",
        ] {
            check(host, true);
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8080",
            "::1",
            "",
            "localhost.:x",
        ] {
            check(host, false);
        }
        assert!(!guard.answers_to(&HeaderMap::new()));
    }

    #[test]
    fn one_comes_back_to_this_house_only() {
        let check = |next: &str, expected: &str| {
            let form: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("next", next)
                .finish();
            assert_eq!(next_of(&form), expected, "{next}");
        };
        check("/cases/1?lang=en", "/cases/1?lang=en");
        for foreign in [
            "//evil.example",
            "https://evil.example",
            "/\\evil",
            "/a\r\nb",
            "",
        ] {
            check(foreign, "/");
        }
    }
}
