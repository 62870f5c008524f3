//! How far people agree when they judge the same statements: Krippendorff's alpha for names without
//! an order (Krippendorff, Content Analysis, 2004, chapter 11). 1 is agreement, 0 what chance would
//! bring; below 0.667 nobody should draw conclusions, and no model can be held to more than people
//! reach among themselves. Pure.

use std::collections::BTreeMap;

/// Alpha over units, each with the values that it was given; units with fewer than two values say
/// nothing. None where there is nothing to compare or only one value occurs.
pub fn alpha<V: Ord + Copy>(units: &[Vec<V>]) -> Option<f64> {
    let mut all: BTreeMap<V, f64> = BTreeMap::new();
    let mut differing = 0.0;
    for unit in units.iter().filter(|unit| unit.len() > 1) {
        let mut counts: BTreeMap<V, f64> = BTreeMap::new();
        for value in unit {
            *counts.entry(*value).or_default() += 1.0;
            *all.entry(*value).or_default() += 1.0;
        }
        let pairs = unit.len() as f64 - 1.0;
        differing += differing_pairs(&counts) / pairs;
    }
    let total: f64 = all.values().sum();
    let expected = differing_pairs(&all);
    (expected > 0.0).then(|| 1.0 - (total - 1.0) * differing / expected)
}

/// Ordered pairs of different values.
fn differing_pairs<V: Ord>(counts: &BTreeMap<V, f64>) -> f64 {
    let total: f64 = counts.values().sum();
    let same: f64 = counts.values().map(|count| count * count).sum();
    total * total - same
}

#[cfg(test)]
mod tests {
    use super::alpha;

    /// Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): section B, two observers,
    /// and section C, four observers with gaps.
    #[test]
    fn the_published_examples() {
        let (ben, gerry) = ("aabbdcccedda".chars(), "babbbccceddd".chars());
        let units: Vec<Vec<char>> = ben.zip(gerry).map(|(a, b)| vec![a, b]).collect();
        let value = alpha(&units).unwrap();
        assert!((value - 0.692).abs() < 0.001, "{value}");

        let observers = [
            "123321412...",
            "1233224125.3",
            ".3332342251.",
            "12332441251.",
        ];
        let units: Vec<Vec<char>> = (0..12)
            .map(|at| {
                let values = observers.iter().filter_map(|line| line.chars().nth(at));
                values.filter(|value| *value != '.').collect()
            })
            .collect();
        let value = alpha(&units).unwrap();
        assert!((value - 0.743).abs() < 0.001, "{value}");
    }

    #[test]
    fn agreement_by_chance_is_none() {
        assert_eq!(alpha::<u8>(&[]), None);
        assert_eq!(
            alpha(&[vec![1], vec![2]]),
            None,
            "single values say nothing"
        );
        assert_eq!(alpha(&[vec![1, 1], vec![1, 1]]), None, "one value only");
        assert_eq!(alpha(&[vec![1, 1], vec![2, 2]]), Some(1.0));
        assert!(alpha(&[vec![1, 2], vec![2, 1]]).unwrap() < 0.0);
    }
}
