//! A feed's bytes as text. The parser panics on UTF-16 and believes every label, so it gets text.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// Decodes bytes to text: by byte order mark, then as UTF-8 where they are valid UTF-8 (labels are
/// wrong more often than that is a coincidence), then by the label of HTTP, then by the XML
/// declaration's, else as Windows-1252. Never fails; what cannot be decoded becomes U+FFFD.
pub fn decode<'a>(bytes: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if let Some((encoding, bom_bytes)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[bom_bytes..]).0;
    }
    match bytes {
        [0, b'<' | b'{', ..] => return UTF_16BE.decode_without_bom_handling(bytes).0,
        [b'<' | b'{', 0, ..] => return UTF_16LE.decode_without_bom_handling(bytes).0,
        _ => {}
    }
    let stated = content_type.and_then(charset).or_else(|| declared(bytes));
    let stated = stated.and_then(|label| Encoding::for_label(label.as_bytes()));
    match (std::str::from_utf8(bytes), stated) {
        // The one label in use whose bytes look like plain ASCII.
        (Ok(text), Some(encoding)) if encoding.is_ascii_compatible() => Cow::Borrowed(text),
        (Ok(text), None) => Cow::Borrowed(text),
        (Err(_), Some(encoding)) if encoding == UTF_8 => mostly_utf8(bytes),
        (_, encoding) => {
            encoding
                .unwrap_or(WINDOWS_1252)
                .decode_without_bom_handling(bytes)
                .0
        }
    }
}

/// Bytes that claim to be UTF-8 and are not: a damaged place or two in UTF-8, or another encoding.
fn mostly_utf8(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    let bad = text.chars().filter(|c| *c == '\u{fffd}').count();
    let good = text.chars().filter(|c| !c.is_ascii()).count() - bad;
    match bad > good {
        true => WINDOWS_1252.decode_without_bom_handling(bytes).0,
        false => text,
    }
}

fn charset(content_type: &str) -> Option<String> {
    let lower = content_type.to_ascii_lowercase();
    let value = lower
        .split_once("charset=")?
        .1
        .trim_start_matches(['"', '\'', ' ']);
    Some(value.split(['"', '\'', ';', ' ']).next()?.to_owned())
}

fn declared(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]);
    let declaration = head.split_once("<?xml")?.1.split_once("?>")?.0;
    let value = declaration
        .split_once("encoding")?
        .1
        .trim_start_matches([' ', '=', '"', '\'']);
    Some(value.split(['"', '\'', ' ']).next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_text() {
        let utf16 = |text: &str, big: bool, bom: bool| -> Vec<u8> {
            let units = bom.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            units
                .flat_map(|u: u16| {
                    if big {
                        u.to_be_bytes()
                    } else {
                        u.to_le_bytes()
                    }
                })
                .collect()
        };
        for (big, bom) in [(true, true), (true, false), (false, true), (false, false)] {
            assert_eq!(
                decode(&utf16("<feed>ü", big, bom), None),
                "<feed>ü",
                "{big} {bom}"
            );
        }
        let latin = b"<?xml version=\"1.0\" encoding='ISO-8859-1'?>\xfc \x80";
        assert!(decode(latin, None).ends_with("ü €"));
        assert_eq!(decode(b"\xfc", None), "ü");
        assert_eq!(
            decode(
                b"\xef\xbb\xbf\xc3\xbc",
                Some("text/xml; charset=iso-8859-1")
            ),
            "ü"
        );
        assert_eq!(
            decode("ü".as_bytes(), Some("text/xml; charset=iso-8859-1")),
            "ü"
        );
        assert_eq!(
            decode(b"\xa4", Some("text/xml; Charset=\"ISO-8859-15\"")),
            "€"
        );
        assert_eq!(decode(b"\xfc\xe4", Some("text/xml; charset=utf-8")), "üä");
        assert_eq!(
            decode(b"\xc3\xbc\xc3\xa4\xff", Some("a; charset=utf-8")),
            "üä\u{fffd}"
        );
        assert_eq!(
            decode(b"\x1b$B$\"\x1b(B", Some("a; charset=iso-2022-jp")),
            "あ"
        );
        assert_eq!(decode(b"abc", Some("a; charset=no-such")), "abc");
    }
}
