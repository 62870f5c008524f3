//! What serving asks of the house: the archive, and the house's health. Whoever composes the house
//! implements both over store, index and supervisor; this room never sees how.

use super::preview::{Preview, PreviewRequest};
use crate::collect::hearing::Verdict;
use crate::index::{Aggregations, Filter};
use crate::model::{FlagKind, Kind, Span, Stance};
use crate::query::Fault;
use crate::store::{Case, Coding, Judged, StoredMention};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::ops::Range;

/// Most mentions that one answer holds.
pub const MAX_LIMIT: usize = 100;
/// Most mentions that the page of one case shows.
pub const MAX_CASE_MENTIONS: usize = 200;
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
    /// Whom the stance is toward; without a stance, mentions that have one toward it.
    pub target: Option<String>,
    /// A host; the hosts under it belong to it.
    pub site: Option<String>,
    /// ISO 639-1 language of the mention.
    pub lang: Option<String>,
    /// Published at or after.
    pub since: Option<Timestamp>,
    /// Published before.
    pub until: Option<Timestamp>,
    /// 1 to [`MAX_LIMIT`].
    pub limit: usize,
    /// [`Results::next`] of the page before; foreign text, to be checked by the archive.
    pub after: Option<String>,
    pub order: Order,
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
            target: None,
            site: None,
            lang: None,
            since: None,
            until: None,
            limit: 25,
            after: None,
            order: Order::Newest,
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
    #[error("the search took too long")]
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

    fn case(&self, id: i64) -> BoxFuture<'_, Result<Option<CaseFile>, SearchError>>;

    /// All configured sources.
    fn sources(&self) -> BoxFuture<'_, Result<Vec<SourceState>, SearchError>>;
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
