//! Counts of statements by watch, source, stance and flag, for the page beside the results.
//!
//! Counted over the same mentions as the total, so the numbers agree. There is no count by author.

use super::IndexError;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use tantivy::columnar::StrColumn;
use tantivy::{DocId, SegmentReader};

/// The fields that are counted, in the order of [`Facets`].
const FIELDS: [&str; 4] = ["watch", "source", "stance", "flag"];

/// Mentions by value, the most frequent first. A mention that has two values of a field counts
/// under both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    pub watch: Vec<(String, u64)>,
    pub source: Vec<(String, u64)>,
    pub stance: Vec<(String, u64)>,
    pub flag: Vec<(String, u64)>,
}

/// The counts over all segments, by field and value.
#[derive(Default)]
pub(super) struct Counter {
    counts: [BTreeMap<String, u64>; FIELDS.len()],
}

/// The counts over one segment, by the numbers that it gives to the values.
pub(super) struct Counting {
    columns: [Option<(StrColumn, Vec<u64>)>; FIELDS.len()],
}

impl Counter {
    pub(super) fn start(segment: &SegmentReader) -> Result<Counting, IndexError> {
        let mut columns = [const { None }; FIELDS.len()];
        for (place, field) in columns.iter_mut().zip(FIELDS) {
            let column = segment.fast_fields().str(field)?;
            *place = column.map(|column| {
                let counts = vec![0; column.num_terms()];
                (column, counts)
            });
        }
        Ok(Counting { columns })
    }

    pub(super) fn add(&mut self, counting: Counting) -> Result<(), IndexError> {
        for (all, column) in self.counts.iter_mut().zip(counting.columns) {
            let Some((column, counts)) = column else {
                continue;
            };
            for (ord, count) in (0_u64..).zip(counts) {
                let mut value = String::new();
                // `minister:critical` says toward whom; the plain stance beside it is counted.
                if count > 0 && column.ord_to_str(ord, &mut value)? && !value.contains(':') {
                    *all.entry(value).or_default() += count;
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Facets {
        let [watch, source, stance, flag] = self.counts.map(most_frequent_first);
        Facets {
            watch,
            source,
            stance,
            flag,
        }
    }
}

impl Counting {
    /// A mention has each value once.
    pub(super) fn count(&mut self, doc: DocId) {
        for (column, counts) in self.columns.iter_mut().flatten() {
            for ord in column.term_ords(doc) {
                let place = usize::try_from(ord).ok();
                if let Some(count) = place.and_then(|ord| counts.get_mut(ord)) {
                    *count += 1;
                }
            }
        }
    }
}

fn most_frequent_first(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut sorted: Vec<(String, u64)> = counts.into_iter().collect();
    sorted.sort_by_key(|entry| Reverse(entry.1));
    sorted
}
