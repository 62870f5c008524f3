//! What a feed says of its hub (`websub`): in `Link` headers, else in its head.
//!
//! <https://www.w3.org/TR/websub/#discovery>. Pure.

use super::feed_decode;
use super::feed_tags::{is_item_tag, local, split};
use super::http::Page;
use url::Url;

/// What a feed says of its hub stands this early.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Of a longer JSON Feed nobody looks for the hub.
const MAX_JSON_BYTES: usize = 1024 * 1024;
/// Longest address of a hub, and longest name of a feed, in bytes.
const MAX_ADDRESS_BYTES: usize = 2048;

/// Where a feed is brought from, and how it is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    pub address: Url,
    pub topic: String,
}

/// What a page says of its hub; its `Link` headers go before its body.
pub fn discover(page: &Page) -> Option<Hub> {
    let mut said = Said::default();
    for header in &page.links {
        said.header(header);
    }
    if said.hub.is_none() || said.topic.is_none() {
        let body = &page.body[..page.body.len().min(MAX_HEAD_BYTES)];
        let head = feed_decode::decode(body, page.content_type.as_deref());
        match head.trim_start().starts_with('{') {
            true if page.body.len() <= MAX_JSON_BYTES => said.json(&page.body),
            true => {}
            false => said.tags(&head),
        }
    }
    let address = page.url.join(&said.hub?).ok()?;
    let topic = said.topic.and_then(|topic| page.url.join(&topic).ok());
    let topic = topic.as_ref().unwrap_or(&page.url).to_string();
    let is_web = matches!(address.scheme(), "http" | "https");
    let is_short = address.as_str().len().max(topic.len()) <= MAX_ADDRESS_BYTES;
    (is_web && is_short).then_some(Hub { address, topic })
}

/// The first hub and the first name that are said.
#[derive(Default)]
struct Said {
    hub: Option<String>,
    topic: Option<String>,
}

impl Said {
    fn link(&mut self, rel: &str, address: &str) {
        if address.trim().is_empty() {
            return;
        }
        for rel in rel.split_ascii_whitespace() {
            let place = match rel.to_ascii_lowercase().as_str() {
                "hub" => &mut self.hub,
                "self" => &mut self.topic,
                _ => continue,
            };
            place.get_or_insert_with(|| address.trim().to_owned());
        }
    }

    /// `<https://hub.example/>; rel="hub", <https://feed.example/>; rel="self"`
    fn header(&mut self, header: &str) {
        for link in header.split('<').skip(1) {
            let Some((address, parameters)) = link.split_once('>') else {
                continue;
            };
            let rel = parameters.split(';').find_map(|parameter| {
                let (name, value) = parameter.split_once('=')?;
                (name.trim().eq_ignore_ascii_case("rel")).then_some(value)
            });
            let plain = |c: char| c == ',' || c == '"' || c.is_ascii_whitespace();
            self.link(rel.unwrap_or_default().trim_matches(plain), address);
        }
    }

    /// `<link rel="hub" href="…"/>` with any prefix, before the first item.
    fn tags(&mut self, head: &str) {
        let mut rest = head;
        while let Some(at) = rest.find('<') {
            rest = &rest[at + 1..];
            if is_item_tag(rest) {
                return;
            }
            if let Some(comment) = rest.strip_prefix("!--") {
                rest = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            let tag = rest.split_once('>').map_or(rest, |(tag, _)| tag);
            let end = tag.find(char::is_whitespace).unwrap_or(tag.len());
            let (name, attributes) = tag.split_at(end);
            if !local(name).eq_ignore_ascii_case("link") {
                continue;
            }
            let attributes = split(attributes.trim_end_matches('/'));
            let value = |key: &str| attributes.iter().find(|(name, _)| *name == key);
            if let (Some((_, rel)), Some((_, address))) = (value("rel"), value("href")) {
                self.link(rel, &html_escape::decode_html_entities(address));
            }
        }
    }

    /// `{"feed_url": "…", "hubs": [{"type": "WebSub", "url": "…"}]}`
    fn json(&mut self, body: &[u8]) {
        let Ok(feed) = serde_json::from_slice::<wire::Feed>(body) else {
            return;
        };
        let mut hubs = feed.hubs.into_iter();
        let hub = hubs.find(|hub| hub.kind.eq_ignore_ascii_case("websub"));
        self.hub = self.hub.take().or(hub.map(|hub| hub.url));
        self.topic = self.topic.take().or(feed.feed_url);
    }
}

mod wire {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub struct Feed {
        pub feed_url: Option<String>,
        #[serde(default)]
        pub hubs: Vec<Hub>,
    }

    #[derive(Deserialize)]
    pub struct Hub {
        #[serde(rename = "type")]
        pub kind: String,
        pub url: String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(links: &[&str], body: &str) -> Page {
        Page {
            body: body.as_bytes().to_vec(),
            content_type: None,
            validators: Default::default(),
            opt_out: Default::default(),
            links: links.iter().map(|link| (*link).to_owned()).collect(),
            url: "https://feed.example/a/rss".parse().unwrap(),
        }
    }

    #[test]
    fn hubs_are_found_where_they_stand() {
        let check = |links: &[&str], body: &str, expected: Option<(&str, &str)>| {
            let found = discover(&page(links, body));
            let found = found
                .as_ref()
                .map(|hub| (hub.address.as_str(), hub.topic.as_str()));
            assert_eq!(found, expected, "{links:?} {body}");
        };
        let own = "https://feed.example/a/rss";
        let hub = "https://hub.example/";
        check(&[], "<rss><channel/></rss>", None);
        // As Google's feeds have it, and as others do.
        let one = "<https://hub.example>; rel=hub, <https://feed.example/x?a=1,2>; rel=self";
        check(&[one], "", Some((hub, "https://feed.example/x?a=1,2")));
        let two = [
            "<https://hub.example/>; title=\"x\"; rel=\"hub\"",
            "</b>; rel=\"self\"",
        ];
        check(&two, "", Some((hub, "https://feed.example/b")));
        check(
            &["<//hub.example/>; REL=\"preload HUB\""],
            "",
            Some((hub, own)),
        );
        check(
            &["hub", "<https://hub.example/", "<>;", "<x>; rel"],
            "",
            None,
        );
        check(&["<ftp://hub.example/>; rel=hub"], "", None);
        let long = format!(
            "<https://hub.example/{}>; rel=hub",
            "x".repeat(MAX_ADDRESS_BYTES)
        );
        check(&[&long], "", None);

        let rss = "<rss><!-- <link rel='hub' href='https://evil.example/'/> --><channel>\
            <link>https://feed.example/</link><atom:link rel='hub' href='https://hub.example/'/>\
            <atom10:link href=\"https://feed.example/x?a=1&amp;b=2\" rel=\"self\" /><item/></channel></rss>";
        check(&[], rss, Some((hub, "https://feed.example/x?a=1&b=2")));
        check(
            &["<https://other.example/>; rel=hub"],
            rss,
            Some(("https://other.example/", "https://feed.example/x?a=1&b=2")),
        );
        // What an entry says is the entry's.
        let entry = "<feed><entry><link rel='hub' href='https://hub.example/'/></entry></feed>";
        check(&[], entry, None);
        let json = r#"{"version": "x", "feed_url": "/j", "items": [],
            "hubs": [{"type": "rssCloud", "url": "/no"}, {"type": "WebSub", "url": "https://hub.example/"}]}"#;
        check(&[], json, Some((hub, "https://feed.example/j")));
        for odd in [
            "{",
            "{\"hubs\": 7}",
            "<link rel=hub",
            "<link rel='hub' href='",
            "<!--",
            "<",
        ] {
            check(&[], odd, None);
        }
    }
}
