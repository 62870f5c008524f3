//! Single conditions of the dialect: words, values, ranges.

use super::dates::{End, Reading};
use super::fault::Fault;
use super::fields::{self, Known, Sort};
use crate::index::Filter;
use crate::query::Query;
use crate::store::CaseFilter;
use serde_json::Value;

/// A field by its name.
///
/// # Errors
/// A name that is no field's.
pub fn known(name: &str) -> Result<Known, Fault> {
    fields::find(name).ok_or_else(|| Fault::no_field(name))
}

/// Words or a phrase of our own language, with so many others between.
///
/// # Errors
/// What our language refuses.
pub fn words(known: Option<Known>, text: &str, between: Option<u32>) -> Result<Filter, Fault> {
    let phrase = format!("\"{}\"", text.replace(['"', '\\'], " "));
    let between = between.filter(|count| *count > 0);
    let phrase = match between {
        Some(count) => format!("{phrase}~{count}"),
        None => phrase,
    };
    own(known, &phrase)
}

/// Words with `*` and `?`.
///
/// # Errors
/// As of [`words`].
pub fn wildcard(known: Option<Known>, text: &str) -> Result<Filter, Fault> {
    own(known, text)
}

fn own(known: Option<Known>, written: &str) -> Result<Filter, Fault> {
    let written = match known {
        Some(known) => format!("{}:{written}", known.name),
        None => written.to_owned(),
    };
    let query = Query::parse_search(&written);
    let query = query.map_err(|error| Fault {
        kind: "query_shard_exception",
        ..Fault::parsing(error.to_string())
    })?;
    Ok(Filter::Query(query.expr().clone()))
}

/// A field that has a value.
pub fn has(known: Known) -> Filter {
    match known.sort {
        Sort::Case => Filter::Case(CaseFilter::Any),
        _ => Filter::Has(known.field),
    }
}

/// What is asked about the cases that a mention is in.
///
/// # Errors
/// No state of a case, nor `any` or `none`.
pub fn case(value: &str) -> Result<Filter, Fault> {
    CaseFilter::parse(value).map(Filter::Case).ok_or_else(|| {
        let valid = CaseFilter::ALL.map(CaseFilter::as_str).join(", ");
        Fault::argument(format!("[case] is one of {valid}"))
    })
}

/// A field that is compared whole.
///
/// # Errors
/// A number or time that is none.
pub fn exactly(known: Known, value: &str, reading: &Reading) -> Result<Filter, Fault> {
    if known.sort == Sort::Case {
        return case(value);
    }
    if known.sort == Sort::Keyword {
        return Ok(Filter::Is {
            field: known.field,
            values: vec![fields::fold(known, value)],
        });
    }
    let value = Value::String(value.to_owned());
    let mut range = Range::of(known, reading)?;
    range.from(&value, true)?;
    range.to(&value, true)?;
    Ok(range.filter())
}

/// A range of a number or time field.
pub struct Range<'a> {
    known: Known,
    reading: &'a Reading,
    from: Option<i64>,
    to: Option<i64>,
}

impl<'a> Range<'a> {
    /// # Errors
    /// A field of words or names.
    pub fn of(known: Known, reading: &'a Reading) -> Result<Self, Fault> {
        match known.sort {
            Sort::Date | Sort::Long => Ok(Self {
                known,
                reading,
                from: None,
                to: None,
            }),
            Sort::Text | Sort::Keyword | Sort::Case => Err(Fault::unsupported(&format!(
                "ranges of [{}], which is no number and no date",
                known.name
            ))),
        }
    }

    fn value(&self, value: &Value, end: End) -> Result<Option<i64>, Fault> {
        let open = value.is_null() || matches!(value.as_str(), Some("*" | ""));
        if open {
            return Ok(None);
        }
        if self.known.sort == Sort::Date {
            return self.reading.ms(value, end).map(Some);
        }
        let number = match value {
            Value::String(text) => text.parse::<f64>().ok(),
            value => value.as_f64(),
        };
        let number = number.filter(|number| number.is_finite());
        let number = number.map(|number| match end {
            End::First => number.ceil(),
            End::Last => number.floor(),
        });
        match number {
            Some(number) => Ok(Some(number as i64)),
            None => Err(Fault::parsing(format!(
                "[{}] is a number, and {value} is none",
                self.known.name
            ))),
        }
    }

    /// # Errors
    /// What is no number or time.
    pub fn from(&mut self, value: &Value, with: bool) -> Result<(), Fault> {
        let end = if with { End::First } else { End::Last };
        let value = self.value(value, end)?;
        self.from = value.map(|value| if with { value } else { value.saturating_add(1) });
        Ok(())
    }

    /// # Errors
    /// What is no number or time.
    pub fn to(&mut self, value: &Value, with: bool) -> Result<(), Fault> {
        let end = if with { End::Last } else { End::First };
        let value = self.value(value, end)?;
        self.to = value.map(|value| if with { value } else { value.saturating_sub(1) });
        Ok(())
    }

    pub fn filter(self) -> Filter {
        Filter::Within {
            field: self.known.field,
            from: self.from,
            to: self.to,
        }
    }
}
