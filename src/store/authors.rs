//! Accounts that left or were erased: their rows go, and what still arrives from them stays away.

use super::write::Existing;
use super::{Removed, StoreError, Tx};
use crate::privacy::Pseudonym;
use jiff::Timestamp;

/// Why an account's pseudonym is kept away (`author_gone.known`): it left and we had nothing of it;
/// it left and we had; it was erased by order, which only an order may undo.
const UNKNOWN: i64 = 0;
const KNOWN: i64 = 1;
const BY_ORDER: i64 = 2;

impl Tx {
    /// An account left: all its rows go, and what still arrives from it stays away.
    /// `pseudonyms` newest first, as [`crate::privacy::Keys::pseudonyms`] gives them.
    pub async fn author_gone(
        &mut self,
        pseudonyms: &[Pseudonym],
        at: Timestamp,
    ) -> Result<Vec<Removed>, StoreError> {
        let removed = self.remove_all_of(pseudonyms).await?;
        let known = !removed.is_empty();
        // Of an account that we never had, only the pseudonyms of now are kept, and they expire.
        let kept = if known {
            pseudonyms
        } else {
            &pseudonyms[..pseudonyms.len().min(2)]
        };
        let level = if known { KNOWN } else { UNKNOWN };
        self.keep_away(kept, at, level).await?;
        Ok(removed)
    }

    /// An account is erased by order: its rows go, and all its pseudonyms stay away, whether we
    /// had something of it or not.
    pub async fn author_erased(
        &mut self,
        pseudonyms: &[Pseudonym],
        at: Timestamp,
    ) -> Result<Vec<Removed>, StoreError> {
        let removed = self.remove_all_of(pseudonyms).await?;
        self.keep_away(pseudonyms, at, BY_ORDER).await?;
        Ok(removed)
    }

    async fn remove_all_of(
        &mut self,
        pseudonyms: &[Pseudonym],
    ) -> Result<Vec<Removed>, StoreError> {
        let mut removed = Vec::new();
        for pseudonym in pseudonyms {
            let rows = sqlx::query(
                "SELECT id, key, source, published_ms, edited_ms, collected_ms, title, text, backfill
                 FROM mention WHERE pseudonym = $1 ORDER BY id",
            )
            .bind(pseudonym.0.as_slice())
            .fetch_all(&mut *self.tx)
            .await?;
            for row in &rows {
                removed.push(self.remove(Existing::read(row)?).await?);
            }
        }
        Ok(removed)
    }

    async fn keep_away(
        &mut self,
        pseudonyms: &[Pseudonym],
        at: Timestamp,
        level: i64,
    ) -> Result<(), StoreError> {
        for pseudonym in pseudonyms {
            sqlx::query(
                "INSERT INTO author_gone (pseudonym, at_ms, known) VALUES ($1, $2, $3)
                 ON CONFLICT (pseudonym) DO UPDATE SET known = max(known, excluded.known)",
            )
            .bind(pseudonym.0.as_slice())
            .bind(at.as_millisecond())
            .bind(level)
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(())
    }

    /// Of an account that was gone already: what a restored store still has of it.
    pub(super) async fn gone_again(
        &mut self,
        pseudonym: Pseudonym,
        at: Timestamp,
        level: i64,
    ) -> Result<usize, StoreError> {
        let removed = self.remove_all_of(&[pseudonym]).await?;
        self.keep_away(&[pseudonym], at, level).await?;
        Ok(removed.len())
    }

    /// An account is back: what it publishes from now on may be collected.
    pub async fn author_back(&mut self, pseudonyms: &[Pseudonym]) -> Result<(), StoreError> {
        for pseudonym in pseudonyms {
            // What was erased by order does not come back because the account is active.
            sqlx::query("DELETE FROM author_gone WHERE pseudonym = $1 AND known < $2")
                .bind(pseudonym.0.as_slice())
                .bind(BY_ORDER)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }
}
