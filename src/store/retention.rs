//! How long mentions are kept: by source and by class of author, and by nothing else about them.
//! What a mention says has no part in it, so praise and criticism are kept alike.
//!
//! **Which time counts.** A mention's time is over so many days after its *publication*, which a
//! redelivery does not change: so what was taken out is refused when it is delivered again, and
//! nobody has to keep a list of what once was there. Collection counts in one way only: what was
//! collected late (an old article that somebody dug up) stays [`LATE_DAYS`] from then on, or as long
//! as its class is kept where that is less, so that nothing vanishes before it could be read.
//! Nothing is kept longer than its days after it came here. An edit prolongs nothing.
//!
//! What states no time, or one that lies ahead, is taken for as old as its arrival (`normalise`);
//! delivered again after its time, it is new.
//!
//! **Two clocks.** A wall clock that jumps ahead must not delete an archive. [`Clocks`] compares it
//! with the last time that was agreed on; where both are more than a day apart nobody can tell a
//! jump from a house that was switched off, and a person has to say so.

use super::{Store, StoreError, Tx, time};
use crate::model::{Author, Mention, StatementId};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::BTreeMap;

/// What was collected long after its publication stays so long.
const LATE_DAYS: u32 = 7;
const DAY_MS: i64 = 86_400_000;
/// How far the clock and the last agreed time may lie apart.
const AGREED_WITHIN: SignedDuration = SignedDuration::from_hours(24);
/// Name of the last agreed time in the table of settings.
const LAST_AGREED: &str = "retention.last_agreed_ms";

/// Who is behind a mention, as far as retention asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthorClass {
    /// A person. A signed article is its author's.
    Private,
    /// A public voice of the list, or a publication that names nobody.
    Voice,
}

impl AuthorClass {
    pub const ALL: [AuthorClass; 2] = [AuthorClass::Private, AuthorClass::Voice];

    pub fn as_str(self) -> &'static str {
        match self {
            AuthorClass::Private => "private",
            AuthorClass::Voice => "voice",
        }
    }

    /// Where an identity is sealed, there is a person.
    fn of(mention: &Mention) -> Self {
        match (&mention.author, &mention.sealed) {
            (Some(Author::Voice { .. }), _) | (None, None) => AuthorClass::Voice,
            _ => AuthorClass::Private,
        }
    }
}

/// `[retention]`: days that mentions are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Mentions of private authors.
    pub private_days: u32,
    /// Mentions of public voices and publications.
    pub voice_days: u32,
    /// Other days for single sources, by their name.
    pub sources: BTreeMap<String, SourceRetentionConfig>,
}

/// `[retention.sources.NAME]`: what is left out is as for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceRetentionConfig {
    pub private_days: Option<u32>,
    pub voice_days: Option<u32>,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            private_days: 365,
            voice_days: 3 * 365,
            sources: BTreeMap::new(),
        }
    }
}

impl RetentionConfig {
    /// What is wrong, as pairs of key and message.
    pub fn faults(&self) -> Vec<(String, &'static str)> {
        let zero = "0 would delete every mention at once; write 1 or more days";
        let overrides = self.sources.iter().flat_map(|(name, own)| {
            let key = |key: &str| format!("sources.{name}.{key}");
            [
                (key("private_days"), own.private_days),
                (key("voice_days"), own.voice_days),
            ]
        });
        let own = [
            ("private_days".to_owned(), Some(self.private_days)),
            ("voice_days".to_owned(), Some(self.voice_days)),
        ];
        own.into_iter()
            .chain(overrides)
            .filter(|(_, days)| *days == Some(0))
            .map(|(key, _)| (key, zero))
            .collect()
    }

    /// How many days the mentions of a source and class are kept.
    pub fn days(&self, source: &str, class: AuthorClass) -> u32 {
        let own = self.sources.get(source);
        match class {
            AuthorClass::Private => own
                .and_then(|own| own.private_days)
                .unwrap_or(self.private_days),
            AuthorClass::Voice => own
                .and_then(|own| own.voice_days)
                .unwrap_or(self.voice_days),
        }
    }

    /// Whether the time of a stored mention is over.
    pub fn is_over(&self, aged: &Aged, now: Timestamp) -> bool {
        let days = self.days(&aged.source, aged.class);
        let now = now.as_millisecond();
        is_past(aged.published_ms, days, now)
            && is_past(aged.collected_ms, days.min(LATE_DAYS), now)
    }

    /// Whether a mention that is not here is too old to come in. What [`RetentionConfig::is_over`]
    /// ever took out is.
    pub fn refuses(&self, mention: &Mention) -> bool {
        let days = self.days(&mention.source, AuthorClass::of(mention));
        is_past(
            mention.published.as_millisecond(),
            days,
            mention.collected.as_millisecond(),
        )
    }

    /// What was published at or after this is kept in any case.
    fn horizon_ms(&self, now: Timestamp) -> i64 {
        let sources = self.sources.keys().map(String::as_str).chain([""]);
        let days =
            sources.flat_map(|source| AuthorClass::ALL.map(|class| self.days(source, class)));
        let shortest = days.min().unwrap_or(u32::MAX);
        now.as_millisecond() - i64::from(shortest) * DAY_MS
    }
}

fn is_past(since_ms: i64, days: u32, now_ms: i64) -> bool {
    since_ms <= now_ms.saturating_sub(i64::from(days) * DAY_MS)
}

/// What retention knows of a mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aged {
    pub id: i64,
    pub source: String,
    pub class: AuthorClass,
    pub published_ms: i64,
    pub collected_ms: i64,
}

/// A place in the order of publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgePlace {
    published_ms: i64,
    id: i64,
}

impl AgePlace {
    pub const START: AgePlace = AgePlace {
        published_ms: i64::MIN,
        id: 0,
    };
}

/// What the wall clock and the last agreed time say of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clocks {
    Agree,
    /// The clock has run ahead, or the house was switched off: who could tell?
    Ahead(SignedDuration),
    /// The clock went back, or it had been ahead when the last time was agreed on.
    Behind(SignedDuration),
}

impl Clocks {
    /// Without a time that was agreed on there is nothing to disagree with.
    pub fn compare(now: Timestamp, last_agreed: Option<Timestamp>) -> Self {
        let Some(last) = last_agreed else {
            return Clocks::Agree;
        };
        let ahead = now.duration_since(last);
        if ahead > AGREED_WITHIN {
            Clocks::Ahead(ahead)
        } else if ahead < -AGREED_WITHIN {
            Clocks::Behind(-ahead)
        } else {
            Clocks::Agree
        }
    }
}

impl Store {
    /// The next mentions, the oldest publication first, whose time may be over; moves the place
    /// along. Empty at the end.
    pub async fn aged(
        &self,
        config: &RetentionConfig,
        now: Timestamp,
        place: &mut AgePlace,
        limit: i64,
    ) -> Result<Vec<Aged>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, source, published_ms, collected_ms,
                 voice_name IS NULL AND (pseudonym IS NOT NULL OR sealed IS NOT NULL) AS private
             FROM mention WHERE (published_ms, id) > ($1, $2) AND published_ms <= $3
             ORDER BY published_ms, id LIMIT $4",
        )
        .bind(place.published_ms)
        .bind(place.id)
        .bind(config.horizon_ms(now))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let aged: Vec<Aged> = rows.iter().map(read_aged).collect::<Result<_, _>>()?;
        if let Some(last) = aged.last() {
            *place = AgePlace {
                published_ms: last.published_ms,
                id: last.id,
            };
        }
        Ok(aged)
    }

    /// The last time that clock and house agreed on. Where none was noted yet, the newest
    /// collection; `None` in a new house.
    pub async fn last_agreed(&self) -> Result<Option<Timestamp>, StoreError> {
        let noted: Option<i64> = sqlx::query_scalar(
            "SELECT coalesce((SELECT CAST(value AS BIGINT) FROM setting WHERE name = $1),
                 (SELECT max(collected_ms) FROM mention))",
        )
        .bind(LAST_AGREED)
        .fetch_one(&self.readers)
        .await?;
        noted.map(time).transpose()
    }

    /// Notes the time that clock and house agree on.
    pub async fn agree_on(&self, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO setting (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(LAST_AGREED)
        .bind(now.as_millisecond().to_string())
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}

impl Tx {
    /// Takes mentions out whose time is over, with all that hangs on them, as if their platform had
    /// deleted them; but without tombstones, for the door knows their age. Returns those that were
    /// still there.
    pub async fn expire<'a>(&mut self, over: &'a [Aged]) -> Result<Vec<&'a Aged>, StoreError> {
        let mut gone = Vec::with_capacity(over.len());
        for aged in over {
            let there: i64 =
                sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM mention WHERE id = $1)")
                    .bind(aged.id)
                    .fetch_one(&mut *self.tx)
                    .await?;
            if there != 0 {
                if let Some(key) = self.key_of(aged.id).await? {
                    self.forget_statement(StatementId::Collected(key)).await?;
                }
                self.forget(aged.id, aged.published_ms).await?;
                gone.push(aged);
            }
        }
        Ok(gone)
    }
}

fn read_aged(row: &SqliteRow) -> Result<Aged, StoreError> {
    Ok(Aged {
        id: row.try_get("id")?,
        source: row.try_get("source")?,
        class: match row.try_get::<i64, _>("private")? {
            0 => AuthorClass::Voice,
            _ => AuthorClass::Private,
        },
        published_ms: row.try_get("published_ms")?,
        collected_ms: row.try_get("collected_ms")?,
    })
}
