//! What reading costs, counted, and where it ends.
//!
//! Every post and every user that an answer holds is counted at its price, by UTC day and month. X
//! bills one post once a day however often it is read (`docs.x.com/x-api/getting-started/pricing`), and
//! our catching up reads some twice: so the sum here is never less than the bill, but for what a crash
//! of the house takes with it, which is a second's worth.

use crate::collect::source::Allowance;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What may be spent, and what things cost. A millionth of a dollar is the unit of prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub post_micro_usd: u64,
    pub user_micro_usd: u64,
    pub day_micro_usd: u64,
    pub month_micro_usd: u64,
}

/// What was spent. Part of the cursor, so that a restart forgets nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ledger {
    /// UTC day that the sums of the day are for, as `2026-11-29`.
    day: String,
    day_posts: u64,
    day_micro_usd: u64,
    /// The same of the month.
    month_posts: u64,
    month_micro_usd: u64,
}

impl Ledger {
    /// Begins the day and the month of `now` where they are new. A clock that was set back opens no
    /// budget again.
    fn turn(&mut self, now: Timestamp) {
        let today = utc(now).date().to_string();
        if today <= self.day {
            return;
        }
        if today.get(..7) != self.day.get(..7) {
            (self.month_posts, self.month_micro_usd) = (0, 0);
        }
        (self.day_posts, self.day_micro_usd) = (0, 0);
        self.day = today;
    }

    /// Counts what one answer held.
    pub fn count(&mut self, posts: usize, users: usize, budget: &Budget, now: Timestamp) {
        self.turn(now);
        let (posts, users) = (posts as u64, users as u64);
        let price = posts
            .saturating_mul(budget.post_micro_usd)
            .saturating_add(users.saturating_mul(budget.user_micro_usd));
        for (count, sum) in [
            (&mut self.day_posts, &mut self.day_micro_usd),
            (&mut self.month_posts, &mut self.month_micro_usd),
        ] {
            *count = count.saturating_add(posts);
            *sum = sum.saturating_add(price);
        }
    }

    /// How long nothing more may be read; `None` while something may.
    pub fn closed(&mut self, budget: &Budget, now: Timestamp) -> Option<Duration> {
        self.turn(now);
        let midnight = utc(now).start_of_day().ok()?;
        let opens = if self.month_micro_usd >= budget.month_micro_usd {
            midnight.first_of_month().ok()?.checked_add(1.month())
        } else if self.day_micro_usd >= budget.day_micro_usd {
            midnight.checked_add(1.day())
        } else {
            return None;
        };
        let wait = opens.ok()?.timestamp().duration_since(now);
        Some(wait.unsigned_abs().max(Duration::from_secs(1)))
    }

    /// Which share of what is used now.
    pub fn used(&mut self, budget: &Budget, now: Timestamp) -> Vec<(Allowance, f64)> {
        self.turn(now);
        let (day, month) = self.shares(budget);
        vec![(Allowance::Day, day), (Allowance::Month, month)]
    }

    /// Shares of the day's and the month's budget that are used.
    fn shares(&self, budget: &Budget) -> (f64, f64) {
        let share = |used: u64, of: u64| used as f64 / of.max(1) as f64;
        (
            share(self.day_micro_usd, budget.day_micro_usd),
            share(self.month_micro_usd, budget.month_micro_usd),
        )
    }
}

fn utc(at: Timestamp) -> Zoned {
    at.to_zoned(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget {
        post_micro_usd: 5_000,
        user_micro_usd: 10_000,
        day_micro_usd: 1_000_000,
        month_micro_usd: 2_500_000,
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_closes_until_midnight_and_a_month_until_the_next_one() {
        let mut ledger = Ledger::default();
        let closed = |ledger: &mut Ledger, now: &str| {
            ledger.closed(&BUDGET, at(now)).map(|wait| wait.as_secs())
        };
        ledger.count(100, 49, &BUDGET, at("2026-11-29T10:00:00Z"));
        assert_eq!(closed(&mut ledger, "2026-11-29T10:00:00Z"), None);
        ledger.count(0, 1, &BUDGET, at("2026-11-29T10:00:01Z"));
        assert_eq!(closed(&mut ledger, "2026-11-29T23:00:00Z"), Some(3600));
        assert_eq!(ledger.shares(&BUDGET), (1.0, 0.4));
        assert_eq!(closed(&mut ledger, "2026-11-30T00:00:00Z"), None);
        ledger.count(300, 0, &BUDGET, at("2026-11-30T01:00:00Z"));
        assert_eq!(ledger.shares(&BUDGET), (1.5, 1.0));
        assert_eq!(closed(&mut ledger, "2026-11-30T22:00:00Z"), Some(7200));
        assert_eq!(closed(&mut ledger, "2026-12-01T00:00:00Z"), None);
        assert_eq!(ledger.shares(&BUDGET), (0.0, 0.0));
    }

    #[test]
    fn a_clock_that_is_set_back_opens_nothing() {
        let mut ledger = Ledger::default();
        ledger.count(200, 0, &BUDGET, at("2026-12-01T10:00:00Z"));
        assert!(ledger.closed(&BUDGET, at("2026-11-20T10:00:00Z")).is_some());
    }

    #[test]
    fn nothing_overflows_and_no_budget_is_no_reading() {
        let mut ledger = Ledger::default();
        let dear = Budget {
            post_micro_usd: u64::MAX,
            ..BUDGET
        };
        let now = at("2026-11-29T10:00:00Z");
        ledger.count(usize::MAX, usize::MAX, &dear, now);
        ledger.count(usize::MAX, 1, &dear, now);
        assert!(ledger.closed(&dear, now).is_some());
        let none = Budget {
            day_micro_usd: 0,
            ..BUDGET
        };
        assert!(Ledger::default().closed(&none, now).is_some());
    }
}
