//! Real answers and pushes, which are not copied into the project. Says so aloud where they are not
//! there.

use crate::fixtures::read;
use resonanz::collect::Recorded;
use std::path::PathBuf;

/// A recorded body.
fn recorded(name: &str) -> Option<Vec<u8>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("RESONANZ_SHARED").map_or(here, PathBuf::from);
    let file = data.join("payloads").join(name);
    match std::fs::read(&file) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            crate::skipped::skipped(&format!("recorded {} ({error})", file.display()));
            None
        }
    }
}

fn check(kind: Recorded, name: &str, items: usize, refused: usize, words: &str) {
    let Some(bytes) = recorded(name) else { return };
    let lines = read(kind, &bytes);
    let told = lines.iter().filter(|line| line.starts_with("refused: "));
    let told = told.count();
    assert_eq!(
        (lines.len() - told, told),
        (items, refused),
        "{name}: {lines:#?}"
    );
    assert!(
        lines.iter().any(|line| line.contains(words)),
        "{name}: {lines:#?}"
    );
}

#[test]
fn recorded_pushes_of_a_page() {
    let file = |case: &str| format!("facebook/webhook_{case}.json");
    let check = |case, words| check(Recorded::Facebook, &file(case), 1, 0, words);
    check(
        "feed-comment-add-25",
        "\"id\":\"901097836652708_903438993085259\"",
    );
    check("feed-comment-add-25", "\"id\":\"1234567890321\"");
    check("feed-comment-remove-25", "{\"delete\":{\"at\":");
    check("mention-comment-add", "Just a test message");
}

#[test]
fn recorded_answers_about_a_page() {
    check(
        Recorded::Facebook,
        "facebook/feed_fields_p1.json",
        5,
        0,
        "2021-07-04T19:50:58Z",
    );
}

/// These comments were asked for without their ids, which we never do: each is refused, none by a
/// panic. With ids they are comments.
#[test]
fn recorded_comments_of_a_page() {
    let name = "facebook/comments_p1.json";
    let Some(bytes) = recorded(name) else { return };
    let mut list: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let nodes = list["data"].as_array_mut().unwrap();
    let count = nodes.len();
    check(Recorded::Facebook, name, 0, count, "without a sound id");
    for (number, node) in nodes.iter_mut().enumerate() {
        node["id"] = format!("10158407654328553_{number}").into();
    }
    let lines = read(Recorded::Facebook, list.to_string().as_bytes());
    assert_eq!(lines.len(), count);
    assert!(
        lines
            .iter()
            .all(|line| line.contains("\"kind\":\"comment\""))
    );
    assert!(
        lines
            .iter()
            .all(|line| line.contains("\"published\":\"2021-0"))
    );
    assert!(!lines.iter().any(|line| line.contains("\"author\"")));
}

#[test]
fn recorded_answers_of_instagram() {
    let check = |case: &str, items, words| {
        check(
            Recorded::Instagram,
            &format!("instagram/{case}.json"),
            items,
            0,
            words,
        );
    };
    check("mentioned_comment", 1, "\"kind\":\"comment\"");
    check("mentioned_comment", 1, "\"handle\":\"ikroskun\"");
    check("mentioned_media", 1, "2021-08-19T09:00:22Z");
    check(
        "tagged_medias",
        TAGGED,
        "https://www.instagram.com/p/B8gQCApHMT-/",
    );
}

/// Tagged media with a caption.
const TAGGED: usize = 4;
