//! Aggregations: counts, histograms and figures over the mentions found, in Elasticsearch's shape
//! (tantivy's own module speaks it), merged over partitions.
//!
//! Here, below everybody who could forget it, counts of few people are held back: a bucket in which
//! one to four private people speak is left out, and how many were is said beside the others. Public
//! voices and publications are not counted as people.
//! [docs.rs/tantivy](https://docs.rs/tantivy/0.27.0/tantivy/aggregation/)

use super::IndexError;
use serde_json::Value;
use tantivy::aggregation::agg_req::{Aggregation, AggregationVariants, Aggregations};
use tantivy::aggregation::intermediate_agg_result::IntermediateAggregationResults;
use tantivy::aggregation::metric::CardinalityAggregationReq;
use tantivy::aggregation::{AggContextParams, AggregationLimitsGuard, AggregationSegmentCollector};
use tantivy::collector::SegmentCollector;
use tantivy::tokenizer::TokenizerManager;
use tantivy::{DocId, SegmentOrdinal, SegmentReader};

/// Fewer people than this are not counted.
pub const MIN_PEOPLE: u64 = 5;
/// Buckets in one answer at most.
pub const MAX_BUCKETS: u32 = 10_000;
/// Memory that one request's aggregations may take.
const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// Aggregations in one another at most.
pub const MAX_DEPTH: usize = 8;
/// Counts the people of a bucket; no request may use the name.
const PEOPLE: &str = "resonanz:people";
/// How many buckets were left out.
pub const HELD_BACK: &str = "held_back";

/// What to count; made once, used on every partition.
#[derive(Clone)]
pub(super) struct Plan {
    aggregations: Aggregations,
    /// Written out, to know the same request again.
    pub(super) written: String,
    limits: AggregationLimitsGuard,
}

impl Plan {
    /// # Errors
    /// [`IndexError::Aggregation`] for a request that no partition could answer.
    pub(super) fn new(asked: &Aggregations) -> Result<Self, IndexError> {
        let aggregations = with_people(asked.clone(), 0)?;
        Ok(Self {
            written: written(&aggregations),
            aggregations,
            limits: AggregationLimitsGuard::new(Some(MAX_BYTES), Some(MAX_BUCKETS)),
        })
    }

    pub(super) fn collector(
        &self,
        segment: &SegmentReader,
        number: SegmentOrdinal,
    ) -> Result<AggregationSegmentCollector, IndexError> {
        let context = AggContextParams::new(self.limits.clone(), TokenizerManager::default());
        let aggregations = &self.aggregations;
        AggregationSegmentCollector::from_agg_req_and_reader(
            aggregations,
            segment,
            number,
            &context,
        )
        .map_err(fault)
    }

    /// The answer, and the number of its buckets.
    pub(super) fn finish(
        &self,
        merged: IntermediateAggregationResults,
    ) -> Result<(Value, usize), IndexError> {
        let results = merged.into_final_result(self.aggregations.clone(), self.limits.clone());
        let mut value = serde_json::to_value(results.map_err(fault)?)
            .map_err(|error| IndexError::Aggregation(error.to_string()))?;
        let buckets = count_buckets(&value);
        if !hold_back(&mut value) {
            empty(&mut value);
        }
        Ok((value, buckets))
    }
}

pub(super) fn collect(collector: &mut AggregationSegmentCollector, docs: &[DocId]) {
    collector.collect_block(docs);
}

pub(super) fn harvest(
    collector: AggregationSegmentCollector,
) -> Result<IntermediateAggregationResults, IndexError> {
    collector.harvest().map_err(fault)
}

/// # Errors
/// As of [`harvest`].
pub(super) fn merge(
    all: &mut IntermediateAggregationResults,
    more: IntermediateAggregationResults,
) -> Result<(), IndexError> {
    all.merge_fruits(more).map_err(fault)
}

fn fault(error: tantivy::TantivyError) -> IndexError {
    IndexError::Aggregation(error.to_string())
}

/// Has every bucket, and the whole, count its people too.
fn with_people(mut asked: Aggregations, depth: usize) -> Result<Aggregations, IndexError> {
    if depth > MAX_DEPTH {
        let text = format!("aggregations lie more than {MAX_DEPTH} deep in one another");
        return Err(IndexError::Aggregation(text));
    }
    if asked.contains_key(PEOPLE) {
        return Err(IndexError::Aggregation(format!(
            "{PEOPLE} is no name to use"
        )));
    }
    for aggregation in asked.values_mut() {
        if aggregation.agg.get_fast_field_names().contains(&SPEAKER) {
            return Err(IndexError::Aggregation(
                "mentions are not counted by who spoke".to_owned(),
            ));
        }
        if is_bucket(&aggregation.agg) {
            let inner = std::mem::take(&mut aggregation.sub_aggregation);
            aggregation.sub_aggregation = with_people(inner, depth + 1)?;
        }
    }
    let people = CardinalityAggregationReq::from_field_name(SPEAKER.to_owned());
    let people = Aggregation {
        agg: AggregationVariants::Cardinality(people),
        sub_aggregation: Aggregations::default(),
    };
    asked.insert(PEOPLE.to_owned(), people);
    Ok(asked)
}

/// The name of [`SPEAKER`](super::schema::SPEAKER).
const SPEAKER: &str = "speaker";

fn is_bucket(variant: &AggregationVariants) -> bool {
    use AggregationVariants::{
        Composite, DateHistogram, Filter, Histogram, MultiTerms, Range, Terms,
    };
    matches!(
        variant,
        Range(_)
            | Histogram(_)
            | DateHistogram(_)
            | Terms(_)
            | Filter(_)
            | Composite(_)
            | MultiTerms(_)
    )
}

/// A map's order changes from run to run: names are sorted.
fn written(aggregations: &Aggregations) -> String {
    let mut parts: Vec<String> = aggregations
        .iter()
        .map(|(name, one)| format!("{name:?}:{:?}{}", one.agg, written(&one.sub_aggregation)))
        .collect();
    parts.sort_unstable();
    format!("{{{}}}", parts.join(","))
}

fn count_buckets(value: &Value) -> usize {
    match value {
        Value::Object(members) => {
            let own = members.get("buckets").map_or(0, |buckets| match buckets {
                Value::Array(list) => list.len(),
                Value::Object(named) => named.len(),
                _ => 0,
            });
            own + members.values().map(count_buckets).sum::<usize>()
        }
        Value::Array(list) => list.iter().map(count_buckets).sum(),
        _ => 0,
    }
}

/// Takes the people out of the answer, and with them the buckets that hold too few. False where
/// that goes for the whole that it is called with.
fn hold_back(bucket: &mut Value) -> bool {
    let Some(members) = bucket.as_object_mut() else {
        return true;
    };
    let people = members.remove(PEOPLE);
    let people = people.and_then(|people| people.get("value")?.as_f64());
    let people = people.unwrap_or_default().round();
    if people > 0.0 && people < MIN_PEOPLE as f64 {
        return false;
    }
    for member in members.values_mut() {
        let Some(aggregation) = member.as_object_mut() else {
            continue;
        };
        let mut held_back = 0;
        match aggregation.get_mut("buckets") {
            Some(Value::Array(buckets)) => {
                let before = buckets.len();
                buckets.retain_mut(hold_back);
                held_back = before - buckets.len();
            }
            Some(Value::Object(named)) => {
                let before = named.len();
                named.retain(|_, bucket| hold_back(bucket));
                held_back = before - named.len();
            }
            _ => {}
        }
        if held_back > 0 {
            aggregation.insert(HELD_BACK.to_owned(), Value::from(held_back));
        }
    }
    true
}

/// The whole has too few people: buckets go, figures become unknown.
fn empty(value: &mut Value) {
    for member in value
        .as_object_mut()
        .into_iter()
        .flat_map(|all| all.values_mut())
    {
        let Some(aggregation) = member.as_object_mut() else {
            continue;
        };
        for (name, figure) in aggregation.iter_mut() {
            *figure = match name.as_str() {
                "buckets" | "hits" => Value::Array(Vec::new()),
                "values" => Value::Object(serde_json::Map::new()),
                _ => Value::Null,
            };
        }
        aggregation.insert(HELD_BACK.to_owned(), Value::from(1));
    }
}
