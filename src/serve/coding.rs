//! The weekly sample: two people judge the same statements blindly, and the page shows how far they
//! agree with each other and the model with them.

use super::answer::{broken, error_json, missing};
use super::api::failed;
use super::archive::Coded;
use super::coding_words::{self, Words};
use super::frame::{Frame, Visit, field, html};
use super::view::{Moment, clean, moment};
use super::words::Tongue;
use super::{House, Shared};
use crate::classify::agreement::alpha;
use crate::model::Stance;
use crate::store::{Coding, Judged, StoredMention};
use askama::Template;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// Mentions of a week that are judged by both.
const SAMPLE: usize = 20;
const CODERS: [u8; 2] = [1, 2];

/// A week from Monday to Sunday in Berlin.
struct Week {
    /// ISO 8601, for example `2026-W47`.
    name: String,
    published: Range<Timestamp>,
}

impl Week {
    /// The last one that is over.
    fn last(now: Timestamp) -> Option<Self> {
        let berlin = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
        let today = now.to_zoned(berlin.clone()).date();
        let back = i32::from(today.weekday().since(Weekday::Monday)) + 7;
        let monday = today.checked_sub(back.days()).ok()?;
        let next = monday.checked_add(7.days()).ok()?;
        let start = |date: jiff::civil::Date| date.to_zoned(berlin.clone()).ok();
        let iso = monday.iso_week_date();
        Some(Self {
            name: format!("{}-W{:02}", iso.year(), iso.week()),
            published: start(monday)?.timestamp()..start(next)?.timestamp(),
        })
    }
}

/// Agreement over all samples.
#[derive(Debug, Default, Clone, PartialEq, Serialize)]
struct Agreement {
    /// Statements that both people judged.
    both: usize,
    /// Krippendorff's alpha of the two.
    alpha: Option<f64>,
    /// Judgements that the model is compared with.
    judged: usize,
    /// The model's with each judgement.
    alpha_model: Option<f64>,
}

impl Agreement {
    fn of(codings: &[Coding]) -> Self {
        let mut units: BTreeMap<(i64, &str), Vec<&str>> = BTreeMap::new();
        for coding in codings {
            let unit = (coding.mention_id, coding.target.as_str());
            units.entry(unit).or_default().push(coding.stance.as_str());
        }
        let people: Vec<Vec<&str>> = units.into_values().filter(|unit| unit.len() > 1).collect();
        let with = |one: &Coding| vec![one.stance.as_str(), one.model.as_str()];
        let model: Vec<Vec<&str>> = codings.iter().map(with).collect();
        Self {
            both: people.len(),
            alpha: alpha(&people),
            judged: model.len(),
            alpha_model: alpha(&model),
        }
    }
}

/// A statement to judge, without what anybody said of it.
struct Statement {
    id: i64,
    kind: &'static str,
    published: Moment,
    title: String,
    text: String,
    target_key: String,
    target: String,
    /// What this person said; empty where nothing was said yet.
    said: &'static str,
}

#[derive(Template)]
#[template(path = "coding.html", config = "src/serve/askama.toml")]
struct CodingPage {
    frame: Frame,
    c: &'static Words,
    week: String,
    /// `1`, `2`, or 0 before the choice.
    coder: u8,
    /// Addresses of the page for each person.
    coders: Vec<(u8, String)>,
    /// Where judgements go.
    action: String,
    choices: Vec<(&'static str, &'static str)>,
    statements: Vec<Statement>,
    done: usize,
    /// Name, count, and alpha as it is written.
    rows: Vec<(&'static str, usize, String)>,
}

/// `GET /coding`, with `coder=1` or `2`.
pub async fn page(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let visit = Visit::new(&headers, &query);
    let coder = field(&query, "coder").and_then(|coder| coder_of(&coder));
    match shown(&house, &visit, coder.unwrap_or(0)).await {
        Ok(page) => html(StatusCode::OK, &page),
        Err(error) => broken(&error, visit.tongue),
    }
}

async fn shown(
    house: &House,
    visit: &Visit,
    coder: u8,
) -> Result<CodingPage, super::archive::SearchError> {
    let c = coding_words::words(visit.tongue);
    let codings = house.archive.codings().await?;
    let week = Week::last(house.clock.now());
    let (name, sample) = match week {
        Some(week) if coder > 0 => {
            let sample = house.archive.sample(week.published, SAMPLE).await?;
            (week.name, sample)
        }
        Some(week) => (week.name, Vec::new()),
        None => (String::new(), Vec::new()),
    };
    let statement = |mention: &StoredMention| statement(mention, house, visit, &codings, coder);
    let statements: Vec<Statement> = sample.iter().filter_map(statement).collect();
    let address = |coder: u8| match visit.lang() {
        "" => format!("/coding?coder={coder}"),
        lang => format!("/coding?coder={coder}&lang={lang}"),
    };
    let other = visit.tongue.words().switch_lang;
    let switch = match coder {
        0 => format!("/coding?lang={other}"),
        _ => format!("/coding?coder={coder}&lang={other}"),
    };
    Ok(CodingPage {
        frame: Frame::new(visit, house, c.heading, "coding", switch),
        c,
        week: name,
        coder,
        coders: CODERS.map(|coder| (coder, address(coder))).to_vec(),
        action: address(coder),
        choices: Stance::ALL
            .map(|stance| (stance.as_str(), visit.tongue.stance(stance)))
            .to_vec(),
        done: statements.iter().filter(|one| !one.said.is_empty()).count(),
        statements,
        rows: rows(&Agreement::of(&codings), c, visit.tongue),
    })
}

fn rows(agreement: &Agreement, c: &Words, tongue: Tongue) -> Vec<(&'static str, usize, String)> {
    let written = |alpha: Option<f64>| match (alpha, tongue) {
        (None, _) => c.none_yet.to_owned(),
        (Some(alpha), Tongue::De) => format!("{alpha:.2}").replace('.', ","),
        (Some(alpha), Tongue::En) => format!("{alpha:.2}"),
    };
    vec![
        (c.people, agreement.both, written(agreement.alpha)),
        (c.model, agreement.judged, written(agreement.alpha_model)),
    ]
}

fn statement(
    mention: &StoredMention,
    house: &House,
    visit: &Visit,
    codings: &[Coding],
    coder: u8,
) -> Option<Statement> {
    let target = &mention.labels.stances.first()?.target;
    let mine = codings
        .iter()
        .find(|one| one.mention_id == mention.id && one.target == *target && one.coder == coder);
    Some(Statement {
        id: mention.id,
        kind: visit.tongue.kind(mention.kind),
        published: moment(mention.published, visit.tongue),
        title: clean(&mention.title),
        text: clean(&mention.text),
        target_key: target.clone(),
        target: house.names().target(target),
        said: mine.map_or("", |coding| coding.stance.as_str()),
    })
}

/// `POST /coding`: one judgement of the page; goes back to it.
pub async fn code(
    State(house): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: String,
) -> Response {
    let query = query.unwrap_or_default();
    let visit = Visit::new(&headers, &query);
    let Some((coded, back)) = read(&house, &query, &body) else {
        let message = "coder must be 1 or 2, mention a number, and stance one that there is";
        return error_json(StatusCode::BAD_REQUEST, "bad_request", message, None);
    };
    match house.archive.code(coded).await {
        Ok(Judged::Done) => Redirect::to(&back).into_response(),
        Ok(Judged::NoMention | Judged::NoTarget) => missing(visit.tongue),
        Err(error) => broken(&error, visit.tongue),
    }
}

/// The judgement, and the page's address with the place of the statement.
fn read(house: &House, query: &str, body: &str) -> Option<(Coded, String)> {
    let coder = coder_of(&field(query, "coder")?)?;
    let id: i64 = field(body, "mention")?.parse().ok()?;
    let stance = match field(body, "stance")?.as_str() {
        "" => None,
        name => Some(Stance::parse(name)?),
    };
    let lang = field(query, "lang").and_then(|code| Tongue::parse(&code));
    let lang = lang.map_or_else(String::new, |tongue| {
        format!("&lang={}", tongue.words().lang)
    });
    let coded = Coded {
        week: Week::last(house.clock.now())?.name,
        id,
        target: field(body, "target")?,
        coder,
        stance,
    };
    Some((coded, format!("/coding?coder={coder}{lang}#m{id}")))
}

fn coder_of(written: &str) -> Option<u8> {
    let coder = written.parse().ok()?;
    CODERS.contains(&coder).then_some(coder)
}

/// `GET /api/coding`: how far people agree, and the model with them.
pub async fn json(State(house): State<Shared>) -> Response {
    match house.archive.codings().await {
        Ok(codings) => Json(Agreement::of(&codings)).into_response(),
        Err(error) => failed(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_week_that_is_over() {
        for (now, name, start) in [
            ("2026-11-23T00:30:00Z", "2026-W47", "2026-11-15T23:00:00Z"),
            ("2026-11-22T22:59:00Z", "2026-W46", "2026-11-08T23:00:00Z"),
            ("2027-01-04T12:00:00Z", "2026-W53", "2026-12-27T23:00:00Z"),
            ("2026-10-26T12:00:00Z", "2026-W43", "2026-10-18T22:00:00Z"),
        ] {
            let week = Week::last(now.parse().unwrap()).unwrap();
            assert_eq!(
                (week.name.as_str(), week.published.start),
                (name, start.parse().unwrap())
            );
        }
    }

    #[test]
    fn agreement_of_people_and_model() {
        let coding = |mention_id, coder, stance| Coding {
            week: "2026-W47".into(),
            mention_id,
            target: "ministry".into(),
            coder,
            stance,
            model: Stance::Critical,
        };
        let codings = [
            coding(1, 1, Stance::Critical),
            coding(1, 2, Stance::Critical),
            coding(2, 1, Stance::Neutral),
            coding(2, 2, Stance::Neutral),
            coding(3, 1, Stance::Neutral),
        ];
        let agreement = Agreement::of(&codings);
        assert_eq!((agreement.both, agreement.judged), (2, 5));
        assert_eq!(agreement.alpha, Some(1.0));
        assert!(agreement.alpha_model.unwrap() < 0.5);
        assert_eq!(Agreement::of(&[]), Agreement::default());
    }
}
