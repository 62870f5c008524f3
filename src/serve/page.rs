//! The pages: handlers, and what each template is given. They work without JavaScript; there is
//! none. All output is escaped by the templates.

use super::answer::{status_of, told};
use super::archive::{Request, Results, SearchError};
use super::frame::{Frame, Visit, html};
use super::params::{self, Asked, Group};
use super::saved::Shelf;
use super::status::{Ears, Lost};
use super::view::{Shown, clean};
use super::words::Tongue;
use super::{House, Names, Shared, form};
use crate::index::Facets;
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

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
    saved: Shelf,
    ears: Ears,
    lost: Lost,
    model: String,
    trouble: Option<Trouble>,
    total: u64,
    /// False where mentions may be missing.
    whole: bool,
    shown: Vec<Shown>,
    /// Address of the next page and of the first; empty where there is none.
    next: String,
    first: String,
    json: String,
    /// This search and page as an address's query part: the links to mentions carry it, so that the
    /// way back is known.
    search: String,
    /// Under an empty result: true when every source was heard throughout.
    heard: bool,
}

/// What stands beside the results.
struct Beside {
    ears: Ears,
    lost: Lost,
    saved: Shelf,
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
            let asked = asked.of_page();
            let request = Request {
                aggregations: Facets::ask().ok(),
                ..asked.request.clone()
            };
            let found = house.archive.search(request).await;
            let outcome = found.map_err(|error| {
                let trouble = trouble(&error, &asked.request.query, visit.tongue);
                (status_of(&error), trouble)
            });
            (asked, outcome)
        }
    };
    let beside = Beside {
        ears: Ears::of(&house, visit.tongue).await,
        lost: Lost::of(&house, &asked.request, visit.tongue).await,
        saved: Shelf::of(&house, &asked, &visit).await,
    };
    let (status, trouble, results) = match outcome {
        Ok(results) => (StatusCode::OK, None, results),
        Err((status, trouble)) => (status, Some(trouble), Results::default()),
    };
    let mut response = html(
        status,
        &search_page(&house, &visit, &asked, beside, trouble, results),
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
            // A fault without a place (too broad, too expensive) is the whole query's.
            let placed = *end > 0 || query.is_empty();
            let caret = placed.then(|| Caret::new(query, *start, *end));
            (words.query_wrong, caret)
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
    beside: Beside,
    trouble: Option<Trouble>,
    results: Results,
) -> SearchPage {
    let Beside { ears, lost, saved } = beside;
    let lang = ("lang", visit.lang());
    let switch = asked.address(&[("lang", visit.tongue.words().switch_lang)]);
    let title = match asked.request.query.as_str() {
        "" => visit.tongue.words().nav_search.to_owned(),
        query => clean(query),
    };
    let shown = |found: &super::Found| {
        let shown = Shown::new(
            &found.mention,
            &found.highlights,
            &house.names(),
            visit.tongue,
        );
        shown.with_copies(found, asked, lang)
    };
    let facets = results.aggregated.as_ref().map(Facets::read);
    let facets = facets.unwrap_or_default();
    SearchPage {
        frame: Frame::new(visit, house, &title, "search", format!("/{switch}")),
        form: search_form(&house.names(), &facets, asked, visit),
        heard: ears.heard(&lost),
        ears,
        lost,
        saved,
        model: house.model(),
        trouble,
        total: results.total,
        whole: results.whole,
        shown: results.items.iter().map(shown).collect(),
        next: results.next.as_deref().map_or_else(String::new, |next| {
            format!("/{}", asked.address(&[lang, ("after", next)]))
        }),
        first: match asked.request.after {
            Some(_) => format!("/{}", asked.address(&[lang])),
            None => String::new(),
        },
        // The API lists every mention where it is not asked otherwise.
        json: format!("/api/search{}", asked.address(&[group(asked)])),
        search: asked.address(&[lang, after(asked)]),
    }
}

/// The page mark as a parameter; empty on the first page.
pub(super) fn after(asked: &Asked) -> (&'static str, &str) {
    ("after", asked.request.after.as_deref().unwrap_or_default())
}

/// The page's grouping as a parameter; empty where the address says it.
fn group(asked: &Asked) -> (&'static str, &'static str) {
    match asked.group {
        None if asked.request.one_of_each_story => ("group", Group::Story.as_str()),
        _ => ("group", ""),
    }
}

fn search_form(names: &Names, facets: &Facets, asked: &Asked, visit: &Visit) -> form::SearchForm {
    form::SearchForm::new(names, facets, asked, visit.tongue, visit.lang())
}

#[cfg(test)]
mod tests {
    use super::*;

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
