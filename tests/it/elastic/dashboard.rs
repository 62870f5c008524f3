//! The archive's dashboard: every panel and variable, asked as Grafana asks, gets an answer.

use super::House;
use crate::dashboards::dir;
use serde_json::{Map, Value, json};

fn dashboard() -> Value {
    let text = std::fs::read_to_string(dir().join("archive.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What Grafana makes of a panel's settings: aggregations in one another, metrics in the innermost.
fn request(house: &House, target: &Value) -> Value {
    let (from, to) = (house.first_ms(), house.end.as_millisecond() - 1);
    let query = target["query"].as_str().unwrap();
    let query = ["$watch", "$source", "$target"]
        .iter()
        .fold(query.to_owned(), |query, name| query.replace(name, "*"));
    assert!(
        !query.contains('$'),
        "a variable that the test does not know: {query}"
    );
    let mut inner = Map::new();
    for metric in target["metrics"].as_array().unwrap() {
        let kind = metric["type"].as_str().unwrap();
        if !["count", "logs"].contains(&kind) {
            let mut body = metric["settings"].clone();
            body["field"] = metric["field"].clone();
            inner.insert(
                metric["id"].as_str().unwrap().to_owned(),
                json!({ kind: body }),
            );
        }
    }
    for bucket in target["bucketAggs"].as_array().unwrap().iter().rev() {
        let (field, settings) = (&bucket["field"], &bucket["settings"]);
        let mut one = match bucket["type"].as_str().unwrap() {
            "date_histogram" => json!({ "date_histogram": {
                "field": field, "min_doc_count": 0, "fixed_interval": "3600000ms",
                "extended_bounds": { "min": from, "max": to }, "format": "epoch_millis",
                "time_zone": settings["timeZone"],
            } }),
            "terms" => json!({ "terms": {
                "field": field, "size": settings["size"].as_str().unwrap().parse::<u64>().unwrap(),
                "order": { settings["orderBy"].as_str().unwrap(): settings["order"] },
                "min_doc_count": 1,
            } }),
            other => panic!("{other}"),
        };
        if !inner.is_empty() {
            one["aggs"] = Value::Object(inner);
        }
        inner = Map::from_iter([(bucket["id"].as_str().unwrap().to_owned(), one)]);
    }
    let is_log = target["metrics"][0]["type"] == "logs";
    json!({
        "size": if is_log { 100 } else { 0 },
        "query": { "bool": { "filter": [
            { "range": { "@timestamp": { "gte": from, "lte": to, "format": "epoch_millis" } } },
            { "query_string": { "analyze_wildcard": true, "query": query } },
        ] } },
        "aggs": inner,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_panel_of_the_archive_gets_an_answer() {
    let house = House::start();
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels {
        for target in panel["targets"].as_array().unwrap() {
            let answer = house.search(request(&house, target)).await;
            let total = answer["hits"]["total"]["value"].as_i64().unwrap();
            assert!(total > 0, "{}", panel["title"]);
            if let Some(bucket) = target["bucketAggs"].get(0) {
                let name = bucket["id"].as_str().unwrap();
                let found = &answer["aggregations"][name]["buckets"];
                assert!(found.is_array(), "{}: {answer}", panel["title"]);
            }
        }
    }
    let mapping = house.ask("GET", "/es/mentions/_mapping", "").await.json();
    let fields = &mapping["mentions"]["mappings"]["properties"];
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        if variable["type"] == "query" {
            let asked: Value = serde_json::from_str(variable["query"].as_str().unwrap()).unwrap();
            let field = asked["field"].as_str().unwrap();
            assert_eq!(fields[field]["type"], "keyword", "{variable}");
        }
    }
}
