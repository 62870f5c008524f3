//! What is known of the posts that fulfil a part of a query, put together over `AND` and `OR`.

use super::Note;
use super::fit::Node;

/// A superset of the posts that fulfil a part of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cover {
    /// No post of the platform.
    Never,
    /// Any post; the notes that say why.
    Open(Vec<usize>),
    /// What this operator brings, which a rule may not consist of; the notes that say so.
    Beside(&'static str, Vec<usize>),
    Rule(Node),
}

/// One side of an `AND`, as the query has it.
#[derive(Debug)]
pub struct Member {
    pub written: String,
    pub cover: Cover,
}

/// All of them. What is open is covered by the rest; its notes are told by what.
pub fn all(members: Vec<Member>, notes: &mut [Note]) -> Cover {
    let (mut rules, mut besides, mut blame) = (Vec::new(), Vec::new(), Vec::new());
    let mut kept: Vec<String> = Vec::new();
    for Member { written, cover } in members {
        match cover {
            Cover::Never => return Cover::Never,
            Cover::Open(why) => blame.extend(why),
            Cover::Beside(text, why) => {
                besides.push((text, why));
            }
            Cover::Rule(node) => {
                rules.push(node);
                kept.push(written);
            }
        }
    }
    if rules.is_empty() {
        let first = besides.first().map(|(text, _)| *text);
        blame.extend(besides.into_iter().flat_map(|(_, why)| why));
        return match first {
            Some(text) => Cover::Beside(text, blame),
            None => Cover::Open(blame),
        };
    }
    for why in blame {
        if let Some(note) = notes.get_mut(why)
            && note.became.is_empty()
        {
            note.became = kept.join(" AND ");
        }
    }
    // What stands beside others now has its reason to be told no more.
    for (text, why) in besides {
        rules.push(Node::Beside(text));
        for why in why {
            if let Some(note) = notes.get_mut(why) {
                note.reason = super::Reason::default();
            }
        }
    }
    Cover::Rule(Node::all(rules))
}

/// Any of them. One that is open leaves the whole open.
pub fn any(covers: Vec<Cover>) -> Cover {
    let (mut nodes, mut blame, mut beside) = (Vec::new(), Vec::new(), None);
    let mut mixed = false;
    for cover in covers {
        match cover {
            Cover::Never => {}
            Cover::Open(why) => {
                blame.extend(why);
                mixed = true;
            }
            Cover::Beside(text, why) => {
                blame.extend(why);
                mixed |= beside.is_some_and(|other| other != text);
                beside = Some(text);
            }
            Cover::Rule(node) => nodes.push(node),
        }
    }
    match beside {
        Some(text) if !mixed && nodes.is_empty() => Cover::Beside(text, blame),
        None if !mixed && nodes.is_empty() => Cover::Never,
        None if !mixed => Cover::Rule(Node::any(nodes)),
        _ => Cover::Open(blame),
    }
}
