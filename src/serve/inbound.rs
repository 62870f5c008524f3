//! `POST /in/<name>`: what other programs bring. The signature is the key, not the house's token.

use super::Shared;
use super::answer::error_json;
use crate::collect::inbox::{MAX_BODY_BYTES, Refusal};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::collections::BTreeMap;

/// Paths below this need no token: each request is signed, or asks with a token of its own whether
/// this is the right address.
pub const PREFIX: &str = "/in/";
/// The part of a request's time that a body may take: whoever sends it is a stranger until it is here,
/// and keeps a place that editors' requests need.
const BODY_PART: u32 = 5;

/// Takes a signed body; "200" means that it is stored.
pub async fn take(
    State(house): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let within = house.request_timeout / BODY_PART;
    let body = tokio::time::timeout(within, to_bytes(body, MAX_BODY_BYTES)).await;
    let body = match body {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            let message = "the body is too large or broke off";
            return error_json(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message, None);
        }
        Err(_) => {
            let message = "the body took too long; send the same request again";
            return error_json(StatusCode::REQUEST_TIMEOUT, "slow", message, None);
        }
    };
    let now = house.clock.now();
    match house.inboxes.take(&name, &headers, &body, now).await {
        Ok(count) => Json(json!({ "stored": count })).into_response(),
        Err(refusal) => refused(&refusal),
    }
}

/// Says to a service that wants to push whether this is the address that it was told (`hub.mode`,
/// `hub.verify_token`, `hub.challenge`).
pub async fn challenge(
    State(house): State<Shared>,
    Path(name): Path<String>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Response {
    match house.inboxes.challenge(&name, &asked) {
        Some(said) => said.into_response(),
        None => {
            let message = "this is not the address that was agreed upon";
            error_json(StatusCode::FORBIDDEN, "forbidden", message, None)
        }
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
