//! Searches that the office has named. What a search may ask is not decided here: the parameters are
//! text, which whoever runs them reads again.

use super::{Store, StoreError, time};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite, Transaction};

/// Saved searches at most.
pub const MAX_SAVED: i64 = 200;
/// Letters of a name at most.
pub const MAX_SAVED_NAME: usize = 80;
/// Longest parameters, in bytes; a search's own bounds are narrower.
const MAX_PARAMETERS: usize = 32 * 1024;

/// A search under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSearch {
    pub name: String,
    /// As in an address, without the question mark; empty finds everything.
    pub parameters: String,
    pub saved: Timestamp,
}

/// What is to become of a saved search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SavedChange {
    Save { name: String, parameters: String },
    Rename { name: String, to: String },
    Delete { name: String },
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    Done,
    /// There is none of that name.
    Unknown,
    /// Another one has that name; it stays as it is.
    Taken,
    /// There are [`MAX_SAVED`] already.
    Full,
    /// Empty, longer than [`MAX_SAVED_NAME`], or with characters that are not seen.
    BadName,
    TooLong,
}

impl Store {
    /// All, by name.
    pub async fn saved_searches(&self) -> Result<Vec<SavedSearch>, StoreError> {
        let rows = sqlx::query("SELECT * FROM saved_search ORDER BY name LIMIT $1")
            .bind(MAX_SAVED)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Changes one, or says why not.
    pub async fn change_saved(
        &self,
        change: &SavedChange,
        at: Timestamp,
    ) -> Result<Saving, StoreError> {
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let saving = match change {
            SavedChange::Save { name, parameters } => save(&mut tx, name, parameters, at).await?,
            SavedChange::Rename { name, to } => rename(&mut tx, name, to).await?,
            SavedChange::Delete { name } => delete(&mut tx, name).await?,
        };
        tx.commit().await?;
        Ok(saving)
    }
}

async fn save(
    tx: &mut Transaction<'static, Sqlite>,
    name: &str,
    parameters: &str,
    at: Timestamp,
) -> Result<Saving, StoreError> {
    let Some(name) = plain(name) else {
        return Ok(Saving::BadName);
    };
    if parameters.len() > MAX_PARAMETERS {
        return Ok(Saving::TooLong);
    }
    if is_there(tx, name).await? {
        return Ok(Saving::Taken);
    }
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM saved_search")
        .fetch_one(&mut **tx)
        .await?;
    if count >= MAX_SAVED {
        return Ok(Saving::Full);
    }
    sqlx::query("INSERT INTO saved_search (name, parameters, saved_ms) VALUES ($1, $2, $3)")
        .bind(name)
        .bind(parameters)
        .bind(at.as_millisecond())
        .execute(&mut **tx)
        .await?;
    Ok(Saving::Done)
}

async fn rename(
    tx: &mut Transaction<'static, Sqlite>,
    name: &str,
    to: &str,
) -> Result<Saving, StoreError> {
    let Some(to) = plain(to) else {
        return Ok(Saving::BadName);
    };
    if to != name && is_there(tx, to).await? {
        return Ok(Saving::Taken);
    }
    let renamed = sqlx::query("UPDATE saved_search SET name = $2 WHERE name = $1")
        .bind(name)
        .bind(to)
        .execute(&mut **tx)
        .await?;
    Ok(known(renamed.rows_affected()))
}

async fn delete(tx: &mut Transaction<'static, Sqlite>, name: &str) -> Result<Saving, StoreError> {
    let deleted = sqlx::query("DELETE FROM saved_search WHERE name = $1")
        .bind(name)
        .execute(&mut **tx)
        .await?;
    Ok(known(deleted.rows_affected()))
}

fn known(rows: u64) -> Saving {
    match rows {
        0 => Saving::Unknown,
        _ => Saving::Done,
    }
}

async fn is_there(tx: &mut Transaction<'static, Sqlite>, name: &str) -> Result<bool, StoreError> {
    let found: i64 =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM saved_search WHERE name = $1)")
            .bind(name)
            .fetch_one(&mut **tx)
            .await?;
    Ok(found != 0)
}

/// A name that can be told apart and shown.
fn plain(name: &str) -> Option<&str> {
    let name = name.trim();
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let fits = !name.is_empty() && name.chars().count() <= MAX_SAVED_NAME;
    (fits && !name.contains(unseen)).then_some(name)
}

fn read(row: &SqliteRow) -> Result<SavedSearch, StoreError> {
    Ok(SavedSearch {
        name: row.try_get("name")?,
        parameters: row.try_get("parameters")?,
        saved: time(row.try_get("saved_ms")?)?,
    })
}
