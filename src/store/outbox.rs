//! The outbox: mails that must leave the house, each with a pinned Message-ID.

use super::{Store, StoreError, Tx, time};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A mail as a rule orders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    pub case_id: i64,
    /// Step of the escalation; the first mail of a case is `alert`.
    pub step: String,
    pub recipient: String,
    /// Pinned: a repeat carries the same one.
    pub message_id: String,
    /// The mentions that the mail shows.
    pub mention_ids: Vec<i64>,
    pub created: Timestamp,
}

/// A mail that waits or has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    pub id: i64,
    pub case_id: i64,
    pub step: String,
    pub recipient: String,
    pub message_id: String,
    pub mention_ids: Vec<i64>,
    /// `pending`, `sent` or `failed`.
    pub state: String,
    pub attempts: i64,
    pub created: Timestamp,
    pub sent: Option<Timestamp>,
    /// What the last failed attempt ran into; never text of a mail.
    pub last_error: Option<String>,
}

/// What the metrics say of the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxCounts {
    pub pending: i64,
    pub oldest: Option<Timestamp>,
}

impl Tx {
    /// Orders a mail. A second order of the same Message-ID changes nothing.
    pub async fn order_mail(&mut self, mail: &NewMail) -> Result<(), StoreError> {
        let created_ms = mail.created.as_millisecond();
        let id: Option<i64> = sqlx::query_scalar(
            "INSERT INTO outbox (case_id, step, recipient, message_id, mention_ids, state, attempts,
                 created_ms, next_attempt_ms)
             VALUES ($1, $2, $3, $4, $5, 'pending', 0, $6, $6)
             ON CONFLICT (message_id) DO NOTHING RETURNING id",
        )
        .bind(mail.case_id)
        .bind(&mail.step)
        .bind(&mail.recipient)
        .bind(&mail.message_id)
        .bind(serde_json::to_string(&mail.mention_ids)?)
        .bind(created_ms)
        .fetch_optional(&mut *self.tx)
        .await?;
        let shown: &[i64] = if id.is_some() { &mail.mention_ids } else { &[] };
        for mention_id in shown {
            sqlx::query(
                "INSERT INTO outbox_mention (mention_id, outbox_id) VALUES ($1, $2)
                 ON CONFLICT DO NOTHING",
            )
            .bind(mention_id)
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(())
    }
}

impl Store {
    /// The mails whose next attempt is due, oldest first.
    pub async fn due_mails(
        &self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<OutgoingMail>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM outbox WHERE state = 'pending' AND next_attempt_ms <= $1
             ORDER BY id LIMIT $2",
        )
        .bind(now.as_millisecond())
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_mail).collect()
    }

    /// All mails, oldest first.
    pub async fn mails(&self, limit: i64) -> Result<Vec<OutgoingMail>, StoreError> {
        let rows = sqlx::query("SELECT * FROM outbox ORDER BY id LIMIT $1")
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read_mail).collect()
    }

    /// Every Message-ID that was ever given.
    pub async fn message_ids(&self) -> Result<Vec<String>, StoreError> {
        let ids = sqlx::query_scalar("SELECT message_id FROM outbox ORDER BY id")
            .fetch_all(&self.readers)
            .await?;
        Ok(ids)
    }

    /// The mails that showed a mention.
    pub async fn mails_showing(&self, mention_id: i64) -> Result<Vec<OutgoingMail>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM outbox WHERE id IN
                 (SELECT outbox_id FROM outbox_mention WHERE mention_id = $1) ORDER BY id",
        )
        .bind(mention_id)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_mail).collect()
    }

    /// The mails that show a mention which changed or went between two sequence numbers, the
    /// first exclusive, the second inclusive.
    pub async fn mails_changed(
        &self,
        after_seq: i64,
        until_seq: i64,
    ) -> Result<Vec<OutgoingMail>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM outbox WHERE id IN (
                 SELECT o.outbox_id FROM mention m JOIN outbox_mention o ON o.mention_id = m.id
                 WHERE m.seq > $1 AND m.seq <= $2
                 UNION
                 SELECT o.outbox_id FROM removed r
                 JOIN outbox_mention o ON o.mention_id = r.mention_id
                 WHERE r.seq > $1 AND r.seq <= $2)
             ORDER BY id",
        )
        .bind(after_seq)
        .bind(until_seq)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_mail).collect()
    }

    /// How far a follower has read; 0 before its first step.
    pub async fn follower_seq(&self, name: &str) -> Result<i64, StoreError> {
        let seq: Option<i64> = sqlx::query_scalar("SELECT seq FROM follower WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        Ok(seq.unwrap_or(0))
    }

    /// Saves how far a follower has read, after what it did is durable.
    pub async fn set_follower_seq(&self, name: &str, seq: i64) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO follower (name, seq) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET seq = excluded.seq",
        )
        .bind(name)
        .bind(seq)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The mail server took it. Written after the fact: a crash in between sends it again.
    pub async fn mail_sent(&self, id: i64, at: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET state = 'sent', attempts = attempts + 1, sent_ms = $2,
                 last_error = NULL WHERE id = $1",
        )
        .bind(id)
        .bind(at.as_millisecond())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// An attempt failed. `next` is when to try again; `None` gives up, visibly.
    /// `error` must not quote a mail's text.
    pub async fn mail_failed(
        &self,
        id: i64,
        error: &str,
        next: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE outbox SET state = CASE WHEN $2 IS NULL THEN 'failed' ELSE 'pending' END,
                 attempts = attempts + 1, last_error = $3,
                 next_attempt_ms = coalesce($2, next_attempt_ms) WHERE id = $1",
        )
        .bind(id)
        .bind(next.map(Timestamp::as_millisecond))
        .bind(error)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    pub async fn outbox_counts(&self) -> Result<OutboxCounts, StoreError> {
        let (pending, oldest_ms): (i64, Option<i64>) =
            sqlx::query_as("SELECT count(*), min(created_ms) FROM outbox WHERE state = 'pending'")
                .fetch_one(&self.readers)
                .await?;
        Ok(OutboxCounts {
            pending,
            oldest: oldest_ms.map(time).transpose()?,
        })
    }
}

fn read_mail(row: &SqliteRow) -> Result<OutgoingMail, StoreError> {
    let sent_ms: Option<i64> = row.try_get("sent_ms")?;
    Ok(OutgoingMail {
        id: row.try_get("id")?,
        case_id: row.try_get("case_id")?,
        step: row.try_get("step")?,
        recipient: row.try_get("recipient")?,
        message_id: row.try_get("message_id")?,
        mention_ids: serde_json::from_str(row.try_get("mention_ids")?)?,
        state: row.try_get("state")?,
        attempts: row.try_get("attempts")?,
        created: time(row.try_get("created_ms")?)?,
        sent: sent_ms.map(time).transpose()?,
        last_error: row.try_get("last_error")?,
    })
}
