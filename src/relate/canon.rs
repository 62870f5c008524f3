//! The form in which texts are compared: folded words, without addresses, masked accounts, signs and
//! the `RT` of a share.

use crate::text::Tokens;

/// Letters that are compared; of a long article its beginning.
pub const MAX_LETTERS: usize = 4_000;
/// Bytes of a text that are read for that.
const MAX_BYTES: usize = 2 * MAX_LETTERS;

/// The words of title and text with blanks between, and how many they are.
pub fn canonical(title: &str, text: &str, tokens: &mut Tokens) -> (String, usize) {
    let mut letters = String::new();
    let mut words = 0;
    for part in [title, text] {
        let part = &part[..part.floor_char_boundary(MAX_BYTES)];
        tokens.read(part);
        let skipped = usize::from(is_share(part, tokens));
        for word in tokens.iter(part).skip(skipped) {
            let form = word.forms().next().unwrap_or_default();
            let is_word = form.chars().any(char::is_alphanumeric);
            if form.starts_with('/') || !is_word {
                continue;
            }
            if letters.len() + form.len() >= MAX_LETTERS {
                return (letters, words);
            }
            letters.push_str(form);
            letters.push(' ');
            words += 1;
        }
    }
    (letters, words)
}

/// `RT` before an account, which may be masked.
fn is_share(text: &str, tokens: &Tokens) -> bool {
    let first = tokens.get(0, text).and_then(|word| word.forms().next());
    let account = tokens.get(1, text).is_some_and(|word| {
        // A masked account answers to nothing.
        word.forms().next().is_none() || word.forms().any(|form| form.starts_with('@'))
    });
    first == Some("rt") && account
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (letters, words) = canonical("", text, &mut Tokens::default());
        assert_eq!(letters.trim_end(), expected, "of {text:?}");
        assert_eq!(words, expected.split_whitespace().count(), "of {text:?}");
    }

    #[test]
    fn only_words_are_compared() {
        check(
            "RT @[Konto]: Die #Grenzkontrollen, sagt @[Konto], bleiben! https://a.example/x 🙂",
            "die grenzkontrollen sagt bleiben",
        );
        check("RT @bmi: Guten Tag", "bmi guten tag");
        check("Kosten: 1.800 € in KÖLN", "kosten 1.800 in koeln");
        check("rt ist ein Sender", "rt ist ein sender");
        check("", "");
    }

    #[test]
    fn a_long_text_counts_by_its_beginning() {
        let long = "wort ".repeat(10_000);
        let (letters, words) = canonical("", &long, &mut Tokens::default());
        assert!(letters.len() <= MAX_LETTERS);
        assert_eq!(words, letters.len() / 5);
    }
}
