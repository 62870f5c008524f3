//! Folded forms of a word.

use super::MAX_TERM_BYTES;
use unicode_normalization::UnicodeNormalization;

/// The folded forms of a composed word: one, or two where it has an umlaut (all `ae`, then all
/// bare). Empty where nothing is left. Wildcards and inner punctuation stay.
pub fn fold(word: &str) -> Vec<String> {
    if word.is_ascii() {
        let mut form = word.to_ascii_lowercase();
        clip(&mut form, MAX_TERM_BYTES);
        return vec![form];
    }
    let lower = word.chars().flat_map(char::to_lowercase);
    let mut long = String::with_capacity(word.len() + 4);
    let mut bare = String::with_capacity(word.len() + 4);
    for c in lower.nfc() {
        let (written_out, plain) = match c {
            'ä' => ("ae", "a"),
            'ö' => ("oe", "o"),
            'ü' => ("ue", "u"),
            _ => {
                push_plain(c, &mut long);
                push_plain(c, &mut bare);
                continue;
            }
        };
        long.push_str(written_out);
        bare.push_str(plain);
    }
    let mut forms = vec![long.nfc().collect::<String>(), bare.nfc().collect()];
    for form in &mut forms {
        clip(form, MAX_TERM_BYTES);
    }
    forms.dedup();
    forms.retain(|form| !form.is_empty());
    forms
}

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
        _ if c.is_ascii() => {
            out.push(c);
            return;
        }
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
    value
        .trim()
        .nfc()
        .flat_map(char::to_lowercase)
        .nfc()
        .collect()
}

/// Cuts at a character boundary at or before `bytes`.
pub fn clip(text: &mut String, bytes: usize) {
    text.truncate(text.floor_char_boundary(bytes));
}
