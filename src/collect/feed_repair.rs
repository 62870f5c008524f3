//! A feed's bytes as well-formed XML text, whatever the publisher sent. One pass, no tree.
//!
//! The parser behind this file gives up a whole feed for one bare `&`, an `<rss>` without version or
//! an unclosed `<br>`, and it panics on UTF-16. So it never sees the bytes: they are decoded here and
//! written anew, so that what it reads is well-formed, shallow and of bounded size.
//!
//! Not here: what the elements mean (`feed_read`).

use super::source::{RejectReason, Rejection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;
use std::ops::Range;
use url::Url;

/// Open elements at one place; tags of deeper ones are dropped and their text is kept.
const MAX_DEPTH: usize = 64;
/// Elements of one feed; what comes later is not read.
const MAX_ELEMENTS: usize = 100_000;
/// Longest run of text between two tags; what is longer is cut.
const MAX_RUN_BYTES: usize = 1024 * 1024;
/// Of what is written: a flood of `&` becomes five times as much. What comes later is not read.
const MAX_OUT_BYTES: usize = 24 * 1024 * 1024;
/// Longest tag; a longer one is dropped.
const MAX_TAG_BYTES: usize = 16 * 1024;
const MAX_ATTRIBUTES: usize = 64;
/// Longest name of an entity or digits of a character reference.
const MAX_REFERENCE_BYTES: usize = 32;
/// Elements that feeds of the world begin with, without their prefix.
const ROOTS: [&str; 4] = ["rss", "feed", "RDF", "entry"];
/// Elements of RSS whose content is text: tags inside are unescaped HTML.
const TEXTS: [&str; 3] = ["title", "description", "encoded"];

/// A feed as the parser may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xml {
    pub text: String,
    /// Where its items stand, each from `<item>` to `</item>`.
    pub items: Vec<Range<usize>>,
}

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

/// Writes a feed anew: well-formed, with at most `max_items` whole items.
///
/// Repaired are bare `&`, HTML's entities, control characters, tags that are not closed or not
/// opened, unescaped HTML in texts, attributes without quotes, a missing or odd `version`, and what
/// stands before and behind the feed. An item that breaks off is left out.
///
/// # Errors
/// A text without a feed in it; a document type with definitions of its own, which no feed needs and
/// attacks are made of.
pub fn repair(text: &str, max_items: usize) -> Result<Xml, Rejection> {
    let mut writer = Writer {
        max_items,
        ..Writer::default()
    };
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        writer.text(&rest[..at]);
        match writer.markup(&rest[at..])? {
            Some(next) if !writer.is_full() => rest = next,
            _ => break,
        }
    }
    writer.finish()
}

#[derive(Default)]
struct Writer<'a> {
    out: String,
    open: Vec<&'a str>,
    items: Vec<Range<usize>>,
    /// Where the item that is being written began, and how many elements were open then.
    item: Option<(usize, usize)>,
    elements: usize,
    max_items: usize,
    closed: bool,
}

impl<'a> Writer<'a> {
    fn is_full(&self) -> bool {
        self.closed
            || self.elements > MAX_ELEMENTS
            || self.items.len() >= self.max_items
            || self.out.len() > MAX_OUT_BYTES
    }

    fn text(&mut self, text: &str) {
        // Outside the root stands nothing that belongs to the feed.
        if !self.open.is_empty() {
            push_text(
                &mut self.out,
                &text[..text.floor_char_boundary(MAX_RUN_BYTES)],
            );
        }
    }

    /// Takes what begins with `<`. Gives what follows, or nothing where the input breaks off.
    fn markup(&mut self, rest: &'a str) -> Result<Option<&'a str>, Rejection> {
        if let Some(data) = rest.strip_prefix("<![CDATA[") {
            let Some(end) = data.find("]]>") else {
                return Ok(None);
            };
            if !self.open.is_empty() {
                self.out.push_str("<![CDATA[");
                self.out.extend(data[..end].chars().filter(|c| is_xml(*c)));
                self.out.push_str("]]>");
            }
            return Ok(Some(&data[end + 3..]));
        }
        if let Some(comment) = rest.strip_prefix("<!--") {
            return Ok(after(comment, "-->"));
        }
        if rest.starts_with("<?") {
            return Ok(after(rest, "?>"));
        }
        if rest.starts_with("<!") {
            return doctype(rest);
        }
        if !rest[1..].starts_with(|c: char| c == '/' || c == '_' || c.is_alphabetic()) {
            self.text("<");
            return Ok(Some(&rest[1..]));
        }
        match tag_end(rest) {
            TagEnd::At(end) => {
                self.tag(&rest[..end]);
                Ok(Some(&rest[end..]))
            }
            TagEnd::TooFar(end) => Ok(Some(&rest[end..])),
            TagEnd::Missing => Ok(None),
        }
    }

    fn tag(&mut self, tag: &'a str) {
        let inner = tag.trim_start_matches('<').trim_end_matches('>');
        let (is_end, inner) = match inner.strip_prefix('/') {
            Some(inner) => (true, inner),
            None => (false, inner),
        };
        let is_empty = !is_end && inner.ends_with('/');
        let inner = inner.trim_end_matches('/');
        let split = inner
            .find(|c: char| c.is_whitespace() || c == '/')
            .unwrap_or(inner.len());
        let (name, attributes) = inner.split_at(split);
        if name.is_empty() || (self.open.is_empty() && (is_end || !ROOTS.contains(&local(name)))) {
            return;
        }
        match (is_end, self.open.iter().rposition(|open| *open == name)) {
            (true, Some(depth)) => self.close_to(depth),
            _ if self.is_in_text() => self.text(tag),
            (true, None) => {}
            (false, _) if self.open.len() < MAX_DEPTH => self.start(name, attributes, is_empty),
            (false, _) => {}
        }
    }

    /// Inside a text of RSS, where tags are HTML that the publisher forgot to escape.
    fn is_in_text(&self) -> bool {
        let is_atom = self
            .open
            .first()
            .is_some_and(|root| matches!(local(root), "feed" | "entry"));
        !is_atom
            && self
                .open
                .last()
                .is_some_and(|name| TEXTS.contains(&local(name)))
    }

    fn start(&mut self, name: &'a str, attributes: &str, is_empty: bool) {
        self.elements += 1;
        let begin = self.out.len();
        if self.item.is_none() && matches!(local(name), "item" | "entry") {
            self.item = Some((begin, self.open.len()));
        }
        self.out.push('<');
        self.out.push_str(name);
        let is_rss = self.open.is_empty() && local(name) == "rss";
        push_attributes(&mut self.out, attributes, is_rss);
        if is_rss {
            // One reading serves all versions; the parser takes only some of their numbers.
            self.out.push_str(" version=\"2.0\"");
        }
        self.out.push('>');
        self.open.push(name);
        if is_empty {
            self.close_to(self.open.len() - 1);
        }
    }

    /// Closes elements until only `depth` are open.
    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                self.out.push_str("</");
                self.out.push_str(name);
                self.out.push('>');
            }
            if let Some((begin, _)) = self.item.filter(|(_, at)| self.open.len() == *at) {
                self.items.push(begin..self.out.len());
                self.item = None;
            }
        }
        self.closed = self.open.is_empty();
    }

    fn finish(mut self) -> Result<Xml, Rejection> {
        if let Some((begin, depth)) = self.item.take() {
            self.out.truncate(begin);
            self.open.truncate(depth);
        }
        self.close_to(0);
        if self.out.is_empty() {
            let why = "there is no RSS, Atom, RDF or JSON feed in it";
            return Err(Rejection::new(RejectReason::Malformed, why));
        }
        Ok(Xml {
            text: self.out,
            items: self.items,
        })
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn after<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    text.find(end).map(|at| &text[at + end.len()..])
}

fn doctype(rest: &str) -> Result<Option<&str>, Rejection> {
    let end = rest.find(['>', '[']);
    match end {
        Some(end) if rest[end..].starts_with('[') => Err(Rejection::new(
            RejectReason::Malformed,
            "a document type with definitions of its own is not read",
        )),
        end => Ok(end.map(|end| &rest[end + 1..])),
    }
}

enum TagEnd {
    /// Behind the closing `>`.
    At(usize),
    /// No end within the limit; continue here.
    TooFar(usize),
    Missing,
}

/// Finds the `>` that stands in no quoted value. What was scanned in vain is not scanned again, so
/// that the pass stays linear.
fn tag_end(tag: &str) -> TagEnd {
    let mut quote = None;
    for (i, b) in tag.bytes().enumerate().take(MAX_TAG_BYTES) {
        match (b, quote) {
            (b'>', None) => return TagEnd::At(i + 1),
            // A quote is only one behind an equals sign; elsewhere it is dirt.
            (b'"' | b'\'', None) if tag[..i].trim_end().ends_with('=') => quote = Some(b),
            (b, Some(open)) if b == open => quote = None,
            _ => {}
        }
    }
    match tag.len() > MAX_TAG_BYTES {
        true => TagEnd::TooFar(tag.floor_char_boundary(MAX_TAG_BYTES)),
        false => TagEnd::Missing,
    }
}

/// Writes attributes with quotes and clean values; `version` only where it does not decide how the
/// feed is read, `xml:base` only where it is an address.
fn push_attributes(out: &mut String, attributes: &str, is_rss: bool) {
    let mut rest = attributes;
    for _ in 0..MAX_ATTRIBUTES {
        let Some((name, behind)) = rest.split_once('=') else {
            return;
        };
        // What stands before the last blank is an attribute without a value.
        let name = name.split_whitespace().next_back().unwrap_or_default();
        let behind = behind.trim_start();
        let (value, next) = match behind.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                behind[1..].split_once(quote).unwrap_or((&behind[1..], ""))
            }
            _ => behind
                .split_once(char::is_whitespace)
                .unwrap_or((behind, "")),
        };
        rest = next;
        let is_name = !name.is_empty() && name.chars().all(is_name_char);
        if !is_name || (is_rss && name == "version") || (name == "xml:base" && !is_base(value)) {
            continue;
        }
        out.push(' ');
        out.push_str(name);
        out.push_str("=\"");
        push_text(out, value);
        out.push('"');
    }
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':')
}

fn is_base(value: &str) -> bool {
    matches!(
        Url::parse(value),
        Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase)
    )
}

/// Writes text with everything escaped that must be, and nothing twice.
fn push_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(|c| matches!(c, '&' | '<' | '>' | '"') || !is_xml(c)) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((length, meaning)) = reference(rest) {
            meaning.chars().for_each(|c| push_char(out, c));
            rest = &rest[length..];
            continue;
        }
        let mut chars = rest.chars();
        if let Some(c) = chars.next() {
            push_char(out, c);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

fn push_char(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        c if is_xml(c) => out.push(c),
        _ => {}
    }
}

/// The reference that a text begins with: its bytes, and what it stands for.
fn reference(text: &str) -> Option<(usize, String)> {
    let body = text.strip_prefix('&')?;
    let end = body
        .bytes()
        .take(MAX_REFERENCE_BYTES)
        .position(|b| b == b';')?;
    let name = &body[..end];
    let meaning = match name.strip_prefix('#') {
        Some(digits) => {
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => digits.parse(),
            };
            let c = char::from_u32(code.ok()?)
                .filter(|c| is_xml(*c))
                .unwrap_or('\u{fffd}');
            c.to_string()
        }
        None => {
            let written = &text[..end + 2];
            let decoded = html_escape::decode_html_entities(written);
            (decoded != written).then(|| decoded.into_owned())?
        }
    };
    Some((end + 2, meaning))
}

/// Characters that XML 1.0 allows.
fn is_xml(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &str) {
        assert_eq!(repair(input, 10).unwrap().text, expected, "of {input}");
    }

    fn inside(item: &str) -> String {
        let text = repair(&format!("<feed><entry>{item}</entry></feed>"), 10)
            .unwrap()
            .text;
        text.trim_start_matches("<feed><entry>")
            .trim_end_matches("</entry></feed>")
            .to_owned()
    }

    #[test]
    fn ampersands_and_entities() {
        assert_eq!(inside("R&D AT&T"), "R&amp;D AT&amp;T");
        assert_eq!(
            inside("a&amp;b &lt;p&gt; &amp;uuml;"),
            "a&amp;b &lt;p&gt; &amp;uuml;"
        );
        assert_eq!(
            inside("M&uuml;ller&nbsp;&copy; &nix;"),
            "Müller\u{a0}© &amp;nix;"
        );
        assert_eq!(
            inside("&#228;&#xE4;&#38;&#0;&#xD800;&#x1;"),
            "ää&amp;\u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(inside("&#99999999999; &#;"), "&amp;#99999999999; &amp;#;");
        assert_eq!(inside("3 < 5\u{1}\u{ffff} & mehr"), "3 &lt; 5 &amp; mehr");
        assert_eq!(
            inside("<link href='/?a=1&b=2'/>"),
            "<link href=\"/?a=1&amp;b=2\"></link>"
        );
        assert_eq!(inside("<![CDATA[a & \u{2}<b>]]>"), "<![CDATA[a & <b>]]>");
    }

    #[test]
    fn roots_versions_and_surroundings() {
        check(
            "<rss><channel/></rss>",
            "<rss version=\"2.0\"><channel></channel></rss>",
        );
        check(
            "<rss version=0.90 a=b></rss>",
            "<rss a=\"b\" version=\"2.0\"></rss>",
        );
        check(
            "\u{feff}\n junk <br>\n<?xml version='1.0'?><!-- c --><feed/>behind<x/>",
            "<feed></feed>",
        );
        check("<!DOCTYPE rss PUBLIC \"x\"><feed></feed>", "<feed></feed>");
        check(
            "<feed xml:base='http://[' xml:lang=de checked></feed>",
            "<feed xml:lang=\"de\"></feed>",
        );
        for nothing in [
            "",
            "   ",
            "<html><body>Feed</body></html>",
            "plain",
            "</feed>",
            "<feed",
        ] {
            assert!(repair(nothing, 10).is_err(), "{nothing}");
        }
        let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaa\">]><rss><channel>&a;</channel></rss>";
        assert_eq!(
            repair(bomb, 10).unwrap_err().reason,
            RejectReason::Malformed
        );
    }

    #[test]
    fn tags_are_balanced() {
        assert_eq!(inside("<b>x"), "<b>x</b>");
        assert_eq!(inside("<a><b>x</a>y</c>"), "<a><b>x</b></a>y");
        let rss =
            "<rss><channel><item><description>eins<br>zwei</description></item></channel></rss>";
        assert!(
            repair(rss, 9)
                .unwrap()
                .text
                .contains("eins&lt;br&gt;zwei</description></item>")
        );
        let rss =
            "<rss><channel><item><title>Preis <b>5</b></item><item><title>z</title></item></rss>";
        assert_eq!(repair(rss, 9).unwrap().items.len(), 2);
    }

    #[test]
    fn whole_items_only_and_not_too_many() {
        let feed = |n: usize| format!("<feed>{}</feed>", "<entry><id>1</id></entry>".repeat(n));
        let xml = repair(&feed(5), 3).unwrap();
        assert_eq!((xml.items.len(), xml.text.len()), (3, feed(3).len()));
        let cut = &feed(3)[..feed(3).len() - 20];
        assert_eq!(repair(cut, 9).unwrap().text, feed(2));
        for range in xml.items {
            assert!(xml.text[range].ends_with("</entry>"));
        }
    }

    #[test]
    fn depth_length_and_number_are_bounded() {
        let deep = repair(&format!("<feed><entry>{}x", "<d>".repeat(100_000)), 9).unwrap();
        assert_eq!(deep.text, "<feed></feed>");
        let deep = repair(&format!("<feed>{}x</feed>", "<d>".repeat(100_000)), 9).unwrap();
        assert_eq!(deep.text.matches("<d>").count(), MAX_DEPTH - 1);
        let many = repair(&format!("<feed>{}", "<d/>".repeat(200_000)), 9).unwrap();
        assert_eq!(many.text.matches("<d>").count(), MAX_ELEMENTS);
        let long = format!("<feed><a b=\"{}\"/>x</feed>", "y".repeat(100_000));
        assert!(repair(&long, 9).unwrap().text.len() < 100_000);
        // Each of these would be quadratic if anything were scanned twice.
        for piece in [
            "<a \"",
            "<a b=\"",
            "<!",
            "<!--",
            "<?",
            "&",
            "&a",
            "<",
            "</",
            "<![CDATA[",
        ] {
            let text = format!("<feed>{}", piece.repeat(1_000_000 / piece.len()));
            let _ = repair(&text, 9);
        }
    }

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
