//! `replay`, `search`, `erase`, `rebuild-index`.

use super::*;

#[test]
fn an_import_takes_what_is_good_and_names_what_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data").to_str().unwrap().to_owned();
    let import = run(&["replay", IMPORT, "--dir", &data]);
    assert_eq!(import.code, 3, "{import:?}");
    assert!(
        import.err.contains("line 6: unknown field `gruppe`"),
        "{import:?}"
    );
    assert!(
        !import.err.contains('\x1b'),
        "colours are for terminals: {import:?}"
    );
    let told = "Imported 4 new mentions; 1 items matched no watch, 1 were taken back, 1 lines were refused.\n";
    assert_eq!(import.out, told);
    let found: Vec<Value> = hits(&data, "Grenzkontroll*");
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(hits(&data, "Fassung AND zweite").len(), 1);
    assert_eq!(
        hits(&data, "erste").len(),
        0,
        "the words before the edit are gone"
    );
    assert_eq!(hits(&data, "Passau").len(), 0, "deleted");
    assert_eq!(hits(&data, "Nudelsalat").len(), 0, "no watch matched it");
    let text = format!("{found:?}").to_lowercase();
    assert!(
        !text.contains("kanarienvogel") && !text.contains("anna.example"),
        "{text}"
    );
    // Once more, through the pipe: nothing is doubled.
    let bytes = std::fs::read(IMPORT).unwrap();
    let again = run_with_input(&["replay", "-", "--dir", &data], &bytes);
    assert_eq!(again.code, 3, "{again:?}");
    assert!(
        again.out.starts_with("Imported 0 new mentions;"),
        "{again:?}"
    );
    assert_eq!(hits(&data, "Grenzkontroll*").len(), 3);
    assert!(
        !Path::new(&data).join("mail").exists(),
        "an import mails nobody"
    );
    let rebuilt = run(&["rebuild-index", "--dir", &data]);
    assert_eq!((rebuilt.code, rebuilt.err.as_str()), (0, ""), "{rebuilt:?}");
    assert_eq!(rebuilt.out, "The index is made again: 3 mentions.\n");
    assert_eq!(hits(&data, "Grenzkontroll*").len(), 3);
}

#[test]
fn a_search_shows_a_table_and_points_at_faults() {
    let (_dir, data) = imported();
    let table = run(&["search", "title:Zahlen", "--dir", &data]);
    assert_eq!((table.code, table.err.as_str()), (0, ""), "{table:?}");
    let lines: Vec<&str> = table.out.lines().collect();
    assert!(lines[0].starts_with("ID "), "{table:?}");
    assert!(
        lines[1].contains("2026-11-20 10:00  web"),
        "in Berlin's time: {table:?}"
    );
    assert_eq!(lines[2], "1 of 1");
    let fault = run(&["search", "Grenze AND (Stau", "--dir", &data]);
    assert_eq!(fault.code, 2, "{fault:?}");
    let lines: Vec<&str> = fault.err.lines().collect();
    assert_eq!(lines[1], "  Grenze AND (Stau");
    let caret = lines[2].find('^').expect("a caret");
    assert_eq!(&lines[1][caret..=caret], "(", "{fault:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (_dir, data) = imported();
    for format in ["table", "jsonl"] {
        let mut command = resonanz(&["search", "", "--dir", &data, "--format", format]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let gone = ended(child.wait_with_output().unwrap());
        assert_eq!((gone.code, gone.err.as_str()), (0, ""), "{gone:?}");
    }
}

#[test]
fn what_is_erased_is_gone_and_stays_away() {
    let (_dir, data) = imported();
    let id = hits(&data, "title:Zahlen")[0]["id"].to_string();
    let erase = |what: &[&str]| run(&[what, &["--reason", "Az. 1", "--dir", &data]].concat());
    let erased = erase(&["erase", "--mention", &id]);
    assert_eq!(erased.code, 0, "{erased:?}");
    let (told, purged) = erased.out.trim_end().rsplit_once(' ').unwrap();
    assert_eq!(
        told,
        "Erased 1 mention from store, index and mails on disk.\n\
         mentions removed        1\n\
         kept away from now on   1\n\
         mails on disk redacted  0\n\
         index partitions        1 rewritten, 0 dropped\n\
         purged from all files  "
    );
    purged.parse::<jiff::Timestamp>().unwrap();
    let gone = erase(&["erase", "--mention", &id]);
    assert_eq!(gone.code, 1, "{gone:?}");
    let account = [
        "erase",
        "--account",
        "did:plc:eins",
        "--platform",
        "bluesky",
    ];
    assert_eq!(erase(&account).code, 0);
    assert_eq!(hits(&data, "Stau").len(), 0);
    let again = run(&["replay", IMPORT, "--dir", &data]);
    assert_eq!(again.code, 3, "{again:?}");
    assert_eq!(hits(&data, "Stau OR title:Zahlen").len(), 0);
}
