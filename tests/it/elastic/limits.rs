//! What is refused, and how: as Elasticsearch refuses, with a reason, while the others are answered.

use super::House;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_supported_is_refused_with_its_reason() {
    let house = House::start();
    let query = |written: &str| json!({ "query": { "query_string": { "query": written } } });
    let aggs = |one: Value| json!({ "size": 0, "aggs": { "a": one } });
    let deep = (0..12).fold(
        json!({ "max": { "field": "id" } }),
        |inner, _| json!({ "terms": { "field": "kind" }, "aggs": { "x": inner } }),
    );
    let clauses: Vec<Value> = (0..2_000).map(|_| json!({ "match_all": {} })).collect();
    let cases = [
        (
            json!({ "query": { "fuzzy": { "text": "x" } } }),
            "does not support the query [fuzzy]",
        ),
        (
            json!({ "query": { "term": { "author": "x" } } }),
            "there is no field [author]",
        ),
        (json!({ "sort": ["author"] }), "there is no field [author]"),
        (json!({ "sort": ["site"] }), "sorting by anything but"),
        (json!({ "size": 10_001 }), "Result window is too large"),
        (
            json!({ "collapse": { "field": "site" } }),
            "[collapse] by any field but [story]",
        ),
        (json!({ "suggest": {} }), "unknown key [suggest]"),
        (
            json!({ "script_fields": { "x": { "script": "1" } } }),
            "does not support scripts",
        ),
        (query("title:/.*/"), "does not support regular expressions"),
        (query("a AND"), "an operator stands at the end"),
        (
            json!({ "query": { "bool": { "filter": clauses } } }),
            "too_many_clauses",
        ),
        (
            json!({ "query": { "range": { "@timestamp": { "gte": "gestern" } } } }),
            "failed to parse date",
        ),
        (
            aggs(json!({ "derivative": { "buckets_path": "x" } })),
            "does not support the aggregation [derivative]",
        ),
        (
            aggs(json!({ "terms": { "field": "text" } })),
            "holds words and cannot be counted by value",
        ),
        (
            aggs(json!({ "terms": { "field": "kind", "size": 20_000 } })),
            "[size] of [terms]",
        ),
        (
            aggs(json!({ "terms": { "field": "kind", "order": { "x": "asc" } } })),
            "cannot be ordered by [x]",
        ),
        (
            aggs(json!({ "avg": { "field": "kind" } })),
            "is no number and no date",
        ),
        (
            aggs(json!({ "histogram": { "field": "delay_secs", "interval": 0 } })),
            "[interval] must be",
        ),
        (aggs(deep), "deep in one another"),
        (
            json!({ "size": 0, "query": { "range": { "published": { "gte": "now-5y", "lte": "now" } } },
                 "aggs": { "a": { "date_histogram": { "field": "published", "fixed_interval": "1s" } } } }),
            "too many buckets",
        ),
        (
            json!({ "size": 0, "aggs": { "a": { "date_histogram": { "field": "published", "fixed_interval": "1ms" } } } }),
            "memory limit was exceeded",
        ),
    ];
    for (body, reason) in cases {
        let answer = house
            .ask("POST", "/es/mentions/_search", &body.to_string())
            .await;
        assert_eq!(answer.status, 400, "{reason}: {answer:?}");
        assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");
        let told = answer.json();
        let found = told["error"]["reason"].as_str().unwrap();
        assert!(found.contains(reason), "{reason}: {found}");
        assert_eq!(told["status"], 400);
        assert_eq!(told["error"]["root_cause"][0]["reason"], found);
    }
    for (method, path, body, status) in [
        ("POST", "/es/mentions/_search", "{", 400),
        ("POST", "/es/mentions/_search", "[]", 400),
        ("POST", "/es/_msearch", "{}\n", 400),
        ("GET", "/es/secrets/_search", "", 404),
        ("GET", "/es/_cat/indices", "", 404),
        ("PUT", "/es/mentions/_doc/1", "{}", 404),
        ("DELETE", "/es/mentions", "", 404),
        ("DELETE", "/es/mentions/_search", "", 405),
    ] {
        let answer = house.ask(method, path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert!(answer.json()["error"]["reason"].is_string(), "{answer:?}");
    }
    let long = format!(
        "{{\"size\":0,\"query\":{{\"query_string\":{{\"query\":\"{}\"}}}}}}",
        "x".repeat(300_000)
    );
    let answer = house.ask("POST", "/es/_search", &long).await;
    assert_eq!(answer.status, 413, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_search_leaves_the_others_alone() {
    let house = House::start();
    let body = "{}\n{\"size\":0}\n{\"index\":\"x\"}\n{\"size\":0}\n{}\n{\"query\":{\"nope\":{}}}\n{}\n{\"size\":1}\n";
    let answer = house
        .ask("POST", "/es/mentions/_msearch", body)
        .await
        .json();
    let statuses: Vec<i64> = answer["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 404, 400, 200]);
    assert_eq!(
        answer["responses"][1]["error"]["type"],
        "index_not_found_exception"
    );
}
