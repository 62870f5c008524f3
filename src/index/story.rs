//! How many of the mentions found belong to each story of a page.

use super::lanes::Pace;
use super::partition::Partition;
use super::search::{DEADLINE_CHECK, Search, over};
use super::week::Week;
use super::{IndexError, schema};
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::columnar::Column;
use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query, TermSetQuery};
use tantivy::{TERMINATED, Term};

/// Counts what a search finds of each of these stories, in their order.
///
/// # Errors
/// As [`super::search::run`].
pub(super) fn count(
    partitions: &[Arc<Partition>],
    search: &Search,
    stories: Vec<i64>,
    pace: &Pace,
    damaged: &mut Vec<Week>,
) -> Result<Vec<u64>, IndexError> {
    let mut counts: HashMap<i64, u64> = HashMap::new();
    if !stories.is_empty() {
        let more = over(partitions, &mut |partition| {
            count_in(partition, search, &stories, pace, &mut counts)
        })?;
        damaged.extend(more);
    }
    let count = |story| counts.get(story).copied().unwrap_or_default();
    Ok(stories.iter().map(count).collect())
}

fn count_in(
    partition: &Partition,
    search: &Search,
    stories: &[i64],
    pace: &Pace,
    counts: &mut HashMap<i64, u64>,
) -> Result<(), IndexError> {
    let terms = stories.iter();
    let of_these = terms.map(|story| Term::from_field_i64(schema::STORY, *story));
    let query = BooleanQuery::new(vec![
        (Occur::Must, search.query(partition.week, pace)),
        (
            Occur::Must,
            Box::new(TermSetQuery::new(of_these)) as Box<dyn Query>,
        ),
    ]);
    let searcher = partition.searcher();
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
