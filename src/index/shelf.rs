//! The open partitions: the follower puts them there, searches take what they need.

use super::partition::Partition;
use super::week::Week;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

type Partitions = BTreeMap<Week, Arc<Partition>>;

#[derive(Default)]
pub(super) struct Shelf {
    partitions: RwLock<Partitions>,
}

impl Shelf {
    pub(super) fn get(&self, week: Week) -> Option<Arc<Partition>> {
        self.read().get(&week).cloned()
    }

    pub(super) fn put(&self, partition: Partition) -> Arc<Partition> {
        let partition = Arc::new(partition);
        self.write().insert(partition.week, Arc::clone(&partition));
        partition
    }

    pub(super) fn take_away(&self, week: Week) {
        self.write().remove(&week);
    }

    pub(super) fn newest_first(&self, weeks: RangeInclusive<Week>) -> Vec<Arc<Partition>> {
        let partitions = self.read();
        if weeks.is_empty() {
            return Vec::new();
        }
        partitions
            .range(weeks)
            .rev()
            .map(|entry| Arc::clone(entry.1))
            .collect()
    }

    pub(super) fn all(&self) -> Vec<Arc<Partition>> {
        self.read().values().cloned().collect()
    }

    /// A panic elsewhere leaves the map whole: every change to it is one call.
    fn read(&self) -> RwLockReadGuard<'_, Partitions> {
        self.partitions
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Partitions> {
        self.partitions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
