//! How words get into [`Tokens`].

use super::{Counts, Form, PADDING, Tokens, Word, hash_at, narrow};
use crate::text::chars::{Char, composed, is_skin_tone};
use crate::text::fold::{clip, fold_into};
use crate::text::words::{Found, Scanner, What};
use crate::text::{MAX_TERM_BYTES, address_of};
use std::ops::Range;

impl Tokens {
    /// A word that stands in the text as a range of bytes, its sign (`#`, `@`) included.
    #[inline]
    pub(in crate::text) fn push_ascii(&mut self, range: Range<usize>, what: What) {
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
    pub(in crate::text) fn push_latin(&mut self, text: &str, range: Range<usize>, what: What) {
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
    pub(in crate::text) fn push_mask(&mut self, range: Range<usize>) {
        let counts = Counts {
            parts: 1,
            ..Counts::default()
        };
        let at = range.start;
        self.push_word(range, at..at, self.forms.len(), counts);
    }

    #[inline]
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

    /// The text of so many bytes, in lower-case ASCII.
    pub(in crate::text) fn lower(&self, length: usize) -> &[u8] {
        let lower = self.letters.as_bytes().get(PADDING..PADDING + length);
        lower.unwrap_or_default()
    }

    /// A range of the text in lower-case ASCII.
    fn lower_of(&self, range: Range<usize>) -> &str {
        let range = range.start + PADDING..range.end + PADDING;
        self.letters.get(range).unwrap_or_default()
    }

    #[inline]
    fn push_lower(&mut self, range: Range<usize>) {
        self.push_range(range.start + PADDING..range.end + PADDING);
    }

    #[inline]
    fn push_range(&mut self, range: Range<usize>) {
        self.forms.push(Form {
            start: narrow(range.start),
            end: narrow(range.end),
            hash: hash_at(self.letters.as_bytes(), range),
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
    pub(in crate::text) fn read_any(&mut self, text: &str, piece: Range<usize>, wild: bool) {
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
                counts = Counts {
                    plain: self.push_part(&chars[from..to]),
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
                match ascii(part) {
                    Some(range) => whole.push_str(self.lower_of(range)),
                    None => fold_into(part.iter().map(|c| c.c), &mut whole),
                }
                let mut term = std::mem::take(&mut self.room.parts);
                term.clear();
                term.push_str("//");
                term.push_str(address_of(&whole));
                clip(&mut term, MAX_TERM_BYTES);
                let added = self.push_form(&term, first);
                self.room.parts = term;
                added
            }
            _ => self.push_part(part),
        };
        self.room.whole = whole;
        added
    }

    /// The first forms of a position: those of a part.
    fn push_part(&mut self, part: &[Char]) -> u8 {
        match ascii(part) {
            Some(range) if range.len() <= MAX_TERM_BYTES => {
                self.push_lower(range);
                1
            }
            _ => {
                self.room.folded.set("", part);
                self.push_folded(self.forms.len())
            }
        }
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
    /// otherwise (then `true`). Empty where its position has no forms.
    fn exact(&mut self, text: &str, part: &[Char], counts: Counts) -> (Range<usize>, bool) {
        let start = part.first().map_or(0, |c| c.start as usize);
        if counts.forms() == 0 {
            return (start..start, false);
        }
        if let Some(mut range) = ascii(part) {
            range.end = range.end.min(range.start + MAX_TERM_BYTES);
            return (range, false);
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

/// Where a part stands in the text, if it stands there in ASCII without anything unseen between.
fn ascii(part: &[Char]) -> Option<Range<usize>> {
    let (first, last) = (part.first()?, part.last()?);
    let range = first.start as usize..last.end as usize;
    let fits = range.len() == part.len();
    (fits && part.iter().all(|c| c.c.is_ascii())).then_some(range)
}
