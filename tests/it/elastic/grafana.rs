//! What Grafana's data source sends, to a running house.

use super::{DAYS, House, PEOPLE, day};
use serde_json::{Value, json};
use std::path::Path;

/// Sends a recorded request as `_msearch`; its one answer.
async fn sent(house: &House, name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/grafana")
        .join(format!("{name}.ndjson"));
    let last = house.end.as_millisecond() - 1;
    let body = std::fs::read_to_string(file).unwrap();
    let body = body
        .replace("$FROM", &house.first_ms().to_string())
        .replace("$TO", &last.to_string());
    let path = "/es/_msearch?max_concurrent_shard_requests=5";
    let answer = house.ask("POST", path, &body).await;
    assert_eq!(answer.status, 200, "{name}: {answer:?}");
    let answer = answer.json();
    let responses = answer["responses"].as_array().unwrap();
    assert_eq!(responses.len(), 1);
    assert_eq!(responses[0]["status"], 200, "{name}: {answer}");
    responses[0].clone()
}

fn buckets(aggregation: &Value) -> Vec<Value> {
    let list = aggregation["buckets"].as_array();
    list.unwrap_or_else(|| panic!("{aggregation}")).clone()
}

fn counts(aggregation: &Value) -> Vec<i64> {
    let buckets = buckets(aggregation);
    buckets
        .iter()
        .map(|bucket| bucket["doc_count"].as_i64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_source_is_told_that_it_works() {
    let house = House::start();
    let about = house.ask("GET", "/es/", "").await;
    assert_eq!(about.json()["version"]["number"], "8.17.0");
    assert_eq!(about.json()["version"]["build_flavor"], "default");
    let health = "/es/_cluster/health?wait_for_status=yellow";
    assert_eq!(house.ask("GET", health, "").await.json()["status"], "green");
    let mapping = house.ask("GET", "/es/mentions/_mapping", "").await.json();
    let fields = &mapping["mentions"]["mappings"]["properties"];
    assert_eq!(fields["@timestamp"]["type"], "date");
    assert_eq!(fields["stance"]["type"], "keyword");
    assert!(fields.get("speaker").is_none());
    let caps = house
        .ask("GET", "/es/mentions/_field_caps?fields=@time*,text", "")
        .await;
    let fields = &caps.json()["fields"];
    assert_eq!(fields.as_object().unwrap().len(), 2, "{caps:?}");
    assert_eq!(fields["text"]["text"]["aggregatable"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn panels_get_their_numbers() {
    let house = House::start();
    let count = sent(&house, "count").await;
    assert_eq!(count["hits"]["hits"], json!([]));
    let days = buckets(&count["aggregations"]["2"]);
    let each: Vec<i64> = (1..=DAYS)
        .rev()
        .map(|back| PEOPLE + 2 + if back == 2 { 4 } else { 0 })
        .collect();
    assert_eq!(counts(&count["aggregations"]["2"]), each);
    assert_eq!(days[0]["key"], house.first_ms());
    assert_eq!(days[0]["key_as_string"], house.first_ms().to_string());

    let grouped = sent(&house, "group-by-terms").await;
    let kinds = buckets(&grouped["aggregations"]["4"]);
    let names: Vec<&str> = kinds
        .iter()
        .map(|kind| kind["key"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["post", "article"], "replies are of two people");
    assert_eq!(counts(&kinds[1]["2"]), vec![2; DAYS as usize]);
    assert!(kinds[0]["2"]["buckets"][0]["1"]["value"].as_f64().unwrap() > 0.0);

    let ordered = sent(&house, "order-by-metric").await;
    let kinds = buckets(&ordered["aggregations"]["3"]);
    assert!(kinds[0]["1"]["value"].as_f64() >= kinds[1]["1"]["value"].as_f64());

    let percentiles = sent(&house, "percentiles").await;
    let values = &percentiles["aggregations"]["2"]["buckets"][0]["1"]["values"];
    assert!(
        values["50.0"].as_f64() <= values["99.0"].as_f64(),
        "{values}"
    );

    let filters = sent(&house, "filters").await;
    let parts = &filters["aggregations"]["3"]["buckets"];
    assert_eq!(parts["Artikel"]["doc_count"], 2 * DAYS);
    assert_eq!(counts(&parts["Beiträge"]["2"]), vec![PEOPLE; DAYS as usize]);

    let ad_hoc = sent(&house, "ad-hoc-filters").await;
    assert_eq!(
        counts(&ad_hoc["aggregations"]["2"]),
        vec![PEOPLE; DAYS as usize]
    );
    let volume = sent(&house, "log-volume").await;
    let languages = buckets(&volume["aggregations"]["2"]);
    assert_eq!(languages[0]["key"], "de");
    let values = sent(&house, "variable-terms").await;
    let names: Vec<Value> = buckets(&values["aggregations"]["1"])
        .iter()
        .map(|value| value["key"].clone())
        .collect();
    assert_eq!(names, ["article", "post"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_weeks_are_those_of_the_calendar() {
    let house = House::start();
    let zoned = sent(&house, "time-zone").await;
    let days = buckets(&zoned["aggregations"]["2"]);
    // Berlin is ahead of UTC: the first and the last day are touched from both sides.
    assert_eq!(days.len() as i64, DAYS + 1);
    for bucket in &days {
        let start = bucket["key"].as_i64().unwrap();
        let start = jiff::Timestamp::from_millisecond(start).unwrap();
        let berlin = start.in_tz("Europe/Berlin").unwrap();
        assert_eq!((berlin.hour(), berlin.minute()), (0, 0), "{bucket}");
    }
    let total: i64 = counts(&zoned["aggregations"]["2"]).iter().sum();
    assert_eq!(total, DAYS * (PEOPLE + 2) + 4);
    let weeks = sent(&house, "calendar").await;
    for bucket in buckets(&weeks["aggregations"]["2"]) {
        let start = jiff::Timestamp::from_millisecond(bucket["key"].as_i64().unwrap()).unwrap();
        let monday = start.in_tz("UTC").unwrap().weekday();
        assert_eq!(monday, jiff::civil::Weekday::Monday);
    }
    let total: i64 = counts(&weeks["aggregations"]["2"]).iter().sum();
    assert_eq!(total, DAYS * (PEOPLE + 2) + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_and_documents_come_with_what_the_panels_read() {
    let house = House::start();
    let logs = sent(&house, "logs").await;
    let hits = logs["hits"]["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 20);
    let first = hits
        .iter()
        .find(|hit| hit["_source"]["kind"] == "post")
        .unwrap();
    assert_eq!(
        first["highlight"]["text"][0],
        "Die @HIGHLIGHT@Grenzkontrollen@/HIGHLIGHT@ sind für Pendler eine Zumutung, Tag 1."
    );
    let at = first["fields"]["@timestamp"][0].as_str().unwrap();
    assert_eq!(at, first["_source"]["@timestamp"]);
    assert_eq!(first["sort"].as_array().unwrap().len(), 2);
    let days = &logs["aggregations"]["1"];
    assert_eq!(counts(days).iter().sum::<i64>(), DAYS * (PEOPLE + 2) + 4);

    let context = sent(&house, "log-context").await;
    let times: Vec<i64> = context["hits"]["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["sort"][0].as_i64().unwrap())
        .collect();
    assert_eq!(times.len(), 10);
    assert!(times.is_sorted(), "oldest first: {times:?}");

    let raw = sent(&house, "raw-data").await;
    let total = raw["hits"]["hits"].as_array().unwrap().len();
    assert_eq!(total as i64, DAYS * (PEOPLE + 2) + 4);
    let marks = sent(&house, "annotations").await;
    let marks = marks["hits"]["hits"].as_array().unwrap();
    assert_eq!(marks.len() as i64, 2 * DAYS);
    assert!(marks[0]["_source"]["title"].is_string());
    let earliest = day(house.end, DAYS).to_string();
    assert!(
        marks.last().unwrap()["_source"]["@timestamp"]
            .as_str()
            .unwrap()
            >= &earliest[..10]
    );
}
