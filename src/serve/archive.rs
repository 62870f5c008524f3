//! What serving asks of the house: the archive, and the house's health. Whoever composes the house
//! implements both over store, index and supervisor; this room never sees how.

use super::preview::{Preview, PreviewRequest};
use crate::collect::hearing::Verdict;
use crate::index::{Aggregations, Filter};
use crate::model::{ClaimId, FlagKind, Kind, Span, Stance, StatementId};
use crate::query::Fault;
use crate::store::{
    Address, Case, CaseFilter, Claim, ClaimText, Coding, Judged, Looked, SavedChange, SavedSearch,
    Saving, Statement, StatementText, StoredMatch, StoredMention, WeighedStory,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::ops::Range;

/// Most mentions that one answer holds.
pub const MAX_LIMIT: usize = 100;
/// Most mentions that the page of one case shows.
pub const MAX_CASE_MENTIONS: usize = 200;
/// Mentions in cases that a search by their state looks at.
pub const MAX_IN_CASES: usize = 100_000;
/// Most mentions of a story that its card shows.
pub const MAX_STORY_MENTIONS: usize = 3;
/// Most times of not listening that one answer tells.
pub const MAX_GAPS: usize = 100;

/// What one person says of one mention of the weekly sample; `None` takes it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded {
    pub week: String,
    pub id: i64,
    pub target: String,
    /// 1 or 2.
    pub coder: u8,
    pub stance: Option<Stance>,
}

/// Order of the mentions found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By publication.
    #[default]
    Newest,
    Oldest,
    /// Best match first, then newest.
    Relevance,
}

impl Order {
    pub const ALL: [Order; 3] = [Order::Newest, Order::Oldest, Order::Relevance];

    pub fn as_str(self) -> &'static str {
        match self {
            Order::Newest => "newest",
            Order::Oldest => "oldest",
            Order::Relevance => "relevance",
        }
    }
}

/// One search: a query and filters, all of which must hold. Page, API, command line and the
/// Elasticsearch dialect all ask with it, so all get the same numbers.
#[derive(Debug, Clone)]
pub struct Request {
    /// Text in the query language; empty finds everything.
    pub query: String,
    pub watch: Option<String>,
    /// Name of a configured source.
    pub source: Option<String>,
    pub kind: Option<Kind>,
    /// Toward `target`, else toward the target of `watch`, else toward any target.
    pub stance: Option<Stance>,
    pub flag: Option<FlagKind>,
    /// By the cases that a mention is in, as they stand at this moment.
    pub case: Option<CaseFilter>,
    /// Whom the stance is toward; without a stance, mentions that have one toward it.
    pub target: Option<String>,
    /// A host; the hosts under it belong to it.
    pub site: Option<String>,
    /// ISO 639-1 language of the mention.
    pub lang: Option<String>,
    /// Number of a story, or one that it once had.
    pub story: Option<i64>,
    /// Published at or after.
    pub since: Option<Timestamp>,
    /// Published before.
    pub until: Option<Timestamp>,
    /// 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// [`Results::next`] of the page before; foreign text, to be checked by the archive.
    pub after: Option<String>,
    pub order: Order,
    /// Of each story its first mention only, with the number of those that match.
    pub one_of_each_story: bool,
    /// What must hold beside.
    pub filter: Option<Filter>,
    /// What to count of everything found.
    pub aggregations: Option<Aggregations>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            query: String::new(),
            watch: None,
            source: None,
            kind: None,
            stance: None,
            flag: None,
            case: None,
            target: None,
            site: None,
            lang: None,
            story: None,
            since: None,
            until: None,
            limit: 25,
            after: None,
            order: Order::Newest,
            one_of_each_story: false,
            filter: None,
            aggregations: None,
        }
    }
}

/// One page of a search's results.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Results {
    /// All mentions that the search finds, not only this page's.
    pub total: u64,
    pub items: Vec<Found>,
    /// Opaque mark of the next page; `None` on the last one.
    pub next: Option<String>,
    /// False where a part of the index could not be read and the rest is shown.
    pub whole: bool,
    /// The counts that were asked for, in Elasticsearch's shape; those of few people are left out.
    pub aggregated: Option<Value>,
}

/// A mention found, and where the query's words stand in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub mention: StoredMention,
    pub highlights: Vec<Span>,
    /// Mentions of its story that match, itself among them, where of each story one is listed; else 1.
    pub in_story: u64,
}

/// Why a search gave no results.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The query does not parse; `start..end` is the byte range of the fault in it, empty at 0 for
    /// a fault of the whole query. Printed in English.
    #[error("{fault}")]
    BadQuery {
        fault: Box<Fault>,
        start: usize,
        end: usize,
    },
    /// The page mark is none that this archive gave out.
    #[error("the page mark `after` is not one that a search gave out")]
    BadMark,
    /// What was to be counted cannot be; printed in English.
    #[error("{0}")]
    BadAggregation(String),
    /// More than [`MAX_IN_CASES`].
    #[error(
        "`case`: more than {MAX_IN_CASES} mentions of that time are in such cases; ask for a shorter \
         time (`since`, `until`)"
    )]
    TooManyInCases,
    #[error("the search took too long; ask for a shorter time or fewer wildcards")]
    TimedOut,
    #[error("too many searches at one time")]
    Busy,
    /// The archive is broken; whoever says so has logged why.
    #[error("the archive does not answer")]
    Internal,
}

/// Whether one source is heard. Tells "nothing was said" from "we could not listen".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// Name of the configured source.
    pub name: String,
    /// Connected, or its last look succeeded; `None` before the first attempt.
    pub up: Option<bool>,
    pub last_event: Option<Timestamp>,
    /// What the hearing test thinks of it; `None` before its first minute.
    pub hearing: Option<Verdict>,
    /// Intervals that were lost, newest first, at most a few.
    pub gaps: Vec<Gap>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// A gap with the source that it is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceGap {
    pub source: String,
    pub from: Timestamp,
    /// `None` while it lasts.
    pub to: Option<Timestamp>,
}

/// A case and the mentions in it.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFile {
    pub case: Case,
    /// Newest first, at most [`MAX_CASE_MENTIONS`].
    pub mentions: Vec<StoredMention>,
}

/// The archive as editors and programs see it.
pub trait Archive: Send + Sync {
    fn search(&self, request: Request) -> BoxFuture<'_, Result<Results, SearchError>>;

    /// The times between these two, of any source, in which we could not listen: newest first, at
    /// most [`MAX_GAPS`], those that last still first of all.
    fn gaps(
        &self,
        _since: Option<Timestamp>,
        _until: Option<Timestamp>,
    ) -> BoxFuture<'_, Result<Vec<SourceGap>, SearchError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// One mention; `None` when there is none, or none any more.
    fn mention(&self, id: i64) -> BoxFuture<'_, Result<Option<StoredMention>, SearchError>>;

    /// The office says what a mention's stance toward a target is, or (`None`) takes that back.
    fn judge(
        &self,
        id: i64,
        target: String,
        stance: Option<Stance>,
        way: &'static str,
    ) -> BoxFuture<'_, Result<Judged, SearchError>>;

    /// So many mentions published in a range, as good as drawn, and always the same.
    fn sample(
        &self,
        published: Range<Timestamp>,
        count: usize,
    ) -> BoxFuture<'_, Result<Vec<StoredMention>, SearchError>>;

    /// One of two people says what the stance of a mention of a week's sample is.
    fn code(&self, coding: Coded) -> BoxFuture<'_, Result<Judged, SearchError>>;

    /// What was said of all samples.
    fn codings(&self) -> BoxFuture<'_, Result<Vec<Coding>, SearchError>>;

    /// Tries a watch or query; `None` when there is no such watch, or nothing to try.
    fn preview(
        &self,
        request: PreviewRequest,
    ) -> BoxFuture<'_, Result<Option<Preview>, SearchError>>;

    /// The cases that nobody has closed, newest first, at most `limit`.
    fn open_cases(&self, limit: usize) -> BoxFuture<'_, Result<Vec<Case>, SearchError>>;

    /// A case for its page, the only place where the words of messages are shown.
    fn case(&self, id: i64) -> BoxFuture<'_, Result<Option<CaseFile>, SearchError>>;

    /// The saved searches, by name.
    fn saved(&self) -> BoxFuture<'_, Result<Vec<SavedSearch>, SearchError>>;

    /// Saves, renames or deletes one.
    fn change_saved(&self, change: SavedChange) -> BoxFuture<'_, Result<Saving, SearchError>>;

    /// All configured sources.
    fn sources(&self) -> BoxFuture<'_, Result<Vec<SourceState>, SearchError>>;

    /// False while nothing new is taken in, because the disk is nearly full.
    fn takes_in(&self) -> bool;
}

/// A story that is worth checking, or was weighed at least, with its beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryFile {
    pub story: WeighedStory,
    /// Its first mentions, at most [`MAX_STORY_MENTIONS`].
    pub mentions: Vec<StoredMention>,
    /// What these may repeat, the most probable first, each entry once.
    pub claims: Vec<StoredMatch>,
}

/// An entry of the register, and the mentions that repeat it or may.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimFile {
    pub claim: Claim,
    pub mentions: Vec<StoredMention>,
}

/// A statement of our own that the office entered, and the mentions that differ from it.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementFile {
    pub statement: Statement,
    pub mentions: Vec<StoredMention>,
}

/// An entry of the register as addresses and forms name it: `office-7`, `check-123` (a fact check, by
/// its mention).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimRef {
    Office(i64),
    Check(i64),
}

impl ClaimRef {
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, number) = text.split_once('-')?;
        let number = number.parse().ok()?;
        match kind {
            "office" => Some(Self::Office(number)),
            "check" => Some(Self::Check(number)),
            _ => None,
        }
    }

    /// Of a match as it is stored.
    pub fn of(found: &StoredMatch) -> Option<Self> {
        match found.claim {
            ClaimId::Office(id) => Some(Self::Office(id)),
            ClaimId::Check(_) => found.check.map(Self::Check),
        }
    }
}

impl std::fmt::Display for ClaimRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Office(id) => write!(f, "office-{id}"),
            Self::Check(id) => write!(f, "check-{id}"),
        }
    }
}

/// What is worth checking, and the register of claims, as editors and programs see them.
pub trait Checking: Send + Sync {
    /// The stories that were flagged, the latest flag first.
    fn rumours(&self, limit: usize) -> BoxFuture<'_, Result<Vec<StoryFile>, SearchError>>;

    /// One story that was weighed.
    fn rumour(&self, story: i64) -> BoxFuture<'_, Result<Option<StoryFile>, SearchError>>;

    /// The office says whether a flag was worth it; `None` takes that back. False without a flag.
    fn judge_rumour(
        &self,
        story: i64,
        judged: Option<bool>,
    ) -> BoxFuture<'_, Result<bool, SearchError>>;

    /// All entries of the office, the newest first.
    fn claims(&self) -> BoxFuture<'_, Result<Vec<Claim>, SearchError>>;

    /// One entry, with the mentions that repeat it or may.
    fn claim(&self, id: i64) -> BoxFuture<'_, Result<Option<ClaimFile>, SearchError>>;

    /// Adds an entry; returns its number.
    fn add_claim(&self, text: ClaimText) -> BoxFuture<'_, Result<i64, SearchError>>;

    /// Changes an entry, or retires it; false where there is none.
    fn change_claim(
        &self,
        id: i64,
        text: ClaimText,
        retired: bool,
    ) -> BoxFuture<'_, Result<bool, SearchError>>;

    /// What a mention may repeat.
    fn claims_of(&self, mention: i64) -> BoxFuture<'_, Result<Vec<StoredMatch>, SearchError>>;

    /// The office says whether a mention repeats an entry; `None` takes that back. False where the
    /// two were never compared.
    fn judge_claim(
        &self,
        mention: i64,
        claim: ClaimRef,
        judged: Option<bool>,
    ) -> BoxFuture<'_, Result<bool, SearchError>>;

    /// What was seen when a report was looked at again; none before the first look.
    fn looked(&self, mention: i64) -> BoxFuture<'_, Result<Option<Looked>, SearchError>>;

    /// Where these statements of our own are, those that are still there.
    fn places(
        &self,
        statements: Vec<StatementId>,
    ) -> BoxFuture<'_, Result<Vec<Address>, SearchError>>;

    /// The statements that the office entered, the latest publication first.
    fn statements(&self) -> BoxFuture<'_, Result<Vec<Statement>, SearchError>>;

    /// One of them, with the mentions that differ from it.
    fn statement(&self, id: i64) -> BoxFuture<'_, Result<Option<StatementFile>, SearchError>>;

    /// Enters a statement; returns its number.
    fn add_statement(&self, text: StatementText) -> BoxFuture<'_, Result<i64, SearchError>>;

    /// Changes a statement, or (`None`) removes it; false where there is none.
    fn change_statement(
        &self,
        id: i64,
        text: Option<StatementText>,
    ) -> BoxFuture<'_, Result<bool, SearchError>>;
}

/// One thing that must hold for the house to do its work.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// For example `store` or `index`.
    pub name: &'static str,
    pub ok: bool,
    /// Somebody should look, though the house does its work.
    pub warning: bool,
    /// One sentence for whoever runs the house; no personal data, no foreign text.
    pub detail: String,
}

/// Says whether the house can do its work.
pub trait Health: Send + Sync {
    fn checks(&self) -> BoxFuture<'_, Vec<Check>>;
}
