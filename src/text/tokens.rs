//! The words of one text, in buffers that are used again: analysing the next text allocates nothing
//! once the buffers are large enough.

use super::chars::{Char, composed, is_skin_tone};
use super::fold::{Folded, clip, fold_into};
use super::words::{Found, Scanner, What};
use super::{MAX_TERM_BYTES, MAX_TOKENS, address_of};
use std::ops::Range;

/// Zero bytes before and behind all forms, so that eight bytes can be read at either end of each.
const PADDING: usize = 8;

/// The words of a text. Every form has its [`hash`].
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// Padding, the text in lower-case ASCII, then forms that are not written there, padding.
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
        self.letters.push_str("\0\0\0\0\0\0\0\0");
    }

    /// Reads a query's words: `*` and `?` are letters.
    pub fn read_query(&mut self, text: &str) {
        self.clear(text);
        self.read_any(text, 0..text.len(), true);
        self.letters.push_str("\0\0\0\0\0\0\0\0");
    }

    /// As [`Tokens::read`], without the fast way: what that is held to.
    #[cfg(test)]
    pub(super) fn read_slowly(&mut self, text: &str) {
        self.clear(text);
        self.read_any(text, 0..text.len(), false);
        self.letters.push_str("\0\0\0\0\0\0\0\0");
    }

    fn clear(&mut self, text: &str) {
        self.letters.clear();
        self.forms.clear();
        self.words.clear();
        self.exacts.clear();
        self.letters.push_str("\0\0\0\0\0\0\0\0");
        self.letters.push_str(text);
        self.letters.make_ascii_lowercase();
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
        let Counts {
            plain,
            joined,
            tag,
            local,
            ..
        } = word.counts;
        let count = plain + joined + tag + local;
        let first = word.first_form as usize;
        first..first + usize::from(count)
    }

    pub(super) fn is_full(&self) -> bool {
        self.words.len() >= MAX_TOKENS
    }
}

fn eight(bytes: &[u8], at: usize) -> u64 {
    bytes
        .get(at..at + PADDING)
        .and_then(|eight| eight.try_into().ok())
        .map_or(0, u64::from_le_bytes)
}

/// A number for a form; the same on every machine and in every run.
pub fn hash(form: &str) -> u64 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = form.as_bytes();
    let mut value = (bytes.len() as u64).wrapping_mul(MIX);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        value = (value ^ u64::from_le_bytes(*word)).wrapping_mul(MIX);
        value ^= value >> 32;
    }
    let tail = match rest {
        [] => 0,
        [a, b, c, d, after @ ..] => {
            let low = u32::from_le_bytes([*a, *b, *c, *d]);
            let high = after.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
            u64::from(low) | high << 32
        }
        few => few.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
    };
    value = (value ^ tail).wrapping_mul(MIX);
    value ^ value >> 29
}

/// Writing.
impl Tokens {
    /// A word that stands in the text as a range of bytes, its sign (`#`, `@`) included.
    pub(super) fn push_ascii(&mut self, range: Range<usize>, what: What) {
        let first_form = self.forms.len();
        let mut counts = Counts {
            plain: 1,
            parts: 1,
            ..Counts::default()
        };
        let mut body = range.clone();
        if what != What::Word {
            body.start += 1;
            counts.tag = 1;
        }
        self.push_lower(body.clone());
        if what != What::Word {
            self.push_lower(range.clone());
        }
        self.push_word(range, body, first_form, counts);
    }

    /// The same for a word with letters of U+00C0 to U+00FF.
    pub(super) fn push_latin(&mut self, text: &str, range: Range<usize>, what: What) {
        let first_form = self.forms.len();
        let sign = match what {
            What::Word => "",
            What::Tag => "#",
            _ => "@",
        };
        let body = range.start + sign.len()..range.end;
        let word = &text.as_bytes()[body.clone()];
        let mut counts = Counts {
            parts: 1,
            ..Counts::default()
        };
        self.room.folded.set_latin("", word);
        counts.plain = self.push_folded(first_form);
        if !sign.is_empty() {
            self.room.folded.set_latin(sign, word);
            counts.tag = self.push_folded(first_form);
        }
        self.push_word(range, body, first_form, counts);
    }

    /// A masked account.
    pub(super) fn push_mask(&mut self, range: Range<usize>) {
        let counts = Counts {
            parts: 1,
            ..Counts::default()
        };
        let at = range.start;
        self.push_word(range, at..at, self.forms.len(), counts);
    }

    fn push_word(
        &mut self,
        range: Range<usize>,
        exact: Range<usize>,
        first_form: usize,
        counts: Counts,
    ) {
        self.words.push(Word {
            start: narrow(range.start),
            end: narrow(range.end),
            first_form: narrow(first_form),
            exact: (narrow(exact.start), narrow(exact.end)),
            exact_is_own: false,
            counts,
        });
    }

    fn push_lower(&mut self, range: Range<usize>) {
        self.push_range(range.start + PADDING..range.end + PADDING);
    }

    fn push_range(&mut self, range: Range<usize>) {
        let form = self.letters.get(range.clone()).unwrap_or_default();
        let hash = hash(form);
        self.forms.push(Form {
            start: narrow(range.start),
            end: narrow(range.end),
            hash,
        });
    }

    /// Adds the forms of `room.folded` to the word whose forms start at `first`; how many were new.
    fn push_folded(&mut self, first: usize) -> u8 {
        let folded = std::mem::take(&mut self.room.folded);
        let added = folded.forms().map(|form| self.push_form(form, first)).sum();
        self.room.folded = folded;
        added
    }

    /// 1 for a form that the word does not have yet.
    fn push_form(&mut self, form: &str, first: usize) -> u8 {
        if (first..self.forms.len()).any(|number| self.form(number).0 == form) {
            return 0;
        }
        let start = self.letters.len();
        self.letters.push_str(form);
        self.push_range(start..self.letters.len());
        1
    }

    /// Reads a piece of the text, whatever it is made of. The piece starts where a word may start.
    pub(super) fn read_any(&mut self, text: &str, piece: Range<usize>, wild: bool) {
        let mut chars = std::mem::take(&mut self.room.chars);
        chars.clear();
        let written = text.get(piece.clone()).unwrap_or_default();
        composed(written, piece.start, &mut self.room.cluster, &mut chars);
        let mut scanner = Scanner {
            chars: &chars,
            at: 0,
            wild,
            no_url_before: 0,
        };
        while let Some(found) = scanner.next_word() {
            if self.is_full() {
                break;
            }
            self.push_found(text, &chars, &found);
        }
        self.room.chars = chars;
    }

    fn push_found(&mut self, text: &str, chars: &[Char], found: &Found) {
        let parts = found.parts();
        let first_form = self.forms.len();
        let mut counts = Counts {
            plain: self.push_plain(chars, found),
            parts: u8::try_from(parts.len()).unwrap_or(u8::MAX),
            ..Counts::default()
        };
        if parts.len() > 1 {
            counts.joined = self.push_joined(chars, parts, first_form);
        }
        let body = chars.get(found.from + 1..found.to).unwrap_or_default();
        match found.what {
            What::Tag => counts.tag = self.push_signed("#", body, first_form),
            What::Handle { name_end } => {
                counts.tag = self.push_signed("@", body, first_form);
                if name_end < found.to {
                    let name = &chars[found.from + 1..name_end];
                    counts.local = self.push_signed("@", name, first_form);
                }
            }
            _ => {}
        }
        for (nth, &(from, to)) in parts.iter().enumerate() {
            if self.is_full() {
                return;
            }
            let mut first = first_form;
            if nth > 0 {
                first = self.forms.len();
                self.room.folded.set("", &chars[from..to]);
                counts = Counts {
                    plain: self.push_folded(first),
                    ..Counts::default()
                };
            }
            let exact = self.exact(text, &chars[from..to], counts);
            let is_last = nth + 1 == parts.len();
            let from = if nth == 0 { found.from } else { from };
            let to = if is_last { found.to } else { to };
            self.words.push(Word {
                start: chars[from].start,
                end: chars[to - 1].end,
                first_form: narrow(first),
                exact: (narrow(exact.0.start), narrow(exact.0.end)),
                exact_is_own: exact.1,
                counts,
            });
        }
    }

    /// The forms of the first part; how many.
    fn push_plain(&mut self, chars: &[Char], found: &Found) -> u8 {
        let first = self.forms.len();
        let (from, to) = found.parts().first().copied().unwrap_or_default();
        let mut whole = std::mem::take(&mut self.room.whole);
        whole.clear();
        let part = &chars[from..to];
        let added = match found.what {
            What::Mask => 0,
            What::Sign => {
                whole.extend(part.iter().map(|c| c.c).filter(|&c| !is_skin_tone(c)));
                if whole.is_empty() {
                    whole.extend(part.iter().map(|c| c.c));
                }
                clip(&mut whole, MAX_TERM_BYTES);
                self.push_form(&whole, first)
            }
            What::Address => {
                fold_into(part.iter().map(|c| c.c), &mut whole);
                let mut term = std::mem::take(&mut self.room.parts);
                term.clear();
                term.push_str("//");
                term.push_str(address_of(&whole));
                clip(&mut term, MAX_TERM_BYTES);
                let added = self.push_form(&term, first);
                self.room.parts = term;
                added
            }
            _ => {
                self.room.folded.set("", part);
                self.push_folded(first)
            }
        };
        self.room.whole = whole;
        added
    }

    /// The forms of all parts in one: all written out, then all bare.
    fn push_joined(&mut self, chars: &[Char], parts: &[(usize, usize)], first: usize) -> u8 {
        let mut room = std::mem::take(&mut self.room);
        room.parts.clear();
        room.part_ends.clear();
        for part in parts {
            room.folded.set("", &chars[part.0..part.1]);
            let mut middle = room.parts.len();
            for (nth, form) in room.folded.forms().enumerate() {
                room.parts.push_str(form);
                if nth == 0 {
                    middle = room.parts.len();
                }
            }
            room.part_ends.push((middle, room.parts.len()));
        }
        let mut added = 0;
        for bare in [false, true] {
            room.whole.clear();
            let mut start = 0;
            for &(middle, end) in &room.part_ends {
                let form = match bare && middle < end {
                    true => &room.parts[middle..end],
                    false => &room.parts[start..middle],
                };
                room.whole.push_str(form);
                start = end;
            }
            clip(&mut room.whole, MAX_TERM_BYTES);
            if !room.whole.is_empty() {
                added += self.push_form(&room.whole, first);
            }
        }
        self.room = room;
        added
    }

    fn push_signed(&mut self, sign: &str, body: &[Char], first: usize) -> u8 {
        self.room.folded.set(sign, body);
        self.push_folded(first)
    }

    /// A part as written: a range of the text, or of the exact forms where the text writes it
    /// otherwise (then `true`). Empty where the part has no forms.
    fn exact(&mut self, text: &str, part: &[Char], counts: Counts) -> (Range<usize>, bool) {
        let start = part.first().map_or(0, |c| c.start as usize);
        if counts.plain == 0 {
            return (start..start, false);
        }
        let own = self.exacts.len();
        self.exacts.extend(part.iter().map(|c| c.c));
        let length = self.exacts[own..].floor_char_boundary(MAX_TERM_BYTES);
        self.exacts.truncate(own + length);
        if text.get(start..start + length) == self.exacts.get(own..) {
            self.exacts.truncate(own);
            return (start..start + length, false);
        }
        (own..own + length, true)
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
