//! One query with numbers in place of tests, the cheapest question first; `code` writes it out.

use super::spot::Spot;
use crate::model::Part;
use crate::query::{Days, Expr, Keyword, Place, Test, Word};

/// What must hold. Tests hold where any part of the mention has a hit of them.
#[derive(Debug)]
pub enum Node {
    All(Box<[Node]>),
    Any(Box<[Node]>),
    Not(Box<Node>),
    Test(u32),
    /// Any of these.
    Tests(Box<[u32]>),
    /// In this part.
    Scoped(Part, u32),
    Placed(Box<Placed>),
    Key(Box<Keyword>),
    Published(Days),
}

/// Words at a place.
#[derive(Debug)]
pub struct Placed {
    pub spot: Spot,
    /// What holds wherever the place is found, and is asked first.
    pub need: Node,
}

impl Node {
    pub fn of(expr: &Expr, number: &mut dyn FnMut(&Test) -> u32) -> Self {
        match expr {
            Expr::And { all, none } => {
                let mut nodes: Vec<Node> = all.iter().map(|expr| Node::of(expr, number)).collect();
                for expr in none {
                    nodes.push(Node::Not(Box::new(Node::of(expr, number))));
                }
                Node::every(nodes)
            }
            Expr::Or(any) => Node::any(any.iter().map(|expr| Node::of(expr, number)).collect()),
            Expr::Words { scope, place } => Node::words(*scope, &place.map(number)),
            Expr::Keyword(key) => Node::Key(Box::new(key.clone())),
            Expr::Published(days) => Node::Published(*days),
        }
    }

    fn words(scope: Option<Part>, place: &Place<u32>) -> Self {
        match (place, single(place)) {
            (_, Some(test)) => match scope {
                None => Node::Test(test),
                Some(part) => Node::Scoped(part, test),
            },
            (Place::Any(places), _) => Node::any(
                places
                    .iter()
                    .map(|place| Node::words(scope, place))
                    .collect(),
            ),
            _ => Node::Placed(Box::new(Placed {
                spot: Spot::new(scope, place),
                need: Node::need(place),
            })),
        }
    }

    /// What holds wherever a place is found, as far as it is known without positions.
    fn need(place: &Place<u32>) -> Self {
        match place {
            Place::Word(word) => word_need(word),
            Place::Phrase(words) => Node::every(words.iter().map(word_need).collect()),
            Place::Any(places) => Node::any(places.iter().map(Node::need).collect()),
            Place::Near { left, right, .. } => {
                Node::every(vec![Node::need(left), Node::need(right)])
            }
            Place::Within { places, .. } => Node::every(places.iter().map(Node::need).collect()),
        }
    }

    fn every(nodes: Vec<Node>) -> Self {
        let mut all = Vec::new();
        for node in nodes {
            match node {
                Node::All(inner) => all.extend(inner),
                node => all.push(node),
            }
        }
        match all.len() {
            1 => all.remove(0),
            _ => Node::All(all.into()),
        }
    }

    /// Alternatives, those that are tests in one list.
    fn any(nodes: Vec<Node>) -> Self {
        let (mut tests, mut others) = (Vec::new(), Vec::new());
        for node in nodes {
            match node {
                Node::Test(test) => tests.push(test),
                Node::Tests(inner) => tests.extend(inner),
                Node::Any(inner) => others.extend(inner),
                node => others.push(node),
            }
        }
        if tests.len() == 1 {
            others.insert(0, Node::Test(tests[0]));
        } else if !tests.is_empty() {
            others.insert(0, Node::Tests(tests.into()));
        }
        match others.len() {
            1 => others.remove(0),
            _ => Node::Any(others.into()),
        }
    }

    /// Sorts what is asked: what likely decides first, positions and fields last.
    pub fn order(&mut self, shares: &[f64]) {
        match self {
            Node::All(all) => {
                all.iter_mut().for_each(|node| node.order(shares));
                sort(all, |node| (node.effort(), node.share(shares)));
            }
            Node::Any(any) => {
                any.iter_mut().for_each(|node| node.order(shares));
                sort(any, |node| (node.effort(), -node.share(shares)));
            }
            Node::Tests(tests) => {
                let share = |test: &u32| shares.get(*test as usize).copied().unwrap_or(0.0);
                tests.sort_by(|a, b| share(b).total_cmp(&share(a)));
            }
            Node::Placed(placed) => placed.need.order(shares),
            Node::Not(node) => node.order(shares),
            Node::Test(_) | Node::Scoped(..) | Node::Key(_) | Node::Published(_) => {}
        }
    }

    fn effort(&self) -> u8 {
        match self {
            Node::Test(_) | Node::Tests(_) | Node::Scoped(..) | Node::Published(_) => 0,
            Node::Any(nodes) | Node::All(nodes) => {
                nodes.iter().map(Node::effort).max().unwrap_or(0).max(1)
            }
            Node::Not(node) => node.effort(),
            Node::Placed(_) => 2,
            Node::Key(_) => 3,
        }
    }

    /// Expected share of mentions in which it holds; fields are taken to hold.
    pub fn share(&self, shares: &[f64]) -> f64 {
        let one = |test: &u32| shares.get(*test as usize).copied().unwrap_or(1.0);
        match self {
            Node::All(all) => all
                .iter()
                .map(|node| node.share(shares))
                .fold(1.0, f64::min),
            Node::Not(node) => 1.0 - node.share(shares),
            Node::Any(any) => any
                .iter()
                .map(|node| node.share(shares))
                .sum::<f64>()
                .min(1.0),
            Node::Test(test) | Node::Scoped(_, test) => one(test),
            Node::Tests(tests) => tests.iter().map(one).sum::<f64>().min(1.0),
            Node::Placed(placed) => placed.need.share(shares),
            Node::Key(_) | Node::Published(_) => 1.0,
        }
    }
}

fn sort(nodes: &mut [Node], by: impl Fn(&Node) -> (u8, f64)) {
    nodes.sort_by(|a, b| {
        let ((effort, share), (other_effort, other_share)) = (by(a), by(b));
        effort
            .cmp(&other_effort)
            .then(share.total_cmp(&other_share))
    });
}

/// The only test of a place that is one word at one position.
fn single(place: &Place<u32>) -> Option<u32> {
    match place {
        Place::Word(Word { ways, .. }) => match ways.as_slice() {
            [way] => match way.as_slice() {
                [test] => Some(*test),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn word_need(word: &Word<u32>) -> Node {
    Node::any(word.ways.iter().map(|way| all_tests(way)).collect())
}

fn all_tests(way: &[u32]) -> Node {
    match way {
        [test] => Node::Test(*test),
        tests => Node::every(tests.iter().map(|test| Node::Test(*test)).collect()),
    }
}
