//! The weekly sample: a few mentions that two people judge without seeing what the other or the model
//! said. Stored by mention, target and the number 1 or 2, without anybody's name.

use super::read::mention;
use super::{Judged, Store, StoreError, StoredMention, Tx};
use crate::model::{Kind, Labels, Stance, StanceLabel};
use jiff::Timestamp;
use sqlx::Row;
use std::ops::Range;

/// What one person said of one mention of the sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coding {
    pub week: String,
    pub mention_id: i64,
    pub target: String,
    /// 1 or 2.
    pub coder: u8,
    pub stance: Stance,
    /// What the model said, whatever the office made of it since.
    pub model: Stance,
}

impl Store {
    /// So many mentions published in a range, as good as drawn and the same for everybody: their keys
    /// are keyed hashes. Only such as have a stance; messages to the office have none.
    pub async fn sample(
        &self,
        published: Range<Timestamp>,
        count: i64,
    ) -> Result<Vec<StoredMention>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM mention WHERE published_ms >= $1 AND published_ms < $2 AND kind <> $3
             ORDER BY key LIMIT $4",
        )
        .bind(published.start.as_millisecond())
        .bind(published.end.as_millisecond())
        .bind(Kind::Message.as_str())
        .bind(count)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(mention).collect()
    }

    /// What was said of all samples, the oldest week first.
    pub async fn codings(&self) -> Result<Vec<Coding>, StoreError> {
        let rows = sqlx::query(
            "SELECT coding.*, mention.labels, judgement.said FROM coding
             JOIN mention ON mention.id = coding.mention_id
             LEFT JOIN judgement ON judgement.mention_id = coding.mention_id
                 AND judgement.target = coding.target
             ORDER BY week, coding.mention_id, coding.target, coder",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(coding).collect()
    }
}

impl Tx {
    /// A person says what the stance of a mention of a week's sample is, or (`None`) takes it back.
    pub async fn code(
        &mut self,
        week: &str,
        (id, target): (i64, &str),
        coder: u8,
        stance: Option<Stance>,
        at: Timestamp,
    ) -> Result<Judged, StoreError> {
        let labels: Option<String> = sqlx::query_scalar("SELECT labels FROM mention WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut *self.tx)
            .await?;
        let Some(labels) = labels else {
            return Ok(Judged::NoMention);
        };
        let labels: Labels = serde_json::from_str(&labels)?;
        if !labels.stances.iter().any(|label| label.target == target) {
            return Ok(Judged::NoTarget);
        }
        sqlx::query("DELETE FROM coding WHERE mention_id = $1 AND target = $2 AND coder = $3")
            .bind(id)
            .bind(target)
            .bind(i64::from(coder))
            .execute(&mut *self.tx)
            .await?;
        if let Some(stance) = stance {
            sqlx::query(
                "INSERT INTO coding (week, mention_id, target, coder, stance, at_ms)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(week)
            .bind(id)
            .bind(target)
            .bind(i64::from(coder))
            .bind(stance.as_str())
            .bind(at.as_millisecond())
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(Judged::Done)
    }
}

impl Tx {
    /// Other words: what people said of those before says nothing any more.
    pub(super) async fn uncode(&mut self, id: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM coding WHERE mention_id = $1")
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }
}

fn coding(row: &sqlx::sqlite::SqliteRow) -> Result<Coding, StoreError> {
    let target: String = row.try_get("target")?;
    let (labels, said): (String, Option<String>) = (row.try_get("labels")?, row.try_get("said")?);
    let model = match said {
        Some(said) => serde_json::from_str::<StanceLabel>(&said)?.stance,
        None => serde_json::from_str::<Labels>(&labels)?.stance_toward(&target),
    };
    let (stance, coder): (String, i64) = (row.try_get("stance")?, row.try_get("coder")?);
    Ok(Coding {
        week: row.try_get("week")?,
        mention_id: row.try_get("mention_id")?,
        coder: u8::try_from(coder).map_err(|_| StoreError::Damaged(format!("coder {coder}")))?,
        stance: super::judgements::stance(&stance)?,
        target,
        model,
    })
}
