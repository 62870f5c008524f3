//! `bench archive`: runs to its end, which it does only where both indexes give the same answers.

use super::*;

#[test]
fn both_indexes_give_the_same_answers() {
    let told = run(&[
        "bench",
        "archive",
        "--mentions",
        "3000",
        "--weeks",
        "6",
        "--questions",
        "3",
        "--format",
        "jsonl",
    ]);
    assert_eq!(told.code, 0, "{told:?}");
    let rows = told.rows();
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    for name in [
        "index made from the store",
        "size of a mention",
        "time to open",
        "latest 20",
        "two words, AND",
        "phrase",
        "prefix",
        "NEAR",
        "30 days by stance",
        "terms over sources",
        "topic page, 30 days",
        "whole archive by week and stance",
    ] {
        let at = names.iter().position(|known| *known == name);
        let row = &rows[at.unwrap_or_else(|| panic!("{name} in {names:?}"))];
        assert!(
            row["ratio"].as_f64().is_some_and(|ratio| ratio > 0.0),
            "{row}"
        );
    }
}
