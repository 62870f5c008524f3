//! The register of claims, and which mentions may repeat which entry.

use super::weights::{heard, said};
use super::{Store, StoreError, StoredMention, Tx, time};
use crate::model::{ClaimGrade, ClaimId, ClaimMatch, Reason};
use crate::privacy::MentionKey;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;

/// Judgements that the matching learns from, the latest.
const MAX_JUDGED: i64 = 5_000;

/// What the office writes into an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimText {
    pub claim: String,
    /// Further wordings, one a line.
    pub wordings: String,
    /// The approved answer.
    pub answer: String,
    /// Where it stands.
    pub url: String,
}

/// An entry of the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub id: i64,
    pub text: ClaimText,
    pub created: Timestamp,
    pub changed: Timestamp,
    /// Not compared any more.
    pub retired: bool,
    /// Mentions that repeat it: sure ones, and those to which the office said yes.
    pub repeats: i64,
    /// Mentions that wait for a yes or no.
    pub suggested: i64,
}

/// A fact check that was collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub key: MentionKey,
    pub mention_id: i64,
    pub claim: String,
    pub title: String,
}

/// What a mention may repeat, with the entry's words.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredMatch {
    pub claim: ClaimId,
    /// The entry, its answer (of a fact check the verdict) and where it stands.
    pub text: ClaimText,
    /// Of a fact check: its mention.
    pub check: Option<i64>,
    pub probability: f32,
    pub grade: ClaimGrade,
    pub judged: Option<bool>,
    pub reasons: Vec<Reason>,
}

const CLAIM: &str = "SELECT c.*,
    (SELECT count(*) FROM mention_claim m WHERE m.claim_id = c.id
        AND (m.judged = 'yes' OR m.grade = 'confirmed' AND m.judged = '')) AS repeats,
    (SELECT count(*) FROM mention_claim m WHERE m.claim_id = c.id
        AND m.grade = 'suggested' AND m.judged = '') AS suggested
    FROM claim c";

impl Tx {
    /// Writes what a mention may repeat in place of what it had; what the office judged stays.
    pub(super) async fn put_claims(
        &mut self,
        mention_id: i64,
        claims: &[ClaimMatch],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        for claim in claims {
            let (office, check) = columns(claim.claim);
            sqlx::query(
                "INSERT INTO mention_claim (mention_id, claim_id, check_key, probability, grade,
                     judged, features, reasons, at_ms)
                 SELECT $1, $2, $3, $4, $5, '', $6, $7, $8 WHERE NOT EXISTS (
                     SELECT 1 FROM mention_claim
                     WHERE mention_id = $1 AND (claim_id = $2 OR check_key = $3))",
            )
            .bind(mention_id)
            .bind(office)
            .bind(check)
            .bind(f64::from(claim.probability))
            .bind(claim.grade.as_str())
            .bind(serde_json::to_string(&claim.features)?)
            .bind(serde_json::to_string(&claim.reasons)?)
            .bind(at.as_millisecond())
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(())
    }

    /// Takes out what nobody judged, before a newer version of the mention is compared; of the rest
    /// the words, which may not stand there any more.
    pub(super) async fn take_claims(&mut self, mention_id: i64) -> Result<(), StoreError> {
        for statement in [
            "DELETE FROM mention_claim WHERE mention_id = $1 AND judged = ''",
            "UPDATE mention_claim SET reasons = '[]' WHERE mention_id = $1",
        ] {
            sqlx::query(statement)
                .bind(mention_id)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }
}

impl Store {
    /// Adds an entry; returns its number.
    pub async fn add_claim(&self, text: &ClaimText, at: Timestamp) -> Result<i64, StoreError> {
        let id = sqlx::query_scalar(
            "INSERT INTO claim (claim, wordings, answer, url, created_ms, changed_ms, retired)
             VALUES ($1, $2, $3, $4, $5, $5, 0) RETURNING id",
        )
        .bind(&text.claim)
        .bind(&text.wordings)
        .bind(&text.answer)
        .bind(&text.url)
        .bind(at.as_millisecond())
        .fetch_one(&self.writer)
        .await?;
        self.claims_changed();
        Ok(id)
    }

    /// Changes an entry, or retires it; false where there is none.
    pub async fn change_claim(
        &self,
        id: i64,
        (text, retired): (&ClaimText, bool),
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE claim SET claim = $2, wordings = $3, answer = $4, url = $5, changed_ms = $6,
                 retired = $7 WHERE id = $1",
        )
        .bind(id)
        .bind(&text.claim)
        .bind(&text.wordings)
        .bind(&text.answer)
        .bind(&text.url)
        .bind(at.as_millisecond())
        .bind(i64::from(retired))
        .execute(&self.writer)
        .await?;
        self.claims_changed();
        Ok(done.rows_affected() > 0)
    }

    /// The office says whether a mention repeats an entry; none takes that back. False where the two
    /// were never compared.
    pub async fn judge_claim(
        &self,
        mention_id: i64,
        claim: ClaimId,
        judged: Option<bool>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (office, check) = columns(claim);
        let done = sqlx::query(
            "UPDATE mention_claim SET judged = $4, judged_ms = $5
             WHERE mention_id = $1 AND (claim_id = $2 OR check_key = $3)",
        )
        .bind(mention_id)
        .bind(office)
        .bind(check)
        .bind(said(judged))
        .bind(judged.map(|_| at.as_millisecond()))
        .execute(&self.writer)
        .await?;
        self.claims_changed();
        Ok(done.rows_affected() > 0)
    }

    /// Number and wordings of what is compared, and whether an entry is retired, without any count.
    pub async fn claims_compared(&self) -> Result<Vec<(i64, String, String, bool)>, StoreError> {
        Ok(
            sqlx::query_as("SELECT id, claim, wordings, retired <> 0 FROM claim ORDER BY id DESC")
                .fetch_all(&self.readers)
                .await?,
        )
    }

    /// All entries of the office, the newest first.
    pub async fn claims(&self) -> Result<Vec<Claim>, StoreError> {
        let sql = format!("{CLAIM} ORDER BY c.id DESC");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read_claim).collect()
    }

    pub async fn claim(&self, id: i64) -> Result<Option<Claim>, StoreError> {
        let sql = format!("{CLAIM} WHERE c.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read_claim).transpose()
    }

    /// Mentions that repeat an entry or may, newest first, but those to which the office said no.
    pub async fn repeats_of(&self, claim: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT mention_id FROM mention_claim WHERE claim_id = $1 AND judged <> 'no'
             ORDER BY mention_id DESC LIMIT $2",
        )
        .bind(claim)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?)
    }

    /// The fact checks that were collected, with the claims that they check.
    pub async fn checks(&self) -> Result<Vec<Check>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, key, title, json_extract(review, '$.claim') AS claim FROM mention
             WHERE review IS NOT NULL ORDER BY id",
        )
        .fetch_all(&self.readers)
        .await?;
        let read = |row: &SqliteRow| {
            Ok(Check {
                key: super::read::key(row.try_get("key")?)?,
                mention_id: row.try_get("id")?,
                claim: row.try_get("claim")?,
                title: row.try_get("title")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// What a mention may repeat, the most probable first.
    pub async fn claims_of(&self, mention_id: i64) -> Result<Vec<StoredMatch>, StoreError> {
        let rows = sqlx::query(
            "SELECT m.*, c.claim, c.wordings, c.answer, c.url AS claim_url, f.id AS check_id,
                 f.review, f.url AS check_url
             FROM mention_claim m LEFT JOIN claim c ON c.id = m.claim_id
                 LEFT JOIN mention f ON f.key = m.check_key
             WHERE m.mention_id = $1 AND (c.id IS NOT NULL OR f.review IS NOT NULL)
             ORDER BY m.probability DESC",
        )
        .bind(mention_id)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_match).collect()
    }

    /// What any of some mentions may repeat, each entry once, the most probable first; without those
    /// to which the office said no.
    pub async fn claims_of_all(
        &self,
        mentions: &[StoredMention],
    ) -> Result<Vec<StoredMatch>, StoreError> {
        let mut all: Vec<StoredMatch> = Vec::new();
        for mention in mentions {
            for found in self.claims_of(mention.id).await? {
                let is_there = all.iter().any(|known| known.claim == found.claim);
                if !is_there && found.judged != Some(false) {
                    all.push(found);
                }
            }
        }
        all.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        Ok(all)
    }

    /// How probably mentions repeat an entry at all, of those with numbers after the first and up to
    /// the second that may.
    pub async fn likeliest_claims(
        &self,
        after: i64,
        last: i64,
    ) -> Result<HashMap<i64, f32>, StoreError> {
        let rows: Vec<(i64, f64)> = sqlx::query_as(
            "SELECT mention_id, max(probability) FROM mention_claim
             WHERE mention_id > $1 AND mention_id <= $2 GROUP BY mention_id",
        )
        .bind(after)
        .bind(last)
        .fetch_all(&self.readers)
        .await?;
        let read = |(id, probability): (i64, f64)| (id, probability as f32);
        Ok(rows.into_iter().map(read).collect())
    }

    /// What was measured where the office said yes or no, the latest first.
    pub async fn judged_claims(&self) -> Result<Vec<(Vec<f32>, bool)>, StoreError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT features, judged FROM mention_claim WHERE judged <> ''
             ORDER BY judged_ms DESC LIMIT $1",
        )
        .bind(MAX_JUDGED)
        .fetch_all(&self.readers)
        .await?;
        let read = |(features, judged): (String, String)| {
            Ok((serde_json::from_str(&features)?, judged == "yes"))
        };
        rows.into_iter().map(read).collect()
    }

    pub(super) fn claims_changed(&self) {
        self.claims.send_modify(|changes| *changes += 1);
    }
}

fn columns(claim: ClaimId) -> (Option<i64>, Option<Vec<u8>>) {
    match claim {
        ClaimId::Office(id) => (Some(id), None),
        ClaimId::Check(key) => (None, Some(key.0.to_vec())),
    }
}

fn read_claim(row: &SqliteRow) -> Result<Claim, StoreError> {
    Ok(Claim {
        id: row.try_get("id")?,
        text: ClaimText {
            claim: row.try_get("claim")?,
            wordings: row.try_get("wordings")?,
            answer: row.try_get("answer")?,
            url: row.try_get("url")?,
        },
        created: time(row.try_get("created_ms")?)?,
        changed: time(row.try_get("changed_ms")?)?,
        retired: row.try_get::<i64, _>("retired")? != 0,
        repeats: row.try_get("repeats")?,
        suggested: row.try_get("suggested")?,
    })
}

fn read_match(row: &SqliteRow) -> Result<StoredMatch, StoreError> {
    let check_key: Option<&[u8]> = row.try_get("check_key")?;
    let (claim, text) = match check_key {
        Some(key) => (ClaimId::Check(super::read::key(key)?), check_text(row)?),
        None => (
            ClaimId::Office(row.try_get("claim_id")?),
            ClaimText {
                claim: row.try_get("claim")?,
                wordings: row.try_get("wordings")?,
                answer: row.try_get("answer")?,
                url: row.try_get("claim_url")?,
            },
        ),
    };
    let grade: &str = row.try_get("grade")?;
    Ok(StoredMatch {
        claim,
        text,
        check: row.try_get("check_id")?,
        probability: row.try_get::<f64, _>("probability")? as f32,
        grade: ClaimGrade::parse(grade)
            .ok_or_else(|| StoreError::Damaged(format!("`{grade}` is no grade of a match")))?,
        judged: heard(row.try_get("judged")?),
        reasons: serde_json::from_str(row.try_get("reasons")?)?,
    })
}

fn check_text(row: &SqliteRow) -> Result<ClaimText, StoreError> {
    let review: crate::model::ClaimReview = serde_json::from_str(row.try_get("review")?)?;
    let url: Option<String> = row.try_get("check_url")?;
    Ok(ClaimText {
        claim: review.claim,
        wordings: String::new(),
        answer: review.rating,
        url: url.unwrap_or_default(),
    })
}
