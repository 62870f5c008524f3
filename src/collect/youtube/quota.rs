//! What YouTube lets one project ask in a day, counted here as YouTube counts it.
//!
//! <https://developers.google.com/youtube/v3/determine_quota_cost>: 10,000 units, of which every list
//! costs one; `search.list` has a bucket of its own, 100 calls. Both are filled again at midnight in
//! California. Searches are spread over the day, so that the last one does not come at nine in the
//! morning.

use crate::collect::source::SourceError;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const DAY_SECS: i64 = 24 * 3600;

/// What may be asked in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    pub units: u64,
    pub searches: u64,
}

/// What was asked. Part of the cursor, so that a restart forgets nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// The day in California that the counts are for, as `2026-11-29`.
    day: String,
    units: u64,
    searches: u64,
    /// The next search is not due before.
    next_search: Option<Timestamp>,
}

impl Quota {
    fn turn(&mut self, now: Timestamp) {
        let today = pacific(now).date().to_string();
        if today > self.day {
            self.day = today;
            (self.units, self.searches) = (0, 0);
        }
    }

    /// Takes what another count of the same project says, where that is more.
    pub fn merge(&mut self, other: &Self) {
        if other.day > self.day {
            *self = other.clone();
        } else if other.day == self.day {
            self.units = self.units.max(other.units);
            self.searches = self.searches.max(other.searches);
            self.next_search = self.next_search.max(other.next_search);
        }
    }

    /// Takes one unit.
    ///
    /// # Errors
    /// `Exhausted`: there is none left today.
    pub fn take(&mut self, allowed: Allowed, now: Timestamp) -> Result<(), SourceError> {
        self.turn(now);
        if self.units >= allowed.units {
            return Err(exhausted(now));
        }
        self.units += 1;
        Ok(())
    }

    /// Takes a search, if one is due.
    pub fn take_search(&mut self, allowed: Allowed, now: Timestamp) -> bool {
        self.turn(now);
        let waits = self.next_search.is_some_and(|next| now < next);
        if waits || self.searches >= allowed.searches {
            return false;
        }
        let apart = DAY_SECS / i64::try_from(allowed.searches.max(1)).unwrap_or(DAY_SECS);
        let apart = SignedDuration::from_secs(apart);
        self.next_search = now.checked_add(apart).ok();
        self.searches += 1;
        true
    }

    /// YouTube says that nothing is left of the searches or of the units, whatever was counted here:
    /// other programs ask with the same key. Each has a bucket of its own.
    pub fn empty(&mut self, searches: bool, allowed: Allowed, now: Timestamp) {
        self.turn(now);
        let (used, of) = match searches {
            true => (&mut self.searches, allowed.searches),
            false => (&mut self.units, allowed.units),
        };
        *used = of.max(*used);
    }

    /// Shares of the day's units and searches that are used.
    pub fn shares(&self, allowed: Allowed, now: Timestamp) -> (f64, f64) {
        let mut quota = self.clone();
        quota.turn(now);
        let share = |used: u64, of: u64| used as f64 / of.max(1) as f64;
        (
            share(quota.units, allowed.units),
            share(quota.searches, allowed.searches),
        )
    }
}

/// Until midnight in California.
pub fn exhausted(now: Timestamp) -> SourceError {
    let midnight = pacific(now)
        .start_of_day()
        .and_then(|day| day.checked_add(1.day()));
    let wait = midnight.map_or(SignedDuration::from_hours(24), |midnight| {
        midnight.timestamp().duration_since(now)
    });
    let wait = wait.unsigned_abs().max(Duration::from_secs(1));
    SourceError::Exhausted { wait }
}

fn pacific(at: Timestamp) -> Zoned {
    let zone = TimeZone::get("America/Los_Angeles");
    // Without a table of zones, winter time: an hour of summer's budget is lost, none is overdrawn.
    at.to_zoned(zone.unwrap_or(TimeZone::fixed(jiff::tz::Offset::constant(-8))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Allowed = Allowed {
        units: 2,
        searches: 96,
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn units_come_back_at_midnight_in_california() {
        let mut quota = Quota::default();
        let now = at("2026-11-29T07:59:00Z");
        assert_eq!(quota.take(ALLOWED, now), Ok(()));
        assert_eq!(quota.take(ALLOWED, now), Ok(()));
        let wait = Duration::from_secs(60);
        assert_eq!(
            quota.take(ALLOWED, now),
            Err(SourceError::Exhausted { wait })
        );
        assert_eq!(quota.shares(ALLOWED, now).0, 1.0);
        let midnight = at("2026-11-29T08:00:00Z");
        assert_eq!(quota.shares(ALLOWED, midnight).0, 0.0);
        assert_eq!(quota.take(ALLOWED, midnight), Ok(()));
        // In summer, midnight is an hour earlier; the day on which clocks change has 25 hours.
        let wait_at = |text| match exhausted(at(text)) {
            SourceError::Exhausted { wait } => wait.as_secs() / 3600,
            _ => 0,
        };
        assert_eq!(wait_at("2026-07-01T06:00:00Z"), 1);
        assert_eq!(wait_at("2026-11-01T07:00:00Z"), 25);
    }

    #[test]
    fn searches_are_spread_over_the_day_and_never_too_many() {
        let mut quota = Quota::default();
        let begin = at("2026-11-29T08:00:00Z");
        let mut taken = Vec::new();
        for minute in 0..24 * 60 {
            if quota.take_search(ALLOWED, begin + minute.minutes()) {
                taken.push(minute);
            }
        }
        assert_eq!(taken.len(), 96);
        assert!(
            taken.windows(2).all(|pair| pair[1] - pair[0] == 15),
            "{taken:?}"
        );
        // After a time of rest there is no burst.
        let later = begin + 3.hours() + 48.hours();
        assert!(quota.take_search(ALLOWED, later));
        assert!(!quota.take_search(ALLOWED, later + 14.minutes()));
        let few = Allowed {
            searches: 1,
            ..ALLOWED
        };
        assert!(!quota.take_search(few, later + 10.hours()));
    }

    #[test]
    fn two_counts_of_one_key_are_the_larger_one() {
        let now = at("2026-11-29T09:00:00Z");
        let (mut a, mut b) = (Quota::default(), Quota::default());
        a.take(ALLOWED, now).unwrap();
        b.empty(false, ALLOWED, now);
        a.merge(&b);
        assert!(a.take(ALLOWED, now).is_err());
        // That the units are gone says nothing of the searches, and the other way round.
        assert!(a.take_search(ALLOWED, now));
        let mut searched = Quota::default();
        searched.empty(true, ALLOWED, now);
        assert!(!searched.take_search(ALLOWED, now));
        assert_eq!(searched.take(ALLOWED, now), Ok(()));
        let tomorrow = now + 24.hours();
        let mut new = Quota::default();
        new.take(ALLOWED, tomorrow).unwrap();
        a.merge(&new);
        assert!(a.take(ALLOWED, tomorrow).is_ok());
    }
}
