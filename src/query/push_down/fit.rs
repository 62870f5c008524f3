//! Cuts what a rule should say into rules that are short enough.
//!
//! An `OR` is cut between its members: the rules together say the same. An `AND` is cut by cutting
//! its members and taking each piece with each; where that gives too many, its longest member is left
//! out, which brings more.

use std::collections::HashSet;

/// Rules that one `AND` may be cut into.
const MAX_PIECES: usize = 50;

/// A rule in the grammar that platforms share: a blank is `AND` and binds tighter than `OR`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// A word or an operator that may stand alone.
    Term(String),
    /// An operator that may not; only ever in an `All` with others.
    Beside(&'static str),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    /// All of these, each once; one at least.
    pub fn all(nodes: Vec<Node>) -> Node {
        let parts = nodes.into_iter().flat_map(|node| match node {
            Node::All(nodes) => nodes,
            other => vec![other],
        });
        single(parts, Node::All)
    }

    /// Any of these, each once; one at least.
    pub fn any(nodes: Vec<Node>) -> Node {
        let parts = nodes.into_iter().flat_map(|node| match node {
            Node::Any(nodes) => nodes,
            other => vec![other],
        });
        single(parts, Node::Any)
    }

    pub fn text(&self) -> String {
        match self {
            Node::Term(text) => text.clone(),
            Node::Beside(text) => (*text).to_owned(),
            Node::All(nodes) => joined(nodes, " "),
            Node::Any(nodes) => joined(nodes, " OR "),
        }
    }

    /// Characters of [`Node::text`], with two for those beyond the basic plane: no document says
    /// that they count one.
    pub fn length(&self) -> usize {
        match self {
            Node::Term(text) => text.encode_utf16().count(),
            Node::Beside(text) => text.len(),
            Node::All(nodes) => length(nodes, 1),
            Node::Any(nodes) => length(nodes, 4),
        }
    }

    /// The same as an operand of another.
    fn inner_length(&self) -> usize {
        match self {
            Node::All(_) | Node::Any(_) => self.length() + 2,
            _ => self.length(),
        }
    }
}

fn single(parts: impl Iterator<Item = Node>, many: fn(Vec<Node>) -> Node) -> Node {
    let mut seen = HashSet::new();
    let mut parts: Vec<Node> = parts.filter(|node| seen.insert(node.clone())).collect();
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

fn joined(nodes: &[Node], between: &str) -> String {
    let operand = |node: &Node| match node {
        Node::All(_) | Node::Any(_) => format!("({})", node.text()),
        _ => node.text(),
    };
    nodes.iter().map(operand).collect::<Vec<_>>().join(between)
}

fn length(nodes: &[Node], between: usize) -> usize {
    let own: usize = nodes.iter().map(Node::inner_length).sum();
    own + between * nodes.len().saturating_sub(1)
}

/// Rules of at most `most` characters that together bring what the node does, or more. What was left
/// out of an `AND` is added to `left_out`. `None` where a single word is too long.
pub fn fit(node: &Node, most: usize, left_out: &mut Vec<String>) -> Option<Vec<Node>> {
    if node.length() <= most {
        return Some(vec![node.clone()]);
    }
    match node {
        Node::Term(_) | Node::Beside(_) => None,
        Node::Any(nodes) => {
            let mut pieces = Vec::new();
            for node in nodes {
                pieces.extend(fit(node, most, left_out)?);
            }
            Some(packed(pieces, most))
        }
        Node::All(nodes) => fit_all(nodes, most, left_out),
    }
}

/// As many as fit into each rule, in their order.
fn packed(pieces: Vec<Node>, most: usize) -> Vec<Node> {
    let (mut rules, mut open, mut used) = (Vec::new(), Vec::new(), 0);
    for piece in pieces {
        let needed = piece.inner_length() + 4;
        if !open.is_empty() && used + needed > most {
            rules.push(Node::any(std::mem::take(&mut open)));
            used = 0;
        }
        used += if open.is_empty() { needed - 4 } else { needed };
        open.push(piece);
    }
    if !open.is_empty() {
        rules.push(Node::any(open));
    }
    rules
}

/// A member of an `AND` that is to be cut.
struct Part<'a> {
    node: &'a Node,
    length: usize,
}

fn fit_all(nodes: &[Node], most: usize, left_out: &mut Vec<String>) -> Option<Vec<Node>> {
    let mut parts: Vec<Part<'_>> = nodes
        .iter()
        .map(|node| Part {
            node,
            length: node.inner_length(),
        })
        .collect();
    while has_two(&parts) {
        let mut lost = Vec::new();
        if let Some(rules) = product(&parts, most, &mut lost) {
            left_out.append(&mut lost);
            return Some(rules);
        }
        let lengths = parts.iter().enumerate().map(|(i, part)| (part.length, i));
        let (_, longest) = lengths.max()?;
        left_out.push(parts.remove(longest).node.text());
    }
    product(&parts, most, left_out)
}

/// True where one may be left out and another stays that can stand alone.
fn has_two(parts: &[Part<'_>]) -> bool {
    let alone = |part: &&Part<'_>| !matches!(part.node, Node::Beside(_));
    parts.iter().filter(alone).count() > 1
}

/// Each piece of each with each; `None` where that would be too many.
fn product(parts: &[Part<'_>], most: usize, left_out: &mut Vec<String>) -> Option<Vec<Node>> {
    let share = share(parts, most)?;
    let mut rules: Vec<Vec<Node>> = vec![Vec::new()];
    // A word too many is known before anything is cut.
    let counts = parts.iter().map(|part| part.length.div_ceil(share));
    let expected = counts.fold(1_usize, usize::saturating_mul);
    if parts.len() > 1 && expected > MAX_PIECES {
        return None;
    }
    for part in parts {
        let pieces = match part.length <= share {
            true => vec![part.node.clone()],
            // Brackets are needed beside others.
            false => fit(part.node, share.checked_sub(2)?, left_out)?,
        };
        if parts.len() > 1 && rules.len() * pieces.len() > MAX_PIECES {
            return None;
        }
        let with = |rule: &Vec<Node>| -> Vec<Vec<Node>> {
            let add = |piece: &Node| [rule.as_slice(), std::slice::from_ref(piece)].concat();
            pieces.iter().map(add).collect()
        };
        rules = rules.iter().flat_map(with).collect();
    }
    Some(rules.into_iter().map(Node::all).collect())
}

/// The length that every member may have so that all of them fit: short ones leave theirs to the
/// others.
fn share(parts: &[Part<'_>], most: usize) -> Option<usize> {
    let mut lengths: Vec<usize> = parts.iter().map(|part| part.length).collect();
    lengths.sort_unstable();
    let mut left = most.checked_sub(parts.len().saturating_sub(1))?;
    for (nth, length) in lengths.iter().enumerate() {
        let share = left / (lengths.len() - nth);
        if *length > share {
            return (share > 2).then_some(share);
        }
        left -= length;
    }
    Some(most)
}
