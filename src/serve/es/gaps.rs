//! A second index, `gaps`: when which source could not be heard, for dashboards that mark it in their
//! histograms (an annotation in Grafana). It is asked by time, and by nothing else.

use super::fault::Fault;
use crate::serve::{House, SourceGap};
use jiff::Timestamp;
use serde_json::{Value, json};

pub const INDEX: &str = "gaps";
/// Clauses within clauses.
const MAX_DEPTH: usize = 10;

/// The fields and their types.
pub fn properties() -> Value {
    let date = json!({ "type": "date" });
    json!({ "@timestamp": date, "from": date, "to": date,
            "source": { "type": "keyword" }, "text": { "type": "text" } })
}

/// Answers a body: every gap that touches the time between the earliest and the latest bound in it,
/// the newest first. One that lasts ends now.
///
/// # Errors
/// A query for something else than time.
pub async fn search(house: &House, body: &Value) -> Result<Value, Fault> {
    let mut span = Span::default();
    let mut size = usize::MAX;
    for (name, value) in body.as_object().into_iter().flatten() {
        match name.as_str() {
            "query" => span.read(value, 0)?,
            "size" => {
                size = value
                    .as_u64()
                    .map_or(0, |size| size.try_into().unwrap_or(usize::MAX))
            }
            name => {
                return Err(Fault::unsupported(&format!(
                    "[{name}] on the index [{INDEX}]"
                )));
            }
        }
    }
    let (since, until) = (time(span.since)?, time(span.until)?);
    let gaps = house.archive.gaps(since, until).await;
    let gaps = gaps.map_err(|error| Fault::of(&error))?;
    let hits: Vec<Value> = gaps.iter().take(size).map(|gap| hit(house, gap)).collect();
    Ok(json!({
        "took": 0, "timed_out": false,
        "_shards": { "total": 1, "successful": 1, "skipped": 0, "failed": 0 },
        "hits": { "total": { "value": gaps.len(), "relation": "eq" }, "max_score": Value::Null,
                  "hits": hits },
    }))
}

fn hit(house: &House, gap: &SourceGap) -> Value {
    let to = gap.to.unwrap_or_else(|| house.clock.now());
    let label = house.names().source(&gap.source);
    json!({
        "_index": INDEX, "_id": format!("{}-{}", gap.source, gap.from.as_millisecond()),
        "_score": Value::Null,
        "_source": { "@timestamp": gap.from, "from": gap.from, "to": to, "source": gap.source,
                     "text": format!("{label}: nicht gehört") },
    })
}

/// Milliseconds since 1970.
#[derive(Default)]
struct Span {
    since: Option<i64>,
    until: Option<i64>,
}

impl Span {
    /// Widens by the ranges of a query.
    fn read(&mut self, query: &Value, depth: usize) -> Result<(), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::parsing("clauses lie too deep in one another"));
        }
        let clauses = query.as_object();
        let clauses = clauses.ok_or_else(|| Fault::parsing("a query is an object"))?;
        for (name, inside) in clauses {
            match (name.as_str(), inside) {
                ("match_all" | "minimum_should_match", _) => {}
                // What Grafana sends where nothing was written.
                ("query_string", inside) if inside["query"] == "*" => {}
                ("bool", inside) => self.read(inside, depth + 1)?,
                ("filter" | "must" | "should", Value::Array(list)) => {
                    for clause in list {
                        self.read(clause, depth + 1)?;
                    }
                }
                ("filter" | "must" | "should", clause) => self.read(clause, depth + 1)?,
                ("range", Value::Object(fields)) => {
                    for (field, bounds) in fields {
                        self.range(field, bounds)?;
                    }
                }
                (name, _) => {
                    let what = format!("[{name}] on the index [{INDEX}], which is asked by time");
                    return Err(Fault::unsupported(&what));
                }
            }
        }
        Ok(())
    }

    fn range(&mut self, field: &str, bounds: &Value) -> Result<(), Fault> {
        if !["@timestamp", "from", "to"].contains(&field) {
            return Err(Fault::no_field(field));
        }
        for (name, value) in bounds.as_object().into_iter().flatten() {
            match name.as_str() {
                "gte" | "gt" | "from" => {
                    let bound = moment(value)?;
                    self.since = Some(self.since.map_or(bound, |since| since.min(bound)));
                }
                "lte" | "lt" | "to" => {
                    let bound = moment(value)?;
                    self.until = Some(self.until.map_or(bound, |until| until.max(bound)));
                }
                "format" => {}
                name => return Err(Fault::unsupported(&format!("[{name}] in a range of time"))),
            }
        }
        Ok(())
    }
}

/// Milliseconds, as a number or in letters, or a time of ISO 8601.
fn moment(value: &Value) -> Result<i64, Fault> {
    let text = value.as_str();
    let in_letters = || text.and_then(|text| text.parse().ok());
    let iso = || Some(text?.parse::<Timestamp>().ok()?.as_millisecond());
    let moment = value.as_i64().or_else(in_letters).or_else(iso);
    moment.ok_or_else(|| Fault::parsing("a bound of a range is a time in milliseconds or ISO 8601"))
}

fn time(ms: Option<i64>) -> Result<Option<Timestamp>, Fault> {
    let checked = ms.map(Timestamp::from_millisecond).transpose();
    checked.map_err(|_| Fault::argument("a time that no calendar has"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_is_asked_for_and_the_widest_span_counts() {
        let span = |query: Value| {
            let mut span = Span::default();
            let read = span.read(&query, 0);
            read.map(|()| (span.since, span.until))
        };
        let range = |field: &str, from: Value, to: Value| json!({"range": {field: {"from": from, "to": to, "format": "epoch_millis"}}});
        let both = [
            range("from", json!(5), json!(9)),
            range("to", json!("4"), json!(8)),
        ];
        let query =
            json!({"bool": {"filter": [{"bool": {"minimum_should_match": 1, "should": both}}]}});
        assert_eq!(span(query).unwrap(), (Some(4), Some(9)));
        assert_eq!(span(json!({"match_all": {}})).unwrap(), (None, None));
        let all = json!({"query_string": {"query": "*"}});
        assert_eq!(span(all).unwrap(), (None, None));
        let day = json!({"range": {"@timestamp": {"gte": "1970-01-01T00:00:01Z"}}});
        assert_eq!(span(day).unwrap(), (Some(1000), None));
        let mut deep = json!({"match_all": {}});
        for _ in 0..20 {
            deep = json!({"bool": {"must": deep}});
        }
        for odd in [
            json!({"query_string": {"query": "source:bluesky"}}),
            json!({"range": {"author": {"gte": 1}}}),
            json!({"range": {"from": {"gte": "gestern"}}}),
            json!({"range": {"from": {"boost": 2}}}),
            json!({"bool": {"must_not": []}}),
            json!(7),
            deep,
        ] {
            assert!(span(odd.clone()).is_err(), "{odd}");
        }
        assert!(time(Some(i64::MAX)).is_err());
    }
}
