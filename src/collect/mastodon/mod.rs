//! Mastodon, and servers that speak its API: one instance a source.
//!
//! Documentation: <https://docs.joinmastodon.org/methods/streaming/>,
//! <https://docs.joinmastodon.org/methods/timelines/>. Streams by websocket (one socket for all
//! timelines) or as server-sent events (a connection each); since Mastodon 4.2 both need a token.
//! Streams have no memory, so timelines are read as well: after each connection from where we were,
//! and from time to time to compare. 300 questions in 5 minutes are allowed.
//!
//! Collected: public and unlisted statuses with the configured hashtags or of the public timelines,
//! their edits and deletions; with a token, what mentions its account, as messages to the house.
//! Not collected: what is followers-only, reposts, and accounts that say no (`noindex`,
//! `indexable: false`, `#nobot`, `#noindex` on the profile). An instance sees only what reaches it:
//! several instances together see more, and a status that two of them have is one, by its `uri`.
//!
//! A server takes back a status by its own number. The number is kept, hashed, beside the mention as
//! long as it is here, so a deletion is understood after a restart and from whichever instance it
//! comes. What is missed: deletions while nobody listens (there is no way to ask for them), accounts
//! that another server suspends, and to which status a reply belongs (a server tells its own number).
//!
//! Permission: the instance's own. Who gave it, when and where that is written stands in the
//! settings; without it a source is only for a test server on this machine.

mod canary;
mod place;
mod rest;
mod session;
mod stream;
mod wire;

use super::hosts::Hosts;
use super::http::Client;
use super::http_gate::Gate;
use super::source::{Collected, Event, Pace, Rejection, Source, SourceError, Standing};
use crate::clock::Clock;
use crate::model::{Change, Cursor};
use canary::{Account, OwnPosts};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use jiff::civil::Date;
use place::{Places, Timeline};
use rest::{Asked, Instance};
use serde::Deserialize;
use session::Session;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};
use wire::Reader;

/// Name of the network in native ids and of imports.
pub const PLATFORM: &str = "mastodon";
/// Hashtags of one source: each is a question at every look.
const MAX_HASHTAGS: usize = 50;
/// Silence after so many looks in vain is a lost connection.
const LOOKS_BEFORE_IDLE: u32 = 3;

/// The two ways to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Websocket,
    Sse,
}

/// Which public timeline is taken whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Public {
    None,
    /// Of the instance's own accounts.
    Local,
    /// All that the instance knows.
    All,
}

/// `[source.<name>]` with `kind = "mastodon"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MastodonConfig {
    /// The instance's address.
    pub url: String,
    /// File with the token of the account that listens (`read:statuses`; for `mentions` also
    /// `read:notifications` and `read:accounts`).
    pub token_file: Option<PathBuf>,
    pub transport: Transport,
    /// Without the sign.
    pub hashtags: Vec<String>,
    /// Hashtags of this instance's accounts only.
    pub hashtags_local: bool,
    pub public: Public,
    /// Take what mentions the token's account, direct messages too, as messages to the house.
    pub mentions: bool,
    /// Who allowed to collect from this instance.
    pub permitted_by: String,
    /// On which day, for example 2026-11-29.
    pub permitted_on: String,
    /// Where that is written.
    pub permission_link: String,
    /// Pages of 40 statuses that are read of a timeline at most when a connection is made.
    pub backfill_pages: u32,
    /// Seconds between two comparisons of the stream with the timelines.
    pub compare_every_secs: u64,
    /// Profile of the ministry's own account, here or elsewhere: what it posts must come.
    pub canary_url: Option<String>,
    /// Seconds after which it must have come.
    pub canary_late_secs: u32,
    /// How the instance's people can reach us.
    pub contact: String,
}

impl Default for MastodonConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            token_file: None,
            transport: Transport::Websocket,
            hashtags: Vec::new(),
            hashtags_local: false,
            public: Public::None,
            mentions: false,
            permitted_by: String::new(),
            permitted_on: String::new(),
            permission_link: String::new(),
            backfill_pages: 10,
            compare_every_secs: 300,
            canary_url: None,
            canary_late_secs: 300,
            contact: String::new(),
        }
    }
}

/// One instance.
#[derive(Debug, Clone)]
pub struct Mastodon {
    name: String,
    config: MastodonConfig,
    base: Url,
    timelines: Vec<Timeline>,
    client: Client,
    /// The ministry's own account.
    own: Option<Account>,
    clock: Clock,
    /// False for a test server on this machine.
    permitted: bool,
}

impl Mastodon {
    /// # Errors
    /// Settings that make no sense, and an instance without a permission. The text names the key.
    pub fn new(name: &str, config: &MastodonConfig) -> Result<Self, String> {
        Self::with_clock(name, config, Clock::system())
    }

    /// The same with another clock.
    ///
    /// # Errors
    /// Those of [`Mastodon::new`].
    pub fn with_clock(name: &str, config: &MastodonConfig, clock: Clock) -> Result<Self, String> {
        let base = address(&config.url)?;
        let permitted = is_permitted(config, &base, clock.now())?;
        if config.compare_every_secs == 0 || config.backfill_pages == 0 {
            return Err("`compare_every_secs` and `backfill_pages` must be at least 1".to_owned());
        }
        if config.mentions && config.token_file.is_none() {
            return Err("`mentions` needs `token_file`: whose mentions?".to_owned());
        }
        let own = config.canary_url.as_deref();
        let own = own.map(|url| Account::new(url, &config.contact));
        let client = rest::client(&base, &config.contact).map_err(|error| error.to_string())?;
        Ok(Self {
            name: name.to_owned(),
            timelines: timelines(config)?,
            config: config.clone(),
            base,
            client,
            own: own.transpose()?,
            clock,
            permitted,
        })
    }

    async fn token(&self) -> Result<Option<String>, SourceError> {
        let Some(path) = &self.config.token_file else {
            return Ok(None);
        };
        let read = tokio::fs::read_to_string(path).await;
        let token = read.map_err(|error| {
            SourceError::Refused(format!("`token_file` {}: {error}", path.display()))
        })?;
        Ok(Some(token.trim().to_owned()))
    }

    /// What the instance says of itself. A test server must be one: behind an address of this
    /// machine any instance could stand.
    async fn instance(&self, asked: &Asked<'_>) -> Result<Instance, SourceError> {
        let instance = asked.instance().await?;
        let host = instance
            .domain
            .rsplit_once(':')
            .map_or(instance.domain.as_str(), |(h, _)| h);
        let is_here = host == "localhost" || host.ends_with(".localhost") || is_loopback(host);
        match self.permitted || is_here {
            true => Ok(instance),
            false => Err(SourceError::Refused(
                "behind this address stands an instance that is not of this machine; it needs \
                 `permitted_by`, `permitted_on` and `permission_link`"
                    .to_owned(),
            )),
        }
    }

    async fn reader(&self, asked: &Asked<'_>) -> Result<Reader, SourceError> {
        let own = match self.config.mentions {
            true => Some(asked.credentials().await?.url),
            false => None,
        };
        let host = host_of(&self.base);
        Ok(Reader { host, own })
    }

    async fn listen(
        &self,
        instance: &Instance,
        token: Option<&str>,
    ) -> Result<BoxStream<'static, Result<Result<stream::Told, Rejection>, SourceError>>, SourceError>
    {
        let streaming = instance.streaming(&self.base);
        match self.config.transport {
            Transport::Websocket => {
                let own = rest::host(&self.base);
                let gate = Gate::new(&[own]).map_err(|e| SourceError::Refused(e.to_string()))?;
                stream::websocket(&streaming, &gate, token, &self.timelines).await
            }
            Transport::Sse => {
                stream::events(&self.client, &streaming, token, &self.timelines).await
            }
        }
    }

    fn compare_every(&self) -> Duration {
        Duration::from_secs(self.config.compare_every_secs)
    }
}

/// Reads recorded messages of a websocket, one a line: what `source read` prints.
///
/// # Errors
/// What is no message of a status.
pub fn adapt(line: &[u8]) -> Result<Vec<Change>, Rejection> {
    stream::adapt_recorded(line)
}

fn address(url: &str) -> Result<Url, String> {
    let parsed = Url::parse(url).map_err(|error| format!("`url`: {error}"))?;
    if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
        return Err("`url` must begin with https://".to_owned());
    }
    if parsed.scheme() == "http" && !is_local(&parsed) {
        return Err("`url` must begin with https://: a token goes along".to_owned());
    }
    if parsed.query().is_some() || parsed.path().len() > 1 {
        return Err("`url` is the instance's address, without a path".to_owned());
    }
    Ok(parsed)
}

/// Whether there is a permission; none is needed for an address of this machine, behind which only
/// a test server is taken.
fn is_permitted(config: &MastodonConfig, base: &Url, now: Timestamp) -> Result<bool, String> {
    let told = [
        &config.permitted_by,
        &config.permitted_on,
        &config.permission_link,
    ];
    if told.iter().all(|text| text.trim().is_empty()) && is_local(base) {
        return Ok(false);
    }
    let needed = "collecting from an instance needs its permission: fill in `permitted_by` (who), \
                  `permitted_on` (when) and `permission_link` (where it is written)";
    if told.iter().any(|text| text.trim().is_empty()) {
        return Err(needed.to_owned());
    }
    let day: Date = config
        .permitted_on
        .parse()
        .map_err(|_| "`permitted_on` must be a day, like 2026-11-29".to_owned())?;
    if day > now.to_zoned(jiff::tz::TimeZone::UTC).date() {
        return Err("`permitted_on` lies in the future".to_owned());
    }
    match Url::parse(&config.permission_link) {
        Ok(link) if matches!(link.scheme(), "https" | "http" | "mailto" | "file") => Ok(true),
        _ => Err("`permission_link` must be an address (https:, mailto:, file:)".to_owned()),
    }
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.parse::<std::net::IpAddr>()
        .is_ok_and(|ip| ip.is_loopback())
}

fn timelines(config: &MastodonConfig) -> Result<Vec<Timeline>, String> {
    if config.hashtags.len() > MAX_HASHTAGS {
        return Err(format!("`hashtags` may have {MAX_HASHTAGS} entries"));
    }
    let mut timelines = Vec::new();
    for tag in &config.hashtags {
        let plain = |c: char| c.is_alphanumeric() || c == '_';
        if tag.is_empty() || tag.len() > 100 || !tag.chars().all(plain) {
            return Err(format!(
                "`hashtags`: `{tag}` is none; write it without the sign"
            ));
        }
        let (tag, local) = (tag.to_lowercase(), config.hashtags_local);
        let timeline = Timeline::Hashtag { tag, local };
        if !timelines.contains(&timeline) {
            timelines.push(timeline);
        }
    }
    match config.public {
        Public::None => {}
        Public::Local => timelines.push(Timeline::Local),
        Public::All => timelines.push(Timeline::Public),
    }
    if config.mentions {
        timelines.push(Timeline::Own);
    }
    match timelines.is_empty() {
        true => Err("nothing to listen to: give `hashtags`, `public` or `mentions`".to_owned()),
        false => Ok(timelines),
    }
}

/// What tells one server's numbers from another's.
fn host_of(url: &Url) -> String {
    url.authority().to_owned()
}

impl Source for Mastodon {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Stream {
            idle: self.compare_every() * LOOKS_BEFORE_IDLE,
        }
    }

    fn time_of(&self, cursor: &Cursor) -> Option<Timestamp> {
        Places::read(cursor, &host_of(&self.base)).map(|places| places.at)
    }

    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.client = self.client.clone().sharing(hosts);
        self.own = self.own.take().map(|own| own.sharing(hosts));
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let this = self.clone();
        Box::pin(async_stream::try_stream! {
            let token = this.token().await?;
            let (client, base) = (&this.client, &this.base);
            let asked = Asked { client, base, token: token.as_deref() };
            let instance = this.instance(&asked).await?;
            let reader = this.reader(&asked).await?;
            // First the ears, then the past: nothing is said in between.
            let mut stream = this.listen(&instance, token.as_deref()).await?;
            yield Collected::now(Event::Nothing, None);
            let resumed = resume.and_then(|cursor| Places::read(&cursor, &host_of(base)));
            let mut session = Session::new(reader, this.clock.clone(), resumed);
            let late_secs = this.config.canary_late_secs;
            let own = this.own.clone();
            session.own_posts = own.map(|own| OwnPosts::new(own, this.clock.now(), late_secs));
            for timeline in &this.timelines {
                let mut after = session.places.after(timeline);
                let mut pages = 0;
                loop {
                    for collected in session.catch_up(&asked, timeline, &mut after).await? {
                        yield collected;
                    }
                    pages += 1;
                    if after.is_none() {
                        break;
                    }
                    if pages == this.config.backfill_pages {
                        if let Some(gap) = session.gave_up(timeline) {
                            yield gap;
                        }
                        break;
                    }
                }
            }
            yield session.listening();
            let mut next_look = Instant::now() + this.compare_every();
            loop {
                match timeout_at(next_look, stream.next()).await {
                    Ok(Some(told)) => yield session.told(told?),
                    Ok(None) => break,
                    Err(_) => {
                        let (mut silent, mut compared) = (false, true);
                        for timeline in &this.timelines {
                            // A timeline that cannot be read now is read the next time.
                            let Ok((missed, is_silent)) = session.compare(&asked, timeline).await else {
                                compared = false;
                                continue;
                            };
                            silent |= is_silent;
                            for collected in missed {
                                yield collected;
                            }
                        }
                        if let Some(judged) = session.judge(&this.timelines).await {
                            yield Collected::now(Event::Canary(judged), None);
                        }
                        if silent {
                            Err(SourceError::Transient("the stream is silent: its timelines have what it did not bring".to_owned()))?;
                        }
                        // Who cannot compare does not know whether this silence is one.
                        if compared {
                            yield session.listening();
                        }
                        next_look = Instant::now() + this.compare_every();
                    }
                }
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let this = self.clone();
        Box::pin(async move {
            let asking = async {
                let token = this.token().await?;
                let (client, base) = (&this.client, &this.base);
                let token = token.as_deref();
                let asked = Asked {
                    client,
                    base,
                    token,
                };
                let instance = this.instance(&asked).await?;
                this.reader(&asked).await?;
                this.listen(&instance, token).await.map(drop)
            };
            match asking.await {
                Ok(()) => Standing::Works,
                Err(SourceError::Refused(why)) if why.contains("permi") => {
                    Standing::NeedsPermission(why)
                }
                Err(SourceError::Refused(why)) if why.contains("token") || why.contains("401") => {
                    Standing::NeedsKey(why)
                }
                Err(error) => Standing::Unreachable(error.to_string()),
            }
        })
    }
}
