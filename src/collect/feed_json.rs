//! JSON Feed 1.x (<https://www.jsonfeed.org/version/1.1/>), read leniently and in bounded memory.
//!
//! Ours and not the parser's of the other formats: that one gives up a whole feed for one number
//! where a string should be, and it has no limit on items.

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// A feed with as much of it as we use.
#[derive(Debug, Default)]
pub struct JsonFeed {
    /// True where the document says that it is a JSON Feed, or has items at least.
    pub is_feed: bool,
    pub language: Option<String>,
    pub authors: Vec<JsonAuthor>,
    pub items: Vec<JsonItem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct JsonAuthor {
    #[serde(deserialize_with = "loose")]
    pub name: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub url: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct JsonItem {
    #[serde(deserialize_with = "loose")]
    pub id: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub url: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub title: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub content_html: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub content_text: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub summary: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub date_published: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub date_modified: Option<String>,
    #[serde(deserialize_with = "loose")]
    pub language: Option<String>,
    #[serde(deserialize_with = "authors")]
    pub authors: Vec<JsonAuthor>,
    /// The form of version 1.0.
    #[serde(deserialize_with = "authors", rename = "author")]
    pub author: Vec<JsonAuthor>,
}

/// Reads a feed with at most `max_items` items.
///
/// # Errors
/// Text that is no JSON object; the message holds line and column, and nothing of the text.
pub fn read(text: &str, max_items: usize) -> Result<JsonFeed, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let feed = json.deserialize_map(Feed { max_items });
    feed.map_err(|error| format!("no JSON at line {} column {}", error.line(), error.column()))
}

struct Feed {
    max_items: usize,
}

impl<'de> Visitor<'de> for Feed {
    type Value = JsonFeed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON Feed")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonFeed, A::Error> {
        let mut feed = JsonFeed::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => {
                    let version = map.next_value_seed(Loose)?.unwrap_or_default();
                    feed.is_feed |= version.contains("jsonfeed.org/version/");
                }
                "language" => feed.language = map.next_value_seed(Loose)?,
                "authors" | "author" => {
                    feed.authors
                        .extend(map.next_value_seed(Capped::new(MAX_AUTHORS))?);
                }
                "items" => {
                    feed.items = map.next_value_seed(Capped::new(self.max_items))?;
                    feed.is_feed |= !feed.items.is_empty();
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(feed)
    }
}

const MAX_AUTHORS: usize = 20;

fn loose<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Loose.deserialize(deserializer)
}

fn authors<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<JsonAuthor>, D::Error> {
    Capped::new(MAX_AUTHORS).deserialize(deserializer)
}

/// A string, or a number as its digits; anything else counts as absent.
struct Loose;

impl<'de> DeserializeSeed<'de> for Loose {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Loose {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// The first elements of a list, or a single one that stands without a list; the rest of a longer
/// list is read and thrown away. Anything else counts as an empty list.
struct Capped<T> {
    max: usize,
    element: PhantomData<T>,
}

impl<T> Capped<T> {
    fn new(max: usize) -> Self {
        Self {
            max,
            element: PhantomData,
        }
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Capped<T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Capped<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while list.len() < self.max {
            match seq.next_element()? {
                Some(element) => list.push(element),
                None => return Ok(list),
            }
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
    }

    fn visit_str<E>(self, _: &str) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_types_cost_a_field_and_not_the_feed() {
        let text = r#"{"version": 1, "language": ["de"], "author": null, "extra": {"a": [1]},
            "items": [{"id": 7, "title": null, "url": {"a": 1}, "authors": {"name": "Amt"},
            "author": "Amt", "tags": [[]], "date_published": true, "content_text": "Text"}]}"#;
        let feed = read(text, 10).unwrap();
        let item = &feed.items[0];
        assert!(feed.is_feed && feed.language.is_none() && feed.authors.is_empty());
        assert_eq!(
            (item.id.as_deref(), item.title.as_deref()),
            (Some("7"), None)
        );
        assert_eq!(
            (item.url.as_deref(), item.authors[0].name.as_deref()),
            (None, Some("Amt"))
        );
        assert_eq!(
            (item.date_published.as_deref(), item.content_text.as_deref()),
            (None, Some("Text"))
        );
        assert!(item.author.is_empty());
    }

    #[test]
    fn items_and_depth_are_bounded() {
        let many = format!(r#"{{"items": [{}{{}}]}}"#, "{},".repeat(100_000));
        assert_eq!(read(&many, 50).unwrap().items.len(), 50);
        assert!(read(&format!(r#"{{"x": {}"#, "[".repeat(100_000)), 50).is_err());
        assert!(read("[]", 50).is_err());
        assert!(!read("{}", 50).unwrap().is_feed);
        assert!(
            read(r#"{"version": "https://jsonfeed.org/version/1.1"}"#, 50)
                .unwrap()
                .is_feed
        );
    }
}
