//! Begins the comparing where the house left off: with the mentions of the last days, out of the store.

use crate::model::{ClaimId, Kind};
use crate::pipeline::read_office;
use crate::relate::{Config, Known, Sign, Stories, Told};
use crate::store::{Store, StoreError, StoredMention};
use jiff::{Timestamp, ToSpan};

/// Mentions that are read at once.
const PAGE: i64 = 2_000;

/// The stories, and what every new mention is compared with.
///
/// # Errors
/// A store that cannot be read.
pub async fn restore(
    store: &Store,
    config: &Config,
    now: Timestamp,
) -> Result<(Stories, Known), StoreError> {
    Ok((
        stories(store, config).await?,
        known(store, config, now).await?,
    ))
}

async fn stories(store: &Store, config: &Config) -> Result<Stories, StoreError> {
    let mut stories = Stories::new(config, store.newest_story().await? + 1);
    for (story, peak, at) in store.peaks_since(Timestamp::MIN).await? {
        stories.restore_weight(story, peak, at);
    }
    let mut last = store.before_last(i64::from(config.max_members)).await?;
    loop {
        let page = store.mentions_after(last, PAGE).await?;
        let Some(newest) = page.last() else {
            return Ok(stories);
        };
        last = newest.id;
        // A message to the house is nobody's copy.
        let public = page.iter().filter(|stored| stored.kind != Kind::Message);
        for stored in public {
            stories.restore(&told(stored), stored.story);
        }
    }
}

fn told(stored: &StoredMention) -> Told<'_> {
    Told {
        key: stored.key,
        kind: stored.kind,
        published: stored.published,
        version: stored.edited.unwrap_or(stored.published),
        collected: stored.collected,
        title: &stored.title,
        text: &stored.text,
        url: stored.url.as_deref(),
        links: &stored.links,
        sign: Sign::read(
            (stored.kind, stored.published),
            (&stored.platform, &stored.site, stored.author.as_ref()),
            (stored.reply_to, stored.marks.official),
            stored.marks.review.is_some(),
            &stored.labels,
        ),
        known: 0.0,
    }
}

async fn known(store: &Store, config: &Config, now: Timestamp) -> Result<Known, StoreError> {
    let mut known = Known::new(config);
    let days = i64::from(config.compare.window_days);
    let since = now.saturating_sub((days * 24).hours()).unwrap_or(now);
    let limit = i64::from(config.compare.max_statements);
    for stored in store.official_since(since, limit).await? {
        let words = (stored.title.as_str(), stored.text.as_str());
        known.put_statement(stored.key, stored.published, words);
    }
    for check in store.checks().await? {
        known.put_claim(ClaimId::Check(check.key), &check.claim, &check.title);
    }
    read_office(store, &mut known).await?;
    Ok(known)
}
