//! Quotations of an article beside those of a statement: who is quoted with other words.

use super::facts::Facts;
use super::lexicon::{NEGATORS, is_in};
use super::reading::{Quote, Reading, Word};
use super::speaker::is_of_another;
use super::{DifferenceKind, Finding, Seen};

/// Words of a quotation that are compared, and the fewest that are.
const MAX_WORDS: usize = 120;
const MIN_WORDS: usize = 5;
/// Words in a row that both must have.
const MIN_RUN: usize = 4;
/// Share of the words that both must have.
const MIN_SHARE: f64 = 0.55;
/// The same of quotations with fewer words.
const MIN_SHARE_OF_SHORT: f64 = 0.75;
const SHORT: usize = 8;

/// What the quotations that begin in a sentence are beside those of a statement.
pub fn compare(article: &Facts, sentence: usize, ours: &Facts) -> Vec<Seen> {
    let begins = |quote: &&Quote| article.sentence_of(quote.first) == Some(sentence);
    let seen = |quote: &Quote| {
        let parts: Vec<(usize, usize)> = parts(&article.text, quote);
        let found: Vec<Found> = parts
            .iter()
            .map(|part| of_part(&article.text, *part, &ours.text))
            .collect();
        if found.iter().any(|one| matches!(one, Found::Same))
            && !found.iter().any(|one| matches!(one, Found::Altered { .. }))
        {
            return Some(Seen::Agrees(DifferenceKind::Quote, quote.first));
        }
        found
            .into_iter()
            .zip(parts)
            .find_map(|(found, part)| match found {
                // Another's own words may begin like ours.
                Found::Altered { .. } if is_of_another(article, quote, ours) => None,
                Found::Altered { ours, share } => Some(Seen::Differs(Finding {
                    beside: None,
                    kind: DifferenceKind::Quote,
                    theirs: (part.0, part.1 - 1),
                    ours,
                    certainty: 0.5 + share / 2.0,
                })),
                _ => None,
            })
    };
    article
        .text
        .quotes
        .iter()
        .filter(begins)
        .filter_map(seen)
        .collect()
}

enum Found {
    /// The words stand in the statement.
    Same,
    Altered {
        ours: (usize, usize),
        share: f64,
    },
    Elsewhere,
}

/// A quotation cut where something is left out or put in: at `[…]`, `…` and `(…)`.
fn parts(text: &Reading, quote: &Quote) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let mut first = quote.first;
    let mut inside = false;
    for at in quote.first..quote.end {
        let gap = text.gap(at);
        let opens = gap.contains(['[', '(']) && !gap.contains([']', ')']);
        let cut = opens || gap.contains(['[', ']', '(', ')', '…']) || gap.contains("...");
        if !cut && at + 1 < quote.end {
            continue;
        }
        if !inside {
            parts.push((first, at + 1));
        }
        inside = opens && at + 1 < quote.end;
        first = at + 1;
    }
    parts
}

fn of_part(article: &Reading, (first, end): (usize, usize), ours: &Reading) -> Found {
    let theirs = article
        .words
        .get(first..end.min(first + MAX_WORDS))
        .unwrap_or_default();
    if theirs.is_empty() || stands_in(theirs, &ours.words) {
        return Found::Same;
    }
    if theirs.len() < MIN_WORDS {
        return Found::Elsewhere;
    }
    let aligned = ours.quotes.iter().filter_map(|quote| {
        let our = ours
            .words
            .get(quote.first..quote.end.min(quote.first + MAX_WORDS))?;
        let aligned = align(theirs, our)?;
        let our_span = (quote.first + aligned.from, quote.first + aligned.until - 1);
        Some((aligned.share, our_span))
    });
    match aligned.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((share, ours)) => Found::Altered { ours, share },
        None => Found::Elsewhere,
    }
}

/// True where the words stand one behind the other, the first and the last with any ending.
fn stands_in(words: &[Word], all: &[Word]) -> bool {
    let last = words.len() - 1;
    all.windows(words.len()).any(|window| {
        window
            .iter()
            .zip(words)
            .enumerate()
            .all(|(at, (one, other))| {
                one.form == other.form || (at == 0 || at == last) && one.stem() == other.stem()
            })
    })
}

struct Aligned {
    /// Words of ours that stand opposite to theirs.
    from: usize,
    until: usize,
    /// Share of all words opposite to each other that are equal.
    share: f64,
}

/// Puts theirs opposite to a part of ours, with as few other words as can be; none where they have too
/// little in common, or differ in nothing that matters.
fn align(theirs: &[Word], our: &[Word]) -> Option<Aligned> {
    let (rows, columns) = (theirs.len(), our.len());
    // Costs of the first `row` words of theirs against ours up to `column`, beginning anywhere.
    let mut cost = vec![vec![0_usize; columns + 1]; rows + 1];
    for row in 1..=rows {
        cost[row][0] = row;
        for column in 1..=columns {
            let other = usize::from(!same(&theirs[row - 1], &our[column - 1]));
            cost[row][column] = (cost[row - 1][column - 1] + other)
                .min(cost[row - 1][column] + 1)
                .min(cost[row][column - 1] + 1);
        }
    }
    let end = (0..=columns).min_by_key(|column| (cost[rows][*column], columns - column))?;
    let steps = back(&cost, theirs, our, end);
    let equal = steps.iter().filter(|step| step.kind == Kind::Equal).count();
    let run = steps
        .chunk_by(|a, b| a.kind == b.kind)
        .filter(|run| run[0].kind == Kind::Equal)
        .map(<[Step]>::len)
        .max();
    let share = equal as f64 / steps.len().max(1) as f64;
    let short = rows < SHORT && share < MIN_SHARE_OF_SHORT;
    if run.unwrap_or(0) < MIN_RUN || share < MIN_SHARE || short {
        return None;
    }
    let matters = steps.iter().any(|step| match step.kind {
        Kind::Equal => false,
        Kind::Other => true,
        Kind::Added => true,
        Kind::Left => our
            .get(step.our)
            .is_some_and(|word| is_in(NEGATORS, &word.form)),
    });
    let from = steps.first()?.our;
    matters.then_some(Aligned {
        from,
        until: end,
        share,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Equal,
    /// Another word in its place.
    Other,
    /// A word of theirs alone.
    Added,
    /// A word of ours alone.
    Left,
}

struct Step {
    kind: Kind,
    our: usize,
}

fn back(cost: &[Vec<usize>], theirs: &[Word], our: &[Word], end: usize) -> Vec<Step> {
    let (mut row, mut column) = (theirs.len(), end);
    let mut steps = Vec::new();
    while row > 0 {
        let here = cost[row][column];
        let (kind, up, left) = if column > 0
            && same(&theirs[row - 1], &our[column - 1])
            && here == cost[row - 1][column - 1]
        {
            (Kind::Equal, 1, 1)
        } else if column > 0 && here == cost[row - 1][column - 1] + 1 {
            (Kind::Other, 1, 1)
        } else if column > 0 && here == cost[row][column - 1] + 1 {
            (Kind::Left, 0, 1)
        } else {
            (Kind::Added, 1, 0)
        };
        row -= up;
        column -= left;
        steps.push(Step { kind, our: column });
    }
    steps.reverse();
    steps
}

/// The same word, or a slip of one letter in a long one.
fn same(one: &Word, other: &Word) -> bool {
    one.form == other.form || is_slip(&one.form, &other.form)
}

fn is_slip(one: &str, other: &str) -> bool {
    if one.len().min(other.len()) < 6 || one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let begin = one
        .bytes()
        .zip(other.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let rest = one.len().max(other.len()) - begin;
    let end = one
        .bytes()
        .rev()
        .zip(other.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    begin > 0 && end + 1 >= rest
}
