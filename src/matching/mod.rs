//! Tests a mention against every stored query. Pure; what the queries mean is said in [`crate::query`].
//!
//! Presearch, then verification. Every query has an *anchor*: a set of tests of which any match of
//! the query must fulfil one (`anchor`). A mention's words are looked up in a [`dictionary`] of all
//! words of all queries and in classes of all [`wildcards`]; each test that holds leads to the
//! queries that it is an anchor of, and only these are evaluated (`code`). A query that can match
//! without a word, by its fields alone, has no anchor and is evaluated on every mention.
//!
//! A mention that no anchor is in costs no allocation and knows nothing of the number of queries,
//! as long as these fit into the cache.
//!
//! [`dictionary`]: dictionary::Dictionary
//! [`wildcards`]: wildcards::Wildcards

mod anchor;
mod code;
mod compile;
mod dictionary;
mod highlight;
mod learned;
mod occurrences;
mod program;
mod quick;
mod scratch;
mod spot;
mod wildcards;

use crate::model::WatchMatch;
use crate::query::{Doc, Keys, Query, Subject};
use crate::text::analyse;
use compile::Compiled;
pub use highlight::{MAX_HIGHLIGHTS, highlights};
use learned::Learned;
pub use scratch::{Profile, Scratch};

/// One stored query, ready to be matched.
#[derive(Debug, Clone)]
pub struct StoredQuery {
    pub watch: String,
    pub target: String,
    pub query: Query,
}

/// All stored queries. Immutable: a reload builds a new one.
#[derive(Debug)]
pub struct Matcher {
    queries: Vec<StoredQuery>,
    compiled: Compiled,
}

impl Matcher {
    pub fn new(queries: Vec<StoredQuery>) -> Self {
        Self::with(queries, &Learned::default())
    }

    fn with(queries: Vec<StoredQuery>, learned: &Learned) -> Self {
        let compiled = Compiled::new(queries.iter().map(|stored| stored.query.expr()), learned);
        Self { queries, compiled }
    }

    /// The queries, in the order of their numbers.
    pub fn queries(&self) -> &[StoredQuery] {
        &self.queries
    }

    /// Room to match in, one for each thread. It belongs to this matcher.
    pub fn scratch(&self) -> Scratch {
        Scratch::new(self.compiled.tests(), self.queries.len())
    }

    /// The same queries with anchors chosen by what `scratch` saw while this matcher was at work.
    pub fn relearned(&self, scratch: &Scratch) -> Self {
        Self::with(self.queries.clone(), &self.compiled.learned(scratch))
    }

    /// Bytes that the queries take in memory, without their written form.
    pub fn bytes(&self) -> usize {
        self.compiled.bytes()
    }

    /// The numbers of the queries that match, ascending.
    pub fn numbers<'a, 's>(
        &self,
        subject: impl Into<Subject<'a>>,
        scratch: &'s mut Scratch,
    ) -> &'s [u32] {
        let subject = subject.into();
        self.compiled.presearch(&subject, scratch);
        self.compiled.verify(&subject, scratch);
        scratch.finish()
    }

    /// How many queries the words of a mention do not rule out: the first half of
    /// [`Matcher::numbers`], for those who measure it.
    pub fn presearch<'a>(&self, subject: impl Into<Subject<'a>>, scratch: &mut Scratch) -> usize {
        self.compiled.presearch(&subject.into(), scratch);
        let candidates = scratch.candidates.len();
        scratch.finish();
        candidates
    }

    /// Every query that matches, with the places to highlight, in the order of the watches.
    pub fn matches<'a>(
        &self,
        subject: impl Into<Subject<'a>>,
        scratch: &mut Scratch,
    ) -> Vec<WatchMatch> {
        let subject = subject.into();
        let numbers = self.numbers(subject, scratch);
        if numbers.is_empty() {
            return Vec::new();
        }
        let keys = Keys::new(subject.keys);
        let (title, text) = (analyse(subject.title), analyse(subject.text));
        let doc = Doc {
            title: &title,
            text: &text,
            keys: &keys,
        };
        let stored = numbers
            .iter()
            .filter_map(|number| self.queries.get(*number as usize));
        stored
            .map(|stored| WatchMatch {
                watch: stored.watch.clone(),
                target: stored.target.clone(),
                spans: highlights(stored.query.expr(), doc),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
