//! `/es`: the archive as Elasticsearch would answer, to read only, for Grafana's built-in data source
//! and for clients that speak it. One index of what was said, `mentions`; [`fields`] lists what it has.
//! Another, `gaps`, tells when we could not listen.
//!
//! It asks with the same [`Request`] as page and API, so the numbers are the same and the privacy
//! rules hold: nothing selects or counts by author, and counts of fewer than five people are left out.
//! What is not supported is refused with Elasticsearch's own error shape, never passed over.
//! [elastic.co](https://www.elastic.co/docs/api/doc/elasticsearch/group/endpoint-search)

mod aggs;
mod answer;
mod dates;
mod dsl;
mod fault;
mod fields;
mod gaps;
mod histogram;
mod leaf;
mod lucene;
mod request;
mod run;

use super::Shared;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
pub use fault::Fault;
use serde_json::{Value, json};

/// Longest body of one request: a dashboard's worth of searches.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Searches in one request at most.
const MAX_SEARCHES: usize = 50;
/// The version whose dialect this is: what clients may expect.
const VERSION: &str = "8.17.0";

/// What clients look for before they trust an answer.
const PRODUCT: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-elastic-product"),
    HeaderValue::from_static("Elasticsearch"),
);

fn done(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(PRODUCT.0, PRODUCT.1);
    response
}

/// `GET /es`: name and version.
pub async fn about() -> Response {
    done(Json(json!({
        "name": "resonanz",
        "cluster_name": "resonanz",
        "cluster_uuid": "resonanz",
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "build_type": "resonanz",
            "build_hash": env!("CARGO_PKG_VERSION"),
            "build_date": "2026-11-23T00:00:00.000Z",
            "build_snapshot": false,
            "lucene_version": "9.12.0",
            "minimum_wire_compatibility_version": "8.0.0",
            "minimum_index_compatibility_version": "8.0.0",
        },
        "tagline": "Statements, not people",
    })))
}

/// `GET /es/_cluster/health`: green while everything can be searched, yellow while a part is made
/// again.
pub async fn health(State(house): State<Shared>) -> Response {
    let checks = house.health.checks().await;
    let status = match checks.iter().all(|check| check.ok) {
        true => "green",
        false => "yellow",
    };
    done(Json(json!({
        "cluster_name": "resonanz", "status": status, "timed_out": false, "number_of_nodes": 1,
        "number_of_data_nodes": 1, "active_primary_shards": 1, "active_shards": 1,
        "relocating_shards": 0, "initializing_shards": 0, "unassigned_shards": 0,
    })))
}

fn is_ours(index: &str) -> bool {
    let mut names = index.split(',').map(str::trim);
    names.any(|name| name.is_empty() || name == "_all" || crate::query::glob(name, answer::INDEX))
}

fn check(index: &str) -> Result<(), Fault> {
    match is_ours(index) {
        true => Ok(()),
        false => Err(Fault::no_index(index)),
    }
}

/// `GET /es/{index}/_mapping`: the fields and their types.
pub async fn mapping(index: Option<Path<String>>) -> Response {
    let index = name(index);
    if index == gaps::INDEX {
        let mappings = json!({ "mappings": { "properties": gaps::properties() } });
        return done(Json(json!({ gaps::INDEX: mappings })));
    }
    if let Err(fault) = check(&index) {
        return done(fault);
    }
    let mappings =
        json!({ "mappings": { "dynamic": "strict", "properties": fields::properties() } });
    done(Json(json!({ answer::INDEX: mappings })))
}

/// `GET|POST /es/{index}/_field_caps?fields=…`: what can be done with which field.
pub async fn capabilities(index: Option<Path<String>>, RawQuery(query): RawQuery) -> Response {
    if let Err(fault) = check(&name(index)) {
        return done(fault);
    }
    let query = query.unwrap_or_default();
    let patterns = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "fields")
        .map_or_else(|| "*".to_owned(), |(_, value)| value.into_owned());
    done(Json(json!({
        "indices": [answer::INDEX], "fields": fields::capabilities(&patterns),
    })))
}

fn name(index: Option<Path<String>>) -> String {
    index.map(|Path(index)| index).unwrap_or_default()
}

fn parsed(body: &[u8]) -> Result<Value, Fault> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body)
        .map_err(|error| Fault::parsing(format!("the body is no JSON: {error}")))
}

/// `GET|POST /es/{index}/_search`.
pub async fn search(
    State(house): State<Shared>,
    index: Option<Path<String>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let index = name(index);
    let is_gaps = index == gaps::INDEX;
    let asked = if is_gaps { Ok(()) } else { check(&index) };
    let asked = asked
        .and_then(|()| parsed(&body))
        .and_then(|body| request::with_address(body, query.as_deref().unwrap_or_default()));
    let whole_number = query.is_some_and(|query| query.contains("rest_total_hits_as_int=true"));
    let found = match asked {
        Ok(body) if is_gaps => gaps::search(&house, &body).await,
        Ok(body) => run::search(&house, &body).await,
        Err(fault) => Err(fault),
    };
    match found {
        Ok(mut found) => {
            if whole_number {
                found["hits"]["total"] = found["hits"]["total"]["value"].take();
            }
            done(Json(found))
        }
        Err(fault) => done(fault),
    }
}

/// `GET|POST /es/{index}/_count`.
pub async fn count(
    State(house): State<Shared>,
    index: Option<Path<String>>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let asked = check(&name(index))
        .and_then(|()| parsed(&body))
        .and_then(|body| request::with_address(body, query.as_deref().unwrap_or_default()));
    let found = match asked {
        Ok(mut body) => {
            body["size"] = json!(0);
            run::search(&house, &body).await
        }
        Err(fault) => Err(fault),
    };
    match found {
        Ok(found) => done(Json(json!({
            "count": found["hits"]["total"]["value"], "_shards": found["_shards"],
        }))),
        Err(fault) => done(fault),
    }
}

/// `POST /es/_msearch`: pairs of lines, a header and a search. A search that fails says so in its
/// place; the others are answered.
pub async fn many(
    State(house): State<Shared>,
    index: Option<Path<String>>,
    body: Bytes,
) -> Response {
    let usual = name(index);
    let start = tokio::time::Instant::now();
    let lines: Vec<&[u8]> = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.iter().all(u8::is_ascii_whitespace))
        .collect();
    if lines.is_empty() || !lines.len().is_multiple_of(2) {
        return done(Fault::parsing(
            "a header and a search, a line each, and so on",
        ));
    }
    if lines.len() / 2 > MAX_SEARCHES {
        return done(Fault::argument(format!(
            "more than {MAX_SEARCHES} searches in one request"
        )));
    }
    let mut responses = Vec::new();
    for pair in lines.chunks(2) {
        let asked = header(pair[0], &usual).and_then(|index| Ok((index, parsed(pair[1])?)));
        let found = match asked {
            Ok((index, body)) if index == gaps::INDEX => gaps::search(&house, &body).await,
            Ok((_, body)) => run::search(&house, &body).await,
            Err(fault) => Err(fault),
        };
        responses.push(match found {
            Ok(mut found) => {
                found["status"] = json!(200);
                found
            }
            Err(fault) => fault.body(),
        });
    }
    let took = start.elapsed().as_millis();
    done(Json(json!({ "took": took, "responses": responses })))
}

/// The header of one search: which index.
fn header(line: &[u8], usual: &str) -> Result<String, Fault> {
    let header = parsed(line)?;
    let Value::Object(header) = header else {
        return Err(Fault::parsing("a header is an object"));
    };
    let names = match header.get("index") {
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(","),
        Some(Value::String(name)) => name.clone(),
        _ => usual.to_owned(),
    };
    match names == gaps::INDEX {
        true => Ok(names),
        false => check(&names).map(|()| names),
    }
}

/// A refusal that another part of the house gives for a path below `/es`.
pub fn refused(status: StatusCode, message: &str) -> Response {
    let kind = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "security_exception",
        StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => "timeout_exception",
        StatusCode::SERVICE_UNAVAILABLE => "es_rejected_execution_exception",
        _ => "illegal_argument_exception",
    };
    let reason = match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            "no handler found for this address and method: the archive is searched here, not written"
        }
        _ => message,
    };
    done(Fault {
        status,
        kind,
        reason: reason.to_owned(),
    })
}
