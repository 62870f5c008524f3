//! Registers that answer JSON: parliament's, FragDenStaat's, Google's of fact checks, on loopback.

use crate::fixtures::check_folder;
use crate::neighbours::http::{Neighbour, Request, response};
use crate::sources_x::{parameter, secret};
use futures_util::StreamExt;
use jiff::Timestamp;
use resonanz::clock::Clock;
use resonanz::collect::http::Limits;
use resonanz::collect::poller::Poller;
use resonanz::collect::source::{Event, Source, SourceError, Standing};
use resonanz::collect::{Recorded, dip, fact_check, fragdenstaat};
use resonanz::model::{Change, Cursor};
use serde_json::{Value, json};

#[test]
fn fixtures() {
    check_folder(Recorded::Dip, "dip");
    check_folder(Recorded::FragDenStaat, "fragdenstaat");
    check_folder(Recorded::FactCheck, "fact-check");
}

fn now() -> Clock {
    Clock::simulated("2026-11-29T09:00:00Z".parse::<Timestamp>().unwrap())
}

/// The keys of a source at this address, with more or other ones.
fn keys(address: &str, more: &Value) -> Value {
    let mut keys = json!({"url": address, "allow_private": ["127.0.0.1"]});
    let own = keys.as_object_mut().unwrap();
    own.extend(more.as_object().unwrap().clone());
    keys
}

pub fn dip_at(address: &str, more: Value, limits: Limits) -> Result<Poller, String> {
    let mut all = json!({"api_key_file": secret("dip-key", "k3y\n"), "resources": ["drucksache"]});
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let config = serde_json::from_value(keys(address, &all)).unwrap();
    dip::with_limits("dip", &config, &now(), limits)
}

pub fn fragdenstaat_at(address: &str, more: Value) -> Result<Poller, String> {
    let config = serde_json::from_value(keys(address, &more)).unwrap();
    fragdenstaat::with_limits("fragdenstaat", &config, &now(), Limits::default())
}

pub fn fact_check_at(address: &str, more: Value) -> Result<Poller, String> {
    let mut all = json!({"api_key_file": secret("fact-key", "k3y\n"), "queries": ["Ministerium"]});
    all.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let config = serde_json::from_value(keys(address, &all)).unwrap();
    fact_check::with_limits("fact-check", &config, &now(), Limits::default())
}

/// One look: what came, and how it ended.
async fn look(
    source: &Poller,
    resume: Option<Cursor>,
) -> (Vec<String>, Option<Cursor>, Option<SourceError>) {
    let (events, cursor, failure) = crate::look::look(source, resume.clone()).await;
    let told = events.into_iter().filter_map(|event| match event {
        Event::Change(Change::Upsert(item)) => Some(item.id.clone()),
        Event::Nothing => None,
        other => Some(format!("{other:?}")),
    });
    (told.collect(), cursor.or(resume), failure)
}

/// A paper of parliament, with all that the official description demands.
pub fn paper(n: i64, state: &str) -> Value {
    let (id, number, date) = (n.to_string(), format!("21/{n}"), "2026-11-28");
    json!({"id": id, "typ": "Dokument", "dokumentart": "Drucksache", "drucksachetyp": state,
        "dokumentnummer": number, "herausgeber": "BT", "titel": format!("Papier {n}"), "datum": date,
        "aktualisiert": "2026-11-29T08:00:00+01:00", "autoren_anzahl": 0, "vorgangsbezug_anzahl": 0,
        "fundstelle": {"id": id, "dokumentart": "Drucksache", "dokumentnummer": number,
            "datum": date, "herausgeber": "BT", "urheber": []}})
}

fn json(value: &Value) -> crate::neighbours::http::Reply {
    response(200, &[], value.to_string().as_bytes())
}

#[tokio::test]
async fn papers_are_asked_for_page_by_page_since_the_last_news() {
    let neighbour = Neighbour::start(|request: &Request| {
        let papers: Vec<Value> = match parameter(request, "cursor").as_str() {
            "" => (1..=3).map(|n| paper(n, "Antrag")).collect(),
            "b" => (3..=4).map(|n| paper(n, "Antrag")).collect(),
            _ => return json(&json!({"documents": [], "cursor": "c"})),
        };
        let next = if papers.len() == 3 { "b" } else { "c" };
        json(&json!({"numFound": 4, "documents": papers, "cursor": next}))
    })
    .await;
    let source = dip_at(&neighbour.url(""), json!({}), Limits::default()).unwrap();
    let (told, cursor, failure) = look(&source, None).await;
    let all = [
        "drucksache/1",
        "drucksache/2",
        "drucksache/3",
        "drucksache/4",
    ];
    assert_eq!((told, failure), (all.map(str::to_owned).to_vec(), None));
    let asked = neighbour.requests();
    assert_eq!(asked.len(), 3);
    assert!(asked[0].path.starts_with("/api/v1/drucksache?"));
    assert_eq!(asked[0].header("authorization"), Some("ApiKey k3y"));
    // Three days back, by Berlin's clock; then a day before the last news.
    assert_eq!(
        parameter(&asked[0], "f.aktualisiert.start"),
        "2026-11-26T10:00:00+01:00"
    );
    assert_eq!(
        parameter(&asked[2], "f.aktualisiert.start"),
        "2026-11-26T10:00:00+01:00"
    );
    let (told, _, _) = look(&source, cursor).await;
    assert_eq!(told, [""; 0]);
    let again = neighbour.requests().pop().unwrap();
    assert_eq!(
        parameter(&again, "f.aktualisiert.start"),
        "2026-11-28T10:00:00+01:00"
    );
}

#[tokio::test]
async fn a_key_that_is_refused_or_missing_is_said_aloud() {
    let neighbour = Neighbour::start(|_| response(401, &[], b"{}")).await;
    let source = dip_at(&neighbour.url(""), json!({}), Limits::default()).unwrap();
    let (_, _, failure) = look(&source, None).await;
    assert_eq!(failure, Some(SourceError::Refused("HTTP 401".to_owned())));
    assert!(matches!(source.check().await, Standing::NeedsKey(why) if why.contains("401")));
    let none = json!({"api_key_file": "/nowhere/key"});
    let source = dip_at(&neighbour.url(""), none, Limits::default()).unwrap();
    let (_, _, failure) = look(&source, None).await;
    assert!(matches!(failure, Some(SourceError::Refused(why)) if why.contains("`api_key_file`")));
    assert!(matches!(source.check().await, Standing::NeedsKey(why) if why.contains("/nowhere")));
    // Who asks without a key lacks none, and what passes is no fault of a key.
    let open = fragdenstaat_at(&neighbour.url(""), json!({"public_bodies": ["amt"]})).unwrap();
    assert!(matches!(open.check().await, Standing::Unreachable(_)));
    let broken = Neighbour::start(|_| response(500, &[], b"")).await;
    let source = dip_at(&broken.url(""), json!({}), Limits::default()).unwrap();
    assert!(matches!(source.check().await, Standing::Unreachable(_)));
}

#[tokio::test]
async fn a_page_that_checks_ten_claims_is_ten_checks() {
    let swapped = std::sync::atomic::AtomicBool::new(false);
    let neighbour = Neighbour::start(move |_: &Request| {
        let claim = |text: &str, rating: &str| {
            json!({"text": text, "claimReview": [{"textualRating": rating,
                "url": "https://pruefer.example/kette"}]})
        };
        let mut claims = [claim("Es regnet", "Falsch"), claim("Es schneit", "Stimmt")];
        // The next look finds them in another order: nothing is new, and nothing an edit.
        if swapped.fetch_xor(true, std::sync::atomic::Ordering::SeqCst) {
            claims.reverse();
        }
        json(&json!({"claims": claims}))
    })
    .await;
    let source = fact_check_at(&neighbour.url(""), json!({})).unwrap();
    let (told, cursor, _) = look(&source, None).await;
    assert_eq!(told.len(), 2);
    assert_eq!(look(&source, cursor).await.0, [""; 0]);
}

#[tokio::test]
async fn requests_are_told_again_when_their_state_changes() {
    let neighbour = Neighbour::start({
        let looks = std::sync::atomic::AtomicUsize::new(0);
        move |request: &Request| {
            let look = looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let state = if look == 0 { "" } else { "refused" };
            assert_eq!(parameter(request, "publicbody"), "amt");
            json(&json!({"meta": {"next": null}, "objects": [
                {"id": 7, "url": "/anfrage/lage/", "title": "Lage", "status": "resolved",
                 "resolution": state, "created_at": "2026-11-20T08:30:00+01:00",
                 "last_message": "2026-11-28T08:30:00+01:00", "user": null},
                {"id": 8, "url": "/anfrage/ruhe/", "title": "Ruhe", "user": 3}]}))
        }
    })
    .await;
    let more = json!({"public_bodies": ["amt"]});
    let source = fragdenstaat_at(&neighbour.url(""), more).unwrap();
    let (told, cursor, _) = look(&source, None).await;
    assert_eq!(told, ["7", "8"]);
    let (told, cursor, _) = look(&source, cursor).await;
    assert_eq!(told, ["7"]);
    assert_eq!(look(&source, cursor).await.0, [""; 0]);
    assert!(
        neighbour.requests()[0]
            .path
            .starts_with("/api/v1/request/search/?")
    );
}

#[tokio::test]
async fn fact_checks_are_asked_for_by_each_query_and_bear_their_verdict() {
    let neighbour = Neighbour::start(|request: &Request| {
        let query = parameter(request, "query");
        let number = match parameter(request, "pageToken").as_str() {
            "" => 1,
            _ => 2,
        };
        let claim = json!({"text": "Es regnet", "claimReview": [{"textualRating": "Falsch",
            "url": format!("https://pruefer.example/{query}/{number}"), "title": "Nein"}]});
        json(&json!({"claims": [claim], "nextPageToken": "CAE"}))
    })
    .await;
    let more = json!({"queries": ["Ministerin", "Amt"]});
    let source = fact_check_at(&neighbour.url(""), more).unwrap();
    let mut steps = source.open(None);
    let mut told = Vec::new();
    while let Some(step) = steps.next().await {
        if let Event::Change(Change::Upsert(item)) = step.unwrap().event {
            let review = item.review.clone().unwrap();
            assert_eq!(
                (review.claim.as_str(), review.rating.as_str()),
                ("Es regnet", "Falsch")
            );
            told.push(
                item.url
                    .clone()
                    .unwrap()
                    .replace("https://pruefer.example/", ""),
            );
        }
    }
    assert_eq!(told, ["Ministerin/1", "Ministerin/2", "Amt/1", "Amt/2"]);
    let asked = &neighbour.requests()[0];
    assert_eq!(asked.header("x-goog-api-key"), Some("k3y"));
    assert!(!asked.path.contains("k3y"), "the key stands in no address");
    assert_eq!(parameter(asked, "languageCode"), "de");
    assert_eq!(parameter(asked, "maxAgeDays"), "30");
}

#[tokio::test]
async fn pages_that_lead_elsewhere_or_for_ever_end() {
    let stranger = Neighbour::start(|_| response(500, &[], b"")).await;
    let elsewhere = stranger.url("/api");
    let neighbour = Neighbour::start(move |request: &Request| {
        let next = match parameter(request, "publicbody").as_str() {
            "elsewhere" => elsewhere.clone(),
            "itself" => request.path.clone(),
            _ => format!("/?offset={}", request.path.len()),
        };
        json(&json!({"meta": {"next": next}, "objects": []}))
    })
    .await;
    for (body, expected) in [("elsewhere", 1), ("itself", 1), ("endless", 5)] {
        let before = neighbour.requests().len();
        let more = json!({"public_bodies": [body], "max_pages": 5});
        let source = fragdenstaat_at(&neighbour.url(""), more).unwrap();
        assert_eq!(look(&source, None).await.2, None);
        let asked = neighbour.requests().len() - before;
        assert!(
            asked == expected || (body == "endless" && asked <= 5),
            "{body}: {asked}"
        );
    }
    assert!(stranger.requests().is_empty());
}

#[test]
fn settings_that_make_no_sense_are_told() {
    let dip = |more: Value| dip_at("https://dip.example", more, Limits::default()).map(drop);
    let site = |more: Value| fragdenstaat_at("https://site.example", more).map(drop);
    let fact = |more: Value| fact_check_at("https://fact.example", more).map(drop);
    assert_eq!(dip(json!({})), Ok(()));
    assert_eq!(site(json!({"public_bodies": ["amt"]})), Ok(()));
    assert_eq!(fact(json!({})), Ok(()));
    for (told, key) in [
        (dip(json!({"resources": []})), "resources"),
        (dip(json!({"lookback_days": 31})), "lookback_days"),
        (dip(json!({"every_secs": 60})), "every_secs"),
        (dip(json!({"max_pages": 51})), "max_pages"),
        (dip(json!({"api_key_file": ""})), "api_key_file"),
        (dip(json!({"url": "http://dip.example"})), "url"),
        (site(json!({})), "public_bodies"),
        (site(json!({"public_bodies": ["Das Amt"]})), "public_bodies"),
        (fact(json!({"queries": []})), "queries"),
        (fact(json!({"queries": [" "]})), "queries"),
        (fact(json!({"max_age_days": 0})), "max_age_days"),
    ] {
        assert!(told.unwrap_err().contains(key), "{key}");
    }
}
