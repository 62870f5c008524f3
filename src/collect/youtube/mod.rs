//! YouTube: comments on the videos of named channels, their uploads, and videos by keyword.
//!
//! Documentation: <https://developers.google.com/youtube/v3/docs>. One look asks
//!
//! * `commentThreads.list` for each channel, the newest threads first (one unit a page of 100), and
//!   `comments.list` for threads with more than five replies;
//! * the channel's Atom feed for new videos, which costs nothing; with `callback` Google's hub brings
//!   uploads within seconds, and their deletion (`push`);
//! * `search.list`, when one of the day's hundred searches is due, one keyword query after the other;
//! * `videos.list` for what these brought.
//!
//! **Permission.** A key of the API, and its terms: what was collected is asked for again within 30
//! days or deleted (`Refresh`, `app/refresh`), and there are no derived metrics, so no stance, without
//! a written approval after an audit (`derived_metrics_approved`).
//!
//! YouTube's `robots.txt` is not asked about the feeds: the API's own guide names their address for
//! programs (`guides/push_notifications`).
//!
//! **What is not seen**: new replies to threads that have left the newest pages, edits and deletions
//! before the next asking again, live chats, captions, counts.

mod look;
mod push;
mod quota;
mod wire;

use super::hosts::Hosts;
use super::http::{Client, Limits};
use super::http_call::Call;
use super::inbox::Inbox;
use super::secret;
use super::source::{
    Allowance, Collected, Event, MOST_AGAIN, Pace, Refresh, RejectReason, Rejection, Source,
    SourceError, Standing,
};
use crate::clock::Clock;
use crate::model::{Change, Cursor, Deletion, Item, Kind};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use look::{Look, Memory};
use push::Push;
use quota::{Allowed, Quota};
use reqwest::header::HeaderName;
use serde::Deserialize;
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// Name of the network in native ids and of imports.
pub const PLATFORM: &str = "youtube";
/// Nobody is asked more often.
const MIN_EVERY_SECS: u64 = 60;
const MAX_CHANNELS: usize = 50;
const MAX_SEARCHES: usize = 50;
/// `comments.list` gives twenty where it is not asked for more, and takes neither `maxResults` nor
/// `pageToken` beside ids. Whoever is missing in an answer is deleted, so that none may be cut off.
const COMMENTS_OF_A_PAGE: usize = 20;
/// Of so many items at least one is still there. Where none comes back, the answer is in doubt.
const DOUBTFUL: usize = 10;

/// `[source.<name>]` with `kind = "youtube"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct YoutubeConfig {
    /// Where the API is.
    pub url: String,
    /// Where the channels' feeds are.
    pub feeds_url: String,
    /// Private hosts that may be connected to.
    pub allow_private: Vec<String>,
    /// How Google can reach us, for the User-Agent.
    pub contact: String,
    /// The key of the API.
    pub api_key_file: PathBuf,
    /// Ids of channels (`UC…`).
    pub channels: Vec<String>,
    /// Keyword queries, in YouTube's own language.
    pub searches: Vec<String>,
    /// Seconds between two looks, at least 60.
    pub every_secs: u64,
    /// Units that may be used in a day.
    pub units_per_day: u64,
    /// Searches that may be made in a day.
    pub searches_per_day: u64,
    /// Where the hub reaches this source, `https://…/in/NAME`: it brings uploads within seconds.
    pub callback: Option<String>,
    /// File with the secret that the hub's signatures are made from, 32 bytes or more.
    pub secret_file: Option<PathBuf>,
    /// The hub of the channels' feeds.
    pub hub_url: String,
    /// YouTube's written approval of derived metrics: its reference. Empty: stances are not told.
    pub derived_metrics_approved: String,
}

impl Default for YoutubeConfig {
    fn default() -> Self {
        Self {
            url: "https://youtube.googleapis.com".to_owned(),
            feeds_url: "https://www.youtube.com".to_owned(),
            allow_private: Vec::new(),
            contact: String::new(),
            api_key_file: PathBuf::new(),
            channels: Vec::new(),
            searches: Vec::new(),
            every_secs: 300,
            units_per_day: 10_000,
            searches_per_day: 100,
            callback: None,
            secret_file: None,
            hub_url: "https://pubsubhubbub.appspot.com/subscribe".to_owned(),
            derived_metrics_approved: String::new(),
        }
    }
}

impl YoutubeConfig {
    fn check(&self) -> Result<(), String> {
        let is_channel = |id: &String| id.starts_with("UC") && wire::is_sound(id);
        if self.api_key_file.as_os_str().is_empty() {
            Err("`api_key_file` is missing".to_owned())
        } else if self.channels.is_empty() && self.searches.is_empty() {
            Err("`channels` and `searches` are both empty".to_owned())
        } else if self.channels.len() > MAX_CHANNELS || !self.channels.iter().all(is_channel) {
            Err(format!(
                "`channels` are at most {MAX_CHANNELS} ids that begin with UC"
            ))
        } else if self.searches.len() > MAX_SEARCHES {
            Err(format!("`searches` has more than {MAX_SEARCHES} entries"))
        } else if self.searches.iter().any(|query| query.trim().is_empty()) {
            Err("`searches` has an empty entry".to_owned())
        } else if self.every_secs < MIN_EVERY_SECS {
            Err(format!("`every_secs` must be at least {MIN_EVERY_SECS}"))
        } else if self.units_per_day == 0 {
            Err("`units_per_day` must be at least 1".to_owned())
        } else {
            Ok(())
        }
    }
}

/// The channels and queries of one key.
#[derive(Debug, Clone)]
pub struct Youtube {
    name: String,
    config: YoutubeConfig,
    api: Url,
    feeds: Url,
    client: Client,
    allowed: Allowed,
    /// Shared with whoever asks for items again.
    quota: Arc<Mutex<Quota>>,
    push: Option<Push>,
    clock: Clock,
}

impl Youtube {
    /// # Errors
    /// Settings that make no sense. The text names the key.
    pub fn new(name: &str, config: &YoutubeConfig) -> Result<Self, String> {
        Self::with(name, config, &Clock::system(), Limits::default())
    }

    /// The same with another clock and other bounds of time.
    ///
    /// # Errors
    /// As [`Youtube::new`].
    pub fn with(
        name: &str,
        config: &YoutubeConfig,
        clock: &Clock,
        limits: Limits,
    ) -> Result<Self, String> {
        config.check()?;
        let address = |key: &str, text: &str| {
            let url = Url::parse(text).map_err(|error| format!("`{key}`: {error}"))?;
            let is_ours = config
                .allow_private
                .iter()
                .any(|known| Some(known.as_str()) == url.host_str());
            match url.scheme() {
                "https" => Ok(url),
                "http" if is_ours => Ok(url),
                _ => Err(format!("`{key}` must begin with https://")),
            }
        };
        let client = Client::new(&config.allow_private, &config.contact, limits)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            name: name.to_owned(),
            api: address("url", &config.url)?,
            feeds: address("feeds_url", &config.feeds_url)?,
            allowed: Allowed {
                units: config.units_per_day,
                searches: config.searches_per_day,
            },
            config: config.clone(),
            client,
            quota: Arc::default(),
            push: Push::new(name, config, address("hub_url", &config.hub_url)?, clock)?,
            clock: clock.clone(),
        })
    }

    fn quota<T>(&self, work: impl FnOnce(&mut Quota) -> T) -> T {
        // What a panicking holder left is still true.
        work(&mut self.quota.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn key(&self) -> Result<String, SourceError> {
        let read = secret::read("api_key_file", &self.config.api_key_file).await;
        read.map_err(SourceError::Refused)
    }

    /// Asks for a list. The key goes in a header, where no address and no log shows it.
    async fn list(&self, of: &str, query: &[(&str, &str)]) -> Result<wire::List, SourceError> {
        let mut url = self.api.clone();
        url.set_path(&format!("/youtube/v3/{of}"));
        url.query_pairs_mut().extend_pairs(query);
        let key = HeaderName::from_static("x-goog-api-key");
        let call = Call::get(url, "application/json").secret(key, &self.key().await?)?;
        let reply = self.client.ask(&call).await?;
        if reply.status.as_u16() == 403 {
            let refusal: wire::Refusal = reply.json().unwrap_or_default();
            let now = self.clock.now();
            return Err(match refusal.reason() {
                "quotaExceeded" | "dailyLimitExceeded" => {
                    let is_search = of == "search";
                    self.quota(|quota| quota.empty(is_search, self.allowed, now));
                    quota::exhausted(now)
                }
                "rateLimitExceeded" | "userRateLimitExceeded" => {
                    SourceError::RateLimited { retry_after: None }
                }
                reason => SourceError::Refused(format!("YouTube answers 403 {}", plain(reason))),
            });
        }
        reply.success()?.json()
    }

    /// The same for one unit.
    async fn paid(&self, of: &str, query: &[(&str, &str)]) -> Result<wire::List, SourceError> {
        let now = self.clock.now();
        self.quota(|quota| quota.take(self.allowed, now))?;
        self.list(of, query).await
    }

    /// Videos by their ids; those that are gone are not among them.
    async fn videos(&self, ids: &[String]) -> Result<Vec<serde_json::Value>, SourceError> {
        let ids = ids.join(",");
        let query = [("part", "snippet"), ("id", &ids)];
        Ok(self.paid("videos", &query).await?.items)
    }

    /// Comments by their ids, so few at once as a page has if nobody asks for more.
    async fn comments(&self, ids: &[String]) -> Result<Vec<serde_json::Value>, SourceError> {
        let mut comments = Vec::new();
        for ids in ids.chunks(COMMENTS_OF_A_PAGE) {
            let ids = ids.join(",");
            let query = [
                ("part", "snippet"),
                ("textFormat", "plainText"),
                ("id", &ids),
            ];
            comments.extend(self.paid("comments", &query).await?.items);
        }
        Ok(comments)
    }

    /// What became of these items of one kind.
    async fn again_of(&self, kind: Kind, ids: Vec<String>) -> Result<Vec<Change>, SourceError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (items, read) = match kind {
            Kind::Video => (self.videos(&ids).await?, wire::video as Read),
            _ => (self.comments(&ids).await?, wire::comment as Read),
        };
        let there: HashSet<String> = items
            .iter()
            .filter_map(|item| wire::id_of(item).map(str::to_owned))
            .collect();
        if there.is_empty() && ids.len() >= DOUBTFUL {
            let why = format!("of {} items none came back, which is in doubt", ids.len());
            return Err(SourceError::Transient(why));
        }
        let kept = items.into_iter().filter_map(|item| read(item).ok());
        let mut changes: Vec<Change> = kept.map(|item| Change::Upsert(Box::new(item))).collect();
        for id in ids.into_iter().filter(|id| !there.contains(id)) {
            changes.push(Change::Delete(Deletion {
                platform: PLATFORM.to_owned(),
                id,
                at: None,
            }));
        }
        Ok(changes)
    }
}

type Read = fn(serde_json::Value) -> Result<Item, Rejection>;

/// A foreign word for a log.
fn plain(word: &str) -> String {
    let sound = |c: &char| c.is_ascii_alphanumeric();
    word.chars().filter(sound).take(64).collect()
}

/// What an answer of the API says, read as it would be from the network.
pub fn read_bytes(bytes: &[u8]) -> Vec<Result<Change, Rejection>> {
    let Ok(list) = serde_json::from_slice::<wire::List>(bytes) else {
        let why = Rejection::new(RejectReason::Malformed, "no list of YouTube's API");
        return vec![Err(why)];
    };
    let mut items = Vec::new();
    for value in list.items {
        match value.get("kind").and_then(|kind| kind.as_str()) {
            Some("youtube#commentThread") => match wire::thread(value) {
                Ok(talk) => items.extend(talk.comments),
                Err(rejection) => items.push(Err(rejection)),
            },
            Some("youtube#comment") => items.push(wire::comment(value)),
            Some("youtube#video") => items.push(wire::video(value)),
            _ => items.push(Err(Rejection::new(
                RejectReason::Malformed,
                "neither thread nor comment nor video",
            ))),
        }
    }
    let change = |item: Result<Item, Rejection>| item.map(|item| Change::Upsert(Box::new(item)));
    items.into_iter().map(change).collect()
}

impl Source for Youtube {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Poll {
            every: Duration::from_secs(self.config.every_secs),
        }
    }

    /// As far as the newest pages reach back.
    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.client = self.client.clone().sharing(hosts);
    }

    fn inbox(&self) -> Option<Inbox> {
        self.push.as_ref().map(Push::inbox)
    }

    fn woken(&self) -> BoxFuture<'static, ()> {
        match &self.push {
            Some(push) => push.arrival(),
            None => Box::pin(std::future::pending()),
        }
    }

    fn refresh(&self) -> Option<Arc<dyn Refresh>> {
        Some(Arc::new(self.clone()))
    }

    fn used(&self, cursor: &Cursor) -> Vec<(Allowance, f64)> {
        let mut quota = Memory::read(Some(cursor)).quota;
        self.quota(|known| quota.merge(known));
        let (units, searches) = quota.shares(self.allowed, self.clock.now());
        vec![(Allowance::Day, units), (Allowance::Searches, searches)]
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let youtube = self.clone();
        let memory = Memory::read(resume.as_ref());
        Box::pin(async_stream::try_stream! {
            youtube.quota(|quota| quota.merge(&memory.quota));
            let brought = push::waiting(youtube.push.as_ref()).await;
            if !brought.is_empty() {
                let mut steps = push::brought(youtube.clone(), memory, brought);
                while let Some(step) = steps.next().await {
                    yield step?;
                }
                return;
            }
            let mut look = Look::new(&youtube, memory);
            for channel in &youtube.config.channels {
                for event in look.channel(channel).await.into_iter().chain([Event::Nothing]) {
                    yield Collected::now(event, None);
                }
            }
            for event in look.videos().await {
                yield Collected::now(event, None);
            }
            let (memory, failure) = look.end();
            // The look is through: only now the position moves.
            yield Collected::now(Event::Nothing, memory.write());
            if let Some(push) = &youtube.push {
                push.subscribe(&youtube).await;
            }
            if let Some(failure) = failure {
                Err(failure)?;
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let youtube = self.clone();
        async move {
            if let Err(error) = youtube.key().await {
                return Standing::NeedsKey(error.to_string());
            }
            // One unit, and an answer without personal data.
            match youtube
                .paid(
                    "videoCategories",
                    &[("part", "snippet"), ("regionCode", "DE")],
                )
                .await
            {
                Ok(_) => Standing::Works,
                Err(SourceError::Refused(why)) => Standing::NeedsKey(why),
                Err(error) => Standing::Unreachable(error.to_string()),
            }
        }
        .boxed()
    }
}

impl Refresh for Youtube {
    fn platform(&self) -> &'static str {
        PLATFORM
    }

    /// `watch?v=` of a video, `&lc=` of a comment on it.
    fn id_of(&self, url: &str) -> Option<String> {
        let url = Url::parse(url).ok()?;
        let value = |name: &str| {
            let mut pairs = url.query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        value("lc")
            .or_else(|| value("v"))
            .filter(|id| wire::is_sound(id))
    }

    fn again(
        &self,
        items: Vec<(Kind, String)>,
    ) -> BoxFuture<'static, Result<Vec<Change>, SourceError>> {
        let youtube = self.clone();
        async move {
            let items = items.into_iter().take(MOST_AGAIN);
            let (videos, comments): (Vec<_>, Vec<_>) = items
                .filter(|(_, id)| wire::is_sound(id))
                .partition(|(kind, _)| *kind == Kind::Video);
            let ids = |items: Vec<(Kind, String)>| items.into_iter().map(|(_, id)| id).collect();
            let mut changes = youtube.again_of(Kind::Video, ids(videos)).await?;
            changes.extend(youtube.again_of(Kind::Comment, ids(comments)).await?);
            Ok(changes)
        }
        .boxed()
    }
}
