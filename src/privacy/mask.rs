//! Public voices by allow-list, and the masking of everybody else's handle in a text.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What stands in place of a private account's handle.
pub const MASK: &str = "@[Konto]";

/// One entry of the allow-list: media, an organisation or an office holder in office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// Shown to editors.
    pub name: String,
    /// Handles without the leading `@`, on any platform, and account ids.
    pub handles: Vec<String>,
    /// Why this is a public voice.
    pub reason: String,
    /// Function that approved the entry.
    pub approver: String,
    /// Last day of validity, `YYYY-MM-DD`.
    pub expires: jiff::civil::Date,
    /// Our own: what it says is an official statement, that reports are compared with.
    #[serde(default)]
    pub official: bool,
}

/// The allow-list. Empty by default: everyone is private.
#[derive(Debug, Clone, Default)]
pub struct Voices {
    by_handle: HashMap<String, Voice>,
}

impl Voices {
    /// Takes the entries that are valid on `today`.
    pub fn new(voices: &[Voice], today: jiff::civil::Date) -> Self {
        let mut by_handle = HashMap::new();
        for voice in voices.iter().filter(|voice| voice.expires >= today) {
            for handle in &voice.handles {
                by_handle.insert(fold(handle), voice.clone());
            }
        }
        Self { by_handle }
    }

    /// Names and handles of all voices, some more than once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let voices = self.by_handle.values();
        voices.flat_map(|voice| {
            std::iter::once(voice.name.as_str()).chain(voice.handles.iter().map(String::as_str))
        })
    }

    /// The voice behind a handle or account id, with or without `@`, in any case.
    pub fn find(&self, handle: &str) -> Option<&Voice> {
        self.by_handle.get(&fold(handle))
    }

    /// Replaces every `@handle` that is not a public voice by [`MASK`]. Linear in the text.
    ///
    /// A handle starts at an `@` that does not follow a letter or digit (so that mail addresses
    /// are masked as a whole by their own rule below) and runs over letters, digits, `_`, `.`, `-`
    /// and one further `@` (`@name@host`); a trailing full stop belongs to the sentence.
    /// An e-mail address is masked from its first letter on.
    pub fn mask(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['@', '＠']) {
            let sign = rest[at..].chars().next().map_or(1, char::len_utf8);
            let local_start = rest[..at]
                .rfind(|c: char| !(is_handle_char(c) || c == '+'))
                .map_or(0, |i| {
                    i + rest[i..].chars().next().map_or(1, char::len_utf8)
                });
            let end = at + sign + handle_len(&rest[at + sign..]);
            let handle = &rest[at + sign..end];
            if handle.is_empty() {
                out.push_str(&rest[..at + sign]);
            } else if local_start < at {
                out.push_str(&rest[..local_start]);
                out.push_str(MASK);
            } else if self.find(handle).is_some() {
                out.push_str(&rest[..end]);
            } else {
                out.push_str(&rest[..at]);
                out.push_str(MASK);
            }
            rest = &rest[end..];
        }
        out.push_str(rest);
        out
    }
}

fn is_handle_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Bytes of `rest` that belong to the handle whose `@` was just read.
fn handle_len(rest: &str) -> usize {
    let mut seen_at = false;
    let mut end = rest.len();
    for (i, c) in rest.char_indices() {
        let second_at = c == '@' && !seen_at && i > 0;
        seen_at |= second_at;
        if !(second_at || is_handle_char(c)) {
            end = i;
            break;
        }
    }
    rest[..end].trim_end_matches(['.', '-', '@']).len()
}

fn fold(handle: &str) -> String {
    handle.trim_start_matches('@').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let voice = Voice {
            name: "BMI".into(),
            handles: vec!["BMI_Bund".into(), "bmi@social.example".into()],
            reason: "own account".into(),
            approver: "Leitung".into(),
            expires: "2027-01-01".parse().unwrap(),
            official: false,
        };
        let voices = Voices::new(&[voice], "2026-11-23".parse().unwrap());
        assert_eq!(voices.mask(text), expected);
    }

    #[test]
    fn private_handles_are_masked_and_voices_are_not() {
        check("Hallo @anna.k.example!", "Hallo @[Konto]!");
        check(
            "@BMI_Bund sagt @peter nichts.",
            "@BMI_Bund sagt @[Konto] nichts.",
        );
        check("@bmi@social.example: danke", "@bmi@social.example: danke");
        check("frag @anna@host.example.", "frag @[Konto].");
        check("(@anna) „@anna“", "(@[Konto]) „@[Konto]“");
        check("ein @ allein, 3 @ 5", "ein @ allein, 3 @ 5");
        check(
            "mail an anna.k+x@post.example bitte",
            "mail an @[Konto] bitte",
        );
        check("@@anna @anna@anna@anna", "@@[Konto] @[Konto]@[Konto]");
        check("＠anna", "@[Konto]");
        check("ü@ö", "@[Konto]");
        check("", "");
    }

    #[test]
    fn an_expired_voice_is_private_again() {
        let voice = Voice {
            name: "Amt".into(),
            handles: vec!["amt".into()],
            reason: "office".into(),
            approver: "Leitung".into(),
            expires: "2026-01-01".parse().unwrap(),
            official: false,
        };
        let voices = Voices::new(&[voice], "2026-01-02".parse().unwrap());
        assert_eq!(voices.mask("@amt"), MASK);
    }

    #[test]
    fn masking_is_linear_on_hostile_text() {
        let text = "@a".repeat(200_000);
        assert!(!check_len(&text).contains("@a"));
    }

    fn check_len(text: &str) -> String {
        Voices::default().mask(text)
    }
}
