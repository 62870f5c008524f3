//! The commonest places, found without building lists of spans: rows of words, and two groups of
//! words near each other.
//!
//! A key is a position that also tells the part; keys of different parts lie farther apart than any
//! distance that can be asked for.

use super::scratch::Scratch;
use crate::model::Part;
use crate::query::{Place, Word};

/// Words of the longest row that is looked for here.
const MAX_ROW: usize = 8;

#[derive(Debug)]
pub enum Quick {
    /// Tests at successive positions.
    Row(Box<[u32]>),
    /// Any of these near any of those.
    Near {
        left: Box<[u32]>,
        right: Box<[u32]>,
        max_between: u32,
        ordered: bool,
    },
}

impl Quick {
    /// `None` for places that need more.
    pub fn of(place: &Place<u32>) -> Option<Self> {
        match place {
            Place::Word(word) => match word.ways.as_slice() {
                [way] => row(way.iter().copied()),
                _ => None,
            },
            Place::Phrase(words) => {
                let tests: Option<Vec<u32>> = words.iter().map(only_test).collect();
                row(tests?.into_iter())
            }
            Place::Near {
                left,
                right,
                max_between,
                ordered,
            } => Some(Quick::Near {
                left: group(left)?,
                right: group(right)?,
                max_between: *max_between,
                ordered: *ordered,
            }),
            Place::Any(_) | Place::Within { .. } => None,
        }
    }

    /// True where the mention has it, in this part or in any.
    pub fn holds(&self, scope: Option<Part>, scratch: &mut Scratch) -> bool {
        match self {
            Quick::Row(tests) => holds_row(tests, scope, scratch),
            Quick::Near {
                left,
                right,
                max_between,
                ordered,
            } => {
                let mut keys = std::mem::take(&mut scratch.keys_of);
                collect(left, scope, scratch, &mut keys.0);
                collect(right, scope, scratch, &mut keys.1);
                let holds = are_near(&keys.0, &keys.1, u64::from(*max_between), *ordered);
                scratch.keys_of = keys;
                holds
            }
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Quick::Row(tests) => size_of_val(&**tests),
            Quick::Near { left, right, .. } => size_of_val(&**left) + size_of_val(&**right),
        }
    }
}

fn row(tests: impl Iterator<Item = u32>) -> Option<Quick> {
    let tests: Box<[u32]> = tests.collect();
    (tests.len() <= MAX_ROW).then_some(Quick::Row(tests))
}

fn only_test(word: &Word<u32>) -> Option<u32> {
    match word.ways.as_slice() {
        [way] => match way.as_slice() {
            [test] => Some(*test),
            _ => None,
        },
        _ => None,
    }
}

/// The tests of a word or of alternatives that are words at one position each.
fn group(place: &Place<u32>) -> Option<Box<[u32]>> {
    match place {
        Place::Word(word) => only_test(word).map(|test| Box::from([test])),
        Place::Any(places) => {
            let tests = places.iter().map(|place| match place {
                Place::Word(word) => only_test(word),
                _ => None,
            });
            tests.collect()
        }
        _ => None,
    }
}

/// Goes through the lists of all tests together; each is read once.
fn holds_row(tests: &[u32], scope: Option<Part>, scratch: &Scratch) -> bool {
    let Some((first, rest)) = tests.split_first() else {
        return false;
    };
    let mut lists = [const { None }; MAX_ROW];
    for (list, test) in lists.iter_mut().zip(rest) {
        *list = Some(scratch.keys(*test, scope).peekable());
    }
    'start: for start in scratch.keys(*first, scope) {
        for (list, wanted) in lists.iter_mut().flatten().zip(start + 1..) {
            while list.next_if(|key| *key < wanted).is_some() {}
            match list.peek() {
                Some(key) if *key == wanted => {}
                Some(_) => continue 'start,
                None => return false,
            }
        }
        return true;
    }
    false
}

fn collect(tests: &[u32], scope: Option<Part>, scratch: &Scratch, keys: &mut Vec<u64>) {
    keys.clear();
    for test in tests.iter().filter(|test| scratch.holds(**test)) {
        keys.extend(scratch.keys(*test, scope));
    }
    keys.sort_unstable();
}

/// Both sorted. The nearest one before decides, so each key is looked at once.
fn are_near(left: &[u64], right: &[u64], max_between: u64, ordered: bool) -> bool {
    let follows = |before: Option<&u64>, key: u64| {
        before.is_some_and(|before| key - before <= max_between + 1)
    };
    let last_before = |keys: &[u64], from: &mut usize, key: u64| {
        while keys.get(*from).is_some_and(|other| *other < key) {
            *from += 1;
        }
        from.checked_sub(1)
    };
    let mut from = 0;
    for key in right {
        let before = last_before(left, &mut from, *key);
        if follows(before.and_then(|at| left.get(at)), *key) {
            return true;
        }
    }
    from = 0;
    !ordered
        && left.iter().any(|key| {
            let before = last_before(right, &mut from, *key);
            follows(before.and_then(|at| right.get(at)), *key)
        })
}
