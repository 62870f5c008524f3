//! Recorded requests with something broken in them: each is answered or refused, none is an error of
//! the house, and the house goes on.

use super::House;
use crate::dashboards::dir;
use serde_json::{Value, json};

/// A small generator, the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }
}

fn odd(dice: &mut Dice) -> Value {
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(1e308),
        json!(-1e308),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(0.1),
        json!(""),
        json!("*"),
        json!("now-9999y/M"),
        json!("\u{0}\u{202e}ß𝔄"),
        json!([]),
        json!({}),
        json!([[[1]]]),
        json!("title"),
        json!("speaker"),
        json!("@timestamp"),
        json!({ "field": "id" }),
        json!({ "terms": { "field": "kind" } }),
        json!("1ns"),
        json!("1ms"),
        json!("-1d"),
        json!("((((\"~^[TO]{:"),
        json!("a".repeat(3_000)),
    ];
    odd[dice.below(odd.len())].clone()
}

/// Breaks one place: a value, a key, or a member gone or doubled.
fn broken(value: &mut Value, dice: &mut Dice) {
    let inside = dice.below(8) > 0;
    match value {
        Value::Object(members) if inside && !members.is_empty() => {
            let at = dice.below(members.len());
            let name = members.keys().nth(at).unwrap().clone();
            match dice.below(10) {
                0 => drop(members.remove(&name)),
                1 => {
                    let moved = members.remove(&name).unwrap();
                    let names = [
                        "aggs",
                        "terms",
                        "date_histogram",
                        "percentiles",
                        "top_hits",
                        "x",
                        "",
                    ];
                    members.insert(names[dice.below(names.len())].to_owned(), moved);
                }
                _ => broken(&mut members[&name], dice),
            }
        }
        Value::Array(list) if inside && !list.is_empty() => {
            let at = dice.below(list.len());
            broken(&mut list[at], dice);
        }
        value => *value = odd(dice),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_requests_are_answered_or_refused() {
    let mut house = House::start();
    let folder = dir().join("../tests/fixtures/grafana");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "ndjson"))
        .collect();
    files.sort();
    let mut dice = Dice(7);
    let mut answered = 0;
    for round in 0..600 {
        let text = std::fs::read_to_string(&files[round % files.len()]).unwrap();
        let body = text.lines().nth(1).unwrap();
        let body = body
            .replace("$FROM", &house.first_ms().to_string())
            .replace("$TO", &house.end.as_millisecond().to_string());
        let mut body: Value = serde_json::from_str(&body).unwrap();
        for _ in 0..=dice.below(3) {
            broken(&mut body, &mut dice);
        }
        let answer = house.ask("POST", "/es/_search", &body.to_string()).await;
        assert!(
            [200, 400, 408].contains(&answer.status),
            "{body}: {answer:?}"
        );
        answered += usize::from(answer.status == 200);
        assert!(answer.body.len() < 2_000_000, "{body}");
    }
    assert!(
        (20..580).contains(&answered),
        "{answered} of 600 were answered"
    );
    let health = house.ask("GET", "/readyz", "").await;
    assert_eq!(health.status, 200, "{health:?}");
    house.stop();
    let log = house.log();
    assert!(!log.contains("ERROR"), "{log}");
    assert!(!log.contains("damaged"), "{log}");
}
