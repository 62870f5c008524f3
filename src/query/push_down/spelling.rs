//! The ways in which a word may be written, told apart by platforms that compare letters.

use super::Spellings;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Spellings of one word; a German word of twenty letters has about fifty.
const MAX_SPELLINGS: usize = 512;

/// Spellings of a word with these folded forms: the written-out one first, the bare one second.
/// `None` where there are more than anyone writes.
pub fn spellings(forms: &[String], written: &str, which: Spellings) -> Option<Vec<String>> {
    let mut all = BTreeSet::new();
    if !written.is_empty() {
        all.insert(written.to_owned());
    }
    match which {
        Spellings::All => {
            for form in forms {
                all.extend(unfolded(form, Umlauts::WrittenOut)?);
                all.extend(unfolded(form, Umlauts::Bare)?);
            }
        }
        Spellings::Written => {
            all.extend(forms.iter().cloned());
            if let Some(form) = forms.first() {
                all.extend(unfolded(form, Umlauts::WrittenOut)?);
            }
        }
    }
    (all.len() <= MAX_SPELLINGS).then(|| all.into_iter().collect())
}

/// How folding treated umlauts.
#[derive(Clone, Copy, PartialEq)]
enum Umlauts {
    /// ä became ae.
    WrittenOut,
    /// ä became a.
    Bare,
}

/// Every German spelling that folds to this form.
fn unfolded(form: &str, umlauts: Umlauts) -> Option<Vec<String>> {
    // What is written so far, and where it goes on; the shortest rests last.
    let mut open = vec![(String::new(), form)];
    let mut done = Vec::new();
    while let Some((begun, rest)) = open.pop() {
        let Some(c) = rest.chars().next() else {
            done.push(begun);
            continue;
        };
        if done.len() + open.len() > MAX_SPELLINGS {
            return None;
        }
        for (folded, letter) in letters(umlauts) {
            if let Some(after) = rest.strip_prefix(folded) {
                open.push((format!("{begun}{letter}"), after));
            }
        }
        open.push((format!("{begun}{c}"), &rest[c.len_utf8()..]));
    }
    Some(done)
}

fn letters(umlauts: Umlauts) -> [(&'static str, char); 4] {
    match umlauts {
        Umlauts::WrittenOut => [("ae", 'ä'), ("oe", 'ö'), ("ue", 'ü'), ("ss", 'ß')],
        Umlauts::Bare => [("a", 'ä'), ("o", 'ö'), ("u", 'ü'), ("ss", 'ß')],
    }
}

/// The two parts of a word, wherever it may be divided.
pub fn halves(word: &str) -> impl Iterator<Item = (&str, &str)> {
    let inner = word.char_indices().skip(1);
    inner
        .filter(|(_, c)| !is_combining_mark(*c))
        .map(|(at, _)| word.split_at(at))
}

/// Letters and digits between anything else, in lower case: `9/11` is `9` and `11`. Platforms divide
/// a text at punctuation, signs and blanks.
pub fn pieces(text: &str) -> Vec<String> {
    let lower: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
    let ends = |c: char| !(c.is_alphanumeric() || is_combining_mark(c));
    let pieces = lower.split(ends).filter(|piece| !piece.is_empty());
    pieces.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(forms: &[&str], written: &str, which: Spellings, expected: &str) {
        let forms: Vec<String> = forms.iter().map(|&form| form.to_owned()).collect();
        let found = spellings(&forms, written, which).unwrap().join(" ");
        assert_eq!(found, expected, "of {forms:?}");
    }

    #[test]
    fn all_and_written_spellings() {
        let all = "koeln koln köeln köln";
        check(&["koeln", "koln"], "köln", Spellings::All, all);
        check(&["koln"], "koln", Spellings::All, "koln köln");
        check(
            &["koeln", "koln"],
            "köln",
            Spellings::Written,
            "koeln koln köln",
        );
        check(&["koln"], "koln", Spellings::Written, "koln");
        check(&["strasse"], "straße", Spellings::Written, "strasse straße");
        check(&["lodz"], "łódź", Spellings::Written, "lodz łódź");
    }

    #[test]
    fn too_many_are_none() {
        assert_eq!(spellings(&["a".repeat(200)], "", Spellings::All), None);
    }

    #[test]
    fn pieces_and_halves() {
        assert_eq!(pieces("9/11-Köln_X"), ["9", "11", "köln", "x"]);
        let found: Vec<_> = halves("bür").collect();
        assert_eq!(found, [("b", "ür"), ("bü", "r")]);
    }
}
