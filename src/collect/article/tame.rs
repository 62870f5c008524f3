//! A foreign page, written anew before a parser sees it.
//!
//! An HTML parser follows every tag, and a page of one megabyte can be written so that it takes
//! minutes: a hundred thousand elements inside each other, or attributes in one tag. No time limit
//! helps, because a busy thread cannot be stopped. So this pass, linear in the page and with a short
//! stack, writes what an article can need and nothing else: well-known elements, never deeper than
//! [`MAX_DEPTH`], each closed where it should be, with a few short attributes. Scripts, styles,
//! drawings, frames and form fields are left out with their content.

use crate::text::references;
use std::collections::HashSet;

/// Deepest element that is written. Real pages stay below 60.
const MAX_DEPTH: usize = 80;
/// Elements of one page; what comes behind the last one is left out.
const MAX_ELEMENTS: usize = 30_000;
/// Longest value of an attribute, in bytes; a longer one is left out.
const MAX_VALUE_BYTES: usize = 1024;
/// Attributes of one tag that are looked at.
const MAX_ATTRIBUTES: usize = 40;
/// Blocks of linked data that are handed out, and the size of one.
const MAX_DATA_BLOCKS: usize = 8;
const MAX_DATA_BYTES: usize = 128 * 1024;

/// What is written; all else loses its tags and keeps its text.
const WRITTEN: [&str; 50] = [
    "html",
    "head",
    "body",
    "title",
    "base",
    "main",
    "article",
    "section",
    "header",
    "footer",
    "nav",
    "aside",
    "div",
    "p",
    "span",
    "a",
    "b",
    "strong",
    "i",
    "em",
    "u",
    "q",
    "cite",
    "blockquote",
    "pre",
    "code",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
    "figure",
    "figcaption",
    "time",
    "br",
    "hr",
    "meta",
];
/// Names of the box that a lead stands in. It loses its tags, so that its paragraphs stand beside those of
/// the article: a box beside the article is taken for none of it, however many paragraphs it has.
const LEADS: [&str; 8] = [
    "intro",
    "introtext",
    "einleitung",
    "lead",
    "leadtext",
    "lede",
    "vorspann",
    "standfirst",
];
/// Stands for such a box among the open elements.
const LEAD: &str = "#lead";
/// Elements without content.
const VOID: [&str; 4] = ["br", "hr", "meta", "base"];
/// Left out with everything in them.
const SILENT: [&str; 14] = [
    "script", "style", "template", "noscript", "iframe", "svg", "math", "object", "select",
    "textarea", "canvas", "audio", "video", "button",
];
const ATTRIBUTES: [&str; 14] = [
    "id",
    "class",
    "href",
    "name",
    "property",
    "content",
    "itemprop",
    "rel",
    "lang",
    "datetime",
    "role",
    "aria-hidden",
    "hidden",
    "style",
];

/// A page that no parser can be hurt by, and what it says to machines.
#[derive(Debug, Default)]
pub struct Tame {
    pub html: String,
    /// JSON of its `application/ld+json` blocks, as it stands there.
    pub data: Vec<String>,
    /// `name` (or `property`) and `content` of its `<meta>` tags, the name in lower case.
    pub metas: Vec<(String, String)>,
}

/// Writes a page anew.
pub fn tame(page: &str) -> Tame {
    let mut writer = Writer::default();
    let mut rest = page;
    while let Some(open) = rest.find('<') {
        writer.text(&rest[..open]);
        rest = writer.markup(&rest[open..]);
        if writer.elements > MAX_ELEMENTS {
            rest = "";
        }
    }
    writer.text(rest);
    while let Some(name) = writer.open.pop() {
        writer.close(name);
    }
    writer.tame
}

#[derive(Default)]
struct Writer {
    tame: Tame,
    open: Vec<&'static str>,
    /// Elements that were too deep to be written and are still open.
    dropped: usize,
    elements: usize,
    /// Silent elements that are not closed anywhere behind here: looked for once, not again.
    unclosed: HashSet<&'static str>,
}

impl Writer {
    /// Reads what begins with `<`; gives what is behind it.
    fn markup<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(comment) = rest.strip_prefix("<!--") {
            return after(comment, "-->");
        }
        let inside = &rest[1..];
        if let Some(closing) = inside.strip_prefix('/') {
            let (name, behind) = split_name(closing);
            self.closing(&name);
            return after(behind, ">");
        }
        if inside.starts_with(['!', '?']) {
            return after(inside, ">");
        }
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.tame.html.push_str("&lt;");
            return inside;
        }
        let (name, behind) = split_name(inside);
        let (attributes, behind) = attributes(behind);
        match known(&name, &SILENT) {
            Some(name) => self.silent(name, &attributes, behind),
            None => {
                self.opening(&name, &attributes);
                behind
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.tame.html.push_str(&text.replace('>', "&gt;"));
    }

    fn opening(&mut self, name: &str, attributes: &[(String, String)]) {
        let Some(name) = known(name, &WRITTEN) else {
            // A word that stood in its own element is a word of its own.
            return self.tame.html.push(' ');
        };
        if name == "meta" {
            self.meta(attributes);
        }
        let is_void = VOID.contains(&name);
        if !is_void && self.open.len() >= MAX_DEPTH {
            self.dropped += 1;
            return self.tame.html.push(' ');
        }
        self.elements += 1;
        let html = &mut self.tame.html;
        if name == "div" && is_lead(attributes) {
            html.push(' ');
            return self.open.push(LEAD);
        }
        html.push('<');
        html.push_str(name);
        for (key, value) in attributes {
            html.push_str(&format!(" {key}=\"{}\"", escaped(value)));
        }
        html.push('>');
        if !is_void {
            self.open.push(name);
        }
    }

    fn meta(&mut self, attributes: &[(String, String)]) {
        let find = |name: &str| attributes.iter().find(|(key, _)| key == name);
        let name = find("name").or_else(|| find("property"));
        if let (Some((_, name)), Some((_, content))) = (name, find("content")) {
            self.tame
                .metas
                .push((name.to_ascii_lowercase(), content.clone()));
        }
    }

    /// Closes the innermost element of this name, and what was left open in it.
    fn closing(&mut self, name: &str) {
        if self.dropped > 0 && known(name, &WRITTEN).is_some() {
            self.dropped -= 1;
            return;
        }
        let is_it = |open: &&str| *open == name || (*open == LEAD && name == "div");
        let Some(at) = self.open.iter().rposition(is_it) else {
            return;
        };
        while self.open.len() > at {
            if let Some(inner) = self.open.pop() {
                self.close(inner);
            }
        }
    }

    fn close(&mut self, name: &str) {
        if name == LEAD {
            return self.tame.html.push(' ');
        }
        self.tame.html.push_str("</");
        self.tame.html.push_str(name);
        self.tame.html.push('>');
    }

    /// Leaves an element out with its content; of a script that is linked data, keeps the data.
    fn silent<'a>(
        &mut self,
        name: &'static str,
        attributes: &[(String, String)],
        behind: &'a str,
    ) -> &'a str {
        if self.unclosed.contains(name) {
            return behind;
        }
        let Some((content, rest)) = until_closed(behind, name) else {
            self.unclosed.insert(name);
            return behind;
        };
        let is_data = name == "script"
            && attributes
                .iter()
                .any(|(key, value)| key == "type" && value.contains("ld+json"));
        if is_data && content.len() <= MAX_DATA_BYTES && self.tame.data.len() < MAX_DATA_BLOCKS {
            self.tame.data.push(content.to_owned());
        }
        rest
    }
}

fn is_lead(attributes: &[(String, String)]) -> bool {
    let class = attributes.iter().find(|(key, _)| key == "class");
    let mut names = class
        .into_iter()
        .flat_map(|(_, value)| value.split_whitespace());
    names.any(|name| LEADS.contains(&name.to_ascii_lowercase().as_str()))
}

fn known(name: &str, list: &[&'static str]) -> Option<&'static str> {
    list.iter().copied().find(|known| *known == name)
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or("", |at| &text[at + end.len()..])
}

/// A name in lower case, and what is behind it.
fn split_name(text: &str) -> (String, &str) {
    let end = text
        .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '<' | '='))
        .unwrap_or(text.len());
    // No name that is known is longer.
    let name = &text[..text.floor_char_boundary(end.min(16))];
    (name.to_ascii_lowercase(), &text[end..])
}

/// The attributes of a tag that are of use, the first of each name, and what is behind the tag.
fn attributes(text: &str) -> (Vec<(String, String)>, &str) {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text;
    let mut seen = 0;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/' || c == '=');
        if rest.is_empty() {
            return (found, rest);
        }
        if let Some(behind) = rest.strip_prefix('>') {
            return (found, behind);
        }
        // A tag that never ended: the next one begins here.
        if rest.starts_with('<') {
            return (found, rest);
        }
        let (name, behind) = split_name(rest);
        let (value, behind) = value(behind);
        rest = behind;
        seen += 1;
        let wanted = name == "type" || ATTRIBUTES.contains(&name.as_str());
        let is_new = found.iter().all(|(known, _)| *known != name);
        if wanted && is_new && seen <= MAX_ATTRIBUTES && value.len() <= MAX_VALUE_BYTES {
            found.push((name, references::decode(value).into_owned()));
        }
    }
}

fn value(text: &str) -> (&str, &str) {
    let Some(value) = text.trim_start().strip_prefix('=').map(str::trim_start) else {
        return ("", text);
    };
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inside = &value[1..];
        return match inside.find(quote) {
            Some(end) => (&inside[..end], &inside[end + 1..]),
            // A quote that never closes must not swallow the page.
            None => ("", after_first(inside)),
        };
    }
    let end = value
        .find(|c: char| c.is_ascii_whitespace() || c == '>')
        .unwrap_or(value.len());
    value.split_at(end)
}

/// From the first `>` on.
fn after_first(text: &str) -> &str {
    text.find('>').map_or("", |at| &text[at..])
}

fn escaped(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
}

/// The content of an element that has just been opened, and what is behind its end.
fn until_closed<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("</") {
        let at = from + found;
        let (closed, behind) = split_name(&text[at + 2..]);
        if closed == name {
            return Some((&text[..at], after(behind, ">")));
        }
        from = at + 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(page: &str, expected: &str) {
        assert_eq!(tame(page).html, expected, "of {page}");
    }

    #[test]
    fn what_an_article_needs_is_written_and_closed() {
        check(
            "<!DOCTYPE html><P Class=lead onclick='x()'>Die <b>Ministerin</P>sagt",
            "<p class=\"lead\">Die <b>Ministerin</b></p>sagt",
        );
        check("<div/><p>a<br/>b", "<div><p>a<br>b</p></div>");
        check("a<script>if (a</b) '</div>'</script>b", "ab");
        check("<svg><path d=x /><text>y</text></svg>z", "z");
        check("<my-teaser><p>a</p></my-teaser>", " <p>a</p>");
        check(
            "<div><div class='box Intro'><div>a</div><p>b</div>c</div>d</div>e",
            "<div> <div>a</div><p>b</p> c</div>de",
        );
        check(
            "<p class=intro>a</p><div class=introduction>b",
            "<p class=\"intro\">a</p><div class=\"introduction\">b</div>",
        );
        check("3 < 5 > 2 &amp; <3", "3 &lt; 5 &gt; 2 &amp; &lt;3");
        check("<a title=\"offen>Rest</a>", "<a>Rest</a>");
        check(
            "<p id=a id=b class='\"<'>x",
            "<p id=\"a\" class=\"&quot;&lt;\">x</p>",
        );
        check("<p <p>x", "<p><p>x</p></p>");
        check("</p>a<style>nie zu", "anie zu");
        check("<!-- <p> -->a<!-- offen", "a");
        check("<", "&lt;");
        check("", "");
    }

    #[test]
    fn what_is_said_to_machines_is_handed_out() {
        let page = "<meta name=Robots content='noarchive'><meta property=og:title content=x>\
                    <script type='application/ld+json'>{\"a\": 1}</script><script>y</script>";
        let tame = tame(page);
        assert_eq!(tame.data, ["{\"a\": 1}"]);
        let metas: Vec<_> = tame.metas.iter().map(|(n, c)| (&n[..], &c[..])).collect();
        assert_eq!(metas, [("robots", "noarchive"), ("og:title", "x")]);
    }

    #[test]
    fn no_page_is_deep_or_long() {
        let depth = |page: &str| {
            let (mut now, mut deepest) = (0i32, 0);
            for tag in tame(page).html.split('<').skip(1) {
                now += if tag.starts_with('/') { -1 } else { 1 };
                deepest = deepest.max(now);
            }
            assert_eq!(now, 0, "everything is closed");
            deepest
        };
        for piece in [
            "<div>",
            "<b id=x>",
            "<b><div></b>",
            "<div/>",
            "<table><a>",
            "<div></span>",
        ] {
            let deepest = depth(&piece.repeat(100_000));
            assert!(deepest <= 80, "{piece}: {deepest}");
        }
        let wide = format!("<p {}>x", "a1=2 id=x ".repeat(100_000));
        assert_eq!(tame(&wide).html, "<p id=\"x\">x</p>");
        for piece in [
            "<svg>",
            "<script",
            "<!--",
            "</",
            "<a href=\"",
            "<p '",
            "<script></scrip>",
        ] {
            assert!(
                tame(&piece.repeat(100_000)).html.len() < 2_000_000,
                "{piece}"
            );
        }
    }
}
