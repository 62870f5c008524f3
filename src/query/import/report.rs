//! The loss report: what became of each construct of a query, and where it stands.

use std::fmt;
use std::ops::Range;

/// What became of a construct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossKind {
    /// It stands in the native query as it was. A reason is a note: what the other system does not
    /// document, and how it is read here.
    Kept,
    /// It is written differently, or written alike and finds something different.
    Rewritten,
    /// There is nothing like it here. Such a query is not imported at all.
    Unsupported,
}

impl LossKind {
    pub fn as_str(self) -> &'static str {
        match self {
            LossKind::Kept => "kept",
            LossKind::Rewritten => "rewritten",
            LossKind::Unsupported => "unsupported",
        }
    }
}

/// One sentence or more in both languages of the house; both empty where there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    pub en: String,
    pub de: String,
}

impl Reason {
    pub fn new(en: impl Into<String>, de: impl Into<String>) -> Self {
        Self {
            en: en.into(),
            de: de.into(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.en.is_empty()
    }

    /// Appends another reason's sentences.
    fn add(&mut self, other: &Reason) {
        for (all, more) in [(&mut self.en, &other.en), (&mut self.de, &other.de)] {
            if !all.is_empty() {
                all.push(' ');
            }
            all.push_str(more);
        }
    }
}

/// One construct of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub kind: LossKind,
    /// Line and column of its first character in the query as given, counted in characters from 1.
    pub line: usize,
    pub column: usize,
    /// As the editor wrote it.
    pub written: String,
    /// As it stands in the native query; empty where it does not.
    pub became: String,
    /// Empty where it was simply kept.
    pub reason: Reason,
}

/// What became of each construct, in the order of the query. Operators and brackets that mean the
/// same everywhere (`AND`, `OR`, `NOT`, `( )`) are not listed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LossReport {
    pub losses: Vec<Loss>,
}

impl LossReport {
    pub fn count(&self, kind: LossKind) -> usize {
        self.losses.iter().filter(|loss| loss.kind == kind).count()
    }

    /// True where nothing is unsupported.
    pub fn is_complete(&self) -> bool {
        self.count(LossKind::Unsupported) == 0
    }

    /// Gives each finding its line and column. One pass over the query.
    pub(super) fn new(written: &str, mut found: Vec<Found>) -> Self {
        found.sort_by_key(|found| (found.at.start, found.at.end));
        found.dedup_by(|later, first| first.takes(later));
        let (mut line, mut column, mut seen) = (1, 1, 0);
        let mut losses = Vec::with_capacity(found.len());
        for found in found {
            let start = written.floor_char_boundary(found.at.start);
            let end = written.ceil_char_boundary(found.at.end).max(start);
            for c in written[seen..start].chars() {
                (line, column) = match c {
                    '\n' => (line + 1, 1),
                    _ => (line, column + 1),
                };
            }
            seen = start;
            let mut loss = found.loss();
            (loss.line, loss.column) = (line, column);
            written[start..end].clone_into(&mut loss.written);
            losses.push(loss);
        }
        Self { losses }
    }
}

impl fmt::Display for LossReport {
    /// One line a construct that was not simply kept; English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for loss in self.losses.iter().filter(|loss| !loss.reason.is_empty()) {
            let (kind, became) = (loss.kind.as_str(), &loss.became);
            writeln!(
                f,
                "{}:{} {kind} {} -> {became}: {}",
                loss.line, loss.column, loss.written, loss.reason.en
            )?;
        }
        Ok(())
    }
}

/// Something to say about a construct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// See [`LossKind::Kept`].
    Note(Reason),
    Changed(Reason),
    Refused(Reason),
}

impl Finding {
    fn parts(&self) -> (LossKind, &Reason) {
        match self {
            Finding::Note(reason) => (LossKind::Kept, reason),
            Finding::Changed(reason) => (LossKind::Rewritten, reason),
            Finding::Refused(reason) => (LossKind::Unsupported, reason),
        }
    }
}

/// What a construct becomes, and what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Became {
    pub text: String,
    pub findings: Vec<Finding>,
}

impl Became {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            findings: Vec::new(),
        }
    }

    pub fn note(mut self, reason: Reason) -> Self {
        self.findings.push(Finding::Note(reason));
        self
    }

    pub fn changed(mut self, reason: Reason) -> Self {
        self.findings.push(Finding::Changed(reason));
        self
    }

    pub fn refused(reason: Reason) -> Self {
        Self {
            text: String::new(),
            findings: vec![Finding::Refused(reason)],
        }
    }
}

/// A construct at its byte range in the query, and what became of it.
#[derive(Debug, Clone)]
pub struct Found {
    pub at: Range<usize>,
    pub became: Became,
}

impl Found {
    pub fn is_refused(&self) -> bool {
        self.kind() == LossKind::Unsupported
    }

    /// Takes over what another finding says of the same place.
    fn takes(&mut self, other: &mut Found) -> bool {
        if self.at != other.at {
            return false;
        }
        self.became.findings.append(&mut other.became.findings);
        if self.became.text.is_empty() {
            self.became.text = std::mem::take(&mut other.became.text);
        }
        true
    }

    fn kind(&self) -> LossKind {
        let kinds = self.became.findings.iter().map(|finding| finding.parts().0);
        kinds.max().unwrap_or(LossKind::Kept)
    }

    /// The loss without its place. What is refused tells only why.
    fn loss(self) -> Loss {
        let kind = self.kind();
        let refused = kind == LossKind::Unsupported;
        let mut reason = Reason::default();
        for (each, text) in self.became.findings.iter().map(Finding::parts) {
            if !refused || each == kind {
                reason.add(text);
            }
        }
        Loss {
            kind,
            line: 1,
            column: 1,
            written: String::new(),
            became: if refused {
                String::new()
            } else {
                self.became.text
            },
            reason,
        }
    }
}
