//! How much stories are worth checking: written with the mention that changed it.

use super::{Store, StoreError, Tx, time};
use crate::model::StoryWeight;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// Scores below this are not kept: most stories, and nobody asks for them.
const LEAST_KEPT: f32 = 0.05;

/// A story that was weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct WeighedStory {
    /// As it was weighed last.
    pub weight: StoryWeight,
    pub weighed: Timestamp,
    /// When it was flagged, and as it was weighed then.
    pub flagged: Option<(Timestamp, StoryWeight)>,
    /// What the office says of the flag.
    pub judged: Option<bool>,
}

impl Tx {
    /// Keeps a story's weight.
    pub async fn weigh_story(
        &mut self,
        weight: &StoryWeight,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if weight.score < LEAST_KEPT && !self.is_weighed(weight.story).await? {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO story_weight (story, first_ms, weighed_ms, score, peak, peak_ms, weight)
             VALUES ($1, $2, $3, $4, $4, $3, $5)
             ON CONFLICT (story) DO UPDATE SET first_ms = excluded.first_ms,
                 weighed_ms = excluded.weighed_ms, score = excluded.score,
                 weight = excluded.weight, peak = max(peak, excluded.peak),
                 peak_ms = CASE WHEN excluded.peak > peak THEN excluded.peak_ms ELSE peak_ms END",
        )
        .bind(weight.story)
        .bind(weight.figures.first.as_millisecond())
        .bind(at.as_millisecond())
        .bind(f64::from(weight.score))
        .bind(serde_json::to_string(weight)?)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn is_weighed(&mut self, story: i64) -> Result<bool, StoreError> {
        let found: i64 =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM story_weight WHERE story = $1)")
                .bind(story)
                .fetch_one(&mut *self.tx)
                .await?;
        Ok(found != 0)
    }

    /// Flags a story as worth checking, for this weight of it; false where it is flagged already.
    pub async fn flag_story(
        &mut self,
        weight: &StoryWeight,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE story_weight SET flagged_ms = $2, flagged = $3
             WHERE story = $1 AND flagged_ms IS NULL",
        )
        .bind(weight.story)
        .bind(at.as_millisecond())
        .bind(serde_json::to_string(weight)?)
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// A story went into another one: a flag goes with it.
    pub(super) async fn absorb_weight(&mut self, into: i64, story: i64) -> Result<(), StoreError> {
        for statement in [
            "UPDATE OR IGNORE story_weight SET story = $1 WHERE story = $2",
            "UPDATE story_weight SET
                 flagged = COALESCE(flagged, (SELECT o.flagged FROM story_weight o WHERE o.story = $2)),
                 flagged_ms = COALESCE(flagged_ms,
                     (SELECT o.flagged_ms FROM story_weight o WHERE o.story = $2))
             WHERE story = $1",
            "DELETE FROM story_weight WHERE story = $2 AND $1 <> $2",
            "UPDATE desk_case SET story = $1 WHERE story = $2",
        ] {
            sqlx::query(statement)
                .bind(into)
                .bind(story)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    /// What the office says of a flag: worth checking or not; none takes it back. False where the
    /// story has no flag.
    pub async fn judge_story(
        &mut self,
        story: i64,
        judged: Option<bool>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE story_weight SET judged = $2 WHERE story = $1 AND flagged_ms IS NOT NULL",
        )
        .bind(story)
        .bind(said(judged))
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

impl Store {
    /// The stories that are worth checking, the latest flag first.
    pub async fn flagged_stories(&self, limit: i64) -> Result<Vec<WeighedStory>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM story_weight WHERE flagged_ms IS NOT NULL
             ORDER BY flagged_ms DESC, story DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(weighed).collect()
    }

    /// The weight of one story.
    pub async fn weighed_story(&self, story: i64) -> Result<Option<WeighedStory>, StoreError> {
        let row = sqlx::query("SELECT * FROM story_weight WHERE story = $1")
            .bind(story)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(weighed).transpose()
    }

    /// Story, highest score and its time, of all that reached it since then, in order of time; before
    /// them the very first one, which tells since when the house weighs.
    pub async fn peaks_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<(i64, f32, Timestamp)>, StoreError> {
        let rows: Vec<(i64, f64, i64)> = sqlx::query_as(
            "SELECT story, peak, peak_ms FROM story_weight
             WHERE peak_ms >= $1 OR peak_ms = (SELECT min(peak_ms) FROM story_weight)
             ORDER BY peak_ms",
        )
        .bind(since.as_millisecond())
        .fetch_all(&self.readers)
        .await?;
        let read = |(story, peak, at): (i64, f64, i64)| Ok((story, peak as f32, time(at)?));
        rows.into_iter().map(read).collect()
    }
}

/// How a yes, a no and nothing are kept.
pub(super) fn said(judged: Option<bool>) -> &'static str {
    match judged {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

pub(super) fn heard(judged: &str) -> Option<bool> {
    match judged {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn weighed(row: &SqliteRow) -> Result<WeighedStory, StoreError> {
    let flagged_ms: Option<i64> = row.try_get("flagged_ms")?;
    let flagged: Option<&str> = row.try_get("flagged")?;
    let flagged = flagged_ms.zip(flagged);
    Ok(WeighedStory {
        weight: serde_json::from_str(row.try_get("weight")?)?,
        weighed: time(row.try_get("weighed_ms")?)?,
        flagged: flagged
            .map(|(at, weight)| Ok::<_, StoreError>((time(at)?, serde_json::from_str(weight)?)))
            .transpose()?,
        judged: heard(row.try_get("judged")?),
    })
}
