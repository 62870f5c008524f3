//! Reading: stored mentions by number, and the changes that followers follow.

use super::{Store, StoreError, time};
use crate::model::{Author, Differs, Kind, Labels, Marks, Mention, Reach, WatchMatch};
use crate::privacy::{MentionKey, Pseudonym, Sealed};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::ops::Range;

/// A mention as the store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredMention {
    pub id: i64,
    pub seq: i64,
    pub key: MentionKey,
    pub source: String,
    pub platform: String,
    pub kind: Kind,
    pub published: Timestamp,
    pub edited: Option<Timestamp>,
    pub collected: Timestamp,
    pub title: String,
    pub text: String,
    pub lang: String,
    pub site: String,
    pub url: Option<String>,
    pub links: Vec<String>,
    pub author: Option<Author>,
    pub sealed: Option<Sealed>,
    /// What it answers.
    pub reply_to: Option<MentionKey>,
    pub matches: Vec<WatchMatch>,
    pub labels: Labels,
    pub backfill: bool,
    /// Near-copies have the same.
    pub story: i64,
    pub marks: Marks,
    /// Where it differs from official statements.
    pub differs: Vec<Differs>,
}

impl StoredMention {
    /// What a classifier reads.
    pub fn mention(&self) -> Mention {
        Mention {
            key: self.key,
            source: self.source.clone(),
            platform: self.platform.clone(),
            kind: self.kind,
            published: self.published,
            edited: self.edited,
            collected: self.collected,
            title: self.title.clone(),
            text: self.text.clone(),
            lang: self.lang.clone(),
            site: self.site.clone(),
            url: self.url.clone(),
            links: self.links.clone(),
            author: self.author.clone(),
            sealed: self.sealed.clone(),
            reply_to: self.reply_to,
            marks: self.marks.clone(),
        }
    }
}

/// One step of the store's history, as a follower reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The row is there, new or changed.
    Present(Box<StoredMention>),
    /// The row is gone.
    Removed {
        seq: i64,
        id: i64,
        published: Timestamp,
    },
}

impl Change {
    pub fn seq(&self) -> i64 {
        match self {
            Change::Present(mention) => mention.seq,
            Change::Removed { seq, .. } => *seq,
        }
    }
}

/// Where a page of mentions ended that are read by the time of publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub published_ms: i64,
    pub id: i64,
}

impl Place {
    /// Before all mentions.
    pub const START: Self = Self {
        published_ms: i64::MIN,
        id: 0,
    };

    pub fn of(mention: &StoredMention) -> Self {
        Self {
            published_ms: mention.published.as_millisecond(),
            id: mention.id,
        }
    }
}

impl Store {
    /// The changes after a sequence number, in order, at most `limit`. A row that changed twice
    /// appears once, at its latest number.
    pub async fn changes_after(&self, seq: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
        // Both reads from one snapshot: a commit in between would hide a row behind a removal.
        let mut snapshot = self.readers.begin().await?;
        let present = sqlx::query("SELECT * FROM mention WHERE seq > $1 ORDER BY seq LIMIT $2")
            .bind(seq)
            .bind(limit)
            .fetch_all(&mut *snapshot)
            .await?;
        let removed = sqlx::query(
            "SELECT seq, mention_id, published_ms FROM removed WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(seq)
        .bind(limit)
        .fetch_all(&mut *snapshot)
        .await?;
        drop(snapshot);
        let mut changes = Vec::with_capacity(present.len() + removed.len());
        for row in &present {
            changes.push(Change::Present(Box::new(mention(row)?)));
        }
        for row in &removed {
            changes.push(Change::Removed {
                seq: row.try_get("seq")?,
                id: row.try_get("mention_id")?,
                published: time(row.try_get("published_ms")?)?,
            });
        }
        changes.sort_by_key(Change::seq);
        changes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(changes)
    }

    /// The newest sequence number that is committed.
    pub async fn newest_seq(&self) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT value FROM sequence WHERE name = 'change'")
                .fetch_one(&self.readers)
                .await?,
        )
    }

    /// One mention.
    pub async fn mention(&self, id: i64) -> Result<Option<StoredMention>, StoreError> {
        let row = sqlx::query("SELECT * FROM mention WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(mention).transpose()
    }

    /// Whether an item is here.
    pub async fn has(&self, key: &MentionKey) -> Result<bool, StoreError> {
        let found: i64 = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM mention WHERE key = $1)")
            .bind(key.0.as_slice())
            .fetch_one(&self.readers)
            .await?;
        Ok(found != 0)
    }

    /// The mentions of these numbers, in the order asked for; those that are gone are left out.
    pub async fn mentions(&self, ids: &[i64]) -> Result<Vec<StoredMention>, StoreError> {
        let list = serde_json::to_string(ids)?;
        let rows =
            sqlx::query("SELECT * FROM mention WHERE id IN (SELECT value FROM json_each($1))")
                .bind(list)
                .fetch_all(&self.readers)
                .await?;
        let mut found: Vec<StoredMention> = rows.iter().map(mention).collect::<Result<_, _>>()?;
        found.sort_by_key(|mention| ids.iter().position(|id| *id == mention.id));
        Ok(found)
    }

    /// The mentions that were published in a range of Unix milliseconds, in that order, at most
    /// `limit` after a place. One walk along an index, however long the archive is.
    pub async fn mentions_published(
        &self,
        span_ms: Range<i64>,
        after: Place,
        limit: i64,
    ) -> Result<Vec<StoredMention>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM mention INDEXED BY mention_published
             WHERE (published_ms, id) > ($1, $2) AND published_ms >= $3 AND published_ms < $4
             ORDER BY published_ms, id LIMIT $5",
        )
        .bind(after.published_ms)
        .bind(after.id)
        .bind(span_ms.start)
        .bind(span_ms.end)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(mention).collect()
    }

    /// The first and the last time of publication of every day (UTC) on which something was published.
    pub async fn days_published(&self) -> Result<Vec<i64>, StoreError> {
        let days: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT MIN(published_ms), MAX(published_ms) FROM mention
             GROUP BY published_ms / 86400000",
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(days
            .into_iter()
            .flat_map(|(first, last)| [first, last])
            .collect())
    }

    /// The latest intervals in which each source could not be heard, newest first.
    pub async fn latest_gaps(
        &self,
        of_each: i64,
    ) -> Result<Vec<(String, Timestamp, Timestamp)>, StoreError> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT source, from_ms, to_ms FROM
                 (SELECT *, ROW_NUMBER() OVER (PARTITION BY source ORDER BY id DESC) AS place
                  FROM gap)
             WHERE place <= $1 ORDER BY id DESC",
        )
        .bind(of_each)
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(source, from, to)| Ok((source, time(from)?, time(to)?)))
            .collect()
    }

    /// Number of mentions.
    pub async fn count(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM mention")
            .fetch_one(&self.readers)
            .await?)
    }
}

pub(super) fn key(bytes: &[u8]) -> Result<MentionKey, StoreError> {
    bytes
        .try_into()
        .map(MentionKey)
        .map_err(|_| StoreError::Damaged("a mention key is not 32 bytes long".to_owned()))
}

pub(super) fn mention(row: &SqliteRow) -> Result<StoredMention, StoreError> {
    let kind: String = row.try_get("kind")?;
    let edited_ms: Option<i64> = row.try_get("edited_ms")?;
    Ok(StoredMention {
        id: row.try_get("id")?,
        seq: row.try_get("seq")?,
        key: key(row.try_get("key")?)?,
        source: row.try_get("source")?,
        platform: row.try_get("platform")?,
        kind: Kind::parse(&kind)
            .ok_or_else(|| StoreError::Damaged(format!("`{kind}` is no kind of mention")))?,
        published: time(row.try_get("published_ms")?)?,
        edited: edited_ms.map(time).transpose()?,
        collected: time(row.try_get("collected_ms")?)?,
        title: row.try_get("title")?,
        text: row.try_get("text")?,
        lang: row.try_get("lang")?,
        site: row.try_get("site")?,
        url: row.try_get("url")?,
        links: serde_json::from_str(row.try_get("links")?)?,
        author: author(row)?,
        sealed: row.try_get::<Option<Vec<u8>>, _>("sealed")?.map(Sealed),
        reply_to: row
            .try_get::<Option<&[u8]>, _>("reply_key")?
            .map(key)
            .transpose()?,
        matches: serde_json::from_str(row.try_get("matches")?)?,
        labels: serde_json::from_str(row.try_get("labels")?)?,
        backfill: row.try_get::<i64, _>("backfill")? != 0,
        story: row.try_get("story")?,
        marks: marks(row)?,
        differs: differs(row)?,
    })
}

fn differs(row: &SqliteRow) -> Result<Vec<Differs>, StoreError> {
    let differs: Option<&str> = row.try_get("differs")?;
    Ok(differs
        .map(serde_json::from_str)
        .transpose()?
        .unwrap_or_default())
}

fn marks(row: &SqliteRow) -> Result<Marks, StoreError> {
    let review: Option<&str> = row.try_get("review")?;
    let reach: Option<&str> = row.try_get("reach")?;
    Ok(Marks {
        official: row.try_get::<i64, _>("official")? != 0,
        review: review.map(serde_json::from_str).transpose()?,
        reach: reach.and_then(Reach::parse),
    })
}

fn author(row: &SqliteRow) -> Result<Option<Author>, StoreError> {
    let name: Option<String> = row.try_get("voice_name")?;
    let handle: Option<String> = row.try_get("voice_handle")?;
    let pseudonym: Option<Vec<u8>> = row.try_get("pseudonym")?;
    let account = match pseudonym.as_deref().map(<[u8; 16]>::try_from) {
        None => None,
        Some(Ok(pseudonym)) => Some(Pseudonym(pseudonym)),
        Some(Err(_)) => {
            let fault = "a pseudonym is not 16 bytes long";
            return Err(StoreError::Damaged(fault.to_owned()));
        }
    };
    if let (Some(name), Some(handle)) = (name, handle) {
        return Ok(Some(Author::Voice {
            name,
            handle,
            account,
        }));
    }
    Ok(account.map(|pseudonym| Author::Private { pseudonym }))
}
