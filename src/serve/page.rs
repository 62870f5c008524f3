//! The pages: handlers, and what each template is given. They work without JavaScript; there is
//! none. All output is escaped by the templates.

use super::answer::{self, Face, status_of, told};
use super::api::watched_places;
use super::archive::{CaseFile, Facets, Results, SearchError};
use super::params::{self, Asked};
use super::status::Ears;
use super::view::{Moment, Shown, clean, moment};
use super::words::{Tongue, Words, fact};
use super::{House, Names, Shared, form};
use crate::store::Case;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use url::form_urlencoded;

/// Most cases on the list.
const MAX_CASES: usize = 200;

/// What every page shares.
pub struct Frame {
    pub w: &'static Words,
    pub title: String,
    /// Which area of the navigation is lit: `search`, `cases` or none.
    pub area: &'static str,
    /// Address of the same page in the other language; empty where there is none.
    pub switch: String,
    /// What links carry on: `?lang=en`, or nothing.
    pub carry: &'static str,
    /// Shows the button to sign out.
    pub guarded: bool,
}

impl Frame {
    /// A page outside the areas: refusals and the sign-in form.
    pub fn plain(tongue: Tongue, title: &str) -> Self {
        Self {
            w: tongue.words(),
            title: title.to_owned(),
            area: "",
            switch: String::new(),
            carry: "",
            guarded: false,
        }
    }

    fn new(visit: &Visit, house: &House, title: &str, area: &'static str, switch: String) -> Self {
        Self {
            area,
            switch,
            carry: visit.carry,
            guarded: house.guard.has_token(),
            ..Self::plain(visit.tongue, title)
        }
    }
}

/// Who reads: the language of this visit and what its links carry on.
struct Visit {
    tongue: Tongue,
    carry: &'static str,
}

impl Visit {
    fn new(headers: &HeaderMap, query: &str) -> Self {
        let asked = asked_tongue(query);
        Self {
            tongue: tongue(headers, Some(query)),
            carry: match asked {
                Some(Tongue::De) => "?lang=de",
                Some(Tongue::En) => "?lang=en",
                None => "",
            },
        }
    }

    /// The `lang` parameter of this visit's links.
    fn lang(&self) -> &'static str {
        self.carry.strip_prefix("?lang=").unwrap_or_default()
    }

    fn switch(&self, path: &str) -> String {
        format!("{path}?lang={}", self.tongue.words().switch_lang)
    }
}

fn asked_tongue(query: &str) -> Option<Tongue> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, code) = pairs.find(|(name, _)| name == "lang")?;
    Tongue::parse(&code)
}

/// The reader's language: what the address says, else what the browser prefers, else German.
pub fn tongue(headers: &HeaderMap, query: Option<&str>) -> Tongue {
    let accepted = headers.get(header::ACCEPT_LANGUAGE);
    query
        .and_then(asked_tongue)
        .or_else(|| accepted?.to_str().ok().and_then(preferred))
        .unwrap_or_default()
}

fn preferred(accepted: &str) -> Option<Tongue> {
    let weighed = accepted.split(',').take(20).filter_map(|part| {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let tongue = Tongue::parse(tag.trim().split('-').next()?)?;
        Some((tongue, weight.trim().parse::<f32>().unwrap_or(0.0)))
    });
    let best = weighed.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map(|(tongue, _)| tongue)
}

/// Renders a template; a template that fails is a fault of the program, told without its words.
pub fn html(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => (status, Html(page)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Where a query is wrong: the line at fault in three parts, and the marks below it.
struct Caret {
    before: String,
    wrong: String,
    after: String,
    marks: String,
}

impl Caret {
    fn new(query: &str, start: usize, end: usize) -> Self {
        let start = query.floor_char_boundary(start);
        let end = query.ceil_char_boundary(end.max(start));
        let line_start = query[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = query[start..]
            .find('\n')
            .map_or(query.len(), |at| start + at);
        let end = end.min(line_end);
        let before = clean(&query[line_start..start]);
        let wrong = clean(&query[start..end]);
        let marks = format!(
            "{}{}",
            " ".repeat(before.chars().count()),
            "^".repeat(wrong.chars().count().max(1))
        );
        Self {
            before,
            wrong,
            after: clean(&query[end..line_end]),
            marks,
        }
    }
}

/// Why there are no results.
struct Trouble {
    heading: &'static str,
    message: String,
    caret: Option<Caret>,
}

#[derive(Template)]
#[template(path = "search.html", config = "src/serve/askama.toml")]
struct SearchPage {
    frame: Frame,
    form: form::SearchForm,
    ears: Ears,
    model: String,
    trouble: Option<Trouble>,
    total: u64,
    shown: Vec<Shown>,
    /// Address of the next page and of the first; empty where there is none.
    next: String,
    first: String,
    json: String,
    /// Under an empty result: true when every source was heard throughout.
    heard: bool,
}

/// `GET /`.
pub async fn search(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let visit = Visit::new(&headers, &query);
    let words = visit.tongue.words();
    let (asked, outcome) = match params::read(&query, &["lang"], house.clock.now()) {
        Err(fault) => {
            let trouble = Trouble {
                heading: words.fault,
                message: fault.told(visit.tongue),
                caret: None,
            };
            (Asked::default(), Err((StatusCode::BAD_REQUEST, trouble)))
        }
        Ok(asked) => {
            let found = house.archive.search(asked.request.clone()).await;
            let outcome = found.map_err(|error| {
                let trouble = trouble(&error, &asked.request.query, visit.tongue);
                (status_of(&error), trouble)
            });
            (asked, outcome)
        }
    };
    let ears = Ears::of(&house, visit.tongue).await;
    let (status, trouble, results) = match outcome {
        Ok(results) => (StatusCode::OK, None, results),
        Err((status, trouble)) => (status, Some(trouble), Results::default()),
    };
    let mut response = html(
        status,
        &search_page(&house, &visit, &asked, ears, trouble, results),
    );
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

fn trouble(error: &SearchError, query: &str, tongue: Tongue) -> Trouble {
    let words = tongue.words();
    let (heading, caret) = match error {
        SearchError::BadQuery { start, end, .. } => {
            (words.query_wrong, Some(Caret::new(query, *start, *end)))
        }
        _ => (words.failed, None),
    };
    Trouble {
        heading,
        message: told(error, tongue),
        caret,
    }
}

fn search_page(
    house: &House,
    visit: &Visit,
    asked: &Asked,
    ears: Ears,
    trouble: Option<Trouble>,
    results: Results,
) -> SearchPage {
    let lang = ("lang", visit.lang());
    let switch = asked.address(&[("lang", visit.tongue.words().switch_lang)]);
    let title = match asked.request.query.as_str() {
        "" => visit.tongue.words().nav_search.to_owned(),
        query => clean(query),
    };
    let shown = |found: &super::Found| {
        Shown::new(
            &found.mention,
            &found.highlights,
            &house.names,
            visit.tongue,
        )
    };
    SearchPage {
        frame: Frame::new(visit, house, &title, "search", format!("/{switch}")),
        form: search_form(&house.names, &results.facets, asked, visit),
        heard: ears.heard(asked.request.since, asked.request.until),
        ears,
        model: house.model.clone(),
        trouble,
        total: results.total,
        shown: results.items.iter().map(shown).collect(),
        next: results.next.as_deref().map_or_else(String::new, |next| {
            format!("/{}", asked.address(&[lang, ("after", next)]))
        }),
        first: match asked.request.after {
            Some(_) => format!("/{}", asked.address(&[lang])),
            None => String::new(),
        },
        json: format!("/api/search{}", asked.address(&[])),
    }
}

fn search_form(names: &Names, facets: &Facets, asked: &Asked, visit: &Visit) -> form::SearchForm {
    form::SearchForm::new(names, facets, asked, visit.tongue, visit.lang())
}

#[derive(Template)]
#[template(path = "mention.html", config = "src/serve/askama.toml")]
struct MentionPage {
    frame: Frame,
    m: Shown,
}

/// `GET /mentions/{id}`.
pub async fn mention(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(id): Path<String>,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    let found = match id.parse() {
        Ok(id) => house.archive.mention(id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(mention)) => {
            let highlights = watched_places(&mention);
            let m = Shown::new(&mention, &highlights, &house.names, visit.tongue);
            let title = format!("{} {}", visit.tongue.words().mention, mention.id);
            let switch = visit.switch(&format!("/mentions/{}", mention.id));
            let page = MentionPage {
                frame: Frame::new(&visit, &house, &title, "", switch),
                m,
            };
            html(StatusCode::OK, &page)
        }
        Ok(None) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

fn missing(tongue: Tongue) -> Response {
    let message = tongue.words().not_found;
    answer::refuse(Face::Page, StatusCode::NOT_FOUND, tongue, message)
}

fn broken(error: &SearchError, tongue: Tongue) -> Response {
    answer::refuse(Face::Page, status_of(error), tongue, &told(error, tongue))
}

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
            (place, clean(name), told(value))
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
pub async fn cases(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    match house.archive.open_cases(MAX_CASES).await {
        Ok(cases) => {
            let row = |case: &Case| CaseRow::new(case, &house.names, visit.tongue);
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
pub async fn case(
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
    let shown = |mention| {
        let highlights = watched_places(mention);
        Shown::new(mention, &highlights, &house.names, visit.tongue)
    };
    let id = file.case.id;
    let title = format!("{} {id}", visit.tongue.words().case);
    let switch = visit.switch(&format!("/cases/{id}"));
    CasePage {
        frame: Frame::new(visit, house, &title, "cases", switch),
        case: CaseRow::new(&file.case, &house.names, visit.tongue),
        shown: file.mentions.iter().map(shown).collect(),
        model: house.model.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_says_the_language() {
        let check = |accepted: &str, expected: Option<Tongue>| {
            assert_eq!(preferred(accepted), expected, "{accepted}");
        };
        check("de-DE,de;q=0.9,en;q=0.8", Some(Tongue::De));
        check("en-GB,en;q=0.9,de;q=0.8", Some(Tongue::En));
        check("fr,en;q=0.3,de;q=0.7", Some(Tongue::De));
        check("fr", None);
        check(";q=;;,q=9", None);
    }

    #[test]
    fn a_caret_stands_below_the_fault() {
        let caret = Caret::new("Köln AND )", 10, 11);
        assert_eq!(format!("{}{}", caret.before, caret.wrong), "Köln AND )");
        assert_eq!(caret.marks, "         ^");
        let end = Caret::new("a AND", 5, 5);
        assert_eq!(end.marks, "     ^");
        let line = Caret::new("a\nb ) c\nd", 4, 5);
        assert_eq!((line.before.as_str(), line.after.as_str()), ("b ", " c"));
        assert_eq!(Caret::new("ü", 1, 900).marks, "^");
        assert_eq!(Caret::new("", 7, 3).marks, "^");
    }
}
