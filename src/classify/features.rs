//! What a linear model sees of a statement toward a target: one implementation for training and for
//! use. Pure.
//!
//! Three blocks are hashed into one space: words with pairs of words and marks (emoji, emoticons);
//! runs of three to five letters; words by how near and on which side of the target's name they
//! stand. Each is made a vector of length one, so that long texts weigh no more than short ones. A
//! few cues are counted beside them. A fourth block, the statement's [`form`], is for those heads only
//! that ask for it. The target's own name is masked: what is learned of one target
//! holds for others.

use super::form::form;
use super::marks::marks;
use super::masks::Masks;
use super::reading::Reading;
use crate::text::hash;

/// Hashed features; a power of two.
pub const HASHED: usize = 1 << 18;
/// Counted cues, which come first.
pub const CUES: usize = 16;
/// Places behind the cues for what other heads say.
pub const HELPERS: usize = 8;
/// All features.
pub const DIMENSIONS: usize = CUES + HELPERS + HASHED;
/// Changes with every change of what a number stands for; a model of another version is not read.
pub const VERSION: u32 = 3;

/// Letters of a run, from and to.
const RUNS: std::ops::RangeInclusive<usize> = 3..=5;
/// Letters of a word whose runs are taken; longer ones are no words.
const MAX_RUN_WORD: usize = 40;
/// Words that are read; what follows in a very long text changes little.
const MAX_WORDS: usize = 2_000;
/// Distances from the target's name that make a band, each up to and with.
const BANDS: [usize; 3] = [2, 5, 10];
/// How much the block of words near the name counts beside the others.
const NEAR_SCALE: f32 = 0.5;

/// What the word lists see.
#[derive(Debug, Clone, Copy, Default)]
pub struct Signs {
    /// Weights of supportive and critical words, 0 or more.
    pub praise: f32,
    pub blame: f32,
    pub irony: bool,
    pub denies: bool,
    /// An article that does not call itself an opinion.
    pub report: bool,
}

/// Number of a feature and its value, each number once, ascending.
pub type Features = Vec<(u32, f32)>;

/// The place of a word for what no single word stands for.
pub const NOWHERE: u32 = u32::MAX;

/// One occurrence of a feature, and the word that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub number: u32,
    pub word: u32,
}

/// A block of features: occurrences by number, and what one occurrence is worth of each.
#[derive(Debug, Default)]
pub struct Block {
    seen: Vec<Seen>,
    first: Vec<u32>,
    counts: Vec<u32>,
    scale: f32,
}

/// Everything that is seen of a statement toward a target.
#[derive(Debug, Default)]
pub struct View {
    pub cues: Features,
    pub blocks: [Block; 3],
    /// How it is put, for the heads that look at it.
    pub form: Block,
}

/// What kind of feature a hash is made for: the same word is another feature in each.
#[derive(Clone, Copy)]
enum Kind {
    Word = 1,
    QuotedWord,
    Pair,
    Run,
    Near,
    Mark,
    Known,
    Form,
}

impl View {
    /// Reads a statement toward a target whose name stands at `names`. `known` is the target's hash
    /// where a model has learned words of this very target.
    pub fn new(
        reading: &Reading<'_>,
        names: &[(usize, usize)],
        signs: &Signs,
        masks: &Masks,
        known: Option<u64>,
    ) -> Self {
        let words = Words::new(reading, names, masks);
        let mut said = words.said();
        if let Some(target) = known {
            said.extend(words.known(target));
        }
        said.extend(marks(reading).map(|mark| Seen {
            number: number(Kind::Mark, mark, 0),
            word: NOWHERE,
        }));
        let forms = reading.texts().into_iter().flat_map(form);
        let forms = forms.map(|form| Seen {
            number: number(Kind::Form, form, 0),
            word: NOWHERE,
        });
        Self {
            form: Block::new(forms.collect(), 1.0),
            cues: cue_values(reading, names, signs),
            blocks: [
                Block::new(said, 1.0),
                Block::new(words.runs(), 1.0),
                Block::new(words.near(names), NEAR_SCALE),
            ],
        }
    }

    /// All features, each number once, ascending.
    pub fn features(&self) -> Features {
        let blocks = self.blocks.iter().flat_map(Block::values);
        merge(self.cues.iter().copied().chain(blocks).collect())
    }

    /// The same, and how it is put.
    pub fn with_form(&self) -> Features {
        let features = self.features().into_iter();
        merge(features.chain(self.form.values()).collect())
    }
}

impl Block {
    fn new(seen: Vec<Seen>, scale: f32) -> Self {
        let (first, counts) = counted(&seen);
        let worth = counts.iter().map(|count| damped(*count));
        let squares: f32 = worth.map(|worth| worth * worth).sum();
        Self {
            scale: scale / squares.sqrt().max(1.0),
            seen,
            first,
            counts,
        }
    }

    /// What a feature that is seen once is worth.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// Numbers of the features, and what each is worth more than one that is seen once.
    pub fn worth(&self) -> impl Iterator<Item = (u32, f32)> + '_ {
        let counted = self.seen.iter().zip(&self.counts);
        let firsts = counted.filter(|(_, count)| **count > 0);
        firsts.map(|(seen, count)| (seen.number, damped(*count)))
    }

    fn values(&self) -> impl Iterator<Item = (u32, f32)> + '_ {
        self.worth()
            .map(|(number, worth)| (number, worth * self.scale))
    }

    /// Each occurrence with its share of its feature's value.
    pub fn shares(&self) -> impl Iterator<Item = (Seen, f32)> + '_ {
        self.seen.iter().zip(&self.first).map(|(seen, first)| {
            let count = self.counts[*first as usize];
            (*seen, damped(count) * self.scale / count as f32)
        })
    }
}

/// For each occurrence where its feature occurs first, and there how often it does; 0 elsewhere. A
/// table of its own: a sort of all numbers would take a tenth of the time that a statement takes.
fn counted(seen: &[Seen]) -> (Vec<u32>, Vec<u32>) {
    let mut table = vec![0_u32; (2 * seen.len()).next_power_of_two()];
    let mask = table.len() - 1;
    let mut first = Vec::with_capacity(seen.len());
    let mut counts = vec![0; seen.len()];
    for (at, one) in (0_u32..).zip(seen) {
        let mut slot = one.number as usize & mask;
        let found = loop {
            match table[slot] {
                0 => {
                    table[slot] = at + 1;
                    break at;
                }
                other if seen[other as usize - 1].number == one.number => break other - 1,
                _ => slot = (slot + 1) & mask,
            }
        };
        counts[found as usize] += 1;
        first.push(found);
    }
    (first, counts)
}

/// The second occurrence says less than the first.
fn damped(count: u32) -> f32 {
    match count {
        0 => 0.0,
        1 => 1.0,
        2 => 1.0 + std::f32::consts::LN_2,
        count => 1.0 + libm::logf(count as f32),
    }
}

/// A number for a kind and two parts of a feature.
fn number(kind: Kind, one: u64, other: u64) -> u32 {
    let mut bits = (kind as u64) ^ one.rotate_left(17) ^ other.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    (CUES + HELPERS) as u32 + (bits % HASHED as u64) as u32
}

/// The number that a folded word is by itself.
pub fn word_number(form: &str) -> u32 {
    number(Kind::Word, hash(form), 0)
}

/// The words of a statement as features see them.
struct Words<'a> {
    /// The folded form; empty for the target's own name, and for what is masked.
    forms: Vec<&'a str>,
    hashes: Vec<u64>,
    quoted: Vec<bool>,
}

impl<'a> Words<'a> {
    fn new(reading: &Reading<'a>, names: &[(usize, usize)], masks: &Masks) -> Self {
        let words = reading.words.iter().take(MAX_WORDS);
        let mut forms: Vec<&str> = words
            .map(|word| word.token.terms.first().map_or("", String::as_str))
            .collect();
        for &(first, last) in names {
            let named = forms.iter_mut().take(last + 1).skip(first);
            named.for_each(|form| *form = "");
        }
        let name = hash("@target");
        let hashed = |form: &mut &str| match (form.is_empty(), masks.of(form)) {
            (true, _) => name,
            (_, None) => hash(form),
            (_, Some(kind)) => {
                *form = "";
                kind
            }
        };
        Self {
            hashes: forms.iter_mut().map(hashed).collect(),
            quoted: reading.words.iter().map(|word| word.quoted).collect(),
            forms,
        }
    }

    /// Words, and pairs of words; the first is a pair with the beginning.
    fn said(&self) -> Vec<Seen> {
        let mut found = Vec::with_capacity(2 * self.forms.len());
        let mut before = hash("^");
        for (word, &this) in (0_u32..).zip(&self.hashes) {
            let kind = match self.quoted.get(word as usize) {
                Some(true) => Kind::QuotedWord,
                _ => Kind::Word,
            };
            let (alone, pair) = (number(kind, this, 0), number(Kind::Pair, before, this));
            found.extend([alone, pair].map(|number| Seen { number, word }));
            before = this;
        }
        found
    }

    /// Words of this very target.
    fn known(&self, target: u64) -> impl Iterator<Item = Seen> + '_ {
        let words = (0_u32..).zip(&self.hashes);
        words.map(move |(word, this)| Seen {
            number: number(Kind::Known, *this, target),
            word,
        })
    }

    fn runs(&self) -> Vec<Seen> {
        let mut found = Vec::with_capacity(16 * self.forms.len());
        let mut spelled = String::new();
        let mut ends = Vec::new();
        for (word, form) in (0_u32..).zip(&self.forms) {
            if form.is_empty() {
                continue;
            }
            spelled.clear();
            spelled.extend(["<", form, ">"]);
            ends.clear();
            ends.extend(spelled.char_indices().map(|(at, _)| at));
            ends.push(spelled.len());
            if ends.len() > MAX_RUN_WORD {
                continue;
            }
            for length in RUNS {
                for window in ends.windows(length + 1) {
                    let run = hash(&spelled[window[0]..window[length]]);
                    let number = number(Kind::Run, run, 0);
                    found.push(Seen { number, word });
                }
            }
        }
        found
    }

    /// Words by distance from, and side of, the nearest name.
    fn near(&self, names: &[(usize, usize)]) -> Vec<Seen> {
        let mut found = Vec::new();
        for (at, form) in self.forms.iter().enumerate() {
            if form.is_empty() {
                continue;
            }
            // Only the last name before the word and the first one behind it can be nearest.
            let behind = names.partition_point(|(first, _)| *first <= at);
            let around = names.iter().skip(behind.saturating_sub(1)).take(2);
            let distances = around.map(|&(first, last)| match at < first {
                true => (first - at, 0_u64),
                false => (at - last.min(at), 1),
            });
            let Some((distance, side)) = distances.min() else {
                continue;
            };
            if let Some(band) = BANDS.iter().position(|band| distance <= *band) {
                let place = side * BANDS.len() as u64 + band as u64;
                let number = number(Kind::Near, self.hashes[at], place + 1);
                let word = at as u32;
                found.push(Seen { number, word });
            }
        }
        found
    }
}

/// Two features can fall together.
fn merge(mut all: Features) -> Features {
    all.sort_unstable_by_key(|(number, _)| *number);
    let mut merged: Features = Vec::with_capacity(all.len());
    for (number, value) in all {
        match merged.last_mut() {
            Some((last, sum)) if *last == number => *sum += value,
            _ => merged.push((number, value)),
        }
    }
    merged
}

/// What each cue is, for explanations.
pub const CUE_NAMES: [&str; CUES] = [
    "praising words",
    "blaming words",
    "more praise than blame",
    "no judging word",
    "irony cue",
    "negation",
    "article reports",
    "ends with a question",
    "exclamation",
    "quoted words",
    "words in capitals",
    "target not named",
    "begins with the target",
    "very short",
    "long",
    "length",
];

fn cue_values(reading: &Reading<'_>, names: &[(usize, usize)], signs: &Signs) -> Features {
    let count = reading.words.len();
    let words = &reading.words;
    let share = |part: usize| part as f32 / count.max(1) as f32;
    let yes = |holds: bool| f32::from(u8::from(holds));
    let ends_asking = words.last().is_some_and(|word| reading.is_question(word));
    let shouted = words.iter().filter(|word| is_shouted(&word.token.exact));
    let values: [f32; CUES] = [
        libm::log1pf(signs.praise),
        libm::log1pf(signs.blame),
        (signs.praise - signs.blame).clamp(-3.0, 3.0) / 3.0,
        yes(signs.praise == 0.0 && signs.blame == 0.0),
        yes(signs.irony),
        yes(signs.denies),
        yes(signs.report),
        yes(ends_asking),
        yes(reading.exclaims()),
        share(words.iter().filter(|word| word.quoted).count()),
        share(shouted.count()),
        yes(names.is_empty()),
        yes(names.first().is_some_and(|(first, _)| *first == 0)),
        yes(count < 6),
        yes(count > 40),
        libm::log1pf(count as f32) / 5.0,
    ];
    let numbered = (0_u32..).zip(values);
    numbered.filter(|(_, value)| *value != 0.0).collect()
}

fn is_shouted(exact: &str) -> bool {
    exact.chars().nth(3).is_some() && exact.chars().all(char::is_uppercase)
}
