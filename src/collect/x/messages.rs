//! Direct messages to the ministry's own account on X: `kind = "x"` with `stream = "messages"`.
//!
//! Documentation: <https://docs.x.com/x-api/direct-messages/lookup/introduction>. Only the account's own
//! keys read them (`oauth`). An answer lists the latest events of all conversations, the newest first and
//! 30 days back; it cannot be asked for what came since. So every look reads pages until it meets what
//! is known; the first one only finds the place from which on it listens. Fifteen questions in a quarter
//! of an hour are allowed, and each event has its price, once a day.
//!
//! Collected: what others write, as messages to the house. Not collected: what the account itself
//! writes, who joined or left, pictures. Deletions are not told.

use super::ledger::{Budget, Ledger};
use super::oauth::Keys;
use super::wire::{Includes, Meta, User, author_of, number, unescaped};
use super::{Api, COMEBACKS, PLATFORM, XConfig, time_of_id};
use crate::clock::Clock;
use crate::collect::hosts::Hosts;
use crate::collect::http::Limits;
use crate::collect::http_call::Call;
use crate::collect::secret;
use crate::collect::source::{
    Allowance, Collected, Comebacks, Event, Gap, GapReason, Pace, RejectReason, Rejection, Source,
    SourceError, Standing,
};
use crate::model::{Change, Cursor, Item, Kind};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use reqwest::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks: X allows fifteen questions in a quarter of an hour.
const EVERY: Duration = Duration::from_secs(120);
/// Events of one page, and pages of one look.
const PAGE: &str = "50";
const MAX_PAGES: usize = 5;
/// Longest name of a conversation.
const MAX_NAME_BYTES: usize = 64;
const PATH: &str = "/2/dm_events";
/// Whose messages recorded answers are of.
const RECORDED: &str = "0";

mod wire {
    use super::{Includes, Meta};
    use jiff::Timestamp;
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    pub struct Answer {
        pub data: Vec<Value>,
        pub includes: Includes,
        pub meta: Meta,
    }

    #[derive(Debug, Deserialize)]
    pub struct Written {
        pub event_type: Option<String>,
        pub text: Option<String>,
        pub sender_id: Option<String>,
        pub dm_conversation_id: Option<String>,
        pub created_at: Option<Timestamp>,
    }
}

/// Reads a recorded answer.
pub fn read_bytes(bytes: &[u8]) -> Vec<Result<Change, Rejection>> {
    let Ok(answer) = serde_json::from_slice::<wire::Answer>(bytes) else {
        let why = Rejection::new(RejectReason::Malformed, "no answer about messages");
        return vec![Err(why)];
    };
    let users = answer.includes.users;
    let read = answer
        .data
        .into_iter()
        .map(|event| read(event, &users, RECORDED));
    read.filter_map(|read| read.map(|(_, change)| change).transpose())
        .collect()
}

/// An event's id, and what it means for the account `own`.
///
/// # Errors
/// No event with a sound id; a message without conversation or sender.
fn read(event: Value, users: &[User], own: &str) -> Result<(u64, Option<Change>), Rejection> {
    let incomplete = |what: &str| Rejection::new(RejectReason::Incomplete, what);
    let id = event.get("id").and_then(Value::as_str).and_then(number);
    let id = id.ok_or_else(|| incomplete("a message without a sound id"))?;
    let written: wire::Written = serde_json::from_value(event)
        .map_err(|_| Rejection::new(RejectReason::Malformed, "no event of a conversation"))?;
    if written
        .event_type
        .is_some_and(|kind| kind != "MessageCreate")
    {
        return Ok((id, None));
    }
    let (Some(sender), Some(conversation)) = (written.sender_id, written.dm_conversation_id) else {
        return Err(incomplete("a message without sender or conversation"));
    };
    if number(&sender).is_none() || !is_sound(&conversation) {
        return Err(incomplete(
            "a message without a sound sender or conversation",
        ));
    }
    let text = written.text.filter(|text| !text.trim().is_empty());
    let (Some(text), true) = (text, sender != own) else {
        return Ok((id, None));
    };
    let mut item = Item::new(
        PLATFORM,
        format!("message:{conversation}/{id}"),
        Kind::Message,
    );
    item.text = unescaped(&text);
    item.published = Some(written.created_at.unwrap_or_else(|| time_of_id(id)));
    item.url = Some(format!("https://x.com/messages/{conversation}"));
    item.author = Some(author_of(sender, users));
    Ok((id, Some(Change::Upsert(Box::new(item)))))
}

/// It becomes a part of addresses.
fn is_sound(conversation: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=MAX_NAME_BYTES).contains(&conversation.len()) && conversation.chars().all(plain)
}

/// The cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct State {
    /// Id of the newest event that was read; 0 before the first look.
    newest: u64,
    ledger: Ledger,
}

impl State {
    fn read(cursor: Option<&Cursor>) -> Self {
        let read = cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok());
        read.unwrap_or_default()
    }

    fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }
}

/// The messages of one account.
#[derive(Debug, Clone)]
pub struct XMessages {
    name: String,
    api: Api,
    keys_file: PathBuf,
    budget: Budget,
    clock: Clock,
}

impl XMessages {
    /// # Errors
    /// No recorded approval; settings that make no sense. The text names the key.
    pub fn new(name: &str, config: &XConfig) -> Result<Self, String> {
        Self::with(name, config, &Clock::system(), Limits::default())
    }

    /// The same with another clock and other bounds of time.
    ///
    /// # Errors
    /// As [`XMessages::new`].
    pub fn with(
        name: &str,
        config: &XConfig,
        clock: &Clock,
        limits: Limits,
    ) -> Result<Self, String> {
        config.check()?;
        Ok(Self {
            name: name.to_owned(),
            api: config.api(limits)?,
            keys_file: config.account_keys_file.clone(),
            budget: config.budget(),
            clock: clock.clone(),
        })
    }

    async fn keys(&self) -> Result<Keys, SourceError> {
        let text = secret::read("account_keys_file", &self.keys_file).await;
        let keys = text.and_then(|text| Keys::read(&text));
        keys.map_err(SourceError::Refused)
    }

    /// One page of events, the newest first.
    async fn page(
        &self,
        keys: &Keys,
        next: Option<&str>,
        most: &str,
    ) -> Result<wire::Answer, SourceError> {
        let mut query = vec![
            (
                "dm_event.fields",
                "id,event_type,text,sender_id,dm_conversation_id,created_at",
            ),
            ("event_types", "MessageCreate"),
            ("expansions", "sender_id"),
            ("max_results", most),
            ("user.fields", "id,name,username"),
        ];
        query.extend(next.map(|next| ("pagination_token", next)));
        let url = self.api.url(PATH, &query);
        let once = getrandom::u64().map_err(|error| SourceError::Transient(error.to_string()))?;
        let once = format!("{once:016x}");
        let signed = keys.authorization("GET", &url, &once, self.clock.now().as_second());
        let call = Call::get(url, "application/json").secret(AUTHORIZATION, &signed)?;
        self.api.client.ask(&call).await?.success()?.json()
    }

    /// What came since the last look, the oldest first. What was read is counted, whatever comes of it.
    async fn look(&self, state: &mut State) -> Result<Vec<Event>, SourceError> {
        let keys = self.keys().await?;
        let own = keys.account();
        // Of the first look only the place counts; an account that nobody has written to has none.
        let is_first = state.newest == 0;
        let most = if is_first { "1" } else { PAGE };
        let (mut newest, mut oldest) = (state.newest.max(1), u64::MAX);
        let (mut events, mut next) = (Vec::new(), None);
        let mut reached = is_first;
        for _ in 0..MAX_PAGES {
            let answer = self.page(&keys, next.as_deref(), most).await?;
            let users = answer.includes.users;
            let (read_now, now) = (answer.data.len(), self.clock.now());
            state.ledger.count(read_now, users.len(), &self.budget, now);
            for event in answer.data {
                let event = match read(event, &users, &own) {
                    Ok((id, _)) if id <= state.newest => {
                        reached = true;
                        break;
                    }
                    Ok((id, change)) => {
                        (newest, oldest) = (newest.max(id), oldest.min(id));
                        change.map_or(Event::Nothing, Event::Change)
                    }
                    Err(rejection) => Event::Rejected(rejection),
                };
                events.push(event);
            }
            next = answer.meta.next_token;
            if reached || next.is_none() {
                reached = true;
                break;
            }
        }
        if is_first {
            events.clear();
        }
        if !reached {
            events.push(Event::Gap(Gap {
                from: time_of_id(state.newest),
                to: time_of_id(oldest),
                reason: GapReason::Jump,
            }));
        }
        events.reverse();
        state.newest = newest;
        Ok(events)
    }
}

impl Source for XMessages {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Poll { every: EVERY }
    }

    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.api.client = self.api.client.clone().sharing(hosts);
    }

    fn comebacks(&self) -> Comebacks {
        COMEBACKS
    }

    fn used(&self, cursor: &Cursor) -> Vec<(Allowance, f64)> {
        let mut ledger = State::read(Some(cursor)).ledger;
        ledger.used(&self.budget, self.clock.now())
    }

    fn time_of(&self, cursor: &Cursor) -> Option<Timestamp> {
        let newest = State::read(Some(cursor)).newest;
        // 1 is the place before the first message of all.
        (newest > 1).then(|| time_of_id(newest))
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let this = self.clone();
        let mut state = State::read(resume.as_ref());
        Box::pin(async_stream::try_stream! {
            if let Some(wait) = state.ledger.closed(&this.budget, this.clock.now()) {
                // Nothing is lost: the next look goes back as far as it has to.
                yield Collected::now(Event::Nothing, state.write());
                Err(SourceError::Exhausted { wait })?;
            }
            let looked = this.look(&mut state).await;
            let events = match looked {
                Ok(events) => events,
                Err(error) => {
                    yield Collected::now(Event::Nothing, state.write());
                    Err(error)?
                }
            };
            for event in events {
                yield Collected::now(event, None);
            }
            yield Collected::now(Event::Nothing, state.write());
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let this = self.clone();
        async move {
            let keys = match this.keys().await {
                Ok(keys) => keys,
                Err(error) => return Standing::NeedsKey(error.to_string()),
            };
            match this.page(&keys, None, "1").await {
                Ok(_) => Standing::Works,
                Err(SourceError::Refused(why)) => Standing::NeedsKey(format!(
                    "{why} to a question for messages; do the account's keys allow direct messages?"
                )),
                Err(error) => Standing::Unreachable(error.to_string()),
            }
        }
        .boxed()
    }
}
