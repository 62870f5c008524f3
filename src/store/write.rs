//! The write transaction: mentions, removals, cursors and gaps.

use super::{StoreError, time};
use crate::model::{Author, Cursor, Hit, Kind, Mention, Reach, StatementId};
use crate::privacy::MentionKey;
use jiff::Timestamp;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row, Sqlite, Transaction};

/// One transaction. Dropped without [`Tx::commit`], nothing of it happened.
pub struct Tx {
    pub(super) tx: Transaction<'static, Sqlite>,
    /// Next sequence number; written back at commit.
    seq: i64,
    start_seq: i64,
    /// The highest story so far, and at the start.
    pub(super) story: i64,
    start_story: i64,
}

/// What became of a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// A new row.
    New { id: i64 },
    /// A newer version of a row that was there.
    Updated { id: i64 },
    /// We had this version or a newer one.
    Known { id: i64 },
    /// It was deleted, or its author left; it stays away.
    Tombstoned,
    /// It is not here, and too old to come in.
    TooOld,
}

/// A row that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    pub id: i64,
    pub key: MentionKey,
    pub source: String,
}

impl Tx {
    pub(super) async fn begin(writer: &SqlitePool) -> Result<Self, StoreError> {
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let value = "SELECT value FROM sequence WHERE name = $1";
        let value = |name| sqlx::query_scalar(value).bind(name);
        let seq: i64 = value("change").fetch_one(&mut *tx).await?;
        let story: i64 = value("story").fetch_one(&mut *tx).await?;
        Ok(Self {
            tx,
            seq,
            start_seq: seq,
            story,
            start_story: story,
        })
    }

    pub(super) fn next_seq(&mut self) -> i64 {
        self.seq += 1;
        self.seq
    }

    /// Makes everything durable, or nothing. Returns the newest sequence number.
    pub async fn commit(mut self) -> Result<i64, StoreError> {
        for (name, start, value) in [
            ("change", self.start_seq, self.seq),
            ("story", self.start_story, self.story),
        ] {
            if value != start {
                sqlx::query("UPDATE sequence SET value = $1 WHERE name = $2")
                    .bind(value)
                    .bind(name)
                    .execute(&mut *self.tx)
                    .await?;
            }
        }
        self.tx.commit().await?;
        Ok(self.seq)
    }

    /// Stores a hit, or the newer version of one. Idempotent: a repeated delivery changes nothing.
    pub async fn put(&mut self, hit: &Hit) -> Result<Put, StoreError> {
        self.join_stories(hit).await?;
        if self.is_tombstoned(&hit.mention).await? {
            return Ok(Put::Tombstoned);
        }
        if let Some(row) = self.find(&hit.mention.key).await? {
            return self.renew(row, hit).await;
        }
        let id = self.insert(hit).await?;
        let collected_ms = hit.mention.collected.as_millisecond();
        self.put_watches(id, hit, collected_ms, hit.backfill)
            .await?;
        self.put_claims(id, &hit.claims, hit.mention.collected)
            .await?;
        if !hit.differs.is_empty() {
            self.put_differs(id, &hit.differs).await?;
            self.order_looks(id, hit).await?;
        }
        Ok(Put::New { id })
    }

    /// As [`Tx::put`] for what is too old to come in: only a mention that is still here takes the
    /// newer words, for its author has taken back the older ones.
    pub async fn put_old(&mut self, hit: &Hit) -> Result<Put, StoreError> {
        self.join_stories(hit).await?;
        match self.find(&hit.mention.key).await? {
            Some(row) => self.renew(row, hit).await,
            None => Ok(Put::TooOld),
        }
    }

    async fn renew(&mut self, row: Existing, hit: &Hit) -> Result<Put, StoreError> {
        if !row.is_older_than(&hit.mention) {
            return Ok(Put::Known { id: row.id });
        }
        self.note_edit(row.id, hit).await?;
        self.overwrite(row.id, hit).await?;
        self.take_watches(row.id).await?;
        self.put_watches(row.id, hit, row.collected_ms, row.backfill)
            .await?;
        self.take_claims(row.id).await?;
        self.put_claims(row.id, &hit.claims, hit.mention.collected)
            .await?;
        self.put_differs(row.id, &hit.differs).await?;
        self.order_looks(row.id, hit).await?;
        self.forget_statement(StatementId::Collected(hit.mention.key))
            .await?;
        self.judge_again(row.id).await?;
        self.uncode(row.id).await?;
        Ok(Put::Updated { id: row.id })
    }

    async fn is_tombstoned(&mut self, mention: &Mention) -> Result<bool, StoreError> {
        let (_, _, pseudonym) = author_columns(mention);
        let found: i64 = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM tombstone WHERE key = $1)
                 OR EXISTS (SELECT 1 FROM author_gone WHERE pseudonym = $2)",
        )
        .bind(mention.key.0.as_slice())
        .bind(pseudonym)
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(found != 0)
    }

    async fn find(&mut self, key: &MentionKey) -> Result<Option<Existing>, StoreError> {
        let row = sqlx::query(
            "SELECT id, key, source, published_ms, edited_ms, collected_ms, title, text, backfill
             FROM mention WHERE key = $1",
        )
        .bind(key.0.as_slice())
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|row| Existing::read(&row)).transpose()
    }

    async fn find_by_id(&mut self, id: i64) -> Result<Option<Existing>, StoreError> {
        let row = sqlx::query(
            "SELECT id, key, source, published_ms, edited_ms, collected_ms, title, text, backfill
             FROM mention WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|row| Existing::read(&row)).transpose()
    }

    async fn insert(&mut self, hit: &Hit) -> Result<i64, StoreError> {
        let seq = self.next_seq();
        let story = match &hit.placement {
            Some(placement) => placement.story,
            None => self.next_story(),
        };
        let mention = &hit.mention;
        let insert = sqlx::query_scalar(
            "INSERT INTO mention (seq, edited_ms, title, text, lang, url, links, voice_name,
                 voice_handle, pseudonym, sealed, reply_key, matches, labels, source, platform,
                 kind, site, key, published_ms, collected_ms, backfill, story, official, review,
                 differs, reach)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                 $18, $19, $20, $21, $22, $23, $24, $25, $26, $27) RETURNING id",
        );
        let (voice_name, voice_handle, pseudonym) = author_columns(mention);
        let id: i64 = insert
            .bind(seq)
            .bind(mention.edited.map(Timestamp::as_millisecond))
            .bind(&mention.title)
            .bind(&mention.text)
            .bind(&mention.lang)
            .bind(&mention.url)
            .bind(serde_json::to_string(&mention.links)?)
            .bind(voice_name)
            .bind(voice_handle)
            .bind(pseudonym)
            .bind(mention.sealed.as_ref().map(|sealed| sealed.0.as_slice()))
            .bind(mention.reply_to.as_ref().map(|key| key.0.to_vec()))
            .bind(serde_json::to_string(&hit.matches)?)
            .bind(serde_json::to_string(&hit.labels)?)
            .bind(&mention.source)
            .bind(&mention.platform)
            .bind(mention.kind.as_str())
            .bind(&mention.site)
            .bind(mention.key.0.as_slice())
            .bind(mention.published.as_millisecond())
            .bind(mention.collected.as_millisecond())
            .bind(i64::from(hit.backfill))
            .bind(story)
            .bind(i64::from(mention.marks.official))
            .bind(review_column(mention)?)
            .bind(differs_column(hit)?)
            .bind(mention.marks.reach.map(Reach::as_str))
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(id)
    }

    /// Takes the new version's words, in the open or sealed; identity, first sight and publication
    /// stay.
    async fn overwrite(&mut self, id: i64, hit: &Hit) -> Result<(), StoreError> {
        let seq = self.next_seq();
        let mention = &hit.mention;
        sqlx::query(
            "UPDATE mention SET seq = $1, edited_ms = $2, title = $3, text = $4, lang = $5,
                 url = $6, links = $7, matches = $8, labels = $9, story = COALESCE($10, story),
                 sealed = COALESCE($11, sealed), review = $12, official = max(official, $13),
                 differs = $14, reach = COALESCE($15, reach)
             WHERE id = $16",
        )
        .bind(seq)
        .bind(mention.edited.map(Timestamp::as_millisecond))
        .bind(&mention.title)
        .bind(&mention.text)
        .bind(&mention.lang)
        .bind(&mention.url)
        .bind(serde_json::to_string(&mention.links)?)
        .bind(serde_json::to_string(&hit.matches)?)
        .bind(serde_json::to_string(&hit.labels)?)
        .bind(hit.placement.as_ref().map(|placement| placement.story))
        .bind(mention.sealed.as_ref().map(|sealed| sealed.0.as_slice()))
        .bind(review_column(mention)?)
        .bind(i64::from(mention.marks.official))
        .bind(differs_column(hit)?)
        .bind(mention.marks.reach.map(Reach::as_str))
        .bind(id)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn take_watches(&mut self, id: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM mention_watch WHERE mention_id = $1")
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn put_watches(
        &mut self,
        id: i64,
        hit: &Hit,
        collected_ms: i64,
        backfill: bool,
    ) -> Result<(), StoreError> {
        let flag = hit.labels.flags.first().map_or("", |f| f.flag.as_str());
        for matched in &hit.matches {
            let stance = hit.labels.stance_toward(&matched.target);
            sqlx::query(
                "INSERT INTO mention_watch (mention_id, watch, stance, flag, collected_ms, backfill)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(id)
            .bind(&matched.watch)
            .bind(stance.as_str())
            .bind(flag)
            .bind(collected_ms)
            .bind(i64::from(backfill))
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(())
    }

    /// Takes back an item that is gone, by its key or by another name: its rows, and its right to
    /// return under any of its names.
    pub async fn delete(
        &mut self,
        key: &MentionKey,
        at: Timestamp,
    ) -> Result<Vec<Removed>, StoreError> {
        let mut removed = Vec::new();
        let mut names = Vec::new();
        for id in self.named(key).await? {
            names.extend(self.names_of(id).await?);
            if let Some(row) = self.find_by_id(id).await? {
                removed.push(self.remove(row).await?);
            }
        }
        self.bury(key, at, !removed.is_empty()).await?;
        for name in names {
            self.bury(&name, at, true).await?;
        }
        Ok(removed)
    }

    async fn bury(
        &mut self,
        key: &MentionKey,
        at: Timestamp,
        known: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO tombstone (key, at_ms, known) VALUES ($1, $2, $3)
             ON CONFLICT (key) DO UPDATE SET known = max(known, excluded.known)",
        )
        .bind(key.0.as_slice())
        .bind(at.as_millisecond())
        .bind(i64::from(known))
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Erases an item by order: it stays away for good, whether we had it or not.
    pub async fn erase(
        &mut self,
        key: &MentionKey,
        at: Timestamp,
    ) -> Result<Vec<Removed>, StoreError> {
        let removed = self.delete(key, at).await?;
        sqlx::query("UPDATE tombstone SET known = 1 WHERE key = $1")
            .bind(key.0.as_slice())
            .execute(&mut *self.tx)
            .await?;
        Ok(removed)
    }

    /// Takes back a row whose newer version no watch matches any more. It may come back.
    pub async fn retract(&mut self, newer: &Mention) -> Result<Option<Removed>, StoreError> {
        match self.find(&newer.key).await? {
            Some(row) if row.is_older_than(newer) => Ok(Some(self.remove(row).await?)),
            _ => Ok(None),
        }
    }

    /// The key of a row, for an erasure by its number.
    pub async fn key_of(&mut self, id: i64) -> Result<Option<MentionKey>, StoreError> {
        let key: Option<Vec<u8>> = sqlx::query_scalar("SELECT key FROM mention WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut *self.tx)
            .await?;
        key.map(|key| super::read::key(&key)).transpose()
    }

    pub(super) async fn remove(&mut self, row: Existing) -> Result<Removed, StoreError> {
        self.forget_statement(StatementId::Collected(row.key))
            .await?;
        self.forget(row.id, row.published_ms).await?;
        Ok(Removed {
            id: row.id,
            key: row.key,
            source: row.source,
        })
    }

    /// Takes a row out with all that hangs on it, and tells the followers.
    pub(super) async fn forget(&mut self, id: i64, published_ms: i64) -> Result<(), StoreError> {
        let seq = self.next_seq();
        sqlx::query("INSERT INTO removed (seq, mention_id, published_ms) VALUES ($1, $2, $3)")
            .bind(seq)
            .bind(id)
            .bind(published_ms)
            .execute(&mut *self.tx)
            .await?;
        for statement in [
            // The last of a story takes its weight along.
            "DELETE FROM story_weight WHERE story = (SELECT story FROM mention WHERE id = $1)
                 AND NOT EXISTS (SELECT 1 FROM mention WHERE story = story_weight.story AND id <> $1)",
            "DELETE FROM mention_alias WHERE mention_id = $1",
            "DELETE FROM mention_watch WHERE mention_id = $1",
            "DELETE FROM mention_claim WHERE mention_id = $1",
            "DELETE FROM mention_differs WHERE mention_id = $1",
            "DELETE FROM report_look WHERE mention_id = $1",
            // What only a fact check said goes with it.
            "DELETE FROM mention_claim WHERE check_key = (SELECT key FROM mention WHERE id = $1)",
            "DELETE FROM case_mention WHERE mention_id = $1",
            "DELETE FROM judgement WHERE mention_id = $1",
            "DELETE FROM coding WHERE mention_id = $1",
            "DELETE FROM mention WHERE id = $1",
        ] {
            sqlx::query(statement)
                .bind(id)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    /// Saves a source's resume position. Belongs into the transaction of what lies before it.
    pub async fn set_cursor(
        &mut self,
        source: &str,
        cursor: &Cursor,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO source_cursor (source, value, updated_ms) VALUES ($1, $2, $3)
             ON CONFLICT (source) DO UPDATE SET value = excluded.value,
                 updated_ms = excluded.updated_ms",
        )
        .bind(source)
        .bind(&cursor.0)
        .bind(at.as_millisecond())
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

/// What a decision about an existing row needs.
pub(super) struct Existing {
    id: i64,
    key: MentionKey,
    source: String,
    published_ms: i64,
    version: Timestamp,
    collected_ms: i64,
    title: String,
    text: String,
    backfill: bool,
}

impl Existing {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let published_ms: i64 = row.try_get("published_ms")?;
        let edited_ms: Option<i64> = row.try_get("edited_ms")?;
        Ok(Self {
            id: row.try_get("id")?,
            key: super::read::key(row.try_get("key")?)?,
            source: row.try_get("source")?,
            published_ms,
            version: time(edited_ms.unwrap_or(published_ms))?,
            collected_ms: row.try_get("collected_ms")?,
            title: row.try_get("title")?,
            text: row.try_get("text")?,
            backfill: row.try_get::<i64, _>("backfill")? != 0,
        })
    }

    /// A later version wins; of two versions of one time, the later words do (a feed that states
    /// no date of change). An article's headline alone is no version of it: news sitemaps and
    /// publishers who reserve their texts list no more, whatever another source has brought or
    /// brings later.
    fn is_older_than(&self, newer: &Mention) -> bool {
        if newer.kind == Kind::Article && newer.text.is_empty() != self.text.is_empty() {
            return self.text.is_empty();
        }
        let version = newer.edited.unwrap_or(newer.published);
        // Stored times are whole milliseconds; so is what they are compared with.
        match self.version.as_millisecond().cmp(&version.as_millisecond()) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Equal => self.text != newer.text || self.title != newer.title,
            std::cmp::Ordering::Greater => false,
        }
    }
}

fn review_column(mention: &Mention) -> Result<Option<String>, StoreError> {
    let review = mention.marks.review.as_ref();
    Ok(review.map(serde_json::to_string).transpose()?)
}

fn differs_column(hit: &Hit) -> Result<Option<String>, StoreError> {
    let differs = (!hit.differs.is_empty()).then_some(&hit.differs);
    Ok(differs.map(serde_json::to_string).transpose()?)
}

fn author_columns(mention: &Mention) -> (Option<&str>, Option<&str>, Option<Vec<u8>>) {
    match &mention.author {
        Some(Author::Voice {
            name,
            handle,
            account,
        }) => {
            let account = account.as_ref().map(|account| account.0.to_vec());
            (Some(name), Some(handle), account)
        }
        Some(Author::Private { pseudonym }) => (None, None, Some(pseudonym.0.to_vec())),
        None => (None, None, None),
    }
}
