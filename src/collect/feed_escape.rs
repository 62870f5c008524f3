//! Text of XML, escaped once and never twice.

/// Longest name of an entity or digits of a character reference.
const MAX_REFERENCE_BYTES: usize = 32;

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

/// The reference that a text begins with: its bytes, and what it stands for.
fn reference(text: &str) -> Option<(usize, String)> {
    let body = text.strip_prefix('&')?;
    let end = body
        .bytes()
        .take(MAX_REFERENCE_BYTES)
        .position(|b| b == b';')?;
    let name = &body[..end];
    let meaning = match name.strip_prefix('#') {
        Some(digits) => {
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            let c = char::from_u32(code.ok()?)
                .filter(|c| is_xml(*c))
                .unwrap_or('\u{fffd}');
            c.to_string()
        }
        None => {
            let written = &text[..end + 2];
            let decoded = html_escape::decode_html_entities(written);
            (decoded != written).then(|| decoded.into_owned())?
        }
    };
    Some((end + 2, meaning))
}

/// Characters that XML 1.0 allows.
pub fn is_xml(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
