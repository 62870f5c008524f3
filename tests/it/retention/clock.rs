//! The two-clock rule: a clock that jumped deletes nothing, until a person has said that it is right.

use super::*;
use resonanz::app::retention::check;
use resonanz::store::Clocks;

async fn house_with_an_old_mention() -> House {
    let house = House::new().await;
    house.put(&[private(aged(hit(1, "alt"), days(800)))]).await;
    house
}

async fn ticked(house: &House) -> (usize, i64) {
    let retention = retention(house, &RetentionConfig::default()).await;
    retention.tick(now(), &CancellationToken::new()).await;
    let left = texts(&house.store).await.len();
    (left, house.metrics.retention_held.get())
}

#[tokio::test]
async fn a_day_apart_is_agreed_and_more_is_not() {
    let second = SignedDuration::from_secs(1);
    for (apart, expected) in [
        (days(1), (0, 0)),
        (-days(1), (0, 0)),
        (days(1) + second, (1, 1)),
        (-days(1) - second, (1, 1)),
        (days(365), (1, 1)),
        (-days(365), (1, 1)),
    ] {
        let house = house_with_an_old_mention().await;
        house.store.agree_on(now() - apart).await.unwrap();
        assert_eq!(ticked(&house).await, expected, "{apart:?}");
        let warns = check(&house.store, now()).await.warning;
        assert_eq!(warns, expected.1 == 1, "{apart:?}");
    }
}

#[tokio::test]
async fn it_goes_on_after_one_confirmation() {
    let house = house_with_an_old_mention().await;
    let last = now() - days(7);
    house.store.agree_on(last).await.unwrap();
    for _ in 0..3 {
        assert_eq!(ticked(&house).await, (1, 1), "asking again is no answer");
    }
    assert_eq!(house.store.last_agreed().await.unwrap(), Some(last));
    house.store.agree_on(now()).await.unwrap();
    assert_eq!(ticked(&house).await, (0, 0));
}

#[tokio::test]
async fn the_agreed_time_goes_forward_with_the_house_and_not_back() {
    let house = House::new().await;
    assert_eq!(house.store.last_agreed().await.unwrap(), None);
    for (ahead, agreed) in [(0, 0), (20, 20), (10, 20), (40, 40)] {
        let at = |hours| now() + SignedDuration::from_hours(hours);
        let retention = retention(&house, &RetentionConfig::default()).await;
        let outcome = retention.run(at(ahead), &CancellationToken::new()).await;
        assert!(matches!(outcome, Ok(Outcome::Removed(_))), "{outcome:?}");
        let last = house.store.last_agreed().await.unwrap();
        assert_eq!(last, Some(at(agreed)));
    }
}

/// An archive of before there was a retention: its newest mention tells a time.
#[tokio::test]
async fn without_an_agreed_time_the_newest_collection_is_one() {
    let house = house_with_an_old_mention().await;
    assert_eq!(ticked(&house).await, (1, 1));
    house
        .put(&[private(aged(hit(2, "neu"), SignedDuration::from_hours(3)))])
        .await;
    assert_eq!(ticked(&house).await, (1, 0));
    assert_eq!(texts(&house.store).await, ["neu"]);
}

#[test]
fn clocks_are_compared() {
    let ahead = Clocks::compare(now(), Some(now() - days(3)));
    assert_eq!(ahead, Clocks::Ahead(days(3)));
    let behind = Clocks::compare(now(), Some(now() + days(3)));
    assert_eq!(behind, Clocks::Behind(days(3)));
    assert_eq!(Clocks::compare(now(), None), Clocks::Agree);
    let extremes = Clocks::compare(Timestamp::MAX, Some(Timestamp::MIN));
    assert!(matches!(extremes, Clocks::Ahead(_)));
}
