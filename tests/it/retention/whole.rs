//! Retention of the whole house: a weekend with cases and mails, years later.

use super::door::settings;
use super::*;
use crate::archive::{Archive, demo, succeeds};
use crate::house_erasure::{mailed, phrase};
use resonanz::app::{App, Ending, House as DataDir, Options};
use resonanz::clock::Clock;
use std::path::Path;
use std::time::Duration;

/// A house that starts at this time, does what is to be done, and stops.
async fn lives_at(dir: &Path, at: Timestamp) -> u64 {
    let config = settings(dir);
    let house = DataDir::open(&config).await.unwrap();
    house.store.agree_on(at).await.unwrap();
    let options = Options {
        retention: true,
        clock: Clock::simulated(at),
        ..Options::offline()
    };
    let app = App::build(house, config, options).unwrap();
    let mut running = app.start(CancellationToken::new()).await.unwrap();
    let config = RetentionConfig::default();
    let store = running.store().clone();
    crate::house::soon("retention", async {
        while !due(&store, &config, at).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    running.caught_up().await.unwrap();
    let redacted = running.metrics().mails_redacted.get();
    let timeout = Duration::from_secs(60);
    running.finish(timeout, Ending::CaughtUp).await.unwrap();
    redacted
}

#[tokio::test(flavor = "multi_thread")]
async fn after_years_nothing_is_left_of_a_weekend_but_its_cases() {
    let dir = tempfile::tempdir().unwrap();
    succeeds(&demo(dir.path()));
    let before = Archive::read(dir.path()).await;
    let words = mailed(&before).map(|(_, item)| phrase(&item));

    // Two years later only public voices are left …
    assert!(lives_at(dir.path(), now() + days(730)).await > 0);
    let voices = Archive::read(dir.path()).await;
    assert!(!voices.mentions.is_empty() && voices.mentions.len() < before.mentions.len());
    for mention in voices.mentions.values() {
        assert!(!matches!(mention.author, Some(Author::Private { .. })));
        assert!(mention.sealed.is_none());
    }

    // … and after four nobody. Cases and mails tell that something was, and not what.
    lives_at(dir.path(), now() + days(4 * 365)).await;
    let after = Archive::read(dir.path()).await;
    assert_eq!(after.mentions.len(), 0);
    assert_eq!(after.cases.len(), before.cases.len());
    assert_eq!(after.mails.len(), before.mails.len());
    for word in &words {
        assert_absent(dir.path(), word);
    }
    let index = std::fs::read_dir(dir.path().join("index")).unwrap();
    let weeks = index.filter(|entry| entry.as_ref().unwrap().path().is_dir());
    assert_eq!(weeks.count(), 0, "no week is left in the index");
}
