//! Deliveries of Messenger as another's framework keeps them for its own tests, and ours as it reads
//! them: the same messages come out. Their words and ids are not copied into the project.

use crate::fixtures::{cases, input, read};
use resonanz::collect::Recorded;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A delivery, and the messages that the other sees in it.
struct Seen {
    from: String,
    body: Value,
    told: BTreeSet<(String, String)>,
}

fn as_others_see(ours: &[Value]) -> Vec<Seen> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/messenger.cjs");
    let mut node = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> = ours.iter().map(Value::to_string).collect();
    let mut stdin = node.stdin.take().unwrap();
    stdin.write_all(lines.join("\n").as_bytes()).unwrap();
    drop(stdin);
    let told = node.wait_with_output().unwrap();
    assert!(told.status.success());
    let seen = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = line["told"].as_array().unwrap().iter();
        Seen {
            from: text(&line["from"]),
            told: told
                .map(|one| (text(&one["id"]), text(&one["text"])))
                .collect(),
            body: line["body"].take(),
        }
    };
    let told = String::from_utf8(told.stdout).unwrap();
    told.lines().map(seen).collect()
}

/// What we make of a delivery: new messages, and what is refused.
fn as_we_see(kind: Recorded, body: &Value) -> (BTreeSet<(String, String)>, Vec<String>) {
    let lines = read(kind, body.to_string().as_bytes());
    let (refused, lines): (Vec<_>, Vec<_>) = lines
        .into_iter()
        .partition(|line| line.starts_with("refused: "));
    let message = |line: &String| {
        let item: Value = serde_json::from_str(line).unwrap();
        let is_new = item["kind"] == "message" && item["edited"].is_null();
        let id = item["id"].as_str()?.strip_prefix("message:")?.to_owned();
        is_new.then(|| (id, item["text"].as_str().unwrap().to_owned()))
    };
    (lines.iter().filter_map(message).collect(), refused)
}

#[test]
fn another_s_framework_sees_the_same_messages() {
    let part = "bottender/package/lib/context/MessengerEvent.js";
    if crate::skipped::peer("framework for Messenger", part).is_none() {
        return;
    }
    let (mut ours, mut kinds) = (Vec::new(), Vec::new());
    for (kind, name) in [
        (Recorded::Facebook, "facebook"),
        (Recorded::Instagram, "instagram"),
    ] {
        for case in cases(name) {
            let mut body: Value = serde_json::from_slice(&input(&case)).unwrap_or_default();
            let Some(entries) = body["entry"].as_array_mut() else {
                continue;
            };
            // Messages that are delivered as changes are younger than the other.
            for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                entry.remove("changes");
            }
            ours.push(body);
            kinds.push(kind);
        }
    }
    let mut kinds = kinds.into_iter();
    let (mut recorded, mut messages) = (0, 0);
    for seen in as_others_see(&ours) {
        let is_ours = seen.from == "ours";
        let kind = if is_ours {
            kinds.next().unwrap()
        } else {
            Recorded::Facebook
        };
        let (told, refused) = as_we_see(kind, &seen.body);
        messages += told.len();
        if !is_ours {
            recorded += 1;
            assert_eq!((&told, refused), (&seen.told, Vec::new()), "{}", seen.from);
            continue;
        }
        // What we refuse is what has no sound id.
        assert!(told.is_subset(&seen.told), "{told:?} {:?}", seen.told);
        for (id, _) in seen.told.difference(&told) {
            assert!(id.is_empty() || id.contains(' '), "{id}");
        }
    }
    assert!(recorded > 30 && messages > 8, "{recorded} {messages}");
}
