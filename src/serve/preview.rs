//! What trying a watch on the archive gives: asked by the command line, the API and, one day, the
//! page on which watches are written.

use super::archive::Found;
use jiff::Timestamp;
use jiff::civil::Date;

/// Longest time that a preview looks back.
pub const MAX_PREVIEW_DAYS: u16 = 90;
/// Random hits that a preview shows.
pub const PREVIEW_SAMPLE: usize = 20;
/// Random hits that it shows of each side of a difference.
pub const DIFFERENCE_SAMPLE: usize = 5;

/// Which query to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewRequest {
    /// A registered watch, whose examples and previous version are looked at.
    pub watch: Option<String>,
    /// Text in the query language, in place of the watch's own query.
    pub query: Option<String>,
    /// Days up to today, in Berlin: 1 to [`MAX_PREVIEW_DAYS`].
    pub days: u16,
    /// Another seed, another sample.
    pub seed: u64,
}

/// What a query would have found. The archive holds what some watch found when it came in, so a
/// wider query finds more from the day on which it is registered.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// The query as written.
    pub query: String,
    /// How it is understood, an operand a line.
    pub tree: String,
    /// The watch's examples; none without a watch.
    pub examples: Vec<Example>,
    /// Hits by day of publication in Berlin, the oldest first, the last one up to now.
    pub days: Vec<(Date, u64)>,
    pub total: u64,
    /// Up to [`PREVIEW_SAMPLE`] of them, each as likely as any other.
    pub sample: Vec<Found>,
    /// The words that were found, the most frequent first.
    pub terms: Vec<Term>,
    /// Hits whose words were counted: all, or a random choice of very many.
    pub terms_of: usize,
    /// What changes against the query that the watch had before.
    pub difference: Option<Difference>,
    /// False where a part of the archive could not be searched and hits may be missing.
    pub whole: bool,
}

/// A text that a watch must find, or must not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Example {
    pub text: String,
    pub must_match: bool,
    pub matches: bool,
}

/// A word or phrase as it stands in mentions, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Term {
    pub term: String,
    /// Hits that have it.
    pub hits: u64,
    /// Hits that have nothing else that the query looks for.
    pub alone: u64,
}

/// What one query finds and another does not, both ways.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The query before, and since when it was used.
    pub query: String,
    pub since: Timestamp,
    pub gained: Side,
    pub lost: Side,
}

/// One side of a difference.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Side {
    pub total: u64,
    /// Up to [`DIFFERENCE_SAMPLE`] of them, at random.
    pub sample: Vec<Found>,
}
