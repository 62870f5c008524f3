//! What was posted while nobody listened, by recent search and by the mentions of our own accounts.
//!
//! Recent search reaches back seven days and costs as much a post as the stream. So catching up has a
//! bound of its own, and what lies beyond it is told as a gap.

use super::api::{Api, Ask};
use super::ledger::{Budget, Ledger};
use super::rules::Wanted;
use super::wire::{changes_of, number};
use super::{id_at, time_of_id};
use crate::clock::Clock;
use crate::collect::source::{Event, Gap, GapReason, SourceError};
use jiff::{Timestamp, ToSpan};

/// Recent search reaches back seven days; a few minutes less, for clocks differ.
const REACH_MINUTES: i64 = 7 * 24 * 60 - 10;
/// Requests of one catching up: X takes 450 in fifteen minutes.
const MAX_CALLS: usize = 100;
const OR: &str = " OR ";

/// The questions that bring what these rules would have brought: as many rules in one query as it
/// has room for.
pub fn asks(wanted: &Wanted, own_accounts: &[String], query_length: usize) -> Vec<Ask> {
    let mut queries: Vec<String> = Vec::new();
    for rule in wanted.rules.keys() {
        let rule = format!("({rule})");
        match queries.last_mut() {
            Some(query) if length(query) + OR.len() + length(&rule) <= query_length => {
                query.push_str(OR);
                query.push_str(&rule);
            }
            _ => queries.push(rule),
        }
    }
    let mentions = own_accounts.iter().cloned().map(Ask::Mentions);
    queries
        .into_iter()
        .map(Ask::Recent)
        .chain(mentions)
        .collect()
}

/// Characters as X may count them: two for what is not of the basic plane.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Bounds of one catching up.
pub struct Bounds {
    pub budget: Budget,
    pub max_posts: usize,
}

/// What catching up brought.
pub struct Caught {
    /// The oldest first.
    pub events: Vec<Event>,
    /// As counted with what it cost, whether it got to its end or not.
    pub ledger: Ledger,
    /// Why it did not.
    pub failure: Option<SourceError>,
}

/// Asks for everything behind the post `since`.
pub async fn catch_up(
    api: &Api,
    asks: &[Ask],
    since: u64,
    bounds: &Bounds,
    ledger: &Ledger,
    clock: &Clock,
) -> Caught {
    let now = clock.now();
    let reach = now.saturating_sub(REACH_MINUTES.minutes()).unwrap_or(now);
    let mut work = Work {
        bounds,
        clock,
        ledger: ledger.clone(),
        since: since.max(id_at(reach)),
        calls: 0,
        posts: 0,
        events: Vec::new(),
    };
    work.beyond(since, reach);
    let failure = work.all(api, asks).await.err();
    work.events.reverse();
    Caught {
        events: work.events,
        ledger: work.ledger,
        failure,
    }
}

struct Work<'a> {
    bounds: &'a Bounds,
    clock: &'a Clock,
    ledger: Ledger,
    since: u64,
    calls: usize,
    posts: usize,
    events: Vec<Event>,
}

impl Work<'_> {
    /// What search does not reach any more.
    fn beyond(&mut self, since: u64, reach: Timestamp) {
        if since < id_at(reach) {
            self.gap(time_of_id(since), reach, GapReason::CursorTooOld);
        }
    }

    fn gap(&mut self, from: Timestamp, to: Timestamp, reason: GapReason) {
        if from < to {
            self.events.push(Event::Gap(Gap { from, to, reason }));
        }
    }

    async fn all(&mut self, api: &Api, asks: &[Ask]) -> Result<(), SourceError> {
        let mut unread: Option<u64> = None;
        for ask in asks {
            if let Some(until) = self.one(api, ask).await? {
                unread = unread.max(Some(until));
            }
        }
        if let Some(until) = unread {
            let from = time_of_id(self.since);
            self.gap(from, time_of_id(until), GapReason::Budget);
        }
        Ok(())
    }

    /// Reads one question's answer, the newest posts first. Where it may not go on: the id of the
    /// oldest post that was read.
    async fn one(&mut self, api: &Api, ask: &Ask) -> Result<Option<u64>, SourceError> {
        let mut next: Option<String> = None;
        let mut oldest = id_at(self.clock.now());
        loop {
            if self.is_at_the_bound() {
                return Ok(Some(oldest));
            }
            self.calls += 1;
            let mut page = api.page(ask, self.since, next.as_deref()).await?;
            let (posts, users) = page.posts();
            let (budget, now) = (&self.bounds.budget, self.clock.now());
            self.ledger.count(posts.len(), users.len(), budget, now);
            self.posts += posts.len();
            let ids = posts.iter().filter_map(|post| number(&post.id));
            oldest = ids.min().unwrap_or(oldest).min(oldest);
            for post in posts {
                match changes_of(post, &users) {
                    Ok(changes) => {
                        let events = changes.into_iter().rev().map(Event::Change);
                        self.events.extend(events);
                    }
                    Err(rejection) => self.events.push(Event::Rejected(rejection)),
                }
            }
            next = page.meta.next_token;
            if next.is_none() {
                return Ok(None);
            }
        }
    }

    fn is_at_the_bound(&mut self) -> bool {
        let now = self.clock.now();
        self.calls >= MAX_CALLS
            || self.posts >= self.bounds.max_posts
            || self.ledger.closed(&self.bounds.budget, now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_share_a_query_as_far_as_it_has_room() {
        let rules = ["a", "bb", "ccc", "😀"].map(|rule| (rule.to_owned(), String::new()));
        let wanted = Wanted {
            rules: rules.into(),
            impossible: vec![],
        };
        let check = |length, expected: &[&str]| {
            let asks = asks(&wanted, &["7".to_owned()], length);
            let recent = expected.iter().map(|text| Ask::Recent((*text).to_owned()));
            let expected: Vec<Ask> = recent.chain([Ask::Mentions("7".to_owned())]).collect();
            assert_eq!(asks, expected);
        };
        check(99, &["(a) OR (bb) OR (ccc) OR (😀)"]);
        check(11, &["(a) OR (bb)", "(ccc)", "(😀)"]);
        check(13, &["(a) OR (bb)", "(ccc) OR (😀)"]);
        check(3, &["(a)", "(bb)", "(ccc)", "(😀)"]);
    }
}
