//! The query language: a superset of what press offices write for Brandwatch.
//!
//! # The language
//!
//! | written | finds |
//! |---|---|
//! | `Innenministerium` | the word, in any case; `Köln` also as `Koeln` and `Koln` |
//! | `E-Mail` | `E-Mail`, `e mail`, `email` |
//! | `"Bundesministerium des Innern*"` | the words next to each other |
//! | `Grenz*` `*ministerium` `antisem?tism` | `*` any characters or none, `?` exactly one; two letters at least |
//! | `{BMI}` | written exactly like this, not `bmi` |
//! | `Grenzkontrolle~comp` | the word and every longer one that it is a part of, see below |
//! | `#Abschiebung*` `@BMI_Bund` `✡️` `§` `9/11` | tags, names, emoji, signs, numbers |
//! | `a AND b`, `a OR b`, `a NOT b`, `a AND NOT b` | `AND` and `NOT` bind tighter than `OR` |
//! | `a NEAR/5 b` | at most five words between, either order |
//! | `a NEAR/5f b` | the same with `a` first |
//! | `"a b c"~5`, `((a OR b) AND (c OR d))~5` | all of them, any order, at most five other words between the first and the last |
//! | `title:a` `text:(a OR b)` | in this part only |
//! | `site:bild.de` | this host or one under it |
//! | `url:"bild.de/politik"` `links:…` | the mention's address, or one that it links to, holds this |
//! | `lang:de` `type:reply` `source:x` `voice:BMI_Bund` | equal, in any case; `*` and `?` work except in `lang` and `type` |
//! | `site:(a OR b)` | the field for each |
//! | `published:[2026-11-01 TO 2026-11-30]` | published on these days, both included, in Berlin; `*` for an open end |
//! | `<<<comment>>>` | nothing |
//!
//! A question mark is a wildcard in phrases too: leave it out of `"stimmt das"`. The part of a word
//! that holds a wildcard needs the two letters, so `*-Ministerium` is refused and `*ministerium`,
//! which finds the joined form as well, is not.
//!
//! # Compounds
//!
//! German writes words together, and a word finds only itself. With `~comp` behind it, it is found
//! wherever it stands in a longer word, in either spelling of its umlauts: `Grenzkontrolle~comp`
//! finds `Binnengrenzkontrolle`, `Grenzkontrollen` and `Grenzkontrollen-Debatte`, as
//! `*grenzkontrolle*` does. Linking letters (`-n-`, `-s-`, `-es-`) need no rule, for anything may
//! follow; where a compound drops a letter (`Grenzkontrollstelle`), the stem finds it:
//! `Grenzkontroll~comp`. Nothing is split by a dictionary, so `Rente~comp` finds `Konkurrenten`
//! too. It asks for one word of four letters or more, and is refused behind phrases, `{BMI}`, tags
//! and names.
//!
//! Two words without an operator are refused in a watch ([`Query::parse`]) and mean `AND` on the
//! search page ([`Query::parse_search`]). A query that only excludes is refused, also as one side
//! of an `OR`, and so is one that asks for days of publication alone. There are no other ranges: a
//! mention has no followers, ratings or places. No field selects a private author.
//!
//! # What it means
//!
//! Each part of a mention, title and text, is a row of positions ([`crate::text`]). Words, phrases
//! and `NEAR` are looked for in each part on its own: none spans title and text. `a AND b` may be
//! fulfilled in different parts.
//!
//! An operand of `NEAR` stands for a set of spans, from a first to a last position. `a NEAR/n b`
//! holds for a span of each that do not overlap and have at most `n` positions between; the hull of
//! both is a span of the whole. With `f`, the span of `a` comes first. Operands are words, phrases,
//! `OR` groups and further `NEAR`; a `NEAR` hands on its first [`MAX_SPANS`] spans.
//!
//! Two things follow from positions. The parts of `E-Mail-Adresse` count one each. And `"Email
//! Adresse"` does not find `E-Mail Adresse`, since the joined form stands at the first part only.
//!
//! # Three evaluations
//!
//! [`naive`] is the oracle; `matching` tests one mention against many queries; `index::compile`
//! searches the archive. They agree on every input, which `tests/it/agreement.rs` holds them to.
//!
//! Queries of other systems are read by [`import`]; rules for a platform's own filter are made by
//! [`push_down`]. Not here: anything that reads a clock.

mod ast;
mod days;
mod doc;
mod error;
pub mod fault;
mod glob;
pub mod import;
mod lexer;
mod lookup;
pub mod naive;
mod parser;
pub mod push_down;
pub mod spans;
mod terms;
mod tree;

pub use ast::{Expr, KeyField, Keyword, Place, Test, Word};
pub use days::Days;
pub use doc::{Doc, Keys, RawKeys, Subject};
pub use error::QueryError;
pub use fault::{Fault, Wording};
pub use glob::{glob, literal_prefix, word_glob};
pub use lookup::{Lookup, lookup};
pub use tree::tree;

use parser::Limits;
use std::sync::Arc;

/// Bytes of a watch's query. Real ones have up to 8 KiB.
pub const MAX_BYTES: usize = 16 * 1024;

/// Words and values of a watch's query.
pub const MAX_LEAVES: usize = 1_000;

/// Levels of a watch's tree.
pub const MAX_DEPTH: usize = 32;

/// Bytes, words and levels of a query typed into the search page, where anyone may type.
pub const MAX_SEARCH_BYTES: usize = 2 * 1024;
pub const MAX_SEARCH_LEAVES: usize = 64;
pub const MAX_SEARCH_DEPTH: usize = 20;

/// Brackets in brackets, whatever they hold; more than [`MAX_DEPTH`], for brackets may be idle.
pub const MAX_BRACKETS: usize = 64;

/// Largest `n` of `NEAR/n` and `~n`.
pub const MAX_BETWEEN: u32 = 100;

/// Operands of `~n`; its cost doubles with each.
pub const MAX_WITHIN: usize = 6;

/// Spans that a `NEAR` hands on to the one around it; bounds the work on a text made for it.
pub const MAX_SPANS: usize = 2_048;

/// A parsed query with what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Shared: the register, the matcher and the sources each have it.
    expr: Arc<Expr>,
    written: Arc<str>,
}

impl Query {
    /// Parses the query of a watch. Linear in its length.
    ///
    /// # Errors
    /// With message, place and hint in both languages where the query is not of the language, would match
    /// by absence alone, or exceeds a limit above.
    pub fn parse(written: &str) -> Result<Self, QueryError> {
        Self::with(
            written,
            Limits {
                bytes: MAX_BYTES,
                leaves: MAX_LEAVES,
                depth: MAX_DEPTH,
                implied_and: false,
            },
        )
    }

    /// Parses what was typed into the search page: smaller limits, and words without an operator
    /// must all occur.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub fn parse_search(written: &str) -> Result<Self, QueryError> {
        Self::with(
            written,
            Limits {
                bytes: MAX_SEARCH_BYTES,
                leaves: MAX_SEARCH_LEAVES,
                depth: MAX_SEARCH_DEPTH,
                implied_and: true,
            },
        )
    }

    fn with(written: &str, limits: Limits) -> Result<Self, QueryError> {
        Ok(Self {
            expr: Arc::new(parser::parse(written, limits)?),
            written: written.into(),
        })
    }

    /// The tree; printing it shows how the query is understood.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The text that was parsed.
    pub fn written(&self) -> &str {
        &self.written
    }
}
