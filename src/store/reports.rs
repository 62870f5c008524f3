//! Reports that differ from what we have published: when they are looked at again, and what was seen.

use super::{Store, StoreError, Tx, time};
use crate::model::{Amended, Differs, Hit, Kind, amended};
use jiff::{Timestamp, ToSpan};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// Hours after its arrival at which a report is looked at again.
const LOOKS_HOURS: [i64; 4] = [1, 6, 24, 72];
/// After so many nobody tries any more to read a page that cannot be read.
const LAST_HOURS: i64 = 96;

/// What a look at a report's page found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It says what it said.
    Same,
    /// Something of theirs is not there any more.
    Amended,
    /// There is no article to be read: gone, closed, reserved.
    Closed,
}

impl Seen {
    const ALL: [Seen; 3] = [Seen::Same, Seen::Amended, Seen::Closed];

    pub fn as_str(self) -> &'static str {
        match self {
            Seen::Same => "same",
            Seen::Amended => "amended",
            Seen::Closed => "closed",
        }
    }
}

/// A report that is to be looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub mention_id: i64,
    pub url: String,
    /// Title and text as they were collected.
    pub text: String,
    pub differs: Vec<Differs>,
}

/// What is known of a report's later versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    pub at: Timestamp,
    pub seen: Seen,
    /// Since when, and how, where it was amended.
    pub amended: Option<(Timestamp, Vec<Amended>)>,
}

impl Tx {
    /// Orders the looks at a report.
    pub(super) async fn order_looks(&mut self, id: i64, hit: &Hit) -> Result<(), StoreError> {
        let mention = &hit.mention;
        if hit.differs.is_empty() || mention.kind != Kind::Article || mention.url.is_none() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO report_look (mention_id, source, looks, next_ms) VALUES ($1, $2, 0, $3)
             ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(&mention.source)
        .bind(after(mention.collected, LOOKS_HOURS[0]).as_millisecond())
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

impl Tx {
    /// Notes what an edit that the source told of makes of the places that differ, before it is written.
    pub(super) async fn note_edit(&mut self, id: i64, hit: &Hit) -> Result<(), StoreError> {
        let before: Option<(String, String, String)> = sqlx::query_as(
            "SELECT title, text, differs FROM mention
             WHERE id = $1 AND differs IS NOT NULL AND kind = $2",
        )
        .bind(id)
        .bind(Kind::Article.as_str())
        .fetch_optional(&mut *self.tx)
        .await?;
        let Some((title, text, differs)) = before else {
            return Ok(());
        };
        let mention = &hit.mention;
        let differs: Vec<Differs> = serde_json::from_str(&differs)?;
        let now = format!("{}\n{}", mention.title, mention.text);
        let how = amended(&differs, &format!("{title}\n{text}"), &now);
        if how.is_empty() {
            return Ok(());
        }
        let at = mention.edited.unwrap_or(mention.collected);
        sqlx::query(
            "UPDATE report_look SET seen_ms = $2, outcome = $3,
                 amended_ms = COALESCE(amended_ms, $2), how = $4
             WHERE mention_id = $1",
        )
        .bind(id)
        .bind(at.as_millisecond())
        .bind(Seen::Amended.as_str())
        .bind(serde_json::to_string(&how)?)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

impl Store {
    /// The reports of a source that it is time to look at, the longest due first.
    pub async fn reports_due(
        &self,
        source: &str,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Report>, StoreError> {
        let rows = sqlx::query(
            "SELECT m.id, m.url, m.title, m.text, m.differs FROM report_look r JOIN mention m ON m.id = r.mention_id
             WHERE r.source = $1 AND r.next_ms <= $2 AND m.url IS NOT NULL AND m.differs IS NOT NULL
             ORDER BY r.next_ms LIMIT $3",
        )
        .bind(source)
        .bind(now.as_millisecond())
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let read = |row: &SqliteRow| {
            Ok(Report {
                mention_id: row.try_get("id")?,
                url: row.try_get("url")?,
                text: format!(
                    "{}\n{}",
                    row.try_get::<&str, _>("title")?,
                    row.try_get::<&str, _>("text")?
                ),
                differs: serde_json::from_str(row.try_get("differs")?)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Notes what a look found, and orders the next one.
    pub async fn note_look(
        &self,
        mention_id: i64,
        (seen, how): (Seen, &[Amended]),
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let looks: Option<i64> =
            sqlx::query_scalar("SELECT looks FROM report_look WHERE mention_id = $1")
                .bind(mention_id)
                .fetch_optional(&self.readers)
                .await?;
        let Some(looks) = looks else {
            return Ok(());
        };
        let done = usize::try_from(looks + 1).unwrap_or(usize::MAX);
        let since = usize::try_from(looks)
            .ok()
            .and_then(|at| LOOKS_HOURS.get(at));
        let next = LOOKS_HOURS.get(done).zip(since);
        let next = next.map(|(next, since)| after(now, next - since).as_millisecond());
        let amended = seen == Seen::Amended;
        sqlx::query(
            "UPDATE report_look SET looks = looks + 1, next_ms = $2, seen_ms = $3, outcome = $4,
                 amended_ms = CASE WHEN $5 THEN COALESCE(amended_ms, $3) ELSE amended_ms END,
                 how = CASE WHEN $5 THEN $6 ELSE how END
             WHERE mention_id = $1",
        )
        .bind(mention_id)
        .bind(next)
        .bind(now.as_millisecond())
        .bind(seen.as_str())
        .bind(amended)
        .bind(serde_json::to_string(how)?)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// A page that could not be read is looked at again in an hour, for some days.
    pub async fn put_off_look(&self, mention_id: i64, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE report_look SET next_ms = CASE WHEN $2 <= $3 +
                 (SELECT collected_ms FROM mention WHERE id = mention_id) THEN $2 END
             WHERE mention_id = $1",
        )
        .bind(mention_id)
        .bind(after(now, 1).as_millisecond())
        .bind(LAST_HOURS * 3_600_000)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// What was seen of a report last; none before the first look.
    pub async fn looked(&self, mention_id: i64) -> Result<Option<Looked>, StoreError> {
        let row = sqlx::query("SELECT * FROM report_look WHERE mention_id = $1")
            .bind(mention_id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map_or(Ok(None), looked)
    }
}

fn looked(row: &SqliteRow) -> Result<Option<Looked>, StoreError> {
    let seen_ms: Option<i64> = row.try_get("seen_ms")?;
    let outcome: &str = row.try_get("outcome")?;
    let seen = Seen::ALL.into_iter().find(|seen| seen.as_str() == outcome);
    let (Some(at), Some(seen)) = (seen_ms, seen) else {
        return Ok(None);
    };
    let amended_ms: Option<i64> = row.try_get("amended_ms")?;
    let how: Option<&str> = row.try_get("how")?;
    let amended = amended_ms
        .zip(how)
        .map(|(at, how)| Ok::<_, StoreError>((time(at)?, serde_json::from_str(how)?)));
    Ok(Some(Looked {
        at: time(at)?,
        seen,
        amended: amended.transpose()?,
    }))
}

fn after(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_add(hours.hours()).unwrap_or(at)
}
