//! Where each word of one part of a mention stands.

use crate::query::spans::Positions;
use crate::query::{Test, literal_prefix, word_glob};
use crate::text::Token;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// Positions by term and by exact form, each list sorted and without repeats.
#[derive(Debug)]
pub struct Occurrences<'a> {
    /// Sorted, so that a pattern needs to look only at terms with its prefix.
    terms: BTreeMap<&'a str, Vec<u32>>,
    exact: HashMap<&'a str, Vec<u32>>,
}

impl<'a> Occurrences<'a> {
    pub fn of(tokens: &'a [Token]) -> Self {
        let mut terms: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut exact: HashMap<&str, Vec<u32>> = HashMap::new();
        for token in tokens {
            for term in &token.terms {
                terms.entry(term).or_default().push(token.position);
            }
            if !token.exact.is_empty() {
                exact.entry(&token.exact).or_default().push(token.position);
            }
        }
        Self { terms, exact }
    }

    fn wild(&self, pattern: &str, found: &mut Vec<u32>) {
        let prefix = literal_prefix(pattern);
        let from = (Bound::Included(prefix), Bound::Unbounded);
        let candidates = self.terms.range::<str, _>(from);
        for (term, positions) in candidates.take_while(|(term, _)| term.starts_with(prefix)) {
            if word_glob(pattern, term) {
                found.extend(positions);
            }
        }
    }
}

impl Positions<Test> for Occurrences<'_> {
    fn positions(&mut self, test: &Test) -> Vec<u32> {
        let mut found = Vec::new();
        match test {
            Test::Terms(terms) => {
                for positions in terms
                    .iter()
                    .filter_map(|term| self.terms.get(term.as_str()))
                {
                    found.extend(positions);
                }
            }
            Test::Exact(exact) => {
                found.extend(self.exact.get(exact.as_str()).into_iter().flatten())
            }
            Test::Wild(patterns) => {
                for pattern in patterns {
                    self.wild(pattern, &mut found);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
