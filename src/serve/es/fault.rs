//! What the dialect answers when it cannot follow: Elasticsearch's own shape, so that its clients and
//! Grafana show the reason.

use crate::serve::archive::SearchError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub status: StatusCode,
    /// Elasticsearch's name of it, for example `parsing_exception`.
    pub kind: &'static str,
    pub reason: String,
}

impl Fault {
    /// What was sent cannot be read.
    pub fn parsing(reason: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "parsing_exception",
            reason: reason.into(),
        }
    }

    /// It can be read, and a value in it cannot be.
    pub fn argument(reason: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "illegal_argument_exception",
            reason: reason.into(),
        }
    }

    /// Elasticsearch has it and this house has not.
    pub fn unsupported(what: &str) -> Self {
        Self::argument(format!("Resonanz does not support {what}"))
    }

    pub fn no_index(name: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            kind: "index_not_found_exception",
            reason: format!("no such index [{name}]; the archive's is called mentions"),
        }
    }

    pub fn no_field(name: &str) -> Self {
        Self::argument(format!(
            "there is no field [{name}]; GET /es/mentions/_mapping lists them"
        ))
    }

    pub fn of(error: &SearchError) -> Self {
        let (status, kind) = match error {
            SearchError::BadQuery { .. } => (StatusCode::BAD_REQUEST, "query_shard_exception"),
            SearchError::BadMark | SearchError::TooManyInCases => {
                (StatusCode::BAD_REQUEST, "parsing_exception")
            }
            SearchError::BadAggregation(fault) if fault.contains("bucket") => {
                (StatusCode::BAD_REQUEST, "too_many_buckets_exception")
            }
            SearchError::BadAggregation(_) => {
                (StatusCode::BAD_REQUEST, "illegal_argument_exception")
            }
            SearchError::TimedOut => (StatusCode::REQUEST_TIMEOUT, "timeout_exception"),
            SearchError::Busy => (
                StatusCode::TOO_MANY_REQUESTS,
                "es_rejected_execution_exception",
            ),
            SearchError::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "search_phase_execution_exception",
            ),
        };
        Self {
            status,
            kind,
            reason: error.to_string(),
        }
    }

    /// `{"error": {…}, "status": 400}`.
    pub fn body(&self) -> Value {
        let cause = json!({ "type": self.kind, "reason": self.reason });
        json!({
            "error": { "root_cause": [cause], "type": self.kind, "reason": self.reason },
            "status": self.status.as_u16(),
        })
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
