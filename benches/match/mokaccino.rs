//! The percolator library `mokaccino` on the same posts and queries.
//!
//! It knows no positions, so only `bool` sets can be said in it. It has no tokeniser: it gets our
//! words, and its time includes ours for making them, as our own does.

use anyhow::bail;
use mokaccino::prelude::{CNFQueryable, Document, PercolatorUid, Query as Peer};
use resonanz::cli::bench::measure::Pairs;
use resonanz::cli::bench::workload::above;
use resonanz::model::Mention;
use resonanz::query::{Expr, KeyField, Keys, Place, Query, Test, Word, literal_prefix};
use resonanz::text::Tokens;
use std::num::NonZeroUsize;

const WORD: &str = "w";
const FIELDS: [KeyField; 4] = [
    KeyField::Lang,
    KeyField::Type,
    KeyField::Site,
    KeyField::Voice,
];

pub type Percolator = PercolatorUid<u32>;

/// Tuned by hand to this load: prefixes of 5 to 8 letters, queries of 2 to 3 clauses that matter.
pub fn tuned(queries: &[Query]) -> anyhow::Result<Percolator> {
    let matchers = NonZeroUsize::MIN.saturating_add(2);
    fill(
        Percolator::builder()
            .prefix_sizes(vec![5, 7])
            .n_clause_matchers(matchers)
            .build(),
        queries,
    )
}

/// What the library itself makes of its statistics.
pub fn optimized(queries: &[Query]) -> anyhow::Result<Percolator> {
    Ok(fill(Percolator::default(), queries)?.optimized())
}

fn fill(mut percolator: Percolator, queries: &[Query]) -> anyhow::Result<Percolator> {
    for (number, query) in (0..).zip(queries) {
        let query = expr(query.expr())?;
        if let Err(error) = percolator.index_query_uid(query, number) {
            bail!("mokaccino refuses query {number}: {error:?}");
        }
    }
    Ok(percolator)
}

/// Every post cut into words and matched, once.
pub fn pass(percolator: &Percolator, mentions: &[Mention]) -> Pairs {
    let mut pairs = Pairs::default();
    let mut tokens = Tokens::default();
    for (number, mention) in mentions.iter().enumerate() {
        tokens.read(&mention.text);
        let document = document(mention, &tokens);
        pairs.add(number, percolator.percolate(&document));
    }
    pairs
}

fn document(mention: &Mention, tokens: &Tokens) -> Document {
    let mut document = Document::new();
    for word in tokens.iter(&mention.text) {
        for form in word.forms() {
            document.with_value_mut(WORD, form);
        }
    }
    let keys = Keys::of(mention);
    for field in FIELDS {
        for value in keys.values(field) {
            document.with_value_mut(field.as_str(), value);
            if field == KeyField::Site {
                for host in above(value) {
                    document.with_value_mut(field.as_str(), host);
                }
            }
        }
    }
    document
}

fn expr(of: &Expr) -> anyhow::Result<Peer> {
    match of {
        Expr::And { all, none } => {
            let mut parts = all.iter().map(expr).collect::<anyhow::Result<Vec<_>>>()?;
            for part in none {
                parts.push(Peer::negation(expr(part)?));
            }
            Ok(Peer::from_and(parts))
        }
        Expr::Or(any) => {
            let parts = any.iter().map(expr).collect::<anyhow::Result<_>>()?;
            Ok(Peer::from_or(parts))
        }
        Expr::Words { scope: None, place } => self::place(place),
        Expr::Words { .. } => bail!("a query of one part of a mention"),
        Expr::Published(_) => bail!("days of publication"),
        Expr::Keyword(key) => Ok(key.field.as_str().has_value(key.value.as_str())),
    }
}

fn place(of: &Place) -> anyhow::Result<Peer> {
    match of {
        Place::Word(of) => word(of),
        Place::Any(any) => {
            let parts = any.iter().map(place).collect::<anyhow::Result<_>>()?;
            Ok(Peer::from_or(parts))
        }
        Place::Phrase(_) | Place::Near { .. } | Place::Within { .. } => {
            bail!("mokaccino knows no positions")
        }
    }
}

fn word(of: &Word) -> anyhow::Result<Peer> {
    let [way] = of.ways.as_slice() else {
        bail!("a compound: {}", of.written);
    };
    let mut parts: Vec<Peer> = match way.as_slice() {
        [Test::Terms(terms)] => terms
            .iter()
            .map(|term| WORD.has_value(term.as_str()))
            .collect(),
        [Test::Wild(patterns)] => patterns
            .iter()
            .map(|p| prefix(p))
            .collect::<anyhow::Result<_>>()?,
        _ => bail!("neither word nor prefix: {}", of.written),
    };
    match parts.len() {
        1 => Ok(parts.remove(0)),
        _ => Ok(Peer::from_or(parts)),
    }
}

fn prefix(pattern: &str) -> anyhow::Result<Peer> {
    let prefix = literal_prefix(pattern);
    if pattern.strip_suffix('*') != Some(prefix) {
        bail!("not a prefix: {pattern}");
    }
    Ok(WORD.has_prefix(prefix))
}
