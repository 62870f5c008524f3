//! The words of a query as they were written, each with all its forms.

use super::{Token, Tokens};

/// A word as written: its parts at successive positions, and the forms of the whole.
#[derive(Debug)]
pub(crate) struct Compound {
    /// Byte range in the query.
    pub start: u32,
    pub end: u32,
    pub parts: Vec<Token>,
    /// The parts in one: `email` of `E-Mail`. Empty where there is one part.
    pub joined: Vec<String>,
    /// `#tag`, `@name` or `@name@host`.
    pub tag: Vec<String>,
}

/// The words of a query's text. With `wild`, `*` and `?` are letters.
pub(crate) fn compounds(text: &str, wild: bool) -> Vec<Compound> {
    let mut tokens = Tokens::default();
    if wild {
        tokens.read_query(text);
    } else {
        tokens.read(text);
    }
    let mut found: Vec<Compound> = Vec::new();
    for word in tokens.iter(text) {
        let counts = word.counts();
        let mut forms = word.forms().map(str::to_owned);
        let mut take = |count: u8| forms.by_ref().take(usize::from(count)).collect::<Vec<_>>();
        let part = Token {
            position: 0,
            start: word.start(),
            end: word.end(),
            terms: take(counts.plain),
            exact: word.exact().to_owned(),
        };
        match found.last_mut() {
            Some(compound) if counts.parts == 0 => {
                compound.end = part.end;
                compound.parts.push(part);
            }
            _ => found.push(Compound {
                start: part.start,
                end: part.end,
                parts: vec![part],
                joined: take(counts.joined),
                tag: take(counts.tag),
            }),
        }
    }
    found
}
