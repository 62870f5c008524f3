//! Answers that are not tied to one page: refusals, the sign-in form, the style sheet.

use super::archive::{MAX_IN_CASES, SearchError};
use super::es;
use super::frame::{self, Frame, html};
use super::words::Tongue;
use askama::Template;
use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

const STYLE: &str = include_str!("pages/style.css");
const ICON: &str = include_str!("pages/favicon.svg");
/// When to come back after "too many requests".
const RETRY_SECS: &str = "5";

/// How an answer is dressed: by its path, for a refusal has no handler to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Page,
    Api,
    /// The Elasticsearch dialect.
    Elastic,
    Plain,
}

impl Face {
    pub fn of(path: &str) -> Self {
        match path {
            "/metrics" | "/healthz" | "/readyz" | "/style.css" | "/favicon.svg" => Face::Plain,
            "/api" => Face::Api,
            "/es" => Face::Elastic,
            _ if path.starts_with("/es/") => Face::Elastic,
            _ if path.starts_with("/api/") || path.starts_with("/in/") => Face::Api,
            _ => Face::Page,
        }
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/serve/askama.toml")]
struct ErrorPage<'a> {
    frame: Frame,
    message: &'a str,
}

#[derive(Template)]
#[template(path = "login.html", config = "src/serve/askama.toml")]
struct LoginPage<'a> {
    frame: Frame,
    next: &'a str,
    message: Option<&'a str>,
}

/// Says no, in the dress of the path.
pub fn refuse(face: Face, status: StatusCode, tongue: Tongue, message: &str) -> Response {
    let mut response = match face {
        Face::Page => {
            let frame = Frame::plain(tongue, tongue.words().failed);
            html(status, &ErrorPage { frame, message })
        }
        Face::Api => error_json(status, code(status), message, None),
        Face::Elastic => es::refused(status, message),
        Face::Plain => (status, format!("{message}\n")).into_response(),
    };
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_SECS));
    }
    response
}

/// A program's request that cannot be followed, and why.
pub fn bad(message: &str) -> Response {
    error_json(StatusCode::BAD_REQUEST, "bad_request", message, None)
}

/// The API's errors: `{"error": {"code", "message", "start", "end"}}`; the place only where a query
/// is at fault, as a byte range in it.
pub fn error_json(
    status: StatusCode,
    code: &str,
    message: &str,
    place: Option<(usize, usize)>,
) -> Response {
    let mut error = json!({ "code": code, "message": message });
    if let Some((start, end)) = place {
        error["start"] = json!(start);
        error["end"] = json!(end);
    }
    (status, Json(json!({ "error": error }))).into_response()
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "unauthorised",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "wrong_method",
        StatusCode::URI_TOO_LONG => "too_long",
        StatusCode::SERVICE_UNAVAILABLE => "busy",
        StatusCode::GATEWAY_TIMEOUT => "timed_out",
        StatusCode::BAD_REQUEST => "bad_request",
        _ => "internal",
    }
}

/// The status that a failed search answers with.
pub fn status_of(error: &SearchError) -> StatusCode {
    match error {
        SearchError::BadQuery { .. }
        | SearchError::BadMark
        | SearchError::BadAggregation(_)
        | SearchError::TooManyInCases => StatusCode::BAD_REQUEST,
        SearchError::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        SearchError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        SearchError::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What a failed search is called on a page.
pub fn told(error: &SearchError, tongue: Tongue) -> String {
    let words = tongue.words();
    match error {
        SearchError::BadQuery { fault, .. } => {
            let said = fault.all();
            match tongue {
                Tongue::De => said.de,
                Tongue::En => said.en,
            }
            .into_owned()
        }
        SearchError::BadMark => words.bad_mark.to_owned(),
        SearchError::BadAggregation(fault) => fault.clone(),
        SearchError::TooManyInCases => match tongue {
            Tongue::De => format!(
                "In solchen Fällen stehen mehr als {MAX_IN_CASES} Erwähnungen dieses Zeitraums. Bitte \
                 den Zeitraum eingrenzen."
            ),
            Tongue::En => error.to_string(),
        },
        SearchError::TimedOut => words.timed_out.to_owned(),
        SearchError::Busy => words.busy.to_owned(),
        SearchError::Internal => words.internal.to_owned(),
    }
}

/// Answers for what is not there, or not there any more.
pub fn missing(tongue: Tongue) -> Response {
    let message = tongue.words().not_found;
    refuse(Face::Page, StatusCode::NOT_FOUND, tongue, message)
}

/// Answers for an archive that did not.
pub fn broken(error: &SearchError, tongue: Tongue) -> Response {
    refuse(Face::Page, status_of(error), tongue, &told(error, tongue))
}

/// The sign-in form.
pub fn login(status: StatusCode, tongue: Tongue, next: &str, message: Option<&str>) -> Response {
    let frame = Frame::plain(tongue, tongue.words().sign_in);
    html(
        status,
        &LoginPage {
            frame,
            next,
            message,
        },
    )
}

/// `GET /style.css`, from the binary.
pub async fn style() -> Response {
    kept("text/css; charset=utf-8", STYLE)
}

/// `GET /favicon.svg`, from the binary.
pub async fn icon() -> Response {
    kept("image/svg+xml", ICON)
}

fn kept(content_type: &'static str, body: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "max-age=600"),
    ];
    (headers, body).into_response()
}

/// Answers for paths that do not exist.
pub async fn nothing_here(request: Request) -> Response {
    let tongue = frame::tongue(request.headers(), None);
    let face = Face::of(request.uri().path());
    let message = match face {
        Face::Page => tongue.words().not_found,
        _ => "there is nothing here; GET /api lists what there is",
    };
    refuse(face, StatusCode::NOT_FOUND, tongue, message)
}

/// Answers for a method that a route does not have.
pub async fn wrong_method(request: Request) -> Response {
    let tongue = frame::tongue(request.headers(), None);
    let face = Face::of(request.uri().path());
    let message = "this address does not take that method";
    refuse(face, StatusCode::METHOD_NOT_ALLOWED, tongue, message)
}
