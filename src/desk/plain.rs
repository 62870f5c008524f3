//! Foreign text on its way into a mail: made harmless, short, and wrapped. Pure.

use unicode_normalization::UnicodeNormalization;

/// Stands for an address inside a foreign text: a mail program would make it clickable.
const LINK: &str = "[Link]";

/// One line of plain text: controls and line ends become spaces, invisible and direction-changing
/// characters go, spaces collapse, and at most `max` characters are left, cut at a word.
pub fn clean(text: &str, max: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    let mut gap = false;
    // A bounded look: nothing after four times the limit could still be shown in practice.
    for c in text.chars().take(max.saturating_mul(4)).nfc() {
        if is_invisible(c) {
            continue;
        }
        if c.is_control() || c.is_whitespace() {
            gap = !out.is_empty();
            continue;
        }
        if gap {
            out.push(' ');
            length += 1;
            gap = false;
        }
        out.push(c);
        length += 1;
        if length > max {
            return cut(&out, max);
        }
    }
    out
}

/// An excerpt of a foreign title and text, without clickable addresses.
pub fn excerpt(title: &str, text: &str, max: usize) -> String {
    let title = clean(title, max);
    let text = clean(text, max);
    let whole = match (title.is_empty(), text.is_empty()) {
        (false, false) => format!("{title} – {text}"),
        _ => format!("{title}{text}"),
    };
    let words: Vec<&str> = whole.split(' ').map(without_link).collect();
    clean(&words.join(" "), max)
}

fn without_link(word: &str) -> &str {
    let bare = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let lower = bare.get(..4).unwrap_or_default();
    if word.contains("://") || lower.eq_ignore_ascii_case("www.") {
        LINK
    } else {
        word
    }
}

/// Zero-width and bidirectional controls, and other characters that change how the rest reads.
/// The zero-width joiner stays: emoji need it, and alone it hides nothing.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}')
}

/// Cuts to `max` characters with an ellipsis, at a space where there is one not too far back.
fn cut(text: &str, max: usize) -> String {
    let kept: String = text.chars().take(max.saturating_sub(2)).collect();
    let at_word = match kept.rfind(' ') {
        Some(space) if space > kept.len() / 2 => &kept[..space],
        _ => &kept,
    };
    format!("{} …", at_word.trim_end())
}

/// Wraps one paragraph to `width` characters; `first` and `rest` start its lines. Words that are
/// longer than a line are broken.
pub fn wrap(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut out = first.to_owned();
    let mut column = first.chars().count();
    let mut fresh = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if !fresh && column + 1 + length > width {
            out.push('\n');
            out.push_str(rest);
            column = rest.chars().count();
            fresh = true;
        }
        if !fresh {
            out.push(' ');
            column += 1;
        }
        for c in word.chars() {
            if column >= width {
                out.push('\n');
                out.push_str(rest);
                column = rest.chars().count();
            }
            out.push(c);
            column += 1;
        }
        fresh = false;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, max: usize, expected: &str) {
        assert_eq!(clean(text, max), expected);
    }

    #[test]
    fn foreign_text_becomes_one_harmless_line() {
        check("  a\r\n\tb\u{0}c\u{85}d  ", 99, "a b c d");
        check("abc\u{202E}fdp.exe\u{2066}x\u{200F}", 99, "abcfdp.exex");
        check("Ko\u{308}ln", 99, "Köln");
        check("\u{E0041}\u{FEFF}", 99, "");
        check("eins zwei drei", 12, "eins zwei …");
        check("eins zwei drei", 14, "eins zwei drei");
        check(&"x".repeat(999), 10, "xxxxxxxx …");
    }

    #[test]
    fn no_limit_is_exceeded() {
        for max in 3..40 {
            let text = "Straße 🙂 wort ".repeat(9);
            assert!(clean(&text, max).chars().count() <= max);
            assert!(excerpt(&text, &text, max).chars().count() <= max);
        }
    }

    #[test]
    fn addresses_are_not_clickable() {
        let text = "lies https://evil.example/x und (www.evil.example) und HTTP://X.Y!";
        assert_eq!(excerpt("", text, 280), "lies [Link] und [Link] und [Link]");
    }

    #[test]
    fn titles_and_texts_are_joined() {
        assert_eq!(excerpt("Titel", "Text", 280), "Titel – Text");
        assert_eq!(excerpt("Titel", "", 280), "Titel");
        assert_eq!(excerpt("", "Text", 280), "Text");
    }

    #[test]
    fn paragraphs_are_wrapped_and_long_words_broken() {
        assert_eq!(
            wrap("eins zwei drei", 9, "1. ", "   "),
            "1. eins\n   zwei\n   drei\n"
        );
        assert_eq!(
            wrap(&"x".repeat(10), 6, "> ", "> "),
            "> xxxx\n> xxxx\n> xx\n"
        );
        assert_eq!(wrap("", 6, "", ""), "\n");
    }
}
