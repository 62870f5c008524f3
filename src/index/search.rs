//! What a search asks for, and what it gives.
//!
//! Results are numbers; the caller reads the mentions from the store, which alone knows what may be
//! shown. Nothing here selects, sorts or counts by author.

use super::best::CursorKey;
use super::filter::Filter;
use super::lanes::Pace;
use super::week::Week;
use super::{Aggregations, compile, schema};
use crate::model::{FlagKind, Kind, Stance};
use crate::query::{Expr, KeyField, Keyword};
use crate::text::{address, fold_keyword};
use jiff::Timestamp;
use serde_json::Value;
use std::ops::{Bound, RangeInclusive};
use tantivy::Term;
use tantivy::query::{AllQuery, BooleanQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};

/// Results on one page at most.
pub const MAX_RESULTS: usize = 1_000;

/// What to look for. An empty one finds everything.
#[derive(Debug, Clone, Default)]
pub struct Search {
    pub query: Option<Expr>,
    pub watch: Option<String>,
    pub source: Option<String>,
    pub kind: Option<Kind>,
    /// ISO 639-1.
    pub lang: Option<String>,
    /// Toward `target` where that is given, else toward any.
    pub stance: Option<Stance>,
    pub flag: Option<FlagKind>,
    pub target: Option<String>,
    /// A host; the hosts under it belong to it.
    pub site: Option<String>,
    pub story: Option<i64>,
    /// Published at or after.
    pub since: Option<Timestamp>,
    /// Published before.
    pub until: Option<Timestamp>,
    pub order: Order,
    /// Of each story its first mention only.
    pub one_of_each_story: bool,
    /// Results on the page, at most [`MAX_RESULTS`]; 0 counts only.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<CursorKey>,
    /// What must hold beside.
    pub filter: Option<Filter>,
    /// What to count of the mentions found.
    pub aggregations: Option<Aggregations>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Newest,
    Oldest,
    /// Best match first, then newest. Scores depend on the words of all mentions, so pages can
    /// shift a little while mentions arrive.
    Relevance,
}

/// One page of results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Mentions that match, on all pages.
    pub total: u64,
    /// Numbers of the mentions on this page, in order.
    pub ids: Vec<i64>,
    /// Where of each story one is listed: how many of it match, in the order of `ids`.
    pub in_story: Vec<u64>,
    /// The next page's [`Search::after`], where there is one.
    pub next: Option<String>,
    /// The counts that were asked for, in Elasticsearch's shape; counts of few people are left out.
    pub aggregated: Option<Value>,
    /// False while a part of the index is being made again: something may be missing.
    pub whole: bool,
}

impl Search {
    /// The partitions that can hold results.
    pub(super) fn weeks(&self) -> RangeInclusive<Week> {
        Week::of(self.since.unwrap_or(Timestamp::MIN))
            ..=Week::of(self.until.unwrap_or(Timestamp::MAX))
    }

    /// The filters, each a value that a mention must have.
    fn terms(&self) -> Vec<(Field, String)> {
        let stance = self.stance.map(|stance| match &self.target {
            Some(target) => schema::stance_toward(target, stance),
            None => stance.as_str().to_owned(),
        });
        let stance_field = match &self.target {
            Some(_) => schema::TOWARD,
            None => schema::STANCE,
        };
        let kind = self.kind.map(|kind| kind.as_str().to_owned());
        let flag = self.flag.map(|flag| flag.as_str().to_owned());
        let filters = [
            (schema::WATCH, self.watch.clone()),
            (schema::TARGET, self.target.clone()),
            (stance_field, stance),
            (schema::FLAG, flag),
            (schema::KIND, kind),
            (schema::SOURCE, self.source.as_deref().map(fold_keyword)),
            (schema::LANG, self.lang.as_deref().map(fold_keyword)),
        ];
        filters
            .into_iter()
            .filter_map(|(field, value)| Some((field, value?)))
            .collect()
    }

    /// Whether all of a week lies within the search's time.
    pub(super) fn is_inside(&self, week: Week) -> bool {
        let span = week.span_ms();
        self.since
            .is_none_or(|since| since.as_millisecond() <= span.start)
            && self
                .until
                .is_none_or(|until| until.as_millisecond() >= span.end)
    }

    /// What a mention must have to be found, written out, but for the time.
    pub(super) fn written(&self) -> String {
        let conditions = Self {
            since: None,
            until: None,
            order: Order::default(),
            one_of_each_story: false,
            limit: 0,
            after: None,
            aggregations: None,
            ..self.clone()
        };
        format!("{conditions:?}")
    }

    /// The query for one partition; a week that lies inside the range needs no look at the times.
    pub(super) fn query(&self, week: Week, pace: &Pace) -> Box<dyn Query> {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        if let Some(expr) = &self.query {
            clauses.push((Occur::Must, compile::compile(expr, pace)));
        }
        if let Some(site) = &self.site {
            let site = Expr::Keyword(Keyword {
                field: KeyField::Site,
                value: address(site),
            });
            clauses.push((Occur::Must, compile::compile(&site, pace)));
        }
        if let Some(filter) = &self.filter {
            clauses.push((Occur::Must, filter.compile(pace)));
        }
        if let Some(story) = self.story {
            let term = Term::from_field_i64(schema::STORY, story);
            let query = TermQuery::new(term, IndexRecordOption::Basic);
            clauses.push((Occur::Must, Box::new(query)));
        }
        for (field, value) in self.terms() {
            let term = Term::from_field_text(field, &value);
            let query = TermQuery::new(term, IndexRecordOption::Basic);
            clauses.push((Occur::Must, Box::new(query)));
        }
        if !self.is_inside(week) {
            let term = |at: Timestamp| Term::from_field_i64(schema::PUBLISHED, at.as_millisecond());
            let from = self
                .since
                .map(term)
                .map_or(Bound::Unbounded, Bound::Included);
            let until = self
                .until
                .map(term)
                .map_or(Bound::Unbounded, Bound::Excluded);
            clauses.push((Occur::Must, Box::new(RangeQuery::new(from, until))));
        }
        if clauses.is_empty() {
            return Box::new(AllQuery);
        }
        Box::new(BooleanQuery::new(clauses))
    }
}
