//! Cases: what editors work on. Written by the desk's rules inside the pipeline's transaction.

use super::{Store, StoreError, Tx, time};
use crate::model::Stance;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// Where a case stands. An acknowledged case never goes back to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseState {
    Open,
    Acknowledged,
    Assessed,
    Answered,
    Closed,
}

impl CaseState {
    const ALL: [CaseState; 5] = [
        CaseState::Open,
        CaseState::Acknowledged,
        CaseState::Assessed,
        CaseState::Answered,
        CaseState::Closed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            CaseState::Open => "open",
            CaseState::Acknowledged => "acknowledged",
            CaseState::Assessed => "assessed",
            CaseState::Answered => "answered",
            CaseState::Closed => "closed",
        }
    }
}

/// A case as it is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCase {
    /// Key of the rule, for example `flagged`.
    pub rule: String,
    pub watch: String,
    /// Collection time of the mention that made the rule fire.
    pub opened: Timestamp,
    /// The rule's figures, shown in the mail as the reason; never text of a mention.
    pub facts: serde_json::Value,
}

/// A stored case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub id: i64,
    pub rule: String,
    pub watch: String,
    pub state: CaseState,
    pub opened: Timestamp,
    /// Latest mention that the rule counted.
    pub last: Timestamp,
    pub facts: serde_json::Value,
    pub mentions: i64,
}

const CASE: &str = "SELECT c.*, (SELECT count(*) FROM case_mention m WHERE m.case_id = c.id)
    AS mentions FROM desk_case c";

impl Tx {
    /// The newest case of a rule and watch, whatever its state.
    pub async fn latest_case(
        &mut self,
        rule: &str,
        watch: &str,
    ) -> Result<Option<Case>, StoreError> {
        let row = sqlx::query(
            "SELECT c.*, (SELECT count(*) FROM case_mention m WHERE m.case_id = c.id) AS mentions
             FROM desk_case c WHERE rule = $1 AND watch = $2 ORDER BY id DESC LIMIT 1",
        )
        .bind(rule)
        .bind(watch)
        .fetch_optional(&mut *self.tx)
        .await?;
        row.as_ref().map(read_case).transpose()
    }

    /// Opens a case and gives its number.
    pub async fn open_case(&mut self, case: &NewCase) -> Result<i64, StoreError> {
        let opened_ms = case.opened.as_millisecond();
        Ok(sqlx::query_scalar(
            "INSERT INTO desk_case (rule, watch, state, opened_ms, last_ms, facts)
             VALUES ($1, $2, 'open', $3, $3, $4) RETURNING id",
        )
        .bind(&case.rule)
        .bind(&case.watch)
        .bind(opened_ms)
        .bind(serde_json::to_string(&case.facts)?)
        .fetch_one(&mut *self.tx)
        .await?)
    }

    /// Adds a mention to a case; again is no harm. `at` is the mention's collection time.
    pub async fn add_to_case(
        &mut self,
        case_id: i64,
        mention_id: i64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO case_mention (case_id, mention_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(case_id)
        .bind(mention_id)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query("UPDATE desk_case SET last_ms = max(last_ms, $2) WHERE id = $1")
            .bind(case_id)
            .bind(at.as_millisecond())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Numbers of the live (not imported) mentions of a watch with a stance that were collected
    /// after `after` and up to `until`, oldest first.
    pub async fn watch_mentions(
        &mut self,
        watch: &str,
        stance: Stance,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT mention_id FROM mention_watch
             WHERE watch = $1 AND stance = $2 AND collected_ms > $3 AND collected_ms <= $4
                 AND backfill = 0
             ORDER BY collected_ms, mention_id",
        )
        .bind(watch)
        .bind(stance.as_str())
        .bind(after.as_millisecond())
        .bind(until.as_millisecond())
        .fetch_all(&mut *self.tx)
        .await?)
    }
}

impl Store {
    /// Cases, newest first.
    pub async fn cases(&self, limit: i64) -> Result<Vec<Case>, StoreError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{CASE} ORDER BY id DESC LIMIT $1"
        )))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_case).collect()
    }

    pub async fn case(&self, id: i64) -> Result<Option<Case>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{CASE} WHERE c.id = $1")))
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read_case).transpose()
    }

    /// Numbers of the mentions of a case, oldest first.
    pub async fn case_mentions(&self, case_id: i64) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT mention_id FROM case_mention WHERE case_id = $1 ORDER BY mention_id",
        )
        .bind(case_id)
        .fetch_all(&self.readers)
        .await?)
    }

    /// Number of cases that are not closed.
    pub async fn open_cases(&self) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT count(*) FROM desk_case WHERE state <> 'closed'")
                .fetch_one(&self.readers)
                .await?,
        )
    }
}

fn read_case(row: &SqliteRow) -> Result<Case, StoreError> {
    let state: String = row.try_get("state")?;
    Ok(Case {
        id: row.try_get("id")?,
        rule: row.try_get("rule")?,
        watch: row.try_get("watch")?,
        state: CaseState::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| StoreError::Damaged(format!("`{state}` is no state of a case")))?,
        opened: time(row.try_get("opened_ms")?)?,
        last: time(row.try_get("last_ms")?)?,
        facts: serde_json::from_str(row.try_get("facts")?)?,
        mentions: row.try_get("mentions")?,
    })
}
