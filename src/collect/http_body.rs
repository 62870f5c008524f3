//! A body as it arrives: unpacked piece by piece, within its bounds.
//!
//! The library's own unpacking tells neither how much came over the wire nor when to stop; a piece of
//! it may become a thousand times as much. Here memory grows with what is taken and never past the
//! bound, and a body that unpacks beyond all reason is refused long before it.

use super::source::SourceError;
use flate2::write::MultiGzDecoder;
use std::io::{self, Write};

/// A body of words packs to a tenth, a table of zeros to a hundredth.
const MAX_RATIO: usize = 200;
/// Less is harmless, whatever it was packed to.
const SMALL: usize = 1024 * 1024;
/// As much is unpacked at one time.
const PIECE: usize = 4096;

/// A body under way.
pub struct Body {
    /// Bytes that came over the wire.
    received: usize,
    cut: bool,
    kind: Kind,
}

enum Kind {
    Plain(Kept),
    Gzip(Box<MultiGzDecoder<Kept>>),
}

/// What is kept, and no more than that.
struct Kept {
    bytes: Vec<u8>,
    max: usize,
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.max - self.bytes.len();
        if room == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let taken = room.min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Body {
    /// A body of at most `max` bytes, unpacked; with `cut` a longer one is cut off there instead of
    /// being refused. `encoding` is the stated one: what is not gzip is taken as it is, for some
    /// servers state a character set there.
    pub fn new(encoding: Option<&str>, max: usize, cut: Option<usize>) -> Self {
        let kept = Kept {
            bytes: Vec::new(),
            max: cut.unwrap_or(max),
        };
        let encoding = encoding.unwrap_or_default().trim().to_ascii_lowercase();
        Self {
            received: 0,
            cut: cut.is_some(),
            kind: match encoding.as_str() {
                "gzip" | "x-gzip" => Kind::Gzip(Box::new(MultiGzDecoder::new(kept))),
                _ => Kind::Plain(kept),
            },
        }
    }

    /// Bytes that came over the wire.
    pub fn received(&self) -> usize {
        self.received
    }

    /// Takes a piece. True where no more is wanted.
    ///
    /// # Errors
    /// `Refused`: too large, or packed beyond reason. `Transient`: no gzip.
    pub fn push(&mut self, chunk: &[u8]) -> Result<bool, SourceError> {
        for piece in chunk.chunks(PIECE) {
            self.received += piece.len();
            let written = match &mut self.kind {
                Kind::Plain(kept) => kept.write_all(piece),
                Kind::Gzip(decoder) => decoder.write_all(piece),
            };
            match written {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    return self.full();
                }
                Err(_) => return Err(damaged()),
            }
            let unpacked = self.kept().bytes.len();
            if unpacked > SMALL && unpacked / MAX_RATIO > self.received {
                let why = format!("the body unpacks to more than {MAX_RATIO} times its size");
                return Err(SourceError::Refused(why));
            }
        }
        Ok(false)
    }

    /// The whole body, after its end or when no more is wanted.
    ///
    /// # Errors
    /// `Transient`: the end is missing.
    pub fn finish(mut self) -> Result<Vec<u8>, SourceError> {
        let is_full = self.cut && self.kept().bytes.len() == self.kept().max;
        // The last bytes may come out of the decoder only now.
        let ended = match &mut self.kind {
            // An answer without a body may well say how it would have been packed.
            Kind::Gzip(decoder) if !is_full && self.received > 0 => decoder.try_finish(),
            Kind::Gzip(_) | Kind::Plain(_) => Ok(()),
        };
        match ended {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                self.full()?;
            }
            Err(_) => return Err(damaged()),
        }
        Ok(match self.kind {
            Kind::Plain(kept) => kept.bytes,
            Kind::Gzip(mut decoder) => std::mem::take(&mut decoder.get_mut().bytes),
        })
    }

    fn full(&self) -> Result<bool, SourceError> {
        match self.cut {
            true => Ok(true),
            false => Err(SourceError::Refused(format!(
                "the body is larger than {} bytes",
                self.kept().max
            ))),
        }
    }

    fn kept(&self) -> &Kept {
        match &self.kind {
            Kind::Plain(kept) => kept,
            Kind::Gzip(decoder) => decoder.get_ref(),
        }
    }
}

fn damaged() -> SourceError {
    SourceError::Transient("the body could not be unpacked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// What becomes of a body that arrives in pieces of this size.
    fn read(mut body: Body, bytes: &[u8], piece: usize) -> Result<Vec<u8>, SourceError> {
        for piece in bytes.chunks(piece) {
            if body.push(piece)? {
                break;
            }
        }
        body.finish()
    }

    #[test]
    fn bodies_are_read_whole_cut_or_refused() {
        let text = b"a text of forty letters, more or less...".repeat(100);
        let packed = gzip(&text);
        for piece in [1, 7, 5000] {
            for (encoding, bytes) in [(None, &text), (Some("GZIP"), &packed)] {
                let all = read(Body::new(encoding, 4000, None), bytes, piece);
                assert_eq!(all.unwrap(), text);
                let refused = read(Body::new(encoding, 3999, None), bytes, piece);
                assert!(matches!(refused, Err(SourceError::Refused(_))));
                let cut = read(Body::new(encoding, 1, Some(3999)), bytes, piece);
                assert_eq!(cut.unwrap(), text[..3999]);
                let cut = read(Body::new(encoding, 1, Some(4001)), bytes, piece);
                assert_eq!(cut.unwrap(), text);
            }
        }
        let named = read(Body::new(Some("utf-8"), 9, None), b"text", 9);
        assert_eq!(named.unwrap(), b"text");
        assert_eq!(read(Body::new(None, 9, None), b"", 9).unwrap(), b"");
        assert_eq!(read(Body::new(Some("gzip"), 9, None), b"", 9).unwrap(), b"");
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(
            read(Body::new(Some("x-gzip"), 9, None), &two, 3).unwrap(),
            b"one two"
        );
    }

    #[test]
    fn what_is_no_gzip_or_half_of_one_is_damaged() {
        let packed = gzip(b"text");
        for bytes in [&b"no gzip"[..], &packed[..packed.len() - 5]] {
            let told = read(Body::new(Some("gzip"), 99, None), bytes, 3);
            assert!(matches!(told, Err(SourceError::Transient(_))), "{bytes:?}");
        }
    }

    #[test]
    fn a_bomb_is_refused_long_before_the_bound() {
        let bomb = gzip(&vec![0; 64 * SMALL]);
        let mut body = Body::new(Some("gzip"), 1024 * SMALL, None);
        let told = bomb
            .chunks(100_000)
            .find_map(|chunk| body.push(chunk).err());
        assert!(matches!(told, Some(SourceError::Refused(why)) if why.contains("times")));
        assert!(body.kept().bytes.len() < 8 * SMALL);
    }
}
