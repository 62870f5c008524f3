//! Builds the tree. Recursion is bounded by the brackets, which are counted.

use super::ast::{Expr, KeyField, Keyword, Place};
use super::error::QueryError;
use super::fault::{self, Fault};
use super::lexer::{Field, Kind, Lexeme, lex};
use super::terms;
use super::{MAX_BRACKETS, MAX_WITHIN};
use crate::model::Part;
use std::ops::Range;

/// What a query may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub bytes: usize,
    pub leaves: usize,
    pub depth: usize,
    /// Two operands next to each other mean `AND`.
    pub implied_and: bool,
}

pub fn parse(written: &str, limits: Limits) -> Result<Expr, QueryError> {
    if written.len() > limits.bytes {
        let end = limits.bytes..limits.bytes;
        let fault = fault::too_long(limits.bytes);
        return Err(QueryError::new(written, end, fault));
    }
    let mut parser = Parser {
        written,
        lexemes: lex(written)?,
        next: 0,
        limits,
        leaves: 0,
        brackets: 0,
        in_part: false,
        field: None,
    };
    if parser.kind() == &Kind::End {
        return parser.refuse(0..written.len(), fault::EMPTY);
    }
    let expr = parser.or()?;
    if parser.kind() != &Kind::End {
        return parser.refuse(parser.at(), fault::STRAY_BRACKET);
    }
    if expr.depth() > limits.depth {
        return parser.refuse(0..written.len(), fault::TOO_DEEP);
    }
    Ok(expr)
}

struct Parser<'a> {
    written: &'a str,
    lexemes: Vec<Lexeme>,
    next: usize,
    limits: Limits,
    leaves: usize,
    brackets: usize,
    /// Set inside `title:( … )`.
    in_part: bool,
    /// Set inside `site:( … )`: every word is a value of this field.
    field: Option<KeyField>,
}

impl Parser<'_> {
    fn kind(&self) -> &Kind {
        self.lexemes.get(self.next).map_or(&Kind::End, |l| &l.kind)
    }

    fn at(&self) -> Range<usize> {
        let end = self.written.len();
        self.lexemes
            .get(self.next)
            .map_or(end..end, |l| l.at.clone())
    }

    fn refuse<T>(&self, at: Range<usize>, fault: Fault) -> Result<T, QueryError> {
        Err(QueryError::new(self.written, at, fault))
    }

    /// From `start` to the end of what was read last.
    fn since(&self, start: usize) -> Range<usize> {
        let end = self.next.checked_sub(1).and_then(|i| self.lexemes.get(i));
        start..end.map_or(start, |l| l.at.end).max(start)
    }

    fn eat(&mut self, kind: &Kind) -> bool {
        let found = self.kind() == kind;
        self.next += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Expr, QueryError> {
        let mut any = vec![self.and()?];
        while self.eat(&Kind::Or) {
            any.push(self.and()?);
        }
        Ok(match any.len() {
            1 => any.remove(0),
            _ => Expr::Or(any),
        })
    }

    fn and(&mut self) -> Result<Expr, QueryError> {
        let start = self.at().start;
        let (mut all, mut none) = (Vec::new(), Vec::new());
        loop {
            let negated = self.eat(&Kind::Not);
            let operand = self.near()?;
            if negated { &mut none } else { &mut all }.push(operand);
            if !(self.eat(&Kind::And) || self.kind() == &Kind::Not || self.implied_and()?) {
                break;
            }
        }
        let is_time = |expr: &Expr| matches!(expr, Expr::Published(_));
        if !all.is_empty() && all.iter().all(is_time) {
            return self.refuse(self.since(start), fault::ONLY_TIME);
        }
        match (all.len(), none.is_empty()) {
            (0, _) => self.refuse(self.since(start), fault::ONLY_NOT),
            (1, true) => Ok(all.remove(0)),
            _ => Ok(Expr::And { all, none }),
        }
    }

    /// True where an operand follows without an operator and that means `AND`.
    fn implied_and(&mut self) -> Result<bool, QueryError> {
        let lower = match self.kind() {
            Kind::Word(word) => word.to_lowercase(),
            Kind::Quoted(_) | Kind::Exact(_) | Kind::Open | Kind::Field(_) | Kind::Days(_) => {
                String::new()
            }
            _ => return Ok(false),
        };
        let operator = match lower.as_str() {
            "and" | "und" => "AND",
            "or" | "oder" => "OR",
            "not" | "nicht" => "NOT",
            _ => "",
        };
        if self.limits.implied_and && self.field.is_none() && operator != "OR" {
            let skip = operator == "AND";
            let last = matches!(self.lexemes.get(self.next + 1), Some(l) if l.kind == Kind::End || l.kind == Kind::Close);
            self.next += usize::from(skip && !last);
            return Ok(true);
        }
        if operator.is_empty() {
            return self.refuse(self.at(), fault::NO_OPERATOR);
        }
        self.refuse(self.at(), fault::small_operator(operator))
    }

    fn near(&mut self) -> Result<Expr, QueryError> {
        let start = self.at().start;
        let mut left = self.primary()?;
        let mut chain = 0;
        while let &Kind::Near {
            max_between,
            ordered,
        } = self.kind()
        {
            let operator = self.at();
            let left_at = self.since(start);
            self.next += 1;
            chain += 1;
            if chain > self.limits.depth {
                return self.refuse(operator, fault::TOO_DEEP);
            }
            let right_start = self.at().start;
            let right = self.primary()?;
            let right_at = self.since(right_start);
            left = Expr::Words {
                scope: None,
                place: Place::Near {
                    left: Box::new(self.place(left, left_at)?),
                    right: Box::new(self.place(right, right_at)?),
                    max_between,
                    ordered,
                },
            };
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<Expr, QueryError> {
        let at = self.at();
        let kind = self.kind().clone();
        if kind != Kind::End {
            self.next += 1;
        }
        match kind {
            Kind::Open => self.group(at),
            Kind::Quoted(text) => self.quoted(&text, at),
            Kind::Word(text) => self.word(&text, at),
            Kind::Exact(text) => self.exact(&text, at),
            Kind::Field(field) => self.fielded(field, at),
            Kind::Days(days) => {
                self.count(1, &at)?;
                Ok(Expr::Published(days))
            }
            Kind::Not => self.refuse(at, fault::MISPLACED_NOT),
            Kind::Close => self.refuse(at, fault::EMPTY_BRACKETS),
            _ => self.refuse(at, fault::NO_OPERAND),
        }
    }

    fn group(&mut self, open: Range<usize>) -> Result<Expr, QueryError> {
        self.brackets += 1;
        if self.brackets > MAX_BRACKETS {
            return self.refuse(open, fault::TOO_DEEP);
        }
        let expr = self.or()?;
        if !self.eat(&Kind::Close) {
            return self.refuse(open, fault::OPEN_BRACKET);
        }
        self.brackets -= 1;
        let &Kind::Tilde(max_between) = self.kind() else {
            return Ok(expr);
        };
        self.next += 1;
        let at = self.since(open.start);
        match expr {
            Expr::And { all, none } if none.is_empty() => {
                let places = all.into_iter().map(|expr| self.place(expr, at.clone()));
                let places = places.collect::<Result<Vec<_>, _>>()?;
                self.within(places, max_between, at)
            }
            _ => self.refuse(at, fault::TILDE_WITHOUT_AND),
        }
    }

    fn within(
        &self,
        mut places: Vec<Place>,
        max_between: u32,
        at: Range<usize>,
    ) -> Result<Expr, QueryError> {
        let place = match places.len() {
            2 => {
                let right = Box::new(places.remove(1));
                let left = Box::new(places.remove(0));
                Place::Near {
                    left,
                    right,
                    max_between,
                    ordered: false,
                }
            }
            3..=MAX_WITHIN => Place::Within {
                places,
                max_between,
            },
            _ => return self.refuse(at, fault::tilde_count()),
        };
        Ok(Expr::Words { scope: None, place })
    }

    fn quoted(&mut self, text: &str, at: Range<usize>) -> Result<Expr, QueryError> {
        if let Some(field) = self.field {
            return self.keyword(field, text, at);
        }
        let mut words =
            terms::words(text).map_err(|fault| QueryError::new(self.written, at.clone(), fault))?;
        self.count(words.len(), &at)?;
        if let &Kind::Tilde(max_between) = self.kind() {
            self.next += 1;
            let places = words.into_iter().map(Place::Word).collect();
            return self.within(places, max_between, self.since(at.start));
        }
        let place = match words.len() {
            1 => Place::Word(words.remove(0)),
            _ => Place::Phrase(words),
        };
        Ok(Expr::Words { scope: None, place })
    }

    fn word(&mut self, text: &str, at: Range<usize>) -> Result<Expr, QueryError> {
        if let Some(field) = self.field {
            return self.keyword(field, text, at);
        }
        if self.eat(&Kind::Comp) {
            return self.compound(text, at);
        }
        let mut words =
            terms::words(text).map_err(|fault| QueryError::new(self.written, at.clone(), fault))?;
        self.count(words.len(), &at)?;
        let place = match words.len() {
            1 => Place::Word(words.remove(0)),
            _ => Place::Phrase(words),
        };
        Ok(Expr::Words { scope: None, place })
    }

    fn exact(&mut self, text: &str, at: Range<usize>) -> Result<Expr, QueryError> {
        let word =
            terms::exact(text).map_err(|fault| QueryError::new(self.written, at.clone(), fault))?;
        self.count(1, &at)?;
        Ok(Expr::Words {
            scope: None,
            place: Place::Word(word),
        })
    }

    fn compound(&mut self, text: &str, at: Range<usize>) -> Result<Expr, QueryError> {
        let word = terms::compound(text)
            .map_err(|fault| QueryError::new(self.written, at.clone(), fault))?;
        self.count(1, &at)?;
        Ok(Expr::Words {
            scope: None,
            place: Place::Word(word),
        })
    }

    fn keyword(
        &mut self,
        field: KeyField,
        text: &str,
        at: Range<usize>,
    ) -> Result<Expr, QueryError> {
        let value = terms::keyword(field, text)
            .map_err(|fault| QueryError::new(self.written, at.clone(), fault))?;
        self.count(1, &at)?;
        Ok(Expr::Keyword(Keyword { field, value }))
    }

    fn count(&mut self, leaves: usize, at: &Range<usize>) -> Result<(), QueryError> {
        self.leaves += leaves;
        if self.leaves <= self.limits.leaves {
            return Ok(());
        }
        self.refuse(at.clone(), fault::too_many_words(self.limits.leaves))
    }

    /// `title:x`, `title:( … )`, `site:(a OR b)`.
    fn fielded(&mut self, field: Field, name: Range<usize>) -> Result<Expr, QueryError> {
        if !matches!(
            self.kind(),
            Kind::Word(_) | Kind::Quoted(_) | Kind::Exact(_) | Kind::Open
        ) {
            return self.refuse(name, fault::NO_VALUE);
        }
        match field {
            Field::Part(part) => {
                // Refused here and not by `scoped`: two calls more a bracket would make the stack
                // half as deep again.
                if self.in_part {
                    return self.refuse(name, fault::NESTED);
                }
                self.in_part = true;
                let expr = self.primary()?;
                self.in_part = false;
                let at = self.since(name.start);
                self.scoped(expr, part, at)
            }
            Field::Key(key) => {
                self.field = Some(key);
                let expr = self.primary();
                self.field = None;
                expr
            }
        }
    }

    /// The same, in one part of the mention only.
    fn scoped(&self, expr: Expr, part: Part, at: Range<usize>) -> Result<Expr, QueryError> {
        let all_scoped = |list: Vec<Expr>| {
            list.into_iter()
                .map(|expr| self.scoped(expr, part, at.clone()))
                .collect::<Result<Vec<_>, _>>()
        };
        match expr {
            Expr::And { all, none } => Ok(Expr::And {
                all: all_scoped(all)?,
                none: all_scoped(none)?,
            }),
            Expr::Or(any) => Ok(Expr::Or(all_scoped(any)?)),
            Expr::Words { scope: None, place } => Ok(Expr::Words {
                scope: Some(part),
                place,
            }),
            Expr::Words { .. } | Expr::Keyword(_) | Expr::Published(_) => {
                self.refuse(at, fault::NESTED)
            }
        }
    }

    /// An operand of NEAR or `~`.
    fn place(&self, expr: Expr, at: Range<usize>) -> Result<Place, QueryError> {
        let fault = match expr {
            Expr::Words {
                place: Place::Within { .. },
                ..
            } => fault::WITHIN_IN_NEAR,
            Expr::Words { scope: None, place } => return Ok(place),
            Expr::Or(any) => {
                let places = any.into_iter().map(|expr| self.place(expr, at.clone()));
                return Ok(Place::Any(places.collect::<Result<_, _>>()?));
            }
            Expr::And { .. } => fault::AND_IN_NEAR,
            Expr::Words { .. } => fault::FIELD_IN_NEAR,
            Expr::Keyword(_) | Expr::Published(_) => fault::KEY_IN_NEAR,
        };
        self.refuse(at, fault)
    }
}
