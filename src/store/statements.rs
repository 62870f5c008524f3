//! Our own statements: those that the office entered by hand, and which reports differ from which.

use super::{Store, StoreError, Tx, time};
use crate::model::{Differs, FlagKind, Labels, StatementId};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// Entered statements that are listed and compared, the latest to be published.
pub const MAX_STATEMENTS: i64 = 1_000;

/// What the office enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementText {
    pub title: String,
    pub text: String,
    /// Where it stands; empty where it stands nowhere.
    pub url: String,
    pub published: Timestamp,
}

/// A statement that the office entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub id: i64,
    pub text: StatementText,
    pub created: Timestamp,
    pub changed: Timestamp,
    /// Mentions that differ from it.
    pub reports: i64,
}

/// Where a statement is: the number of its mention or its own, and its public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub statement: StatementId,
    pub id: i64,
    pub url: Option<String>,
}

const STATEMENT: &str = "SELECT s.*, (SELECT count(DISTINCT d.mention_id) FROM mention_differs d
    WHERE d.statement_id = s.id) AS reports FROM statement s";

impl Tx {
    /// Notes which statements a mention differs from, in place of those before. A
    /// statement may have been changed or removed since it was compared: what it does not say is left
    /// out.
    pub(super) async fn put_differs(
        &mut self,
        mention_id: i64,
        differs: &[Differs],
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM mention_differs WHERE mention_id = $1")
            .bind(mention_id)
            .execute(&mut *self.tx)
            .await?;
        let mut noted: Vec<StatementId> = Vec::new();
        for differs in differs {
            if noted.contains(&differs.statement) {
                continue;
            }
            noted.push(differs.statement);
            let (id, key) = columns(differs.statement);
            sqlx::query(
                "INSERT INTO mention_differs (mention_id, statement_key, statement_id)
                 VALUES ($1, $2, $3)",
            )
            .bind(mention_id)
            .bind(key)
            .bind(id)
            .execute(&mut *self.tx)
            .await?;
        }
        for statement in noted {
            let now = self.words_of(statement).await?;
            let keep = |differs: &Differs| says(now.as_ref(), differs);
            self.keep_beside(mention_id, statement, keep).await?;
        }
        Ok(())
    }

    /// A collected statement is gone, or has other words: those that it had stand beside no report
    /// any more.
    pub(super) async fn forget_statement(
        &mut self,
        statement: StatementId,
    ) -> Result<(), StoreError> {
        self.keep_differs(statement, |_| false).await
    }

    /// Of what stands beside reports of a statement, keeps what the test holds for.
    async fn keep_differs(
        &mut self,
        statement: StatementId,
        keep: impl Fn(&Differs) -> bool,
    ) -> Result<(), StoreError> {
        let (id, key) = columns(statement);
        let reports: Vec<i64> = sqlx::query_scalar(
            "SELECT mention_id FROM mention_differs WHERE statement_key = $1 OR statement_id = $2",
        )
        .bind(key)
        .bind(id)
        .fetch_all(&mut *self.tx)
        .await?;
        for mention in reports {
            self.keep_beside(mention, statement, &keep).await?;
        }
        Ok(())
    }

    /// The same of one report.
    async fn keep_beside(
        &mut self,
        mention: i64,
        statement: StatementId,
        keep: impl Fn(&Differs) -> bool,
    ) -> Result<(), StoreError> {
        let differs: Option<String> =
            sqlx::query_scalar("SELECT differs FROM mention WHERE id = $1 AND differs IS NOT NULL")
                .bind(mention)
                .fetch_optional(&mut *self.tx)
                .await?;
        let Some(differs) = differs else {
            return Ok(());
        };
        let before: Vec<Differs> = serde_json::from_str(&differs)?;
        let is_ours = |differs: &Differs| differs.statement == statement;
        let after: Vec<&Differs> = before
            .iter()
            .filter(|differs| !is_ours(differs) || keep(differs))
            .collect();
        if after.len() < before.len() {
            self.set_differs(mention, &after).await?;
        }
        if !after.iter().any(|differs| is_ours(differs)) {
            self.unlink(mention, statement).await?;
        }
        Ok(())
    }

    /// What was amended holds words of ours as well.
    async fn set_differs(&mut self, mention: i64, differs: &[&Differs]) -> Result<(), StoreError> {
        let left = (!differs.is_empty()).then_some(differs);
        sqlx::query("UPDATE mention SET differs = $1 WHERE id = $2")
            .bind(left.map(serde_json::to_string).transpose()?)
            .bind(mention)
            .execute(&mut *self.tx)
            .await?;
        sqlx::query("UPDATE report_look SET how = NULL WHERE mention_id = $1")
            .bind(mention)
            .execute(&mut *self.tx)
            .await?;
        match differs.is_empty() {
            true => self.unflag(mention).await,
            false => Ok(()),
        }
    }

    /// A mention beside which nothing stands any more differs from nothing, and followers are told.
    async fn unflag(&mut self, mention: i64) -> Result<(), StoreError> {
        let labels: String = sqlx::query_scalar("SELECT labels FROM mention WHERE id = $1")
            .bind(mention)
            .fetch_one(&mut *self.tx)
            .await?;
        let mut labels: Labels = serde_json::from_str(&labels)?;
        labels
            .flags
            .retain(|label| label.flag != FlagKind::Misreporting);
        let seq = self.next_seq();
        sqlx::query("UPDATE mention SET seq = $1, labels = $2 WHERE id = $3")
            .bind(seq)
            .bind(serde_json::to_string(&labels)?)
            .bind(mention)
            .execute(&mut *self.tx)
            .await?;
        let first = labels.flags.first();
        sqlx::query("UPDATE mention_watch SET flag = $1 WHERE mention_id = $2")
            .bind(first.map_or("", |label| label.flag.as_str()))
            .bind(mention)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    async fn unlink(&mut self, mention: i64, statement: StatementId) -> Result<(), StoreError> {
        let (id, key) = columns(statement);
        sqlx::query(
            "DELETE FROM mention_differs
             WHERE mention_id = $1 AND (statement_key = $2 OR statement_id = $3)",
        )
        .bind(mention)
        .bind(key)
        .bind(id)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Title and text of a statement as they are now.
    async fn words_of(
        &mut self,
        statement: StatementId,
    ) -> Result<Option<(String, String)>, StoreError> {
        let (id, key) = columns(statement);
        Ok(sqlx::query_as(
            "SELECT title, text FROM mention WHERE key = $1
             UNION ALL SELECT title, text FROM statement WHERE id = $2",
        )
        .bind(key)
        .bind(id)
        .fetch_optional(&mut *self.tx)
        .await?)
    }
}

/// True where the words that stand beside a report are those of the statement, as it is now.
fn says(statement: Option<&(String, String)>, differs: &Differs) -> bool {
    let ours = differs.ours.trim_end_matches('…');
    statement.is_some_and(|(title, text)| title.contains(ours) || text.contains(ours))
}

impl Store {
    /// Enters a statement; returns its number.
    pub async fn add_statement(
        &self,
        text: &StatementText,
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        let id = sqlx::query_scalar(
            "INSERT INTO statement (title, text, url, published_ms, created_ms, changed_ms)
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
        )
        .bind(&text.title)
        .bind(&text.text)
        .bind(&text.url)
        .bind(text.published.as_millisecond())
        .bind(at.as_millisecond())
        .fetch_one(&self.writer)
        .await?;
        self.claims_changed();
        Ok(id)
    }

    /// Changes a statement; false where there is none. What it does not say any more stands beside
    /// no report from now on.
    pub async fn change_statement(
        &self,
        id: i64,
        text: &StatementText,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE statement SET title = $2, text = $3, url = $4, published_ms = $5,
                 changed_ms = $6 WHERE id = $1",
        )
        .bind(id)
        .bind(&text.title)
        .bind(&text.text)
        .bind(&text.url)
        .bind(text.published.as_millisecond())
        .bind(at.as_millisecond())
        .execute(&mut *tx.tx)
        .await?;
        let now = (text.title.clone(), text.text.clone());
        tx.keep_differs(StatementId::Entered(id), |differs| {
            says(Some(&now), differs)
        })
        .await?;
        tx.commit().await?;
        self.claims_changed();
        Ok(done.rows_affected() > 0)
    }

    /// Takes a statement out, and its words from beside all reports; false where there is none.
    pub async fn remove_statement(&self, id: i64) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        tx.forget_statement(StatementId::Entered(id)).await?;
        let done = sqlx::query("DELETE FROM statement WHERE id = $1")
            .bind(id)
            .execute(&mut *tx.tx)
            .await?;
        tx.commit().await?;
        self.claims_changed();
        Ok(done.rows_affected() > 0)
    }

    /// The statements that the office entered, the latest publication first.
    pub async fn statements(&self) -> Result<Vec<Statement>, StoreError> {
        let sql = format!("{STATEMENT} ORDER BY s.published_ms DESC, s.id DESC LIMIT $1");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(MAX_STATEMENTS)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    pub async fn statement(&self, id: i64) -> Result<Option<Statement>, StoreError> {
        let sql = format!("{STATEMENT} WHERE s.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Mentions that differ from an entered statement, newest first.
    pub async fn reports_of(&self, statement: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT DISTINCT mention_id FROM mention_differs WHERE statement_id = $1
             ORDER BY mention_id DESC LIMIT $2",
        )
        .bind(statement)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?)
    }

    /// Where these statements are, those that are still there.
    pub async fn addresses(&self, statements: &[StatementId]) -> Result<Vec<Address>, StoreError> {
        let mut found = Vec::new();
        for statement in statements {
            let (id, key) = columns(*statement);
            let row: Option<(i64, Option<String>)> = sqlx::query_as(
                "SELECT id, url FROM mention WHERE key = $1
                 UNION ALL SELECT id, nullif(url, '') FROM statement WHERE id = $2",
            )
            .bind(key)
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
            found.extend(row.map(|(id, url)| Address {
                statement: *statement,
                id,
                url,
            }));
        }
        Ok(found)
    }
}

/// Number and key, of which a statement has one.
fn columns(statement: StatementId) -> (Option<i64>, Option<Vec<u8>>) {
    match statement {
        StatementId::Entered(id) => (Some(id), None),
        StatementId::Collected(key) => (None, Some(key.0.to_vec())),
    }
}

fn read(row: &SqliteRow) -> Result<Statement, StoreError> {
    Ok(Statement {
        id: row.try_get("id")?,
        text: StatementText {
            title: row.try_get("title")?,
            text: row.try_get("text")?,
            url: row.try_get("url")?,
            published: time(row.try_get("published_ms")?)?,
        },
        created: time(row.try_get("created_ms")?)?,
        changed: time(row.try_get("changed_ms")?)?,
        reports: row.try_get("reports")?,
    })
}
