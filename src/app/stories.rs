//! Begins the comparing where the house left off: with the mentions of the last days, out of the store.

use crate::model::{ClaimId, Kind};
use crate::pipeline::read_office;
use crate::relate::{Config, Known, RANKING_DAYS, Sign, Stories, Told};
use crate::store::{Store, StoreError, StoredMention};
use jiff::{Timestamp, ToSpan};

/// Mentions that are read at once.
const PAGE: i64 = 2_000;
/// Whole days whose scores say what is flagged, and today.
const RANKED_DAYS: i64 = RANKING_DAYS + 1;

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
        stories(store, config, now).await?,
        known(store, config, now).await?,
    ))
}

async fn stories(store: &Store, config: &Config, now: Timestamp) -> Result<Stories, StoreError> {
    let mut stories = Stories::new(config, store.newest_story().await? + 1);
    let ranked = (RANKED_DAYS * 24).hours();
    let since = now.saturating_sub(ranked).unwrap_or(now);
    for (story, peak, at) in store.peaks_since(since).await? {
        stories.restore_weight(story, peak, at);
    }
    let mut last = store.before_last(i64::from(config.max_members)).await?;
    loop {
        let page = store.mentions_after(last, PAGE).await?;
        let Some(newest) = page.last() else {
            return Ok(stories);
        };
        let claims = store.likeliest_claims(last, newest.id).await?;
        last = newest.id;
        // A message to the house is nobody's copy.
        let public = page.iter().filter(|stored| stored.kind != Kind::Message);
        for stored in public {
            let known = claims.get(&stored.id).copied().unwrap_or(0.0);
            stories.restore(&told(stored, known), stored.story);
        }
    }
}

fn told(stored: &StoredMention, known: f32) -> Told<'_> {
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
            stored.reply_to,
            &stored.marks,
            &stored.labels,
        ),
        known,
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
