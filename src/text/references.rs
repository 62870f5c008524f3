//! Character references of HTML: `&auml;`, `&#228;`, `&#xe4;`, and what browsers make of wrong ones.
//! <https://html.spec.whatwg.org/multipage/parsing.html#numeric-character-reference-end-state>

use encoding_rs::WINDOWS_1252;
use std::borrow::Cow;

/// Longest name of a character or digits of its number.
const MAX_REFERENCE_BYTES: usize = 32;

/// Writes every reference of a text as its character, once. What is no reference stays. Linear.
pub fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else {
        return Cow::Borrowed(text);
    };
    let mut out = text[..first].to_owned();
    let mut rest = &text[first..];
    while !rest.is_empty() {
        let (length, meaning) = reference(rest).unwrap_or((1, "&".into()));
        out.push_str(&meaning);
        rest = &rest[length..];
        let next = rest.find('&').unwrap_or(rest.len());
        out.push_str(&rest[..next]);
        rest = &rest[next..];
    }
    Cow::Owned(out)
}

/// The reference that a text begins with: its bytes, and what it stands for.
pub fn reference(text: &str) -> Option<(usize, Cow<'_, str>)> {
    let body = text.strip_prefix('&')?;
    let end = body
        .bytes()
        .take(MAX_REFERENCE_BYTES)
        .position(|b| b == b';')?;
    let length = end + 2;
    if let Some(digits) = body[..end].strip_prefix('#') {
        return Some((length, numbered(digits)?.to_string().into()));
    }
    let written = &text[..length];
    let decoded = html_escape::decode_html_entities(written);
    (decoded != written).then_some((length, decoded))
}

/// The character of a number. The numbers 128 to 159 are controls that nobody means; they stand for
/// what Windows has in their place. Numbers of no character are U+FFFD.
fn numbered(digits: &str) -> Option<char> {
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let code = code.ok()?;
    match u8::try_from(code) {
        Ok(0) => Some('\u{fffd}'),
        Ok(byte @ 0x80..=0x9f) => WINDOWS_1252
            .decode_without_bom_handling(&[byte])
            .0
            .chars()
            .next(),
        _ => Some(char::from_u32(code).unwrap_or('\u{fffd}')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(decode(text), expected, "of {text}");
    }

    #[test]
    fn references_become_characters_once() {
        check("M&uuml;ller &amp; S&#246;hne &#xE4;", "Müller & Söhne ä");
        check("&amp;lt;b&amp;gt;", "&lt;b&gt;");
        check(
            "R&D & &nix; &; &#; &#x; &uuml",
            "R&D & &nix; &; &#; &#x; &uuml",
        );
        check("&&amp;&", "&&&");
        check("ohne", "ohne");
    }

    #[test]
    fn numbers_mean_what_browsers_take_them_for() {
        check("&#150;&#x93;&#132;&#128;&#x9F;", "–“„€Ÿ");
        check("&#129;", "\u{81}");
        check("&#0;&#xD800;&#x110000;", "\u{fffd}\u{fffd}\u{fffd}");
        check("&#99999999999;", "&#99999999999;");
    }

    #[test]
    fn many_ampersands_take_linear_time() {
        let text = "&a".repeat(500_000);
        assert_eq!(decode(&text), text);
    }
}
