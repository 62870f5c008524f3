//! The peer: one tantivy index with the same fields, used as its documentation says. No partitions,
//! nothing remembered, nothing held back.

use super::questions::Question;
use crate::index::{Aggregations, Pace, compile, document, schema};
use crate::store::{Place, Store};
use serde_json::Value;
use std::collections::HashMap;
use std::ops::Bound;
use std::path::Path;
use tantivy::aggregation::{AggContextParams, AggregationCollector};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{AllQuery, BooleanQuery, EnableScoring, Occur, Query, RangeQuery};
use tantivy::{Index, IndexWriter, Order, Searcher, TantivyDocument, Term};

/// Memory of its writer; what its documentation uses for a small index times ten.
const WRITER_BYTES: usize = 150_000_000;
/// Mentions between two commits where nobody waits to find them.
pub const COMMIT: u64 = 200_000;
const PAGE: i64 = 2_000;

pub struct Bare {
    searcher: Searcher,
}

/// Time and number of a story's newest mention, and how many there are.
type Story = ((i64, i64), u64);

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub total: u64,
    pub ids: Vec<i64>,
    pub aggregated: Option<Value>,
}

impl Bare {
    /// Makes the index out of a store, in the order in which mentions were published, with a commit after
    /// every `commit` of them.
    pub async fn build(dir: &Path, store: &Store, commit: u64) -> anyhow::Result<()> {
        let index = Index::builder()
            .schema(schema::build())
            .create_in_dir(dir)?;
        let mut writer: IndexWriter<TantivyDocument> =
            index.writer_with_num_threads(1, WRITER_BYTES)?;
        let (mut last, mut since) = (Place::START, 0);
        loop {
            let page = store
                .mentions_published(i64::MIN..i64::MAX, last, PAGE)
                .await?;
            let Some(newest) = page.last() else { break };
            last = Place::of(newest);
            since += page.len() as u64;
            for mention in &page {
                writer.add_document(document(mention))?;
            }
            if since >= commit {
                writer.commit()?;
                since = 0;
            }
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        Ok(())
    }

    pub fn open(dir: &Path) -> anyhow::Result<Self> {
        let searcher = Index::open_in_dir(dir)?.reader()?.searcher();
        Ok(Self { searcher })
    }

    pub fn ask(&self, question: &Question) -> anyhow::Result<Found> {
        let query = query(question);
        let mut found = Found {
            total: 0,
            ids: Vec::new(),
            aggregated: None,
        };
        if question.one_of_each_story {
            let stories = self.stories(&*query)?;
            found.total = stories.values().map(|(_, count)| count).sum();
            let mut best: Vec<(i64, i64)> = stories.values().map(|(best, _)| *best).collect();
            best.sort_unstable_by_key(|key| std::cmp::Reverse(*key));
            best.truncate(question.limit);
            found.ids = best.into_iter().map(|(_, id)| id).collect();
        } else if question.limit > 0 {
            let newest = TopDocs::with_limit(question.limit)
                .order_by_fast_field::<i64>("published", Order::Desc);
            let (top, total) = self.searcher.search(&*query, &(newest, Count))?;
            found.total = total as u64;
            for (_, at) in top {
                let segment = self.searcher.segment_reader(at.segment_ord);
                let ids = segment.fast_fields().i64("id")?;
                found.ids.extend(ids.first(at.doc_id));
            }
        }
        if let Some(asked) = &question.aggregations {
            found.aggregated = Some(self.aggregate(&*query, asked)?);
        }
        Ok(found)
    }

    /// Of each story its newest mention and how many there are: what one writes by hand, for the
    /// engine has no grouping.
    fn stories(&self, query: &dyn Query) -> anyhow::Result<HashMap<i64, Story>> {
        let mut stories: HashMap<i64, Story> = HashMap::new();
        let weight = query.weight(EnableScoring::disabled_from_searcher(&self.searcher))?;
        for segment in self.searcher.segment_readers() {
            let columns = segment.fast_fields();
            let (published, ids) = (columns.i64("published")?, columns.i64("id")?);
            let story = columns.i64("story")?;
            weight.for_each_no_score(segment, &mut |docs| {
                for doc in docs.iter().copied() {
                    let key = (published.first(doc), ids.first(doc));
                    if let ((Some(published), Some(id)), Some(story)) = (key, story.first(doc)) {
                        let entry = stories.entry(story).or_insert(((i64::MIN, 0), 0));
                        entry.0 = entry.0.max((published, id));
                        entry.1 += 1;
                    }
                }
            })?;
        }
        Ok(stories)
    }

    fn aggregate(&self, query: &dyn Query, asked: &Aggregations) -> anyhow::Result<Value> {
        let context = AggContextParams::new(
            tantivy::aggregation::AggregationLimitsGuard::default(),
            tantivy::tokenizer::TokenizerManager::default(),
        );
        let collector = AggregationCollector::from_aggs(asked.clone(), context);
        Ok(serde_json::to_value(
            self.searcher.search(query, &collector)?,
        )?)
    }
}

fn query(question: &Question) -> Box<dyn Query> {
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
    if let Some(query) = &question.query {
        clauses.push((
            Occur::Must,
            compile::compile(query.expr(), &Pace::default()),
        ));
    }
    if let Some(since) = question.since {
        let from = Term::from_field_i64(schema::PUBLISHED, since.as_millisecond());
        let range = RangeQuery::new(Bound::Included(from), Bound::Unbounded);
        clauses.push((Occur::Must, Box::new(range)));
    }
    match clauses.is_empty() {
        true => Box::new(AllQuery),
        false => Box::new(BooleanQuery::new(clauses)),
    }
}
