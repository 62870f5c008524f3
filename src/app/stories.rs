//! Begins the comparing where the house left off: with the mentions of the last days, out of the store.

use crate::model::Kind;
use crate::relate::{Config, Sign, Stories, Told};
use crate::store::{Store, StoreError, StoredMention};
use jiff::Timestamp;

/// Mentions that are read at once.
const PAGE: i64 = 2_000;

/// # Errors
/// A store that cannot be read.
pub async fn restore(store: &Store, config: &Config) -> Result<Stories, StoreError> {
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
