//! What is kept of a publisher's whole page: its beginning, and the sentences in which something
//! matched. An article belongs to its publisher and names people whom nobody asked for.

use crate::model::{Part, Span, WatchMatch};
use std::ops::Range;

/// The beginning is so long, to the end of a sentence.
const LEAD_BYTES: usize = 300;
/// Most that is kept of one page. What matched behind that is not shown.
const MAX_EXCERPT_BYTES: usize = 6 * 1024;
/// A sentence that is longer is taken for several: a page without full stops is no sentence.
const MAX_SENTENCE_BYTES: usize = 600;
/// Stands where something was left out.
const GAP: &str = " […] ";

/// Cuts a text, and moves the spans of the matches to where their words stand now. Spans of what
/// was cut off are dropped; the match itself stays.
pub fn excerpt(text: &str, matches: &mut [WatchMatch]) -> String {
    let mut out = String::new();
    let mut moved: Vec<(Range<usize>, usize)> = Vec::new();
    let mut last_end = 0;
    for sentence in sentences(text) {
        let wanted = sentence.start < LEAD_BYTES || is_hit(&sentence, matches);
        if !wanted || out.len() + sentence.len() > MAX_EXCERPT_BYTES {
            continue;
        }
        if sentence.start != last_end {
            out.truncate(out.trim_end().len());
            out.push_str(GAP);
        }
        last_end = sentence.end;
        moved.push((sentence.clone(), out.len()));
        out.push_str(&text[sentence]);
    }
    if last_end < text.len() && !out.is_empty() {
        out.truncate(out.trim_end().len());
        out.push_str(GAP.trim_end());
    }
    for matched in matches {
        matched.spans = matched
            .spans
            .iter()
            .filter_map(|span| place(span, &moved))
            .collect();
    }
    out
}

fn is_hit(sentence: &Range<usize>, matches: &[WatchMatch]) -> bool {
    let spans = matches.iter().flat_map(|matched| &matched.spans);
    spans
        .filter(|span| span.part == Part::Text)
        .any(|span| (span.start as usize) < sentence.end && span.end as usize > sentence.start)
}

/// Where a span stands now: with the sentence in which it begins, if the one it ends in is there too.
fn place(span: &Span, moved: &[(Range<usize>, usize)]) -> Option<Span> {
    if span.part == Part::Title {
        return Some(*span);
    }
    let at = |byte: usize, last: usize| {
        let (range, to) = moved.iter().find(|(range, _)| range.contains(&last))?;
        u32::try_from(byte - range.start + to).ok()
    };
    let (start, end) = (span.start as usize, span.end as usize);
    Some(Span {
        part: Part::Text,
        start: at(start, start)?,
        end: at(end, end.checked_sub(1)?)?,
    })
}

/// The sentences of a text, with the blanks behind them: together they are the text.
fn sentences(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut word_start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(at, c)| (*at, *c));
        let Some((end, after)) = next else { break };
        if c.is_whitespace() && !after.is_whitespace() {
            let is_long = end - start > MAX_SENTENCE_BYTES;
            let said = text[start..at].trim_end();
            let is_line = text[start + said.len()..end].contains('\n');
            if is_line || is_long || ends_sentence(said, &text[word_start..at], after) {
                found.push(start..end);
                start = end;
            }
            word_start = end;
        }
    }
    if start < text.len() {
        found.push(start..text.len());
    }
    found
}

/// `z. B.`, `Dr.` and `15.` end no sentence, and neither does what goes on in lower case.
fn ends_sentence(said: &str, word: &str, after: char) -> bool {
    let bare = said.trim_end_matches(['"', '“', '”', '\'', '»', '«', ')']);
    let is_abbreviation = word.trim_end_matches('.').chars().count() <= 3
        || word.starts_with(|c: char| c.is_ascii_digit());
    match bare.chars().next_back() {
        Some('!' | '?' | '…') => !after.is_lowercase(),
        Some('.') => !after.is_lowercase() && !is_abbreviation,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matched(text: &str, words: &[&str]) -> Vec<WatchMatch> {
        let span = |word: &&str| {
            let start = text.find(word).unwrap();
            let end = start + word.len();
            let (start, end) = (start as u32, end as u32);
            Span {
                part: Part::Text,
                start,
                end,
            }
        };
        let spans = words.iter().map(span).collect();
        vec![WatchMatch {
            watch: "w".into(),
            target: "t".into(),
            spans,
        }]
    }

    #[test]
    fn sentences_end_where_they_do() {
        let check = |text: &str, expected: &[&str]| {
            let read: Vec<&str> = sentences(text)
                .into_iter()
                .map(|s| text[s].trim())
                .collect();
            assert_eq!(read, expected);
        };
        check(
            "Dr. Beispiel kam am 15. November. „Was nun?“ Er ging z. B. nach Bonn. ende",
            &[
                "Dr. Beispiel kam am 15. November.",
                "„Was nun?“",
                "Er ging z. B. nach Bonn. ende",
            ],
        );
        check(
            "Titel\n\nText ohne Punkt\nnoch einer",
            &["Titel", "Text ohne Punkt", "noch einer"],
        );
        check("", &[]);
        let endless = "wort ".repeat(1000);
        assert!(
            sentences(&endless)
                .iter()
                .all(|s| s.len() <= MAX_SENTENCE_BYTES + 10)
        );
    }

    #[test]
    fn the_beginning_and_what_matched_are_kept() {
        let filler = "Hier steht etwas, das niemanden betrifft. ".repeat(20);
        let text =
            format!("{filler}Die Ministerin sprach. {filler}Das Ministerium schwieg. {filler}");
        let mut matches = matched(&text, &["Ministerin", "Ministerium"]);
        let cut = excerpt(&text, &mut matches);
        assert!(cut.len() < 600, "{cut}");
        assert!(
            cut.contains("betrifft. […] Die Ministerin sprach. […] Das Ministerium schwieg. […]")
        );
        let shown: Vec<&str> = matches[0]
            .spans
            .iter()
            .map(|span| &cut[span.start as usize..span.end as usize])
            .collect();
        assert_eq!(shown, ["Ministerin", "Ministerium"]);
    }

    #[test]
    fn a_short_text_stays_as_it_is() {
        let text = "Kurz. Die Ministerin sprach.";
        let mut matches = matched(text, &["Ministerin"]);
        let before = matches.clone();
        assert_eq!(excerpt(text, &mut matches), text);
        assert_eq!(matches, before);
    }

    proptest! {
        #[test]
        fn spans_show_the_same_words_as_before(text in "([a-zäß]{1,8}[.!?]?[ \n]{1,2}){0,200}", at in 0usize..2000, len in 1usize..40) {
            let start = text.floor_char_boundary(at.min(text.len()));
            let end = text.floor_char_boundary((start + len).min(text.len()));
            let words = &text[start..end];
            prop_assume!(!words.is_empty() && words.trim() == words);
            let span = Span { part: Part::Text, start: start as u32, end: end as u32 };
            let mut matches = vec![WatchMatch { watch: "w".into(), target: "t".into(), spans: vec![span] }];
            let cut = excerpt(&text, &mut matches);
            prop_assert!(cut.len() <= MAX_EXCERPT_BYTES + 400);
            for span in &matches[0].spans {
                prop_assert_eq!(&cut[span.start as usize..span.end as usize], words);
            }
            prop_assert!(!matches[0].spans.is_empty() || start > 4000);
        }
    }
}
