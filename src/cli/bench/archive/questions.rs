//! What is asked of both.

use super::load::{END_MS, Load, WEEK_MS};
use crate::index::{Aggregations, Facets, Search};
use crate::query::Query;
use jiff::Timestamp;
use serde_json::{Value, json};

/// One question.
pub struct Question {
    pub query: Option<Query>,
    pub since: Option<Timestamp>,
    pub limit: usize,
    pub one_of_each_story: bool,
    pub aggregations: Option<Aggregations>,
}

impl Question {
    pub fn search(&self) -> Search {
        Search {
            query: self.query.as_ref().map(|query| query.expr().clone()),
            since: self.since,
            limit: self.limit,
            one_of_each_story: self.one_of_each_story,
            aggregations: self.aggregations.clone(),
            ..Search::default()
        }
    }
}

/// Questions of one sort.
pub struct Sort {
    pub name: &'static str,
    pub questions: Vec<Question>,
}

/// All sorts, so many questions of each that has words.
pub fn all(load: &Load, count: usize) -> anyhow::Result<Vec<Sort>> {
    let words = load.words();
    let word = |number: usize| {
        words
            .get(number % words.len().max(1))
            .map_or("", String::as_str)
    };
    let many = |make: &dyn Fn(usize) -> String| -> anyhow::Result<Vec<Question>> {
        (0..count).map(|number| written(&make(number))).collect()
    };
    let month = Timestamp::from_millisecond(END_MS - 30 * 86_400_000)?;
    let days = histogram(86_400_000);
    let weeks = histogram(WEEK_MS);
    let mut topic = many(&|n| format!("{} OR {}", word(30 + n), word(90 + n)))?;
    for question in &mut topic {
        let mut asked = Facets::ask()?;
        asked.extend(days.clone());
        question.aggregations = Some(asked);
        question.since = Some(month);
    }
    let mut stories = many(&|n| format!("{} OR {}", word(15 + n), word(60 + n)))?;
    for question in &mut stories {
        question.one_of_each_story = true;
    }
    let sources = json!({ "s": { "terms": { "field": "source" } } });
    Ok(vec![
        sort("latest 20", vec![counting(None, 20, None)]),
        sort(
            "two words, AND",
            many(&|n| format!("{} AND {}", word(10 + n), word(70 + 3 * n)))?,
        ),
        sort("phrase", many(&|n| phrase(load.text(17 * n)))?),
        sort("prefix", many(&|n| prefix(word(100 + n)))?),
        sort(
            "NEAR",
            many(&|n| format!("{} NEAR/5 {}", word(n), word(20 + n)))?,
        ),
        sort(
            "30 days by stance",
            vec![counting(Some(month), 0, Some(days.clone()))],
        ),
        sort(
            "terms over sources",
            vec![counting(None, 0, Some(read(sources)?))],
        ),
        sort("latest 20 stories of a topic", stories),
        sort("topic page, 30 days", topic),
        sort(
            "whole archive by week and stance",
            vec![counting(None, 0, Some(weeks))],
        ),
    ])
}

fn sort(name: &'static str, questions: Vec<Question>) -> Sort {
    Sort { name, questions }
}

fn written(text: &str) -> anyhow::Result<Question> {
    let query = Query::parse(text).map_err(|error| anyhow::anyhow!("{text}: {error}"))?;
    Ok(Question {
        query: Some(query),
        ..counting(None, 20, None)
    })
}

fn counting(
    since: Option<Timestamp>,
    limit: usize,
    aggregations: Option<Aggregations>,
) -> Question {
    Question {
        query: None,
        since,
        limit,
        one_of_each_story: false,
        aggregations,
    }
}

fn histogram(interval_ms: i64) -> Aggregations {
    let stances = json!({ "stances": { "terms": { "field": "stance" } } });
    let buckets = json!({ "field": "published", "interval": interval_ms as f64 });
    read(json!({ "time": { "histogram": buckets, "aggs": stances } })).unwrap_or_default()
}

fn read(asked: Value) -> anyhow::Result<Aggregations> {
    Ok(serde_json::from_value(asked)?)
}

/// Two neighbours of a text.
fn phrase(text: &str) -> String {
    let plain = |word: &&str| word.len() > 2 && word.chars().all(char::is_alphabetic);
    let words: Vec<&str> = text.split_whitespace().collect();
    let pair = words.windows(2).find(|pair| pair.iter().all(plain));
    pair.map_or_else(
        || "\"in der\"".to_owned(),
        |pair| format!("\"{} {}\"", pair[0], pair[1]),
    )
}

fn prefix(word: &str) -> String {
    format!("{}*", word.chars().take(5).collect::<String>())
}
