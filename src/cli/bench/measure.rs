//! Time, medians and the checksum that holds two matchers to the same answer.

use super::workload::scramble;
pub use crate::clock::thread_cpu;
use std::time::Duration;

/// CPU time of an act, and what it gave.
pub fn timed<T>(act: impl FnOnce() -> T) -> (Duration, T) {
    let start = thread_cpu();
    let given = act();
    (thread_cpu().saturating_sub(start), given)
}

/// What one (post, query) pair adds to a checksum; the order of pairs does not matter.
pub fn pair(post: usize, query: u32) -> u64 {
    scramble(((post as u64) << 32) | u64::from(query))
}

/// Matches and their checksum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pairs {
    pub count: u64,
    pub checksum: u64,
}

impl Pairs {
    pub fn add(&mut self, post: usize, queries: impl IntoIterator<Item = u32>) {
        for query in queries {
            self.count += 1;
            self.checksum = self.checksum.wrapping_add(pair(post, query));
        }
    }
}

/// The number behind a name in a text of `/proc`; 0 where there is none.
pub fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How many of `most` items an act gets through in a time, judged by the first ones.
pub fn fitting(budget: Duration, most: usize, mut act: impl FnMut(usize)) -> usize {
    let (mut done, mut step) = (0, 1);
    let start = thread_cpu();
    while done < most {
        let end = (done + step).min(most);
        (done..end).for_each(&mut act);
        (done, step) = (end, step * 2);
        let spent = thread_cpu().saturating_sub(start);
        if spent * 8 > budget {
            let all = done as f64 * budget.as_secs_f64() / spent.as_secs_f64();
            return (all as usize).clamp(1, most);
        }
    }
    most
}

/// One of those that are compared: goes through all items and gives a checksum.
pub type Contender<'a> = &'a mut dyn FnMut() -> Pairs;

/// Median CPU time of each contender, over rounds in which each has its turn, after one to warm up.
pub fn alternate(rounds: usize, contenders: &mut [Contender<'_>]) -> Vec<(Duration, Pairs)> {
    let mut times = vec![Vec::with_capacity(rounds); contenders.len()];
    let mut answers: Vec<Pairs> = contenders.iter_mut().map(|run| run()).collect();
    for _ in 0..rounds {
        for (number, run) in contenders.iter_mut().enumerate() {
            let (time, pairs) = timed(run);
            times[number].push(time.as_secs_f64());
            answers[number] = pairs;
        }
    }
    let medians = times.into_iter().map(median).map(Duration::from_secs_f64);
    medians.zip(answers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_knows_pairs_and_not_their_order() {
        let (mut one, mut other, mut third) =
            (Pairs::default(), Pairs::default(), Pairs::default());
        one.add(1, [2, 3]);
        other.add(1, [3, 2]);
        third.add(2, [1, 3]);
        assert_eq!(one, other);
        assert_ne!(one, third);
    }

    #[test]
    fn the_clock_of_a_thread_counts_its_work_only() {
        let (time, ()) = timed(|| std::thread::sleep(Duration::from_millis(50)));
        assert!(time < Duration::from_millis(40), "{time:?}");
    }
}
