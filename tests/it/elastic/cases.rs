//! Searches by the state of cases: the same number on the page, in the API, in the dialect and on the
//! command line, at once when a case is opened, acknowledged or closed.

use super::House;
use crate::cli::run;
use resonanz::clock::Clock;
use resonanz::store::{NewCase, Store};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

/// A case of some mentions, opened while the house runs.
async fn open(store: &Store, ids: &[i64]) -> i64 {
    let now = Clock::system().now();
    let mut tx = store.begin().await.unwrap();
    let case = NewCase {
        rule: "flagged".to_owned(),
        watch: "ministry".to_owned(),
        opened: now,
        facts: json!({}),
        story: None,
    };
    let id = tx.open_case(&case).await.unwrap();
    for mention in ids {
        tx.add_to_case(id, *mention, now).await.unwrap();
    }
    tx.commit().await.unwrap();
    id
}

/// What whoever takes a case does to its row.
async fn set_state(sql: &SqlitePool, case: i64, state: &str) {
    let done = sqlx::query("UPDATE desk_case SET state = $2 WHERE id = $1")
        .bind(case)
        .bind(state)
        .execute(sql)
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), 1);
}

async fn check(house: &House, case: &str, expected: usize) {
    let path = format!("/api/search?case={case}");
    let api = house.ask("GET", &path, "").await.json();
    assert_eq!(api["total"], expected, "API, {case}");
    let page = house
        .ask("GET", &format!("/?case={case}&lang=en"), "")
        .await;
    assert!(
        page.body.contains(&format!("<h2>{expected} mention")),
        "page, {case}: {}",
        page.body
    );
    for query in [
        json!({ "term": { "case": case } }),
        json!({ "terms": { "case": [case] } }),
        json!({ "query_string": { "query": format!("case:{case}") } }),
        json!({ "bool": { "must_not": { "bool": { "must_not": { "term": { "case": case } } } } } }),
    ] {
        let found = house.search(json!({ "size": 0, "query": query })).await;
        assert_eq!(found["hits"]["total"]["value"], expected, "{query}");
    }
    let dir = house.data();
    let told = run(&["search", "", "--case", case, "--dir", dir, "--limit", "1"]);
    assert_eq!(told.code, 0, "{told:?}");
    let last = told.out.lines().last().unwrap();
    assert!(
        last.ends_with(&format!(" of {expected}")),
        "command line, {case}: {last}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_count_the_same_everywhere_and_at_once() {
    let house = House::start();
    let path = std::path::Path::new(house.data()).join("store.sqlite");
    let store = Store::open(&path).await.unwrap();
    let sql = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path));
    let sql = sql.await.unwrap();
    let all = store.count().await.unwrap() as usize;
    for case in ["open", "any", "closed"] {
        check(&house, case, 0).await;
    }
    check(&house, "none", all).await;
    let first = open(&store, &[1, 2, 3]).await;
    let second = open(&store, &[3, 4, 9]).await;
    check(&house, "open", 5).await;
    check(&house, "any", 5).await;
    check(&house, "none", all - 5).await;
    set_state(&sql, first, "acknowledged").await;
    check(&house, "acknowledged", 3).await;
    check(&house, "open", 3).await;
    set_state(&sql, second, "closed").await;
    check(&house, "open", 0).await;
    check(&house, "closed", 3).await;
    set_state(&sql, first, "answered").await;
    check(&house, "acknowledged", 0).await;
    check(&house, "answered", 3).await;
    check(&house, "any", 5).await;
    // Beside other conditions, and by time.
    let both = house.ask("GET", "/api/search?case=any&until=2000-01-01", "");
    assert_eq!(both.await.json()["total"], 0);
    let written = json!({ "query_string": { "query": "-case:* AND kind:reply" } });
    let found = house.search(json!({ "size": 0, "query": written })).await;
    assert_eq!(found["hits"]["total"]["value"], 4);
    let query = json!({ "bool": {
        "must_not": { "exists": { "field": "case" } }, "filter": { "term": { "kind": "reply" } } } });
    let found = house.search(json!({ "size": 0, "query": query })).await;
    assert_eq!(found["hits"]["total"]["value"], 4);
    sql.close().await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_are_asked_for_and_not_counted_by() {
    let house = House::start();
    let told = house.ask("GET", "/es/mentions/_field_caps?fields=case", "");
    assert_eq!(
        told.await.json()["fields"]["case"]["keyword"]["aggregatable"],
        false
    );
    for (body, reason) in [
        (
            json!({ "query": { "term": { "case": "mine" } } }),
            "[case] is one of open,",
        ),
        (
            json!({ "query": { "prefix": { "case": "o" } } }),
            "[prefix] on [case]",
        ),
        (
            json!({ "query": { "range": { "case": { "gte": 1 } } } }),
            "ranges of [case]",
        ),
        (
            json!({ "aggs": { "a": { "terms": { "field": "case" } } } }),
            "[case] can be searched and not counted",
        ),
        (json!({ "sort": ["case"] }), "sorting by anything but"),
    ] {
        let answer = house.ask("POST", "/es/_search", &body.to_string()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        let told = answer.json();
        let found = told["error"]["reason"].as_str().unwrap();
        assert!(found.contains(reason), "{reason}: {found}");
    }
}
