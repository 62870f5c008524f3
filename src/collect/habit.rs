//! What a source usually brings, by the hour of the week. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Hours of a week; the first begins on Monday at midnight.
pub const HOURS: usize = 7 * 24;
/// The newest week counts at least this much, so that a habit may change.
const MIN_WEIGHT: f64 = 0.2;
/// An hour in alarm counts only so much of that: what we are blind to must not become the habit.
const ALARM_WEIGHT: f64 = 0.25;
/// What is caught up after an outage is no habit either.
const MAX_RISE: f64 = 4.0;

/// What is known of one hour of the week.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usual {
    /// Changes in that hour.
    pub per_hour: f64,
    /// Weeks that this was learned from.
    pub weeks: u32,
}

/// What a source usually brings.
#[derive(Debug, Clone, PartialEq)]
pub struct Habit([Usual; HOURS]);

impl Default for Habit {
    fn default() -> Self {
        Self([Usual::default(); HOURS])
    }
}

impl Habit {
    /// Sets what is known of an hour; one that does not exist is passed over.
    pub fn set(&mut self, hour: usize, usual: Usual) {
        if let Some(known) = self.0.get_mut(hour) {
            *known = usual;
        }
    }

    /// Changes to be expected in an hour of the week: of this hour, or else of the same hour on other
    /// days. `None` where nothing like it was heard yet.
    pub fn per_hour(&self, hour: usize) -> Option<f64> {
        let known = |usual: &&Usual| usual.weeks > 0;
        if let Some(usual) = self.0.get(hour).filter(known) {
            return Some(usual.per_hour);
        }
        let same = self.0.iter().skip(hour % 24).step_by(24).filter(known);
        let rates: Vec<f64> = same.map(|usual| usual.per_hour).collect();
        (!rates.is_empty()).then(|| rates.iter().sum::<f64>() / rates.len() as f64)
    }

    /// Learns what an hour brought; `alarmed` where it was doubtful.
    pub fn learn(&mut self, hour: usize, heard: f64, alarmed: bool) -> Option<Usual> {
        let usual = self.0.get_mut(hour)?;
        let mut weight = (1.0 / f64::from(usual.weeks + 1)).max(MIN_WEIGHT);
        let mut heard = heard;
        if usual.weeks > 0 {
            heard = heard.min(MAX_RISE * usual.per_hour.max(1.0));
            weight *= if alarmed { ALARM_WEIGHT } else { 1.0 };
        }
        usual.per_hour += (heard - usual.per_hour) * weight;
        usual.weeks = usual.weeks.saturating_add(1);
        Some(*usual)
    }
}

/// Which hour of the week it is in Berlin.
pub fn hour_of_week(at: Timestamp) -> usize {
    let zone = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
    let local = at.to_zoned(zone);
    let day = local.weekday().to_monday_zero_offset();
    usize::try_from(i64::from(day) * 24 + i64::from(local.hour())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_those_of_berlin() {
        let check = |at: &str, expected| {
            assert_eq!(hour_of_week(at.parse().unwrap()), expected, "{at}");
        };
        check("2026-11-22T23:00:00Z", 0);
        check("2026-11-23T11:59:59Z", 12);
        check("2026-06-21T22:00:00Z", 0);
        check("2026-11-22T22:59:59Z", HOURS - 1);
    }

    #[test]
    fn a_habit_changes_slowly_and_not_by_what_we_were_blind_to() {
        let learn = |heard, alarmed| {
            let mut habit = Habit::default();
            habit.set(
                5,
                Usual {
                    per_hour: 100.0,
                    weeks: 9,
                },
            );
            habit.learn(5, heard, alarmed).unwrap().per_hour
        };
        assert_eq!(learn(100.0, false), 100.0);
        assert_eq!(learn(0.0, false), 80.0);
        assert_eq!(learn(0.0, true), 95.0);
        // A flood after an outage counts as at most four times the usual.
        assert_eq!(learn(1e6, false), 160.0);
        let mut habit = Habit::default();
        assert_eq!(
            habit.learn(5, 7.0, true),
            Some(Usual {
                per_hour: 7.0,
                weeks: 1
            })
        );
        assert_eq!(habit.learn(HOURS, 7.0, true), None);
        assert_eq!(
            (habit.per_hour(5 + 24), habit.per_hour(6)),
            (Some(7.0), None)
        );
    }
}
