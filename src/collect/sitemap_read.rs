//! From a sitemap's text to its entries. Pure, one pass, a short stack.

use super::sitemap::time;
use super::source::{RejectReason, Rejection};
use crate::text::{link, references};
use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use std::collections::HashSet;
use url::Url;

/// Deepest element of a sitemap that is one.
const MAX_DEPTH: usize = 16;
/// Longest headline and longest address.
const MAX_FIELD_BYTES: usize = 4 * 1024;

/// What a sitemap is.
#[derive(Debug)]
pub enum Sitemap {
    Entries(Vec<Entry>),
    Index(Vec<Entry>),
}

/// A page, or a sitemap of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub url: Url,
    pub modified: Option<Timestamp>,
    pub published: Option<Timestamp>,
    pub title: Option<String>,
    pub lang: Option<String>,
}

/// Reads the first `max` entries with an address. Where the text breaks off or breaks the rules,
/// what stands before that counts.
///
/// # Errors
/// What is no sitemap at all.
pub fn read(text: &str, max: usize) -> Result<Sitemap, Rejection> {
    let mut state = State::default();
    let mut reader = Reader::from_str(text);
    while state.entries.len() < max {
        let goes_on = match reader.read_event() {
            Ok(Event::Start(tag)) => state.start(tag.local_name().as_ref()),
            Ok(Event::End(_)) => state.end(),
            Ok(Event::Text(piece)) => state.text(&piece),
            Ok(Event::CData(piece)) => state.text(&piece),
            Ok(Event::GeneralRef(name)) => state.text(&meaning(&name)),
            Ok(Event::DocType(words)) => !words.contains('['),
            Ok(Event::Eof) | Err(_) => false,
            Ok(_) => true,
        };
        if !goes_on {
            break;
        }
    }
    match state.root.as_str() {
        "urlset" => Ok(Sitemap::Entries(state.entries)),
        "sitemapindex" => Ok(Sitemap::Index(state.entries)),
        _ => Err(Rejection::new(RejectReason::Malformed, "no sitemap")),
    }
}

/// What a reference stands for; one that nobody knows stays as it is written.
fn meaning(name: &BytesRef<'_>) -> String {
    let written = format!("&{};", &**name);
    references::decode(&written).into_owned()
}

#[derive(Default)]
struct State {
    root: String,
    /// Local names of the open elements: prefixes are the publisher's choice.
    open: Vec<String>,
    words: String,
    entry: Draft,
    entries: Vec<Entry>,
    seen: HashSet<Url>,
}

#[derive(Default)]
struct Draft {
    url: Option<Url>,
    modified: Option<Timestamp>,
    published: Option<Timestamp>,
    title: Option<String>,
    lang: Option<String>,
}

impl State {
    fn start(&mut self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        if self.root.is_empty() {
            self.root.clone_from(&name);
        }
        self.open.push(name);
        self.words.clear();
        self.open.len() <= MAX_DEPTH
    }

    fn text(&mut self, piece: &str) -> bool {
        let room = MAX_FIELD_BYTES.saturating_sub(self.words.len());
        self.words
            .push_str(&piece[..piece.floor_char_boundary(room)]);
        true
    }

    fn end(&mut self) -> bool {
        let name = self.open.pop().unwrap_or_default();
        let parent = self.open.last().map_or("", String::as_str);
        let words = std::mem::take(&mut self.words);
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let entry = &mut self.entry;
        match (parent, name.as_str()) {
            ("url" | "sitemap", "loc") => entry.url = link::identity(&words),
            ("url" | "sitemap", "lastmod") => entry.modified = time(&words),
            ("news", "title") => entry.title = Some(words).filter(|words| !words.is_empty()),
            ("news", "publication_date") => entry.published = time(&words),
            ("publication", "language") => entry.lang = Some(words).filter(|lang| lang.len() <= 35),
            (_, "url" | "sitemap") => self.close(),
            _ => {}
        }
        true
    }

    fn close(&mut self) {
        let Draft {
            url,
            modified,
            published,
            title,
            lang,
        } = std::mem::take(&mut self.entry);
        let Some(url) = url.filter(|url| !self.seen.contains(url)) else {
            return;
        };
        self.seen.insert(url.clone());
        self.entries.push(Entry {
            url,
            modified,
            published,
            title,
            lang,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, Option<String>)> {
        match read(text, 100) {
            Ok(Sitemap::Entries(entries)) => entries
                .into_iter()
                .map(|entry| (entry.url.into(), entry.title))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn headlines_are_those_of_news_and_addresses_those_of_pages() {
        let text = "<?xml version='1.0'?><urlset xmlns:n='x'><url><loc> https://a.example/1 </loc>\
            <n:news><n:publication><n:name>A &amp; B</n:name><n:language>de</n:language></n:publication>\
            <n:publication_date>2026-11-23</n:publication_date><n:title><![CDATA[Eins]]> &amp; zwei</n:title></n:news>\
            <image:image><image:loc>https://a.example/i</image:loc><image:title>Bild</image:title></image:image>\
            </url><url><loc>https://a.example/2</loc></url><url><loc>keine</loc></url>\
            <url><loc>https://a.example/1</loc></url></urlset>";
        let expected = [
            (
                "https://a.example/1".to_owned(),
                Some("Eins & zwei".to_owned()),
            ),
            ("https://a.example/2".to_owned(), None),
        ];
        assert_eq!(entries(text), expected);
        // What stands before a break counts.
        assert_eq!(entries(&text[..text.len() - 60]).len(), 2);
    }

    #[test]
    fn no_text_does_harm() {
        assert!(read("<html><body>", 10).is_err());
        assert!(read("", 10).is_err());
        let bomb = "<!DOCTYPE urlset [<!ENTITY a 'x'>]><urlset><url><loc>https://a.example/</loc></url></urlset>";
        assert!(read(bomb, 10).is_err());
        assert!(
            matches!(read(&"<urlset>".repeat(100_000), 10), Ok(Sitemap::Entries(e)) if e.is_empty())
        );
        let many = "<url><loc>https://a.example/</loc></url>".repeat(10);
        assert_eq!(entries(&format!("<urlset>{many}")).len(), 1);
    }

    #[test]
    fn times_are_written_in_three_ways() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                time(text).map(|at| at.to_string()).unwrap_or_default(),
                expected,
                "{text}"
            );
        };
        check("2026-11-23T10:00:00+01:00", "2026-11-23T09:00:00Z");
        check(" 2026-11-23T10:00Z ", "2026-11-23T10:00:00Z");
        check("2026-11-23", "2026-11-23T00:00:00Z");
        check("2026-11-23T10:00:00", "2026-11-23T10:00:00Z");
        check("gestern", "");
        check("", "");
    }
}
