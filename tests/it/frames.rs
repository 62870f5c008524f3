//! Nothing is lost on the way from a frame's bytes to an item: whatever can be seen early, and
//! however JSON writes it, every post comes out with its words.

use proptest::prelude::*;
use resonanz::collect::bluesky::{Said, adapt};
use resonanz::model::Change;
use serde_json::{Value, json};

const POST: &str = "app.bsky.feed.post";

/// Writes JSON with keys in any order, blanks, and letters as escapes, as `dice` has it.
struct Writer<'a> {
    dice: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    out: String,
}

impl Writer<'_> {
    fn write(value: &Value, dice: &[u8]) -> String {
        let mut writer = Writer {
            dice: dice.iter().cycle(),
            out: String::new(),
        };
        writer.value(value);
        writer.out
    }

    fn one_of(&mut self, sides: u8) -> bool {
        self.dice.next().is_some_and(|die| die % sides == 1)
    }

    fn blank(&mut self) {
        if self.one_of(7) {
            self.out.push_str(" \t");
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            if self.one_of(5) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    self.out.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                let plain = Value::from(c.to_string()).to_string();
                self.out.push_str(&plain[1..plain.len() - 1]);
            }
        }
        self.out.push('"');
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => {
                self.out.push('[');
                for (i, item) in items.iter().enumerate() {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.value(item);
                }
                self.out.push(']');
            }
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                if self.one_of(3) {
                    fields.reverse();
                }
                self.out.push('{');
                for (i, (name, value)) in fields.into_iter().enumerate() {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.blank();
                    self.text(name);
                    self.blank();
                    self.out.push(':');
                    self.blank();
                    self.value(value);
                }
                self.out.push('}');
            }
            other => self.out.push_str(&other.to_string()),
        }
    }
}

fn collection() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        3 => Just(POST),
        1 => prop::sample::select(vec!["app.bsky.feed.like", "app.bsky.feed.post2",
            "app.bsky.feed.pos", "app.bsky.feed.postgate", "chat.bsky.post", ""]),
    ]
}

/// Umlauts in both Unicode forms, emoji, what JSON must escape, words of the protocol.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "Köln",
        "Ko\u{308}ln",
        "ß",
        "👍🏽",
        "\"",
        "\\",
        "\u{0}",
        "\n",
        "{",
        "}",
        " ",
        "a",
        "\"collection\":\"app.bsky.feed.like\"",
        "commit",
        "\u{2028}",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What other people put where nobody expects it. No list stands for an object: serde reads one as
/// the other, which loses nothing.
fn odd() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(null),
        json!(5),
        json!("x"),
        json!({}),
        json!({"uri": 7}),
        json!(true),
        json!(-1.5e300),
        json!({"parent": {"uri": "at://x"}}),
        json!({"external": {"uri": "https://a.example"}}),
        json!({"features": {}}),
        json!({"$type": POST, "collection": POST}),
    ])
}

fn record() -> impl Strategy<Value = Value> {
    let part = prop::sample::select(vec![
        "langs",
        "facets",
        "embed",
        "reply",
        "createdAt",
        "via",
    ]);
    let odds = prop::collection::vec((part, odd()), 0..3);
    (text(), odds).prop_map(|(text, odds)| {
        let mut record = json!({"$type": POST, "text": text});
        for (name, odd) in odds {
            record[name] = odd;
        }
        record
    })
}

fn v1(collection: &str, operation: &str, record: Value) -> Value {
    json!({"did": "did:plc:aaaa", "time_us": 1_795_161_600_000_000_i64, "kind": "commit",
        "commit": {"rev": "3mv", "operation": operation, "collection": collection,
            "rkey": "3mvpost", "record": record, "cid": "bafy"}})
}

fn v2(collection: &str, operation: &str, record: Value) -> Value {
    json!({"$type": "message", "payload": {
        "$type": "network.bsky.jetstream.subscribeEvents#commit", "seq": 101,
        "did": "did:plc:aaaa", "time": "2026-11-20T08:00:00.000000Z", "rev": "3mv",
        "operation": operation, "collection": collection, "rkey": "3mvpost", "record": record}})
}

/// The words of the one item that a frame brings.
fn words(frame: &str) -> Option<String> {
    match adapt(frame.as_bytes()) {
        Ok(Said::Event { changes, .. }) => changes.into_iter().find_map(|change| match change {
            Change::Upsert(item) => Some(item.text),
            Change::Delete(deletion) => Some(format!("deleted {}", deletion.id)),
            _ => None,
        }),
        Ok(_) => None,
        Err(rejection) => panic!("{rejection:?}: {frame}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_post_comes_out_and_nothing_else(
        collection in collection(),
        operation in prop::sample::select(vec!["create", "update", "delete"]),
        record in record(),
        is_v2 in any::<bool>(),
        dice in prop::collection::vec(any::<u8>(), 1..40),
        as_documented in any::<bool>(),
    ) {
        let expected = match (collection == POST, operation) {
            (false, _) => None,
            (true, "delete") => Some(format!("deleted at://did:plc:aaaa/{POST}/3mvpost")),
            (true, _) => record["text"].as_str().map(str::to_owned),
        };
        let frame = match is_v2 {
            true => v2(collection, operation, record),
            false => v1(collection, operation, record),
        };
        let written = match as_documented {
            true => canonical(&frame),
            false => Writer::write(&frame, &dice),
        };
        prop_assert_eq!(words(&written), expected, "{}", written);
    }
}

/// As a Jetstream writes it: the keys in its order, nothing escaped that need not be.
fn canonical(frame: &Value) -> String {
    let order = [
        "$type",
        "seq",
        "did",
        "time_us",
        "time",
        "kind",
        "commit",
        "payload",
        "rev",
        "operation",
        "collection",
        "rkey",
        "record",
        "cid",
    ];
    let Value::Object(fields) = frame else {
        return frame.to_string();
    };
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(name, _)| order.iter().position(|known| known == name));
    let nested = |name: &str| name == "commit" || name == "payload";
    let parts = fields.into_iter().map(|(name, value)| match nested(name) {
        true => format!("\"{name}\":{}", canonical(value)),
        false => format!("\"{name}\":{value}"),
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

#[test]
fn what_is_let_go_early_is_let_go_for_its_head_alone() {
    let like = canonical(&v1("app.bsky.feed.like", "create", json!({"subject": "x"})));
    let cut = &like[..like.find("record").unwrap()];
    assert_eq!(
        adapt(cut.as_bytes()).unwrap(),
        Said::Nothing,
        "it is not read on"
    );
    for (from, to) in [
        ("{\"did\"", "{ \"did\""),
        ("app.bsky.feed.like", "app.bsky.feed.\\u006cike"),
        ("\"collection\":", "\"collection\" :"),
        ("did:plc:aaaa", "did:plc:a\\\"a"),
    ] {
        let other = cut.replace(from, to);
        assert_ne!(other, cut);
        assert!(adapt(other.as_bytes()).is_err(), "read in full: {other}");
    }
    let hidden = like.replace(
        "\"rev\":\"3mv\"",
        "\"rev\":\"{\\\"collection\\\":\\\"x\\\"}\"",
    );
    assert!(matches!(adapt(hidden.as_bytes()), Ok(Said::Event { .. })));
}
