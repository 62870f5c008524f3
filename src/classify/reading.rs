//! A mention as the lexicon reads it: words with their sentence, clause and quotation. Pure.

use crate::model::{Mention, Part, Span};
use crate::text::Token;

/// Words that start a new clause: what stands before them is not denied by what stands behind.
const CLAUSE_WORDS: [&str; 8] = [
    "aber", "sondern", "weil", "dass", "but", "because", "while", "although",
];

/// One word of a mention.
#[derive(Debug)]
pub struct Word<'a> {
    pub token: &'a Token,
    pub part: Part,
    pub sentence: usize,
    pub clause: usize,
    /// Inside quotation marks: somebody else's words.
    pub quoted: bool,
    /// The last word of its sentence or of its clause.
    pub ends_clause: bool,
}

/// All words of a mention, title first.
#[derive(Debug)]
pub struct Reading<'a> {
    pub words: Vec<Word<'a>>,
    /// Whether each sentence ends in a question mark.
    questions: Vec<bool>,
    title: &'a str,
    text: &'a str,
}

impl<'a> Reading<'a> {
    /// `title` and `text` are the words of both.
    pub fn new(mention: &'a Mention, title: &'a [Token], text: &'a [Token]) -> Self {
        let mut reading = Self {
            words: Vec::with_capacity(title.len() + text.len()),
            questions: Vec::new(),
            title: &mention.title,
            text: &mention.text,
        };
        reading.read(Part::Title, &mention.title, title);
        reading.read(Part::Text, &mention.text, text);
        reading
    }

    fn read(&mut self, part: Part, text: &'a str, tokens: &'a [Token]) {
        let quotes = quotes(text);
        let mut clause = self.words.last().map_or(0, |word| word.clause + 1);
        self.questions.push(false);
        for (index, token) in tokens.iter().enumerate() {
            let next = tokens.get(index + 1);
            let gap = slice(
                text,
                token.end,
                next.map_or(text.len(), |next| next.start as usize),
            );
            let end = boundary(gap, token, next.is_none());
            if end == Boundary::Question
                && let Some(question) = self.questions.last_mut()
            {
                *question = true;
            }
            if is_word(token, tokens.get(index.wrapping_sub(1)), text) {
                if CLAUSE_WORDS
                    .iter()
                    .any(|word| token.terms.iter().any(|t| t == word))
                {
                    clause += 1;
                }
                self.words.push(Word {
                    token,
                    part,
                    sentence: self.questions.len() - 1,
                    clause,
                    quoted: is_quoted(&quotes, token.start),
                    ends_clause: end != Boundary::None,
                });
            } else if end != Boundary::None
                && let Some(last) = self.words.last_mut()
            {
                last.ends_clause = true;
            }
            if end != Boundary::None {
                clause += 1;
            }
            if matches!(end, Boundary::Sentence | Boundary::Question) {
                self.questions.push(false);
            }
        }
    }

    /// Title and text as they are written.
    pub fn texts(&self) -> [&'a str; 2] {
        [self.title, self.text]
    }

    /// True where there is an exclamation mark.
    pub fn exclaims(&self) -> bool {
        self.title.contains('!') || self.text.contains('!')
    }

    /// True where the sentence of a word ends in a question mark.
    pub fn is_question(&self, word: &Word<'_>) -> bool {
        self.questions.get(word.sentence).copied().unwrap_or(false)
    }

    /// The text from the first to the last of some words, and where it stands.
    pub fn seen(&self, first: usize, last: usize) -> (String, Option<Span>) {
        let (Some(first), Some(last)) = (self.words.get(first), self.words.get(last)) else {
            return (String::new(), None);
        };
        let text = match first.part {
            Part::Title => self.title,
            Part::Text => self.text,
        };
        let span = Span {
            part: first.part,
            start: first.token.start,
            end: last.token.end,
        };
        (
            slice(text, span.start, span.end as usize).to_owned(),
            Some(span),
        )
    }
}

/// An address is no word; nor is the ending of a gendered form (`Minister:in`), which its first
/// part carries.
fn is_word(token: &Token, previous: Option<&Token>, text: &str) -> bool {
    let first = token.terms.first().map_or("", String::as_str);
    if first.starts_with("//") {
        return false;
    }
    let Some(previous) = previous.filter(|_| matches!(first, "in" | "innen")) else {
        return true;
    };
    !matches!(
        slice(text, previous.end, token.start as usize),
        ":" | "*" | "_" | "·" | "/"
    )
}

fn slice(text: &str, start: u32, end: usize) -> &str {
    text.get(start as usize..end).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Boundary {
    None,
    Clause,
    Sentence,
    Question,
}

/// What lies between a token and the next one.
fn boundary(gap: &str, token: &Token, last: bool) -> Boundary {
    if gap.contains('?') {
        return Boundary::Question;
    }
    let number = token.exact.bytes().all(|byte| byte.is_ascii_digit());
    let stop = gap.contains(['!', '\n', '…', ';']) || (gap.contains('.') && !number);
    if stop || last {
        Boundary::Sentence
    } else if gap.contains([',', ':', '(', ')', '–', '—']) && gap != ":" || gap == " - " {
        Boundary::Clause
    } else {
        Boundary::None
    }
}

/// Byte ranges between quotation marks. A mark without its partner quotes nothing.
fn quotes(text: &str) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    let mut open: Option<(&str, usize)> = None;
    for (at, c) in text.char_indices() {
        if let Some((closers, start)) = open
            && closers.contains(c)
        {
            if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(at)) {
                found.push((start, end));
            }
            open = None;
            continue;
        }
        let closers = match c {
            '„' => "“”\"",
            '“' => "”“",
            '"' => "\"",
            '»' => "«",
            '«' => "»",
            _ => continue,
        };
        if open.is_none() {
            open = Some((closers, at));
        }
    }
    found
}

/// The ranges are in order and do not overlap.
fn is_quoted(quotes: &[(u32, u32)], at: u32) -> bool {
    let before = quotes.partition_point(|(start, _)| *start < at);
    before > 0 && quotes.get(before - 1).is_some_and(|(_, end)| at < *end)
}
