//! Conditions on mentions, combined freely: what a search asks beside its query, and what other
//! dialects than ours are translated into.

use super::among::Among;
use super::lanes::Pace;
use super::scan::{ScanQuery, Sought};
use super::{compile, schema};
use crate::query::Expr;
use crate::store::CaseFilter;
use std::ops::Bound;
use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, EmptyQuery, ExistsQuery, Occur, Query, RangeQuery, TermQuery,
    TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

/// Which mentions are meant.
#[derive(Debug, Clone)]
pub enum Filter {
    /// A query of our own language.
    Query(Expr),
    /// A keyword field has one of these values, folded as they are stored.
    Is {
        field: Field,
        values: Vec<String>,
    },
    /// A keyword field has a value that the pattern matches (`*` any letters, `?` one).
    Like {
        field: Field,
        pattern: String,
    },
    /// A field has a value.
    Has(Field),
    /// A number field (times in milliseconds) lies in a range; both ends belong to it.
    Within {
        field: Field,
        from: Option<i64>,
        to: Option<i64>,
    },
    /// By the cases that a mention is in, which the index does not know: it finds nothing before
    /// [`Filter::knowing`] has made numbers of it.
    Case(CaseFilter),
    /// These mentions.
    Among(Among),
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
}

impl Filter {
    /// Everything.
    pub fn everything() -> Self {
        Filter::All(Vec::new())
    }

    /// What was asked for in words, outside of `Not`.
    pub fn queries(&self) -> Vec<&Expr> {
        match self {
            Filter::Query(expr) => vec![expr],
            Filter::All(filters) | Filter::Any(filters) => {
                filters.iter().flat_map(Filter::queries).collect()
            }
            Filter::Is { .. }
            | Filter::Like { .. }
            | Filter::Has(_)
            | Filter::Within { .. }
            | Filter::Case(_)
            | Filter::Among(_)
            | Filter::Not(_) => Vec::new(),
        }
    }

    /// What is asked about cases, anywhere in it.
    pub fn cases(&self) -> Vec<CaseFilter> {
        match self {
            Filter::Case(case) => vec![*case],
            Filter::All(filters) | Filter::Any(filters) => {
                filters.iter().flat_map(Filter::cases).collect()
            }
            Filter::Not(filter) => filter.cases(),
            _ => Vec::new(),
        }
    }

    /// The same, with what is known of the cases in place of what is asked about them.
    #[must_use]
    pub fn knowing(self, known: &dyn Fn(CaseFilter) -> Filter) -> Self {
        let all = |filters: Vec<Filter>| filters.into_iter().map(|one| one.knowing(known));
        match self {
            Filter::Case(case) => known(case),
            Filter::All(filters) => Filter::All(all(filters).collect()),
            Filter::Any(filters) => Filter::Any(all(filters).collect()),
            Filter::Not(filter) => Filter::Not(Box::new(filter.knowing(known))),
            plain => plain,
        }
    }

    /// The query for an index of [`schema::build`].
    pub(super) fn compile(&self, pace: &Pace) -> Box<dyn Query> {
        match self {
            Filter::Query(expr) => compile::compile(expr, pace),
            Filter::Is { field, values } => is(*field, values),
            Filter::Like { field, pattern } => Box::new(ScanQuery {
                field: *field,
                sought: Sought::Wild(vec![pattern.clone()]),
                pace: pace.clone(),
            }),
            Filter::Has(field) => has(*field, pace),
            Filter::Within { field, from, to } => within(*field, *from, *to, pace),
            Filter::Case(_) => Box::new(EmptyQuery),
            Filter::Among(among) => among.query(pace),
            Filter::All(filters) => all(filters, pace),
            Filter::Any(filters) => {
                let clauses = filters.iter().map(|one| (Occur::Should, one.compile(pace)));
                Box::new(BooleanQuery::new(clauses.collect()))
            }
            Filter::Not(filter) => Box::new(BooleanQuery::new(vec![
                (Occur::Must, Box::new(AllQuery) as Box<dyn Query>),
                (Occur::MustNot, filter.compile(pace)),
            ])),
        }
    }
}

fn all(filters: &[Filter], pace: &Pace) -> Box<dyn Query> {
    let mut clauses = Vec::new();
    for filter in filters {
        match filter {
            Filter::Not(inner) => clauses.push((Occur::MustNot, inner.compile(pace))),
            filter => clauses.push((Occur::Must, filter.compile(pace))),
        }
    }
    // What is only excluded is excluded from everything.
    if clauses.iter().all(|clause| clause.0 == Occur::MustNot) {
        clauses.push((Occur::Must, Box::new(AllQuery)));
    }
    Box::new(BooleanQuery::new(clauses))
}

fn is(field: Field, values: &[String]) -> Box<dyn Query> {
    let mut terms = values
        .iter()
        .map(|value| Term::from_field_text(field, value));
    match (terms.next(), terms.next()) {
        (Some(only), None) => Box::new(TermQuery::new(only, IndexRecordOption::Basic)),
        (first, second) => Box::new(TermSetQuery::new(
            first.into_iter().chain(second).chain(terms),
        )),
    }
}

fn has(field: Field, pace: &Pace) -> Box<dyn Query> {
    let schema = schema::build();
    // A field of words has no column: any word will do.
    if [schema::TITLE, schema::TEXT].contains(&field) {
        let sought = Sought::Wild(vec!["*".to_owned()]);
        let pace = pace.clone();
        return Box::new(ScanQuery {
            field,
            sought,
            pace,
        });
    }
    Box::new(ExistsQuery::new(
        schema.get_field_name(field).to_owned(),
        false,
    ))
}

fn within(field: Field, from: Option<i64>, to: Option<i64>, pace: &Pace) -> Box<dyn Query> {
    let bound = |value: Option<i64>| {
        value.map_or(Bound::Unbounded, |value| {
            Bound::Included(Term::from_field_i64(field, value))
        })
    };
    if from.is_none() && to.is_none() {
        return has(field, pace);
    }
    Box::new(RangeQuery::new(bound(from), bound(to)))
}
