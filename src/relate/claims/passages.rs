//! Which entries come into question for a passage, and how they stand to each other.

use super::Kept;
use super::features::Standing;
use super::index::Index;
use crate::model::ClaimId;

/// Entries on each of the three lists.
pub const LIST: usize = 20;
/// BM25's constants, for keys that count once.
const K1: f32 = 1.2;
const B: f32 = 0.25;
/// How much the letters of a long entry count against it; a cosine has 0.5.
const LONG: f32 = 0.3;

/// What the keys of an entry weigh, and by what its scores are made; all zero where no entry is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Masses {
    stems: f32,
    letters: f32,
    by_words: f32,
    by_letters: f32,
    by_share: f32,
}

impl Masses {
    /// `length` is that of the entry, as a share of the mean.
    pub fn new(stems: f32, letters: f32, length: f32) -> Self {
        let least = letters.max(f32::MIN_POSITIVE);
        Self {
            stems,
            letters,
            by_words: (K1 + 1.0) / (1.0 + K1 * (1.0 - B + B * length)),
            by_letters: libm::powf(least, -LONG),
            by_share: 1.0 / least,
        }
    }
}

/// What each entry shares with a passage; used again.
#[derive(Debug, Default)]
pub struct Sums {
    stems: Vec<f32>,
    letters: Vec<f32>,
    /// Of the entry in each slot.
    pub masses: Vec<Masses>,
}

/// The best of something, the best first; entries of one score by their ids.
#[derive(Debug)]
struct List {
    best: Vec<(f32, Option<ClaimId>, u32)>,
    /// Lower scores have no place.
    least: f32,
}

impl List {
    fn new() -> Self {
        Self {
            best: Vec::with_capacity(LIST + 1),
            least: f32::MIN_POSITIVE,
        }
    }

    #[inline]
    fn see(&mut self, score: f32, slot: u32, kept: &[Option<Kept>]) {
        if score >= self.least {
            self.put(score, slot, kept);
        }
    }

    fn put(&mut self, score: f32, slot: u32, kept: &[Option<Kept>]) {
        let Some(id) = kept
            .get(slot as usize)
            .and_then(Option::as_ref)
            .map(|kept| kept.id)
        else {
            return;
        };
        let is_before = |other: &(f32, Option<ClaimId>, u32)| {
            let order = other.0.total_cmp(&score).reverse();
            order.then((other.1, other.2).cmp(&(id, slot))).is_lt()
        };
        let at = self.best.partition_point(is_before);
        self.best.insert(at, (score, id, slot));
        self.best.truncate(LIST);
        if self.best.len() == LIST {
            self.least = self.best.last().map_or(self.least, |last| last.0);
        }
    }

    /// How far the best other is behind, -1 to 1; and one by the rank, 0 for none.
    fn place(&self, slot: u32, score: f32) -> (f32, f32) {
        let at = self.best.iter().position(|one| one.2 == slot);
        let other = match at {
            Some(0) => self.best.get(1),
            _ => self.best.first(),
        };
        let other = other.map_or(0.0, |other| other.0);
        let most = score.max(other);
        let lead = if most > 0.0 {
            (score - other) / most
        } else {
            0.0
        };
        (lead, at.map_or(0.0, |at| 1.0 / (at + 1) as f32))
    }
}

impl Sums {
    /// For so many slots, which are empty.
    pub fn clear(&mut self, slots: usize) {
        self.masses.clear();
        self.masses.resize(slots, Masses::default());
        for sums in [&mut self.stems, &mut self.letters] {
            sums.clear();
            sums.resize(slots, 0.0);
        }
    }

    /// The entries on one of the lists, and how they stand.
    pub fn candidates(
        &mut self,
        stems: (&Index, &[u64]),
        letters: (&Index, &[u64]),
        kept: &[Option<Kept>],
    ) -> Vec<(u32, Standing)> {
        self.stems.fill(0.0);
        self.letters.fill(0.0);
        let stems_mass = stems.0.add(stems.1, &mut self.stems);
        let letters_mass = letters.0.add(letters.1, &mut self.letters);
        let [mut by_words, mut by_letters, mut by_share] = [(); 3].map(|()| List::new());
        let sums = self.stems.iter().zip(&self.letters);
        for (slot, ((stems, letters), masses)) in (0..).zip(sums.zip(&self.masses)) {
            by_words.see(stems * masses.by_words, slot, kept);
            by_letters.see(letters * masses.by_letters, slot, kept);
            by_share.see(letters * masses.by_share, slot, kept);
        }
        let lists = [&by_words, &by_letters, &by_share];
        let slots = lists.iter().flat_map(|list| list.best.iter());
        let mut slots: Vec<u32> = slots.map(|one| one.2).collect();
        slots.sort_unstable();
        slots.dedup();
        let standing = |slot: u32| {
            let (stems, letters) = (self.stems[slot as usize], self.letters[slot as usize]);
            let masses = self.masses[slot as usize];
            let (words_lead, words_rank) = by_words.place(slot, stems * masses.by_words);
            let (letters_lead, letters_rank) = by_letters.place(slot, letters * masses.by_letters);
            let standing = Standing {
                words_of_claim: share(stems, masses.stems),
                words_of_text: share(stems, stems_mass),
                words_lead,
                words_rank,
                letters_of_claim: share(letters, masses.letters),
                letters_alike: share(letters, (masses.letters * letters_mass).sqrt()),
                letters_lead,
                letters_rank,
            };
            (slot, standing)
        };
        slots.into_iter().map(standing).collect()
    }
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 {
        (part / whole).min(1.0)
    } else {
        0.0
    }
}
