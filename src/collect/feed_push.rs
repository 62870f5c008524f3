//! A feed that its hub brings (`websub`), and that is looked at as well.
//!
//! Both go through one memory: what was brought is not news to the next look, nor the other way. So a
//! look that does find something shows that the hub does not bring everything.

use super::feed::{Feed, FeedConfig, FeedError, Seen};
use super::hosts::Hosts;
use super::http::{Limits, Validators};
use super::hub::Hub;
use super::inbox::{self, Batches, Inbox};
use super::polled::{Memory, unchanged};
use super::poller::Poller;
use super::source::{Collected, Event, Pace, Pages, Source, SourceError, Standing};
use super::websub::{Hubs, Subscriber};
use crate::clock::Clock;
use crate::model::Cursor;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// What the last full look saw beside the items.
#[derive(Debug, Clone, Default)]
struct Known {
    hub: Option<Hub>,
    reserved: bool,
}

/// One feed with a hub.
#[derive(Clone)]
pub struct PushedFeed {
    poller: Poller,
    feed: Feed,
    subscriber: Subscriber,
    inbox: Inbox,
    batches: Batches,
    /// `None` before the first look.
    known: Arc<Mutex<Option<Known>>>,
}

/// The cursor: bodies that were brought, and what both ways know.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Place {
    position: u64,
    memory: Memory,
}

impl Place {
    /// The cursor of a feed that had no hub yet is a memory alone.
    fn read(cursor: Option<&Cursor>) -> Self {
        let place = cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok());
        place.unwrap_or_else(|| Self {
            position: 0,
            memory: Memory::read(cursor),
        })
    }

    /// Takes over what a step knows; true where it does.
    fn take(&mut self, step: &mut Collected) -> bool {
        let cursor = step.cursor.take();
        if cursor.is_some() {
            self.memory = Memory::read(cursor.as_ref());
        }
        cursor.is_some()
    }

    fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }
}

impl PushedFeed {
    /// A feed with `callback` and `secret_file`.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn new(name: &str, config: &FeedConfig) -> Result<Self, FeedError> {
        Self::with_limits(name, config, &Clock::system(), Limits::default())
    }

    /// The same with another clock and other bounds of time.
    ///
    /// # Errors
    /// Settings that make no sense.
    pub fn with_limits(
        name: &str,
        config: &FeedConfig,
        clock: &Clock,
        limits: Limits,
    ) -> Result<Self, FeedError> {
        let (callback, secret) = (config.callback.as_deref(), config.secret_file.as_ref());
        let subscriber = Subscriber::new(name, callback, secret, clock).map_err(FeedError::Push)?;
        let missing = || FeedError::Push("`callback` is missing".to_owned());
        let subscriber = subscriber.ok_or_else(missing)?;
        let (poller, feed) = Feed::with_poller(name, config, clock, limits)?;
        let (inbox, batches) = Inbox::new(Arc::new(Hubs(subscriber.clone())));
        Ok(Self {
            poller,
            feed,
            subscriber,
            inbox,
            batches,
            known: Arc::default(),
        })
    }

    fn known(&self) -> Option<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    fn know(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }

    /// What the feed has, or nothing where it is the version that is known. The first look reads it in any
    /// case, for the hub's sake.
    async fn look(&self, memory: &Memory) -> Result<Option<Seen>, SourceError> {
        let validators = match self.known() {
            Some(_) => memory.validators(self.feed.address()),
            None => Validators::default(),
        };
        let seen = self.feed.look(&validators).await?;
        if let Some(seen) = &seen {
            let (hub, reserved) = (seen.hub.clone(), seen.reserved);
            self.know(Known { hub, reserved });
        }
        Ok(seen)
    }

    /// Asks the hub for what it is time to ask for.
    async fn subscribe(&self) {
        let hub = self.known().and_then(|known| known.hub);
        let hubs = hub.as_slice();
        self.subscriber.keep(self.feed.client(), hubs).await;
    }

    fn looked(&self, mut place: Place) -> BoxStream<'static, Result<Collected, SourceError>> {
        let this = self.clone();
        Box::pin(async_stream::try_stream! {
            let seen = this.look(&place.memory).await?;
            let mut steps = match seen {
                Some(seen) => {
                    let memory = std::mem::take(&mut place.memory);
                    this.poller.steps(memory, seen.list)
                }
                None => unchanged(),
            };
            while let Some(step) = steps.next().await {
                let mut step = step?;
                if matches!(step.event, Event::Change(_)) {
                    this.subscriber.missed();
                }
                if place.take(&mut step) {
                    step.cursor = place.write();
                }
                yield step;
            }
            this.subscribe().await;
        })
    }

    /// What hubs have brought.
    fn brought(
        &self,
        mut place: Place,
        batches: Vec<inbox::Batch>,
    ) -> BoxStream<'static, Result<Collected, SourceError>> {
        let this = self.clone();
        Box::pin(async_stream::try_stream! {
            // Until the feed itself was seen, nobody knows whether its words are reserved.
            let reserved = this.known().is_none_or(|known| known.reserved);
            for mut batch in batches {
                let unread = std::mem::take(&mut batch.brought.unread);
                let list = this.feed.read(unread, reserved).await?;
                let memory = std::mem::take(&mut place.memory);
                let before = memory.clone();
                let mut steps = this.poller.steps(memory, list);
                let mut known = false;
                while let Some(step) = steps.next().await {
                    let mut step = step?;
                    known |= place.take(&mut step);
                    yield step;
                }
                if !known {
                    place.memory = before;
                }
                place.position += 1;
                batch.ends_at(place.position);
                yield Collected::now(Event::Nothing, place.write());
            }
        })
    }
}

impl Source for PushedFeed {
    fn name(&self) -> &str {
        &self.poller.name
    }

    fn pace(&self) -> Pace {
        Pace::Poll {
            every: self.subscriber.pause(self.poller.every),
        }
    }

    /// As far as the feed reaches back; a hub brings again what was not taken.
    fn catches_up(&self) -> bool {
        true
    }

    fn share(&mut self, hosts: &Hosts) {
        self.poller.share(hosts);
        self.feed = self.feed.sharing(hosts);
    }

    fn is_official(&self) -> bool {
        self.poller.official
    }

    fn pages(&self) -> Option<Arc<dyn Pages>> {
        self.poller.pages()
    }

    fn inbox(&self) -> Option<Inbox> {
        Some(self.inbox.clone())
    }

    fn woken(&self) -> BoxFuture<'static, ()> {
        inbox::arrival(Arc::clone(&self.batches))
    }

    fn open(&self, resume: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let (this, place) = (self.clone(), Place::read(resume.as_ref()));
        Box::pin(async_stream::try_stream! {
            let batches = inbox::all(&this.batches).await;
            let mut steps = match batches.is_empty() {
                true => this.looked(place),
                false => this.brought(place, batches),
            };
            while let Some(step) = steps.next().await {
                yield step?;
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        self.poller.check()
    }
}
