//! Compares the index with the store: every mention is in it once, in its week, with exactly the
//! words, positions and labels that the store's row gives, and nothing else is.
//!
//! Both are read as they are: for a true answer the follower has reached the store's newest number
//! and nothing is written meanwhile.

use super::partition::Partition;
use super::position::Position;
use super::week::Week;
use super::{Index, IndexError, blocking, document, keeper, schema};
use crate::store::{Place, Store, StoredMention};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use tantivy::postings::Postings;
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocSet, SegmentReader, TERMINATED};

/// Mentions read from the store at once.
const PAGE: i64 = 2_000;

/// What differs, by the numbers of the mentions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Differences {
    /// Mentions in the store that can be searched.
    pub mentions: u64,
    /// In the store, not in the index.
    pub missing: Vec<i64>,
    /// In the index, not in the store.
    pub extra: Vec<i64>,
    /// More than once in the index.
    pub doubled: Vec<i64>,
    /// In the index with other words, labels or times than in the store.
    pub stale: Vec<i64>,
    /// Partitions with a wrong checksum, with deleted words in their files, or with files that are
    /// no part of them.
    pub unsound: Vec<String>,
}

impl Differences {
    pub fn is_empty(&self) -> bool {
        let lists = [&self.missing, &self.extra, &self.doubled, &self.stale];
        self.unsound.is_empty() && lists.iter().all(|list| list.is_empty())
    }

    /// Strikes what the index has off what the store has; what is left is missing.
    fn compare(&mut self, mut stored: BTreeMap<i64, u64>, indexed: Vec<(i64, u64)>) {
        let mut seen = BTreeMap::new();
        for (id, print) in indexed {
            match (seen.insert(id, print), stored.remove(&id)) {
                (Some(_), _) => self.doubled.push(id),
                (None, None) => self.extra.push(id),
                (None, Some(expected)) if expected != print => self.stale.push(id),
                (None, Some(_)) => {}
            }
        }
        self.missing.extend(stored.into_keys());
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} mentions; missing in the index {:?}, unknown to the store {:?}, doubled {:?}, stale {:?}, unsound partitions {:?}",
            self.mentions, self.missing, self.extra, self.doubled, self.stale, self.unsound
        )
    }
}

/// Directories of the index that belong to nothing: they may hold words that were erased.
///
/// # Errors
/// A disk that cannot be read.
pub fn strangers(dir: &Path) -> Result<Vec<String>, IndexError> {
    let root = super::root(dir);
    let position = Position::load(&root, &keeper::schema_hash()?)?;
    let known: BTreeSet<String> = position
        .iter()
        .flat_map(|position| &position.weeks)
        .map(Week::to_string)
        .collect();
    let mut strangers = Vec::new();
    if !root.exists() {
        return Ok(strangers);
    }
    for entry in fs::read_dir(&root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && !known.contains(&name) {
            strangers.push(name);
        }
    }
    strangers.sort();
    Ok(strangers)
}

impl Index {
    /// Compares with the store, reading every byte of the index.
    ///
    /// # Errors
    /// A store or an index that cannot be read.
    pub async fn verify(&self, store: &Store) -> Result<Differences, IndexError> {
        let mut differences = Differences::default();
        for partition in self.shelf.all() {
            let stored = expected(store, partition.week).await?;
            differences.mentions += stored.len() as u64;
            let week = partition.week;
            let (indexed, sound) = blocking(move || read(&partition)).await?;
            differences.compare(stored, indexed);
            if !sound {
                differences.unsound.push(week.to_string());
            }
        }
        if store.count().await? != i64::try_from(differences.mentions).unwrap_or(i64::MAX) {
            self.add_lost_weeks(store, &mut differences).await?;
        }
        Ok(differences)
    }

    /// Mentions of weeks that have no partition.
    async fn add_lost_weeks(
        &self,
        store: &Store,
        differences: &mut Differences,
    ) -> Result<(), IndexError> {
        let mut last = Place::START;
        loop {
            let everything = i64::MIN..i64::MAX;
            let page = store.mentions_published(everything, last, PAGE).await?;
            let Some(newest) = page.last() else {
                return Ok(());
            };
            last = Place::of(newest);
            for mention in page {
                let is_lost = self.shelf.get(Week::of(mention.published)).is_none();
                if is_lost && document::is_searched(&mention) {
                    differences.mentions += 1;
                    differences.missing.push(mention.id);
                }
            }
        }
    }
}

/// The fingerprints that a week's mentions should have.
async fn expected(store: &Store, week: Week) -> Result<BTreeMap<i64, u64>, IndexError> {
    let mut prints = BTreeMap::new();
    let mut last = Place::START;
    loop {
        let page = store.mentions_published(week.span_ms(), last, PAGE).await?;
        let Some(newest) = page.last() else {
            return Ok(prints);
        };
        last = Place::of(newest);
        let searched = page.iter().filter(|mention| document::is_searched(mention));
        prints.extend(searched.map(|mention| (mention.id, fingerprint(mention))));
    }
}

/// One term of one mention. The sum over all of them is the mention's fingerprint: it does not
/// depend on their order.
fn print_of(field: Field, term: &[u8], positions: &[u32]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (field.field_id(), term, positions).hash(&mut hasher);
    hasher.finish()
}

/// The fingerprint of what the index should hold of a mention.
fn fingerprint(mention: &StoredMention) -> u64 {
    let document = document::of(mention);
    let mut terms: HashMap<(Field, Vec<u8>), Vec<u32>> = HashMap::new();
    for (field, value) in document.field_values() {
        if let Some(words) = value.as_pre_tokenized_text() {
            for token in words.tokens {
                let positions = terms.entry((field, token.text.into_bytes())).or_default();
                positions.push(u32::try_from(token.position).unwrap_or(u32::MAX));
            }
        } else if let Some(keyword) = value.as_str() {
            terms
                .entry((field, keyword.as_bytes().to_vec()))
                .or_default();
        }
    }
    let time = mention.published.as_millisecond().cast_unsigned();
    terms.iter().fold(time, |sum, ((field, term), positions)| {
        sum.wrapping_add(print_of(*field, term, positions))
    })
}

/// The number and fingerprint of every document, and whether the files are sound.
fn read(partition: &Arc<Partition>) -> Result<(Vec<(i64, u64)>, bool), IndexError> {
    let sound = partition.is_sound()? && !partition.has_deleted() && !partition.has_strays()?;
    let mut documents = Vec::new();
    for segment in partition.searcher().segment_readers() {
        let mut prints = segment_prints(segment)?;
        add_speakers(segment, &mut prints)?;
        let ids = segment.fast_fields().i64("id")?;
        let times = segment.fast_fields().i64("published")?;
        for (doc, print) in (0..).zip(prints) {
            if let (false, Some(id)) = (segment.is_deleted(doc), ids.first(doc)) {
                let time = times.first(doc).unwrap_or_default().cast_unsigned();
                documents.push((id, time.wrapping_add(print)));
            }
        }
    }
    Ok((documents, sound))
}

fn segment_prints(segment: &SegmentReader) -> Result<Vec<u64>, IndexError> {
    let mut prints = vec![0_u64; segment.max_doc() as usize];
    let schema = segment.schema().clone();
    let texts = schema
        .fields()
        .filter(|(_, entry)| entry.field_type().is_str() && entry.is_indexed());
    for (field, _) in texts {
        let inverted = segment.inverted_index(field)?;
        let mut terms = inverted.terms().stream()?;
        while let Some((term, info)) = terms.next() {
            let all = IndexRecordOption::WithFreqsAndPositions;
            let mut postings = inverted.read_postings_from_terminfo(info, all)?;
            let mut positions = Vec::new();
            while postings.doc() != TERMINATED {
                positions.clear();
                postings.positions(&mut positions);
                if let Some(print) = prints.get_mut(postings.doc() as usize) {
                    *print = print.wrapping_add(print_of(field, term, &positions));
                }
                postings.advance();
            }
        }
    }
    Ok(prints)
}

/// They are in no dictionary of words, only beside the mentions.
fn add_speakers(segment: &SegmentReader, prints: &mut [u64]) -> Result<(), IndexError> {
    let Some(speakers) = segment.fast_fields().str("speaker")? else {
        return Ok(());
    };
    let mut speaker = Vec::new();
    for (doc, print) in (0..).zip(prints) {
        for ord in speakers.term_ords(doc) {
            speaker.clear();
            speakers.ord_to_bytes(ord, &mut speaker)?;
            *print = print.wrapping_add(print_of(schema::SPEAKER, &speaker, &[]));
        }
    }
    Ok(())
}
