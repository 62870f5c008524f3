//! Copies of the store, what must stay erased in them, and whether a store is sound.

use super::{Store, StoreError, Tx};
use crate::privacy::{MentionKey, Pseudonym};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use std::path::Path;

/// What is gone for good, as keyed hashes: worth nothing without the key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasures {
    pub items: Vec<ErasedItem>,
    pub authors: Vec<ErasedAuthor>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedItem {
    pub key: Vec<u8>,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedAuthor {
    pub pseudonym: Vec<u8>,
    pub at: Timestamp,
    /// As in the table: 1 left, 2 by order.
    pub level: i64,
}

/// Rows that hang in the air: table, what it lacks, and how to find them.
const ORPHANS: [(&str, &str, &str); 13] = [
    (
        "mention_alias",
        "mention",
        "mention_id NOT IN (SELECT id FROM mention)",
    ),
    (
        "mention_watch",
        "mention",
        "mention_id NOT IN (SELECT id FROM mention)",
    ),
    (
        "mention_claim",
        "mention",
        "mention_id NOT IN (SELECT id FROM mention)",
    ),
    (
        "mention_claim",
        "entry",
        "claim_id IS NOT NULL AND claim_id NOT IN (SELECT id FROM claim)
             OR check_key NOT IN (SELECT key FROM mention)",
    ),
    (
        "mention_differs",
        "mention",
        "mention_id NOT IN (SELECT id FROM mention)",
    ),
    (
        "mention_differs",
        "statement",
        // What is null is not in an empty list either.
        "statement_id IS NOT NULL AND statement_id NOT IN (SELECT id FROM statement)",
    ),
    (
        "judgement",
        "mention",
        "mention_id NOT IN (SELECT id FROM mention)",
    ),
    (
        "coding",
        "mention",
        "mention_id NOT IN (SELECT id FROM mention)",
    ),
    (
        "mention",
        "watch",
        // A message to the house is nobody's search result.
        "kind <> 'message' AND id NOT IN (SELECT mention_id FROM mention_watch)",
    ),
    (
        "case_mention",
        "case",
        "case_id NOT IN (SELECT id FROM desk_case)",
    ),
    (
        "case_mention",
        "mention",
        "mention_id NOT IN (SELECT id FROM mention)",
    ),
    (
        "outbox",
        "case",
        "case_id NOT IN (SELECT id FROM desk_case)",
    ),
    (
        "outbox_mention",
        "mail",
        "outbox_id NOT IN (SELECT id FROM outbox)",
    ),
];

/// Rows that contradict each other: how to count them, and what to say of them.
const AT_ODDS: [(&str, &str); 6] = [
    (
        "SELECT count(*) FROM mention WHERE key IN (SELECT key FROM tombstone)
             OR pseudonym IN (SELECT pseudonym FROM author_gone)",
        "mentions that were deleted or erased are there",
    ),
    (
        "SELECT count(*) FROM removed WHERE mention_id IN (SELECT id FROM mention)",
        "mentions that followers are told to forget are there",
    ),
    (
        "SELECT count(*) FROM outbox o, json_each(o.mention_ids) shown WHERE NOT EXISTS
             (SELECT 1 FROM outbox_mention m WHERE m.outbox_id = o.id AND m.mention_id = shown.value)",
        "mentions in mails would not be found when they are erased",
    ),
    (
        "SELECT count(*) FROM outbox_mention m JOIN outbox o ON o.id = m.outbox_id WHERE NOT EXISTS
             (SELECT 1 FROM json_each(o.mention_ids) shown WHERE shown.value = m.mention_id)",
        "mails do not know that they show a mention",
    ),
    (
        "SELECT count(*) FROM outbox WHERE state NOT IN ('pending', 'sent', 'failed')
             OR (state = 'sent') <> (sent_ms IS NOT NULL)",
        "mails are neither waiting, sent nor failed",
    ),
    (
        "SELECT count(*) FROM follower WHERE seq > (SELECT value FROM sequence WHERE name = 'change')",
        "followers are further than the store",
    ),
];

impl Store {
    /// Writes a whole copy into a file that is not there yet, while others read and write.
    pub async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        sqlx::query("VACUUM INTO $1")
            .bind(path.to_string_lossy().into_owned())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Everything that must not come back.
    pub async fn erasures(&self) -> Result<Erasures, StoreError> {
        let mut found = Erasures::default();
        let items = sqlx::query("SELECT key, at_ms FROM tombstone WHERE known > 0 ORDER BY at_ms")
            .fetch_all(&self.readers)
            .await?;
        for row in items {
            found.items.push(ErasedItem {
                key: row.try_get("key")?,
                at: super::time(row.try_get("at_ms")?)?,
            });
        }
        let authors = sqlx::query(
            "SELECT pseudonym, at_ms, known FROM author_gone WHERE known > 0 ORDER BY at_ms",
        )
        .fetch_all(&self.readers)
        .await?;
        for row in authors {
            found.authors.push(ErasedAuthor {
                pseudonym: row.try_get("pseudonym")?,
                at: super::time(row.try_get("at_ms")?)?,
                level: row.try_get("known")?,
            });
        }
        Ok(found)
    }

    /// What is wrong with the file and its rows; nothing where it is sound.
    pub async fn faults(&self) -> Result<Vec<String>, StoreError> {
        let told: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(100)")
            .fetch_all(&self.readers)
            .await?;
        let mut faults: Vec<String> = told.into_iter().filter(|line| line != "ok").collect();
        for (table, missing, which) in ORPHANS {
            let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
                "SELECT count(*) FROM {table} WHERE {which}"
            )))
            .fetch_one(&self.readers)
            .await?;
            if count > 0 {
                faults.push(format!("{count} rows of {table} without their {missing}"));
            }
        }
        for (counted, said) in AT_ODDS {
            let count: i64 = sqlx::query_scalar(counted).fetch_one(&self.readers).await?;
            if count > 0 {
                faults.push(format!("{count} {said}"));
            }
        }
        let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(seq) FROM mention")
            .fetch_one(&self.readers)
            .await?;
        let sequence = self.newest_seq().await?;
        if newest.is_some_and(|newest| newest > sequence) {
            faults.push(format!(
                "mentions are newer than the sequence number {sequence}"
            ));
        }
        Ok(faults)
    }

    /// Mails that a restored store would send once more are given up, visibly.
    pub async fn give_up_mails(&self, reason: &str) -> Result<u64, StoreError> {
        let given = sqlx::query(
            "UPDATE outbox SET state = 'failed', last_error = $1 WHERE state = 'pending'",
        )
        .bind(reason)
        .execute(&self.writer)
        .await?;
        Ok(given.rows_affected())
    }
}

impl Tx {
    /// Erases once more what was erased. Returns how many mentions were still there.
    pub async fn erase_again(&mut self, erasures: &Erasures) -> Result<usize, StoreError> {
        let mut erased = 0;
        for item in &erasures.items {
            let key: MentionKey = super::read::key(&item.key)?;
            erased += self.erase(&key, item.at).await?.len();
        }
        for author in &erasures.authors {
            let wrong = |_| StoreError::Damaged("a pseudonym has 16 bytes".to_owned());
            let bytes = author.pseudonym.as_slice().try_into().map_err(wrong)?;
            let (at, level) = (author.at, author.level);
            erased += self.gone_again(Pseudonym(bytes), at, level).await?;
        }
        Ok(erased)
    }
}
