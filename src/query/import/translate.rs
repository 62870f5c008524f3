//! Goes over the tokens of a dialect once and writes native text. No recursion: brackets are a
//! list, and what they mean is for the native parser to say.

use super::lexer::{Kind, Token, field_name};
use super::native::Native;
use super::report::{Became, Finding, Found, Reason};
use super::rules::{self, Field, Rules, Seen};
use crate::query::MAX_BRACKETS;
use crate::query::ast::KeyField;
use std::ops::Range;

/// Native text, and what became of each construct.
#[derive(Debug, Default)]
pub struct Draft {
    pub native: Native,
    pub found: Vec<Found>,
}

pub fn translate(written: &str, tokens: &[Token<'_>], rules: &dyn Rules) -> Draft {
    let mut translator = Translator {
        written,
        tokens,
        rules,
        next: 0,
        draft: Draft::default(),
        levels: vec![Level::default()],
        negate: false,
        seen: Vec::new(),
    };
    if let Some((at, became)) = rules.whole(tokens) {
        translator.settle(at, became);
        return translator.draft;
    }
    while let Some(token) = tokens.get(translator.next) {
        translator.next += 1;
        translator.token(token);
        if translator.levels.len() > MAX_BRACKETS {
            let reason = Reason::new(
                "Too many brackets in brackets.",
                "Zu viele Klammern in Klammern.",
            );
            translator.record(token.at.clone(), Became::refused(reason));
            break;
        }
    }
    let more = rules.afterwards(&translator.seen);
    translator.draft.found.extend(more);
    translator.draft
}

/// One pair of brackets.
#[derive(Default)]
struct Level {
    /// Which binding operators stood in it.
    operators: Operators,
    /// It stands behind a `NOT`.
    negated: bool,
    /// Its words are values of this field.
    field: Option<Field>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Operators {
    #[default]
    None,
    One(Kind),
    /// More than one kind; it was said that it matters which binds first.
    Mixed,
}

struct Translator<'a, 't> {
    written: &'a str,
    tokens: &'t [Token<'a>],
    rules: &'t dyn Rules,
    next: usize,
    draft: Draft,
    levels: Vec<Level>,
    /// The next operand is negated.
    negate: bool,
    seen: Vec<Seen<'a>>,
}

impl<'a> Translator<'a, '_> {
    fn token(&mut self, token: &Token<'a>) {
        let at = token.at.clone();
        match token.kind {
            Kind::Open => self.open(&at),
            Kind::Close => {
                if self.levels.len() > 1 {
                    self.levels.pop();
                }
                self.draft.native.close(")", &at);
            }
            Kind::And | Kind::Or | Kind::Not => self.operator(token),
            Kind::Near => {
                self.mixes(Kind::Near, &at);
                let became = self.rules.near(token.text);
                self.settle(at, became);
            }
            Kind::Tilde => self.tilde(token),
            Kind::Boost => {
                let became = self.rules.boost(token.text);
                self.record(at, became);
            }
            Kind::Minus => {
                self.mixes(Kind::And, &at);
                self.negate = true;
                let reason =
                    Reason::new("- before a word means NOT.", "- vor einem Wort heißt NOT.");
                self.settle(at, Became::new("NOT").changed(reason));
            }
            Kind::Plus => self.plus(token),
            Kind::Field => self.field(token),
            Kind::Word | Kind::Quoted | Kind::Exact => self.operand(token),
            Kind::Comment => self.comment(token),
            Kind::Range => self.refuse(at, self.rules.unknown("[ ]")),
            Kind::Stray => self.refuse(at, stray_reason()),
        }
    }

    fn record(&mut self, at: Range<usize>, became: Became) {
        self.draft.found.push(Found { at, became });
    }

    fn refuse(&mut self, at: Range<usize>, reason: Reason) {
        self.negate = false;
        self.record(at, Became::refused(reason));
    }

    /// Writes what a construct became, and says so.
    fn settle(&mut self, at: Range<usize>, became: Became) {
        self.draft.native.put(&became.text, &at);
        self.record(at, became);
    }

    /// True where the operand that begins now is excluded.
    fn negated(&mut self) -> bool {
        let level = self.levels.last().is_some_and(|level| level.negated);
        std::mem::take(&mut self.negate) != level
    }

    fn open(&mut self, at: &Range<usize>) {
        let level = Level {
            operators: Operators::None,
            negated: self.negated(),
            field: self.levels.last().and_then(|level| level.field.clone()),
        };
        self.levels.push(level);
        self.draft.native.open("(", at);
    }

    fn operator(&mut self, token: &Token<'_>) {
        let binds = match token.kind {
            Kind::Or => Kind::Or,
            _ => Kind::And,
        };
        self.mixes(binds, &token.at);
        self.negate = token.kind == Kind::Not;
        self.draft.native.put(token.text, &token.at);
    }

    /// Says once a bracket level that no documentation tells which of two operators binds first.
    fn mixes(&mut self, kind: Kind, at: &Range<usize>) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        let mixed = match level.operators {
            Operators::None => {
                level.operators = Operators::One(kind);
                return;
            }
            Operators::One(one) => one != kind || kind == Kind::Near,
            Operators::Mixed => false,
        };
        if mixed {
            level.operators = Operators::Mixed;
            let reason = binding_reason(self.rules.name());
            let text = &self.written[at.clone()];
            self.record(at.clone(), Became::new(text).note(reason));
        }
    }

    fn tilde(&mut self, token: &Token<'_>) {
        let became = self.rules.tilde(&self.written[token.at.clone()]);
        let before = self.next.checked_sub(2).and_then(|i| self.tokens.get(i));
        match before.is_some_and(|before| before.at.end == token.at.start) {
            true => self.draft.native.close(&became.text, &token.at),
            false => self.draft.native.put(&became.text, &token.at),
        }
        self.record(token.at.clone(), became);
    }

    fn comment(&mut self, token: &Token<'_>) {
        if !self.rules.has_comments() {
            return self.refuse(token.at.clone(), self.rules.unknown("<<< >>>"));
        }
        let text = &self.written[token.at.clone()];
        self.settle(token.at.clone(), Became::new(text));
    }

    fn operand(&mut self, token: &Token<'a>) {
        let values = self.levels.last().and_then(|level| level.field.clone());
        if let Some(field) = values {
            self.negate = false;
            let became = self.value(&field, token);
            return self.settle(token.at.clone(), became);
        }
        let became = match token.kind {
            Kind::Exact => {
                self.negate = false;
                self.rules.exact(token.text)
            }
            _ => self.words(token),
        };
        self.settle(token.at.clone(), became);
    }

    fn words(&mut self, token: &Token<'a>) -> Became {
        let negated = self.negated();
        let (at, text) = (token.at.clone(), token.text);
        if token.kind == Kind::Word && text.starts_with(['+', '-']) && text.len() > 1 {
            return Became::refused(self.rules.unknown(&format!("{} before a word", &text[..1])));
        }
        if token.kind == Kind::Word && field_name(text, self.rules).is_some() {
            return Became::refused(nested_reason());
        }
        self.seen.push(Seen { at, text, negated });
        let native = match token.kind {
            Kind::Quoted => format!("\"{text}\""),
            _ => rules::quoted(text),
        };
        Became {
            text: native,
            findings: rules::words(self.rules, text),
        }
    }

    /// `+"@name"` and `++"ABC"`: the sign and the quote behind it are one construct.
    fn plus(&mut self, sign: &Token<'_>) {
        let Some(quote) = self.tokens.get(self.next) else {
            return;
        };
        self.next += 1;
        self.negate = false;
        let became = match sign.text {
            "++" => rules::exact(quote.text).changed(Reason::new(
                "++ asks for this spelling, as { } does.",
                "++ verlangt genau diese Schreibweise, wie { }.",
            )),
            _ => Became {
                text: rules::quoted(quote.text),
                findings: rules::words(self.rules, quote.text),
            }
            .changed(raw_reason()),
        };
        self.settle(sign.at.start..quote.at.end, became);
    }

    fn field(&mut self, token: &Token<'a>) {
        let field = self.rules.field(token.text);
        let field = field.unwrap_or_else(|| Field::Refused(self.unknown_field(token.text)));
        let negated = self.negate != self.levels.last().is_some_and(|level| level.negated);
        let next = self.tokens.get(self.next);
        if matches!(next, Some(next) if next.kind == Kind::Comment)
            && !matches!(field, Field::Title)
        {
            let reason = Reason::new(
                "A comment between a field and its value.",
                "Ein Kommentar zwischen Feld und Wert.",
            );
            return self.refuse(token.at.clone(), reason);
        }
        match field {
            Field::Title => {
                self.record(token.at.clone(), Became::new("title:"));
                self.draft.native.open("title:", &token.at);
            }
            Field::Refused(reason) => {
                let end = self.skip_value().unwrap_or(token.at.end);
                self.refuse(token.at.start..end, reason);
            }
            field => match next {
                Some(next) if next.kind == Kind::Open => self.list(token, field, negated),
                Some(value) if is_value(value) => {
                    self.next += 1;
                    self.negate = false;
                    self.single(token, &field, value, negated);
                }
                _ => self.refuse(token.at.clone(), empty_reason()),
            },
        }
    }

    /// `field:(a OR b)`. The name is said once, each value for itself.
    fn list(&mut self, name: &Token<'_>, field: Field, negated: bool) {
        if let Some(open) = self.tokens.get(self.next) {
            self.next += 1;
            let became = self.named(&field, negated);
            self.draft.native.open(&became.text, &name.at);
            self.record(name.at.clone(), became);
            self.open(&open.at);
            if let Some(level) = self.levels.last_mut() {
                level.field = Some(field);
            }
        }
    }

    /// `field:value` is one construct.
    fn single(&mut self, name: &Token<'_>, field: &Field, value: &Token<'_>, negated: bool) {
        let mut became = self.named(field, negated);
        let value_became = self.value(field, value);
        became.text.push_str(&value_became.text);
        became.findings.extend(value_became.findings);
        self.settle(name.at.start..value.at.end, became);
    }

    /// A field's native name with its colon, and what is to be said about it.
    fn named(&self, field: &Field, negated: bool) -> Became {
        let Field::Key { field, why, .. } = field else {
            return Became::default();
        };
        let mut became = Became::new(format!("{}:", field.as_str()));
        became.findings.extend(why.clone().map(Finding::Changed));
        if *field == KeyField::Voice && negated {
            became = became.changed(rules::voice_excludes_reason());
        }
        became
    }

    fn value(&self, field: &Field, value: &Token<'_>) -> Became {
        if value.kind == Kind::Word
            && field_name(value.text, self.rules)
                .is_some_and(|name| self.rules.field(name).is_some())
        {
            return Became::refused(nested_reason());
        }
        if value.kind == Kind::Range {
            return Became::refused(self.rules.unknown("[ ]"));
        }
        match field {
            Field::Key { value: of, .. } => of(value.text),
            Field::Mention => {
                let name = value.text.trim_start_matches('@');
                let text = format!("@{name}");
                Became {
                    text: rules::quoted(&text),
                    findings: rules::words(self.rules, &text),
                }
                .changed(Reason::new(
                    "A mention is written @name here.",
                    "Eine Erwähnung heißt hier @name.",
                ))
            }
            Field::Exact => rules::exact(value.text).changed(Reason::new(
                "raw: is written { } here: every letter as it stands.",
                "raw: heißt hier { }: jeder Buchstabe, wie er dasteht.",
            )),
            Field::Title | Field::Refused(_) => Became::default(),
        }
    }

    /// Moves behind the value of a field that is refused, one or a list; where it ends.
    fn skip_value(&mut self) -> Option<usize> {
        let mut depth = 0_usize;
        let mut end = None;
        while let Some(token) = self.tokens.get(self.next) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth > 0 => depth -= 1,
                _ if depth > 0 || is_value(token) => {}
                _ => break,
            }
            self.next += 1;
            end = Some(token.at.end);
            if depth == 0 {
                break;
            }
        }
        end
    }

    fn unknown_field(&self, name: &str) -> Reason {
        let mut reason = self.rules.unknown(&format!("{name}:"));
        if matches!(name.to_ascii_lowercase().as_str(), "http" | "https") {
            reason = Reason::new(
                "An address stands in quotes, or in url: or links:.",
                "Eine Adresse steht in Anführungszeichen oder in url: oder links:.",
            );
        }
        reason
    }
}

/// True where a token can be a field's value.
fn is_value(token: &Token<'_>) -> bool {
    matches!(
        token.kind,
        Kind::Word | Kind::Quoted | Kind::Exact | Kind::Range
    )
}

fn binding_reason(name: &str) -> Reason {
    Reason::new(
        format!(
            "Whether this binds first is not documented for {name}. Here NEAR binds before AND and NOT, these before OR: look at the tree, and set brackets."
        ),
        format!(
            "Ob dies zuerst bindet, ist für {name} nicht dokumentiert. Hier bindet NEAR vor AND und NOT, diese vor OR: sehen Sie den Baum an und setzen Sie Klammern."
        ),
    )
}

fn stray_reason() -> Reason {
    Reason::new(
        "A quote, bracket or comment without its partner.",
        "Ein Anführungszeichen, eine Klammer oder ein Kommentar ohne Gegenstück.",
    )
}

fn nested_reason() -> Reason {
    Reason::new(
        "A field cannot stand in another.",
        "Ein Feld kann nicht in einem anderen stehen.",
    )
}

fn empty_reason() -> Reason {
    Reason::new(
        "The value behind the colon is missing.",
        "Nach dem Doppelpunkt fehlt ein Wert.",
    )
}

fn raw_reason() -> Reason {
    Reason::new(
        "+ asks for this spelling in any case; here accents, umlauts and hyphens make no difference either.",
        "+ verlangt diese Schreibweise in Groß oder Klein; hier sind auch Akzente, Umlaute und Bindestriche gleich.",
    )
}
