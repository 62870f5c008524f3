//! All words of all queries: from a form of a mention's word to the tests that it fulfils.

use crate::text::hash;
use std::collections::HashMap;
use std::ops::Range;

/// A hash table over strings that lie end to end. Immutable.
#[derive(Debug, Default)]
pub struct Dictionary {
    letters: String,
    terms: Vec<Term>,
    /// Test numbers with the exact form that they ask for, [`ANY`] for none.
    tests: Vec<(u32, u32)>,
    exacts: Vec<String>,
    /// Upper half of a term's hash, its number plus one; 0 is free. A power of two, half full at most.
    slots: Vec<u64>,
    /// One bit for each hash: most words are in no query, and this fits into the fastest cache.
    filter: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Term {
    start: u32,
    end: u32,
    first_test: u32,
    end_test: u32,
}

/// Any way to write it will do.
const ANY: u32 = u32::MAX;
/// Bits of the filter for each term, at least.
const FILTER_BITS: usize = 16;
/// Most bits of the filter: 32 KiB.
const MAX_FILTER_BITS: usize = 32 * 1024 * 8;

/// Collects terms.
#[derive(Debug, Default)]
pub struct Builder {
    terms: HashMap<String, Vec<(u32, u32)>>,
    exacts: Vec<String>,
}

impl Builder {
    pub fn add(&mut self, term: &str, test: u32) {
        self.terms
            .entry(term.to_owned())
            .or_default()
            .push((test, ANY));
    }

    /// The test holds where the word with this form is written as `exact`.
    pub fn add_exact(&mut self, term: &str, exact: &str, test: u32) {
        let number = u32::try_from(self.exacts.len()).unwrap_or(ANY);
        self.exacts.push(exact.to_owned());
        self.terms
            .entry(term.to_owned())
            .or_default()
            .push((test, number));
    }

    pub fn build(self) -> Dictionary {
        let count = self.terms.len();
        let bits = (count * FILTER_BITS)
            .next_power_of_two()
            .clamp(64, MAX_FILTER_BITS);
        let mut built = Dictionary {
            slots: vec![0; (count * 2).next_power_of_two().max(2)],
            filter: vec![0; bits / 64],
            exacts: self.exacts,
            ..Dictionary::default()
        };
        let mut terms: Vec<_> = self.terms.into_iter().collect();
        terms.sort_unstable();
        for (term, tests) in terms {
            built.insert(&term, &tests);
        }
        built
    }
}

impl Dictionary {
    fn insert(&mut self, term: &str, tests: &[(u32, u32)]) {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let (start, first_test) = (self.letters.len(), self.tests.len());
        self.letters.push_str(term);
        self.tests.extend(tests);
        self.terms.push(Term {
            start: narrow(start),
            end: narrow(self.letters.len()),
            first_test: narrow(first_test),
            end_test: narrow(self.tests.len()),
        });
        let hash = hash(term);
        let bit = self.bit(hash);
        self.filter[bit / 64] |= 1 << (bit % 64);
        let mut at = self.slot(hash);
        while self.slots[at] != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = (hash & !0xffff_ffff) | self.terms.len() as u64;
    }

    fn bit(&self, hash: u64) -> usize {
        hash as usize & (self.filter.len() * 64 - 1)
    }

    fn slot(&self, hash: u64) -> usize {
        (hash >> 16) as usize & (self.slots.len() - 1)
    }

    /// False for most forms that are not here.
    #[inline]
    pub fn may_have(&self, hash: u64) -> bool {
        let bit = self.bit(hash);
        self.filter[bit / 64] >> (bit % 64) & 1 == 1
    }

    /// The range of [`Dictionary::test`] for a form with its hash; empty where it is not here.
    pub fn find(&self, form: &str, hash: u64) -> Range<usize> {
        let mut at = self.slot(hash);
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return 0..0;
            }
            if slot >> 32 == hash >> 32 {
                let term = self.terms[(slot as u32 - 1) as usize];
                if self.letters[term.start as usize..term.end as usize] == *form {
                    return term.first_test as usize..term.end_test as usize;
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// The number of a test, and how the word must be written for it.
    pub fn test(&self, at: usize) -> (u32, Option<&str>) {
        let (test, exact) = self.tests[at];
        (test, self.exacts.get(exact as usize).map(String::as_str))
    }

    pub fn bytes(&self) -> usize {
        self.letters.len()
            + size_of_val(self.terms.as_slice())
            + size_of_val(self.tests.as_slice())
            + size_of_val(self.slots.as_slice())
            + size_of_val(self.filter.as_slice())
            + self.exacts.iter().map(String::len).sum::<usize>()
    }
}
