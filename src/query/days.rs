//! `published:[2026-11-01 TO 2026-11-30]`: days of publication, as the press office counts them.

use super::fault::{self, Fault};
use jiff::ToSpan;
use jiff::civil::Date;
use std::fmt;

/// Days begin at midnight here.
const TIME_ZONE: &str = "Europe/Berlin";

/// From one day to another, both included; one end may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Days {
    first: Option<Date>,
    last: Option<Date>,
    /// Milliseconds since 1970: the first that counts, and the first that does not any more.
    since_ms: i64,
    until_ms: i64,
}

impl Days {
    /// Reads what stands in the brackets: `2026-11-01 TO *`.
    pub fn parse(written: &str) -> Result<Self, Fault> {
        let words: Vec<&str> = written.split_whitespace().take(4).collect();
        let [first, "TO", last] = words[..] else {
            return Err(fault::DAYS);
        };
        let day = |word: &str| match word {
            "*" => Ok(None),
            _ => word.parse::<Date>().map(Some).map_err(|_| fault::DAYS),
        };
        let (first, last) = (day(first)?, day(last)?);
        if first.is_none() && last.is_none() {
            return Err(fault::DAYS);
        }
        let next = |day: Date| day.checked_add(1.day()).map_err(|_| fault::DAYS);
        let since_ms = first.map_or(Ok(i64::MIN), midnight_ms)?;
        let until_ms = last.map_or(Ok(i64::MAX), |day| midnight_ms(next(day)?))?;
        if since_ms >= until_ms {
            return Err(fault::DAYS_ORDER);
        }
        Ok(Self {
            first,
            last,
            since_ms,
            until_ms,
        })
    }

    /// Milliseconds since 1970, the end not included; `i64::MIN` and `i64::MAX` where it is open.
    pub fn span_ms(&self) -> std::ops::Range<i64> {
        self.since_ms..self.until_ms
    }
}

fn midnight_ms(day: Date) -> Result<i64, Fault> {
    let midnight = day.in_tz(TIME_ZONE).map_err(|_| fault::DAYS)?;
    Ok(midnight.timestamp().as_millisecond())
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |day: Option<Date>| day.map_or("*".to_owned(), |day| day.to_string());
        write!(f, "published:[{} TO {}]", end(self.first), end(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn check(written: &str, at: &str, expected: bool) {
        let days = Days::parse(written).unwrap();
        let at: Timestamp = at.parse().unwrap();
        let within = days.span_ms().contains(&at.as_millisecond());
        assert_eq!(within, expected, "{written} at {at}");
    }

    #[test]
    fn days_are_those_of_berlin() {
        let november = "2026-11-01 TO 2026-11-30";
        check(november, "2026-10-31T22:59:59.999Z", false);
        check(november, "2026-10-31T23:00:00Z", true);
        check(november, "2026-11-30T22:59:59.999Z", true);
        check(november, "2026-11-30T23:00:00Z", false);
        // The day on which summer time ends has 25 hours.
        let long = "2026-10-25 TO 2026-10-25";
        check(long, "2026-10-24T21:59:59Z", false);
        check(long, "2026-10-24T22:00:00Z", true);
        check(long, "2026-10-25T22:59:59Z", true);
        check("* TO 2026-11-01", "1969-01-01T00:00:00Z", true);
        check("2026-11-01 TO *", "2199-01-01T00:00:00Z", true);
    }

    #[test]
    fn nothing_else_is_a_range_of_days() {
        for wrong in [
            "",
            "* TO *",
            "2026-11-01",
            "2026-11-01 to 2026-11-02",
            "2026-11-01 TO",
            "2026-11-01 TO 2026-11-02 x",
            "2026-11-31 TO *",
            "01.11.2026 TO *",
            "1 TO 3",
            "* TO 9999-12-31",
        ] {
            assert_eq!(Days::parse(wrong), Err(fault::DAYS), "{wrong}");
        }
        let wrong = Days::parse("2026-11-02 TO 2026-11-01");
        assert_eq!(wrong, Err(fault::DAYS_ORDER));
    }
}
