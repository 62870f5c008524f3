//! All queries in the form in which they are matched.

use super::anchor::{self, Clause};
use super::code::Code;
use super::dictionary::{self, Dictionary};
use super::learned::Learned;
use super::program::Node;
use super::scratch::{NONE, Scratch};
use super::wildcards::Wildcards;
use crate::model::Part;
use crate::query::{Expr, Subject, Test};
use crate::text::{Tokens, analyse};
use std::collections::HashMap;

#[derive(Debug, Default)]
pub struct Compiled {
    /// By their numbers.
    tests: Vec<Test>,
    dictionary: Dictionary,
    wildcards: Wildcards,
    /// Exact forms that no form leads to; compared with every word.
    loose: Vec<(String, u32)>,
    /// Where the postings of each test start; one more than there are tests.
    starts: Vec<u32>,
    postings: Vec<Posting>,
    /// Queries without an anchor.
    always: Vec<u32>,
    code: Code,
}

/// A query that a test is an anchor of.
#[derive(Debug, Clone, Copy)]
struct Posting {
    query: u32,
    /// One bit for each test of its second clause; a mention without any of them cannot match.
    also: u64,
}

/// The bit of a test in [`Posting::also`].
fn bit(test: u32) -> u64 {
    1 << (test.wrapping_mul(0x9e37_79b1) >> 26)
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}

impl Compiled {
    pub fn new<'q>(queries: impl Iterator<Item = &'q Expr>, learned: &Learned) -> Self {
        let mut numbers: HashMap<Test, u32> = HashMap::new();
        let mut tests = Vec::new();
        let mut number = |test: &Test| match numbers.get(test) {
            Some(number) => *number,
            None => {
                let number = narrow(tests.len());
                tests.push(test.clone());
                numbers.insert(test.clone(), number);
                number
            }
        };
        let programs: Vec<Node> = queries.map(|expr| Node::of(expr, &mut number)).collect();
        let mut compiled = Self {
            tests,
            ..Self::default()
        };
        compiled.find_anchors(programs, learned);
        compiled.build_words();
        compiled
    }

    fn find_anchors(&mut self, programs: Vec<Node>, learned: &Learned) {
        let shares: Vec<f64> = self.tests.iter().map(|test| learned.share(test)).collect();
        let mut postings: Vec<(u32, Posting)> = Vec::new();
        for (query, mut program) in (0..).zip(programs) {
            program.order(&shares);
            let (anchor, second) = anchor::rarest(&program, &shares);
            self.code.add(program);
            let Some(Clause { tests, .. }) = anchor else {
                self.always.push(query);
                continue;
            };
            let also = second.map_or(u64::MAX, |clause| {
                clause.tests.iter().fold(0, |bits, test| bits | bit(*test))
            });
            postings.extend(tests.iter().map(|test| (*test, Posting { query, also })));
        }
        postings.sort_unstable_by_key(|(test, posting)| (*test, posting.query));
        self.starts = vec![0; self.tests.len() + 1];
        for (test, _) in &postings {
            if let Some(start) = self.starts.get_mut(*test as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        self.postings = postings.into_iter().map(|(_, posting)| posting).collect();
    }

    fn build_words(&mut self) {
        let mut words = dictionary::Builder::default();
        for (number, test) in (0..).zip(&self.tests) {
            match test {
                Test::Terms(terms) => terms.iter().for_each(|term| words.add(term, number)),
                Test::Wild(patterns) => patterns
                    .iter()
                    .for_each(|pattern| self.wildcards.add(pattern, number)),
                Test::Exact(exact) => match form_of(exact) {
                    Some(form) => words.add_exact(&form, exact, number),
                    None => self.loose.push((exact.clone(), number)),
                },
            }
        }
        self.wildcards.build();
        self.dictionary = words.build();
    }

    pub fn tests(&self) -> usize {
        self.tests.len()
    }

    /// Finds every test that holds and every query whose anchor is among them.
    pub fn presearch(&self, subject: &Subject<'_>, scratch: &mut Scratch) {
        scratch.start();
        let parts = [(Part::Title, subject.title), (Part::Text, subject.text)];
        for (part, written) in parts {
            let mut tokens = std::mem::take(scratch.tokens(part));
            tokens.read(written);
            let reading = Reading {
                tokens: &tokens,
                written,
                part,
            };
            self.look_up(reading, scratch);
            *scratch.tokens(part) = tokens;
        }
        self.find_candidates(scratch);
    }

    /// From the last word to the first, see [`Scratch::hit`].
    fn look_up(&self, reading: Reading<'_>, scratch: &mut Scratch) {
        let Reading { tokens, part, .. } = reading;
        let has_wildcards = !self.wildcards.is_empty();
        for (form, hash) in tokens.hashes().enumerate().rev() {
            if self.dictionary.may_have(hash) {
                self.look_up_word(reading, form, hash, scratch);
            }
            if has_wildcards {
                let tell = |test| scratch.hit(test, part, narrow(tokens.position_of(form)));
                self.wildcards.find(tokens, form, tell);
            }
        }
        if self.loose.is_empty() {
            return;
        }
        for position in (0..tokens.len()).rev() {
            for (exact, test) in &self.loose {
                if reading.exact(position) == exact {
                    scratch.hit(*test, part, narrow(position));
                }
            }
        }
    }

    fn look_up_word(&self, reading: Reading<'_>, form: usize, hash: u64, scratch: &mut Scratch) {
        let Reading { tokens, part, .. } = reading;
        let found = self.dictionary.find(tokens.form(form).0, hash);
        if found.is_empty() {
            return;
        }
        let position = tokens.position_of(form);
        for found in found {
            let (test, exact) = self.dictionary.test(found);
            if exact.is_none_or(|exact| reading.exact(position) == exact) {
                scratch.hit(test, part, narrow(position));
            }
        }
    }

    fn find_candidates(&self, scratch: &mut Scratch) {
        let held = std::mem::take(&mut scratch.held);
        let seen = held.iter().fold(0, |bits, test| bits | bit(*test));
        for test in &held {
            let at = *test as usize;
            let bounds = self.starts.get(at).zip(self.starts.get(at + 1));
            let range = bounds.map(|(from, to)| *from as usize..*to as usize);
            let postings = range.and_then(|range| self.postings.get(range));
            for posting in postings.unwrap_or_default() {
                if posting.also & seen != 0 {
                    scratch.candidate(posting.query);
                }
            }
        }
        scratch.held = held;
        for query in &self.always {
            scratch.candidate(*query);
        }
    }

    /// Evaluates the candidates.
    pub fn verify(&self, subject: &Subject<'_>, scratch: &mut Scratch) {
        let candidates = std::mem::take(&mut scratch.candidates);
        for query in &candidates {
            if self.code.holds(*query, subject, scratch) {
                scratch.matched.push(*query);
            }
        }
        scratch.candidates = candidates;
    }

    pub fn learned(&self, scratch: &Scratch) -> Learned {
        let counts = scratch.counts.iter().map(|count| u64::from(*count));
        Learned {
            mentions: scratch.profile().mentions,
            held: self.tests.iter().cloned().zip(counts).collect(),
        }
    }

    /// Bytes of everything here.
    pub fn bytes(&self) -> usize {
        let test = |test: &Test| match test {
            Test::Terms(words) | Test::Wild(words) => {
                size_of_val(words.as_slice()) + words.iter().map(String::len).sum::<usize>()
            }
            Test::Exact(exact) => exact.len(),
        };
        size_of_val(self.tests.as_slice())
            + self.tests.iter().map(test).sum::<usize>()
            + self.dictionary.bytes()
            + self.wildcards.bytes()
            + self
                .loose
                .iter()
                .map(|(exact, _)| size_of::<(String, u32)>() + exact.len())
                .sum::<usize>()
            + size_of_val(self.starts.as_slice())
            + size_of_val(self.postings.as_slice())
            + size_of_val(self.always.as_slice())
            + self.code.bytes()
    }
}

/// One part of a mention, read.
#[derive(Clone, Copy)]
struct Reading<'a> {
    tokens: &'a Tokens,
    written: &'a str,
    part: Part,
}

impl<'a> Reading<'a> {
    fn exact(&self, position: usize) -> &'a str {
        let word = self.tokens.get(position, self.written);
        word.map_or("", |word| word.exact())
    }
}

/// A form that every word written like this has.
fn form_of(exact: &str) -> Option<String> {
    match analyse(exact).as_mut_slice() {
        [word] if word.exact == exact && !word.terms.is_empty() => Some(word.terms.swap_remove(0)),
        _ => None,
    }
}
