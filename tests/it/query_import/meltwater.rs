//! Meltwater.

use super::*;
use resonanz::query::import::Dialect::Meltwater;

#[test]
fn near_has_a_number_of_its_own() {
    becomes(Meltwater, "a NEAR b", "a NEAR/4 b");
    becomes(Meltwater, "a NEAR/10 b", "a NEAR/10 b");
    becomes(Meltwater, "a ONEAR b", "a NEAR/4f b");
    becomes(Meltwater, "a ONEAR/4 b", "a NEAR/4f b");
    finds(Meltwater, "a ONEAR/4 b", "b x a", false);
    becomes(
        Meltwater,
        "internat* NEAR/3 (\"b c\" OR dd*)",
        "internat* NEAR/3 (\"b c\" OR dd*)",
    );
    says(
        Meltwater,
        "a ONEAR b AND c NEAR/3 d",
        &[
            "kept 1:1 a -> a",
            "rewritten 1:3 ONEAR -> NEAR/4f",
            "kept 1:11 AND -> AND",
        ],
    );
    for written in ["NEAR/4f", "near/4", "NEAR/", "ONEAR/x"] {
        refuses(
            Meltwater,
            &format!("a {written} b"),
            written,
            ["ONEAR", "ONEAR"],
        );
    }
}

#[test]
fn a_boost_is_dropped_with_its_reason() {
    let query = "apple AND (watch OR iphone)^9";
    becomes(Meltwater, query, "apple AND (watch OR iphone)");
    says(
        Meltwater,
        query,
        &["kept 1:1 apple -> apple", "rewritten 1:28 ^9 -> "],
    );
    becomes(Meltwater, "a^2 AND \"b c\"^9", "a AND \"b c\"");
    refuses(Meltwater, "a^ AND b", "^", ["not known", "nicht bekannt"]);
}

#[test]
fn fields() {
    becomes(Meltwater, "title:(a OR b)", "title:a OR title:b");
    refuses(
        Meltwater,
        "ingress:(a OR b) AND c",
        "ingress:(a OR b)",
        ["lead", "Vorspann"],
    );
    for query in ["lang:de", "site:x.de", "language:de", "author:x", "url:x"] {
        refuses(Meltwater, query, query, ["not known", "nicht bekannt"]);
    }
}

#[test]
fn case_is_a_setting_and_said_once() {
    says(
        Meltwater,
        "minister AND BMI AND BMF",
        &["kept 1:14 BMI -> BMI"],
    );
    let report = imported(Meltwater, "minister AND BMI").report;
    assert!(report.losses[1].reason.en.contains("case_sensitivity"));
}

#[test]
fn what_is_not_established_is_refused() {
    for (query, written) in [
        ("\"a b\"~5", "~5"),
        ("{BMI}", "{BMI}"),
        ("a <<<b>>>", "<<<b>>>"),
        ("a AND wom?n", "wom?n"),
        ("a AND -b", "-b"),
        ("a AND [b]", "[b]"),
        ("a ATLEAST/3 b", "ATLEAST/3"),
    ] {
        refuses(Meltwater, query, written, ["not known", "nicht bekannt"]);
    }
}
