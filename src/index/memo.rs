//! What partitions have answered, kept for as long as their files stay the same.
//!
//! Dashboards ask the same of the whole archive every few seconds, and all weeks but the last are as
//! they were: only what has changed is counted again. Nothing here can be out of date, for the
//! answer's key names the segments, with their deletions, that it was counted on.

use lru::LruCache;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tantivy::SearcherGeneration;
use tantivy::aggregation::intermediate_agg_result::IntermediateAggregationResults;

/// Bytes that all answers may take, about.
const BUDGET: usize = 64 * 1024 * 1024;
/// What an answer takes beside its key and buckets.
const EMPTY: usize = 1_024;
/// What a bucket takes at most: its share of counting people is a sketch of two kilobytes.
const BUCKET: usize = 2_304;

/// What was asked of which files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) files: SearcherGeneration,
    /// The conditions and the aggregations, written out.
    pub(super) what: Arc<str>,
}

/// What they answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// Mentions that match.
    pub(super) total: u64,
    pub(super) aggregated: Option<IntermediateAggregationResults>,
    /// Buckets in it.
    pub(super) buckets: usize,
}

impl Answer {
    fn bytes(&self, asked: &Asked) -> usize {
        EMPTY + asked.what.len() + self.buckets * BUCKET
    }
}

/// The answers, the one unused for longest goes first.
pub(super) struct Memo {
    kept: Mutex<Kept>,
}

struct Kept {
    answers: LruCache<Asked, Arc<Answer>>,
    bytes: usize,
}

impl Default for Memo {
    fn default() -> Self {
        Self {
            kept: Mutex::new(Kept {
                answers: LruCache::unbounded(),
                bytes: 0,
            }),
        }
    }
}

impl Memo {
    pub(super) fn get(&self, asked: &Asked) -> Option<Arc<Answer>> {
        self.lock().answers.get(asked).cloned()
    }

    pub(super) fn put(&self, asked: Asked, answer: Arc<Answer>) {
        let added = answer.bytes(&asked);
        if added > BUDGET / 4 {
            return;
        }
        let mut kept = self.lock();
        kept.bytes += added;
        if let Some((asked, old)) = kept.answers.push(asked, answer) {
            kept.bytes -= old.bytes(&asked);
        }
        while kept.bytes > BUDGET
            && let Some((asked, old)) = kept.answers.pop_lru()
        {
            kept.bytes -= old.bytes(&asked);
        }
    }

    /// A panic elsewhere leaves the map whole.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tantivy::Index;

    fn asked(what: usize) -> Asked {
        let index = Index::create_in_ram(crate::index::schema::build());
        let reader = index.reader().unwrap();
        Asked {
            files: reader.searcher().generation().clone(),
            what: what.to_string().into(),
        }
    }

    #[test]
    fn it_stays_within_its_budget_and_forgets_what_was_unused_for_longest() {
        let memo = Memo::default();
        for number in 0..40 {
            let answer = Answer {
                total: number as u64,
                aggregated: None,
                buckets: BUDGET / 20 / BUCKET,
            };
            memo.put(asked(number), Arc::new(answer));
            assert!(memo.get(&asked(0)).is_some());
        }
        assert!(memo.lock().bytes <= BUDGET);
        assert_eq!(memo.get(&asked(39)).unwrap().total, 39);
        assert!(memo.get(&asked(5)).is_none());
        let mut kept = memo.lock();
        let left: usize = kept
            .answers
            .iter()
            .map(|(asked, answer)| answer.bytes(asked))
            .sum();
        assert_eq!(left, kept.bytes);
        kept.answers.clear();
    }

    #[test]
    fn what_would_fill_it_is_not_kept() {
        let memo = Memo::default();
        let answer = Answer {
            total: 1,
            aggregated: None,
            buckets: BUDGET / BUCKET,
        };
        memo.put(asked(1), Arc::new(answer));
        assert!(memo.get(&asked(1)).is_none());
    }
}
