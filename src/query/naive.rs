//! The oracle: what a query means, read off the definition and as slow as it may be. The matcher
//! and the index must agree with it on every input (`tests/it/agreement.rs`).

use super::ast::{Expr, KeyField, Keyword, Place, Test};
use super::{Doc, MAX_SPANS};
use crate::model::Part;
use crate::text::Token;
use std::collections::BTreeSet;

type Spans = BTreeSet<(usize, usize)>;

/// True where the mention fulfils the query.
pub fn matches(expr: &Expr, doc: &Doc<'_>) -> bool {
    match expr {
        Expr::And { all, none } => {
            all.iter().all(|expr| matches(expr, doc)) && !none.iter().any(|expr| matches(expr, doc))
        }
        Expr::Or(any) => any.iter().any(|expr| matches(expr, doc)),
        Expr::Words { scope, place } => [Part::Title, Part::Text]
            .into_iter()
            .filter(|part| scope.is_none_or(|scope| scope == *part))
            .any(|part| !spans(place, doc.tokens(part)).is_empty()),
        Expr::Keyword(key) => doc.keys.values(key.field).any(|value| holds(key, value)),
        Expr::Published(days) => {
            let (at, days) = (doc.keys.published_ms(), days.span_ms());
            days.start <= at && at < days.end
        }
    }
}

fn spans(place: &Place, tokens: &[Token]) -> Spans {
    match place {
        Place::Word(word) => {
            let starts = |way: &Vec<Test>| {
                let length = way.len();
                let here = |start: usize| {
                    (0..length).all(|i| {
                        tokens
                            .get(start + i)
                            .is_some_and(|token| is(&way[i], token))
                    })
                };
                (0..tokens.len())
                    .filter(|start| here(*start))
                    .map(move |start| (start, start + length - 1))
                    .collect::<Vec<_>>()
            };
            word.ways.iter().flat_map(starts).collect()
        }
        Place::Phrase(words) => {
            let lists = words
                .iter()
                .map(|word| spans(&Place::Word(word.clone()), tokens));
            lists
                .reduce(|left, right| hulls(&left, &right, |a, b| b.0 == a.1 + 1))
                .unwrap_or_default()
        }
        Place::Any(places) => places
            .iter()
            .flat_map(|place| spans(place, tokens))
            .collect(),
        Place::Near {
            left,
            right,
            max_between,
            ordered,
        } => {
            let n = *max_between as usize;
            let before = |a: (usize, usize), b: (usize, usize)| b.0 > a.1 && b.0 - a.1 - 1 <= n;
            let near = |a, b| before(a, b) || (!ordered && before(b, a));
            hulls(&spans(left, tokens), &spans(right, tokens), near)
                .into_iter()
                .take(MAX_SPANS)
                .collect()
        }
        Place::Within {
            places,
            max_between,
        } => {
            let lists: Vec<Spans> = places.iter().map(|place| spans(place, tokens)).collect();
            choices(&lists)
                .into_iter()
                .filter_map(|choice| tight(choice, *max_between as usize))
                .collect()
        }
    }
}

fn hulls(
    left: &Spans,
    right: &Spans,
    fits: impl Fn((usize, usize), (usize, usize)) -> bool,
) -> Spans {
    let hull = |a: (usize, usize), b: (usize, usize)| (a.0.min(b.0), a.1.max(b.1));
    left.iter()
        .flat_map(|&a| {
            right
                .iter()
                .filter(|&&b| fits(a, b))
                .map(|&b| hull(a, b))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Every way to take one span of each list.
fn choices(lists: &[Spans]) -> Vec<Vec<(usize, usize)>> {
    lists.iter().fold(vec![Vec::new()], |taken, list| {
        let add = |choice: &Vec<(usize, usize)>| {
            list.iter()
                .map(|span| [choice.as_slice(), &[*span]].concat())
                .collect::<Vec<_>>()
        };
        taken.iter().flat_map(add).collect()
    })
}

/// The hull of spans that do not overlap and leave at most `n` positions uncovered.
fn tight(mut choice: Vec<(usize, usize)>, n: usize) -> Option<(usize, usize)> {
    choice.sort_unstable();
    let apart = choice.windows(2).all(|pair| pair[0].1 < pair[1].0);
    let covered: usize = choice.iter().map(|span| span.1 - span.0 + 1).sum();
    let hull = (choice.first()?.0, choice.last()?.1);
    (apart && hull.1 - hull.0 < covered + n).then_some(hull)
}

fn is(test: &Test, token: &Token) -> bool {
    let plain = |text: &str| !text.starts_with(['#', '@', '/']);
    match test {
        Test::Terms(terms) => terms.iter().any(|term| token.terms.contains(term)),
        Test::Exact(exact) => token.exact == *exact,
        Test::Wild(patterns) => patterns.iter().any(|pattern| {
            token.terms.iter().any(|term| {
                let same_sign = plain(pattern) == plain(term);
                same_sign && fits(&chars(pattern), &chars(term))
            })
        }),
    }
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn fits(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], rest) => rest.is_empty(),
        (['*', after @ ..], _) => (0..=text.len()).any(|taken| fits(after, &text[taken..])),
        (['?', after @ ..], [_, rest @ ..]) => fits(after, rest),
        ([letter, after @ ..], [c, rest @ ..]) => letter == c && fits(after, rest),
        (_, []) => false,
    }
}

fn holds(key: &Keyword, stored: &str) -> bool {
    let pattern = match key.field {
        KeyField::Site if fits(&chars(&format!("*.{}", key.value)), &chars(stored)) => return true,
        KeyField::Url | KeyField::Links => format!("*{}*", key.value),
        _ => key.value.clone(),
    };
    fits(&chars(&pattern), &chars(stored))
}
