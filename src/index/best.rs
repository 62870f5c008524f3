//! The page that a search gives: the best results so far, one by one or one of each story, and the
//! mark from which the next page goes on.

use super::IndexError;
use super::search::Order;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

/// Stories on the pages before this one, at most.
const MAX_SHOWN: usize = 100_000;

/// A place in the order of results. Opaque text outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CursorKey {
    /// The score's bits, which sort as scores do; 0 where time decides.
    pub(super) rank: u32,
    pub(super) published_ms: i64,
    pub(super) id: i64,
}

impl CursorKey {
    /// The place of a mention where time decides.
    pub fn at(published_ms: i64, id: i64) -> Self {
        Self {
            rank: 0,
            published_ms,
            id,
        }
    }

    /// The same place seen from the other end: what was first comes last.
    fn mirrored(self) -> Self {
        Self {
            rank: self.rank,
            published_ms: !self.published_ms,
            id: !self.id,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in a list of results")]
pub struct NoCursorKey;

impl fmt::Display for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_{}", self.rank, self.published_ms, self.id)
    }
}

impl FromStr for CursorKey {
    type Err = NoCursorKey;

    fn from_str(text: &str) -> Result<Self, NoCursorKey> {
        let parts: Vec<&str> = text.splitn(3, '_').collect();
        let [rank, published_ms, id] = parts[..] else {
            return Err(NoCursorKey);
        };
        Ok(Self {
            rank: rank.parse().map_err(|_| NoCursorKey)?,
            published_ms: published_ms.parse().map_err(|_| NoCursorKey)?,
            id: id.parse().map_err(|_| NoCursorKey)?,
        })
    }
}

/// The best results so far, one more than the page holds, to know whether another follows.
pub(super) struct Best {
    limit: usize,
    oldest_first: bool,
    /// Where the page before ended; seen from the other end where the oldest come first.
    after: Option<CursorKey>,
    held: Held,
}

enum Held {
    /// The worst on top.
    Each(BinaryHeap<Reverse<CursorKey>>),
    OneOfEachStory(Stories),
}

/// Of each story its best mention. A story that falls off comes back with a better one only, so
/// no more than a page has to be held.
#[derive(Default)]
struct Stories {
    order: BTreeSet<(CursorKey, i64)>,
    best: HashMap<i64, CursorKey>,
    /// Stories of the pages before.
    shown: HashSet<i64>,
}

impl Best {
    pub(super) fn new(
        limit: usize,
        order: Order,
        after: Option<CursorKey>,
        one_of_each_story: bool,
    ) -> Self {
        let oldest_first = order == Order::Oldest;
        let held = match one_of_each_story {
            false => Held::Each(BinaryHeap::new()),
            true => Held::OneOfEachStory(Stories::default()),
        };
        Self {
            limit,
            oldest_first,
            after: after.map(|after| seen(after, oldest_first)),
            held,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        let held = match &self.held {
            Held::Each(heap) => heap.len(),
            Held::OneOfEachStory(stories) => stories.order.len(),
        };
        held > self.limit || self.limit == 0
    }

    /// Whether the stories of the pages before must be known first.
    pub(super) fn needs_earlier(&self) -> bool {
        matches!(self.held, Held::OneOfEachStory(_)) && self.after.is_some()
    }

    /// Notes the story of a mention that may stand on a page before.
    ///
    /// # Errors
    /// Too many pages before.
    pub(super) fn note_earlier(&mut self, key: CursorKey, story: i64) -> Result<(), IndexError> {
        let key = seen(key, self.oldest_first);
        if let Held::OneOfEachStory(stories) = &mut self.held
            && self.after.is_some_and(|after| key >= after)
        {
            stories.shown.insert(story);
            if stories.shown.len() > MAX_SHOWN {
                let fault = "this page lies behind too many stories; ask for a shorter time";
                return Err(IndexError::Aggregation(fault.to_owned()));
            }
        }
        Ok(())
    }

    /// The heap's order is that of the newest first; the oldest first is its mirror.
    pub(super) fn offer(&mut self, key: CursorKey, story: i64) {
        let key = seen(key, self.oldest_first);
        if self.after.is_some_and(|after| key >= after) {
            return;
        }
        let most = self.limit + 1;
        match &mut self.held {
            Held::Each(heap) => {
                let is_full = heap.len() == most;
                if is_full && heap.peek().is_some_and(|worst| key <= worst.0) {
                    return;
                }
                heap.push(Reverse(key));
                if heap.len() > most {
                    heap.pop();
                }
            }
            Held::OneOfEachStory(stories) => stories.offer(key, story, most),
        }
    }

    /// Numbers of the page's mentions in order with their stories (0 where nobody asked for
    /// stories), and the mark of the next page.
    pub(super) fn page(&self) -> (Vec<(i64, i64)>, Option<CursorKey>) {
        let mut keys: Vec<(CursorKey, i64)> = match &self.held {
            Held::Each(heap) => heap.iter().map(|entry| (entry.0, 0)).collect(),
            Held::OneOfEachStory(stories) => stories.order.iter().copied().collect(),
        };
        keys.sort_unstable_by_key(|(key, _)| Reverse(*key));
        let more = keys.len() > self.limit;
        keys.truncate(self.limit);
        for (key, _) in &mut keys {
            *key = seen(*key, self.oldest_first);
        }
        let next = keys.last().filter(|_| more).map(|(key, _)| *key);
        (
            keys.iter().map(|(key, story)| (key.id, *story)).collect(),
            next,
        )
    }
}

fn seen(key: CursorKey, oldest_first: bool) -> CursorKey {
    match oldest_first {
        true => key.mirrored(),
        false => key,
    }
}

impl Stories {
    fn offer(&mut self, key: CursorKey, story: i64, most: usize) {
        let is_full = self.order.len() == most;
        if is_full && self.order.first().is_some_and(|worst| key <= worst.0) {
            return;
        }
        if self.shown.contains(&story) {
            return;
        }
        match self.best.get(&story) {
            Some(best) if *best >= key => return,
            Some(best) => {
                self.order.remove(&(*best, story));
            }
            None => {}
        }
        self.order.insert((key, story));
        self.best.insert(story, key);
        if self.order.len() > most
            && let Some((_, fallen)) = self.order.pop_first()
        {
            self.best.remove(&fallen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Page by page, against sorting everything.
    fn pages(found: &[(i64, i64)], limit: usize, order: Order) -> Vec<i64> {
        let key = |number: usize| CursorKey::at(found[number].0, number as i64);
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let mut best = Best::new(limit, order, after, true);
            for (number, (_, story)) in found.iter().enumerate() {
                best.note_earlier(key(number), *story).unwrap();
            }
            for (number, (_, story)) in found.iter().enumerate() {
                best.offer(key(number), *story);
            }
            let (page, next) = best.page();
            all.extend(page.into_iter().map(|(id, _)| id));
            after = next;
            if after.is_none() {
                return all;
            }
        }
    }

    proptest! {
        #[test]
        fn each_story_stands_once_at_its_best(
            found in proptest::collection::vec((0_i64..50, 0_i64..9), 0..60),
            limit in 1_usize..7,
            oldest in any::<bool>(),
        ) {
            let order = if oldest { Order::Oldest } else { Order::Newest };
            let mut sorted: Vec<usize> = (0..found.len()).collect();
            sorted.sort_by_key(|number| (found[*number].0, *number));
            if !oldest {
                sorted.reverse();
            }
            let mut seen = HashSet::new();
            let expected: Vec<i64> = sorted
                .into_iter()
                .filter(|number| seen.insert(found[*number].1))
                .map(|number| number as i64)
                .collect();
            prop_assert_eq!(pages(&found, limit, order), expected);
        }
    }
}
