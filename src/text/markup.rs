//! HTML to plain text, in one pass over the bytes: no tree, no recursion, no depth.
//!
//! Foreign HTML never reaches a page: what comes out is text, which pages escape anyway. Block
//! tags become line breaks, `<script>` and `<style>` lose their content, entities are decoded once,
//! and the addresses of links are handed out beside the text.

use super::references;

/// Elements whose content is no text.
const SILENT: [&str; 7] = [
    "script", "style", "template", "noscript", "iframe", "svg", "title",
];
/// Elements that start or end a line.
const BLOCKS: [&str; 24] = [
    "p",
    "br",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "section",
    "article",
    "header",
    "footer",
    "blockquote",
    "pre",
    "figure",
    "figcaption",
    "aside",
];
/// Longest tag that is read for its name and address; what is longer is dropped all the same.
const MAX_TAG_BYTES: usize = 8 * 1024;

/// Plain text and the addresses that it linked to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plain {
    pub text: String,
    pub links: Vec<String>,
}

/// Strips HTML. Linear in the input; any input gives some text.
pub fn strip(html: &str) -> Plain {
    let mut plain = Plain::default();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        push_text(&mut plain.text, &rest[..open]);
        rest = &rest[open..];
        rest = if let Some(comment) = rest.strip_prefix("<!--") {
            after(comment, "-->")
        } else if let Some(data) = rest.strip_prefix("<![CDATA[") {
            let end = data.find("]]>").unwrap_or(data.len());
            plain.text.push_str(&data[..end]);
            after(data, "]]>")
        } else if starts_tag(rest) {
            let end = tag_end(rest);
            let tag = &rest[..end];
            let next = &rest[end..];
            read_tag(&mut plain, tag);
            skip_silent(tag, next)
        } else {
            plain.text.push('<');
            &rest[1..]
        };
    }
    push_text(&mut plain.text, rest);
    plain
}

/// A `<` that no letter, slash, `!` or `?` follows is a less-than sign.
fn starts_tag(rest: &str) -> bool {
    rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.find(end).map_or("", |i| &text[i + end.len()..])
}

/// Where a tag ends: behind the first `>` that stands in no quoted value, or, where the quotes
/// never close, behind the first `>` at all, so that a stray quote cannot swallow the page.
fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    let mut first = None;
    for (i, b) in tag.bytes().enumerate().skip(1) {
        match (b, quote) {
            (b'"' | b'\'', None) => quote = Some(b),
            (b, Some(open)) if b == open => quote = None,
            (b'>', None) => return i + 1,
            (b'>', Some(_)) => {
                first.get_or_insert(i + 1);
            }
            _ => {}
        }
        if i > MAX_TAG_BYTES && first.is_some() {
            break;
        }
    }
    first.unwrap_or(tag.len())
}

fn read_tag(plain: &mut Plain, tag: &str) {
    let name = tag_name(tag);
    if BLOCKS.contains(&name.as_str()) {
        plain.text.push('\n');
    } else if matches!(name.as_str(), "td" | "th" | "img") {
        plain.text.push(' ');
    }
    if name == "a" && !tag.starts_with("</") && tag.len() <= MAX_TAG_BYTES {
        plain
            .links
            .extend(attribute(tag, "href").filter(|href| !href.is_empty()));
    }
}

fn tag_name(tag: &str) -> String {
    tag.trim_start_matches(['<', '/'])
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .take(16)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    for (i, _) in lower.match_indices(name) {
        let starts_word = lower[..i].ends_with(|c: char| c.is_ascii_whitespace() || c == '/');
        let value = tag[i + name.len()..]
            .trim_start()
            .strip_prefix('=')
            .map(str::trim_start);
        let (true, Some(value)) = (starts_word, value) else {
            continue;
        };
        let raw = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
            _ => value
                .split([' ', '\t', '\n', '\r', '>'])
                .next()
                .unwrap_or_default(),
        };
        return Some(references::decode(raw.trim()).into_owned());
    }
    None
}

/// Drops what stands between a silent element's tags.
fn skip_silent<'a>(tag: &str, next: &'a str) -> &'a str {
    let name = tag_name(tag);
    let opens = !tag.starts_with("</") && !tag.ends_with("/>");
    if !opens || !SILENT.contains(&name.as_str()) {
        return next;
    }
    let mut rest = next;
    while let Some(i) = rest.find("</") {
        rest = &rest[i..];
        if tag_name(&rest[..rest.len().min(24).min(char_floor(rest, 24))]) == name {
            return &rest[tag_end(rest)..];
        }
        rest = &rest[2..];
    }
    ""
}

/// The largest char boundary at or below `at`.
fn char_floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0)
}

fn push_text(out: &mut String, text: &str) {
    out.push_str(&references::decode(text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: &str) {
        let words: Vec<String> = strip(html)
            .text
            .lines()
            .map(|line| line.trim().to_owned())
            .filter(|l| !l.is_empty())
            .collect();
        assert_eq!(words.join("|"), expected);
    }

    #[test]
    fn tags_go_and_text_stays() {
        check(
            "<p>Die <b>Ministerin</b> sagt</p><p>nichts",
            "Die Ministerin sagt|nichts",
        );
        check("eins<br>zwei<br/>drei", "eins|zwei|drei");
        check(
            "M&uuml;ller &amp; S&ouml;hne &lt;b&gt; &#228; &nbsp;x",
            "Müller & Söhne <b> ä \u{a0}x",
        );
        check("5 &#128; &#x96; &#132;viel&#147;", "5 € – „viel“");
        check("&amp;lt;script&amp;gt;", "&lt;script&gt;");
        check("3 < 5 und 7 > 2 <3", "3 < 5 und 7 > 2 <3");
        check("<a href=\"x>y\" title='a>b'>Link</a> hier", "Link hier");
        check("<a title=\"offen>Rest <b>des</b> Textes", "Rest des Textes");
        check("vor <!-- <b>weg</b> --> nach", "vor  nach");
        check("<![CDATA[roh < & fertig]]> Ende", "roh < & fertig Ende");
        check("<td>a</td><td>b</td>", "a  b");
        check("offen <", "offen <");
        check("", "");
    }

    #[test]
    fn a_link_in_pieces_is_whole_again() {
        let shown = "<a href=\"https://a.example/b\"><span class=\"invisible\">https://</span>\
                     <span>a.example/</span><span class=\"invisible\">b</span></a>";
        check(shown, "https://a.example/b");
    }

    #[test]
    fn silent_elements_lose_their_content() {
        check("a<script>alert('</div>')</script>b", "ab");
        check("a<SCRIPT src=x>x</ScRiPt >b", "ab");
        check("a<style>p{}</style>b<script>nie zu", "ab");
        check("<title>weg</title>da", "da");
        check("<svg/>da", "da");
        check("<script>x</ü></scriptü></script>da", "da");
    }

    #[test]
    fn addresses_of_links_are_handed_out() {
        let plain =
            strip("<a class=x HREF='https://a.example/?a=1&amp;b=2'>A</a> <a href=/b>B</a>");
        assert_eq!(plain.links, ["https://a.example/?a=1&b=2", "/b"]);
    }

    #[test]
    fn depth_and_hostile_input_are_no_matter() {
        assert!(strip(&"<div>".repeat(200_000)).text.trim().is_empty());
        assert_eq!(strip(&"<".repeat(100_000)).text.len(), 100_000);
        assert!(strip(&"<a href=\"".repeat(50_000)).text.len() < 1_000_000);
        assert!(strip(&"<script></".repeat(20_000)).text.is_empty());
        assert!(strip(&"<p \"".repeat(20_000)).text.len() < 100_000);
    }
}
