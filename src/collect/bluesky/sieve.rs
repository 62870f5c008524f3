//! Sees at the head of a frame that it is not about posts, without reading on.
//!
//! Only what is certain is let go: a frame whose head is byte for byte as both Jetstreams write it,
//! up to the name of another collection. Whatever else a frame may be is read in full. It is the
//! structure that is looked at, never what the queries look for: JSON can write any letter in
//! several ways.

use super::wire::POST;

/// What stands between the plain values of a commit on the wire v1.
const V1: [&[u8]; 5] = [
    br#"{"did":""#,
    br#"","time_us":"#,
    br#","kind":"commit","commit":{"rev":""#,
    br#"","operation":""#,
    br#"","collection":""#,
];
/// The same on the wire v2.
const V2: [&[u8]; 6] = [
    br#"{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":"#,
    br#","did":""#,
    br#"","time":""#,
    br#"","rev":""#,
    br#"","operation":""#,
    br#"","collection":""#,
];

/// True where the frame is a commit to another collection than that of posts, or none at all.
pub fn is_of_another_collection(frame: &[u8]) -> bool {
    let rest = behind(&V1, frame).or_else(|| behind(&V2, frame));
    let Some(rest) = rest else { return false };
    let (name, end) = rest.split_at(plain(rest));
    end.first() == Some(&b'"') && name != POST.as_bytes()
}

/// What follows these pieces, with plain values between them.
fn behind<'a>(pieces: &[&[u8]], frame: &'a [u8]) -> Option<&'a [u8]> {
    let (first, others) = pieces.split_first()?;
    let mut rest = frame.strip_prefix(*first)?;
    for piece in others {
        rest = rest[plain(rest)..].strip_prefix(*piece)?;
    }
    Some(rest)
}

/// How many bytes of a name, a key, a number or a time stand here: nothing that JSON could mean
/// otherwise.
fn plain(bytes: &[u8]) -> usize {
    let is_other = |byte: &u8| !PLAIN[usize::from(*byte)];
    bytes.iter().position(is_other).unwrap_or(bytes.len())
}

const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        plain[byte] = (byte as u8).is_ascii_alphanumeric()
            || matches!(byte as u8, b'.' | b':' | b'-' | b'_' | b'~' | b'%');
        byte += 1;
    }
    plain
};
