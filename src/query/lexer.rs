//! Splits a written query into tokens. Linear.

use super::MAX_BETWEEN;
use super::ast::KeyField;
use super::days::Days;
use super::error::QueryError;
use super::fault::{self, Fault};
use super::import::foreign_field;
use crate::model::Part;
use std::ops::Range;

/// One token and its byte range in the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Lexeme {
    pub kind: Kind,
    pub at: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    Open,
    Close,
    And,
    Or,
    Not,
    Near {
        max_between: u32,
        ordered: bool,
    },
    /// `~5` behind a phrase or bracket.
    Tilde(u32),
    /// `~comp` behind a word.
    Comp,
    Field(Field),
    Days(Days),
    Word(String),
    Quoted(String),
    Exact(String),
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Part(Part),
    Key(KeyField),
}

/// Names that are not the language's own but mean one of its fields.
const ALIASES: [(&str, KeyField); 1] = [("language", KeyField::Lang)];

/// Names under which a time is looked for; the search has its own fields for it.
const TIMES: [&str; 7] = ["date", "datum", "time", "since", "until", "before", "after"];

/// True for words that are operators, or that a reader would take for one.
pub fn is_reserved(word: &str) -> bool {
    let upper = word.to_ascii_uppercase();
    matches!(
        upper.as_str(),
        "AND" | "OR" | "NOT" | "UND" | "ODER" | "NICHT"
    ) || is_near(word)
}

/// True for `NEAR` in any spelling that nobody means as a word: `near` alone is one.
fn is_near(run: &str) -> bool {
    let name = run.split('/').next().unwrap_or_default();
    let upper = name.to_ascii_uppercase();
    matches!(upper.as_str(), "NEAR" | "ONEAR") && (name == upper || name.len() < run.len())
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '„' | '“' | '”' | '‟' | '«' | '»' | '＂')
}

/// Characters without width that pasted text brings along; inside a word the analyser drops them.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

pub fn lex(written: &str) -> Result<Vec<Lexeme>, QueryError> {
    let mut lexer = Lexer {
        written,
        at: 0,
        out: Vec::new(),
        depth: 0,
        raw: Raw::Off,
    };
    while lexer.skip_blank()? {
        lexer.step()?;
    }
    let end = written.len();
    lexer.push(Kind::End, end..end);
    Ok(lexer.out)
}

/// Values of keyword fields (`url:x.de/a~b`) are read raw: as one value or, in brackets, a list.
#[derive(Clone, Copy, PartialEq)]
enum Raw {
    Off,
    Value,
    List { depth: usize },
}

struct Lexer<'a> {
    written: &'a str,
    at: usize,
    out: Vec<Lexeme>,
    depth: usize,
    raw: Raw,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.written[self.at..]
    }

    fn push(&mut self, kind: Kind, at: Range<usize>) {
        self.at = at.end;
        self.out.push(Lexeme { kind, at });
    }

    fn refuse<T>(&self, at: Range<usize>, fault: Fault) -> Result<T, QueryError> {
        Err(QueryError::new(self.written, at, fault))
    }

    /// Moves over blanks and comments; false at the end.
    fn skip_blank(&mut self) -> Result<bool, QueryError> {
        loop {
            let blank = |c: char| c.is_whitespace() || c.is_control() || is_unseen(c);
            let trimmed = self.rest().trim_start_matches(blank);
            self.at = self.written.len() - trimmed.len();
            if !trimmed.starts_with("<<<") {
                return Ok(!trimmed.is_empty());
            }
            match trimmed.find(">>>") {
                Some(close) => self.at += close + 3,
                None => {
                    return self.refuse(self.at..self.at + 3, fault::OPEN_COMMENT);
                }
            }
        }
    }

    fn step(&mut self) -> Result<(), QueryError> {
        let at = self.at;
        let Some(c) = self.rest().chars().next() else {
            return Ok(());
        };
        match c {
            '(' => {
                self.depth += 1;
                if self.raw == Raw::Value {
                    self.raw = Raw::List { depth: self.depth };
                }
                self.push(Kind::Open, at..at + 1);
            }
            ')' => {
                if self.raw == (Raw::List { depth: self.depth }) {
                    self.raw = Raw::Off;
                }
                self.depth = self.depth.saturating_sub(1);
                self.push(Kind::Close, at..at + 1);
            }
            _ if is_quote(c) => self.quoted(c)?,
            _ if self.raw != Raw::Off => self.bare()?,
            '{' => self.exact()?,
            '~' => self.tilde()?,
            '[' | ']' => {
                return self.refuse(at..at + 1, fault::RANGE);
            }
            '}' => return self.refuse(at..at + 1, fault::STRAY_BRACE),
            _ => self.bare()?,
        }
        if self.raw == Raw::Value
            && !matches!(self.out.last().map(|l| &l.kind), Some(Kind::Field(_)))
        {
            self.raw = Raw::Off;
        }
        Ok(())
    }

    fn quoted(&mut self, open: char) -> Result<(), QueryError> {
        let start = self.at;
        let inner = start + open.len_utf8();
        let Some(length) = self.written[inner..].find(is_quote) else {
            return self.refuse(start..inner, fault::OPEN_QUOTE);
        };
        let close = inner + length;
        let end = close
            + self.written[close..]
                .chars()
                .next()
                .map_or(1, char::len_utf8);
        let text = self.written[inner..close].to_owned();
        self.push(Kind::Quoted(text), start..end);
        Ok(())
    }

    fn exact(&mut self) -> Result<(), QueryError> {
        let start = self.at;
        let Some(length) = self.rest().find('}') else {
            return self.refuse(start..start + 1, fault::OPEN_BRACE);
        };
        let text = self.written[start + 1..start + length].to_owned();
        self.push(Kind::Exact(text), start..start + length + 1);
        Ok(())
    }

    fn tilde(&mut self) -> Result<(), QueryError> {
        let start = self.at;
        let letters = self.rest()[1..]
            .bytes()
            .take_while(u8::is_ascii_alphanumeric)
            .count();
        if self.rest()[1..=letters].eq_ignore_ascii_case("comp") {
            return self.comp(start..start + 1 + letters);
        }
        let digits = self.rest()[1..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        let end = start + 1 + digits;
        let follows = matches!(self.out.last(), Some(last) if last.at.end == start
            && matches!(last.kind, Kind::Quoted(_) | Kind::Close));
        if digits == 0 || !follows {
            return self.refuse(start..end, fault::TILDE);
        }
        let max_between = self.count(start + 1..end)?;
        self.push(Kind::Tilde(max_between), start..end);
        Ok(())
    }

    fn comp(&mut self, at: Range<usize>) -> Result<(), QueryError> {
        match self.out.last() {
            Some(last) if last.at.end == at.start && matches!(last.kind, Kind::Word(_)) => {
                self.push(Kind::Comp, at);
                Ok(())
            }
            _ => self.refuse(at, fault::COMP_PLACE),
        }
    }

    /// The number of words between two operands.
    fn count(&self, at: Range<usize>) -> Result<u32, QueryError> {
        match self.written[at.clone()].parse::<u32>() {
            Ok(count) if count <= MAX_BETWEEN => Ok(count),
            _ => self.refuse(at, fault::too_far()),
        }
    }

    /// An operator, a field name, a word or a raw value.
    fn bare(&mut self) -> Result<(), QueryError> {
        let start = self.at;
        let raw = self.raw != Raw::Off;
        let ends = |c: char| {
            c.is_whitespace()
                || c.is_control()
                || matches!(c, '(' | ')')
                || is_quote(c)
                || (!raw && matches!(c, '{' | '}' | '[' | ']' | '~'))
        };
        let rest = self.rest();
        let run = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let run = &run[..run.find("<<<").unwrap_or(run.len())];
        let run = run.trim_end_matches(is_unseen);
        let end = start + run.len();
        match run {
            "AND" => self.push(Kind::And, start..end),
            "OR" => self.push(Kind::Or, start..end),
            "NOT" => self.push(Kind::Not, start..end),
            _ if is_near(run) => self.near(start..end)?,
            _ if raw => self.raw_value(start..end)?,
            _ => return self.field_or_word(start..end),
        }
        Ok(())
    }

    /// `published:` and its range.
    fn days(&mut self, name: Range<usize>) -> Result<(), QueryError> {
        if matches!(self.out.last(), Some(last) if matches!(last.kind, Kind::Field(_))) {
            return self.refuse(name, fault::NESTED);
        }
        let after = self.written[name.end..].trim_start();
        let open = self.written.len() - after.len();
        let inside = after
            .strip_prefix('[')
            .and_then(|inside| inside.split_once(']'));
        let Some((inside, _)) = inside else {
            return self.refuse(name, fault::DAYS);
        };
        let end = open + inside.len() + 2;
        match Days::parse(inside) {
            Ok(days) => {
                self.push(Kind::Days(days), name.start..end);
                Ok(())
            }
            Err(fault) => self.refuse(open..end, fault),
        }
    }

    fn raw_value(&mut self, at: Range<usize>) -> Result<(), QueryError> {
        let run = &self.written[at.clone()];
        if run.starts_with('[') {
            return self.refuse(at.start..at.start + 1, fault::RANGE);
        }
        let name = run.split(':').next().unwrap_or_default();
        if name.len() < run.len() && (find_field(name).is_some() || is_published(name)) {
            let name_end = at.start + name.len() + 1;
            return self.refuse(at.start..name_end, fault::NESTED);
        }
        self.push(Kind::Word(run.to_owned()), at);
        Ok(())
    }

    fn near(&mut self, at: Range<usize>) -> Result<(), QueryError> {
        let run = &self.written[at.clone()];
        let Some(count) = run.strip_prefix("NEAR/") else {
            let fault = match run.starts_with("ONEAR") {
                true => fault::ONEAR,
                false => fault::NEAR_SPELLING,
            };
            return self.refuse(at, fault);
        };
        let number = count.strip_suffix(['f', 'F']).unwrap_or(count);
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return self.refuse(at, fault::NEAR_NUMBER);
        }
        let ordered = number.len() < count.len();
        let number_start = at.start + "NEAR/".len();
        let max_between = self.count(number_start..number_start + number.len())?;
        self.push(
            Kind::Near {
                max_between,
                ordered,
            },
            at,
        );
        Ok(())
    }

    fn field_or_word(&mut self, at: Range<usize>) -> Result<(), QueryError> {
        let run = self.written[at.clone()].to_owned();
        if run.len() > 1 && run.starts_with(['-', '+']) {
            return self.refuse(at.start..at.start + 1, fault::SIGN);
        }
        let Some((name, value)) = run.split_once(':') else {
            self.push(Kind::Word(run), at);
            return Ok(());
        };
        let name_end = at.start + name.len() + 1;
        if is_published(name) {
            return self.days(at.start..name_end);
        }
        if let Some(field) = find_field(name) {
            // Refused here, for the rest of the run would be read again behind each of many fields.
            if matches!(self.out.last(), Some(last) if matches!(last.kind, Kind::Field(_))) {
                return self.refuse(at.start..name_end, fault::NESTED);
            }
            self.push(Kind::Field(field), at.start..name_end);
            if let Field::Key(_) = field {
                self.raw = Raw::Value;
            }
            return Ok(());
        }
        let letter = |b: u8| b.is_ascii_alphabetic() || b == b'_';
        let is_name =
            name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.bytes().all(letter);
        if !is_name || is_gendered(value) {
            self.push(Kind::Word(run), at);
            return Ok(());
        }
        self.refuse(at.start..name_end, no_field(name, value))
    }
}

/// The one field whose value is a range.
fn is_published(name: &str) -> bool {
    name.eq_ignore_ascii_case("published")
}

fn find_field(name: &str) -> Option<Field> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "title" => return Some(Field::Part(Part::Title)),
        "text" => return Some(Field::Part(Part::Text)),
        _ => {}
    }
    let alias = ALIASES.into_iter().find(|(alias, _)| *alias == name);
    let by_name = KeyField::ALL
        .into_iter()
        .find(|field| field.as_str() == name);
    by_name.or(alias.map(|(_, field)| field)).map(Field::Key)
}

/// The ending of `Minister:in`, which is a word and not a field.
fn is_gendered(value: &str) -> bool {
    let ending = value.trim_end_matches(['*', '>', ',', '.']).to_lowercase();
    matches!(
        ending.as_str(),
        "in" | "innen" | "e" | "r" | "n" | "en" | "er"
    )
}

fn no_field(name: &str, value: &str) -> Fault {
    let lower = name.to_ascii_lowercase();
    if value.starts_with("//") {
        return fault::ADDRESS;
    }
    if matches!(lower.as_str(), "author" | "autor" | "autorin") {
        return fault::AUTHOR;
    }
    if TIMES.contains(&lower.as_str()) {
        return fault::TIME;
    }
    match foreign_field(&lower) {
        Some(reason) => fault::foreign_field(name, reason.de, reason.en),
        None => fault::unknown_field(&lower),
    }
}
