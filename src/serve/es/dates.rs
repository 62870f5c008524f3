//! Times as the dialect writes them: milliseconds, ISO dates, and date math (`now-7d/d`).
//! [elastic.co](https://www.elastic.co/docs/reference/elasticsearch/rest-apis/common-options#date-math)

use super::fault::Fault;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan, Unit, Zoned};
use serde_json::Value;

/// How a written time is understood.
#[derive(Debug, Clone)]
pub struct Reading {
    pub now: Timestamp,
    pub zone: TimeZone,
    /// Numbers are seconds (`format: epoch_second`), not milliseconds.
    pub seconds: bool,
}

/// Which end of a rounded or shortened time is meant: 2026-11 begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    First,
    Last,
}

impl Reading {
    /// A time in milliseconds.
    ///
    /// # Errors
    /// What is no time.
    pub fn ms(&self, value: &Value, end: End) -> Result<i64, Fault> {
        match value {
            Value::Number(number) => {
                let number = number.as_f64().filter(|number| number.is_finite());
                let number = number.ok_or_else(|| no_time(&value.to_string()))?;
                Ok(self.number(number as i64))
            }
            Value::String(text) => self.text(text.trim(), end),
            other => Err(no_time(&other.to_string())),
        }
    }

    fn number(&self, number: i64) -> i64 {
        match self.seconds {
            true => number.saturating_mul(1_000),
            false => number,
        }
    }

    fn text(&self, text: &str, end: End) -> Result<i64, Fault> {
        // A year is a date, as everything of four digits.
        if text.len() != 4
            && let Ok(number) = text.parse::<i64>()
        {
            return Ok(self.number(number));
        }
        let (start, math) = match text.strip_prefix("now") {
            Some(math) => (self.now.to_zoned(self.zone.clone()), math),
            None => match text.split_once("||") {
                Some((start, math)) => (self.date(start, End::First)?, math),
                None => (self.date(text, end)?, ""),
            },
        };
        let at = calculate(start, math, end).ok_or_else(|| no_time(text))?;
        Ok(at.timestamp().as_millisecond())
    }

    fn date(&self, text: &str, end: End) -> Result<Zoned, Fault> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(at.to_zoned(self.zone.clone()));
        }
        let filled = "0000-01-01T00:00:00";
        let whole = match text.len() {
            4 | 7 | 10 | 13 | 16 => format!("{text}{}", &filled[text.len()..]),
            _ => text.to_owned(),
        };
        let civil: DateTime = whole.parse().map_err(|_| no_time(text))?;
        let first = civil.to_zoned(self.zone.clone());
        let first = first.map_err(|_| no_time(text))?;
        let unit = match text.len() {
            4 => 1.year(),
            7 => 1.month(),
            10 => 1.day(),
            13 => 1.hour(),
            16 => 1.minute(),
            19 => 1.second(),
            _ => return Ok(first),
        };
        last_of(first, unit, end).ok_or_else(|| no_time(text))
    }
}

fn last_of(first: Zoned, unit: Span, end: End) -> Option<Zoned> {
    match end {
        End::First => Some(first),
        End::Last => first
            .checked_add(unit)
            .ok()?
            .checked_sub(1.millisecond())
            .ok(),
    }
}

/// Applies `+1d`, `-2h` and `/d`, one after another.
fn calculate(mut at: Zoned, math: &str, end: End) -> Option<Zoned> {
    let mut rest = math;
    while let Some(sign) = rest.chars().next() {
        rest = &rest[sign.len_utf8()..];
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (count, after) = rest.split_at(digits);
        let unit = after.chars().next()?;
        rest = &after[unit.len_utf8()..];
        match sign {
            '/' if count.is_empty() => {
                at = last_of(floor(&at, unit)?, span(1, unit)?, end)?;
            }
            '+' | '-' => {
                let count: i64 = match count {
                    "" => 1,
                    count => count.parse().ok().filter(|count| *count < 1_000_000)?,
                };
                let span = span(count, unit)?;
                at = match sign {
                    '+' => at.checked_add(span).ok()?,
                    _ => at.checked_sub(span).ok()?,
                };
            }
            _ => return None,
        }
    }
    Some(at)
}

fn span(count: i64, unit: char) -> Option<Span> {
    let span = Span::new();
    let made = match unit {
        'y' => span.try_years(count),
        'M' => span.try_months(count),
        'w' => span.try_weeks(count),
        'd' => span.try_days(count),
        'h' | 'H' => span.try_hours(count),
        'm' => span.try_minutes(count),
        's' => span.try_seconds(count),
        _ => return None,
    };
    made.ok()
}

/// The beginning of the year, month, week (Monday), day, hour, minute or second.
pub fn floor(at: &Zoned, unit: char) -> Option<Zoned> {
    let day = at.start_of_day().ok()?;
    let rounded = |unit| {
        let round = jiff::ZonedRound::new()
            .smallest(unit)
            .mode(jiff::RoundMode::Floor);
        at.round(round).ok()
    };
    match unit {
        'y' => day.first_of_year().ok(),
        'q' => {
            let months = (i64::from(at.month()) - 1) % 3;
            day.first_of_month()
                .ok()?
                .checked_sub(Span::new().months(months))
                .ok()
        }
        'M' => day.first_of_month().ok(),
        'w' => {
            let days = i64::from(at.weekday().to_monday_zero_offset());
            day.checked_sub(Span::new().days(days)).ok()
        }
        'd' => Some(day),
        'h' | 'H' => rounded(Unit::Hour),
        'm' => rounded(Unit::Minute),
        's' => rounded(Unit::Second),
        _ => None,
    }
}

/// A duration as `90m`, `7d`, `500ms` or `1h30m0s` (Grafana's `$__interval`) in milliseconds.
pub fn duration_ms(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut total = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        let after = &rest[digits..];
        let length = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let unit = match &after[..length] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            _ => return None,
        };
        total = total.checked_add(count.checked_mul(unit)?)?;
        rest = &after[length..];
    }
    Some(total)
}

/// A zone by name, or by offset (`+01:00`).
///
/// # Errors
/// A zone that is not known.
pub fn zone(name: &str) -> Result<TimeZone, Fault> {
    let unknown = || Fault::argument(format!("unknown time zone [{name}]"));
    match name {
        "" | "utc" | "UTC" | "Z" => return Ok(TimeZone::UTC),
        _ => {}
    }
    if name.starts_with(['+', '-']) {
        let stamp = format!("2026-01-01T00:00:00{name}");
        let parsed: jiff::fmt::temporal::Pieces<'_> =
            jiff::fmt::temporal::Pieces::parse(&stamp).map_err(|_| unknown())?;
        let offset = parsed.to_numeric_offset().ok_or_else(unknown)?;
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(name).map_err(|_| unknown())
}

fn no_time(text: &str) -> Fault {
    let shown: String = text.chars().take(60).collect();
    Fault::parsing(format!(
        "failed to parse date [{shown}]; write milliseconds, 2026-11-21, 2026-11-21T18:00:00Z or now-7d"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(value: Value, end: End, expected: &str) {
        let reading = Reading {
            now: "2026-11-22T12:34:56Z".parse().unwrap(),
            zone: TimeZone::UTC,
            seconds: false,
        };
        let told = match reading.ms(&value, end) {
            Ok(ms) => Timestamp::from_millisecond(ms).unwrap().to_string(),
            Err(fault) => fault.reason,
        };
        assert!(told.contains(expected), "{value}: {told}");
    }

    #[test]
    fn times_are_read_as_elasticsearch_reads_them() {
        check(json!(0), End::First, "1970-01-01T00:00:00Z");
        check(
            json!("1668422437218"),
            End::Last,
            "2022-11-14T10:40:37.218Z",
        );
        check(json!("2026"), End::First, "2026-01-01T00:00:00Z");
        check(json!("2026-11"), End::Last, "2026-11-30T23:59:59.999Z");
        check(json!("2026-11-21"), End::Last, "2026-11-21T23:59:59.999Z");
        check(
            json!("2026-11-21T18:00:00+01:00"),
            End::First,
            "2026-11-21T17:00:00Z",
        );
        check(json!("now"), End::Last, "2026-11-22T12:34:56Z");
        check(json!("now-1d/d"), End::First, "2026-11-21T00:00:00Z");
        check(json!("now/w"), End::First, "2026-11-16T00:00:00Z");
        check(json!("now/M"), End::Last, "2026-11-30T23:59:59.999Z");
        check(
            json!("2026-11-21||+1M/y"),
            End::First,
            "2026-01-01T00:00:00Z",
        );
        for wrong in [
            "now-",
            "now-1",
            "now-d5",
            "gestern",
            "2026-13",
            "",
            "now/x",
            "now+9999999y",
        ] {
            check(json!(wrong), End::First, "failed to parse date");
        }
        check(json!([1]), End::First, "failed to parse date");
    }

    #[test]
    fn durations_are_read_as_grafana_writes_them() {
        let check = |text, expected| assert_eq!(duration_ms(text), expected, "{text}");
        check("90m", Some(5_400_000));
        check("1h0m0s", Some(3_600_000));
        check("500ms", Some(500));
        check("1d", Some(86_400_000));
        for wrong in [
            "",
            "m",
            "5",
            "5x",
            "-1m",
            "99999999999999999999d",
            "9999999999999999d",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn zones_go_by_name_or_offset() {
        assert!(zone("Europe/Berlin").is_ok() && zone("utc").is_ok());
        let two = zone("+02:00").unwrap();
        assert_eq!(two, TimeZone::fixed(jiff::tz::offset(2)));
        assert!(zone("Mond/Krater").is_err() && zone("+99:00").is_err());
    }
}
