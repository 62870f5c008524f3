//! The watches in the JSON API: their names, and trying one on the archive before it is used.

use super::answer::{bad, error_json};
use super::api::{Item, failed};
use super::preview::{Difference, Example, MAX_PREVIEW_DAYS, Preview, PreviewRequest, Side, Term};
use super::{House, Shared};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A query of 16 KiB in JSON, where a letter can take six bytes.
pub const MAX_TRIAL_BYTES: usize = 128 * 1024;

/// The body of [`test`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trial {
    watch: Option<String>,
    query: Option<String>,
    #[serde(default = "month")]
    days: u16,
    #[serde(default)]
    seed: u64,
}

fn month() -> u16 {
    30
}

/// What [`test`] answers. Times are RFC 3339 UTC, days are those of Berlin.
#[derive(Serialize)]
struct Answer<'a> {
    query: &'a str,
    /// How the query is understood, an operand a line.
    tree: &'a str,
    examples: &'a [Example],
    total: u64,
    days: Vec<Day>,
    sample: Vec<Item<'a>>,
    terms: &'a [Term],
    /// Hits whose words were counted for `terms`.
    terms_of: usize,
    difference: Option<Changed<'a>>,
    whole: bool,
}

#[derive(Serialize)]
struct Day {
    day: Date,
    hits: u64,
}

#[derive(Serialize)]
struct Changed<'a> {
    query: &'a str,
    since: Timestamp,
    gained: OneSide<'a>,
    lost: OneSide<'a>,
}

#[derive(Serialize)]
struct OneSide<'a> {
    total: u64,
    sample: Vec<Item<'a>>,
}

impl<'a> Answer<'a> {
    fn new(preview: &'a Preview) -> Self {
        let day = |&(day, hits): &(Date, u64)| Day { day, hits };
        Self {
            query: &preview.query,
            tree: &preview.tree,
            examples: &preview.examples,
            total: preview.total,
            days: preview.days.iter().map(day).collect(),
            sample: preview.sample.iter().map(Item::found).collect(),
            terms: &preview.terms,
            terms_of: preview.terms_of,
            difference: preview.difference.as_ref().map(Changed::new),
            whole: preview.whole,
        }
    }
}

impl<'a> Changed<'a> {
    fn new(difference: &'a Difference) -> Self {
        let side = |side: &'a Side| OneSide {
            total: side.total,
            sample: side.sample.iter().map(Item::found).collect(),
        };
        Self {
            query: &difference.query,
            since: difference.since,
            gained: side(&difference.gained),
            lost: side(&difference.lost),
        }
    }
}

/// A preview as the API answers it, for the command line.
pub fn preview_json(preview: &Preview) -> serde_json::Value {
    json!(Answer::new(preview))
}

/// `GET /api/watches`: the registered watches.
pub async fn list(State(house): State<Shared>) -> Response {
    let names = house.names();
    let watches = names.watches.iter();
    let items: Vec<_> = watches
        .map(|watch| json!({ "name": watch.name, "label": watch.label }))
        .collect();
    Json(json!({ "items": items })).into_response()
}

/// `POST /api/watches/test`: what a watch or a query would have found. The body is JSON:
/// `{"watch": NAME, "query": TEXT, "days": 1 … 90, "seed": NUMBER}`, one of `watch` and `query` at
/// least; both together try a new query of that watch. Changes nothing.
pub async fn test(State(house): State<Shared>, body: String) -> Response {
    match serde_json::from_str::<Trial>(&body) {
        Ok(trial) => try_out(&house, trial).await,
        Err(error) => bad(&format!("the body is no trial: {error}")),
    }
}

async fn try_out(house: &House, trial: Trial) -> Response {
    if !(1..=MAX_PREVIEW_DAYS).contains(&trial.days) {
        return bad(&format!("`days` must be 1 … {MAX_PREVIEW_DAYS}"));
    }
    if trial.watch.is_none() && trial.query.is_none() {
        return bad("name a `watch`, or give a `query` to try");
    }
    let request = PreviewRequest {
        watch: trial.watch,
        query: trial.query,
        days: trial.days,
        seed: trial.seed,
    };
    match house.archive.preview(request).await {
        Ok(Some(preview)) => Json(Answer::new(&preview)).into_response(),
        Ok(None) => {
            let message = "no such watch; GET /api/watches lists them";
            error_json(StatusCode::NOT_FOUND, "not_found", message, None)
        }
        Err(error) => failed(&error),
    }
}
