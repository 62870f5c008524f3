//! Who is in which story, in the order of arrival.

use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// One member: its story, its place in the order of arrival, and where it is kept.
type Place = (i64, u64, u32);

/// One set for all stories: whoever comes, goes or moves costs the same in a story of a million.
#[derive(Default)]
pub struct Gathered {
    places: BTreeSet<Place>,
    counts: FxHashMap<i64, usize>,
}

impl Gathered {
    /// Members of a story.
    pub fn len(&self, story: i64) -> usize {
        self.counts.get(&story).copied().unwrap_or(0)
    }

    /// Where the members of a story are kept, the first to arrive first.
    pub fn slots(&self, story: i64) -> impl Iterator<Item = u32> + '_ {
        self.places.range(all(story)).map(|(_, _, slot)| *slot)
    }

    /// The first to arrive of those that are still here.
    pub fn head(&self, story: i64) -> Option<u32> {
        self.slots(story).next()
    }

    pub fn add(&mut self, story: i64, order: u64, slot: u32) {
        if self.places.insert((story, order, slot)) {
            *self.counts.entry(story).or_default() += 1;
        }
    }

    pub fn leave(&mut self, story: i64, order: u64, slot: u32) {
        if !self.places.remove(&(story, order, slot)) {
            return;
        }
        let left = self.len(story).saturating_sub(1);
        match left {
            0 => self.counts.remove(&story),
            _ => self.counts.insert(story, left),
        };
    }

    /// Two stories are one; tells who comes into the first.
    pub fn merge(&mut self, into: i64, from: i64) -> Vec<u32> {
        let moved: Vec<Place> = self.places.range(all(from)).copied().collect();
        for (_, order, slot) in &moved {
            self.leave(from, *order, *slot);
            self.add(into, *order, *slot);
        }
        moved.into_iter().map(|(_, _, slot)| slot).collect()
    }
}

/// The range of a story's members.
fn all(story: i64) -> RangeInclusive<Place> {
    (story, u64::MIN, u32::MIN)..=(story, u64::MAX, u32::MAX)
}
