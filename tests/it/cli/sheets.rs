//! `search` for spreadsheets, and `search --follow`.

use super::*;
use crate::skipped::skipped;
use std::io::{BufRead, BufReader};

fn line(id: &str, text: &str) -> String {
    let item = serde_json::json!({
        "source": "web", "id": id, "kind": "comment", "published": "2026-11-20T08:15:00Z",
        "text": text, "lang": "de", "author": {"id": "x", "handle": "kanarienvogel", "name": "Anna"},
    });
    format!("{item}\n")
}

fn archive(texts: &[&str]) -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let lines: String = texts
        .iter()
        .enumerate()
        .map(|(n, text)| line(&n.to_string(), text))
        .collect();
    let file = written(&dir, "import.ndjson", &lines);
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    assert_eq!(run(&["replay", &file, "--dir", &data]).code, 0);
    (dir, data)
}

#[test]
fn a_sheet_holds_every_mention_and_no_formula() {
    let (_dir, data) = archive(&[
        "=HYPERLINK(\"https://example.org\";\"Grenzkontrollen\")",
        "Stau; wegen der \"Grenzkontrollen\"\nzweite Zeile",
    ]);
    let sheet = run(&["search", "", "--dir", &data, "--format", "csv"]);
    assert_eq!((sheet.code, sheet.err.as_str()), (0, ""), "{sheet:?}");
    assert!(
        sheet.out.starts_with("\u{feff}id;published;"),
        "{}",
        sheet.out
    );
    assert!(sheet.out.contains(";\"'=HYPERLINK("), "{}", sheet.out);
    assert!(
        sheet
            .out
            .contains("\"Stau; wegen der \"\"Grenzkontrollen\"\"\nzweite Zeile\"")
    );
    assert!(!sheet.out.contains("kanarienvogel") && !sheet.out.contains("Anna"));
    let follow = run(&["search", "", "--dir", &data, "--format", "xlsx", "--follow"]);
    assert_eq!(follow.code, 2, "{follow:?}");
}

/// Read back by a reader that nobody here wrote: Python's own zip and XML.
#[test]
fn a_sheet_of_xlsx_is_text_only() {
    let (dir, data) = archive(&["=1+1 Grenzkontrollen &amp; <b>", "Grenzkontrollen"]);
    let sheet = resonanz(&["search", "", "--dir", &data, "--format", "xlsx"])
        .output()
        .unwrap();
    assert!(sheet.status.success() && sheet.stdout.starts_with(b"PK"));
    let path = dir.path().join("mentions.xlsx");
    std::fs::write(&path, &sheet.stdout).unwrap();
    let read = "import sys, zipfile, xml.etree.ElementTree as t\n\
        z = zipfile.ZipFile(sys.argv[1])\n\
        print(len(t.fromstring(z.read('xl/worksheets/sheet1.xml')).findall('.//{*}row')))\n\
        print('<f>' in z.read('xl/worksheets/sheet1.xml').decode())\n\
        print(' | '.join(e.text for e in t.fromstring(z.read('xl/sharedStrings.xml')).iter() if e.text))\n";
    let Ok(python) = std::process::Command::new("python3")
        .args(["-c", read])
        .arg(&path)
        .output()
    else {
        return skipped("XLSX read by Python");
    };
    let told = String::from_utf8_lossy(&python.stdout);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(&lines[..2], ["3", "False"], "{python:?}");
    assert!(
        lines[2].contains("=1+1 Grenzkontrollen &amp; <b>"),
        "{told}"
    );
}

#[test]
fn following_prints_what_arrives() {
    let (dir, data) = archive(&["Grenzkontrollen zuerst"]);
    let mut command = resonanz(&[
        "search",
        "Grenzkontrollen",
        "--dir",
        &data,
        "--follow",
        "--format",
        "jsonl",
    ]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("zuerst"));
    let more = line("9", "Grenzkontrollen danach") + &line("10", "Das BMI und sonst nichts");
    let file = written(&dir, "more.ndjson", &more);
    assert_eq!(run(&["replay", &file, "--dir", &data]).code, 0);
    let next = lines.next().unwrap().unwrap();
    assert!(
        next.contains("danach") && !next.contains("zuerst"),
        "{next}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}
