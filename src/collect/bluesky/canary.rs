//! The own account's posts, as the network's public view lists them.
//!
//! <https://docs.bsky.app/docs/api/app-bsky-feed-get-author-feed>, without login.

use super::Said;
use crate::collect::canary::{Canary, Posted};
use crate::collect::http::Client;
use crate::collect::http_call::Call;
use crate::collect::source::{Compared, SourceError};
use crate::model::Change;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

#[derive(Deserialize)]
struct Feed {
    feed: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    post: Post,
}

#[derive(Deserialize)]
struct Post {
    uri: String,
    #[serde(rename = "indexedAt")]
    indexed_at: Timestamp,
}

/// The account's newest posts, again and again. A question that fails is asked again the next time: it
/// is not what the house listens to.
pub fn listed(
    client: Client,
    base: Url,
    did: String,
    every: Duration,
) -> BoxStream<'static, Vec<Posted>> {
    Box::pin(async_stream::stream! {
        loop {
            tokio::time::sleep(every).await;
            if let Ok(posts) = ask(&client, &base, &did).await {
                yield posts;
            }
        }
    })
}

async fn ask(client: &Client, base: &Url, did: &str) -> Result<Vec<Posted>, SourceError> {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty()
            .extend(["xrpc", "app.bsky.feed.getAuthorFeed"]);
    }
    url.query_pairs_mut()
        .extend_pairs([("actor", did), ("limit", "30")]);
    let call = Call::get(url, "application/json");
    let feed: Feed = client.ask(&call).await?.success()?.json()?;
    let posts = feed.feed.into_iter().map(|entry| Posted {
        id: entry.post.uri,
        at: entry.post.indexed_at,
    });
    // What the account handed on is somebody else's.
    let own = own(did);
    Ok(posts.filter(|post| post.id.starts_with(&own)).collect())
}

/// What the ids of an account's posts begin with.
fn own(did: &str) -> String {
    format!("at://{did}/")
}

/// What one connection heard of the account, beside what is listed of it.
pub struct OwnPosts {
    /// `None` where nobody is asked.
    listed: Option<BoxStream<'static, Vec<Posted>>>,
    own: String,
    late_secs: u32,
    /// From the first event on.
    canary: Option<Canary>,
    /// When the latest event happened.
    latest: Timestamp,
}

impl OwnPosts {
    pub fn new(listed: Option<BoxStream<'static, Vec<Posted>>>, did: &str, late_secs: u32) -> Self {
        Self {
            listed,
            own: own(did),
            late_secs,
            canary: None,
            latest: Timestamp::MIN,
        }
    }

    /// Notes what the stream told. Its time begins with its first event.
    pub fn heard(&mut self, said: &Said) {
        let (Some(_), Said::Event { time, changes, .. }) = (&self.listed, said) else {
            return;
        };
        self.latest = self.latest.max(*time);
        let late_secs = self.late_secs;
        let canary = self
            .canary
            .get_or_insert_with(|| Canary::new(*time, late_secs));
        for change in changes {
            if let Change::Upsert(item) = change
                && item.id.starts_with(&self.own)
            {
                canary.heard(&item.id);
            }
        }
    }

    /// The next judgement; never, where nobody is asked.
    pub async fn next(&mut self) -> Compared {
        let Some(listed) = &mut self.listed else {
            return std::future::pending().await;
        };
        while let Some(posts) = listed.next().await {
            let judged = self.canary.as_mut();
            let judged = judged.map(|canary| canary.judge(&posts, self.latest));
            if let Some(judged) = judged.filter(|judged| *judged != Compared::default()) {
                return judged;
            }
        }
        std::future::pending().await
    }
}
