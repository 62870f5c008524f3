//! Saved searches: by forms of the search page, or by the API.
//!
//! What is saved are the parameters of a search's address, read before they are saved and read again
//! at every use: nothing can be saved that could not be asked, so no search by person either.

use super::answer::{Face, bad, error_json, refuse};
use super::api::{bad_parameter, failed};
use super::archive::SearchError;
use super::frame::{Visit, field};
use super::params::{self, Asked};
use super::saved_words::{self, Words, told};
use super::view::clean;
use super::words::Tongue;
use super::{House, Shared};
use crate::query::Query;
use crate::store::{SavedChange, SavedSearch, Saving};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded;

/// Longest body: a search whose every letter is escaped twice.
pub const MAX_FORM_BYTES: usize = 96 * 1024;

/// What the search page shows of them.
pub struct Shelf {
    pub words: &'static Words,
    pub all: Vec<Entry>,
    /// The search that is shown, to be saved; also where the forms lead back to.
    pub search: String,
}

pub struct Entry {
    /// As it is stored, for the forms.
    pub name: String,
    pub shown: String,
    pub href: String,
}

impl Shelf {
    pub async fn of(house: &House, asked: &Asked, visit: &Visit) -> Self {
        // Without them the page is still worth having; whoever failed has logged why.
        let all = house.archive.saved().await.unwrap_or_default();
        let entry = |saved: SavedSearch| {
            let mut parts = vec![saved.parameters];
            if !visit.lang().is_empty() {
                parts.push(format!("lang={}", visit.lang()));
            }
            parts.retain(|part| !part.is_empty());
            Entry {
                href: format!("/?{}", parts.join("&")),
                shown: clean(&saved.name),
                name: saved.name,
            }
        };
        Self {
            words: saved_words::words(visit.tongue),
            all: all.into_iter().map(entry).collect(),
            search: plain(&asked.address(&[("lang", visit.lang())])),
        }
    }
}

/// An address's parameters, without the question mark.
fn plain(address: &str) -> String {
    address.strip_prefix('?').unwrap_or(address).to_owned()
}

/// Why a search cannot be saved as it was sent.
enum Wrong {
    Parameter(params::Fault),
    Query(SearchError),
}

/// The parameters as they are stored: without the page, and without what asks for nothing.
fn checked(house: &House, parameters: &str) -> Result<String, Wrong> {
    let asked = params::read(parameters, &["lang"], house.clock.now()).map_err(Wrong::Parameter)?;
    let query = asked.request.query.trim();
    if !query.is_empty() {
        Query::parse_search(query).map_err(|error| {
            Wrong::Query(SearchError::BadQuery {
                fault: error.fault,
                start: error.start,
                end: error.end,
            })
        })?;
    }
    Ok(plain(&asked.address(&[])))
}

/// `POST /saved`: the forms `do=save|rename|delete`; goes back to the search.
pub async fn by_page(State(house): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let field = |name: &str| field(&body, name).unwrap_or_default();
    let back = field("search");
    let tongue = Visit::new(&headers, &back).tongue;
    let no = |status, message: &str| refuse(Face::Page, status, tongue, message);
    let name = field("name");
    let change = match field("do").as_str() {
        "save" => match checked(&house, &back) {
            Ok(parameters) => SavedChange::Save { name, parameters },
            Err(Wrong::Parameter(fault)) => {
                return no(StatusCode::BAD_REQUEST, &fault.told(tongue));
            }
            Err(Wrong::Query(error)) => return super::answer::broken(&error, tongue),
        },
        "rename" => SavedChange::Rename {
            name,
            to: field("to"),
        },
        "delete" => SavedChange::Delete { name },
        _ => return no(StatusCode::BAD_REQUEST, tongue.words().fault),
    };
    match house.archive.change_saved(change).await {
        Ok(Saving::Done) => Redirect::to(&address(&back)).into_response(),
        Ok(saving) => no(status(saving), &told(saving, tongue)),
        Err(error) => super::answer::broken(&error, tongue),
    }
}

/// The search page with parameters that came from outside, written anew.
fn address(parameters: &str) -> String {
    let pairs = form_urlencoded::parse(parameters.as_bytes());
    let written = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("/?{written}#saved")
}

fn status(saving: Saving) -> StatusCode {
    match saving {
        Saving::Done => StatusCode::OK,
        Saving::Unknown => StatusCode::NOT_FOUND,
        Saving::Taken | Saving::Full => StatusCode::CONFLICT,
        Saving::BadName | Saving::TooLong => StatusCode::BAD_REQUEST,
    }
}

/// `GET /api/saved`: all, by name; `search` is where each is asked.
pub async fn list(State(house): State<Shared>) -> Response {
    match house.archive.saved().await {
        Ok(all) => {
            let items: Vec<_> = all.iter().map(item).collect();
            Json(json!({ "items": items })).into_response()
        }
        Err(error) => failed(&error),
    }
}

fn item(saved: &SavedSearch) -> serde_json::Value {
    json!({
        "name": saved.name,
        "parameters": saved.parameters,
        "saved": saved.saved,
        "search": format!("/api/search?{}", saved.parameters),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct New {
    name: String,
    /// As in an address: `q=Grenze&stance=critical`.
    parameters: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Renamed {
    name: String,
}

/// `POST /api/saved` with `{"name","parameters"}`.
pub async fn save(State(house): State<Shared>, body: String) -> Response {
    let new: New = match serde_json::from_str(&body) {
        Ok(new) => new,
        Err(error) => return bad(&format!("the body is no saved search: {error}")),
    };
    match checked(&house, &new.parameters) {
        Ok(parameters) => {
            let name = new.name;
            change(&house, SavedChange::Save { name, parameters }).await
        }
        Err(Wrong::Parameter(fault)) => bad_parameter(&fault),
        Err(Wrong::Query(error)) => failed(&error),
    }
}

/// `POST /api/saved/{name}` with `{"name"}`: the new one.
pub async fn rename(
    State(house): State<Shared>,
    Path(name): Path<String>,
    body: String,
) -> Response {
    match serde_json::from_str(&body) {
        Ok(Renamed { name: to }) => change(&house, SavedChange::Rename { name, to }).await,
        Err(error) => bad(&format!("the body is no new name: {error}")),
    }
}

/// `DELETE /api/saved/{name}`.
pub async fn delete(State(house): State<Shared>, Path(name): Path<String>) -> Response {
    change(&house, SavedChange::Delete { name }).await
}

async fn change(house: &House, change: SavedChange) -> Response {
    match house.archive.change_saved(change).await {
        Ok(Saving::Done) => Json(json!({ "done": true })).into_response(),
        Ok(saving) => {
            let code = match saving {
                Saving::Unknown => "not_found",
                Saving::Taken => "name_taken",
                Saving::Full => "full",
                _ => "bad_request",
            };
            error_json(status(saving), code, &told(saving, Tongue::En), None)
        }
        Err(error) => failed(&error),
    }
}
