//! Which entries come into question for a passage, and how they stand to each other.

use super::Kept;
use super::features::Standing;
use super::index::Index;
use crate::model::ClaimId;

/// Entries on each of the three lists.
pub const LIST: usize = 15;
/// BM25's constants, for keys that count once.
const K1: f32 = 1.2;
const B: f32 = 0.6;

/// BM25's factor for an entry whose length is this share of the mean.
pub fn length_factor(length: f32) -> f32 {
    (K1 + 1.0) / (1.0 + K1 * (1.0 - B + B * length))
}

/// What each entry shares with a passage; used again.
#[derive(Debug, Default)]
pub struct Sums {
    stems: Vec<f32>,
    letters: Vec<f32>,
}

/// The best of something, the best first; entries of one score by their ids.
#[derive(Debug, Default)]
struct List {
    best: Vec<(f32, ClaimId, u32)>,
}

impl List {
    fn see(&mut self, score: f32, id: ClaimId, slot: u32) {
        let is_before = |other: &(f32, ClaimId, u32)| {
            let order = other.0.total_cmp(&score).reverse();
            order.then(other.1.cmp(&id)).is_lt()
        };
        if self.best.len() == LIST {
            if self.best.last().is_some_and(is_before) {
                return;
            }
            self.best.pop();
        }
        let at = self.best.partition_point(is_before);
        self.best.insert(at, (score, id, slot));
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
    /// For so many slots.
    pub fn make_room(&mut self, slots: usize) {
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
        let [mut by_words, mut by_letters, mut by_share] = [(); 3].map(|()| List::default());
        for (slot, kept) in (0..).zip(kept) {
            let (Some(kept), at) = (kept, slot as usize) else {
                continue;
            };
            if self.stems[at] > 0.0 {
                by_words.see(self.stems[at] * kept.masses.length, kept.id, slot);
            }
            if self.letters[at] > 0.0 {
                let mass = kept.masses.letters.max(f32::MIN_POSITIVE);
                by_letters.see(self.letters[at] / mass.sqrt(), kept.id, slot);
                by_share.see(self.letters[at] / mass, kept.id, slot);
            }
        }
        let lists = [&by_words, &by_letters, &by_share];
        let mut slots: Vec<u32> = lists
            .iter()
            .flat_map(|list| list.best.iter().map(|one| one.2))
            .collect();
        slots.sort_unstable();
        slots.dedup();
        let standing = |slot: u32| {
            let masses = kept.get(slot as usize)?.as_ref()?.masses;
            let (stems, letters) = (self.stems[slot as usize], self.letters[slot as usize]);
            let (words_lead, words_rank) = by_words.place(slot, stems * masses.length);
            let root = masses.letters.max(f32::MIN_POSITIVE).sqrt();
            let (letters_lead, letters_rank) = by_letters.place(slot, letters / root);
            let standing = Standing {
                words_of_claim: share(stems, masses.stems),
                words_of_text: share(stems, stems_mass),
                words_lead,
                words_rank,
                letters_of_claim: share(letters, masses.letters),
                letters_alike: share(letters, root * letters_mass.sqrt()),
                letters_lead,
                letters_rank,
            };
            Some((slot, standing))
        };
        slots.into_iter().filter_map(standing).collect()
    }
}

fn share(part: f32, whole: f32) -> f32 {
    if whole > 0.0 {
        (part / whole).min(1.0)
    } else {
        0.0
    }
}
