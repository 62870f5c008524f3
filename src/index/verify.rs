//! Compares the index with the store: every mention is in it once, in its week, and nothing else.
//!
//! Both are read as they are: for a true answer the follower has reached the store's newest number
//! and nothing is written meanwhile.

use super::partition::Partition;
use super::week::Week;
use super::{Index, IndexError};
use crate::store::Store;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// What differs, by the numbers of the mentions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// Mentions in the store.
    pub mentions: u64,
    /// In the store, not in the index.
    pub missing: Vec<i64>,
    /// In the index, not in the store.
    pub extra: Vec<i64>,
    /// More than once in the index.
    pub doubled: Vec<i64>,
    /// Partitions with a wrong checksum, or with deleted words in their files.
    pub unsound: Vec<String>,
}

impl Differences {
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
            && self.extra.is_empty()
            && self.doubled.is_empty()
            && self.unsound.is_empty()
    }

    fn compare(&mut self, stored: &[i64], mut indexed: Vec<i64>) {
        indexed.sort_unstable();
        let next = indexed.iter().skip(1);
        let doubled = indexed.iter().zip(next).filter(|pair| pair.0 == pair.1);
        self.doubled.extend(doubled.map(|pair| *pair.0));
        let stored: BTreeSet<i64> = stored.iter().copied().collect();
        let indexed: BTreeSet<i64> = indexed.into_iter().collect();
        self.missing.extend(stored.difference(&indexed));
        self.extra.extend(indexed.difference(&stored));
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} mentions; missing in the index {:?}, unknown to the store {:?}, doubled {:?}, unsound partitions {:?}",
            self.mentions, self.missing, self.extra, self.doubled, self.unsound
        )
    }
}

impl Index {
    /// Compares with the store, reading every byte of the index.
    ///
    /// # Errors
    /// A store or an index that cannot be read.
    pub async fn verify(&self, store: &Store) -> Result<Differences, IndexError> {
        let mut differences = Differences {
            mentions: u64::try_from(store.count().await?).unwrap_or(0),
            ..Differences::default()
        };
        let mut indexed_weeks = 0;
        for partition in self.shelf.all() {
            let week = partition.week;
            let stored = store.ids_published(week.span_ms()).await?;
            let read = tokio::task::spawn_blocking(move || read(&partition));
            let (ids, sound) = read.await.map_err(|_| IndexError::Panicked)??;
            indexed_weeks += stored.len() as u64;
            differences.compare(&stored, ids);
            if !sound {
                differences.unsound.push(week.to_string());
            }
        }
        if indexed_weeks < differences.mentions {
            self.add_lost_weeks(store, &mut differences).await?;
        }
        Ok(differences)
    }

    /// Mentions of weeks that have no partition.
    async fn add_lost_weeks(
        &self,
        store: &Store,
        differences: &mut Differences,
    ) -> Result<(), IndexError> {
        let all: BTreeSet<i64> = store
            .ids_published(i64::MIN..i64::MAX)
            .await?
            .into_iter()
            .collect();
        let mut seen = BTreeSet::new();
        for partition in self.shelf.all() {
            let week: Week = partition.week;
            seen.extend(store.ids_published(week.span_ms()).await?);
        }
        differences.missing.extend(all.difference(&seen));
        Ok(())
    }
}

fn read(partition: &Arc<Partition>) -> Result<(Vec<i64>, bool), IndexError> {
    let sound = partition.is_sound()? && !partition.has_deleted();
    let mut ids = Vec::new();
    for segment in partition.searcher().segment_readers() {
        let column = segment.fast_fields().i64("id")?;
        ids.extend(segment.doc_ids_alive().filter_map(|doc| column.first(doc)));
    }
    Ok((ids, sound))
}
