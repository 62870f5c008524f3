//! Splits a query of another system into tokens; one lexer for all dialects. Linear: what is not
//! closed ends the reading.

use super::rules::{Field, Rules};
use std::ops::Range;

/// One token, its byte range in the query, and the part of it that says something: the inside of
/// quotes and brackets, the digits behind a sign, a field's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: Kind,
    pub at: Range<usize>,
    pub text: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Open,
    Close,
    And,
    Or,
    Not,
    /// `NEAR`, `NEAR/5`, `ONEAR/5f`, also in small letters where a slash follows.
    Near,
    /// `~5`.
    Tilde,
    /// `^9`.
    Boost,
    /// `-` right before an operand, in dialects where it is an operator.
    Minus,
    /// `+` or `++` right before a quote, in dialects where they are operators.
    Plus,
    /// A field's name up to its colon.
    Field,
    Word,
    Quoted,
    /// `{…}`.
    Exact,
    /// `[…]`.
    Range,
    /// `<<<…>>>`.
    Comment,
    /// A quote, bracket or comment without its partner.
    Stray,
}

/// The same quotes as in the native language, so that what stands between them can stand there.
pub fn is_quote(c: char) -> bool {
    matches!(c, '"' | '„' | '“' | '”' | '‟' | '«' | '»' | '＂')
}

pub fn lex<'a>(written: &'a str, rules: &dyn Rules) -> Vec<Token<'a>> {
    let mut lexer = Lexer {
        written,
        rules,
        at: 0,
        out: Vec::new(),
        depth: 0,
        raw: Raw::Off,
    };
    while lexer.skip_blank() {
        lexer.step();
    }
    lexer.out
}

/// Values of fields that compare as a whole (`url:x.de/a~b`) are read raw: one, or a list.
#[derive(Clone, Copy, PartialEq)]
enum Raw {
    Off,
    Value,
    List { depth: usize },
}

struct Lexer<'a, 'r> {
    written: &'a str,
    rules: &'r dyn Rules,
    at: usize,
    out: Vec<Token<'a>>,
    depth: usize,
    raw: Raw,
}

impl<'a> Lexer<'a, '_> {
    fn rest(&self) -> &'a str {
        &self.written[self.at..]
    }

    /// Adds a token of `length` bytes from here on, of which `inner` speaks.
    fn push(&mut self, kind: Kind, length: usize, inner: Range<usize>) {
        let at = self.at..self.at + length;
        let text = &self.rest()[inner];
        self.at = at.end;
        self.out.push(Token { kind, at, text });
    }

    fn skip_blank(&mut self) -> bool {
        let rest = self
            .rest()
            .trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        self.at = self.written.len() - rest.len();
        !rest.is_empty()
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else {
            return;
        };
        match c {
            '(' => {
                self.depth += 1;
                if self.raw == Raw::Value {
                    self.raw = Raw::List { depth: self.depth };
                }
                self.push(Kind::Open, 1, 0..1);
            }
            ')' => {
                if self.raw == (Raw::List { depth: self.depth }) {
                    self.raw = Raw::Off;
                }
                self.depth = self.depth.saturating_sub(1);
                self.push(Kind::Close, 1, 0..1);
            }
            _ if rest.starts_with("<<<") => self.enclosed(Kind::Comment, 3, ">>>"),
            _ if is_quote(c) => self.quoted(c.len_utf8()),
            '[' => self.enclosed(Kind::Range, 1, "]"),
            _ if self.raw != Raw::Off => self.bare(),
            '{' => self.enclosed(Kind::Exact, 1, "}"),
            ']' | '}' => self.push(Kind::Stray, 1, 0..1),
            '~' => self.counted(Kind::Tilde),
            '^' => self.counted(Kind::Boost),
            '-' | '+' => self.sign(c),
            _ => self.bare(),
        }
        let last = self.out.last().map(|token| token.kind);
        if self.raw == Raw::Value && last != Some(Kind::Field) && last != Some(Kind::Comment) {
            self.raw = Raw::Off;
        }
    }

    fn enclosed(&mut self, kind: Kind, open: usize, close: &str) {
        let rest = self.rest();
        match rest[open..].find(close) {
            Some(length) => {
                let inner = open..open + length;
                self.push(kind, inner.end + close.len(), inner);
            }
            None => self.stray(),
        }
    }

    fn quoted(&mut self, open: usize) {
        let rest = self.rest();
        let Some(length) = rest[open..].find(is_quote) else {
            return self.stray();
        };
        let inner = open..open + length;
        let close = rest[inner.end..].chars().next().map_or(1, char::len_utf8);
        self.push(Kind::Quoted, inner.end + close, inner);
    }

    /// What has no end takes all that follows: nobody can say where it should have ended.
    fn stray(&mut self) {
        let length = self.rest().len();
        self.push(Kind::Stray, length, 0..length);
    }

    fn counted(&mut self, kind: Kind) {
        let digits = self.rest()[1..].bytes().take_while(u8::is_ascii_digit);
        let length = 1 + digits.count();
        self.push(kind, length, 1..length);
    }

    fn sign(&mut self, sign: char) {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(sign).len();
        let next = rest[length..].chars().next();
        let is_sign = self.rules.has_signs();
        if is_sign && sign == '-' && length == 1 && next.is_some_and(|c| !c.is_whitespace()) {
            self.push(Kind::Minus, 1, 0..1);
        } else if is_sign && sign == '+' && length <= 2 && next.is_some_and(is_quote) {
            self.push(Kind::Plus, length, 0..length);
        } else {
            self.bare();
        }
    }

    /// An operator, a field's name, a word or a raw value.
    fn bare(&mut self) {
        let raw = self.raw != Raw::Off;
        let ends = |c: char| {
            c.is_whitespace()
                || c.is_control()
                || matches!(c, '(' | ')')
                || is_quote(c)
                || (!raw && matches!(c, '{' | '}' | '[' | ']' | '~' | '^'))
        };
        let rest = self.rest();
        let end = |&(at, c): &(usize, char)| ends(c) || rest[at..].starts_with("<<<");
        let end = rest
            .char_indices()
            .find(end)
            .map_or(rest.len(), |(at, _)| at);
        let run = &rest[..end];
        let kind = match run {
            "AND" => Kind::And,
            "OR" => Kind::Or,
            "NOT" => Kind::Not,
            _ if is_near(run) => Kind::Near,
            _ => Kind::Word,
        };
        // A run behind a field is its value, or it would be read again behind each of many fields.
        let is_value = raw || matches!(self.out.last(), Some(last) if last.kind == Kind::Field);
        let name = field_name(run, self.rules).filter(|_| kind == Kind::Word && !is_value);
        let Some(name) = name else {
            return self.push(kind, run.len(), 0..run.len());
        };
        self.push(Kind::Field, name.len() + 1, 0..name.len());
        if !matches!(self.rules.field(name), Some(Field::Title)) {
            self.raw = Raw::Value;
        }
    }
}

/// True for `NEAR` in any spelling that nobody means as a word: `near` alone is one.
fn is_near(run: &str) -> bool {
    let name = run.split('/').next().unwrap_or_default();
    let upper = name.to_ascii_uppercase();
    matches!(upper.as_str(), "NEAR" | "ONEAR") && (name == upper || name.len() < run.len())
}

/// The name before a colon, where the run is a field: of this dialect, or at least in its shape.
pub fn field_name<'a>(run: &'a str, rules: &dyn Rules) -> Option<&'a str> {
    let (name, value) = run.split_once(':')?;
    let in_shape = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (in_shape && (rules.field(name).is_some() || !is_gendered(value))).then_some(name)
}

/// The ending of `Minister:in`, which is a word and not a field.
fn is_gendered(value: &str) -> bool {
    let ending = value.trim_end_matches(['*', '>', ',', '.']).to_lowercase();
    matches!(
        ending.as_str(),
        "in" | "innen" | "e" | "r" | "n" | "en" | "er"
    )
}
