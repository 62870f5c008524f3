//! What became of a place that differed, on its page as it is later.

use super::Differs;
use serde::{Deserialize, Serialize};

/// Occurrences of a value that are looked at.
const MAX_PLACES: usize = 200;
/// Bytes before and behind a value that are its surroundings, at least.
const MIN_AROUND: usize = 80;
/// Share of a sentence's words by which its surroundings are known again.
const MIN_KNOWN: f64 = 0.5;
/// Letters of a word that says something.
const MIN_LETTERS: usize = 4;
/// Words of a value that needs no surroundings.
const LONG: usize = 5;

/// A place that differed, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    pub theirs: String,
    pub ours: String,
    /// It stands there still, beside ours: in a note of correction for instance.
    #[serde(default)]
    pub theirs_is_there: bool,
    /// What we have published stands there now.
    pub ours_is_there: bool,
}

/// What a page has amended of the places where an article differed. `before` is the article as it was.
pub fn amended(differs: &[Differs], before: &str, page: &str) -> Vec<Amended> {
    let became = differs.iter().map(|differs| became(differs, before, page));
    became.flatten().collect()
}

/// What one place says now; none where it says what it said.
fn became(differs: &Differs, before: &str, page: &str) -> Option<Amended> {
    let [theirs, ours, sentence] =
        [&differs.theirs, &differs.ours, &differs.sentence].map(|text| plain(text));
    let (before, page) = (plain(before), plain(page));
    if !sentence.is_empty() && page.contains(&sentence) {
        return None;
    }
    // `3 Prozent` stands in `3 Prozent weniger`.
    let rest = match ours.contains(&theirs) {
        true => page.replace(&ours, " "),
        false => page.clone(),
    };
    let now = Amended {
        theirs: differs.theirs.clone(),
        ours: differs.ours.clone(),
        theirs_is_there: stands(&theirs, &rest, &sentence),
        ours_is_there: stands(&ours, &page, &sentence),
    };
    let corrected = now.ours_is_there && !stands(&ours, &before, &sentence);
    (!now.theirs_is_there || corrected).then_some(now)
}

/// With one blank between words, and without the mark of what was cut off.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.trim_end_matches('…').split_whitespace().collect();
    words.join(" ")
}

/// True where a value stands in a text, as a whole and in surroundings like those of the sentence.
fn stands(value: &str, text: &str, sentence: &str) -> bool {
    if value.is_empty() {
        return false;
    }
    let is_long = value.split(' ').count() >= LONG;
    let mut places = text.match_indices(value).take(MAX_PLACES);
    places.any(|(start, _)| {
        let end = start + value.len();
        is_whole(text, start, end) && (is_long || is_known(text, (start, end), (value, sentence)))
    })
}

/// True where no word and no number goes on at either end.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let (before, behind) = (&text[..start], &text[end..]);
    let value = &text[start..end];
    !goes_on(before.chars().rev(), value.chars().next())
        && !goes_on(behind.chars(), value.chars().next_back())
}

/// `edge` is the last letter of the value on the side where `rest` begins.
fn goes_on(mut rest: impl Iterator<Item = char>, edge: Option<char>) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    match rest.next() {
        Some('.' | ',') => digit(edge) && digit(rest.next()),
        Some(next) => next.is_alphanumeric(),
        None => false,
    }
}

/// True where the words around a place are those of the sentence that it stood in.
fn is_known(text: &str, (start, end): (usize, usize), (value, sentence): (&str, &str)) -> bool {
    let reach = sentence.len().max(MIN_AROUND);
    let from = text.floor_char_boundary(start.saturating_sub(reach));
    let until = text.ceil_char_boundary((end + reach).min(text.len()));
    let around: Vec<&str> = words(&text[from..until]).collect();
    let own: Vec<&str> = words(value).collect();
    let said: Vec<&str> = words(sentence).filter(|word| !own.contains(word)).collect();
    let known = said.iter().filter(|word| around.contains(word)).count();
    said.is_empty() || known as f64 >= MIN_KNOWN * said.len() as f64
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| word.chars().count() >= MIN_LETTERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Part, Span, StatementId};

    const BEFORE: &str =
        "Neue Zahlen. Die Bundespolizei hat im Oktober 21.345 Einreisen festgestellt.";

    fn differs(theirs: &str, ours: &str, sentence: &str) -> Differs {
        Differs {
            what: "number".to_owned(),
            span: Span {
                part: Part::Text,
                start: 0,
                end: 6,
            },
            theirs: theirs.to_owned(),
            sentence: sentence.to_owned(),
            statement: StatementId::Entered(1),
            ours: ours.to_owned(),
            our_sentence: String::new(),
            certainty: 1.0,
        }
    }

    #[track_caller]
    fn check(page: &str, expected: Option<(bool, bool)>) {
        let sentence = "Die Bundespolizei hat im Oktober 21.345 Einreisen festgestellt.";
        let found = became(&differs("21.345", "12.345", sentence), BEFORE, page);
        let found = found.map(|now| (now.theirs_is_there, now.ours_is_there));
        assert_eq!(found, expected, "{page}");
    }

    #[test]
    fn what_is_there_in_its_surroundings_is_unchanged() {
        check(&BEFORE.replace(' ', "\n  "), None);
        check(
            "Im Oktober hat die Bundespolizei 21.345 Einreisen gezählt, sagt sie.",
            None,
        );
        // The house number of somebody else, and a longer number.
        check(
            "Viele Einreisen. Postfach 21.345, Musterstadt.",
            Some((false, false)),
        );
        check(
            "Die Bundespolizei hat im Oktober 121.345 Einreisen festgestellt.",
            Some((false, false)),
        );
        check(
            "Die Bundespolizei hat im Oktober 21.345,7 Einreisen festgestellt.",
            Some((false, false)),
        );
    }

    #[test]
    fn what_was_put_right_is_told_with_what_stands_there_now() {
        check(
            "Die Bundespolizei hat im Oktober 12.345 Einreisen festgestellt.",
            Some((false, true)),
        );
        check(
            "Die Bundespolizei hat im Oktober viele Einreisen festgestellt.",
            Some((false, false)),
        );
        check(
            "Die Bundespolizei hat im Oktober 12.345 Einreisen festgestellt. Korrektur: In einer \
             früheren Fassung hieß es, die Bundespolizei habe im Oktober 21.345 Einreisen festgestellt.",
            Some((true, true)),
        );
    }

    #[test]
    fn theirs_may_stand_in_ours() {
        let sentence = "Der Anteil sank um 3 Prozent im Vergleich.";
        let differs = differs("3 Prozent", "3 Prozentpunkte", sentence);
        let page = "Der Anteil sank um 3 Prozentpunkte im Vergleich.";
        let now = became(&differs, sentence, page).unwrap();
        assert!(!now.theirs_is_there && now.ours_is_there);
        assert_eq!(became(&differs, sentence, sentence), None);
    }

    #[test]
    fn no_page_is_too_strange() {
        let differs = differs("21.345", "ä…", "Größe ä 21.345 ß");
        for page in ["", "ä21.345ß", "21.345", "ß 21.345 Größe ä", "…"] {
            became(&differs, page, page);
        }
    }
}
