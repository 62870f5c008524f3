//! Whether a source still hears: what it brings against what it usually brings.
//!
//! A live connection proves nothing: hosts have left out events without a word, streams have gone
//! silent while the socket lived. So each source learns from its own past how many changes it brings
//! in each hour of the week (Berlin time), and two alarms follow:
//!
//! * **silent**: nothing came although `silent_after_expected` changes were to be expected since the
//!   last one. With ten, chance alone does that once in twenty thousand times.
//! * **blind**: connected, and within ten minutes or an hour less than `blind_below_percent` of what
//!   was to be expected came, where that was fifty changes or more; or what the house's own account
//!   posted did not come (see `canary`). The latter needs no past, and counts for an hour, or until
//!   the next own post comes.
//!
//! A source that is not connected is deaf, which needs no statistics. One that has not been heard for
//! at least one whole hour like this one is still learning, and nobody is alarmed.
//!
//! Pure: the clock ticks from outside, once a minute.

pub use super::habit::{HOURS, Habit, Usual, hour_of_week};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::VecDeque;

const WINDOWS_MINUTES: [usize; 2] = [10, 60];
/// Fewer say nothing about a share.
const MIN_EXPECTED: f64 = 50.0;
/// An hour is learned if we were connected for so much of it.
const WHOLE_HOUR_SECS: f64 = 55.0 * 60.0;
/// Between two ticks; a longer time was slept through, or the clock was set.
const MAX_TICK_SECS: f64 = 300.0;

/// `[hearing]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HearingConfig {
    /// Changes to be expected since the last one, after which a source counts as silent.
    pub silent_after_expected: f64,
    /// Share of what is to be expected, below which a connected source counts as blind.
    pub blind_below_percent: f64,
    /// A lost connection of this many seconds leaves a gap, where the source does not catch up.
    pub gap_after_secs: u64,
}

impl HearingConfig {
    /// What makes no sense.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1.0..=1000.0).contains(&self.silent_after_expected) {
            faults.push("`silent_after_expected` must be 1 to 1000".to_owned());
        }
        if !(0.0..=90.0).contains(&self.blind_below_percent) {
            faults.push("`blind_below_percent` must be 0 (never) to 90".to_owned());
        }
        faults
    }
}

/// Minutes for which an own post that did not come counts.
const CANARY_MINUTES: u32 = 60;

/// What is to be thought of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not connected.
    Deaf,
    /// Nothing is known yet of hours like this one.
    Learning,
    Hears,
    Silent,
    Blind,
}

impl Verdict {
    pub const ALL: [Verdict; 5] = [
        Verdict::Deaf,
        Verdict::Learning,
        Verdict::Hears,
        Verdict::Silent,
        Verdict::Blind,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Deaf => "deaf",
            Verdict::Learning => "learning",
            Verdict::Hears => "hears",
            Verdict::Silent => "silent",
            Verdict::Blind => "blind",
        }
    }
}

/// What the judgement rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    pub up: bool,
    /// A post of the house's own account did not come.
    pub canary_missed: bool,
    /// Changes to be expected since the last one came; `None` while learning.
    pub expected_since_last: Option<f64>,
    /// Changes to be expected and heard, in windows of different length.
    pub windows: [(f64, f64); WINDOWS_MINUTES.len()],
}

/// The judgement.
pub fn judge(evidence: &Evidence, config: &HearingConfig) -> Verdict {
    let few = config.blind_below_percent / 100.0;
    let is_blind =
        |(expected, heard): &(f64, f64)| *expected >= MIN_EXPECTED && *heard < few * *expected;
    match evidence.expected_since_last {
        _ if !evidence.up => Verdict::Deaf,
        _ if evidence.canary_missed => Verdict::Blind,
        None => Verdict::Learning,
        Some(expected) if expected >= config.silent_after_expected => Verdict::Silent,
        Some(_) if evidence.windows.iter().any(is_blind) => Verdict::Blind,
        Some(_) => Verdict::Hears,
    }
}

/// One source under test.
#[derive(Debug, Clone)]
pub struct Ear {
    config: HearingConfig,
    habit: Habit,
    last_tick: Option<Timestamp>,
    /// The newest at the back: changes to be expected and heard.
    minutes: VecDeque<(f64, f64)>,
    expected_since_last: f64,
    /// Minutes for which an own post that did not come still counts.
    canary_missed: u32,
    current: CurrentHour,
    verdict: Verdict,
}

#[derive(Debug, Clone, Copy, Default)]
struct CurrentHour {
    hour: usize,
    up_secs: f64,
    heard: f64,
    alarmed: bool,
}

/// What one tick says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    pub verdict: Verdict,
    /// Changes to be expected within the last hour, as far as we were connected.
    pub expected: f64,
    /// Changes that came within it.
    pub heard: f64,
    /// An hour of the week of which more is known now: to be kept.
    pub learned: Option<(usize, Usual)>,
}

impl Ear {
    pub fn new(config: &HearingConfig, habit: Habit) -> Self {
        Self {
            config: config.clone(),
            habit,
            last_tick: None,
            minutes: VecDeque::new(),
            expected_since_last: 0.0,
            canary_missed: 0,
            current: CurrentHour::default(),
            verdict: Verdict::Learning,
        }
    }

    /// How many of the house's own posts came since the last word, and how many did not.
    pub fn canaries(&mut self, seen: u64, missed: u64) {
        if missed > 0 {
            self.canary_missed = CANARY_MINUTES;
        } else if seen > 0 {
            self.canary_missed = 0;
        }
    }

    /// A minute is over: whether the source is connected, and how many changes it brought.
    pub fn tick(&mut self, now: Timestamp, up: bool, heard: u64) -> Heard {
        let heard = heard as f64;
        let since = self.last_tick.replace(now).unwrap_or(now);
        let secs = now.duration_since(since).as_secs_f64();
        let hour = hour_of_week(now);
        let learned = self.turn_hour(hour, secs);
        let usual = self.habit.per_hour(hour);
        // A time that was slept through proves nothing.
        let secs = if up && (0.0..=MAX_TICK_SECS).contains(&secs) {
            secs
        } else {
            0.0
        };
        let expected = usual.unwrap_or(0.0) * secs / 3600.0;
        self.current.up_secs += secs;
        self.current.heard += heard;
        self.minutes.push_back((expected, heard));
        while self.minutes.len() > WINDOWS_MINUTES[1] {
            self.minutes.pop_front();
        }
        self.expected_since_last = match heard > 0.0 {
            true => 0.0,
            false => self.expected_since_last + expected,
        };
        let windows = WINDOWS_MINUTES.map(|minutes| self.window(minutes));
        let canary_missed = self.canary_missed > 0;
        self.canary_missed = self.canary_missed.saturating_sub(1);
        let evidence = Evidence {
            up,
            canary_missed,
            expected_since_last: usual.map(|_| self.expected_since_last),
            windows,
        };
        self.verdict = judge(&evidence, &self.config);
        self.current.alarmed |= matches!(self.verdict, Verdict::Silent | Verdict::Blind);
        Heard {
            verdict: self.verdict,
            expected: windows[1].0,
            heard: windows[1].1,
            learned,
        }
    }

    /// Learns the hour that is over, if we listened to all of it.
    fn turn_hour(&mut self, hour: usize, secs: f64) -> Option<(usize, Usual)> {
        if hour == self.current.hour && secs <= MAX_TICK_SECS {
            return None;
        }
        let over = std::mem::take(&mut self.current);
        self.current.hour = hour;
        if over.up_secs < WHOLE_HOUR_SECS || secs > MAX_TICK_SECS {
            return None;
        }
        // The hour that autumn brings twice is two.
        let heard = over.heard * 3600.0 / over.up_secs.max(3600.0);
        let usual = self.habit.learn(over.hour, heard, over.alarmed)?;
        Some((over.hour, usual))
    }

    fn window(&self, minutes: usize) -> (f64, f64) {
        let recent = self.minutes.iter().rev().take(minutes);
        recent.fold((0.0, 0.0), |sum, minute| {
            (sum.0 + minute.0, sum.1 + minute.1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    fn config() -> HearingConfig {
        HearingConfig {
            silent_after_expected: 10.0,
            blind_below_percent: 20.0,
            gap_after_secs: 120,
        }
    }

    #[test]
    fn the_judgement() {
        let check = |up, expected_since_last, windows, expected: Verdict| {
            let evidence = Evidence {
                up,
                canary_missed: false,
                expected_since_last,
                windows,
            };
            assert_eq!(judge(&evidence, &config()), expected, "{evidence:?}");
        };
        let busy = [(100.0, 90.0), (600.0, 580.0)];
        check(true, Some(0.0), busy, Verdict::Hears);
        check(false, Some(0.0), busy, Verdict::Deaf);
        check(false, None, busy, Verdict::Deaf);
        check(true, None, busy, Verdict::Learning);
        check(true, Some(9.9), busy, Verdict::Hears);
        check(true, Some(10.0), busy, Verdict::Silent);
        check(
            true,
            Some(0.1),
            [(100.0, 19.0), (600.0, 580.0)],
            Verdict::Blind,
        );
        check(
            true,
            Some(0.1),
            [(100.0, 20.0), (600.0, 580.0)],
            Verdict::Hears,
        );
        check(
            true,
            Some(0.1),
            [(49.0, 1.0), (300.0, 59.0)],
            Verdict::Blind,
        );
        check(true, Some(0.1), [(8.0, 1.0), (49.0, 1.0)], Verdict::Hears);
        check(true, Some(0.0), [(0.0, 0.0), (0.0, 0.0)], Verdict::Hears);
        // More than expected is no fault.
        check(
            true,
            Some(0.0),
            [(100.0, 900.0), (600.0, 5000.0)],
            Verdict::Hears,
        );
    }

    /// So many minutes with the same number of changes each; the last word, and what was learned.
    fn minutes(ear: &mut Ear, from: Timestamp, count: i64, up: bool, heard: u64) -> (Heard, u32) {
        let mut learned = 0;
        let mut last = None;
        for minute in 0..count {
            let told = ear.tick(from + minute.minutes(), up, heard);
            learned += u32::from(told.learned.is_some());
            last = Some(told);
        }
        (last.unwrap(), learned)
    }

    fn monday() -> Timestamp {
        "2026-11-22T23:00:00Z".parse().unwrap()
    }

    /// A source that brings 120 changes in each hour of a week, and knows it.
    fn practised() -> Ear {
        let mut habit = Habit::default();
        for hour in 0..HOURS {
            habit.set(
                hour,
                Usual {
                    per_hour: 120.0,
                    weeks: 3,
                },
            );
        }
        Ear::new(&config(), habit)
    }

    #[test]
    fn a_source_learns_its_hours_and_then_knows_when_it_is_silent() {
        let mut ear = Ear::new(&config(), Habit::default());
        let (told, learned) = minutes(&mut ear, monday(), 24 * 60, true, 2);
        assert_eq!((told.verdict, learned), (Verdict::Learning, 23));
        // Of Tuesday nothing is known but what Monday was like.
        let (told, _) = minutes(&mut ear, monday() + 1440.minutes(), 3 * 60, true, 2);
        assert_eq!(told.verdict, Verdict::Hears);
        assert!((told.expected - 120.0).abs() < 5.0, "{told:?}");
        assert!((told.heard - 120.0).abs() < 1.0, "{told:?}");
        let silence = monday() + 1620.minutes();
        assert_eq!(
            minutes(&mut ear, silence, 4, true, 0).0.verdict,
            Verdict::Hears
        );
        let later = silence + 4.minutes();
        assert_eq!(
            minutes(&mut ear, later, 2, true, 0).0.verdict,
            Verdict::Silent
        );
        let later = silence + 6.minutes();
        assert_eq!(
            minutes(&mut ear, later, 1, true, 2).0.verdict,
            Verdict::Hears
        );
    }

    #[test]
    fn a_source_that_brings_a_tenth_is_blind() {
        let mut ear = practised();
        assert_eq!(
            minutes(&mut ear, monday(), 60, true, 2).0.verdict,
            Verdict::Hears
        );
        let mut verdict = Verdict::Hears;
        for minute in 60..120 {
            let heard = u64::from(minute % 5 == 0);
            verdict = ear.tick(monday() + minute.minutes(), true, heard).verdict;
        }
        assert_eq!(verdict, Verdict::Blind);
    }

    #[test]
    fn an_own_post_that_does_not_come_is_blindness_for_an_hour_or_until_one_comes() {
        let mut ear = Ear::new(&config(), Habit::default());
        let verdict = |ear: &mut Ear, from, count, up| {
            let from = monday() + i64::from(from).minutes();
            minutes(ear, from, count, up, 2).0.verdict
        };
        assert_eq!(verdict(&mut ear, 0, 1, true), Verdict::Learning);
        ear.canaries(1, 1);
        assert_eq!(verdict(&mut ear, 1, 30, true), Verdict::Blind);
        assert_eq!(verdict(&mut ear, 31, 1, false), Verdict::Deaf);
        ear.canaries(0, 0);
        assert_eq!(verdict(&mut ear, 32, 1, true), Verdict::Blind);
        ear.canaries(1, 0);
        assert_eq!(verdict(&mut ear, 33, 1, true), Verdict::Learning);
        ear.canaries(0, 1);
        assert_eq!(verdict(&mut ear, 34, 20, true), Verdict::Blind);
        assert_eq!(verdict(&mut ear, 54, 41, true), Verdict::Learning);
    }

    #[test]
    fn deafness_sleep_and_a_set_clock_are_no_silence_and_teach_nothing() {
        let mut ear = practised();
        let (told, learned) = minutes(&mut ear, monday(), 180, false, 0);
        assert_eq!(
            (told.verdict, told.expected, learned),
            (Verdict::Deaf, 0.0, 0)
        );
        let mut ear = practised();
        minutes(&mut ear, monday(), 60, true, 2);
        // Slept for a week, to the minute.
        let later = monday() + (7 * 24 * 60 + 59).minutes();
        let told = ear.tick(later, true, 2);
        assert_eq!((told.verdict, told.learned), (Verdict::Hears, None));
        // The clock was set back.
        let told = ear.tick(monday(), true, 0);
        assert_eq!((told.verdict, told.learned), (Verdict::Hears, None));
    }

    #[test]
    fn settings_are_checked() {
        assert!(config().faults().is_empty());
        let wrong = HearingConfig {
            silent_after_expected: f64::NAN,
            blind_below_percent: 91.0,
            gap_after_secs: 0,
        };
        assert_eq!(wrong.faults().len(), 2);
    }
}
