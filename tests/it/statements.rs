//! Our own statements, entered or collected, beside reports: until they are changed, removed or too old.

use crate::pipeline::new_house;
use crate::rumours::{STATEMENT, article, item, pipeline, run, start, statement};
use jiff::SignedDuration;
use resonanz::collect::supervise::Delivery;
use resonanz::model::{FlagKind, StatementId};
use resonanz::pipeline::read_office;
use resonanz::relate::compare::Statement;
use resonanz::store::{AgePlace, StatementText};

fn entered(text: &str) -> StatementText {
    StatementText {
        title: "Zahlen für Oktober".into(),
        text: text.into(),
        url: "https://amt.example/oktober".into(),
        published: start(),
    }
}

fn wrong_report(number: u32) -> Delivery {
    let wrong = "Die Bundespolizei hat im Oktober 21.345 unerlaubte Einreisen festgestellt, wie das \
        Bundesinnenministerium mitteilte.";
    item(article(
        number,
        30,
        &format!("zeitung{number}.example"),
        wrong,
    ))
}

#[tokio::test]
async fn a_statement_that_the_office_entered_is_compared_until_it_is_changed_or_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = pipeline(dir.path()).await;
    let store = first.store.clone();
    let id = store
        .add_statement(&entered(STATEMENT), start())
        .await
        .unwrap();
    first.claims.mark_changed();
    run(first, vec![wrong_report(1), wrong_report(2)]).await;
    let differs = async |id| store.mention(id).await.unwrap().unwrap().differs;
    let is_flagged = async |id| {
        let flags = store.mention(id).await.unwrap().unwrap().labels.flags;
        let mut kinds = flags.iter().map(|label| label.flag);
        kinds.any(|kind| kind == FlagKind::Misreporting)
    };
    assert!(is_flagged(1).await);
    let seq = store.newest_seq().await.unwrap();
    assert_eq!(differs(1).await.len(), 1);
    let found = &differs(2).await[0];
    assert_eq!(
        (found.statement, found.theirs.as_str(), found.ours.as_str()),
        (StatementId::Entered(id), "21.345", "12.345")
    );
    let addresses = store.addresses(&[StatementId::Entered(id)]).await.unwrap();
    let url = addresses[0].url.as_deref();
    assert_eq!(
        (addresses[0].id, url),
        (id, Some("https://amt.example/oktober"))
    );
    assert_eq!(store.statement(id).await.unwrap().unwrap().reports, 2);
    assert_eq!(store.reports_of(id, 10).await.unwrap(), [2, 1]);
    // Other words elsewhere change nothing; another figure does.
    let longer = format!("{STATEMENT} Mehr dazu morgen.");
    store
        .change_statement(id, &entered(&longer), start())
        .await
        .unwrap();
    assert_eq!(differs(1).await.len(), 1);
    let corrected = STATEMENT.replace("12.345", "21.345");
    store
        .change_statement(id, &entered(&corrected), start())
        .await
        .unwrap();
    assert_eq!((differs(1).await, differs(2).await), (vec![], vec![]));
    assert!(!is_flagged(1).await && !is_flagged(2).await);
    assert_eq!(
        store.newest_seq().await.unwrap(),
        seq + 2,
        "followers are told"
    );
    let mut second = pipeline(dir.path()).await;
    second.claims.mark_changed();
    run(second, vec![wrong_report(3)]).await;
    assert_eq!(differs(3).await, []);
    assert!(store.remove_statement(id).await.unwrap());
    assert!(!store.remove_statement(id).await.unwrap());
    assert_eq!(store.faults().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_collected_statement_that_is_too_old_takes_its_words_from_beside_reports() {
    let dir = tempfile::tempdir().unwrap();
    let first = pipeline(dir.path()).await;
    let store = first.store.clone();
    let (_, config) = new_house(dir.path()).await;
    run(first, vec![statement(), wrong_report(2)]).await;
    assert_eq!(store.mention(2).await.unwrap().unwrap().differs.len(), 1);
    assert_eq!(store.faults().await.unwrap(), Vec::<String>::new());
    let late = start() + SignedDuration::from_hours(24 * 10_000);
    let mut place = AgePlace::START;
    let aged = store.aged(&config.retention, late, &mut place, 1).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.expire(&aged.unwrap()).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
    assert_eq!(store.mention(1).await.unwrap(), None);
    assert_eq!(store.mention(2).await.unwrap().unwrap().differs, []);
    // Whoever has not heard of it yet compares in vain.
    let mut second = pipeline(dir.path()).await;
    let key = second.keys.mention_key("netz", "1");
    second
        .known
        .put_statement(key, start(), ("Meldung", STATEMENT));
    run(second, vec![wrong_report(3)]).await;
    assert_eq!(store.mention(3).await.unwrap().unwrap().differs, []);
}

#[tokio::test]
async fn a_statement_that_was_removed_while_a_report_was_compared_stands_beside_none() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = pipeline(dir.path()).await;
    let store = first.store.clone();
    let id = store
        .add_statement(&entered(STATEMENT), start())
        .await
        .unwrap();
    read_office(&store, &mut first.known).await.unwrap();
    assert_eq!(first.known.statements(), 1);
    store.remove_statement(id).await.unwrap();
    // As if the office's word had come a moment too late.
    first.claims.mark_unchanged();
    run(first, vec![wrong_report(1)]).await;
    assert_eq!(store.mention(1).await.unwrap().unwrap().differs, []);
    assert_eq!(store.faults().await.unwrap(), Vec::<String>::new());
    let mut second = pipeline(dir.path()).await;
    second.known.put_entered(&[Statement {
        id: StatementId::Entered(id),
        published: start(),
        title: "",
        text: STATEMENT,
    }]);
    read_office(&store, &mut second.known).await.unwrap();
    assert_eq!(second.known.statements(), 0);
}
