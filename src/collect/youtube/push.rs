//! Uploads that Google's hub brings (`collect/websub`).
//!
//! Documentation: <https://developers.google.com/youtube/v3/guides/push_notifications>. A body names a
//! video that is new or has another title, or one that is gone. What it says is not believed: the
//! video is asked for (one unit), as if the channel's feed had named it.

use super::look::{Look, Memory};
use super::{Youtube, YoutubeConfig, wire};
use crate::clock::Clock;
use crate::collect::hub::Hub;
use crate::collect::inbox::{self, Batch, Batches, Inbox};
use crate::collect::source::{Collected, Event, Refresh as _, SourceError};
use crate::collect::websub::{Hubs, Subscriber};
use crate::model::Kind;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use std::fmt;
use std::sync::Arc;
use url::Url;

/// How YouTube names a video that is gone (`at:deleted-entry ref="yt:video:…"`).
const GONE: &str = "deleted-entry";
const VIDEO: &str = "yt:video:";

/// What a source needs to be brought uploads.
#[derive(Clone)]
pub struct Push {
    subscriber: Subscriber,
    hub: Url,
    inbox: Inbox,
    batches: Batches,
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Push(..)")
    }
}

impl Push {
    /// `None` where nothing is to be brought.
    ///
    /// # Errors
    /// Those of [`Subscriber::new`].
    pub fn new(
        name: &str,
        config: &YoutubeConfig,
        hub: Url,
        clock: &Clock,
    ) -> Result<Option<Self>, String> {
        let (callback, secret) = (config.callback.as_deref(), config.secret_file.as_ref());
        let subscriber = Subscriber::new(name, callback, secret, clock)?;
        Ok(subscriber.map(|subscriber| {
            let (inbox, batches) = Inbox::new(Arc::new(Hubs(subscriber.clone())));
            Self {
                subscriber,
                hub,
                inbox,
                batches,
            }
        }))
    }

    pub fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    pub fn arrival(&self) -> BoxFuture<'static, ()> {
        inbox::arrival(Arc::clone(&self.batches))
    }

    /// Asks for the channels of which it is time.
    pub async fn subscribe(&self, youtube: &Youtube) {
        let hub = |channel: &String| {
            let mut topic = youtube.feeds.clone();
            topic.set_path("/feeds/videos.xml");
            topic.query_pairs_mut().append_pair("channel_id", channel);
            Hub {
                address: self.hub.clone(),
                topic: topic.into(),
            }
        };
        let hubs: Vec<Hub> = youtube.config.channels.iter().map(hub).collect();
        self.subscriber.keep(&youtube.client, &hubs).await;
    }
}

/// What was brought and waits.
pub async fn waiting(push: Option<&Push>) -> Vec<Batch> {
    match push {
        Some(push) => inbox::all(&push.batches).await,
        None => Vec::new(),
    }
}

/// Hands on what was brought.
pub fn brought(
    youtube: Youtube,
    memory: Memory,
    batches: Vec<Batch>,
) -> BoxStream<'static, Result<Collected, SourceError>> {
    let mut memory = memory;
    Box::pin(async_stream::try_stream! {
        for batch in batches {
            let body = &batch.brought.unread;
            let mut look = Look::new(&youtube, memory);
            for event in look.pushed(body).await {
                yield Collected::now(event, None);
            }
            let (after, failure) = look.end();
            memory = after;
            if let Some(failure) = failure {
                // It is not acknowledged, and comes again.
                Err(failure)?;
            }
            if let Some(id) = gone(body) {
                for change in youtube.again(vec![(Kind::Video, id)]).await? {
                    yield Collected::now(Event::Change(change), None);
                }
            }
            memory.position += 1;
            batch.ends_at(memory.position);
            yield Collected::now(Event::Nothing, memory.write());
        }
    })
}

/// The id of a video that is said to be gone.
fn gone(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let (_, entry) = text.split_once(GONE)?;
    let (_, id) = entry.split_once('>')?.0.split_once(VIDEO)?;
    let id = id.split(['"', '\'']).next()?;
    wire::is_sound(id).then(|| id.to_owned())
}
