//! The index: finds mentions by words, field and time. A follower of the store, made again from it
//! whenever it is lost.
//!
//! Partitioned by week of publication, so that a search over last week opens one partition, an
//! erasure rewrites one, and retention drops one. It holds no text to show and no author: results
//! are numbers, and the store has the mentions. Layout below the data directory:
//!
//! ```text
//! index/lock         held by the process that follows
//! index/position     how far it has followed, and which partitions belong to it
//! index/2026-W47/    one tantivy index a week
//! index/rebuild      there while somebody asks for the index to be made again
//! ```
//!
//! Damage is found when a partition is opened, when a search fails in it, and by a round over the
//! checksums; the partition is then made again from the store. Files are mapped: one that is cut short
//! under a running house ends the process where a search reads there (SIGBUS), which safe code cannot
//! catch. The next start finds it. The round maps the files afresh and so is not ended by it.

mod aggregate;
mod among;
mod arrivals;
mod best;
pub mod compile;
mod document;
mod facets;
mod files;
mod filter;
mod follower;
mod keeper;
mod lanes;
mod memo;
pub mod near;
mod partition;
mod position;
mod remake;
mod request;
mod round;
mod run;
pub mod scan;
pub mod schema;
mod search;
mod shelf;
mod story;
mod survey;
mod verify;
mod week;

pub use aggregate::{HELD_BACK, MAX_BUCKETS, MAX_DEPTH, MIN_PEOPLE};
pub use among::Among;
pub use arrivals::Arrivals;
pub use best::{CursorKey, NoCursorKey};
pub use document::of as document;
pub use facets::Facets;
pub use filter::Filter;
pub use follower::Follow;
pub use lanes::Pace;
pub use request::{Rebuilding, ask_no_more, ask_to_rebuild, rebuilding};
pub use search::{MAX_RESULTS, Order, Page, Search};
pub use survey::{Survey, Surveyed};
pub use tantivy::aggregation::agg_req::Aggregations;
pub use verify::{Differences, strangers};

use crate::store::StoreError;
use follower::{Bell, Follower, Progress, Schedule};
use keeper::Keeper;
use lanes::Lanes;
use memo::Memo;
use partition::Partition;
use position::Position;
use serde::Deserialize;
use shelf::Shelf;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tantivy::TantivyError;
use tantivy::directory::error::{OpenDirectoryError, OpenReadError};
use tokio::runtime::Handle;
use tokio::sync::watch;
use week::Week;

/// How often a second process tries again to open what changes under its hands.
const OPENINGS: usize = 3;

/// The index's settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Pause between two commits: how long a stored mention waits until it can be found.
    pub commit_interval_ms: u64,
    /// Changes in one commit at most.
    pub batch_changes: u32,
    /// Partitions that are open for writing at one time; each takes up to 15 MB.
    pub open_writers: usize,
    /// A writer that nothing was written with for so long is closed.
    pub idle_writer_secs: u64,
    /// Under load, how long deleted words may stay in files; with little load they go at once.
    pub purge_within_secs: u64,
    /// Longest time that a search may take.
    pub search_timeout_ms: u64,
    /// Quick searches at one time, and half as many dear ones; more wait.
    pub concurrent_searches: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            commit_interval_ms: 500,
            batch_changes: 500,
            open_writers: 4,
            idle_writer_secs: 60,
            purge_within_secs: 10,
            search_timeout_ms: 2_000,
            concurrent_searches: 4,
        }
    }
}

/// Why the index could not do something.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("the index: {0}")]
    Engine(#[from] TantivyError),
    #[error("the index's files: {0}")]
    Files(#[from] io::Error),
    #[error("a part of the index is damaged: {0}")]
    Damaged(&'static str),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another process writes this index; stop it first")]
    InUse,
    #[error("the search took too long; ask for a shorter time or fewer wildcards")]
    TimedOut,
    /// The fault of the query, to be told to whoever asked.
    #[error("{pattern} stands for more than {limit} words", limit = near::MAX_EXPANSIONS)]
    TooBroad { pattern: String },
    /// The fault of what was asked to be counted.
    #[error("{0}")]
    Aggregation(String),
    #[error("the index's engine failed")]
    Panicked,
}

impl IndexError {
    /// Whether making it again from the store helps. A full disk, missing permission or a lock is
    /// no damage: waiting helps there, deleting does not.
    fn is_damage(&self) -> bool {
        match self {
            IndexError::Damaged(_) | IndexError::Panicked => true,
            IndexError::Engine(error) => is_damage(error),
            IndexError::Files(_)
            | IndexError::Store(_)
            | IndexError::InUse
            | IndexError::TimedOut
            | IndexError::TooBroad { .. }
            | IndexError::Aggregation(_) => false,
        }
    }
}

fn is_damage(error: &TantivyError) -> bool {
    match error {
        TantivyError::DataCorruption(_)
        | TantivyError::IncompatibleIndex(_)
        | TantivyError::SchemaError(_)
        | TantivyError::FieldNotFound(_)
        | TantivyError::DeserializeError(_)
        | TantivyError::OpenDirectoryError(
            OpenDirectoryError::DoesNotExist(_) | OpenDirectoryError::NotADirectory(_),
        )
        | TantivyError::OpenReadError(
            OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_),
        ) => true,
        TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. })
        | TantivyError::IoError(io_error) => is_about_content(io_error),
        _ => false,
    }
}

/// An error that no system call raised: the bytes were read and made no sense.
fn is_about_content(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    error.raw_os_error().is_none()
        && matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
}

/// The open index. Dropping it stops the follower soon; [`Index::stop`] waits for that.
pub struct Index {
    shelf: Arc<Shelf>,
    progress: Arc<Progress>,
    memo: Arc<Memo>,
    lanes: Lanes,
    search_timeout: Duration,
    bell: Arc<Bell>,
    follower: Option<JoinHandle<()>>,
}

impl Index {
    /// Opens the index below the data directory and starts to follow the store. What is damaged or
    /// missing is made again in the background, while the rest can be searched.
    ///
    /// # Errors
    /// [`IndexError::InUse`], a store that cannot be read, a directory that cannot be written.
    pub async fn open(dir: &Path, config: &Config, follow: Follow) -> Result<Self, IndexError> {
        let (follower, shelf) = prepare(dir, config, follow).await?;
        let progress = Arc::clone(&follower.progress);
        let bell = Arc::clone(&follower.bell);
        let thread = std::thread::Builder::new()
            .name("index".to_owned())
            .spawn(move || follower.run())?;
        Ok(Self::with(config, shelf, progress, bell, Some(thread)))
    }

    /// Opens the index as it is, to search only: beside a running house, or without one.
    ///
    /// # Errors
    /// A partition that cannot be opened. An index that is not there, or of another version, is
    /// empty and not whole.
    pub async fn open_to_search(dir: &Path, config: &Config) -> Result<Self, IndexError> {
        let root = root(dir);
        let (position, shelf) = blocking(move || {
            // A partition may take another's place just while it is opened.
            let mut opened = open_all(&root);
            for _ in 0..OPENINGS {
                match &opened {
                    Err(error) if error.is_damage() => opened = open_all(&root),
                    _ => break,
                }
            }
            opened
        })
        .await?;
        let whole = position
            .as_ref()
            .is_some_and(|position| position.broken.is_empty());
        let seq = position.map_or(0, |position| position.seq);
        let progress = progress(seq, whole);
        let shelf = Arc::new(shelf);
        Ok(Self::with(config, shelf, progress, Arc::default(), None))
    }

    fn with(
        config: &Config,
        shelf: Arc<Shelf>,
        progress: Arc<Progress>,
        bell: Arc<Bell>,
        follower: Option<JoinHandle<()>>,
    ) -> Self {
        Self {
            shelf,
            progress,
            memo: Arc::default(),
            lanes: Lanes::new(config.concurrent_searches),
            search_timeout: Duration::from_millis(config.search_timeout_ms),
            bell,
            follower,
        }
    }

    /// Says that the store has something new. Without it the follower looks five times a second.
    pub fn wake(&self) {
        self.bell.ring();
    }

    /// The sequence number up to which everything is searchable.
    pub fn reached(&self) -> i64 {
        *self.progress.reached.borrow()
    }

    /// False while a part of the index is being made again.
    pub fn is_whole(&self) -> bool {
        self.progress.whole.load(Ordering::Acquire)
    }

    /// Waits until everything up to `seq` is searchable.
    pub async fn until_reached(&self, seq: i64) {
        wait_for(&self.progress.reached, seq).await;
    }

    /// Waits until what was taken back up to `seq` is in no file of index and store any more.
    pub async fn until_purged(&self, seq: i64) {
        wait_for(&self.progress.purged, seq).await;
    }

    /// Searches. Waits for its turn and stops at the time-out.
    ///
    /// # Errors
    /// [`IndexError::TimedOut`], [`IndexError::TooBroad`], and an index that cannot be read.
    pub async fn search(&self, search: Search) -> Result<Page, IndexError> {
        let memo = Arc::clone(&self.memo);
        self.ask(search.weeks(), move |partitions, whole, pace| {
            run::run(partitions, &search, &memo, whole, pace)
        })
        .await
    }

    /// Surveys what a query finds. Waits for its turn and stops at the time-out.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub async fn survey(&self, survey: Survey) -> Result<Surveyed, IndexError> {
        self.ask(survey.search().weeks(), move |partitions, whole, pace| {
            survey::run(partitions, &survey, whole, pace)
        })
        .await
    }

    /// Waits for a turn and asks the partitions of some weeks; has the damaged ones made again.
    async fn ask<T: Send + 'static>(
        &self,
        weeks: RangeInclusive<Week>,
        work: impl FnOnce(&[Arc<Partition>], bool, &Pace) -> Result<(T, Vec<Week>), IndexError>
        + Send
        + 'static,
    ) -> Result<T, IndexError> {
        // Held until the work is done, even when nobody waits for it any more.
        let pace = self.lanes.enter(self.search_timeout).await?;
        let partitions = self.shelf.newest_first(weeks);
        let whole = self.is_whole();
        let (answer, damaged) = blocking(move || work(&partitions, whole, &pace)).await?;
        if !damaged.is_empty() {
            self.progress.suspect(damaged);
            self.wake();
        }
        Ok(answer)
    }

    /// Stops following and closes all writers. What was not indexed yet will be after the next
    /// start.
    pub async fn stop(mut self) {
        self.bell.stop();
        if let Some(follower) = self.follower.take() {
            let ended = blocking(move || follower.join().map_err(|_| IndexError::Panicked));
            if let Err(error) = ended.await {
                tracing::warn!(%error, "the index's follower did not end in order");
            }
        }
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.bell.stop();
    }
}

/// Makes the whole index again from the store, one partition after another. Nothing else may follow
/// with it; searches see it whole all the time.
///
/// # Errors
/// As [`Index::open`]; what was done so far stays and is gone on with from there.
pub async fn rebuild(dir: &Path, config: &Config, follow: Follow) -> Result<(), IndexError> {
    let (mut follower, _shelf) = prepare(dir, config, follow).await?;
    blocking(move || {
        follower.renew_all()?;
        request::take_away(follower.keeper.root())?;
        follower.run_to_end()
    })
    .await
}

fn root(dir: &Path) -> PathBuf {
    dir.join("index")
}

/// Opens every partition that the position names, to search only.
fn open_all(root: &Path) -> Result<(Option<Position>, Shelf), IndexError> {
    let shelf = Shelf::default();
    let position = Position::load(root, &keeper::schema_hash()?)?;
    for week in position.iter().flat_map(|position| &position.weeks) {
        shelf.put(Partition::open_to_read(root, *week)?);
    }
    Ok((position, shelf))
}

async fn prepare(
    dir: &Path,
    config: &Config,
    follow: Follow,
) -> Result<(Follower, Arc<Shelf>), IndexError> {
    let newest_seq = follow.store.newest_seq().await?;
    let root = root(dir);
    let owned_config = config.clone();
    let shelf = Arc::new(Shelf::default());
    let filling = Arc::clone(&shelf);
    // An index ahead of the store belongs to another store.
    let mut keeper =
        blocking(move || Keeper::open(&root, &owned_config, filling, newest_seq)).await?;
    if keeper.is_new() && newest_seq > 0 {
        let days = follow.store.days_published().await?;
        keeper.make_all(newest_seq, follower::weeks(days))?;
    }
    let seq = keeper.seq();
    let whole = !keeper.is_broken() && (seq > 0 || newest_seq == 0);
    let follower = Follower {
        keeper,
        follow,
        runtime: Handle::current(),
        progress: progress(seq, whole),
        bell: Arc::default(),
        schedule: Schedule::new(config),
    };
    Ok((follower, shelf))
}

fn progress(seq: i64, whole: bool) -> Arc<Progress> {
    Arc::new(Progress {
        reached: watch::Sender::new(seq),
        purged: watch::Sender::new(0),
        whole: AtomicBool::new(whole),
        suspects: Mutex::default(),
    })
}

async fn wait_for(progress: &watch::Sender<i64>, seq: i64) {
    // The sender lives as long as `self`, so waiting cannot fail.
    let _ = progress
        .subscribe()
        .wait_for(|reached| *reached >= seq)
        .await;
}

/// Runs what blocks on a thread that may. A panic in it (damaged files can cause one in the engine)
/// is an error here.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, IndexError> + Send + 'static,
) -> Result<T, IndexError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(IndexError::Panicked))
}
