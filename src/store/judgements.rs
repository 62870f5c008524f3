//! What the office says of labels: stored by mention and target, without anybody's name.

use super::read::StoredMention;
use super::{Store, StoreError, Tx};
use crate::model::{Labels, Stance, StanceLabel, WatchMatch};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use sqlx::Row;

/// One in so many judged mentions is kept apart to measure by.
const TEST_SHARE: u8 = 5;

/// A judgement that still holds: the mention is there and says what was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub mention: StoredMention,
    pub target: String,
    pub stance: Stance,
    /// To measure by, never to learn from.
    pub test: bool,
    /// What the model had said.
    pub said: StanceLabel,
}

/// What became of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The label is the office's now.
    Done,
    NoMention,
    /// No watch of this target found the mention.
    NoTarget,
}

impl Tx {
    /// The office says what the stance of a mention toward a target is. A second judgement takes
    /// the place of the first. `way` is `page` or `api`.
    pub async fn judge(
        &mut self,
        id: i64,
        target: &str,
        stance: Stance,
        way: &str,
        at: Timestamp,
    ) -> Result<Judged, StoreError> {
        let Some((row, mut labels)) = self.labelled(id).await? else {
            return Ok(Judged::NoMention);
        };
        let Some(label) = labels.stances.iter_mut().find(|one| one.target == target) else {
            return Ok(Judged::NoTarget);
        };
        sqlx::query(
            "INSERT INTO judgement (mention_id, target, stance, way, at_ms, is_test, words, said)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (mention_id, target) DO UPDATE SET stance = excluded.stance,
                 way = excluded.way, at_ms = excluded.at_ms, words = excluded.words",
        )
        .bind(id)
        .bind(target)
        .bind(stance.as_str())
        .bind(way)
        .bind(at.as_millisecond())
        .bind(i64::from(is_test(&row.key)))
        .bind(row.words())
        .bind(serde_json::to_string(label)?)
        .execute(&mut *self.tx)
        .await?;
        *label = of_office(target, stance);
        self.relabel(id, &labels, &row.matches).await?;
        Ok(Judged::Done)
    }

    /// Takes a judgement back: the model's label is there again.
    pub async fn unjudge(&mut self, id: i64, target: &str) -> Result<Judged, StoreError> {
        let Some((row, mut labels)) = self.labelled(id).await? else {
            return Ok(Judged::NoMention);
        };
        let said: Option<String> = sqlx::query_scalar(
            "DELETE FROM judgement WHERE mention_id = $1 AND target = $2 RETURNING said",
        )
        .bind(id)
        .bind(target)
        .fetch_optional(&mut *self.tx)
        .await?;
        let label = labels.stances.iter_mut().find(|one| one.target == target);
        let (Some(said), Some(label)) = (said, label) else {
            return Ok(Judged::NoTarget);
        };
        if label.by_office {
            *label = serde_json::from_str(&said)?;
            self.relabel(id, &labels, &row.matches).await?;
        }
        Ok(Judged::Done)
    }

    /// The office's judgements stand over what a model says of the same words anew. To be called
    /// after a mention was written.
    pub(super) async fn judge_again(&mut self, id: i64) -> Result<(), StoreError> {
        let rows = sqlx::query("SELECT target, stance, words FROM judgement WHERE mention_id = $1")
            .bind(id)
            .fetch_all(&mut *self.tx)
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let Some((row, mut labels)) = self.labelled(id).await? else {
            return Ok(());
        };
        for judgement in rows {
            let target: String = judgement.try_get("target")?;
            let words: Vec<u8> = judgement.try_get("words")?;
            let label = labels.stances.iter_mut().find(|one| one.target == target);
            if let Some(label) = label.filter(|_| words == row.words()) {
                let said = serde_json::to_string(label)?;
                *label = of_office(&target, stance(judgement.try_get("stance")?)?);
                sqlx::query("UPDATE judgement SET said = $1 WHERE mention_id = $2 AND target = $3")
                    .bind(said)
                    .bind(id)
                    .bind(&target)
                    .execute(&mut *self.tx)
                    .await?;
            }
        }
        self.relabel(id, &labels, &row.matches).await
    }

    /// A second model's answer takes the place of the first one's, unless the words have changed
    /// since, the office has spoken, or the second does not know either. None where there is nothing
    /// to do any more, else whether a stance changed.
    pub async fn reconsider(
        &mut self,
        mention: &StoredMention,
        answer: &Labels,
    ) -> Result<Option<bool>, StoreError> {
        let Some((row, mut labels)) = self.labelled(mention.id).await? else {
            return Ok(None);
        };
        let same = row.words() == words(&mention.title, &mention.text);
        if !same || labels.model != mention.labels.model {
            return Ok(None);
        }
        let mut changed = false;
        for label in labels.stances.iter_mut().filter(|label| !label.by_office) {
            let said = answer.stances.iter().find(|one| one.target == label.target);
            let Some(said) = said.filter(|said| said.stance != Stance::Unclear) else {
                continue;
            };
            let mut reasons = said.reasons.clone();
            if said.stance == label.stance {
                reasons.append(&mut label.reasons);
            } else {
                changed = true;
            }
            *label = StanceLabel {
                reasons,
                ..said.clone()
            };
        }
        labels.model = format!("{}{}{}", labels.model, Labels::AND, answer.model);
        self.relabel(mention.id, &labels, &row.matches).await?;
        Ok(Some(changed))
    }

    async fn labelled(&mut self, id: i64) -> Result<Option<(Words, Labels)>, StoreError> {
        let row =
            sqlx::query("SELECT key, title, text, matches, labels FROM mention WHERE id = $1")
                .bind(id)
                .fetch_optional(&mut *self.tx)
                .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let (matches, labels): (String, String) = (row.try_get("matches")?, row.try_get("labels")?);
        let found = Words {
            key: row.try_get("key")?,
            title: row.try_get("title")?,
            text: row.try_get("text")?,
            matches: serde_json::from_str(&matches)?,
        };
        Ok(Some((found, serde_json::from_str(&labels)?)))
    }

    /// Writes other labels of a mention, for all who follow.
    pub async fn relabel(
        &mut self,
        id: i64,
        labels: &Labels,
        matches: &[WatchMatch],
    ) -> Result<(), StoreError> {
        let seq = self.next_seq();
        sqlx::query("UPDATE mention SET seq = $1, labels = $2 WHERE id = $3")
            .bind(seq)
            .bind(serde_json::to_string(labels)?)
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        for matched in matches {
            let stance = labels.stance_toward(&matched.target);
            sqlx::query(
                "UPDATE mention_watch SET stance = $1 WHERE mention_id = $2 AND watch = $3",
            )
            .bind(stance.as_str())
            .bind(id)
            .bind(&matched.watch)
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(())
    }
}

/// What a judgement needs of its mention.
struct Words {
    key: Vec<u8>,
    title: String,
    text: String,
    matches: Vec<WatchMatch>,
}

impl Words {
    fn words(&self) -> Vec<u8> {
        words(&self.title, &self.text)
    }
}

fn words(title: &str, text: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(title.as_bytes());
    hash.update([0]);
    hash.update(text.as_bytes());
    hash.finalize().to_vec()
}

/// The key is a keyed hash: one in five is as good as drawn, and always the same.
fn is_test(key: &[u8]) -> bool {
    key.first().is_some_and(|byte| byte % TEST_SHARE == 0)
}

fn of_office(target: &str, stance: Stance) -> StanceLabel {
    StanceLabel {
        target: target.to_owned(),
        stance,
        probability: None,
        reasons: Vec::new(),
        by_office: true,
    }
}

pub(super) fn stance(name: &str) -> Result<Stance, StoreError> {
    Stance::parse(name).ok_or_else(|| StoreError::Damaged(format!("`{name}` is no stance")))
}

impl Store {
    /// When the office judged last; what was taken back since does not count.
    pub async fn newest_judgement(&self) -> Result<Option<Timestamp>, StoreError> {
        let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(at_ms) FROM judgement")
            .fetch_one(&self.readers)
            .await?;
        Ok(newest.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }

    /// All judgements that hold, the oldest mention first.
    pub async fn judgements(&self) -> Result<Vec<Judgement>, StoreError> {
        let rows = sqlx::query(
            "SELECT mention_id, target, stance, is_test, words, said FROM judgement
             ORDER BY mention_id, target",
        )
        .fetch_all(&self.readers)
        .await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(mention) = self.mention(row.try_get("mention_id")?).await? else {
                continue;
            };
            let judged: Vec<u8> = row.try_get("words")?;
            if judged != words(&mention.title, &mention.text) {
                continue;
            }
            let (said, is_test): (String, i64) = (row.try_get("said")?, row.try_get("is_test")?);
            found.push(Judgement {
                target: row.try_get("target")?,
                stance: stance(row.try_get("stance")?)?,
                test: is_test != 0,
                said: serde_json::from_str(&said)?,
                mention,
            });
        }
        Ok(found)
    }
}
