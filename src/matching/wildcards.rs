//! All patterns of all queries: from a form of a mention's word to the tests that it fulfils.
//!
//! A pattern is found by the letters at its beginning, at its end, or else somewhere in it: two,
//! three, four or six bytes, of which a filter says whether any pattern has them. Patterns without
//! two bytes in a row are tried on every word.

use crate::query::word_glob;
use crate::text::Tokens;

/// Bytes of a key.
const WIDTHS: [usize; 4] = [2, 3, 4, 6];
/// Widest key inside a word.
const MAX_INNER: usize = 4;

#[derive(Debug, Default)]
pub struct Wildcards {
    /// All patterns, end to end.
    letters: String,
    patterns: Vec<Pattern>,
    prefixes: [Class; WIDTHS.len()],
    suffixes: [Class; WIDTHS.len()],
    inner: [Class; WIDTHS.len()],
    has_inner: bool,
    /// Which prefixes' classes have a key that begins like this, a bit each.
    heads: Ends,
    /// Which suffixes' classes have a key that ends like this.
    tails: Ends,
    loose: Vec<u32>,
}

#[derive(Debug)]
struct Pattern {
    /// Where it stands in `letters`.
    start: u32,
    end: u32,
    test: u32,
    /// All that has to be seen to.
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `grenz*`
    Prefix,
    /// `*ministerium`
    Suffix,
    /// `*grenze*`, which `Grenze~comp` is as well.
    Inside,
    Other,
}

/// Patterns by a key of some bytes.
#[derive(Debug, Default)]
struct Class {
    /// Sorted.
    keys: Vec<(u64, u32)>,
    filter: Vec<u64>,
    /// Where a key's first entry is, plus one; 0 is free. A power of two, half full at most.
    slots: Vec<u32>,
}

/// A byte for two bytes at the end of a word: most words are done with after one look at either end.
#[derive(Debug)]
struct Ends(Box<[u8; ENDS]>);

const ENDS: usize = 4096;

impl Default for Ends {
    fn default() -> Self {
        Self(Box::new([0; ENDS]))
    }
}

impl Ends {
    fn at(two: u64) -> usize {
        (mixed(two & 0xffff) >> 48) as usize % ENDS
    }

    fn add(&mut self, two: u64, class: usize) {
        self.0[Self::at(two)] |= 1 << class;
    }

    /// A bit for each class that is worth a look for a word of this length.
    #[inline]
    fn classes(&self, two: u64, length: usize) -> u8 {
        let fitting = WIDTHS.iter().take_while(|width| **width <= length).count();
        self.0[Self::at(two)] & ((1 << fitting) - 1)
    }
}

/// The numbers of the bits that are set.
fn bits(mut byte: u8) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let lowest = (byte != 0).then(|| byte.trailing_zeros() as usize);
        byte &= byte.wrapping_sub(1);
        lowest
    })
}

/// Bits of a class's filter for each key, at least.
const FILTER_BITS: usize = 16;

impl Class {
    fn add(&mut self, key: u64, pattern: u32) {
        self.keys.push((key, pattern));
    }

    fn build(&mut self) {
        self.keys.sort_unstable();
        let bits = (self.keys.len() * FILTER_BITS).next_power_of_two().max(64);
        self.filter = vec![0; bits / 64];
        for at in 0..self.keys.len() {
            let bit = self.bit(self.keys[at].0);
            self.filter[bit / 64] |= 1 << (bit % 64);
        }
        self.slots = vec![0; (self.keys.len() * 2).next_power_of_two().max(2)];
        for at in 0..self.keys.len() {
            if at > 0 && self.keys[at - 1].0 == self.keys[at].0 {
                continue;
            }
            let mut slot = self.slot(self.keys[at].0);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (self.slots.len() - 1);
            }
            self.slots[slot] = u32::try_from(at + 1).unwrap_or(u32::MAX);
        }
    }

    fn bit(&self, key: u64) -> usize {
        (mixed(key) >> 40) as usize & (self.filter.len() * 64 - 1)
    }

    fn slot(&self, key: u64) -> usize {
        (mixed(key) >> 32) as usize & (self.slots.len() - 1)
    }

    /// False for most keys that are not here.
    #[inline]
    fn may_have(&self, key: u64) -> bool {
        if self.keys.is_empty() {
            return false;
        }
        let bit = self.bit(key);
        self.filter[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn find(&self, key: u64) -> impl Iterator<Item = u32> + '_ {
        let found = self.keys[self.first(key)..].iter();
        found
            .take_while(move |known| known.0 == key)
            .map(|known| known.1)
    }

    /// Where the entries of a key begin; the end where it has none.
    fn first(&self, key: u64) -> usize {
        let mut slot = self.slot(key);
        loop {
            let Some(at) = (self.slots[slot] as usize).checked_sub(1) else {
                return self.keys.len();
            };
            if self.keys[at].0 == key {
                return at;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

fn mixed(key: u64) -> u64 {
    key.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A star at both ends.
fn is_starred(pattern: &str) -> bool {
    pattern.starts_with('*') && pattern.ends_with('*')
}

/// The first `width` bytes as a number.
fn key(bytes: u64, width: usize) -> u64 {
    bytes & (u64::MAX >> (64 - 8 * width))
}

fn first_eight(text: &str) -> u64 {
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    u64::from_le_bytes(eight)
}

/// The widest class that so many bytes allow.
fn class(bytes: usize) -> Option<usize> {
    WIDTHS.iter().rposition(|width| *width <= bytes)
}

impl Wildcards {
    pub fn add(&mut self, written: &str, test: u32) {
        let number = u32::try_from(self.patterns.len()).unwrap_or(u32::MAX);
        let runs: Vec<&str> = written.split(['*', '?']).collect();
        let first = runs.first().copied().unwrap_or_default();
        let last = runs.last().copied().unwrap_or_default();
        let inside = runs.iter().copied().max_by_key(|run| run.len());
        let inside = inside.unwrap_or_default();
        let shape = match written {
            _ if runs.len() == 2 && last.is_empty() && written.ends_with('*') => Shape::Prefix,
            _ if runs.len() == 2 && first.is_empty() && written.starts_with('*') => Shape::Suffix,
            _ if runs.len() == 3 && written.len() == inside.len() + 2 && is_starred(written) => {
                Shape::Inside
            }
            _ => Shape::Other,
        };
        if let Some(class) = class(first.len()) {
            let key = key(first_eight(first), WIDTHS[class]);
            self.prefixes[class].add(key, number);
            self.heads.add(key, class);
        } else if let Some(class) = class(last.len()) {
            let tail = last.as_bytes().iter().rev().take(WIDTHS[class]);
            let key = tail.fold(0, |key, byte| key << 8 | u64::from(*byte));
            self.suffixes[class].add(key, number);
            self.tails.add(key >> (8 * (WIDTHS[class] - 2)), class);
        } else if let Some(class) = class(inside.len().min(MAX_INNER)) {
            self.inner[class].add(key(first_eight(inside), WIDTHS[class]), number);
            self.has_inner = true;
        } else {
            self.loose.push(number);
        }
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let start = narrow(self.letters.len());
        self.letters.push_str(written);
        self.patterns.push(Pattern {
            start,
            end: narrow(self.letters.len()),
            test,
            shape,
        });
    }

    pub fn build(&mut self) {
        let classes = self.prefixes.iter_mut().chain(&mut self.suffixes);
        classes.chain(&mut self.inner).for_each(Class::build);
    }

    /// Tells the test of every pattern that a form matches.
    pub fn find(&self, tokens: &Tokens, form: usize, mut tell: impl FnMut(u32)) {
        let (first, last, length) = tokens.ends(form);
        for class in bits(self.heads.classes(first, length)) {
            self.look(
                &self.prefixes[class],
                key(first, WIDTHS[class]),
                tokens,
                form,
                &mut tell,
            );
        }
        for class in bits(self.tails.classes(last >> 48, length)) {
            let key = last >> (64 - 8 * WIDTHS[class]);
            self.look(&self.suffixes[class], key, tokens, form, &mut tell);
        }
        if self.has_inner {
            self.find_inner(tokens.form(form).0, &mut tell);
        }
        for number in &self.loose {
            self.check(*number, tokens.form(form).0, &mut tell);
        }
    }

    #[inline]
    fn look(
        &self,
        class: &Class,
        key: u64,
        tokens: &Tokens,
        form: usize,
        tell: &mut impl FnMut(u32),
    ) {
        if class.may_have(key) {
            for number in class.find(key) {
                self.check(number, tokens.form(form).0, tell);
            }
        }
    }

    fn find_inner(&self, form: &str, tell: &mut impl FnMut(u32)) {
        let classes = WIDTHS.into_iter().zip(&self.inner);
        for (width, class) in classes.filter(|(_, class)| !class.keys.is_empty()) {
            for window in form.as_bytes().windows(width) {
                let bytes = window.iter().rev();
                let key = bytes.fold(0, |key, byte| key << 8 | u64::from(*byte));
                if class.may_have(key) {
                    for number in class.find(key) {
                        self.check(number, form, tell);
                    }
                }
            }
        }
    }

    fn check(&self, number: u32, form: &str, tell: &mut impl FnMut(u32)) {
        let pattern = &self.patterns[number as usize];
        let stars = |form: &str| !form.starts_with(['#', '@', '/']);
        let written = &self.letters[pattern.start as usize..pattern.end as usize];
        let holds = match pattern.shape {
            Shape::Prefix => form.starts_with(&written[..written.len() - 1]),
            Shape::Suffix => form.ends_with(&written[1..]) && stars(form),
            Shape::Inside => form.contains(&written[1..written.len() - 1]) && stars(form),
            Shape::Other => word_glob(written, form),
        };
        if holds {
            tell(pattern.test);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    pub fn bytes(&self) -> usize {
        let classes = self
            .prefixes
            .iter()
            .chain(&self.suffixes)
            .chain(&self.inner);
        let class = |class: &Class| {
            size_of_val(class.keys.as_slice())
                + size_of_val(class.filter.as_slice())
                + size_of_val(class.slots.as_slice())
        };
        classes.map(class).sum::<usize>()
            + size_of_val(self.patterns.as_slice())
            + self.letters.len()
            + 2 * ENDS
    }
}
