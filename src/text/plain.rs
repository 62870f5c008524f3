//! The fast way through a text: words of ASCII and Latin-1 letters between blanks and punctuation,
//! plain `#tags` and `@names`. Everything else goes to the [scanner](super::words), piece by piece.
//!
//! A piece ends at a blank, which no word and no character spans, and starts where the scanner would
//! be just the same: behind a blank or punctuation.

use super::tokens::Tokens;
use super::words::What;
use crate::privacy::MASK;
use std::ops::Range;

/// What a byte is to the fast way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    /// First byte of a letter of U+00C0 to U+00FF.
    Latin,
    Blank,
    /// Means nothing between words.
    Separator,
    /// Holds the parts of a word together.
    Joiner,
    /// `$` and `%`: words of their own.
    Sign,
    Hash,
    At,
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Separator; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            0xc3 => Class::Latin,
            b' ' | 9..=13 => Class::Blank,
            b'-' | b'\'' | b'_' | b':' | b'*' => Class::Joiner,
            b'$' | b'%' => Class::Sign,
            b'#' => Class::Hash,
            b'@' => Class::At,
            0x80.. => Class::Other,
            _ => Class::Separator,
        };
        byte += 1;
    }
    classes
};

/// Longest word that is read here; the scanner cuts longer ones.
const MAX_BYTES: usize = 120;

/// A run of letters and digits.
struct Run {
    end: usize,
    is_ascii: bool,
    is_number: bool,
}

impl Tokens {
    pub(super) fn read_plain(&mut self, text: &str) {
        let mut marks = std::mem::take(&mut self.room.marks);
        marks.read(self.lower(text.len()));
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some((next, is_ascii)) = marks.next(at)
            && !self.is_full()
        {
            let end = if is_ascii { marks.end(next) } else { next };
            at = match stands_alone(bytes, next..end) {
                true => {
                    self.push_ascii(next..end, What::Word);
                    end
                }
                false => self.plain(text, next),
            };
        }
        self.room.marks = marks;
    }

    /// Reads on from a byte that is more than punctuation; where it came to.
    fn plain(&mut self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes();
        match class(bytes, at) {
            Class::Blank | Class::Separator | Class::Joiner => at + 1,
            Class::Letter | Class::Digit | Class::Latin => self.plain_word(text, at),
            Class::Hash => self.plain_tag(text, at),
            Class::At => self.plain_handle(text, at),
            Class::Sign if class(bytes, at + 1) == Class::Other => self.strange(text, at),
            Class::Sign => {
                self.push_ascii(at..at + 1, What::Word);
                at + 1
            }
            Class::Other if is_quote(bytes, at) => at + 3,
            Class::Other => self.strange(text, at),
        }
    }

    fn plain_word(&mut self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes();
        let run = run(bytes, at);
        if run.end == at {
            // × and ÷.
            return match class(bytes, at + 2) {
                Class::Other => self.strange(text, at),
                _ => at + 2,
            };
        }
        let next = bytes.get(run.end).copied().unwrap_or(b' ');
        let goes_on = match class(bytes, run.end) {
            Class::Blank | Class::Hash | Class::Sign => false,
            Class::Separator => {
                let joins = run.is_number && matches!(next, b'.' | b'/' | b',');
                let is_host = next == b'.'
                    && run.end - at == 3
                    && bytes[at..run.end].eq_ignore_ascii_case(b"www");
                is_host
                    || (joins && matches!(class(bytes, run.end + 1), Class::Digit | Class::Other))
            }
            Class::Joiner => {
                let is_scheme = next == b':' && bytes.get(run.end + 1) == Some(&b'/');
                let follows = class(bytes, run.end + 1);
                is_scheme
                    || matches!(
                        follows,
                        Class::Letter | Class::Digit | Class::Latin | Class::Other
                    )
            }
            Class::Other => !is_quote(bytes, run.end) && !is_pictograph(bytes, run.end),
            _ => true,
        };
        self.finish(text, at, run, What::Word, goes_on)
    }

    fn plain_tag(&mut self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes();
        let run = run(bytes, at + 1);
        let goes_on = match class(bytes, run.end) {
            Class::Blank | Class::Separator | Class::Hash | Class::Sign => false,
            Class::Joiner => bytes.get(run.end) == Some(&b'_'),
            Class::Other => !is_quote(bytes, run.end) && !is_pictograph(bytes, run.end),
            _ => true,
        };
        if run.end == at + 1 {
            return self.bare_sign(text, at);
        }
        self.finish(text, at, run, What::Tag, goes_on)
    }

    fn plain_handle(&mut self, text: &str, at: usize) -> usize {
        if text.as_bytes()[at..].starts_with(MASK.as_bytes()) {
            let end = at + MASK.len();
            if class(text.as_bytes(), end) == Class::Other {
                return self.strange(text, at);
            }
            self.push_mask(at..end);
            return end;
        }
        let bytes = text.as_bytes();
        let run = run(bytes, at + 1);
        let is_inside = at > 0
            && !matches!(
                class(bytes, at - 1),
                Class::Blank
                    | Class::Separator
                    | Class::Joiner
                    | Class::Hash
                    | Class::Sign
                    | Class::At
            );
        let follows = class(bytes, run.end + 1);
        let ends = matches!(
            follows,
            Class::Blank | Class::Separator | Class::Hash | Class::Sign
        ) && bytes.get(run.end + 1) != Some(&b'.');
        let goes_on = match class(bytes, run.end) {
            Class::Blank | Class::Hash | Class::Sign => false,
            Class::Separator => bytes.get(run.end) == Some(&b'.') && !ends,
            Class::Joiner => match bytes.get(run.end) {
                Some(b'-') => !ends,
                next => next == Some(&b'_'),
            },
            Class::Other => !is_quote(bytes, run.end) && !is_pictograph(bytes, run.end),
            _ => true,
        };
        if run.end == at + 1 {
            return self.bare_sign(text, at);
        }
        self.finish(
            text,
            at,
            run,
            What::Handle { name_end: 0 },
            goes_on || is_inside,
        )
    }

    /// A sign without a name; marks and letters beyond Latin-1 may follow.
    fn bare_sign(&mut self, text: &str, at: usize) -> usize {
        match class(text.as_bytes(), at + 1) {
            Class::Other => self.strange(text, at),
            _ => at + 1,
        }
    }

    /// Adds what was read, or leaves the piece from here on to the scanner.
    fn finish(&mut self, text: &str, at: usize, run: Run, what: What, goes_on: bool) -> usize {
        if goes_on || run.end - at > MAX_BYTES {
            return self.strange(text, at);
        }
        match run.is_ascii {
            true => self.push_ascii(at..run.end, what),
            false => self.push_latin(text, at..run.end, what),
        }
        run.end
    }

    /// Leaves the piece from here to the next blank to the scanner.
    fn strange(&mut self, text: &str, at: usize) -> usize {
        let bytes = text.as_bytes();
        // Marks may change what stands before them.
        let with_last = at > 0
            && class(bytes, at) == Class::Other
            && matches!(
                class(bytes, at - 1),
                Class::Blank | Class::Separator | Class::Joiner
            );
        let from = if with_last { at - 1 } else { at };
        let rest = bytes[at..].iter();
        let length = rest.take_while(|byte| CLASSES[usize::from(**byte)] != Class::Blank);
        let end = at + length.count();
        self.read_any(text, from..end, false);
        end
    }
}

/// True for a word of ASCII letters and digits that ends where a blank or punctuation follows.
#[inline]
fn stands_alone(bytes: &[u8], word: Range<usize>) -> bool {
    let goes_on = match class(bytes, word.end) {
        Class::Blank => false,
        // Numbers go on over these, and `www.` starts an address.
        Class::Separator => match bytes.get(word.end) {
            Some(b'.') => word.len() == 3 || class(bytes, word.start) == Class::Digit,
            Some(b',' | b'/') => class(bytes, word.start) == Class::Digit,
            _ => false,
        },
        _ => true,
    };
    !goes_on && !word.is_empty() && word.len() <= MAX_BYTES
}

#[inline]
fn class(bytes: &[u8], at: usize) -> Class {
    bytes
        .get(at)
        .map_or(Class::Blank, |byte| CLASSES[usize::from(*byte)])
}

fn run(bytes: &[u8], from: usize) -> Run {
    let mut run = Run {
        end: from,
        is_ascii: true,
        is_number: true,
    };
    loop {
        match class(bytes, run.end) {
            Class::Letter => run.is_number = false,
            Class::Digit => {}
            // × and ÷ are no letters.
            Class::Latin if !matches!(bytes.get(run.end + 1), Some(0x97 | 0xb7)) => {
                run.is_number = false;
                run.is_ascii = false;
                run.end += 1;
            }
            _ => return run,
        }
        run.end += 1;
    }
}

/// „ “ ” – — …
fn is_quote(bytes: &[u8], at: usize) -> bool {
    matches!(
        bytes.get(at..at + 3),
        Some([0xe2, 0x80, 0x93 | 0x94 | 0x9c | 0x9d | 0x9e | 0xa6])
    )
}

/// U+1F300 to U+1F9FF.
fn is_pictograph(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at..at + 3), Some([0xf0, 0x9f, 0x8c..=0xa7]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Seen = (u32, u32, Vec<String>, String, super::super::Counts);

    fn seen(tokens: &Tokens, text: &str) -> Vec<Seen> {
        let words = tokens.iter(text).map(|word| {
            let forms = word.forms().map(str::to_owned).collect();
            (
                word.start(),
                word.end(),
                forms,
                word.exact().to_owned(),
                word.counts(),
            )
        });
        words.collect()
    }

    /// The fast way and the scanner alone see the same, also with buffers that were used before.
    fn check(text: &str) {
        let (mut fast, mut slow) = (Tokens::default(), Tokens::default());
        fast.read("Früher: #etwas @anderes, E-Mail 👍🏽");
        fast.read(text);
        slow.read_slowly(text);
        assert_eq!(seen(&fast, text), seen(&slow, text), "{text:?}");
        for number in 0..fast.len() {
            for form in fast.forms_at(number) {
                let (written, hash) = fast.form(form);
                let (first, last, length) = fast.ends(form);
                assert_eq!(hash, super::super::hash(written));
                assert_eq!(length, written.len());
                let short = written.len().min(8);
                let low = first.to_le_bytes();
                assert_eq!(&low[..short], &written.as_bytes()[..short]);
                let high = last.to_le_bytes();
                assert_eq!(&high[8 - short..], &written.as_bytes()[length - short..]);
            }
        }
    }

    #[test]
    fn known_traps() {
        for text in [
            "http://x.de https: http:// www.x www. WWW.a,www.b =www.c =\u{338}www.d",
            "@a @a. @a.b @a- @a_b @a@b a@b @[Konto] x@[Konto] @[Konto]x #@a #a#b #a_b #a-b #",
            "1.800 12, 12,5 9/11 9/x 14-88 12:30 12: 3-jährig 5% $5 a$b",
            "E-Mail wendy's Minister:in Bürger*innen a-- a-\u{ad}b so\u{ad}ft a\u{300} =\u{338}a",
            "„Köln“ – Straße… a“b \u{201c}\u{301}www.x.de ×a a×b ÷ 👍a a👍🏽b 🄰 a🄱 🇩🇪",
        ] {
            check(text);
        }
        check(&"ä".repeat(300));
        check(&"a ".repeat(super::super::MAX_TOKENS + 5));
        check(&"a-b ".repeat(super::super::MAX_TOKENS));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn of_pieces(text in proptest::collection::vec(proptest::sample::select(vec![
            "a", "B", "ä", "É", "ß", "×", "7", "12", " ", " ", "\n", "\u{a0}", ".", ",", "/", ":", "-", "'",
            "’", "_", "*", "#", "@", "$", "%", "=", "<", "(", ")", "\"", "„", "“", "…", "·", "http://",
            "www.", "www", "https", "x.de", "@[Konto]", "👍", "🏽", "🇩", "\u{200d}", "\u{ad}", "\u{301}",
            "\u{338}", "🄰", "é", "ł", "＃", "＠", "東", "\u{0}", "\u{fe0f}", "Wort", "ſ", "€", "§", "k",
        ]), 0..14).prop_map(|pieces| pieces.concat())) {
            check(&text);
        }

        #[test]
        fn of_anything(text in any::<String>()) {
            check(&text);
        }
    }
}
