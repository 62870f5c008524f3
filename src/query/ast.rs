//! What a query says, as data. [`Display`](std::fmt::Display) prints it with every bracket that
//! shows how it is understood; the print parses to the same tree.

use super::days::Days;
use crate::model::Part;
use std::fmt;

/// What a mention must fulfil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Everything of `all` (never empty) and nothing of `none`.
    And {
        all: Vec<Expr>,
        none: Vec<Expr>,
    },
    /// At least one; two or more.
    Or(Vec<Expr>),
    /// Words at a place in the title or the text, or in the one that `scope` names.
    Words {
        scope: Option<Part>,
        place: Place,
    },
    Keyword(Keyword),
    /// Published on one of these days.
    Published(Days),
}

/// Places in one part of a mention, as spans from a first to a last position. `T` is what a position
/// is tested for; the matcher has numbers there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place<T = Test> {
    Word(Word<T>),
    /// Words next to each other in this order; two or more.
    Phrase(Vec<Word<T>>),
    /// Where any of them is; two or more.
    Any(Vec<Place<T>>),
    /// Both, apart from each other, with at most `max_between` positions between; the span is the
    /// hull. `ordered`: left stands first.
    Near {
        left: Box<Place<T>>,
        right: Box<Place<T>>,
        max_between: u32,
        ordered: bool,
    },
    /// All, apart from each other, in any order, with at most `max_between` other positions between
    /// the first and the last. Three to [`MAX_WITHIN`](super::MAX_WITHIN); never inside a `Near`.
    Within {
        places: Vec<Place<T>>,
        max_between: u32,
    },
}

/// One word as the editor wrote it, and how it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<T = Test> {
    /// As written, without the brackets of `{BMI}` and the `~comp` of `Grenze~comp`.
    pub written: String,
    /// `{BMI}`.
    pub exact: bool,
    /// `Grenze~comp`: also as a part of longer words.
    pub compound: bool,
    /// It stands where any of these holds: tests at successive positions. `E-Mail` is found as
    /// `e` `mail` and as `email`.
    pub ways: Vec<Vec<T>>,
}

/// What is asked of the token at one position.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Test {
    /// One of these is among its terms.
    Terms(Vec<String>),
    /// One of these patterns matches one of its terms, see [`word_glob`](super::word_glob).
    Wild(Vec<String>),
    /// It is written like this.
    Exact(String),
}

/// A field that is compared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyField {
    Site,
    Source,
    Lang,
    Type,
    Url,
    Links,
    Voice,
}

impl KeyField {
    pub const ALL: [KeyField; 7] = [
        KeyField::Site,
        KeyField::Source,
        KeyField::Lang,
        KeyField::Type,
        KeyField::Url,
        KeyField::Links,
        KeyField::Voice,
    ];

    /// The name in queries.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyField::Site => "site",
            KeyField::Source => "source",
            KeyField::Lang => "lang",
            KeyField::Type => "type",
            KeyField::Url => "url",
            KeyField::Links => "links",
            KeyField::Voice => "voice",
        }
    }
}

/// `field:value`; the value is folded like what it is compared with, and may hold `*` and `?`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Keyword {
    pub field: KeyField,
    pub value: String,
}

impl Expr {
    /// Levels of the tree; a single word has one.
    pub fn depth(&self) -> usize {
        match self {
            Expr::And { all, none } => {
                1 + all.iter().chain(none).map(Expr::depth).max().unwrap_or(0)
            }
            Expr::Or(any) => 1 + any.iter().map(Expr::depth).max().unwrap_or(0),
            Expr::Words { place, .. } => place.depth(),
            Expr::Keyword(_) | Expr::Published(_) => 1,
        }
    }
}

impl Place {
    pub fn depth(&self) -> usize {
        match self {
            Place::Word(_) | Place::Phrase(_) => 1,
            Place::Any(places) | Place::Within { places, .. } => {
                1 + places.iter().map(Place::depth).max().unwrap_or(0)
            }
            Place::Near { left, right, .. } => 1 + left.depth().max(right.depth()),
        }
    }

    /// The same place with something else for each test, and without how its words were written.
    pub fn map<T>(&self, of: &mut dyn FnMut(&Test) -> T) -> Place<T> {
        match self {
            Place::Word(word) => Place::Word(word.map(of)),
            Place::Phrase(words) => Place::Phrase(words.iter().map(|word| word.map(of)).collect()),
            Place::Any(places) => Place::Any(places.iter().map(|place| place.map(of)).collect()),
            Place::Near {
                left,
                right,
                max_between,
                ordered,
            } => Place::Near {
                left: Box::new(left.map(of)),
                right: Box::new(right.map(of)),
                max_between: *max_between,
                ordered: *ordered,
            },
            Place::Within {
                places,
                max_between,
            } => Place::Within {
                places: places.iter().map(|place| place.map(of)).collect(),
                max_between: *max_between,
            },
        }
    }

    /// Every word in it.
    pub fn words(&self) -> Vec<&Word> {
        match self {
            Place::Word(word) => vec![word],
            Place::Phrase(words) => words.iter().collect(),
            Place::Any(places) | Place::Within { places, .. } => {
                places.iter().flat_map(Place::words).collect()
            }
            Place::Near { left, right, .. } => [left.words(), right.words()].concat(),
        }
    }
}

impl Word {
    fn map<T>(&self, of: &mut dyn FnMut(&Test) -> T) -> Word<T> {
        let way = |way: &Vec<Test>| way.iter().map(&mut *of).collect();
        Word {
            written: String::new(),
            exact: self.exact,
            compound: self.compound,
            ways: self.ways.iter().map(way).collect(),
        }
    }
}

impl<T> Place<T> {
    /// Bytes behind the place, without what its tests hold.
    pub fn bytes(&self) -> usize {
        let word = |word: &Word<T>| {
            let way = |way: &Vec<T>| size_of_val(way) + size_of_val(way.as_slice());
            word.written.len() + word.ways.iter().map(way).sum::<usize>()
        };
        match self {
            Place::Word(one) => word(one),
            Place::Phrase(words) => {
                size_of_val(words.as_slice()) + words.iter().map(word).sum::<usize>()
            }
            Place::Any(places) | Place::Within { places, .. } => {
                size_of_val(places.as_slice()) + places.iter().map(Place::bytes).sum::<usize>()
            }
            Place::Near { left, right, .. } => {
                2 * size_of::<Place<T>>() + left.bytes() + right.bytes()
            }
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::And { all, none } => {
                list(f, all, " AND ", Bracketed)?;
                for expr in none {
                    write!(f, " NOT {}", Bracketed(expr))?;
                }
                Ok(())
            }
            Expr::Or(any) => list(f, any, " OR ", Bracketed),
            Expr::Words { scope: None, place } => write!(f, "{place}"),
            Expr::Words {
                scope: Some(part),
                place,
            } => {
                let field = match part {
                    Part::Title => "title",
                    Part::Text => "text",
                };
                write!(f, "{field}:{}", Operand(place))
            }
            Expr::Keyword(key) => write!(f, "{}:\"{}\"", key.field.as_str(), key.value),
            Expr::Published(days) => write!(f, "{days}"),
        }
    }
}

/// An expression as a member of another: in brackets where it has members itself.
struct Bracketed<'a>(&'a Expr);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Expr::And { .. } | Expr::Or(_) => write!(f, "({})", self.0),
            _ => write!(f, "{}", self.0),
        }
    }
}

fn list<'a, T, D: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: &'a [T],
    between: &str,
    show: impl Fn(&'a T) -> D,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        write!(f, "{}", show(item))?;
    }
    Ok(())
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Word(word) => write!(f, "{word}"),
            Place::Phrase(words) => {
                f.write_str("\"")?;
                list(f, words, " ", |word| &word.written)?;
                f.write_str("\"")
            }
            Place::Any(places) => {
                f.write_str("(")?;
                list(f, places, " OR ", Operand)?;
                f.write_str(")")
            }
            Place::Near {
                left,
                right,
                max_between,
                ordered,
            } => {
                let order = if *ordered { "f" } else { "" };
                write!(
                    f,
                    "{} NEAR/{max_between}{order} {}",
                    Operand(left),
                    Operand(right)
                )
            }
            Place::Within {
                places,
                max_between,
            } => {
                f.write_str("(")?;
                list(f, places, " AND ", Operand)?;
                write!(f, ")~{max_between}")
            }
        }
    }
}

/// A place as an operand: in brackets where it is a `NEAR` itself.
struct Operand<'a>(&'a Place);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::Near { .. } => write!(f, "({})", self.0),
            _ => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exact {
            write!(f, "{{{}}}", self.written)
        } else if self.compound {
            write!(f, "{}~comp", self.written)
        } else if is_plain(&self.written) {
            f.write_str(&self.written)
        } else {
            write!(f, "\"{}\"", self.written)
        }
    }
}

/// True where a word needs no quotes: nothing in it means something to the language.
pub(super) fn is_plain(written: &str) -> bool {
    let inner = |c: char| {
        c.is_alphanumeric() || matches!(c, '\'' | '’' | '-' | '_' | '*' | '?' | '/' | '.' | ',')
    };
    let body = written.strip_prefix(['#', '@']).unwrap_or(written);
    !super::lexer::is_reserved(written)
        && body.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '*' | '?'))
        && body.chars().all(inner)
}
