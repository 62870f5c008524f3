//! What every request passes: bounds, the request histogram, and the headers that keep an answer
//! from being run, framed, sniffed or kept.

use super::Shared;
use super::answer::{self, Face};
use super::frame;
use crate::metrics::Metrics;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

/// Longest path and query of an address.
const MAX_ADDRESS_BYTES: usize = 8 * 1024;
/// Small answers from memory; they stay reachable while searches take all slots.
const UNCOUNTED: [&str; 5] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/style.css",
    "/favicon.svg",
];
/// Label of requests for paths that do not exist: foreign text is no label.
const NO_ROUTE: &str = "other";
/// Nothing runs, nothing is fetched from elsewhere, nobody frames the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// Refuses what is too long, too much at one time, or takes too long.
pub async fn bound(State(house): State<Shared>, request: Request, next: Next) -> Response {
    let face = Face::of(request.uri().path());
    let tongue = frame::tongue(request.headers(), request.uri().query());
    let words = tongue.words();
    let length = request
        .uri()
        .path_and_query()
        .map_or(0, |asked| asked.as_str().len());
    if length > MAX_ADDRESS_BYTES {
        return answer::refuse(face, StatusCode::URI_TOO_LONG, tongue, words.too_long);
    }
    let uncounted = UNCOUNTED.contains(&request.uri().path());
    let _slot = match house.slots.try_acquire() {
        Ok(slot) => Some(slot),
        Err(_) if uncounted => None,
        Err(_) => {
            return answer::refuse(face, StatusCode::SERVICE_UNAVAILABLE, tongue, words.busy);
        }
    };
    match tokio::time::timeout(house.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => answer::refuse(face, StatusCode::GATEWAY_TIMEOUT, tongue, words.timed_out),
    }
}

/// Times every request, by route and status class.
pub async fn observe(State(house): State<Shared>, request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| NO_ROUTE.to_owned(), |path| path.as_str().to_owned());
    let start = Instant::now();
    let response = next.run(request).await;
    house
        .metrics
        .requests
        .with_label_values(&[route.as_str(), class(response.status())])
        .observe(start.elapsed().as_secs_f64());
    response
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// Makes the series of every route, so that "none yet" is a number.
pub fn start_at_zero(metrics: &Metrics) {
    for route in super::paths().into_iter().chain([NO_ROUTE]) {
        for class in ["2xx", "4xx", "5xx"] {
            metrics.requests.with_label_values(&[route, class]);
        }
    }
}

/// Puts the security headers on every answer, refusals included.
pub async fn protect(secure: bool, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    // What the archive holds may be deleted tomorrow: no browser or proxy keeps a copy.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if secure {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    response
}
