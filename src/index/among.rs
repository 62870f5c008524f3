//! Mentions by a list of their numbers, which somebody else knows: the cases that they are in.

use super::lanes::Pace;
use super::run::DEADLINE_CHECK;
use super::scan::{explain, in_time};
use crate::privacy::hex;
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use tantivy::index::SegmentReader;
use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::{BitSet, DocId, Score};

/// Numbers of mentions. Printed as their digest: answers are remembered by what was asked.
#[derive(Clone, PartialEq, Eq)]
pub struct Among {
    /// Ascending.
    ids: Arc<[i64]>,
    digest: [u8; 32],
}

impl Among {
    pub fn new(mut ids: Vec<i64>) -> Self {
        ids.sort_unstable();
        let mut hash = Sha256::new();
        for id in &ids {
            hash.update(id.to_le_bytes());
        }
        Self {
            ids: ids.into(),
            digest: hash.finalize().into(),
        }
    }

    pub(super) fn query(&self, pace: &Pace) -> Box<dyn Query> {
        Box::new(AmongQuery {
            among: self.clone(),
            pace: pace.clone(),
        })
    }

    /// Those that may be in a segment, by the smallest and the greatest number in it.
    fn between(&self, first: i64, last: i64) -> &[i64] {
        let start = self.ids.partition_point(|id| *id < first);
        let end = self.ids.partition_point(|id| *id <= last);
        self.ids.get(start..end).unwrap_or_default()
    }
}

impl fmt::Debug for Among {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Among({} {})", self.ids.len(), hex(&self.digest))
    }
}

#[derive(Debug, Clone)]
struct AmongQuery {
    among: Among,
    pace: Pace,
}

impl Query for AmongQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(AmongWeight(self.clone())))
    }
}

struct AmongWeight(AmongQuery);

impl Weight for AmongWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let AmongQuery { among, pace } = &self.0;
        let column = segment.fast_fields().i64("id")?;
        let sought = among.between(column.min_value(), column.max_value());
        if sought.is_empty() {
            return Ok(Box::new(EmptyScorer));
        }
        let mut docs = BitSet::with_max_value(segment.max_doc());
        for doc in 0..segment.max_doc() {
            if doc.is_multiple_of(DEADLINE_CHECK) {
                in_time(pace)?;
            }
            let id = column.first(doc);
            if id.is_some_and(|id| sought.binary_search(&id).is_ok()) {
                docs.insert(doc);
            }
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(docs), boost)))
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        explain(self, segment, doc)
    }
}
