//! `POST /in/<name>`: what other programs bring. The signature is the key, not the house's token.

use super::Shared;
use super::answer::error_json;
use crate::collect::webhook::Refusal;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Paths below this need no token: each request is signed.
pub const PREFIX: &str = "/in/";

/// Takes a signed body; "200" means that it is stored.
pub async fn take(
    State(house): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let stamp = text("x-resonanz-timestamp").unwrap_or_default();
    let signature = text("x-resonanz-signature").unwrap_or_default();
    let now = house.clock.now();
    match house
        .inboxes
        .take(&name, stamp, signature, &body, now)
        .await
    {
        Ok(count) => Json(json!({ "stored": count })).into_response(),
        Err(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) -> Response {
    let (status, code) = match refusal {
        // Whoever guesses names learns nothing.
        Refusal::Unknown | Refusal::Unsigned => {
            let message = Refusal::Unsigned.to_string();
            return error_json(StatusCode::UNAUTHORIZED, "unsigned", &message, None);
        }
        Refusal::Stale => (StatusCode::UNAUTHORIZED, "stale"),
        Refusal::Repeated => (StatusCode::CONFLICT, "repeated"),
        Refusal::Unreadable(_) => (StatusCode::BAD_REQUEST, "bad_request"),
        Refusal::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
    };
    let mut response = error_json(status, code, &refusal.to_string(), None);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let again = HeaderValue::from_static("5");
        response.headers_mut().insert(header::RETRY_AFTER, again);
    }
    response
}
