//! Fixture folders: `tests/fixtures/<source>/<case>/{input.*,expected.ndjson}`. A new case is a
//! new folder and no code.
//!
//! `expected.ndjson` is what `resonanz source read` prints: a change a line in the import shape, or
//! `refused: …`. `BLESS=1 cargo test` writes it from what the adapter makes; read it before you
//! commit it.

use resonanz::collect::{Recorded, read_recorded};
use std::fs;
use std::path::{Path, PathBuf};

/// What an adapter makes of recorded bytes, a line each.
pub fn read(kind: Recorded, input: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut input = input;
    read_recorded(kind, &mut input, &mut |change| {
        lines.push(match change {
            Ok(change) => change.to_line().to_string(),
            Err(rejection) => format!("refused: {rejection}"),
        });
        Ok(())
    })
    .expect("memory can be read");
    lines
}

/// The folders of a source's fixtures.
pub fn cases(source: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let folder = fs::read_dir(root.join(source)).unwrap();
    let mut cases: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// The recorded bytes of a case.
pub fn input(case: &Path) -> Vec<u8> {
    let mut entries = fs::read_dir(case).unwrap().map(|entry| entry.unwrap());
    let is_input = |name: &str| name.starts_with("input.");
    let entry = entries.find(|entry| is_input(&entry.file_name().to_string_lossy()));
    let entry = entry.unwrap_or_else(|| panic!("{} has no input", case.display()));
    fs::read(entry.path()).unwrap()
}

/// Holds every case of a source to what it expects.
pub fn check_folder(kind: Recorded, source: &str) {
    let cases = cases(source);
    assert!(!cases.is_empty(), "{source} has no fixtures");
    for case in cases {
        let actual = read(kind, &input(&case)).join("\n") + "\n";
        let expected = case.join("expected.ndjson");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &actual).unwrap();
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(actual, expected, "{}", case.display());
    }
}
