//! The store: one row an item whatever the order of its changes, and one history for followers.

use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use resonanz::model::{
    Author, Cursor, Hit, Kind, Labels, Mention, Placement, Stance, StanceLabel, WatchMatch,
};
use resonanz::privacy::{Keys, Pseudonym};
use resonanz::store::{Change, NewCase, NewMail, Put, Store};
use std::path::Path;

pub fn time(minutes: i64) -> Timestamp {
    "2026-11-20T06:00:00Z".parse::<Timestamp>().unwrap() + minutes.minutes()
}

/// A hit by a private author, `version` minutes after the start.
pub fn hit(id: &str, text: &str, version: i64) -> Hit {
    let keys = Keys::from_secret([1; 32]);
    let mention = Mention {
        key: keys.mention_key("bluesky", id),
        source: "bluesky".into(),
        platform: "bluesky".into(),
        kind: Kind::Post,
        published: time(0),
        edited: (version > 0).then(|| time(version)),
        collected: time(version),
        title: String::new(),
        text: text.into(),
        lang: "de".into(),
        site: String::new(),
        url: None,
        links: vec![],
        author: Some(Author::Private {
            pseudonym: Pseudonym([7; 16]),
        }),
        sealed: None,
        reply_to: None,
        marks: resonanz::model::Marks::default(),
    };
    let matches = vec![WatchMatch {
        watch: "ministry".into(),
        target: "ministry".into(),
        spans: vec![],
    }];
    let stances = vec![StanceLabel {
        target: "ministry".into(),
        stance: Stance::Critical,
        probability: None,
        reasons: vec![],
        by_office: false,
    }];
    let labels = Labels {
        model: "test".into(),
        stances,
        flags: vec![],
        says: resonanz::model::Says::default(),
    };
    Hit {
        mention,
        matches,
        labels,
        placement: None,
        claims: Vec::new(),
        differs: Vec::new(),
        backfill: false,
    }
}

async fn open(dir: &Path) -> Store {
    Store::open(&dir.join("store.sqlite")).await.unwrap()
}

#[tokio::test]
async fn the_newest_version_wins_and_repeats_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut tx = store.begin().await.unwrap();
    let Put::New { id } = tx.put(&hit("1", "first", 0)).await.unwrap() else {
        panic!("not new")
    };
    assert_eq!(
        tx.put(&hit("1", "first", 0)).await.unwrap(),
        Put::Known { id }
    );
    assert_eq!(
        tx.put(&hit("1", "second", 5)).await.unwrap(),
        Put::Updated { id }
    );
    assert_eq!(
        tx.put(&hit("1", "first", 0)).await.unwrap(),
        Put::Known { id }
    );
    tx.commit().await.unwrap();
    assert_eq!(store.mention(id).await.unwrap().unwrap().text, "second");
    assert_eq!(store.count().await.unwrap(), 1);
}

#[tokio::test]
async fn what_was_not_committed_never_happened() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut tx = store.begin().await.unwrap();
    tx.put(&hit("1", "text", 0)).await.unwrap();
    tx.set_cursor("bluesky", &Cursor("9".into()), time(0))
        .await
        .unwrap();
    drop(tx);
    assert_eq!(store.count().await.unwrap(), 0);
    assert_eq!(store.cursor("bluesky").await.unwrap(), None);
    assert_eq!(store.newest_seq().await.unwrap(), 0);
}

#[tokio::test]
async fn a_tombstone_wins_whatever_the_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let late = hit("1", "text", 0);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.delete(&late.mention.key, time(1)).await.unwrap(), []);
    assert_eq!(tx.put(&late).await.unwrap(), Put::Tombstoned);
    tx.commit().await.unwrap();
    assert_eq!(store.count().await.unwrap(), 0);
    // An unknown item's tombstone expires, a known one's does not.
    assert_eq!(store.expire_tombstones(time(5)).await.unwrap(), 1);
    let mut tx = store.begin().await.unwrap();
    tx.put(&late).await.unwrap();
    assert_eq!(
        tx.delete(&late.mention.key, time(6)).await.unwrap().len(),
        1
    );
    tx.commit().await.unwrap();
    assert_eq!(store.expire_tombstones(time(9)).await.unwrap(), 0);
}

#[tokio::test]
async fn an_item_is_taken_back_by_any_of_its_names_and_then_has_none() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let keys = Keys::from_secret([1; 32]);
    let [here, there] = ["here#5", "there#9"].map(|name| keys.mention_key("bluesky", name));
    let (post, letter) = (hit("post", "text", 0), hit("message:post", "text", 0));
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.is_any_gone(&[here, there]).await.unwrap());
    for hit in [&post, &letter] {
        let Put::New { id } = tx.put(hit).await.unwrap() else {
            panic!("new")
        };
        tx.add_aliases(id, &[here]).await.unwrap();
        tx.add_aliases(id, &[here, there]).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(store.faults().await.unwrap(), Vec::<String>::new());

    // A house that was started anew knows the name still; both rows go by it.
    store.close().await;
    let store = open(dir.path()).await;
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.delete(&there, time(1)).await.unwrap().len(), 2);
    assert!(tx.is_any_gone(&[here]).await.unwrap());
    for hit in [&post, &letter] {
        assert_eq!(tx.put(hit).await.unwrap(), Put::Tombstoned);
    }
    tx.commit().await.unwrap();
    assert_eq!(store.count().await.unwrap(), 0);
    assert_eq!(store.faults().await.unwrap(), Vec::<String>::new());
    // It was here, so none of its names may be forgotten.
    assert_eq!(store.expire_tombstones(time(9)).await.unwrap(), 0);
}

#[tokio::test]
async fn an_author_who_left_takes_everything_along_and_may_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let pseudonyms = [Pseudonym([7; 16])];
    let mut tx = store.begin().await.unwrap();
    tx.put(&hit("1", "one", 0)).await.unwrap();
    tx.put(&hit("2", "two", 0)).await.unwrap();
    assert_eq!(tx.author_gone(&pseudonyms, time(1)).await.unwrap().len(), 2);
    assert_eq!(
        tx.put(&hit("3", "three", 0)).await.unwrap(),
        Put::Tombstoned
    );
    tx.author_back(&pseudonyms).await.unwrap();
    assert!(matches!(
        tx.put(&hit("4", "four", 0)).await.unwrap(),
        Put::New { .. }
    ));
    tx.commit().await.unwrap();
    assert_eq!(store.count().await.unwrap(), 1);
}

#[tokio::test]
async fn a_public_voice_that_left_takes_everything_along_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let account = Pseudonym([8; 16]);
    let of_voice = |id: &str| {
        let mut hit = hit(id, "text", 0);
        hit.mention.author = Some(Author::Voice {
            name: "Amt".into(),
            handle: "amt.example".into(),
            account: Some(account),
        });
        hit
    };
    let mut tx = store.begin().await.unwrap();
    tx.put(&of_voice("1")).await.unwrap();
    assert_eq!(tx.author_gone(&[account], time(1)).await.unwrap().len(), 1);
    assert_eq!(tx.put(&of_voice("2")).await.unwrap(), Put::Tombstoned);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_was_erased_by_order_does_not_come_back_with_the_account() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let pseudonyms = [Pseudonym([7; 16])];
    let mut tx = store.begin().await.unwrap();
    tx.put(&hit("1", "one", 0)).await.unwrap();
    assert_eq!(
        tx.author_erased(&pseudonyms, time(1)).await.unwrap().len(),
        1
    );
    tx.author_gone(&pseudonyms, time(2)).await.unwrap();
    tx.author_back(&pseudonyms).await.unwrap();
    assert_eq!(tx.put(&hit("2", "two", 3)).await.unwrap(), Put::Tombstoned);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_edit_that_matches_no_more_takes_the_row_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut tx = store.begin().await.unwrap();
    tx.put(&hit("1", "text", 5)).await.unwrap();
    assert_eq!(
        tx.retract(&hit("1", "older", 0).mention).await.unwrap(),
        None
    );
    assert!(
        tx.retract(&hit("1", "newer", 9).mention)
            .await
            .unwrap()
            .is_some()
    );
    assert!(matches!(
        tx.put(&hit("1", "again", 12)).await.unwrap(),
        Put::New { .. }
    ));
    tx.commit().await.unwrap();
}

/// A sitemap's or a reserved feed's view of an article: its headline.
fn headline(version: i64) -> Hit {
    let mut hit = hit("1", "", version);
    hit.mention.kind = Kind::Article;
    hit.mention.title = "Grenze bleibt zu".into();
    hit
}

#[tokio::test]
async fn a_headline_alone_takes_no_articles_words_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut article = headline(0);
    let mut tx = store.begin().await.unwrap();
    let Put::New { id } = tx.put(&headline(5)).await.unwrap() else {
        panic!("not new")
    };
    // The words come in the place of a headline, whatever date that bears …
    article.mention.text = "Das sagte das Ministerium.".into();
    assert_eq!(tx.put(&article).await.unwrap(), Put::Updated { id });
    // … and a headline of whatever date neither in theirs, nor away with them.
    assert_eq!(tx.put(&headline(9)).await.unwrap(), Put::Known { id });
    assert_eq!(tx.retract(&headline(9).mention).await.unwrap(), None);
    article.mention.text = "Das sagt das Ministerium nicht mehr.".into();
    article.mention.edited = Some(time(10));
    assert_eq!(tx.put(&article).await.unwrap(), Put::Updated { id });
    tx.commit().await.unwrap();
    let stored = store.mention(id).await.unwrap().unwrap();
    assert_eq!(stored.text, article.mention.text);
}

#[tokio::test]
async fn a_statement_stays_official_and_becomes_it_whoever_brings_it_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut tx = store.begin().await.unwrap();
    let put = |text: &str, version, official| {
        let mut hit = hit("1", text, version);
        hit.mention.marks.official = official;
        hit
    };
    tx.put(&put("a digest's words", 0, false)).await.unwrap();
    tx.put(&put("the ministry's words", 1, true)).await.unwrap();
    tx.put(&put("a digest's words", 2, false)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(store.mention(1).await.unwrap().unwrap().marks.official);
}

#[tokio::test]
async fn stories_are_joined_by_what_does_not_come_in_itself() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let placed = |id: &str, story, absorbed: &[i64]| {
        let mut hit = hit(id, id, 0);
        hit.placement = Some(Placement {
            absorbed: absorbed.to_vec(),
            ..Placement::alone(story)
        });
        hit
    };
    let mut tx = store.begin().await.unwrap();
    tx.put(&placed("1", 1, &[])).await.unwrap();
    tx.put(&placed("2", 2, &[])).await.unwrap();
    let old = placed("3", 1, &[2]);
    assert_eq!(tx.put_old(&old).await.unwrap(), Put::TooOld);
    tx.commit().await.unwrap();
    assert_eq!(store.mention(2).await.unwrap().unwrap().story, 1);
    assert_eq!(store.story(2).await.unwrap(), 1);
}

#[tokio::test]
async fn a_mail_is_ordered_once_and_its_repeats_keep_their_id() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let mut tx = store.begin().await.unwrap();
    let case = NewCase {
        rule: "flagged".into(),
        watch: "ministry".into(),
        opened: time(0),
        facts: serde_json::json!({"mentions": 3}),
        story: None,
    };
    let case_id = tx.open_case(&case).await.unwrap();
    let mail = NewMail {
        case_id,
        step: "alert".into(),
        recipient: "bereitschaft@amt.example".into(),
        message_id: "<case-1.alert.0@house>".into(),
        mention_ids: vec![4],
        created: time(0),
    };
    tx.order_mail(&mail).await.unwrap();
    tx.order_mail(&mail).await.unwrap();
    tx.commit().await.unwrap();
    let due = store.due_mails(time(1), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    store
        .mail_failed(due[0].id, "451 busy", Some(time(10)))
        .await
        .unwrap();
    assert!(store.due_mails(time(9), 10).await.unwrap().is_empty());
    let again = store.due_mails(time(10), 10).await.unwrap();
    assert_eq!(again[0].message_id, mail.message_id);
    assert_eq!(store.mails_showing(4).await.unwrap().len(), 1);
    store.mail_sent(due[0].id, time(10)).await.unwrap();
    assert_eq!(store.outbox_counts().await.unwrap().pending, 0);
}

/// What may happen to one of three items.
#[derive(Debug, Clone)]
enum Act {
    Put { item: u8, version: u8 },
    Delete { item: u8 },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0u8..3, 0u8..5).prop_map(|(item, version)| Act::Put { item, version }),
        1 => (0u8..3).prop_map(|item| Act::Delete { item }),
    ]
}

async fn apply(store: &Store, acts: &[Act]) {
    for act in acts {
        let mut tx = store.begin().await.unwrap();
        match act {
            Act::Put { item, version } => {
                let text = format!("version {version}");
                tx.put(&hit(&item.to_string(), &text, i64::from(*version)))
                    .await
                    .unwrap();
            }
            Act::Delete { item } => {
                let key = hit(&item.to_string(), "", 0).mention.key;
                tx.delete(&key, time(9)).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }
}

/// What a follower holds that reads the whole history in small steps.
async fn follow(store: &Store) -> Vec<(i64, String)> {
    let (mut seen, mut seq) = (std::collections::BTreeMap::new(), 0);
    loop {
        let changes = store.changes_after(seq, 2).await.unwrap();
        let Some(last) = changes.last() else { break };
        seq = last.seq();
        for change in changes {
            match change {
                Change::Present(mention) => seen.insert(mention.id, mention.text),
                Change::Removed { id, .. } => seen.remove(&id),
            };
        }
    }
    seen.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_changes_converges(acts in prop::collection::vec(act(), 1..12), seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (first, second) = (open(one.path()).await, open(other.path()).await);
            let mut shuffled = acts.clone();
            for i in (1..shuffled.len()).rev() {
                shuffled.swap(i, (seed.rotate_left(i as u32) % (i as u64 + 1)) as usize);
            }
            apply(&first, &acts).await;
            apply(&second, &shuffled).await;
            let texts = |list: Vec<(i64, String)>| {
                let mut texts: Vec<String> = list.into_iter().map(|(_, text)| text).collect();
                texts.sort();
                texts
            };
            let followed = follow(&first).await;
            assert_eq!(followed.len() as i64, first.count().await.unwrap());
            assert_eq!(texts(followed), texts(follow(&second).await));
        });
    }
}
