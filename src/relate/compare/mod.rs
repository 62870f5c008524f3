//! Articles beside our own published statements: figures, dates, quotations, offices and decisions
//! that an article gives otherwise. Pure.
//!
//! A difference says "differs from our published figure", never "false", and both are shown side by
//! side. Only what is plainly about the same thing is compared: an article that gives other figures
//! of other people, of another place or another time, that rounds, works out, shortens, or has an
//! opinion, differs in nothing. What any of our statements confirms is no difference either, so that
//! an article is never held to a figure that we replaced.
//!
//! How it is found: an index gives the statements that share the rare words of a sentence (`index`);
//! each kind of difference then has a file of its own that reads both texts (`numbers`, `days`,
//! `quotation`, `offices`, `speaker`, `polarity`). What is known of words is in `lexicon`; what was read
//! of a statement is kept for the next article (`cache`). How well all this does is measured by
//! `resonanz eval misreporting`. What became of a difference is read from the page as it is later
//! ([`crate::model::amended`]).
//!
//! Not found, on purpose: a quotation that no statement has (a minister says more than is printed), our
//! words printed without a name (copies of a press release do that, and may), a figure that stands
//! beside another one of ours by mistake, what needs arithmetic or a calendar, and texts in other
//! languages than German and English.

mod actor;
mod cache;
mod date;
mod days;
mod facts;
mod figure;
mod index;
mod lexicon;
mod numbers;
mod numerals;
mod offices;
mod polarity;
mod quotation;
mod reading;
mod speaker;
mod unit;

use crate::model::{Span, StatementId};
use crate::text::Tokens;
use cache::Cache;
use facts::Facts;
use index::Index;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Sentences of an article that are compared, and statements that each is compared with.
const MAX_SENTENCES: usize = 80;
const MAX_CANDIDATES: usize = 4;
/// Rare words that a sentence and a statement must share.
const MIN_SHARED: u32 = 2;
/// What the words that a statement shares with a sentence and those around it must say together, where
/// a word that no other statement has says 1.
const MIN_COMMON: f64 = 2.0;
const AROUND: usize = 2;
/// Certainty by which one statement must be surer than a later one to be shown instead.
const ABOUT_AS_SURE: f64 = 0.15;
/// Differences of one article.
const MAX_DIFFERENCES: usize = 5;
/// Bytes of a statement or an article that are read.
const MAX_BYTES: usize = 32 * 1024;
/// Memory for what was read of statements, so that the next article need not read them anew.
const MAX_READ_BYTES: usize = 32 * 1024 * 1024;

/// `[relate.compare]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Statements that articles are compared with at most, the latest to be published.
    pub max_statements: u32,
    /// Days after which a statement is compared with no new article.
    pub window_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_statements: 5_000,
            window_days: 400,
        }
    }
}

/// What the house has published.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    pub id: StatementId,
    pub published: Timestamp,
    pub title: &'a str,
    pub text: &'a str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DifferenceKind {
    Number,
    Date,
    Quote,
    Office,
    Negation,
    /// Our quotation under another's name.
    Speaker,
}

impl DifferenceKind {
    pub const ALL: [Self; 6] = [
        Self::Number,
        Self::Date,
        Self::Quote,
        Self::Office,
        Self::Negation,
        Self::Speaker,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Date => "date",
            Self::Quote => "quote",
            Self::Office => "office",
            Self::Negation => "negation",
            Self::Speaker => "speaker",
        }
    }
}

/// One place of an article that differs from one of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub kind: DifferenceKind,
    /// In the article.
    pub span: Span,
    /// As the article has it, and its sentence.
    pub theirs: String,
    pub sentence: String,
    pub statement: StatementId,
    /// As the statement has it, and its sentence.
    pub ours: String,
    pub our_sentence: String,
    /// 0 to 1.
    pub certainty: f32,
}

/// What one place of an article is beside one statement.
enum Seen {
    /// The statement says the same there.
    Agrees(DifferenceKind, usize),
    Differs(Finding),
}

/// A difference as the words of both, the last ones included.
struct Finding {
    kind: DifferenceKind,
    theirs: (usize, usize),
    ours: (usize, usize),
    /// A word of ours whose sentence is shown, where that is another than theirs.
    beside: Option<usize>,
    certainty: f64,
}

/// The statements that articles are compared with.
pub struct Statements {
    max: usize,
    window_ms: i64,
    kept: Vec<Option<Kept>>,
    free: Vec<u32>,
    by_id: HashMap<StatementId, u32>,
    /// The first to be published is the first to go.
    by_time: BTreeSet<(i64, StatementId)>,
    index: Index,
    /// What was read of statements, by their slots.
    read: Cache,
    tokens: Tokens,
}

struct Kept {
    id: StatementId,
    published: Timestamp,
    english: bool,
    title: Box<str>,
    text: Box<str>,
    stems: Box<[u64]>,
}

impl Kept {
    fn read(&self, index: &Index, tokens: &mut Tokens) -> Facts {
        let words = [&*self.title, &*self.text];
        Facts::new(self.published, words, self.english, index, tokens)
    }

    fn is(&self, published: Timestamp, title: &str, text: &str) -> bool {
        self.published == published && *self.title == *title && *self.text == *text
    }
}

impl Statements {
    pub fn new(config: &Config) -> Self {
        Self {
            max: config.max_statements as usize,
            window_ms: i64::from(config.window_days) * 86_400_000,
            kept: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            by_time: BTreeSet::new(),
            index: Index::default(),
            read: Cache::new(MAX_READ_BYTES),
            tokens: Tokens::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Takes a statement, or its newer version. Where there are too many, the oldest goes.
    pub fn put(&mut self, statement: &Statement<'_>) {
        let title = crate::text::head(statement.title, MAX_BYTES);
        let text = crate::text::head(statement.text, MAX_BYTES);
        let before = self.kept_as(&statement.id);
        if before.is_some_and(|kept| kept.is(statement.published, title, text)) {
            return;
        }
        self.remove(&statement.id);
        let english = is_english(text);
        let reading = reading::Reading::new(title, text, english, &mut self.tokens);
        let stems = index::stems(&reading, 0..reading.words.len());
        let slot = self.free.pop().unwrap_or_else(|| {
            self.kept.push(None);
            u32::try_from(self.kept.len() - 1).unwrap_or(u32::MAX)
        });
        self.index.insert(slot, &stems);
        self.by_id.insert(statement.id, slot);
        self.by_time
            .insert((statement.published.as_millisecond(), statement.id));
        self.kept[slot as usize] = Some(Kept {
            id: statement.id,
            published: statement.published,
            english,
            title: title.into(),
            text: text.into(),
            stems: stems.into(),
        });
        while self.by_time.len() > self.max
            && let Some((_, oldest)) = self.by_time.first().copied()
        {
            self.remove(&oldest);
        }
    }

    /// Takes out all that the test does not hold for.
    pub fn retain(&mut self, test: impl Fn(&StatementId) -> bool) {
        let gone: Vec<StatementId> = self.by_id.keys().filter(|id| !test(id)).copied().collect();
        for id in gone {
            self.remove(&id);
        }
    }

    fn kept_as(&self, id: &StatementId) -> Option<&Kept> {
        let slot = *self.by_id.get(id)? as usize;
        self.kept.get(slot)?.as_ref()
    }

    pub fn remove(&mut self, id: &StatementId) {
        let Some(slot) = self.by_id.remove(id) else {
            return;
        };
        let Some(kept) = self.kept.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        self.by_time
            .remove(&(kept.published.as_millisecond(), kept.id));
        self.index.remove(slot, &kept.stems);
        self.read.forget(slot);
        self.free.push(slot);
    }

    /// Where an article differs from what was published before it, the most certain first.
    pub fn differences(
        &mut self,
        published: Timestamp,
        title: &str,
        text: &str,
    ) -> Vec<Difference> {
        let mut tokens = std::mem::take(&mut self.tokens);
        let (title, text) = (
            crate::text::head(title, MAX_BYTES),
            crate::text::head(text, MAX_BYTES),
        );
        let article = Facts::new(
            published,
            [title, text],
            is_english(text),
            &self.index,
            &mut tokens,
        );
        let mut read: HashMap<u32, Facts> = HashMap::new();
        let mut places: BTreeMap<(DifferenceKind, usize), Place> = BTreeMap::new();
        for sentence in 0..article.text.sentences.len().min(MAX_SENTENCES) {
            for slot in self.candidates(&article, sentence) {
                let Some(kept) = self.kept.get(slot as usize).and_then(Option::as_ref) else {
                    continue;
                };
                let ours = match read.entry(slot) {
                    Entry::Occupied(read) => read.into_mut(),
                    Entry::Vacant(unread) => {
                        let before = self.read.take(slot, &self.index);
                        unread.insert(before.unwrap_or_else(|| kept.read(&self.index, &mut tokens)))
                    }
                };
                for seen in compared(&article, sentence, ours) {
                    note(&mut places, seen, slot, kept.published);
                }
            }
        }
        let mut found: Vec<Difference> = places
            .values()
            .filter_map(|place| {
                let (finding, slot, _) = place.best()?;
                let ours = read.get(slot)?;
                let kept = self.kept.get(*slot as usize)?.as_ref()?;
                difference(&article, finding, ours, kept.id)
            })
            .collect();
        self.tokens = tokens;
        self.read.put(read);
        found.sort_by(|a, b| {
            b.certainty
                .total_cmp(&a.certainty)
                .then(a.span.cmp(&b.span))
        });
        found.truncate(MAX_DIFFERENCES);
        found
    }

    /// The statements that a sentence may be about, in the order of their ids.
    fn candidates(&self, article: &Facts, sentence: usize) -> Vec<u32> {
        let Some(range) = article
            .text
            .sentences
            .get(sentence)
            .map(|one| one.first..one.end)
        else {
            return Vec::new();
        };
        let mut scores = HashMap::new();
        self.index
            .score(&index::stems(&article.text, range), &mut scores);
        let around = index::stems(&article.text, window(article, sentence));
        let now = article.published_ms();
        let mut found: Vec<(f64, StatementId, u32)> = scores
            .into_iter()
            .filter(|(_, (_, shared))| *shared >= MIN_SHARED)
            .filter_map(|(slot, (score, _))| {
                let kept = self.kept.get(slot as usize)?.as_ref()?;
                let age = now.saturating_sub(kept.published.as_millisecond());
                let fits = (0..=self.window_ms).contains(&age)
                    && self.index.common(&around, &kept.stems) >= MIN_COMMON;
                fits.then_some((score, kept.id, slot))
            })
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.truncate(MAX_CANDIDATES);
        found.into_iter().map(|(_, _, slot)| slot).collect()
    }
}

fn is_english(text: &str) -> bool {
    crate::text::lang::language(None, text) == "en"
}

/// The words of a sentence and of those around it.
fn window(article: &Facts, sentence: usize) -> std::ops::Range<usize> {
    let last = (sentence + AROUND).min(article.text.sentences.len().saturating_sub(1));
    let first = article
        .text
        .sentences
        .get(sentence.saturating_sub(AROUND))
        .map_or(0, |one| one.first);
    first
        ..article
            .text
            .sentences
            .get(last)
            .map_or(first, |one| one.end)
}

/// What is known of one place of an article.
#[derive(Default)]
struct Place {
    agrees: bool,
    differs: Vec<(Finding, u32, Timestamp)>,
}

impl Place {
    /// Of the statements that it differs from about as surely as from any, the latest; none where one
    /// agrees.
    fn best(&self) -> Option<&(Finding, u32, Timestamp)> {
        let surest = self
            .differs
            .iter()
            .map(|(finding, ..)| finding.certainty)
            .fold(0.0, f64::max);
        let sure = self
            .differs
            .iter()
            .filter(|(finding, ..)| finding.certainty >= surest - ABOUT_AS_SURE);
        sure.max_by(|a, b| {
            (a.2, a.0.certainty)
                .partial_cmp(&(b.2, b.0.certainty))
                .unwrap_or(Ordering::Equal)
        })
        .filter(|_| !self.agrees)
    }
}

fn compared(article: &Facts, sentence: usize, ours: &Facts) -> Vec<Seen> {
    let mut seen = numbers::compare(article, sentence, ours);
    seen.extend(days::compare(article, sentence, ours));
    seen.extend(quotation::compare(article, sentence, ours));
    seen.extend(offices::compare(article, sentence, ours));
    seen.extend(speaker::compare(article, sentence, ours));
    seen.extend(polarity::compare(article, sentence, ours));
    seen
}

fn note(
    places: &mut BTreeMap<(DifferenceKind, usize), Place>,
    seen: Seen,
    slot: u32,
    published: Timestamp,
) {
    match seen {
        Seen::Agrees(kind, at) => places.entry((kind, at)).or_default().agrees = true,
        Seen::Differs(finding) => {
            let place = places.entry((finding.kind, finding.theirs.0)).or_default();
            place.differs.push((finding, slot, published));
        }
    }
}

fn difference(
    article: &Facts,
    finding: &Finding,
    ours: &Facts,
    statement: StatementId,
) -> Option<Difference> {
    let (their_first, their_last) = finding.theirs;
    let (our_first, our_last) = finding.ours;
    Some(Difference {
        kind: finding.kind,
        span: article.text.span(their_first, their_last)?,
        theirs: article.text.written(their_first, their_last),
        sentence: article.text.sentence(article.sentence_of(their_first)?),
        statement,
        ours: ours.text.written(our_first, our_last),
        our_sentence: ours
            .text
            .sentence(ours.sentence_of(finding.beside.unwrap_or(our_first))?),
        certainty: finding.certainty as f32,
    })
}

#[cfg(test)]
mod tests;
