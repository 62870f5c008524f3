//! Asking an instance: who it is, who we are, and pages of its timelines.

use super::place::{PAGE, Timeline, newer, order, under};
use super::wire::{Read, Reader};
use crate::collect::http::{Client, ClientError, Limits};
use crate::collect::http_call::{Call, Reply};
use crate::collect::source::{Rejection, SourceError};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

/// A client for one instance. The host is the operator's choice, so it may be a private one.
///
/// # Errors
/// A contact that cannot stand in a header; a system without root certificates.
pub fn client(base: &Url, contact: &str) -> Result<Client, ClientError> {
    let limits = Limits {
        max_body_bytes: MAX_BODY_BYTES,
        ..Limits::default()
    };
    Client::new(&[host(base)], contact, limits)
}

/// The instance's own host, as an exception of the gate.
pub fn host(base: &Url) -> String {
    let host = base.host_str().unwrap_or_default();
    host.trim_matches(['[', ']']).to_owned()
}

/// What an instance says of itself.
#[derive(Debug, Default, Deserialize)]
pub struct Instance {
    /// The name by which its accounts go.
    #[serde(default)]
    pub domain: String,
    configuration: Option<Configuration>,
}

#[derive(Debug, Deserialize)]
struct Configuration {
    urls: Option<Urls>,
}

#[derive(Debug, Deserialize)]
struct Urls {
    streaming: Option<String>,
}

/// The account of a token.
#[derive(Debug, Deserialize)]
pub struct Credentials {
    pub url: String,
}

/// An instance that is asked with one token.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    pub client: &'a Client,
    pub base: &'a Url,
    pub token: Option<&'a str>,
}

/// Statuses of a timeline, the oldest first.
#[derive(Debug, Default)]
pub struct Page {
    pub statuses: Vec<Numbered>,
    /// Where the next newer page begins; `None` where there is none.
    pub after: Option<String>,
}

/// A status by the server's number, where it has a sound one.
#[derive(Debug)]
pub struct Numbered {
    pub id: Option<String>,
    pub read: Result<Read, Rejection>,
}

impl Asked<'_> {
    async fn get(&self, url: Url) -> Result<Reply, SourceError> {
        let mut call = Call::get(url, "application/json");
        if let Some(token) = self.token {
            call = call.bearer(token)?;
        }
        self.client.ask(&call).await?.success()
    }

    /// What the instance says of itself; nothing where it is of a software that does not say.
    ///
    /// # Errors
    /// An instance that cannot be reached.
    pub async fn instance(&self) -> Result<Instance, SourceError> {
        match self.get(under(self.base, &["api", "v2", "instance"])).await {
            Ok(reply) => Ok(reply.json().unwrap_or_default()),
            Err(SourceError::Refused(_)) => Ok(Instance::default()),
            Err(error) => Err(error),
        }
    }

    /// Whose the token is.
    ///
    /// # Errors
    /// A token that is not good.
    pub async fn credentials(&self) -> Result<Credentials, SourceError> {
        let path = ["api", "v1", "accounts", "verify_credentials"];
        let told = self.get(under(self.base, &path)).await;
        told.map_err(|error| match error {
            SourceError::Refused(why) => {
                SourceError::Refused(format!("the instance does not take the token: {why}"))
            }
            other => other,
        })?
        .json()
    }

    /// A page of a timeline: what follows an id, or the newest.
    ///
    /// # Errors
    /// An instance that gives none.
    pub async fn page(
        &self,
        timeline: &Timeline,
        after: Option<&str>,
        reader: &Reader,
    ) -> Result<Page, SourceError> {
        let reply = self.get(timeline.page(self.base, after)).await?;
        let values: Vec<Value> = reply.json()?;
        let linked = reply.header("link").and_then(newer);
        let statuses = values.into_iter().take(PAGE).map(|value| Numbered {
            id: id_of(&value),
            read: match timeline {
                Timeline::Own => reader.notification(value),
                _ => reader.status(value),
            },
        });
        let mut statuses: Vec<Numbered> = statuses.collect();
        statuses.reverse();
        let ids = statuses.iter().filter_map(|status| status.id.as_deref());
        let newest = ids.max_by(|one, other| order(one, other));
        let next = linked.or_else(|| newest.map(str::to_owned));
        // A server that leads in circles is not followed.
        let after = next.filter(|next| after.is_none_or(|at| order(at, next).is_lt()));
        Ok(Page { statuses, after })
    }
}

impl Instance {
    /// Where its streams are: elsewhere only over TLS, for the token goes there.
    pub fn streaming(&self, base: &Url) -> Url {
        let urls = self.configuration.as_ref().and_then(|c| c.urls.as_ref());
        let told = urls.and_then(|urls| urls.streaming.as_deref());
        let Some(mut url) = told.and_then(|url| Url::parse(url).ok()) else {
            return base.clone();
        };
        match url.scheme() {
            "wss" | "https" => {
                let text = url.as_str().replacen("wss:", "https:", 1);
                url = Url::parse(&text).unwrap_or(url);
                url.set_path("");
                url
            }
            _ => base.clone(),
        }
    }
}

fn id_of(value: &Value) -> Option<String> {
    let id = value.get("id")?.as_str()?;
    let plain = id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric());
    (plain && !id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_may_live_elsewhere_but_only_behind_tls() {
        let base = Url::parse("https://social.example").unwrap();
        let check = |streaming: &str, expected: &str| {
            let told = serde_json::json!({"configuration": {"urls": {"streaming": streaming}}});
            let instance: Instance = serde_json::from_value(told).unwrap();
            assert_eq!(instance.streaming(&base).as_str(), expected);
        };
        check(
            "wss://streaming.social.example",
            "https://streaming.social.example/",
        );
        check("ws://elsewhere.example", "https://social.example/");
        check("no address", "https://social.example/");
        assert_eq!(Instance::default().streaming(&base), base);
    }
}
