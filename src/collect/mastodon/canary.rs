//! The ministry's own account, as its own server lists its posts: what of them must reach the instance
//! that we listen to.
//!
//! <https://docs.joinmastodon.org/methods/accounts/>, without a token. The instance has to know the
//! account: somebody there follows it.

use super::place::{Timeline, under};
use super::rest;
use super::wire::Reader;
use crate::collect::canary::{Canary, Posted};
use crate::collect::hosts::Hosts;
use crate::collect::http::Client;
use crate::collect::http_call::Call;
use crate::collect::source::{Compared, SourceError};
use crate::model::Change;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

/// The account at its own server.
#[derive(Debug, Clone)]
pub struct Account {
    base: Url,
    name: String,
    client: Client,
}

#[derive(Deserialize)]
struct Found {
    id: String,
}

impl Account {
    /// # Errors
    /// What is no address of a profile. The text names the key.
    pub fn new(profile: &str, contact: &str) -> Result<Self, String> {
        let fault =
            "`canary_url` must be the profile's address, like https://social.example/@house";
        let base = Url::parse(profile).map_err(|_| fault.to_owned())?;
        let name = base
            .path()
            .strip_prefix("/@")
            .unwrap_or_default()
            .to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let is_web = matches!(base.scheme(), "http" | "https");
        if !is_web || name.is_empty() || !name.chars().all(plain) {
            return Err(fault.to_owned());
        }
        let client = rest::client(&base, contact).map_err(|error| error.to_string())?;
        Ok(Self { base, name, client })
    }

    #[must_use]
    pub fn sharing(self, hosts: &Hosts) -> Self {
        Self {
            client: self.client.sharing(hosts),
            ..self
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, SourceError> {
        let mut root = self.base.clone();
        root.set_path("");
        let mut url = under(&root, path);
        url.query_pairs_mut().extend_pairs(query);
        let call = Call::get(url, "application/json");
        self.client.ask(&call).await?.success()?.json()
    }

    /// Its newest posts that these timelines of `host` must tell.
    ///
    /// # Errors
    /// A server that does not list them.
    pub async fn posts(
        &self,
        host: &str,
        timelines: &[Timeline],
    ) -> Result<Vec<Posted>, SourceError> {
        let path = ["api", "v1", "accounts", "lookup"];
        let found: Found = self.get(&path, &[("acct", &self.name)]).await?;
        let path = ["api", "v1", "accounts", &found.id, "statuses"];
        let query = [
            ("limit", "40"),
            ("exclude_reblogs", "true"),
            ("exclude_replies", "true"),
        ];
        let statuses: Vec<Value> = self.get(&path, &query).await?;
        let is_local = host == self.base.authority();
        let expected = statuses
            .into_iter()
            .filter(|status| timelines.iter().any(|line| tells(line, status, is_local)));
        let reader = Reader {
            host: host.to_owned(),
            own: None,
        };
        Ok(expected
            .filter_map(|status| posted(&reader, status))
            .collect())
    }
}

/// Whether a timeline must tell a status.
fn tells(timeline: &Timeline, status: &Value, is_local: bool) -> bool {
    let tagged = |tag: &str| {
        let tags = status["tags"].as_array().into_iter().flatten();
        let mut names = tags.filter_map(|tag| tag["name"].as_str());
        names.any(|name| name.to_lowercase() == tag)
    };
    status["visibility"] == "public"
        && match timeline {
            Timeline::Public => true,
            Timeline::Local => is_local,
            Timeline::Hashtag { tag, local } => (is_local || !local) && tagged(tag),
            Timeline::Own => false,
        }
}

/// Read as from a stream, so that it has the same id, and none where the account says no.
fn posted(reader: &Reader, status: Value) -> Option<Posted> {
    match reader.status(status).ok()?.change? {
        Change::Upsert(item) => Some(Posted {
            at: item.published?,
            id: item.id,
        }),
        _ => None,
    }
}

/// What one connection heard of the account, beside what its server lists.
pub struct OwnPosts {
    account: Account,
    canary: Canary,
}

impl OwnPosts {
    pub fn new(account: Account, since: Timestamp, late_secs: u32) -> Self {
        Self {
            canary: Canary::new(since, late_secs),
            account,
        }
    }

    /// Notes what came in, whoever wrote it: a server may write a profile's address otherwise than it
    /// is asked.
    pub fn heard(&mut self, change: &Change) {
        if let Change::Upsert(item) = change {
            self.canary.heard(&item.id);
        }
    }

    /// Judges what is listed by now; `None` where there is nothing to judge. A question that fails is
    /// asked again the next time: the account's server is not what the house listens to.
    pub async fn judge(
        &mut self,
        host: &str,
        timelines: &[Timeline],
        now: Timestamp,
    ) -> Option<Compared> {
        let posts = self.account.posts(host, timelines).await.ok()?;
        let judged = self.canary.judge(&posts, now);
        (judged != Compared::default()).then_some(judged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_timeline_must_tell_what_it_is_of() {
        let tag = |local| Timeline::Hashtag {
            tag: "bmi".to_owned(),
            local,
        };
        let check = |timeline: &Timeline, visibility: &str, is_local, expected| {
            let status =
                json!({"visibility": visibility, "tags": [{"name": "BMI"}, {"name": "x"}]});
            assert_eq!(tells(timeline, &status, is_local), expected, "{timeline:?}");
        };
        check(&Timeline::Public, "public", false, true);
        check(&Timeline::Public, "unlisted", false, false);
        check(&Timeline::Local, "public", false, false);
        check(&Timeline::Local, "public", true, true);
        check(&tag(false), "public", false, true);
        check(&tag(true), "public", false, false);
        check(&tag(true), "public", true, true);
        check(&Timeline::Own, "public", true, false);
        let untagged = json!({"visibility": "public"});
        assert!(!tells(&tag(false), &untagged, true));
    }

    #[test]
    fn an_account_is_named_by_its_profile() {
        let name = |url: &str| Account::new(url, "").map(|account| account.name);
        assert_eq!(
            name("https://social.example/@house").as_deref(),
            Ok("house")
        );
        for odd in [
            "@house@social.example",
            "https://social.example/house",
            "https://social.example/@",
            "https://social.example/@house/1",
            "ftp://social.example/@house",
        ] {
            assert!(name(odd).unwrap_err().contains("`canary_url`"), "{odd}");
        }
    }
}
