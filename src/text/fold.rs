//! Folded forms of a word.

use super::MAX_TERM_BYTES;
use super::chars::Char;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The folded forms of one word, in buffers that are used again: `long` writes umlauts out (`ae`),
/// `bare` leaves their dots off. Both are the same where the word has no umlaut.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    long: String,
    bare: String,
    /// Bytes of the sign.
    sign: usize,
}

impl Folded {
    /// Folds a composed word behind a sign (`#`, `@`) or none. Wildcards and inner punctuation stay.
    pub fn set(&mut self, sign: &str, word: &[Char]) {
        self.start(sign);
        if word.iter().all(|c| c.c.is_ascii()) {
            for c in word.iter().map(|c| c.c.to_ascii_lowercase()) {
                self.push_ascii(c);
            }
            clip(&mut self.long, MAX_TERM_BYTES);
            clip(&mut self.bare, MAX_TERM_BYTES);
            return;
        }
        for c in word.iter().map(|c| c.c).flat_map(char::to_lowercase).nfc() {
            match c {
                'ä' => self.push("ae", "a"),
                'ö' => self.push("oe", "o"),
                'ü' => self.push("ue", "u"),
                _ if c.is_ascii() => self.push_ascii(c),
                _ => {
                    push_plain(c, &mut self.long);
                    push_plain(c, &mut self.bare);
                }
            }
        }
        for form in [&mut self.long, &mut self.bare] {
            if !form.is_ascii() && !is_nfc(form) {
                *form = form.nfc().collect();
            }
            clip(form, MAX_TERM_BYTES);
        }
    }

    /// Folds a short word of ASCII letters, digits and letters of U+00C0 to U+00FF, given in UTF-8.
    pub fn set_latin(&mut self, sign: &str, word: &[u8]) {
        self.start(sign);
        let mut rest = word;
        loop {
            match rest {
                [] => return,
                [0xc3, second, after @ ..] => {
                    let (long, bare) = LATIN[usize::from(second & 0x3f)];
                    self.push(long, bare);
                    rest = after;
                }
                [byte, after @ ..] => {
                    self.push_ascii(char::from(byte.to_ascii_lowercase()));
                    rest = after;
                }
            }
        }
    }

    /// None, one or two forms, each with the sign and more.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        let second = (self.bare != self.long).then_some(self.bare.as_str());
        std::iter::once(self.long.as_str())
            .chain(second)
            .filter(|form| form.len() > self.sign)
    }

    fn start(&mut self, sign: &str) {
        self.sign = sign.len();
        self.long.clear();
        self.bare.clear();
        self.push(sign, sign);
    }

    fn push(&mut self, long: &str, bare: &str) {
        self.long.push_str(long);
        self.bare.push_str(bare);
    }

    fn push_ascii(&mut self, c: char) {
        self.long.push(c);
        self.bare.push(c);
    }
}

/// U+00C0 to U+00FF, folded; × and ÷ are no letters and not looked up.
const LATIN: [(&str, &str); 64] = {
    const fn same(form: &'static str) -> (&'static str, &'static str) {
        (form, form)
    }
    const HALF: [(&str, &str); 32] = [
        same("a"),
        same("a"),
        same("a"),
        same("a"),
        ("ae", "a"),
        same("a"),
        same("ae"),
        same("c"),
        same("e"),
        same("e"),
        same("e"),
        same("e"),
        same("i"),
        same("i"),
        same("i"),
        same("i"),
        same("d"),
        same("n"),
        same("o"),
        same("o"),
        same("o"),
        same("o"),
        ("oe", "o"),
        same(""),
        same("o"),
        same("u"),
        same("u"),
        same("u"),
        ("ue", "u"),
        same("y"),
        same("th"),
        same("ss"),
    ];
    let mut table = [same(""); 64];
    let mut at = 0;
    while at < 32 {
        table[at] = HALF[at];
        table[at + 32] = HALF[at];
        at += 1;
    }
    table[63] = same("y");
    table
};

/// Appends a lower-case character without its accents.
fn push_plain(c: char, out: &mut String) {
    let mapped = match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'þ' => "th",
        'ς' => "σ",
        _ => {
            let plain = std::iter::once(c).nfkd().filter(|&c| !is_accent(c));
            // Compatibility forms can bring capitals and blanks of their own.
            out.extend(
                plain
                    .flat_map(char::to_lowercase)
                    .filter(|c| !c.is_whitespace()),
            );
            return;
        }
    };
    out.push_str(mapped);
}

/// Marks that folding takes off: accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic.
/// Vowel signs of other scripts are letters and stay.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// The form in which hosts, names and codes are compared: composed, lower case, trimmed.
pub fn fold_keyword(value: &str) -> String {
    let mut folded = String::with_capacity(value.len());
    fold_into(value.trim().chars(), &mut folded);
    folded
}

/// Appends the same form of characters without blanks at their ends.
pub fn fold_into(value: impl Iterator<Item = char>, out: &mut String) {
    out.extend(value.nfc().flat_map(char::to_lowercase).nfc());
}

/// Cuts at a character boundary at or before `bytes`.
pub fn clip(text: &mut String, bytes: usize) {
    text.truncate(text.floor_char_boundary(bytes));
}

#[cfg(test)]
mod tests {
    use super::super::chars::composed;
    use super::*;

    #[test]
    fn the_latin_table_folds_like_everything_else() {
        for c in ('\u{c0}'..='\u{ff}').filter(|c| c.is_alphabetic()) {
            let word = format!("x{c}");
            let (mut folded, mut latin) = (Folded::default(), Folded::default());
            let mut chars = Vec::new();
            composed(&word, 0, &mut String::new(), &mut chars);
            folded.set("#", &chars);
            latin.set_latin("#", word.as_bytes());
            assert!(folded.forms().eq(latin.forms()), "{word}");
        }
    }
}
