//! What the three networks' answers have in common. Pure.

use crate::collect::source::{RejectReason, Rejection};
use crate::model::RawAuthor;
use jiff::Timestamp;
use jiff::fmt::strtime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Longest id and longest address, in bytes.
const MAX_ID_BYTES: usize = 128;
const MAX_ADDRESS_BYTES: usize = 2048;
/// A larger number is one of milliseconds.
const LAST_SECOND: i64 = 100_000_000_000;

/// An id; old pushes write it as a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Id {
    Text(String),
    Number(u64),
}

impl Id {
    /// It becomes a part of addresses, so it is letters, digits and `_`.
    pub fn checked(self) -> Option<String> {
        let text = match self {
            Id::Text(text) => text,
            Id::Number(number) => number.to_string(),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let sound = (1..=MAX_ID_BYTES).contains(&text.len()) && text.chars().all(plain);
        sound.then_some(text)
    }
}

/// The id that an item cannot be without.
pub fn needed(id: Option<Id>) -> Result<String, Rejection> {
    id.and_then(Id::checked)
        .ok_or_else(|| incomplete("an item without a sound id"))
}

/// A thing that is only named.
#[derive(Debug, Clone, Deserialize)]
pub struct Named {
    pub id: Option<Id>,
    pub name: Option<String>,
    pub username: Option<String>,
}

impl Named {
    pub fn checked(this: Option<Self>) -> Option<String> {
        this.and_then(|named| named.id).and_then(Id::checked)
    }
}

/// Who wrote it, as far as Meta tells: often nobody, for want of a permission. A user name stands in for
/// an id that is kept back.
pub fn author(from: Option<Named>, username: Option<String>) -> Option<RawAuthor> {
    let from = from.unwrap_or(Named {
        id: None,
        name: None,
        username: None,
    });
    let handle = from.username.or(username);
    let id = from.id.and_then(Id::checked).or_else(|| handle.clone())?;
    Some(RawAuthor {
        id,
        handle,
        name: from.name,
    })
}

/// A time as an answer or a push writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum When {
    Text(String),
    Unix(i64),
}

impl When {
    /// `None` for what is no time.
    pub fn time(self) -> Option<Timestamp> {
        match self {
            When::Text(text) => text.parse().ok().or_else(|| {
                // `+0000`, which RFC 3339 does not know.
                let broken = strtime::parse("%Y-%m-%dT%H:%M:%S%z", &text).ok()?;
                broken.to_timestamp().ok()
            }),
            When::Unix(number) if number > LAST_SECOND => Timestamp::from_millisecond(number).ok(),
            When::Unix(number) => Timestamp::from_second(number).ok(),
        }
    }
}

/// An address that is one.
pub fn address(url: Option<String>) -> Option<String> {
    url.filter(|url| url.starts_with("https://") && url.len() <= MAX_ADDRESS_BYTES)
}

/// Words, where there are any.
pub fn words(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// Reads one node. The refusal says where, and quotes nothing.
pub fn node<T: DeserializeOwned>(value: Value) -> Result<T, Rejection> {
    serde_json::from_value(value).map_err(|error| {
        let what = format!("{:?} error in a node", error.classify());
        Rejection::new(RejectReason::Malformed, what)
    })
}

pub fn incomplete(detail: &str) -> Rejection {
    Rejection::new(RejectReason::Incomplete, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        let at = Some("2021-08-10T18:45:03Z".parse().unwrap());
        let text = |text: &str| When::Text(text.to_owned()).time();
        assert_eq!(text("2021-08-10T18:45:03+0000"), at);
        assert_eq!(text("2021-08-10T20:45:03+0200"), at);
        assert_eq!(text("2021-08-10T18:45:03+00:00"), at);
        assert_eq!(text("2021-08-10T18:45:03Z"), at);
        assert_eq!(text("yesterday"), None);
        assert_eq!(When::Unix(1_628_621_103).time(), at);
        assert_eq!(When::Unix(1_628_621_103_000).time(), at);
        assert_eq!(When::Unix(i64::MAX).time(), None);
        assert_eq!(When::Unix(i64::MIN).time(), None);
    }

    #[test]
    fn an_id_cannot_lead_elsewhere() {
        let check = |text: &str| Id::Text(text.to_owned()).checked();
        assert_eq!(check("1_2").as_deref(), Some("1_2"));
        for odd in ["", "../me", "1/feed", "1?x=", "1%2f", "ä", &"1".repeat(129)] {
            assert_eq!(check(odd), None, "{odd}");
        }
        assert_eq!(Id::Number(7).checked().as_deref(), Some("7"));
    }
}
