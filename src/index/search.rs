//! Searches: which mentions, how many, and counts for the page, over all partitions in range.
//!
//! Results are numbers; the caller reads the mentions from the store, which alone knows what may be
//! shown. Nothing here selects, sorts or counts by author.

use super::facets::{Counter, Facets};
use super::partition::Partition;
use super::scan::too_broad;
use super::week::Week;
use super::{IndexError, compile, schema};
use crate::model::{FlagKind, Kind, Stance};
use crate::query::{Expr, KeyField, Keyword};
use crate::text::{address, fold_keyword};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::ops::{Bound, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Instant;
use tantivy::columnar::Column;
use tantivy::query::{
    AllQuery, BooleanQuery, EnableScoring, Occur, Query, RangeQuery, TermQuery, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{SegmentReader, TERMINATED, Term};

/// Results on one page at most.
pub const MAX_RESULTS: usize = 200;
/// Documents between two looks at the clock.
pub(super) const DEADLINE_CHECK: u32 = 1_024;

/// What to look for. An empty one finds everything.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub query: Option<Expr>,
    pub watch: Option<String>,
    pub source: Option<String>,
    pub kind: Option<Kind>,
    /// ISO 639-1.
    pub lang: Option<String>,
    /// Toward `target` where that is given, else toward any.
    pub stance: Option<Stance>,
    pub flag: Option<FlagKind>,
    pub target: Option<String>,
    /// A host; the hosts under it belong to it.
    pub site: Option<String>,
    /// Published at or after.
    pub since: Option<Timestamp>,
    /// Published before.
    pub until: Option<Timestamp>,
    pub order: Order,
    /// Results on the page, at most [`MAX_RESULTS`]; 0 counts only.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<CursorKey>,
    /// Whether to count by watch, source, stance and flag too.
    pub facets: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Newest,
    /// Best match first, then newest. Scores depend on the words of all mentions, so pages can
    /// shift a little while mentions arrive.
    Relevance,
}

/// One page of results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Mentions that match, on all pages.
    pub total: u64,
    /// Numbers of the mentions on this page, in order.
    pub ids: Vec<i64>,
    /// The next page's [`Search::after`], where there is one.
    pub next: Option<String>,
    /// The counts that were asked for.
    pub facets: Option<Facets>,
    /// False while a part of the index is being made again: something may be missing.
    pub whole: bool,
}

/// A place in the order of results. Opaque text outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CursorKey {
    /// The score's bits, which sort as scores do; 0 where newest comes first.
    rank: u32,
    published_ms: i64,
    id: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in a list of results")]
pub struct NoCursorKey;

impl fmt::Display for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", self.rank, self.published_ms, self.id)
    }
}

impl FromStr for CursorKey {
    type Err = NoCursorKey;

    fn from_str(text: &str) -> Result<Self, NoCursorKey> {
        let parts: Vec<&str> = text.splitn(3, '_').collect();
        let [rank, published_ms, id] = parts[..] else {
            return Err(NoCursorKey);
        };
        Ok(Self {
            rank: rank.parse().map_err(|_| NoCursorKey)?,
            published_ms: published_ms.parse().map_err(|_| NoCursorKey)?,
            id: id.parse().map_err(|_| NoCursorKey)?,
        })
    }
}

impl Search {
    /// The partitions that can hold results.
    pub(super) fn weeks(&self) -> RangeInclusive<Week> {
        Week::of(self.since.unwrap_or(Timestamp::MIN))
            ..=Week::of(self.until.unwrap_or(Timestamp::MAX))
    }

    /// The filters, each a value that a mention must have.
    fn terms(&self) -> Vec<(Field, String)> {
        let stance = self.stance.map(|stance| match &self.target {
            Some(target) => schema::stance_toward(target, stance),
            None => stance.as_str().to_owned(),
        });
        let kind = self.kind.map(|kind| kind.as_str().to_owned());
        let flag = self.flag.map(|flag| flag.as_str().to_owned());
        let filters = [
            (schema::WATCH, self.watch.clone()),
            (schema::TARGET, self.target.clone()),
            (schema::STANCE, stance),
            (schema::FLAG, flag),
            (schema::KIND, kind),
            (schema::SOURCE, self.source.as_deref().map(fold_keyword)),
            (schema::LANG, self.lang.as_deref().map(fold_keyword)),
        ];
        filters
            .into_iter()
            .filter_map(|(field, value)| Some((field, value?)))
            .collect()
    }

    /// The query for one partition; a week that lies inside the range needs no look at the times.
    pub(super) fn query(&self, week: Week) -> Box<dyn Query> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        if let Some(expr) = &self.query {
            clauses.push((Occur::Must, compile::compile(expr)));
        }
        if let Some(site) = &self.site {
            let site = Expr::Keyword(Keyword {
                field: KeyField::Site,
                value: address(site),
            });
            clauses.push((Occur::Must, compile::compile(&site)));
        }
        for (field, value) in self.terms() {
            let term = Term::from_field_text(field, &value);
            let query = TermQuery::new(term, IndexRecordOption::Basic);
            clauses.push((Occur::Must, Box::new(query)));
        }
        let since_ms = self.since.map(Timestamp::as_millisecond);
        let until_ms = self.until.map(Timestamp::as_millisecond);
        let span = week.span_ms();
        let inside = since_ms.is_none_or(|since| since <= span.start)
            && until_ms.is_none_or(|until| until >= span.end);
        if !inside {
            let term = |ms| Term::from_field_i64(schema::PUBLISHED, ms);
            let from = since_ms.map_or(Bound::Unbounded, |ms| Bound::Included(term(ms)));
            let until = until_ms.map_or(Bound::Unbounded, |ms| Bound::Excluded(term(ms)));
            clauses.push((Occur::Must, Box::new(RangeQuery::new(from, until))));
        }
        if clauses.is_empty() {
            return Box::new(AllQuery);
        }
        Box::new(BooleanQuery::new(clauses))
    }
}

/// Runs a search. Blocks; call it from a thread that may. A damaged partition is left out; the
/// damaged ones are returned too.
///
/// # Errors
/// [`IndexError::TimedOut`], [`IndexError::TooBroad`], and an index that cannot be read.
pub(super) fn run(
    partitions: &[Arc<Partition>],
    search: &Search,
    whole: bool,
    deadline: Instant,
) -> Result<(Page, Vec<Week>), IndexError> {
    let mut run = Run {
        search,
        limit: search.limit.min(MAX_RESULTS),
        deadline,
        total: 0,
        best: BinaryHeap::new(),
        counter: search.facets.then(Counter::default),
    };
    let damaged = over(partitions, &mut |partition| run.partition(partition))?;
    Ok((run.page(whole && damaged.is_empty()), damaged))
}

/// Does something with each partition; returns those that turn out to be damaged.
///
/// # Errors
/// The first error that is no damage.
pub(super) fn over(
    partitions: &[Arc<Partition>],
    work: &mut dyn FnMut(&Partition) -> Result<(), IndexError>,
) -> Result<Vec<Week>, IndexError> {
    let mut damaged = Vec::new();
    for partition in partitions {
        // Damaged bytes may also make the engine panic.
        let done = catch_unwind(AssertUnwindSafe(|| work(partition)));
        match done.unwrap_or(Err(IndexError::Panicked)) {
            Err(error) if error.is_damage() => damaged.push(partition.week),
            done => done.map_err(query_fault)?,
        }
    }
    Ok(damaged)
}

/// A wildcard that stands for too many words is the query's fault.
fn query_fault(error: IndexError) -> IndexError {
    let pattern = match &error {
        IndexError::Engine(engine) => too_broad(engine).map(str::to_owned),
        _ => None,
    };
    pattern.map_or(error, |pattern| IndexError::TooBroad { pattern })
}

struct Run<'a> {
    search: &'a Search,
    limit: usize,
    deadline: Instant,
    total: u64,
    /// The best so far, the worst of them on top; one more than the page holds, to know whether
    /// another follows.
    best: BinaryHeap<Reverse<CursorKey>>,
    counter: Option<Counter>,
}

impl Run<'_> {
    fn partition(&mut self, partition: &Partition) -> Result<(), IndexError> {
        let query = self.search.query(partition.week);
        let searcher = partition.searcher();
        let scoring = match self.search.order {
            Order::Newest => EnableScoring::disabled_from_searcher(&searcher),
            Order::Relevance => EnableScoring::enabled_from_searcher(&searcher),
        };
        let weight = query.weight(scoring)?;
        // Partitions come newest first: once the page is full, older ones are only counted.
        let full = self.best.len() > self.limit || self.limit == 0;
        let count_only = full && self.search.order == Order::Newest && self.counter.is_none();
        for segment in searcher.segment_readers() {
            self.check_deadline()?;
            if count_only {
                self.total += u64::from(weight.count(segment)?);
            } else {
                self.segment(weight.as_ref(), segment)?;
            }
        }
        Ok(())
    }

    fn segment(&mut self, weight: &dyn Weight, segment: &SegmentReader) -> Result<(), IndexError> {
        let published: Column<i64> = segment.fast_fields().i64("published")?;
        let ids: Column<i64> = segment.fast_fields().i64("id")?;
        let mut counting = match &self.counter {
            Some(_) => Some(Counter::start(segment)?),
            None => None,
        };
        let mut scorer = weight.scorer(segment, 1.0)?;
        let mut looked_at = 0_u32;
        let mut doc = scorer.doc();
        while doc != TERMINATED {
            looked_at = looked_at.wrapping_add(1);
            if looked_at.is_multiple_of(DEADLINE_CHECK) {
                self.check_deadline()?;
            }
            if !segment.is_deleted(doc) {
                self.total += 1;
                if let Some(counting) = &mut counting {
                    counting.count(doc);
                }
                let rank = match self.search.order {
                    Order::Newest => 0,
                    Order::Relevance => scorer.score().max(0.0).to_bits(),
                };
                if let (Some(published_ms), Some(id)) = (published.first(doc), ids.first(doc)) {
                    self.offer(CursorKey {
                        rank,
                        published_ms,
                        id,
                    });
                }
            }
            doc = scorer.advance();
        }
        if let (Some(counter), Some(counting)) = (&mut self.counter, counting) {
            counter.add(counting)?;
        }
        Ok(())
    }

    fn offer(&mut self, key: CursorKey) {
        if self.search.after.is_some_and(|after| key >= after) {
            return;
        }
        self.best.push(Reverse(key));
        if self.best.len() > self.limit + 1 {
            self.best.pop();
        }
    }

    fn check_deadline(&self) -> Result<(), IndexError> {
        if Instant::now() >= self.deadline {
            return Err(IndexError::TimedOut);
        }
        Ok(())
    }

    fn page(self, whole: bool) -> Page {
        let mut keys: Vec<CursorKey> = self.best.into_iter().map(|entry| entry.0).collect();
        keys.sort_unstable_by_key(|key| Reverse(*key));
        let more = keys.len() > self.limit;
        keys.truncate(self.limit);
        Page {
            total: self.total,
            ids: keys.iter().map(|key| key.id).collect(),
            next: keys.last().filter(|_| more).map(CursorKey::to_string),
            facets: self.counter.map(Counter::finish),
            whole,
        }
    }
}
