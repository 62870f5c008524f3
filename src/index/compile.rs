//! Makes a tantivy query out of a query's tree. What it means is said in [`crate::query`].

use super::lanes::Pace;
use super::near::NearQuery;
use super::scan::{ScanQuery, Sought};
use super::schema;
use crate::model::Part;
use crate::query::{Days, Expr, KeyField, Keyword, Place, Test, Word};
use std::ops::Bound;
use std::sync::Arc;
use tantivy::Term;
use tantivy::query::{BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

/// The query for an index of [`schema::build`]. Never fails; running it fails with
/// [`too_broad`](super::scan::too_broad) where a wildcard inside a phrase or `NEAR` stands for too
/// many words ([`MAX_EXPANSIONS`](super::near::MAX_EXPANSIONS)), and when `pace` has no time left.
pub fn compile(expr: &Expr, pace: &Pace) -> Box<dyn Query> {
    let compile = |expr: &Expr| compile(expr, pace);
    match expr {
        Expr::And { all, none } => {
            let mut clauses = clauses(Occur::Must, all.iter().map(compile));
            clauses.extend(self::clauses(Occur::MustNot, none.iter().map(compile)));
            Box::new(BooleanQuery::new(clauses))
        }
        Expr::Or(any) => combine(Occur::Should, any.iter().map(compile)),
        Expr::Words { scope, place } => {
            let fields = match scope {
                None => &[schema::TITLE, schema::TEXT][..],
                Some(Part::Title) => &[schema::TITLE],
                Some(Part::Text) => &[schema::TEXT],
            };
            combine(
                Occur::Should,
                fields.iter().map(|field| in_field(*field, place, pace)),
            )
        }
        Expr::Keyword(keyword) => in_keys(keyword, pace),
        Expr::Published(days) => Box::new(published(days)),
    }
}

fn published(days: &Days) -> RangeQuery {
    let days = days.span_ms();
    let term = |ms| Term::from_field_i64(schema::PUBLISHED, ms);
    RangeQuery::new(
        Bound::Included(term(days.start)),
        Bound::Excluded(term(days.end)),
    )
}

fn in_keys(keyword: &Keyword, pace: &Pace) -> Box<dyn Query> {
    let field = schema::key(keyword.field);
    let whole = !matches!(
        keyword.field,
        KeyField::Site | KeyField::Url | KeyField::Links
    );
    if whole && !keyword.value.contains(['*', '?']) {
        return term(field, &keyword.value);
    }
    Box::new(ScanQuery {
        field,
        sought: Sought::Keyword(keyword.clone()),
        pace: pace.clone(),
    })
}

fn in_field(field: Field, place: &Place, pace: &Pace) -> Box<dyn Query> {
    let candidates = candidates(field, place, pace);
    if is_decided_by_terms(place) {
        return candidates;
    }
    Box::new(NearQuery {
        field,
        place: Arc::new(place.clone()),
        candidates: Arc::from(candidates),
        pace: pace.clone(),
    })
}

/// True where a mention that has the words has the place.
fn is_decided_by_terms(place: &Place) -> bool {
    match place {
        Place::Word(word) => word.ways.iter().all(|way| way.len() == 1),
        Place::Any(places) => places.iter().all(is_decided_by_terms),
        Place::Phrase(_) | Place::Near { .. } | Place::Within { .. } => false,
    }
}

/// Mentions that have the words of a place, wherever they stand.
fn candidates(field: Field, place: &Place, pace: &Pace) -> Box<dyn Query> {
    match place {
        Place::Word(word) => word_candidates(field, word, pace),
        Place::Phrase(words) => combine(
            Occur::Must,
            words.iter().map(|word| word_candidates(field, word, pace)),
        ),
        Place::Any(places) => combine(
            Occur::Should,
            places.iter().map(|place| candidates(field, place, pace)),
        ),
        Place::Within { places, .. } => combine(
            Occur::Must,
            places.iter().map(|place| candidates(field, place, pace)),
        ),
        Place::Near { left, right, .. } => {
            let both = [left, right].into_iter();
            combine(
                Occur::Must,
                both.map(|place| candidates(field, place, pace)),
            )
        }
    }
}

fn word_candidates(field: Field, word: &Word, pace: &Pace) -> Box<dyn Query> {
    let ways = word.ways.iter().map(|way| {
        let tests = way.iter().map(|test| test_candidates(field, test, pace));
        combine(Occur::Must, tests)
    });
    combine(Occur::Should, ways)
}

fn test_candidates(field: Field, test: &Test, pace: &Pace) -> Box<dyn Query> {
    match test {
        Test::Terms(terms) => combine(Occur::Should, terms.iter().map(|text| term(field, text))),
        Test::Exact(exact) => term(field, &schema::exact_term(exact)),
        Test::Wild(patterns) => Box::new(ScanQuery {
            field,
            sought: Sought::Wild(patterns.clone()),
            pace: pace.clone(),
        }),
    }
}

fn term(field: Field, text: &str) -> Box<dyn Query> {
    let term = Term::from_field_text(field, text);
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// One query of several; a single one stays as it is.
fn combine(occur: Occur, queries: impl Iterator<Item = Box<dyn Query>>) -> Box<dyn Query> {
    let mut clauses = clauses(occur, queries);
    match clauses.pop() {
        Some((_, only)) if clauses.is_empty() => only,
        last => {
            clauses.extend(last);
            Box::new(BooleanQuery::new(clauses))
        }
    }
}

fn clauses(
    occur: Occur,
    queries: impl Iterator<Item = Box<dyn Query>>,
) -> Vec<(Occur, Box<dyn Query>)> {
    queries.map(|query| (occur, query)).collect()
}
