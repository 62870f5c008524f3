//! Our own statements that the office enters by hand, beside the register of claims: reports are
//! compared with them as with those that are collected. By page and by API.

use super::Shared;
use super::answer::{Face, bad, broken, missing, refuse};
use super::api::{failed, shown};
use super::archive::StatementFile;
use super::frame::{Frame, Visit, field, html};
use super::params::TIME_ZONE;
use super::rumours::{done, nothing};
use super::statement_words::{self, Words};
use super::view::{Moment, Shown, clean, moment, public_url};
use crate::store::{Statement, StatementText};
use askama::Template;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// Longest body: a statement whose every letter is escaped.
pub const MAX_FORM_BYTES: usize = 256 * 1024;
/// Characters of a statement's parts.
const MAX_TITLE: usize = 300;
const MAX_TEXT: usize = 20_000;
const MAX_URL: usize = 2_000;
/// An embargo is no longer.
const MAX_AHEAD_DAYS: i64 = 7;

/// A statement as the pages show it.
struct Row {
    title: String,
    text: String,
    url: String,
    /// The address, where it may be a link.
    link: Option<String>,
    published: Moment,
    /// As the form wants it.
    local: String,
    reports: i64,
    href: String,
}

impl Row {
    fn new(statement: &Statement, visit: &Visit) -> Self {
        Self {
            title: clean(&statement.text.title),
            text: clean(&statement.text.text),
            url: clean(&statement.text.url),
            link: public_url(&statement.text.url),
            published: moment(statement.text.published, visit.tongue),
            local: local(statement.text.published),
            reports: statement.reports,
            href: format!("/statements/{}{}", statement.id, visit.carry),
        }
    }
}

#[derive(Template)]
#[template(path = "statements.html", config = "src/serve/askama.toml")]
struct StatementsPage {
    frame: Frame,
    t: &'static Words,
    register: &'static str,
    rows: Vec<Row>,
    now: String,
    action: String,
}

#[derive(Template)]
#[template(path = "statement.html", config = "src/serve/askama.toml")]
struct StatementPage {
    frame: Frame,
    t: &'static Words,
    s: Row,
    back: String,
    shown: Vec<Shown>,
}

/// `GET /statements`.
pub async fn page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    match house.checking.statements().await {
        Ok(statements) => {
            let t = statement_words::words(visit.tongue);
            let switch = visit.switch("/statements");
            let rows = statements.iter().map(|one| Row::new(one, &visit));
            let page = StatementsPage {
                frame: Frame::new(&visit, &house, t.heading, "claims", switch),
                register: super::rumour_words::words(visit.tongue).register,
                rows: rows.collect(),
                now: local(house.clock.now()),
                action: format!("/statements{}", visit.carry),
                t,
            };
            html(StatusCode::OK, &page)
        }
        Err(error) => broken(&error, visit.tongue),
    }
}

/// `GET /statements/{id}`.
pub async fn one(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(id): Path<String>,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    let found = match id.parse() {
        Ok(id) => house.checking.statement(id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(file)) => {
            let t = statement_words::words(visit.tongue);
            let switch = visit.switch(&format!("/statements/{}", file.statement.id));
            let page = StatementPage {
                shown: shown(&file.mentions, &house, visit.tongue),
                frame: Frame::new(&visit, &house, t.statement, "claims", switch),
                s: Row::new(&file.statement, &visit),
                back: format!("/statements{}", visit.carry),
                t,
            };
            html(StatusCode::OK, &page)
        }
        Ok(None) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

/// A time as forms write it: of Berlin, to the minute.
fn local(at: Timestamp) -> String {
    let zoned = at.in_tz(TIME_ZONE);
    zoned.map_or_else(
        |_| String::new(),
        |at| at.strftime("%Y-%m-%dT%H:%M").to_string(),
    )
}

/// The inverse of [`local`]. Of a time that comes twice it is the first, and one that does not exist
/// lies an hour later.
fn of_local(text: &str) -> Option<Timestamp> {
    let at: DateTime = text.trim().parse().ok()?;
    at.in_tz(TIME_ZONE).ok().map(|at| at.timestamp())
}

/// What a form or a body says of a statement; none where it cannot be one.
fn checked(text: StatementText, now: Timestamp) -> Option<StatementText> {
    let fits = |text: &str, most: usize| text.chars().count() <= most;
    let is_web = |url: &str| Url::parse(url).is_ok_and(|url| url.scheme() == "https");
    let latest = now.checked_add(SignedDuration::from_hours(24 * MAX_AHEAD_DAYS));
    let text = StatementText {
        title: text.title.trim().to_owned(),
        // Forms end their lines as mail does.
        text: text.text.trim().replace("\r\n", "\n"),
        url: text.url.trim().to_owned(),
        published: text.published,
    };
    let whole = !text.text.is_empty()
        && fits(&text.title, MAX_TITLE)
        && fits(&text.text, MAX_TEXT)
        && fits(&text.url, MAX_URL)
        && (text.url.is_empty() || is_web(&text.url))
        && text.published.as_second() > 0
        && latest.is_ok_and(|latest| text.published <= latest);
    whole.then_some(text)
}

fn of_form(body: &str, now: Timestamp) -> Option<StatementText> {
    let part = |name| field(body, name).unwrap_or_default();
    let text = StatementText {
        title: part("title"),
        text: part("text"),
        url: part("url"),
        published: of_local(&part("published"))?,
    };
    checked(text, now)
}

/// `POST /statements`: a new statement; goes on to it.
pub async fn add_by_page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    let Some(text) = of_form(&body, house.clock.now()) else {
        return faulty(&visit);
    };
    match house.checking.add_statement(text).await {
        Ok(id) => Redirect::to(&format!("/statements/{id}{}", visit.carry)).into_response(),
        Err(error) => broken(&error, visit.tongue),
    }
}

fn faulty(visit: &Visit) -> Response {
    let message = statement_words::words(visit.tongue).faulty;
    refuse(Face::Page, StatusCode::BAD_REQUEST, visit.tongue, message)
}

/// `POST /statements/{id}`: changes a statement, or with `remove=on` removes it.
pub async fn change_by_page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(id): Path<String>,
    body: String,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    let Ok(id) = id.parse::<i64>() else {
        return missing(visit.tongue);
    };
    let removes = field(&body, "remove").is_some();
    let text = of_form(&body, house.clock.now());
    if text.is_none() && !removes {
        return faulty(&visit);
    }
    let text = text.filter(|_| !removes);
    match house.checking.change_statement(id, text).await {
        Ok(true) if removes => Redirect::to(&format!("/statements{}", visit.carry)).into_response(),
        Ok(true) => Redirect::to(&format!("/statements/{id}{}", visit.carry)).into_response(),
        Ok(false) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

fn statement_json(statement: &Statement) -> Value {
    json!({
        "id": statement.id,
        "title": statement.text.title,
        "text": statement.text.text,
        "url": statement.text.url,
        "published": statement.text.published,
        "created": statement.created,
        "changed": statement.changed,
        "reports": statement.reports,
    })
}

/// `GET /api/statements`.
pub async fn list(State(house): State<Shared>) -> Response {
    match house.checking.statements().await {
        Ok(statements) => {
            let items: Vec<Value> = statements.iter().map(statement_json).collect();
            Json(json!({ "items": items })).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// `GET /api/statements/{id}`: with the numbers of the mentions that differ from it.
pub async fn one_by_api(State(house): State<Shared>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else {
        return nothing();
    };
    match house.checking.statement(id).await {
        Ok(Some(StatementFile {
            statement,
            mentions,
        })) => {
            let mut told = statement_json(&statement);
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
    #[serde(default)]
    title: String,
    text: String,
    #[serde(default)]
    url: String,
    /// Of a new one: now, where it is left out.
    #[serde(default)]
    published: Option<Timestamp>,
}

impl Entry {
    /// `published` is what counts where the body names no time; none where it must.
    fn read(
        body: &str,
        published: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<StatementText, String> {
        let entry: Self = serde_json::from_str(body)
            .map_err(|error| format!("the body is no statement: {error}"))?;
        let published = entry.published.or(published);
        let text = StatementText {
            title: entry.title,
            text: entry.text,
            url: entry.url,
            published: published.ok_or("a changed statement needs `published` as well")?,
        };
        checked(text, now).ok_or_else(|| {
            format!(
                "a statement needs `text` (at most {MAX_TEXT} characters); `title` has at most \
                 {MAX_TITLE}, `url` begins with https:// or is empty, and `published` lies at most \
                 {MAX_AHEAD_DAYS} days ahead"
            )
        })
    }
}

/// `POST /api/statements` with `{"title","text","url","published"}`: a new one; returns its number.
pub async fn add_by_api(State(house): State<Shared>, body: String) -> Response {
    let now = house.clock.now();
    let text = match Entry::read(&body, Some(now), now) {
        Ok(text) => text,
        Err(message) => return bad(&message),
    };
    match house.checking.add_statement(text).await {
        Ok(id) => (StatusCode::CREATED, Json(json!({ "id": id }))).into_response(),
        Err(error) => failed(&error),
    }
}

/// `POST /api/statements/{id}`: the same, `published` included; what is left out becomes empty.
pub async fn change_by_api(
    State(house): State<Shared>,
    Path(id): Path<String>,
    body: String,
) -> Response {
    let Ok(id) = id.parse() else {
        return nothing();
    };
    match Entry::read(&body, None, house.clock.now()) {
        Ok(text) => done(house.checking.change_statement(id, Some(text)).await),
        Err(message) => bad(&message),
    }
}

/// `DELETE /api/statements/{id}`.
pub async fn remove_by_api(State(house): State<Shared>, Path(id): Path<String>) -> Response {
    match id.parse() {
        Ok(id) => done(house.checking.change_statement(id, None).await),
        Err(_) => nothing(),
    }
}
