//! Asking the process that follows to make the index again: a file in the index's directory, which
//! that process takes away when it has taken note of it in the position. A file, because whoever may
//! write there may do more than that anyhow, and it needs no token.

use super::position::Position;
use super::{IndexError, files, keeper, root};
use std::fs;
use std::io;
use std::path::Path;

const NAME: &str = "rebuild";

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilding {
    /// Nobody has taken note of it yet.
    pub asked: bool,
    /// Weekly partitions that wait to be made again.
    pub left: usize,
}

/// Asks.
///
/// # Errors
/// An index that is not there, a disk that cannot be written.
pub fn ask_to_rebuild(dir: &Path) -> Result<(), IndexError> {
    Ok(files::replace(&root(dir).join(NAME), b"")?)
}

/// Takes back what nobody has taken note of.
///
/// # Errors
/// A disk that cannot be written.
pub fn ask_no_more(dir: &Path) -> Result<(), IndexError> {
    Ok(take_away(&root(dir))?)
}

/// Looks how far it is.
///
/// # Errors
/// A disk that cannot be read; an index of another version.
pub fn rebuilding(dir: &Path) -> Result<Rebuilding, IndexError> {
    let root = root(dir);
    // In this order: what is taken note of is in the position before the file goes.
    let asked = is_there(&root);
    let position = Position::load(&root, &keeper::schema_hash()?)?;
    let position = position.ok_or(IndexError::Damaged("it is of another version"))?;
    let left = position.broken.union(&position.renew).count();
    Ok(Rebuilding { asked, left })
}

pub(super) fn is_there(root: &Path) -> bool {
    root.join(NAME).exists()
}

pub(super) fn take_away(root: &Path) -> io::Result<()> {
    match fs::remove_file(root.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => files::sync_dir(root),
    }
}
