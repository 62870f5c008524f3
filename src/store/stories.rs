//! Stories: which mentions are together, and what the comparing starts with.

use super::read::{StoredMention, mention};
use super::{Store, StoreError, Tx};
use crate::model::{Hit, Placement};
use jiff::Timestamp;

impl Tx {
    /// The number of a story that nothing else is in.
    pub(super) fn next_story(&mut self) -> i64 {
        self.story += 1;
        self.story
    }

    /// Moves the mentions of stories that a hit showed to be the same one, and tells the followers.
    /// Whether the hit itself comes in or not: whoever compares remembers one story.
    pub async fn join_stories(&mut self, hit: &Hit) -> Result<(), StoreError> {
        match &hit.placement {
            Some(placement) => self.join(placement).await,
            None => Ok(()),
        }
    }

    async fn join(&mut self, placement: &Placement) -> Result<(), StoreError> {
        self.story = self.story.max(placement.story);
        for absorbed in &placement.absorbed {
            let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM mention WHERE story = $1")
                .bind(absorbed)
                .fetch_all(&mut *self.tx)
                .await?;
            for id in ids {
                let seq = self.next_seq();
                sqlx::query("UPDATE mention SET seq = $1, story = $2 WHERE id = $3")
                    .bind(seq)
                    .bind(placement.story)
                    .bind(id)
                    .execute(&mut *self.tx)
                    .await?;
            }
            for statement in [
                "UPDATE story_absorbed SET into_story = $1 WHERE into_story = $2",
                "INSERT INTO story_absorbed (into_story, story) VALUES ($1, $2)
                 ON CONFLICT (story) DO UPDATE SET into_story = excluded.into_story",
            ] {
                sqlx::query(statement)
                    .bind(placement.story)
                    .bind(absorbed)
                    .execute(&mut *self.tx)
                    .await?;
            }
            self.absorb_weight(placement.story, *absorbed).await?;
        }
        Ok(())
    }
}

impl Store {
    /// The story that an older number leads to today; the number itself where it leads nowhere.
    pub async fn story(&self, story: i64) -> Result<i64, StoreError> {
        let into: Option<i64> =
            sqlx::query_scalar("SELECT into_story FROM story_absorbed WHERE story = $1")
                .bind(story)
                .fetch_optional(&self.readers)
                .await?;
        Ok(into.unwrap_or(story))
    }

    /// The highest number of a story so far.
    pub async fn newest_story(&self) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT value FROM sequence WHERE name = 'story'")
                .fetch_one(&self.readers)
                .await?,
        )
    }

    /// The number after which the last `count` mentions come.
    pub async fn before_last(&self, count: i64) -> Result<i64, StoreError> {
        let before: Option<i64> =
            sqlx::query_scalar("SELECT id FROM mention ORDER BY id DESC LIMIT 1 OFFSET $1")
                .bind(count)
                .fetch_optional(&self.readers)
                .await?;
        Ok(before.unwrap_or(0))
    }

    /// Mentions in the order in which they came, at most `limit` after the number `after`.
    pub async fn mentions_after(
        &self,
        after: i64,
        limit: i64,
    ) -> Result<Vec<StoredMention>, StoreError> {
        let rows = sqlx::query("SELECT * FROM mention WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(mention).collect()
    }

    /// The first mentions of a story, in the order in which they were published.
    pub async fn first_of_story(
        &self,
        story: i64,
        limit: i64,
    ) -> Result<Vec<StoredMention>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM mention WHERE story = $1 ORDER BY published_ms, id LIMIT $2",
        )
        .bind(story)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(mention).collect()
    }

    /// Mentions of a story.
    pub async fn size_of_story(&self, story: i64) -> Result<usize, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM mention WHERE story = $1")
            .bind(story)
            .fetch_one(&self.readers)
            .await?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// The ministry's own statements published since then, in that order.
    pub async fn official_since(
        &self,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<StoredMention>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM (SELECT * FROM mention WHERE official = 1 AND published_ms >= $1
                 ORDER BY published_ms DESC LIMIT $2) ORDER BY published_ms",
        )
        .bind(since.as_millisecond())
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(mention).collect()
    }
}
