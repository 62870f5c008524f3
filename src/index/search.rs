//! Searches: which mentions, how many, and counts for the page, over all partitions in range.
//!
//! Results are numbers; the caller reads the mentions from the store, which alone knows what may be
//! shown. Nothing here selects, sorts or counts by author.

use super::aggregate::{self, Plan};
use super::best::{Best, CursorKey};
use super::filter::Filter;
use super::lanes::Pace;
use super::memo::{Answer, Asked, Memo};
use super::partition::Partition;
use super::scan::query_fault;
use super::week::Week;
use super::{Aggregations, IndexError, compile, schema, story};
use crate::model::{FlagKind, Kind, Stance};
use crate::query::{Expr, KeyField, Keyword};
use crate::text::{address, fold_keyword};
use jiff::Timestamp;
use serde_json::Value;
use std::ops::{Bound, RangeInclusive};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tantivy::aggregation::AggregationSegmentCollector;
use tantivy::aggregation::intermediate_agg_result::IntermediateAggregationResults;
use tantivy::columnar::Column;
use tantivy::query::{
    AllQuery, BooleanQuery, EnableScoring, Occur, Query, RangeQuery, Scorer, TermQuery, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, SegmentReader, TERMINATED, Term};

/// Results on one page at most.
pub const MAX_RESULTS: usize = 1_000;
/// Documents between two looks at the clock.
pub(super) const DEADLINE_CHECK: u32 = 1_024;
/// Documents that aggregations are handed at once, and between two looks at the clock.
const BLOCK: usize = 1_024;

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
    pub story: Option<i64>,
    /// Published at or after.
    pub since: Option<Timestamp>,
    /// Published before.
    pub until: Option<Timestamp>,
    pub order: Order,
    /// Of each story its first mention only.
    pub one_of_each_story: bool,
    /// Results on the page, at most [`MAX_RESULTS`]; 0 counts only.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<CursorKey>,
    /// What must hold beside.
    pub filter: Option<Filter>,
    /// What to count of the mentions found.
    pub aggregations: Option<Aggregations>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Newest,
    Oldest,
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
    /// Where of each story one is listed: how many of it match, in the order of `ids`.
    pub in_story: Vec<u64>,
    /// The next page's [`Search::after`], where there is one.
    pub next: Option<String>,
    /// The counts that were asked for, in Elasticsearch's shape; counts of few people are left out.
    pub aggregated: Option<Value>,
    /// False while a part of the index is being made again: something may be missing.
    pub whole: bool,
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
        let stance_field = match &self.target {
            Some(_) => schema::TOWARD,
            None => schema::STANCE,
        };
        let kind = self.kind.map(|kind| kind.as_str().to_owned());
        let flag = self.flag.map(|flag| flag.as_str().to_owned());
        let filters = [
            (schema::WATCH, self.watch.clone()),
            (schema::TARGET, self.target.clone()),
            (stance_field, stance),
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
    pub(super) fn query(&self, week: Week, pace: &Pace) -> Box<dyn Query> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        if let Some(expr) = &self.query {
            clauses.push((Occur::Must, compile::compile(expr, pace)));
        }
        if let Some(site) = &self.site {
            let site = Expr::Keyword(Keyword {
                field: KeyField::Site,
                value: address(site),
            });
            clauses.push((Occur::Must, compile::compile(&site, pace)));
        }
        if let Some(filter) = &self.filter {
            clauses.push((Occur::Must, filter.compile(pace)));
        }
        if let Some(story) = self.story {
            let term = Term::from_field_i64(schema::STORY, story);
            let query = TermQuery::new(term, IndexRecordOption::Basic);
            clauses.push((Occur::Must, Box::new(query)));
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
    memo: &Memo,
    whole: bool,
    pace: &Pace,
) -> Result<(Page, Vec<Week>), IndexError> {
    let plan = search.aggregations.as_ref().map(Plan::new).transpose()?;
    let limit = search.limit.min(MAX_RESULTS);
    let mut run = Run {
        search,
        limit,
        pace,
        memo,
        plan,
        total: 0,
        best: Best::new(limit, search.order, search.after, search.one_of_each_story),
        aggregated: IntermediateAggregationResults::default(),
    };
    let mut partitions = partitions.to_vec();
    if search.order == Order::Oldest {
        partitions.reverse();
    }
    let mut damaged = Vec::new();
    if run.best.needs_earlier() {
        damaged.extend(over(&partitions, &mut |partition| run.earlier(partition))?);
    }
    damaged.extend(over(&partitions, &mut |partition| {
        run.partition(partition)
    })?);
    let (listed, next) = run.best.page();
    let stories = listed.iter().map(|(_, story)| *story).collect();
    let in_story = match search.one_of_each_story {
        true => story::count(&partitions, search, stories, pace, &mut damaged)?,
        false => Vec::new(),
    };
    let whole = whole && damaged.is_empty();
    let page = Page {
        total: run.total,
        ids: listed.iter().map(|(id, _)| *id).collect(),
        in_story,
        next: next.map(|next| next.to_string()),
        aggregated: run.aggregated()?,
        whole,
    };
    Ok((page, damaged))
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

struct Run<'a> {
    search: &'a Search,
    limit: usize,
    pace: &'a Pace,
    memo: &'a Memo,
    plan: Option<Plan>,
    total: u64,
    best: Best,
    aggregated: IntermediateAggregationResults,
}

/// What one segment is looked at for.
struct Look<'a> {
    weight: &'a dyn Weight,
    /// Whether it may hold results for the page.
    page: bool,
    /// Whether its mentions still have to be counted.
    count: bool,
}

impl Run<'_> {
    fn partition(&mut self, partition: &Partition) -> Result<(), IndexError> {
        self.pace.check()?;
        let query = self.search.query(partition.week, self.pace);
        let searcher = partition.searcher();
        let asked = Asked {
            files: searcher.generation().clone(),
            what: format!(
                "{query:?} {}",
                self.plan.as_ref().map_or("", |plan| &plan.written)
            ),
        };
        let known = self.memo.get(&asked);
        // Partitions come in the order of the results: once the page is full, the others are only
        // counted.
        let page = !self.best.is_full() || self.search.order == Order::Relevance && self.limit > 0;
        if page || known.is_none() {
            let weight = self.weight(query.as_ref(), &searcher)?;
            let look = Look {
                weight: weight.as_ref(),
                page,
                count: known.is_none(),
            };
            let answer = self.segments(&searcher, &look)?;
            if known.is_none() {
                let answer = Arc::new(answer);
                self.memo.put(asked, Arc::clone(&answer));
                return self.add(&answer);
            }
        }
        known.map_or(Ok(()), |known| self.add(&known))
    }

    fn add(&mut self, answer: &Answer) -> Result<(), IndexError> {
        self.total += answer.total;
        match &answer.aggregated {
            Some(more) => aggregate::merge(&mut self.aggregated, more.clone()),
            None => Ok(()),
        }
    }

    fn segments(&mut self, searcher: &Searcher, look: &Look<'_>) -> Result<Answer, IndexError> {
        let mut total = 0;
        let mut merged = IntermediateAggregationResults::default();
        for (number, segment) in (0..).zip(searcher.segment_readers()) {
            self.pace.check()?;
            if !look.page && self.plan.is_none() {
                total += u64::from(look.weight.count(segment)?);
                continue;
            }
            let plan = self.plan.as_ref().filter(|_| look.count);
            let mut collector = match plan {
                Some(plan) => Some(plan.collector(segment, number)?),
                None => None,
            };
            total += self.segment(segment, look, collector.as_mut())?;
            if let Some(collector) = collector {
                aggregate::merge(&mut merged, aggregate::harvest(collector)?)?;
            }
        }
        // A scorer without time left ends early: what it found is no answer.
        self.pace.check()?;
        let plan = self.plan.as_ref().filter(|_| look.count);
        let buckets = match plan {
            Some(plan) => plan.finish(merged.clone())?.1,
            None => 0,
        };
        Ok(Answer {
            total,
            aggregated: plan.map(|_| merged),
            buckets,
        })
    }

    /// Walks through the mentions found in one segment; returns how many they are.
    fn segment(
        &mut self,
        segment: &SegmentReader,
        look: &Look<'_>,
        mut collector: Option<&mut AggregationSegmentCollector>,
    ) -> Result<u64, IndexError> {
        let published: Column<i64> = segment.fast_fields().i64("published")?;
        let ids: Column<i64> = segment.fast_fields().i64("id")?;
        let mut scorer = look.weight.scorer(segment, 1.0)?;
        let mut found = 0;
        let story = self.stories(segment)?;
        let mut block = Vec::with_capacity(BLOCK);
        let mut doc = scorer.doc();
        while doc != TERMINATED {
            if !segment.is_deleted(doc) {
                found += 1;
                block.push(doc);
                let rank = self.rank(scorer.as_mut());
                if look.page
                    && let (Some(published_ms), Some(id)) = (published.first(doc), ids.first(doc))
                {
                    let key = CursorKey {
                        rank,
                        published_ms,
                        id,
                    };
                    let story = story.as_ref().and_then(|story| story.first(doc));
                    self.best.offer(key, story.unwrap_or_default());
                }
            }
            doc = scorer.advance();
            if block.len() == BLOCK || doc == TERMINATED {
                self.pace.check()?;
                if let Some(collector) = &mut collector {
                    aggregate::collect(collector, &block);
                }
                block.clear();
            }
        }
        Ok(found)
    }

    /// The stories that the pages before may show.
    fn earlier(&mut self, partition: &Partition) -> Result<(), IndexError> {
        let searcher = partition.searcher();
        let query = self.search.query(partition.week, self.pace);
        let weight = self.weight(query.as_ref(), &searcher)?;
        for segment in searcher.segment_readers() {
            let published: Column<i64> = segment.fast_fields().i64("published")?;
            let ids: Column<i64> = segment.fast_fields().i64("id")?;
            let story: Column<i64> = segment.fast_fields().i64("story")?;
            let mut scorer = weight.scorer(segment, 1.0)?;
            let (mut doc, mut seen) = (scorer.doc(), 0_u32);
            while doc != TERMINATED {
                let rank = self.rank(scorer.as_mut());
                if !segment.is_deleted(doc)
                    && let (Some(published_ms), Some(id), Some(story)) =
                        (published.first(doc), ids.first(doc), story.first(doc))
                {
                    let key = CursorKey {
                        rank,
                        published_ms,
                        id,
                    };
                    self.best.note_earlier(key, story)?;
                }
                seen += 1;
                if seen.is_multiple_of(DEADLINE_CHECK) {
                    self.pace.check()?;
                }
                doc = scorer.advance();
            }
            self.pace.check()?;
        }
        Ok(())
    }

    fn weight(
        &self,
        query: &dyn Query,
        searcher: &Searcher,
    ) -> Result<Box<dyn Weight>, IndexError> {
        let scoring = match self.search.order {
            Order::Relevance => EnableScoring::enabled_from_searcher(searcher),
            Order::Newest | Order::Oldest => EnableScoring::disabled_from_searcher(searcher),
        };
        Ok(query.weight(scoring)?)
    }

    fn rank(&self, scorer: &mut dyn Scorer) -> u32 {
        match self.search.order {
            Order::Newest | Order::Oldest => 0,
            Order::Relevance => scorer.score().max(0.0).to_bits(),
        }
    }

    fn stories(&self, segment: &SegmentReader) -> Result<Option<Column<i64>>, IndexError> {
        match self.search.one_of_each_story {
            true => Ok(Some(segment.fast_fields().i64("story")?)),
            false => Ok(None),
        }
    }

    fn aggregated(&mut self) -> Result<Option<Value>, IndexError> {
        let aggregated = std::mem::take(&mut self.aggregated);
        match &self.plan {
            Some(plan) => Ok(Some(plan.finish(aggregated)?.0)),
            None => Ok(None),
        }
    }
}
