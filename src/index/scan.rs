//! Looks through a field's dictionary: words with wildcards, hosts under a host, parts of addresses.

use super::IndexError;
use super::lanes::Pace;
use super::schema::EXACT_SIGN;
use crate::query::{Keyword, literal_prefix, word_glob};
use tantivy::index::SegmentReader;
use tantivy::postings::TermInfo;
use tantivy::query::{
    BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, Score, TantivyError};

/// Which terms of a dictionary are meant.
#[derive(Debug, Clone)]
pub enum Sought {
    /// Words that one of these patterns matches.
    Wild(Vec<String>),
    Keyword(Keyword),
}

impl Sought {
    /// Where the postings of these terms are in one segment, each term once.
    ///
    /// # Errors
    /// [`too_many`] where there are more than `limit`; no time left; the index's own errors.
    pub fn terms(
        &self,
        segment: &SegmentReader,
        field: Field,
        limit: usize,
        pace: &Pace,
    ) -> tantivy::Result<Vec<TermInfo>> {
        let inverted = segment.inverted_index(field)?;
        let mut found = Vec::new();
        let mut looked_at = 0_usize;
        for (pass, prefix) in self.prefixes().into_iter().enumerate() {
            let mut terms = inverted.terms().range().ge(prefix).into_stream()?;
            while let Some((term, info)) = terms.next() {
                if looked_at.is_multiple_of(TERMS_CHECK) {
                    in_time(pace)?;
                }
                looked_at = looked_at.wrapping_add(1);
                if !term.starts_with(prefix.as_bytes()) {
                    break;
                }
                if std::str::from_utf8(term).is_ok_and(|term| self.fits(pass, term)) {
                    if found.len() == limit {
                        return Err(too_many(self.written()));
                    }
                    found.push(info.clone());
                }
            }
        }
        Ok(found)
    }

    /// The passes over the dictionary, each by the prefix that it stays within.
    fn prefixes(&self) -> Vec<&str> {
        match self {
            Sought::Keyword(_) => vec![""],
            Sought::Wild(patterns) => patterns
                .iter()
                .map(|pattern| literal_prefix(pattern))
                .collect(),
        }
    }

    /// True where a pass takes a term; an earlier pass may have taken it already.
    fn fits(&self, pass: usize, term: &str) -> bool {
        match self {
            Sought::Keyword(keyword) => keyword.matches(term),
            Sought::Wild(patterns) => {
                let by = |pattern: &String| word_glob(pattern, term);
                !term.starts_with(EXACT_SIGN)
                    && patterns.get(pass).is_some_and(by)
                    && !patterns.iter().take(pass).any(by)
            }
        }
    }

    fn written(&self) -> &str {
        match self {
            Sought::Wild(patterns) => patterns.first().map_or("", String::as_str),
            Sought::Keyword(keyword) => &keyword.value,
        }
    }
}

/// The engine's errors are made of text: these are told from others by how they start.
const TOO_MANY: &str = "too many words: ";
const NO_TIME: &str = "no time left for the search";
/// Words of a dictionary between two looks at the clock.
const TERMS_CHECK: usize = 64;

/// [`Pace::check`] for where only the engine's errors go.
///
/// # Errors
/// One that [`query_fault`] knows again.
pub(super) fn in_time(pace: &Pace) -> tantivy::Result<()> {
    pace.check()
        .map_err(|_| TantivyError::InvalidArgument(NO_TIME.to_owned()))
}

/// What the engine was made to say by a query, as the fault that it is.
pub(super) fn query_fault(error: IndexError) -> IndexError {
    match &error {
        IndexError::Engine(TantivyError::InvalidArgument(said)) if said == NO_TIME => {
            IndexError::TimedOut
        }
        IndexError::Engine(engine) => match too_broad(engine).map(str::to_owned) {
            Some(pattern) => IndexError::TooBroad { pattern },
            None => error,
        },
        _ => error,
    }
}

/// A pattern that stands for more words than are looked at.
fn too_many(pattern: &str) -> TantivyError {
    TantivyError::InvalidArgument(format!("{TOO_MANY}{pattern}"))
}

/// The pattern of an error that says that it stands for too many words.
pub fn too_broad(error: &TantivyError) -> Option<&str> {
    match error {
        TantivyError::InvalidArgument(message) => message.strip_prefix(TOO_MANY),
        _ => None,
    }
}

/// Mentions with any of the terms sought. All have the same score.
#[derive(Debug, Clone)]
pub struct ScanQuery {
    pub field: Field,
    pub sought: Sought,
    pub pace: Pace,
}

impl Query for ScanQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(ScanWeight(self.clone())))
    }
}

struct ScanWeight(ScanQuery);

impl Weight for ScanWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let ScanQuery {
            field,
            sought,
            pace,
        } = &self.0;
        let inverted = segment.inverted_index(*field)?;
        let mut docs = BitSet::with_max_value(segment.max_doc());
        // The set's size does not grow with the terms: no limit is needed.
        for term in sought.terms(segment, *field, usize::MAX, pace)? {
            in_time(pace)?;
            let mut block =
                inverted.read_block_postings_from_terminfo(&term, IndexRecordOption::Basic)?;
            while !block.docs().is_empty() {
                for &doc in block.docs() {
                    docs.insert(doc);
                }
                block.advance();
            }
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(docs), boost)))
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        explain(self, segment, doc)
    }
}

/// Says only that a document matches: all scores are the same.
pub fn explain(
    weight: &dyn Weight,
    segment: &SegmentReader,
    doc: DocId,
) -> tantivy::Result<Explanation> {
    let mut scorer = weight.scorer(segment, 1.0)?;
    if scorer.doc() > doc || scorer.seek(doc) != doc {
        let message = format!("document {doc} does not match");
        return Err(TantivyError::InvalidArgument(message));
    }
    Ok(Explanation::new("matches", 1.0))
}
