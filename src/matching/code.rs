//! Queries written out as numbers, one behind the other: evaluating one reads memory in a row.
//!
//! A node starts with its kind (lowest bits) and its length in numbers, itself included, so that it
//! can be stepped over. What is too large for numbers lies aside and is named by its place there.

use super::program::Node;
use super::scratch::Scratch;
use super::spot::Spot;
use crate::model::Part;
use crate::query::{Days, Keys, Keyword, Subject};

const KIND_BITS: u32 = 4;
const ALL: u32 = 0;
const ANY: u32 = 1;
const NOT: u32 = 2;
const TESTS: u32 = 3;
const IN_TITLE: u32 = 4;
const IN_TEXT: u32 = 5;
const PLACED: u32 = 6;
const KEY: u32 = 7;
const PUBLISHED: u32 = 8;

/// All programs.
#[derive(Debug, Default)]
pub struct Code {
    numbers: Vec<u32>,
    /// Where the program of each query starts.
    starts: Vec<u32>,
    spots: Vec<Spot>,
    keys: Vec<Keyword>,
    days: Vec<Days>,
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Code {
    /// Adds the program of the next query.
    pub fn add(&mut self, node: Node) {
        self.starts.push(narrow(self.numbers.len()));
        self.write(node);
    }

    fn write(&mut self, node: Node) {
        let start = self.numbers.len();
        self.numbers.push(0);
        let kind = match node {
            Node::All(nodes) => self.write_nodes(nodes, ALL),
            Node::Any(nodes) => self.write_nodes(nodes, ANY),
            Node::Not(node) => {
                self.write(*node);
                NOT
            }
            Node::Test(test) => {
                self.numbers.push(test);
                TESTS
            }
            Node::Tests(tests) => {
                self.numbers.extend(tests);
                TESTS
            }
            Node::Scoped(part, test) => {
                self.numbers.push(test);
                match part {
                    Part::Title => IN_TITLE,
                    Part::Text => IN_TEXT,
                }
            }
            Node::Placed(placed) => {
                self.numbers.push(narrow(self.spots.len()));
                self.spots.push(placed.spot);
                self.write(placed.need);
                PLACED
            }
            Node::Key(key) => {
                self.numbers.push(narrow(self.keys.len()));
                self.keys.push(*key);
                KEY
            }
            Node::Published(days) => {
                self.numbers.push(narrow(self.days.len()));
                self.days.push(days);
                PUBLISHED
            }
        };
        let length = narrow(self.numbers.len() - start);
        if let Some(head) = self.numbers.get_mut(start) {
            *head = length << KIND_BITS | kind;
        }
    }

    fn write_nodes(&mut self, nodes: Box<[Node]>, kind: u32) -> u32 {
        for node in nodes {
            self.write(node);
        }
        kind
    }

    /// True where the mention fulfils a query. `scratch` knows its tests.
    pub fn holds(&self, query: u32, subject: &Subject<'_>, scratch: &mut Scratch) -> bool {
        let start = self.starts.get(query as usize);
        let code = start.and_then(|start| self.numbers.get(*start as usize..));
        let mut evaluation = Evaluation {
            code: self,
            subject,
            scratch,
        };
        code.is_some_and(|code| evaluation.holds(code))
    }

    pub fn bytes(&self) -> usize {
        size_of_val(self.numbers.as_slice())
            + size_of_val(self.starts.as_slice())
            + size_of_val(self.spots.as_slice())
            + self.spots.iter().map(Spot::bytes).sum::<usize>()
            + size_of_val(self.days.as_slice())
            + size_of_val(self.keys.as_slice())
            + self.keys.iter().map(|key| key.value.len()).sum::<usize>()
    }
}

struct Evaluation<'a> {
    code: &'a Code,
    subject: &'a Subject<'a>,
    scratch: &'a mut Scratch,
}

impl Evaluation<'_> {
    /// `code` starts with a node.
    fn holds(&mut self, code: &[u32]) -> bool {
        let Some((head, rest)) = code.split_first() else {
            return false;
        };
        let length = (head >> KIND_BITS) as usize;
        let body = rest.get(..length - 1).unwrap_or_default();
        match (head & ((1 << KIND_BITS) - 1), body) {
            (ALL, body) => nodes(body).all(|node| self.holds(node)),
            (ANY, body) => nodes(body).any(|node| self.holds(node)),
            (NOT, body) => !self.holds(body),
            (TESTS, tests) => tests.iter().any(|test| self.scratch.holds(*test)),
            (IN_TITLE, [test]) => self.scratch.holds_in(Part::Title, *test),
            (IN_TEXT, [test]) => self.scratch.holds_in(Part::Text, *test),
            (PLACED, [spot, need @ ..]) => {
                self.holds(need)
                    && self
                        .code
                        .spots
                        .get(*spot as usize)
                        .is_some_and(|spot| spot.holds(self.scratch))
            }
            (KEY, [key]) => self.has(*key),
            (PUBLISHED, [days]) => {
                let at = self.subject.keys.published_ms;
                let days = self.code.days.get(*days as usize);
                days.is_some_and(|days| days.span_ms().contains(&at))
            }
            _ => false,
        }
    }

    fn has(&mut self, key: u32) -> bool {
        let keys = self.subject.keys;
        let keys = self.scratch.keys.get_or_insert_with(|| Keys::new(keys));
        let key = self.code.keys.get(key as usize);
        key.is_some_and(|key| keys.values(key.field).any(|value| key.matches(value)))
    }
}

/// The nodes that stand one behind the other.
fn nodes(mut code: &[u32]) -> impl Iterator<Item = &[u32]> {
    std::iter::from_fn(move || {
        let length = (code.first()? >> KIND_BITS) as usize;
        let (node, rest) = code.split_at_checked(length)?;
        code = rest;
        Some(node)
    })
}
