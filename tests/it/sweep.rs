//! Searches the bytes of every file, because a query that finds nothing proves nothing.

use std::fs;
use std::path::{Path, PathBuf};

/// Every file below a directory.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found
}

/// The files below a directory that hold the needle or two thirds of it in a row (indexes cut
/// shared beginnings off), in any case, as UTF-8 or UTF-16.
pub fn holding(dir: &Path, needle: &str) -> Vec<PathBuf> {
    let needle: Vec<char> = needle.to_lowercase().chars().collect();
    let window = (needle.len() * 2 / 3).max(6).min(needle.len());
    // What all windows share is looked for first: most files do not even hold that.
    let core = encodings(&needle[needle.len() - window..window]);
    let windows: Vec<[Vec<u8>; 2]> = needle.windows(window).map(encodings).collect();
    files(dir)
        .into_iter()
        .filter(|path| {
            // A file that is gone meanwhile holds nothing.
            let bytes = lower(&fs::read(path).unwrap_or_default());
            let holds = |parts: &[Vec<u8>; 2]| parts.iter().any(|part| contains(&bytes, part));
            holds(&core) && windows.iter().any(holds)
        })
        .collect()
}

fn encodings(part: &[char]) -> [Vec<u8>; 2] {
    let text: String = part.iter().collect();
    let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [text.into_bytes(), utf16]
}

/// Fails and names the files where the needle, or most of it, is still in one.
#[track_caller]
pub fn assert_absent(dir: &Path, needle: &str) {
    let files = holding(dir, needle);
    assert!(files.is_empty(), "`{needle}` is still in {files:?}");
}

/// Lower case where the bytes are text; other bytes stay as they are.
fn lower(bytes: &[u8]) -> Vec<u8> {
    let mut lower = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        lower.extend(chunk.valid().to_lowercase().into_bytes());
        lower.extend(chunk.invalid());
    }
    lower
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    let first = part[0];
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        if rest[at..].starts_with(part) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

#[test]
fn finds_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/er");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    for content in [
        "xx kaffeefahrtministerium",
        "\u{1}KaffeeFAHRTministerium",
        "feefahrtministerium",
        "kaffeefahrtmini",
    ] {
        fs::write(&path, content).unwrap();
        let found = holding(dir.path(), "Kaffeefahrtministerium");
        assert_eq!(found, vec![path.clone()], "{content}");
    }
    let utf16: Vec<u8> = "ein Kaffeefahrtministerium"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(&path, utf16).unwrap();
    assert_eq!(holding(dir.path(), "kaffeefahrtministerium").len(), 1);
    fs::write(&path, "Kaffee im Innenministerium").unwrap();
    assert_absent(dir.path(), "kaffeefahrtministerium");
}
