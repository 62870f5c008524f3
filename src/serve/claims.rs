//! The register of claims: entries with their answers, and which mentions repeat them. By page and by
//! API.

use super::Shared;
use super::answer::{Face, bad, broken, missing, refuse};
use super::api::{failed, shown};
use super::archive::{ClaimFile, ClaimRef};
use super::frame::{Frame, Visit, field, html};
use super::rumour_words::{self, Words};
use super::rumours::{done, judged, nothing};
use super::view::{Moment, Shown, clean, moment};
use crate::store::{Claim, ClaimText, StoredMatch};
use askama::Template;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// Longest body: an entry whose every letter is escaped.
pub const MAX_FORM_BYTES: usize = 64 * 1024;
/// Characters of an entry's parts.
const MAX_CLAIM: usize = 1_000;
const MAX_WORDINGS: usize = 5_000;
const MAX_ANSWER: usize = 5_000;
const MAX_URL: usize = 2_000;

/// An entry as the pages show it.
struct Row {
    claim: String,
    wordings: String,
    answer: String,
    url: String,
    retired: bool,
    repeats: i64,
    suggested: i64,
    changed: Moment,
    href: String,
}

impl Row {
    fn new(claim: &Claim, visit: &Visit) -> Self {
        Self {
            claim: clean(&claim.text.claim),
            wordings: clean(&claim.text.wordings),
            answer: clean(&claim.text.answer),
            url: clean(&claim.text.url),
            retired: claim.retired,
            repeats: claim.repeats,
            suggested: claim.suggested,
            changed: moment(claim.changed, visit.tongue),
            href: format!("/claims/{}{}", claim.id, visit.carry),
        }
    }
}

#[derive(Template)]
#[template(path = "claims.html", config = "src/serve/askama.toml")]
struct ClaimsPage {
    frame: Frame,
    r: &'static Words,
    /// What the page beside it is called.
    statements: &'static str,
    rows: Vec<Row>,
    /// Words that a new entry begins with.
    draft: String,
    action: String,
}

#[derive(Template)]
#[template(path = "claim.html", config = "src/serve/askama.toml")]
struct ClaimPage {
    frame: Frame,
    r: &'static Words,
    c: Row,
    back: String,
    shown: Vec<Shown>,
}

/// `GET /claims`, with `claim` as words of a new entry.
pub async fn page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let visit = Visit::new(&headers, &query);
    match house.checking.claims().await {
        Ok(claims) => {
            let r = rumour_words::words(visit.tongue);
            let draft = field(&query, "claim").unwrap_or_default();
            let switch = visit.switch("/claims");
            let page = ClaimsPage {
                frame: Frame::new(&visit, &house, r.register, "claims", switch),
                statements: super::statement_words::words(visit.tongue).heading,
                rows: claims.iter().map(|claim| Row::new(claim, &visit)).collect(),
                draft: clean(&draft).chars().take(MAX_CLAIM).collect(),
                action: format!("/claims{}", visit.carry),
                r,
            };
            html(StatusCode::OK, &page)
        }
        Err(error) => broken(&error, visit.tongue),
    }
}

/// `GET /claims/{id}`.
pub async fn one(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(id): Path<String>,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    let found = match id.parse() {
        Ok(id) => house.checking.claim(id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(ClaimFile { claim, mentions })) => {
            let r = rumour_words::words(visit.tongue);
            let switch = visit.switch(&format!("/claims/{}", claim.id));
            let page = ClaimPage {
                shown: shown(&mentions, &house, visit.tongue),
                frame: Frame::new(&visit, &house, r.claim, "claims", switch),
                c: Row::new(&claim, &visit),
                back: format!("/claims{}", visit.carry),
                r,
            };
            html(StatusCode::OK, &page)
        }
        Ok(None) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

/// What a form or a body says of an entry; none where it cannot be one.
fn checked(text: ClaimText) -> Option<ClaimText> {
    let fits = |text: &str, most: usize| text.chars().count() <= most;
    let is_web = |url: &str| {
        let url = Url::parse(url);
        url.is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    };
    let text = ClaimText {
        claim: text.claim.trim().to_owned(),
        wordings: text.wordings.trim().to_owned(),
        answer: text.answer.trim().to_owned(),
        // Without blanks, which an address drops and a mail would not.
        url: text.url.split_whitespace().collect(),
    };
    let whole = !text.claim.is_empty()
        && fits(&text.claim, MAX_CLAIM)
        && fits(&text.wordings, MAX_WORDINGS)
        && fits(&text.answer, MAX_ANSWER)
        && fits(&text.url, MAX_URL)
        && (text.url.is_empty() || is_web(&text.url));
    whole.then_some(text)
}

fn of_form(body: &str) -> ClaimText {
    let part = |name| field(body, name).unwrap_or_default();
    ClaimText {
        claim: part("claim"),
        wordings: part("wordings"),
        answer: part("answer"),
        url: part("url"),
    }
}

/// `POST /claims`: a new entry; goes on to it.
pub async fn add_by_page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    let Some(text) = checked(of_form(&body)) else {
        return faulty(&visit);
    };
    match house.checking.add_claim(text).await {
        Ok(id) => Redirect::to(&format!("/claims/{id}{}", visit.carry)).into_response(),
        Err(error) => broken(&error, visit.tongue),
    }
}

fn faulty(visit: &Visit) -> Response {
    let message = rumour_words::words(visit.tongue).faulty;
    refuse(Face::Page, StatusCode::BAD_REQUEST, visit.tongue, message)
}

/// `POST /claims/{id}`: changes an entry, or retires it with `retired=on`.
pub async fn change_by_page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(id): Path<String>,
    body: String,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    let Ok(id) = id.parse() else {
        return missing(visit.tongue);
    };
    let Some(text) = checked(of_form(&body)) else {
        return faulty(&visit);
    };
    let retired = field(&body, "retired").is_some();
    match house.checking.change_claim(id, text, retired).await {
        Ok(true) => Redirect::to(&format!("/claims/{id}{}", visit.carry)).into_response(),
        Ok(false) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

/// `POST /mentions/{id}/claims`: the form `claim=office-7&said=yes|no|`; goes back to the mention.
pub async fn judge_by_page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(id): Path<String>,
    body: String,
) -> Response {
    let query = query.unwrap_or_default();
    let visit = Visit::new(&headers, &query);
    let claim = field(&body, "claim").and_then(|claim| ClaimRef::parse(&claim));
    let said = field(&body, "said").unwrap_or_default();
    let (Ok(id), Some(claim), Some(judged)) = (id.parse::<i64>(), claim, judged(&said)) else {
        return missing(visit.tongue);
    };
    match house.checking.judge_claim(id, claim, judged).await {
        Ok(true) => Redirect::to(&format!("/mentions/{id}?{query}#claims")).into_response(),
        Ok(false) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

/// What the API says of a match; none of one whose entry is gone.
pub(super) fn match_json(found: &StoredMatch) -> Option<Value> {
    Some(json!({
        "claim": ClaimRef::of(found)?.to_string(),
        "text": found.text.claim,
        "answer": found.text.answer,
        "url": found.text.url,
        "probability": found.probability,
        "grade": found.grade.as_str(),
        "judged": found.judged,
        "reasons": found.reasons,
    }))
}

fn claim_json(claim: &Claim) -> Value {
    json!({
        "id": claim.id,
        "claim": claim.text.claim,
        "wordings": claim.text.wordings,
        "answer": claim.text.answer,
        "url": claim.text.url,
        "created": claim.created,
        "changed": claim.changed,
        "retired": claim.retired,
        "repeats": claim.repeats,
        "suggested": claim.suggested,
    })
}

/// `GET /api/claims`.
pub async fn list(State(house): State<Shared>) -> Response {
    match house.checking.claims().await {
        Ok(claims) => {
            let items: Vec<Value> = claims.iter().map(claim_json).collect();
            Json(json!({ "items": items })).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// `GET /api/claims/{id}`: with the numbers of the mentions that repeat it or may.
pub async fn one_by_api(State(house): State<Shared>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else {
        return nothing();
    };
    match house.checking.claim(id).await {
        Ok(Some(ClaimFile { claim, mentions })) => {
            let mut told = claim_json(&claim);
            let mentions: Vec<i64> = mentions.iter().map(|mention| mention.id).collect();
            told["mentions"] = json!(mentions);
            Json(told).into_response()
        }
        Ok(None) => nothing(),
        Err(error) => failed(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    claim: String,
    #[serde(default)]
    wordings: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    retired: bool,
}

impl Entry {
    fn read(body: &str) -> Result<(ClaimText, bool), String> {
        let entry: Self = serde_json::from_str(body)
            .map_err(|error| format!("the body is no entry of the register: {error}"))?;
        let retired = entry.retired;
        let text = checked(ClaimText {
            claim: entry.claim,
            wordings: entry.wordings,
            answer: entry.answer,
            url: entry.url,
        });
        let text = text.ok_or_else(|| {
            format!(
                "an entry needs `claim` (at most {MAX_CLAIM} characters), `wordings` and `answer` \
                 at most {MAX_ANSWER}, and `url` a web address or nothing"
            )
        })?;
        Ok((text, retired))
    }
}

/// `POST /api/claims` with `{"claim","wordings","answer","url"}`: a new entry; returns its number.
pub async fn add_by_api(State(house): State<Shared>, body: String) -> Response {
    let text = match Entry::read(&body) {
        Ok((text, _)) => text,
        Err(message) => return bad(&message),
    };
    match house.checking.add_claim(text).await {
        Ok(id) => (StatusCode::CREATED, Json(json!({ "id": id }))).into_response(),
        Err(error) => failed(&error),
    }
}

/// `POST /api/claims/{id}`: the same, with `retired`; what is left out becomes empty.
pub async fn change_by_api(
    State(house): State<Shared>,
    Path(id): Path<String>,
    body: String,
) -> Response {
    let Ok(id) = id.parse() else {
        return nothing();
    };
    match Entry::read(&body) {
        Ok((text, retired)) => done(house.checking.change_claim(id, text, retired).await),
        Err(message) => bad(&message),
    }
}

/// `GET /api/mentions/{id}/claims`: what a mention may repeat.
pub async fn of_mention(State(house): State<Shared>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else {
        return nothing();
    };
    match house.checking.claims_of(id).await {
        Ok(found) => {
            let items: Vec<Value> = found.iter().filter_map(match_json).collect();
            Json(json!({ "items": items })).into_response()
        }
        Err(error) => failed(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judgement {
    claim: String,
    /// Left out: taken back.
    #[serde(default)]
    repeats: Option<bool>,
}

/// `POST /api/mentions/{id}/claims` with `{"claim":"office-7","repeats":true|false}`; without
/// `repeats` what was said is taken back.
pub async fn judge_by_api(
    State(house): State<Shared>,
    Path(id): Path<String>,
    body: String,
) -> Response {
    let judgement: Judgement = match serde_json::from_str(&body) {
        Ok(judgement) => judgement,
        Err(error) => return bad(&format!("the body is no judgement: {error}")),
    };
    let Some(claim) = ClaimRef::parse(&judgement.claim) else {
        return bad("`claim` must be office-NUMBER or check-NUMBER, as the answers name it");
    };
    let Ok(id) = id.parse() else {
        return nothing();
    };
    done(
        house
            .checking
            .judge_claim(id, claim, judgement.repeats)
            .await,
    )
}
