//! The record `app.bsky.feed.post`, as far as it is needed.
//!
//! Lexicon: <https://github.com/bluesky-social/atproto/blob/main/lexicons/app/bsky/feed/post.json>.

use crate::collect::source::{RejectReason, Rejection};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// A post that is as the lexicon has it. Other people write records: see [`Post::of`] for those
/// that are not.
#[derive(Debug, Deserialize, Default, PartialEq)]
pub struct Post<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
    #[serde(borrow)]
    langs: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow)]
    facets: Option<Vec<Facet<'a>>>,
    #[serde(borrow)]
    embed: Option<Embed<'a>>,
    #[serde(borrow)]
    reply: Option<Reply<'a>>,
    #[serde(rename = "createdAt", borrow)]
    created_at: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize, Default, PartialEq)]
struct Facet<'a> {
    #[serde(borrow)]
    features: Option<Vec<Link<'a>>>,
}

/// Anything that may lead somewhere.
#[derive(Debug, Deserialize, Default, PartialEq)]
struct Link<'a> {
    #[serde(borrow)]
    uri: Option<Cow<'a, str>>,
    /// Of a mention: the account.
    #[serde(borrow)]
    did: Option<Cow<'a, str>>,
}

/// A card stands alone, or beside a quoted post.
#[derive(Debug, Deserialize, Default, PartialEq)]
struct Embed<'a> {
    #[serde(borrow)]
    external: Option<Link<'a>>,
    #[serde(borrow)]
    media: Option<Media<'a>>,
}

#[derive(Debug, Deserialize, Default, PartialEq)]
struct Media<'a> {
    #[serde(borrow)]
    external: Option<Link<'a>>,
}

#[derive(Debug, Deserialize, Default, PartialEq)]
struct Reply<'a> {
    #[serde(borrow)]
    parent: Option<Link<'a>>,
}

impl Post<'static> {
    /// Takes what can be taken of a record that may hold anything.
    ///
    /// # Errors
    /// A record that is no object, or has a text that is none.
    pub fn of(record: Value) -> Result<Self, Rejection> {
        let none = || Rejection::new(RejectReason::Malformed, "a post record that is none");
        let fields = record.as_object().ok_or_else(none)?;
        let text = match fields.get("text") {
            None => Cow::default(),
            Some(text) => owned(text).ok_or_else(none)?,
        };
        let facets = record.get("facets").and_then(Value::as_array);
        Ok(Self {
            text,
            langs: record
                .pointer("/langs/0")
                .and_then(owned)
                .map(|first| vec![first]),
            facets: facets.map(|facets| facets.iter().map(facet).collect()),
            embed: Some(Embed {
                external: link(record.pointer("/embed/external")),
                media: Some(Media {
                    external: link(record.pointer("/embed/media/external")),
                }),
            }),
            reply: record
                .get("reply")
                .filter(|reply| reply.is_object())
                .map(|reply| Reply {
                    parent: link(reply.get("parent")),
                }),
            created_at: record.get("createdAt").and_then(owned),
        })
    }
}

fn facet(facet: &Value) -> Facet<'static> {
    let features = facet.get("features").and_then(Value::as_array);
    Facet {
        features: features.map(|features| {
            let links = features.iter().map(|feature| link(Some(feature)));
            links.flatten().collect()
        }),
    }
}

fn link(holder: Option<&Value>) -> Option<Link<'static>> {
    let text = |key| holder?.get(key).and_then(owned);
    holder?;
    Some(Link {
        uri: text("uri"),
        did: text("did"),
    })
}

fn owned(text: &Value) -> Option<Cow<'static, str>> {
    text.as_str().map(|text| Cow::Owned(text.to_owned()))
}

impl<'a> Post<'a> {
    pub fn is_reply(&self) -> bool {
        self.reply.is_some()
    }

    /// The post that it answers.
    pub fn parent(&self) -> Option<&str> {
        self.reply.as_ref()?.parent.as_ref()?.uri.as_deref()
    }

    /// Whether it answers a post of this account, or names it.
    pub fn is_addressed_to(&self, did: &str) -> bool {
        let answers = self.parent().and_then(|uri| uri.strip_prefix("at://"));
        let answers = answers.and_then(|rest| rest.split('/').next()) == Some(did);
        let facets = self.facets.iter().flatten();
        let mut features = facets.flat_map(|facet| facet.features.iter().flatten());
        answers || features.any(|feature| feature.did.as_deref() == Some(did))
    }

    /// The first language that its author named.
    pub fn language(&self) -> Option<&str> {
        self.langs.as_ref()?.first().map(|tag| &**tag)
    }

    pub fn created_at(&self) -> Option<&str> {
        self.created_at.as_deref()
    }

    /// Where it leads: by its words first, then by its card.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        let facets = self.facets.iter().flatten();
        let features = facets.flat_map(|facet| facet.features.iter().flatten());
        let embed = self.embed.as_ref();
        let card = embed.and_then(|embed| embed.external.as_ref());
        let beside = embed.and_then(|embed| embed.media.as_ref()?.external.as_ref());
        let links = features.chain(card).chain(beside);
        links.filter_map(|link| link.uri.as_deref())
    }

    pub fn into_text(self) -> String {
        self.text.into_owned()
    }
}
