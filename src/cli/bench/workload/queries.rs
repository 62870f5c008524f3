//! Stored queries as press offices and agencies write them, made of the words of the posts.
//!
//! Each query has two forms. `full` uses the language. `bool` is the part of it that percolators
//! without positions know: a phrase becomes its rarest word, `NEAR` becomes `AND`, and `*suffix`
//! the word that it was cut from.

use super::dice::Dice;
use super::lexicon::{Lexicon, Shares};
use super::posts;
use crate::query::Query;
use std::fmt::Write as _;

/// Words of every sort, from one post in 50,000 to one in 67.
const ANY: Shares = (2e-5, 1.5e-2);
/// Names of products and people.
const RARE: Shares = (2e-5, 1.6e-4);
const SCARCE: Shares = (2e-5, 1e-3);

/// Which form of the queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Set {
    /// Only what percolators without positions know.
    Bool,
    /// With phrases, NEAR, and wildcards at both ends.
    Full,
}

impl Set {
    pub const ALL: [Set; 2] = [Set::Bool, Set::Full];

    pub fn as_str(self) -> &'static str {
        match self {
            Set::Bool => "bool",
            Set::Full => "full",
        }
    }
}

/// A query before it is written.
#[derive(Debug, Clone)]
enum Node {
    Word(String),
    Prefix(String),
    /// The ending, and the word that it was cut from.
    Suffix(String, String),
    /// The words, and the rarest of them.
    Phrase(Vec<String>, String),
    Or(Vec<Node>),
    And(Vec<Node>, Vec<Node>),
    Near(u8, Box<Node>, Box<Node>),
    Field(&'static str, String),
}

/// The first `count` queries of an endless row, so that sets of different size share queries.
pub fn queries(lexicon: &Lexicon<'_>, seed: u64, count: usize, set: Set) -> Vec<Query> {
    let mut writer = Writer {
        lexicon,
        dice: Dice::new(seed, "queries"),
    };
    let mut found = Vec::with_capacity(count);
    while found.len() < count {
        let node = writer.query();
        let mut written = String::new();
        write(&node, set, &mut written);
        // A word of the texts may be one of the language; both forms are dropped together.
        let parsed = Query::parse(&written);
        if let (Ok(query), true) = (parsed, is_sound(&node)) {
            found.push(query);
        }
    }
    found
}

fn is_sound(node: &Node) -> bool {
    Set::ALL.into_iter().all(|set| {
        let mut written = String::new();
        write(node, set, &mut written);
        Query::parse(&written).is_ok()
    })
}

struct Writer<'a> {
    lexicon: &'a Lexicon<'a>,
    dice: Dice,
}

impl Writer<'_> {
    fn query(&mut self) -> Node {
        match self.dice.below(100) {
            0..25 => self.topic(),
            25..45 => self.brand(),
            45..60 => self.near(),
            60..75 => self.language(),
            75..85 => self.agency(),
            85..93 => self.phrase(SCARCE),
            93..97 => self.suffix(),
            _ => self.field(),
        }
    }

    /// `(A OR B OR "c d") AND (E OR F*) NOT G`
    fn topic(&mut self) -> Node {
        let (a, e) = self.pair(SCARCE, 1..=12);
        let subject = vec![a, self.word(ANY), self.phrase(SCARCE)];
        let aspect = vec![e, self.prefix(SCARCE)];
        Node::And(
            vec![Node::Or(subject), Node::Or(aspect)],
            vec![self.word(ANY)],
        )
    }

    /// `A OR B OR C`, one in three with a phrase
    fn brand(&mut self) -> Node {
        let count = self.dice.between(2, 4);
        let mut names = self.words(RARE, count);
        if self.dice.chance(33) {
            names.push(self.phrase(RARE));
        }
        Node::Or(names)
    }

    /// `(A OR B) NEAR/5 (C OR D)`
    fn near(&mut self) -> Node {
        let (a, c) = self.pair(SCARCE, 1..=6);
        let left = vec![a, self.word(ANY)];
        let right = vec![c, self.word(ANY)];
        Node::Near(5, Box::new(Node::Or(left)), Box::new(Node::Or(right)))
    }

    /// `A AND (B OR C) AND lang:de NOT (D OR E OR F)`
    fn language(&mut self) -> Node {
        let (a, b) = self.pair(SCARCE, 1..=12);
        let lang = if self.dice.chance(65) { "de" } else { "en" };
        let count = self.dice.between(2, 5);
        let all = vec![
            a,
            Node::Or(vec![b, self.word(ANY)]),
            Node::Field("lang", lang.to_owned()),
        ];
        Node::And(all, vec![Node::Or(self.words(ANY, count))])
    }

    /// 30 to 86 words: a group of names, a group of topics, a group that excludes.
    fn agency(&mut self) -> Node {
        let leaves = self.dice.between(30, 86);
        let names = leaves * 2 / 5;
        let topics = leaves * 2 / 5;
        let names = self.mixed(names, (2e-5, 4e-4));
        let topics = self.mixed(topics, (2e-5, 1.5e-3));
        let excluded = self.mixed(leaves / 5, ANY);
        if self.dice.chance(20) {
            // Lucene takes one word for both sides where both match it; we do not.
            let mut topics = topics;
            topics.retain(|topic| names.iter().all(|name| head(name) != head(topic)));
            let near = Node::Near(10, Box::new(Node::Or(names)), Box::new(Node::Or(topics)));
            return Node::And(vec![near], vec![Node::Or(excluded)]);
        }
        Node::And(
            vec![Node::Or(names), Node::Or(topics)],
            vec![Node::Or(excluded)],
        )
    }

    /// About so many leaves: words, some phrases of two, some prefixes.
    fn mixed(&mut self, leaves: usize, shares: Shares) -> Vec<Node> {
        let mut found = Vec::with_capacity(leaves);
        let mut used = 0;
        while used < leaves {
            let roll = self.dice.below(100);
            let (node, size) = match roll {
                0..12 => (self.phrase(shares), 2),
                12..20 => (self.prefix(shares), 1),
                _ => (self.word(shares), 1),
            };
            found.push(node);
            used += size;
        }
        found
    }

    fn phrase(&mut self, shares: Shares) -> Node {
        let (one, other) = self.lexicon.neighbours(shares, 1..=1, &mut self.dice);
        let words = vec![one, other];
        let rarest = self.lexicon.rarest(&words).to_owned();
        Node::Phrase(words, rarest)
    }

    /// Five to eight letters of a long and rare word.
    fn suffix(&mut self) -> Node {
        let word = self
            .lexicon
            .long_word((2e-5, 1e-4), 10, &mut self.dice)
            .to_lowercase();
        let letters: Vec<char> = word.chars().collect();
        let keep = self.dice.between(6, 9).min(letters.len());
        let ending = letters[letters.len() - keep..].iter().collect();
        Node::Suffix(ending, word)
    }

    fn field(&mut self) -> Node {
        let handle = posts::voice(&mut self.dice);
        let site = posts::site(&mut self.dice);
        match self.dice.below(3) {
            0 => {
                let words = Node::Or(self.words(SCARCE, 3));
                Node::And(vec![words, Node::Field("site", site)], vec![])
            }
            1 => {
                let (a, b) = (self.word(ANY), self.word(ANY));
                Node::And(
                    vec![Node::Or(vec![a, b]), Node::Field("voice", handle)],
                    vec![],
                )
            }
            _ => {
                let words = Node::Or(self.words(SCARCE, 2));
                let reply = Node::Field("type", "reply".to_owned());
                Node::And(vec![words, reply], vec![])
            }
        }
    }

    fn prefix(&mut self, shares: Shares) -> Node {
        let word = self.lexicon.long_word(shares, 7, &mut self.dice);
        let letters: Vec<char> = word.chars().collect();
        let keep = self.dice.between(5, 8).min(letters.len().max(2) - 1);
        Node::Prefix(letters[..keep].iter().collect())
    }

    fn word(&mut self, shares: Shares) -> Node {
        Node::Word(self.lexicon.word(shares, &mut self.dice))
    }

    fn words(&mut self, shares: Shares, count: usize) -> Vec<Node> {
        (0..count).map(|_| self.word(shares)).collect()
    }

    /// Half of the time two words of one post, for people write queries that find something.
    fn pair(&mut self, shares: Shares, distance: std::ops::RangeInclusive<usize>) -> (Node, Node) {
        if self.dice.chance(50) {
            let (a, b) = self.lexicon.neighbours(shares, distance, &mut self.dice);
            return (Node::Word(a), Node::Word(b));
        }
        (self.word(shares), self.word(shares))
    }
}

/// The first four letters of a leaf.
fn head(leaf: &Node) -> String {
    let first = match leaf {
        Node::Word(word) | Node::Prefix(word) => word,
        Node::Phrase(words, _) => &words[0],
        _ => return String::new(),
    };
    first.to_lowercase().chars().take(4).collect()
}

fn write(node: &Node, set: Set, out: &mut String) {
    let full = set == Set::Full;
    // Writing into a text cannot fail.
    let _ = match node {
        Node::Word(word) => write!(out, "{word}"),
        Node::Prefix(word) => write!(out, "{word}*"),
        Node::Suffix(ending, _) if full => write!(out, "*{ending}"),
        Node::Suffix(_, word) => write!(out, "{word}"),
        Node::Phrase(words, _) if full => write!(out, "\"{}\"", words.join(" ")),
        Node::Phrase(_, rarest) => write!(out, "{rarest}"),
        Node::Field(name, value) => write!(out, "{name}:{value}"),
        Node::Or(any) => return list(any, " OR ", &[], set, out),
        Node::And(all, none) => return list(all, " AND ", none, set, out),
        Node::Near(n, left, right) => {
            out.push('(');
            write(left, set, out);
            out.push_str(&match full {
                true => format!(" NEAR/{n} "),
                false => " AND ".to_owned(),
            });
            write(right, set, out);
            out.push(')');
            return;
        }
    };
}

fn list(nodes: &[Node], between: &str, none: &[Node], set: Set, out: &mut String) {
    out.push('(');
    for (i, node) in nodes.iter().enumerate() {
        if i > 0 {
            out.push_str(between);
        }
        write(node, set, out);
    }
    for node in none {
        out.push_str(" NOT ");
        write(node, set, out);
    }
    out.push(')');
}
