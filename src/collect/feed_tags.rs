//! The start tags of a feed, written so that the parser takes every element for what is meant.
//!
//! The parser goes by namespaces and gives up a feed for a `type` that it does not know. So an
//! element of the feed's own format has none (then it is what its name says), the prefixes that
//! feeds use mean what they mean everywhere, declared or not, and `type` is one of a few. Where all of
//! that did not help, `names_items` tells a feed that says nothing from one that was not understood.

use super::feed_escape::push_text;
use std::collections::HashSet;
use url::Url;

const MAX_ATTRIBUTES: usize = 64;
/// Prefixes with one meaning, whatever a feed declares: a slash too few, another case, nothing.
const PREFIXES: [(&str, &str); 5] = [
    ("atom", "http://www.w3.org/2005/Atom"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("itunes", "http://www.itunes.com/dtds/podcast-1.0.dtd"),
    ("media", "http://search.yahoo.com/mrss/"),
];
/// Type of content that is no words.
const BINARY: &str = "application/octet-stream";
/// Longest name of a tag that is looked at for an item's.
const MAX_NAME_BYTES: usize = 128;
/// Namespace of prefixes that nobody declared: their `title` is not the item's.
const UNDECLARED: &str = "urn:undeclared";
/// Elements that make a feed, in the namespace of its format.
const FRAME: [&str; 6] = ["rss", "channel", "item", "RDF", "feed", "entry"];
/// Elements of Atom and of extensions that hold words.
const WORDS: [&str; 6] = [
    "title",
    "summary",
    "content",
    "description",
    "subtitle",
    "rights",
];

/// Elements of RSS whose content is text: tags inside are unescaped HTML.
const TEXTS: [&str; 4] = ["title", "description", "encoded", "summary"];

/// What a tag inside an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// A tag of the feed.
    Tags,
    /// HTML that the publisher forgot to escape.
    Html,
    /// Nothing: the element holds plain words.
    Words,
}

/// A name without its prefix.
pub fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn prefix(name: &str) -> Option<&str> {
    name.split_once(':').map(|(prefix, _)| prefix)
}

/// True where a feed's text holds the tag of an item, in any case and with any prefix. What stands in
/// comments and CDATA is no tag. Generous: it decides only whether nothing is believed.
pub fn names_items(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let hidden = [("!--", "-->"), ("![CDATA[", "]]>")];
        let end = hidden.iter().find(|(begin, _)| rest.starts_with(begin));
        match end.map(|(_, end)| rest.split_once(end)) {
            Some(Some((_, next))) => rest = next,
            // What is opened and never closed hides everything behind it.
            Some(None) => return false,
            None if is_item_tag(rest) => return true,
            None => {}
        }
    }
    false
}

/// True for what follows the `<` of `<item>`, `<x:Entry …>`.
pub(super) fn is_item_tag(text: &str) -> bool {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<');
    let head = &text[..text.floor_char_boundary(MAX_NAME_BYTES)];
    let name = head.split(is_end).next().unwrap_or_default();
    ["item", "entry"]
        .iter()
        .any(|item| local(name).eq_ignore_ascii_case(item))
}

/// Writes the start tags of one feed, and remembers what they declared.
#[derive(Default)]
pub struct Tags<'a> {
    root: Option<&'a str>,
    declared: HashSet<&'a str>,
}

impl<'a> Tags<'a> {
    /// True in an Atom feed or entry.
    pub fn is_atom(&self) -> bool {
        matches!(self.root.map(local), Some("feed" | "entry"))
    }

    /// True for an element without which the parser can do, but not with nothing in it.
    pub fn needs_words(&self, name: &str) -> bool {
        let is_read = self.is_atom() || prefix(name).is_some();
        is_read && WORDS.contains(&local(name)) && name != "media:content"
    }

    /// What tags are in an element; the parser would end its words at the first one.
    pub fn inside(&self, name: &str, attributes: &str) -> Inside {
        if !self.is_atom() || name.starts_with("media:") {
            return match TEXTS.contains(&local(name)) {
                true => Inside::Html,
                false => Inside::Tags,
            };
        }
        let attributes = split(attributes);
        let stated = attributes.iter().find(|(key, _)| *key == "type");
        match stated.and_then(|(_, value)| text_type(name, value)) {
            _ if !self.needs_words(name) => Inside::Tags,
            Some("html") => Inside::Html,
            Some(_) => Inside::Tags,
            None => Inside::Words,
        }
    }

    /// Writes `<name …>`. The first one is the root.
    ///
    /// Attributes get quotes and clean values. Missing are those that would cost the parser the
    /// feed or the element.
    pub fn push_start(&mut self, out: &mut String, name: &'a str, attributes: &'a str) {
        out.push('<');
        out.push_str(name);
        if self.root.is_none() {
            self.root = Some(name);
            self.push_root_attributes(out, name);
        }
        let mut is_binary = false;
        for (key, value) in split(attributes) {
            self.declared.extend(key.strip_prefix("xmlns:"));
            if let Some(value) = self.mended(name, key, value) {
                is_binary |= value == BINARY;
                push_attribute(out, key, value);
            }
        }
        if let Some(prefix) = prefix(name).filter(|prefix| self.is_undeclared(prefix)) {
            push_attribute(out, &format!("xmlns:{prefix}"), UNDECLARED);
        }
        // The parser wants text in it before any tag, though nobody reads it.
        out.push_str(if is_binary { "> " } else { ">" });
    }

    fn push_root_attributes(&mut self, out: &mut String, name: &'a str) {
        // The root's prefix is the format's own, as no prefix is.
        self.declared.extend(prefix(name));
        self.declared.extend(["xml", "xmlns"]);
        if local(name) == "rss" {
            // One reading serves all versions; the parser takes only some of their numbers.
            push_attribute(out, "version", "2.0");
        }
        for (prefix, namespace) in PREFIXES {
            self.declared.insert(prefix);
            push_attribute(out, &format!("xmlns:{prefix}"), namespace);
        }
    }

    fn is_undeclared(&self, prefix: &str) -> bool {
        !self.declared.contains(prefix) && !prefix.is_empty() && prefix.chars().all(is_name_char)
    }

    /// The value of an attribute as the parser may see it, if it may.
    fn mended<'v>(&self, name: &str, key: &str, value: &'v str) -> Option<&'v str> {
        match key {
            "version" if local(name) == "rss" => None,
            "xmlns" if FRAME.contains(&local(name)) => None,
            "xml:base" => Some(value).filter(|value| is_base(value)),
            "type" if self.needs_words(name) => text_type(name, value),
            // What stands elsewhere is not fetched, and beside it there may be no text.
            "src" if self.needs_words(name) => None,
            _ => match key.strip_prefix("xmlns:") {
                Some(prefix) => Some(value).filter(|_| !self.is_fixed(prefix)),
                None => Some(value),
            },
        }
    }

    /// A prefix that means the same in every feed.
    fn is_fixed(&self, prefix: &str) -> bool {
        let own = self.root.and_then(self::prefix);
        let known = PREFIXES.iter().any(|(known, _)| *known == prefix);
        known || own == Some(prefix) || matches!(prefix, "xml" | "xmlns")
    }
}

/// The type of a text, as the parser knows it; plain text has none.
fn text_type<'v>(name: &str, value: &str) -> Option<&'v str> {
    let value = value.to_ascii_lowercase();
    let is_extension = prefix(name).is_some_and(|prefix| prefix != "atom");
    match value.as_str() {
        value if (value == "xhtml" || value.contains("xml")) && !is_extension => Some("xhtml"),
        value if value.contains("html") => Some("html"),
        value if value.contains('/') && !value.starts_with("text/") && local(name) == "content" => {
            Some(BINARY)
        }
        _ => None,
    }
}

/// The attributes that a tag names and gives a value, with or without quotes.
pub(super) fn split(attributes: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = attributes;
    while let Some((name, behind)) = rest.split_once('=') {
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
        if !name.is_empty() && name.chars().all(is_name_char) {
            found.push((name, value));
        }
        if found.len() == MAX_ATTRIBUTES {
            break;
        }
    }
    found
}

fn push_attribute(out: &mut String, key: &str, value: &str) {
    out.push(' ');
    out.push_str(key);
    out.push_str("=\"");
    push_text(out, value);
    out.push('"');
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a tag inside a root, the root's own left out.
    fn check(root: (&str, &str), name: &str, attributes: &str, expected: &str) {
        let mut tags = Tags::default();
        tags.push_start(&mut String::new(), root.0, root.1);
        let mut out = String::new();
        tags.push_start(&mut out, name, attributes);
        assert_eq!(out, expected, "of <{name} {attributes}>");
    }

    const RSS: (&str, &str) = ("rss", "");
    const ATOM: (&str, &str) = ("feed", "");

    #[test]
    fn attributes_get_quotes_and_clean_values() {
        check(
            ATOM,
            "link",
            " href='/?a=1&b=2' x",
            "<link href=\"/?a=1&amp;b=2\">",
        );
        check(
            ATOM,
            "a",
            " b=c d checked e='\"'",
            "<a b=\"c\" e=\"&quot;\">",
        );
        check(ATOM, "a", " \"x\"=1 xml:base='http://['", "<a>");
        check(ATOM, "a", " xml:base=/x", "<a xml:base=\"/x\">");
    }

    #[test]
    fn elements_of_the_format_have_no_namespace() {
        for root in ["rss", "feed", "rdf:RDF"] {
            let mut out = String::new();
            Tags::default().push_start(&mut out, root, " xmlns='http://backend.userland.com/rss2'");
            assert!(!out.contains("userland"), "{out}");
        }
        check(RSS, "item", " xmlns='urn:x'", "<item>");
        check(ATOM, "div", " xmlns='urn:x'", "<div xmlns=\"urn:x\">");
        let own = ("n:rss", " xmlns:n='urn:x'");
        check(own, "n:item", " xmlns:n='urn:x'", "<n:item>");
    }

    #[test]
    fn prefixes_mean_what_they_mean_everywhere() {
        check(RSS, "content:encoded", "", "<content:encoded>");
        check(
            RSS,
            "media:title",
            " xmlns:media='http://search.yahoo.com/mrss'",
            "<media:title>",
        );
        check(RSS, "x:title", "", "<x:title xmlns:x=\"urn:undeclared\">");
        check(("rss", " xmlns:x='urn:x'"), "x:title", "", "<x:title>");
        check(
            RSS,
            "x:title",
            " xmlns:x='urn:x'",
            "<x:title xmlns:x=\"urn:x\">",
        );
        check(RSS, "xml:title", " xmlns:xml='urn:x'", "<xml:title>");
    }

    #[test]
    fn types_are_those_that_the_parser_knows() {
        let content = |kind: &str, expected: &str| {
            let expected = match expected {
                "" => "<content>".to_owned(),
                kind => format!("<content type=\"{kind}\">"),
            };
            check(ATOM, "content", &format!(" type='{kind}'"), &expected);
        };
        content("text/plain", "");
        content("sonstwas", "");
        content("HTML", "html");
        content("xhtml", "xhtml");
        content("text/html; charset=utf-8", "html");
        content("application/xhtml+xml", "xhtml");
        content("image/svg+xml", "xhtml");
        let png = "<content type=\"application/octet-stream\"> ";
        check(ATOM, "content", " type='image/png'", png);
        check(ATOM, "content", " src='/x' type=text", "<content>");
        check(ATOM, "title", " type='image/png'", "<title>");
        check(RSS, "media:title", " type='text'", "<media:title>");
        check(
            RSS,
            "media:content",
            " type=a/b src=c",
            "<media:content type=\"a/b\" src=\"c\">",
        );
        check(
            RSS,
            "media:description",
            " type=xhtml",
            "<media:description type=\"html\">",
        );
    }

    #[test]
    fn tags_of_items_are_seen_wherever_they_stand() {
        for text in [
            "<item>",
            "<rss><ITEM ",
            "x<a:entry/>",
            "<item",
            "<!-- --><item>",
        ] {
            assert!(names_items(text), "{text}");
        }
        for text in [
            "",
            "<",
            "</item>",
            "<items><rdf:Seq/></items>",
            "<itemscope>",
            "<!-- <item> --><![CDATA[<entry>]]>&lt;item>",
            "<!-- <item>",
        ] {
            assert!(!names_items(text), "{text}");
        }
        for piece in ["<", "<a", "<!--", "<!---->", "<item:", "<![CDATA["] {
            assert!(
                !names_items(&piece.repeat(1_000_000 / piece.len())),
                "{piece}"
            );
        }
    }
}
