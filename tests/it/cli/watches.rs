//! `watch` and `explain`.

use super::*;

#[test]
fn watches_are_listed_with_what_they_warn_of() {
    let table = run(&["watch", "list"]);
    assert_eq!(table.code, 0, "{table:?}");
    assert!(table.out.starts_with("WATCH "), "{table:?}");
    assert_eq!(table.err.lines().count(), 1, "{table:?}");
    assert!(
        table.err.starts_with("warning: @BMI_Bund (ministry,"),
        "{table:?}"
    );
    let rows = run(&["watch", "list", "--format", "jsonl"]).rows();
    assert_eq!(rows.len() + 1, table.out.lines().count());
    for row in rows {
        for key in [
            "name",
            "query",
            "purpose",
            "legal_basis",
            "owner",
            "approver",
            "expires",
        ] {
            assert!(!row[key].as_str().unwrap().is_empty(), "{key}: {row}");
        }
    }
}

#[test]
fn examples_of_watches_are_tested() {
    let good = run(&["watch", "test"]);
    assert_eq!(good.code, 0, "{good:?}");
    assert!(good.err.starts_with("warning: @BMI_Bund"), "{good:?}");
    let one = run(&["watch", "test", "border-controls"]);
    assert_eq!(one.code, 0, "{one:?}");
    let last = "\nborder-controls: 9 examples as they should be\n";
    assert!(one.out.ends_with(last), "{one:?}");
    assert!(!one.err.contains("warning"), "its query names no handle");

    let dir = tempfile::tempdir().unwrap();
    let starter = resonanz::config::STARTER_WATCHES;
    let spoilt = starter.replace("Grenzkontrollen bringen nix außer Stau.", "Nudelsalat.");
    assert_ne!(starter, spoilt);
    written(&dir, "w.toml", &spoilt);
    let config = written(&dir, "house.toml", "[house]\nwatch_files = ['w.toml']\n");
    let bad = run(&["watch", "test", "--config", &config]);
    assert_eq!(bad.code, 3, "{bad:?}");
    let told = "border-controls: must match, but does not: Nudelsalat.";
    assert!(bad.out.lines().any(|line| line == told), "{bad:?}");
    let rows = run(&["watch", "test", "--config", &config, "--format", "jsonl"]).rows();
    let failed: Vec<&Value> = rows.iter().filter(|row| row["ok"] == false).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["text"], "Nudelsalat.");
}

#[test]
fn a_text_is_tried_on_the_watches() {
    let text = "Stau wegen der Grenzkontrollen";
    let tried = run(&["watch", "test", "--text", text]);
    assert_eq!(tried.code, 0, "{tried:?}");
    assert!(
        tried
            .out
            .contains("border-controls: matches (Grenzkontrollen)")
    );
    assert!(tried.out.contains("citizenship: no match"));
}

#[test]
fn a_text_is_classified_with_reasons() {
    let text = "Die Grenzkontrollen sind Unsinn";
    let table = run(&["explain", text, "--target", "border-controls"]);
    assert_eq!((table.code, table.err.as_str()), (0, ""), "{table:?}");
    assert!(table.out.starts_with("model: resonanz-1\n"), "{table:?}");
    assert!(
        table.out.contains("border-controls: critical (") && table.out.contains(": Unsinn"),
        "{table:?}"
    );
    let rows = run(&["explain", text, "--format", "jsonl"]).rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["model"], "resonanz-1");
    let wrong = run(&["explain", text, "--target", "nobody"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(
        wrong
            .err
            .contains("there is no target `nobody`; there are ministry,")
    );
}

#[test]
fn a_query_of_another_system_is_imported() {
    let args = ["watch", "import", "--dialect", "brandwatch", "-"];
    let table = run_with_input(&args, b"{BMI} NEAR/5f Minist*\nAND language:de\n");
    assert_eq!((table.code, table.err.as_str()), (0, ""), "{table:?}");
    let lines: Vec<&str> = table.out.lines().collect();
    assert!(lines[0].starts_with("WHAT "), "{table:?}");
    assert!(
        lines[2].starts_with("rewritten  2:5    language:de  lang:\"de\""),
        "{table:?}"
    );
    let end = [
        "4 constructs kept, 1 rewritten, 0 unsupported.",
        "",
        "Query:",
        "{BMI} NEAR/5f Minist* AND lang:\"de\"",
        "",
        "Understood as:",
        "{BMI} NEAR/5f Minist* AND lang:\"de\"",
    ];
    assert_eq!(lines[3..], end, "{table:?}");

    let jsonl = [&args[..], &["--format", "jsonl"]].concat();
    let rows = run_with_input(&jsonl, "\u{feff}Türkei AND {BMI}".as_bytes()).rows();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["kind"], "rewritten");
    assert_eq!(
        (&rows[0]["line"], &rows[0]["column"]),
        (&1.into(), &1.into())
    );
    assert!(rows[0]["reason_de"].as_str().unwrap().contains("Umlaut"));
    assert_eq!(rows[1]["kind"], "kept");
    assert_eq!(rows[2]["kind"], "query");
    assert_eq!(rows[2]["tree"], "Türkei AND {BMI}");
}

#[test]
fn an_import_with_losses_prints_no_query() {
    let dir = tempfile::tempdir().unwrap();
    let file = written(&dir, "query.txt", "a NEAR b\nAND ingress:c");
    let args = ["watch", "import", "--dialect", "meltwater", &file];
    let refused = run(&args);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(!refused.out.contains("Query:"), "{refused:?}");
    assert!(refused.out.contains("unsupported  2:5    ingress:c"));
    let told = "No query was made: 1 construct unsupported.\n";
    assert_eq!(refused.err, told);
    let jsonl = run(&[&args[..], &["--format", "jsonl"]].concat());
    assert_eq!(jsonl.code, 2);
    assert!(jsonl.rows().iter().all(|row| row["kind"] != "query"));

    let import = ["watch", "import", "--dialect", "talkwalker", "-"];
    for (input, code) in [
        (b"a \xff" as &[u8], 2),
        (b"", 2),
        (&[b'('; 100_000], 2),
        (b"a AND b", 0),
    ] {
        assert_eq!(run_with_input(&import, input).code, code, "{input:?}");
    }
    let missing = [
        "watch",
        "import",
        "--dialect",
        "talkwalker",
        "/nowhere/q.txt",
    ];
    assert_eq!(run(&missing).code, 1);
}

#[test]
fn watches_are_pushed_down_or_told_what_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let watches = "
[[target]]
name = 'ministry'
label = 'Ministerium'
aliases = ['Innenministerium']

[[watch]]
name = 'ministry'
label = 'Ministerium'
query = 'Innenministerium NEAR/3 (Köln OR Bonn*)'
target = 'ministry'
purpose = 'Erkennen öffentlicher Äußerungen'
legal_basis = 'Art. 6'
owner = 'Referat Presse'
approver = 'Leitung'
expires = '2027-06-30'
must_match = ['Innenministerium Köln']
must_not_match = ['Köln']
";
    written(&dir, "w.toml", watches);
    let config = written(&dir, "house.toml", "[house]\nwatch_files = ['w.toml']\n");

    let args = [
        "watch",
        "push-down",
        "x",
        "--spellings",
        "written",
        "--config",
        &config,
    ];
    let table = run(&args);
    assert_eq!(table.code, 0, "{table:?}");
    let lines: Vec<&str> = table.out.lines().collect();
    assert!(lines[0].ends_with(": 1 rule"), "{table:?}");
    assert!(lines[1].starts_with("WHAT  "), "{table:?}");
    assert_eq!(
        lines[lines.len() - 1],
        "16      innenministerium",
        "{table:?}"
    );
    assert!(
        table.err.starts_with("X compares letters as written"),
        "{table:?}"
    );

    let rows = run(&[&args[..], &["--format", "jsonl"]].concat()).rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["outcome"], "rules");
    assert_eq!(rows[0]["rules"][0]["text"], "innenministerium");
    assert_eq!(rows[0]["rules"][0]["length"], 16);
    assert_eq!(rows[0]["notes"][0]["effect"], "widened");
    assert!(
        !rows[0]["notes"][0]["reason_de"]
            .as_str()
            .unwrap()
            .is_empty()
    );

    let blocked = run(&["watch", "push-down", "x", "border-controls"]);
    assert_eq!((blocked.code, blocked.err.as_str()), (3, ""), "{blocked:?}");
    assert!(
        blocked.out.contains("\nblocks   Grenzkontroll*"),
        "{blocked:?}"
    );
    for (args, told) in [
        (
            &["bluesky"] as &[&str],
            "only a platform with a rule language does: x",
        ),
        (&["x", "nothing"], "there is no watch `nothing`"),
        (
            &["x", "--max-length", "280"],
            "x has rules of 512, 1024, 2048, 4096 characters, not 280",
        ),
    ] {
        let wrong = run(&[&["watch", "push-down"], args].concat());
        assert_eq!((wrong.code, wrong.out.as_str()), (2, ""), "{wrong:?}");
        assert!(wrong.err.contains(told), "{wrong:?}");
    }
}
