//! For operators and Prometheus: `/metrics`, `/healthz` (the process lives), `/readyz` (it can do
//! its work). No text of a mention, no name of a person.

use super::Shared;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// `GET /metrics` in the text format that Prometheus scrapes.
pub async fn metrics(State(house): State<Shared>) -> Response {
    match house.metrics.encode() {
        Ok(text) => {
            let content_type = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, content_type)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// `GET /healthz`: an answer at all is the answer.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: every check by name; 503 while one of them fails.
pub async fn readyz(State(house): State<Shared>) -> Response {
    let checks = house.health.checks().await;
    let ready = checks.iter().all(|check| check.ok);
    let status = match ready {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(json!({ "ready": ready, "checks": checks }))).into_response()
}
