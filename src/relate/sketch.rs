//! MinHash of the character 5-grams of a text: how alike two texts are, from 64 numbers of each.
//!
//! Broder, On the resemblance and containment of documents, 1997. Sixteen bits of each minimum are
//! enough: two different ones agree once in 65,536.

/// Characters of a shingle.
const SHINGLE: usize = 5;
/// Numbers of a sketch.
pub const SLOTS: usize = 64;
/// Equal numbers from which two texts are near: a Jaccard index of one half.
const NEAR: u32 = 32;
/// Share of the shorter text that the longer one has, where the shorter is less than
/// [`SHORTER`] of the longer.
const CONTAINED: f32 = 0.8;
const SHORTER: f32 = 0.6;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    slots: [u16; SLOTS],
    shingles: u32,
}

impl Sketch {
    /// `None` for a text without shingles.
    pub fn of(text: &str) -> Option<Self> {
        let mut shingles = shingles(text);
        shingles.sort_unstable();
        shingles.dedup();
        let mut minima = [u32::MAX; SLOTS];
        for shingle in &shingles {
            for (minimum, (factor, shift)) in minima.iter_mut().zip(FACTORS.iter().zip(&SHIFTS)) {
                *minimum = (*minimum).min((shingle ^ shift).wrapping_mul(*factor));
            }
        }
        (!shingles.is_empty()).then(|| Self {
            slots: minima.map(low),
            shingles: u32::try_from(shingles.len()).unwrap_or(u32::MAX),
        })
    }

    pub fn slots(&self) -> &[u16; SLOTS] {
        &self.slots
    }

    /// Whether one is a near-copy of the other, or a large part of it.
    pub fn is_near(&self, other: &Self) -> bool {
        let equal = self.slots.iter().zip(&other.slots);
        let equal: u32 = equal.map(|(a, b)| u32::from(a == b)).sum();
        if equal >= NEAR {
            return true;
        }
        let (a, b) = (self.shingles as f32, other.shingles as f32);
        let (less, more) = (a.min(b), a.max(b));
        let jaccard = equal as f32 / SLOTS as f32;
        let common = jaccard * (a + b) / (1.0 + jaccard);
        less < SHORTER * more && common >= CONTAINED * less
    }
}

fn low(minimum: u32) -> u16 {
    (minimum & 0xffff) as u16
}

/// A number for each shingle of the text, in order.
fn shingles(text: &str) -> Vec<u32> {
    let letters: Vec<char> = text.chars().collect();
    letters.windows(SHINGLE).map(number).collect()
}

fn number(letters: &[char]) -> u32 {
    let mixed = letters.iter().fold(0_u64, |sum, letter| {
        (sum ^ u64::from(*letter)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 32) as u32
}

/// Odd factors and shifts of the permutations.
const FACTORS: [u32; SLOTS] = numbers(0x5265_736f, 1);
const SHIFTS: [u32; SLOTS] = numbers(0x6e61_6e7a, 0);

const fn numbers(seed: u64, set: u32) -> [u32; SLOTS] {
    let mut numbers = [0; SLOTS];
    let mut state = seed;
    let mut slot = 0;
    while slot < SLOTS {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        numbers[slot] = (mixed >> 32) as u32 | set;
        slot += 1;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "die bundesregierung will die grenzkontrollen an allen landgrenzen bis maerz \
                        verlaengern teilte das ministerium am freitag in berlin mit ";

    fn near(a: &str, b: &str) -> bool {
        let (Some(a), Some(b)) = (Sketch::of(a), Sketch::of(b)) else {
            panic!("too short");
        };
        assert_eq!(a.is_near(&b), b.is_near(&a));
        a.is_near(&b)
    }

    /// Exact Jaccard index of the shingles.
    fn jaccard(a: &str, b: &str) -> f64 {
        let set = |text| {
            shingles(text)
                .into_iter()
                .collect::<std::collections::HashSet<_>>()
        };
        let (a, b) = (set(a), set(b));
        a.intersection(&b).count() as f64 / a.union(&b).count() as f64
    }

    #[test]
    fn copies_are_near_and_others_are_not() {
        assert!(near(TEXT, TEXT));
        assert!(near(TEXT, &format!("schlimm genug {TEXT}")));
        assert!(near(TEXT, &TEXT.replace("freitag", "fritag")));
        assert!(!near(
            TEXT,
            "der bundestag hat am freitag ueber den haushalt des ministeriums beraten"
        ));
    }

    #[test]
    fn a_part_of_a_long_text_is_near() {
        let sentence = |n: u32| format!("satz {n} handelt von der sache nummer {} ", n * 7919);
        let long: String = (0..20).map(sentence).collect();
        let part: String = (0..11).map(sentence).collect();
        assert!(near(&long, &part));
        let other: String = (100..103).map(sentence).collect();
        assert!(!near(&long, &other));
    }

    #[test]
    fn the_numbers_estimate_the_jaccard_index() {
        let words: Vec<&str> = TEXT.split(' ').collect();
        for dropped in 1..words.len() {
            let rest = words[dropped..].join(" ");
            let (Some(a), Some(b)) = (Sketch::of(TEXT), Sketch::of(&rest)) else {
                continue;
            };
            let equal = a.slots.iter().zip(&b.slots).filter(|(a, b)| a == b).count();
            let error = equal as f64 / SLOTS as f64 - jaccard(TEXT, &rest);
            assert!(
                error.abs() < 0.25,
                "{dropped} words dropped: off by {error}"
            );
        }
    }

    #[test]
    fn too_short_is_nothing() {
        assert!(Sketch::of("abcd").is_none());
        assert!(Sketch::of("").is_none());
    }
}
