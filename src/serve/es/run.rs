//! Runs one search of the dialect: as many of our own as it takes, and one answer.

use super::aggs::{self, Context, Plan, Split};
use super::answer::{self, WHOLE, aggregations};
use super::fault::Fault;
use super::histogram::needs_span;
use super::request::{self, Asked, span};
use crate::index::{Filter, MAX_RESULTS};
use crate::serve::archive::{Found, Request, Results};
use crate::serve::{House, Shared};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Mentions that all `top_hits` of one answer show at most.
const MAX_TOP_IDS: usize = 1_000;

/// Answers a body.
///
/// # Errors
/// What cannot be followed, and what takes too long.
pub async fn search(house: &Shared, body: &Value) -> Result<Value, Fault> {
    let start = tokio::time::Instant::now();
    let asked = request::read(body, house.clock.now())?;
    let plan = plan(house, &asked).await?;
    let (results, found) = collect(house, &asked, &plan).await?;
    let counted = results.aggregated.unwrap_or(Value::Null);
    let mut aggregated = shown(house, &plan, &counted, &asked).await?;
    for split in &plan.splits {
        aggregated.insert(split.name.clone(), divide(house, &asked, split).await?);
    }
    let hits: Vec<Value> = found
        .iter()
        .map(|found| answer::hit(found, &asked))
        .collect();
    let mut answer = json!({
        "took": start.elapsed().as_millis(),
        "timed_out": false,
        // A part that is being made again is a shard that did not answer.
        "_shards": { "total": 1, "successful": u8::from(results.whole), "skipped": 0,
                     "failed": u8::from(!results.whole) },
        "hits": { "total": { "value": results.total, "relation": "eq" },
                  "max_score": Value::Null, "hits": hits },
    });
    if asked.aggs.is_some() {
        answer["aggregations"] = Value::Object(aggregated);
        // Not of the dialect, whose clients pass over what they do not know: buckets within these
        // times are low because we could not listen.
        let (since, until) = span(&asked.filter);
        let at = |ms: Option<i64>| ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let gaps = house.archive.gaps(at(since), at(until)).await;
        answer["resonanz"] = json!({ "gaps": gaps.unwrap_or_default() });
    }
    Ok(answer)
}

async fn plan(house: &House, asked: &Asked) -> Result<Plan, Fault> {
    let Some(aggs) = &asked.aggs else {
        return Ok(Plan::default());
    };
    let now = house.clock.now();
    let span = match span(&asked.filter) {
        (Some(first), Some(last)) => Some((first, last)),
        _ if needs_span(aggs) => first_and_last(house, asked).await?,
        _ => None,
    };
    aggs::plan(aggs, Context { now, span })
}

/// The first and last time of publication of what is found.
async fn first_and_last(house: &House, asked: &Asked) -> Result<Option<(i64, i64)>, Fault> {
    let ends = json!({
        "first": { "min": { "field": "published" } }, "last": { "max": { "field": "published" } },
    });
    let results = run(house, asking(asked, &asked.filter, ends)?).await?;
    let counted = results.aggregated.unwrap_or(Value::Null);
    let end = |name: &str| counted[name]["value"].as_f64().map(|ms| ms as i64);
    Ok(end("first").zip(end("last")))
}

/// A search for counts only.
fn asking(asked: &Asked, filter: &Filter, aggregations: Value) -> Result<Request, Fault> {
    let (since, until) = span(filter);
    let at = |ms: Option<i64>| ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let aggregations = match &aggregations {
        Value::Object(members) if members.is_empty() => None,
        _ => {
            let read = serde_json::from_value(aggregations);
            Some(read.map_err(|error| Fault::argument(error.to_string()))?)
        }
    };
    Ok(Request {
        filter: Some(filter.clone()),
        // What the filter says too, so that weeks outside are not opened. The end is not part of it.
        since: at(since),
        until: at(until.map(|until| until.saturating_add(1))),
        order: asked.order,
        limit: 0,
        aggregations,
        ..Request::default()
    })
}

async fn run(house: &House, request: Request) -> Result<Results, Fault> {
    let results = house.archive.search(request).await;
    results.map_err(|error| Fault::of(&error))
}

/// The hits of the window, and the counts.
async fn collect(
    house: &House,
    asked: &Asked,
    plan: &Plan,
) -> Result<(Results, Vec<Found>), Fault> {
    let wanted = asked.from + asked.size;
    let counts = Value::Object(plan.asked.clone());
    let mut request = asking(asked, &asked.filter, counts)?;
    request.limit = if asked.size == 0 {
        0
    } else {
        wanted.min(MAX_RESULTS)
    };
    request.after = asked.after.map(|after| after.to_string());
    let mut results = run(house, request.clone()).await?;
    let mut found = std::mem::take(&mut results.items);
    let mut next = results.next.take();
    request.aggregations = None;
    while found.len() < wanted
        && asked.size > 0
        && let Some(after) = next
    {
        request.limit = (wanted - found.len()).min(MAX_RESULTS);
        request.after = Some(after);
        let more = run(house, request.clone()).await?;
        found.extend(more.items);
        next = more.next;
    }
    found.drain(..asked.from.min(found.len()));
    found.truncate(asked.size);
    Ok((results, found))
}

/// The counts as they are shown, with the mentions that they name.
async fn shown(
    house: &House,
    plan: &Plan,
    counted: &Value,
    asked: &Asked,
) -> Result<Map<String, Value>, Fault> {
    let mut ids = Vec::new();
    answer::top_ids(&plan.shapes, counted, &mut ids);
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > MAX_TOP_IDS {
        return Err(Fault::argument(format!(
            "[top_hits] would show more than {MAX_TOP_IDS} mentions"
        )));
    }
    let mut hits = BTreeMap::new();
    for id in ids {
        let mention = house.archive.mention(id).await;
        // Gone since it was counted: then it is not shown.
        if let Some(mention) = mention.map_err(|error| Fault::of(&error))? {
            let found = Found {
                mention,
                highlights: Vec::new(),
            };
            hits.insert(id, answer::hit(&found, asked));
        }
    }
    Ok(aggregations(plan, counted, &hits))
}

/// Buckets that are searches of their own.
async fn divide(house: &House, asked: &Asked, split: &Split) -> Result<Value, Fault> {
    let mut listed = Vec::new();
    let mut named = Map::new();
    for (key, condition) in &split.buckets {
        let filter = Filter::All(vec![asked.filter.clone(), condition.clone()]);
        let whole = json!({ "range": { "field": "id", "ranges": [{ "from": 0.0 }] } });
        let mut whole = whole;
        if !split.inner.asked.is_empty() {
            whole["aggs"] = Value::Object(split.inner.asked.clone());
        }
        let request = asking(asked, &filter, json!({ WHOLE: whole }))?;
        let results = run(house, request).await?;
        let counted = results.aggregated.unwrap_or(Value::Null);
        // Too few people: the bucket is not there.
        let Some(bucket) = answer::bucket_of(&counted) else {
            continue;
        };
        let mut one = shown(house, &split.inner, bucket, asked).await?;
        one.insert("doc_count".to_owned(), bucket["doc_count"].clone());
        match key {
            Some(key) => drop(named.insert(key.clone(), Value::Object(one))),
            None if split.listed => listed.push(Value::Object(one)),
            None => return Ok(Value::Object(one)),
        }
    }
    Ok(
        match (
            split.listed,
            split.buckets.iter().any(|bucket| bucket.0.is_some()),
        ) {
            (true, _) => json!({ "buckets": listed }),
            (false, true) => json!({ "buckets": named }),
            // A `filter` that is held back.
            (false, false) => Value::Null,
        },
    )
}
