//! The words of one text, in buffers that are used again: analysing the next text allocates nothing
//! once the buffers are large enough.

mod write;

use super::MAX_TOKENS;
use super::chars::Char;
use super::fold::Folded;
use super::marks::Marks;
use std::ops::Range;

/// Zero bytes before and behind all forms, so that eight bytes can be read at either end of each.
const PADDING: usize = ZEROS.len();
const ZEROS: &str = "\0\0\0\0\0\0\0\0";

/// The words of a text. Every form has its [`hash`].
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Padding, the text in lower-case ASCII, padding, forms that are not written there, padding.
    pub(super) letters: String,
    pub(super) forms: Vec<Form>,
    words: Vec<Word>,
    /// Exact forms that do not stand in the text as such.
    exacts: String,
    pub(super) room: Room,
}

/// Room to work in.
#[derive(Debug, Clone, Default)]
pub(super) struct Room {
    pub chars: Vec<Char>,
    cluster: String,
    pub marks: Marks,
    pub folded: Folded,
    whole: String,
    /// The forms of each part of a compound, end to end; where the first and the last of each ends.
    parts: String,
    part_ends: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    start: u32,
    end: u32,
    hash: u64,
}

/// What stands at one position.
#[derive(Debug, Clone, Copy)]
struct Word {
    start: u32,
    end: u32,
    first_form: u32,
    exact: (u32, u32),
    exact_is_own: bool,
    counts: Counts,
}

/// How many forms of each kind a position has, in this order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub plain: u8,
    /// The parts of a compound in one.
    pub joined: u8,
    pub tag: u8,
    /// `@name` of a handle with a host.
    pub local: u8,
    /// Parts of the compound that starts here; 0 for its later parts.
    pub parts: u8,
}

impl Counts {
    /// All forms of the position.
    fn forms(self) -> u8 {
        self.plain + self.joined + self.tag + self.local
    }
}

/// One position of a text.
#[derive(Debug, Clone, Copy)]
pub struct TokenRef<'a> {
    tokens: &'a Tokens,
    text: &'a str,
    word: &'a Word,
}

impl<'a> TokenRef<'a> {
    /// First byte in the text.
    pub fn start(&self) -> u32 {
        self.word.start
    }

    pub fn end(&self) -> u32 {
        self.word.end
    }

    pub fn counts(&self) -> Counts {
        self.word.counts
    }

    pub fn forms(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let tokens = self.tokens;
        tokens.range(self.word).map(|form| tokens.form(form).0)
    }

    /// The word as written (NFC), without a leading sign; empty for a masked account.
    pub fn exact(&self) -> &'a str {
        let (start, end) = self.word.exact;
        let from = if self.word.exact_is_own {
            self.tokens.exacts.as_str()
        } else {
            self.text
        };
        from.get(start as usize..end as usize).unwrap_or_default()
    }
}

impl Tokens {
    /// Reads a plain text: at most [`MAX_TOKENS`] words of it. Linear; never fails.
    pub fn read(&mut self, text: &str) {
        self.clear(text);
        self.read_plain(text);
        self.letters.push_str(ZEROS);
    }

    /// Reads a query's words: `*` and `?` are letters.
    pub fn read_query(&mut self, text: &str) {
        self.clear(text);
        self.read_any(text, 0..text.len(), true);
        self.letters.push_str(ZEROS);
    }

    /// As [`Tokens::read`], without the fast way: what that is held to.
    #[cfg(test)]
    pub(super) fn read_slowly(&mut self, text: &str) {
        self.clear(text);
        self.read_any(text, 0..text.len(), false);
        self.letters.push_str(ZEROS);
    }

    fn clear(&mut self, text: &str) {
        self.letters.clear();
        self.forms.clear();
        self.words.clear();
        self.exacts.clear();
        self.letters.push_str(ZEROS);
        self.letters.push_str(text);
        self.letters.make_ascii_lowercase();
        self.letters.push_str(ZEROS);
    }

    /// Positions of the text.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words again; `text` is what was read.
    pub fn iter<'a>(&'a self, text: &'a str) -> impl DoubleEndedIterator<Item = TokenRef<'a>> {
        self.words.iter().map(move |word| TokenRef {
            tokens: self,
            text,
            word,
        })
    }

    /// What stands at a position; `text` is what was read.
    pub fn get<'a>(&'a self, position: usize, text: &'a str) -> Option<TokenRef<'a>> {
        self.words.get(position).map(|word| TokenRef {
            tokens: self,
            text,
            word,
        })
    }

    /// Numbers of the forms at a position, for [`Tokens::form`] and [`Tokens::ends`].
    pub fn forms_at(&self, position: usize) -> Range<usize> {
        self.words
            .get(position)
            .map_or(0..0, |word| self.range(word))
    }

    /// The [`hash`] of each form, in the order of the positions.
    pub fn hashes(&self) -> impl DoubleEndedIterator<Item = u64> + ExactSizeIterator {
        self.forms.iter().map(|form| form.hash)
    }

    /// The position that a form belongs to.
    pub fn position_of(&self, number: usize) -> usize {
        let behind = |word: &Word| word.first_form as usize <= number;
        self.words.partition_point(behind).saturating_sub(1)
    }

    /// A form and its [`hash`].
    pub fn form(&self, number: usize) -> (&str, u64) {
        self.forms.get(number).map_or(("", 0), |form| {
            let range = form.start as usize..form.end as usize;
            (self.letters.get(range).unwrap_or_default(), form.hash)
        })
    }

    /// The first and the last eight bytes of a form as little-endian numbers, with bytes of others
    /// where it is shorter; and its length.
    pub fn ends(&self, number: usize) -> (u64, u64, usize) {
        let bytes = self.letters.as_bytes();
        self.forms.get(number).map_or((0, 0, 0), |form| {
            let (start, end) = (form.start as usize, form.end as usize);
            (
                eight(bytes, start),
                eight(bytes, end.saturating_sub(PADDING)),
                end - start,
            )
        })
    }

    fn range(&self, word: &Word) -> Range<usize> {
        let first = word.first_form as usize;
        first..first + usize::from(word.counts.forms())
    }

    pub(super) fn is_full(&self) -> bool {
        self.words.len() >= MAX_TOKENS
    }
}

#[inline]
fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..at + PADDING)
        .and_then(|eight| eight.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}

/// A number for a form; the same on every machine and in every run.
pub fn hash(form: &str) -> u64 {
    hash_at(form.as_bytes(), 0..form.len())
}

/// The same for a range of bytes, which may have others behind it.
#[inline]
fn hash_at(bytes: &[u8], range: Range<usize>) -> u64 {
    let Range { start: mut at, end } = range;
    let mut value = ((end - at) as u64).wrapping_mul(MIX);
    while end - at > 8 {
        value = mix(value, eight(bytes, at));
        at += 8;
    }
    let last = match bytes.get(at..at + 8) {
        Some(_) => eight(bytes, at),
        None => bytes[at..end]
            .iter()
            .rev()
            .fold(0, |n, byte| n << 8 | u64::from(*byte)),
    };
    let unused = 64 - 8 * (end - at).max(1);
    mix(value, last << unused >> unused)
}

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
fn mix(value: u64, eight: u64) -> u64 {
    let mixed = (value ^ eight).wrapping_mul(MIX);
    mixed ^ mixed >> 32
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
