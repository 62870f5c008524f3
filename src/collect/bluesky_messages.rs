//! Bluesky's direct messages to the ministry's own account.
//!
//! Documentation: <https://docs.bsky.app/docs/api/chat-bsky-convo-get-log>. Messages are no records of
//! the network: they lie with one service, which is asked through the account's own server (PDS) with
//! a header that names it. The app password must be one that allows access to direct messages, and
//! the account must take messages from everyone, or strangers cannot write.
//!
//! Every look asks for what happened since the last one; the first finds the place from which on it
//! listens, and brings nothing. Collected: what others write in the account's conversations, requests
//! included, as messages to the house. Not collected: what the account itself writes, reactions, shared
//! posts, pictures. There are no edits, and nobody but the account itself takes a message out of its
//! conversation.

use super::bluesky::{PLATFORM, check_did};
use super::hosts::Hosts;
use super::http_call::Call;
use super::pds::Pds;
use super::source::{
    Collected, Event, Pace, RejectReason, Rejection, Source, SourceError, Standing,
};
use crate::model::{Change, Cursor, Deletion, Item, Kind, RawAuthor};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use reqwest::header::HeaderName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// Names the service that a PDS hands a question on to.
const PROXY: HeaderName = HeaderName::from_static("atproto-proxy");
/// Shortest pause between two looks.
const MIN_EVERY_SECS: u64 = 10;
/// Answers that are read in one look; the next one goes on behind them.
const MAX_PAGES: usize = 20;
/// Longest id and longest position, in bytes.
const MAX_ID_BYTES: usize = 64;
/// Whose log recorded events are of.
const RECORDED: &str = "did:web:house.example";
/// The position before the first event of all.
const BEGINNING: &str = "2222222222222";

/// `[source.<name>]` with `kind = "bluesky-messages"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlueskyMessagesConfig {
    /// The account's PDS.
    pub url: String,
    /// Handle or DID of the account.
    pub identifier: String,
    /// File with an app password of the account that allows access to direct messages.
    pub password_file: PathBuf,
    /// Seconds between two looks.
    pub every_secs: u64,
    /// The service with which the messages lie, as `did#id`.
    pub service: String,
    /// How the network's people can reach us.
    pub contact: String,
}

impl Default for BlueskyMessagesConfig {
    fn default() -> Self {
        Self {
            url: "https://bsky.social".to_owned(),
            identifier: String::new(),
            password_file: PathBuf::new(),
            every_secs: 60,
            service: "did:web:api.bsky.chat#bsky_chat".to_owned(),
            contact: String::new(),
        }
    }
}

mod wire {
    use jiff::Timestamp;
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Debug, Deserialize)]
    pub struct Log {
        pub cursor: Option<String>,
        pub logs: Vec<Value>,
    }

    #[derive(Debug, Deserialize)]
    pub struct Entry {
        #[serde(rename = "$type")]
        pub kind: String,
        #[serde(rename = "convoId")]
        pub convo: Option<String>,
        pub message: Option<Value>,
        #[serde(rename = "relatedProfiles", default)]
        pub profiles: Vec<Profile>,
    }

    /// Without `text` where it is gone by now.
    #[derive(Debug, Deserialize)]
    pub struct Message {
        pub id: String,
        pub text: Option<String>,
        pub sender: Sender,
        #[serde(rename = "sentAt")]
        pub sent: Timestamp,
    }

    #[derive(Debug, Deserialize)]
    pub struct Sender {
        pub did: String,
    }

    #[derive(Debug, Deserialize)]
    pub struct Profile {
        pub did: String,
        pub handle: Option<String>,
        #[serde(rename = "displayName")]
        pub name: Option<String>,
    }
}

/// Reads one recorded event of the log.
///
/// # Errors
/// Those of [`adapt`].
pub fn adapt_recorded(line: &[u8]) -> Result<Vec<Change>, Rejection> {
    let entry = serde_json::from_slice(line).unwrap_or_default();
    Ok(adapt(entry, RECORDED)?.into_iter().collect())
}

/// What one event of the log means for the account `own`.
///
/// # Errors
/// What is no event, or one of a message without a sound id.
pub fn adapt(entry: Value, own: &str) -> Result<Option<Change>, Rejection> {
    let malformed = |_| Rejection::new(RejectReason::Malformed, "no event of a conversation");
    let entry: wire::Entry = serde_json::from_value(entry).map_err(malformed)?;
    let is_gone = match entry.kind.rsplit('#').next() {
        Some("logCreateMessage") => false,
        Some("logDeleteMessage") => true,
        _ => return Ok(None),
    };
    let incomplete = |what: &str| Rejection::new(RejectReason::Incomplete, what);
    let (Some(convo), Some(message)) = (entry.convo, entry.message) else {
        return Err(incomplete("a message without its words or conversation"));
    };
    let message: wire::Message = serde_json::from_value(message).map_err(malformed)?;
    if !is_sound(&convo) || !is_sound(&message.id) {
        return Err(incomplete("a message without a sound id"));
    }
    let sender = message.sender.did;
    check_did(&sender)?;
    if sender == own {
        return Ok(None);
    }
    let id = format!("message:{convo}/{}", message.id);
    if is_gone {
        return Ok(Some(Change::Delete(Deletion {
            platform: PLATFORM.to_owned(),
            id,
            at: None,
        })));
    }
    let Some(text) = message.text.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let mut item = Item::new(PLATFORM, id, Kind::Message);
    item.text = text;
    item.published = Some(message.sent);
    item.url = Some(format!("https://bsky.app/messages/{convo}"));
    let profile = entry.profiles.into_iter().find(|known| known.did == sender);
    let (handle, name) = profile.map_or((None, None), |known| (known.handle, known.name));
    item.author = Some(RawAuthor {
        id: sender,
        handle,
        name: name.filter(|name| !name.is_empty()),
    });
    Ok(Some(Change::Upsert(Box::new(item))))
}

/// It becomes a part of addresses.
fn is_sound(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    (1..=MAX_ID_BYTES).contains(&id.len()) && id.chars().all(plain)
}

/// Resume position: how far the account's log was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// DID: another account has another log.
    account: String,
    at: String,
}

impl Position {
    fn read(cursor: &Cursor, account: &str) -> Option<String> {
        let position: Self = serde_json::from_str(&cursor.0).ok()?;
        (position.account == account).then_some(position.at)
    }

    fn cursor(account: &str, at: &str) -> Option<Cursor> {
        let (account, at) = (account.to_owned(), at.to_owned());
        serde_json::to_string(&Self { account, at })
            .ok()
            .map(Cursor)
    }
}

/// The conversations of one account.
#[derive(Debug, Clone)]
pub struct BlueskyMessages {
    name: String,
    config: BlueskyMessagesConfig,
    pds: Pds,
}

impl BlueskyMessages {
    /// # Errors
    /// Settings that make no sense. The text names the key.
    pub fn new(name: &str, config: &BlueskyMessagesConfig) -> Result<Self, String> {
        if config.every_secs < MIN_EVERY_SECS {
            return Err(format!("`every_secs` must be at least {MIN_EVERY_SECS}"));
        }
        if config.identifier.is_empty() || config.password_file.as_os_str().is_empty() {
            return Err("whose messages? Fill in `identifier` and `password_file`".to_owned());
        }
        let is_service = config.service.starts_with("did:") && config.service.contains('#');
        if !is_service {
            return Err("`service` must be a DID and an id, like did:web:a.example#b".to_owned());
        }
        let password = Some(config.password_file.clone());
        Ok(Self {
            name: name.to_owned(),
            pds: Pds::new(&config.url, &config.identifier, password, &config.contact)?,
            config: config.clone(),
        })
    }

    /// What happened behind this position; from nowhere on, only where the log ends.
    async fn log(&self, after: Option<&str>) -> Result<wire::Log, SourceError> {
        let mut url = self.pds.method("chat.bsky.convo.getLog");
        if let Some(after) = after {
            url.query_pairs_mut().append_pair("cursor", after);
        }
        let call = Call::get(url, "application/json").header(PROXY, &self.config.service)?;
        match self.pds.ask(call).await {
            Err(SourceError::Refused(why)) if why.starts_with("HTTP") => {
                Err(SourceError::Refused(format!(
                    "{why} to a question for messages; does the app password allow access to \
                     direct messages?"
                )))
            }
            reply => reply?.json(),
        }
    }
}

impl Source for BlueskyMessages {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Poll {
            every: Duration::from_secs(self.config.every_secs),
        }
    }

    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.pds = self.pds.clone().sharing(hosts);
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let this = self.clone();
        Box::pin(async_stream::try_stream! {
            let own = this.pds.account().await?;
            let mut at = resume.and_then(|cursor| Position::read(&cursor, &own));
            for _ in 0..MAX_PAGES {
                let is_first = at.is_none();
                let mut log = this.log(at.as_deref()).await?;
                if is_first {
                    log.logs.clear();
                }
                let is_empty = log.logs.is_empty();
                for entry in log.logs {
                    let event = match adapt(entry, &own) {
                        Ok(Some(change)) => Event::Change(change),
                        Ok(None) => Event::Nothing,
                        Err(rejection) => Event::Rejected(rejection),
                    };
                    yield Collected::now(event, None);
                }
                // An empty log has no end to tell.
                let told = log.cursor.filter(|told| is_sound(told));
                let next = told.or_else(|| at.clone()).unwrap_or_else(|| BEGINNING.to_owned());
                let is_moved = at.as_ref() != Some(&next);
                let reached = Position::cursor(&own, &next).filter(|_| is_moved);
                at = Some(next);
                yield Collected::now(Event::Nothing, reached);
                if is_empty || !is_moved {
                    break;
                }
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let this = self.clone();
        Box::pin(async move {
            match this.log(None).await {
                Ok(_) => Standing::Works,
                Err(SourceError::Refused(why)) => Standing::NeedsKey(why),
                Err(error) => Standing::Unreachable(error.to_string()),
            }
        })
    }
}
