//! Counts of statements by watch, source, stance and flag, for the page beside the results.
//!
//! Counted over the same mentions as the total, so the numbers agree; counts of few people are held
//! back, and there is none by author.

use super::IndexError;
use serde_json::{Value, json};
use tantivy::aggregation::agg_req::Aggregations;

/// The fields that are counted, in the order of [`Facets`].
const FIELDS: [&str; 4] = ["watch", "source", "stance", "flag"];
/// Values of a field at most.
const MAX_VALUES: u32 = 500;

/// Mentions by value, the most frequent first. A mention that has two values of a field counts
/// under both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facets {
    pub watch: Vec<(String, u64)>,
    pub source: Vec<(String, u64)>,
    pub stance: Vec<(String, u64)>,
    pub flag: Vec<(String, u64)>,
}

impl Facets {
    /// What a search has to aggregate for them.
    ///
    /// # Errors
    /// None that a build without a fault has.
    pub fn ask() -> Result<Aggregations, IndexError> {
        let fields = FIELDS.map(|field| {
            let terms = json!({ "field": field, "size": MAX_VALUES, "segment_size": MAX_VALUES });
            (field.to_owned(), json!({ "terms": terms }))
        });
        let asked = Value::Object(fields.into_iter().collect());
        serde_json::from_value(asked).map_err(|error| IndexError::Aggregation(error.to_string()))
    }

    /// Reads them out of what a search has aggregated.
    pub fn read(aggregated: &Value) -> Self {
        let [watch, source, stance, flag] = FIELDS.map(|field| counts(&aggregated[field]));
        Self {
            watch,
            source,
            stance,
            flag,
        }
    }
}

fn counts(aggregation: &Value) -> Vec<(String, u64)> {
    let buckets = aggregation["buckets"].as_array();
    let entry = |bucket: &Value| {
        let key = bucket["key"].as_str()?.to_owned();
        Some((key, bucket["doc_count"].as_u64()?))
    };
    buckets.into_iter().flatten().filter_map(entry).collect()
}
