//! Where a place of a query is in one part of a mention, from the positions of its words. Shared by
//! the matcher and the index, which differ in how they find positions.
//!
//! Span lists are sorted and hold no span twice.

use super::MAX_SPANS;
use super::ast::{Place, Word};

/// First and last position, both included.
pub type Span = (u32, u32);

/// Gives the sorted positions, each once, at which a test holds.
pub trait Positions<T> {
    fn positions(&mut self, test: &T) -> Vec<u32>;
}

/// All spans of a place; of a [`Place::Within`] only the tightest at each end.
pub fn spans<T>(place: &Place<T>, source: &mut dyn Positions<T>) -> Vec<Span> {
    match place {
        Place::Word(word) => word_spans(word, source),
        Place::Phrase(words) => {
            let mut words = words.iter();
            let mut found = words
                .next()
                .map_or_else(Vec::new, |word| word_spans(word, source));
            for word in words {
                if found.is_empty() {
                    break;
                }
                let next = word_spans(word, source);
                found = pairs(&found, &next, 0, usize::MAX);
            }
            found
        }
        Place::Any(places) => union(places.iter().map(|place| spans(place, source))),
        Place::Near {
            left,
            right,
            max_between,
            ordered,
        } => {
            let left = spans(left, source);
            if left.is_empty() {
                return left;
            }
            let right = spans(right, source);
            let mut found = pairs(&left, &right, *max_between, MAX_SPANS);
            if !ordered {
                found = union([found, pairs(&right, &left, *max_between, MAX_SPANS)].into_iter());
            }
            found.truncate(MAX_SPANS);
            found
        }
        Place::Within {
            places,
            max_between,
        } => {
            let lists: Vec<_> = places.iter().map(|place| spans(place, source)).collect();
            within(&lists, *max_between)
        }
    }
}

pub fn word_spans<T>(word: &Word<T>, source: &mut dyn Positions<T>) -> Vec<Span> {
    union(word.ways.iter().map(|way| way_spans(way, source)))
}

/// Tests that hold at successive positions.
fn way_spans<T>(way: &[T], source: &mut dyn Positions<T>) -> Vec<Span> {
    let Some((first, rest)) = way.split_first() else {
        return Vec::new();
    };
    let mut starts = source.positions(first);
    for (offset, test) in (1..).zip(rest) {
        if starts.is_empty() {
            return Vec::new();
        }
        let next = source.positions(test);
        starts.retain(|start| next.binary_search(&(start + offset)).is_ok());
    }
    let length = u32::try_from(rest.len()).unwrap_or(u32::MAX);
    starts
        .into_iter()
        .map(|start| (start, start + length))
        .collect()
}

fn union(lists: impl Iterator<Item = Vec<Span>>) -> Vec<Span> {
    let mut lists = lists.filter(|list| !list.is_empty());
    let Some(mut all) = lists.next() else {
        return Vec::new();
    };
    let single = all.len();
    for list in lists {
        all.extend(list);
    }
    if all.len() > single {
        all.sort_unstable();
        all.dedup();
    }
    all
}

/// Hulls of every `first` with every `second` behind it and at most `max_between` positions between;
/// at least the first `enough` of them.
fn pairs(first: &[Span], second: &[Span], max_between: u32, enough: usize) -> Vec<Span> {
    let mut found: Vec<Span> = Vec::new();
    let mut check_at = enough.saturating_mul(4);
    for (i, &(start, end)) in first.iter().enumerate() {
        // Hulls come out in the order of their starts: with enough of them, later starts add none.
        if found.len() >= check_at && i > 0 && first[i - 1].0 < start {
            found.sort_unstable();
            found.dedup();
            if found.len() >= enough {
                break;
            }
            check_at = found.len() + enough.saturating_mul(4);
        }
        let from = second.partition_point(|span| span.0 <= end);
        let behind = second[from..]
            .iter()
            .take_while(|span| span.0 - end - 1 <= max_between);
        found.extend(behind.map(|span| (start, span.1)));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What a choice of spans, one of each list in `mask`, is worth.
#[derive(Clone, Copy)]
struct Choice {
    /// First position plus positions covered: the larger, the fewer positions lie between.
    worth: u32,
    first: u32,
}

/// The tightest hulls that hold one span of each list, apart from each other, with at most
/// `max_between` other positions. Goes through the spans by their ends and keeps, for every set of
/// lists, the best choice so far.
fn within(lists: &[Vec<Span>], max_between: u32) -> Vec<Span> {
    let mut ends: Vec<(u32, u32, usize)> = Vec::new();
    for (list, spans) in lists.iter().enumerate() {
        ends.extend(spans.iter().map(|&(first, last)| (last, first, list)));
    }
    ends.sort_unstable();
    let sets = 1usize << lists.len();
    // Best choices as they stood behind each position where one changed.
    let mut history: Vec<(u32, Vec<Option<Choice>>)> = Vec::new();
    let mut found = Vec::new();
    for (last, first, list) in ends {
        let before = history.partition_point(|(end, _)| *end < first);
        let earlier = before.checked_sub(1).map(|i| history[i].1.clone());
        if history.last().is_none_or(|(end, _)| *end < last) {
            let best = history
                .last()
                .map_or_else(|| vec![None; sets], |(_, best)| best.clone());
            history.push((last, best));
        }
        let Some((_, best)) = history.last_mut() else {
            break;
        };
        let length = last - first + 1;
        for set in (0..sets).filter(|set| set & (1 << list) == 0) {
            let choice = match earlier.as_ref().and_then(|earlier| earlier[set]) {
                Some(choice) => Choice {
                    worth: choice.worth + length,
                    ..choice
                },
                None if set == 0 => Choice {
                    worth: first + length,
                    first,
                },
                None => continue,
            };
            let full = set | (1 << list);
            if full + 1 == sets && last + 1 - choice.worth <= max_between {
                found.push((choice.first, last));
            }
            if best[full].is_none_or(|known| known.worth < choice.worth) {
                best[full] = Some(choice);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
