//! Characters of a text in composed form (NFC) with their byte ranges in the text as given, and
//! the classes that the splitting into words needs.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Zero-width joiner: glues emoji together, means nothing inside words.
pub const JOINER: char = '\u{200d}';

/// One composed character and the bytes it came from.
#[derive(Debug, Clone, Copy)]
pub struct Char {
    pub c: char,
    pub start: u32,
    pub end: u32,
}

/// Appends a text as composed characters, without those that nobody sees. The text stands at the
/// byte `offset` of what the ranges are about.
///
/// A character and the marks that follow it are composed together, so that both Unicode forms of a
/// text give the same characters. Reads at most `u32::MAX` bytes.
/// `cluster` is room to work in.
pub fn composed(text: &str, offset: usize, cluster: &mut String, out: &mut Vec<Char>) {
    if text.is_ascii() && offset + text.len() <= u32::MAX as usize {
        let bytes = text.bytes().zip((offset as u32)..);
        out.extend(bytes.map(|(byte, start)| Char {
            c: char::from(byte),
            start,
            end: start + 1,
        }));
        return;
    }
    cluster.clear();
    let mut cluster = Cluster {
        written: cluster,
        start: 0,
        end: 0,
    };
    for (at, c) in text.char_indices() {
        let at = offset + at;
        let end = at + c.len_utf8();
        let (Ok(start), Ok(end)) = (u32::try_from(at), u32::try_from(end)) else {
            break;
        };
        if is_unseen(c) || (c == JOINER && !cluster.written.ends_with(is_emoji_piece)) {
            continue;
        }
        if !continues(c, cluster.written.chars().next_back()) {
            cluster.flush(out);
            cluster.start = start;
        }
        cluster.written.push(c);
        cluster.end = end;
    }
    cluster.flush(out);
}

/// A character with its marks, while it is read.
struct Cluster<'a> {
    written: &'a mut String,
    start: u32,
    end: u32,
}

impl Cluster<'_> {
    fn flush(&mut self, out: &mut Vec<Char>) {
        let (start, end) = (self.start, self.end);
        let mut chars = self.written.chars();
        match (chars.next(), chars.next()) {
            (None, _) => {}
            // Nothing before the first mark changes by composing.
            (Some(c), None) if c < '\u{300}' => out.push(Char { c, start, end }),
            _ => out.extend(self.written.nfc().map(|c| Char { c, start, end })),
        }
        self.written.clear();
    }
}

/// True where a character may compose with the one before it: marks, and the vowels and final
/// consonants of decomposed Korean behind Korean. Behind anything else these are letters of their
/// own, and must not share its place.
fn continues(c: char, before: Option<char>) -> bool {
    let Some(before) = before.filter(|_| c >= '\u{300}') else {
        return false;
    };
    let is_korean = |c| matches!(c, '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}');
    is_combining_mark(c) || (('\u{1160}'..='\u{11ff}').contains(&c) && is_korean(before))
}

/// Soft hyphen, zero-width characters except the joiner, bidi controls, variation selectors.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200c}'
        | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0100}'..='\u{e01ef}')
}

/// Letters, digits and marks of words.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_emoji(c) && !is_combining_mark(c)
}

pub fn is_mark(c: char) -> bool {
    c >= '\u{300}' && is_combining_mark(c)
}

/// Characters that are a word of their own.
pub fn is_symbol(c: char) -> bool {
    matches!(c, '§' | '%' | '€' | '$' | '£')
}

/// Pictographs and flags; skin tones count as emoji when they stand alone.
pub fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23fa}' | '\u{2600}'..='\u{27bf}'
        | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1f0ff}' | '\u{1f1e6}'..='\u{1f1ff}'
        | '\u{1f300}'..='\u{1faff}')
}

pub fn is_flag_letter(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

pub fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1f3fb}'..='\u{1f3ff}')
}

/// Invisible letters that spell a sub-national flag.
pub fn is_flag_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

fn is_emoji_piece(c: char) -> bool {
    is_emoji(c) || is_flag_tag(c)
}
