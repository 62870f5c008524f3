//! The store: SQL, the only truth. Everything else (index, mails, metrics) is derived from it and
//! can be made again.
//!
//! One writer, many readers. Whatever belongs together is written in one transaction, a [`Tx`]:
//! mentions, labels, cases, outgoing mail and the cursor that lies behind them. Every row that a
//! follower reads carries a sequence number; [`Store::changes_after`] hands them out in order.
//!
//! SQLite: WAL, `synchronous=FULL`, `secure_delete=ON` (freed pages are zeroed) and
//! [`Store::purge`] (the WAL itself is emptied), so that what was deleted is in no file.

mod aliases;
mod authors;
mod backup;
mod cases;
mod claims;
mod coding;
mod hearing;
mod judgements;
mod outbox;
mod read;
mod refresh;
mod reports;
mod retention;
mod room;
mod saved;
mod statements;
mod stories;
mod versions;
mod weights;
mod write;

pub use backup::{ErasedAuthor, ErasedItem, Erasures};
pub use cases::{Case, CaseFilter, CaseState, Counted, Counts, LatestCase, NewCase, Window};
pub use claims::{Check, Claim, ClaimText, StoredMatch};
pub use coding::Coding;
pub use hearing::{GapRow, HabitHour};
pub use judgements::{Judged, Judgement};
pub use outbox::{NewMail, OutboxCounts, OutgoingMail};
pub use read::{Change, Place, StoredMention};
pub use reports::{Looked, Report, Seen};
pub use retention::{AgePlace, Aged, AuthorClass, Clocks, RetentionConfig, SourceRetentionConfig};
pub use room::DiskConfig;
pub use saved::{MAX_SAVED, MAX_SAVED_NAME, SavedChange, SavedSearch, Saving};
pub use statements::{Address, MAX_STATEMENTS, Statement, StatementText};
pub use versions::WatchVersion;
pub use weights::WeighedStory;
pub use write::{Put, Removed, Tx};

use crate::model::Cursor;
use crate::privacy::KeyError;
use jiff::Timestamp;
use sqlx::Connection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use std::path::Path;
use std::time::Duration;
use tokio::sync::watch;

/// Readers at one time; each holds a connection and a snapshot.
const READERS: u32 = 4;
/// How long a reader or writer waits for the file's lock before it reports an error.
const BUSY_SECS: u64 = 10;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the store: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("the store's schema: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the store holds a row that this version cannot read: {0}")]
    Damaged(String),
    #[error("a value for the store cannot be written: {0}")]
    Encode(#[from] serde_json::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// On a full disk SQLite takes a transaction back by itself, which its driver does not notice: it
/// would refuse every later one. Such a connection is replaced.
async fn is_between_transactions(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    Ok(!connection.is_in_transaction())
}

/// A handle on the database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    /// False while the disk is nearly full; all handles know.
    room: watch::Sender<bool>,
    /// Counts the changes of the register of claims, and what is said of its matches.
    claims: watch::Sender<u64>,
}

impl Store {
    /// Opens the database file, creates it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// A file that is no database, not writable, or of a newer version.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(BUSY_SECS))
            .foreign_keys(true)
            .pragma("secure_delete", "ON");
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .before_acquire(|connection, _| Box::pin(is_between_transactions(connection)))
            .connect_with(options.clone())
            .await?;
        sqlx::migrate!("src/store/migrations").run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self {
            writer,
            readers,
            room: watch::Sender::new(true),
            claims: watch::Sender::new(0),
        })
    }

    /// Starts the one write transaction. It waits for the writer before it, and what was not
    /// committed when it is dropped never happened.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Tx::begin(&self.writer).await
    }

    /// The saved resume position of a source.
    pub async fn cursor(&self, source: &str) -> Result<Option<Cursor>, StoreError> {
        let value: Option<String> =
            sqlx::query_scalar("SELECT value FROM source_cursor WHERE source = $1")
                .bind(source)
                .fetch_optional(&self.readers)
                .await?;
        Ok(value.map(Cursor))
    }

    /// Forgets tombstones of items that this house never had, once nobody can deliver them late
    /// any more.
    pub async fn expire_tombstones(&self, before: Timestamp) -> Result<u64, StoreError> {
        let before = before.as_millisecond();
        let mut expired = 0;
        for statement in [
            "DELETE FROM tombstone WHERE known = 0 AND at_ms < $1",
            "DELETE FROM author_gone WHERE known = 0 AND at_ms < $1",
        ] {
            expired += sqlx::query(statement)
                .bind(before)
                .execute(&self.writer)
                .await?
                .rows_affected();
        }
        Ok(expired)
    }

    /// Empties the write-ahead log into the database file, whose freed pages are zeroed: after
    /// this, deleted text is in no file of the store.
    ///
    /// # Errors
    /// A reader that holds an old snapshot for longer than the busy time-out: try again.
    pub async fn purge(&self) -> Result<(), StoreError> {
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&self.writer)
            .await?;
        if busy != 0 {
            return Err(StoreError::Damaged(
                "a reader kept the write-ahead log busy".to_owned(),
            ));
        }
        Ok(())
    }

    /// Writes an entry of the audit log; done before the act that it tells of.
    pub async fn audit(&self, at: Timestamp, action: &str, detail: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO audit (at_ms, action, detail) VALUES ($1, $2, $3)")
            .bind(at.as_millisecond())
            .bind(action)
            .bind(detail)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Tells that the register of claims, what the office says of its matches, or a statement that
    /// it entered has changed.
    pub fn claims_watch(&self) -> watch::Receiver<u64> {
        self.claims.subscribe()
    }

    /// Closes all connections; the write-ahead log is folded in.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn time(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms)
        .map_err(|_| StoreError::Damaged(format!("{ms} is no time in milliseconds")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transaction_that_sqlite_took_back_by_itself_is_not_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store.sqlite")).await.unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
            .fetch_one(&store.writer)
            .await
            .unwrap();
        let full = format!("PRAGMA max_page_count = {pages}");
        let full = sqlx::AssertSqlSafe(full);
        sqlx::query(full).fetch_one(&store.writer).await.unwrap();
        let mut tx = store.begin().await.unwrap();
        let insert = "INSERT INTO audit (at_ms, action, detail) VALUES (0, 'x', $1)";
        let full = sqlx::query(insert)
            .bind("x".repeat(1 << 20))
            .execute(&mut *tx.tx)
            .await;
        assert!(full.unwrap_err().to_string().contains("full"));
        let commit = sqlx::query("COMMIT").execute(&mut *tx.tx).await;
        assert!(commit.unwrap_err().to_string().contains("no transaction"));
        drop(tx);
        let tx = store.begin().await.unwrap();
        tx.commit().await.unwrap();
        store.audit(Timestamp::UNIX_EPOCH, "y", "z").await.unwrap();
    }
}
