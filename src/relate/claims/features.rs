//! What a passage and an entry share, as numbers of about 0 to 1 that mean the same in a small and
//! in a large register.

use super::index::Held;
use super::words::Word;
use rustc_hash::{FxHashMap, FxHashSet};

/// How many there are.
pub const N: usize = 16;

/// In the order of [`FEATURES`].
pub type Features = [f32; N];

/// Their names.
pub const FEATURES: [&str; N] = [
    // Of the weight of the claim's words: what is in the passage.
    "words_of_claim",
    // Of the weight of the passage's words: what is in the claim.
    "words_of_text",
    // Weight of all shared words, and of the rarest of them.
    "words_together",
    "words_rarest",
    // How far the next best entry is behind (or ahead), and one by the rank; by BM25.
    "words_lead",
    "words_rank",
    // The same by letters in a row.
    "letters_of_claim",
    "letters_alike",
    "letters_lead",
    "letters_rank",
    // Numbers of the claim that the passage names; both name numbers, and none is the same.
    "numbers_shared",
    "numbers_differ",
    // Of the weight of the claim's capitalised words: what is in the passage.
    "names_shared",
    // The longest row of words that is in both.
    "run",
    // Much of the claim's words and of its letters are in the passage.
    "both_of_claim",
    // First by words and first by letters.
    "both_first",
];

/// Words of a row that make it as long as counts.
const LONG_RUN: f32 = 12.0;

/// What the lists of candidates say of an entry.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Standing {
    pub words_of_claim: f32,
    pub words_of_text: f32,
    pub words_lead: f32,
    pub words_rank: f32,
    pub letters_of_claim: f32,
    pub letters_alike: f32,
    pub letters_lead: f32,
    pub letters_rank: f32,
}

/// What of an entry is compared word by word.
#[derive(Debug)]
pub struct Wording {
    /// The stems of all words, in a row.
    row: Box<[u64]>,
    numbers: Box<[u64]>,
    /// The words that are not common, each once.
    words: Box<[Told]>,
}

/// A word of an entry.
#[derive(Debug, Clone, Copy)]
struct Told {
    stem: u64,
    /// Its number in the index.
    number: u32,
    is_name: bool,
}

impl Wording {
    /// Of an entry's words; `keys` are its stems in order, `held` what the index calls them.
    pub fn new(words: &[Word], keys: &[u64], held: &[Held]) -> Self {
        let mut seen = FxHashSet::default();
        let told = words
            .iter()
            .filter(|word| !word.is_common && seen.insert(word.stem));
        let told = told.filter_map(|word| {
            let at = keys.binary_search(&word.stem).ok()?;
            Some(Told {
                stem: word.stem,
                number: held.get(at)?.number(),
                is_name: word.is_name,
            })
        });
        Self {
            words: told.collect(),
            row: words.iter().map(|word| word.stem).collect(),
            numbers: words.iter().filter_map(|word| word.number).collect(),
        }
    }

    /// True for a word that is not common.
    pub fn has(&self, stem: u64) -> bool {
        self.words.iter().any(|word| word.stem == stem)
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.row) + size_of_val(&*self.numbers) + size_of_val(&*self.words)
    }
}

/// The features of a passage, which `room` has read, and an entry. `weight` is what a stem weighs by
/// its number in the index, 0 to 1.
pub fn features(
    standing: &Standing,
    entry: &Wording,
    weight: &dyn Fn(u32) -> f32,
    room: &Room,
) -> Features {
    let shared = shared(entry, weight, room);
    let run = longest_run(entry, room).min(LONG_RUN);
    [
        standing.words_of_claim,
        standing.words_of_text,
        libm::log1pf(shared.weight),
        shared.rarest,
        standing.words_lead,
        standing.words_rank,
        standing.letters_of_claim,
        standing.letters_alike,
        standing.letters_lead,
        standing.letters_rank,
        shared.numbers,
        f32::from(u8::from(shared.numbers_differ)),
        shared.names,
        libm::log1pf(run) / libm::log1pf(LONG_RUN),
        standing.words_of_claim * standing.letters_of_claim,
        f32::from(u8::from(
            standing.words_rank.min(standing.letters_rank) == 1.0,
        )),
    ]
}

/// A passage, ready to be looked up in.
#[derive(Debug, Default)]
pub struct Room {
    /// Where a stem stands first.
    first: FxHashMap<u64, u32>,
    /// Where the stem of each place stands next; none is [`u32::MAX`].
    next: Vec<u32>,
    row: Vec<u64>,
    numbers: FxHashSet<u64>,
}

impl Room {
    /// Reads a passage.
    pub fn read(&mut self, words: &[Word]) {
        self.row.clear();
        self.row.extend(words.iter().map(|word| word.stem));
        self.numbers.clear();
        self.numbers
            .extend(words.iter().filter_map(|word| word.number));
        self.first.clear();
        self.next.clear();
        self.next.resize(words.len(), u32::MAX);
        for (at, stem) in self.row.iter().enumerate().rev() {
            if let Some(later) = self.first.insert(*stem, at as u32) {
                self.next[at] = later;
            }
        }
    }

    /// The places of a stem.
    fn places(&self, stem: u64) -> impl Iterator<Item = usize> {
        let first = self.first.get(&stem).copied();
        let next = |at: &u32| {
            self.next
                .get(*at as usize)
                .copied()
                .filter(|at| *at != u32::MAX)
        };
        std::iter::successors(first, next).map(|at| at as usize)
    }
}

#[derive(Debug, Default)]
struct Shared {
    weight: f32,
    rarest: f32,
    names: f32,
    numbers: f32,
    numbers_differ: bool,
}

fn shared(entry: &Wording, weight: &dyn Fn(u32) -> f32, room: &Room) -> Shared {
    let mut found = Shared::default();
    let mut names = 0.0;
    for word in &entry.words {
        let is_shared = room.first.contains_key(&word.stem);
        if !is_shared && !word.is_name {
            continue;
        }
        let weight = weight(word.number);
        if word.is_name {
            names += weight;
        }
        if is_shared {
            found.weight += weight;
            found.rarest = found.rarest.max(weight);
            if word.is_name {
                found.names += weight;
            }
        }
    }
    if names > 0.0 {
        found.names /= names;
    }
    let numbers = entry.numbers.iter();
    let shared = numbers
        .filter(|number| room.numbers.contains(number))
        .count();
    if !entry.numbers.is_empty() {
        found.numbers = shared as f32 / entry.numbers.len() as f32;
        found.numbers_differ = shared == 0 && !room.numbers.is_empty();
    }
    found
}

/// Words of the longest row that stands in both.
fn longest_run(entry: &Wording, room: &Room) -> f32 {
    let mut longest = 0;
    for from in 0..entry.row.len() {
        for place in room.places(entry.row[from]) {
            if from > 0 && place > 0 && entry.row[from - 1] == room.row[place - 1] {
                // Counted from where the row begins.
                continue;
            }
            let pairs = entry.row[from..].iter().zip(&room.row[place..]);
            longest = longest.max(pairs.take_while(|(one, other)| one == other).count());
        }
    }
    longest as f32
}
