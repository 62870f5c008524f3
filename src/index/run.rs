//! Runs a search over all partitions in its time: which mentions, how many, and what was to be
//! counted of them.

use super::aggregate::{self, Plan};
use super::best::{Best, CursorKey};
use super::lanes::Pace;
use super::memo::{Answer, Asked, Memo};
use super::partition::Partition;
use super::scan::query_fault;
use super::search::{MAX_RESULTS, Order, Page, Search};
use super::week::Week;
use super::{IndexError, story};
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tantivy::aggregation::AggregationSegmentCollector;
use tantivy::aggregation::intermediate_agg_result::IntermediateAggregationResults;
use tantivy::columnar::Column;
use tantivy::query::{EnableScoring, Query, Scorer, Weight};
use tantivy::{COLLECT_BLOCK_BUFFER_LEN, DocId, Searcher, SegmentReader, TERMINATED};

/// Documents between two looks at the clock.
pub(super) const DEADLINE_CHECK: u32 = 1_024;
/// Documents that aggregations are handed at once, and between two looks at the clock.
const BLOCK: usize = 1_024;

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
    let counted = plan.as_ref().map_or("", |plan| &plan.written);
    let asked = format!("{} {counted}", search.written());
    let mut run = Run {
        search,
        limit,
        pace,
        memo,
        asked: asked.into(),
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
    /// What every week within the time is asked, written out.
    asked: Arc<str>,
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
        let searcher = partition.searcher();
        let asked = Asked {
            files: searcher.generation().clone(),
            what: self.asked(partition.week),
        };
        let known = self.memo.get(&asked);
        // Partitions come in the order of the results: once the page is full, the others are only
        // counted.
        let page = !self.best.is_full() || self.search.order == Order::Relevance && self.limit > 0;
        if page || known.is_none() {
            let query = self.search.query(partition.week, self.pace);
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

    /// What is asked of a week, written out: most weeks are asked the same.
    fn asked(&self, week: Week) -> Arc<str> {
        match self.search.is_inside(week) {
            true => Arc::clone(&self.asked),
            false => {
                let (since, until) = (self.search.since, self.search.until);
                format!("{} {since:?} {until:?}", self.asked).into()
            }
        }
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
            let mut scorer = look.weight.scorer(segment, 1.0)?;
            if scorer.doc() == TERMINATED {
                continue;
            }
            let plan = self.plan.as_ref().filter(|_| look.count);
            let mut collector = match plan {
                Some(plan) => Some(plan.collector(segment, number)?),
                None => None,
            };
            total += self.segment(segment, scorer.as_mut(), look.page, collector.as_mut())?;
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
        scorer: &mut dyn Scorer,
        page: bool,
        mut collector: Option<&mut AggregationSegmentCollector>,
    ) -> Result<u64, IndexError> {
        let places = match page {
            true => Some(self.places(segment)?),
            false => None,
        };
        let mut found = 0;
        let mut next = Next::new(self.search.order);
        let mut block = Vec::with_capacity(BLOCK);
        while next.read(scorer) {
            for (doc, rank) in next.living(segment) {
                block.push(doc);
                if let Some((key, story)) = places.as_ref().and_then(|p| p.of(doc, rank)) {
                    self.best.offer(key, story);
                }
            }
            if block.len() + COLLECT_BLOCK_BUFFER_LEN > BLOCK || next.is_last() {
                self.pace.check()?;
                found += block.len() as u64;
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
            let places = self.places(segment)?;
            let mut scorer = weight.scorer(segment, 1.0)?;
            let mut next = Next::new(self.search.order);
            while next.read(scorer.as_mut()) {
                self.pace.check()?;
                for (doc, rank) in next.living(segment) {
                    if let Some((key, story)) = places.of(doc, rank) {
                        self.best.note_earlier(key, story)?;
                    }
                }
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

    fn places(&self, segment: &SegmentReader) -> Result<Places, IndexError> {
        let columns = segment.fast_fields();
        Ok(Places {
            published: columns.i64("published")?,
            ids: columns.i64("id")?,
            story: match self.search.one_of_each_story {
                true => Some(columns.i64("story")?),
                false => None,
            },
        })
    }

    fn aggregated(&mut self) -> Result<Option<Value>, IndexError> {
        let aggregated = std::mem::take(&mut self.aggregated);
        match &self.plan {
            Some(plan) => Ok(Some(plan.finish(aggregated)?.0)),
            None => Ok(None),
        }
    }
}

/// What decides where the mentions of a segment stand among the results.
struct Places {
    published: Column<i64>,
    ids: Column<i64>,
    /// Where of each story one is listed.
    story: Option<Column<i64>>,
}

impl Places {
    /// The place of a mention, and its story, 0 where nobody asked for stories.
    fn of(&self, doc: DocId, rank: u32) -> Option<(CursorKey, i64)> {
        let key = CursorKey {
            rank,
            published_ms: self.published.first(doc)?,
            id: self.ids.first(doc)?,
        };
        let story = self.story.as_ref().and_then(|story| story.first(doc));
        Some((key, story.unwrap_or_default()))
    }
}

/// The mentions that a scorer finds, some at a time.
struct Next {
    by_score: bool,
    docs: [DocId; COLLECT_BLOCK_BUFFER_LEN],
    ranks: [u32; COLLECT_BLOCK_BUFFER_LEN],
    count: usize,
}

impl Next {
    fn new(order: Order) -> Self {
        Self {
            by_score: order == Order::Relevance,
            docs: [0; COLLECT_BLOCK_BUFFER_LEN],
            ranks: [0; COLLECT_BLOCK_BUFFER_LEN],
            count: COLLECT_BLOCK_BUFFER_LEN,
        }
    }

    /// Whether there are more than were read so far.
    fn read(&mut self, scorer: &mut dyn Scorer) -> bool {
        if self.is_last() {
            return false;
        }
        self.count = match self.by_score {
            true => self.read_with_scores(scorer),
            false => scorer.fill_buffer(&mut self.docs),
        };
        true
    }

    fn read_with_scores(&mut self, scorer: &mut dyn Scorer) -> usize {
        let mut count = 0;
        for (doc, rank) in self.docs.iter_mut().zip(&mut self.ranks) {
            *doc = scorer.doc();
            if *doc == TERMINATED {
                break;
            }
            // Scores that are not negative sort as their bits do.
            *rank = scorer.score().max(0.0).to_bits();
            scorer.advance();
            count += 1;
        }
        count
    }

    fn is_last(&self) -> bool {
        self.count < COLLECT_BLOCK_BUFFER_LEN
    }

    /// Those of them that are not deleted, each with its rank.
    fn living(&self, segment: &SegmentReader) -> impl Iterator<Item = (DocId, u32)> {
        let found = self.docs.iter().copied().zip(self.ranks).take(self.count);
        found.filter(|(doc, _)| !segment.is_deleted(*doc))
    }
}
