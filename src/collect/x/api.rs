//! The requests, and what X's answers to them mean.

use super::wire::{Envelope, plain};
use crate::collect::http::Client;
use crate::collect::http_call::{Call, Reply};
use crate::collect::lines::Line;
use crate::collect::secret;
use crate::collect::source::{SourceError, Standing};
use futures_util::stream::BoxStream;
use serde::Serialize;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

const ACCEPT: &str = "application/json";
/// What is asked for of a post, and of its author.
const FIELDS: [(&str, &str); 3] = [
    (
        "tweet.fields",
        "id,text,author_id,created_at,lang,referenced_tweets,edit_history_tweet_ids,note_tweet,entities",
    ),
    ("expansions", "author_id"),
    ("user.fields", "id,name,username,public_metrics"),
];
/// Posts of one page.
const PAGE: &str = "100";

/// X as one app reaches it.
#[derive(Debug, Clone)]
pub struct Api {
    pub client: Client,
    pub base: Url,
    pub token_file: PathBuf,
}

/// What posts are asked for when catching up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Recent search with this query.
    Recent(String),
    /// Posts that name this account of ours, by its id.
    Mentions(String),
}

impl Api {
    pub(super) fn url(&self, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn token(&self) -> Result<String, SourceError> {
        let read = secret::read("bearer_token_file", &self.token_file).await;
        read.map_err(SourceError::Refused)
    }

    async fn call(&self, path: &str, query: &[(&str, &str)]) -> Result<Call, SourceError> {
        Call::get(self.url(path, query), ACCEPT).bearer(&self.token().await?)
    }

    /// Opens the filtered stream.
    ///
    /// # Errors
    /// Those of [`Client::lines`]; no token.
    pub async fn stream(
        &self,
        idle: Duration,
    ) -> Result<BoxStream<'static, Result<Line, SourceError>>, SourceError> {
        let call = self.call("/2/tweets/search/stream", &FIELDS).await?;
        self.client.lines(call, idle).await
    }

    /// Opens one partition of a compliance stream, from a time on where one is given.
    ///
    /// # Errors
    /// Those of [`Client::lines`]; no token.
    pub async fn compliance(
        &self,
        of: &str,
        partition: u8,
        since: Option<&str>,
        idle: Duration,
    ) -> Result<BoxStream<'static, Result<Line, SourceError>>, SourceError> {
        let partition = partition.to_string();
        let mut query = vec![("partition", partition.as_str())];
        query.extend(since.map(|since| ("start_time", since)));
        let path = format!("/2/{of}/compliance/stream");
        let call = self.call(&path, &query).await?;
        self.client.lines(call, idle).await
    }

    /// One page of what was posted behind `since`, the newest first.
    ///
    /// # Errors
    /// Those of [`Client::ask`]; no token; an answer of another shape.
    pub async fn page(
        &self,
        ask: &Ask,
        since: u64,
        next: Option<&str>,
    ) -> Result<Envelope, SourceError> {
        let since = since.to_string();
        let mut query = FIELDS.to_vec();
        query.extend([("max_results", PAGE), ("since_id", &since)]);
        query.extend(next.map(|next| ("pagination_token", next)));
        let path = match ask {
            Ask::Recent(text) => {
                query.push(("query", text));
                "/2/tweets/search/recent".to_owned()
            }
            Ask::Mentions(user) => format!("/2/users/{user}/mentions"),
        };
        let call = self.call(&path, &query).await?;
        self.client.ask(&call).await?.success()?.json()
    }

    /// One page of the rules that are in force.
    ///
    /// # Errors
    /// As [`Api::page`].
    pub async fn rules(&self, next: Option<&str>) -> Result<Reply, SourceError> {
        let mut query = vec![("max_results", "1000")];
        query.extend(next.map(|next| ("pagination_token", next)));
        let call = self.call("/2/tweets/search/stream/rules", &query).await?;
        self.client.ask(&call).await?.success()
    }

    /// Changes rules, or only tries it. Rules that X refuses are named in the answer, which may then
    /// be a 400.
    ///
    /// # Errors
    /// As [`Api::page`].
    pub async fn change_rules(
        &self,
        change: &impl Serialize,
        dry_run: bool,
    ) -> Result<Envelope, SourceError> {
        let query: &[(&str, &str)] = if dry_run { &[("dry_run", "true")] } else { &[] };
        let url = self.url("/2/tweets/search/stream/rules", query);
        let call = Call::post(url, change)
            .map_err(|error| SourceError::Refused(error.to_string()))?
            .bearer(&self.token().await?)?;
        let reply = self.client.ask(&call).await?;
        if reply.status.as_u16() == 400 {
            let told: Option<Envelope> = reply.json().ok();
            let names_rules = |told: &Envelope| told.errors.iter().any(|one| one.value.is_some());
            if let Some(told) = told.filter(names_rules) {
                return Ok(told);
            }
        }
        reply.success()?.json()
    }

    /// Whether this token is let in.
    pub async fn standing(&self) -> Standing {
        let token = self.token().await;
        if let Err(error) = token {
            return Standing::NeedsKey(error.to_string());
        }
        let asked = match self.call("/2/tweets/search/stream/rules", &[]).await {
            Ok(call) => self.client.ask(&call).await,
            Err(error) => Err(error),
        };
        let reply = match asked {
            Ok(reply) => reply,
            Err(error) => return Standing::Unreachable(error.to_string()),
        };
        match reply.status.as_u16() {
            200 => Standing::Works,
            401 => Standing::NeedsKey("X does not know this token (401)".to_owned()),
            403 => Standing::NeedsPermission(format!("X answers 403 {}", reason(&reply))),
            status => Standing::Unreachable(format!("X answers {status}")),
        }
    }
}

/// X's own word for a refusal.
fn reason(reply: &Reply) -> String {
    let told: Option<serde_json::Value> = reply.json().ok();
    let word = |key: &str| Some(plain(told.as_ref()?.get(key)?.as_str()?));
    word("reason").or_else(|| word("title")).unwrap_or_default()
}
