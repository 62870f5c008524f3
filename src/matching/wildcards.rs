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
    patterns: Vec<Pattern>,
    prefixes: [Class; WIDTHS.len()],
    suffixes: [Class; WIDTHS.len()],
    inner: [Class; WIDTHS.len()],
    has_inner: bool,
    loose: Vec<u32>,
}

#[derive(Debug)]
struct Pattern {
    written: String,
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
    }

    fn bit(&self, key: u64) -> usize {
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & (self.filter.len() * 64 - 1)
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
        let from = self.keys.partition_point(|known| known.0 < key);
        let found = self.keys[from..].iter();
        found
            .take_while(move |known| known.0 == key)
            .map(|known| known.1)
    }
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
            self.prefixes[class].add(key(first_eight(first), WIDTHS[class]), number);
        } else if let Some(class) = class(last.len()) {
            let tail = last.as_bytes().iter().rev().take(WIDTHS[class]);
            let key = tail.fold(0, |key, byte| key << 8 | u64::from(*byte));
            self.suffixes[class].add(key, number);
        } else if let Some(class) = class(inside.len().min(MAX_INNER)) {
            self.inner[class].add(key(first_eight(inside), WIDTHS[class]), number);
            self.has_inner = true;
        } else {
            self.loose.push(number);
        }
        self.patterns.push(Pattern {
            written: written.to_owned(),
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
        let classes = WIDTHS.iter().zip(self.prefixes.iter().zip(&self.suffixes));
        for (&width, (prefixes, suffixes)) in classes.take_while(|(width, _)| **width <= length) {
            if prefixes.may_have(key(first, width)) {
                for number in prefixes.find(key(first, width)) {
                    self.check(number, tokens.form(form).0, &mut tell);
                }
            }
            if suffixes.may_have(last >> (64 - 8 * width)) {
                for number in suffixes.find(last >> (64 - 8 * width)) {
                    self.check(number, tokens.form(form).0, &mut tell);
                }
            }
        }
        if self.has_inner {
            self.find_inner(tokens.form(form).0, &mut tell);
        }
        for number in &self.loose {
            self.check(*number, tokens.form(form).0, &mut tell);
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
        let written = pattern.written.as_str();
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
            size_of_val(class.keys.as_slice()) + size_of_val(class.filter.as_slice())
        };
        classes.map(class).sum::<usize>()
            + self
                .patterns
                .iter()
                .map(|pattern| size_of::<Pattern>() + pattern.written.len())
                .sum::<usize>()
    }
}
