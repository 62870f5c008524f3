//! Characters: one Unicode form, nothing that is not seen, white space folded.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// NFC, without control, invisible and direction characters, white space folded: runs of blanks to
/// one, runs of empty lines to one break, none at the ends. Cleaning twice changes nothing more.
pub fn clean(text: &str) -> String {
    match text.chars().all(is_settled) {
        true => fold_blanks(text.chars(), text.len()),
        false => fold_blanks(seen(text).nfc(), text.len()),
    }
}

/// True for what is seen as it is, has one form, and changes nothing around it: nearly all texts
/// consist of nothing else.
fn is_settled(c: char) -> bool {
    match c {
        '\u{ad}' => false,
        '\u{0}'..'\u{300}' => !c.is_control() || c.is_whitespace(),
        // Dashes, quotes and the ellipsis; the euro; pictographs.
        '\u{2010}'..='\u{2027}' | '€' | '\u{1f300}'..='\u{1f9ff}' => true,
        _ => false,
    }
}

fn fold_blanks(chars: impl Iterator<Item = char>, bytes: usize) -> String {
    let mut out = String::with_capacity(bytes);
    let mut gap = None;
    for c in chars {
        if c.is_whitespace() {
            let is_line = matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
            gap = Some(if is_line || gap == Some('\n') {
                '\n'
            } else {
                ' '
            });
            continue;
        }
        if let Some(gap) = gap.take().filter(|_| !out.is_empty()) {
            out.push(gap);
        }
        out.push(c);
    }
    out
}

/// What is seen of a text. Joiners and variation selectors make emoji and stay there; inside words
/// they only hide what is written: `@an` and `na` with one between them is one handle.
fn seen(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_word = false;
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        if is_glue(c) && in_word {
            continue;
        }
        in_word = !is_glue(c) && is_word(c);
        out.push(c);
    }
    out
}

/// Soft hyphen, zero width, bidi controls, fillers, tags, BOM, and controls that are no white space.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || (c.is_control() && !c.is_whitespace())
}

fn is_glue(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || is_combining_mark(c)
        || matches!(c, '@' | '＠' | '_' | '.' | '-' | '/' | ':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(clean(text), expected, "of {text:?}");
    }

    #[test]
    fn one_form_and_nothing_hidden() {
        check("o\u{308}l", "öl");
        check("o\u{200b}\u{308}l", "öl");
        check("a\u{202e}b\u{2066}c\u{feff}d\u{ad}e\0f\u{9f}", "abcdef");
        check("  eins \t zwei\u{a0}\r\n\n \n drei \n", "eins zwei\ndrei");
        check("@an\u{200d}na @an\u{fe0f}na x\u{200d}", "@anna @anna x");
        check(
            "❤\u{fe0f}\u{200d}🔥 👩\u{200d}👧",
            "❤\u{fe0f}\u{200d}🔥 👩\u{200d}👧",
        );
        check("", "");
    }

    #[test]
    fn a_settled_text_comes_out_as_any_other() {
        for c in (0..=0x10_ffff)
            .filter_map(char::from_u32)
            .filter(|c| is_settled(*c))
        {
            for text in [format!("a{c}"), format!("{c}a"), format!("@{c}{c} b")] {
                let slowly = fold_blanks(seen(&text).nfc(), text.len());
                assert_eq!(clean(&text), slowly, "{c:?} U+{:04X}", c as u32);
            }
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in "[a-zäß@./ \n\u{301}\u{308}\u{200d}\u{fe0f}\u{202e}❤🔥가-각각Ω]{0,40}|\\PC{0,40}") {
            let once = clean(&text);
            prop_assert_eq!(clean(&once), once);
        }
    }
}
