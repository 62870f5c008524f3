//! Single words and phrases to look for with a plain search of some network, made from a query.
//!
//! A network's own search knows words and phrases and little else: no wildcards, no distances. What
//! is looked for is therefore more than the query finds (the house filters again), or, where a query
//! rests on wildcards, less: then [`Lookup::whole`] is false. Spellings are as the query has them;
//! whether a network's search folds them is its own affair.

use super::ast::{Expr, Place, Test, Word};
use crate::model::Part;

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lookup {
    /// Each a word, or a phrase in quotes; a post that has one of them may fulfil the query.
    pub terms: Vec<String>,
    /// Every post that fulfils the query has one of the terms.
    pub whole: bool,
}

impl Lookup {
    fn nothing() -> Self {
        Self {
            terms: Vec::new(),
            whole: true,
        }
    }

    fn open() -> Self {
        Self::default()
    }

    fn one(term: String) -> Self {
        Self {
            terms: vec![term],
            whole: true,
        }
    }

    fn any(parts: impl Iterator<Item = Lookup>) -> Self {
        let mut all = Self::nothing();
        for part in parts {
            all.whole &= part.whole;
            for term in part.terms {
                if !all.terms.contains(&term) {
                    all.terms.push(term);
                }
            }
        }
        all
    }

    /// Whoever fulfils all fulfils each: the member that asks for the least.
    fn all(parts: impl Iterator<Item = Lookup>) -> Self {
        let cost = |part: &Lookup| {
            let shortest = part.terms.iter().map(|term| term.chars().count()).min();
            // Whole before partly; something before nothing; few before many; long before short.
            let empty = part.terms.is_empty() && !part.whole;
            (
                !part.whole,
                empty,
                part.terms.len(),
                usize::MAX - shortest.unwrap_or(usize::MAX),
            )
        };
        parts.min_by_key(cost).unwrap_or_else(Self::open)
    }
}

/// What to look for so that a query's posts are found. Posts have no titles.
pub fn lookup(expr: &Expr) -> Lookup {
    match expr {
        Expr::And { all, .. } => Lookup::all(all.iter().map(lookup)),
        Expr::Or(any) => Lookup::any(any.iter().map(lookup)),
        Expr::Words {
            scope: Some(Part::Title),
            ..
        } => Lookup::nothing(),
        Expr::Words { place, .. } => of_place(place),
        Expr::Keyword(_) | Expr::Published(_) => Lookup::open(),
    }
}

fn of_place(place: &Place) -> Lookup {
    match place {
        Place::Word(word) => plain(word).map_or_else(Lookup::open, Lookup::one),
        Place::Phrase(words) => match words.iter().map(plain).collect::<Option<Vec<_>>>() {
            Some(words) => Lookup::one(format!("\"{}\"", words.join(" "))),
            None => {
                let known = words.iter().map(|word| Place::Word(word.clone()));
                Lookup::all(known.map(|word| of_place(&word)))
            }
        },
        Place::Any(places) => Lookup::any(places.iter().map(of_place)),
        Place::Near { left, right, .. } => {
            Lookup::all([of_place(left), of_place(right)].into_iter())
        }
        Place::Within { places, .. } => Lookup::all(places.iter().map(of_place)),
    }
}

/// The word as it is written; `None` for one that stands for many.
fn plain(word: &Word) -> Option<String> {
    let wild = |test: &Test| matches!(test, Test::Wild(_));
    let many = word.compound || word.ways.iter().flatten().any(wild);
    let written = word.written.replace(['"', '\\'], " ");
    let written = written.trim();
    (!many && !written.is_empty()).then(|| written.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;

    fn check(query: &str, terms: &[&str], whole: bool) {
        let query = Query::parse(query).unwrap();
        let found = lookup(query.expr());
        assert_eq!(
            (
                found.terms.iter().map(String::as_str).collect::<Vec<_>>(),
                found.whole
            ),
            (terms.to_vec(), whole),
            "{query:?}"
        );
    }

    #[test]
    fn a_query_is_looked_for_by_words_that_every_match_has() {
        check("Grenze", &["Grenze"], true);
        check(
            "{BMI} OR Köln OR Grenze OR Köln",
            &["BMI", "Köln", "Grenze"],
            true,
        );
        check(
            "\"Ministerium des Innern\"",
            &["\"Ministerium des Innern\""],
            true,
        );
        check("Grenze AND Bundesministerium", &["Bundesministerium"], true);
        check("(a1 OR a2 OR a3) AND Bundestag", &["Bundestag"], true);
        check("Grenz* AND Asyl", &["Asyl"], true);
        check(
            "Grenz* NEAR/3 (Polen OR Bayern)",
            &["Polen", "Bayern"],
            true,
        );
        check("\"Ministeri* des Innern\"", &["Innern"], true);
        check("Asyl NOT Grenz*", &["Asyl"], true);
        check("Asyl AND lang:de", &["Asyl"], true);
        check("title:Asyl OR #Grenze", &["#Grenze"], true);
    }

    #[test]
    fn what_rests_on_wildcards_is_only_looked_for_in_part() {
        check("Grenz* OR Asyl", &["Asyl"], false);
        check("Grenz*", &[], false);
        check("Grenze~comp", &[], false);
        check(
            "(Grenz* OR Asyl) AND (Polen OR Bayern)",
            &["Polen", "Bayern"],
            true,
        );
        check("(Grenz* OR Asyl) AND Pol*", &["Asyl"], false);
    }
}
