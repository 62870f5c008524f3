//! Why a query was refused, and where.

use super::fault::Fault;
use std::fmt;
use std::ops::Range;

/// Characters of the query shown on each side of the fault.
const SHOWN: usize = 40;

/// Why a query was refused: what is wrong in both languages, and the place.
///
/// Printed in English as message, the line of the query, a caret line, and the hint. The query is
/// foreign text: escape it in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// Boxed, for it is larger than what a parser returns otherwise.
    pub fault: Box<Fault>,
    /// Byte range in the query, on character boundaries.
    pub start: usize,
    pub end: usize,
    /// The place in the query with some text around it, on one line.
    pub excerpt: String,
    /// Carets under the place in `excerpt`.
    pub carets: String,
}

impl QueryError {
    /// `at` is a byte range in `written`; it is moved to character boundaries.
    pub(crate) fn new(written: &str, at: Range<usize>, fault: Fault) -> Self {
        let start = written.floor_char_boundary(at.start);
        let end = written.ceil_char_boundary(at.end).max(start);
        let line_start = written[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = written[start..]
            .find('\n')
            .map_or(written.len(), |i| start + i);
        let marked_end = end.clamp(start, line_end);
        let before: String = tail(&written[line_start..start]);
        let marked: String = written[start..marked_end]
            .chars()
            .take(SHOWN)
            .map(printable)
            .collect();
        let after: String = written[marked_end..line_end]
            .chars()
            .take(SHOWN)
            .map(printable)
            .collect();
        let carets =
            " ".repeat(before.chars().count()) + &"^".repeat(marked.chars().count().max(1));
        Self {
            fault: Box::new(fault),
            start,
            end,
            excerpt: format!("{before}{marked}{after}"),
            carets,
        }
    }
}

/// The last characters of what stands before the fault.
fn tail(before: &str) -> String {
    let skip = before.chars().count().saturating_sub(SHOWN);
    before.chars().skip(skip).map(printable).collect()
}

/// Tabs and control characters would move the carets.
fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { message, hint } = self.fault.as_ref();
        write!(f, "{}\n  {}\n  {}", message.en, self.excerpt, self.carets)?;
        if !hint.en.is_empty() {
            write!(f, "\n{}", hint.en)?;
        }
        Ok(())
    }
}

impl std::error::Error for QueryError {}
