//! Queries of other systems: what they become, what is said about it, what is refused and where.

mod brandwatch;
mod hostile;
mod meltwater;
mod talkwalker;

use resonanz::query::import::{Dialect, Imported, Loss, LossKind, LossReport, import};
use resonanz::query::{Doc, Keys, Query, RawKeys, naive};
use resonanz::text::analyse;

fn imported(dialect: Dialect, written: &str) -> Imported {
    let imported = match import(dialect, written) {
        Ok(imported) => imported,
        Err(report) => panic!("{written} was refused:\n{report}"),
    };
    assert!(imported.report.is_complete(), "{written}");
    whole(&imported.query);
    imported
}

/// The printed tree is understood as that tree.
fn whole(query: &Query) {
    let printed = query.expr().to_string();
    match Query::parse(&printed) {
        Ok(again) => assert_eq!(again.expr(), query.expr(), "{printed}"),
        Err(error) => panic!("{printed}: {error}"),
    }
}

/// The query becomes this tree.
fn becomes(dialect: Dialect, written: &str, tree: &str) {
    let imported = imported(dialect, written);
    assert_eq!(imported.query.expr().to_string(), tree, "of {written}");
}

/// What is said, in the order of the query: `rewritten 1:3 language:de -> lang:"de"`.
fn said(report: &LossReport) -> Vec<String> {
    let line = |loss: &Loss| {
        let (kind, became) = (loss.kind.as_str(), &loss.became);
        let place = format!("{}:{}", loss.line, loss.column);
        format!("{kind} {place} {} -> {became}", loss.written)
    };
    let told = report.losses.iter().filter(|loss| !loss.reason.is_empty());
    told.map(line).collect()
}

fn says(dialect: Dialect, written: &str, expected: &[&str]) {
    let report = match import(dialect, written) {
        Ok(imported) => imported.report,
        Err(report) => report,
    };
    assert_eq!(said(&report), expected, "of {written}\n{report}");
    for loss in &report.losses {
        assert_eq!(loss.reason.en.is_empty(), loss.reason.de.is_empty());
        assert!(loss.kind == LossKind::Kept || !loss.reason.is_empty());
    }
}

/// The query is refused at `written` only, for a reason with these words in English and German.
fn refuses(dialect: Dialect, query: &str, written: &str, words: [&str; 2]) {
    let report = match import(dialect, query) {
        Ok(imported) => panic!("{query} became {}", imported.query.written()),
        Err(report) => report,
    };
    let refused = |loss: &&Loss| loss.kind == LossKind::Unsupported;
    let losses: Vec<&Loss> = report.losses.iter().filter(refused).collect();
    assert_eq!(losses.len(), 1, "{query}:\n{report}");
    assert_eq!(losses[0].written, written, "{query}:\n{report}");
    assert_eq!(losses[0].became, "");
    let reason = &losses[0].reason;
    assert!(reason.en.contains(words[0]), "{query}: {reason:?}");
    assert!(reason.de.contains(words[1]), "{query}: {reason:?}");
}

/// The imported query on a text.
fn finds(dialect: Dialect, query: &str, text: &str, expected: bool) {
    on(dialect, query, "", text, RawKeys::default(), expected);
}

fn on(dialect: Dialect, query: &str, title: &str, text: &str, keys: RawKeys<'_>, expected: bool) {
    let query = imported(dialect, query).query;
    let (title_tokens, text_tokens) = (analyse(title), analyse(text));
    let doc = Doc {
        title: &title_tokens,
        text: &text_tokens,
        keys: &Keys::new(keys),
    };
    let found = naive::matches(query.expr(), &doc);
    assert_eq!(found, expected, "{} on {title} / {text}", query.expr());
}
