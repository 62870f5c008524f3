//! What a passage and an entry share, as numbers of about 0 to 1 that mean the same in a small and
//! in a large register.

use super::words::Word;
use rustc_hash::FxHashSet;

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

/// The features of a passage and an entry's words. `weight` is what a stem weighs, 0 to 1; `room` has
/// read the passage.
pub fn features(
    standing: &Standing,
    passage: &[Word],
    entry: &[Word],
    weight: &dyn Fn(u64) -> f32,
    room: &mut Room,
) -> Features {
    let shared = shared(entry, weight, room);
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
        libm::log1pf(longest_run(passage, entry, &mut room.row).min(LONG_RUN))
            / libm::log1pf(LONG_RUN),
        standing.words_of_claim * standing.letters_of_claim,
        f32::from(u8::from(
            standing.words_rank.min(standing.letters_rank) == 1.0,
        )),
    ]
}

/// Room to work in.
#[derive(Debug, Default)]
pub struct Room {
    stems: FxHashSet<u64>,
    numbers: FxHashSet<u64>,
    seen: FxHashSet<u64>,
    row: Vec<u32>,
}

impl Room {
    /// Reads a passage.
    pub fn read(&mut self, words: &[Word]) {
        self.stems.clear();
        self.numbers.clear();
        self.stems.extend(words.iter().map(|word| word.stem));
        self.numbers
            .extend(words.iter().filter_map(|word| word.number));
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

fn shared(entry: &[Word], weight: &dyn Fn(u64) -> f32, room: &mut Room) -> Shared {
    let mut found = Shared::default();
    let (mut names, mut numbers, mut numbers_shared) = (0.0, 0.0, 0.0);
    room.seen.clear();
    for word in entry {
        if let Some(number) = word.number {
            numbers += 1.0;
            numbers_shared += f32::from(u8::from(room.numbers.contains(&number)));
        }
        if word.is_common || !room.seen.insert(word.stem) {
            continue;
        }
        let weight = weight(word.stem);
        let is_shared = room.stems.contains(&word.stem);
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
    if numbers > 0.0 {
        found.numbers = numbers_shared / numbers;
        found.numbers_differ = numbers_shared == 0.0 && !room.numbers.is_empty();
    }
    found
}

/// Words of the longest row that stands in both.
fn longest_run(passage: &[Word], entry: &[Word], row: &mut Vec<u32>) -> f32 {
    row.clear();
    row.resize(entry.len() + 1, 0);
    let mut longest = 0;
    for word in passage {
        for at in (0..entry.len()).rev() {
            row[at + 1] = match entry[at].stem == word.stem {
                true => row[at] + 1,
                false => 0,
            };
            longest = longest.max(row[at + 1]);
        }
    }
    longest as f32
}
