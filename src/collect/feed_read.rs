//! From a feed's bytes to items. Pure: the same bytes give the same items.
//!
//! What one item is called. A publisher's feeds (politics, top news, all) carry the same article, and
//! it shall be one mention. So the native id is, in this order: the `guid`/`id` where it is a web
//! address; the item's link; the bare `guid`, together with the host of the feed. A `guid` that
//! several different links of one feed share is broken and does not count.
//!
//! What is left out: enclosures, categories, comments' addresses, everybody but the first author.

use super::feed_decode;
use super::feed_json::{self, JsonAuthor, JsonFeed, JsonItem};
use super::feed_repair::{self, Xml};
use super::feed_tags;
use super::source::{RejectReason, Rejection};
use crate::model::{Item, Kind, RawAuthor};
use crate::text::{head, link, markup};
use feed_rs::model::{Content, Entry, Feed, FeedType, Link, MediaObject, Person, Text};
use feed_rs::parser::Builder;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use url::Url;

/// Platform of everything that is published on a site.
pub const PLATFORM: &str = "web";
/// Longest body of one item, in bytes; what is longer is cut.
const MAX_HTML_BYTES: usize = 512 * 1024;
/// Longest title, name, native id or language of one item, in bytes.
const MAX_FIELD_BYTES: usize = 4 * 1024;
/// A feed without its items, as long as it may be to be read once for every item.
const MAX_FRAME_BYTES: usize = 128 * 1024;

/// Reads a feed with at most `max_items` items. An item that cannot be read is a rejection in its
/// place; a feed that cannot be read is one rejection.
///
/// `content_type` is HTTP's, if there was one; `base` is where the feed stands, for relative links.
pub fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    base: Option<&Url>,
    max_items: usize,
) -> Vec<Result<Item, Rejection>> {
    let text = feed_decode::decode(bytes, content_type);
    let entries = match text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('{')
    {
        true => json_entries(&text, max_items),
        false => xml_entries(&text, base, max_items).and_then(|entries| believed(entries, &text)),
    };
    match entries {
        Ok(entries) => items(entries, base),
        Err(rejection) => vec![Err(rejection)],
    }
}

/// What all formats have in common.
#[derive(Default)]
struct Raw {
    guid: String,
    link: Option<Url>,
    title: String,
    html: String,
    text: String,
    published: Option<Timestamp>,
    updated: Option<Timestamp>,
    author: Option<RawAuthor>,
    lang: Option<String>,
}

type Entries = Vec<Result<Raw, Rejection>>;

fn malformed(why: impl Into<String>) -> Rejection {
    Rejection::new(RejectReason::Malformed, why)
}

fn json_entries(text: &str, max_items: usize) -> Result<Entries, Rejection> {
    let text = text.trim_start_matches('\u{feff}');
    let feed = feed_json::read(text, max_items).map_err(malformed)?;
    if !feed.is_feed {
        return Err(malformed("a JSON object that is no JSON Feed"));
    }
    let JsonFeed {
        language,
        authors,
        items,
        ..
    } = feed;
    let from_json = |item| Ok(raw_json(item, language.as_deref(), authors.first()));
    Ok(items.into_iter().map(from_json).collect())
}

fn raw_json(item: JsonItem, language: Option<&str>, author: Option<&JsonAuthor>) -> Raw {
    let own = item.authors.first().or(item.author.first());
    Raw {
        guid: item.id.unwrap_or_default(),
        link: item.url.as_deref().and_then(link::identity),
        title: item.title.unwrap_or_default(),
        html: item.content_html.unwrap_or_default(),
        text: item.content_text.or(item.summary).unwrap_or_default(),
        published: item.date_published.as_deref().and_then(json_time),
        updated: item.date_modified.as_deref().and_then(json_time),
        author: own
            .or(author)
            .and_then(|author| raw_author(author.name.as_deref(), author.url.as_deref())),
        lang: item.language.or_else(|| language.map(str::to_owned)),
    }
}

fn json_time(text: &str) -> Option<Timestamp> {
    text.trim().parse().ok()
}

/// Reads the feed at once; where the parser gives it up as a whole, or leaves items out, item by
/// item.
fn xml_entries(text: &str, base: Option<&Url>, max_items: usize) -> Result<Entries, Rejection> {
    let xml = feed_repair::repair(text, max_items)?;
    if xml.is_cut {
        return Err(malformed("the feed breaks off before its first item ends"));
    }
    match parse(&xml.text, base).map(raw_entries) {
        Ok(entries) if entries.len() >= xml.items.len() => {
            Ok(entries.into_iter().map(Ok).collect())
        }
        _ if can_be_split(&xml) => Ok(one_by_one(&xml, base)),
        Ok(entries) => Ok(entries.into_iter().map(Ok).collect()),
        Err(rejection) => Err(rejection),
    }
}

/// No entries are an empty feed only where the text names none: whatever else the reasons are, what
/// is there and was not read is a rejection.
fn believed(entries: Entries, text: &str) -> Result<Entries, Rejection> {
    match entries.is_empty() && feed_tags::names_items(text) {
        true => Err(malformed("none of the feed's items can be read")),
        false => Ok(entries),
    }
}

fn can_be_split(xml: &Xml) -> bool {
    match (xml.items.first(), xml.items.last()) {
        (Some(first), Some(last)) => first.start + xml.text.len() - last.end <= MAX_FRAME_BYTES,
        _ => false,
    }
}

fn one_by_one(xml: &Xml, base: Option<&Url>) -> Entries {
    let head = xml
        .items
        .first()
        .map_or("", |first| &xml.text[..first.start]);
    let tail = xml.items.last().map_or("", |last| &xml.text[last.end..]);
    let read = |range: &std::ops::Range<usize>| {
        let alone = [head, &xml.text[range.clone()], tail].concat();
        let feed = parse(&alone, base)?;
        raw_entries(feed)
            .into_iter()
            .next()
            .ok_or_else(|| malformed("an item without content"))
    };
    xml.items.iter().map(read).collect()
}

/// The parser's panics are rejections here. Its words are not passed on: they quote the feed. It is
/// a new one each time, because it panics when it is used after an error.
fn parse(text: &str, base: Option<&Url>) -> Result<Feed, Rejection> {
    let parser = Builder::new()
        .base_uri(base)
        .sanitize_content(false)
        // The default makes an id up, a random one if need be: a new article at every look.
        .id_generator(|_, _, _| String::new())
        .build();
    match catch_unwind(AssertUnwindSafe(|| parser.parse(text.as_bytes()))) {
        Ok(Ok(feed)) => Ok(feed),
        Ok(Err(_)) => Err(malformed("the feed's structure cannot be read")),
        Err(_) => Err(malformed("the parser gave up on the feed")),
    }
}

fn raw_entries(feed: Feed) -> Vec<Raw> {
    let Feed {
        feed_type,
        authors,
        language,
        entries,
        ..
    } = feed;
    let is_atom = feed_type == FeedType::Atom;
    let from_entry = |entry| raw_entry(entry, is_atom, authors.first(), language.as_deref());
    entries.into_iter().map(from_entry).collect()
}

fn raw_entry(entry: Entry, is_atom: bool, author: Option<&Person>, lang: Option<&str>) -> Raw {
    let published = entry.published.or(entry.updated);
    let published = published.and_then(|at| time(at.timestamp(), at.timestamp_subsec_nanos()));
    let updated = entry.updated;
    let updated = updated.and_then(|at| time(at.timestamp(), at.timestamp_subsec_nanos()));
    let (html, text) = body(entry.content, entry.summary, entry.media);
    let authors = match entry.authors.as_slice() {
        [] => author.into_iter().collect(),
        own => own.iter().collect::<Vec<_>>(),
    };
    let mut authors = authors.into_iter();
    Raw {
        guid: entry.id,
        link: best_link(&entry.links).and_then(link::identity),
        title: entry
            .title
            .map(|title| plain_title(title, is_atom))
            .unwrap_or_default(),
        html,
        text,
        published,
        updated,
        author: authors
            .find_map(|person| raw_author(person.name.as_deref(), person.uri.as_deref())),
        lang: entry.language.or_else(|| lang.map(str::to_owned)),
    }
}

/// HTML, or plain text where the item has that only: the content, else the summary, else what a
/// video says of itself.
fn body(
    content: Option<Content>,
    summary: Option<Text>,
    media: Vec<MediaObject>,
) -> (String, String) {
    let content = content.and_then(
        |Content {
             body, content_type, ..
         }| {
            let is_html = content_type.as_str().contains("html");
            // What is neither is a picture or a sound in letters.
            let is_words = is_html || content_type.as_str().starts_with("text/");
            body.filter(|_| is_words).map(|body| (body, is_html))
        },
    );
    let described = media.into_iter().filter_map(|media| media.description);
    let mut texts = content
        .into_iter()
        .chain(summary.into_iter().chain(described).map(body_of));
    match texts.find(|(text, _)| !text.trim().is_empty()) {
        Some((html, true)) => (html, String::new()),
        Some((text, false)) => (String::new(), text),
        None => Default::default(),
    }
}

/// A text and whether it is HTML.
fn body_of(text: Text) -> (String, bool) {
    let is_html = text.content_type.as_str().contains("html");
    (text.content, is_html)
}

/// Titles of RSS are HTML or not, nobody says; Atom says.
fn plain_title(title: Text, is_atom: bool) -> String {
    let (content, is_html) = body_of(title);
    let plain = match is_html || !is_atom {
        true => markup::strip(&content).text,
        false => content,
    };
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The page that the item is about: not the feed itself, a sound file or the comments.
fn best_link(links: &[Link]) -> Option<&str> {
    let is_page = |link: &&Link| {
        link.target.is_none() && matches!(link.rel.as_deref(), None | Some("alternate"))
    };
    let is_html = |link: &&Link| {
        link.media_type
            .as_deref()
            .is_none_or(|kind| kind.contains("html"))
    };
    let found = links
        .iter()
        .filter(is_page)
        .find(is_html)
        .or_else(|| links.iter().find(is_page));
    found.map(|link| link.href.as_str())
}

fn raw_author(name: Option<&str>, address: Option<&str>) -> Option<RawAuthor> {
    let name = person_name(name?);
    let name = Some(head(&name, MAX_FIELD_BYTES)).filter(|name| !name.is_empty())?;
    // An address is a better identity than a name that two people may have.
    let id = address
        .and_then(link::canonical)
        .map_or_else(|| name.to_owned(), String::from);
    Some(RawAuthor {
        id,
        handle: None,
        name: Some(name.to_owned()),
    })
}

/// A name without addresses of mail, which no reader needs: of `x@y (Name)` what stands in the
/// brackets. Empty where nothing else is said.
fn person_name(text: &str) -> String {
    let is_mail = |word: &&str| {
        let bare = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        bare.contains('@')
    };
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| !is_mail(word))
        .collect();
    let name = words.join(" ");
    let name = name.trim_matches([',', ';', ' ']);
    name.strip_prefix('(')
        .map_or(name, |inside| inside.trim_end_matches(')'))
        .to_owned()
}

/// The parser's time, in its parts, as ours: its type is of a library that we do not use otherwise.
fn time(secs: i64, nanos: u32) -> Option<Timestamp> {
    Timestamp::new(secs, i32::try_from(nanos).ok()?).ok()
}

fn items(entries: Entries, base: Option<&Url>) -> Vec<Result<Item, Rejection>> {
    let broken = shared_guids(&entries);
    let mut seen = HashSet::new();
    let adapted = entries
        .into_iter()
        .map(|raw| raw.and_then(|raw| adapt(raw, &broken, base)));
    // A feed that lists one item twice means its first, the newer one.
    adapted
        .filter(|item| {
            item.as_ref()
                .map_or(true, |item| seen.insert(item.id.clone()))
        })
        .collect()
}

/// Guids that stand at different links.
fn shared_guids(entries: &Entries) -> HashSet<String> {
    let mut links: HashMap<&str, &Url> = HashMap::new();
    let mut shared = HashSet::new();
    for raw in entries.iter().flatten() {
        let Some(link) = &raw.link else { continue };
        let known = links.entry(raw.guid.as_str()).or_insert(link);
        if !raw.guid.is_empty() && *known != link {
            shared.insert(raw.guid.clone());
        }
    }
    shared
}

fn adapt(raw: Raw, broken: &HashSet<String>, base: Option<&Url>) -> Result<Item, Rejection> {
    let guid = Some(raw.guid.trim()).filter(|guid| !guid.is_empty() && !broken.contains(*guid));
    let guid_url = guid.and_then(link::identity);
    let page = raw.link.clone().or_else(|| guid_url.clone());
    let host = page.as_ref().or(base).map(link::site).unwrap_or_default();
    let id = match (guid_url.or(raw.link), guid) {
        (Some(url), _) => String::from(url),
        (None, Some(guid)) => format!("{host} {}", head(guid, MAX_FIELD_BYTES))
            .trim()
            .to_owned(),
        (None, None) => {
            let why = "an item has neither a link nor an id";
            return Err(Rejection::new(RejectReason::Incomplete, why));
        }
    };
    let is_video = matches!(host, "youtube.com" | "youtu.be") || raw.guid.starts_with("yt:video:");
    let mut item = Item::new(
        PLATFORM,
        id,
        if is_video { Kind::Video } else { Kind::Article },
    );
    item.published = raw.published.or(raw.updated);
    item.edited = raw
        .updated
        .filter(|updated| raw.published.is_some_and(|at| *updated > at));
    item.title = Some(head(&raw.title, MAX_FIELD_BYTES).to_owned()).filter(|text| !text.is_empty());
    item.text = head(&raw.text, MAX_HTML_BYTES).to_owned();
    item.html = head(&raw.html, MAX_HTML_BYTES).to_owned();
    item.site = Some(host.to_owned()).filter(|host| !host.is_empty());
    item.url = page.map(String::from);
    item.lang = raw.lang.map(|lang| head(&lang, MAX_FIELD_BYTES).to_owned());
    item.author = raw.author;
    if item.title.is_none() && item.text.is_empty() && item.html.is_empty() {
        return Err(Rejection::new(
            RejectReason::Incomplete,
            "an item has neither title nor text",
        ));
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::person_name;

    #[test]
    fn names_are_kept_and_addresses_of_mail_are_not() {
        let check = |text: &str, expected: &str| assert_eq!(person_name(text), expected, "{text}");
        check(" Erika \n Beispiel (dpa) ", "Erika Beispiel (dpa)");
        check("erika@blatt.example (Erika Beispiel)", "Erika Beispiel");
        check("(Erika Beispiel)", "Erika Beispiel");
        check("Erika Beispiel <erika@blatt.example>", "Erika Beispiel");
        check("erika@blatt.example", "");
        check("(erika@blatt.example)", "");
        check(", mailto:max@blatt.example (Max)", "Max");
        check("erika@localhost", "");
        check("@blatt", "@blatt");
        check("", "");
    }
}
