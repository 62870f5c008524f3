//! How the cost of reading a query grows with its length: `cargo run --release --manifest-path
//! tests/fuzz/Cargo.toml --example linear`.
//!
//! A family a line, at 1, 2, 4, 8 and 16 KiB, and the factor from 1 to 16; linear is 16. What is
//! refused at its first fault reads no further and costs nothing. The second table has whole
//! queries on whole texts, as an editor or a hostile post could bring them.

use resonanz::cli::bench::measure::timed;
use resonanz::matching::{Matcher, StoredQuery};
use resonanz::query::Query;
use resonanz::query::import::{Dialect, import};

#[path = "checks.rs"]
#[allow(dead_code)]
mod checks;

/// A word made for patterns of many stars.
const LONG: &str = concat!(
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
);

const SIZES: [usize; 5] = [1024, 2048, 4096, 8192, 16_384];

/// What is read to its end, and what is refused there or on the way.
const FAMILIES: &[&str] = &[
    "a OR ",
    "\"a b\" OR ",
    "{a} AND ",
    "ab* OR ",
    "E-Mail-x OR ",
    "<<<a>>>",
    "site:x.de OR ",
    "title:a OR ",
    "#a OR ",
    "👍🏽 OR ",
    "a\u{301} OR ",
    "(a) OR ",
    "(a NEAR/3 b) OR ",
    "\"a b c\"~5 OR ",
    "\t \n",
    "(",
    "((",
    "(a AND ",
    "(a NEAR/3 ",
    "a NEAR/3 ",
    "NOT ",
    "a NOT ",
    "\"",
    "{",
    "<<<",
    "~5",
    "title:",
    "title:(",
    "site:(",
    "*a",
    "a",
    "ä",
    "\u{301}",
    "👩\u{200d}",
    "\u{200b}",
    "a ",
    "a-",
    "@a.",
    "https://",
    "-a:b ",
    "AND OR NOT NEAR/1 ",
];

fn main() {
    println!(
        "{:<22} {:>40} {:>8}",
        "read, in µs", "1 2 4 8 16 KiB", "factor"
    );
    for piece in FAMILIES {
        line(piece, "query", |written| drop(Query::parse(written)));
    }
    for piece in FAMILIES {
        for dialect in Dialect::ALL {
            line(piece, dialect.as_str(), |written| {
                drop(import(dialect, written))
            });
        }
    }
    println!(
        "\n{:<40} {:>12} {:>12} {:>12}",
        "match, in ms", "1,000 words", "5,000 words", "19,998 words"
    );
    for (name, written, word) in expensive() {
        match Query::parse(&written) {
            Ok(query) => matched(&name, &query, word),
            Err(error) => println!("{name:<40} refused: {}", error.message),
        }
    }
}

fn line(piece: &str, reader: &str, read: impl Fn(&str)) {
    let costs = SIZES.map(|bytes| {
        // Ends in an operand, so that what can be read is.
        let mut written = piece.repeat(bytes / piece.len() - 1);
        written.push('b');
        (0..9)
            .map(|_| micros(|| read(&written)))
            .fold(f64::MAX, f64::min)
    });
    let shown = costs.map(|cost| format!("{cost:.1}")).join(" ");
    let factor = costs[4] / costs[0];
    println!(
        "{:<11} {:<10} {shown:>40} {factor:>8.1}",
        format!("{piece:?}"),
        reader
    );
}

/// CPU time, for others may use the machine as well.
fn micros(work: impl FnOnce()) -> f64 {
    timed(work).0.as_secs_f64() * 1e6
}

/// Queries at the caps with the word that their texts are made of.
fn expensive() -> Vec<(String, String, &'static str)> {
    let times = |count: usize, operator: &str, one: &str| vec![one; count].join(operator);
    let six = "(a AND a AND a AND a AND a AND x)~4";
    let nested = "((a NEAR/100 b) NEAR/100 (b NEAR/100 a)) NEAR/100 (a NEAR/100 (b NEAR/100f x))";
    // No two letters in a row, so that they are tried on every word.
    let stars = |end: usize| format!("{}*b*{}", "*a".repeat(60), "?".repeat(end));
    vec![
        ("1,000 words".into(), times(1000, " OR ", "x"), "a x"),
        (
            "32 words NEAR each other".into(),
            times(32, " NEAR/100 ", "a"),
            "a b",
        ),
        ("a tree of NEAR".into(), nested.into(), "a b"),
        (
            "140 trees of NEAR".into(),
            times(140, " OR ", &format!("({nested})")),
            "a b",
        ),
        ("six near each other".into(), six.into(), "a y"),
        (
            "166 times six near each other".into(),
            times(166, " OR ", six),
            "a y",
        ),
        (
            "a phrase of 1,000".into(),
            format!("\"{}\"", times(1000, " ", "a")),
            "a",
        ),
        ("a pattern of 60 stars".into(), stars(0), LONG),
        (
            "75 patterns of 60 stars".into(),
            (0..75).map(stars).collect::<Vec<_>>().join(" OR "),
            LONG,
        ),
    ]
}

fn matched(name: &str, query: &Query, word: &str) {
    let stored = StoredQuery {
        watch: String::new(),
        target: String::new(),
        query: query.clone(),
    };
    let matcher = Matcher::new(vec![stored]);
    let costs = [1000, 5000, 19_998].map(|words| {
        let count = words / word.split(' ').count();
        let mention = checks::mention("", &format!("{} x", vec![word; count].join(" ")));
        let mut scratch = matcher.scratch();
        micros(|| drop(matcher.matches(&mention, &mut scratch))) / 1e3
    });
    println!(
        "{name:<40} {:>12.1} {:>12.1} {:>12.1}",
        costs[0], costs[1], costs[2]
    );
}
