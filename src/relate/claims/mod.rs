//! The register of claims: which known claim a mention repeats, if any. Pure.
//!
//! The office keeps false claims that it has answered; fact checks come in with theirs. A mention is
//! compared passage by passage. Three lists say which entries come into question: by the stems of
//! words (BM25), by letters in a row (cosine), and by how much of the claim's letters the passage
//! holds; a logistic regression then weighs what both share ([`features`]). Its weights come from a
//! seed of ours; editors' answers move them ([`Reranker::learned`]).
//!
//! A register of a dozen claims says little of how common a word is, and against which others a claim
//! has to stand out: texts of everyday kind (`everyday.txt`) are compared with them and never found.
//!
//! What is found depends on the entries alone, not on the order in which they came. Work and memory
//! are bounded: of an entry its first words count, of a mention its first passages.

mod features;
mod index;
mod passages;
mod rerank;
pub mod seed;
mod words;

use crate::model::ClaimId;
pub use features::{FEATURES, Features, N};
use features::{Room, Wording};
use index::{Held, Index};
use passages::{Masses, Sums};
pub use rerank::Reranker;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use words::{Reading, Vocabulary};

/// Mentions with fewer words are never confirmed: short texts match everything.
pub const MIN_WORDS: usize = 8;
/// Claims that are named for one mention.
pub const MOST: usize = 5;
/// Features that are named as reasons.
const REASONS: usize = 4;

/// `[relate.claims]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// A claim is suggested to editors from this probability on.
    pub suggest_percent: u8,
    /// It counts as found without an editor from this probability on.
    pub confirm_percent: u8,
    /// Entries that are compared at most; each takes about two kilobytes.
    pub max_claims: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            suggest_percent: 30,
            confirm_percent: 70,
            max_claims: 50_000,
        }
    }
}

/// A claim to be found.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub claim: &'a str,
    /// Its title and other wordings; may be empty.
    pub more: &'a str,
}

/// How sure a match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// For an editor to say.
    Suggested,
    Confirmed,
}

/// A claim that a mention seems to repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub id: ClaimId,
    /// 0 to 1.
    pub probability: f32,
    pub grade: Grade,
    /// The features that weighed most, as place in [`FEATURES`] and what each added.
    pub weighed: Vec<(usize, f32)>,
    /// The words that both share, as the mention writes them.
    pub words: Vec<Shared>,
    pub features: Features,
}

/// A word of the mention that the claim has too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    /// In the title, else in the text.
    pub in_title: bool,
    /// Byte range there.
    pub start: u32,
    pub end: u32,
}

/// An entry and how near it is, before it is asked whether that is near enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    pub id: ClaimId,
    pub probability: f32,
    /// By what the entries of one mention are put in order.
    order: f32,
    /// None where it is not near enough to be named.
    pub grade: Option<Grade>,
    pub features: Features,
    /// The passage, in words from and to.
    passage: (usize, usize),
    slot: u32,
}

/// The register in memory.
#[derive(Debug)]
pub struct Claims {
    config: Config,
    reranker: Reranker,
    vocabulary: Vocabulary,
    stems: Index,
    letters: Index,
    kept: Vec<Option<Kept>>,
    /// Free places of `kept`.
    free: Vec<u32>,
    places: FxHashMap<ClaimId, u32>,
    /// Words of all entries together that are not common.
    length: u64,
    /// Entries have changed since weights were last made.
    is_stale: bool,
    reading: Reading,
    keys: (Vec<u64>, Vec<u64>),
    sums: Sums,
    room: Room,
}

/// An entry as it is compared.
#[derive(Debug)]
struct Kept {
    /// None for a text of everyday kind, which is never found.
    id: Option<ClaimId>,
    wording: Wording,
    /// Words that are not common.
    length: u32,
    stems: Box<[Held]>,
    letters: Box<[Held]>,
}

impl Claims {
    pub fn new(config: &Config) -> Self {
        Self::with(config, Reranker::shipped())
    }

    fn with(config: &Config, reranker: Reranker) -> Self {
        let mut claims = Self {
            config: config.clone(),
            reranker,
            vocabulary: Vocabulary::new(),
            stems: Index::new(false),
            letters: Index::new(true),
            kept: Vec::new(),
            free: Vec::new(),
            places: FxHashMap::default(),
            length: 0,
            is_stale: true,
            reading: Reading::default(),
            keys: (Vec::new(), Vec::new()),
            sums: Sums::default(),
            room: Room::default(),
        };
        for text in seed::everyday() {
            let entry = Entry {
                claim: text,
                more: "",
            };
            claims.keep(None, &entry);
        }
        claims
    }

    /// Weighs with these from now on.
    pub fn use_weights(&mut self, reranker: Reranker) {
        self.reranker = reranker;
    }

    pub fn reranker(&self) -> &Reranker {
        &self.reranker
    }

    /// Puts an entry in, or anew. A register that is full takes no further one: false.
    pub fn put(&mut self, id: ClaimId, entry: &Entry<'_>) -> bool {
        self.remove(&id);
        if self.places.len() >= self.config.max_claims as usize {
            return false;
        }
        let slot = self.keep(Some(id), entry);
        self.places.insert(id, slot);
        true
    }

    /// Gives an entry a slot.
    fn keep(&mut self, id: Option<ClaimId>, entry: &Entry<'_>) -> u32 {
        self.reading
            .entry(entry.claim, entry.more, &self.vocabulary);
        let (stems, letters) = (&mut self.keys.0, &mut self.keys.1);
        let all = self.reading.words.len();
        self.reading.keys(0, all, stems, letters);
        let slot = self.free.pop().unwrap_or(self.kept.len() as u32);
        let length = stems.len() as u32;
        let held = self.stems.put(slot, stems);
        let letters = self.letters.put(slot, letters);
        stems.dedup();
        let kept = Kept {
            id,
            wording: Wording::new(&self.reading.words, stems, &held),
            length,
            stems: held,
            letters,
        };
        self.length += u64::from(kept.length);
        match self.kept.get_mut(slot as usize) {
            Some(place) => *place = Some(kept),
            None => self.kept.push(Some(kept)),
        }
        self.is_stale = true;
        slot
    }

    /// Takes an entry out, if it is there.
    pub fn remove(&mut self, id: &ClaimId) {
        let Some(slot) = self.places.remove(id) else {
            return;
        };
        if let Some(kept) = self.kept.get_mut(slot as usize).and_then(Option::take) {
            self.stems.remove(slot, &kept.stems);
            self.letters.remove(slot, &kept.letters);
            self.length -= u64::from(kept.length);
        }
        self.free.push(slot);
        self.is_stale = true;
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Bytes that the entries take, about.
    pub fn bytes(&self) -> usize {
        let own = |kept: &Kept| kept.wording.bytes() + 4 * (kept.stems.len() + kept.letters.len());
        let kept: usize = self.kept.iter().flatten().map(own).sum();
        let slots = self.kept.capacity() * size_of::<Option<Kept>>();
        let places = self.places.capacity() * (size_of::<ClaimId>() + 8);
        kept + slots + places + self.stems.bytes() + self.letters.bytes()
    }

    /// The claims that a mention seems to repeat, the nearest first, at most [`MOST`].
    pub fn find(&mut self, title: &str, text: &str) -> Vec<Found> {
        let near = self.nearest(title, text).into_iter();
        near.filter_map(|near| Some(self.found(&near, near.grade?)))
            .collect()
    }

    /// The nearest entries, however far they are; at most [`MOST`].
    pub fn nearest(&mut self, title: &str, text: &str) -> Vec<Near> {
        self.refresh();
        let mut reading = std::mem::take(&mut self.reading);
        reading.mention(title, text, &self.vocabulary);
        let mut best: FxHashMap<u32, Near> = FxHashMap::default();
        for passage in reading.passages() {
            self.compare(&reading, passage, &mut best);
        }
        self.reading = reading;
        let mut found: Vec<Near> = best.into_values().collect();
        found.sort_unstable_by(|one, other| {
            let order = other.order.total_cmp(&one.order);
            order.then(one.id.cmp(&other.id))
        });
        found.truncate(MOST);
        for near in &mut found {
            near.grade = self.grade(near.probability);
        }
        found
    }

    /// For the mention that was read last.
    fn grade(&self, probability: f32) -> Option<Grade> {
        let percent = probability * 100.0;
        if percent < f32::from(self.config.suggest_percent) {
            return None;
        }
        let is_sure = percent >= f32::from(self.config.confirm_percent);
        match is_sure && self.reading.words.len() >= MIN_WORDS {
            true => Some(Grade::Confirmed),
            false => Some(Grade::Suggested),
        }
    }

    /// Every pair of a passage and an entry that comes into question, for learning.
    fn pairs(&mut self, text: &str) -> Vec<Near> {
        self.refresh();
        let mut reading = std::mem::take(&mut self.reading);
        reading.mention("", text, &self.vocabulary);
        let mut found = Vec::new();
        for passage in reading.passages() {
            let mut best = FxHashMap::default();
            self.compare(&reading, passage, &mut best);
            found.extend(best.into_values());
        }
        self.reading = reading;
        found.sort_unstable_by_key(|near| (near.passage, near.id));
        found
    }

    fn compare(
        &mut self,
        reading: &Reading,
        passage: (usize, usize),
        best: &mut FxHashMap<u32, Near>,
    ) {
        let (stems, letters) = (&mut self.keys.0, &mut self.keys.1);
        reading.keys(passage.0, passage.1, stems, letters);
        stems.dedup();
        letters.dedup();
        let standings = self.sums.candidates(
            (&self.stems, &self.keys.0),
            (&self.letters, &self.keys.1),
            &self.kept,
        );
        let most = self.stems.most().max(f32::MIN_POSITIVE);
        let weight = |number: u32| self.stems.weight_at(number) / most;
        let words = &reading.words[passage.0..passage.1];
        self.room.read(words);
        for (slot, standing) in standings {
            let kept = self.kept.get(slot as usize).and_then(Option::as_ref);
            let Some((kept, id)) = kept.and_then(|kept| Some((kept, kept.id?))) else {
                continue;
            };
            let features = features::features(&standing, &kept.wording, &weight, &self.room);
            let near = Near {
                id,
                probability: self.reranker.probability(&features),
                order: self.reranker.order(&features),
                grade: None,
                features,
                passage,
                slot,
            };
            let place = best.entry(slot).or_insert(near);
            if near.probability > place.probability {
                *place = near;
            }
        }
    }

    /// Weighs keys and entries anew, where entries have changed.
    fn refresh(&mut self) {
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        let entries = self.kept.iter().flatten().count();
        self.stems.weigh(entries);
        self.letters.weigh(entries);
        let mean = self.length as f32 / entries.max(1) as f32;
        self.sums.clear(self.kept.len());
        for (masses, kept) in self.sums.masses.iter_mut().zip(&self.kept) {
            if let Some(kept) = kept {
                let length = kept.length as f32 / mean.max(1.0);
                let (stems, letters) = (
                    self.stems.mass(&kept.stems),
                    self.letters.mass(&kept.letters),
                );
                *masses = Masses::new(stems, letters, length);
            }
        }
    }

    fn found(&self, near: &Near, grade: Grade) -> Found {
        let added = near.features.iter().zip(self.reranker.weights);
        let mut weighed: Vec<(usize, f32)> = added.map(|(x, w)| x * w).enumerate().collect();
        weighed.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
        weighed.truncate(REASONS);
        Found {
            id: near.id,
            probability: near.probability,
            grade,
            weighed,
            words: self.shared(near),
            features: near.features,
        }
    }

    /// The words of the passage that the entry has too.
    fn shared(&self, near: &Near) -> Vec<Shared> {
        let kept = self.kept.get(near.slot as usize).and_then(Option::as_ref);
        let has = |stem| kept.is_some_and(|kept| kept.wording.has(stem));
        let passage = &self.reading.words[near.passage.0..near.passage.1];
        let shared = passage
            .iter()
            .filter(|word| !word.is_common && has(word.stem));
        shared
            .map(|word| Shared {
                in_title: word.in_title,
                start: word.start,
                end: word.end,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
