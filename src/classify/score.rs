//! How well a classifier does on labelled statements. Pure; the same numbers for the same input.
//!
//! `unclear` is an abstention: it is never right toward a statement with a stance, and never counted
//! as a side. A statement whose truth is `unclear` cannot be got right by taking a side.

use crate::model::Stance;
use std::collections::BTreeMap;

/// Bins of a calibration plot.
const BINS: usize = 10;
/// Share of the bootstrap's results outside of the interval.
const OUTSIDE: f64 = 0.05;

/// One statement toward one target: what people say, and what the classifier says.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub target: String,
    pub truth: Stance,
    pub said: Stance,
    /// Calibrated probability of `said`, 0 to 1; none where the classifier gives none.
    pub probability: Option<f64>,
    /// Probabilities of critical, neutral and supportive, where the classifier gives them.
    pub sides: Option<[f64; 3]>,
}

/// What is known only of a classifier that gives probabilities.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Ranking {
    /// How often a critical statement is taken for more critical than another one is.
    pub auc_critical: f64,
    /// Macro-F1 and accuracy if the most probable stance were always said.
    pub macro_f1_forced: f64,
    pub accuracy_forced: f64,
}

/// One class of the truth.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ClassScore {
    pub stance: &'static str,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    /// Statements that people gave this stance.
    pub statements: u32,
}

/// Numbers over some statements; all shares are 0 to 1.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Scores {
    pub statements: u32,
    /// Mean F1 of critical, neutral and supportive, of those that occur.
    pub macro_f1: f64,
    /// Mean F1 of critical and supportive alone.
    pub macro_f1_sides: f64,
    pub accuracy: f64,
    /// Share of statements that are not called unclear, and the accuracy among them.
    pub coverage: f64,
    pub accuracy_covered: f64,
    /// Share of the critical and supportive that are called the opposite.
    pub wrong_side: f64,
    pub classes: Vec<ClassScore>,
    /// Statements by truth (row) and what was said (column), both in the order of [`Stance::ALL`].
    pub confusion: [[u32; 4]; 4],
}

/// How probabilities and outcomes agree.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Calibration {
    /// Expected calibration error over [`BINS`] bins of equal width.
    pub ece: f64,
    pub bins: Vec<Bin>,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Bin {
    /// Mean probability, and share that was right.
    pub said: f64,
    pub right: f64,
    pub statements: u32,
}

/// Accuracy among the surest statements.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Point {
    pub coverage: f64,
    pub accuracy: f64,
}

fn at(stance: Stance) -> usize {
    Stance::ALL
        .iter()
        .position(|one| *one == stance)
        .unwrap_or(0)
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    f64::from(part) / f64::from(whole)
}

/// The numbers of these statements.
pub fn scores<'a>(judged: impl Iterator<Item = &'a Judged>) -> Scores {
    let mut confusion = [[0_u32; 4]; 4];
    for one in judged {
        confusion[at(one.truth)][at(one.said)] += 1;
    }
    of_confusion(confusion)
}

fn of_confusion(confusion: [[u32; 4]; 4]) -> Scores {
    let statements: u32 = confusion.iter().flatten().sum();
    let right: u32 = (0..4).map(|class| confusion[class][class]).sum();
    let unclear = at(Stance::Unclear);
    let abstained: u32 = confusion.iter().map(|row| row[unclear]).sum();
    let (critical, supportive) = (at(Stance::Critical), at(Stance::Supportive));
    let sides: u32 = confusion[critical]
        .iter()
        .chain(&confusion[supportive])
        .sum();
    let turned = confusion[critical][supportive] + confusion[supportive][critical];
    let classes: Vec<ClassScore> = Stance::ALL
        .iter()
        .map(|stance| class_score(&confusion, *stance))
        .collect();
    let mean = |wanted: &[Stance]| {
        let chosen: Vec<f64> = wanted
            .iter()
            .map(|stance| &classes[at(*stance)])
            .filter(|class| class.statements > 0)
            .map(|class| class.f1)
            .collect();
        chosen.iter().sum::<f64>() / chosen.len().max(1) as f64
    };
    Scores {
        statements,
        macro_f1: mean(&[Stance::Critical, Stance::Neutral, Stance::Supportive]),
        macro_f1_sides: mean(&[Stance::Critical, Stance::Supportive]),
        accuracy: share(right, statements),
        coverage: share(statements - abstained, statements),
        accuracy_covered: share(right - confusion[unclear][unclear], statements - abstained),
        wrong_side: share(turned, sides),
        classes,
        confusion,
    }
}

fn class_score(confusion: &[[u32; 4]; 4], stance: Stance) -> ClassScore {
    let class = at(stance);
    let right = confusion[class][class];
    let statements: u32 = confusion[class].iter().sum();
    let said: u32 = confusion.iter().map(|row| row[class]).sum();
    ClassScore {
        stance: stance.as_str(),
        precision: share(right, said),
        recall: share(right, statements),
        f1: share(2 * right, said + statements),
        statements,
    }
}

/// The numbers by target, in the order of their names.
pub fn by_target(judged: &[Judged]) -> Vec<(String, Scores)> {
    let mut targets: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for one in judged {
        targets.entry(&one.target).or_default().push(one);
    }
    let score =
        |(target, judged): (&str, Vec<&Judged>)| (target.to_owned(), scores(judged.into_iter()));
    targets.into_iter().map(score).collect()
}

/// The interval in which `macro_f1` lies in 95 of 100 draws of as many statements with replacement.
/// The same seed gives the same interval.
pub fn interval(judged: &[Judged], draws: usize, seed: u64) -> (f64, f64) {
    if judged.is_empty() || draws == 0 {
        return (0.0, 0.0);
    }
    let mut dice = seed;
    let mut found: Vec<f64> = (0..draws)
        .map(|_| {
            let mut confusion = [[0_u32; 4]; 4];
            for _ in 0..judged.len() {
                let one = &judged[below(&mut dice, judged.len())];
                confusion[at(one.truth)][at(one.said)] += 1;
            }
            of_confusion(confusion).macro_f1
        })
        .collect();
    inner(&mut found)
}

/// Between which values all but [`OUTSIDE`] of them lie.
pub fn inner(found: &mut [f64]) -> (f64, f64) {
    found.sort_by(f64::total_cmp);
    let place = |share: f64| {
        let at = (found.len().saturating_sub(1)) as f64 * share;
        found.get(at.round() as usize).copied().unwrap_or(0.0)
    };
    (place(OUTSIDE / 2.0), place(1.0 - OUTSIDE / 2.0))
}

/// A number below `limit` (SplitMix64, scaled).
pub fn below(state: &mut u64, limit: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    ((u128::from(bits) * limit as u128) >> 64) as usize
}

/// How right the probabilities are; none where there are none. Abstentions are no claims.
pub fn calibration(judged: &[Judged]) -> Option<Calibration> {
    let mut bins = [(0.0, 0_u32, 0_u32); BINS];
    for (probability, is_right) in claims(judged) {
        let bin = ((probability * BINS as f64) as usize).min(BINS - 1);
        bins[bin].0 += probability;
        bins[bin].1 += u32::from(is_right);
        bins[bin].2 += 1;
    }
    let all: u32 = bins.iter().map(|bin| bin.2).sum();
    if all == 0 {
        return None;
    }
    let filled = bins.into_iter().filter(|bin| bin.2 > 0);
    let bins: Vec<Bin> = filled
        .map(|(sum, right, statements)| Bin {
            said: sum / f64::from(statements),
            right: share(right, statements),
            statements,
        })
        .collect();
    let errors = bins
        .iter()
        .map(|bin| (bin.said - bin.right).abs() * share(bin.statements, all));
    Some(Calibration {
        ece: errors.sum(),
        bins,
    })
}

/// What the probabilities say beyond what was said; none where there are none.
pub fn ranking(judged: &[Judged]) -> Option<Ranking> {
    const SIDES: [Stance; 3] = [Stance::Critical, Stance::Neutral, Stance::Supportive];
    let mut forced = judged.to_vec();
    let mut ranks = Vec::with_capacity(judged.len());
    for one in &mut forced {
        let sides = one.sides?;
        let best = SIDES.into_iter().zip(sides);
        one.said = best.max_by(|a, b| a.1.total_cmp(&b.1))?.0;
        ranks.push((sides[0], one.truth == Stance::Critical));
    }
    let forced = scores(forced.iter());
    Some(Ranking {
        auc_critical: auc(ranks),
        macro_f1_forced: forced.macro_f1,
        accuracy_forced: forced.accuracy,
    })
}

/// Area under the curve, by mean ranks; 0.5 where all or none are true.
pub fn auc(mut ranks: Vec<(f64, bool)>) -> f64 {
    ranks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let yes = ranks.iter().filter(|one| one.1).count() as f64;
    let no = ranks.len() as f64 - yes;
    if yes == 0.0 || no == 0.0 {
        return 0.5;
    }
    let (mut sum, mut before) = (0.0, 0);
    for tied in ranks.chunk_by(|a, b| a.0 == b.0) {
        let rank = before as f64 + (tied.len() + 1) as f64 / 2.0;
        sum += rank * tied.iter().filter(|one| one.1).count() as f64;
        before += tied.len();
    }
    (sum - yes * (yes + 1.0) / 2.0) / (yes * no)
}

/// The interval of the difference in `macro_f1` between two classifiers on the same statements, in 95
/// of 100 draws.
pub fn difference(one: &[Judged], other: &[Judged], draws: usize, seed: u64) -> (f64, f64) {
    if one.len() != other.len() || one.is_empty() {
        return (0.0, 0.0);
    }
    let mut dice = seed;
    let mut found: Vec<f64> = (0..draws)
        .map(|_| {
            let mut confusions = [[[0_u32; 4]; 4]; 2];
            for _ in 0..one.len() {
                let drawn = below(&mut dice, one.len());
                for (confusion, judged) in confusions.iter_mut().zip([&one[drawn], &other[drawn]]) {
                    confusion[at(judged.truth)][at(judged.said)] += 1;
                }
            }
            of_confusion(confusions[0]).macro_f1 - of_confusion(confusions[1]).macro_f1
        })
        .collect();
    inner(&mut found)
}

/// Accuracy among the surest tenth, two tenths, … of the statements that were given a side or
/// called neutral; empty where there are no probabilities.
pub fn curve(judged: &[Judged]) -> Vec<Point> {
    let mut claims: Vec<(f64, bool)> = claims(judged).collect();
    claims.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all = judged.len().max(1) as f64;
    (1..=10)
        .map(|tenth| claims.len() * tenth / 10)
        .filter(|count| *count > 0)
        .map(|count| {
            let right = claims[..count].iter().filter(|claim| claim.1).count();
            Point {
                coverage: count as f64 / all,
                accuracy: right as f64 / count as f64,
            }
        })
        .collect()
}

fn claims(judged: &[Judged]) -> impl Iterator<Item = (f64, bool)> + '_ {
    let claimed = judged.iter().filter(|one| one.said != Stance::Unclear);
    claimed.filter_map(|one| Some((one.probability?.clamp(0.0, 1.0), one.said == one.truth)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stance::{Critical, Neutral, Supportive, Unclear};

    fn judged(pairs: &[(Stance, Stance, f64)]) -> Vec<Judged> {
        let one = |(truth, said, probability): &(Stance, Stance, f64)| Judged {
            target: "minister".to_owned(),
            truth: *truth,
            said: *said,
            probability: (*probability > 0.0).then_some(*probability),
            sides: None,
        };
        pairs.iter().map(one).collect()
    }

    #[test]
    fn counted_by_hand() {
        let judged = judged(&[
            (Critical, Critical, 0.9),
            (Critical, Critical, 0.7),
            (Critical, Unclear, 0.0),
            (Critical, Supportive, 0.6),
            (Supportive, Supportive, 0.8),
            (Neutral, Critical, 0.5),
            (Unclear, Neutral, 0.4),
            (Unclear, Unclear, 0.0),
        ]);
        let scores = scores(judged.iter());
        assert_eq!(scores.statements, 8);
        // Critical: 2 of 3 said, 2 of 4 found. Supportive: 1 of 2, 1 of 1. Neutral: none.
        let f1 = |stance| scores.classes[at(stance)].f1;
        assert!((f1(Critical) - 4.0 / 7.0).abs() < 1e-12);
        assert!((f1(Supportive) - 2.0 / 3.0).abs() < 1e-12);
        assert!((scores.macro_f1 - (4.0 / 7.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
        assert!((scores.macro_f1_sides - (4.0 / 7.0 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
        assert!((scores.accuracy - 0.5).abs() < 1e-12);
        assert!((scores.coverage - 0.75).abs() < 1e-12);
        assert!((scores.accuracy_covered - 0.5).abs() < 1e-12);
        assert!((scores.wrong_side - 0.2).abs() < 1e-12);
        let curve = curve(&judged);
        assert!((curve[0].accuracy - 1.0).abs() < 1e-12, "{curve:?}");
        let last = curve.last().unwrap();
        assert!((last.coverage - 0.75).abs() < 1e-12 && (last.accuracy - 0.5).abs() < 1e-12);
        // 0.4 and 0.5 wrong, 0.6 wrong, 0.7, 0.8 and 0.9 right: each in a bin of its own.
        let ece = (0.4 + 0.5 + 0.6 + 0.3 + 0.2 + 0.1) / 6.0;
        assert!((calibration(&judged).unwrap().ece - ece).abs() < 1e-12);
    }

    #[test]
    fn an_interval_holds_its_value_and_narrows_with_more_statements() {
        let few = judged(
            &[
                (Critical, Critical, 0.0),
                (Critical, Neutral, 0.0),
                (Neutral, Neutral, 0.0),
                (Supportive, Supportive, 0.0),
            ]
            .repeat(5),
        );
        let many: Vec<Judged> = few.iter().cycle().take(few.len() * 40).cloned().collect();
        let value = scores(few.iter()).macro_f1;
        let (low, high) = interval(&few, 1_000, 7);
        assert_eq!((low, high), interval(&few, 1_000, 7));
        assert!(low < value && value < high, "{low} {value} {high}");
        let (from, to) = interval(&many, 200, 7);
        assert!(to - from < (high - low) / 3.0);
        assert_eq!(interval(&[], 10, 1), (0.0, 0.0));
    }

    #[test]
    fn ranks_and_differences() {
        let with = |truth, sides| Judged {
            truth,
            sides: Some(sides),
            ..judged(&[(truth, Unclear, 0.0)]).remove(0)
        };
        let found = [
            with(Critical, [0.9, 0.1, 0.0]),
            with(Neutral, [0.5, 0.4, 0.1]),
            with(Critical, [0.5, 0.2, 0.3]),
            with(Supportive, [0.1, 0.1, 0.8]),
        ];
        let ranking = ranking(&found).unwrap();
        // Of four pairs three are in order and one is a tie.
        assert!((ranking.auc_critical - 3.5 / 4.0).abs() < 1e-12);
        assert!((ranking.accuracy_forced - 0.75).abs() < 1e-12);
        let right: Vec<Judged> = found
            .iter()
            .map(|one| Judged {
                said: one.truth,
                ..one.clone()
            })
            .collect();
        let (low, high) = difference(&right, &found, 200, 1);
        assert!(low > 0.0 && high >= low, "{low} {high}");
        assert_eq!(difference(&right, &right, 50, 1), (0.0, 0.0));
        assert_eq!(super::ranking(&judged(&[(Critical, Critical, 0.5)])), None);
    }

    #[test]
    fn without_probabilities_nothing_is_claimed_of_them() {
        let judged = judged(&[(Critical, Critical, 0.0)]);
        assert_eq!(calibration(&judged), None);
        assert!(curve(&judged).is_empty());
    }
}
