//! The second model is asked about what the first is unsure of, and about nothing else.

use super::store::hit;
use super::tiny_transformer;
use jiff::ToSpan;
use resonanz::app::second::{Second, model};
use resonanz::classify::SecondConfig;
use resonanz::clock::Clock;
use resonanz::metrics::Metrics;
use resonanz::model::{Hit, Labels, Reason, Stance};
use resonanz::store::{Put, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

fn unsure(id: &str, text: &str, stance: Stance, probability: Option<f32>) -> Hit {
    let mut hit = hit(id, text, 0);
    hit.mention.collected = Clock::system().now();
    hit.labels.stances.truncate(1);
    hit.labels.stances[0].stance = stance;
    hit.labels.stances[0].reasons = vec![Reason {
        rule: "word".into(),
        seen: "heute".into(),
        span: None,
        weight: 0.1,
    }];
    hit.labels.stances[0].probability = probability;
    hit
}

async fn put(store: &Store, hit: &Hit) -> i64 {
    let mut tx = store.begin().await.unwrap();
    let put = tx.put(hit).await.unwrap();
    tx.commit().await.unwrap();
    let (Put::New { id } | Put::Updated { id }) = put else {
        panic!("{put:?}")
    };
    id
}

async fn labels(store: &Store, id: i64) -> Labels {
    store.mention(id).await.unwrap().unwrap().labels
}

#[tokio::test]
async fn only_what_is_unsure_and_in_time_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("haus-bert");
    tiny_transformer::write(&home);
    let store = Store::open(&dir.path().join("store.sqlite")).await.unwrap();
    let before = put(
        &store,
        &unsure("0", "Unsinn von früher", Stance::Unclear, Some(0.4)),
    )
    .await;

    let config = SecondConfig {
        dir: Some(home),
        deadline_secs: 3_600,
        ..SecondConfig::default()
    };
    let register =
        resonanz::config::load(None, Default::default(), jiff::civil::date(2026, 11, 20))
            .unwrap()
            .register;
    let metrics = Metrics::new(&Default::default()).unwrap();
    let second = Second {
        model: model(&config).unwrap().unwrap(),
        config,
        store: store.clone(),
        register: tokio::sync::watch::Sender::new(Arc::new(register)).subscribe(),
        metrics: metrics.clone(),
        clock: Clock::system(),
    };
    let name = second.model.model().to_owned();
    let stop = CancellationToken::new();
    let task = tokio::spawn(second.run(stop.clone()));
    let count = |outcome: &str| metrics.second_opinions.with_label_values(&[outcome]).get();
    // It follows from its first look on.
    while store.follower_seq("second").await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let unclear = put(
        &store,
        &unsure("1", "Das ist Unsinn", Stance::Unclear, Some(0.4)),
    )
    .await;
    let confirmed = put(
        &store,
        &unsure("2", "Danke heute", Stance::Supportive, Some(0.6)),
    )
    .await;
    let sure = put(
        &store,
        &unsure("3", "Unsinn", Stance::Supportive, Some(0.9)),
    )
    .await;
    let mut late = unsure("4", "Unsinn", Stance::Unclear, Some(0.4));
    late.mention.collected = late.mention.collected.checked_sub(2.hours()).unwrap();
    let late = put(&store, &late).await;
    let waited = async {
        while count("changed") + count("confirmed") + count("late") < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waited)
        .await
        .unwrap();
    stop.cancel();
    task.await.unwrap();

    let changed = labels(&store, unclear).await;
    assert_eq!(changed.stances[0].stance, Stance::Critical);
    assert!(
        changed.model.ends_with(&format!(" + {name}")),
        "{}",
        changed.model
    );
    assert_eq!(changed.stances[0].reasons[0].rule, "second model");
    let same = labels(&store, confirmed).await;
    assert_eq!(same.stances[0].stance, Stance::Supportive);
    assert!(same.model.ends_with(&name) && same.stances[0].reasons.len() > 1);
    assert_eq!(
        labels(&store, sure).await.stances[0].stance,
        Stance::Supportive
    );
    for left in [before, late] {
        assert_eq!(
            labels(&store, left).await.stances[0].stance,
            Stance::Unclear
        );
    }
    let counts = ["changed", "confirmed", "late", "failed"].map(count);
    assert_eq!(
        counts,
        [1, 1, 1, 0],
        "and its own answers are no news to it"
    );
}

#[tokio::test]
async fn an_answer_about_other_words_or_after_the_office_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store.sqlite")).await.unwrap();
    let id = put(
        &store,
        &unsure("1", "Das ist Unsinn", Stance::Unclear, Some(0.4)),
    )
    .await;
    let mention = store.mention(id).await.unwrap().unwrap();
    let mut answer = mention.labels.clone();
    answer.model = "haus".into();
    answer.stances[0].stance = Stance::Critical;

    let mut tx = store.begin().await.unwrap();
    let mut old = mention.clone();
    old.text = "Das war Unsinn".into();
    assert_eq!(tx.reconsider(&old, &answer).await.unwrap(), None);
    tx.judge(
        id,
        "ministry",
        Stance::Neutral,
        "api",
        Clock::system().now(),
    )
    .await
    .unwrap();
    assert_eq!(tx.reconsider(&mention, &answer).await.unwrap(), Some(false));
    tx.commit().await.unwrap();
    assert_eq!(labels(&store, id).await.stances[0].stance, Stance::Neutral);
}
