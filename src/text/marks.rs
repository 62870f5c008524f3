//! Where words start and end in ASCII, one bit a byte: eight bytes are looked at in one go.

/// Bits of a text, in its order from the lowest on.
#[derive(Debug, Clone, Default)]
pub struct Marks {
    /// ASCII letters and digits.
    words: Vec<u64>,
    /// These, and all that is neither blank nor punctuation: `#`, `$`, `%`, `@` and non-ASCII.
    events: Vec<u64>,
}

/// Bytes with this value each.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The highest bit of each byte that lies in a range of ASCII; `low` holds each byte's lower seven
/// bits.
const fn between(low: u64, from: u8, to: u8) -> u64 {
    (low + all(0x80 - from)) & !(low + all(0x7f - to))
}

/// The highest bits of eight bytes, side by side.
const fn gather(bits: u64) -> u64 {
    ((bits & all(0x80)) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

impl Marks {
    /// Reads a text in lower-case ASCII.
    pub fn read(&mut self, bytes: &[u8]) {
        self.words.clear();
        self.events.clear();
        for block in bytes.chunks(64) {
            let (mut words, mut events) = (0, 0);
            for (nth, eight) in block.chunks(8).enumerate() {
                let mut padded = [b' '; 8];
                padded[..eight.len()].copy_from_slice(eight);
                let (word, event) = look(u64::from_le_bytes(padded));
                words |= word << (nth * 8);
                events |= event << (nth * 8);
            }
            self.words.push(words);
            self.events.push(events);
        }
    }

    /// The next byte from `at` on that is more than punctuation, and whether it is a letter or digit.
    pub fn next(&self, at: usize) -> Option<(usize, bool)> {
        let mut block = at / 64;
        let mut rest = self.events.get(block)? & (u64::MAX << (at % 64));
        while rest == 0 {
            block += 1;
            rest = *self.events.get(block)?;
        }
        let bit = rest.trailing_zeros();
        Some((block * 64 + bit as usize, self.words[block] >> bit & 1 == 1))
    }

    /// The first byte from `at` on that is no ASCII letter or digit; at most one text's end.
    pub fn end(&self, at: usize) -> usize {
        let mut block = at / 64;
        let mut rest = self
            .words
            .get(block)
            .map_or(0, |words| !words & (u64::MAX << (at % 64)));
        while rest == 0 {
            block += 1;
            match self.words.get(block) {
                Some(words) => rest = !words,
                None => return block * 64,
            }
        }
        block * 64 + rest.trailing_zeros() as usize
    }
}

/// One bit for each of eight bytes: is it a letter or digit, is it more than punctuation?
fn look(eight: u64) -> (u64, u64) {
    let low = eight & all(0x7f);
    let beyond = eight & all(0x80);
    let word = (between(low, b'a', b'z') | between(low, b'0', b'9')) & !beyond;
    let sign = between(low, b'#', b'%') | between(low, b'@', b'@');
    (gather(word), gather(word | sign | beyond))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for length in [1, 7, 8, 9, 63, 64, 65, 130] {
            for byte in 0..=u8::MAX {
                let mut text = vec![b' '; length];
                text[length - 1] = byte;
                let mut marks = Marks::default();
                marks.read(&text);
                let word = byte.is_ascii_lowercase() || byte.is_ascii_digit();
                let event = word || byte >= 0x80 || b"#$%@".contains(&byte);
                let expected = event.then_some((length - 1, word));
                assert_eq!(marks.next(0), expected, "{byte} of {length}");
                let end = if word { length } else { length - 1 };
                assert_eq!(marks.end(length - 1).min(length), end, "{byte} of {length}");
            }
        }
    }

    #[test]
    fn words_over_blocks() {
        let mut marks = Marks::default();
        marks.read(format!("{} {}", "a".repeat(200), "b").as_bytes());
        assert_eq!((marks.next(0), marks.end(0)), (Some((0, true)), 200));
        assert_eq!((marks.next(200), marks.end(201)), (Some((201, true)), 202));
        marks.read("a".repeat(128).as_bytes());
        assert_eq!((marks.end(3), marks.next(128)), (128, None));
    }
}
