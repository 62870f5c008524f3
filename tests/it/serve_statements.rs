//! Our own statements that the office enters: by page and by API, and beside the report that differs.

use crate::http::Answer;
use crate::serve_house::*;
use resonanz::model::{Differs, Part, Span, StatementId};
use resonanz::serve::Config;
use serde_json::{Value, json};

async fn house() -> House {
    House::open(Config::default()).await
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

async fn post(house: &House, path: &str, body: &str) -> Answer {
    house.ask("POST", path, &[], body).await
}

async fn delete(house: &House, path: &str) -> Answer {
    house.ask("DELETE", path, &[], "").await
}

const TEXT: &str =
    "Die Bundespolizei hat im Oktober 12.345 Einreisen festgestellt.\r\n\r\nZweiter Absatz.";

fn filled() -> Vec<(&'static str, &'static str)> {
    vec![
        ("title", "Zahlen <für> Oktober"),
        ("text", TEXT),
        ("published", "2026-11-20T09:00"),
        ("url", "https://amt.example/oktober"),
    ]
}

#[tokio::test]
async fn a_statement_is_entered_changed_and_removed_by_page() {
    let house = house().await;
    let empty = house.get("/statements").await;
    assert!(
        empty
            .body
            .contains("Noch keine Veröffentlichung von Hand eingetragen.")
    );
    // The clock of the house says half past eight in Berlin.
    assert!(
        empty.body.contains("value=\"2026-11-22T08:30\""),
        "{}",
        empty.body
    );
    assert!(
        house
            .get("/claims?lang=en")
            .await
            .body
            .contains("href=\"/statements?lang=en\"")
    );
    let added = post(&house, "/statements?lang=de", &form(&filled())).await;
    assert_eq!(
        (added.status, added.header("location")),
        (303, "/statements/1?lang=de")
    );
    let page = house.get("/statements/1?lang=de").await.body;
    for shown in [
        "Zahlen &#60;für&#62; Oktober",
        "12.345 Einreisen festgestellt.\n\nZweiter Absatz.",
        "href=\"https://amt.example/oktober\"",
        "value=\"2026-11-20T09:00\"",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(
        house
            .get("/statements/1?lang=en")
            .await
            .body
            .contains("Reports that differ from it")
    );
    let mut other = filled();
    other[0].1 = "Neu";
    let changed = post(&house, "/statements/1", &form(&other)).await;
    assert_eq!(
        (changed.status, changed.header("location")),
        (303, "/statements/1")
    );
    assert!(house.get("/statements").await.body.contains(">Neu</a>"));
    assert_eq!(post(&house, "/statements/1", "remove=on").await.status, 303);
    for gone in ["/statements/1", "/statements/x", "/api/statements/1"] {
        assert_eq!(house.get(gone).await.status, 404, "{gone}");
    }
    assert_eq!(post(&house, "/statements/1", "remove=on").await.status, 404);
}

#[tokio::test]
async fn what_cannot_be_a_statement_is_refused_with_what_to_do() {
    let house = house().await;
    let long = "ä".repeat(20_001);
    for (name, value) in [
        ("text", " "),
        ("text", long.as_str()),
        ("title", &long[..1_200]),
        ("url", "http://amt.example/"),
        ("url", "javascript:alert(1)"),
        ("published", ""),
        ("published", "gestern"),
        ("published", "2062-11-20T09:00"),
    ] {
        let mut fields = filled();
        fields.iter_mut().find(|field| field.0 == name).unwrap().1 = value;
        let answer = post(&house, "/statements", &form(&fields)).await;
        assert_eq!(answer.status, 400, "{name}");
        assert!(
            answer.body.contains("höchstens 20.000 Zeichen"),
            "{}",
            answer.body
        );
    }
    assert_eq!(
        house.get("/api/statements").await.json()["items"],
        json!([])
    );
    let whole = "ä".repeat(20_000);
    let mut fields = filled();
    fields[1].1 = &whole;
    assert_eq!(
        post(&house, "/statements", &form(&fields)).await.status,
        303
    );
}

#[tokio::test]
async fn programs_do_the_same() {
    let house = house().await;
    let send = async |path: &str, body: Value| post(&house, path, &body.to_string()).await;
    let refused = send("/api/statements", json!({"title": "x"})).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.body.contains("missing field `text`"),
        "{}",
        refused.body
    );
    let added = send("/api/statements", json!({"text": "Alles gut."})).await;
    assert_eq!((added.status, added.json()), (201, json!({"id": 1})));
    let told = house.get("/api/statements/1").await.json();
    assert_eq!(told["published"], now().to_string());
    assert_eq!(told["mentions"], json!([]));
    let without_time = send("/api/statements/1", json!({"text": "Alles besser."})).await;
    assert_eq!(without_time.status, 400);
    assert!(without_time.body.contains("needs `published`"));
    let whole = json!({"text": "Alles besser.", "published": "2026-11-20T08:00:00Z"});
    assert_eq!(send("/api/statements/1", whole).await.status, 200);
    let told = house.get("/api/statements").await.json();
    assert_eq!(told["items"][0]["text"], "Alles besser.");
    assert_eq!(delete(&house, "/api/statements/1").await.status, 200);
    assert_eq!(delete(&house, "/api/statements/1").await.status, 404);
}

#[tokio::test]
async fn it_stands_beside_the_report_that_differs_with_its_address() {
    let house = house().await;
    post(&house, "/statements", &form(&filled())).await;
    let mut report =
        draft("1", "Im Oktober 21.345 Einreisen.", 60).article("Bericht", "zeitung.example");
    report.0.differs = vec![Differs {
        what: "number".into(),
        span: Span {
            part: Part::Text,
            start: 11,
            end: 17,
        },
        theirs: "21.345".into(),
        sentence: "Im Oktober 21.345 Einreisen.".into(),
        statement: StatementId::Entered(1),
        ours: "12.345".into(),
        our_sentence: "Die Bundespolizei hat im Oktober 12.345 Einreisen festgestellt.".into(),
        certainty: 0.9,
    }];
    house.memory.put(vec![report]).await;
    let page = house.get("/mentions/1").await.body;
    for shown in [
        "href=\"/statements/1\"",
        "href=\"https://amt.example/oktober\"",
        "12.345",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let told = house.get("/api/mentions/1").await.json();
    assert_eq!(
        told["differs"][0]["statement"],
        json!({"page": "/statements/1", "url": "https://amt.example/oktober"})
    );
    assert_eq!(told["looked"], Value::Null);
    let statement = house.get("/statements/1").await.body;
    assert!(statement.contains("href=\"/mentions/1\""), "{statement}");
    assert_eq!(
        house.get("/api/statements/1").await.json()["mentions"],
        json!([1])
    );
    post(&house, "/statements/1", "remove=on").await;
    assert!(!house.get("/mentions/1").await.body.contains("12.345"));
}
