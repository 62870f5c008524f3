//! Further names of mentions. A server may call an item by a number of its own when it takes it back;
//! the number is kept as a keyed hash, as long as the mention is, and goes with it.

use super::{StoreError, Tx, read};
use crate::privacy::MentionKey;

impl Tx {
    /// Whether an item was taken back under one of these names, before it came.
    pub async fn is_any_gone(&mut self, aliases: &[MentionKey]) -> Result<bool, StoreError> {
        for alias in aliases {
            let found: i64 =
                sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM tombstone WHERE key = $1)")
                    .bind(alias.0.as_slice())
                    .fetch_one(&mut *self.tx)
                    .await?;
            if found != 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes what else a mention may be called by; again is no harm.
    pub async fn add_aliases(
        &mut self,
        mention_id: i64,
        aliases: &[MentionKey],
    ) -> Result<(), StoreError> {
        for alias in aliases {
            sqlx::query(
                "INSERT INTO mention_alias (alias, mention_id) VALUES ($1, $2)
                 ON CONFLICT DO NOTHING",
            )
            .bind(alias.0.as_slice())
            .bind(mention_id)
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(())
    }

    /// Numbers of the mentions that go by this name: their own, or another.
    pub(super) async fn named(&mut self, key: &MentionKey) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT id FROM mention WHERE key = $1
             UNION SELECT mention_id FROM mention_alias WHERE alias = $1 ORDER BY 1",
        )
        .bind(key.0.as_slice())
        .fetch_all(&mut *self.tx)
        .await?)
    }

    /// All names of a mention.
    pub(super) async fn names_of(&mut self, id: i64) -> Result<Vec<MentionKey>, StoreError> {
        let names: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT key FROM mention WHERE id = $1
             UNION SELECT alias FROM mention_alias WHERE mention_id = $1",
        )
        .bind(id)
        .fetch_all(&mut *self.tx)
        .await?;
        names.iter().map(|name| read::key(name)).collect()
    }
}
