//! What must hold of every input: shared by the fuzzers in `targets/` and by `tests/it`, which
//! replays the seeds, and what fuzzing once found, without a nightly compiler.
//!
//! Each check panics where something does not hold. The lengths that fuzzers may try are bounded by
//! `run`; only [`evaluate`] bounds its input itself, for the oracle is as slow as it may be.

use resonanz::matching::{MAX_HIGHLIGHTS, Matcher, StoredQuery, highlights};
use resonanz::model::{Kind, Mention, Part, Span};
use resonanz::privacy::MentionKey;
use resonanz::query::import::{Dialect, LossReport, import as read};
use resonanz::query::{self, Doc, Expr, Keys, Place, Query, QueryError, Test, naive};
use resonanz::text::{MAX_TERM_BYTES, MAX_TOKENS, Tokens, analyse as tokens_of};

/// Combinations that the oracle may go through for one input.
const MAX_WORK: u64 = 60_000;

/// Stars of one pattern; the oracle tries every length for each.
const MAX_STARS: usize = 3;

/// A query is refused with a place in it, or it is within the caps and printing it loses nothing.
pub fn query(written: &str) {
    match Query::parse(written) {
        Ok(query) => {
            within(query.expr(), query::MAX_DEPTH, query::MAX_LEAVES);
            prints_as_itself(written, query.expr());
        }
        Err(error) => refused(written, &error),
    }
    match Query::parse_search(written) {
        Ok(query) => {
            within(
                query.expr(),
                query::MAX_SEARCH_DEPTH,
                query::MAX_SEARCH_LEAVES,
            );
            prints_as_itself(written, query.expr());
        }
        Err(error) => refused(written, &error),
    }
}

/// A query of another system is refused with its place, or becomes a query that prints as itself.
pub fn import(written: &str) {
    for dialect in Dialect::ALL {
        let report = match read(dialect, written) {
            Ok(imported) => {
                assert!(imported.report.is_complete(), "{}", imported.report);
                let expr = imported.query.expr();
                within(expr, query::MAX_DEPTH, query::MAX_LEAVES);
                prints_as_itself(written, expr);
                imported.report
            }
            Err(report) => {
                assert!(!report.is_complete(), "{written:?} failed without a reason");
                report
            }
        };
        placed(written, &report);
    }
}

/// A query, a title and a text, one a line; the text is all that is left. The oracle and the
/// matcher give the same answer, and what is highlighted lies in the mention.
pub fn evaluate(input: &str) {
    let mut lines = input.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (written, mut title, mut text) = (line(), line(), line());
    let Ok(query) = Query::parse(written) else {
        return;
    };
    loop {
        let longest = tokens_of(title).len().max(tokens_of(text).len());
        if work(query.expr(), longest as u64) <= MAX_WORK {
            break;
        }
        if longest == 0 {
            return;
        }
        title = half(title);
        text = half(text);
    }
    if stars(query.expr()) <= MAX_STARS {
        agree(&query, title, text);
    }
}

/// A text of any kind: each word has its place, and both ways to read it give the same words.
pub fn analyse(text: &str) {
    let tokens = tokens_of(text);
    assert!(tokens.len() <= MAX_TOKENS);
    let mut read = Tokens::default();
    // What was read before must leave no trace.
    read.read("Köln https://x.de #a-b");
    read.read(text);
    assert_eq!(read.len(), tokens.len());
    let mut end = 0;
    for ((position, token), found) in (0..).zip(&tokens).zip(read.iter(text)) {
        assert_eq!(token.position, position);
        assert!(slice(text, token.start, token.end), "{token:?} in {text:?}");
        assert!(
            token.start < token.end && token.start >= end,
            "{token:?} in {text:?}"
        );
        end = token.end;
        assert_eq!(token.terms.is_empty(), token.exact.is_empty(), "{token:?}");
        assert!(token.exact.len() <= MAX_TERM_BYTES && token.exact == found.exact());
        assert!(
            token
                .terms
                .iter()
                .all(|term| term.len() <= MAX_TERM_BYTES && !term.is_empty())
        );
        assert!(
            token.terms.iter().map(String::as_str).eq(found.forms()),
            "{token:?}"
        );
    }
    let keys = Keys::default();
    for token in tokens
        .iter()
        .filter(|token| !token.exact.is_empty())
        .take(4)
    {
        // A word is found by itself, however it is made.
        let exact = format!("{{{}}}", token.exact);
        if let Ok(query) = Query::parse(&exact) {
            let doc = Doc {
                title: &[],
                text: &tokens,
                keys: &keys,
            };
            lie_within(&highlights(query.expr(), doc), "", text);
        }
    }
}

fn refused(written: &str, error: &QueryError) {
    assert!(written.get(error.start..error.end).is_some(), "{error:?}");
    // Message, the line of the query, carets, and the hint where there is one.
    let shown = error.to_string();
    assert!(shown.lines().all(|line| !line.is_empty()), "{shown}");
    assert!((3..=4).contains(&shown.lines().count()), "{shown}");
    assert!(!error.excerpt.contains(char::is_control), "{error:?}");
    let (excerpt, carets) = (error.excerpt.chars().count(), error.carets.chars().count());
    assert!(carets <= excerpt + 1, "{error:?}");
}

fn within(expr: &Expr, depth: usize, most: usize) {
    assert!(expr.depth() <= depth, "{expr}");
    assert!(leaves(expr) <= most, "{expr}");
}

fn leaves(expr: &Expr) -> usize {
    match expr {
        Expr::And { all, none } => all.iter().chain(none).map(leaves).sum(),
        Expr::Or(any) => any.iter().map(leaves).sum(),
        Expr::Words { place, .. } => place.words().len(),
        _ => 1,
    }
}

fn prints_as_itself(written: &str, expr: &Expr) {
    let printed = expr.to_string();
    match Query::parse(&printed) {
        Ok(again) => assert_eq!(again.expr(), expr, "{written:?} printed {printed:?}"),
        // `title:(a OR b)` prints the field twice, so that the print may be too long for a watch.
        Err(_) if printed.len() > query::MAX_BYTES => {}
        Err(error) => panic!("{written:?} printed {printed:?}: {error}"),
    }
}

fn placed(written: &str, report: &LossReport) {
    let lines: Vec<&str> = written.split('\n').collect();
    for loss in &report.losses {
        let line: String = lines[loss.line - 1].chars().skip(loss.column - 1).collect();
        let first = loss.written.split('\n').next().unwrap_or_default();
        assert!(line.starts_with(first), "{loss:?} in {written:?}");
        assert_eq!(
            loss.reason.en.is_empty(),
            loss.reason.de.is_empty(),
            "{loss:?}"
        );
    }
}

/// The first half of a text.
fn half(text: &str) -> &str {
    &text[..text.floor_char_boundary(text.len() / 2)]
}

/// About how many spans the oracle combines in a part of `n` positions.
fn work(expr: &Expr, n: u64) -> u64 {
    match expr {
        Expr::And { all, none } => all.iter().chain(none).map(|expr| work(expr, n)).sum(),
        Expr::Or(any) => any.iter().map(|expr| work(expr, n)).sum(),
        Expr::Words { place, .. } => combined(place, n).1,
        _ => 1,
    }
}

/// About how many spans a place has in `n` positions, and how many are combined to find them.
fn combined(place: &Place, n: u64) -> (u64, u64) {
    let most = n * n.div_ceil(2);
    let sum = |pairs: Vec<(u64, u64)>| {
        pairs.into_iter().fold((0, 0), |a: (u64, u64), b| {
            (a.0 + b.0, a.1.saturating_add(b.1))
        })
    };
    match place {
        Place::Word(word) => (2 * n, 2 * n + word.ways.len() as u64),
        Place::Phrase(words) => (2 * n, 4 * n * n * words.len() as u64),
        Place::Any(places) => {
            let all = sum(places.iter().map(|place| combined(place, n)).collect());
            (all.0.min(most), all.1)
        }
        Place::Near { left, right, .. } => {
            let (left, right) = (combined(left, n), combined(right, n));
            let pairs = left.0.saturating_mul(right.0);
            let spans = most.min(query::MAX_SPANS as u64);
            (spans, pairs.saturating_add(left.1).saturating_add(right.1))
        }
        Place::Within { places, .. } => {
            let all: Vec<(u64, u64)> = places.iter().map(|place| combined(place, n)).collect();
            let choices = all
                .iter()
                .fold(1, |product: u64, one| product.saturating_mul(one.0.max(1)));
            (most, sum(all).1.saturating_add(choices))
        }
    }
}

/// The most stars of a pattern of the query.
fn stars(expr: &Expr) -> usize {
    let count = |text: &str| text.matches('*').count();
    let of_test = |test: &Test| match test {
        Test::Wild(patterns) => patterns
            .iter()
            .map(|pattern| count(pattern))
            .max()
            .unwrap_or(0),
        _ => 0,
    };
    match expr {
        Expr::And { all, none } => all.iter().chain(none).map(stars).max().unwrap_or(0),
        Expr::Or(any) => any.iter().map(stars).max().unwrap_or(0),
        Expr::Words { place, .. } => {
            let words = place.words();
            words
                .iter()
                .flat_map(|word| word.ways.iter().flatten())
                .map(of_test)
                .max()
                .unwrap_or(0)
        }
        _ => count(&expr.to_string()),
    }
}

fn agree(query: &Query, title: &str, text: &str) {
    let mention = mention(title, text);
    let (title_tokens, text_tokens) = (tokens_of(title), tokens_of(text));
    let keys = Keys::of(&mention);
    let doc = Doc {
        title: &title_tokens,
        text: &text_tokens,
        keys: &keys,
    };
    let expected = naive::matches(query.expr(), &doc);
    let stored = StoredQuery {
        watch: "watch".to_owned(),
        target: "target".to_owned(),
        query: query.clone(),
    };
    let other = |written: &str| {
        let query = Query::parse(written).expect("a query of our own");
        StoredQuery {
            query,
            ..stored.clone()
        }
    };
    // Others share its words and stand beside it.
    let queries = vec![other("a OR köln"), stored.clone(), other("*inn* NEAR/2 b")];
    let matcher = Matcher::new(queries);
    let mut scratch = matcher.scratch();
    let says = || format!("{} on {title:?} / {text:?}", query.written());
    let found =
        |matcher: &Matcher, scratch: &mut _| matcher.numbers(&mention, scratch).contains(&1);
    assert_eq!(found(&matcher, &mut scratch), expected, "{}", says());
    assert_eq!(found(&matcher, &mut scratch), expected, "again: {}", says());
    let learned = matcher.relearned(&scratch);
    assert_eq!(
        found(&learned, &mut learned.scratch()),
        expected,
        "learned: {}",
        says()
    );
    let spans = highlights(query.expr(), doc);
    assert!(expected || spans.is_empty(), "{}", says());
    lie_within(&spans, title, text);
}

/// Highlights are sorted, apart from each other, and on character boundaries.
fn lie_within(spans: &[Span], title: &str, text: &str) {
    assert!(spans.len() <= MAX_HIGHLIGHTS);
    for span in spans {
        let part = match span.part {
            Part::Title => title,
            _ => text,
        };
        assert!(slice(part, span.start, span.end), "{span:?} in {part:?}");
    }
    let apart = |pair: &[Span]| pair[0].part != pair[1].part || pair[0].end <= pair[1].start;
    assert!(
        spans.is_sorted() && spans.windows(2).all(apart),
        "{spans:?}"
    );
}

/// True where a range of bytes is a piece of the text.
fn slice(text: &str, start: u32, end: u32) -> bool {
    text.get(start as usize..end as usize).is_some()
}

/// A mention with a value in each field.
pub fn mention(title: &str, text: &str) -> Mention {
    let now = "2026-11-23T08:00:00Z".parse().expect("a time of our own");
    Mention {
        key: MentionKey([0; 32]),
        source: "bluesky".to_owned(),
        platform: "bluesky".to_owned(),
        kind: Kind::Post,
        published: now,
        edited: None,
        collected: now,
        title: title.to_owned(),
        text: text.to_owned(),
        lang: "de".to_owned(),
        site: "sport.bild.de".to_owned(),
        url: Some("https://www.bild.de/Politik/1".to_owned()),
        links: vec!["https://x.example/?q=Köln".to_owned()],
        author: None,
        sealed: None,
        reply_to: None,
        marks: resonanz::model::Marks::default(),
    }
}
