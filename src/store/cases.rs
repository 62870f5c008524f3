//! Cases: what editors work on. Written by the desk's rules inside the pipeline's transaction.

use super::{Store, StoreError, Tx, time};
use crate::model::{FlagKind, Stance};
use crate::privacy::Pseudonym;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::ops::Range;

/// Mentions that one count looks at: a flood must not make every further mention dearer.
const MAX_COUNTED: u32 = 1_000;

/// Where a case stands. An acknowledged case never goes back to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseState {
    Open,
    Acknowledged,
    Assessed,
    Answered,
    Closed,
}

impl CaseState {
    const ALL: [CaseState; 5] = [
        CaseState::Open,
        CaseState::Acknowledged,
        CaseState::Assessed,
        CaseState::Answered,
        CaseState::Closed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            CaseState::Open => "open",
            CaseState::Acknowledged => "acknowledged",
            CaseState::Assessed => "assessed",
            CaseState::Answered => "answered",
            CaseState::Closed => "closed",
        }
    }
}

/// Which mentions are meant, by the cases that they are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseFilter {
    /// In a case that stands there.
    In(CaseState),
    /// In a case.
    Any,
    /// In no case.
    None,
}

impl CaseFilter {
    pub const ALL: [CaseFilter; 7] = [
        CaseFilter::In(CaseState::Open),
        CaseFilter::In(CaseState::Acknowledged),
        CaseFilter::In(CaseState::Assessed),
        CaseFilter::In(CaseState::Answered),
        CaseFilter::In(CaseState::Closed),
        CaseFilter::Any,
        CaseFilter::None,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            CaseFilter::In(state) => state.as_str(),
            CaseFilter::Any => "any",
            CaseFilter::None => "none",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// A case as it is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCase {
    /// Key of the rule, for example `flagged`.
    pub rule: String,
    /// The watch; of a message the source.
    pub watch: String,
    /// Collection time of the mention that made the rule fire.
    pub opened: Timestamp,
    /// The rule's figures, shown in the mail as the reason; never text of a mention.
    pub facts: serde_json::Value,
    /// Of a rule that looks at stories.
    pub story: Option<i64>,
}

/// A stored case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub id: i64,
    pub rule: String,
    pub watch: String,
    pub state: CaseState,
    pub opened: Timestamp,
    /// Latest mention that the rule counted.
    pub last: Timestamp,
    pub facts: serde_json::Value,
    pub story: Option<i64>,
    pub mentions: i64,
}

const CASE: &str = "SELECT c.*, (SELECT count(*) FROM case_mention m WHERE m.case_id = c.id)
    AS mentions FROM desk_case c";

impl Tx {
    /// The newest case of a rule and watch, whatever its state. Asked for every mention that a
    /// rule concerns, so it does not count the case's mentions.
    pub async fn latest_case(
        &mut self,
        rule: &str,
        watch: &str,
    ) -> Result<Option<LatestCase>, StoreError> {
        let row: Option<(i64, i64, i64)> = sqlx::query_as(
            "SELECT id, opened_ms, last_ms FROM desk_case WHERE rule = $1 AND watch = $2
             ORDER BY id DESC LIMIT 1",
        )
        .bind(rule)
        .bind(watch)
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(read_latest).transpose()
    }

    /// The newest case of a rule and watch that still waits for an answer; with a sender, that has
    /// something of this sender.
    pub async fn waiting_case(
        &mut self,
        rule: &str,
        watch: &str,
        sender: Option<&Pseudonym>,
    ) -> Result<Option<LatestCase>, StoreError> {
        let row: Option<(i64, i64, i64)> = sqlx::query_as(
            "SELECT c.id, c.opened_ms, c.last_ms FROM desk_case c
             WHERE c.rule = $1 AND c.watch = $2 AND c.state NOT IN ('answered', 'closed')
                 AND ($3 IS NULL OR EXISTS (SELECT 1 FROM case_mention k
                     JOIN mention m ON m.id = k.mention_id
                     WHERE k.case_id = c.id AND m.pseudonym = $3))
             ORDER BY c.id DESC LIMIT 1",
        )
        .bind(rule)
        .bind(watch)
        .bind(sender.map(|sender| sender.0.to_vec()))
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(read_latest).transpose()
    }

    /// The newest case of a rule about a story, with the number of its mentions.
    pub async fn case_of_story(
        &mut self,
        rule: &str,
        story: i64,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT c.id, (SELECT count(*) FROM case_mention m WHERE m.case_id = c.id)
             FROM desk_case c WHERE c.story = $1 AND c.rule = $2 ORDER BY c.id DESC LIMIT 1",
        )
        .bind(story)
        .bind(rule)
        .fetch_optional(&mut *self.tx)
        .await?)
    }

    /// The first mentions of a story up to a number, in the order of their numbers.
    pub async fn counted_of_story(
        &mut self,
        story: i64,
        last: i64,
        limit: i64,
    ) -> Result<Vec<Counted>, StoreError> {
        let rows = sqlx::query(
            "SELECT id AS mention_id, collected_ms, '' AS flag, pseudonym, voice_handle, site
             FROM mention WHERE story = $1 AND id <= $2 ORDER BY id LIMIT $3",
        )
        .bind(story)
        .bind(last)
        .bind(limit)
        .fetch_all(&mut *self.tx)
        .await?;
        rows.iter().map(read_counted).collect()
    }

    /// How many cases a rule has opened since then.
    pub async fn cases_since(&mut self, rule: &str, since: Timestamp) -> Result<usize, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM desk_case WHERE rule = $1 AND opened_ms > $2")
                .bind(rule)
                .bind(since.as_millisecond())
                .fetch_one(&mut *self.tx)
                .await?;
        Ok(usize::try_from(count).unwrap_or(0))
    }

    /// Opens a case and gives its number.
    pub async fn open_case(&mut self, case: &NewCase) -> Result<i64, StoreError> {
        let opened_ms = case.opened.as_millisecond();
        Ok(sqlx::query_scalar(
            "INSERT INTO desk_case (rule, watch, state, opened_ms, last_ms, facts, story)
             VALUES ($1, $2, 'open', $3, $3, $4, $5) RETURNING id",
        )
        .bind(&case.rule)
        .bind(&case.watch)
        .bind(opened_ms)
        .bind(serde_json::to_string(&case.facts)?)
        .bind(case.story)
        .fetch_one(&mut *self.tx)
        .await?)
    }

    /// Adds a mention to a case; again is no harm. `at` is the mention's collection time.
    pub async fn add_to_case(
        &mut self,
        case_id: i64,
        mention_id: i64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO case_mention (case_id, mention_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(case_id)
        .bind(mention_id)
        .execute(&mut *self.tx)
        .await?;
        sqlx::query("UPDATE desk_case SET last_ms = max(last_ms, $2) WHERE id = $1")
            .bind(case_id)
            .bind(at.as_millisecond())
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The live (not imported) mentions of a watch that a rule counts at `window.last`, the latest
    /// [`MAX_COUNTED`], in the order of their numbers.
    ///
    /// Only numbers up to `window.last` count: what else the same transaction wrote is later, and
    /// a decision must not depend on where a batch ends. What was published further from
    /// `window.around` than the window is long belongs to another hour, even where it was
    /// collected in the same minute: after an outage hours arrive at once.
    pub async fn counted(&mut self, window: &Window<'_>) -> Result<Vec<Counted>, StoreError> {
        let sql = format!(
            "SELECT w.mention_id, w.collected_ms, w.flag, m.pseudonym, m.voice_handle, m.site
             FROM mention_watch w JOIN mention m ON m.id = w.mention_id
             WHERE w.watch = $1 AND {} AND w.collected_ms > $3 AND w.collected_ms <= $4
                 AND w.mention_id <= $5 AND w.backfill = 0
                 AND m.published_ms > w.collected_ms - $6
                 AND m.published_ms > $7 - $8 AND m.published_ms < $7 + $8
             ORDER BY w.collected_ms DESC, w.mention_id DESC LIMIT {MAX_COUNTED}",
            match window.counts {
                Counts::Flagged =>
                    "w.flag <> '' AND w.flag IN ('enquiry', 'correction') AND $2 = ''",
                Counts::Stance(_) => "w.stance = $2",
            }
        );
        let value = match window.counts {
            Counts::Flagged => "",
            Counts::Stance(stance) => stance.as_str(),
        };
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(window.watch)
            .bind(value)
            .bind(window.after.as_millisecond())
            .bind(window.until.as_millisecond())
            .bind(window.last)
            .bind(window.max_age_ms)
            .bind(window.around.as_millisecond())
            .bind(window.until.as_millisecond() - window.after.as_millisecond())
            .fetch_all(&mut *self.tx)
            .await?;
        let counted: Result<Vec<Counted>, StoreError> = rows.iter().map(read_counted).collect();
        let mut counted = counted?;
        counted.sort_by_key(|counted| counted.mention_id);
        Ok(counted)
    }
}

/// What decides whether a case still takes mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatestCase {
    pub id: i64,
    pub opened: Timestamp,
    /// Latest mention that the rule counted.
    pub last: Timestamp,
}

/// What a rule counts, and where.
#[derive(Debug, Clone)]
pub struct Window<'a> {
    pub watch: &'a str,
    pub counts: Counts,
    /// Collection time, exclusive.
    pub after: Timestamp,
    /// Collection time, inclusive.
    pub until: Timestamp,
    /// When the mention at hand was published.
    pub around: Timestamp,
    /// Number of the newest mention that counts.
    pub last: i64,
    /// Mentions that were older than this when they were collected are old news.
    pub max_age_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Mentions with any flag.
    Flagged,
    Stance(Stance),
}

/// One mention that a rule counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub mention_id: i64,
    pub collected: Timestamp,
    pub flag: Option<FlagKind>,
    /// Tells statements of one author apart from those of another, and nothing else: pseudonym,
    /// voice, site, or the mention itself where nobody is named.
    pub speaker: String,
}

fn read_latest((id, opened_ms, last_ms): (i64, i64, i64)) -> Result<LatestCase, StoreError> {
    Ok(LatestCase {
        id,
        opened: time(opened_ms)?,
        last: time(last_ms)?,
    })
}

fn read_counted(row: &SqliteRow) -> Result<Counted, StoreError> {
    let mention_id: i64 = row.try_get("mention_id")?;
    let pseudonym: Option<Vec<u8>> = row.try_get("pseudonym")?;
    let voice: Option<String> = row.try_get("voice_handle")?;
    let site: String = row.try_get("site")?;
    let speaker = match (pseudonym, voice) {
        (Some(pseudonym), _) => format!("private {pseudonym:?}"),
        (None, Some(voice)) => format!("voice {voice}"),
        (None, None) if !site.is_empty() => format!("site {site}"),
        (None, None) => format!("mention {mention_id}"),
    };
    Ok(Counted {
        mention_id,
        collected: time(row.try_get("collected_ms")?)?,
        flag: FlagKind::parse(row.try_get("flag")?),
        speaker,
    })
}

impl Store {
    /// The cases that nobody has closed, newest first.
    pub async fn cases(&self, limit: i64) -> Result<Vec<Case>, StoreError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{CASE} WHERE c.state <> 'closed' ORDER BY id DESC LIMIT $1"
        )))
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_case).collect()
    }

    pub async fn case(&self, id: i64) -> Result<Option<Case>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{CASE} WHERE c.id = $1")))
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read_case).transpose()
    }

    /// The cases that a mention is in, oldest first.
    pub async fn cases_with(&self, mention_id: i64) -> Result<Vec<Case>, StoreError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{CASE} WHERE c.id IN (SELECT case_id FROM case_mention WHERE mention_id = $1)
             ORDER BY c.id"
        )))
        .bind(mention_id)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_case).collect()
    }

    /// Numbers of the mentions of a case, oldest first.
    pub async fn case_mentions(&self, case_id: i64) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT mention_id FROM case_mention WHERE case_id = $1 ORDER BY mention_id",
        )
        .bind(case_id)
        .fetch_all(&self.readers)
        .await?)
    }

    /// Numbers of the mentions published in a range of Unix milliseconds that are in a case, or in
    /// one that stands at `state`; in ascending order, at most `limit`.
    pub async fn mentions_in_cases(
        &self,
        state: Option<CaseState>,
        span_ms: Range<i64>,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT DISTINCT i.mention_id FROM desk_case c
             JOIN case_mention i ON i.case_id = c.id JOIN mention m ON m.id = i.mention_id
             WHERE ($1 = '' OR c.state = $1) AND m.published_ms >= $2 AND m.published_ms < $3
             ORDER BY i.mention_id LIMIT $4",
        )
        .bind(state.map_or("", CaseState::as_str))
        .bind(span_ms.start)
        .bind(span_ms.end)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?)
    }

    /// Number of cases that are not closed.
    pub async fn open_cases(&self) -> Result<i64, StoreError> {
        Ok(
            sqlx::query_scalar("SELECT count(*) FROM desk_case WHERE state <> 'closed'")
                .fetch_one(&self.readers)
                .await?,
        )
    }
}

fn read_case(row: &SqliteRow) -> Result<Case, StoreError> {
    let state: String = row.try_get("state")?;
    Ok(Case {
        id: row.try_get("id")?,
        rule: row.try_get("rule")?,
        watch: row.try_get("watch")?,
        state: CaseState::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| StoreError::Damaged(format!("`{state}` is no state of a case")))?,
        opened: time(row.try_get("opened_ms")?)?,
        last: time(row.try_get("last_ms")?)?,
        facts: serde_json::from_str(row.try_get("facts")?)?,
        story: row.try_get("story")?,
        mentions: row.try_get("mentions")?,
    })
}
