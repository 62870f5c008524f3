//! `watch test` on an archive, and the same in the API of a running house.

use super::daemon::Daemon;
use super::*;
use crate::http::ask;
use jiff::ToSpan;
use serde_json::json;

const OLD: &str = "Grenzkontroll* OR Nudelsalat";
const NEW: &str = "Grenzkontroll* NOT Ferien*";

/// Settings with one watch of this query. Every hour of it is silent.
fn house(dir: &TempDir, query: &str) -> String {
    let expires = jiff::Zoned::now().date() + 3.days();
    written(
        dir,
        "watches.toml",
        &format!(
            "[[target]]\nname = 'ziel'\nlabel = 'Ziel'\naliases = ['Ziel']\n\
             [[watch]]\nname = 'grenze'\nlabel = 'Grenze'\nquery = '{query}'\n\
             target = 'ziel'\npurpose = 'p'\nlegal_basis = 'l'\nowner = 'o'\napprover = 'a'\n\
             expires = '{expires}'\nmust_match = ['Die Grenzkontrollen']\n\
             must_not_match = ['Grenzkontrolle in den Ferien']\n"
        ),
    );
    let settings = format!(
        "{SILENT}[house]\nwatch_files = ['watches.toml']\n[serve]\nlisten = '127.0.0.1:0'\n"
    );
    written(dir, "house.toml", &settings)
}

/// An archive of 30 hits of [`OLD`], one an hour, and one that is too old to count: 24 are found by
/// [`NEW`] too.
fn filled(dir: &TempDir) -> (String, String) {
    let config = house(dir, OLD);
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    let now = resonanz::clock::Clock::system().now();
    let post = |number: i64, ago: jiff::Span, text: &str| {
        let published = (now - ago).to_string();
        json!({"source": "bluesky", "id": format!("at://x/{number}"), "kind": "post",
            "published": published, "text": text, "lang": "de"})
        .to_string()
    };
    let text = |number: i64| match number % 10 {
        0 => "Nudelsalat".to_owned(),
        1 => format!("Grenzkontrolle und Ferien {number}"),
        2..=4 => format!("Die Grenzkontrollen, sagt Nummer {number}"),
        _ => format!("Grenzkontrolle oder Grenzkontrollen? Nummer {number}"),
    };
    let mut lines: Vec<String> = (0..30).map(|i| post(i, i.hours(), &text(i))).collect();
    lines.push(post(99, (24 * 40).hours(), "Grenzkontrolle von früher"));
    let import = written(dir, "import.ndjson", &lines.join("\n"));
    let done = run(&["replay", &import, "--config", &config, "--dir", &data]);
    assert_eq!(done.code, 0, "{done:?}");
    (config, data)
}

fn test(config: &str, data: &str, more: &[&str]) -> Ended {
    let fixed = ["watch", "test", "grenze", "--config", config, "--dir", data];
    run(&[&fixed, more].concat())
}

fn preview(config: &str, data: &str, more: &[&str]) -> Value {
    let tested = test(config, data, &[more, &["--format", "jsonl"]].concat());
    assert_eq!(tested.err, "", "{tested:?}");
    tested.rows().remove(0)
}

fn check_preview(found: &Value) {
    assert_eq!(found["total"], 24, "{found}");
    let days = found["days"].as_array().unwrap();
    assert_eq!(days.len(), 30);
    let sum: u64 = days.iter().map(|day| day["hits"].as_u64().unwrap()).sum();
    assert_eq!(sum, 24, "every hit has its day: {found}");
    assert_eq!(found["sample"].as_array().unwrap().len(), 20);
    let terms = json!([
        {"term": "grenzkontrollen", "hits": 24, "alone": 9},
        {"term": "grenzkontrolle", "hits": 15, "alone": 0},
    ]);
    assert_eq!(found["terms"], terms);
    assert_eq!(found["terms_of"], 24);
    let difference = &found["difference"];
    assert_eq!(difference["query"], OLD);
    assert_eq!(difference["gained"]["total"], 0);
    assert_eq!(difference["lost"]["total"], 6);
    assert_eq!(difference["lost"]["sample"].as_array().unwrap().len(), 5);
    assert_eq!(found["tree"], "AND\n  Grenzkontroll*\n  NOT\n    Ferien*");
    let good = |example: &Value| example["matches"] == example["must_match"];
    assert!(found["examples"].as_array().unwrap().iter().all(good));
}

#[test]
fn a_changed_watch_is_tried_on_the_archive() {
    let dir = tempfile::tempdir().unwrap();
    let (config, data) = filled(&dir);
    let old = preview(&config, &data, &[]);
    assert_eq!(old["total"], 30, "{old}");
    assert_eq!(old["difference"], Value::Null, "it was never another one");
    assert_eq!(test(&config, &data, &[]).code, 3, "one example fails");

    check_preview(&preview(&config, &data, &["--query", NEW]));
    // The changed file says the same, before any house has read it.
    let config = house(&dir, NEW);
    check_preview(&preview(&config, &data, &[]));

    let ids = |found: &Value| {
        found["sample"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["id"].clone())
            .collect::<Vec<_>>()
    };
    let drawn = |seed| ids(&preview(&config, &data, &["--seed", seed]));
    assert_eq!(drawn("1"), drawn("1"));
    assert_ne!(drawn("1"), drawn("2"));
    assert_eq!(preview(&config, &data, &["--days", "90"])["total"], 25);
}

#[test]
fn a_person_reads_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (config, data) = filled(&dir);
    let table = test(&config, &data, &["--query", NEW]);
    assert_eq!((table.code, table.err.as_str()), (0, ""), "{table:?}");
    for line in [
        "  Grenzkontroll*",
        "grenze: 2 examples as they should be",
        "24 hits in 30 days",
        "24    9      grenzkontrollen",
        "Random hits",
        "Fewer, for example",
    ] {
        assert!(
            table.out.lines().any(|told| told == line),
            "{line}: {}",
            table.out
        );
    }
    assert!(
        table.out.contains(": 0 hits more, 6 hits fewer\n"),
        "{}",
        table.out
    );
    let wrong = test(&config, &data, &["--query", "Grenze AND (Stau"]);
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""), "{wrong:?}");
    assert!(wrong.err.contains("  Grenze AND (Stau\n"), "{wrong:?}");

    let elsewhere = dir.path().join("nowhere").to_str().unwrap().to_owned();
    let bare = test(&config, &elsewhere, &["--query", NEW]);
    assert_eq!(bare.code, 0, "{bare:?}");
    assert!(bare.err.starts_with("there is no archive in "), "{bare:?}");
    assert!(
        bare.out
            .ends_with("\ngrenze: 2 examples as they should be\n"),
        "{bare:?}"
    );
    assert!(!Path::new(&elsewhere).exists());
}

#[tokio::test]
async fn the_api_tells_the_same_and_a_hang_up_reads_the_watches_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (config, data) = filled(&dir);
    let mut daemon = Daemon::start(&["run", "--config", &config, "--dir", &data]);
    let address = daemon.address();
    let host = [("host", "127.0.0.1")];
    let post = async |body: Value| {
        ask(
            address,
            "POST",
            "/api/watches/test",
            &host,
            &body.to_string(),
        )
        .await
    };
    let list = ask(address, "GET", "/api/watches", &host, "").await.json();
    assert_eq!(
        list["items"],
        json!([{"name": "grenze", "label": "Grenze"}])
    );
    check_preview(&post(json!({"watch": "grenze", "query": NEW})).await.json());
    let long = format!("Grenzkontroll* OR ({})", vec!["Grünkohl"; 900].join(" OR "));
    let alone = post(json!({"query": long, "days": 2})).await.json();
    assert_eq!(alone["difference"], Value::Null);
    assert_eq!(alone["examples"], json!([]));
    assert!(alone["total"].as_u64().unwrap() > 0, "{alone}");
    for (body, status, told) in [
        (json!({}), 400, "name a `watch`"),
        (json!({"watch": "nichts"}), 404, "no such watch"),
        (json!({"query": "a", "days": 91}), 400, "1 … 90"),
        (
            json!({"query": "a", "author": "x"}),
            400,
            "unknown field `author`",
        ),
        (json!({"query": "NOT a"}), 400, "bad_query"),
        (json!({"query": "x".repeat(200_000)}), 413, "limit"),
    ] {
        let refused = post(body).await;
        assert_eq!(refused.status, status, "{refused:?}");
        assert!(refused.body.contains(told), "{told}: {refused:?}");
    }

    house(&dir, "Grenzkontroll* AND (");
    daemon.signal("HUP");
    daemon.wait_for("the watches stay as they were");
    house(&dir, NEW);
    daemon.signal("HUP");
    daemon.wait_for("The watches were read anew.");
    check_preview(&post(json!({"watch": "grenze"})).await.json());
    daemon.signal("TERM");
    assert_eq!(daemon.end(), Some(0), "{:?}", daemon.seen);
}
