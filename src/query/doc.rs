//! What a query is evaluated on.

use super::ast::{KeyField, Keyword};
use super::glob::{glob, is_wild};
use crate::model::{Author, Mention, Part};
use crate::text::{Token, address, fold_keyword};

/// A mention as queries see it.
#[derive(Debug, Clone, Copy)]
pub struct Doc<'a> {
    pub title: &'a [Token],
    pub text: &'a [Token],
    pub keys: &'a Keys,
}

impl<'a> Doc<'a> {
    pub fn tokens(&self, part: Part) -> &'a [Token] {
        match part {
            Part::Title => self.title,
            Part::Text => self.text,
        }
    }
}

/// The keyword fields of a mention, folded for comparison. An empty value is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    site: String,
    source: String,
    lang: String,
    kind: String,
    url: String,
    links: Vec<String>,
    voice: Vec<String>,
    published_ms: i64,
}

/// A mention as queries are tried on it, before its words are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    pub title: &'a str,
    pub text: &'a str,
    pub keys: RawKeys<'a>,
}

impl<'a> From<&'a Mention> for Subject<'a> {
    fn from(mention: &'a Mention) -> Self {
        Self {
            title: &mention.title,
            text: &mention.text,
            keys: RawKeys::of(mention),
        }
    }
}

/// The keyword fields as they are stored.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawKeys<'a> {
    pub site: &'a str,
    pub source: &'a str,
    pub lang: &'a str,
    pub kind: &'a str,
    pub url: &'a str,
    pub links: &'a [String],
    /// Name and handle of a public voice; empty for private accounts.
    pub voice: [&'a str; 2],
    /// Time of publication in milliseconds since 1970.
    pub published_ms: i64,
}

impl<'a> RawKeys<'a> {
    pub fn of(mention: &'a Mention) -> Self {
        Self {
            site: &mention.site,
            source: &mention.source,
            lang: &mention.lang,
            kind: mention.kind.as_str(),
            url: mention.url.as_deref().unwrap_or_default(),
            links: &mention.links,
            voice: Self::voice_of(mention.author.as_ref()),
            published_ms: mention.published.as_millisecond(),
        }
    }

    /// What `voice:` is compared with.
    pub fn voice_of(author: Option<&'a Author>) -> [&'a str; 2] {
        match author {
            Some(Author::Voice { name, handle, .. }) => [name, handle],
            Some(Author::Private { .. }) | None => ["", ""],
        }
    }
}

impl Keys {
    pub fn new(raw: RawKeys<'_>) -> Self {
        Self {
            site: KeyField::Site.fold(raw.site),
            source: KeyField::Source.fold(raw.source),
            lang: KeyField::Lang.fold(raw.lang),
            kind: KeyField::Type.fold(raw.kind),
            url: KeyField::Url.fold(raw.url),
            links: raw
                .links
                .iter()
                .map(|link| KeyField::Links.fold(link))
                .collect(),
            voice: raw
                .voice
                .iter()
                .map(|name| KeyField::Voice.fold(name))
                .collect(),
            published_ms: raw.published_ms,
        }
    }

    pub fn of(mention: &Mention) -> Self {
        Self::new(RawKeys::of(mention))
    }

    /// Time of publication in milliseconds since 1970.
    pub fn published_ms(&self) -> i64 {
        self.published_ms
    }

    /// The values of one field.
    pub fn values(&self, field: KeyField) -> impl Iterator<Item = &str> {
        let values = match field {
            KeyField::Site => std::slice::from_ref(&self.site),
            KeyField::Source => std::slice::from_ref(&self.source),
            KeyField::Lang => std::slice::from_ref(&self.lang),
            KeyField::Type => std::slice::from_ref(&self.kind),
            KeyField::Url => std::slice::from_ref(&self.url),
            KeyField::Links => &self.links,
            KeyField::Voice => &self.voice,
        };
        values
            .iter()
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

impl KeyField {
    /// The form in which values of this field are compared.
    pub fn fold(self, value: &str) -> String {
        match self {
            KeyField::Site | KeyField::Url | KeyField::Links => address(value),
            KeyField::Voice => {
                fold_keyword(value.trim_start_matches(|c: char| c == '@' || c.is_whitespace()))
            }
            KeyField::Source | KeyField::Lang | KeyField::Type => fold_keyword(value),
        }
    }
}

impl Keyword {
    /// True where a stored, folded value fulfils it: a site is the host or one under it, an address
    /// holds the value anywhere, everything else is equal.
    pub fn matches(&self, stored: &str) -> bool {
        let wild = is_wild(&self.value);
        match self.field {
            KeyField::Site if wild => {
                let hosts = stored.match_indices('.').map(|(dot, _)| &stored[dot + 1..]);
                std::iter::once(stored)
                    .chain(hosts)
                    .any(|host| glob(&self.value, host))
            }
            KeyField::Site => match stored.strip_suffix(self.value.as_str()) {
                Some(under) => under.is_empty() || under.ends_with('.'),
                None => false,
            },
            KeyField::Url | KeyField::Links if wild => glob(&format!("*{}*", self.value), stored),
            KeyField::Url | KeyField::Links => stored.contains(&self.value),
            _ if wild => glob(&self.value, stored),
            _ => self.value == stored,
        }
    }
}
