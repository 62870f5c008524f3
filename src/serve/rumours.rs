//! What is worth checking: a card for each flagged story, with why, what is known, and whether the
//! office found the flag worth it. By page and by API.

use super::answer::{bad, broken, error_json, missing};
use super::api::{failed, shown};
use super::archive::{ClaimRef, SearchError, StoryFile};
use super::frame::{Frame, Visit, field, html};
use super::rumour_words::{self, Words, part};

use super::view::{Moment, ReasonLine, Shown, clean, moment, public_url, weight};
use super::words::{Tongue, people};
use super::{House, Shared};
use crate::model::StoryWeight;
use crate::store::StoredMatch;
use askama::Template;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Value, json};

/// Most stories of one answer.
const MAX_STORIES: usize = 50;

/// One story as the page shows it.
struct Card {
    story: i64,
    flagged: Option<Moment>,
    first: Moment,
    score: u32,
    threshold: u32,
    figures: Vec<(&'static str, String)>,
    reasons: Vec<ReasonLine>,
    model: String,
    said: &'static str,
    mentions: Vec<Shown>,
    known: Vec<Known>,
    all: String,
    action: String,
    /// Leads to a new entry of the register with the first mention's words.
    add: String,
}

/// An entry of the register beside a story or a mention.
pub struct Known {
    pub key: String,
    pub claim: String,
    pub answer: String,
    pub url: Option<String>,
    pub is_check: bool,
    pub percent: u32,
    pub sure: bool,
    /// `yes`, `no`, or empty.
    pub said: &'static str,
    pub reasons: Vec<String>,
}

impl Known {
    pub fn of(found: &StoredMatch) -> Option<Self> {
        let key = ClaimRef::of(found)?;
        let seen = found.reasons.iter().map(|reason| clean(&reason.seen));
        Some(Self {
            key: key.to_string(),
            claim: clean(&found.text.claim),
            answer: clean(&found.text.answer),
            url: public_url(&found.text.url),
            is_check: matches!(key, ClaimRef::Check(_)),
            percent: percent(found.probability),
            sure: found.grade == crate::model::ClaimGrade::Confirmed,
            said: said(found.judged),
            reasons: seen.filter(|seen| !seen.is_empty()).collect(),
        })
    }
}

pub fn said(judged: Option<bool>) -> &'static str {
    match judged {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

/// The inverse of [`said`]; none for what is neither.
pub fn judged(said: &str) -> Option<Option<bool>> {
    match said {
        "yes" => Some(Some(true)),
        "no" => Some(Some(false)),
        "" => Some(None),
        _ => None,
    }
}

fn percent(share: f32) -> u32 {
    (share.clamp(0.0, 1.0) * 100.0).round() as u32
}

#[derive(Template)]
#[template(path = "rumours.html", config = "src/serve/askama.toml")]
struct RumoursPage {
    frame: Frame,
    r: &'static Words,
    cards: Vec<Card>,
}

/// `GET /rumours`.
pub async fn page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let visit = Visit::new(&headers, &query.unwrap_or_default());
    match house.checking.rumours(MAX_STORIES).await {
        Ok(files) => {
            let r = rumour_words::words(visit.tongue);
            let switch = visit.switch("/rumours");
            let page = RumoursPage {
                frame: Frame::new(&visit, &house, r.heading, "rumours", switch),
                cards: files
                    .iter()
                    .map(|file| card(&house, &visit, file))
                    .collect(),
                r,
            };
            html(StatusCode::OK, &page)
        }
        Err(error) => broken(&error, visit.tongue),
    }
}

fn card(house: &House, visit: &Visit, file: &StoryFile) -> Card {
    let tongue = visit.tongue;
    let story = &file.story;
    // Why it was flagged is told as it was; how large it is, as it is.
    let flagged = story.flagged.as_ref();
    let reason = flagged.map_or(&story.weight, |(_, weight)| weight);
    let first = file.mentions.first();
    let words = first.map_or("", |first| match first.title.is_empty() {
        true => first.text.as_str(),
        false => first.title.as_str(),
    });
    let words: String = words.chars().take(300).collect();
    let mut add = url::form_urlencoded::Serializer::new("/claims?".to_owned());
    add.append_pair("claim", &words);
    let lang = visit.lang();
    if !lang.is_empty() {
        add.append_pair("lang", lang);
    }
    let id = story.weight.story;
    let and_lang = match lang {
        "" => String::new(),
        lang => format!("&lang={lang}"),
    };
    Card {
        story: id,
        flagged: flagged.map(|(at, _)| moment(*at, tongue)),
        first: moment(story.weight.figures.first, tongue),
        score: percent(reason.score),
        threshold: percent(reason.threshold),
        figures: figures(&story.weight, tongue),
        reasons: reasons(reason, tongue),
        model: clean(&reason.model),
        said: said(story.judged),
        mentions: shown(&file.mentions, house, tongue),
        known: file.claims.iter().filter_map(Known::of).collect(),
        all: format!("/?story={id}{and_lang}"),
        action: format!("/rumours/{id}{}", visit.carry),
        add: add.finish(),
    }
}

fn figures(weight: &StoryWeight, tongue: Tongue) -> Vec<(&'static str, String)> {
    let r = rumour_words::words(tongue);
    let figures = &weight.figures;
    let mut told = vec![
        (r.saying, figures.mentions.to_string()),
        (r.independent, figures.independent.to_string()),
        (r.platforms, figures.platforms.to_string()),
        (r.asking, figures.asking.to_string()),
        (r.denying, figures.denying.to_string()),
        (r.hearsay, figures.hearsay.to_string()),
    ];
    if let Some(minutes) = figures.doubled_minutes {
        let lasted = match minutes {
            ..120 => format!("{minutes} {}", r.minutes),
            _ => format!("{} {}", (minutes + 30) / 60, r.hours),
        };
        told.push((r.doubled, lasted));
    }
    if let Some(reach) = figures.reach {
        told.push((r.reach, people(reach, tongue).to_owned()));
    }
    told
}

fn reasons(weighed: &StoryWeight, tongue: Tongue) -> Vec<ReasonLine> {
    let mut parts = weighed.parts.clone();
    parts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let line = |(name, value): &(String, f32)| ReasonLine {
        rule: part(name, tongue).to_owned(),
        seen: String::new(),
        weight: weight(*value, tongue),
    };
    parts.iter().map(line).collect()
}

/// `POST /rumours/{story}`: the form `said=yes|no|`; goes back to the list.
pub async fn judge_by_page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Path(story): Path<String>,
    body: String,
) -> Response {
    let query = query.unwrap_or_default();
    let visit = Visit::new(&headers, &query);
    let said = field(&body, "said").unwrap_or_default();
    let (Ok(story), Some(judged)) = (story.parse(), judged(&said)) else {
        return missing(visit.tongue);
    };
    match house.checking.judge_rumour(story, judged).await {
        Ok(true) => Redirect::to(&format!("/rumours{}#s{story}", visit.carry)).into_response(),
        Ok(false) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

/// `GET /api/rumours`: the flagged stories, the latest flag first.
pub async fn list(State(house): State<Shared>) -> Response {
    match house.checking.rumours(MAX_STORIES).await {
        Ok(files) => {
            let items: Vec<Value> = files.iter().map(told).collect();
            Json(json!({ "items": items })).into_response()
        }
        Err(error) => failed(&error),
    }
}

/// `GET /api/rumours/{story}`: a story as it was weighed, flagged or not.
pub async fn one(State(house): State<Shared>, Path(story): Path<String>) -> Response {
    let Ok(story) = story.parse() else {
        return nothing();
    };
    match house.checking.rumour(story).await {
        Ok(Some(file)) => Json(told(&file)).into_response(),
        Ok(None) => nothing(),
        Err(error) => failed(&error),
    }
}

fn told(file: &StoryFile) -> Value {
    let flagged = file.story.flagged.as_ref();
    json!({
        "story": file.story.weight.story,
        "flagged": flagged.map(|(at, _)| at),
        "reasons": flagged.map(|(_, weight)| weight),
        "now": file.story.weight,
        "weighed": file.story.weighed,
        "judged": file.story.judged,
        "mentions": file.mentions.iter().map(|mention| mention.id).collect::<Vec<_>>(),
        "claims": file.claims.iter().filter_map(super::claims::match_json).collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judgement {
    /// Left out: taken back.
    #[serde(default)]
    worth_checking: Option<bool>,
}

/// `POST /api/rumours/{story}` with `{"worth_checking": true|false}`; without it what was said is
/// taken back.
pub async fn judge_by_api(
    State(house): State<Shared>,
    Path(story): Path<String>,
    body: String,
) -> Response {
    let judgement: Judgement = match serde_json::from_str(&body) {
        Ok(judgement) => judgement,
        Err(error) => return bad(&format!("the body is no judgement: {error}")),
    };
    let Ok(story) = story.parse() else {
        return nothing();
    };
    done(
        house
            .checking
            .judge_rumour(story, judgement.worth_checking)
            .await,
    )
}

pub(super) fn done(outcome: Result<bool, SearchError>) -> Response {
    match outcome {
        Ok(true) => Json(json!({ "done": true })).into_response(),
        Ok(false) => nothing(),
        Err(error) => failed(&error),
    }
}

pub(super) fn nothing() -> Response {
    let message = "no such thing, or not any more";
    error_json(StatusCode::NOT_FOUND, "not_found", message, None)
}
