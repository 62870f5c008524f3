//! `query_string`: Lucene's syntax, as far as Grafana and people write it. Words, phrases, fields,
//! groups, `AND OR NOT + - && || !`, `*` and `?`, ranges, `field:*` and `_exists_:field`. Regular
//! expressions and fuzzy words are refused, boosts have no effect: nothing is ranked by them.
//!
//! As in Lucene, operators mark the clauses beside them as required or excluded and do not bind one
//! another: `a OR b AND c` requires b and c.
//! [lucene.apache.org](https://lucene.apache.org/core/9_12_0/queryparser/org/apache/lucene/queryparser/classic/package-summary.html)

use super::dates::Reading;
use super::fault::Fault;
use super::fields::{self, Known, Sort};
use super::leaf::{Range, exactly, has, known, wildcard, words};
use crate::index::Filter;
use serde_json::Value;

/// Groups in one another at most.
const MAX_DEPTH: usize = 50;
/// Clauses of one query at most.
const MAX_CLAUSES: usize = 1_024;

/// How a query is understood.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Words without an operator must all occur.
    pub all: bool,
    /// Where words without a field are looked for; empty: title and text.
    pub fields: Vec<Known>,
    pub reading: Reading,
}

/// Makes a filter of a query.
///
/// # Errors
/// What cannot be read or is not supported, with its reason.
pub fn parse(written: &str, settings: &Settings) -> Result<Filter, Fault> {
    let mut parser = Parser {
        rest: written,
        settings,
        clauses: 0,
    };
    let filter = parser.group(None, 0)?;
    match parser.rest.trim_start() {
        "" => Ok(filter.unwrap_or_else(Filter::everything)),
        rest => Err(parser.cannot_read(rest)),
    }
}

struct Parser<'a> {
    rest: &'a str,
    settings: &'a Settings,
    clauses: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occurs {
    Must,
    Should,
    MustNot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joined {
    Plainly,
    And,
    Or,
}

impl Parser<'_> {
    /// Clauses up to the end or a closing parenthesis; `None` where there is none.
    fn group(&mut self, field: Option<Known>, depth: usize) -> Result<Option<Filter>, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::parsing(format!(
                "more than {MAX_DEPTH} groups in one another"
            )));
        }
        let mut clauses: Vec<(Occurs, Filter)> = Vec::new();
        loop {
            let joined = self.conjunction();
            let modifier = self.modifier();
            let here = self.rest.trim_start();
            if here.is_empty() || here.starts_with(')') {
                if joined != Joined::Plainly || modifier.is_some() {
                    return Err(Fault::parsing(
                        "an operator stands at the end, with nothing behind it",
                    ));
                }
                return Ok(combine(clauses));
            }
            let filter = self.clause(field, depth)?;
            self.clauses += 1;
            if self.clauses > MAX_CLAUSES {
                return Err(Fault::argument(format!(
                    "too_many_clauses: more than {MAX_CLAUSES} clauses"
                )));
            }
            let occurs = self.occurs(joined, modifier, &mut clauses);
            clauses.push((occurs, filter));
        }
    }

    /// Lucene's rule: an operator also decides about the clause before it.
    fn occurs(
        &self,
        joined: Joined,
        modifier: Option<Occurs>,
        before: &mut [(Occurs, Filter)],
    ) -> Occurs {
        if let Some(last) = before.last_mut()
            && last.0 != Occurs::MustNot
        {
            match joined {
                Joined::And => last.0 = Occurs::Must,
                Joined::Or if self.settings.all => last.0 = Occurs::Should,
                Joined::Or | Joined::Plainly => {}
            }
        }
        let required = match self.settings.all {
            true => joined != Joined::Or,
            false => joined == Joined::And,
        };
        match modifier {
            Some(modifier) => modifier,
            None if required => Occurs::Must,
            None => Occurs::Should,
        }
    }

    fn conjunction(&mut self) -> Joined {
        for (sign, joined) in [
            ("AND", Joined::And),
            ("&&", Joined::And),
            ("OR", Joined::Or),
            ("||", Joined::Or),
        ] {
            if self.take_operator(sign) {
                return joined;
            }
        }
        Joined::Plainly
    }

    fn modifier(&mut self) -> Option<Occurs> {
        if self.take_operator("NOT") {
            return Some(Occurs::MustNot);
        }
        let here = self.rest.trim_start();
        for (sign, occurs) in [
            ('+', Occurs::Must),
            ('-', Occurs::MustNot),
            ('!', Occurs::MustNot),
        ] {
            if let Some(rest) = here.strip_prefix(sign) {
                self.rest = rest;
                return Some(occurs);
            }
        }
        None
    }

    fn take_operator(&mut self, sign: &str) -> bool {
        let here = self.rest.trim_start();
        let Some(rest) = here.strip_prefix(sign) else {
            return false;
        };
        let is_word = sign.starts_with(|c: char| c.is_ascii_alphabetic());
        if is_word && !rest.is_empty() && !rest.starts_with([' ', '\t', '\n', '\r', '(']) {
            return false;
        }
        self.rest = rest;
        true
    }

    fn clause(&mut self, field: Option<Known>, depth: usize) -> Result<Filter, Fault> {
        self.rest = self.rest.trim_start();
        if let Some((name, rest)) = field_name(self.rest) {
            self.rest = rest;
            if name == "_exists_" {
                let name = self.term()?.0;
                return Ok(has(known(&name)?));
            }
            return match name.as_str() {
                "*" => self.value(field, depth),
                name => self.value(Some(known(name)?), depth),
            };
        }
        self.value(field, depth)
    }

    fn value(&mut self, field: Option<Known>, depth: usize) -> Result<Filter, Fault> {
        self.rest = self.rest.trim_start();
        let filter = match self.rest.chars().next() {
            Some('(') => {
                self.rest = &self.rest[1..];
                let inner = self.group(field, depth + 1)?;
                self.rest = self.rest.trim_start();
                let Some(rest) = self.rest.strip_prefix(')') else {
                    return Err(Fault::parsing("a parenthesis is open"));
                };
                self.rest = rest;
                inner.unwrap_or_else(Filter::everything)
            }
            Some('"') => self.phrase(field)?,
            Some('[' | '{') => self.range(field)?,
            Some('<' | '>') => self.compared(field)?,
            Some('/') => return Err(Fault::unsupported("regular expressions")),
            _ => self.word(field)?,
        };
        self.boost();
        Ok(filter)
    }

    /// `^2` changes no result.
    fn boost(&mut self) {
        if let Some(rest) = self.rest.strip_prefix('^') {
            self.rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        }
    }

    fn phrase(&mut self, field: Option<Known>) -> Result<Filter, Fault> {
        let mut text = String::new();
        let mut rest = self.rest[1..].char_indices();
        loop {
            match rest.next() {
                Some((_, '\\')) => text.extend(rest.next().map(|(_, c)| c)),
                Some((at, '"')) => {
                    self.rest = &self.rest[at + 2..];
                    break;
                }
                Some((_, c)) => text.push(c),
                None => return Err(Fault::parsing("a quotation mark is open")),
            }
        }
        let mut between = None;
        if let Some(rest) = self.rest.strip_prefix('~') {
            let digits = rest.find(|c: char| !c.is_ascii_digit());
            let (number, rest) = rest.split_at(digits.unwrap_or(rest.len()));
            between = number.parse::<u32>().ok();
            self.rest = rest;
        }
        self.fields(field, |known| match known {
            Some(known) if known.sort != Sort::Text => {
                exactly(known, &text, &self.settings.reading)
            }
            known => words(known, &text, between),
        })
    }

    fn word(&mut self, field: Option<Known>) -> Result<Filter, Fault> {
        let (text, wild) = self.term()?;
        if self.rest.starts_with('~') {
            return Err(Fault::unsupported("fuzzy words (~)"));
        }
        if text == "*" {
            return Ok(field.map_or_else(Filter::everything, has));
        }
        self.fields(field, |known| match known {
            Some(known) if known.sort == Sort::Keyword && wild => Ok(Filter::Like {
                field: known.field,
                pattern: fields::fold(known, &text),
            }),
            Some(known) if known.sort != Sort::Text => {
                exactly(known, &text, &self.settings.reading)
            }
            known if wild => wildcard(known, &text),
            known => words(known, &text, None),
        })
    }

    /// The same in each of the default fields.
    fn fields(
        &self,
        field: Option<Known>,
        make: impl Fn(Option<Known>) -> Result<Filter, Fault>,
    ) -> Result<Filter, Fault> {
        match (field, self.settings.fields.as_slice()) {
            (None, many) if !many.is_empty() => {
                let filters = many.iter().map(|known| make(Some(*known)));
                Ok(Filter::Any(filters.collect::<Result<_, _>>()?))
            }
            (field, _) => make(field),
        }
    }

    /// A word without its escapes, and whether it has wildcards.
    fn term(&mut self) -> Result<(String, bool), Fault> {
        let mut text = String::new();
        let mut wild = false;
        let mut end = self.rest.len();
        let mut rest = self.rest.char_indices();
        while let Some((at, c)) = rest.next() {
            match c {
                '\\' => text.extend(rest.next().map(|(_, c)| c)),
                ' ' | '\t' | '\n' | '\r' | '(' | ')' | '"' | '[' | ']' | '{' | '}' | '^' | '~' => {
                    end = at;
                    break;
                }
                c => {
                    wild |= matches!(c, '*' | '?');
                    text.push(c);
                }
            }
        }
        if text.is_empty() {
            return Err(self.cannot_read(self.rest));
        }
        self.rest = &self.rest[end..];
        Ok((text, wild))
    }

    /// `[a TO b]`, `{a TO b}` and mixed; `*` leaves an end open.
    fn range(&mut self, field: Option<Known>) -> Result<Filter, Fault> {
        let open = |what: &str| Fault::parsing(format!("a range is {what}: write [a TO b]"));
        let end = self.rest.find([']', '}']).ok_or_else(|| open("open"))?;
        let inner = &self.rest[1..end];
        let (from, to) = inner.split_once(" TO ").ok_or_else(|| open("without TO"))?;
        let with_from = self.rest.starts_with('[');
        let with_to = self.rest[end..].starts_with(']');
        self.rest = &self.rest[end + 1..];
        let known = field.ok_or_else(|| Fault::parsing("a range needs a field"))?;
        let mut range = Range::of(known, &self.settings.reading)?;
        range.from(&text(from), with_from)?;
        range.to(&text(to), with_to)?;
        Ok(range.filter())
    }

    /// `>5`, `>=5`, `<now-1d`.
    fn compared(&mut self, field: Option<Known>) -> Result<Filter, Fault> {
        let above = self.rest.starts_with('>');
        self.rest = &self.rest[1..];
        let with = self.rest.strip_prefix('=');
        self.rest = with.unwrap_or(self.rest);
        let value = Value::String(self.term()?.0);
        let known = field.ok_or_else(|| Fault::parsing("a range needs a field"))?;
        let mut range = Range::of(known, &self.settings.reading)?;
        match above {
            true => range.from(&value, with.is_some())?,
            false => range.to(&value, with.is_some())?,
        }
        Ok(range.filter())
    }

    fn cannot_read(&self, rest: &str) -> Fault {
        let shown: String = rest.chars().take(40).collect();
        Fault::parsing(format!("failed to parse the query at [{shown}]"))
    }
}

fn text(value: &str) -> Value {
    Value::String(value.trim().trim_matches('"').to_owned())
}

/// `name:` at the start, not the colon of a time or an address.
fn field_name(text: &str) -> Option<(String, &str)> {
    let colon = text.find(':')?;
    let name = &text[..colon];
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | '-' | '\\' | '*'))
        && !name.starts_with('-');
    is_name.then(|| (name.replace('\\', ""), &text[colon + 1..]))
}

fn combine(clauses: Vec<(Occurs, Filter)>) -> Option<Filter> {
    if clauses.is_empty() {
        return None;
    }
    let mut all = Vec::new();
    let mut any = Vec::new();
    let mut must = false;
    for (occurs, filter) in clauses {
        match occurs {
            Occurs::Must => {
                must = true;
                all.push(filter);
            }
            Occurs::MustNot => all.push(Filter::Not(Box::new(filter))),
            Occurs::Should => any.push(filter),
        }
    }
    // Beside what must be, what may be only ranks.
    if !must {
        match any.len() {
            0 | 1 => all.extend(any),
            _ => all.push(Filter::Any(any)),
        }
    }
    Some(match all.len() {
        1 => all.swap_remove(0),
        _ => Filter::All(all),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn check(written: &str, expected: &str) {
        let settings = Settings {
            all: false,
            fields: Vec::new(),
            reading: Reading {
                now: "2026-11-22T12:00:00Z".parse().unwrap(),
                zone: TimeZone::UTC,
                seconds: false,
            },
        };
        let told = match parse(written, &settings) {
            Ok(filter) => told(&filter),
            Err(fault) => fault.reason,
        };
        assert_eq!(told, expected, "{written}");
    }

    /// Our words as `w`, fields by number.
    fn told(filter: &Filter) -> String {
        let list = |sign: &str, filters: &[Filter]| {
            let parts: Vec<String> = filters.iter().map(told).collect();
            format!("{sign}({})", parts.join(" "))
        };
        match filter {
            Filter::Query(expr) => expr.to_string(),
            Filter::Is { field, values } => format!("{}={}", field.field_id(), values.join("|")),
            Filter::Like { field, pattern } => format!("{}~{pattern}", field.field_id()),
            Filter::Has(field) => format!("has {}", field.field_id()),
            Filter::Within { field, from, to } => {
                format!("{}:{from:?}..{to:?}", field.field_id())
            }
            Filter::All(all) => list("all", all),
            Filter::Any(any) => list("any", any),
            Filter::Not(not) => format!("not {}", told(not)),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn operators_mark_clauses_as_in_lucene() {
        check("", "all()");
        check("*", "all()");
        check("source:a source:b", "any(4=a 4=b)");
        check("source:a AND source:b", "all(4=a 4=b)");
        check("source:a OR source:b AND source:c", "all(4=b 4=c)");
        check("+source:a -source:b source:c", "all(4=a not 4=b)");
        check("NOT source:a", "not 4=a");
        check("!source:a && source:(b OR c)", "all(not 4=a any(4=b 4=c))");
        check(
            "source:a AND (lang:de OR NOT lang:en)",
            "all(4=a all(not 6=en 6=de))",
        );
    }

    #[test]
    fn fields_have_their_own_ways() {
        check("source:\"Blue Sky\"^2", "4=blue sky");
        check("stance.keyword:critical", "13=critical");
        check("voice:*", "has 10");
        check("case:open", "Case(In(Open))");
        check("_exists_:url", "has 8");
        check("site:*.de", "5~*.de");
        check("delay_secs:>60", "17:Some(61)..None");
        check("delay_secs:[1 TO 5}", "17:Some(1)..Some(4)");
        check("published:[2026-11-21 TO *]", "1:Some(1795219200000)..None");
        check("@timestamp:<=now", "1:None..Some(1795348800000)");
        check("watch:a\\:b", "11=a:b");
    }

    #[test]
    fn what_cannot_be_followed_says_so() {
        check(
            "source:a AND",
            "an operator stands at the end, with nothing behind it",
        );
        check("(source:a", "a parenthesis is open");
        check("source:a)", "failed to parse the query at [)]");
        check("\"a", "a quotation mark is open");
        check(
            "title:/a.*/",
            "Resonanz does not support regular expressions",
        );
        check("grenze~2", "Resonanz does not support fuzzy words (~)");
        check(
            "author:x",
            "there is no field [author]; GET /es/mentions/_mapping lists them",
        );
        check(
            "speaker:1",
            "there is no field [speaker]; GET /es/mentions/_mapping lists them",
        );
        check(
            "source:[a TO b]",
            "Resonanz does not support ranges of [source], which is no number and no date",
        );
        let deep = "(".repeat(100);
        check(&deep, "more than 50 groups in one another");
        let many = "source:a ".repeat(2_000);
        check(&many, "too_many_clauses: more than 1024 clauses");
    }
}
