//! Mentions as a sheet: CSV and XLSX, for whoever counts in a spreadsheet.
//!
//! A text from outside never becomes a formula: a CSV cell that a spreadsheet would take for one gets
//! an apostrophe in front (OWASP, CSV Injection), and XLSX cells are written as text.

use super::search::local;
use crate::model::Author;
use crate::store::StoredMention;
use anyhow::Context as _;
use rust_xlsxwriter::{Format, Workbook};
use std::io::Write;

/// Heads of the columns.
pub const COLUMNS: [&str; 14] = [
    "id",
    "published",
    "edited",
    "source",
    "kind",
    "language",
    "site",
    "voice",
    "watches",
    "stances",
    "flags",
    "title",
    "text",
    "url",
];
/// Longest text that a cell of XLSX holds, in UTF-16 units.
const MAX_CELL: usize = 32_767;
/// What a spreadsheet may take for the beginning of a formula.
const FORMULA_SIGNS: [char; 5] = ['=', '+', '-', '@', '\n'];

/// The cells of one mention, by [`COLUMNS`].
fn cells(mention: &StoredMention) -> [String; 14] {
    let voice = match &mention.author {
        Some(Author::Voice { name, .. }) => name.clone(),
        _ => String::new(),
    };
    let watches: Vec<&str> = mention
        .matches
        .iter()
        .map(|one| one.watch.as_str())
        .collect();
    let labels = &mention.labels;
    let stances = labels.stances.iter().map(|label| match label.probability {
        Some(sure) => format!(
            "{}: {} ({:.0} %)",
            label.target,
            label.stance.as_str(),
            sure * 100.0
        ),
        None => format!("{}: {}", label.target, label.stance.as_str()),
    });
    let flags: Vec<&str> = labels
        .flags
        .iter()
        .map(|label| label.flag.as_str())
        .collect();
    [
        mention.id.to_string(),
        local(mention.published),
        mention.edited.map(local).unwrap_or_default(),
        mention.source.clone(),
        mention.kind.as_str().to_owned(),
        mention.lang.clone(),
        mention.site.clone(),
        voice,
        watches.join(", "),
        stances.collect::<Vec<_>>().join(", "),
        flags.join(", "),
        mention.title.clone(),
        mention.text.clone(),
        mention.url.clone().unwrap_or_default(),
    ]
}

/// Semicolons and a byte order mark: so a German spreadsheet opens it with a double click.
///
/// # Errors
/// An output that does not take it.
pub fn csv<'a>(
    out: impl Write,
    mentions: impl IntoIterator<Item = &'a StoredMention>,
    head: bool,
) -> anyhow::Result<()> {
    let mut out = out;
    if head {
        out.write_all("\u{feff}".as_bytes())?;
    }
    let mut sheet = csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    if head {
        sheet.write_record(COLUMNS)?;
    }
    for mention in mentions {
        sheet.write_record(cells(mention).map(|cell| harmless(&cell)))?;
    }
    Ok(sheet.flush()?)
}

/// Counts by value, in the same way.
///
/// # Errors
/// An output that does not take it.
pub fn counts(mut out: impl Write, head: &str, counts: &[(String, u64)]) -> anyhow::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut sheet = csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    sheet.write_record([head, "mentions"])?;
    for (value, count) in counts {
        sheet.write_record([harmless(value), count.to_string()])?;
    }
    Ok(sheet.flush()?)
}

/// A cell that no spreadsheet takes for a formula, and without control characters but line ends.
fn harmless(cell: &str) -> String {
    let clean = visible(cell);
    match clean.starts_with(FORMULA_SIGNS) {
        true => format!("'{clean}"),
        false => clean,
    }
}

fn visible(cell: &str) -> String {
    cell.chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect()
}

/// One worksheet with a fixed head.
///
/// # Errors
/// An output that does not take it.
pub fn xlsx(mut out: impl Write, mentions: &[&StoredMention]) -> anyhow::Result<()> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let bold = Format::new().set_bold();
    for (column, name) in (0_u16..).zip(COLUMNS) {
        sheet.write_string_with_format(0, column, name, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, mention) in (1_u32..).zip(mentions) {
        for (column, cell) in (0_u16..).zip(cells(mention)) {
            sheet.write_string(row, column, fitting(&visible(&cell)))?;
        }
    }
    let bytes = book.save_to_buffer().context("the sheet")?;
    Ok(out.write_all(&bytes)?)
}

/// As much as a cell holds.
fn fitting(text: &str) -> String {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= MAX_CELL
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula() {
        for (cell, expected) in [
            (
                "=HYPERLINK(\"https://example.org\")",
                "'=HYPERLINK(\"https://example.org\")",
            ),
            ("+49 30 18681", "'+49 30 18681"),
            ("-5 Grad", "'-5 Grad"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1+1", "'=1+1"),
            ("\r\n=1+1", "'\n=1+1"),
            ("Grenze = zu\u{1b}[31m", "Grenze = zu[31m"),
        ] {
            assert_eq!(harmless(cell), expected, "{cell:?}");
        }
        assert_eq!(fitting(&"😀".repeat(20_000)).chars().count(), MAX_CELL / 2);
    }
}
