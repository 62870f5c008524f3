//! Wikipedia: edits of named pages, by Wikimedia's event streams.
//!
//! Documentation: <https://wikitech.wikimedia.org/wiki/Event_Platform/EventStreams_HTTP_Service>. One
//! connection of server-sent events tells every change of every wiki, some forty a second; there is no
//! filter at the server, so what is not named here is dropped as soon as it is read.
//!
//! * An edit is a mention: the page's title, the words that the editor left with it (`comment`), and a link
//!   to the difference. What was changed in the page's text is not read.
//! * The page's discussion belongs to it (`talk`). Edits of bots are left out (`bots`).
//! * Editors are private like every author. Names of others in an edit's words (`[[Benutzer:…]]`) are
//!   masked here, because they bear no `@`.
//! * An edit whose words or name are hidden later is deleted here
//!   (`mediawiki.revision-visibility-change`). A page that is deleted as a whole is not noticed.
//! * The server ends each connection after a quarter of an hour; the next one goes on behind the last
//!   event (`Last-Event-ID`), up to a week back. A position that is older is told as a gap.
//!
//! No key and no permission is needed; Wikimedia's User-Agent policy demands a contact, so without
//! one nothing starts.

mod read;

pub use read::{PLATFORM, read_line};

use super::hosts::Hosts;
use super::http::{Client, Limits};
use super::http_call::Call;
use super::source::{
    Collected, Event, Gap, GapReason, Pace, RejectReason, Rejection, Source, SourceError, Standing,
};
use super::sse::{Message, Said};
use crate::model::Cursor;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};
use read::{Named, adapt};
use reqwest::header::HeaderName;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

const MIN_IDLE_SECS: u64 = 20;
/// All wikis together are never silent for so long: a stream that goes on later has lost something.
const SLACK: SignedDuration = SignedDuration::from_mins(10);
/// `[source.<name>]` with `kind = "wikipedia"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WikipediaConfig {
    /// Titles of pages, as they stand above them.
    pub pages: Vec<String>,
    /// Wikis by their names in the stream: `dewiki`, `enwiki`, …
    pub wikis: Vec<String>,
    /// Edits of the pages' discussions, too.
    pub talk: bool,
    /// Edits of bots, too.
    pub bots: bool,
    /// Where the streams are.
    pub url: String,
    /// Hosts, addresses and networks that may be connected to although they are private.
    pub allow_private: Vec<String>,
    /// How Wikimedia can reach us, for the User-Agent. Demanded by its policy.
    pub contact: String,
    /// Seconds without a byte after which the connection is taken for lost, at least 20.
    pub idle_timeout_secs: u64,
}

impl Default for WikipediaConfig {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            wikis: vec!["dewiki".to_owned()],
            talk: true,
            bots: false,
            url: "https://stream.wikimedia.org".to_owned(),
            allow_private: Vec::new(),
            contact: String::new(),
            idle_timeout_secs: 60,
        }
    }
}

/// The time in an event's id: `[{"topic": "…", "partition": 0, "timestamp": 1790000000000}, …]`.
fn time_in(id: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Part {
        timestamp: Option<i64>,
    }
    let parts: Vec<Part> = serde_json::from_str(id).ok()?;
    let newest = parts.iter().filter_map(|part| part.timestamp).max()?;
    Timestamp::from_millisecond(newest).ok()
}

/// The edits of named pages.
#[derive(Debug, Clone)]
pub struct Wikipedia {
    name: String,
    url: Url,
    named: Named,
    idle: Duration,
    client: Client,
}

impl Wikipedia {
    /// # Errors
    /// Settings that make no sense. The text names the key.
    pub fn new(name: &str, config: &WikipediaConfig) -> Result<Self, String> {
        Self::with_limits(name, config, Limits::default())
    }

    /// The same with other bounds of time.
    ///
    /// # Errors
    /// As [`Wikipedia::new`].
    pub fn with_limits(
        name: &str,
        config: &WikipediaConfig,
        limits: Limits,
    ) -> Result<Self, String> {
        if config.contact.trim().is_empty() {
            let why = "`contact` is missing: Wikimedia answers only who says how to be reached";
            return Err(why.to_owned());
        }
        if config.idle_timeout_secs < MIN_IDLE_SECS {
            return Err(format!(
                "`idle_timeout_secs` must be at least {MIN_IDLE_SECS}"
            ));
        }
        let mut url = Url::parse(&config.url).map_err(|error| format!("`url`: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("`url` must begin with https://".to_owned());
        }
        url.set_path("/v2/stream/recentchange,mediawiki.revision-visibility-change");
        let client = Client::new(&config.allow_private, &config.contact, limits);
        Ok(Self {
            name: name.to_owned(),
            url,
            named: Named::new(config)?,
            idle: Duration::from_secs(config.idle_timeout_secs),
            client: client.map_err(|error| error.to_string())?,
        })
    }

    async fn connect(
        &self,
        resume: Option<&Cursor>,
    ) -> Result<BoxStream<'static, Result<Said, SourceError>>, SourceError> {
        let mut call = Call::get(self.url.clone(), "text/event-stream");
        if let Some(cursor) = resume {
            call = call.header(HeaderName::from_static("last-event-id"), &cursor.0)?;
        }
        let events = self.client.events(call, self.idle).await;
        events.map_err(|error| match (error, resume) {
            // What it cannot read or no longer has.
            (SourceError::Refused(why), Some(_)) if why == "HTTP 400" => {
                SourceError::CursorTooOld(why)
            }
            (error, _) => error,
        })
    }

    fn step(&self, message: Message, before: &mut Option<Timestamp>) -> Vec<Collected> {
        let cursor = message.id.map(Cursor);
        let (event, at) = match adapt(&self.named, &message.data) {
            Ok((Some(change), at)) => (Event::Change(change), Some(at)),
            Ok((None, at)) => (Event::Nothing, Some(at)),
            Err(rejection) => (Event::Rejected(rejection), None),
        };
        let mut steps = Vec::new();
        if let (Some(from), Some(to)) = (*before, at) {
            *before = None;
            if to.duration_since(from) > SLACK {
                let reason = GapReason::Jump;
                steps.push(Collected::now(Event::Gap(Gap { from, to, reason }), None));
            }
        }
        steps.push(Collected::now(event, cursor));
        steps
    }
}

impl Source for Wikipedia {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Stream { idle: self.idle }
    }

    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.client = self.client.clone().sharing(hosts);
    }

    fn time_of(&self, cursor: &Cursor) -> Option<Timestamp> {
        time_in(&cursor.0)
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let this = self.clone();
        Box::pin(async_stream::try_stream! {
            let mut before = resume.as_ref().and_then(|cursor| time_in(&cursor.0));
            let mut events = this.connect(resume.as_ref()).await?;
            while let Some(said) = events.next().await {
                match said? {
                    Said::Alive => yield Collected::now(Event::Nothing, None),
                    Said::TooLarge => {
                        let why = "an event over the cap";
                        let rejection = Rejection::new(RejectReason::TooLarge, why);
                        yield Collected::now(Event::Rejected(rejection), None);
                    }
                    Said::Message(message) => {
                        for step in this.step(message, &mut before) {
                            yield step;
                        }
                    }
                }
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let this = self.clone();
        Box::pin(async move {
            match this.connect(None).await {
                Ok(_) => Standing::Works,
                Err(error) => Standing::Unreachable(error.to_string()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_bear_a_time() {
        let id = r#"[{"topic":"eqiad.x","partition":0,"timestamp":1596207527001},
            {"topic":"codfw.x","partition":0,"offset":-1}]"#;
        let time = time_in(id).map(|at| at.as_millisecond());
        assert_eq!(time, Some(1_596_207_527_001));
        for odd in ["", "7", "[]", "[{}]", "{"] {
            assert_eq!(time_in(odd), None, "{odd}");
        }
    }
}
