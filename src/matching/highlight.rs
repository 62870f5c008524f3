//! Which words of a mention a query found, for people to see.

use super::occurrences::Occurrences;
use crate::model::{Part, Span};
use crate::query::spans::{self, word_spans};
use crate::query::{Doc, Expr, Place};
use crate::text::Token;

/// Places of one match that are kept for highlighting: the first ones.
pub const MAX_HIGHLIGHTS: usize = 50;

/// Places of a mention that a query found: byte ranges of words outside of `NOT`, sorted, merged
/// where they overlap, at most [`MAX_HIGHLIGHTS`]. Empty where the query does not match, or matches
/// by fields alone.
pub fn highlights(expr: &Expr, doc: Doc<'_>) -> Vec<Span> {
    let mut view = View::new(doc);
    match view.matches(expr) {
        true => view.highlights(expr),
        false => Vec::new(),
    }
}

/// One mention while queries are evaluated on it.
struct View<'a> {
    doc: Doc<'a>,
    title: Occurrences<'a>,
    text: Occurrences<'a>,
}

impl<'a> View<'a> {
    fn new(doc: Doc<'a>) -> Self {
        Self {
            doc,
            title: Occurrences::of(doc.title),
            text: Occurrences::of(doc.text),
        }
    }

    fn part(&mut self, part: Part) -> &mut Occurrences<'a> {
        match part {
            Part::Title => &mut self.title,
            Part::Text => &mut self.text,
        }
    }

    fn matches(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::And { all, none } => {
                all.iter().all(|expr| self.matches(expr))
                    && !none.iter().any(|expr| self.matches(expr))
            }
            Expr::Or(any) => any.iter().any(|expr| self.matches(expr)),
            Expr::Words { scope, place } => parts(*scope)
                .iter()
                .any(|part| !spans::spans(place, self.part(*part)).is_empty()),
            Expr::Keyword(key) => self
                .doc
                .keys
                .values(key.field)
                .any(|value| key.matches(value)),
            Expr::Published(days) => days.span_ms().contains(&self.doc.keys.published_ms()),
        }
    }

    fn highlights(&mut self, expr: &Expr) -> Vec<Span> {
        let mut found = Vec::new();
        self.collect(expr, &mut found);
        merge(found)
    }

    /// The words of everything that matches, outside of `NOT`.
    fn collect(&mut self, expr: &Expr, found: &mut Vec<Span>) {
        match expr {
            Expr::And { all, .. } => {
                for expr in all {
                    self.collect(expr, found);
                }
            }
            Expr::Or(any) => {
                for expr in any {
                    if self.matches(expr) {
                        self.collect(expr, found);
                    }
                }
            }
            Expr::Words { scope, place } => {
                for &part in parts(*scope) {
                    let tokens = self.doc.tokens(part);
                    let here = place_words(place, self.part(part));
                    found.extend(
                        here.into_iter()
                            .filter_map(|span| bytes(span, part, tokens)),
                    );
                }
            }
            Expr::Keyword(_) | Expr::Published(_) => {}
        }
    }
}

fn parts(scope: Option<Part>) -> &'static [Part] {
    match scope {
        None => &[Part::Title, Part::Text],
        Some(Part::Title) => &[Part::Title],
        Some(Part::Text) => &[Part::Text],
    }
}

/// The spans of the single words that lie within a span of the whole place.
fn place_words(place: &Place, source: &mut Occurrences<'_>) -> Vec<spans::Span> {
    let hulls = spans::spans(place, source);
    if hulls.is_empty() || matches!(place, Place::Word(_) | Place::Phrase(_)) {
        return hulls;
    }
    // Hulls are sorted by their starts: the widest of those that start before a word decides.
    let mut reach: Vec<spans::Span> = Vec::with_capacity(hulls.len());
    for (first, last) in hulls {
        let furthest = reach.last().map_or(0, |hull| hull.1);
        reach.push((first, last.max(furthest)));
    }
    let mut found = Vec::new();
    for word in place.words() {
        let inside = |span: &spans::Span| {
            let before = reach.partition_point(|hull| hull.0 <= span.0);
            before > 0 && reach[before - 1].1 >= span.1
        };
        found.extend(word_spans(word, source).into_iter().filter(inside));
    }
    found
}

fn bytes((first, last): spans::Span, part: Part, tokens: &[Token]) -> Option<Span> {
    Some(Span {
        part,
        start: tokens.get(first as usize)?.start,
        end: tokens.get(last as usize)?.end,
    })
}

/// Sorted, merged where they touch the same bytes, cut to [`MAX_HIGHLIGHTS`].
fn merge(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if last.part == span.part && span.start < last.end => {
                last.end = last.end.max(span.end);
            }
            _ => merged.push(span),
        }
    }
    merged.truncate(MAX_HIGHLIGHTS);
    merged
}
