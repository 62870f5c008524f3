//! Highlights; what matches is held by `tests/it/agreement.rs` and `tests/it/query.rs`.

use super::*;
use crate::model::{Kind, Mention, Part};
use crate::privacy::MentionKey;
use crate::query::naive;
use crate::text::analyse;

/// The query on a title and a text, with the places found put in brackets.
fn check(query: &str, title: &str, text: &str, expected: &str) {
    let query = Query::parse(query).unwrap();
    let (title_tokens, text_tokens) = (analyse(title), analyse(text));
    let keys = Keys::default();
    let doc = Doc {
        title: &title_tokens,
        text: &text_tokens,
        keys: &keys,
    };
    assert!(naive::matches(query.expr(), &doc), "{}", query.written());
    let mut shown = format!("{title} / {text}");
    let offset = title.len() + 3;
    for span in highlights(query.expr(), doc).into_iter().rev() {
        let shift = if span.part == Part::Text { offset } else { 0 };
        shown.insert(span.end as usize + shift, ']');
        shown.insert(span.start as usize + shift, '[');
    }
    assert_eq!(shown, expected);
}

#[test]
fn words_that_matched_are_marked() {
    check(
        "bmi",
        "BMI sagt",
        "das #BMI, ja",
        "[BMI] sagt / das [#BMI], ja",
    );
    check(
        "\"das bmi\" OR nein",
        "",
        "das BMI und das",
        " / [das BMI] und das",
    );
    check("title:bmi AND ja", "BMI", "BMI ja", "[BMI] / BMI [ja]");
    check(
        "Köln*",
        "",
        "In Ko\u{308}lner Straßen",
        " / In [Ko\u{308}lner] Straßen",
    );
    check(
        "e-mail",
        "",
        "eine E-Mail und eMail",
        " / eine [E-Mail] und [eMail]",
    );
}

#[test]
fn what_not_excludes_is_not_marked() {
    check("a NOT (b AND c)", "", "a b a", " / [a] b [a]");
    check("a AND (b OR (c NOT a))", "", "a b c", " / [a] [b] c");
}

#[test]
fn of_near_only_the_pairs_are_marked() {
    check("a NEAR/1 b", "", "a x b x x a", " / [a] x [b] x x a");
    check(
        "(a NEAR/1f b) NEAR/2 c",
        "",
        "c c a b x c x x a",
        " / [c] [c] [a] [b] x [c] x x a",
    );
    check(
        "\"a b c\"~1",
        "",
        "c x b a x x x b",
        " / [c] x [b] [a] x x x b",
    );
}

#[test]
fn marks_are_merged_and_bounded() {
    check("\"a b\" OR \"b c\"", "", "a b c", " / [a b c]");
    let text = "a x ".repeat(200);
    let tokens = analyse(&text);
    let keys = Keys::default();
    let query = Query::parse("a").unwrap();
    let doc = Doc {
        title: &[],
        text: &tokens,
        keys: &keys,
    };
    assert_eq!(highlights(query.expr(), doc).len(), MAX_HIGHLIGHTS);
}

fn stored(written: &str) -> StoredQuery {
    StoredQuery {
        watch: written.to_owned(),
        target: String::new(),
        query: Query::parse(written).unwrap(),
    }
}

/// How many of the queries are looked at, and which match.
fn found(queries: &[&str], text: &str) -> (usize, Vec<String>) {
    let matcher = Matcher::new(queries.iter().map(|written| stored(written)).collect());
    let (mut scratch, mention) = (matcher.scratch(), mention(text));
    let candidates = matcher.presearch(&mention, &mut scratch);
    let matches = matcher.matches(&mention, &mut scratch);
    (
        candidates,
        matches.into_iter().map(|found| found.watch).collect(),
    )
}

#[test]
fn only_queries_whose_rarest_words_occur_are_looked_at() {
    let queries = [
        "der AND Bundesinnenministerium",
        "(der OR die) AND (Grenzkontrolle OR Zurückweisung) NOT Kilo",
        "*ministerium",
        "die",
    ];
    assert_eq!(found(&queries, "der und die"), (1, vec!["die".to_owned()]));
    let (candidates, matches) = found(&queries, "Das Innenministerium und die Zurückweisung");
    assert_eq!(candidates, 3);
    assert_eq!(matches, [queries[1], queries[2], queries[3]]);
}

#[test]
fn queries_of_wildcards_or_fields_alone_are_found() {
    let queries = [
        "*enz*",
        "gr?nze",
        "*n?e",
        "type:post",
        "type:article",
        "{Grenze}",
        "{grenze}",
    ];
    let (_, matches) = found(&queries, "Die Grenze");
    assert_eq!(
        matches,
        ["*enz*", "gr?nze", "*n?e", "type:post", "{Grenze}"]
    );
    let (candidates, matches) = found(&queries, "nichts");
    assert_eq!((candidates, matches), (2, vec!["type:post".to_owned()]));
}

/// A text made for it must not hold up the stream: here every word is near every other.
#[test]
fn hostile_texts_are_matched_in_bounded_time() {
    let queries = [
        "((a NEAR/100 b) NEAR/100 (b NEAR/100 a)) NEAR/100 (a NEAR/100 (b NEAR/100 c))",
        "((a OR b) NEAR/100 (b OR a)) NEAR/100 ((a OR b) NEAR/100 ((a OR b) NEAR/100f (a OR b)))",
        "\"a b a b a c\"~100",
        "\"a a a a a a\"~100 AND c",
    ];
    let matcher = Matcher::new(queries.map(stored).into());
    let mention = mention(&format!("c {}c", "a b ".repeat(10_000)));
    // What is not bounded does not come back within a test's patience.
    let matched = matcher.matches(&mention, &mut matcher.scratch());
    assert!(!matched.is_empty());
}

fn mention(text: &str) -> Mention {
    let now = "2026-11-23T08:00:00Z".parse().unwrap();
    Mention {
        key: MentionKey([0; 32]),
        source: "test".to_owned(),
        platform: "test".to_owned(),
        kind: Kind::Post,
        published: now,
        edited: None,
        collected: now,
        title: String::new(),
        text: text.to_owned(),
        lang: String::new(),
        site: String::new(),
        url: None,
        links: Vec::new(),
        author: None,
        sealed: None,
        reply_to: None,
        marks: crate::model::Marks::default(),
    }
}
