//! A server of Bluesky's network that is asked for an account (its PDS), or for nobody.
//!
//! Documentation: <https://atproto.com/specs/xrpc>. 300 logins a day are allowed, so a login is kept
//! until the server does not take it any more.

use super::hosts::Hosts;
use super::http::{Client, Limits};
use super::http_call::{Call, Reply};
use super::source::SourceError;
use serde::Deserialize;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;
use url::Url;

/// Largest answer.
const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

/// A login: whose it is, and the token.
#[derive(Clone, Deserialize)]
struct Session {
    did: String,
    #[serde(rename = "accessJwt")]
    access_jwt: String,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.did)
    }
}

/// Clones share their login.
#[derive(Debug, Clone)]
pub struct Pds {
    base: Url,
    client: Client,
    /// Handle or DID; empty for nobody.
    identifier: String,
    password_file: Option<PathBuf>,
    session: Arc<Mutex<Option<Session>>>,
}

impl Pds {
    /// # Errors
    /// Settings that make no sense. The text names the key.
    pub fn new(
        url: &str,
        identifier: &str,
        password_file: Option<PathBuf>,
        contact: &str,
    ) -> Result<Self, String> {
        let base = Url::parse(url).map_err(|error| format!("`url`: {error}"))?;
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() {
            return Err("`url` must begin with https:// and have no query".to_owned());
        }
        if identifier.is_empty() != password_file.is_none() {
            return Err("`identifier` and `password_file` belong together".to_owned());
        }
        let limits = Limits {
            max_body_bytes: MAX_BODY_BYTES,
            ..Limits::default()
        };
        // The host is the operator's choice, so it may be a private one.
        let host = base.host_str().unwrap_or_default().to_owned();
        let client = Client::new(&[host], contact, limits);
        Ok(Self {
            client: client.map_err(|error| error.to_string())?,
            base,
            identifier: identifier.to_owned(),
            password_file,
            session: Arc::default(),
        })
    }

    /// Takes turns with all clients that have this memory.
    #[must_use]
    pub fn sharing(self, hosts: &Hosts) -> Self {
        Self {
            client: self.client.sharing(hosts),
            ..self
        }
    }

    /// The address of a method.
    pub fn method(&self, name: &str) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["xrpc", name]);
        }
        url
    }

    /// Asks for the account, where there is one.
    ///
    /// # Errors
    /// No success, or no login.
    pub async fn ask(&self, call: Call) -> Result<Reply, SourceError> {
        if self.password_file.is_none() {
            return self.client.ask(&call).await?.success();
        }
        let mut session = self.session.lock().await;
        if let Some(known) = &*session {
            let call = call.clone().bearer(&known.access_jwt)?;
            let reply = self.client.ask(&call).await?;
            // A login that has run out is answered with 400.
            if !matches!(reply.status.as_u16(), 400 | 401) {
                return reply.success();
            }
        }
        let new = self.log_in().await?;
        let call = call.bearer(&new.access_jwt)?;
        *session = Some(new);
        self.client.ask(&call).await?.success()
    }

    /// DID of the account.
    ///
    /// # Errors
    /// No login.
    pub async fn account(&self) -> Result<String, SourceError> {
        let mut session = self.session.lock().await;
        if session.is_none() {
            *session = Some(self.log_in().await?);
        }
        Ok(session.iter().map(|known| known.did.clone()).collect())
    }

    async fn log_in(&self) -> Result<Session, SourceError> {
        let path = self.password_file.clone().unwrap_or_default();
        let read = tokio::fs::read_to_string(&path).await;
        let password = read.map_err(|error| {
            SourceError::Refused(format!("`password_file` {}: {error}", path.display()))
        })?;
        let body = serde_json::json!({
            "identifier": self.identifier,
            "password": password.trim(),
        });
        let call = Call::post(self.method("com.atproto.server.createSession"), &body)
            .map_err(|error| SourceError::Refused(error.to_string()))?;
        let reply = self.client.ask(&call).await?;
        if reply.status.as_u16() == 401 {
            return Err(SourceError::Refused(
                "the server does not take `identifier` and the password in `password_file`"
                    .to_owned(),
            ));
        }
        reply.success()?.json()
    }
}
