//! How a statement is put, apart from what it is about: function words, endings of the others,
//! capitals, sizes of numbers, punctuation. Pure.
//!
//! Whoever claims a fact tells it in another form than whoever judges, wishes or asks; a head that
//! has learned few topics knows a claim by that.

use crate::text::{fold_keyword, hash};

/// Words that stand for themselves, folded; of all others the last letters count.
const FUNCTION: &str = "der die das den dem des ein eine einen einem einer und oder aber denn weil dass ob \
    wenn als wie ich du er sie es wir ihr mich dich sich uns euch mir dir ihm ihnen man wer was wo warum \
    wann nicht kein keine in im an am auf aus bei mit nach von vom vor zu zum zur ueber unter durch fuer \
    gegen ohne seit laut ist sind war waren wird werden wurde wurden hat haben hatte hatten habe kann \
    koennen muss muessen soll sollte will wollen wuerde waere haette schon noch nur auch mal ja nein so da \
    hier dann immer sehr mehr doch eben halt einfach wohl vielleicht the a and or but if because that than \
    of at by for with from to on i you he she it we they me my your his her our their what which who how \
    why when not no is are was were be been has have had does did do would could should can may must \
    please just only also there here then very more";
/// Letters at the end of a word that count.
const ENDING: usize = 2;
/// Digits from which a number is long.
const LONG: usize = 4;

/// A number for each piece of the text, and one for its beginning: that one weighs the more, the
/// shorter the text is.
pub fn form(text: &str) -> Vec<u64> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let mut found = vec![hash("^")];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !goes_with(first, c));
        let (piece, behind) = rest.split_at(end.unwrap_or(rest.len()).max(first.len_utf8()));
        if !first.is_whitespace() {
            found.push(hash(&name(piece, first)));
        }
        rest = behind;
    }
    found
}

/// Whether a piece that begins with one character goes on with another.
fn goes_with(first: char, next: char) -> bool {
    if first.is_ascii_digit() {
        next.is_ascii_digit() || matches!(next, '.' | ',')
    } else if first.is_alphabetic() {
        next.is_alphanumeric()
    } else {
        is_stop(first) && is_stop(next)
    }
}

fn is_stop(c: char) -> bool {
    "?!.,:;\"()%€…-".contains(c)
}

fn name(piece: &str, first: char) -> String {
    let digits = piece.chars().filter(char::is_ascii_digit).count();
    if first.is_ascii_digit() {
        let is_year = digits == LONG && (piece.starts_with("19") || piece.starts_with("20"));
        return match is_year {
            true => "# year".to_owned(),
            false => format!("# {}", digits.min(LONG)),
        };
    }
    if !first.is_alphabetic() {
        return piece.chars().take(2).collect();
    }
    let folded = fold_keyword(piece);
    if FUNCTION.split_whitespace().any(|word| word == folded) {
        return folded;
    }
    let letters = folded.char_indices().rev();
    let ending = letters.take(ENDING).last().map_or(0, |(at, _)| at);
    let capital = if first.is_uppercase() { 'A' } else { 'a' };
    format!("{capital} {}", &folded[ending..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, other: &str) {
        assert_eq!(form(text), form(other), "{text:?} and {other:?}");
    }

    #[test]
    fn what_is_told_does_not_count_but_how() {
        check(
            "Die Miete stand 2019 bei 12 %.",
            "Die Beute schwand 2024 bei 47 %.",
        );
        check("Warum ist die Katze da??", "WARUM  ist die Tatze da???");
        assert_ne!(form("Er schläft."), form("Er schläft?"));
        assert_ne!(form("die Reise"), form("die reise"));
        assert_ne!(form("12"), form("1234"));
        assert_eq!(form("😡 ß —").len(), 4);
        assert!(form(" \n").is_empty());
    }
}
