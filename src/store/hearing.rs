//! What is remembered of each source's hearing, and the times in which we could not listen.

use super::{Store, StoreError, Tx, time};
use jiff::Timestamp;

/// One hour of the week of one source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HabitHour {
    /// 0 is Monday, midnight to one.
    pub hour: u32,
    /// Changes in that hour.
    pub per_hour: f64,
    /// Weeks that this was learned from.
    pub weeks: u32,
}

/// A time in which a source could not be heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GapRow {
    pub source: String,
    pub from: Timestamp,
    pub to: Timestamp,
    /// The word of a `GapReason`.
    pub reason: String,
}

impl Tx {
    /// Records an interval in which a source could not be heard. One that is told again, because a
    /// house went before it got further, is one.
    pub async fn add_gap(
        &mut self,
        source: &str,
        from: Timestamp,
        to: Timestamp,
        reason: &str,
    ) -> Result<(), StoreError> {
        for statement in [
            "UPDATE gap SET to_ms = max(to_ms, $3)
             WHERE source = $1 AND from_ms = $2 AND reason = $4",
            "INSERT INTO gap (source, from_ms, to_ms, reason) SELECT $1, $2, $3, $4
             WHERE NOT EXISTS (SELECT 1 FROM gap WHERE source = $1 AND from_ms = $2 AND reason = $4)",
        ] {
            sqlx::query(statement)
                .bind(source)
                .bind(from.as_millisecond())
                .bind(to.as_millisecond())
                .bind(reason)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }
}

impl Store {
    /// What a source usually brings.
    pub async fn habit(&self, source: &str) -> Result<Vec<HabitHour>, StoreError> {
        let rows: Vec<(i64, f64, i64)> =
            sqlx::query_as("SELECT hour, per_hour, weeks FROM hearing_habit WHERE source = $1")
                .bind(source)
                .fetch_all(&self.readers)
                .await?;
        let hour = |(hour, per_hour, weeks): (i64, f64, i64)| HabitHour {
            hour: u32::try_from(hour).unwrap_or(u32::MAX),
            per_hour,
            weeks: u32::try_from(weeks).unwrap_or(0),
        };
        Ok(rows.into_iter().map(hour).collect())
    }

    /// Remembers more of a source's habit.
    pub async fn learn_habit(&self, source: &str, hour: HabitHour) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO hearing_habit (source, hour, per_hour, weeks) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (source, hour) DO UPDATE \
             SET per_hour = excluded.per_hour, weeks = excluded.weeks",
        )
        .bind(source)
        .bind(i64::from(hour.hour))
        .bind(hour.per_hour)
        .bind(i64::from(hour.weeks))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// When a source was connected last.
    pub async fn heard_last(&self, source: &str) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> =
            sqlx::query_scalar("SELECT at_ms FROM hearing_last WHERE source = $1")
                .bind(source)
                .fetch_optional(&self.readers)
                .await?;
        at.map(time).transpose()
    }

    /// Notes that these sources are connected.
    pub async fn note_heard(&self, sources: &[&str], now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin().await?;
        for source in sources {
            sqlx::query(
                "INSERT INTO hearing_last (source, at_ms) VALUES ($1, $2) \
                 ON CONFLICT (source) DO UPDATE SET at_ms = excluded.at_ms",
            )
            .bind(source)
            .bind(now.as_millisecond())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The gaps that touch a time, newest first, at most `limit`.
    pub async fn gaps_between(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        limit: i64,
    ) -> Result<Vec<GapRow>, StoreError> {
        let ms = |at: Option<Timestamp>, otherwise| at.map_or(otherwise, |at| at.as_millisecond());
        let rows: Vec<(String, i64, i64, String)> = sqlx::query_as(
            "SELECT source, from_ms, to_ms, reason FROM gap \
             WHERE to_ms > $1 AND from_ms < $2 ORDER BY to_ms DESC, id DESC LIMIT $3",
        )
        .bind(ms(since, i64::MIN))
        .bind(ms(until, i64::MAX))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(source, from, to, reason)| {
                Ok(GapRow {
                    source,
                    from: time(from)?,
                    to: time(to)?,
                    reason,
                })
            })
            .collect()
    }
}
