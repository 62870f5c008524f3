//! Facebook, Instagram and Threads: what others say on the ministry's **own** pages and accounts, and
//! where they mention it.
//!
//! Three kinds of source, one file each ([`facebook`], [`instagram`], [`threads`]), which say what is
//! asked, what is pushed and which permissions that needs. Two ways of hearing, and a house has both:
//!
//! * **Looking** every few minutes: the account's posts of the last days and everything below them.
//!   Finds what a push missed, edits, and deletions of what it has listed before.
//! * **Pushes** (`push = true`): a second source of the same kind, whose address in Meta's dashboard is
//!   `https://…/in/<its name>`. Within seconds, and tells deletions on Facebook.
//!
//! What both bring is one item. Not collected: other people's pages and accounts, what the ministry
//! itself writes (where Meta says who wrote), likes, stories, pictures. Direct messages are taken where
//! that is switched on (`messages`), as messages to the house (`letters`). Deletions of mentions, tagged posts and search results are told by nobody: those are not asked for again.
//!
//! **Permission.** Meta's Platform Terms forbid surveillance, work for law enforcement or national
//! security, profiles, and finding out who somebody is. So no such source starts without a record in
//! the configuration of who permitted it, when, and the app review's address. The author is often not
//! told at all (`from` is missing without a permission): the item then has none.
//!
//! Documentation: <https://developers.facebook.com/docs/graph-api>. Limits: an allowance an hour for
//! each app and account, told in every answer's head. A source rests before it is used up.

pub mod facebook;
mod graph;
pub mod instagram;
mod letters;
mod poll;
mod push;
mod recorded;
pub mod threads;
mod wire;

use super::hosts::Hosts;
use super::http::Limits;
use super::inbox::{self, Batches, Brought, Inbox, Resolve};
use super::polled::Memory;
use super::source::{Collected, Event, Pace, Rejection, Source, SourceError, Standing};
use crate::clock::Clock;
use crate::model::{Change, Cursor, Item, Kind};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use graph::{Ask, Fault, Graph};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use poll::Looker;
use push::Hook;
pub use recorded::read_bytes;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Nobody is asked more often.
const MIN_EVERY_SECS: u64 = 60;
const MAX_WINDOW_DAYS: u32 = 90;
const MAX_POSTS: usize = 500;
const MAX_QUERIES: usize = 100;
/// Shorter tokens can be guessed; Meta's own secrets have 32 letters.
const MIN_SECRET_BYTES: usize = 16;

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Facebook,
    Instagram,
    Threads,
}

impl Network {
    pub fn platform(self) -> &'static str {
        match self {
            Network::Facebook => facebook::PLATFORM,
            Network::Instagram => instagram::PLATFORM,
            Network::Threads => threads::PLATFORM,
        }
    }

    /// What its pushes are about.
    fn object(self) -> &'static str {
        match self {
            Network::Facebook => "page",
            Network::Instagram => "instagram",
            Network::Threads => "threads",
        }
    }

    fn default_url(self) -> &'static str {
        match self {
            Network::Facebook | Network::Instagram => "https://graph.facebook.com",
            Network::Threads => "https://graph.threads.net",
        }
    }

    /// The version that this was written for.
    pub fn default_version(self) -> &'static str {
        match self {
            Network::Facebook | Network::Instagram => "v26.0",
            Network::Threads => "v1.0",
        }
    }

    /// What its public items can be.
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Network::Facebook | Network::Instagram => &[Kind::Post, Kind::Comment],
            Network::Threads => &[Kind::Post, Kind::Reply],
        }
    }

    fn own(self, account: &str, since: Timestamp) -> Ask {
        match self {
            Network::Facebook => facebook::own(account, since),
            Network::Instagram => instagram::own(account, since),
            Network::Threads => threads::own(account, since),
        }
    }

    fn answers(self, post: &str) -> Ask {
        match self {
            Network::Facebook => facebook::answers(post),
            Network::Instagram => instagram::answers(post),
            Network::Threads => threads::answers(post),
        }
    }

    fn others(self, account: &str, since: Timestamp) -> Vec<Ask> {
        match self {
            Network::Facebook => facebook::others(account),
            Network::Instagram => instagram::others(account),
            Network::Threads => threads::others(account, since),
        }
    }

    /// The items of one node, `under` a post where it is an answer to one.
    fn answer(self, node: Value, under: Option<&str>) -> Vec<Result<Option<Item>, Rejection>> {
        match self {
            Network::Facebook => vec![facebook::adapt(node, under)],
            Network::Instagram => instagram::adapt(node, under),
            Network::Threads => vec![threads::adapt(node, under)],
        }
    }

    fn pushed(self, field: &str, value: Value, at: Timestamp) -> Result<Brought, Rejection> {
        if letters::PUSHED.contains(&field) && self != Network::Threads {
            return letters::pushed(self, value, at);
        }
        match self {
            Network::Facebook => facebook::pushed(field, value, at),
            Network::Instagram => instagram::pushed(field, value, at),
            Network::Threads => threads::pushed(field, value, at),
        }
    }
}

/// `[source.<name>]` with `kind = "facebook"`, `"instagram"` or `"threads"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetaConfig {
    /// Id of the page, the professional account or the Threads user.
    pub account: String,
    /// File with the access token.
    pub token_file: PathBuf,
    /// Who permitted it.
    pub permission_by: String,
    /// The day of the permission, `2026-11-30`.
    pub permission_on: String,
    /// Where Meta's app review, or the contract, can be read.
    pub permission_link: String,
    /// Take pushes instead of looking.
    pub push: bool,
    /// File with the app's secret: needed for pushes, and else sent as a proof if it is there.
    pub app_secret_file: Option<PathBuf>,
    /// File with the token that was agreed upon in the app's dashboard, for pushes.
    pub verify_token_file: Option<PathBuf>,
    /// Seconds between two looks, at least 60.
    pub every_secs: u64,
    /// How far back posts are looked at, in days, at most 90.
    pub window_days: u32,
    /// Most posts that are looked at, the newest first, at most 500.
    pub max_posts: usize,
    /// Also look where others tag or mention the account.
    pub mentions: bool,
    /// Facebook and Instagram: take direct messages, as messages to the house.
    pub messages: bool,
    /// Instagram only: id of the page that the account belongs to, whose conversations are asked for.
    pub page: Option<String>,
    /// Threads only: words to search for.
    pub queries: Vec<String>,
    /// Where the API stands, if not at Meta's.
    pub url: Option<String>,
    /// Version of the API, if not the one that this was written for.
    pub version: Option<String>,
    /// Hosts, addresses and networks that may be connected to although they are private.
    pub allow_private: Vec<String>,
    /// How Meta can reach us, for the User-Agent.
    pub contact: String,
}

impl Default for MetaConfig {
    fn default() -> Self {
        Self {
            account: String::new(),
            token_file: PathBuf::new(),
            permission_by: String::new(),
            permission_on: String::new(),
            permission_link: String::new(),
            push: false,
            app_secret_file: None,
            verify_token_file: None,
            every_secs: 300,
            window_days: 14,
            max_posts: 50,
            mentions: true,
            messages: false,
            page: None,
            queries: Vec::new(),
            url: None,
            version: None,
            allow_private: Vec::new(),
            contact: String::new(),
        }
    }
}

/// What a look needs to know, checked.
#[derive(Debug, Clone)]
struct Watching {
    account: String,
    every: Duration,
    window: SignedDuration,
    max_posts: usize,
    mentions: bool,
    /// Whose conversations are looked at.
    inbox: Option<String>,
    queries: Vec<String>,
}

impl MetaConfig {
    /// Checks what every such source needs: a permission and an account.
    fn check(&self, network: Network) -> Result<(), String> {
        let recorded = !self.permission_by.trim().is_empty()
            && self.permission_on.parse::<Date>().is_ok()
            && self.permission_link.starts_with("https://");
        if !recorded {
            return Err(format!(
                "{} is listened to only with a permission: state who gave it (`permission_by`), on \
                 which day (`permission_on = \"2026-11-30\"`) and where the app review can be read \
                 (`permission_link = \"https://…\"`)",
                network.platform()
            ));
        }
        if !is_number(&self.account) {
            return Err("`account` must be the account's id, which is a number".to_owned());
        }
        if !self.page.as_deref().is_none_or(is_number) {
            return Err("`page` must be the page's id, which is a number".to_owned());
        }
        if self.messages && network == Network::Threads {
            return Err("`messages` are for Facebook and Instagram: Threads shows none".to_owned());
        }
        if !self.queries.is_empty() && network != Network::Threads {
            return Err("`queries` are for Threads: the others have no search".to_owned());
        }
        let is_query = |query: &String| (1..=100).contains(&query.trim().chars().count());
        if self.queries.len() > MAX_QUERIES || !self.queries.iter().all(is_query) {
            return Err(format!(
                "`queries`: {MAX_QUERIES} at most, of 1 to 100 characters"
            ));
        }
        Ok(())
    }

    fn watching(&self) -> Result<Watching, String> {
        if self.every_secs < MIN_EVERY_SECS {
            return Err(format!("`every_secs` must be at least {MIN_EVERY_SECS}"));
        }
        if !(1..=MAX_WINDOW_DAYS).contains(&self.window_days) {
            return Err(format!("`window_days` must be 1 to {MAX_WINDOW_DAYS}"));
        }
        if !(1..=MAX_POSTS).contains(&self.max_posts) {
            return Err(format!("`max_posts` must be 1 to {MAX_POSTS}"));
        }
        Ok(Watching {
            account: self.account.clone(),
            every: Duration::from_secs(self.every_secs),
            window: SignedDuration::from_hours(24 * i64::from(self.window_days)),
            max_posts: self.max_posts,
            mentions: self.mentions,
            inbox: self
                .messages
                .then(|| self.page.as_ref().unwrap_or(&self.account).clone()),
            queries: self.queries.clone(),
        })
    }

    fn graph(&self, network: Network, limits: Limits) -> Result<Graph, String> {
        read_secret("token_file", &self.token_file)?;
        let secret = self.app_secret_file.as_deref();
        let secret = secret.map(|file| read_secret("app_secret_file", file));
        let url = self.url.as_deref().unwrap_or(network.default_url());
        let version = self.version.as_deref();
        let version = version.unwrap_or(network.default_version());
        let base = Url::parse(&format!("{}/{version}/", url.trim_end_matches('/')))
            .map_err(|error| format!("`url`: {error}"))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err("`url` must begin with https://".to_owned());
        }
        let private = &self.allow_private;
        let token_file = self.token_file.clone();
        let secret = secret.transpose()?;
        Graph::new(base, token_file, secret, private, &self.contact, limits)
            .map_err(|error| error.to_string())
    }

    fn hook(&self, network: Network) -> Result<Hook, String> {
        let needed = |key: &str, file: &Option<PathBuf>| match file {
            Some(file) => read_secret(key, file),
            None => Err(format!("`push` needs `{key}`")),
        };
        let secret = needed("app_secret_file", &self.app_secret_file)?;
        let verify = needed("verify_token_file", &self.verify_token_file)?;
        Hook::new(network, &self.account, self.messages, &secret, &verify)
            .ok_or_else(|| "`app_secret_file` holds no key".to_owned())
    }
}

fn is_number(id: &str) -> bool {
    (1..=32).contains(&id.len()) && id.chars().all(|c| c.is_ascii_digit())
}

/// A secret without the blanks around it. The error does not hold it.
fn read_secret(key: &str, file: &Path) -> Result<Vec<u8>, String> {
    let named = file.display();
    let secret = std::fs::read(file).map_err(|error| format!("`{key}` {named}: {error}"))?;
    let secret = secret.trim_ascii();
    match secret.len() < MIN_SECRET_BYTES {
        true => Err(format!(
            "`{key}` {named}: a secret has {MIN_SECRET_BYTES} bytes or more"
        )),
        false => Ok(secret.to_vec()),
    }
}

/// How a source hears.
enum Way {
    Looks,
    Pushes(Inbox, Batches),
}

/// One account of one of the three networks.
pub struct Meta {
    name: String,
    looker: Looker,
    way: Way,
    clock: Clock,
}

impl Meta {
    /// An account that is asked with the usual bounds of time.
    ///
    /// # Errors
    /// No recorded permission, or settings that make no sense. The text holds no secret.
    pub fn new(name: &str, network: Network, config: &MetaConfig) -> Result<Self, String> {
        Self::with_limits(name, network, config, &Clock::system(), Limits::default())
    }

    /// The same with another clock and other bounds of time.
    ///
    /// # Errors
    /// As [`Meta::new`].
    pub fn with_limits(
        name: &str,
        network: Network,
        config: &MetaConfig,
        clock: &Clock,
        limits: Limits,
    ) -> Result<Self, String> {
        config.check(network)?;
        let graph = config.graph(network, limits)?;
        let way = match config.push {
            true => {
                let (inbox, batches) = Inbox::new(Arc::new(config.hook(network)?));
                Way::Pushes(inbox, batches)
            }
            false => Way::Looks,
        };
        Ok(Self {
            name: name.to_owned(),
            looker: Looker::new(graph, network, config.watching()?),
            way,
            clock: clock.clone(),
        })
    }
}

impl Source for Meta {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        match self.way {
            Way::Looks => Pace::Poll {
                every: self.looker.watching.every,
            },
            Way::Pushes(..) => inbox::PACE,
        }
    }

    /// As far as the window reaches; pushes are repeated for 36 hours.
    fn catches_up(&self) -> bool {
        true
    }

    fn inbox(&self) -> Option<Inbox> {
        match &self.way {
            Way::Looks => None,
            Way::Pushes(inbox, _) => Some(inbox.clone()),
        }
    }

    fn share(&mut self, hosts: &Hosts) {
        self.looker.graph = self.looker.graph.clone().sharing(hosts);
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let looker = self.looker.clone();
        match &self.way {
            Way::Looks => looker.look(Memory::read(resume.as_ref()), self.clock.now()),
            Way::Pushes(_, batches) => {
                let resolve: Resolve = Arc::new(move |field| resolved(looker.clone(), field));
                inbox::stream(Arc::clone(batches), resume, Some(resolve))
            }
        }
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let looker = self.looker.clone();
        async move {
            let ask = Ask::new(looker.watching.account, "id");
            match looker.graph.ask(&ask).await {
                Ok(_) => Standing::Works,
                Err(Fault::Token(why)) => Standing::NeedsKey(why),
                Err(Fault::Permission(why)) => Standing::NeedsPermission(why),
                Err(fault) => Standing::Unreachable(SourceError::from(fault).to_string()),
            }
        }
        .boxed()
    }
}

/// What a push of Instagram's only pointed at; nothing where it is gone meanwhile.
fn resolved(looker: Looker, field: String) -> BoxFuture<'static, Result<Vec<Event>, SourceError>> {
    async move {
        let ask = Ask::new(looker.watching.account.clone(), &field);
        let body = match looker.graph.ask(&ask).await {
            Ok(answer) => answer.body,
            Err(Fault::Gone) => return Ok(Vec::new()),
            Err(fault) => return Err(fault.into()),
        };
        Ok(match instagram::mentioned(body) {
            Ok(Some(item)) => vec![Event::Change(Change::Upsert(Box::new(item)))],
            Ok(None) => Vec::new(),
            Err(rejection) => vec![Event::Rejected(rejection)],
        })
    }
    .boxed()
}
