//! Words that may not sway a stance: names of parties and of groups of people. A model sees only
//! that there is one. Pure.

use crate::text::hash;

const LIST: &str = include_str!("lexicon/masked.txt");

/// Beginnings of words, and what each is to a model.
#[derive(Debug, Clone)]
pub struct Masks {
    /// In order; none begins with another.
    stems: Vec<(&'static str, u64)>,
}

impl Masks {
    /// Reads the built-in list.
    pub fn new() -> Self {
        let mut kind = 0;
        let mut stems = Vec::new();
        for line in LIST.lines().map(str::trim) {
            match line {
                "" => {}
                line if line.starts_with('#') => {}
                line if line.starts_with('[') => kind = hash(line),
                stem => stems.push((stem, kind)),
            }
        }
        stems.sort_unstable();
        stems.dedup_by(|later, earlier| later.0.starts_with(earlier.0));
        Self { stems }
    }

    /// What a folded word is to a model, if it is masked.
    pub fn of(&self, form: &str) -> Option<u64> {
        let after = self.stems.partition_point(|(stem, _)| *stem <= form);
        let (stem, kind) = self.stems.get(after.checked_sub(1)?)?;
        form.starts_with(stem).then_some(*kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parties_are_one_word_and_groups_another() {
        let masks = Masks::new();
        let party = masks.of("cdu");
        assert!(party.is_some());
        for form in ["spd", "gruenen", "afd", "linke"] {
            assert_eq!(masks.of(form), party, "{form}");
        }
        let people = masks.of("muslime");
        assert!(people.is_some() && people != party);
        assert_eq!(masks.of("syrischen"), people);
        for form in ["minister", "grenzkontrollen", "", "c", "zzz", "polizei"] {
            assert_eq!(masks.of(form), None, "{form}");
        }
    }
}
