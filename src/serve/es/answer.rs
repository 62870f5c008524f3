//! What is found, dressed as Elasticsearch dresses it.

use super::aggs::{Form, Plan, Shape};
use super::histogram::{self, Dates};
use super::request::{Asked, Tags};
use crate::index::HELD_BACK;
use crate::model::{Author, Part, Span};
use crate::serve::archive::{Found, Order};
use crate::serve::view::public_url;
use crate::store::StoredMention;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Name of the one index.
pub const INDEX: &str = "mentions";

type Object = Map<String, Value>;

/// A mention as a document with the fields of the mapping.
pub fn document(mention: &StoredMention) -> Object {
    let iso = |at: Timestamp| histogram::written(at.as_millisecond(), &TimeZone::UTC);
    let delay = mention
        .collected
        .duration_since(mention.published)
        .as_secs();
    let labels = &mention.labels;
    let matches = || mention.matches.iter();
    let stances = || labels.stances.iter();
    let voice = match &mention.author {
        Some(Author::Voice { name, .. }) => Some(name.as_str()),
        Some(Author::Private { .. }) | None => None,
    };
    let document = json!({
        "@timestamp": iso(mention.published),
        "published": iso(mention.published),
        "collected": iso(mention.collected),
        "delay_secs": delay.max(0),
        "id": mention.id,
        "story": mention.story,
        "title": mention.title,
        "text": mention.text,
        "source": mention.source,
        "site": mention.site,
        "lang": mention.lang,
        "kind": mention.kind.as_str(),
        "url": mention.url.as_deref().and_then(public_url),
        "links": mention.links.iter().filter_map(|link| public_url(link)).collect::<Vec<_>>(),
        "voice": voice,
        "watch": once(matches().map(|one| one.watch.clone())),
        "target": once(matches().map(|one| one.target.clone())),
        "stance": once(stances().map(|one| one.stance.as_str().to_owned())),
        "toward": once(stances().map(|one| format!("{}:{}", one.target, one.stance.as_str()))),
        "flag": once(labels.flags.iter().map(|one| one.flag.as_str().to_owned())),
    });
    match document {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !is_empty(value))
            .collect(),
        _ => Object::new(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn once(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut values: Vec<String> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// One hit.
pub fn hit(found: &Found, asked: &Asked) -> Value {
    let mention = &found.mention;
    let document = document(mention);
    let mut hit = json!({ "_index": INDEX, "_id": mention.id.to_string(), "_score": Value::Null });
    if asked.order != Order::Relevance {
        hit["sort"] = json!([mention.published.as_millisecond(), mention.id]);
    }
    let mut fields = Object::new();
    for (name, epoch) in &asked.fields {
        let value = match (name.as_str(), epoch) {
            ("@timestamp" | "published", true) => {
                json!(mention.published.as_millisecond().to_string())
            }
            ("collected", true) => json!(mention.collected.as_millisecond().to_string()),
            (name, _) => match document.get(name) {
                Some(value) => value.clone(),
                None => continue,
            },
        };
        let list = if value.is_array() {
            value
        } else {
            json!([value])
        };
        fields.insert(name.clone(), list);
    }
    if asked.one_of_each_story {
        fields.insert("story".to_owned(), json!([mention.story]));
    }
    if !fields.is_empty() {
        hit["fields"] = Value::Object(fields);
    }
    if let Some(tags) = &asked.highlight {
        let marked = highlight(found, tags);
        if !marked.is_empty() {
            hit["highlight"] = Value::Object(marked);
        }
    }
    if !asked.source.none {
        let shown = document
            .into_iter()
            .filter(|(name, _)| asked.source.shows(name));
        hit["_source"] = Value::Object(shown.collect());
    }
    hit
}

fn highlight(found: &Found, tags: &Tags) -> Object {
    let mut marked = Object::new();
    for (name, part, text) in [
        ("title", Part::Title, &found.mention.title),
        ("text", Part::Text, &found.mention.text),
    ] {
        let spans: Vec<&Span> = found
            .highlights
            .iter()
            .filter(|span| span.part == part)
            .collect();
        if !spans.is_empty() {
            marked.insert(name.to_owned(), json!([mark(text, &spans, tags)]));
        }
    }
    marked
}

fn mark(text: &str, spans: &[&Span], tags: &Tags) -> String {
    let mut out = String::new();
    let mut done = 0;
    for span in spans {
        let (start, end) = (span.start as usize, span.end as usize);
        let (Some(before), Some(word)) = (text.get(done..start), text.get(start..end)) else {
            continue;
        };
        out.push_str(before);
        out.push_str(&tags.pre);
        out.push_str(word);
        out.push_str(&tags.post);
        done = end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The numbers of the mentions that `top_hits` shows.
pub fn top_ids(shapes: &[Shape], counted: &Value, ids: &mut Vec<i64>) {
    for shape in shapes {
        let one = &counted[&shape.name];
        if matches!(shape.form, Form::TopHits) {
            ids.extend(
                one["hits"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(id_of),
            );
        }
        for bucket in one["buckets"].as_array().into_iter().flatten() {
            top_ids(&shape.inner, bucket, ids);
        }
    }
}

fn id_of(hit: &Value) -> Option<i64> {
    let value = &hit["docvalue_fields"]["id"];
    let value = value
        .as_array()
        .and_then(|list| list.first())
        .unwrap_or(value);
    value.as_i64()
}

/// The aggregations of a bucket, or of the whole.
pub fn aggregations(plan: &Plan, counted: &Value, hits: &BTreeMap<i64, Value>) -> Object {
    plan.shapes
        .iter()
        .map(|shape| {
            (
                shape.name.clone(),
                shown(shape, &counted[&shape.name], hits),
            )
        })
        .collect()
}

fn shown(shape: &Shape, counted: &Value, hits: &BTreeMap<i64, Value>) -> Value {
    let mut counted = counted.clone();
    match &shape.form {
        Form::TopHits => return top_hits(&counted, hits),
        Form::Time => {
            if let Some(ms) = counted["value"].as_f64() {
                counted["value_as_string"] = json!(histogram::written(ms as i64, &TimeZone::UTC));
            }
            return counted;
        }
        Form::Ranges(asked) => keep_ranges(&mut counted, asked),
        Form::Dates(dates) => as_dates(&mut counted, dates),
        Form::Plain => {}
    }
    let buckets = match counted.get_mut("buckets") {
        Some(Value::Array(list)) => list.iter_mut().collect::<Vec<_>>(),
        Some(Value::Object(named)) => named.values_mut().collect(),
        _ => return counted,
    };
    for bucket in buckets {
        for inner in &shape.inner {
            let one = shown(inner, &bucket[&inner.name], hits);
            bucket[&inner.name] = one;
        }
    }
    if let (Form::Dates(dates), Some(Value::Array(list))) =
        (&shape.form, counted.get_mut("buckets"))
        && dates.keyed
    {
        let named = std::mem::take(list).into_iter().map(|bucket| {
            let key = bucket["key_as_string"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            (key, bucket)
        });
        counted["buckets"] = Value::Object(named.collect());
    }
    counted
}

fn top_hits(counted: &Value, hits: &BTreeMap<i64, Value>) -> Value {
    let ids = counted["hits"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(id_of);
    let shown: Vec<&Value> = ids.filter_map(|id| hits.get(&id)).collect();
    let total = json!({ "value": shown.len(), "relation": "gte" });
    json!({ "hits": { "total": total, "max_score": Value::Null, "hits": shown } })
}

/// The index fills up to both ends; only what was asked for is shown.
fn keep_ranges(counted: &mut Value, asked: &[(Option<i64>, Option<i64>)]) {
    if let Some(Value::Array(buckets)) = counted.get_mut("buckets") {
        buckets.retain(|bucket| {
            let end = |name: &str| bucket[name].as_f64().map(|value| value as i64);
            asked.contains(&(end("from"), end("to")))
        });
    }
}

fn as_dates(counted: &mut Value, dates: &Dates) {
    let Some(Value::Array(buckets)) = counted.get_mut("buckets") else {
        return;
    };
    if dates.ranges {
        buckets.retain(|bucket| bucket["from"].is_number() && bucket["to"].is_number());
        if !dates.extended {
            let count = |bucket: &Value| bucket["doc_count"].as_u64().unwrap_or(0);
            let first = buckets.iter().position(|bucket| count(bucket) > 0);
            let last = buckets.iter().rposition(|bucket| count(bucket) > 0);
            match (first, last) {
                (Some(first), Some(last)) => {
                    buckets.truncate(last + 1);
                    buckets.drain(..first);
                }
                _ => buckets.clear(),
            }
        }
        buckets.retain(|bucket| bucket["doc_count"].as_u64().unwrap_or(0) >= dates.least);
    }
    for bucket in buckets {
        let start = if dates.ranges {
            &bucket["from"]
        } else {
            &bucket["key"]
        };
        let ms = start.as_f64().unwrap_or_default() as i64;
        if let Some(members) = bucket.as_object_mut() {
            for name in ["from", "to", "from_as_string", "to_as_string"] {
                members.remove(name);
            }
            members.insert("key".to_owned(), json!(ms));
            members.insert("key_as_string".to_owned(), json!(dates.written(ms)));
        }
    }
}

/// The one bucket of a search that stands for a bucket of its own; `None` where it is held back.
pub fn bucket_of(counted: &Value) -> Option<&Value> {
    let whole = &counted[WHOLE];
    match whole.get(HELD_BACK) {
        Some(_) => None,
        None => whole["buckets"]
            .as_array()?
            .iter()
            .max_by_key(|bucket| bucket["doc_count"].as_u64()),
    }
}

/// Name of the aggregation that holds everything that a search of its own finds.
pub const WHOLE: &str = "whole";
