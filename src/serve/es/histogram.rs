//! `date_histogram`: intervals of fixed length, or of the calendar in a time zone.
//!
//! Fixed ones in UTC are the index's own histogram; all others are ranges whose bounds are worked out
//! here, so that a day in Berlin is one also when the clocks change.

use super::aggs::{Context, count};
use super::dates::{self, End, Reading};
use super::fault::Fault;
use super::fields::{Known, Sort};
use crate::index::MAX_BUCKETS;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// How the buckets are shown.
#[derive(Debug, Clone)]
pub struct Dates {
    /// Buckets come as ranges.
    pub ranges: bool,
    /// Buckets with fewer mentions are left out.
    pub least: u64,
    /// Empty buckets at both ends stay.
    pub extended: bool,
    /// Times as milliseconds, not as ISO dates.
    pub epoch: bool,
    pub zone: TimeZone,
    /// Moved by the offset that was asked for.
    pub keyed: bool,
}

impl Dates {
    /// How the beginning of a bucket is written.
    pub fn written(&self, ms: i64) -> String {
        if self.epoch {
            return ms.to_string();
        }
        written(ms, &self.zone)
    }
}

/// A time as Elasticsearch writes it.
pub fn written(ms: i64, zone: &TimeZone) -> String {
    let Ok(at) = Timestamp::from_millisecond(ms) else {
        return ms.to_string();
    };
    if *zone == TimeZone::UTC {
        return at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    }
    let zoned = at.to_zoned(zone.clone());
    zoned.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
}

enum Interval {
    Fixed(i64),
    /// `m h d w M q y`
    Calendar(char),
}

/// True where the bounds of the search must be known to answer.
pub fn needs_span(aggs: &Value) -> bool {
    match aggs {
        Value::Object(members) => {
            let own = members.get("date_histogram").is_some_and(|dates| {
                let zone = dates.get("time_zone").and_then(Value::as_str);
                let utc = zone
                    .is_none_or(|zone| dates::zone(zone).is_ok_and(|zone| zone == TimeZone::UTC));
                !utc || dates.get("fixed_interval").is_none()
            });
            own || members.values().any(needs_span)
        }
        _ => false,
    }
}

/// The entry for the index, and how its buckets are shown.
///
/// # Errors
/// What cannot be read, and more buckets than an answer may have.
pub fn dates(known: Known, settings: &Object, context: Context) -> Result<(Object, Dates), Fault> {
    if known.sort != Sort::Date {
        return Err(Fault::argument(format!("[{}] is no date", known.name)));
    }
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    let zone = text("time_zone").map_or(Ok(TimeZone::UTC), dates::zone)?;
    let interval = interval(settings)?;
    let offset = match text("offset") {
        Some(offset) => signed_ms(offset)?,
        None => 0,
    };
    let bounds = bounds(settings, context.now, &zone)?;
    let mut shown = Dates {
        ranges: false,
        least: count(settings, "min_doc_count")?.unwrap_or(0),
        extended: bounds.is_some(),
        epoch: text("format").is_some_and(|format| format.starts_with("epoch_millis")),
        keyed: settings.get("keyed").and_then(Value::as_bool) == Some(true),
        zone,
    };
    let span = wider(context.span, bounds);
    if let (Interval::Fixed(ms), true) = (&interval, shown.zone == TimeZone::UTC) {
        let body = fixed(known, *ms, offset, &shown, bounds, span)?;
        return Ok((body, shown));
    }
    shown.ranges = true;
    let starts = match span {
        Some(span) => starts(&interval, offset, span, &shown.zone)?,
        None => Vec::new(),
    };
    let ranges: Vec<Value> = starts
        .windows(2)
        .map(|pair| json!({ "from": pair[0] as f64, "to": pair[1] as f64 }))
        .collect();
    // Nothing there: one range that holds nothing.
    let ranges = match ranges.is_empty() {
        true => vec![json!({ "from": 0.0, "to": 1.0 })],
        false => ranges,
    };
    let body = json!({ "field": known.column, "ranges": ranges });
    Ok((Object::from_iter([("range".to_owned(), body)]), shown))
}

fn too_many() -> Fault {
    Fault {
        kind: "too_many_buckets_exception",
        ..Fault::argument(format!(
            "too many buckets: more than {MAX_BUCKETS}; ask for a longer interval or a shorter time"
        ))
    }
}

fn fixed(
    known: Known,
    ms: i64,
    offset: i64,
    shown: &Dates,
    bounds: Option<(i64, i64)>,
    span: Option<(i64, i64)>,
) -> Result<Object, Fault> {
    if span.is_some_and(|(first, last)| last.saturating_sub(first) / ms > i64::from(MAX_BUCKETS)) {
        return Err(too_many());
    }
    let mut body = json!({
        "field": known.column, "interval": ms as f64, "min_doc_count": shown.least,
    });
    if offset != 0 {
        body["offset"] = json!(offset.rem_euclid(ms) as f64);
    }
    if let (Some((min, max)), 0) = (bounds, shown.least) {
        body["extended_bounds"] = json!({ "min": min as f64, "max": max as f64 });
    }
    Ok(Object::from_iter([("histogram".to_owned(), body)]))
}

fn interval(settings: &Object) -> Result<Interval, Fault> {
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    let calendar = |text: &str| match text {
        "minute" | "1m" => Some('m'),
        "hour" | "1h" => Some('h'),
        "day" | "1d" => Some('d'),
        "week" | "1w" => Some('w'),
        "month" | "1M" => Some('M'),
        "quarter" | "1q" => Some('q'),
        "year" | "1y" => Some('y'),
        _ => None,
    };
    let fixed = |text: &str| {
        let ms = dates::duration_ms(text).filter(|ms| *ms > 0);
        ms.map(Interval::Fixed).ok_or_else(|| {
            Fault::argument(format!(
                "failed to parse the interval [{text}]; write 90m, 12h or 7d"
            ))
        })
    };
    if let Some(text) = text("fixed_interval") {
        return fixed(text);
    }
    if let Some(text) = text("calendar_interval") {
        return calendar(text)
            .map(Interval::Calendar)
            .ok_or_else(|| Fault::argument(format!("[{text}] is no interval of the calendar")));
    }
    match text("interval") {
        Some(text) => {
            calendar(text).map_or_else(|| fixed(text), |unit| Ok(Interval::Calendar(unit)))
        }
        None => Err(Fault::argument(
            "[date_histogram] needs [fixed_interval] or [calendar_interval]",
        )),
    }
}

fn signed_ms(text: &str) -> Result<i64, Fault> {
    let (sign, plain) = match text.strip_prefix('-') {
        Some(plain) => (-1, plain),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let ms = dates::duration_ms(plain);
    ms.map(|ms| sign * ms)
        .ok_or_else(|| Fault::argument(format!("failed to parse the offset [{text}]")))
}

fn bounds(settings: &Object, now: Timestamp, zone: &TimeZone) -> Result<Option<(i64, i64)>, Fault> {
    let reading = Reading {
        now,
        zone: zone.clone(),
        seconds: false,
    };
    let bounds = settings
        .get("extended_bounds")
        .or_else(|| settings.get("hard_bounds"));
    let Some(bounds) = bounds.filter(|bounds| !bounds.is_null()) else {
        return Ok(None);
    };
    let end = |name: &str, end| reading.ms(bounds.get(name).unwrap_or(&Value::Null), end);
    Ok(Some((end("min", End::First)?, end("max", End::Last)?)))
}

fn wider(span: Option<(i64, i64)>, bounds: Option<(i64, i64)>) -> Option<(i64, i64)> {
    match (span, bounds) {
        (Some(span), Some(bounds)) => Some((span.0.min(bounds.0), span.1.max(bounds.1))),
        (span, bounds) => span.or(bounds),
    }
}

/// The beginnings of all buckets that a span touches, and the end of the last.
fn starts(
    interval: &Interval,
    offset: i64,
    span: (i64, i64),
    zone: &TimeZone,
) -> Result<Vec<i64>, Fault> {
    let (first, last) = (span.0.saturating_sub(offset), span.1.saturating_sub(offset));
    let outside = || Fault::argument("a time lies outside of what can be counted");
    let at = Timestamp::from_millisecond(first).map_err(|_| outside())?;
    let mut here = begin(&at.to_zoned(zone.clone()), interval).ok_or_else(outside)?;
    let mut starts = vec![here.timestamp().as_millisecond().saturating_add(offset)];
    while here.timestamp().as_millisecond() <= last {
        if starts.len() > MAX_BUCKETS as usize {
            return Err(too_many());
        }
        let next = next(&here, interval).filter(|next| *next > here);
        here = next.ok_or_else(outside)?;
        starts.push(here.timestamp().as_millisecond().saturating_add(offset));
    }
    Ok(starts)
}

fn begin(at: &Zoned, interval: &Interval) -> Option<Zoned> {
    match interval {
        Interval::Calendar(unit) => dates::floor(at, *unit),
        Interval::Fixed(ms) => {
            let local = local_ms(at);
            from_local(local - local.rem_euclid(*ms), at.time_zone())
        }
    }
}

fn next(here: &Zoned, interval: &Interval) -> Option<Zoned> {
    let span = Span::new();
    let span = match interval {
        Interval::Fixed(ms) => {
            return from_local(local_ms(here).checked_add(*ms)?, here.time_zone());
        }
        Interval::Calendar('m') => span.minutes(1),
        Interval::Calendar('h') => span.hours(1),
        Interval::Calendar('d') => span.days(1),
        Interval::Calendar('w') => span.weeks(1),
        Interval::Calendar('M') => span.months(1),
        Interval::Calendar('q') => span.months(3),
        Interval::Calendar(_) => span.years(1),
    };
    let next = here.checked_add(span).ok()?;
    // A day that has no midnight begins later; the one after it begins at midnight again.
    match interval {
        Interval::Calendar('m' | 'h') => Some(next),
        Interval::Calendar(_) => next.start_of_day().ok(),
        Interval::Fixed(_) => Some(next),
    }
}

/// Milliseconds on the wall clock's face.
fn local_ms(at: &Zoned) -> i64 {
    let seconds = i64::from(at.offset().seconds());
    at.timestamp().as_millisecond() + seconds * 1_000
}

fn from_local(ms: i64, zone: &TimeZone) -> Option<Zoned> {
    let face = Timestamp::from_millisecond(ms)
        .ok()?
        .to_zoned(TimeZone::UTC);
    face.datetime().to_zoned(zone.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: Value, span: (&str, &str), expected: &[&str]) {
        let ms = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let context = Context {
            now: Timestamp::UNIX_EPOCH,
            span: Some((ms(span.0), ms(span.1))),
        };
        let known = super::super::fields::find("@timestamp").unwrap();
        let (body, shown) = dates(known, settings.as_object().unwrap(), context).unwrap();
        let ranges = body["range"]["ranges"].as_array().unwrap();
        let starts = ranges
            .iter()
            .map(|range| range["from"].as_f64().unwrap() as i64);
        let starts: Vec<String> = starts.map(|start| shown.written(start)).collect();
        assert_eq!(starts, expected);
    }

    #[test]
    fn days_are_those_of_the_time_zone_also_when_clocks_change() {
        let berlin = json!({ "calendar_interval": "1d", "time_zone": "Europe/Berlin" });
        check(
            berlin,
            ("2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"),
            &[
                "2026-10-24T00:00:00.000+02:00",
                "2026-10-25T00:00:00.000+02:00",
                "2026-10-26T00:00:00.000+01:00",
            ],
        );
        let half_days = json!({ "fixed_interval": "12h", "time_zone": "Europe/Berlin" });
        check(
            half_days,
            ("2026-10-25T08:00:00Z", "2026-10-25T23:30:00Z"),
            &[
                "2026-10-25T00:00:00.000+02:00",
                "2026-10-25T12:00:00.000+01:00",
                "2026-10-26T00:00:00.000+01:00",
            ],
        );
    }

    #[test]
    fn weeks_begin_on_monday_and_quarters_with_their_month() {
        let weeks = json!({ "calendar_interval": "week" });
        check(
            weeks,
            ("2026-11-19T00:00:00Z", "2026-11-23T00:00:00Z"),
            &["2026-11-16T00:00:00.000Z", "2026-11-23T00:00:00.000Z"],
        );
        let quarters = json!({ "interval": "quarter", "format": "epoch_millis" });
        check(
            quarters,
            ("1970-02-10T00:00:00Z", "1970-04-10T00:00:00Z"),
            &["0", "7776000000"],
        );
    }
}
