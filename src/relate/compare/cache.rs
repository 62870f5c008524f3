//! What was read of statements, for the next article: those used last, within a bound of memory.

use super::facts::Facts;
use super::index::Index;
use std::collections::HashMap;

pub struct Cache {
    /// Bytes of memory that it may take, and about how many it takes.
    max: usize,
    bytes: usize,
    /// Articles so far.
    now: u64,
    read: HashMap<u32, Read>,
}

struct Read {
    facts: Facts,
    bytes: usize,
    /// The article that used it last.
    used: u64,
}

impl Cache {
    pub fn new(max: usize) -> Self {
        Self {
            max,
            bytes: 0,
            now: 0,
            read: HashMap::new(),
        }
    }

    /// Takes out what was read of a statement, as if it were just read.
    pub fn take(&mut self, slot: u32, index: &Index) -> Option<Facts> {
        let read = self.read.remove(&slot)?;
        self.bytes -= read.bytes;
        let mut facts = read.facts;
        facts.weigh(index);
        facts.text.refresh();
        Some(facts)
    }

    /// Keeps what an article was compared with, in place of what was longest without use.
    pub fn put(&mut self, facts: HashMap<u32, Facts>) {
        self.now += 1;
        for (slot, facts) in facts {
            let bytes = facts.bytes();
            self.forget(slot);
            self.bytes += bytes;
            let used = self.now;
            self.read.insert(slot, Read { facts, bytes, used });
        }
        while self.bytes > self.max
            && let Some(oldest) = self.oldest()
        {
            self.forget(oldest);
        }
    }

    /// A statement is gone, or has other words.
    pub fn forget(&mut self, slot: u32) {
        if let Some(read) = self.read.remove(&slot) {
            self.bytes -= read.bytes;
        }
    }

    fn oldest(&self) -> Option<u32> {
        let oldest = self
            .read
            .iter()
            .min_by_key(|(slot, read)| (read.used, **slot));
        oldest.map(|(slot, _)| *slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Tokens;
    use jiff::Timestamp;

    fn read(words: usize) -> Facts {
        let text = "Grenze ".repeat(words);
        let index = Index::default();
        let mut tokens = Tokens::default();
        Facts::new(
            Timestamp::UNIX_EPOCH,
            ["", &text],
            false,
            &index,
            &mut tokens,
        )
    }

    #[test]
    fn what_was_used_last_stays_within_the_bound() {
        let index = Index::default();
        let one = read(100).bytes();
        assert!(one > 100 * "Grenze".len());
        let mut cache = Cache::new(3 * one);
        for slot in 0..5 {
            cache.put(HashMap::from([(slot, read(100))]));
            assert!(cache.bytes <= 3 * one);
        }
        assert!(cache.take(1, &index).is_none());
        let kept = cache.take(2, &index).unwrap();
        cache.put(HashMap::from([(2, kept)]));
        cache.put(HashMap::from([(9, read(100))]));
        assert!(cache.take(3, &index).is_none(), "the longest without use");
        assert!(cache.take(2, &index).is_some());
        // One that is larger than all is not kept.
        cache.put(HashMap::from([(7, read(1_000))]));
        assert_eq!((cache.bytes, cache.read.len()), (0, 0));
    }
}
