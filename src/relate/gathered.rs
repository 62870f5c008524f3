//! Who is in which story, in the order of arrival.

use rustc_hash::FxHashMap;

/// One member: its place in the order of arrival, and where it is kept.
type Place = (u64, u32);

#[derive(Default)]
pub struct Gathered {
    by_story: FxHashMap<i64, Vec<Place>>,
}

impl Gathered {
    /// Members of a story.
    pub fn len(&self, story: i64) -> usize {
        self.by_story.get(&story).map_or(0, Vec::len)
    }

    /// Where the members of a story are kept, the first to arrive first.
    pub fn slots(&self, story: i64) -> impl Iterator<Item = u32> + '_ {
        let members = self.by_story.get(&story).into_iter().flatten();
        members.map(|(_, slot)| *slot)
    }

    /// The first to arrive of those that are still here.
    pub fn head(&self, story: i64) -> Option<u32> {
        self.slots(story).next()
    }

    /// Takes one in; nobody who came later is there yet.
    pub fn add(&mut self, story: i64, order: u64, slot: u32) {
        self.by_story.entry(story).or_default().push((order, slot));
    }

    pub fn leave(&mut self, story: i64, order: u64) {
        let Some(members) = self.by_story.get_mut(&story) else {
            return;
        };
        if let Ok(place) = members.binary_search_by_key(&order, |(order, _)| *order) {
            members.remove(place);
        }
        if members.is_empty() {
            self.by_story.remove(&story);
        }
    }

    /// Two stories are one; tells who comes into the first.
    pub fn merge(&mut self, into: i64, from: i64) -> Vec<u32> {
        let moved = self.by_story.remove(&from).unwrap_or_default();
        let members = self.by_story.entry(into).or_default();
        members.extend(&moved);
        // Two runs that are in order: the stable sort only merges them.
        members.sort();
        moved.into_iter().map(|(_, slot)| slot).collect()
    }
}
