//! One search as the dialect sends it: a body, and what the address adds.

use super::dates::{End, Reading};
use super::dsl;
use super::fault::Fault;
use super::fields;
use crate::index::{CursorKey, Filter, schema};
use crate::serve::archive::Order;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// Hits that can be reached by `from` and `size`; as in Elasticsearch.
pub const MAX_WINDOW: u64 = 10_000;
/// What a body may hold. Everything else is refused by name, not ignored.
const KNOWN: [&str; 21] = [
    "query",
    "size",
    "from",
    "sort",
    "search_after",
    "aggs",
    "aggregations",
    "_source",
    "fields",
    "docvalue_fields",
    "highlight",
    "track_total_hits",
    "script_fields",
    "stored_fields",
    "version",
    "timeout",
    "explain",
    "track_scores",
    "seq_no_primary_term",
    "post_filter",
    "collapse",
];

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub filter: Filter,
    pub order: Order,
    /// `collapse` by story.
    pub one_of_each_story: bool,
    pub from: usize,
    pub size: usize,
    pub after: Option<CursorKey>,
    pub aggs: Option<Value>,
    pub source: Source,
    /// Fields shown beside the document, and whether times are milliseconds there.
    pub fields: Vec<(String, bool)>,
    pub highlight: Option<Tags>,
}

/// Which fields of the document are shown.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub none: bool,
    /// Patterns; empty: all.
    pub includes: Vec<String>,
    pub excludes: Vec<String>,
}

/// What stands around words that were found.
#[derive(Debug, Clone)]
pub struct Tags {
    pub pre: String,
    pub post: String,
}

impl Source {
    pub fn shows(&self, name: &str) -> bool {
        let by = |patterns: &[String]| {
            patterns
                .iter()
                .any(|pattern| crate::query::glob(pattern, name))
        };
        !self.none && (self.includes.is_empty() || by(&self.includes)) && !by(&self.excludes)
    }
}

/// Reads a body.
///
/// # Errors
/// The first thing that cannot be followed.
pub fn read(body: &Value, now: Timestamp) -> Result<Asked, Fault> {
    let none = Map::new();
    let body = match body {
        Value::Object(body) => body,
        Value::Null => &none,
        _ => return Err(Fault::parsing("a search is an object")),
    };
    if let Some(name) = body.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Fault::parsing(format!("unknown key [{name}] in a search")));
    }
    if body
        .get("script_fields")
        .is_some_and(|fields| fields.as_object().is_some_and(|all| !all.is_empty()))
    {
        return Err(Fault::unsupported("scripts"));
    }
    if body.contains_key("post_filter") {
        return Err(Fault::unsupported("[post_filter]"));
    }
    let (from, size) = window(body)?;
    let order = order(body.get("sort"))?;
    Ok(Asked {
        filter: match body.get("query") {
            None | Some(Value::Null) => Filter::everything(),
            Some(query) => dsl::filter(query, now)?,
        },
        after: after(body.get("search_after"), order, now)?,
        order,
        one_of_each_story: collapse(body.get("collapse"))?,
        from,
        size,
        aggs: body
            .get("aggs")
            .or_else(|| body.get("aggregations"))
            .cloned(),
        source: source(body.get("_source"))?,
        fields: shown_fields(body)?,
        highlight: body.get("highlight").map(tags),
    })
}

/// Puts what the address says into the body: `q`, `size`, `from`, `sort`, `_source`.
///
/// # Errors
/// A body that is no object.
pub fn with_address(body: Value, address: &str) -> Result<Value, Fault> {
    let mut body = match body {
        Value::Object(body) => body,
        Value::Null => Map::new(),
        _ => return Err(Fault::parsing("a search is an object")),
    };
    for (name, value) in url::form_urlencoded::parse(address.as_bytes()) {
        match name.as_ref() {
            "q" => {
                let query = json!({ "query_string": { "query": value } });
                body.insert("query".to_owned(), query);
            }
            "size" | "from" => {
                let number: u64 = value
                    .parse()
                    .map_err(|_| Fault::argument(format!("[{name}] must be a whole number")))?;
                body.insert(name.into_owned(), json!(number));
            }
            "sort" => {
                let sorts = value.split(',').map(|one| match one.split_once(':') {
                    Some((field, order)) => json!({ field: order }),
                    None => json!(one),
                });
                body.insert("sort".to_owned(), Value::Array(sorts.collect()));
            }
            // How a cluster works, or how an answer is dressed: nothing to do with what is found.
            _ => {}
        }
    }
    Ok(Value::Object(body))
}

fn window(body: &Map<String, Value>) -> Result<(usize, usize), Fault> {
    let number = |name: &str, usual: u64| match body.get(name) {
        None => Ok(usual),
        Some(value) => value
            .as_u64()
            .or_else(|| value.as_str()?.parse().ok())
            .ok_or_else(|| Fault::argument(format!("[{name}] must be a whole number"))),
    };
    let (from, size) = (number("from", 0)?, number("size", 10)?);
    if from.saturating_add(size) > MAX_WINDOW {
        return Err(Fault::argument(format!(
            "Result window is too large, from + size must be less than or equal to: [{MAX_WINDOW}]; \
             page with [search_after]"
        )));
    }
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok((whole(from), whole(size)))
}

fn order(sort: Option<&Value>) -> Result<Order, Fault> {
    let list = match sort {
        None | Some(Value::Null) => return Ok(Order::Newest),
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
    };
    let mut found = None;
    for one in &list {
        let members: Vec<(String, Value)> = match one {
            Value::String(name) => vec![(name.clone(), Value::Null)],
            Value::Object(members) => members.clone().into_iter().collect(),
            _ => return Err(Fault::parsing("[sort] takes names and objects")),
        };
        for (name, settings) in members {
            let direction = settings.get("order").unwrap_or(&settings);
            let order = match name.as_str() {
                // Breaks ties; here by number.
                "_doc" | "_shard_doc" | "id" => continue,
                "_score" => Order::Relevance,
                name => match fields::find(name) {
                    Some(known) if known.field == schema::PUBLISHED => {
                        if direction == "desc" {
                            Order::Newest
                        } else {
                            Order::Oldest
                        }
                    }
                    Some(_) => {
                        return Err(Fault::unsupported(
                            "sorting by anything but [@timestamp], [published] and [_score]",
                        ));
                    }
                    None => return Err(Fault::no_field(name)),
                },
            };
            found = found.or(Some(order));
        }
    }
    Ok(found.unwrap_or_default())
}

/// Only stories can be collapsed, without their other mentions.
fn collapse(value: Option<&Value>) -> Result<bool, Fault> {
    let Some(Value::Object(asked)) = value else {
        return Ok(false);
    };
    if asked.keys().any(|key| key != "field") {
        return Err(Fault::unsupported("[collapse] with anything but [field]"));
    }
    match asked.get("field").and_then(Value::as_str) {
        Some("story") => Ok(true),
        _ => Err(Fault::unsupported("[collapse] by any field but [story]")),
    }
}

fn after(value: Option<&Value>, order: Order, now: Timestamp) -> Result<Option<CursorKey>, Fault> {
    let Some(values) = value.filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let wrong = || Fault::argument("[search_after] needs the [sort] values of a hit");
    if order == Order::Relevance {
        return Err(Fault::unsupported("[search_after] with [_score]"));
    }
    let values = values.as_array().ok_or_else(wrong)?;
    let reading = Reading {
        now,
        zone: TimeZone::UTC,
        seconds: false,
    };
    let at = reading.ms(values.first().ok_or_else(wrong)?, End::First)?;
    let id = match values.get(1) {
        Some(id) => id
            .as_i64()
            .or_else(|| id.as_str()?.parse().ok())
            .ok_or_else(wrong)?,
        // Everything of that moment has been seen.
        None if order == Order::Oldest => i64::MAX,
        None => i64::MIN,
    };
    Ok(Some(CursorKey::at(at, id)))
}

fn source(value: Option<&Value>) -> Result<Source, Fault> {
    let list = |value: Option<&Value>| -> Vec<String> {
        match value {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(list)) => list
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    };
    Ok(match value {
        None | Some(Value::Null | Value::Bool(true)) => Source::default(),
        Some(Value::Bool(false)) => Source {
            none: true,
            ..Source::default()
        },
        Some(Value::Object(members)) => Source {
            none: false,
            includes: list(members.get("includes")),
            excludes: list(members.get("excludes")),
        },
        Some(value @ (Value::String(_) | Value::Array(_))) => Source {
            includes: list(Some(value)),
            ..Source::default()
        },
        Some(_) => {
            return Err(Fault::parsing(
                "[_source] is a switch, a name or a list of names",
            ));
        }
    })
}

/// `fields` and `docvalue_fields`.
fn shown_fields(body: &Map<String, Value>) -> Result<Vec<(String, bool)>, Fault> {
    let mut shown = Vec::new();
    for list in ["fields", "docvalue_fields"] {
        let entries = body.get(list).and_then(Value::as_array);
        for entry in entries.into_iter().flatten() {
            let (name, format) = match entry {
                Value::String(name) => (name.as_str(), ""),
                entry => (
                    entry["field"].as_str().unwrap_or_default(),
                    entry["format"].as_str().unwrap_or_default(),
                ),
            };
            let epoch = format.starts_with("epoch_millis");
            let names = fields::all().filter(|known| crate::query::glob(name, known.name));
            shown.extend(names.map(|known| (known.name.to_owned(), epoch)));
        }
    }
    Ok(shown)
}

fn tags(highlight: &Value) -> Tags {
    let tag = |name: &str, usual: &str| {
        let first = highlight[name].as_array().and_then(|list| list.first());
        first
            .and_then(Value::as_str)
            .unwrap_or(usual)
            .chars()
            .take(64)
            .collect()
    };
    Tags {
        pre: tag("pre_tags", "<em>"),
        post: tag("post_tags", "</em>"),
    }
}

/// The first and the last time of publication that a filter lets through.
pub fn span(filter: &Filter) -> (Option<i64>, Option<i64>) {
    match filter {
        Filter::Within { field, from, to } if *field == schema::PUBLISHED => (*from, *to),
        Filter::All(all) => all.iter().map(span).fold((None, None), |span, other| {
            let narrower =
                |one: Option<i64>, two: Option<i64>, pick: fn(i64, i64) -> i64| match (one, two) {
                    (Some(one), Some(two)) => Some(pick(one, two)),
                    (one, two) => one.or(two),
                };
            (
                narrower(span.0, other.0, i64::max),
                narrower(span.1, other.1, i64::min),
            )
        }),
        Filter::Any(any) if any.len() == 1 => span(&any[0]),
        _ => (None, None),
    }
}
