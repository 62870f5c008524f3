//! The native text while it is written, and which piece of it came from where.

use std::ops::Range;

/// Native query text with the place in the other system's query that each piece came from.
#[derive(Debug, Default)]
pub struct Native {
    pub text: String,
    /// Where a piece starts in `text`, and its place in the query; in order.
    pieces: Vec<(usize, Range<usize>)>,
    /// The next piece follows without a blank.
    tight: bool,
}

impl Native {
    /// A piece of its own.
    pub fn put(&mut self, piece: &str, at: &Range<usize>) {
        if !self.tight && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.tight = false;
        self.pieces.push((self.text.len(), at.clone()));
        self.text.push_str(piece);
    }

    /// A piece that the next one follows without a blank.
    pub fn open(&mut self, piece: &str, at: &Range<usize>) {
        self.put(piece, at);
        self.tight = true;
    }

    /// A piece that follows without a blank.
    pub fn close(&mut self, piece: &str, at: &Range<usize>) {
        self.tight = true;
        self.put(piece, at);
    }

    /// The place in the query that a range of the native text came from.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let piece = |at: usize| {
            let next = self.pieces.partition_point(|(start, _)| *start <= at);
            self.pieces
                .get(next.saturating_sub(1))
                .map(|(_, from)| from)
        };
        let last = range.end.saturating_sub(1).max(range.start);
        match (piece(range.start), piece(last)) {
            (Some(first), Some(last)) => first.start..last.end.max(first.end),
            _ => 0..0,
        }
    }
}
