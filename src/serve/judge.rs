//! The office corrects a label: by a form of the mention's page, or by the API.

use super::answer::{bad, error_json};
use super::api::{failed, missing};
use super::frame::field;
use super::{House, Shared};
use crate::model::Stance;
use crate::store::Judged;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;

/// What the page's form and the API's body say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Judgement {
    target: String,
    /// Empty or left out: back to what the model says.
    #[serde(default)]
    stance: String,
}

/// `POST /mentions/{id}/stance`: the form; goes back to the mention.
pub async fn by_page(
    State(house): State<Shared>,
    RawQuery(query): RawQuery,
    Path(id): Path<String>,
    body: String,
) -> Response {
    let query = query.unwrap_or_default();
    let judgement = Judgement {
        target: field(&body, "target").unwrap_or_default(),
        stance: field(&body, "stance").unwrap_or_default(),
    };
    match judge(&house, &id, &judgement, "page").await {
        Ok(()) => Redirect::to(&format!("/mentions/{id}?{query}#stance")).into_response(),
        Err(response) => response,
    }
}

/// `POST /api/mentions/{id}/stance` with `{"target","stance"}`; without `stance` the model's label
/// is there again.
pub async fn by_api(State(house): State<Shared>, Path(id): Path<String>, body: String) -> Response {
    let judgement: Judgement = match serde_json::from_str(&body) {
        Ok(judgement) => judgement,
        Err(error) => return bad(&format!("the body is no judgement: {error}")),
    };
    match judge(&house, &id, &judgement, "api").await {
        Ok(()) => Json(json!({ "done": true })).into_response(),
        Err(response) => response,
    }
}

async fn judge(
    house: &House,
    id: &str,
    judgement: &Judgement,
    way: &'static str,
) -> Result<(), Response> {
    let id = id.parse().map_err(|_| missing())?;
    let stance = match judgement.stance.as_str() {
        "" => None,
        name => Some(Stance::parse(name).ok_or_else(|| {
            let names = Stance::ALL.map(Stance::as_str).join(", ");
            bad(&format!("`stance` must be one of {names}, or left out"))
        })?),
    };
    let judged = house
        .archive
        .judge(id, judgement.target.clone(), stance, way);
    match judged.await.map_err(|error| failed(&error))? {
        Judged::Done => Ok(()),
        Judged::NoMention => Err(missing()),
        Judged::NoTarget => {
            let message = "this mention has no label toward that target";
            Err(error_json(
                StatusCode::NOT_FOUND,
                "not_found",
                message,
                None,
            ))
        }
    }
}
