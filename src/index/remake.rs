//! A partition that is made again from the store beside the one that is there, which stays
//! searchable until the new one takes its place.
//!
//! ```text
//! index/2026-W47/       searched until the very end
//! index/2026-W47.new/   being made; everything that is followed meanwhile goes into both
//! index/2026-W47.old/   the one that was there, for the moment between two renames
//! ```
//!
//! A crash leaves the old one or the new one, each whole: [`settle`] looks which. What else a crash
//! left is removed at the next start, before anything is searched.

use super::partition::{Edits, Partition};
use super::week::Week;
use super::{IndexError, files};
use crate::store::Place;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tantivy::IndexWriter;

/// A partition that is being made.
pub(super) struct Remake {
    pub(super) week: Week,
    partition: Partition,
    writer: IndexWriter,
    /// Mentions up to here were read from the store.
    pub(super) last: Place,
}

impl Remake {
    pub(super) fn start(root: &Path, week: Week) -> Result<Self, IndexError> {
        let partition = Partition::create(&fresh(root, week), week)?;
        let writer = partition.writer()?;
        Ok(Self {
            week,
            partition,
            writer,
            last: Place::START,
        })
    }

    /// Takes mentions that were read from the store. Nothing is durable before the end: after a crash
    /// all of it is made again.
    pub(super) fn write(&mut self, page: &Edits<'_>) -> Result<(), IndexError> {
        Partition::write(&mut self.writer, page)
    }

    /// Applies what is followed meanwhile. Returns whether its files hold something that was replaced
    /// or removed.
    pub(super) fn commit(&mut self, edits: &Edits<'_>, seq: i64) -> Result<bool, IndexError> {
        self.partition.commit(&mut self.writer, edits, seq)?;
        Ok(self.partition.has_deleted())
    }

    /// All mentions are in it.
    pub(super) fn finish(&mut self, seq: i64) -> Result<(), IndexError> {
        self.partition.commit_written(&mut self.writer, seq)?;
        self.purge()?;
        self.partition.compact(&mut self.writer)
    }

    /// After this, what was taken back is in none of its files.
    pub(super) fn purge(&mut self) -> Result<(), IndexError> {
        if self.partition.has_deleted() {
            self.partition.tidy(&mut self.writer, true)?;
        }
        Ok(())
    }

    pub(super) fn count(&self) -> u64 {
        self.partition.count()
    }
}

/// Puts the one that was made in the place of the one that is there, if any, and opens it. Nothing
/// may be writing either.
pub(super) fn swap(root: &Path, week: Week) -> Result<Partition, IndexError> {
    let (place, old) = (root.join(week.to_string()), old(root, week));
    files::remove_tree(&old)?;
    match fs::rename(&place, &old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    fs::rename(fresh(root, week), &place)?;
    files::sync_dir(root)?;
    Partition::open(root, week)
}

/// After a crash between the two renames the old one goes back; it is made again later.
pub(super) fn settle(root: &Path, week: Week) -> io::Result<()> {
    let (place, old) = (root.join(week.to_string()), old(root, week));
    if !place.exists() && old.exists() {
        fs::rename(old, place)?;
        files::sync_dir(root)?;
    }
    Ok(())
}

/// Removes all but the partition itself.
pub(super) fn clear(root: &Path, week: Week) -> io::Result<()> {
    files::remove_tree(&fresh(root, week))?;
    files::remove_tree(&old(root, week))
}

fn fresh(root: &Path, week: Week) -> PathBuf {
    root.join(format!("{week}.new"))
}

fn old(root: &Path, week: Week) -> PathBuf {
    root.join(format!("{week}.old"))
}
