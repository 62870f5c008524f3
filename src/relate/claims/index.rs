//! Which entries hold a key (the stem of a word, or letters in a row), and how much a key says.
//!
//! A key says the more, the fewer entries hold it.

use rustc_hash::FxHashMap;

/// Keys in more than one of so many texts say nothing, from so many texts on.
const COMMON_SHARE: u32 = 10;
const COMMON_TEXTS: u32 = 64;

/// What a key is worth that an entry holds once, twice, and so on: BM25's saturation.
const WORTH: [f32; 4] = [1.0, 1.375, 1.571, 1.692];
/// Bits that tell the place in [`WORTH`].
const BITS: u32 = 2;

/// An entry or a key by its number, and how often the one holds the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held(u32);

impl Held {
    fn new(number: u32, times: usize) -> Self {
        Self((number << BITS) | (times.clamp(1, WORTH.len()) as u32 - 1))
    }

    pub fn number(self) -> u32 {
        self.0 >> BITS
    }

    fn worth(self) -> f32 {
        WORTH[(self.0 & ((1 << BITS) - 1)) as usize]
    }
}

#[derive(Debug, Default)]
pub struct Index {
    numbers: FxHashMap<u64, u32>,
    keys: Vec<Key>,
    /// Numbers that no key has any more.
    free: Vec<u32>,
    /// Entries, when keys were last weighed.
    texts: u32,
    squared: bool,
}

#[derive(Debug, Default)]
struct Key {
    key: u64,
    entries: Vec<Held>,
    weight: f32,
}

impl Index {
    /// An empty one; `squared` gives the weights of a product of two vectors.
    pub fn new(squared: bool) -> Self {
        Self {
            squared,
            ..Self::default()
        }
    }

    /// An entry by its keys, which are in order and stand there as often as the entry holds them;
    /// each key once, by its number.
    pub fn put(&mut self, entry: u32, keys: &[u64]) -> Box<[Held]> {
        keys.chunk_by(|one, next| one == next)
            .map(|same| {
                let number = self.number(same[0]);
                let key = &mut self.keys[number as usize];
                key.entries.push(Held::new(entry, same.len()));
                Held::new(number, same.len())
            })
            .collect()
    }

    fn number(&mut self, key: u64) -> u32 {
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let new = Key {
            key,
            ..Key::default()
        };
        let number = match self.free.pop() {
            Some(number) => {
                self.keys[number as usize] = new;
                number
            }
            None => {
                self.keys.push(new);
                (self.keys.len() - 1) as u32
            }
        };
        self.numbers.insert(key, number);
        number
    }

    /// Takes an entry out, which has these keys.
    pub fn remove(&mut self, entry: u32, keys: &[Held]) {
        for held in keys {
            let number = held.number();
            let key = &mut self.keys[number as usize];
            if let Some(at) = key.entries.iter().position(|one| one.number() == entry) {
                key.entries.swap_remove(at);
            }
            if key.entries.is_empty() {
                key.entries = Vec::new();
                self.numbers.remove(&key.key);
                self.free.push(number);
            }
        }
    }

    /// Weighs all keys anew, for so many entries.
    pub fn weigh(&mut self, entries: usize) {
        self.texts = entries as u32;
        let mut keys = std::mem::take(&mut self.keys);
        for key in &mut keys {
            key.weight = self.weight(key.entries.len() as u32);
        }
        self.keys = keys;
    }

    /// What a key in so many texts weighs.
    fn weight(&self, texts: u32) -> f32 {
        if texts > COMMON_TEXTS && texts > self.texts / COMMON_SHARE {
            return 0.0;
        }
        let weight = libm::logf((self.texts + 1) as f32 / (texts + 1) as f32);
        match self.squared {
            true => weight * weight,
            false => weight,
        }
    }

    /// What a key in no text weighs.
    pub fn most(&self) -> f32 {
        self.weight(0)
    }

    /// What the key with a number weighs.
    pub fn weight_at(&self, number: u32) -> f32 {
        self.keys.get(number as usize).map_or(0.0, |key| key.weight)
    }

    /// What the keys of an entry weigh together.
    pub fn mass(&self, keys: &[Held]) -> f32 {
        let weights = keys
            .iter()
            .map(|held| self.weight_at(held.number()) * held.worth());
        weights.sum()
    }

    /// Adds to each entry what its keys among these weigh; gives what all of them weigh together.
    pub fn add(&self, keys: &[u64], sums: &mut [f32]) -> f32 {
        let mut mass = 0.0;
        for key in keys {
            let Some(number) = self.numbers.get(key) else {
                mass += self.most();
                continue;
            };
            let key = &self.keys[*number as usize];
            mass += key.weight;
            if key.weight > 0.0 {
                for entry in &key.entries {
                    sums[entry.number() as usize] += key.weight * entry.worth();
                }
            }
        }
        mass
    }

    /// Bytes that it takes, about.
    pub fn bytes(&self) -> usize {
        let entries = self.keys.iter().map(|key| 4 * key.entries.capacity());
        let keys = self.keys.capacity() * size_of::<Key>();
        let maps = self.numbers.capacity() * 17 * 8 / 7;
        entries.sum::<usize>() + keys + maps
    }
}
