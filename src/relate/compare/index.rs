//! Which statements have the rare words of a sentence.

use super::reading::Reading;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Statements of a word beyond which it says nothing, as a share of all, once there are some.
const COMMON: f64 = 0.15;
const FEW: usize = 200;
/// Words of a statement that it can be found by.
const MAX_STEMS: usize = 600;

#[derive(Debug, Default)]
pub struct Index {
    /// Statements by the hash of a stem, in ascending order of their numbers.
    postings: HashMap<u64, Vec<u32>>,
    statements: usize,
    /// How often it was changed.
    changes: u64,
}

impl Index {
    pub fn insert(&mut self, slot: u32, stems: &[u64]) {
        self.changes += 1;
        self.statements += 1;
        for stem in stems {
            let list = self.postings.entry(*stem).or_default();
            if let Err(at) = list.binary_search(&slot) {
                list.insert(at, slot);
            }
        }
    }

    pub fn remove(&mut self, slot: u32, stems: &[u64]) {
        self.changes += 1;
        self.statements = self.statements.saturating_sub(1);
        for stem in stems {
            if let Entry::Occupied(mut list) = self.postings.entry(*stem) {
                if let Ok(at) = list.get().binary_search(&slot) {
                    list.get_mut().remove(at);
                }
                if list.get().is_empty() {
                    list.remove();
                }
            }
        }
    }

    /// Grows with each change: what was weighed at the same number is weighed right.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.postings.is_empty() && self.statements == 0
    }

    #[cfg(test)]
    pub fn has_as_much_as(&self, other: &Self) -> bool {
        let lists = |index: &Self| -> std::collections::BTreeMap<u64, usize> {
            index
                .postings
                .iter()
                .map(|(stem, list)| (*stem, list.len()))
                .collect()
        };
        self.statements == other.statements && lists(self) == lists(other)
    }

    /// How much a word says, 0 to 1: 1 where one statement has it.
    pub fn rarity(&self, stem: u64) -> f64 {
        let having = self.postings.get(&stem).map_or(1, Vec::len);
        let idf = |having: usize| ((self.statements + 50) as f64 / (having + 5) as f64).ln();
        (idf(having.max(1)) / idf(1)).clamp(0.0, 1.0)
    }

    /// How much the words say that two lists share; both are in order.
    pub fn common(&self, one: &[u64], other: &[u64]) -> f64 {
        let shared = one.iter().filter(|stem| other.binary_search(stem).is_ok());
        shared.map(|stem| self.rarity(*stem)).sum()
    }

    /// Adds to each statement how much the words that it shares say, and that it shares one.
    pub fn score(&self, stems: &[u64], scores: &mut HashMap<u32, (f64, u32)>) {
        let limit = (self.statements as f64 * COMMON) as usize;
        for list in stems.iter().filter_map(|stem| self.postings.get(stem)) {
            if list.len() > limit.max(FEW) {
                continue;
            }
            let weight = ((self.statements + 50) as f64 / (list.len() + 5) as f64).ln();
            for slot in list {
                let score = scores.entry(*slot).or_default();
                score.0 += weight;
                score.1 += 1;
            }
        }
    }
}

/// Hashes of the stems by which a range of words is found, each once.
pub fn stems(text: &Reading, range: std::ops::Range<usize>) -> Vec<u64> {
    let words = text.words.get(range).unwrap_or_default();
    let content = words.iter().filter(|word| word.content);
    let mut stems: Vec<u64> = content.map(|word| crate::text::hash(word.stem())).collect();
    stems.sort_unstable();
    stems.dedup();
    stems.truncate(MAX_STEMS);
    stems
}
