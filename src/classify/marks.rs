//! Emoji, emoticons and runs of punctuation: what is no word and yet is meant. Pure.

use super::reading::Reading;

/// Emoticons are numbered from here, out of the way of characters.
const MOODS: u64 = 1 << 32;

/// A number for each mark of a statement.
pub fn marks<'a>(reading: &Reading<'a>) -> impl Iterator<Item = u64> + use<'a> {
    let texts = reading.texts().into_iter();
    texts.flat_map(|text| {
        let moods = text.split_whitespace().filter_map(emoticon);
        moods.map(|mood| MOODS + mood).chain(signs(text))
    })
}

/// Emoji, and the second and later of a run of `!`, `?` and `.`.
fn signs(text: &str) -> impl Iterator<Item = u64> + '_ {
    let before = std::iter::once(' ').chain(text.chars());
    let found = text.chars().zip(before).filter(|(c, before)| {
        is_emoji(*c) || *c == '…' || (c == before && matches!(c, '!' | '?' | '.'))
    });
    found.map(|(c, _)| u64::from(u32::from(c)))
}

/// Pictures, symbols and their like; no letters or punctuation.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// What an emoticon shows, by eyes, nose and mouth: `:-))` and `=)` are one.
fn emoticon(piece: &str) -> Option<u64> {
    let is_letter = |c: char| c.is_alphanumeric() && !matches!(c, 'x' | 'X');
    let piece = piece.trim_start_matches(is_letter);
    if piece == "<3" {
        return Some(9);
    }
    if matches!(piece, "^^" | "*-*" | "^_^" | "*_*") {
        return Some(1);
    }
    let mut rest = piece.chars().peekable();
    let eyes = rest.next().filter(|c| ":;=xX8".contains(*c))?;
    rest.next_if(|c| "-o'".contains(*c));
    let mouth = rest.next()?;
    if !rest.all(|c| c == mouth) {
        return None;
    }
    match mouth {
        ')' | ']' | '}' | 'D' if eyes == ';' => Some(2),
        ')' | ']' | '}' | 'D' => Some(1),
        '(' | '[' | '{' => Some(3),
        '/' | '\\' | '|' => Some(4),
        'P' | 'p' => Some(5),
        '*' => Some(6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moods_are_told_apart_and_spelled_many_ways() {
        for (pieces, mood) in [
            (&[":)", ":-))", "=)", "xD", "super:)"][..], Some(1)),
            (&[";-)"], Some(2)),
            (&[":(", ":'("], Some(3)),
            (&[":/"], Some(4)),
            (&["http://x", "12:30", "xx", ":", "nix", ""], None),
        ] {
            for piece in pieces {
                assert_eq!(emoticon(piece), mood, "{piece}");
            }
        }
        assert_eq!(signs("Toll!!! 😡 …").count(), 4);
    }
}
