//! Rules for X never miss a post that the query matches, and X would take them.

mod golden;
mod x_rules;

use super::agreement::Dice;
use proptest::prelude::*;
use resonanz::model::{Kind, Mention};
use resonanz::query::push_down::{Options, Outcome, Platform, PushDown, Spellings, push_down};
use resonanz::query::{Doc, Keys, Query, naive};
use resonanz::text::analyse;
use std::cell::Cell;
use x_rules::{Post, Rule, parse};

const DEFAULT: Options = Options {
    max_length: 1_024,
    spellings: Spellings::All,
};

fn made(written: &str, options: Options) -> PushDown {
    let query = match Query::parse(written) {
        Ok(query) => query,
        Err(error) => panic!("{error}"),
    };
    push_down(Platform::X, query.expr(), options)
}

/// The rules, each read as X would.
fn rules(made: &PushDown, options: Options) -> Vec<Rule> {
    let Outcome::Rules(rules) = &made.outcome else {
        return Vec::new();
    };
    assert!(!rules.is_empty() && rules.len() <= 1_000);
    let read = |rule: &resonanz::query::push_down::Rule| {
        assert!(rule.text.chars().count() <= rule.length, "{}", rule.text);
        assert!(rule.length <= options.max_length, "{}", rule.text);
        parse(&rule.text).unwrap_or_else(|error| panic!("{error}\n{}", rule.text))
    };
    rules.iter().map(read).collect()
}

fn naively(query: &Query, mention: &Mention) -> bool {
    let (title, text) = (analyse(&mention.title), analyse(&mention.text));
    let doc = Doc {
        title: &title,
        text: &text,
        keys: &Keys::of(mention),
    };
    naive::matches(query.expr(), &doc)
}

/// A mention as X's posts become one. A character that nobody sees is what `assumes` tells of.
fn on_x(mut mention: Mention, dice: &mut Dice) -> Mention {
    mention.source = "x".to_owned();
    mention.platform = "x".to_owned();
    mention.kind = [Kind::Post, Kind::Reply][dice.roll(2)];
    mention.site = String::new();
    mention.url = mention
        .url
        .map(|_| "https://x.com/BMI_Bund/status/1".to_owned());
    mention.title = mention.title.replace('\u{ad}', "");
    mention.text = mention.text.replace('\u{ad}', "");
    mention
}

fn post(mention: &Mention) -> Post {
    let text = format!("{}\n{}", mention.title, mention.text);
    Post::new(&text, mention.kind == Kind::Reply)
}

/// Texts that each query is tried on.
const TEXTS: usize = 60;
const QUERIES: u32 = 1_000;

#[test]
fn no_match_of_the_query_is_missed() {
    let (pushed, never, hits) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: QUERIES,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let seeds = (
        any::<u64>(),
        proptest::sample::select(vec![512, 1_024, 4_096]),
    );
    let outcome = runner.run(&seeds, |(seed, max_length)| {
        let mut dice = Dice(seed);
        let written = dice.query(2).replace("source:bluesky", "source:x");
        let query = Query::parse(&written).unwrap();
        let options = Options {
            max_length,
            ..DEFAULT
        };
        let made = push_down(Platform::X, query.expr(), options);
        if made.outcome == Outcome::Impossible {
            return Ok(());
        }
        let rules = rules(&made, options);
        let is_never = made.outcome == Outcome::Never;
        pushed.set(pushed.get() + u32::from(!is_never));
        never.set(never.get() + u32::from(is_never));
        for number in 0..TEXTS {
            let mention = dice.mention(number);
            let mention = on_x(mention, &mut dice);
            if naively(&query, &mention) {
                let post = post(&mention);
                let found = rules.iter().any(|rule| post.fulfils(rule));
                prop_assert!(
                    found,
                    "{written}\n{} / {}\n{made:?}",
                    mention.title,
                    mention.text
                );
                hits.set(hits.get() + 1);
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    // Not for want of rules or matches.
    let told = format!("{pushed:?} {never:?} {hits:?}");
    assert!(
        pushed.get() > QUERIES / 4 && never.get() > QUERIES / 100,
        "{told}"
    );
    assert!(hits.get() > 1_000, "{told}");
}

/// The words as a watch writes them, and texts that write them otherwise.
const WRITTEN: [(&str, &[&str]); 12] = [
    (
        "Köln",
        &[
            "Köln",
            "KÖLN",
            "Koeln",
            "koln",
            "Ko\u{308}ln",
            "#Köln",
            "Köln-Deutz",
        ],
    ),
    ("Straße", &["Straße", "STRASSE", "strasse", "#straße"]),
    (
        "E-Mail",
        &[
            "E-Mail",
            "email",
            "E–Mail",
            "e mail",
            "E\u{2011}Mail",
            "#EMail",
            "e_mail",
        ],
    ),
    (
        "Minister:in",
        &[
            "Minister:in",
            "Ministerin",
            "Minister*in",
            "Minister_in",
            "Minister in",
        ],
    ),
    (
        "Bürger:innen",
        &[
            "Bürger*innen",
            "Bürgerinnen",
            "Buerger:innen",
            "BURGERINNEN",
        ],
    ),
    (
        "Rückführung",
        &[
            "Rückführung",
            "Rueckfuehrung",
            "Ruckfuhrung",
            "rückfuehrung",
        ],
    ),
    ("wendy's", &["wendy's", "Wendy’s", "Wendys", "wendy s"]),
    ("9/11", &["9/11", "nach 9/11."]),
    (
        "#Rück_tritt",
        &["#Rück_tritt", "#RUECK_TRITT!", "#a#Rück_tritt#b"],
    ),
    ("@BMI_Bund", &["@BMI_Bund", "!@bmi_bund", "(@bmi_bund)"]),
    ("Łódź", &["Łódź", "LODZ", "łódź"]),
    ("👍", &["👍", "👍🏽", "👍👎", "gut👍"]),
];

#[test]
fn written_spellings_bring_what_the_watch_writes_in_full() {
    let options = Options {
        max_length: 512,
        spellings: Spellings::Written,
    };
    for (word, texts) in WRITTEN {
        for query in [
            word.to_owned(),
            format!("{word} OR Nichts"),
            format!("{word} AND Amt"),
        ] {
            let made = made(&query, options);
            let rules = rules(&made, options);
            for text in texts {
                let text = format!("Im Amt: {text}, heißt es");
                let post = Post::new(&text, false);
                assert!(
                    rules.iter().any(|rule| post.fulfils(rule)),
                    "{query} / {text}"
                );
            }
        }
    }
}

#[test]
fn a_long_query_becomes_several_rules_that_miss_nothing() {
    let list = |start: &str, count: usize| {
        let words: Vec<String> = (0..count).map(|n| format!("{start}wort{n}x")).collect();
        words
    };
    let (left, right) = (list("f", 60), list("g", 90));
    let either = format!("({}) AND ({})", left.join(" OR "), right.join(" OR "));
    for max_length in [512, 1_024, 2_048, 4_096] {
        for spellings in [Spellings::All, Spellings::Written] {
            let options = Options {
                max_length,
                spellings,
            };
            let made = made(&either, options);
            let rules = rules(&made, options);
            assert!(rules.len() > 1 || max_length > 1_024, "{}", rules.len());
            for (a, b) in left.iter().zip(right.iter().rev()) {
                let post = Post::new(&format!("{b} und {a}"), false);
                assert!(rules.iter().any(|rule| post.fulfils(rule)), "{a} {b}");
            }
        }
    }
    // A member that has no room is left out and told.
    let phrase = format!("\"{}\"", list("w", 400).join(" "));
    let made = made(&phrase, DEFAULT);
    let rules = rules(&made, DEFAULT);
    assert!((1..=50).contains(&rules.len()));
    let told = |note: &resonanz::query::push_down::Note| note.reason.en.contains("no room");
    assert!(made.notes.iter().any(told));
    let post = Post::new(&list("w", 400).join(" "), false);
    assert!(rules.iter().all(|rule| post.fulfils(rule)));
}

#[test]
fn hostile_queries_end_soon() {
    let many = (0..350).map(|n| format!("{}{n}", "aou".repeat(10)));
    let many: Vec<String> = many.collect();
    let long = (0..75).map(|n| format!("{}{n}", "b".repeat(190)));
    let long: Vec<String> = long.collect();
    let started = std::time::Instant::now();
    for words in [many, long] {
        for between in [" OR ", " AND "] {
            let made = made(&words.join(between), DEFAULT);
            rules(&made, DEFAULT);
            assert_ne!(made.outcome, Outcome::Never);
        }
    }
    let long_word = "ä".repeat(200);
    assert_eq!(made(&long_word, DEFAULT).outcome, Outcome::Impossible);
    let elapsed = started.elapsed();
    assert!(elapsed.as_secs() < 60, "{elapsed:?}");
}
