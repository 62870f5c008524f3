//! One look at everything, in parts, and what is remembered of it.
//!
//! What fails does not keep the rest from being looked at: the look ends with the first failure after
//! everything else was handed on.

use super::Youtube;
use super::quota::Quota;
use super::wire::{self, List, Talk};
use crate::collect::feed_read;
use crate::collect::http::{Answer, Validators};
use crate::collect::polled::hash;
use crate::collect::source::{Event, MOST_AGAIN, Refresh as _, Rejection, SourceError};
use crate::model::{Change, Cursor, Item};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use url::Url;

/// Pages of threads that one look reads of a channel, 100 threads each.
const MAX_PAGES: usize = 5;
/// Threads of a channel whose further replies one look asks for.
const MAX_MORE_REPLIES: usize = 20;
/// Versions that are remembered, and of each channel so many more: a page of its threads with their
/// replies. What is forgotten is new again, and each look would read all pages for it.
const MAX_SEEN: usize = 8_000;
const MAX_SEEN_EACH: usize = 700;
/// A channel's feed has 15 entries.
const FEED_ITEMS: usize = 50;
/// New videos reach the search late; and how far back the first search asks.
const SEARCH_LATE_HOURS: i64 = 3;
const FIRST_SEARCH_HOURS: i64 = 24;

/// The cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    pub quota: Quota,
    /// Which keyword query is next.
    turn: usize,
    /// When each was asked last, by its place in the list.
    searched: Vec<Option<Timestamp>>,
    /// Hashes of what was handed on, with its version; the newest first. No native ids: a cursor
    /// lies open in the store.
    seen: Vec<String>,
    /// Bodies that the hub has brought.
    pub position: u64,
}

impl Memory {
    /// A cursor of another shape is no memory: everything is handed on once more, which is harmless.
    pub fn read(cursor: Option<&Cursor>) -> Self {
        let read = cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok());
        read.unwrap_or_default()
    }

    pub fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }
}

/// One look, in parts: what each part brings is handed on before the next one is asked for, since a
/// look at many channels takes minutes.
pub struct Look<'a> {
    youtube: &'a Youtube,
    memory: Memory,
    known: HashSet<String>,
    /// What this look saw, known or not.
    seen: Vec<String>,
    events: Vec<Event>,
    /// Ids of videos that are still to be asked for, and what to remember once that is done.
    videos: Vec<(String, String)>,
    failure: Option<SourceError>,
}

impl<'a> Look<'a> {
    pub fn new(youtube: &'a Youtube, memory: Memory) -> Self {
        Self {
            youtube,
            known: memory.seen.iter().cloned().collect(),
            memory,
            seen: Vec::new(),
            events: Vec::new(),
            videos: Vec::new(),
            failure: None,
        }
    }

    /// What a channel brings.
    pub async fn channel(&mut self, channel: &str) -> Vec<Event> {
        let threads = self.threads(channel).await;
        self.note(threads);
        let uploads = self.uploads(channel).await;
        self.note(uploads);
        std::mem::take(&mut self.events)
    }

    /// What the search brings, if one is due, and the videos that were named until now.
    pub async fn videos(&mut self) -> Vec<Event> {
        let search = self.search().await;
        self.note(search);
        let videos = self.take_videos().await;
        self.note(videos);
        std::mem::take(&mut self.events)
    }

    /// What to remember, and the first failure.
    pub fn end(self) -> (Memory, Option<SourceError>) {
        let mut memory = self.memory;
        let before = std::mem::take(&mut memory.seen);
        let now: HashSet<&String> = self.seen.iter().collect();
        let older = before.into_iter().filter(|seen| !now.contains(seen));
        let older: Vec<String> = older.collect();
        memory.seen = self.seen.into_iter().chain(older).collect();
        let channels = self.youtube.config.channels.len();
        memory.seen.truncate(MAX_SEEN + MAX_SEEN_EACH * channels);
        memory.quota = self.youtube.quota(|quota| quota.clone());
        (memory, self.failure)
    }

    fn note(&mut self, result: Result<(), SourceError>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }

    /// The hash of this version if it is new. It is remembered when `seen` has it: after what
    /// follows from it has worked.
    fn news(&mut self, parts: &[&str]) -> Option<String> {
        let hash = hash(parts);
        if self.known.contains(&hash) {
            self.seen.push(hash);
            return None;
        }
        Some(hash).filter(|hash| !self.seen.contains(hash))
    }

    /// Hands on what is new; true where something was.
    fn hand_on(&mut self, item: Result<Item, Rejection>) -> bool {
        let item = match item {
            Ok(item) => item,
            Err(rejection) => {
                self.events.push(Event::Rejected(rejection));
                return false;
            }
        };
        let version = item.version().map(|at| at.to_string());
        let title = item.title.clone().unwrap_or_default();
        let parts = [
            &item.id,
            version.as_deref().unwrap_or_default(),
            &title,
            &item.text,
        ];
        let Some(hash) = self.news(&parts) else {
            return false;
        };
        self.seen.push(hash);
        self.events
            .push(Event::Change(Change::Upsert(Box::new(item))));
        true
    }

    /// The newest threads of a channel's videos, back to the first page that holds nothing new.
    async fn threads(&mut self, channel: &str) -> Result<(), SourceError> {
        let mut next: Option<String> = None;
        let mut more = Vec::new();
        for _ in 0..MAX_PAGES {
            let mut query = vec![
                ("part", "snippet,replies"),
                ("allThreadsRelatedToChannelId", channel),
                ("order", "time"),
                ("textFormat", "plainText"),
                ("maxResults", "100"),
            ];
            query.extend(next.as_deref().map(|next| ("pageToken", next)));
            let List {
                items,
                next_page_token,
            } = self.youtube.paid("commentThreads", &query).await?;
            let mut any_new = false;
            for item in items {
                match wire::thread(item) {
                    Err(rejection) => self.events.push(Event::Rejected(rejection)),
                    Ok(talk) => {
                        any_new |= self.talk(talk, &mut more);
                    }
                }
            }
            next = next_page_token;
            if next.is_none() || !any_new {
                break;
            }
        }
        more.truncate(MAX_MORE_REPLIES);
        for (parent, hash) in more {
            self.replies(&parent).await?;
            self.seen.push(hash);
        }
        Ok(())
    }

    fn talk(&mut self, talk: Talk, more: &mut Vec<(String, String)>) -> bool {
        let mut any_new = false;
        for comment in talk.comments {
            any_new |= self.hand_on(comment);
        }
        let replies = talk.replies.to_string();
        if !talk.is_whole
            && wire::is_sound(&talk.id)
            && let Some(hash) = self.news(&[&talk.id, "replies", &replies])
        {
            more.push((talk.id, hash));
            any_new = true;
        }
        any_new
    }

    /// The newest hundred replies of a thread.
    async fn replies(&mut self, parent: &str) -> Result<(), SourceError> {
        let query = [
            ("part", "snippet"),
            ("parentId", parent),
            ("textFormat", "plainText"),
            ("maxResults", "100"),
        ];
        for reply in self.youtube.paid("comments", &query).await?.items {
            self.hand_on(wire::comment(reply));
        }
        Ok(())
    }

    /// Videos that a channel's feed names for the first time, or with other words.
    async fn uploads(&mut self, channel: &str) -> Result<(), SourceError> {
        let mut url = self.youtube.feeds.clone();
        url.set_path("/feeds/videos.xml");
        url.query_pairs_mut().append_pair("channel_id", channel);
        let accept = "application/atom+xml, application/xml;q=0.9";
        let known = Validators::default();
        let Answer::Page(page) = self.youtube.client.get(&url, accept, &known).await? else {
            return Ok(());
        };
        self.named(&page.body, page.content_type.as_deref(), &page.url);
        Ok(())
    }

    /// What a body brings that the hub sent.
    pub async fn pushed(&mut self, body: &[u8]) -> Vec<Event> {
        let feeds = self.youtube.feeds.clone();
        self.named(body, None, &feeds);
        let videos = self.take_videos().await;
        self.note(videos);
        std::mem::take(&mut self.events)
    }

    fn named(&mut self, feed: &[u8], content_type: Option<&str>, url: &Url) {
        for item in feed_read::read(feed, content_type, Some(url), FEED_ITEMS) {
            let item = match item {
                Ok(item) => item,
                Err(rejection) => {
                    self.events.push(Event::Rejected(rejection));
                    continue;
                }
            };
            let id = item.url.as_deref().and_then(|url| self.youtube.id_of(url));
            let title = item.title.unwrap_or_default();
            if let Some(id) = id
                && let Some(hash) = self.news(&["feed", &id, &title, &item.text, &item.html])
            {
                self.videos.push((id, hash));
            }
        }
    }

    /// One keyword query, if a search is due.
    async fn search(&mut self) -> Result<(), SourceError> {
        let memory = &mut self.memory;
        let searches = &self.youtube.config.searches;
        let now = self.youtube.clock.now();
        let turn = memory.turn % searches.len().max(1);
        let Some(text) = searches.get(turn) else {
            return Ok(());
        };
        let allowed = self.youtube.allowed;
        if !self.youtube.quota(|quota| quota.take_search(allowed, now)) {
            return Ok(());
        }
        memory.searched.resize(searches.len(), None);
        let (at, hours) = match memory.searched[turn] {
            Some(last) => (last, SEARCH_LATE_HOURS),
            None => (now, FIRST_SEARCH_HOURS),
        };
        let after = at.saturating_sub(hours.hours()).unwrap_or(at);
        let after = after.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let query = [
            ("part", "snippet"),
            ("type", "video"),
            ("order", "date"),
            ("maxResults", "50"),
            ("q", text),
            ("publishedAfter", &after),
        ];
        // The next query has its turn whether this one works or not.
        memory.turn = turn + 1;
        let found = match self.youtube.list("search", &query).await {
            // That of the comments is not empty for it.
            Err(SourceError::Exhausted { .. }) => return Ok(()),
            found => found?,
        };
        memory.searched[turn] = Some(now);
        for id in found.items.iter().filter_map(wire::found) {
            if let Some(hash) = self.news(&["found", &id]) {
                self.videos.push((id, hash));
            }
        }
        Ok(())
    }

    async fn take_videos(&mut self) -> Result<(), SourceError> {
        let mut videos = std::mem::take(&mut self.videos);
        videos.sort();
        for videos in videos.chunks(MOST_AGAIN) {
            let mut ids: Vec<String> = videos.iter().map(|(id, _)| id.clone()).collect();
            ids.dedup();
            for video in self.youtube.videos(&ids).await? {
                self.hand_on(wire::video(video));
            }
            self.seen
                .extend(videos.iter().map(|(_, hash)| hash.clone()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::youtube::YoutubeConfig;

    #[test]
    fn what_stands_on_the_newest_pages_of_many_channels_is_remembered() {
        let config = YoutubeConfig {
            api_key_file: "key".into(),
            channels: (0..50).map(|n| format!("UC{n}")).collect(),
            ..YoutubeConfig::default()
        };
        let youtube = Youtube::new("youtube", &config).unwrap();
        let mut look = Look::new(&youtube, Memory::default());
        look.seen = (0..50 * 600).map(|n| format!("{n:016x}")).collect();
        let (memory, _) = look.end();
        assert_eq!(memory.seen.len(), 50 * 600);
    }
}
