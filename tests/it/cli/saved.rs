//! Saved searches and counts on the command line.

use super::*;
use serde_json::json;

fn totals(told: &Ended) -> &str {
    assert_eq!(told.code, 0, "{told:?}");
    told.out.lines().last().unwrap()
}

#[test]
fn a_search_is_saved_asked_renamed_and_deleted() {
    let (dir, data) = imported();
    let saved = run(&[
        "search",
        "Grenzkontroll*",
        "--source",
        "web",
        "--order",
        "oldest",
        "--since",
        "2020-01-01",
        "--save",
        "Grenze & Stau",
        "--dir",
        &data,
    ]);
    let plain = run(&[
        "search",
        "Grenzkontroll*",
        "--source",
        "web",
        "--order",
        "oldest",
        "--dir",
        &data,
    ]);
    assert_eq!((saved.code, saved.err.as_str()), (0, ""), "{saved:?}");
    assert_eq!(saved.out, plain.out);
    let asked = |name: &str| run(&["search", "--saved", name, "--dir", &data]);
    assert_eq!(asked("Grenze & Stau").out, plain.out);
    let list = || run(&["saved", "list", "--format", "jsonl", "--dir", &data]).rows();
    let listed = list();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        listed[0]["parameters"],
        "q=Grenzkontroll*&source=web&since=2019-12-31T23%3A00%3A00Z&order=oldest"
    );
    // What counts back, counts back from when it is asked.
    let week = run(&[
        "search", "", "--since", "7d", "--save", "Woche", "--dir", &data,
    ]);
    assert_eq!(week.code, 0, "{week:?}");
    assert_eq!(list()[1]["parameters"], "range=7d");
    let wrong: [(&[&str], &str); 6] = [
        (
            &["search", "", "--save", "Woche", "--stance", "critical"],
            "already",
        ),
        (
            &["search", "", "--save", "x", "--since", "90m"],
            "24h, 7d or 30d",
        ),
        (
            &["search", "", "--save", " ", "--stance", "critical"],
            "visible characters",
        ),
        (
            &["search", "--saved", "Niemand", "--limit", "3"],
            "saved list",
        ),
        (
            &["search", "--saved", "Woche", "--stance", "critical"],
            "cannot be used with",
        ),
        (
            &["search", "x", "--saved", "Woche", "--follow"],
            "cannot be used with",
        ),
    ];
    for (wrong, told) in wrong {
        let ended = run(&[wrong, &["--dir", &data]].concat());
        assert!(
            ended.code == 2 && ended.err.contains(told),
            "{wrong:?}: {ended:?}"
        );
    }
    // A copy has them too.
    let copy = dir.path().join("copy").to_str().unwrap().to_owned();
    assert_eq!(run(&["backup", "--to", &copy, "--dir", &data]).code, 0);
    let renamed = run(&["saved", "rename", "Grenze & Stau", "Grenze", "--dir", &data]);
    assert_eq!((renamed.code, renamed.err.as_str()), (0, ""), "{renamed:?}");
    assert_eq!(asked("Grenze").out, plain.out);
    assert_eq!(run(&["saved", "delete", "Grenze", "--dir", &data]).code, 0);
    assert_eq!(run(&["saved", "delete", "Grenze", "--dir", &data]).code, 2);
    assert_eq!(list().len(), 1);
    let restored = run(&["restore", "--from", &copy, "--replace", "--dir", &data]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert_eq!(list().len(), 2);
    assert_eq!(asked("Grenze & Stau").out, plain.out);
}

/// Seven people speak on two days of Berlin, one of them at two, and one paper writes.
fn counted() -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    for person in 0..14 {
        // Half past eleven at night in Berlin, and an hour later.
        let hour = if person < 7 { "22:30" } else { "23:30" };
        let item = json!({
            "source": "bluesky", "id": format!("{person}"), "kind": "post",
            "published": format!("2026-11-19T{hour}:00Z"), "lang": "de",
            "text": format!("Grenzkontrollen, die {person}."), "author": { "id": format!("p{}", person % 7) },
        });
        lines += &format!("{item}\n");
    }
    for (id, kind) in [("a", "reply"), ("b", "reply"), ("c", "article")] {
        let mut item = json!({
            "source": "web", "id": id, "kind": kind, "published": "2026-11-21T08:00:00Z",
            "text": "Grenzkontrollen", "lang": "de",
        });
        if kind == "reply" {
            item["author"] = json!({ "id": id });
        } else {
            item["site"] = json!("zeitung.example");
        }
        lines += &format!("{item}\n");
    }
    let file = written(&dir, "import.ndjson", &lines);
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    assert_eq!(run(&["replay", &file, "--dir", &data]).code, 0);
    (dir, data)
}

#[test]
fn counts_are_those_of_the_page_and_of_few_people_are_held_back() {
    let (_dir, data) = counted();
    let count = |query: &str, by: &str, format: &str| {
        let told = run(&[
            "search",
            query,
            "--count-by",
            by,
            "--format",
            format,
            "--dir",
            &data,
        ]);
        assert_eq!(
            (told.code, told.err.contains("error")),
            (0, false),
            "{told:?}"
        );
        told
    };
    assert_eq!(
        count("", "kind", "table").out,
        "MENTIONS  KIND\n14        post\n1         article\n\
         held back, fewer than five people: 1\n17 mentions\n"
    );
    let days = count("", "day", "jsonl").rows();
    assert_eq!(days[0], json!({ "day": "2026-11-19", "mentions": 7 }));
    assert_eq!(days[1], json!({ "day": "2026-11-20", "mentions": 7 }));
    assert_eq!(
        days.last().unwrap(),
        &json!({ "total": 17, "held_back": 1, "others": 0 })
    );
    assert_eq!(days.len(), 3, "the day of two people is not told: {days:?}");
    assert_eq!(
        count("", "month", "csv").out,
        "\u{feff}month;mentions\r\n2026-11-01;17\r\n"
    );
    assert_eq!(count("", "week", "jsonl").rows()[0]["week"], "2026-11-16");
    for by in [
        "watch", "target", "source", "stance", "flag", "language", "site", "voice",
    ] {
        assert_eq!(totals(&count("", by, "table")), "17 mentions", "{by}");
    }
    // So few that nothing is told, whatever they are counted by.
    for by in ["kind", "day"] {
        let few = count("type:reply", by, "jsonl").rows();
        assert_eq!(
            few,
            [json!({ "total": 2, "held_back": 1, "others": 0 })],
            "{by}"
        );
    }
    let none = count("Nudelsalat", "day", "jsonl").rows();
    assert_eq!(none, [json!({ "total": 0, "held_back": 0, "others": 0 })]);
    for wrong in [["--count-by", "author"], ["--count-by", "speaker"]] {
        let ended = run(&[&["search", "", "--dir", &data], &wrong[..]].concat());
        assert_eq!(ended.code, 2, "{ended:?}");
    }
    let sheet = run(&[
        "search",
        "",
        "--count-by",
        "day",
        "--format",
        "xlsx",
        "--dir",
        &data,
    ]);
    assert_eq!(sheet.code, 2, "{sheet:?}");
}
