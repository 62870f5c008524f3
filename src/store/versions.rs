//! The queries that the watches have had: what a changed one is compared with.

use super::{Store, StoreError, time};
use jiff::Timestamp;

/// A query that a watch had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchVersion {
    pub query: String,
    /// From when on it was used.
    pub since: Timestamp,
}

impl Store {
    /// Notes the queries that are used from now on, as pairs of watch and query. One that is used
    /// already is not noted again.
    pub async fn note_queries(
        &self,
        queries: &[(&str, &str)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        for (watch, query) in queries {
            let latest: Option<(String, i64)> = sqlx::query_as(
                "SELECT query, since_ms FROM watch_version WHERE watch = $1 \
                 ORDER BY since_ms DESC LIMIT 1",
            )
            .bind(watch)
            .fetch_optional(&mut *transaction)
            .await?;
            // A clock that was set back must not put it before its predecessor.
            let since_ms = match latest {
                Some((used, _)) if used == *query => continue,
                Some((_, since_ms)) => now.as_millisecond().max(since_ms + 1),
                None => now.as_millisecond(),
            };
            sqlx::query("INSERT INTO watch_version (watch, since_ms, query) VALUES ($1, $2, $3)")
                .bind(watch)
                .bind(since_ms)
                .bind(query)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The latest query of a watch that is not this one.
    pub async fn version_before(
        &self,
        watch: &str,
        query: &str,
    ) -> Result<Option<WatchVersion>, StoreError> {
        let row: Option<(String, i64)> = sqlx::query_as(
            "SELECT query, since_ms FROM watch_version \
             WHERE watch = $1 AND query <> $2 ORDER BY since_ms DESC LIMIT 1",
        )
        .bind(watch)
        .bind(query)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|(query, since_ms)| {
            Ok(WatchVersion {
                query,
                since: time(since_ms)?,
            })
        })
        .transpose()
    }

    /// The query that a watch had at a time.
    pub async fn query_at(&self, watch: &str, at: Timestamp) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT query FROM watch_version WHERE watch = $1 AND since_ms <= $2 \
             ORDER BY since_ms DESC LIMIT 1",
        )
        .bind(watch)
        .bind(at.as_millisecond())
        .fetch_optional(&self.readers)
        .await?)
    }
}
