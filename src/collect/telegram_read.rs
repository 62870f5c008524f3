//! From a page of a channel's preview to its posts. Pure, and in one pass over the tags: no tree, no
//! depth, so that no page keeps a thread busy.
//!
//! The page is no interface and may change; what is read is what the page itself goes by: `data-post`
//! on each post, `time datetime`, and the class `js-message_text`.

use super::feed_tags::split;
use super::source::{RejectReason, Rejection};
use crate::model::{Item, Kind, RawAuthor};
use crate::text::markup;
use jiff::Timestamp;

/// Name of the network in native ids and of imports.
pub const PLATFORM: &str = "telegram";
/// A page has twenty posts.
const MAX_POSTS: usize = 200;
/// Longest tag that is read.
const MAX_TAG_BYTES: usize = 8 * 1024;
/// Longest body of a post; Telegram's own bound is 4,096 letters.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// What the words of a post, or the question of a poll, stand in.
const WORDS: [&str; 2] = ["js-message_text", "tgme_widget_message_poll_question"];

/// One post of a page.
#[derive(Debug, PartialEq)]
pub struct Post {
    /// The channel by the first of its names, whichever was asked for.
    pub channel: String,
    /// Counts up in a channel; an album or a deletion leaves a hole.
    pub number: u64,
    /// Its words; `None` for pictures alone and for what the service says (`channel created`).
    pub item: Option<Result<Item, Rejection>>,
}

/// True for what can be the name of a channel.
pub fn is_channel(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (4..=32).contains(&name.len()) && name.chars().all(plain)
}

/// The native id of a post, and its public address.
pub fn id(channel: &str, number: u64) -> String {
    format!("{}/{number}", channel.to_ascii_lowercase())
}

/// Reads a page of any channel, in its own order: the oldest post first.
pub fn read(html: &str) -> Vec<Post> {
    let mut posts: Vec<Post> = Vec::new();
    let mut open: Option<Open> = None;
    let mut rest = 0;
    while let Some(tag) = next_tag(html, rest) {
        rest = tag.end;
        if let Some((channel, number)) = tag.attribute("data-post").and_then(post) {
            posts.extend(open.take().map(Open::close));
            if posts.len() == MAX_POSTS {
                return posts;
            }
            open = Some(Open::new(channel, number, &tag));
        } else if let Some(open) = &mut open {
            open.tag(html, &tag);
        }
    }
    posts.extend(open.map(Open::close));
    posts
}

/// `channel/123`, of a `data-post` or an address.
fn post(name: &str) -> Option<(&str, u64)> {
    let (channel, number) = name.split_once('/')?;
    is_channel(channel).then_some(())?;
    Some((channel, number.parse().ok()?))
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    is_end: bool,
    start: usize,
    end: usize,
}

impl<'a> Tag<'a> {
    fn attribute(&self, name: &str) -> Option<&'a str> {
        let found = self.attributes.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| *value)
    }

    fn has_class(&self, class: &str) -> bool {
        let classes = self.attribute("class").unwrap_or_default();
        classes.split_ascii_whitespace().any(|known| known == class)
    }
}

/// The next tag at or behind a place.
fn next_tag(html: &str, from: usize) -> Option<Tag<'_>> {
    let mut from = from;
    loop {
        let start = from + html.get(from..)?.find('<')?;
        let inside = &html[start + 1..];
        let body = inside.strip_prefix('/').unwrap_or(inside);
        if !body.starts_with(|c: char| c.is_ascii_alphabetic()) {
            from = start + 1;
            continue;
        }
        let head = &inside[..inside.floor_char_boundary(MAX_TAG_BYTES)];
        let Some(length) = tag_length(head) else {
            // Nothing ends in here.
            from = start + 1 + head.len();
            continue;
        };
        let tag = head[..length].trim_start_matches('/');
        let name_end = tag.find(|c: char| !c.is_ascii_alphanumeric());
        let (name, attributes) = tag.split_at(name_end.unwrap_or(tag.len()));
        return Some(Tag {
            name,
            attributes: split(attributes),
            is_end: head.starts_with('/'),
            start,
            end: start + 1 + length + 1,
        });
    }
}

/// Bytes before the `>` that stands in no quotes; where the quotes never close, before the first
/// one.
fn tag_length(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (i, byte) in tag.bytes().enumerate() {
        match (byte, quote) {
            (b'>', None) => return Some(i),
            (b'"' | b'\'', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            _ => {}
        }
    }
    tag.find('>')
}

/// A post while its tags are read.
struct Open<'a> {
    channel: &'a str,
    number: u64,
    is_service: bool,
    time: Option<Timestamp>,
    reply_to: Option<String>,
    html: &'a str,
    /// Where the words begin, and how many `div` are open in them.
    inside: Option<(usize, usize)>,
}

impl<'a> Open<'a> {
    fn new(channel: &'a str, number: u64, tag: &Tag) -> Self {
        Self {
            channel,
            number,
            is_service: tag.has_class("service_message"),
            time: None,
            reply_to: None,
            html: "",
            inside: None,
        }
    }

    fn tag(&mut self, page: &'a str, tag: &Tag<'a>) {
        if let Some((start, open)) = &mut self.inside {
            match (tag.name, tag.is_end) {
                ("div", false) => *open += 1,
                ("div", true) => *open -= 1,
                _ => {}
            }
            if *open == 0 {
                let words = &page[*start..tag.start];
                self.html = &words[..words.floor_char_boundary(MAX_TEXT_BYTES)];
                self.inside = None;
            }
            return;
        }
        match tag.name {
            "div" if self.html.is_empty() && WORDS.iter().any(|class| tag.has_class(class)) => {
                self.inside = Some((tag.end, 1));
            }
            "a" if tag.has_class("tgme_widget_message_reply") => {
                let address = tag.attribute("href").unwrap_or_default();
                let named = address.split_once("t.me/").and_then(|(_, name)| post(name));
                self.reply_to = named.map(|(channel, number)| id(channel, number));
            }
            "time" => {
                let stated = tag.attribute("datetime").and_then(|time| time.parse().ok());
                self.time = self.time.or(stated);
            }
            _ => {}
        }
    }

    fn close(self) -> Post {
        let (channel, number) = (self.channel.to_owned(), self.number);
        let says = !self.is_service && !markup::strip(self.html).text.trim().is_empty();
        let item = says.then(|| self.item());
        Post {
            channel,
            number,
            item,
        }
    }

    fn item(self) -> Result<Item, Rejection> {
        let published = self
            .time
            .ok_or_else(|| Rejection::new(RejectReason::Incomplete, "a post without a time"))?;
        let mut item = Item::new(PLATFORM, id(self.channel, self.number), Kind::Post);
        item.url = Some(format!("https://t.me/{}/{}", self.channel, self.number));
        item.published = Some(published);
        item.html = self.html.to_owned();
        item.reply_to = self.reply_to;
        // Who writes in a channel is the channel.
        item.author = Some(RawAuthor {
            id: self.channel.to_ascii_lowercase(),
            handle: Some(self.channel.to_owned()),
            name: None,
        });
        Ok(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(post: &str, inside: &str) -> String {
        format!(
            "<div class=\"tgme_widget_message_wrap\"><div class=\"tgme_widget_message js-widget_message\" \
             data-post=\"{post}\">{inside}<span class=\"tgme_widget_message_meta\"><a \
             href=\"https://t.me/{post}\"><time datetime=\"2026-11-29T09:00:00+00:00\">10:00</time></a></span>\
             </div></div>"
        )
    }

    fn text(inside: &str) -> String {
        format!(
            "<div class=\"tgme_widget_message_text js-message_text before_footer\" dir=auto>{inside}</div>"
        )
    }

    fn told(html: &str) -> Vec<(u64, Option<String>)> {
        let words = |post: Post| {
            let item = post
                .item
                .map(|item| markup::strip(&item.unwrap().html).text);
            (post.number, item)
        };
        read(html).into_iter().map(words).collect()
    }

    #[test]
    fn words_are_told_from_what_they_answer_and_nested_ones_are_whole() {
        let reply = "<a class=\"tgme_widget_message_reply\" href=\"https://t.me/Kanal/7\"><div \
            class=\"tgme_widget_message_text js-message_reply_text\">alt</div></a>";
        let nested = text(&text("neu<br/>und <b>mehr</b>"));
        let html = message("Kanal/12", &format!("{reply}{nested}"));
        let posts = read(&html);
        let item = posts[0].item.as_ref().unwrap().as_ref().unwrap();
        assert_eq!(markup::strip(&item.html).text.trim(), "neu\nund mehr");
        assert_eq!(item.id, "kanal/12");
        assert_eq!(item.reply_to.as_deref(), Some("kanal/7"));
        assert_eq!(item.url.as_deref(), Some("https://t.me/Kanal/12"));
        assert_eq!(
            item.published,
            Some("2026-11-29T09:00:00Z".parse().unwrap())
        );
    }

    #[test]
    fn what_has_no_words_counts_and_says_nothing() {
        let html = [
            message("kanal/1", "<a class=tgme_widget_message_photo_wrap></a>"),
            message("kanal/2", &text("zwei")).replace("js-widget_message", "service_message"),
            message(
                "kanal/3",
                "<div class=\"tgme_widget_message_poll_question\">Ja oder nein?</div>",
            ),
            message("kanal/x", &text("keine Nummer")),
            message("../4", &text("kein Kanal")),
        ];
        let expected = [(1, None), (2, None), (3, Some("Ja oder nein?".to_owned()))];
        assert_eq!(told(&html.concat()), expected);
        let timeless = message("kanal/5", &text("fünf")).replace("datetime", "date");
        assert!(matches!(read(&timeless)[0].item, Some(Err(_))));
    }

    #[test]
    fn no_page_does_harm() {
        for odd in [
            "",
            "<",
            "<div data-post=\"kanal/1\"",
            "<div data-post=\"kanal/1\"><div class='js-message_text'>x",
            "<div data-post='kanal/99999999999999999999999'>",
            "</div></div><div data-post=kanal/1></div></div></div>",
        ] {
            assert!(told(odd).iter().all(|(_, words)| words.is_none()), "{odd}");
        }
        for piece in [
            "<",
            "<div ",
            "<div data-post=kanal/1 class=js-message_text>",
            "\"'<a ",
            "ä",
        ] {
            let posts = read(&piece.repeat(2 * 1024 * 1024 / piece.len()));
            assert!(posts.len() <= MAX_POSTS);
        }
    }
}
