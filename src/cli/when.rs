//! Times as people write them on a command line: so long ago, a day in Berlin, or a moment.

use jiff::{SignedDuration, Timestamp};

const WRONG: &str = "write 90m, 24h, 7d, 2026-11-21 or 2026-11-21T18:00:00Z";

/// A time, as it was written.
#[derive(Debug, Clone, Copy)]
pub enum When {
    Ago(SignedDuration),
    At(Timestamp),
}

impl When {
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || WRONG.to_owned();
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(When::At(at));
        }
        if let Ok(day) = text.parse::<jiff::civil::Date>() {
            let berlin = day.in_tz("Europe/Berlin").map_err(|_| wrong())?;
            return Ok(When::At(berlin.timestamp()));
        }
        let unit = text.chars().next_back().ok_or_else(wrong)?;
        let count: i64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
        let hours = match unit {
            'm' if (0..=5_000_000).contains(&count) => {
                return Ok(When::Ago(SignedDuration::from_mins(count)));
            }
            'h' => count,
            'd' => count.checked_mul(24).ok_or_else(wrong)?,
            'w' => count.checked_mul(7 * 24).ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
        let is_sane = (0..=1_000_000).contains(&hours);
        is_sane
            .then(|| When::Ago(SignedDuration::from_hours(hours)))
            .ok_or_else(wrong)
    }

    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            When::At(at) => at,
            When::Ago(ago) => now.saturating_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}
