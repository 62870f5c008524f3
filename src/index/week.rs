//! Which partition a publication time belongs to: its ISO week in UTC.
//!
//! Times are foreign. A feed may claim to be of the year 9999, and a partition a claimed week would
//! be a directory, a writer and open files a week; so what lies before 2015 or after 2049 goes into
//! the first or the last partition. The mapping is monotone: a range of times is a range of weeks.

use jiff::Timestamp;
use jiff::civil::{ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use std::fmt;
use std::ops::Range;

const DAY_MS: i64 = 86_400_000;
const WEEK_MS: i64 = 7 * DAY_MS;
/// The Unix epoch was a Thursday: its week began three days before.
const EPOCH_OFFSET_MS: i64 = 3 * DAY_MS;
/// 2015-W01.
const FIRST: i64 = 2348;
/// 2049-W52.
const LAST: i64 = 4174;

/// An ISO week, as the number of weeks since the one that held the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Week(i64);

impl Week {
    pub(super) fn of(time: Timestamp) -> Self {
        let number = (time.as_millisecond() + EPOCH_OFFSET_MS).div_euclid(WEEK_MS);
        Self(number.clamp(FIRST, LAST))
    }

    /// The inverse of `to_string`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (year, week) = name.split_once("-W")?;
        let monday = ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, Weekday::Monday);
        let start = monday.ok()?.date().to_zoned(TimeZone::UTC).ok()?;
        let parsed = Self::of(start.timestamp());
        (parsed.to_string() == name).then_some(parsed)
    }

    /// Publication times that belong here, in Unix milliseconds.
    pub(super) fn span_ms(self) -> Range<i64> {
        let start = self.0 * WEEK_MS - EPOCH_OFFSET_MS;
        let from = if self.0 == FIRST { i64::MIN } else { start };
        let until = if self.0 == LAST {
            i64::MAX
        } else {
            start + WEEK_MS
        };
        from..until
    }
}

/// The name of the partition's directory, for example `2026-W47`; names sort as weeks do.
impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start_ms = self.0 * WEEK_MS - EPOCH_OFFSET_MS;
        let start = Timestamp::from_millisecond(start_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let week = start.to_zoned(TimeZone::UTC).date().iso_week_date();
        write!(f, "{:04}-W{:02}", week.year(), week.week())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(time: &str, name: &str) {
        let time: Timestamp = time.parse().unwrap();
        let week = Week::of(time);
        assert_eq!(week.to_string(), name);
        assert_eq!(Week::parse(name), Some(week));
        assert!(week.span_ms().contains(&time.as_millisecond()));
    }

    #[test]
    fn weeks_are_those_of_the_calendar() {
        check("2026-11-22T23:59:59.999Z", "2026-W47");
        check("2026-11-23T00:00:00Z", "2026-W48");
        check("2027-01-03T23:00:00Z", "2026-W53");
        check("2027-01-04T00:00:00Z", "2027-W01");
        check("2024-12-30T00:00:00Z", "2025-W01");
    }

    #[test]
    fn absurd_times_share_the_outermost_partitions() {
        check("2014-12-29T00:00:00Z", "2015-W01");
        check("1970-01-01T00:00:00Z", "2015-W01");
        check("-009000-01-01T00:00:00Z", "2015-W01");
        check("2049-12-27T00:00:00Z", "2049-W52");
        check("9999-01-01T00:00:00Z", "2049-W52");
    }

    #[test]
    fn only_names_that_it_gives_are_read_back() {
        for name in [
            "2026-W54", "2026-47", "lock", "2026-W7", "1999-W01", "x-W01", "",
        ] {
            assert_eq!(Week::parse(name), None, "{name}");
        }
    }

    #[test]
    fn spans_join_without_a_gap() {
        let week = Week::parse("2026-W52").unwrap();
        let next = Week::parse("2026-W53").unwrap();
        assert_eq!(week.span_ms().end, next.span_ms().start);
        assert!(week < next);
    }
}
