//! Finds similar sketches: twenty-one bands of three numbers each; who shares a whole band with another
//! is a candidate. The members of a band's value form a chain, the latest first.

use super::sketch::{SLOTS, Sketch};

const BANDS: usize = 21;
const ROWS: usize = SLOTS / BANDS;
/// Candidates of one band at most, the latest: a flood of copies is one story after a few.
const MAX_BUCKET: usize = 200;
/// Members of one chain that are looked at, those of other values included.
const MAX_STEPS: usize = 2_000;
const NONE: u32 = u32::MAX;

/// One band's place in its chain.
#[derive(Debug, Clone, Copy)]
struct Link {
    /// The band's numbers: chains are shared by values that fall together.
    value: u64,
    newer: u32,
    older: u32,
}

const UNLINKED: Link = Link {
    value: 0,
    newer: NONE,
    older: NONE,
};

#[derive(Default)]
pub struct Buckets {
    /// Of each chain its latest member: all chains of the first band, then those of the next.
    heads: Vec<u32>,
    links: Vec<[Link; BANDS]>,
    members: usize,
}

impl Buckets {
    /// The members that share a band with a sketch, each once.
    pub fn candidates(&self, sketch: &Sketch) -> Vec<u32> {
        let mut found = Vec::new();
        if self.heads.is_empty() {
            return found;
        }
        for (band, value) in bands(sketch).into_iter().enumerate() {
            let mut slot = self.heads[self.chain(band, value)];
            let mut alike = 0;
            for _ in 0..MAX_STEPS {
                let Some(link) = self.link(slot, band) else {
                    break;
                };
                if link.value == value {
                    found.push(slot);
                    alike += 1;
                }
                if alike == MAX_BUCKET {
                    break;
                }
                slot = link.older;
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    pub fn insert(&mut self, slot: u32, sketch: &Sketch) {
        if self.members >= self.heads.len() / BANDS {
            self.grow();
        }
        let needed = slot as usize + 1;
        if self.links.len() < needed {
            self.links.resize(needed, [UNLINKED; BANDS]);
        }
        for (band, value) in bands(sketch).into_iter().enumerate() {
            self.push(slot, band, value);
        }
        self.members += 1;
    }

    pub fn remove(&mut self, slot: u32, sketch: &Sketch) {
        for (band, value) in bands(sketch).into_iter().enumerate() {
            let Some(link) = self.link(slot, band) else {
                continue;
            };
            match self.link_mut(link.newer, band) {
                Some(newer) => newer.older = link.older,
                None => {
                    let chain = self.chain(band, value);
                    self.heads[chain] = link.older;
                }
            }
            if let Some(older) = self.link_mut(link.older, band) {
                older.newer = link.newer;
            }
        }
        self.members -= 1;
    }

    fn push(&mut self, slot: u32, band: usize, value: u64) {
        let chain = self.chain(band, value);
        let older = std::mem::replace(&mut self.heads[chain], slot);
        if let Some(older) = self.link_mut(older, band) {
            older.newer = slot;
        }
        self.links[slot as usize][band] = Link {
            value,
            newer: NONE,
            older,
        };
    }

    /// Twice as many chains; the order within each stays.
    fn grow(&mut self) {
        let per_band = self.heads.len() / BANDS;
        let size = (self.heads.len() * 2).max(BANDS * 64);
        let before = std::mem::replace(&mut self.heads, vec![NONE; size]);
        let mut chain = Vec::new();
        for (number, head) in before.into_iter().enumerate() {
            let band = number / per_band;
            let mut slot = head;
            while let Some(link) = self.link(slot, band) {
                chain.push((slot, link.value));
                slot = link.older;
            }
            for (slot, value) in chain.drain(..).rev() {
                self.push(slot, band, value);
            }
        }
    }

    fn chain(&self, band: usize, value: u64) -> usize {
        let per_band = self.heads.len() / BANDS;
        let mixed = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        band * per_band + ((mixed >> 24) as usize & (per_band - 1))
    }

    fn link(&self, slot: u32, band: usize) -> Option<Link> {
        self.links.get(slot as usize).map(|links| links[band])
    }

    fn link_mut(&mut self, slot: u32, band: usize) -> Option<&mut Link> {
        self.links
            .get_mut(slot as usize)
            .map(|links| &mut links[band])
    }
}

fn bands(sketch: &Sketch) -> [u64; BANDS] {
    let mut bands = [0; BANDS];
    for (band, rows) in bands.iter_mut().zip(sketch.slots().chunks_exact(ROWS)) {
        *band = rows
            .iter()
            .fold(0, |value, row| value << 16 | u64::from(*row));
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn sketch(number: u32) -> Sketch {
        let text = format!("die meldung nummer {} kam aus {}", number % 50, number % 7);
        Sketch::of(&text).unwrap()
    }

    proptest! {
        /// Against looking at all of them.
        #[test]
        fn it_finds_whoever_shares_a_band(steps in proptest::collection::vec((0_u32..400, any::<bool>()), 1..600)) {
            let mut buckets = Buckets::default();
            let mut there: HashMap<u32, Sketch> = HashMap::new();
            for (number, put) in steps {
                match (put, there.remove(&number)) {
                    (_, Some(sketch)) => buckets.remove(number, &sketch),
                    (true, None) => {
                        buckets.insert(number, &sketch(number));
                        there.insert(number, sketch(number));
                    }
                    (false, None) => {}
                }
                let asked = sketch(number);
                let shares = |other: &Sketch| bands(other).iter().zip(bands(&asked)).any(|(a, b)| *a == b);
                let mut expected: Vec<u32> =
                    there.iter().filter(|(_, other)| shares(other)).map(|(slot, _)| *slot).collect();
                expected.sort_unstable();
                prop_assert_eq!(buckets.candidates(&asked), expected);
            }
        }
    }

    /// A fifth of the words is gone: of 27,000 real posts 95 of 100 such copies are found.
    #[test]
    fn copies_without_every_fifth_word_are_found() {
        let texts = include_str!("claims/everyday.txt").lines();
        let texts: Vec<&str> = texts.filter(|text| text.split(' ').count() > 11).collect();
        let sketches: Vec<Sketch> = texts.iter().filter_map(|text| Sketch::of(text)).collect();
        let mut buckets = Buckets::default();
        for (slot, sketch) in (0..).zip(&sketches) {
            buckets.insert(slot, sketch);
        }
        let (mut asked, mut found) = (0, 0);
        for (slot, text) in (0_u32..).zip(&texts) {
            for gone in 0..5 {
                let words = text.split(' ').enumerate();
                let words: Vec<&str> = words
                    .filter(|(at, _)| at % 5 != gone)
                    .map(|one| one.1)
                    .collect();
                let copy = Sketch::of(&words.join(" ")).unwrap();
                let near = |slot: &u32| copy.is_near(&sketches[*slot as usize]);
                let candidates = buckets.candidates(&copy);
                asked += 1;
                found += usize::from(
                    candidates
                        .iter()
                        .filter(|slot| near(slot))
                        .any(|one| *one == slot),
                );
            }
        }
        assert!(
            asked > 100 && found * 100 >= asked * 90,
            "{found} of {asked}"
        );
    }

    #[test]
    fn of_a_flood_the_latest_are_looked_at() {
        let mut buckets = Buckets::default();
        for slot in 0..5_000 {
            buckets.insert(slot, &sketch(1));
        }
        let found = buckets.candidates(&sketch(1));
        assert_eq!(found, (4_800..5_000).collect::<Vec<_>>());
    }
}
