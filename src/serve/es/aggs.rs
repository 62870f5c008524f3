//! Aggregations as the dialect asks for them, made into what the index can count, and the answer made
//! into what the client expects. `date_histogram` becomes ranges of time, so that days are days of the
//! asked time zone; `filters`, `filter` and `missing` become searches of their own.
//! [elastic.co](https://www.elastic.co/docs/explore-analyze/query-filter/aggregations)

use super::dates::Reading;
use super::dsl;
use super::fault::Fault;
use super::fields::{Known, Sort};
use super::histogram::{self, Dates};
use super::leaf::known;
use crate::index::{Filter, MAX_BUCKETS, MAX_DEPTH};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// Hits of one `top_hits` bucket at most.
const MAX_TOP_HITS: u64 = 100;
/// Buckets of one `filters` at most: each is a search.
const MAX_FILTERS: usize = 50;

/// What the translation has to know.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    pub now: Timestamp,
    /// First and last time that the search can find, in milliseconds, where that is known.
    pub span: Option<(i64, i64)>,
}

/// What to ask, and how to show what comes back.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// For the index.
    pub asked: Object,
    pub shapes: Vec<Shape>,
    /// Searches of their own.
    pub splits: Vec<Split>,
}

/// How one aggregation's answer is shown.
#[derive(Debug, Clone)]
pub struct Shape {
    pub name: String,
    pub form: Form,
    pub inner: Vec<Shape>,
}

#[derive(Debug, Clone)]
pub enum Form {
    /// As the index gives it.
    Plain,
    /// A figure that is a time.
    Time,
    Dates(Dates),
    /// Only these ranges, not the rest on both sides.
    Ranges(Vec<(Option<i64>, Option<i64>)>),
    TopHits,
}

/// Buckets that are each a search of their own.
#[derive(Debug, Clone)]
pub struct Split {
    pub name: String,
    /// Key and condition; one without a key is the aggregation itself.
    pub buckets: Vec<(Option<String>, Filter)>,
    /// Buckets come as a list, not by name.
    pub listed: bool,
    pub inner: Plan,
}

/// Translates `aggs`.
///
/// # Errors
/// What cannot be read, or is not supported.
pub fn plan(aggs: &Value, context: Context) -> Result<Plan, Fault> {
    within(aggs, context, 0)
}

fn within(aggs: &Value, context: Context, depth: usize) -> Result<Plan, Fault> {
    if depth >= MAX_DEPTH {
        return Err(Fault::argument(format!(
            "aggregations lie more than {MAX_DEPTH} deep in one another"
        )));
    }
    let Value::Object(aggs) = aggs else {
        return Err(Fault::parsing("[aggs] must be an object"));
    };
    let mut plan = Plan::default();
    for (name, body) in aggs {
        let Value::Object(body) = body else {
            return Err(Fault::parsing(format!("[{name}] must be an object")));
        };
        add(&mut plan, name, body, context, depth)?;
    }
    Ok(plan)
}

fn add(
    plan: &mut Plan,
    name: &str,
    body: &Object,
    context: Context,
    depth: usize,
) -> Result<(), Fault> {
    let inner = body.get("aggs").or_else(|| body.get("aggregations"));
    let inner = inner.map_or_else(
        || Ok(Plan::default()),
        |aggs| within(aggs, context, depth + 1),
    )?;
    let mut kinds = body
        .iter()
        .filter(|(key, _)| !["aggs", "aggregations", "meta"].contains(&key.as_str()));
    let (Some((kind, Value::Object(settings))), None) = (kinds.next(), kinds.next()) else {
        return Err(Fault::parsing(format!(
            "the aggregation [{name}] must be of one type"
        )));
    };
    if let Some(buckets) = split(kind, settings, context.now)? {
        if depth > 0 {
            return Err(Fault::unsupported(&format!(
                "[{kind}] inside another aggregation; put it outermost"
            )));
        }
        let (buckets, listed) = buckets;
        plan.splits.push(Split {
            name: name.to_owned(),
            buckets,
            listed,
            inner,
        });
        return Ok(());
    }
    if !inner.splits.is_empty() {
        return Err(Fault::unsupported("[filters] inside another aggregation"));
    }
    let (asked, form, holds) = translate(kind, settings, &inner, context)?;
    if !holds && !inner.asked.is_empty() {
        return Err(Fault::parsing(format!(
            "[{kind}] cannot hold other aggregations"
        )));
    }
    let mut entry = asked;
    if !inner.asked.is_empty() {
        entry.insert("aggs".to_owned(), Value::Object(inner.asked));
    }
    plan.asked.insert(name.to_owned(), Value::Object(entry));
    plan.shapes.push(Shape {
        name: name.to_owned(),
        form,
        inner: inner.shapes,
    });
    Ok(())
}

type Buckets = (Vec<(Option<String>, Filter)>, bool);

/// The buckets of `filters`, `filter` and `missing`; `None` for everything else.
fn split(kind: &str, settings: &Object, now: Timestamp) -> Result<Option<Buckets>, Fault> {
    let one = |filter| Ok(Some((vec![(None, filter)], false)));
    match kind {
        "filter" => one(dsl::filter(&Value::Object(settings.clone()), now)?),
        "missing" => one(Filter::Not(Box::new(Filter::Has(field(settings)?.field)))),
        "filters" => {
            let (filters, listed): (Vec<(Option<String>, &Value)>, bool) =
                match settings.get("filters") {
                    Some(Value::Object(named)) => {
                        let named = named
                            .iter()
                            .map(|(key, filter)| (Some(key.clone()), filter));
                        (named.collect(), false)
                    }
                    Some(Value::Array(list)) => {
                        (list.iter().map(|filter| (None, filter)).collect(), true)
                    }
                    _ => return Err(Fault::parsing("[filters] needs filters")),
                };
            if filters.len() > MAX_FILTERS {
                let reason = format!("[filters] takes {MAX_FILTERS} filters at most");
                return Err(Fault::argument(reason));
            }
            let mut buckets = Vec::new();
            for (key, filter) in filters {
                buckets.push((key, dsl::filter(filter, now)?));
            }
            Ok(Some((buckets, listed)))
        }
        _ => Ok(None),
    }
}

/// The entry for the index, how it is shown, and whether others may lie in it.
fn translate(
    kind: &str,
    settings: &Object,
    inner: &Plan,
    context: Context,
) -> Result<(Object, Form, bool), Fault> {
    let entry = |kind: &str, body: Value| Object::from_iter([(kind.to_owned(), body)]);
    match kind {
        "terms" => Ok((entry("terms", terms(settings, inner)?), Form::Plain, true)),
        "date_histogram" => {
            let known = field(settings)?;
            let (body, dates) = histogram::dates(known, settings, context)?;
            Ok((body, Form::Dates(dates), true))
        }
        "histogram" => Ok((entry("histogram", numbers(settings)?), Form::Plain, true)),
        "range" | "date_range" => {
            let (body, ranges) = ranges(settings, context)?;
            Ok((entry("range", body), Form::Ranges(ranges), true))
        }
        "min" | "max" | "avg" | "sum" | "stats" | "extended_stats" => {
            let known = number(settings)?;
            let time = known.sort == Sort::Date && ["min", "max", "avg"].contains(&kind);
            let form = if time { Form::Time } else { Form::Plain };
            Ok((entry(kind, json!({ "field": known.column })), form, false))
        }
        "value_count" | "cardinality" => {
            let body = json!({ "field": whole(settings)?.column });
            Ok((entry(kind, body), Form::Plain, false))
        }
        "percentiles" => Ok((entry(kind, percentiles(settings)?), Form::Plain, false)),
        "top_hits" => Ok((entry(kind, top_hits(settings)?), Form::TopHits, false)),
        other => Err(Fault::unsupported(&format!("the aggregation [{other}]"))),
    }
}

fn field(settings: &Object) -> Result<Known, Fault> {
    match settings.get("field").and_then(Value::as_str) {
        Some(name) => known(name),
        None => Err(Fault::parsing("an aggregation needs a [field]")),
    }
}

/// A field that has a column.
fn whole(settings: &Object) -> Result<Known, Fault> {
    let known = field(settings)?;
    match known.sort {
        Sort::Text => Err(Fault::argument(format!(
            "[{}] holds words and cannot be counted by value",
            known.name
        ))),
        Sort::Case => Err(Fault::argument(format!(
            "[{}] can be searched and not counted: count each of its values by a search",
            known.name
        ))),
        Sort::Keyword | Sort::Date | Sort::Long => Ok(known),
    }
}

fn number(settings: &Object) -> Result<Known, Fault> {
    let known = field(settings)?;
    match known.sort {
        Sort::Date | Sort::Long => Ok(known),
        Sort::Text | Sort::Keyword | Sort::Case => Err(Fault::argument(format!(
            "[{}] is no number and no date",
            known.name
        ))),
    }
}

/// A whole number of 0 or more, written as number or text, as Grafana does both.
pub fn count(settings: &Object, name: &str) -> Result<Option<u64>, Fault> {
    let Some(value) = settings.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(Fault::parsing(format!(
            "[{name}] must be a whole number, not {value}"
        ))),
    }
}

fn terms(settings: &Object, inner: &Plan) -> Result<Value, Fault> {
    let size = count(settings, "size")?.unwrap_or(10);
    if size == 0 || size > u64::from(MAX_BUCKETS) {
        return Err(Fault::argument(format!(
            "[size] of [terms] must be 1 to {MAX_BUCKETS}"
        )));
    }
    // Exact where a week holds no more values than this.
    let of_segment = (size * 10).max(2_000);
    let known = whole(settings)?;
    let mut body = json!({ "field": known.column, "size": size, "segment_size": of_segment });
    if let Some(least) = count(settings, "min_doc_count")? {
        body["min_doc_count"] = json!(least);
    }
    for name in ["missing", "include", "exclude"] {
        if let Some(value) = settings.get(name).filter(|value| !value.is_null()) {
            body[name] = value.clone();
        }
    }
    if let Some(order) = settings.get("order") {
        let first = match order {
            Value::Array(list) => list.first().unwrap_or(&Value::Null),
            one => one,
        };
        if let Some((target, direction)) = first.as_object().and_then(|order| order.iter().next()) {
            body["order"] = json!({ ordered_by(target, inner)?: direction });
        }
    }
    Ok(body)
}

fn ordered_by(target: &str, inner: &Plan) -> Result<String, Fault> {
    match target {
        "_count" | "_key" => return Ok(target.to_owned()),
        "_term" => return Ok("_key".to_owned()),
        _ => {}
    }
    // Grafana writes `3[std_deviation]`.
    let path = target.replace('[', ".").replace(']', "");
    let name = path.split('.').next().unwrap_or_default();
    let metric = inner.asked.get(name).and_then(Value::as_object);
    let orders = metric.is_some_and(|metric| {
        let figures = [
            "min",
            "max",
            "avg",
            "sum",
            "stats",
            "extended_stats",
            "value_count",
            "cardinality",
        ];
        figures.iter().any(|figure| metric.contains_key(*figure))
    });
    match orders {
        true => Ok(path),
        false => Err(Fault::argument(format!(
            "[terms] cannot be ordered by [{target}]"
        ))),
    }
}

fn percentiles(settings: &Object) -> Result<Value, Fault> {
    let mut body = json!({ "field": number(settings)?.column });
    if let Some(list) = settings.get("percents").and_then(Value::as_array) {
        // Grafana writes them as texts.
        let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
        let percents: Option<Vec<f64>> = list.iter().map(number).collect();
        let percents = percents
            .filter(|all| all.iter().all(|percent| (0.0..=100.0).contains(percent)))
            .ok_or_else(|| Fault::argument("[percents] must be numbers from 0 to 100"))?;
        body["percents"] = json!(percents);
    }
    if let Some(keyed) = settings.get("keyed") {
        body["keyed"] = keyed.clone();
    }
    Ok(body)
}

fn numbers(settings: &Object) -> Result<Value, Fault> {
    let interval = settings.get("interval");
    let interval =
        interval.and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()));
    let interval = interval.filter(|interval| interval.is_finite() && *interval > 0.0);
    let interval =
        interval.ok_or_else(|| Fault::argument("[interval] must be a number above 0"))?;
    let mut body = json!({ "field": number(settings)?.column, "interval": interval });
    if let Some(least) = count(settings, "min_doc_count")? {
        body["min_doc_count"] = json!(least);
    }
    for name in ["offset", "extended_bounds", "hard_bounds", "keyed"] {
        if let Some(value) = settings.get(name).filter(|value| !value.is_null()) {
            body[name] = value.clone();
        }
    }
    Ok(body)
}

type Bounds = Vec<(Option<i64>, Option<i64>)>;

fn ranges(settings: &Object, context: Context) -> Result<(Value, Bounds), Fault> {
    let known = number(settings)?;
    let reading = Reading {
        now: context.now,
        zone: TimeZone::UTC,
        seconds: false,
    };
    let list = settings.get("ranges").and_then(Value::as_array);
    let list = list.ok_or_else(|| Fault::parsing("[range] needs [ranges]"))?;
    let (mut bounds, mut ranges) = (Vec::new(), Vec::new());
    for range in list.iter().take(MAX_BUCKETS as usize) {
        let end = |name: &str| {
            let value = range.get(name).filter(|value| !value.is_null());
            value
                .map(|value| match known.sort {
                    Sort::Date => reading.ms(value, super::dates::End::First),
                    _ => {
                        let number = value.as_f64().filter(|number| number.is_finite());
                        let number =
                            number.ok_or_else(|| Fault::parsing("a bound is no number"))?;
                        Ok(number as i64)
                    }
                })
                .transpose()
        };
        let (from, to) = (end("from")?, end("to")?);
        let mut one = Object::new();
        for (name, value) in [("from", from), ("to", to)] {
            if let Some(value) = value {
                one.insert(name.to_owned(), json!(value as f64));
            }
        }
        if let Some(key) = range.get("key") {
            one.insert("key".to_owned(), key.clone());
        }
        ranges.push(Value::Object(one));
        bounds.push((from, to));
    }
    Ok((json!({ "field": known.column, "ranges": ranges }), bounds))
}

fn top_hits(settings: &Object) -> Result<Value, Fault> {
    let size = count(settings, "size")?.unwrap_or(3);
    if size > MAX_TOP_HITS {
        return Err(Fault::argument(format!(
            "[top_hits] gives {MAX_TOP_HITS} hits at most"
        )));
    }
    let (mut column, mut direction) = ("published", "desc");
    let sort = match settings.get("sort") {
        Some(Value::Array(list)) => list.first(),
        sort => sort,
    };
    if let Some((name, order)) = sort
        .and_then(Value::as_object)
        .and_then(|sort| sort.iter().next())
    {
        let known = known(name)?;
        if !matches!(known.sort, Sort::Date | Sort::Long) {
            return Err(Fault::unsupported(
                "sorting by anything but times and numbers",
            ));
        }
        column = known.column;
        let order = order.get("order").unwrap_or(order);
        direction = if order == "asc" { "asc" } else { "desc" };
    }
    Ok(json!({ "size": size, "sort": [{ column: direction }], "docvalue_fields": ["id"] }))
}
