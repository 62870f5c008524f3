//! How many of the mentions found belong to each story of a page.

use super::lanes::Pace;
use super::partition::Partition;
use super::run::{DEADLINE_CHECK, over};
use super::search::Search;
use super::week::Week;
use super::{IndexError, schema};
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::columnar::Column;
use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{TERMINATED, Term};

/// Counts what a search finds of each of these stories, in their order.
///
/// # Errors
/// As [`super::run::run`].
pub(super) fn count(
    partitions: &[Arc<Partition>],
    search: &Search,
    stories: Vec<i64>,
    pace: &Pace,
    damaged: &mut Vec<Week>,
) -> Result<Vec<u64>, IndexError> {
    let mut counts: HashMap<i64, u64> = HashMap::new();
    if !stories.is_empty() {
        let term = |story: &i64| Term::from_field_i64(schema::STORY, *story);
        let terms: Vec<Term> = stories.iter().map(term).collect();
        let more = over(partitions, &mut |partition| {
            count_in(partition, search, &terms, pace, &mut counts)
        })?;
        damaged.extend(more);
    }
    let count = |story| counts.get(story).copied().unwrap_or_default();
    Ok(stories.iter().map(count).collect())
}

fn count_in(
    partition: &Partition,
    search: &Search,
    stories: &[Term],
    pace: &Pace,
    counts: &mut HashMap<i64, u64>,
) -> Result<(), IndexError> {
    pace.check()?;
    let searcher = partition.searcher();
    // Most stories are of one week: the others need no query.
    let mut here = Vec::new();
    for term in stories {
        if searcher.doc_freq(term)? > 0 {
            let of_this = TermQuery::new(term.clone(), IndexRecordOption::Basic);
            here.push((Occur::Should, Box::new(of_this) as Box<dyn Query>));
        }
    }
    if here.is_empty() {
        return Ok(());
    }
    let query = BooleanQuery::new(vec![
        (Occur::Must, search.query(partition.week, pace)),
        (Occur::Must, Box::new(BooleanQuery::new(here))),
    ]);
    let weight = query.weight(EnableScoring::disabled_from_searcher(&searcher))?;
    for segment in searcher.segment_readers() {
        let story: Column<i64> = segment.fast_fields().i64("story")?;
        let mut scorer = weight.scorer(segment, 1.0)?;
        let (mut doc, mut seen) = (scorer.doc(), 0_u32);
        while doc != TERMINATED {
            if !segment.is_deleted(doc)
                && let Some(story) = story.first(doc)
            {
                *counts.entry(story).or_default() += 1;
            }
            seen += 1;
            if seen.is_multiple_of(DEADLINE_CHECK) {
                pace.check()?;
            }
            doc = scorer.advance();
        }
        pace.check()?;
    }
    Ok(())
}
