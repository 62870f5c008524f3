//! What Meta pushes: who it is from, and what it says.
//!
//! Documentation: <https://developers.facebook.com/docs/graph-api/webhooks/getting-started>,
//! <https://developers.facebook.com/docs/threads/webhooks>. `X-Hub-Signature-256` is the HMAC-SHA-256
//! of the raw body under the app's secret. Deliveries bear no stamp of their own: what is older than
//! [`OLDEST_SECS`] by the body's word is not taken, and a younger one that comes again does nothing
//! new, for an item is one item, the newer version stays, and a deletion stays for ever. Meta brings a
//! delivery again for 36 hours until it is acknowledged.
//!
//! Several changes come in one body, in any order. One that cannot be read is counted and costs the
//! others nothing. Direct messages come the same way, beside the changes.

use super::wire::{Id, When, incomplete, node};
use super::{Network, letters};
use crate::collect::inbox::{Brought, Manner, Refusal, Taken, signature, sound_challenge};
use crate::collect::source::{Event, Rejection};
use crate::model::Change;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;

/// Meta tries for 36 hours.
const OLDEST_SECS: i64 = 48 * 3600;
/// How far Meta's clock may be ahead of ours.
const AHEAD_SECS: i64 = 600;

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    Added,
    Edited,
    Removed,
}

/// How Meta signs and writes for one network.
pub struct Hook {
    network: Network,
    account: String,
    /// Take direct messages.
    messages: bool,
    /// Keyed with the app's secret.
    key: Hmac<Sha256>,
    /// What was agreed upon in the app's dashboard, under the same key: comparing takes the same
    /// time whatever is presented.
    verify_tag: Vec<u8>,
}

impl Hook {
    /// `None` where the secret can be no key.
    pub fn new(
        network: Network,
        account: &str,
        messages: bool,
        secret: &[u8],
        verify: &[u8],
    ) -> Option<Self> {
        let key = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        let mut mac = key.clone();
        mac.update(verify);
        Some(Self {
            network,
            account: account.to_owned(),
            messages,
            verify_tag: mac.finalize().into_bytes().to_vec(),
            key,
        })
    }
}

impl Manner for Hook {
    fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Taken, Refusal> {
        let signature = signature(headers, "x-hub-signature-256")?;
        let mut mac = self.key.clone();
        mac.update(body);
        mac.verify_slice(&signature)
            .map_err(|_| Refusal::Unsigned)?;
        let newest = told(body)?.into_iter().filter_map(|told| told.at).max();
        let newest = newest.ok_or_else(|| Refusal::Unreadable("a body without a time".into()))?;
        let age = now.as_second() - newest.as_second();
        match (-AHEAD_SECS..=OLDEST_SECS).contains(&age) {
            true => Ok((now.as_second(), signature)),
            false => Err(Refusal::Stale),
        }
    }

    fn read(&self, body: &[u8]) -> Result<Brought, Refusal> {
        read(self.network, Some(&self.account), self.messages, body)
    }

    fn challenge(&self, asked: &BTreeMap<String, String>) -> Option<String> {
        let value = |name: &str| asked.get(name).map(String::as_str);
        let mut mac = self.key.clone();
        mac.update(value("hub.verify_token")?.as_bytes());
        mac.verify_slice(&self.verify_tag).ok()?;
        sound_challenge(asked).filter(|_| value("hub.mode") == Some("subscribe"))
    }

    fn repeats(&self) -> bool {
        true
    }
}

/// Pages and Instagram send entries, Threads one change.
#[derive(Deserialize)]
struct Delivery {
    object: Option<String>,
    entry: Option<Vec<Value>>,
    time: Option<When>,
    values: Option<Value>,
}

#[derive(Deserialize)]
struct Entry {
    id: Option<Id>,
    time: Option<When>,
    #[serde(default)]
    changes: Vec<Value>,
    /// Events of conversations, ...
    #[serde(default)]
    messaging: Vec<Value>,
    /// ... also of those that another app has in hand.
    #[serde(default)]
    standby: Vec<Value>,
    /// Instagram's own login puts one change into the entry itself.
    field: Option<String>,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
struct Changed {
    field: String,
    #[serde(default)]
    value: Value,
}

/// A part of a delivery: what changed in whose account, and when that was sent.
struct Told {
    object: Option<String>,
    account: Option<String>,
    at: Option<Timestamp>,
    changes: Vec<Result<Changed, Rejection>>,
}

/// Takes a body apart.
fn told(body: &[u8]) -> Result<Vec<Told>, Refusal> {
    let odd = || Refusal::Unreadable("the body is no delivery of Meta's".to_owned());
    let Delivery {
        object,
        entry,
        time,
        values,
    } = serde_json::from_slice(body).map_err(|_| odd())?;
    match (entry, values) {
        (Some(entries), _) => Ok(entries
            .into_iter()
            .map(|entry| in_entry(entry, object.clone()))
            .collect()),
        (None, Some(change)) => Ok(vec![Told {
            object,
            account: None,
            at: time.and_then(When::time),
            changes: vec![node(change)],
        }]),
        (None, None) => Err(odd()),
    }
}

fn changed(field: &str, value: Value) -> Changed {
    let field = field.to_owned();
    Changed { field, value }
}

fn in_entry(entry: Value, object: Option<String>) -> Told {
    let entry: Entry = match node(entry) {
        Ok(entry) => entry,
        Err(rejection) => {
            return Told {
                object,
                account: None,
                at: None,
                changes: vec![Err(rejection)],
            };
        }
    };
    let mut changes: Vec<_> = entry.changes.into_iter().map(node).collect();
    let [messaging, standby] = [("messaging", entry.messaging), ("standby", entry.standby)]
        .map(|(field, events)| events.into_iter().map(move |value| changed(field, value)));
    changes.extend(messaging.chain(standby).map(Ok));
    let value = entry.value;
    changes.extend(entry.field.map(|field| Ok(Changed { field, value })));
    Told {
        object,
        account: entry.id.and_then(Id::checked),
        at: entry.time.and_then(When::time),
        changes,
    }
}

/// What a delivery says; of `account`, where that is known, and with direct messages if they are
/// wanted.
///
/// # Errors
/// `Unreadable`: not one of Meta's.
pub fn read(
    network: Network,
    account: Option<&str>,
    messages: bool,
    body: &[u8],
) -> Result<Brought, Refusal> {
    let mut brought = Brought::default();
    for told in told(body)? {
        let strange = match (&told.object, account, &told.account) {
            (Some(object), _, _) if object != network.object() => Some("another network's push"),
            (_, Some(ours), Some(theirs)) if ours != theirs => Some("another account's push"),
            _ => None,
        };
        let is_letter = |change: &Result<Changed, Rejection>| {
            let field = change.as_ref().map(|change| change.field.as_str());
            field.is_ok_and(|field| letters::PUSHED.contains(&field))
        };
        let wanted = told.changes.into_iter();
        for change in wanted.filter(|change| messages || !is_letter(change)) {
            let read = match (strange, told.at) {
                (Some(why), _) => Err(incomplete(why)),
                (None, None) => Err(incomplete("a push without a time")),
                (None, Some(at)) => {
                    change.and_then(|Changed { field, value }| network.pushed(&field, value, at))
                }
            };
            match read {
                Ok(read) => {
                    let by_others = |event: &Event| !is_own(event, account);
                    brought
                        .events
                        .extend(read.events.into_iter().filter(by_others));
                    brought.lookups.extend(read.lookups);
                }
                Err(rejection) => brought.events.push(Event::Rejected(rejection)),
            }
        }
    }
    Ok(brought)
}

/// What the ministry itself wrote is not what others say.
fn is_own(event: &Event, account: Option<&str>) -> bool {
    match event {
        Event::Change(Change::Upsert(item)) => {
            let author = item.author.as_ref().map(|author| author.id.as_str());
            author.is_some() && author == account
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
    const BODY: &str = r#"{"object":"page","entry":[{"id":"1","time":1790000000,"changes":[]}]}"#;
    // printf '%s' "$BODY" | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
    const SIGNATURE: &str =
        "sha256=20e17b6ec7f573266346895f2cb70b51dbf24489b3b3a10bb2dc00b78b640da0";

    fn hook() -> Hook {
        Hook::new(Network::Facebook, "1", false, SECRET, b"abgemacht").unwrap()
    }

    fn check(signature: &str, body: &str, at: i64) -> Result<(), Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert("x-hub-signature-256", signature.parse().unwrap());
        let now = Timestamp::from_second(at).unwrap();
        hook().verify(&headers, body.as_bytes(), now).map(drop)
    }

    #[test]
    fn a_signature_is_of_the_raw_body_and_a_body_has_its_time() {
        let sent = 1_790_000_000;
        assert_eq!(check(SIGNATURE, BODY, sent), Ok(()));
        let spaced = BODY.replace(':', ": ");
        let upper = SIGNATURE.replace("sha256=", "SHA256=");
        for (signature, body) in [
            (SIGNATURE, spaced.as_str()),
            (&SIGNATURE[7..], BODY),
            (upper.as_str(), BODY),
            ("sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709", BODY),
            ("sha256=", BODY),
            ("", BODY),
            (SIGNATURE, ""),
        ] {
            assert_eq!(
                check(signature, body, sent),
                Err(Refusal::Unsigned),
                "{signature}"
            );
        }
        assert_eq!(check(SIGNATURE, BODY, sent + OLDEST_SECS), Ok(()));
        for at in [sent + OLDEST_SECS + 1, sent - AHEAD_SECS - 1] {
            assert_eq!(check(SIGNATURE, BODY, at), Err(Refusal::Stale));
        }
    }

    #[test]
    fn only_who_knows_the_token_is_told_that_this_is_the_place() {
        let said = |mode: &str, token: &str, challenge: &str| {
            let asked = [
                ("hub.mode", mode),
                ("hub.verify_token", token),
                ("hub.challenge", challenge),
            ];
            let asked = asked.map(|(name, value)| (name.to_owned(), value.to_owned()));
            hook().challenge(&BTreeMap::from(asked))
        };
        assert_eq!(
            said("subscribe", "abgemacht", "1158201444").as_deref(),
            Some("1158201444")
        );
        assert_eq!(said("subscribe", "geraten", "1158201444"), None);
        assert_eq!(said("unsubscribe", "abgemacht", "1158201444"), None);
        assert_eq!(said("subscribe", "abgemacht", "<script>"), None);
        assert_eq!(said("subscribe", "abgemacht", &"1".repeat(257)), None);
        assert_eq!(hook().challenge(&BTreeMap::new()), None);
    }

    #[test]
    fn one_bad_change_costs_the_others_nothing() {
        let good = r#"{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"1_2",
            "post_id":"1_1","message":"Wann?"}}"#;
        let entry = |id: &str, changes: &str| {
            format!(r#"{{"id":"{id}","time":1790000000,"changes":[{changes}]}}"#)
        };
        let body = |object: &str, entries: &[String]| {
            format!(r#"{{"object":"{object}","entry":[{}]}}"#, entries.join(","))
        };
        let count = |body: &str| {
            let read = read(Network::Facebook, Some("1"), false, body.as_bytes()).unwrap();
            let is_good = |event: &&Event| matches!(event, Event::Change(_));
            let good = read.events.iter().filter(is_good).count();
            (good, read.events.len() - good)
        };
        let bad = [
            "7",
            "{}",
            r#"{"field":"neu","value":{}}"#,
            r#"{"field":"feed","value":7}"#,
            r#"{"field":"feed","value":{"item":"hologram","verb":"add"}}"#,
            r#"{"field":"feed","value":{"item":"comment","verb":"burn","comment_id":"1_2"}}"#,
            r#"{"field":"feed","value":{"item":"comment","verb":"add","message":"x"}}"#,
            r#"{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"../1"}}"#,
        ];
        for bad in bad {
            let mixed = entry("1", &[good, bad, good].join(","));
            assert_eq!(count(&body("page", &[mixed])), (2, 1), "{bad}");
        }
        let entries = [
            entry("1", good),
            "7".into(),
            entry("2", good),
            entry("1", good),
        ];
        assert_eq!(count(&body("page", &entries)), (2, 2));
        assert_eq!(count(&body("instagram", &entries[..1])), (0, 1));
        let message =
            r#"{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"message":{}}]}]}"#;
        assert_eq!(count(message), (0, 0));
        for odd in [
            "",
            "{}",
            "[]",
            "null",
            "{\"entry\":7}",
            &"[".repeat(100_000),
        ] {
            let read = read(Network::Facebook, None, true, odd.as_bytes());
            assert!(matches!(read, Err(Refusal::Unreadable(_))), "{odd:.20}");
        }
    }
}
