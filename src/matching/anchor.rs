//! What any match of a query must fulfil, known without evaluating it.

use super::program::Node;

/// Tests of which any match fulfils one, with the share of mentions expected to fulfil one.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    pub tests: Vec<u32>,
    pub share: f64,
}

/// The rarest clause and the next one; none for a query that can match by its fields alone.
/// `shares` are those of the tests, by their numbers.
pub fn rarest(node: &Node, shares: &[f64]) -> (Option<Clause>, Option<Clause>) {
    let mut clauses = clauses(node, shares);
    clauses.sort_by(|a, b| a.share.total_cmp(&b.share));
    clauses.dedup_by(|a, b| a.tests == b.tests);
    let mut clauses = clauses.into_iter();
    (clauses.next(), clauses.next())
}

/// Clauses that all must hold. `OR` sums, and counts only where each side has a clause; `NOT` asks
/// for nothing.
fn clauses(node: &Node, shares: &[f64]) -> Vec<Clause> {
    let one = |test: u32| Clause {
        tests: vec![test],
        share: shares.get(test as usize).copied().unwrap_or(1.0),
    };
    match node {
        Node::All(all) => all.iter().flat_map(|node| clauses(node, shares)).collect(),
        Node::Any(any) => {
            let each = any.iter().map(|node| best(clauses(node, shares)));
            union(each).into_iter().collect()
        }
        Node::Test(test) | Node::Scoped(_, test) => vec![one(*test)],
        Node::Tests(tests) => union(tests.iter().map(|test| Some(one(*test))))
            .into_iter()
            .collect(),
        Node::Placed(placed) => clauses(&placed.need, shares),
        Node::Key(_) | Node::Published(_) | Node::Not(_) => Vec::new(),
    }
}

fn best(clauses: Vec<Clause>) -> Option<Clause> {
    clauses
        .into_iter()
        .min_by(|a, b| a.share.total_cmp(&b.share))
}

fn union(clauses: impl Iterator<Item = Option<Clause>>) -> Option<Clause> {
    let mut all = Clause {
        tests: Vec::new(),
        share: 0.0,
    };
    for clause in clauses {
        let clause = clause?;
        all.tests.extend(clause.tests);
        all.share += clause.share;
    }
    all.tests.sort_unstable();
    all.tests.dedup();
    Some(all)
}
