//! A feed's text as well-formed XML, whatever the publisher sent. One pass, no tree.
//!
//! The parser behind this file gives up a whole feed for one bare `&`, an `<rss>` without version or
//! an unclosed `<br>`. So it never sees the text: it is written anew here, and what the parser reads
//! is well-formed, shallow and of bounded size.
//!
//! Not here: encodings (`feed_decode`), the inside of tags (`feed_tags`), and what the elements mean
//! (`feed_read`).

use super::feed_escape::{is_xml, push_text};
use super::feed_tags::{Inside, Tags, local};
use super::source::{RejectReason, Rejection};
use std::ops::Range;

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
/// Elements that feeds of the world begin with, without their prefix.
const ROOTS: [&str; 4] = ["rss", "feed", "RDF", "entry"];

/// A feed as the parser may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Xml {
    pub text: String,
    /// Where its items stand, each from `<item>` to `</item>`.
    pub items: Vec<Range<usize>>,
    /// True where the feed breaks off before its first item is whole.
    pub is_cut: bool,
}

/// Writes a feed anew: well-formed, with at most `max_items` whole items.
///
/// Repaired are bare `&`, HTML's entities, control characters, tags that are not closed or not
/// opened, unescaped HTML in texts, texts with nothing in them, attributes, namespaces, versions,
/// and what stands before and behind the feed. An item that breaks off is left out.
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
    tags: Tags<'a>,
    /// Where the words of the newest element begin, if it must not be without.
    words: Option<usize>,
    /// How many elements were open in the newest one, and what tags are there.
    inside: Option<(usize, Inside)>,
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

    fn data(&mut self, data: &str) {
        let run: String = data.chars().filter(|c| is_xml(*c)).collect();
        if !self.open.is_empty() && !run.is_empty() {
            self.out.push_str("<![CDATA[");
            self.out.push_str(&run);
            self.out.push_str("]]>");
        }
    }

    /// Takes what begins with `<`. Gives what follows, or nothing where the input breaks off.
    fn markup(&mut self, rest: &'a str) -> Result<Option<&'a str>, Rejection> {
        if let Some(data) = rest.strip_prefix("<![CDATA[") {
            let Some(end) = data.find("]]>") else {
                return Ok(None);
            };
            self.data(&data[..data.floor_char_boundary(end.min(MAX_RUN_BYTES))]);
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
            TagEnd::NoTag => {
                self.text("<");
                Ok(Some(&rest[1..]))
            }
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
        if let Some(depth) = self.unclosed_before(name).filter(|_| !is_end) {
            self.close_to(depth);
        }
        match (is_end, self.open.iter().rposition(|open| *open == name)) {
            (true, Some(depth)) => self.close_to(depth),
            _ if self.inside() == Inside::Html => self.text(tag),
            // Not joined: a tag stands between words more often than within one.
            _ if self.inside() == Inside::Words => self.text(" "),
            (true, None) => {}
            (false, _) if self.open.len() < MAX_DEPTH => self.start(name, attributes, is_empty),
            (false, _) => {}
        }
    }

    /// Items do not nest: how many elements stay open where one begins before the item, or the
    /// channel's text, before it was closed.
    fn unclosed_before(&self, name: &str) -> Option<usize> {
        match self.item {
            Some((_, depth)) => (self.open.get(depth) == Some(&name)).then_some(depth),
            None => (name == "item" && self.inside() == Inside::Html).then(|| self.open.len() - 1),
        }
    }

    /// What tags are where the writer stands.
    fn inside(&self) -> Inside {
        match self.inside {
            Some((depth, inside)) if depth == self.open.len() => inside,
            _ => Inside::Tags,
        }
    }

    fn start(&mut self, name: &'a str, attributes: &'a str, is_empty: bool) {
        self.elements += 1;
        let begin = self.out.len();
        if self.item.is_none() && matches!(local(name), "item" | "entry") {
            self.item = Some((begin, self.open.len()));
        }
        self.tags.push_start(&mut self.out, name, attributes);
        self.words = self.tags.needs_words(name).then_some(self.out.len());
        self.open.push(name);
        self.inside = Some((self.open.len(), self.tags.inside(name, attributes)));
        if is_empty {
            self.close_to(self.open.len() - 1);
        }
    }

    /// Closes elements until only `depth` are open.
    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(name) = self.open.pop() {
                if self.words.take() == Some(self.out.len()) {
                    self.out.push(' ');
                }
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
        let is_cut = self.items.is_empty() && !self.closed;
        if let Some((begin, depth)) = self.item.take() {
            self.out.truncate(begin);
            self.open.truncate(depth);
            self.words = None;
        }
        self.close_to(0);
        if self.out.is_empty() {
            let why = "there is no RSS, Atom, RDF or JSON feed in it";
            return Err(Rejection::new(RejectReason::Malformed, why));
        }
        Ok(Xml {
            text: self.out,
            items: self.items,
            is_cut,
        })
    }
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
    /// A tag begins before an end: this `<` is only a sign.
    NoTag,
}

/// Finds the `>` that stands in no quoted value; where a quote is open when the next tag begins,
/// the first `>` that there was. What was scanned in vain is not scanned again, so that the pass
/// stays linear.
fn tag_end(tag: &str) -> TagEnd {
    let mut quote = None;
    let mut first = None;
    for (i, b) in tag.bytes().enumerate().take(MAX_TAG_BYTES).skip(1) {
        match (b, quote, first) {
            (b'>', None, _) => return TagEnd::At(i + 1),
            (b'<', None, _) => return TagEnd::NoTag,
            (b'<', Some(_), Some(first)) => return TagEnd::At(first),
            (b'>', Some(_), None) => first = Some(i + 1),
            // A quote is only one behind an equals sign; elsewhere it is dirt.
            (b'"' | b'\'', None, _) if tag[..i].trim_end().ends_with('=') => quote = Some(b),
            (b, Some(open), _) if b == open => quote = None,
            _ => {}
        }
    }
    if let Some(first) = first {
        return TagEnd::At(first);
    }
    match tag.len() > MAX_TAG_BYTES {
        true => TagEnd::TooFar(tag.floor_char_boundary(MAX_TAG_BYTES)),
        false => TagEnd::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written, without the prefixes that every root declares.
    fn written(input: &str) -> String {
        let empty = repair("<feed/>", 1).unwrap().text;
        let declared = empty.trim_start_matches("<feed");
        let declared = declared.trim_end_matches("></feed>");
        repair(input, 10).unwrap().text.replace(declared, "")
    }

    fn check(input: &str, expected: &str) {
        assert_eq!(written(input), expected, "of {input}");
    }

    fn inside(item: &str) -> String {
        let text = written(&format!("<feed><entry>{item}</entry></feed>"));
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
            inside("&#228;&#xE4;&#38;&#0;&#xD800;&#x1;&#150;"),
            "ää&amp;\u{fffd}\u{fffd}–"
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
            "<rss version=\"2.0\" a=\"b\"></rss>",
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
    fn no_item_swallows_the_next() {
        let items = |inside: &str| {
            let rss = format!("<rss><channel>{inside}</channel></rss>");
            repair(&rss, 9).unwrap().items.len()
        };
        assert_eq!(items("<item>a<item>b<item>c"), 3);
        assert_eq!(items("<item><description>a<p>b<item>c</item>"), 2);
        assert_eq!(items("<description>a<item>b</item><item>c</item>"), 2);
        assert_eq!(items("<item><p title=\"offen>a</item><item>b</item>"), 2);
        assert_eq!(items("<item><link <title>a</item><item>b</item>"), 2);
        let atom = "<feed><entry><summary>a<entry><id>b</id></entry></feed>";
        assert_eq!(repair(atom, 9).unwrap().items.len(), 2);
        assert_eq!(inside("<a b='1>2'>x<y"), "<a b=\"1&gt;2\">x&lt;y</a>");
    }

    #[test]
    fn texts_that_the_parser_needs_are_not_empty() {
        assert_eq!(inside("<title/>"), "<title> </title>");
        assert_eq!(
            inside("<title><![CDATA[\u{1}]]></title>"),
            "<title> </title>"
        );
        assert_eq!(inside("<id/>"), "<id></id>");
        assert_eq!(
            inside("<media:description/>"),
            "<media:description> </media:description>"
        );
        assert_eq!(
            inside("<media:description><br/></media:description>"),
            "<media:description>&lt;br/&gt;</media:description>"
        );
        assert_eq!(
            inside("<content type='image/png'><b/></content>"),
            "<content type=\"application/octet-stream\"> <b></b></content>"
        );
    }

    #[test]
    fn tags_in_texts_cost_no_words() {
        assert_eq!(inside("<title>a <i>b</i></title>"), "<title>a  b </title>");
        assert_eq!(
            inside("<summary type='HTML'>a<p>b</p></summary><id>1</id>"),
            "<summary type=\"html\">a&lt;p&gt;b&lt;/p&gt;</summary><id>1</id>"
        );
        assert_eq!(
            inside("<content type='xhtml'><p>a<i>b</i></p></content>"),
            "<content type=\"xhtml\"><p>a<i>b</i></p></content>"
        );
    }

    #[test]
    fn whole_items_only_and_not_too_many() {
        let feed = |n: usize| format!("<feed>{}</feed>", "<entry><id>1</id></entry>".repeat(n));
        let xml = repair(&feed(5), 3).unwrap();
        assert_eq!((xml.items.len(), xml.is_cut), (3, false));
        assert_eq!(xml.text, repair(&feed(3), 9).unwrap().text);
        let cut = &feed(3)[..feed(3).len() - 20];
        check(cut, &feed(2));
        for broken in ["<feed><title>x", "<feed><entry><id>1</id>", "<feed><entry"] {
            assert!(repair(broken, 9).unwrap().is_cut, "{broken}");
        }
        assert!(!repair(&feed(0), 9).unwrap().is_cut);
        for range in xml.items {
            assert!(xml.text[range].ends_with("</entry>"));
        }
    }

    #[test]
    fn depth_length_and_number_are_bounded() {
        let deep = repair(&format!("<feed><entry>{}x", "<d>".repeat(100_000)), 9).unwrap();
        assert!(deep.text.ends_with("\"></feed>") && deep.is_cut);
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
            "<a b='>",
            "<a b='\">",
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
}
