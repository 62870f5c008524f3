//! What one request may ask for at most: our API and the dialect say so in a sentence each, with 400 or
//! 408, and go on answering others.

use super::House;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

fn written(query: &str) -> String {
    byte_serialize(query.as_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_says_what_is_too_much() {
    let house = House::start();
    let words = |count: usize| {
        let words: Vec<String> = (0..count).map(|number| format!("w{number}")).collect();
        words.join(" OR ")
    };
    let deep = format!("{}a{}", "(b AND (c OR ".repeat(20), "))".repeat(20));
    let cases = [
        ("limit=101".to_owned(), "bad_parameter", "1 … 100"),
        ("limit=0".to_owned(), "bad_parameter", "1 … 100"),
        (
            format!("q={}", "x".repeat(2_049)),
            "bad_parameter",
            "longer than 2048 bytes",
        ),
        (
            format!("watch={}", "x".repeat(257)),
            "bad_parameter",
            "longer than 256 bytes",
        ),
        (format!("q={}", written(&words(65))), "bad_query", "64"),
        (
            format!("q={}", written(&deep)),
            "bad_query",
            "nested too deeply",
        ),
        (format!("q={}", written("a NEAR/101 b")), "bad_query", "100"),
        ("after=x".to_owned(), "bad_parameter", "page mark"),
        (
            "case=mine".to_owned(),
            "bad_parameter",
            "open | acknowledged",
        ),
    ];
    for (asked, code, reason) in cases {
        let answer = house.ask("GET", &format!("/api/search?{asked}"), "").await;
        assert_eq!(answer.status, 400, "{asked}: {answer:?}");
        let told = answer.json();
        assert_eq!(told["error"]["code"], code, "{told}");
        let message = told["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{reason}: {message}");
    }
    let path = format!("/api/search?q={}", written(&words(64)));
    assert_eq!(house.ask("GET", &path, "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_too_long_is_stopped_and_told() {
    let house = House::with("[index]\nsearch_timeout_ms = 0\n");
    let api = house.ask("GET", "/api/search?q=*en*", "").await;
    assert_eq!(api.status, 408, "{api:?}");
    let told = api.json();
    assert_eq!(told["error"]["code"], "timed_out");
    assert!(
        told["error"]["message"]
            .as_str()
            .unwrap()
            .contains("took too long")
    );
    for body in [
        json!({ "query": { "query_string": { "query": "*en*" } } }),
        json!({ "size": 0, "aggs": { "a": { "terms": { "field": "kind" } } } }),
    ] {
        let answer = house.ask("POST", "/es/_search", &body.to_string()).await;
        assert_eq!(answer.status, 408, "{answer:?}");
        let told: Value = answer.json();
        assert_eq!(told["error"]["type"], "timeout_exception");
        assert_eq!(told["status"], 408);
        assert!(
            told["error"]["reason"]
                .as_str()
                .unwrap()
                .contains("took too long")
        );
    }
    let lines = "{}\n{\"size\":0}\n{}\n{\"nope\":0}\n";
    let many = house.ask("POST", "/es/_msearch", lines).await;
    let statuses: Vec<i64> = many.json()["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, [408, 400]);
    assert_eq!(house.ask("GET", "/?q=*en*", "").await.status, 504);
    assert_eq!(house.ask("GET", "/healthz", "").await.status, 200);
}
