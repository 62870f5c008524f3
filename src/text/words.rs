//! Splits composed characters into words.

use super::chars::{
    Char, JOINER, composed, is_emoji, is_flag_letter, is_flag_tag, is_mark, is_skin_tone,
    is_symbol, is_word,
};
use super::fold::{clip, fold};
use super::{MAX_TERM_BYTES, Token, address};
use crate::privacy::MASK;

/// Parts of one compound; a ninth starts a new one.
const MAX_PARTS: usize = 8;

/// A word as written: its parts at successive positions, and the forms of the whole.
#[derive(Debug)]
pub(crate) struct Compound {
    /// Byte range in the text.
    pub start: u32,
    pub end: u32,
    pub parts: Vec<Token>,
    /// The parts in one: `email` of `E-Mail`. Empty where there is one part.
    pub joined: Vec<String>,
    /// `#tag`, `@name` or `@name@host`.
    pub tag: Vec<String>,
    /// `@name` of a handle with a host.
    pub local: Vec<String>,
}

impl Compound {
    /// The parts, the first of which answers to the forms of the whole as well.
    pub fn into_tokens(self) -> Vec<Token> {
        let mut parts = self.parts;
        if let Some(first) = parts.first_mut() {
            let whole = self.joined.into_iter().chain(self.tag).chain(self.local);
            for form in whole {
                if !first.terms.contains(&form) {
                    first.terms.push(form);
                }
            }
        }
        parts
    }
}

/// The words of a text, lazily. With `wild`, `*` and `?` are letters: the text is a query's.
pub(crate) fn compounds(text: &str, wild: bool) -> impl Iterator<Item = Compound> {
    let mut scanner = Scanner {
        chars: composed(text),
        at: 0,
        wild,
    };
    std::iter::from_fn(move || scanner.next())
}

struct Scanner {
    chars: Vec<Char>,
    at: usize,
    wild: bool,
}

impl Scanner {
    fn next(&mut self) -> Option<Compound> {
        while let Some(c) = self.get(self.at) {
            let found = match c {
                '@' | '＠' if self.mask_at(self.at) => {
                    self.single(self.at + MASK.len(), Vec::new(), String::new())
                }
                '#' | '＃' if self.is_start(self.at + 1) => self.tag(),
                '@' | '＠' if self.is_start(self.at + 1) && !self.is_inside(self.at) => {
                    self.handle()
                }
                'h' | 'H' | 'w' | 'W' => self.url().unwrap_or_else(|| self.word()),
                _ if self.is_start(self.at) => self.word(),
                _ if is_emoji(c) => self.emoji(),
                _ if is_symbol(c) => self.single(self.at + 1, vec![c.to_string()], c.to_string()),
                _ => {
                    self.at += 1;
                    continue;
                }
            };
            return Some(found);
        }
        None
    }

    fn get(&self, at: usize) -> Option<char> {
        self.chars.get(at).map(|c| c.c)
    }

    fn text(&self, from: usize, to: usize) -> String {
        self.chars[from..to].iter().map(|c| c.c).collect()
    }

    fn is_wild(&self, c: char) -> bool {
        self.wild && matches!(c, '*' | '?')
    }

    /// True where a word can start.
    fn is_start(&self, at: usize) -> bool {
        self.get(at).is_some_and(|c| is_word(c) || self.is_wild(c))
    }

    /// True where a word can go on.
    fn is_inner(&self, at: usize) -> bool {
        self.is_start(at) || self.get(at).is_some_and(is_mark)
    }

    /// True right behind a letter or digit.
    fn is_inside(&self, at: usize) -> bool {
        at > 0 && self.is_inner(at - 1)
    }

    fn mask_at(&self, at: usize) -> bool {
        let seen = self.chars[at..].iter().map(|c| c.c);
        seen.take(MASK.len()).eq(MASK.chars())
    }

    /// A token over a range of characters; its position is set by the caller.
    fn token(&self, from: usize, to: usize, terms: Vec<String>, mut exact: String) -> Token {
        clip(&mut exact, MAX_TERM_BYTES);
        if terms.is_empty() {
            exact.clear();
        }
        Token {
            position: 0,
            start: self.chars[from].start,
            end: self.chars[to - 1].end,
            terms,
            exact,
        }
    }

    fn part(&self, from: usize, to: usize) -> Token {
        let exact = self.text(from, to);
        self.token(from, to, fold(&exact), exact)
    }

    /// A compound of one part, up to `end`.
    fn single(&mut self, end: usize, terms: Vec<String>, exact: String) -> Compound {
        let part = self.token(self.at, end, terms, exact);
        self.at = end;
        Compound {
            start: part.start,
            end: part.end,
            parts: vec![part],
            joined: Vec::new(),
            tag: Vec::new(),
            local: Vec::new(),
        }
    }

    fn word(&mut self) -> Compound {
        let from = self.at;
        let mut parts = Vec::new();
        loop {
            let end = self.part_end(self.at);
            parts.push(self.part(self.at, end));
            self.at = end;
            if parts.len() == MAX_PARTS || !self.joins(end) {
                break;
            }
            self.at += 1;
        }
        Compound {
            start: self.chars[from].start,
            end: self.chars[self.at - 1].end,
            joined: join(&parts),
            parts,
            tag: Vec::new(),
            local: Vec::new(),
        }
    }

    /// End of the letters and digits from here on; a number goes on over inner punctuation.
    fn part_end(&self, from: usize) -> usize {
        let digit = |at: usize| {
            self.get(at)
                .is_some_and(|c| c.is_ascii_digit() || self.is_wild(c))
        };
        let mut at = from;
        let mut number = true;
        loop {
            if self.is_inner(at) {
                number &= digit(at);
                at += 1;
            } else if number
                && at > from
                && matches!(self.get(at), Some('/' | '-' | '.' | ',' | ':'))
                && digit(at - 1)
                && digit(at + 1)
            {
                at += 1;
            } else {
                return at;
            }
        }
    }

    /// True for a hyphen, apostrophe or gender mark that holds two parts together.
    fn joins(&self, at: usize) -> bool {
        let letter = |at: usize| self.get(at).is_some_and(char::is_alphabetic);
        match self.get(at) {
            Some('-' | '\u{2010}' | '\u{2011}' | '\'' | '’' | '‘' | 'ʼ' | '_') => {
                self.is_start(at + 1)
            }
            Some(':' | '*' | '·') => {
                self.is_inside(at)
                    && letter(at + 1)
                    && self.is_start(at + 1)
                    && letter_before(self, at)
            }
            _ => false,
        }
    }

    /// `#tag`: letters, digits and `_`.
    fn tag(&mut self) -> Compound {
        let body = self.at + 1;
        let mut end = body;
        while self.is_inner(end) || self.get(end) == Some('_') {
            end += 1;
        }
        let tag = with_sign('#', &self.text(body, end));
        self.named(body, end, end, tag, Vec::new())
    }

    /// `@name` or `@name@host`.
    fn handle(&mut self) -> Compound {
        let body = self.at + 1;
        let name_end = self.handle_end(body, true);
        let host = name_end + 1;
        let has_host = self.get(name_end) == Some('@') && self.is_start(host);
        let name = with_sign('@', &self.text(body, name_end));
        if !has_host {
            return self.named(body, name_end, name_end, name, Vec::new());
        }
        let end = self.handle_end(host, false);
        let whole = with_sign('@', &self.text(body, end));
        self.named(body, name_end, end, whole, name)
    }

    /// End of a handle's name or host; closing punctuation belongs to the sentence.
    fn handle_end(&self, from: usize, name: bool) -> usize {
        let mut end = from;
        while self.is_inner(end)
            || matches!(self.get(end), Some('.' | '-'))
            || (name && self.get(end) == Some('_'))
        {
            end += 1;
        }
        while end > from + 1 && matches!(self.get(end - 1), Some('.' | '-')) {
            end -= 1;
        }
        end
    }

    /// A tag or handle up to `end`, whose words lie in `body..words_end`; of more than
    /// [`MAX_PARTS`] words the last are found in the whole only.
    fn named(
        &mut self,
        body: usize,
        words_end: usize,
        end: usize,
        tag: Vec<String>,
        local: Vec<String>,
    ) -> Compound {
        let from = self.at;
        let mut parts = Vec::new();
        let mut at = body;
        while at < words_end && parts.len() < MAX_PARTS {
            let mut part_end = at;
            while part_end < words_end && self.is_inner(part_end) {
                part_end += 1;
            }
            if part_end > at {
                parts.push(self.part(at, part_end));
            }
            at = part_end.max(at + 1);
        }
        self.at = end;
        if let Some(first) = parts.first_mut() {
            first.start = self.chars[from].start;
        }
        if let Some(last) = parts.last_mut() {
            last.end = self.chars[end - 1].end;
        }
        Compound {
            start: self.chars[from].start,
            end: self.chars[end - 1].end,
            joined: join(&parts),
            parts,
            tag,
            local,
        }
    }

    /// An address with a scheme or `www.`, at the start of a word.
    fn url(&mut self) -> Option<Compound> {
        if self.is_inside(self.at) {
            return None;
        }
        let prefix = ["https://", "http://", "www."]
            .into_iter()
            .find(|prefix| self.starts_with(prefix))?;
        let body = self.at + prefix.len();
        let mut end = body;
        while self.get(end).is_some_and(is_url_char) {
            end += 1;
        }
        let open = self.chars[body..end].iter().any(|c| c.c == '(');
        let closes = |c: char| !(is_word(c) || is_mark(c) || self.is_wild(c) || (open && c == ')'));
        while end > body && self.get(end - 1).is_some_and(closes) {
            end -= 1;
        }
        let exact = self.text(self.at, end);
        let address = address(&exact);
        if end == body || address.is_empty() {
            return None;
        }
        let mut term = format!("//{address}");
        clip(&mut term, MAX_TERM_BYTES);
        Some(self.single(end, vec![term], exact))
    }

    fn starts_with(&self, prefix: &str) -> bool {
        let seen = self.chars[self.at..]
            .iter()
            .map(|c| c.c.to_ascii_lowercase());
        seen.take(prefix.len()).eq(prefix.chars())
    }

    /// One pictograph with its tone, a pair of flag letters, or a sequence held by joiners.
    fn emoji(&mut self) -> Compound {
        let from = self.at;
        let mut end = from + 1;
        let flag = |at: usize| self.get(at).is_some_and(is_flag_letter);
        if flag(from) {
            end += usize::from(flag(end));
        } else {
            loop {
                while self
                    .get(end)
                    .is_some_and(|c| is_skin_tone(c) || is_flag_tag(c) || is_mark(c))
                {
                    end += 1;
                }
                if self.get(end) != Some(JOINER) || !self.get(end + 1).is_some_and(is_emoji) {
                    break;
                }
                end += 2;
            }
        }
        let exact = self.text(from, end);
        let mut plain: String = exact.chars().filter(|&c| !is_skin_tone(c)).collect();
        if plain.is_empty() {
            plain.clone_from(&exact);
        }
        clip(&mut plain, MAX_TERM_BYTES);
        self.single(end, vec![plain], exact)
    }
}

fn letter_before(scanner: &Scanner, at: usize) -> bool {
    at > 0
        && scanner
            .get(at - 1)
            .is_some_and(|c| c.is_alphabetic() || is_mark(c))
}

fn is_url_char(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(
            c,
            '<' | '>' | '"' | '„' | '“' | '”' | '«' | '»' | '{' | '}' | '|' | '\\' | '^' | '`'
        )
}

fn with_sign(sign: char, body: &str) -> Vec<String> {
    let mut forms = fold(body);
    for form in &mut forms {
        form.insert(0, sign);
        clip(form, MAX_TERM_BYTES);
    }
    forms
}

/// The forms of all parts in one: all written out, then all bare.
fn join(parts: &[Token]) -> Vec<String> {
    if parts.len() < 2 {
        return Vec::new();
    }
    let concat = |pick: fn(&[String]) -> Option<&String>| {
        let mut whole: String = parts
            .iter()
            .filter_map(|part| pick(&part.terms))
            .map(String::as_str)
            .collect();
        clip(&mut whole, MAX_TERM_BYTES);
        whole
    };
    let mut forms = vec![concat(<[String]>::first), concat(<[String]>::last)];
    forms.dedup();
    forms.retain(|form| !form.is_empty());
    forms
}
