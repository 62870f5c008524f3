//! One connection to an instance: what its streams tell, and what they do not.
//!
//! A stream has no memory, and a live socket is no proof that it tells everything (mastodon#25157,
//! mastodon#37883). So its timelines are also read: once when it is opened, from where we were; and
//! then from time to time, to compare. What the stream did not bring is taken from there, and a
//! stream that brought nothing of it is given up.

use super::canary::OwnPosts;
use super::place::{Places, Timeline, order};
use super::rest::{Asked, Numbered};
use super::stream::Told;
use super::wire::{Read, Reader};
use crate::clock::Clock;
use crate::collect::source::{Collected, Compared, Event, Gap, GapReason, Rejection, SourceError};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashSet, VecDeque};

/// Numbers of statuses that the stream brought, kept to compare.
const MAX_SEEN: usize = 20_000;
/// What was written so recently may still be on its way through the stream.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(30);
/// What was written within this time before an event may come after it.
const OUT_OF_ORDER: SignedDuration = SignedDuration::from_secs(60);
/// Statuses that a stream must have kept from us to be called silent.
const SILENT: usize = 3;

/// Follows the streams of one connection.
pub struct Session {
    pub reader: Reader,
    pub clock: Clock,
    pub places: Places,
    /// Until when we listened before; `None` where we never did.
    pub since: Option<Timestamp>,
    /// What comes of the ministry's own account, if that is compared.
    pub own_posts: Option<OwnPosts>,
    seen: Seen,
    /// Where the next comparison begins, for each timeline.
    compared: BTreeMap<String, String>,
    /// Statuses that each timeline's stream brought since the last comparison.
    heard: BTreeMap<String, usize>,
}

#[derive(Default)]
struct Seen {
    order: VecDeque<String>,
    ids: HashSet<String>,
}

impl Seen {
    fn add(&mut self, id: &str) {
        if self.ids.insert(id.to_owned()) {
            self.order.push_back(id.to_owned());
        }
        if self.order.len() > MAX_SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

impl Session {
    pub fn new(reader: Reader, clock: Clock, resumed: Option<Places>) -> Self {
        let places = resumed.clone().unwrap_or_else(|| Places {
            host: reader.host.clone(),
            at: clock.now(),
            newest: BTreeMap::new(),
        });
        Self {
            reader,
            clock,
            places,
            since: resumed.map(|places| places.at),
            own_posts: None,
            seen: Seen::default(),
            compared: BTreeMap::new(),
            heard: BTreeMap::new(),
        }
    }

    /// What one message of the stream brings.
    pub fn told(&mut self, told: Result<Told, Rejection>) -> Collected {
        let (timeline, name, payload) = match told {
            Err(rejection) => return Collected::now(Event::Rejected(rejection), None),
            Ok(Told::Alive) => return Collected::now(Event::Nothing, None),
            Ok(Told::Event {
                timeline,
                name,
                payload,
            }) => (timeline, name, payload),
        };
        let own = timeline == Some(Timeline::Own);
        let read = self.reader.told(own, &name, payload);
        let cursor = match (&timeline, &read) {
            (Some(timeline), Ok(Read { id: Some(id), .. })) => {
                self.seen.add(id);
                *self.heard.entry(timeline.key()).or_default() += 1;
                self.places.reached(timeline, id, self.heard_until());
                self.places.cursor()
            }
            _ => None,
        };
        Collected::now(self.event(read), cursor)
    }

    /// Until when nothing can have been missed, while we listen.
    fn heard_until(&self) -> Timestamp {
        let now = self.clock.now();
        now.checked_sub(OUT_OF_ORDER).unwrap_or(now)
    }

    /// That this house listens, also where nothing is said: what is written from here on is news,
    /// even if it has to be fetched after a restart.
    pub fn listening(&mut self) -> Collected {
        self.places.at = self.places.at.max(self.heard_until());
        Collected::now(Event::Nothing, self.places.cursor())
    }

    /// One page of what was said while nobody listened; moves `after` along, to `None` at the end.
    ///
    /// # Errors
    /// An instance that gives no page.
    pub async fn catch_up(
        &mut self,
        asked: &Asked<'_>,
        timeline: &Timeline,
        after: &mut Option<String>,
    ) -> Result<Vec<Collected>, SourceError> {
        let known = after.take();
        let page = asked.page(timeline, known.as_deref(), &self.reader).await?;
        // Of a timeline that we never read, the newest page is enough.
        *after = page.after.filter(|_| known.is_some());
        let mut collected = Vec::with_capacity(page.statuses.len());
        for Numbered { id, read } in page.statuses {
            let is_old = read.as_ref().is_ok_and(|read| self.is_old(read));
            let cursor = id.and_then(|id| {
                self.seen.add(&id);
                self.places.reached(timeline, &id, self.places.at);
                self.places.cursor()
            });
            collected.push(Collected {
                backfill: is_old,
                ..Collected::now(self.event(read), cursor)
            });
        }
        if after.is_none() {
            self.begin_comparing(timeline);
        }
        Ok(collected)
    }

    /// More was said than is fetched: what lies between is not here.
    pub fn gave_up(&mut self, timeline: &Timeline) -> Option<Collected> {
        self.begin_comparing(timeline);
        let (from, to) = (self.since?, self.clock.now());
        let reason = GapReason::Jump;
        let gap = Event::Gap(Gap { from, to, reason });
        (from < to).then(|| Collected::now(gap, None))
    }

    /// Written before this house listened, as far as it knows.
    fn is_old(&self, read: &Read) -> bool {
        read.written
            .is_some_and(|written| self.since.is_none_or(|since| written < since))
    }

    fn begin_comparing(&mut self, timeline: &Timeline) {
        let key = timeline.key();
        if let Some(newest) = self.places.newest.get(&key) {
            self.compared.insert(key, newest.clone());
        }
    }

    /// Compares a page of a timeline with what its stream brought since the last time. Gives what it
    /// did not bring, and whether it brought nothing of it.
    ///
    /// # Errors
    /// An instance that gives no page.
    pub async fn compare(
        &mut self,
        asked: &Asked<'_>,
        timeline: &Timeline,
    ) -> Result<(Vec<Collected>, bool), SourceError> {
        let key = timeline.key();
        let after = self.compared.get(&key).cloned();
        let page = asked.page(timeline, after.as_deref(), &self.reader).await?;
        let recent = self.clock.now().checked_sub(ON_ITS_WAY);
        let mut missed = Vec::new();
        for Numbered { id, read } in page.statuses {
            let Some(id) = id else { continue };
            let written = read.as_ref().ok().and_then(|read| read.written);
            if written.is_some_and(|at| recent.as_ref().is_ok_and(|recent| at > *recent)) {
                break;
            }
            let compared = self.compared.entry(key.clone()).or_default();
            if order(compared, &id).is_lt() {
                compared.clone_from(&id);
            }
            if self.seen.ids.contains(&id) {
                continue;
            }
            self.seen.add(&id);
            self.places.reached(timeline, &id, self.heard_until());
            let cursor = self.places.cursor();
            missed.push(Collected::now(self.event(read), cursor));
        }
        let heard = self.heard.remove(&key).unwrap_or_default();
        let silent = heard == 0 && missed.len() >= SILENT;
        Ok((missed, silent))
    }

    /// What came of the ministry's own account, and what did not; `None` where nothing is to be judged.
    pub async fn judge(&mut self, timelines: &[Timeline]) -> Option<Compared> {
        let now = self.clock.now();
        let own_posts = self.own_posts.as_mut()?;
        own_posts.judge(&self.reader.host, timelines, now).await
    }

    fn event(&mut self, read: Result<Read, Rejection>) -> Event {
        match read.map(|read| read.change) {
            Ok(Some(change)) => {
                if let Some(own_posts) = &mut self.own_posts {
                    own_posts.heard(&change);
                }
                Event::Change(change)
            }
            Ok(None) => Event::Nothing,
            Err(rejection) => Event::Rejected(rejection),
        }
    }
}
