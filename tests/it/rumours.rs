//! What is worth checking, on the way that every mention goes: a story that people doubt, a repeat of a
//! known claim, a report that differs from what the ministry has published; and what becomes of all
//! that when a statement goes, and after a restart.

use crate::pipeline::{SOURCE, new_house, of};
use jiff::{SignedDuration, Timestamp};
use resonanz::app::stories;
use resonanz::classify::shipped;
use resonanz::classify::trained::Trained;
use resonanz::collect::source::Event;
use resonanz::collect::supervise::{Delivery, Outcome};
use resonanz::matching::{Matcher, StoredQuery};
use resonanz::model::{
    Amended, Change, ClaimGrade, Deletion, FlagKind, Item, Kind, RawAuthor, Reach, Target,
};
use resonanz::pipeline::{Pipeline, Watches};
use resonanz::query::Query;
use resonanz::store::{ClaimText, Seen};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

pub fn start() -> Timestamp {
    "2026-11-20T06:00:00Z".parse().unwrap()
}

/// A house of nothing but the pipeline, as it is after its store was opened.
pub async fn pipeline(dir: &Path) -> Pipeline {
    let (store, mut config) = new_house(dir).await;
    config.desk.recipients = vec!["dienst@localhost".to_owned()];
    let query = Query::parse(
        "das OR bmi OR bundespolizei OR stimmt OR quelle OR innenministerium OR kartoffelsalat",
    );
    let queries = vec![StoredQuery {
        watch: "alles".into(),
        target: "amt".into(),
        query: query.unwrap(),
    }];
    let target = Target {
        name: "amt".into(),
        label: "Amt".into(),
        aliases: vec!["Innenministerium".into(), "BMI".into()],
    };
    let watches = Watches {
        matcher: Matcher::new(queries),
        targets: vec![target],
    };
    let classifier = Arc::new(Trained::new(shipped::model().unwrap()));
    let now = start() + SignedDuration::from_hours(10);
    of(store, watches, classifier, config, now)
}

/// One item, so many minutes after the start.
fn said(number: u32, minute: i64, text: &str) -> Item {
    let mut item = Item::new("netz", number.to_string(), Kind::Post);
    text.clone_into(&mut item.text);
    item.published = Some(start() + SignedDuration::from_mins(minute));
    item.author = Some(RawAuthor {
        id: format!("person-{number}"),
        handle: None,
        name: None,
    });
    item
}

fn answer(number: u32, minute: i64, to: u32, text: &str) -> Item {
    let mut item = said(number, minute, text);
    item.kind = Kind::Reply;
    item.reply_to = Some(to.to_string());
    item
}

pub fn article(number: u32, minute: i64, site: &str, text: &str) -> Item {
    let mut item = said(number, minute, text);
    item.kind = Kind::Article;
    item.author = None;
    item.title = Some("Meldung".to_owned());
    item.url = Some(format!("https://{site}/{number}"));
    item.site = Some(site.to_owned());
    item
}

fn delivered(change: Change, official: bool) -> Delivery {
    let at = match &change {
        Change::Upsert(item) => item.published,
        _ => None,
    };
    Delivery {
        source: SOURCE.to_owned(),
        outcome: Outcome::Event(Event::Change(change)),
        cursor: None,
        collected: at.unwrap_or_else(start),
        received: Instant::now(),
        backfill: false,
        relayed: false,
        official,
    }
}

pub fn item(item: Item) -> Delivery {
    delivered(Change::Upsert(Box::new(item)), false)
}

pub async fn run(pipeline: Pipeline, deliveries: Vec<Delivery>) {
    let (out, receiver) = mpsc::channel(deliveries.len().max(1));
    for delivery in deliveries {
        out.send(delivery).await.unwrap();
    }
    drop(out);
    pipeline.run(receiver).await;
}

const CLAIM: &str = "Das Innenministerium schließt zum 31. März zweihundert Ortsverbände des \
    Technischen Hilfswerks, das steht in einem Schreiben.";

fn rumour() -> Vec<Delivery> {
    [
        said(1, 0, CLAIM),
        said(2, 4, &format!("RT @[Konto]: {CLAIM}")),
        said(
            3,
            6,
            "BMI will 200 Ortsverbände des Technischen Hilfswerks schließen, im März schon!",
        ),
        answer(4, 8, 1, "Stimmt das? Gibt es eine Quelle?"),
        answer(5, 9, 2, "Das ist falsch, das Schreiben ist eine Fälschung."),
        answer(6, 11, 3, "Quelle?"),
    ]
    .map(item)
    .into()
}

#[tokio::test]
async fn a_story_that_people_doubt_opens_one_case_and_mails_once() {
    let dir = tempfile::tempdir().unwrap();
    let pipeline = pipeline(dir.path()).await;
    let store = pipeline.store.clone();
    let mut deliveries = rumour();
    for number in 7..40 {
        let mut copy = said(number, i64::from(number) + 6, CLAIM);
        copy.audience = Some(u64::from(number) * 4_000);
        deliveries.push(item(copy));
    }
    run(pipeline, deliveries).await;
    let cases = store.cases(10).await.unwrap();
    let rumours: Vec<_> = cases.iter().filter(|case| case.rule == "rumour").collect();
    assert_eq!(rumours.len(), 1, "{cases:?}");
    assert_eq!(rumours[0].story, Some(1));
    assert!(
        rumours[0].mentions >= 30,
        "its copies join: {}",
        rumours[0].mentions
    );
    let mails = store.mails(10).await.unwrap();
    let of_case = mails.iter().filter(|mail| mail.case_id == rumours[0].id);
    assert_eq!(of_case.count(), 1);
    let flagged = store.flagged_stories(10).await.unwrap();
    let (_, reason) = flagged[0].flagged.as_ref().unwrap();
    assert!(reason.is_over() && reason.figures.asking >= 1 && reason.figures.denying >= 1);
    assert!(flagged[0].weight.figures.mentions > reason.figures.mentions);
    let reach = (reason.figures.reach, flagged[0].weight.figures.reach);
    assert_eq!(reach, (None, Some(Reach::Large)));
    // The office says that it was worth it, and takes that back.
    let mut tx = store.begin().await.unwrap();
    assert!(tx.judge_story(1, Some(true)).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(
        store.weighed_story(1).await.unwrap().unwrap().judged,
        Some(true)
    );
}

#[tokio::test]
async fn a_story_goes_with_its_last_mention_and_imports_mail_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let first = pipeline(dir.path()).await;
    let store = first.store.clone();
    let mut deliveries = rumour();
    for delivery in &mut deliveries {
        delivery.backfill = true;
    }
    run(first, deliveries).await;
    let weighed = store.weighed_story(1).await.unwrap().unwrap();
    assert!(
        weighed.weight.is_over() && weighed.flagged.is_none(),
        "{weighed:?}"
    );
    assert_eq!(store.mails(10).await.unwrap(), []);
    let gone = |id: u32| {
        let deletion = Deletion {
            platform: "netz".into(),
            id: id.to_string(),
            at: None,
        };
        delivered(Change::Delete(deletion), false)
    };
    run(pipeline(dir.path()).await, (1..4).map(gone).collect()).await;
    assert_eq!(store.weighed_story(1).await.unwrap(), None);
}

#[tokio::test]
async fn a_repeat_of_a_known_claim_is_suggested_until_the_office_says_no() {
    let dir = tempfile::tempdir().unwrap();
    let first = pipeline(dir.path()).await;
    let store = first.store.clone();
    let text = ClaimText {
        claim: "Das THW schließt 200 Ortsverbände.".into(),
        answer: "Es wird kein Ortsverband geschlossen.".into(),
        ..ClaimText::default()
    };
    let claim = store.add_claim(&text, start()).await.unwrap();
    let other =
        "Die Bundespolizei stellt am Montag im Bahnhof neue Fahrräder vor, sagt ein Sprecher.";
    run(
        first,
        vec![item(said(1, 0, CLAIM)), item(said(2, 1, other))],
    )
    .await;
    let found = store.claims_of(1).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text.answer, text.answer);
    assert!(!found[0].reasons.is_empty() && found[0].probability >= 0.3);
    assert_eq!(store.claims_of(2).await.unwrap(), []);
    let counted = store.claim(claim).await.unwrap().unwrap();
    assert_eq!(counted.repeats + counted.suggested, 1);
    let id = found[0].claim;
    assert!(
        store
            .judge_claim(1, id, Some(false), start())
            .await
            .unwrap()
    );
    let counted = store.claim(claim).await.unwrap().unwrap();
    assert_eq!((counted.repeats, counted.suggested), (0, 0));
    assert_eq!(store.judged_claims().await.unwrap().len(), 1);
    // Retired entries are compared no more; a running pipeline hears of it.
    store
        .change_claim(claim, (&text, true), start())
        .await
        .unwrap();
    let mut second = pipeline(dir.path()).await;
    second.claims.mark_changed();
    run(second, vec![item(said(3, 2, &format!("Leute! {CLAIM}")))]).await;
    assert_eq!(store.claims_of(3).await.unwrap(), []);
}

#[tokio::test]
async fn what_a_story_repeats_is_known_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = pipeline(dir.path()).await;
    let store = first.store.clone();
    let text = ClaimText {
        claim: "Das THW schließt 200 Ortsverbände.".into(),
        ..ClaimText::default()
    };
    let claim = store.add_claim(&text, start()).await.unwrap();
    let mut before = rumour();
    let after = before.split_off(3);
    run(first, before).await;
    let retired = (&text, true);
    store.change_claim(claim, retired, start()).await.unwrap();
    let mut second = pipeline(dir.path()).await;
    let relate = resonanz::relate::Config::default();
    let restored = stories::restore(&store, &relate, second.clock.now()).await;
    (second.stories, second.known) = restored.unwrap();
    assert_eq!(second.known.claims(), 0);
    run(second, after).await;
    let weighed = store.weighed_story(1).await.unwrap().unwrap();
    assert!(weighed.weight.figures.known >= 0.3);
}

#[tokio::test]
async fn a_short_text_is_never_sure_and_an_edit_is_compared_anew() {
    let dir = tempfile::tempdir().unwrap();
    let first = pipeline(dir.path()).await;
    let store = first.store.clone();
    let text = ClaimText {
        claim: "Das Innenministerium schafft den Personalausweis ab.".into(),
        ..ClaimText::default()
    };
    store.add_claim(&text, start()).await.unwrap();
    let short = "Innenministerium schafft den Personalausweis ab";
    let mut edited = said(
        1,
        0,
        "Am Abend gibt es bei uns Kartoffelsalat mit Würstchen und Senf.",
    );
    edited.edited = Some(start() + SignedDuration::from_mins(5));
    run(first, vec![item(said(1, 0, short))]).await;
    let found = store.claims_of(1).await.unwrap();
    assert_eq!(found[0].grade, ClaimGrade::Suggested, "{found:?}");
    run(pipeline(dir.path()).await, vec![item(edited)]).await;
    assert_eq!(store.claims_of(1).await.unwrap(), []);
}

pub const STATEMENT: &str = "Das Bundesinnenministerium hat heute die Zahlen für Oktober vorgelegt. Die \
    Bundespolizei hat im Oktober 12.345 unerlaubte Einreisen festgestellt. Die Grenzkontrollen werden \
    bis zum 15. März verlängert.";

pub fn statement() -> Delivery {
    delivered(
        Change::Upsert(Box::new(article(1, 0, "amt.example", STATEMENT))),
        true,
    )
}

#[tokio::test]
async fn a_report_that_differs_from_our_figure_opens_a_case_and_its_copy_joins() {
    let dir = tempfile::tempdir().unwrap();
    let first = pipeline(dir.path()).await;
    let store = first.store.clone();
    let wrong = "Neue Zahlen aus Berlin: Die Bundespolizei hat im Oktober 21.345 unerlaubte Einreisen \
        festgestellt, wie das Bundesinnenministerium mitteilte.";
    let right =
        "Die Bundespolizei hat im Oktober rund 12.300 unerlaubte Einreisen festgestellt, heißt es.";
    let deliveries = vec![
        statement(),
        item(article(2, 30, "zeitung.example", wrong)),
        item(article(3, 40, "kurier.example", wrong)),
        item(article(4, 50, "bote.example", right)),
        // A private person is not a report.
        item(said(5, 60, wrong)),
    ];
    run(first, deliveries).await;
    let differs = store.mention(2).await.unwrap().unwrap().differs;
    assert_eq!(differs.len(), 1, "{differs:?}");
    assert_eq!(
        (differs[0].theirs.as_str(), differs[0].ours.as_str()),
        ("21.345", "12.345")
    );
    let flags = store.mention(2).await.unwrap().unwrap().labels.flags;
    assert!(
        flags
            .iter()
            .any(|label| label.flag == FlagKind::Misreporting)
    );
    for id in [1, 4, 5] {
        assert_eq!(
            store.mention(id).await.unwrap().unwrap().differs,
            [],
            "{id}"
        );
    }
    let cases = store.cases(10).await.unwrap();
    let cases: Vec<_> = cases
        .iter()
        .filter(|case| case.rule == "misreporting")
        .collect();
    assert_eq!((cases.len(), cases[0].mentions), (1, 2), "{cases:?}");
    // The statement goes; what comes then is compared with nothing.
    let deletion = Deletion {
        platform: "netz".into(),
        id: "1".into(),
        at: None,
    };
    let gone = delivered(Change::Delete(deletion), false);
    let mut second = pipeline(dir.path()).await;
    second.known.put_statement(
        second.keys.mention_key("netz", "1"),
        start(),
        ("Meldung", STATEMENT),
    );
    let later = item(article(
        6,
        90,
        "anzeiger.example",
        &format!("Nachgefragt. {wrong}"),
    ));
    run(second, vec![gone, later]).await;
    assert_eq!(store.mention(6).await.unwrap().unwrap().differs, []);
}

#[tokio::test]
async fn an_edit_that_puts_a_figure_right_says_how_and_when() {
    let dir = tempfile::tempdir().unwrap();
    let pipeline = pipeline(dir.path()).await;
    let store = pipeline.store.clone();
    let report = |figure: &str| {
        let words = format!(
            "Neue Zahlen aus Berlin: Die Bundespolizei hat im Oktober {figure} unerlaubte Einreisen \
             festgestellt, wie das Bundesinnenministerium mitteilte."
        );
        article(2, 30, "zeitung.example", &words)
    };
    let edited = start() + SignedDuration::from_mins(35);
    let mut corrected = report("12.345");
    corrected.edited = Some(edited);
    let deliveries = vec![statement(), item(report("21.345")), item(corrected)];
    run(pipeline, deliveries).await;
    assert_eq!(store.mention(2).await.unwrap().unwrap().differs, []);
    let looked = store.looked(2).await.unwrap().unwrap();
    let how = vec![Amended {
        theirs: "21.345".to_owned(),
        ours: "12.345".to_owned(),
        theirs_is_there: false,
        ours_is_there: true,
    }];
    assert_eq!(
        (looked.seen, looked.amended),
        (Seen::Amended, Some((edited, how)))
    );
}

#[tokio::test]
async fn a_report_is_looked_at_again_a_few_times_and_what_was_amended_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let pipeline = pipeline(dir.path()).await;
    let store = pipeline.store.clone();
    let wrong = "Die Bundespolizei hat im Oktober 21.345 unerlaubte Einreisen festgestellt, wie das \
        Bundesinnenministerium mitteilte.";
    let report = item(article(2, 30, "zeitung.example", wrong));
    run(pipeline, vec![statement(), report]).await;
    let at = |hours| start() + SignedDuration::from_mins(30) + SignedDuration::from_hours(hours);
    let due = async |hours| {
        let found = store.reports_due(SOURCE, at(hours), 10).await.unwrap();
        found
            .into_iter()
            .map(|report| report.mention_id)
            .collect::<Vec<_>>()
    };
    assert_eq!((due(0).await, due(1).await), (vec![], vec![2]));
    assert_eq!(store.looked(2).await.unwrap(), None);
    store.put_off_look(2, at(1)).await.unwrap();
    assert_eq!((due(1).await, due(2).await), (vec![], vec![2]));
    store.note_look(2, (Seen::Same, &[]), at(2)).await.unwrap();
    assert_eq!((due(6).await, due(7).await), (vec![], vec![2]));
    let how = [Amended {
        theirs: "21.345".into(),
        ours: "12.345".into(),
        theirs_is_there: false,
        ours_is_there: true,
    }];
    store
        .note_look(2, (Seen::Amended, &how), at(7))
        .await
        .unwrap();
    store
        .note_look(2, (Seen::Closed, &[]), at(25))
        .await
        .unwrap();
    store.note_look(2, (Seen::Same, &[]), at(73)).await.unwrap();
    assert!(due(1_000).await.is_empty(), "four looks are enough");
    let looked = store.looked(2).await.unwrap().unwrap();
    assert_eq!((looked.seen, looked.at), (Seen::Same, at(73)));
    assert_eq!(looked.amended, Some((at(7), how.to_vec())));
    // A page that can never be read is given up.
    store.put_off_look(2, at(94)).await.unwrap();
    assert_eq!(due(1_000).await, [2]);
    store.put_off_look(2, at(96)).await.unwrap();
    assert!(due(1_000).await.is_empty());
    let mut tx = store.begin().await.unwrap();
    let key = store.mention(2).await.unwrap().unwrap().key;
    tx.delete(&key, start()).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.looked(2).await.unwrap(), None);
}
