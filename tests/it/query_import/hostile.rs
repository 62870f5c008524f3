//! Anything at all: no panic, no overflow, linear time, and trees that print as themselves.

use super::*;
use proptest::prelude::*;

/// On the stack that tokio gives its threads; an overflow would end the process.
#[test]
fn queries_that_kill_are_refused_at_once() {
    let tests = || {
        let pieces = [
            "(",
            "((",
            "NOT ",
            "-(",
            "-",
            "+",
            "++\"",
            "(a AND ",
            "a NEAR/3 ",
            "a ONEAR ",
            "title:",
            "title:(",
            "site:",
            "site:(",
            "author:(a OR ",
            "country:(",
            "flag:x ",
            "\"",
            "{",
            "{a",
            "[",
            "<<<",
            "<<<>>>",
            "~5",
            "^9",
            "^",
            ")",
            "*a",
            "a ",
            "ä ",
            "{Ab} ",
            "a\n",
            "@a ",
            "-a:b ",
            "!",
            "?",
            "👍",
            "\u{301}",
            "\0",
            "„",
            "a/1 ",
            "AAAA/1 ",
        ];
        for piece in pieces {
            for bytes in [2_000, 6_000, 16 * 1024, 20_000] {
                let killer = piece.repeat(bytes / piece.len());
                let nested = format!("{killer}b{}", ")".repeat(killer.matches('(').count()));
                for written in [killer, nested] {
                    at_once(&written);
                }
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(tests);
    thread.unwrap().join().unwrap();
}

fn at_once(written: &str) {
    for dialect in Dialect::ALL {
        // What takes more than linear time does not come back within a test's patience.
        if let Ok(imported) = import(dialect, written) {
            whole(&imported.query);
        }
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let long = "ä".repeat(8 * 1024 + 1);
    for dialect in Dialect::ALL {
        let report = import(dialect, &long).unwrap_err();
        assert_eq!(report.losses.len(), 1);
        assert_eq!(report.losses[0].column, 8 * 1024 + 1);
    }
}

/// Queries in the shape of a dialect's.
fn pieces(dialect: Dialect) -> impl Strategy<Value = String> {
    let own: &[&str] = match dialect {
        Dialect::Brandwatch => &[
            "{BMI}",
            "{BfV}",
            "{Bundestag}",
            "{bmi}",
            "raw:X",
            "author:(a.b OR c)",
            "language:de",
            "engagementType:REPLY",
            " NEAR/2f ",
            " NEAR/3 ",
            "\"a b c\"~4",
            "~3",
            "<<<c>>>",
            "Türkei",
            "country:deu",
            "latitude:[1 TO 2]",
            "site:(x.de OR twitter.com)",
            "links:",
        ],
        Dialect::Meltwater => &[
            " NEAR ",
            " ONEAR ",
            " ONEAR/3 ",
            " NEAR/12 ",
            "^9",
            "title:(a OR b)",
            "ingress:a",
            "BMI",
        ],
        Dialect::Talkwalker => &[
            "++\"BMI\"",
            "+\"@name\"",
            "+\"a-b\"",
            "-b",
            " -",
            "\"a b c\"~30",
            "lang:de",
            "sourcetype:ONLINENEWS",
            "domainurl:x.de",
            "mention:@a",
            "host_url:x",
            "BMI",
            "R&D",
            "c d",
            " NEAR/5 ",
            "is:retweet",
            "author:x",
        ],
    };
    let common = [
        "a",
        "b",
        "Köln",
        "minist*",
        "#tag",
        "@a_b",
        "E-Mail",
        "\"a b\"",
        "„x y“",
        "(",
        ")",
        "(",
        ")",
        " AND ",
        " AND ",
        " OR ",
        " OR ",
        " NOT ",
        "title:",
        "9/11",
        "§",
        "👍🏽",
        "Minister:in",
        "<x>",
        "x'y",
        "\n",
        " ",
        "und",
        "near",
        "*",
        "\"",
        "AND",
        "\u{301}",
    ];
    let all: Vec<String> = own
        .iter()
        .chain(&common)
        .map(|piece| (*piece).to_owned())
        .collect();
    prop::collection::vec(prop::sample::select(all), 0..12).prop_map(|pieces| pieces.concat())
}

/// Queries that are mostly read: operands joined by operators, in brackets.
fn sentences(dialect: Dialect) -> impl Strategy<Value = String> {
    let operand = match dialect {
        Dialect::Brandwatch => vec![
            "a",
            "Köln",
            "minist*",
            "{BMI}",
            "{BfV}",
            "\"a b\"",
            "\"a b c\"~4",
            "#tag",
            "@a",
            "9/11",
            "((a OR b) AND c)~5",
            "(a NEAR/3 b)",
            "(a NEAR/2f {BT})",
            "title:(a NEAR/2 b)",
            "title:(a OR b)",
            "title:\"a b c\"~2",
            "author:(x.y OR z)",
            "language:(de OR en)",
            "site:bild.de",
            "Yahoo!",
            "<<<c>>> d",
        ],
        Dialect::Meltwater => vec![
            "a",
            "Köln",
            "minist*",
            "\"a b\"",
            "(a NEAR b)",
            "(a ONEAR (b OR c))",
            "title:(a OR b)",
            "b^9",
            "(a OR c)^2",
            "E-Mail",
            "@a",
        ],
        Dialect::Talkwalker => vec![
            "a",
            "Köln",
            "minist*",
            "\"a b\"",
            "(a NEAR/3 b)",
            "++\"BMI\"",
            "+\"@name\"",
            "c -d",
            "\"a b c\"~30",
            "lang:de",
            "domainurl:x.de",
            "mention:(@a OR @b)",
            "sourcetype:ONLINENEWS",
        ],
    };
    let operator = prop::sample::select(vec![" AND ", " OR ", " AND NOT ", " NOT "]);
    let leaf = prop::sample::select(operand).prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 3, move |inner| {
        (inner.clone(), operator.clone(), inner).prop_map(|(a, op, b)| format!("({a}{op}{b})"))
    })
}

fn with_dialect<T: std::fmt::Debug>(
    written: impl Fn(Dialect) -> BoxedStrategy<T>,
) -> impl Strategy<Value = (Dialect, T)> {
    let each = |dialect| (Just(dialect), written(dialect));
    let [a, b, c] = Dialect::ALL.map(each);
    prop_oneof![a, b, c]
}

/// What holds for every import.
fn holds(dialect: Dialect, written: &str) -> Result<(), TestCaseError> {
    let report = match import(dialect, written) {
        Ok(imported) => {
            let printed = imported.query.expr().to_string();
            match Query::parse(&printed) {
                Ok(again) => prop_assert_eq!(again.expr(), imported.query.expr()),
                Err(error) => prop_assert!(false, "{} printed {}: {}", written, printed, error),
            }
            prop_assert!(imported.report.is_complete());
            imported.report
        }
        Err(report) => {
            prop_assert!(!report.is_complete());
            report
        }
    };
    let lines: Vec<Vec<char>> = written
        .split('\n')
        .map(|line| line.chars().collect())
        .collect();
    for loss in &report.losses {
        let line: String = lines[loss.line - 1][loss.column - 1..].iter().collect();
        let first = loss.written.split('\n').next().unwrap_or_default();
        prop_assert!(line.starts_with(first), "{:?} in {:?}", loss, written);
        prop_assert!(loss.kind == LossKind::Kept || !loss.reason.is_empty());
        prop_assert_eq!(loss.reason.en.is_empty(), loss.reason.de.is_empty());
        prop_assert!(loss.kind != LossKind::Unsupported || loss.became.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn pieces_of_a_dialect((dialect, written) in with_dialect(|d| pieces(d).boxed())) {
        holds(dialect, &written)?;
    }

    #[test]
    fn sentences_of_a_dialect((dialect, written) in with_dialect(|d| sentences(d).boxed())) {
        holds(dialect, &written)?;
    }

    #[test]
    fn nothing_written_panics(written in any::<String>()) {
        for dialect in Dialect::ALL {
            holds(dialect, &written)?;
        }
    }

    /// Proximity is never weakened: a query with `NEAR` has one in its tree or is refused.
    #[test]
    fn near_stays_near((dialect, written) in with_dialect(|d| sentences(d).boxed())) {
        if let Ok(imported) = import(dialect, &written) {
            let count = |text: &str| text.matches("NEAR").count() + text.matches('~').count();
            let tree = imported.query.expr().to_string();
            prop_assert!(count(&tree) >= count(&written), "{} became {}", written, tree);
        }
    }

    /// A native query in Brandwatch's part of the language means the same in both.
    #[test]
    fn what_both_languages_have_is_one_language(written in sentences(Dialect::Meltwater)) {
        let written = written.replace("Köln", "koeln").replace(['^', '@'], "x").replace("NEAR", "NEAR/4");
        let written = written.replace("ONEAR/4", "NEAR/4f");
        let native = Query::parse(&written).map(|query| query.expr().clone()).ok();
        let imported = import(Dialect::Brandwatch, &written).map(|i| i.query.expr().clone()).ok();
        prop_assert_eq!(imported, native);
    }
}
