//! Which mentions have to be asked for again, by the terms of their platform.

use super::read::mention;
use super::{Store, StoreError, StoredMention, time};
use jiff::Timestamp;
use sqlx::Row;

impl Store {
    /// Mentions of a platform that nobody has seen there since `before`, with the time at which they
    /// were seen last; those that wait longest first.
    pub async fn unseen_since(
        &self,
        platform: &str,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<(StoredMention, Timestamp)>, StoreError> {
        let rows = sqlx::query(
            "SELECT *, coalesce(refreshed_ms, collected_ms) AS seen_ms FROM mention
             WHERE platform = $1 AND coalesce(refreshed_ms, collected_ms) < $2
             ORDER BY coalesce(refreshed_ms, collected_ms) LIMIT $3",
        )
        .bind(platform)
        .bind(before.as_millisecond())
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| Ok((mention(row)?, time(row.try_get("seen_ms")?)?)))
            .collect()
    }

    /// Notes that these mentions were asked for.
    pub async fn note_refreshed(&self, ids: &[i64], at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.writer.begin().await?;
        for id in ids {
            sqlx::query("UPDATE mention SET refreshed_ms = $1 WHERE id = $2")
                .bind(at.as_millisecond())
                .bind(id)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
