//! One look at an account: its own posts, what is written below them, and where others name it.
//!
//! What was read is handed on even where the look ends early. Meta tells no deletion in its lists, so
//! what was listed before and is not any more is asked for by its id; only where that is gone as well
//! is it deleted. The ids are kept in memory alone, since a native id is personal data: what is deleted
//! while the house does not run is found by a push or not at all.

use super::graph::{Ask, Fault, Graph, Page};
use super::wire::{Named, node};
use super::{Network, Watching, facebook, threads};
use crate::collect::http::Validators;
use crate::collect::polled::{List, Look, Memory};
use crate::collect::source::{Collected, Event, Rejection, SourceError};
use crate::model::{Change, Deletion, Item};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Items that one look hands on.
const MAX_ITEMS: usize = 5_000;
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
}

impl Looker {
    pub fn new(graph: Graph, network: Network, watching: Watching) -> Self {
        Self {
            graph,
            network,
            watching,
            known: Arc::default(),
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
        let searches = threads::searches(queries, *every, since, now);
        let others = others.into_iter().chain(searches);
        lists.extend(others.map(|ask| Open::new(ask, Role::Others)));
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
                Role::Others => {}
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
        if self.items.len() < MAX_ITEMS {
            self.items.push(item);
        }
    }
}
