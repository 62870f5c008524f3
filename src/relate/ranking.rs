//! From which score a story is flagged: so that the office gets about as many flags a day as it asked
//! for. Pure.
//!
//! A probability alone says nothing of how many mails a day come of it; the stories of the last days
//! do. The threshold is the score that so many of them have reached as flags are wanted, within
//! bounds: on quiet days nothing is flagged to fill the number.

use jiff::Timestamp;
use rustc_hash::FxHashMap;

/// Days that are looked back on.
pub const DAYS: i64 = 14;
/// Days without which the default threshold holds.
const LEAST_DAYS: i64 = 3;
const DAY_MS: i64 = 86_400_000;
/// Stories that are remembered at most: those above zero are few.
const MAX_STORIES: usize = 50_000;

/// The highest score of each story of the last days.
#[derive(Debug, Clone)]
pub struct Ranking {
    per_day: f32,
    default: f32,
    /// Bounds of the threshold.
    least: f32,
    peaks: FxHashMap<i64, (f32, i64)>,
    first_ms: Option<i64>,
    /// The day that the threshold is of.
    day: i64,
    threshold: f32,
}

impl Ranking {
    pub fn new(per_day: f32, default: f32, least: f32) -> Self {
        Self {
            per_day,
            default,
            least,
            peaks: FxHashMap::default(),
            first_ms: None,
            day: i64::MIN,
            threshold: default,
        }
    }

    /// Notes a story's score at a time. The threshold moves with the first one of a day only: what
    /// is flagged does not depend on what else comes that day.
    pub fn note(&mut self, story: i64, score: f32, at: Timestamp) {
        let at_ms = at.as_millisecond();
        let first_ms = self.first_ms.get_or_insert(at_ms);
        *first_ms = at_ms.min(*first_ms);
        let day = at_ms.div_euclid(DAY_MS);
        if day > self.day {
            self.day = day;
            self.threshold = self.threshold_of(day);
        }
        if score <= 0.0 {
            return;
        }
        let peak = self.peaks.entry(story).or_insert((score, at_ms));
        if score > peak.0 {
            *peak = (score, at_ms);
        }
        if self.peaks.len() > MAX_STORIES {
            self.let_go();
        }
    }

    /// A story is another one now, or gone.
    pub fn forget(&mut self, story: i64) {
        self.peaks.remove(&story);
    }

    /// The stories of the last days that have reached the threshold, the latest, in no order.
    pub fn over(&self, most: usize) -> Vec<i64> {
        let recent = (self.day - 3) * DAY_MS;
        let peaks = self.peaks.iter();
        let over = peaks.filter(|(_, (score, at))| *score >= self.threshold && *at >= recent);
        let mut over: Vec<(i64, i64)> = over.map(|(story, (_, at))| (*at, *story)).collect();
        over.sort_unstable_by(|a, b| b.cmp(a));
        over.truncate(most);
        over.into_iter().map(|(_, story)| story).collect()
    }

    /// The score from which a story is flagged.
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// By the whole days before.
    fn threshold_of(&self, day: i64) -> f32 {
        let first_day = self.first_ms.map_or(day, |first| first.div_euclid(DAY_MS));
        let since = first_day.max(day - DAYS);
        if day - since < LEAST_DAYS {
            return self.default;
        }
        let days = since * DAY_MS..day * DAY_MS;
        let wanted = (self.per_day * (day - since) as f32) as usize;
        let past = self.peaks.values().filter(|(_, at)| days.contains(at));
        let mut scores: Vec<f32> = past.map(|(score, _)| *score).collect();
        if scores.len() <= wanted {
            return self.least;
        }
        let (_, nth, _) = scores.select_nth_unstable_by(wanted, |a, b| b.total_cmp(a));
        nth.max(self.least)
    }

    fn let_go(&mut self) {
        let since = (self.day - DAYS) * DAY_MS;
        self.peaks.retain(|_, (_, at)| *at >= since);
        if self.peaks.len() > MAX_STORIES {
            // More than thousands a day: the lower half can change nothing.
            let mut scores: Vec<f32> = self.peaks.values().map(|(score, _)| *score).collect();
            let middle = scores.len() / 2;
            let (_, middle, _) = scores.select_nth_unstable_by(middle, f32::total_cmp);
            let middle = *middle;
            self.peaks.retain(|_, (score, _)| *score > middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_millisecond(day * DAY_MS + 3_600_000).unwrap()
    }

    /// So many stories a day, with scores up to one.
    fn after(days: i64, per_day: i64, wanted: f32) -> f32 {
        let mut ranking = Ranking::new(wanted, 0.5, 0.3);
        for number in 0..days * per_day {
            let score = (number * 37 % 100) as f32 / 100.0;
            ranking.note(number, score, day(number / per_day));
        }
        ranking.threshold()
    }

    #[test]
    fn so_many_are_flagged_as_are_wanted() {
        assert_eq!(after(2, 100, 3.0), 0.5, "nothing is known yet");
        // Of a hundred scores a day three are at 0.97 and more.
        let threshold = after(10, 100, 3.0);
        assert!((0.955..=0.975).contains(&threshold), "{threshold}");
        assert_eq!(
            after(10, 2, 3.0),
            0.3,
            "quiet days flag nothing to fill the number"
        );
    }

    #[test]
    fn a_day_does_not_change_its_own_threshold() {
        let mut ranking = Ranking::new(1.0, 0.5, 0.3);
        for number in 0..6 {
            ranking.note(number, 0.6, day(number));
        }
        let threshold = ranking.threshold();
        for number in 10..1_000 {
            ranking.note(number, 0.9, day(5));
        }
        assert_eq!(ranking.threshold(), threshold);
    }

    #[test]
    fn a_flood_of_stories_is_not_kept() {
        let mut ranking = Ranking::new(3.0, 0.5, 0.3);
        for number in 0..200_000 {
            ranking.note(number, (number % 97) as f32 / 97.0, day(1));
        }
        assert!(ranking.peaks.len() <= MAX_STORIES);
    }
}
