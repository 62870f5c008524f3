//! Cuts what arrives in pieces into lines of bounded length.
//!
//! A line ends with CR, LF or both, as event streams have it; JSON in lines has no bare CR inside. A
//! line over the cap is announced once and skipped to its end: the stream behind it is still good.

/// Longest line that is taken, in bytes.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Without its end. Never empty.
    Text(Vec<u8>),
    /// The server lives, and says nothing: the connection was made, or an empty line came.
    Alive,
    /// Longer than the cap: not kept.
    TooLarge,
}

/// What is left over between two pieces.
#[derive(Debug)]
pub struct Cutter {
    max: usize,
    line: Vec<u8>,
    /// The line is over the cap: the rest of it is skipped.
    skips: bool,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
}

impl Cutter {
    pub fn new(max: usize) -> Self {
        Self {
            max,
            line: Vec::new(),
            skips: false,
            after_cr: false,
        }
    }

    /// The next line that `piece` completes; what was read is taken from its front. `None` where
    /// more is needed. An empty line is [`Line::Alive`].
    pub fn next(&mut self, piece: &mut &[u8]) -> Option<Line> {
        if self.after_cr && !piece.is_empty() {
            self.after_cr = false;
            *piece = piece.strip_prefix(b"\n").unwrap_or(piece);
        }
        let end = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (part, rest) = piece.split_at(end.unwrap_or(piece.len()));
        self.skips |= self.line.len() + part.len() > self.max;
        match self.skips {
            true => self.line = Vec::new(),
            false => self.line.extend_from_slice(part),
        }
        let Some((last, rest)) = rest.split_first().filter(|_| end.is_some()) else {
            *piece = &[];
            return None;
        };
        *piece = rest;
        self.after_cr = *last == b'\r';
        let line = std::mem::take(&mut self.line);
        Some(match std::mem::take(&mut self.skips) {
            true => Line::TooLarge,
            false if line.is_empty() => Line::Alive,
            false => Line::Text(line),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pieces: &[&[u8]]) -> Vec<String> {
        let mut cutter = Cutter::new(4);
        let mut lines = Vec::new();
        for piece in pieces {
            let mut piece = *piece;
            while let Some(line) = cutter.next(&mut piece) {
                lines.push(match line {
                    Line::Text(line) => String::from_utf8(line).unwrap(),
                    Line::Alive => "-".to_owned(),
                    Line::TooLarge => "!".to_owned(),
                });
            }
            assert!(piece.is_empty() && cutter.line.len() <= 4);
        }
        lines
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let text = b"one\r\ntwo\rfour\n\n\r\ntoo long\r\nfive\n12345\n!\r\rend";
        let whole = cut(&[text]);
        let expected = ["one", "two", "four", "-", "-", "!", "five", "!", "!", "-"];
        assert_eq!(whole, expected);
        for at in 0..=text.len() {
            let (a, b) = text.split_at(at);
            assert_eq!(cut(&[a, b]), expected, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(cut(&bytes), expected);
        assert_eq!(cut(&[]), Vec::<String>::new());
    }
}
