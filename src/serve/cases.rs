//! The pages of the desk's cases, read-only.

use super::answer::{broken, missing};
use super::api::shown;
use super::archive::CaseFile;
use super::frame::{Frame, Visit, html};
use super::status::Ears;
use super::view::{Moment, Shown, clean, moment};
use super::words::{Tongue, fact, people};
use super::{House, Names, Shared};
use crate::model::Reach;
use crate::store::Case;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// Most cases on the list.
const MAX_CASES: usize = 200;

/// One case in a list, or at the head of its page.
struct CaseRow {
    id: i64,
    rule: String,
    watch: String,
    state: &'static str,
    state_class: &'static str,
    opened: Moment,
    last: Moment,
    mentions: i64,
    facts: Vec<(String, String)>,
}

impl CaseRow {
    fn new(case: &Case, names: &Names, tongue: Tongue) -> Self {
        Self {
            id: case.id,
            rule: clean(tongue.rule(&case.rule)),
            watch: names.watch(&case.watch),
            state: tongue.case_state(case.state),
            state_class: case.state.as_str(),
            opened: moment(case.opened, tongue),
            last: moment(case.last, tongue),
            mentions: case.mentions,
            facts: facts(&case.facts, tongue),
        }
    }
}

/// The figures of a rule, one line each: name and value. A nested value is shown as it is written.
fn facts(facts: &serde_json::Value, tongue: Tongue) -> Vec<(String, String)> {
    let told = |value: &serde_json::Value| match value.as_str() {
        Some(text) => text
            .parse()
            .map_or_else(|_| clean(text), |time| moment(time, tongue).human),
        None => clean(&value.to_string()),
    };
    let Some(fields) = facts.as_object() else {
        return Vec::new();
    };
    let mut lines: Vec<(usize, String, String)> = fields
        .iter()
        .map(|(key, value)| {
            let (place, name) = fact(key, tongue);
            let reach = value
                .as_str()
                .and_then(Reach::parse)
                .filter(|_| key == "reach");
            let said = reach.map(|reach| people(reach, tongue).to_owned());
            (place, clean(name), said.unwrap_or_else(|| told(value)))
        })
        .collect();
    lines.sort();
    lines
        .into_iter()
        .map(|(_, name, value)| (name, value))
        .collect()
}

#[derive(Template)]
#[template(path = "cases.html", config = "src/serve/askama.toml")]
struct CasesPage {
    frame: Frame,
    ears: Ears,
    rows: Vec<CaseRow>,
}

/// `GET /cases`: the cases that nobody has closed.
pub async fn list(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    match house.archive.open_cases(MAX_CASES).await {
        Ok(cases) => {
            let row = |case: &Case| CaseRow::new(case, &house.names(), visit.tongue);
            let title = visit.tongue.words().cases_open;
            let page = CasesPage {
                frame: Frame::new(&visit, &house, title, "cases", visit.switch("/cases")),
                ears: Ears::of(&house, visit.tongue).await,
                rows: cases.iter().map(row).collect(),
            };
            html(StatusCode::OK, &page)
        }
        Err(error) => broken(&error, visit.tongue),
    }
}

#[derive(Template)]
#[template(path = "case.html", config = "src/serve/askama.toml")]
struct CasePage {
    frame: Frame,
    case: CaseRow,
    shown: Vec<Shown>,
    model: String,
}

/// `GET /cases/{id}`: one case and its mentions.
pub async fn one(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(id): Path<String>,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    let found = match id.parse() {
        Ok(id) => house.archive.case(id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(file)) => html(StatusCode::OK, &case_page(&house, &visit, &file)),
        Ok(None) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

fn case_page(house: &House, visit: &Visit, file: &CaseFile) -> CasePage {
    let id = file.case.id;
    let title = format!("{} {id}", visit.tongue.words().case);
    let switch = visit.switch(&format!("/cases/{id}"));
    CasePage {
        frame: Frame::new(visit, house, &title, "cases", switch),
        case: CaseRow::new(&file.case, &house.names(), visit.tongue),
        shown: shown(&file.mentions, house, visit.tongue),
        model: house.model(),
    }
}
