//! Registers against what others made for them: a client of the Bundestag's DIP with strict models, a real
//! froide, which is the software of FragDenStaat, and Google's own description of its fact checks.

use crate::fixtures::{cases, input};
use crate::look::look;
use crate::peer_bluesky::Peer;
use crate::skipped::peer;
use crate::sources_registers::{fragdenstaat_at, paper};
use resonanz::collect::source::{Event, Source, Standing};
use resonanz::collect::{Recorded, poller::Poller};
use resonanz::model::{Change, Cursor, Item};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the client makes of each answer: the documents, or why it refuses.
fn as_the_client_reads(python: &Path, resource: &str, answers: &[Value]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/dip.py");
    let mut child = Command::new(python)
        .arg(script)
        .arg(resource)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = answers.iter().map(Value::to_string).collect();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(lines.join("\n").as_bytes()).unwrap();
    drop(stdin);
    let told = child.wait_with_output().unwrap();
    assert!(told.status.success());
    let told = String::from_utf8(told.stdout).unwrap();
    let told: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(told.len(), answers.len());
    told
}

/// What we make of an answer: each document's number and title, in the client's shape.
fn as_we_read(answer: &Value) -> Vec<(String, String)> {
    crate::fixtures::read(Recorded::Dip, answer.to_string().as_bytes())
        .iter()
        .filter(|line| !line.starts_with("refused: "))
        .map(|line| {
            let item: Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| item[key].as_str().unwrap().to_owned();
            let id = text("id").rsplit('/').next().unwrap().to_owned();
            (id, text("title"))
        })
        .collect()
}

#[test]
fn a_strict_client_takes_the_papers_that_our_tests_are_made_of() {
    let Some(python) = peer("client of the Bundestag's DIP", "dip/bin/python") else {
        return;
    };
    let list = |one: &Value| json!({"numFound": 1, "documents": [one], "cursor": "AoJw"});
    let mut seen = 0;
    for case in cases("dip") {
        let answer: Value = serde_json::from_slice(&input(&case)).unwrap();
        let documents = answer["documents"].as_array().cloned().unwrap_or_default();
        for one in documents {
            let resource = match one["typ"].as_str() {
                Some("Vorgang") => "vorgang",
                _ => "drucksache",
            };
            let ours = as_we_read(&list(&one));
            let told = as_the_client_reads(&python, resource, &[list(&one)]);
            match ours.as_slice() {
                [(id, title)] => {
                    assert_eq!(
                        told[0][0]["id"],
                        id.as_str(),
                        "{}: {told:?}",
                        case.display()
                    );
                    assert_eq!(told[0][0]["title"], title.as_str());
                    seen += 1;
                }
                _ => assert!(told[0]["refused"].is_string(), "{one}"),
            }
        }
    }
    assert!(seen >= 3, "{seen}");
    // What the tests of looks make up, and an answer that is none.
    let told = as_the_client_reads(
        &python,
        "drucksache",
        &[list(&paper(1, "Antrag")), json!({})],
    );
    assert_eq!(told[0][0]["id"], "1", "{told:?}");
    assert!(told[1]["refused"].is_string());
}

/// The news of one look.
async fn news(source: &Poller, resume: Option<Cursor>) -> (Vec<Item>, Option<Cursor>) {
    let (events, cursor, failure) = look(source, resume.clone()).await;
    assert_eq!(failure, None);
    let item = |event| match event {
        Event::Change(Change::Upsert(item)) => Some(*item),
        Event::Nothing => None,
        other => panic!("{other:?}"),
    };
    (
        events.into_iter().filter_map(item).collect(),
        cursor.or(resume),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_a_real_froide_are_read_page_by_page_and_told_again_when_they_end() {
    if peer("froide", "froide/bin/python").is_none() {
        return;
    }
    let mut froide = Peer::start("fragdenstaat", &[]);
    let more = json!({"public_bodies": ["amt-fuer-muster"], "max_pages": 3});
    let source = fragdenstaat_at(froide.hello("url"), more).unwrap();
    assert_eq!(source.check().await, Standing::Works);
    // More than a page has.
    let mut made = BTreeMap::new();
    for number in 1..=52 {
        let ask = json!({"do": "ask", "title": format!("Lagebild {number}"),
            "description": "Bitte senden Sie mir <Folgendes> zu.", "private": number == 2});
        let told = froide.say(&ask);
        made.insert(told["id"].as_u64().unwrap().to_string(), told);
    }
    let (items, cursor) = news(&source, None).await;
    assert_eq!(items.len(), 52);
    for item in &items {
        let told = &made[&item.id];
        let url = format!("{}{}", froide.hello("url"), told["url"].as_str().unwrap());
        assert_eq!(item.url.as_deref(), Some(url.as_str()));
        assert!(item.published.is_some());
        assert!(item.text.contains("Bitte senden Sie mir <Folgendes> zu."));
        assert!(item.text.contains("Amt für Muster"), "{}", item.text);
        let author = &item.author.as_ref().unwrap().id;
        let is_private = item.title.as_deref() == Some("Lagebild 2");
        let account = format!("user/{}", told["user"]);
        assert_eq!(*author == account, !is_private, "{author}");
    }
    assert!(news(&source, cursor.clone()).await.0.is_empty());

    let resolve = json!({"do": "resolve", "id": 7, "resolution": "refused",
        "summary": "Das Amt hat abgelehnt."});
    froide.say(&resolve);
    froide.say(&json!({"do": "hide", "id": 8}));
    let (again, cursor) = news(&source, cursor).await;
    let again: Vec<&str> = again.iter().map(|item| item.text.as_str()).collect();
    assert_eq!(again.len(), 1);
    assert!(again[0].contains("Das Amt hat abgelehnt.") && again[0].contains("abgelehnt"));
    assert!(news(&source, cursor).await.0.is_empty());
}

/// Google's description of a type, by its name.
struct Description(Value);

impl Description {
    fn read(file: &PathBuf) -> Self {
        Self(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
    }

    /// What a value has that the description does not allow.
    fn faults(&self, schema: &Value, value: &Value, at: &str) -> Vec<String> {
        if let Some(name) = schema["$ref"].as_str() {
            return self.faults(&self.0["schemas"][name], value, at);
        }
        let inside = |(key, value): (String, &Value), schema: &Value| {
            self.faults(schema, value, &format!("{at}.{key}"))
        };
        match (schema["type"].as_str(), value) {
            (Some("object"), Value::Object(fields)) => fields
                .iter()
                .flat_map(|(key, value)| match schema["properties"].get(key) {
                    Some(schema) => inside((key.clone(), value), schema),
                    None => vec![format!("{at}.{key} is not known")],
                })
                .collect(),
            (Some("array"), Value::Array(list)) => list
                .iter()
                .enumerate()
                .flat_map(|(n, value)| inside((n.to_string(), value), &schema["items"]))
                .collect(),
            (Some("string"), Value::String(_)) => Vec::new(),
            (kind, _) => vec![format!("{at} is no {kind:?}")],
        }
    }
}

#[test]
fn fact_checks_of_our_tests_are_as_google_describes_them() {
    let Some(file) = peer(
        "description of Google's fact checks",
        "prism/fact-check.json",
    ) else {
        return;
    };
    let description = Description::read(&file);
    const ANSWER: &str = "GoogleFactcheckingFactchecktoolsV1alpha1FactCheckedClaimSearchResponse";
    let answer = json!({"$ref": ANSWER});
    let mut told = 0;
    for case in cases("fact-check") {
        let value: Value = serde_json::from_slice(&input(&case)).unwrap();
        let mut claims = value["claims"].as_array().cloned().unwrap_or_default();
        // One case tells what is refused, too.
        claims.retain(|claim| claim["claimReview"].is_array());
        told += claims.len();
        let answered = json!({"claims": claims, "nextPageToken": "CAE"});
        let faults = description.faults(&answer, &answered, "");
        assert_eq!(faults, [""; 0], "{}", case.display());
    }
    assert!(told > 3);
    let odd = json!({"claims": [{"text": 7, "rating": "Falsch"}]});
    assert_eq!(description.faults(&answer, &odd, "").len(), 2);
}
