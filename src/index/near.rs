//! Words at places: phrases and `NEAR`, verified by positions.
//!
//! A cheaper query gives the mentions that hold the words at all; of each, the positions are read
//! and the spans computed as the matcher does ([`crate::query::spans`]). Deleted documents are
//! passed on like any other; tantivy filters them afterwards.

use super::lanes::Pace;
use super::scan::{Sought, explain};
use super::schema::exact_term;
use crate::query::spans::{Positions, spans};
use crate::query::{Place, Test};
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::index::SegmentReader;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::query::{EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Score, TERMINATED, Term};

/// Words of one segment that a wildcard inside a phrase or `NEAR` may stand for. Each costs about
/// 2 KiB while the search runs.
pub const MAX_EXPANSIONS: usize = 10_000;

/// How much dearer a document is here than in a plain list; orders an `AND`.
const COST_FACTOR: u64 = 10;

/// Mentions in which a place exists in one field. All have the same score.
#[derive(Debug, Clone)]
pub struct NearQuery {
    pub field: Field,
    pub place: Arc<Place>,
    /// Finds at least the mentions in question.
    pub candidates: Arc<dyn Query>,
    pub pace: Pace,
}

impl Query for NearQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let candidates = self.candidates.weight(EnableScoring::Disabled {
            schema: scoring.schema(),
            searcher_opt: scoring.searcher(),
        })?;
        Ok(Box::new(NearWeight {
            field: self.field,
            place: Arc::clone(&self.place),
            candidates,
            pace: self.pace.clone(),
        }))
    }
}

struct NearWeight {
    field: Field,
    place: Arc<Place>,
    candidates: Box<dyn Weight>,
    pace: Pace,
}

impl Weight for NearWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let candidates = self.candidates.scorer(segment, 1.0)?;
        if candidates.doc() == TERMINATED {
            return Ok(Box::new(EmptyScorer));
        }
        let mut lists = HashMap::new();
        for word in self.place.words() {
            for test in word.ways.iter().flatten() {
                if !lists.contains_key(test) {
                    let found = postings(segment, self.field, test, &self.pace)?;
                    lists.insert(test.clone(), found);
                }
            }
        }
        let mut scorer = NearScorer {
            candidates,
            place: Arc::clone(&self.place),
            here: Here { doc: 0, lists },
            boost,
            pace: self.pace.clone(),
            is_over: false,
        };
        scorer.settle();
        Ok(Box::new(scorer))
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        explain(self, segment, doc)
    }
}

/// The position lists of all terms that fulfil a test.
fn postings(
    segment: &SegmentReader,
    field: Field,
    test: &Test,
    pace: &Pace,
) -> tantivy::Result<Vec<SegmentPostings>> {
    let inverted = segment.inverted_index(field)?;
    let positions = IndexRecordOption::WithFreqsAndPositions;
    let named = |term: &str| inverted.read_postings(&Term::from_field_text(field, term), positions);
    let mut lists = Vec::new();
    match test {
        Test::Terms(terms) => {
            for term in terms {
                lists.extend(named(term)?);
            }
        }
        Test::Exact(exact) => lists.extend(named(&exact_term(exact))?),
        Test::Wild(patterns) => {
            let sought = Sought::Wild(patterns.clone());
            for info in sought.terms(segment, field, MAX_EXPANSIONS, pace)? {
                lists.push(inverted.read_postings_from_terminfo(&info, positions)?);
            }
        }
    }
    Ok(lists)
}

struct NearScorer {
    candidates: Box<dyn Scorer>,
    place: Arc<Place>,
    here: Here,
    boost: Score,
    pace: Pace,
    /// The time is over. A scorer cannot fail: it ends, and whoever asked looks at the clock.
    is_over: bool,
}

/// The positions in one document. Documents come in ascending order.
struct Here {
    doc: DocId,
    lists: HashMap<Test, Vec<SegmentPostings>>,
}

impl Positions<Test> for Here {
    fn positions(&mut self, test: &Test) -> Vec<u32> {
        let mut found = Vec::new();
        for list in self.lists.get_mut(test).into_iter().flatten() {
            if list.doc() < self.doc {
                list.seek(self.doc);
            }
            if list.doc() == self.doc {
                list.append_positions_with_offset(0, &mut found);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl NearScorer {
    /// Moves on to the first candidate from here on in which the place exists.
    fn settle(&mut self) -> DocId {
        loop {
            let doc = self.doc();
            if doc == TERMINATED {
                return doc;
            }
            if self.pace.check().is_err() {
                self.is_over = true;
                return TERMINATED;
            }
            self.here.doc = doc;
            if !spans(&self.place, &mut self.here).is_empty() {
                return doc;
            }
            self.candidates.advance();
        }
    }
}

impl DocSet for NearScorer {
    fn advance(&mut self) -> DocId {
        self.candidates.advance();
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.candidates.doc() < target {
            self.candidates.seek(target);
        }
        self.settle()
    }

    fn doc(&self) -> DocId {
        match self.is_over {
            true => TERMINATED,
            false => self.candidates.doc(),
        }
    }

    fn size_hint(&self) -> u32 {
        self.candidates.size_hint()
    }

    fn cost(&self) -> u64 {
        self.candidates.cost().saturating_mul(COST_FACTOR)
    }
}

impl Scorer for NearScorer {
    fn score(&mut self) -> Score {
        self.boost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::compile::compile;
    use crate::index::scan::too_broad;
    use crate::index::schema::{self, IndexView, document};
    use crate::query::Query;
    use tantivy::collector::Count;
    use tantivy::{Index, IndexWriter, Searcher, TantivyDocument};

    fn searcher(texts: &[&str]) -> Searcher {
        let index = Index::create_in_ram(schema::build());
        let mut writer: IndexWriter<TantivyDocument> =
            index.writer_with_num_threads(1, 20_000_000).unwrap();
        for text in texts {
            let view = IndexView {
                text,
                ..IndexView::default()
            };
            writer.add_document(document(&view)).unwrap();
        }
        writer.commit().unwrap();
        index.reader().unwrap().searcher()
    }

    fn count(searcher: &Searcher, written: &str) -> tantivy::Result<usize> {
        searcher.search(
            &*compile(Query::parse(written).unwrap().expr(), &Pace::default()),
            &Count,
        )
    }

    #[test]
    fn a_wildcard_that_stands_for_too_many_words_is_refused_where_it_is_dear() {
        let text: String = (0..=MAX_EXPANSIONS).map(|i| format!("ab{i} ")).collect();
        let searcher = searcher(&[&text, "x"]);
        assert_eq!(count(&searcher, "ab*").unwrap(), 1);
        assert_eq!(count(&searcher, "\"ab1 ab2*\"").unwrap(), 1);
        match count(&searcher, "\"ab1 ab*\"") {
            Err(error) => assert_eq!(too_broad(&error), Some("ab*")),
            Ok(count) => panic!("{count}"),
        }
    }

    /// A scan fails, a scorer ends: both before they have looked at anything.
    #[tokio::test]
    async fn who_has_no_time_looks_at_nothing() {
        let searcher = searcher(&["die Grenze und der Stau", "Grenze Stau"]);
        let lanes = crate::index::lanes::Lanes::new(1);
        for (written, found) in [("Gr*ze", 2), ("Grenze NEAR/5 Stau", 2)] {
            assert_eq!(count(&searcher, written).unwrap(), found);
            let pace = lanes.enter(std::time::Duration::ZERO).await.unwrap();
            let query = compile(Query::parse(written).unwrap().expr(), &pace);
            match searcher.search(&*query, &Count) {
                Err(error) => {
                    let fault = crate::index::scan::query_fault(error.into());
                    assert!(
                        matches!(fault, crate::index::IndexError::TimedOut),
                        "{written}"
                    );
                }
                Ok(count) => assert_eq!((written, count), ("Grenze NEAR/5 Stau", 0)),
            }
        }
    }

    #[test]
    fn a_match_can_be_explained() {
        let searcher = searcher(&["a b", "b a"]);
        let query = compile(Query::parse("\"b a\"").unwrap().expr(), &Pace::default());
        let at = |doc_id| tantivy::DocAddress::new(0, doc_id);
        assert!(query.explain(&searcher, at(0)).is_err());
        assert!(query.explain(&searcher, at(1)).is_ok());
    }
}
