//! The JSON API. Names of fields are part of the contract; an item never holds a
//! pseudonym, a key, a handle or anything sealed.

use super::answer::{error_json, status_of};
use super::archive::{Found, SearchError, SourceGap};
use super::mention::{path, places};
use super::params::{self, Fault};
use super::view::{Shown, public_url};
use super::words::Tongue;
use super::{House, Shared};
use crate::model::{Author, Differs, FlagLabel, Kind, Says, Span, StanceLabel};
use crate::store::{Address, Case, StoredMention};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// Most cases of one answer.
const MAX_CASES: usize = 200;

/// The answer of a search.
#[derive(Serialize)]
struct Answer<'a> {
    /// All mentions that the search finds.
    total: u64,
    items: Vec<Item<'a>>,
    /// Value of `after` for the next page; `null` on the last one.
    next: Option<&'a str>,
    /// False where a part of the archive could not be searched and mentions may be missing.
    whole: bool,
    /// Times within the search in which a source could not be heard: few mentions there are no
    /// silence. The newest hundred at most.
    gaps: Vec<SourceGap>,
}

/// One mention. Times are RFC 3339 UTC, spans are byte ranges in `title` or `text`.
#[derive(Serialize)]
pub struct Item<'a> {
    id: i64,
    source: &'a str,
    platform: &'a str,
    kind: &'static str,
    published: Timestamp,
    edited: Option<Timestamp>,
    /// When it reached this house.
    collected: Timestamp,
    title: &'a str,
    text: &'a str,
    lang: &'a str,
    site: &'a str,
    /// Public address; absent for a private author's item.
    url: Option<String>,
    /// Name of a public voice; absent for everyone else.
    voice: Option<&'a str>,
    watches: Vec<Watch<'a>>,
    stances: &'a [StanceLabel],
    flags: &'a [FlagLabel],
    /// What else it does: probabilities that it claims a fact, asks, denies; a phrase of hearsay.
    says: &'a Says,
    /// Where it differs from the ministry's own statements.
    differs: Vec<Value>,
    /// Of one mention that differs: what was seen when its page was looked at again.
    #[serde(skip_serializing_if = "Option::is_none")]
    looked: Option<Value>,
    model: &'a str,
    highlights: &'a [Span],
    /// Near-copies have the same; the parameter `story` lists them.
    story: i64,
    /// Mentions of the story that match, with `group=story`.
    in_story: u64,
}

#[derive(Serialize)]
struct Watch<'a> {
    name: &'a str,
    target: &'a str,
}

impl<'a> Item<'a> {
    /// A mention with the places that a query found in it.
    pub fn found(found: &'a Found) -> Self {
        Self {
            in_story: found.in_story,
            ..Self::new(&found.mention, &found.highlights)
        }
    }

    fn new(mention: &'a StoredMention, highlights: &'a [Span]) -> Self {
        let watches = mention.matches.iter().map(|matched| Watch {
            name: &matched.watch,
            target: &matched.target,
        });
        Self {
            id: mention.id,
            source: &mention.source,
            platform: &mention.platform,
            kind: mention.kind.as_str(),
            published: mention.published,
            edited: mention.edited,
            collected: mention.collected,
            title: &mention.title,
            text: &mention.text,
            lang: &mention.lang,
            site: &mention.site,
            url: mention.url.as_deref().and_then(public_url),
            voice: match &mention.author {
                Some(Author::Voice { name, .. }) => Some(name),
                Some(Author::Private { .. }) | None => None,
            },
            watches: watches.collect(),
            stances: &mention.labels.stances,
            flags: &mention.labels.flags,
            says: &mention.labels.says,
            differs: mention.differs.iter().map(difference).collect(),
            looked: None,
            model: &mention.labels.model,
            highlights,
            story: mention.story,
            in_story: 1,
        }
    }
}

/// Both passages, side by side.
fn difference(differs: &Differs) -> Value {
    json!({
        "what": differs.what,
        "span": differs.span,
        "theirs": differs.theirs,
        "sentence": differs.sentence,
        "ours": differs.ours,
        "our_sentence": differs.our_sentence,
        "certainty": differs.certainty,
    })
}

/// `GET /api`: what this is and where to go.
pub async fn about(State(house): State<Shared>) -> Response {
    Json(json!({
        "name": "resonanz",
        "version": env!("CARGO_PKG_VERSION"),
        "model": house.model(),
        "links": {
            "search": "/api/search",
            "mention": "/api/mentions/{id}",
            "correct a label (POST)": "/api/mentions/{id}/stance",
            "what a mention may repeat": "/api/mentions/{id}/claims",
            "worth checking": "/api/rumours",
            "register of claims": "/api/claims",
            "our own statements, entered by hand": "/api/statements",
            "saved searches": "/api/saved",
            "cases": "/api/cases",
            "watches": "/api/watches",
            "try a watch (POST)": "/api/watches/test",
            "Elasticsearch dialect": "/es",
            "metrics": "/metrics",
            "health": "/healthz",
            "ready": "/readyz",
        },
        "parameters": params::KNOWN,
    }))
    .into_response()
}

/// `GET /api/search`: the same parameters and the same numbers as the page.
pub async fn search(State(house): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked = match params::read(&query, &[], house.clock.now()) {
        Ok(asked) => asked,
        Err(fault) => return bad_parameter(&fault),
    };
    let (since, until) = (asked.request.since, asked.request.until);
    let results = house.archive.search(asked.request).await;
    let gaps = house.archive.gaps(since, until).await;
    match results.and_then(|results| Ok((results, gaps?))) {
        Ok((results, gaps)) => {
            let items = results.items.iter();
            Json(Answer {
                total: results.total,
                items: items.map(Item::found).collect(),
                next: results.next.as_deref(),
                whole: results.whole,
                gaps,
            })
            .into_response()
        }
        Err(error) => failed(&error),
    }
}

/// `GET /api/mentions/{id}`: one mention; its highlights are the places that its watches matched.
pub async fn mention(State(house): State<Shared>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse() else {
        return missing();
    };
    match house.archive.mention(id).await {
        Ok(Some(mention)) => {
            let highlights = watched_places(&mention);
            let mut item = Item::new(&mention, &highlights);
            match tell_differences(&house, &mention, &mut item).await {
                Ok(()) => Json(item).into_response(),
                Err(error) => failed(&error),
            }
        }
        Ok(None) => missing(),
        Err(error) => failed(&error),
    }
}

/// Adds where the statements are that a mention differs from, and what became of its page.
async fn tell_differences(
    house: &House,
    mention: &StoredMention,
    item: &mut Item<'_>,
) -> Result<(), SearchError> {
    if mention.kind != Kind::Article {
        return Ok(());
    }
    let places = places(house, mention).await;
    for (told, differs) in item.differs.iter_mut().zip(&mention.differs) {
        let ours = places
            .iter()
            .find(|ours| ours.statement == differs.statement);
        let place = |ours: &Address| json!({ "page": path(ours), "url": ours.url });
        told["statement"] = ours.map_or(Value::Null, place);
    }
    let looked = house.checking.looked(mention.id).await?;
    item.looked = looked.map(|looked| {
        json!({
            "at": looked.at,
            "seen": looked.seen.as_str(),
            "amended": looked.amended.map(|(at, how)| json!({ "at": at, "how": how })),
        })
    });
    Ok(())
}

/// Mentions as lists show them, with the places that their watches matched.
pub fn shown(mentions: &[StoredMention], house: &House, tongue: Tongue) -> Vec<Shown> {
    let names = house.names();
    let one = |mention| Shown::new(mention, &watched_places(mention), &names, tongue);
    mentions.iter().map(one).collect()
}

/// The places in a mention that its watches matched.
pub fn watched_places(mention: &StoredMention) -> Vec<Span> {
    let matches = mention.matches.iter();
    matches.flat_map(|matched| matched.spans.clone()).collect()
}

/// `GET /api/cases`: the cases that nobody has closed, newest first.
pub async fn cases(State(house): State<Shared>) -> Response {
    match house.archive.open_cases(MAX_CASES).await {
        Ok(cases) => {
            let items: Vec<_> = cases.iter().map(case).collect();
            Json(json!({ "items": items })).into_response()
        }
        Err(error) => failed(&error),
    }
}

fn case(case: &Case) -> serde_json::Value {
    json!({
        "id": case.id,
        "rule": case.rule,
        "watch": case.watch,
        "state": case.state.as_str(),
        "opened": case.opened,
        "last": case.last,
        "facts": case.facts,
        "mentions": case.mentions,
    })
}

pub fn bad_parameter(fault: &Fault) -> Response {
    let status = StatusCode::BAD_REQUEST;
    error_json(status, "bad_parameter", &fault.to_string(), None)
}

pub fn missing() -> Response {
    let message = "no such mention, or not any more";
    error_json(StatusCode::NOT_FOUND, "not_found", message, None)
}

pub fn failed(error: &SearchError) -> Response {
    let (code, place) = match error {
        SearchError::BadQuery { start, end, .. } => ("bad_query", Some((*start, *end))),
        SearchError::BadMark | SearchError::BadAggregation(_) | SearchError::TooManyInCases => {
            ("bad_parameter", None)
        }
        SearchError::TimedOut => ("timed_out", None),
        SearchError::Busy => ("busy", None),
        SearchError::Internal => ("internal", None),
    };
    // A program that is told 408 knows that it asked for too much; a browser would ask again.
    let status = match error {
        SearchError::TimedOut => StatusCode::REQUEST_TIMEOUT,
        error => status_of(error),
    };
    let mut response = error_json(status, code, &error.to_string(), place);
    if *error == SearchError::Busy {
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}
