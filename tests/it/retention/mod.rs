//! What is too old goes, whatever it says, and does not come back.

mod clock;
mod door;
mod whole;

use crate::house::{House, hit};
use crate::sweep::assert_absent;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use resonanz::app::retention::{BATCH, Counts, Outcome, Retention, due};
use resonanz::model::{Author, Hit, Stance};
use resonanz::privacy::{Pseudonym, Sealed};
use resonanz::store::{
    Aged, AuthorClass, NewCase, RetentionConfig, SourceRetentionConfig, Store, StoredMention,
};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// The time of all these tests.
pub fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

pub fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

/// A mention so many days old, collected when it was published.
pub fn aged(mut hit: Hit, age: SignedDuration) -> Hit {
    hit.mention.published = now() - age;
    hit.mention.collected = hit.mention.published;
    hit
}

/// Of a private author; the helper's mentions are a publication's.
pub fn private(mut hit: Hit) -> Hit {
    let pseudonym = Pseudonym([hit.mention.key.0[0]; 16]);
    hit.mention.author = Some(Author::Private { pseudonym });
    hit.mention.sealed = Some(Sealed(vec![1, 2, 3]));
    hit
}

fn of_source(mut hit: Hit, source: &str) -> Hit {
    hit.mention.source = source.to_owned();
    hit
}

pub async fn retention(house: &House, config: &RetentionConfig) -> Retention {
    let sources = vec!["bluesky".to_owned()];
    let (store, metrics) = (house.store.clone(), house.metrics.clone());
    let built = Retention::new(config.clone(), sources, store, metrics, now());
    built.await.unwrap()
}

/// Runs once at the time of the tests, on a clock that nobody doubts.
async fn run(house: &House, config: &RetentionConfig) -> Counts {
    house.store.agree_on(now()).await.unwrap();
    let retention = retention(house, config).await;
    match retention.run(now(), &CancellationToken::new()).await {
        Ok(Outcome::Removed(counts)) => counts,
        other => panic!("{other:?}"),
    }
}

async fn texts(store: &Store) -> Vec<String> {
    let ids: Vec<i64> = (1..10_000).collect();
    let found = store.mentions(&ids).await.unwrap();
    found.into_iter().map(|mention| mention.text).collect()
}

fn told(counts: &Counts) -> Vec<(String, u64)> {
    let name = |(source, class): &(String, AuthorClass)| format!("{source}/{}", class.as_str());
    counts
        .iter()
        .map(|(key, count)| (name(key), *count))
        .collect()
}

#[tokio::test]
async fn each_class_has_its_own_time_to_the_millisecond() {
    let house = House::new().await;
    let before = SignedDuration::from_millis(1);
    house
        .put(&[
            private(aged(hit(1, "private, over"), days(365))),
            private(aged(hit(2, "private, not yet"), days(365) - before)),
            aged(hit(3, "publication, over"), days(1095)),
            aged(hit(4, "publication, not yet"), days(1095) - before),
        ])
        .await;
    let config = RetentionConfig::default();
    let expected = due(&house.store, &config, now()).await.unwrap();
    assert_eq!(
        texts(&house.store).await.len(),
        4,
        "looking removes nothing"
    );
    let counts = run(&house, &config).await;
    assert_eq!(counts, expected);
    let one_each = [("bluesky/private", 1), ("bluesky/voice", 1)];
    assert_eq!(
        told(&counts),
        one_each.map(|(name, n)| (name.to_owned(), n))
    );
    let left = texts(&house.store).await;
    assert_eq!(left, ["private, not yet", "publication, not yet"]);
    let removed = &house.metrics.retention_removed;
    assert_eq!(removed.with_label_values(&["bluesky", "private"]).get(), 1);
    assert_eq!(run(&house, &config).await, Counts::new());
}

#[tokio::test]
async fn a_source_may_have_other_days_and_a_foreign_one_is_no_label() {
    let house = House::new().await;
    let own = SourceRetentionConfig {
        private_days: Some(30),
        voice_days: None,
    };
    let config = RetentionConfig {
        sources: BTreeMap::from([("forum".to_owned(), own)]),
        ..RetentionConfig::default()
    };
    house
        .put(&[
            of_source(private(aged(hit(1, "forum, private"), days(40))), "forum"),
            of_source(aged(hit(2, "forum, voice"), days(40)), "forum"),
            private(aged(hit(3, "bluesky, private"), days(40))),
        ])
        .await;
    assert_eq!(
        told(&run(&house, &config).await),
        [("forum/private".to_owned(), 1)]
    );
    assert_eq!(
        texts(&house.store).await,
        ["forum, voice", "bluesky, private"]
    );
    let removed = &house.metrics.retention_removed;
    assert_eq!(removed.with_label_values(&["other", "private"]).get(), 1);
}

#[tokio::test]
async fn what_was_dug_up_late_stays_a_week() {
    let house = House::new().await;
    let late = |number, text, here| {
        let mut hit = private(aged(hit(number, text), days(360)));
        hit.mention.published = now() - days(370);
        hit.mention.collected = now() - days(here);
        hit
    };
    let found = [late(1, "a week here", 7), late(2, "not a week here", 6)];
    house.put(&found).await;
    run(&house, &RetentionConfig::default()).await;
    assert_eq!(texts(&house.store).await, ["not a week here"]);
}

/// Flip what everybody said: the same mentions go.
#[tokio::test]
async fn praise_and_criticism_are_kept_alike() {
    let mut left = Vec::new();
    for flip in [false, true] {
        let house = House::new().await;
        let mut hits = Vec::new();
        for number in 0..60 {
            let age = days(i64::from(number) * 40);
            let mut hit = aged(hit(number, &format!("Satz {number}")), age);
            if number % 2 == 0 {
                hit = private(hit);
            }
            hit.labels.stances[0].stance = match (number % 3 == 0) != flip {
                true => Stance::Critical,
                false => Stance::Supportive,
            };
            hits.push(hit);
        }
        let ids = house.put(&hits).await;
        for id in ids.iter().step_by(5) {
            let stance = match flip {
                true => Stance::Supportive,
                false => Stance::Critical,
            };
            let mut tx = house.store.begin().await.unwrap();
            let judged = tx.judge(*id, "ministry", stance, "api", now());
            judged.await.unwrap();
            tx.commit().await.unwrap();
        }
        run(&house, &RetentionConfig::default()).await;
        left.push(texts(&house.store).await);
    }
    assert!(left[0].len() > 10 && left[0].len() < 50, "{left:?}");
    assert_eq!(left[0], left[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_hangs_on_a_mention_goes_with_it_and_no_file_holds_its_words() {
    let house = House::new().await;
    let old = private(aged(hit(1, "Der Kaffeefahrtminister"), days(500)));
    let young = private(aged(hit(2, "Der Minister"), days(5)));
    let ids = house.put(&[old, young]).await;
    let mut tx = house.store.begin().await.unwrap();
    let case = NewCase {
        rule: "flagged".into(),
        watch: "bmi".into(),
        opened: now(),
        facts: serde_json::json!({}),
        story: None,
    };
    let case = tx.open_case(&case).await.unwrap();
    for id in &ids {
        tx.add_to_case(case, *id, now()).await.unwrap();
        tx.judge(*id, "ministry", Stance::Critical, "page", now())
            .await
            .unwrap();
        let coded = (*id, "ministry");
        tx.code("2026-W47", coded, 1, Some(Stance::Neutral), now())
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    house.settle().await;
    assert_eq!(house.partitions(), ["2025-W28", "2026-W47"]);
    run(&house, &RetentionConfig::default()).await;
    house.settle().await;
    assert_eq!(house.partitions(), ["2026-W47"], "the week is gone");
    assert_eq!(house.search(crate::house::all()).await.ids, [ids[1]]);
    assert_eq!(house.store.case_mentions(case).await.unwrap(), [ids[1]]);
    assert_eq!(house.store.judgements().await.unwrap().len(), 1);
    assert_eq!(house.store.codings().await.unwrap().len(), 1);
    assert_eq!(house.store.faults().await.unwrap(), Vec::<String>::new());
    let erasures = house.store.erasures().await.unwrap();
    assert!(erasures.items.is_empty() && erasures.authors.is_empty());
    assert_absent(house.dir(), "Kaffeefahrtminister");
    let dropped = house.metrics.index_purged.with_label_values(&["dropped"]);
    assert_eq!(dropped.get(), 1);
}

/// The task is dropped between two batches, and the house is opened anew.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_broke_off_goes_on() {
    let mut house = House::new().await;
    let all = u32::try_from(BATCH).unwrap() * 4;
    let mut hits: Vec<Hit> = (0..all)
        .map(|number| private(aged(hit(number, "Kaffeefahrtminister"), days(400))))
        .collect();
    hits.push(private(aged(hit(all, "Minister"), days(3))));
    house.put(&hits).await;
    house.settle().await;
    house.store.agree_on(now()).await.unwrap();
    let config = RetentionConfig::default();
    let broken_off = retention(&house, &config).await;
    let counter = house.metrics.retention_removed.clone();
    let removed = counter.with_label_values(&["bluesky", "private"]);
    let never = CancellationToken::new();
    let first_batch = async {
        while removed.get() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = first_batch => {}
        _ = broken_off.run(now(), &never) => {}
    }
    house.stop().await;
    house.start().await;
    run(&house, &config).await;
    house.settle().await;
    assert_eq!(texts(&house.store).await, ["Minister"]);
    assert_eq!(house.partitions(), ["2026-W47"]);
    assert_eq!(house.store.faults().await.unwrap(), Vec::<String>::new());
    assert_absent(house.dir(), "Kaffeefahrtminister");
}

#[tokio::test]
async fn a_house_that_stops_stops_between_two_batches() {
    let house = House::new().await;
    house.put(&[private(aged(hit(1, "alt"), days(400)))]).await;
    house.store.agree_on(now()).await.unwrap();
    let retention = retention(&house, &RetentionConfig::default()).await;
    let stopped = CancellationToken::new();
    stopped.cancel();
    let outcome = retention.run(now(), &stopped).await.unwrap();
    assert_eq!(outcome, Outcome::Removed(Counts::new()));
    assert_eq!(texts(&house.store).await, ["alt"]);
}

/// A stored mention as retention sees it.
fn seen(hit: &Hit, class: AuthorClass) -> Aged {
    Aged {
        id: 1,
        source: hit.mention.source.clone(),
        class,
        published_ms: hit.mention.published.as_millisecond(),
        collected_ms: hit.mention.collected.as_millisecond(),
    }
}

proptest! {
    /// What was ever taken out is refused whenever it is delivered again.
    #[test]
    fn what_went_stays_away(
        kept in 1_u32..1_500,
        published in 0_i64..2_000,
        late in 0_i64..2_000,
        age in 0_i64..3_000,
        again in 0_i64..3_000,
        is_private in any::<bool>(),
    ) {
        let config = RetentionConfig { private_days: kept, voice_days: kept, ..Default::default() };
        let hour = SignedDuration::from_hours;
        let mut hit = hit(1, "x");
        hit.mention.published = now() + hour(published);
        hit.mention.collected = hit.mention.published + hour(late);
        let class = match is_private {
            true => AuthorClass::Private,
            false => AuthorClass::Voice,
        };
        let hit = if is_private { private(hit) } else { hit };
        let removed = hit.mention.collected + hour(age * 10);
        let over = config.is_over(&seen(&hit, class), removed);
        let here = removed.duration_since(hit.mention.collected);
        prop_assert!(over || here < days(i64::from(kept)), "nothing is kept longer than its days");
        if over {
            let mut redelivered = hit.mention.clone();
            redelivered.collected = removed + hour(again);
            prop_assert!(config.refuses(&redelivered));
        }
    }
}

/// So that the other modules can say what they expect of a row.
pub async fn all(store: &Store) -> Vec<StoredMention> {
    let ids: Vec<i64> = (1..10_000).collect();
    store.mentions(&ids).await.unwrap()
}
