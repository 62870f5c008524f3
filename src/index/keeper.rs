//! The index's directory: which partitions there are, their writers, and the position.
//!
//! Owns every write below `{dir}/index` and the order of the writes: partitions first, position
//! after them, directories removed last. Knows no store and no clock of the world; the follower
//! hands it changes.

use super::partition::{Edits, Partition};
use super::position::Position;
use super::shelf::Shelf;
use super::week::Week;
use super::{Config, IndexError, document, files, schema};
use crate::store::{Change, StoredMention};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tantivy::IndexWriter;

pub(super) struct Keeper {
    root: PathBuf,
    schema: String,
    shelf: Arc<Shelf>,
    position: Position,
    writers: BTreeMap<Week, OpenWriter>,
    open_writers: usize,
    idle_writer: Duration,
    /// Partitions whose files may still hold words that were taken back.
    unpurged: BTreeSet<Week>,
    /// What the last purges did, until somebody takes it.
    purged: Purged,
    /// The partition that is being written: the one to look at when something fails.
    suspect: Option<Week>,
    /// Held while the directory is ours.
    _lock: File,
}

/// Partitions that no longer hold what was taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Purged {
    pub(super) rewritten: u64,
    pub(super) dropped: u64,
}

struct OpenWriter {
    writer: IndexWriter,
    used: Instant,
}

impl Keeper {
    /// Takes the directory and opens what is whole. What is not is noted and made again later.
    /// An index that claims to be further than `furthest` is discarded whole.
    ///
    /// # Errors
    /// [`IndexError::InUse`], and a disk that cannot be read or written.
    pub(super) fn open(
        root: &Path,
        config: &Config,
        shelf: Arc<Shelf>,
        furthest: i64,
    ) -> Result<Self, IndexError> {
        fs::create_dir_all(root)?;
        let lock = lock(root)?;
        let schema = schema_hash()?;
        let found = Position::load(root, &schema)?.filter(|found| found.seq <= furthest);
        let afresh = found.is_none();
        let mut keeper = Self {
            root: root.to_path_buf(),
            schema,
            shelf,
            position: found.unwrap_or_else(Position::start),
            writers: BTreeMap::new(),
            open_writers: config.open_writers.max(1),
            idle_writer: Duration::from_secs(config.idle_writer_secs),
            unpurged: BTreeSet::new(),
            purged: Purged::default(),
            suspect: None,
            _lock: lock,
        };
        if afresh {
            keeper.save()?;
        }
        keeper.remove_strangers()?;
        for week in keeper.position.weeks.clone() {
            match Partition::open(root, week) {
                Ok(partition) => {
                    if partition.has_deleted() {
                        keeper.unpurged.insert(week);
                    }
                    keeper.shelf.put(partition);
                }
                Err(error) if error.is_damage() => {
                    tracing::warn!(%week, %error, "a part of the index is damaged and is made again from the store");
                    keeper.break_up(week)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(keeper)
    }

    /// Removes the partitions that the position does not know: a crash's remnants, or those of
    /// another schema.
    fn remove_strangers(&self) -> Result<(), IndexError> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let week = Week::parse(&entry.file_name().to_string_lossy());
            let known = week.is_some_and(|week| self.position.weeks.contains(&week));
            if entry.file_type()?.is_dir() && !known {
                files::remove_tree(&entry.path())?;
            }
        }
        Ok(())
    }

    pub(super) fn seq(&self) -> i64 {
        self.position.seq
    }

    fn save(&self) -> Result<(), IndexError> {
        Ok(self.position.save(&self.root, &self.schema)?)
    }

    /// Applies a batch in the order of its sequence numbers; when it returns, all of it is durable
    /// and searchable. Applying it again changes nothing.
    ///
    /// Returns whether anything that was there before was replaced or removed.
    pub(super) fn apply(&mut self, changes: &[Change]) -> Result<bool, IndexError> {
        let Some(seq) = changes.last().map(Change::seq) else {
            return Ok(false);
        };
        let mut replaced = false;
        for (week, edits) in by_week(changes) {
            // A broken one will read the store as it is when its turn comes.
            let nothing_there = edits.present.is_empty() && self.shelf.get(week).is_none();
            if nothing_there || self.position.broken.contains(&week) {
                continue;
            }
            replaced |= self.commit(week, &edits, seq)?;
            self.position.weeks.insert(week);
        }
        let reached = std::mem::replace(&mut self.position.seq, seq);
        if let Err(error) = self.save() {
            self.position.seq = reached;
            return Err(error);
        }
        Ok(replaced)
    }

    fn commit(&mut self, week: Week, edits: &Edits<'_>, seq: i64) -> Result<bool, IndexError> {
        self.suspect = Some(week);
        let partition = match self.shelf.get(week) {
            Some(partition) => partition,
            None => self.shelf.put(Partition::create(&self.root, week)?),
        };
        let writer = self.writer(&partition)?;
        let replaced = partition.commit(writer, edits, seq)?;
        partition.tidy(writer, false)?;
        if replaced {
            self.unpurged.insert(week);
        }
        self.suspect = None;
        Ok(replaced)
    }

    /// The partition's writer; opens it, and closes the one that was idle longest where there are
    /// too many. Nothing is lost: every writer's work is committed when its batch is.
    fn writer(&mut self, partition: &Partition) -> Result<&mut IndexWriter, IndexError> {
        let week = partition.week;
        if !self.writers.contains_key(&week) && self.writers.len() >= self.open_writers {
            let oldest = self.writers.iter().min_by_key(|open| open.1.used);
            if let Some(oldest) = oldest.map(|open| *open.0) {
                self.writers.remove(&oldest);
            }
        }
        let used = Instant::now();
        let open = match self.writers.entry(week) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => place.insert(OpenWriter {
                writer: partition.writer()?,
                used,
            }),
        };
        open.used = used;
        Ok(&mut open.writer)
    }

    pub(super) fn close_idle_writers(&mut self) {
        let idle = self.idle_writer;
        self.writers.retain(|_, open| open.used.elapsed() < idle);
    }

    /// Rewrites every segment that holds words which were taken back, and drops partitions that
    /// hold nothing any more.
    pub(super) fn purge(&mut self) -> Result<(), IndexError> {
        for week in self.unpurged.clone() {
            self.suspect = Some(week);
            if let Some(partition) = self.shelf.get(week) {
                if partition.count() == 0 {
                    self.drop_partition(week)?;
                    self.purged.dropped += 1;
                } else {
                    self.rewrite(&partition)?;
                    self.purged.rewritten += 1;
                }
            }
            self.suspect = None;
            self.unpurged.remove(&week);
        }
        Ok(())
    }

    /// A merge may have done it already.
    fn rewrite(&mut self, partition: &Partition) -> Result<(), IndexError> {
        if partition.has_deleted() {
            partition.tidy(self.writer(partition)?, true)?;
            if partition.has_deleted() {
                return Err(IndexError::Damaged("deleted words stay in its files"));
            }
        }
        Ok(())
    }

    pub(super) fn take_purged(&mut self) -> Purged {
        std::mem::take(&mut self.purged)
    }

    pub(super) fn is_purged(&self) -> bool {
        self.unpurged.is_empty()
    }

    fn drop_partition(&mut self, week: Week) -> Result<(), IndexError> {
        self.shelf.take_away(week);
        self.writers.remove(&week);
        self.position.weeks.remove(&week);
        self.save()?;
        Ok(files::remove_tree(&self.root.join(week.to_string()))?)
    }

    /// After an error: an attempt's outcome is unknown, so its writer is dropped (which rolls back)
    /// and the partition is read again from the disk. The batch is applied again from the position,
    /// which has not moved.
    pub(super) fn recover(&mut self, damaged: bool) -> Result<(), IndexError> {
        self.writers.clear();
        let Some(week) = self.suspect else {
            return Ok(());
        };
        if !self.position.weeks.contains(&week) {
            // New in this batch, or just being made again: it starts from nothing.
            self.shelf.take_away(week);
            files::remove_tree(&self.root.join(week.to_string()))?;
        } else if damaged {
            self.break_up(week)?;
        } else {
            match reopen(&self.root, week) {
                Ok(partition) => drop(self.shelf.put(partition)),
                Err(error) if error.is_damage() => self.break_up(week)?,
                Err(error) => return Err(error),
            }
        }
        self.suspect = None;
        Ok(())
    }

    /// Gives a partition up, to be made again. Not kept aside: it holds words that may have to be
    /// erased.
    fn break_up(&mut self, week: Week) -> Result<(), IndexError> {
        self.position.broken.insert(week);
        self.drop_partition(week)
    }

    /// Looks at a partition in which a search failed, and gives it up if its files are damaged.
    pub(super) fn inspect(&mut self, week: Week) -> Result<(), IndexError> {
        let Some(partition) = self.shelf.get(week) else {
            return Ok(());
        };
        match partition.is_sound() {
            Ok(true) => Ok(()),
            Err(error) if !error.is_damage() => Err(error),
            _ => {
                tracing::warn!(%week, "a part of the index is damaged and is made again from the store");
                self.break_up(week)
            }
        }
    }

    /// A partition that has to be made again, the newest first: it is asked for most.
    pub(super) fn broken(&self) -> Option<Week> {
        self.position.broken.last().copied()
    }

    /// True where nothing of the store is in it yet.
    pub(super) fn is_new(&self) -> bool {
        self.position.seq == 0 && self.position.weeks.is_empty() && self.position.broken.is_empty()
    }

    /// Everything up to `seq` lies in these weeks: they are made one by one, and what comes after is
    /// followed meanwhile.
    pub(super) fn make_all(&mut self, seq: i64, weeks: BTreeSet<Week>) -> Result<(), IndexError> {
        self.position.seq = seq;
        self.position.broken = weeks;
        self.save()
    }

    pub(super) fn start_again(&mut self, week: Week) -> Result<(), IndexError> {
        self.suspect = Some(week);
        self.drop_partition(week)
    }

    pub(super) fn refill(&mut self, week: Week, page: &[StoredMention]) -> Result<(), IndexError> {
        let edits = Edits {
            present: page.iter().filter(|m| document::is_searched(m)).collect(),
            removed: Vec::new(),
        };
        self.commit(week, &edits, self.position.seq)?;
        Ok(())
    }

    /// The partition holds what the store held; from here on it follows like the others.
    pub(super) fn is_whole_again(&mut self, week: Week) -> Result<(), IndexError> {
        if self.shelf.get(week).is_some() {
            self.position.weeks.insert(week);
        }
        self.position.broken.remove(&week);
        self.suspect = None;
        self.save()
    }
}

/// After an error a file may be damaged in its midst, which opening it does not show.
fn reopen(root: &Path, week: Week) -> Result<Partition, IndexError> {
    let partition = Partition::open(root, week)?;
    if partition.is_sound()? {
        Ok(partition)
    } else {
        Err(IndexError::Damaged("a checksum is wrong"))
    }
}

/// The changes of each partition, in order.
fn by_week(changes: &[Change]) -> BTreeMap<Week, Edits<'_>> {
    let mut weeks: BTreeMap<Week, Edits<'_>> = BTreeMap::new();
    for change in changes {
        match change {
            Change::Present(mention) if !document::is_searched(mention) => {}
            Change::Present(mention) => weeks
                .entry(Week::of(mention.published))
                .or_default()
                .present
                .push(mention),
            Change::Removed { id, published, .. } => weeks
                .entry(Week::of(*published))
                .or_default()
                .removed
                .push(*id),
        }
    }
    weeks
}

fn lock(root: &Path) -> Result<File, IndexError> {
    let file = File::create(root.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(IndexError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Names the shape of the documents. Another shape needs another index.
pub(super) fn schema_hash() -> Result<String, IndexError> {
    let shape = serde_json::to_vec(&schema::build()).map_err(std::io::Error::from)?;
    let digest = Sha256::digest(&shape);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
