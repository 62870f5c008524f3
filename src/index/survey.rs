//! What a query finds over a row of intervals, and a random sample of it: for trying a watch on the
//! archive before it is used.

use super::lanes::Pace;
use super::run::{DEADLINE_CHECK, over};
use super::search::Search;
use super::week::Week;
use super::{IndexError, partition::Partition};
use crate::query::Expr;
use jiff::Timestamp;
use std::collections::BinaryHeap;
use std::sync::Arc;
use tantivy::columnar::Column;
use tantivy::query::{EnableScoring, Weight};
use tantivy::{SegmentReader, TERMINATED};

/// What to survey.
#[derive(Debug, Clone)]
pub struct Survey {
    pub query: Expr,
    /// Ascending; each is the end of the interval before it and the start of the next one.
    pub bounds: Vec<Timestamp>,
    /// Mentions in the sample at most.
    pub sample: usize,
    /// Another seed, another sample.
    pub seed: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surveyed {
    /// Mentions by interval of publication, one number less than there are bounds.
    pub counts: Vec<u64>,
    /// Numbers of mentions, each as likely as any other, in the order in which they were drawn.
    pub sample: Vec<i64>,
    /// False while a part of the index is being made again: something may be missing.
    pub whole: bool,
}

impl Survey {
    /// The same query and span of time, as a search.
    pub(super) fn search(&self) -> Search {
        Search {
            query: Some(self.query.clone()),
            since: self.bounds.first().copied(),
            until: self.bounds.last().copied(),
            ..Search::default()
        }
    }
}

/// Runs a survey. Blocks; call it from a thread that may. A damaged partition is left out; the
/// damaged ones are returned too.
///
/// # Errors
/// As of a search.
pub(super) fn run(
    partitions: &[Arc<Partition>],
    survey: &Survey,
    whole: bool,
    pace: &Pace,
) -> Result<(Surveyed, Vec<Week>), IndexError> {
    let mut run = Run {
        search: survey.search(),
        bounds_ms: survey.bounds.iter().map(|at| at.as_millisecond()).collect(),
        counts: vec![0; survey.bounds.len().saturating_sub(1)],
        sample: survey.sample,
        seed: survey.seed,
        drawn: BinaryHeap::new(),
        pace,
    };
    let damaged = over(partitions, &mut |partition| run.partition(partition))?;
    let drawn = run.drawn.into_sorted_vec();
    let surveyed = Surveyed {
        counts: run.counts,
        sample: drawn.into_iter().map(|(_, id)| id).collect(),
        whole: whole && damaged.is_empty(),
    };
    Ok((surveyed, damaged))
}

struct Run<'a> {
    search: Search,
    bounds_ms: Vec<i64>,
    counts: Vec<u64>,
    sample: usize,
    seed: u64,
    /// The mentions with the smallest lots so far, the largest of them on top.
    drawn: BinaryHeap<(u64, i64)>,
    pace: &'a Pace,
}

impl Run<'_> {
    fn partition(&mut self, partition: &Partition) -> Result<(), IndexError> {
        let query = self.search.query(partition.week, self.pace);
        let searcher = partition.searcher();
        let weight = query.weight(EnableScoring::disabled_from_searcher(&searcher))?;
        for segment in searcher.segment_readers() {
            self.segment(weight.as_ref(), segment)?;
        }
        Ok(())
    }

    fn segment(&mut self, weight: &dyn Weight, segment: &SegmentReader) -> Result<(), IndexError> {
        let published: Column<i64> = segment.fast_fields().i64("published")?;
        let ids: Column<i64> = segment.fast_fields().i64("id")?;
        let mut scorer = weight.scorer(segment, 1.0)?;
        let mut looked_at = 0_u32;
        let mut doc = scorer.doc();
        while doc != TERMINATED {
            if looked_at.is_multiple_of(DEADLINE_CHECK) {
                self.pace.check()?;
            }
            looked_at = looked_at.wrapping_add(1);
            if let (Some(at), Some(id)) = (published.first(doc), ids.first(doc))
                && !segment.is_deleted(doc)
            {
                self.count(at);
                self.draw(id);
            }
            doc = scorer.advance();
        }
        // A scorer without time left ends early: what it found is no answer.
        self.pace.check()
    }

    fn count(&mut self, published_ms: i64) {
        let interval = self
            .bounds_ms
            .partition_point(|bound| *bound <= published_ms);
        let count = interval.checked_sub(1).and_then(|i| self.counts.get_mut(i));
        if let Some(count) = count {
            *count += 1;
        }
    }

    /// Every mention has one lot, wherever it lies: the smallest lots are a fair sample.
    fn draw(&mut self, id: i64) {
        self.drawn.push((lot(id, self.seed), id));
        if self.drawn.len() > self.sample {
            self.drawn.pop();
        }
    }
}

/// A number from 64 bits that looks random (the finaliser of SplitMix64).
fn lot(id: i64, seed: u64) -> u64 {
    let mut bits = id.cast_unsigned() ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
