//! Text of XML, escaped once and never twice.

use crate::text::references::reference;

/// Writes text with everything escaped that must be, and nothing twice.
pub fn push_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| matches!(c, '&' | '<' | '>' | '"') || !is_xml(c)) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((length, meaning)) = reference(rest) {
            meaning.chars().for_each(|c| push_char(out, c));
            rest = &rest[length..];
            continue;
        }
        let mut chars = rest.chars();
        if let Some(c) = chars.next() {
            push_char(out, c);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

fn push_char(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        c if is_xml(c) => out.push(c),
        _ => {}
    }
}

/// Characters that XML 1.0 allows.
pub fn is_xml(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
