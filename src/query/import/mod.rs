//! Queries that editors bring along from other systems, read in that system's language.
//!
//! An import gives a native [`Query`] and a [`LossReport`]: what became of each construct, with line
//! and column. What has no equal here makes the whole import fail; nothing is left out in silence
//! and nothing is weakened (`NEAR` never becomes `AND`).
//!
//! The tokens of the dialect are written as native text, and the native parser builds the tree and
//! checks what holds for all queries; its errors are told at their place in the text as given. So
//! there is one tree, one set of limits and one grammar.
//!
//! What is known of the dialects is what their vendors' help pages say, as of 22 November 2026. What
//! those leave open is named in a note or, where a guess could find the wrong thing, refused. Known
//! gaps: Meltwater's word-frequency operator and its `hybrid` case mode.

mod brandwatch;
mod lexer;
mod meltwater;
mod native;
mod report;
mod rules;
mod talkwalker;
mod translate;

pub use report::{Loss, LossKind, LossReport, Reason};

use super::{MAX_BYTES, Query, QueryError};
use report::{Became, Found};
use rules::{Field, Rules};
use translate::Draft;

/// The system that a query was written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    Brandwatch,
    Meltwater,
    Talkwalker,
}

impl Dialect {
    pub const ALL: [Dialect; 3] = [Dialect::Brandwatch, Dialect::Meltwater, Dialect::Talkwalker];

    pub fn as_str(self) -> &'static str {
        match self {
            Dialect::Brandwatch => "brandwatch",
            Dialect::Meltwater => "meltwater",
            Dialect::Talkwalker => "talkwalker",
        }
    }

    /// The inverse of [`Dialect::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|dialect| dialect.as_str() == name)
    }

    fn rules(self) -> &'static dyn Rules {
        match self {
            Dialect::Brandwatch => &brandwatch::Brandwatch,
            Dialect::Meltwater => &meltwater::Meltwater,
            Dialect::Talkwalker => &talkwalker::Talkwalker,
        }
    }
}

/// A query that was read completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    pub query: Query,
    /// Nothing in it is unsupported.
    pub report: LossReport,
}

/// Reads the query of a watch in another system's language. Linear in its length.
///
/// # Errors
/// With the report where anything is unsupported; it then holds at least one such construct, or the
/// place at which the native language refuses what came out.
pub fn import(dialect: Dialect, written: &str) -> Result<Imported, LossReport> {
    if written.len() > MAX_BYTES {
        return Err(LossReport::new(written, vec![too_long(written)]));
    }
    let rules = dialect.rules();
    let tokens = lexer::lex(written, rules);
    let Draft { native, mut found } = translate::translate(written, &tokens, rules);
    if found.iter().any(Found::is_refused) {
        return Err(LossReport::new(written, found));
    }
    match Query::parse(&native.text) {
        Ok(query) => Ok(Imported {
            query,
            report: LossReport::new(written, found),
        }),
        Err(error) => {
            found.push(Found {
                at: native.origin(error.start..error.end),
                became: Became::refused(refusal(&error)),
            });
            Err(LossReport::new(written, found))
        }
    }
}

/// What to write in place of another system's field, or why there is no such thing here; `None`
/// where no system has one of this name, or only under its name here.
pub(super) fn foreign_field(name: &str) -> Option<Reason> {
    let mut fields = Dialect::ALL
        .iter()
        .map(|dialect| dialect.rules().field(name));
    match fields.find_map(|field| field)? {
        Field::Refused(reason) => Some(reason),
        Field::Key { why, .. } => why,
        Field::Title => None,
        Field::Mention => Some(Reason::new(
            "A mention is written @name here.",
            "Eine Erwähnung heißt hier @name.",
        )),
        Field::Exact => Some(Reason::new(
            "It is written { } here: every letter as it stands.",
            "Es heißt hier { }: jeder Buchstabe, wie er dasteht.",
        )),
    }
}

fn too_long(written: &str) -> Found {
    let at = written.floor_char_boundary(MAX_BYTES);
    let reason = Reason::new(
        format!("The query is longer than {MAX_BYTES} bytes. Divide it among several watches."),
        format!(
            "Die Suchanfrage ist länger als {MAX_BYTES} Bytes. Teilen Sie sie auf mehrere Suchaufträge auf."
        ),
    );
    Found {
        at: at..at,
        became: Became::refused(reason),
    }
}

/// Why the native language refused it.
fn refusal(error: &QueryError) -> Reason {
    let why = error.fault.all();
    Reason::new(
        format!("The native language refuses this: {}", why.en),
        why.de,
    )
}
