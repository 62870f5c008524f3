//! Flags by phrases: somebody asks whether a claim is true, or disputes one.
//!
//! A flag says "worth checking" and is no verdict. Criticism alone must never raise one, so the
//! phrases are about claims of fact, and where they stand decides: an enquiry needs a question mark
//! and is the writer's own, a correction is neither a question nor denied. Single flags are weak
//! (about half are right); the desk counts them.

use super::phrases::{Found, Phrases};
use super::reading::Reading;
use crate::model::{FlagKind, FlagLabel, Kind, Reason};

/// Words before a correction that deny it ("keine Falschmeldung").
const DENIED_WITHIN: usize = 2;
/// Reasons that a flag carries at most.
const MAX_REASONS: usize = 10;

/// The phrases of one flag, and what they need around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A question.
    Question,
    /// A question that ends with the phrase.
    QuestionEnd,
    /// A statement.
    Statement,
    /// A statement that ends, or whose clause ends, with the phrase.
    StatementEnd,
    /// The writer's own words, with or without a question mark.
    Asked,
    /// A statement that begins with the phrase, and whose first clause ends with it.
    Begins,
}

impl Need {
    fn flag(self) -> FlagKind {
        match self {
            Need::Question | Need::QuestionEnd | Need::Asked => FlagKind::Enquiry,
            Need::Statement | Need::StatementEnd | Need::Begins => FlagKind::Correction,
        }
    }
}

/// The flags of a mention, each with every phrase that raised it.
pub fn flags(
    reading: &Reading<'_>,
    kind: Kind,
    lists: &[&Phrases<Need>],
    negations: &Phrases<bool>,
) -> Vec<FlagLabel> {
    let mut labels: Vec<FlagLabel> = Vec::new();
    for found in lists.iter().flat_map(|phrases| phrases.all(reading)) {
        if !holds(reading, kind, &found, negations) {
            continue;
        }
        let flag = found.value.flag();
        let reason = reason(reading, &found);
        match labels.iter_mut().find(|label| label.flag == flag) {
            Some(label) if label.reasons.len() == MAX_REASONS => {}
            Some(label) => label.reasons.push(reason),
            None => labels.push(FlagLabel {
                flag,
                reasons: vec![reason],
            }),
        }
    }
    labels
}

fn holds(
    reading: &Reading<'_>,
    kind: Kind,
    found: &Found<Need>,
    negations: &Phrases<bool>,
) -> bool {
    let (Some(first), Some(last)) = (
        reading.words.get(found.first),
        reading.words.get(found.last),
    ) else {
        return false;
    };
    let question = reading.is_question(first);
    let at_end = last.ends_clause;
    // In an article a quoted correction is the news; elsewhere a quotation is somebody else's word.
    let own = !first.quoted || kind == Kind::Article;
    let fits = match found.value {
        Need::Question => question && !first.quoted,
        Need::QuestionEnd => question && at_end && !first.quoted,
        Need::Statement => !question && own,
        Need::StatementEnd => !question && at_end && own,
        Need::Asked => !first.quoted,
        Need::Begins => !question && at_end && begins(reading, found.first),
    };
    let start = found.first.saturating_sub(DENIED_WITHIN);
    let denied = found.value.flag() == FlagKind::Correction
        && (start..found.first).any(|at| {
            reading
                .words
                .get(at)
                .is_some_and(|word| word.clause == first.clause)
                && negations
                    .at(reading, at)
                    .is_some_and(|negation| negation.value)
        });
    fits && !denied
}

/// Nothing but masked accounts stands before a word.
fn begins(reading: &Reading<'_>, at: usize) -> bool {
    let mut before = reading.words.iter().take(at);
    before.all(|word| word.token.terms.is_empty())
}

fn reason(reading: &Reading<'_>, found: &Found<Need>) -> Reason {
    let (seen, span) = reading.seen(found.first, found.last);
    let rule = match found.value.flag() {
        FlagKind::Enquiry => "enquiry phrase",
        _ => "correction phrase",
    };
    Reason {
        rule: rule.to_owned(),
        seen,
        span,
        weight: 0.0,
    }
}
