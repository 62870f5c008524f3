//! `resonanz search --count-by FIELD`: counts of what is found, through the same aggregations as the
//! page, which hold counts of few people back.

use super::search::Shape;
use super::{Output, note, sheet};
use crate::app::Archive;
use crate::index::HELD_BACK;
use crate::serve::{self, Request, SearchError};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

/// Values of a field that are printed at most, and counted in one part of the index.
const MAX_VALUES: u32 = 1_000;
const MAX_OF_SEGMENT: u32 = 10_000;
/// Days, weeks or months at most.
const MAX_TIMES: usize = 2_000;

/// What is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Field {
    Watch,
    Target,
    Source,
    Stance,
    Flag,
    Kind,
    Language,
    Site,
    Voice,
    Day,
    Week,
    Month,
}

/// Mentions by value.
pub struct Counts {
    total: u64,
    counted: Vec<(String, u64)>,
    /// Values whose counts are not told.
    held_back: u64,
    /// Mentions with further values.
    others: u64,
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Field::Watch => "watch",
            Field::Target => "target",
            Field::Source => "source",
            Field::Stance => "stance",
            Field::Flag => "flag",
            Field::Kind => "kind",
            Field::Language => "language",
            Field::Site => "site",
            Field::Voice => "voice",
            Field::Day => "day",
            Field::Week => "week",
            Field::Month => "month",
        }
    }

    /// # Errors
    /// As of a search.
    pub async fn count(self, archive: &Archive, request: Request) -> Result<Counts, SearchError> {
        let column = match self {
            Field::Day | Field::Week | Field::Month => {
                return self.over_time(archive, request).await;
            }
            Field::Language => "lang",
            field => field.name(),
        };
        let terms = json!({ "field": column, "size": MAX_VALUES, "segment_size": MAX_OF_SEGMENT });
        let (total, counted) = ask(archive, &request, json!({ "by": { "terms": terms } })).await?;
        let key = |bucket: &Value| bucket["key"].as_str().map(str::to_owned);
        Ok(Counts::read(total, &counted["by"], key))
    }

    /// Days, weeks from Monday and months of Berlin, from the first in which something was found to
    /// the last.
    async fn over_time(self, archive: &Archive, request: Request) -> Result<Counts, SearchError> {
        let ends = json!({
            "first": { "min": { "field": "published" } },
            "last": { "max": { "field": "published" } },
        });
        let (total, counted) = ask(archive, &request, ends).await?;
        let end = |name: &str| {
            let ms = counted[name]["value"].as_f64()?;
            Timestamp::from_millisecond(ms as i64).ok()
        };
        let (Some(first), Some(last)) = (end("first"), end("last")) else {
            // Nothing is there, or what is there is held back.
            let held_back = u64::from(total > 0);
            return Ok(Counts {
                total,
                counted: Vec::new(),
                held_back,
                others: 0,
            });
        };
        let starts = self.starts(first, last)?;
        let ranges: Vec<Value> = starts
            .windows(2)
            .map(|pair| json!({ "key": pair[0].0.to_string(), "from": pair[0].1, "to": pair[1].1 }))
            .collect();
        let range = json!({ "field": "published", "ranges": ranges });
        let (total, counted) = ask(archive, &request, json!({ "by": { "range": range } })).await?;
        let key = |bucket: &Value| {
            // What lies before the first and behind the last has no name of ours.
            let key = bucket["key"].as_str()?;
            key.parse::<Date>().is_ok().then(|| key.to_owned())
        };
        Ok(Counts::read(total, &counted["by"], key))
    }

    /// The first days of the intervals with their first moments, and those of the one after.
    fn starts(self, first: Timestamp, last: Timestamp) -> Result<Vec<(Date, f64)>, SearchError> {
        let bad = || SearchError::BadAggregation("a time without a day".to_owned());
        let zone = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
        let day = first.to_zoned(zone.clone()).date();
        let (mut day, step) = match self {
            Field::Month => (day.first_of_month(), 1.month()),
            Field::Week => {
                let back = i64::from(day.weekday().to_monday_zero_offset());
                (day.checked_sub(back.days()).map_err(|_| bad())?, 1.week())
            }
            _ => (day, 1.day()),
        };
        let mut starts = Vec::new();
        loop {
            let at = day.to_zoned(zone.clone()).map_err(|_| bad())?.timestamp();
            starts.push((day, at.as_millisecond() as f64));
            if at > last {
                return Ok(starts);
            }
            if starts.len() > MAX_TIMES {
                return Err(SearchError::BadAggregation(format!(
                    "more than {MAX_TIMES} values; ask for a shorter time (--since), or count by week \
                     or month"
                )));
            }
            day = day.checked_add(step).map_err(|_| bad())?;
        }
    }
}

async fn ask(
    archive: &Archive,
    request: &Request,
    aggregations: Value,
) -> Result<(u64, Value), SearchError> {
    let asked = serde_json::from_value(aggregations)
        .map_err(|error| SearchError::BadAggregation(error.to_string()))?;
    let request = Request {
        limit: 0,
        aggregations: Some(asked),
        ..request.clone()
    };
    let found = serve::Archive::search(archive, request).await?;
    Ok((found.total, found.aggregated.unwrap_or_default()))
}

impl Counts {
    fn read(total: u64, aggregation: &Value, key: impl Fn(&Value) -> Option<String>) -> Self {
        let buckets = aggregation["buckets"].as_array().into_iter().flatten();
        let entry = |bucket: &Value| Some((key(bucket)?, bucket["doc_count"].as_u64()?));
        Self {
            total,
            counted: buckets.filter_map(entry).collect(),
            held_back: aggregation[HELD_BACK].as_u64().unwrap_or_default(),
            others: aggregation["sum_other_doc_count"]
                .as_u64()
                .unwrap_or_default(),
        }
    }

    pub fn print(&self, field: Field, shape: Shape) -> anyhow::Result<()> {
        match shape {
            Shape::Csv => {
                sheet::counts(std::io::stdout().lock(), field.name(), &self.counted)?;
                self.remarks().iter().for_each(|remark| note(remark));
                Ok(())
            }
            Shape::Jsonl => {
                let mut out = Output::new();
                for (value, count) in &self.counted {
                    out.json(&json!({ field.name(): value, "mentions": count }))?;
                }
                out.json(&json!({
                    "total": self.total, "held_back": self.held_back, "others": self.others,
                }))?;
                Ok(out.flush()?)
            }
            Shape::Table | Shape::Xlsx => {
                let mut out = Output::new();
                let row = |(value, count): &(String, u64)| vec![count.to_string(), value.clone()];
                let rows: Vec<Vec<String>> = self.counted.iter().map(row).collect();
                out.table(&["MENTIONS", &field.name().to_uppercase()], &rows)?;
                for remark in self.remarks() {
                    out.line(&remark)?;
                }
                out.line(&format!("{} mentions", self.total))?;
                Ok(out.flush()?)
            }
        }
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.held_back > 0 {
            remarks.push(format!(
                "held back, fewer than five people: {}",
                self.held_back
            ));
        }
        if self.others > 0 {
            remarks.push(format!("with further values: {}", self.others));
        }
        remarks
    }
}
