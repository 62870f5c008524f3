//! Finds the words of a text in its composed characters.

use super::SCHEMES;
use super::chars::{
    Char, JOINER, is_emoji, is_flag_letter, is_flag_tag, is_mark, is_skin_tone, is_symbol, is_word,
};
use crate::privacy::MASK;

/// Parts of one compound; a ninth starts a new one.
pub const MAX_PARTS: usize = 8;

/// A word where it stands, in characters from and to.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub from: usize,
    pub to: usize,
    pub what: What,
    parts: [(usize, usize); MAX_PARTS],
    count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Word,
    /// `#tag`; the body follows the sign.
    Tag,
    /// `@name` or `@name@host`; where the name ends.
    Handle {
        name_end: usize,
    },
    Address,
    /// A symbol or an emoji.
    Sign,
    /// A private account.
    Mask,
}

impl Found {
    /// Its letters and digits between hyphens and the like; one or more.
    pub fn parts(&self) -> &[(usize, usize)] {
        &self.parts[..self.count]
    }

    fn add(&mut self, from: usize, to: usize) {
        if let Some(part) = self.parts.get_mut(self.count) {
            *part = (from, to);
            self.count += 1;
        }
    }
}

/// Goes over the characters. With `wild`, `*` and `?` are letters: the text is a query's.
pub struct Scanner<'a> {
    pub chars: &'a [Char],
    pub at: usize,
    pub wild: bool,
    /// Before this, nothing is an address: only what an address may start with.
    pub no_url_before: usize,
}

impl Scanner<'_> {
    /// The next word; `None` at the end.
    pub fn next_word(&mut self) -> Option<Found> {
        while let Some(c) = self.get(self.at) {
            let found = match c {
                '@' | '＠' if self.mask_at(self.at) => {
                    self.single(self.at + MASK.len(), What::Mask)
                }
                '#' | '＃' if self.is_start(self.at + 1) => self.tag(),
                '@' | '＠' if self.is_start(self.at + 1) && !self.is_inside(self.at) => {
                    self.handle()
                }
                'h' | 'H' | 'w' | 'W' => self.url().unwrap_or_else(|| self.word()),
                _ if self.is_start(self.at) => self.word(),
                _ if is_emoji(c) => self.emoji(),
                _ if is_symbol(c) => self.single(self.at + 1, What::Sign),
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

    /// A word of one part, up to `end`.
    fn single(&mut self, end: usize, what: What) -> Found {
        let mut found = self.found(end, what);
        found.add(self.at, end);
        self.at = end;
        found
    }

    fn found(&self, to: usize, what: What) -> Found {
        Found {
            from: self.at,
            to,
            what,
            parts: [(0, 0); MAX_PARTS],
            count: 0,
        }
    }

    fn word(&mut self) -> Found {
        let mut found = self.found(self.at, What::Word);
        loop {
            let end = self.part_end(self.at);
            found.add(self.at, end);
            self.at = end;
            if found.count == MAX_PARTS || !self.joins(end) {
                break;
            }
            self.at += 1;
        }
        found.to = self.at;
        found
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
    fn tag(&mut self) -> Found {
        let body = self.at + 1;
        let mut end = body;
        while self.is_inner(end) || self.get(end) == Some('_') {
            end += 1;
        }
        self.named(end, end, What::Tag)
    }

    /// `@name` or `@name@host`.
    fn handle(&mut self) -> Found {
        let body = self.at + 1;
        let name_end = self.handle_end(body, true);
        let host = name_end + 1;
        let has_host = self.get(name_end) == Some('@') && self.is_start(host);
        let end = if has_host {
            self.handle_end(host, false)
        } else {
            name_end
        };
        self.named(name_end, end, What::Handle { name_end })
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

    /// A tag or handle up to `end`, whose words lie behind its sign and before `words_end`; of more
    /// than [`MAX_PARTS`] words the last are found in the whole only.
    fn named(&mut self, words_end: usize, end: usize, what: What) -> Found {
        let mut found = self.found(end, what);
        let mut at = self.at + 1;
        while at < words_end && found.count < MAX_PARTS {
            let mut part_end = at;
            while part_end < words_end && self.is_inner(part_end) {
                part_end += 1;
            }
            if part_end > at {
                found.add(at, part_end);
            }
            at = part_end.max(at + 1);
        }
        self.at = end;
        found
    }

    /// An address with a scheme or `www.`, at the start of a word.
    fn url(&mut self) -> Option<Found> {
        if self.at < self.no_url_before || self.is_inside(self.at) {
            return None;
        }
        let prefix = self.scheme(self.at)?;
        let body = self.at + prefix;
        let mut end = body;
        while self.get(end).is_some_and(is_url_char) {
            end += 1;
        }
        let open = self.chars[body..end].iter().any(|c| c.c == '(');
        let closes = |c: char| !(is_word(c) || is_mark(c) || self.is_wild(c) || (open && c == ')'));
        while end > body && self.get(end - 1).is_some_and(closes) {
            end -= 1;
        }
        let mut rest = self.at;
        while let Some(prefix) = self.scheme(rest) {
            rest += prefix;
        }
        if (rest..end).all(|at| self.get(at) == Some('/')) {
            self.no_url_before = end;
            return None;
        }
        Some(self.single(end, What::Address))
    }

    /// Length of what an address may start with.
    fn scheme(&self, at: usize) -> Option<usize> {
        let starts_with = |prefix: &&str| {
            let seen = self.chars[at..].iter().map(|c| c.c.to_ascii_lowercase());
            seen.take(prefix.len()).eq(prefix.chars())
        };
        SCHEMES.into_iter().find(starts_with).map(str::len)
    }

    /// One pictograph with its tone, a pair of flag letters, or a sequence held by joiners.
    fn emoji(&mut self) -> Found {
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
        self.single(end, What::Sign)
    }
}

fn letter_before(scanner: &Scanner<'_>, at: usize) -> bool {
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
