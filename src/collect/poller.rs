//! The source behind every list that is looked at again and again: feeds, sitemaps, the search
//! answers of registers. What differs is where the list comes from ([`Listing`]).

use super::article::Articles;
use super::hosts::Hosts;
use super::polled::{List, Look, Memory, unchanged};
use super::source::{Collected, Pace, Pages, Source, SourceError, Standing};
use crate::clock::Clock;
use crate::model::Cursor;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;

/// Reading a list takes milliseconds; one that takes this long was made to.
const READ_BUDGET: Duration = Duration::from_secs(20);

/// A list on its way; `None` where it is the version that is known.
pub type Listed = BoxFuture<'static, Result<Option<List>, SourceError>>;

/// Where a list comes from.
pub trait Listing: Send + Sync {
    /// Fetches and reads it once.
    fn list(&self, memory: &Memory) -> Listed;
    /// The same, taking turns with all clients that have this memory.
    fn sharing(&self, hosts: &Hosts) -> Arc<dyn Listing>;
    /// True where a refusal says that the key is missing or wrong.
    fn asks_with_key(&self) -> bool {
        false
    }
}

/// A source that looks at a list.
#[derive(Clone)]
pub struct Poller {
    pub(super) name: String,
    pub(super) every: Duration,
    /// What it lists is the ministry's own.
    pub(super) official: bool,
    /// Readers of the publication, as the office states it.
    pub(super) audience: Option<u64>,
    /// Completes teasers from the articles' pages.
    pub(super) articles: Option<Articles>,
    pub(super) clock: Clock,
    pub(super) listing: Arc<dyn Listing>,
}

impl Poller {
    /// What a list says, step by step.
    pub(super) fn steps(
        &self,
        memory: Memory,
        mut list: List,
    ) -> BoxStream<'static, Result<Collected, SourceError>> {
        for item in list.items.iter_mut().flatten() {
            item.audience = item.audience.or(self.audience);
        }
        Look::new(memory, list, self.clock.now()).stream(self.articles.clone(), self.official)
    }
}

impl Source for Poller {
    fn name(&self) -> &str {
        &self.name
    }

    fn pace(&self) -> Pace {
        Pace::Poll { every: self.every }
    }

    /// As far as the list reaches back; that it reaches no longer is told (`polled`).
    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.listing = self.listing.sharing(hosts);
        self.articles = self.articles.take().map(|articles| articles.sharing(hosts));
    }

    fn is_official(&self) -> bool {
        self.official
    }

    fn pages(&self) -> Option<Arc<dyn Pages>> {
        let articles = self.articles.clone().filter(|_| !self.official)?;
        Some(Arc::new(articles))
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let poller = self.clone();
        let memory = Memory::read(resume.as_ref());
        Box::pin(async_stream::try_stream! {
            let list = poller.listing.list(&memory).await?;
            let mut steps = match list {
                Some(list) => poller.steps(memory, list),
                None => unchanged(),
            };
            while let Some(step) = steps.next().await {
                yield step?;
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        let listed = self.listing.list(&Memory::default());
        let asks_with_key = self.listing.asks_with_key();
        async move {
            match listed.await {
                Ok(Some(list)) if list.items.iter().all(Result::is_err) => {
                    let first = list.items.into_iter().find_map(Result::err);
                    first.map_or(Standing::Works, |rejection| {
                        Standing::Unreachable(rejection.to_string())
                    })
                }
                Ok(_) => Standing::Works,
                Err(SourceError::Refused(why)) if asks_with_key => Standing::NeedsKey(why),
                Err(error) => Standing::Unreachable(error.to_string()),
            }
        }
        .boxed()
    }
}

/// Reads off the async threads, with a budget of time.
///
/// # Errors
/// A reader that broke down, or that takes too long.
pub async fn read_apart<T: Send + 'static>(
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SourceError> {
    let reading = tokio::task::spawn_blocking(read);
    match tokio::time::timeout(READ_BUDGET, reading).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(_)) => Err(SourceError::Transient(
            "the list's reader ended early".to_owned(),
        )),
        Err(_) => Err(SourceError::Refused(
            "the list takes too long to read".to_owned(),
        )),
    }
}
