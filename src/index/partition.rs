//! One week of the index: a tantivy index in a directory of its own.
//!
//! tantivy's promises end before ours, so three things are done here and nowhere else:
//! - its `commit` returns before the rename of `meta.json` is durable: the directory is fsynced;
//! - it keeps a deleted document's words until some later merge: [`Partition::tidy`] rewrites every
//!   segment that holds one, and [`Partition::sweep`] removes what no segment needs;
//! - it merges in the background, where an error is only a log line: merges run here, one after
//!   another, and their errors are ours.
//!
//! [docs.rs/tantivy](https://docs.rs/tantivy/0.27.0)

use super::week::Week;
use super::{IndexError, document, files, schema};
use crate::store::StoredMention;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tantivy::directory::{Directory, META_LOCK, MmapDirectory};
use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergePolicy, NoMergePolicy};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, Term};

/// tantivy's minimum. A batch of 500 posts needs a fraction of it.
const WRITER_BYTES: usize = 15_000_000;
/// Segments of similar size that are merged into one.
const SEGMENTS_PER_MERGE: usize = 8;
/// A segment of this many mentions is merged no further. It bounds what one erasure rewrites
/// (about 5 microseconds a mention).
const FULL_SEGMENT: usize = 100_000;
/// Any deleted document at all; tantivy compares with "greater than".
const ANY_DELETED: f32 = 1e-9;

pub(super) struct Partition {
    pub(super) week: Week,
    path: PathBuf,
    index: Index,
    reader: IndexReader,
}

/// The part of a batch that belongs to one partition.
#[derive(Default)]
pub(super) struct Edits<'a> {
    pub(super) present: Vec<&'a StoredMention>,
    pub(super) removed: Vec<i64>,
}

impl Partition {
    /// An empty one in a directory of its own; what is there already goes.
    pub(super) fn create(path: &Path, week: Week) -> Result<Self, IndexError> {
        files::remove_tree(path)?;
        fs::create_dir(path)?;
        path.parent().map_or(Ok(()), files::sync_dir)?;
        let index = Index::builder()
            .schema(schema::build())
            .create_in_dir(path)?;
        Self::with(week, path.to_path_buf(), index)
    }

    /// Opens what is there, every segment of it: a lost or cut file shows here. What a killed
    /// process left behind is removed.
    ///
    /// # Errors
    /// [`IndexError::is_damage`] tells a partition that must be made again from a disk that cannot
    /// be read just now.
    pub(super) fn open(root: &Path, week: Week) -> Result<Self, IndexError> {
        let partition = Self::open_to_read(root, week)?;
        partition.sweep()?;
        Ok(partition)
    }

    /// As [`Partition::open`], for a second process: changes nothing.
    pub(super) fn open_to_read(root: &Path, week: Week) -> Result<Self, IndexError> {
        let path = root.join(week.to_string());
        unless_it_panics(|| Self::read(&path, week))
    }

    fn read(path: &Path, week: Week) -> Result<Self, IndexError> {
        let directory = MmapDirectory::open(path).map_err(tantivy::TantivyError::from)?;
        let index = Index::open(directory)?;
        if index.schema() != schema::build() {
            return Err(IndexError::Damaged("its schema is another one"));
        }
        let partition = Self::with(week, path.to_path_buf(), index)?;
        // `meta.json` has no checksum: its figures must be those of the files.
        for segment in partition.searcher().segment_readers() {
            if segment.fast_fields().i64("id")?.num_docs() != segment.max_doc() {
                return Err(IndexError::Damaged("its number of mentions is another one"));
            }
        }
        Ok(partition)
    }

    fn with(week: Week, path: PathBuf, index: Index) -> Result<Self, IndexError> {
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        Ok(Self {
            week,
            path,
            index,
            reader,
        })
    }

    pub(super) fn writer(&self) -> Result<IndexWriter, IndexError> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_BYTES)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let writer = self.index.writer_with_options(options)?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        Ok(writer)
    }

    /// The partition as of the last commit.
    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    pub(super) fn count(&self) -> u64 {
        self.searcher().num_docs()
    }

    /// Applies, commits durably and makes it visible to searches. `seq` goes into the payload.
    ///
    /// Returns whether an older version of something was replaced or removed. Then its words are
    /// still in the files, until [`Partition::tidy`].
    pub(super) fn commit(
        &self,
        writer: &mut IndexWriter,
        edits: &Edits<'_>,
        seq: i64,
    ) -> Result<bool, IndexError> {
        Self::write(writer, edits)?;
        let count_if_new = self.count() + edits.present.len() as u64;
        self.commit_written(writer, seq)?;
        Ok(self.count() < count_if_new)
    }

    /// Hands edits to the writer, for a later commit.
    pub(super) fn write(writer: &mut IndexWriter, edits: &Edits<'_>) -> Result<(), IndexError> {
        for removed in &edits.removed {
            writer.delete_term(Term::from_field_i64(schema::ID, *removed));
        }
        for mention in &edits.present {
            writer.delete_term(Term::from_field_i64(schema::ID, mention.id));
            writer.add_document(document::of(mention))?;
        }
        Ok(())
    }

    /// Makes durable and visible what was written.
    pub(super) fn commit_written(
        &self,
        writer: &mut IndexWriter,
        seq: i64,
    ) -> Result<(), IndexError> {
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&seq.to_string());
        prepared.commit()?;
        self.publish()
    }

    /// Makes the last change of `meta.json` durable, visible, and the files that it left alone.
    fn publish(&self) -> Result<(), IndexError> {
        files::sync_dir(&self.path)?;
        self.reader.reload()?;
        self.sweep()
    }

    /// Merges small segments, so that their number stays bounded. With `purge`, also rewrites
    /// every segment that holds deleted documents: after that their words are in no file.
    pub(super) fn tidy(&self, writer: &mut IndexWriter, purge: bool) -> Result<(), IndexError> {
        let candidates = merge_candidates(&self.index.searchable_segment_metas()?, purge);
        if candidates.is_empty() {
            return Ok(());
        }
        for segments in candidates {
            writer.merge(&segments).wait()?;
        }
        self.publish()
    }

    /// Makes one segment of many, as far as it does not become too large: a search looks into each.
    pub(super) fn compact(&self, writer: &mut IndexWriter) -> Result<(), IndexError> {
        let segments = to_compact(self.index.searchable_segment_metas()?);
        if segments.len() < 2 {
            return Ok(());
        }
        writer.merge(&segments).wait()?;
        self.publish()
    }

    pub(super) fn has_deleted(&self) -> bool {
        let searcher = self.searcher();
        let mut segments = searcher.segment_readers().iter();
        segments.any(|segment| segment.has_deletes())
    }

    /// Removes every file that no segment of `meta.json` needs. tantivy's own collection spares
    /// what a running search still has open; on Unix an unlinked file stays readable for it.
    fn sweep(&self) -> Result<(), IndexError> {
        // A second process that is just opening the files holds this lock meanwhile.
        let _opening = self
            .index
            .directory()
            .acquire_lock(&META_LOCK)
            .map_err(|error| tantivy::TantivyError::LockFailure(error, None))?;
        let strays = self.strays()?;
        for stray in &strays {
            fs::remove_file(stray)?;
        }
        if !strays.is_empty() {
            files::sync_dir(&self.path)?;
        }
        Ok(())
    }

    fn strays(&self) -> Result<Vec<PathBuf>, IndexError> {
        let living: HashSet<String> = self
            .index
            .searchable_segment_ids()?
            .iter()
            .map(SegmentId::uuid_string)
            .collect();
        let mut strays = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if is_stray(&entry.file_name().to_string_lossy(), &living) {
                strays.push(entry.path());
            }
        }
        Ok(strays)
    }

    /// Whether there are files that no segment needs: they may hold words that were taken back.
    pub(super) fn has_strays(&self) -> Result<bool, IndexError> {
        Ok(!self.strays()?.is_empty())
    }

    /// Reads every byte and compares with the checksums. Slow: for checks, not for starts.
    ///
    /// The files are mapped afresh for it: one that was cut meanwhile is too short then, where
    /// reading on in the old mapping would be the process's end (SIGBUS).
    pub(super) fn is_sound(&self) -> Result<bool, IndexError> {
        unless_it_panics(|| {
            let afresh = Self::read(&self.path, self.week)?;
            Ok(afresh.index.validate_checksum()?.is_empty())
        })
    }
}

/// Damaged bytes may make the engine panic.
fn unless_it_panics<T>(read: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or(Err(IndexError::Damaged("its files cannot be understood")))
}

fn is_stray(file_name: &str, living: &HashSet<String>) -> bool {
    if file_name.starts_with(".tantivy-") || [".managed.json", "meta.json"].contains(&file_name) {
        return false;
    }
    let segment = file_name.split('.').next().unwrap_or_default();
    !living.contains(segment)
}

fn merge_candidates(segments: &[SegmentMeta], purge: bool) -> Vec<Vec<SegmentId>> {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(SEGMENTS_PER_MERGE);
    policy.set_max_docs_before_merge(FULL_SEGMENT);
    if purge {
        policy.set_del_docs_ratio_before_merge(ANY_DELETED);
    }
    let mut candidates: Vec<Vec<SegmentId>> = policy
        .compute_merge_candidates(segments)
        .into_iter()
        .map(|candidate| candidate.0)
        .collect();
    if purge {
        // The policy leaves full segments alone, whatever they hold.
        let planned: BTreeSet<SegmentId> = candidates.iter().flatten().copied().collect();
        let spared = segments
            .iter()
            .filter(|segment| segment.num_deleted_docs() > 0 && !planned.contains(&segment.id()));
        candidates.extend(spared.map(|segment| vec![segment.id()]));
    }
    candidates
}

/// The smallest segments that together are no larger than a full one.
fn to_compact(mut segments: Vec<SegmentMeta>) -> Vec<SegmentId> {
    segments.sort_by_key(SegmentMeta::num_docs);
    let mut sum = 0;
    let small = segments.iter().take_while(|segment| {
        sum += segment.num_docs() as usize;
        sum <= FULL_SEGMENT
    });
    small.map(SegmentMeta::id).collect()
}
