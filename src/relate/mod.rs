//! Stories: near-copies of one text, and bare shares of one article, are put together. Pure.
//!
//! A new mention is compared with those that arrived in the last days and are still here, by the
//! canonical form of its words (`canon`), a sketch of its letters (`sketch`) and tables that find
//! similar sketches without looking at all of them (`buckets`). Who is near to whom does not depend
//! on the order of arrival; two stories that turn out to be one become one, and the larger keeps
//! its name. A deletion takes a mention out and leaves the rest together: what editors saw as one
//! does not fall apart because somebody took a post back. An edited mention is placed anew.
//!
//! What is kept here is derived from the store and is the same after a restart: the story of each
//! mention stands in its row, and sketches are made again.
//!
//! Short texts say too little to be copies of each other: below [`MIN_WORDS`] words only the same
//! linked article joins them. Replies are statements of their own and are never joined for being
//! replies.

mod buckets;
mod canon;
pub mod claims;
pub mod compare;
mod config;
mod gathered;
mod known;
mod ranking;
mod repeats;
pub mod rumour;
mod sign;
mod sketch;
mod story;
mod weighing;

pub use config::Config;
pub use known::Known;
pub use ranking::DAYS as RANKING_DAYS;
pub use sign::Sign;

use crate::model::{Kind, Labels, Mention, Placement};
use crate::privacy::MentionKey;
use crate::text::{Tokens, hash};
use buckets::Buckets;
use canon::canonical;
use gathered::Gathered;
use jiff::Timestamp;
use ranking::Ranking;
use repeats::{Content, Repeats};
use rustc_hash::FxHashMap;
use sketch::Sketch;
use std::collections::BTreeSet;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;

/// Texts with fewer words are not compared.
pub const MIN_WORDS: usize = 8;

/// What of a mention is compared.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    pub key: MentionKey,
    pub kind: Kind,
    pub published: Timestamp,
    /// The time that orders two versions.
    pub version: Timestamp,
    pub collected: Timestamp,
    pub title: &'a str,
    pub text: &'a str,
    pub url: Option<&'a str>,
    pub links: &'a [String],
    pub sign: Sign,
    /// How probably it repeats an entry of the register, 0 to 1.
    pub known: f32,
}

impl<'a> Told<'a> {
    pub fn new(mention: &'a Mention, labels: &Labels, known: f32) -> Self {
        Self {
            key: mention.key,
            kind: mention.kind,
            published: mention.published,
            version: mention.edited.unwrap_or(mention.published),
            collected: mention.collected,
            title: &mention.title,
            text: &mention.text,
            url: mention.url.as_deref(),
            links: &mention.links,
            sign: Sign::of(mention, labels),
            known,
        }
    }
}

/// The stories of the last days.
pub struct Stories {
    window_ms: i64,
    max_members: usize,
    /// Number of the next story.
    next: i64,
    members: Vec<Option<Member>>,
    free: Vec<u32>,
    by_key: FxHashMap<MentionKey, u32>,
    /// The first to arrive is the first to go.
    by_arrival: BTreeSet<(i64, u32)>,
    gathered: Gathered,
    repeats: Repeats,
    /// Members that came so far.
    came: u64,
    /// Those that answer a mention, by that mention.
    answers: FxHashMap<MentionKey, Vec<u32>>,
    ranking: Ranking,
    /// The latest mention of an article, by the article's address.
    by_address: FxHashMap<u64, u32>,
    addresses: RandomState,
    buckets: Buckets,
    tokens: Tokens,
    newest_ms: i64,
    merged: u64,
}

/// A mention that others are compared with.
struct Member {
    key: MentionKey,
    story: i64,
    /// Its place in the order of arrival.
    order: u64,
    published_ms: i64,
    version_ms: i64,
    collected_ms: i64,
    features: Features,
    sign: Sign,
    known: f32,
    /// Of its words, equal for copies.
    words: u64,
    content: Content,
}

/// What is read of a mention's words.
struct Read {
    words: u64,
    content: Content,
    features: Features,
}

/// What a mention is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Features {
    sketch: Option<Sketch>,
    /// Of the article that it is, or (short texts) that it shares.
    address: Option<u64>,
}

impl Features {
    fn is_empty(&self) -> bool {
        self.sketch.is_none() && self.address.is_none()
    }
}

impl Stories {
    /// No stories yet; the first new one gets the number `next`.
    pub fn new(config: &Config, next: i64) -> Self {
        Self {
            window_ms: i64::from(config.window_hours) * 3_600_000,
            max_members: config.max_members as usize,
            next,
            members: Vec::new(),
            free: Vec::new(),
            by_key: FxHashMap::default(),
            by_arrival: BTreeSet::new(),
            gathered: Gathered::default(),
            repeats: Repeats::new(),
            came: 0,
            answers: FxHashMap::default(),
            ranking: config.ranking(),
            by_address: FxHashMap::default(),
            addresses: RandomState::new(),
            buckets: Buckets::default(),
            tokens: Tokens::default(),
            newest_ms: i64::MIN,
            merged: 0,
        }
    }

    /// Mentions that new ones are compared with.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// Stories that turned out to be another one, since this was asked last.
    pub fn take_merged(&mut self) -> u64 {
        std::mem::take(&mut self.merged)
    }

    /// A story for what is nobody's copy. Its number comes from here, as all numbers do.
    pub fn alone(&mut self) -> Placement {
        Placement::alone(self.fresh())
    }

    /// Puts a mention, or the newer version of one, into a story, and weighs what it changed.
    pub fn place(&mut self, told: &Told<'_>) -> Placement {
        let read = self.read(told);
        let mut before = None;
        if let Some(&slot) = self.by_key.get(&told.key)
            && let Some(member) = self.member(slot)
        {
            let older = told.version.as_millisecond() < member.version_ms;
            if older || member.words == read.words && member.features == read.features {
                return Placement::alone(member.story);
            }
            before = Some((member.story, member.collected_ms));
            self.take_out(slot);
        }
        let near = self.near(told, &read);
        let own = before.map(|(story, _)| story);
        let mut placement = self.choose(near, own);
        let members = self.gathered.len(placement.story);
        for absorbed in &placement.absorbed {
            self.absorb(placement.story, *absorbed);
        }
        let collected_ms = before.map_or(told.collected.as_millisecond(), |(_, at)| at);
        let joined = self.gathered.len(placement.story) - members;
        let words = read.words;
        self.put(told, collected_ms, read, placement.story);
        self.let_go();
        let (about, answers) = self.asked_of(told).unwrap_or((placement.story, 0));
        let size = self.gathered.len(about) + answers;
        if weighing::is_due(size, joined, (words, told.published)) {
            placement.weighed = self.weigh_now(about, told.collected);
        }
        Placement { about, ..placement }
    }

    /// Takes a mention as the store has it, in the order in which they came.
    pub fn restore(&mut self, told: &Told<'_>, story: i64) {
        let read = self.read(told);
        self.put(told, told.collected.as_millisecond(), read, story);
        self.next = self.next.max(story + 1);
        self.let_go();
    }

    /// A mention is gone; the others of its story stay together.
    pub fn forget(&mut self, key: &MentionKey) {
        if let Some(&slot) = self.by_key.get(key) {
            self.take_out(slot);
        }
    }

    fn read(&mut self, told: &Told<'_>) -> Read {
        let (letters, words) = canonical(told.title, told.text, &mut self.tokens);
        let sketch = (words >= MIN_WORDS).then(|| Sketch::of(&letters)).flatten();
        let shared = match (told.kind, &sketch) {
            (Kind::Article | Kind::Video, _) => told.url,
            // A few words beside an address point at what is there.
            (_, None) => told.links.first().map(String::as_str),
            (_, Some(_)) => None,
        };
        let address = shared.map(|url| self.addresses.hash_one(crate::text::address(url)));
        Read {
            words: hash(&letters),
            content: match told.sign.reply_to {
                None => self
                    .repeats
                    .content([told.title, told.text], &mut self.tokens),
                // An answer is a statement of its own.
                Some(_) => Content::default(),
            },
            features: Features { sketch, address },
        }
    }

    /// The stories that a mention belongs to.
    fn near(&self, told: &Told<'_>, read: &Read) -> Vec<i64> {
        let features = &read.features;
        let mut stories = Vec::new();
        let published_ms = told.published.as_millisecond();
        let in_time = |member: &Member| {
            member.published_ms.abs_diff(published_ms) <= self.window_ms.unsigned_abs()
        };
        if let Some(sketch) = &features.sketch {
            for slot in self.buckets.candidates(sketch) {
                let Some(member) = self.member(slot) else {
                    continue;
                };
                let alike = || {
                    let other = member.features.sketch.as_ref();
                    other.is_some_and(|other| other.is_near(sketch))
                };
                if !stories.contains(&member.story) && in_time(member) && alike() {
                    stories.push(member.story);
                }
            }
        }
        let sharing = features.address.and_then(|url| self.by_address.get(&url));
        if let Some(member) = sharing.and_then(|slot| self.member(*slot))
            && in_time(member)
            && !stories.contains(&member.story)
        {
            stories.push(member.story);
        }
        if stories.is_empty() {
            // No copy of anything; it may say in other words what was said.
            let begins = |story: i64| self.gathered.head(story).and_then(|slot| self.member(slot));
            let in_time = |story: i64| begins(story).is_some_and(in_time);
            stories.extend(self.repeats.nearest(&read.content, in_time));
        }
        stories
    }

    /// The largest story takes the others in; of equal ones the oldest.
    fn choose(&mut self, mut near: Vec<i64>, own: Option<i64>) -> Placement {
        let live = |story: i64| self.gathered.len(story);
        if near.is_empty() {
            return match own {
                Some(own) if live(own) == 0 => Placement::alone(own),
                _ => Placement::alone(self.fresh()),
            };
        }
        near.sort_unstable_by_key(|story| (std::cmp::Reverse(live(*story)), *story));
        let story = near.remove(0);
        near.sort_unstable();
        Placement {
            absorbed: near,
            ..Placement::alone(story)
        }
    }

    fn fresh(&mut self) -> i64 {
        self.next += 1;
        self.next - 1
    }

    fn absorb(&mut self, story: i64, absorbed: i64) {
        self.merged += 1;
        self.ranking.forget(absorbed);
        for slot in self.gathered.merge(story, absorbed) {
            if let Some(Some(member)) = self.members.get_mut(slot as usize) {
                member.story = story;
            }
        }
        self.begin(absorbed);
        self.begin(story);
    }

    /// Says by whom a story begins, after somebody came or went.
    fn begin(&mut self, story: i64) {
        let head = self.gathered.head(story);
        let head = head.and_then(|slot| self.members.get(slot as usize)?.as_ref());
        self.repeats.head(story, head.map(|member| &member.content));
    }

    fn put(&mut self, told: &Told<'_>, collected_ms: i64, read: Read, story: i64) {
        let Read {
            words,
            content,
            features,
        } = read;
        if features.is_empty() && content.is_empty() && told.sign.reply_to.is_none() {
            return;
        }
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.members.push(None);
                index(self.members.len() - 1)
            }
        };
        if let Some(sketch) = &features.sketch {
            self.buckets.insert(slot, sketch);
        }
        if let Some(address) = features.address {
            self.by_address.insert(address, slot);
        }
        if let Some(parent) = told.sign.reply_to {
            self.answers.entry(parent).or_default().push(slot);
        }
        self.came += 1;
        self.gathered.add(story, self.came, slot);
        self.repeats.count(&content, true);
        self.by_key.insert(told.key, slot);
        self.by_arrival.insert((collected_ms, slot));
        self.newest_ms = self.newest_ms.max(collected_ms);
        self.members[slot as usize] = Some(Member {
            key: told.key,
            story,
            order: self.came,
            published_ms: told.published.as_millisecond(),
            version_ms: told.version.as_millisecond(),
            collected_ms,
            features,
            sign: told.sign,
            known: told.known,
            words,
            content,
        });
        self.begin(story);
    }

    fn take_out(&mut self, slot: u32) {
        let Some(member) = self.members.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        if let Some(sketch) = &member.features.sketch {
            self.buckets.remove(slot, sketch);
        }
        if let Some(address) = member.features.address
            && let Entry::Occupied(latest) = self.by_address.entry(address)
            && *latest.get() == slot
        {
            latest.remove();
        }
        if let Some(parent) = member.sign.reply_to
            && let Entry::Occupied(mut answers) = self.answers.entry(parent)
        {
            answers.get_mut().retain(|answer| *answer != slot);
            if answers.get().is_empty() {
                answers.remove();
            }
        }
        self.by_key.remove(&member.key);
        self.by_arrival.remove(&(member.collected_ms, slot));
        self.gathered.leave(member.story, member.order, slot);
        self.repeats.count(&member.content, false);
        self.begin(member.story);
        self.free.push(slot);
    }

    /// Who arrived too long ago, or is one too many, is not compared any more.
    fn let_go(&mut self) {
        let oldest = self.newest_ms.saturating_sub(self.window_ms);
        while let Some(&(collected_ms, slot)) = self.by_arrival.first()
            && (collected_ms < oldest || self.by_arrival.len() > self.max_members)
        {
            self.take_out(slot);
        }
    }

    fn member(&self, slot: u32) -> Option<&Member> {
        self.members.get(slot as usize).and_then(Option::as_ref)
    }
}

impl Default for Stories {
    fn default() -> Self {
        Self::new(&Config::default(), 1)
    }
}

/// Members are counted in 32 bits; there are never so many.
fn index(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
