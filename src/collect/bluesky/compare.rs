//! A second host, to compare with: a live socket is no proof that a host tells everything.
//!
//! Of every window of ten minutes, a sixteenth of the posts that the other host told is compared with
//! what this one told in that window or beside it: the same post has other times on other hosts. A
//! window is compared two minutes after its end, and only where both were heard from before its
//! beginning to its end: a source that catches up is late, which is told elsewhere, and not blind.
//! What a deletion takes out of a replay is no difference that matters: the share does.

use super::wire::{self, Said};
use super::{Bluesky, Decoder};
use crate::collect::source::Compared;
use crate::collect::websocket::Frame;
use crate::model::Change;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use url::Url;

/// Length of a window, in seconds.
const WINDOW_SECS: i64 = 600;
/// How late a host may be.
const LATE_SECS: i64 = 120;
/// One of so many posts is compared.
const SAMPLE: u64 = 16;
/// Posts of one window that are remembered; ten times what the network has.
const MAX_POSTS: usize = 40_000;
/// Silence after which the other host is taken for gone.
const IDLE: Duration = Duration::from_secs(60);
/// Pause before the other host is asked again. It is not what the house listens to, so the
/// supervisor does not hear of it.
const PAUSE: Duration = Duration::from_secs(60);

/// What one host told, by window.
#[derive(Debug, Default)]
struct Heard {
    /// When its first and its latest event happened.
    first: Option<i64>,
    latest: i64,
    windows: BTreeMap<i64, HashSet<u64>>,
}

impl Heard {
    /// Notes the posts of a frame; true where it was one with a time.
    fn note(&mut self, said: &Said) {
        let Said::Event { time, changes, .. } = said else {
            return;
        };
        let at = time.as_second();
        self.first.get_or_insert(at);
        self.latest = self.latest.max(at);
        let posts = self.windows.entry(at.div_euclid(WINDOW_SECS)).or_default();
        for change in changes {
            if let Change::Upsert(item) = change
                && let Some(mark) = mark(&item.id)
                && posts.len() < MAX_POSTS
            {
                posts.insert(mark);
            }
        }
        // Two windows back is as far as one is compared.
        let oldest = self.latest.div_euclid(WINDOW_SECS) - 3;
        self.windows = self.windows.split_off(&oldest);
    }

    /// Heard from before the beginning of a window to its end.
    fn covers(&self, window: i64) -> bool {
        let begin = window * WINDOW_SECS;
        self.first.is_some_and(|first| first <= begin) && self.latest >= begin + WINDOW_SECS
    }

    fn has(&self, window: i64, mark: u64) -> bool {
        let beside = [window - 1, window, window + 1];
        let posts = beside.iter().filter_map(|window| self.windows.get(window));
        posts.into_iter().any(|posts| posts.contains(&mark))
    }
}

/// The number of a post that is in the sample.
fn mark(id: &str) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let mark = hasher.finish();
    mark.is_multiple_of(SAMPLE).then_some(mark)
}

/// Both hosts, side by side.
#[derive(Debug, Default)]
struct Sides {
    ours: Heard,
    theirs: Heard,
    /// The window that was compared last.
    compared: Option<i64>,
}

impl Sides {
    /// Compares the window that is over, where there is one and both sides know it.
    fn compare(&mut self) -> Option<Compared> {
        let window = (self.theirs.latest - LATE_SECS).div_euclid(WINDOW_SECS) - 1;
        if self.compared.is_some_and(|last| window <= last) {
            return None;
        }
        self.compared = Some(window);
        if !self.theirs.covers(window) || !self.ours.covers(window) {
            return None;
        }
        let mut compared = Compared::default();
        for mark in self.theirs.windows.get(&window)? {
            match self.ours.has(window, *mark) {
                true => compared.seen += 1,
                false => compared.missed += 1,
            }
        }
        Some(compared)
    }
}

/// Listens to another host beside the stream of an opening.
pub struct Comparing {
    sides: Sides,
    theirs: BoxStream<'static, Said>,
}

impl Comparing {
    pub fn new(source: Bluesky, url: Url) -> Self {
        Self {
            sides: Sides::default(),
            theirs: listen(source, url),
        }
    }

    /// Notes what the host of the stream told.
    pub fn heard(&mut self, said: &Said) {
        self.sides.ours.note(said);
    }
}

/// The next comparison; never, where there is nothing to compare with.
pub async fn next_compared(comparing: &mut Option<Comparing>) -> Compared {
    let Some(comparing) = comparing else {
        return std::future::pending().await;
    };
    while let Some(said) = comparing.theirs.next().await {
        comparing.sides.theirs.note(&said);
        if let Some(compared) = comparing.sides.compare() {
            return compared;
        }
    }
    std::future::pending().await
}

/// What the other host tells, live, from whatever connection it takes.
fn listen(source: Bluesky, url: Url) -> BoxStream<'static, Said> {
    Box::pin(async_stream::stream! {
        loop {
            let began = Instant::now();
            if let Ok(mut decoder) = Decoder::new(&source.config, &url).await
                && let Ok(mut frames) = source.connect(&url, None, decoder.id()).await
            {
                while let Ok(Some(Ok(frame))) = timeout(IDLE, frames.next()).await {
                    if let Some(said) = read(&mut decoder, frame) {
                        yield said;
                    }
                }
            }
            tokio::time::sleep_until(began + PAUSE).await;
        }
    })
}

fn read(decoder: &mut Decoder, frame: Frame) -> Option<Said> {
    let text = decoder.decode(frame).ok()?;
    wire::adapt(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Item, Kind};
    use jiff::Timestamp;

    fn post(second: i64, number: u32) -> Said {
        let item = Item::new("bluesky", format!("at://{number}"), Kind::Post);
        Said::Event {
            position: 1,
            time: Timestamp::from_second(second).unwrap(),
            changes: vec![Change::Upsert(Box::new(item))],
        }
    }

    /// An hour of a post a second, of which the second host lags; `kept` says what the first tells.
    fn hour(kept: impl Fn(u32) -> bool) -> (u64, u64) {
        let begin = 1_795_161_600;
        let mut sides = Sides::default();
        let (mut seen, mut missed) = (0, 0);
        for number in 0..3600 {
            let second = begin + i64::from(number);
            if kept(number) {
                sides.ours.note(&post(second, number));
            }
            sides.theirs.note(&post(second + 20, number));
            if let Some(compared) = sides.compare() {
                seen += compared.seen;
                missed += compared.missed;
            }
            assert!(sides.ours.windows.len() < 6 && sides.theirs.windows.len() < 6);
        }
        (seen, missed)
    }

    #[test]
    fn hosts_that_tell_the_same_agree() {
        let (seen, missed) = hour(|_| true);
        assert!(seen > 80 && missed == 0, "{seen} {missed}");
    }

    #[test]
    fn what_one_host_leaves_out_is_missed() {
        let (seen, missed) = hour(|number| number % 4 != 0);
        assert!((seen / 6..seen / 2).contains(&missed), "{seen} {missed}");
    }

    #[test]
    fn a_source_that_catches_up_is_late_and_not_blind() {
        let mut sides = Sides::default();
        for number in 0..3600 {
            let second = 1_795_161_600 + i64::from(number);
            // It replays yesterday.
            sides.ours.note(&post(second - 86_400, number));
            sides.theirs.note(&post(second, number));
            assert_eq!(sides.compare(), None);
        }
    }
}
