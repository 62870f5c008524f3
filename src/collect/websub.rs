//! WebSub, once PubSubHubbub: a publisher's hub brings what is new within seconds, to
//! `https://…/in/NAME`.
//!
//! Documentation: <https://www.w3.org/TR/websub/>.
//!
//! * The hub, and the name by which it knows the feed, stand in the feed's answer ([`super::hub`]).
//! * A hub is told an address that ends in a token, and a secret to sign with (`X-Hub-Signature`, SHA-1
//!   to SHA-512). Both come from `secret_file`, so that a subscription outlives a restart.
//! * A challenge is answered at the address with the token, for feeds that were asked for, and else
//!   not.
//! * A subscription is asked for at each start, and again when two thirds of its lease are over. One
//!   that a hub refuses or never confirms is asked for again after a quarter of an hour.
//! * The feed is looked at all the same, a sixth as often while a hub brings it and looks find
//!   nothing that it did not bring.
//! * What is brought bears no stamp, so what was recorded could be brought again: an item is one item,
//!   and the next look puts right what its words were.
//!
//! * A hub is told the secret; one without `https` is not asked.
//!
//! Not done: unsubscribing (a lease ends by itself), hubs that answer a subscription with a redirect.

use super::http::Client;
use super::http_call::{Call, Reply};
use super::http_reply::text;
use super::hub::Hub;
use super::inbox::{Brought, Manner, Refusal, Taken, sound_challenge};
use crate::clock::Clock;
use crate::privacy::{hex, unhex};
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use ring::hmac;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use url::Url;

const MIN_SECRET_BYTES: usize = 32;
/// Between two attempts at one subscription.
const RETRY: SignedDuration = SignedDuration::from_mins(15);
/// What is asked for, and what is taken for granted where a hub does not say.
const LEASE: SignedDuration = SignedDuration::from_hours(5 * 24);
/// What a hub may say.
const LEASES_SECS: std::ops::RangeInclusive<i64> = 60..=60 * 24 * 3600;
/// Subscriptions that one look asks for.
const MOST_AT_ONCE: usize = 5;
/// So much seldomer is a feed looked at that is brought, ...
const SELDOMER: u32 = 6;
/// ... and at least this often.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// One subscription.
#[derive(Debug, Clone, Copy)]
struct Lease {
    asked: Timestamp,
    /// From when until when, once the hub has confirmed it.
    granted: Option<(Timestamp, Timestamp)>,
}

#[derive(Debug, Default)]
struct Leases {
    topics: BTreeMap<String, Lease>,
    /// Something was brought, and since then no look found what was not.
    delivers: bool,
}

/// The subscriptions of one source. Clones are the same ones.
#[derive(Clone)]
pub struct Subscriber {
    name: String,
    callback: Url,
    /// Ends the address that hubs are told.
    token: String,
    /// What hubs sign with.
    secret: String,
    leases: Arc<Mutex<Leases>>,
    clock: Clock,
}

impl Subscriber {
    /// A source's subscriptions, by its keys `callback` and `secret_file`; `None` where it has neither.
    ///
    /// # Errors
    /// One key without the other, an address that cannot be right, or a secret that cannot be read.
    /// The text names the key and does not hold the secret.
    pub fn new(
        name: &str,
        callback: Option<&str>,
        secret_file: Option<&PathBuf>,
        clock: &Clock,
    ) -> Result<Option<Self>, String> {
        let (callback, file) = match (callback, secret_file) {
            (None, None) => return Ok(None),
            (Some(callback), Some(file)) => (callback, file),
            _ => return Err("`callback` and `secret_file` belong together".to_owned()),
        };
        let mut callback = Url::parse(callback).map_err(|error| format!("`callback`: {error}"))?;
        if !keeps_secrets(&callback) || !callback.path().ends_with(&format!("/in/{name}")) {
            return Err(format!(
                "`callback` must be this source's address as hubs reach it: https://…/in/{name}"
            ));
        }
        let named = file.display();
        let secret =
            std::fs::read(file).map_err(|error| format!("`secret_file` {named}: {error}"))?;
        let secret = secret.trim_ascii();
        if secret.len() < MIN_SECRET_BYTES {
            return Err(format!(
                "`secret_file` {named}: a secret has {MIN_SECRET_BYTES} bytes or more"
            ));
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let token = derived(&key, "the token of the address");
        callback.query_pairs_mut().append_pair("token", &token);
        Ok(Some(Self {
            name: name.to_owned(),
            callback,
            token,
            secret: derived(&key, "the secret of the hub"),
            leases: Arc::default(),
            clock: clock.clone(),
        }))
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        // What a panicking holder left is still true.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the subscriptions of which it is time, and forgets others than these.
    pub async fn keep(&self, client: &Client, hubs: &[Hub]) {
        let now = self.clock.now();
        for hub in self.due(hubs, now) {
            let lease = LEASE.as_secs().to_string();
            let fields = [
                ("hub.callback", self.callback.as_str()),
                ("hub.mode", "subscribe"),
                ("hub.topic", &hub.topic),
                ("hub.lease_seconds", &lease),
                ("hub.secret", &self.secret),
                // Hubs of the time before WebSub want to be told how they confirm.
                ("hub.verify", "async"),
            ];
            let call = Call::form(hub.address.clone(), &fields);
            let reply = client.ask(&call).await.and_then(Reply::success);
            // Nothing is lost, so the source is not down; the supervisor would think so.
            if let Err(error) = reply {
                let at = hub.address.host_str().unwrap_or_default();
                tracing::warn!(source = %self.name, hub = %at, %error, "The hub takes no subscription; the feed is looked at as before.");
                return;
            }
        }
    }

    /// Those of which it is time, from now on asked for.
    fn due<'a>(&self, hubs: &'a [Hub], now: Timestamp) -> Vec<&'a Hub> {
        let mut leases = self.leases();
        let topics = &mut leases.topics;
        topics.retain(|topic, _| hubs.iter().any(|hub| hub.topic == *topic));
        let mut due = Vec::new();
        for hub in hubs.iter().filter(|hub| keeps_secrets(&hub.address)) {
            let known = topics.get(&hub.topic).copied();
            if due.len() == MOST_AT_ONCE || !known.is_none_or(|lease| lease.is_due(now)) {
                continue;
            }
            let granted = known.and_then(|lease| lease.granted);
            topics.insert(
                hub.topic.clone(),
                Lease {
                    asked: now,
                    granted,
                },
            );
            due.push(hub);
        }
        due
    }

    /// A look has found what no hub brought.
    pub fn missed(&self) {
        self.leases().delivers = false;
    }

    /// How often to look at a feed that is to be looked at `every` so often.
    pub fn pause(&self, every: Duration) -> Duration {
        let now = self.clock.now();
        let leases = self.leases();
        let ends = leases.topics.values().filter_map(|lease| lease.renewal());
        let Some(first) = ends.min().filter(|end| *end > now && leases.delivers) else {
            return every;
        };
        let left = first.duration_since(now).unsigned_abs();
        (every * SELDOMER).min(LONGEST_PAUSE).min(left).max(every)
    }

    /// A challenge of a hub that was asked; what it grants is noted.
    fn challenge(&self, asked: &BTreeMap<String, String>) -> Option<String> {
        let value = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        // Comparing takes the same time whatever is presented.
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let known = hmac::sign(&key, self.token.as_bytes());
        hmac::verify(&key, value("token").as_bytes(), known.as_ref()).ok()?;
        let now = self.clock.now();
        let mut leases = self.leases();
        let lease = leases.topics.get_mut(value("hub.topic"))?;
        match value("hub.mode") {
            "subscribe" => {
                let challenge = sound_challenge(asked)?;
                let secs = value("hub.lease_seconds").parse();
                let secs = secs.unwrap_or(LEASE.as_secs());
                let secs = secs.clamp(*LEASES_SECS.start(), *LEASES_SECS.end());
                let until = now.checked_add(SignedDuration::from_secs(secs)).ok()?;
                lease.granted = Some((now, until));
                Some(challenge)
            }
            "denied" => {
                lease.granted = None;
                tracing::warn!(source = %self.name, "The hub refuses the subscription; the feed is looked at as before.");
                Some(String::new())
            }
            _ => None,
        }
    }

    /// The signature of a body, where it is genuine.
    fn signature(&self, headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
        let (algorithm, digits) = text(headers, "x-hub-signature")?.split_once('=')?;
        let (algorithm, signature) = match algorithm {
            // Not worse for this use than the others, and all that Google's hub knows.
            "sha1" => (
                hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                unhex::<20>(digits)?.to_vec(),
            ),
            "sha256" => (hmac::HMAC_SHA256, unhex::<32>(digits)?.to_vec()),
            "sha384" => (hmac::HMAC_SHA384, unhex::<48>(digits)?.to_vec()),
            "sha512" => (hmac::HMAC_SHA512, unhex::<64>(digits)?.to_vec()),
            _ => return None,
        };
        let key = hmac::Key::new(algorithm, self.secret.as_bytes());
        hmac::verify(&key, body, &signature).ok()?;
        Some(signature)
    }
}

impl Lease {
    /// When it is time to ask for it once more.
    fn renewal(&self) -> Option<Timestamp> {
        let (from, until) = self.granted?;
        from.checked_add(until.duration_since(from) * 2 / 3).ok()
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let over = self.renewal().is_none_or(|renewal| renewal <= now);
        over && now.duration_since(self.asked).abs() >= RETRY
    }
}

/// Whether what is sent there can be read by nobody on the way.
fn keeps_secrets(url: &Url) -> bool {
    let is_near = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || url.scheme() == "http" && is_near
}

/// 64 hexadecimal digits that say nothing of the key.
fn derived(key: &hmac::Key, of: &str) -> String {
    let tag = hmac::sign(key, format!("resonanz websub: {of}").as_bytes());
    hex(tag.as_ref())
}

/// How hubs sign and write. What they bring is read by the source.
pub struct Hubs(pub Subscriber);

impl Manner for Hubs {
    fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Taken, Refusal> {
        let signature = self.0.signature(headers, body);
        let signature = signature.ok_or(Refusal::Unsigned)?;
        self.0.leases().delivers = true;
        Ok((now.as_second(), signature))
    }

    fn read(&self, body: &[u8]) -> Result<Brought, Refusal> {
        Ok(Brought {
            unread: body.to_vec(),
            ..Brought::default()
        })
    }

    fn challenge(&self, asked: &BTreeMap<String, String>) -> Option<String> {
        self.0.challenge(asked)
    }

    /// A hub that was not answered in time.
    fn repeats(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber() -> Subscriber {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        std::fs::write(&file, "ein-geheimnis-von-zweiunddreissig-zeichen").unwrap();
        let clock = Clock::simulated("2026-11-29T10:00:00Z".parse().unwrap());
        let callback = Some("https://amt.example/in/x");
        Subscriber::new("x", callback, Some(&file), &clock)
            .unwrap()
            .unwrap()
    }

    fn grant(subscriber: &Subscriber, secs: &str) -> Option<String> {
        let asked = [
            ("hub.mode", "subscribe"),
            ("hub.topic", "t"),
            ("hub.challenge", "1"),
            ("hub.lease_seconds", secs),
            ("token", &subscriber.token),
        ];
        subscriber.challenge(
            &asked
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        )
    }

    #[test]
    fn a_subscription_is_renewed_before_it_ends_and_a_silent_hub_is_not_pressed() {
        let subscriber = subscriber();
        let address: Url = "https://hub.example/".parse().unwrap();
        let topic = "t".to_owned();
        let hubs = [Hub { address, topic }];
        let after = |minutes: i64| subscriber.clock.now() + SignedDuration::from_mins(minutes);
        let is_due = |minutes| !subscriber.due(&hubs, after(minutes)).is_empty();
        assert!(grant(&subscriber, "60000").is_none(), "nobody asked");
        assert!(is_due(0));
        assert!(!is_due(14) && is_due(15) && !is_due(29) && is_due(30));
        assert!(grant(&subscriber, "60000").is_some());
        // Two thirds of a thousand minutes.
        assert!(!is_due(660) && is_due(670) && !is_due(680) && is_due(690));
        assert!(
            grant(&subscriber, "-5").is_some() && grant(&subscriber, "99999999999999").is_some()
        );
        assert!(!is_due(900));
        // The secret goes to nobody who would be told it in the open.
        let open = Hub {
            address: "http://hub.example/".parse().unwrap(),
            topic: "u".to_owned(),
        };
        assert!(subscriber.due(&[open], after(0)).is_empty());
        // What the feed names no more is forgotten.
        assert!(subscriber.due(&[], after(0)).is_empty());
        assert!(grant(&subscriber, "60000").is_none());
    }

    #[test]
    fn looks_are_seldom_only_while_the_hub_brings_everything() {
        let subscriber = subscriber();
        let (minute, secs) = (Duration::from_secs(60), Duration::from_secs);
        let address: Url = "https://hub.example/".parse().unwrap();
        let topic = "t".to_owned();
        subscriber.due(&[Hub { address, topic }], subscriber.clock.now());
        assert!(grant(&subscriber, "6000").is_some());
        assert_eq!(subscriber.pause(minute), minute, "nothing was brought");
        subscriber.leases().delivers = true;
        assert_eq!(subscriber.pause(minute), 6 * minute);
        assert_eq!(subscriber.pause(15 * minute), secs(3600));
        assert_eq!(subscriber.pause(120 * minute), 120 * minute);
        // Not longer than until it is to be renewed.
        assert!(grant(&subscriber, "300").is_some());
        assert_eq!(subscriber.pause(minute), secs(200));
        subscriber.missed();
        assert_eq!(subscriber.pause(minute), minute);
    }
}
