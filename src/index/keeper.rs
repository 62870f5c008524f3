//! The index's directory: which partitions there are, their writers, and the position.
//!
//! Owns every write below `{dir}/index` and the order of the writes: partitions first, position
//! after them, directories removed last. Knows no store and no clock of the world; the follower
//! hands it changes.

use super::partition::{Edits, Partition};
use super::position::Position;
use super::remake::{self, Remake};
use super::shelf::Shelf;
use super::week::Week;
use super::{Config, IndexError, document, files, schema};
use crate::privacy::hex;
use crate::store::{Change, Place, StoredMention};
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
    /// Partitions that were found damaged, until somebody takes the number.
    damaged: u64,
    /// The partition that is being written: the one to look at when something fails.
    suspect: Option<Week>,
    /// The partition that is being made again, beside the one that may be there.
    remake: Option<Remake>,
    /// A remake came to nothing or was swapped in; what it left holds words.
    leftover: Option<Week>,
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
            damaged: 0,
            suspect: None,
            remake: None,
            leftover: None,
            _lock: lock,
        };
        if afresh {
            keeper.save()?;
        }
        for week in &keeper.position.weeks {
            remake::settle(root, *week)?;
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

    pub(super) fn root(&self) -> &Path {
        &self.root
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
    /// With `merge`, small segments are merged on the way; without, they wait.
    pub(super) fn apply(&mut self, changes: &[Change], merge: bool) -> Result<bool, IndexError> {
        let Some(seq) = changes.last().map(Change::seq) else {
            return Ok(false);
        };
        let mut replaced = false;
        for (week, edits) in by_week(changes) {
            if let Some(remake) = self.remake.as_mut().filter(|made| made.week == week) {
                replaced |= remake.commit(&edits, seq)?;
            }
            // A broken one will read the store as it is when its turn comes.
            let nothing_there = edits.present.is_empty() && self.shelf.get(week).is_none();
            if nothing_there || self.position.broken.contains(&week) {
                continue;
            }
            replaced |= self.commit(week, &edits, seq, merge)?;
            self.position.weeks.insert(week);
        }
        let reached = std::mem::replace(&mut self.position.seq, seq);
        if let Err(error) = self.save() {
            self.position.seq = reached;
            return Err(error);
        }
        Ok(replaced)
    }

    fn commit(
        &mut self,
        week: Week,
        edits: &Edits<'_>,
        seq: i64,
        merge: bool,
    ) -> Result<bool, IndexError> {
        self.suspect = Some(week);
        let partition = match self.shelf.get(week) {
            Some(partition) => partition,
            None => {
                let path = self.root.join(week.to_string());
                self.shelf.put(Partition::create(&path, week)?)
            }
        };
        let writer = self.writer(&partition)?;
        let replaced = partition.commit(writer, edits, seq)?;
        if merge {
            partition.tidy(writer, false)?;
        }
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

    /// A week that nothing is written to any more becomes one segment where it can. The newest one
    /// only pauses.
    pub(super) fn close_idle_writers(&mut self, merge: bool) -> Result<(), IndexError> {
        let newest = self.position.weeks.last().copied();
        let is_idle = |open: &OpenWriter| open.used.elapsed() >= self.idle_writer;
        let idle = self.writers.iter().filter(|(_, open)| is_idle(open));
        let idle: Vec<Week> = idle.map(|(week, _)| *week).collect();
        for week in idle {
            let closed = self.writers.remove(&week).zip(self.shelf.get(week));
            if let Some((mut open, partition)) = closed.filter(|_| merge && newest != Some(week)) {
                self.suspect = Some(week);
                partition.compact(&mut open.writer)?;
                self.suspect = None;
            }
        }
        Ok(())
    }

    /// Rewrites every segment that holds words which were taken back, and drops partitions that
    /// hold nothing any more.
    pub(super) fn purge(&mut self) -> Result<(), IndexError> {
        self.clear_leftover()?;
        if let Some(remake) = &mut self.remake {
            remake.purge()?;
        }
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

    pub(super) fn take_damaged(&mut self) -> u64 {
        std::mem::take(&mut self.damaged)
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
        if let Some(remake) = self.remake.take() {
            // It begins again when its turn comes.
            self.leftover = Some(remake.week);
        }
        self.clear_leftover()?;
        let Some(week) = self.suspect else {
            return Ok(());
        };
        if !self.position.weeks.contains(&week) {
            // New in this batch, or just made again: it starts from nothing.
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
        self.damaged += 1;
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

    /// Whether a partition is missing until it is made again.
    pub(super) fn is_broken(&self) -> bool {
        !self.position.broken.is_empty()
    }

    /// The partition to make again now: the one that was begun, those that are missing before those
    /// that serve meanwhile, the newest first: it is asked for most.
    pub(super) fn to_make(&self) -> Option<Week> {
        let begun = self.remake.as_ref().map(|remake| remake.week);
        let position = &self.position;
        let next = || position.broken.last().or(position.renew.last()).copied();
        begun.or_else(next)
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

    /// Every partition is to be made again, while those that are there serve.
    pub(super) fn renew_all(&mut self, weeks: BTreeSet<Week>) -> Result<(), IndexError> {
        self.position.renew = weeks;
        let there = self.position.weeks.iter().copied();
        self.position.renew.extend(there);
        self.save()
    }

    /// The place up to which a partition has been made again; begins with it if need be.
    pub(super) fn made_until(&mut self, week: Week) -> Result<Place, IndexError> {
        if let Some(remake) = &self.remake {
            return Ok(remake.last);
        }
        self.leftover = Some(week);
        self.remake = Some(Remake::start(&self.root, week)?);
        self.leftover = None;
        Ok(Place::START)
    }

    /// The next mentions of the partition that is being made again; none: it is done and takes its
    /// place.
    pub(super) fn make(&mut self, page: &[StoredMention]) -> Result<(), IndexError> {
        let (Some(remake), Some(newest)) = (&mut self.remake, page.last()) else {
            return self.put_in_place();
        };
        let edits = Edits {
            present: page.iter().filter(|m| document::is_searched(m)).collect(),
            removed: Vec::new(),
        };
        remake.write(&edits)?;
        remake.last = Place::of(newest);
        Ok(())
    }

    /// The partition holds what the store held and what was followed since: from here on it is
    /// searched, and follows like the others.
    fn put_in_place(&mut self) -> Result<(), IndexError> {
        let Some(mut remake) = self.remake.take() else {
            return Ok(());
        };
        let week = remake.week;
        self.leftover = Some(week);
        remake.finish(self.position.seq)?;
        let is_empty = remake.count() == 0;
        // Its writer holds files by their old names; so may the one of the partition that goes.
        drop(remake);
        self.writers.remove(&week);
        self.suspect = Some(week);
        if is_empty {
            self.drop_partition(week)?;
        } else {
            self.shelf.put(remake::swap(&self.root, week)?);
            self.position.weeks.insert(week);
        }
        self.position.broken.remove(&week);
        self.position.renew.remove(&week);
        self.save()?;
        self.suspect = None;
        self.unpurged.remove(&week);
        self.clear_leftover()
    }

    fn clear_leftover(&mut self) -> Result<(), IndexError> {
        if let Some(week) = self.leftover {
            remake::settle(&self.root, week)?;
            remake::clear(&self.root, week)?;
            self.leftover = None;
        }
        Ok(())
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
    Ok(hex(&Sha256::digest(&shape)))
}
