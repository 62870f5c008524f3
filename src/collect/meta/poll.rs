//! One look at an account: its own posts, what is written below them, and where others name it.
//!
//! What was read is handed on even where the look ends early. Meta tells no deletion in its lists, so
//! what was listed before and is not any more is asked for by its id; only where that is gone as well
//! is it deleted. The ids are kept in memory alone, since a native id is personal data: what is deleted
//! while the house does not run is found by a push or not at all.

use super::graph::{Ask, Fault, Graph, Page};
use super::wire::{Named, node};
use super::{Network, Watching, facebook, letters, threads};
use crate::collect::http::Validators;
use crate::collect::polled::{List, Look, Memory};
use crate::collect::source::{Collected, Event, RejectReason, Rejection, SourceError};
use crate::model::{Change, Deletion, Item};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Items of one look, known or not; that there are more is told.
const MAX_ITEMS: usize = 20_000;
/// Ids that one look asks for because they are no longer listed.
const MAX_CONFIRMED: usize = 20;
/// Ids that are known at one time.
const MAX_KNOWN: usize = 20_000;

/// A list that is still to be read, from `after` on.
struct Open {
    ask: Ask,
    role: Role,
    after: Option<String>,
    pages_read: usize,
}

#[derive(Clone)]
enum Role {
    Own,
    /// What is written below this post.
    Answers(String),
    Others,
    /// Conversations, and since when their messages are of interest.
    Letters(Timestamp),
}

impl Open {
    fn new(ask: Ask, role: Role) -> Self {
        Self {
            ask,
            role,
            after: None,
            pages_read: 0,
        }
    }
}

/// Posts, each with the ids of what is written below it.
type Ids = BTreeMap<String, BTreeSet<String>>;

/// What a look has seen so far.
#[derive(Default)]
struct Seen {
    items: Vec<Result<Item, Rejection>>,
    listed: Ids,
    /// Posts of which everything below was read.
    whole: BTreeSet<String>,
    own_is_whole: bool,
}

/// What looks at one account. Clones share what they know.
#[derive(Clone)]
pub struct Looker {
    pub graph: Graph,
    pub network: Network,
    pub watching: Watching,
    known: Arc<Mutex<Ids>>,
    /// Looks until now.
    looks: Arc<AtomicUsize>,
}

impl Looker {
    pub fn new(graph: Graph, network: Network, watching: Watching) -> Self {
        Self {
            graph,
            network,
            watching,
            known: Arc::default(),
            looks: Arc::default(),
        }
    }

    /// Looks once.
    pub fn look(
        self,
        memory: Memory,
        now: Timestamp,
    ) -> BoxStream<'static, Result<Collected, SourceError>> {
        Box::pin(async_stream::try_stream! {
            let mut seen = Seen::default();
            let mut end: Option<SourceError> = None;
            let mut lists = self.lists(now);
            while let Some(list) = lists.pop_front() {
                match self.graph.page(&list.ask, list.after.as_deref()).await {
                    Ok(page) => {
                        // Many lists take minutes, and Meta is there.
                        yield Collected::now(Event::Nothing, None);
                        if let Some(rest) = page.rest {
                            end = Some(SourceError::RateLimited { retry_after: Some(rest) });
                        }
                        seen.take(&self, list, page, &mut lists);
                    }
                    // Deleted since it was listed a moment ago.
                    Err(Fault::Gone) if matches!(list.role, Role::Answers(_)) => {}
                    Err(fault) => end = Some(fault.into()),
                }
                if end.is_some() {
                    break;
                }
            }
            if end.is_none() {
                for id in self.missing(&seen) {
                    let gone = match self.graph.ask(&Ask::new(id.clone(), "id")).await {
                        Err(Fault::Gone) => self.forget(&id),
                        Ok(_) => {
                            self.forget(&id);
                            Vec::new()
                        }
                        Err(fault) => {
                            end = Some(fault.into());
                            break;
                        }
                    };
                    for id in gone {
                        yield Collected::now(Event::Change(self.deletion(id, now)), None);
                    }
                }
            }
            self.remember(&seen);
            let list = List {
                items: seen.items,
                gone: Vec::new(),
                address: self.watching.account.clone(),
                validators: Validators::default(),
                cut: None,
                remember: 2 * MAX_ITEMS,
            };
            let mut steps = Look::new(memory, list, now).stream(None, true);
            while let Some(step) = steps.next().await {
                yield step?;
            }
            if let Some(end) = end {
                Err(end)?;
            }
        })
    }

    fn lists(&self, now: Timestamp) -> VecDeque<Open> {
        let Watching {
            account,
            window,
            mentions,
            inbox,
            queries,
            every,
            ..
        } = &self.watching;
        let since = now.saturating_sub(*window).unwrap_or(now);
        let own = self.network.own(account, since);
        let mut lists = VecDeque::from([Open::new(own, Role::Own)]);
        let others = match mentions {
            true => self.network.others(account, since),
            false => Vec::new(),
        };
        let look = self.looks.fetch_add(1, Ordering::Relaxed);
        let searches = threads::searches(queries, *every, since, look);
        let others = others.into_iter().chain(searches);
        lists.extend(others.map(|ask| Open::new(ask, Role::Others)));
        let letters = inbox.iter().map(|inbox| letters::ask(self.network, inbox));
        lists.extend(letters.map(|ask| Open::new(ask, Role::Letters(since))));
        lists
    }

    /// Ids that were listed and are not any more.
    fn missing(&self, seen: &Seen) -> Vec<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut missing = Vec::new();
        for (post, ids) in known.iter() {
            match seen.listed.get(post) {
                Some(listed) if seen.whole.contains(post) => {
                    missing.extend(ids.difference(listed).cloned());
                }
                None if seen.own_is_whole => missing.push(post.clone()),
                _ => {}
            }
        }
        missing.truncate(MAX_CONFIRMED);
        missing
    }

    /// Everything that goes with an id: a post goes with what was written below it.
    fn forget(&self, id: &str) -> Vec<String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let below = known.remove(id).unwrap_or_default();
        for ids in known.values_mut() {
            ids.remove(id);
        }
        std::iter::once(id.to_owned()).chain(below).collect()
    }

    fn remember(&self, seen: &Seen) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (post, ids) in &seen.listed {
            known
                .entry(post.clone())
                .or_default()
                .extend(ids.iter().cloned());
        }
        // Ids grow, so the first are the oldest.
        while known.values().map(|ids| ids.len() + 1).sum::<usize>() > MAX_KNOWN {
            known.pop_first();
        }
    }

    fn deletion(&self, id: String, now: Timestamp) -> Change {
        Change::Delete(Deletion {
            platform: self.network.platform().to_owned(),
            id,
            at: Some(now),
        })
    }
}

impl Seen {
    /// Reads a page of a list, and opens what it leads to.
    fn take(&mut self, looker: &Looker, mut list: Open, page: Page, lists: &mut VecDeque<Open>) {
        for value in page.nodes {
            match &list.role {
                Role::Own => self.own(looker, value, lists),
                Role::Answers(post) => {
                    for item in looker.network.answer(value, Some(post)) {
                        if let Ok(Some(item)) = &item {
                            let listed = self.listed.entry(post.clone()).or_default();
                            listed.insert(item.id.clone());
                        }
                        self.push(looker, item);
                    }
                }
                Role::Others => {
                    for item in looker.network.answer(value, None) {
                        self.push(looker, item);
                    }
                }
                Role::Letters(since) => {
                    let Watching { account, inbox, .. } = &looker.watching;
                    let ours = [account.as_str(), inbox.as_deref().unwrap_or(account)];
                    for item in letters::waiting(looker.network, value, &ours, *since) {
                        self.push(looker, item);
                    }
                }
            }
        }
        list.pages_read += 1;
        match page.after {
            Some(after) if list.pages_read < list.ask.pages => {
                list.after = Some(after);
                lists.push_front(list);
            }
            _ if page.is_last => match list.role {
                Role::Own => self.own_is_whole = self.listed.len() < looker.watching.max_posts,
                Role::Answers(post) => {
                    self.whole.insert(post);
                }
                Role::Others | Role::Letters(_) => {}
            },
            _ => {}
        }
    }

    /// One post in the account's own list: on a page also a visitor's.
    fn own(&mut self, looker: &Looker, value: Value, lists: &mut VecDeque<Open>) {
        let post = Named::checked(node(value.clone()).ok());
        let has_room = self.listed.len() < looker.watching.max_posts;
        let is_new = |post: &String| has_room && !self.listed.contains_key(post);
        if let Some(post) = post.filter(is_new) {
            let ask = looker.network.answers(&post);
            lists.push_back(Open::new(ask, Role::Answers(post.clone())));
            self.listed.entry(post).or_default();
        }
        if looker.network == Network::Facebook {
            self.push(looker, facebook::adapt(value, None));
        }
    }

    /// Keeps what others say.
    fn push(&mut self, looker: &Looker, item: Result<Option<Item>, Rejection>) {
        let account = looker.watching.account.as_str();
        let is_own = |item: &Item| item.author.as_ref().is_some_and(|a| a.id == account);
        let item = match item {
            Ok(Some(item)) if !is_own(&item) => Ok(item),
            Ok(_) => return,
            Err(rejection) => Err(rejection),
        };
        match self.items.len() {
            0..MAX_ITEMS => self.items.push(item),
            MAX_ITEMS => {
                let why = format!("more than {MAX_ITEMS} items: set `max_posts` lower");
                let why = Rejection::new(RejectReason::TooLarge, why);
                self.items.push(Err(why));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::http::Limits;
    use crate::model::Kind;
    use jiff::SignedDuration;
    use std::time::Duration;
    use url::Url;

    fn looker(network: Network, queries: Vec<String>) -> Looker {
        let base = Url::parse("https://graph.facebook.com/v26.0/").unwrap();
        let limits = Limits::default();
        let graph = Graph::new(base, "token".into(), None, &[], "", limits).unwrap();
        let watching = Watching {
            account: "1".to_owned(),
            every: Duration::from_secs(300),
            window: SignedDuration::from_hours(24),
            max_posts: 1,
            mentions: false,
            inbox: None,
            queries,
        };
        Looker::new(graph, network, watching)
    }

    #[test]
    fn looks_that_take_as_long_as_their_pause_leave_no_query_out() {
        let queries = (0..12).map(|n| format!("wort{n}")).collect();
        let looker = looker(Network::Threads, queries);
        let mut asked = BTreeSet::new();
        for look in 0..2 {
            let now = Timestamp::from_second(1_790_000_000 + look * 600).unwrap();
            for open in looker.lists(now) {
                let query = open.ask.query.into_iter().find(|(name, _)| *name == "q");
                asked.extend(query);
            }
        }
        assert_eq!(asked.len(), 12);
    }

    #[test]
    fn that_there_is_more_than_one_look_takes_is_told() {
        let looker = looker(Network::Facebook, Vec::new());
        let mut seen = Seen::default();
        for number in 0..MAX_ITEMS + 10 {
            let item = Item::new("facebook", number.to_string(), Kind::Comment);
            seen.push(&looker, Ok(Some(item)));
        }
        assert_eq!(seen.items.len(), MAX_ITEMS + 1);
        let told = seen.items.last().unwrap().as_ref().unwrap_err();
        assert_eq!(told.reason, RejectReason::TooLarge);
    }
}
