//! A text as it is compared: words with their stem, sentence, clause and quotation.

use super::lexicon::{self, STOP, is_in};
use super::numerals;
use crate::model::{Part, Span};
use crate::text::{TokenRef, Tokens};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Words of a text that are compared; what comes later is not.
const MAX_WORDS: usize = 3_000;
/// Figures of a text that are compared; dates, offices and quotations as well.
pub const MAX_FOUND: usize = 60;
/// Words of a clause beyond which nobody can say what it is about.
pub const MAX_CLAUSE: usize = 60;
/// Pairs of words that are compared for one text: about half a second's work, for texts that were made
/// to take long.
const MAX_PAIRS: usize = 50_000_000;
/// Characters of a sentence that is shown.
const MAX_SHOWN: usize = 300;

#[derive(Debug, Clone)]
pub struct Word {
    pub part: Part,
    pub start: u32,
    pub end: u32,
    /// Folded: `ueber` for `über`.
    pub form: String,
    /// Without its ending and its dots: `antrag` of `Anträge`.
    stem: String,
    pub capital: bool,
    /// Hangs together with the word before it (`24-Stunden`).
    pub glued: bool,
    pub sentence: usize,
    pub clause: usize,
    /// The quotation that it stands in.
    pub quote: Option<usize>,
    /// Says what the sentence is about: no word of grammar, no number.
    pub content: bool,
    /// What the lists say of it, once it was looked up: they are long to read.
    pub denies: bool,
    pub of_others: bool,
    pub aside: bool,
    /// How much it says, 0 to 1: less where many statements have it, and for words that are no nouns.
    pub weight: f64,
}

impl Word {
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// Looks it up in the lists.
    pub fn look_up(&mut self) {
        self.denies = lexicon::denies(&self.form);
        self.of_others = lexicon::is_of_others(&self.form);
        self.aside = lexicon::is_aside(&self.form);
    }

    pub fn is_number(&self) -> bool {
        self.form.starts_with(|c: char| c.is_ascii_digit())
    }
}

/// A sentence: its words, and its bytes in its part.
#[derive(Debug, Clone)]
pub struct Sentence {
    pub part: Part,
    pub first: usize,
    /// One behind the last word.
    pub end: usize,
    pub bytes: (usize, usize),
    pub question: bool,
}

/// The words between two marks.
#[derive(Debug, Clone, Copy)]
pub struct Quote {
    pub first: usize,
    pub end: usize,
}

#[derive(Debug)]
pub struct Reading {
    texts: [Box<str>; 2],
    pub words: Vec<Word>,
    pub sentences: Vec<Sentence>,
    pub quotes: Vec<Quote>,
    pub english: bool,
    /// Pairs of words that may yet be compared.
    left: AtomicUsize,
}

impl Reading {
    pub fn new(title: &str, text: &str, english: bool, tokens: &mut Tokens) -> Self {
        let mut reading = Self {
            texts: [title.into(), text.into()],
            words: Vec::new(),
            sentences: Vec::new(),
            quotes: Vec::new(),
            english,
            left: AtomicUsize::new(MAX_PAIRS),
        };
        reading.read(Part::Title, title, tokens);
        reading.read(Part::Text, text, tokens);
        reading
    }

    fn read(&mut self, part: Part, text: &str, tokens: &mut Tokens) {
        let text = crate::text::head(text, MAX_WORDS * 16);
        tokens.read(text);
        let begin = self.words.len();
        let mut clause = self.words.last().map_or(0, |word| word.clause + 1);
        let mut words = tokens
            .iter(text)
            .take(MAX_WORDS.saturating_sub(begin))
            .peekable();
        let mut before = None;
        while let Some(token) = words.next() {
            let end = token.end() as usize;
            let next = words.peek().map(|next| next.start() as usize);
            let gap = text.get(end..next.unwrap_or(text.len()));
            let gap = gap.unwrap_or_default();
            let joint = before.and_then(|before| text.get(before..token.start() as usize));
            self.push(part, &token, clause, joint.is_some_and(is_joint));
            before = Some(end);
            let following = next.and_then(|at| text.get(at..)).unwrap_or_default();
            let form = token.forms().next().unwrap_or_default();
            let found = match boundary(gap, form, following) {
                Boundary::None | Boundary::Clause if next.is_none() => Boundary::Sentence,
                found => found,
            };
            clause += usize::from(found != Boundary::None);
            if matches!(found, Boundary::Sentence | Boundary::Question) {
                let until = end + gap.find(char::is_whitespace).unwrap_or(gap.len());
                self.close(part, begin, until, found == Boundary::Question);
            }
        }
        self.quote(part, text, begin);
    }

    fn push(&mut self, part: Part, token: &TokenRef<'_>, clause: usize, glued: bool) {
        let form = token.forms().next().unwrap_or_default();
        if form.is_empty() || form.starts_with("//") {
            return;
        }
        let plain = usize::from(token.counts().plain);
        let bare = token.forms().take(plain).last().unwrap_or_default();
        self.words.push(Word {
            part,
            start: token.start(),
            end: token.end(),
            stem: stem(bare).to_owned(),
            content: is_content(form),
            denies: false,
            of_others: false,
            aside: false,
            weight: 1.0,
            form: form.to_owned(),
            capital: token.exact().starts_with(char::is_uppercase),
            glued,
            sentence: self.sentences.len(),
            clause,
            quote: None,
        });
    }

    /// Ends a sentence of the part that begins with the word `begin`, where it has a word.
    fn close(&mut self, part: Part, begin: usize, until: usize, question: bool) {
        let before = self.sentences.last().filter(|before| before.part == part);
        let first = before.map_or(begin, |before| before.end);
        let from = before.map_or(0, |before| before.bytes.1);
        if self.words.len() > first {
            self.sentences.push(Sentence {
                part,
                first,
                end: self.words.len(),
                bytes: (from, until),
                question,
            });
        }
    }

    /// Marks the words of each quotation.
    fn quote(&mut self, part: Part, text: &str, begin: usize) {
        let mut at = begin;
        for (start, end) in quotes(text).into_iter().take(MAX_FOUND) {
            let inside = |word: &Word| (start..end).contains(&(word.start as usize));
            while self
                .words
                .get(at)
                .is_some_and(|word| word.part == part && (word.start as usize) < start)
            {
                at += 1;
            }
            let first = at;
            while let Some(word) = self.words.get_mut(at).filter(|word| inside(word)) {
                word.quote = Some(self.quotes.len());
                at += 1;
            }
            if at > first {
                self.quotes.push(Quote { first, end: at });
            }
        }
    }

    /// Takes pairs of words from those that may yet be compared; false where there are not so many.
    pub fn spend(&self, pairs: usize) -> bool {
        let left = self.left.load(Ordering::Relaxed).checked_sub(pairs);
        self.left.store(left.unwrap_or(0), Ordering::Relaxed);
        left.is_some()
    }

    /// So many pairs of words may be compared as with a text that was just read.
    pub fn refresh(&mut self) {
        *self.left.get_mut() = MAX_PAIRS;
    }

    /// About how many bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        let word = |word: &Word| size_of::<Word>() + word.form.capacity() + word.stem.capacity();
        let words: usize = self.words.iter().map(word).sum();
        let texts: usize = self.texts.iter().map(|text| text.len()).sum();
        words
            + texts
            + self.sentences.len() * size_of::<Sentence>()
            + self.quotes.len() * size_of::<Quote>()
    }

    pub fn text_of(&self, part: Part) -> &str {
        match part {
            Part::Title => &self.texts[0],
            Part::Text => &self.texts[1],
        }
    }

    /// Where the words from `first` to `last` stand.
    pub fn span(&self, first: usize, last: usize) -> Option<Span> {
        let (first, last) = (self.words.get(first)?, self.words.get(last)?);
        (first.part == last.part).then_some(Span {
            part: first.part,
            start: first.start,
            end: last.end,
        })
    }

    /// The words from `first` to `last` as they are written.
    pub fn written(&self, first: usize, last: usize) -> String {
        let Some(span) = self.span(first, last) else {
            return String::new();
        };
        let text = self.text_of(span.part);
        let found = text.get(span.start as usize..span.end as usize);
        shown(found.unwrap_or_default())
    }

    /// A sentence as it is written, cut to what is shown.
    pub fn sentence(&self, number: usize) -> String {
        let Some(sentence) = self.sentences.get(number) else {
            return String::new();
        };
        let (from, until) = sentence.bytes;
        shown(
            self.text_of(sentence.part)
                .get(from..until)
                .unwrap_or_default(),
        )
    }

    pub fn words_of(&self, sentence: usize) -> &[Word] {
        self.sentences
            .get(sentence)
            .and_then(|one| self.words.get(one.first..one.end))
            .unwrap_or_default()
    }

    /// The words of a sentence, and of the one before where it says too little alone (`Das sind 8 Prozent
    /// mehr.`).
    pub fn words_of_context(&self, sentence: usize) -> &[Word] {
        let words = self.words_of(sentence);
        let before = sentence
            .checked_sub(1)
            .and_then(|at| self.sentences.get(at));
        match (before, self.sentences.get(sentence)) {
            (Some(before), Some(here)) if before.part == here.part && says_little(words) => {
                self.words.get(before.first..here.end).unwrap_or_default()
            }
            _ => words,
        }
    }

    /// The words of a sentence, and so many before and behind it.
    pub fn words_around(&self, sentence: usize, more: usize) -> &[Word] {
        let Some(sentence) = self.sentences.get(sentence) else {
            return &[];
        };
        let end = (sentence.end + more).min(self.words.len());
        let first = sentence.first.saturating_sub(more);
        self.words.get(first..end).unwrap_or_default()
    }

    /// The words of the clause that a word stands in, as a range.
    pub fn clause_of(&self, at: usize) -> std::ops::Range<usize> {
        let Some(word) = self.words.get(at) else {
            return 0..0;
        };
        let same = |other: &Word| other.clause == word.clause;
        let before = self.words[..at]
            .iter()
            .rev()
            .take_while(|w| same(w))
            .count();
        let after = self.words[at..].iter().take_while(|w| same(w)).count();
        at - before..at + after
    }

    /// The form of a word, empty behind the last one.
    pub fn form(&self, at: usize) -> &str {
        self.words.get(at).map_or("", |word| word.form.as_str())
    }

    /// What is written between a word and the next one.
    pub fn gap(&self, at: usize) -> &str {
        let (Some(word), next) = (self.words.get(at), self.words.get(at + 1)) else {
            return "";
        };
        let text = self.text_of(word.part);
        let until = next
            .filter(|next| next.part == word.part)
            .map_or(text.len(), |next| next.start as usize);
        text.get(word.end as usize..until).unwrap_or_default()
    }
}

/// True for words that need a sentence before them.
pub fn says_little(words: &[Word]) -> bool {
    words.iter().filter(|word| word.content).count() < 3
}

fn shown(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(MAX_SHOWN - 1) {
        Some((cut, c)) if cut + c.len_utf8() < text.len() => format!("{}…", &text[..cut]),
        _ => text.to_owned(),
    }
}

fn is_joint(gap: &str) -> bool {
    matches!(gap, "-" | "'" | "’" | ":" | "*" | "_" | "·" | "/")
}

fn is_content(form: &str) -> bool {
    let letters = form.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 3 && !is_in(STOP, form) && numerals::word(form).is_none()
}

/// A form without its ending: a little less than Snowball's German stemmer takes off.
fn stem(form: &str) -> &str {
    if form.len() < 5 || !form.is_ascii() {
        return form;
    }
    const ENDINGS: [&str; 12] = [
        "innen", "ern", "ers", "en", "er", "es", "em", "et", "in", "e", "n", "s",
    ];
    // `Ausweis` and `Kurs` end so by themselves.
    let own = ["is", "ss", "urs", "us"]
        .iter()
        .any(|end| form.ends_with(end));
    let strip = |ending: &str| {
        let rest = form.strip_suffix(ending)?;
        (rest.len() >= 4 && !(own && ending == "s")).then_some(rest)
    };
    let stripped = ENDINGS.iter().find_map(|ending| strip(ending));
    stripped.unwrap_or(form)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Boundary {
    None,
    Clause,
    Sentence,
    Question,
}

/// Words before a full stop that ends nothing.
const SHORTENED: [&str; 22] = [
    "abs", "art", "bzw", "ca", "dr", "etc", "evtl", "inkl", "mill", "mio", "mr", "mrd", "mrs",
    "ms", "nr", "prof", "sog", "st", "str", "tel", "tsd", "vgl",
];

/// What lies between a word and the next one. `following` is the text from the next word on.
fn boundary(gap: &str, form: &str, following: &str) -> Boundary {
    if gap.contains('?') {
        return Boundary::Question;
    }
    if gap.contains(['!', '\n', ';']) {
        return Boundary::Sentence;
    }
    if gap.contains('…') || gap.contains("[...]") || gap.contains("(...)") {
        return Boundary::Clause;
    }
    if gap.contains('.') && gap.contains(char::is_whitespace) | following.is_empty() {
        let digits = form.len() <= 2 && form.bytes().all(|byte| byte.is_ascii_digit());
        let lower = following.starts_with(char::is_lowercase);
        let letter = form.chars().count() == 1 && !digits;
        if !(digits || lower || letter || SHORTENED.binary_search(&form).is_ok()) {
            return Boundary::Sentence;
        }
        return Boundary::None;
    }
    let dash = gap.contains(['–', '—']) || gap.contains(" - ");
    match gap.contains([',', ':', '(', ')']) && gap != ":" || dash {
        true => Boundary::Clause,
        false => Boundary::None,
    }
}

/// Byte ranges between quotation marks. A mark without its partner quotes nothing.
fn quotes(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(&str, usize)> = None;
    for (at, c) in text.char_indices() {
        if let Some((closers, start)) = open
            && closers.contains(c)
        {
            found.push((start, at));
            open = None;
            continue;
        }
        let closers = match c {
            '„' => "“”\"",
            '“' => "”“",
            '"' => "\"”“",
            '»' => "«",
            '«' => "»",
            '\n' => {
                open = None;
                continue;
            }
            _ => continue,
        };
        if open.is_none() {
            open = Some((closers, at));
        }
    }
    found
}

/// How much two stems mean the same thing, 0 to 1: `antrag` of `asylantrag`, `verlang` of `verlangert`.
pub fn related(one: &str, other: &str) -> f64 {
    if one == other {
        return 1.0;
    }
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if short.len() < 4 || !short.is_ascii() || !long.is_ascii() {
        return 0.0;
    }
    if let Some(rest) = long.strip_prefix(short) {
        return match (short.len(), rest.len()) {
            (5.., ..=3) => 0.9,
            (4, ..=2) => 0.8,
            (4.., 4..) => 0.6,
            _ => 0.0,
        };
    }
    if long.ends_with(short) {
        return 0.8;
    }
    let same_begin = short
        .bytes()
        .zip(long.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    if same_begin >= 5 && long.len() - same_begin <= 4 {
        return 0.7;
    }
    let same_end = short
        .bytes()
        .rev()
        .zip(long.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    if same_end >= 5 { 0.5 } else { 0.0 }
}
