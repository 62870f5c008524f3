//! The query part of a search body, made into one filter: `bool`, `term(s)`, `range`, `exists`, `ids`,
//! `prefix`, `wildcard`, `match`, `match_phrase`, `multi_match`, `query_string`, `constant_score`.
//! [elastic.co](https://www.elastic.co/docs/explore-analyze/query-filter/languages/querydsl)

use super::dates::{self, Reading};
use super::fault::Fault;
use super::fields::{self, Known, Sort};
use super::leaf::{self, Range, known};
use super::lucene::{self, Settings};
use crate::index::{Filter, schema};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// Conditions in one query at most.
const MAX_CLAUSES: usize = 1_024;

type Object = Map<String, Value>;

/// Makes a filter of `query`.
///
/// # Errors
/// What cannot be read, or is not supported.
pub fn filter(query: &Value, now: Timestamp) -> Result<Filter, Fault> {
    let mut maker = Maker { now, clauses: 0 };
    maker.query(query)
}

struct Maker {
    now: Timestamp,
    clauses: usize,
}

impl Maker {
    fn query(&mut self, query: &Value) -> Result<Filter, Fault> {
        self.clauses += 1;
        if self.clauses > MAX_CLAUSES {
            return Err(Fault::argument(format!(
                "too_many_clauses: more than {MAX_CLAUSES} clauses"
            )));
        }
        let (name, body) = only(query, "a query")?;
        let body = match (name, body) {
            ("match_all", _) => return Ok(Filter::everything()),
            ("match_none", _) => return Ok(Filter::Any(Vec::new())),
            (_, Value::Object(body)) => body,
            _ => return Err(Fault::parsing(format!("[{name}] must be an object"))),
        };
        match name {
            "bool" => self.combined(body),
            "constant_score" => self.query(body.get("filter").unwrap_or(&Value::Null)),
            "term" | "match" | "match_phrase" | "prefix" | "wildcard" => self.on_field(name, body),
            "terms" => terms(body),
            "exists" => Ok(leaf::has(known(text(body, "field")?)?)),
            "ids" => ids(body),
            "range" => self.range(body),
            "query_string" => self.query_string(body),
            "multi_match" => self.multi_match(body),
            other => Err(Fault::unsupported(&format!("the query [{other}]"))),
        }
    }

    fn many(&mut self, body: &Object, name: &str) -> Result<Vec<Filter>, Fault> {
        match body.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(list)) => list.iter().map(|query| self.query(query)).collect(),
            Some(one) => Ok(vec![self.query(one)?]),
        }
    }

    fn combined(&mut self, body: &Object) -> Result<Filter, Fault> {
        for name in body.keys() {
            let known = [
                "must",
                "filter",
                "should",
                "must_not",
                "minimum_should_match",
                "boost",
                "_name",
                "adjust_pure_negative",
            ];
            if !known.contains(&name.as_str()) {
                return Err(Fault::parsing(format!(
                    "[bool] query does not support [{name}]"
                )));
            }
        }
        let mut all = self.many(body, "must")?;
        all.extend(self.many(body, "filter")?);
        let any = self.many(body, "should")?;
        let least = body.get("minimum_should_match");
        let required = match least {
            None => all.is_empty(),
            Some(least) => match least.as_u64().or_else(|| least.as_str()?.parse().ok()) {
                Some(0) => false,
                Some(1) => true,
                Some(count) if count == any.len() as u64 => {
                    all.extend(any.iter().cloned());
                    false
                }
                _ => {
                    return Err(Fault::unsupported(
                        "[minimum_should_match] other than 0, 1 or all",
                    ));
                }
            },
        };
        if required && !any.is_empty() {
            all.push(Filter::Any(any));
        }
        let none = self.many(body, "must_not")?;
        all.extend(none.into_iter().map(|one| Filter::Not(Box::new(one))));
        Ok(Filter::All(all))
    }

    fn reading(&self, body: &Object) -> Result<Reading, Fault> {
        let zone = body.get("time_zone").and_then(Value::as_str);
        let format = body.get("format").and_then(Value::as_str);
        Ok(Reading {
            now: self.now,
            zone: zone.map_or(Ok(TimeZone::UTC), dates::zone)?,
            seconds: format.is_some_and(|format| format.starts_with("epoch_second")),
        })
    }

    /// Queries of the form `{field: value}` or `{field: {…: value}}`.
    fn on_field(&mut self, name: &str, body: &Object) -> Result<Filter, Fault> {
        let (field, value) = only_member(body, name)?;
        let known = known(field)?;
        let none = Object::new();
        let (value, settings) = match value {
            Value::Object(settings) => {
                let value = settings.get("value").or_else(|| settings.get("query"));
                let value = value
                    .ok_or_else(|| Fault::parsing(format!("[{name}] on [{field}] has no value")))?;
                (value, settings)
            }
            value => (value, &none),
        };
        let value = plain(value)?;
        match (name, known.sort) {
            ("prefix" | "wildcard", Sort::Case) => {
                Err(Fault::unsupported(&format!("[{name}] on [{field}]")))
            }
            ("prefix", Sort::Keyword) => Ok(like(known, &format!("{value}*"))),
            ("wildcard", Sort::Keyword) => Ok(like(known, &value)),
            ("prefix", Sort::Text) => self.lucene(&format!("{value}*"), vec![known], false),
            ("wildcard", Sort::Text) => self.lucene(&value, vec![known], false),
            ("match_phrase", Sort::Text) => {
                let slop = settings.get("slop").and_then(Value::as_u64);
                let slop = slop.and_then(|slop| u32::try_from(slop).ok());
                leaf::words(Some(known), &value, slop)
            }
            ("match", Sort::Text) => matched(&[known], &value, &wants_all(settings, "operator")?),
            (_, Sort::Text) => leaf::words(Some(known), &value, None),
            _ => leaf::exactly(known, &value, &self.reading(settings)?),
        }
    }

    fn multi_match(&mut self, body: &Object) -> Result<Filter, Fault> {
        let fields = default_fields(body)?;
        let text = text(body, "query")?;
        if body.get("type").and_then(Value::as_str) == Some("phrase") {
            let filters = fields
                .iter()
                .map(|known| leaf::words(Some(*known), text, None));
            return Ok(Filter::Any(filters.collect::<Result<_, _>>()?));
        }
        matched(&fields, text, &wants_all(body, "operator")?)
    }

    fn query_string(&mut self, body: &Object) -> Result<Filter, Fault> {
        let all = wants_all(body, "default_operator")?.0;
        let mut fields = default_fields(body)?;
        if let Some(name) = body.get("default_field").and_then(Value::as_str)
            && name != "*"
        {
            fields = vec![known(name)?];
        }
        self.lucene_with(text(body, "query")?, fields, all, self.reading(body)?)
    }

    fn lucene(&self, text: &str, fields: Vec<Known>, all: bool) -> Result<Filter, Fault> {
        self.lucene_with(text, fields, all, self.reading(&Object::new())?)
    }

    fn lucene_with(
        &self,
        text: &str,
        fields: Vec<Known>,
        all: bool,
        reading: Reading,
    ) -> Result<Filter, Fault> {
        let settings = Settings {
            all,
            fields,
            reading,
        };
        lucene::parse(text, &settings)
    }

    fn range(&mut self, body: &Object) -> Result<Filter, Fault> {
        let (field, value) = only_member(body, "range")?;
        let Value::Object(bounds) = value else {
            return Err(Fault::parsing("[range] must be an object of bounds"));
        };
        let reading = self.reading(bounds)?;
        let mut range = Range::of(known(field)?, &reading)?;
        for (name, bound) in bounds {
            match name.as_str() {
                "gte" => range.from(bound, true)?,
                "gt" => range.from(bound, false)?,
                "lte" => range.to(bound, true)?,
                "lt" => range.to(bound, false)?,
                // Older clients and Grafana's annotations.
                "from" => range.from(bound, included(bounds, "include_lower"))?,
                "to" => range.to(bound, included(bounds, "include_upper"))?,
                "format" | "time_zone" | "boost" | "relation" | "include_lower"
                | "include_upper" | "_name" => {}
                other => {
                    return Err(Fault::parsing(format!(
                        "[range] query does not support [{other}]"
                    )));
                }
            }
        }
        Ok(range.filter())
    }
}

fn included(bounds: &Object, name: &str) -> bool {
    bounds.get(name).and_then(Value::as_bool).unwrap_or(true)
}

/// Whether all words must occur.
struct All(bool);

fn wants_all(body: &Object, name: &str) -> Result<All, Fault> {
    match body.get(name).and_then(Value::as_str) {
        None => Ok(All(false)),
        Some(operator) if operator.eq_ignore_ascii_case("and") => Ok(All(true)),
        Some(operator) if operator.eq_ignore_ascii_case("or") => Ok(All(false)),
        Some(other) => Err(Fault::parsing(format!(
            "[{name}] is AND or OR, not [{other}]"
        ))),
    }
}

/// Each word of a text, in any of some fields.
fn matched(fields: &[Known], text: &str, all: &All) -> Result<Filter, Fault> {
    let scopes: Vec<Option<Known>> = match fields {
        [] => vec![None],
        fields => fields.iter().copied().map(Some).collect(),
    };
    let mut words = Vec::new();
    for word in text.split_whitespace().take(MAX_CLAUSES) {
        // A word without a letter asks for nothing, as in Elasticsearch.
        if word.chars().any(char::is_alphanumeric) {
            let ways = scopes.iter().map(|known| leaf::words(*known, word, None));
            words.push(Filter::Any(ways.collect::<Result<_, _>>()?));
        }
    }
    Ok(match all.0 {
        true => Filter::All(words),
        false => Filter::Any(words),
    })
}

fn like(known: Known, pattern: &str) -> Filter {
    Filter::Like {
        field: known.field,
        pattern: fields::fold(known, pattern),
    }
}

fn default_fields(body: &Object) -> Result<Vec<Known>, Fault> {
    let names = body.get("fields").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let mut found = Vec::new();
    for name in names {
        let plain = name.split('^').next().unwrap_or(name);
        if plain == "*" {
            return Ok(Vec::new());
        }
        found.push(known(plain)?);
    }
    Ok(found)
}

fn terms(body: &Object) -> Result<Filter, Fault> {
    let lists = body
        .iter()
        .filter(|(name, _)| *name != "boost" && *name != "_name");
    let mut lists: Vec<_> = lists.collect();
    let Some((field, Value::Array(list))) = lists.pop().filter(|_| lists.is_empty()) else {
        return Err(Fault::parsing(
            "[terms] needs one field with a list of values",
        ));
    };
    if list.len() > MAX_CLAUSES {
        return Err(Fault::argument(format!(
            "[terms] takes {MAX_CLAUSES} values at most"
        )));
    }
    let known = known(field)?;
    let values: Vec<String> = list.iter().map(plain).collect::<Result<_, _>>()?;
    match known.sort {
        Sort::Keyword => Ok(Filter::Is {
            field: known.field,
            values: values
                .iter()
                .map(|value| fields::fold(known, value))
                .collect(),
        }),
        Sort::Text | Sort::Case => {
            let one = |value: &String| match known.sort {
                Sort::Text => leaf::words(Some(known), value, None),
                _ => leaf::case(value),
            };
            let any = values.iter().map(one);
            Ok(Filter::Any(any.collect::<Result<_, _>>()?))
        }
        Sort::Date | Sort::Long => {
            let numbers = list.iter().map(|value| {
                let value = value
                    .as_i64()
                    .ok_or_else(|| Fault::parsing("[terms] on a number needs numbers"))?;
                Ok(at(known.field, value))
            });
            Ok(Filter::Any(numbers.collect::<Result<_, Fault>>()?))
        }
    }
}

fn ids(body: &Object) -> Result<Filter, Fault> {
    let values = body.get("values").and_then(Value::as_array);
    let values = values.ok_or_else(|| Fault::parsing("[ids] needs [values]"))?;
    let numbers = values
        .iter()
        .take(MAX_CLAUSES)
        .filter_map(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
    Ok(Filter::Any(
        numbers.map(|number| at(schema::ID, number)).collect(),
    ))
}

fn at(field: tantivy::schema::Field, number: i64) -> Filter {
    Filter::Within {
        field,
        from: Some(number),
        to: Some(number),
    }
}

fn text<'a>(body: &'a Object, name: &str) -> Result<&'a str, Fault> {
    let value = body.get(name).and_then(Value::as_str);
    value.ok_or_else(|| Fault::parsing(format!("[{name}] is missing, or no text")))
}

fn plain(value: &Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(Fault::parsing("a value is neither text nor number")),
    }
}

/// The one member of an object.
fn only<'a>(value: &'a Value, what: &str) -> Result<(&'a str, &'a Value), Fault> {
    match value {
        Value::Object(members) => only_member(members, what),
        _ => Err(Fault::parsing(format!("{what} must be an object"))),
    }
}

fn only_member<'a>(members: &'a Object, what: &str) -> Result<(&'a str, &'a Value), Fault> {
    let mut members = members
        .iter()
        .filter(|(name, _)| *name != "boost" && *name != "_name");
    match (members.next(), members.next()) {
        (Some((name, value)), None) => Ok((name, value)),
        (None, _) => Err(Fault::parsing(format!("{what} is empty"))),
        _ => Err(Fault::parsing(format!("{what} has more than one member"))),
    }
}
