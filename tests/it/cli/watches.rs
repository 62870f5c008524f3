//! `watch` and `classify`.

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
    assert_eq!((one.code, one.out.lines().count()), (0, 1), "{one:?}");
    assert_eq!(one.err, "", "its query names no handle");

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
    let table = run(&["classify", text, "--target", "border-controls"]);
    assert_eq!((table.code, table.err.as_str()), (0, ""), "{table:?}");
    assert!(table.out.starts_with("model: lexicon-0"), "{table:?}");
    assert!(
        table.out.contains("border-controls: critical\n  -"),
        "{table:?}"
    );
    let rows = run(&["classify", text, "--format", "jsonl"]).rows();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["model"], "lexicon-0");
    let wrong = run(&["classify", text, "--target", "nobody"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(
        wrong
            .err
            .contains("there is no target `nobody`; there are ministry,")
    );
}
