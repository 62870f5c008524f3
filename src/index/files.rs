//! The few file operations whose order decides what survives a power cut.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Makes a directory's entries durable: renames, new files and removals.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Replaces a file's content so that a reader, and a power cut, see the old or the new one whole.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let written = path.with_extension("new");
    let mut file = File::create(&written)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&written, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Removes a directory and all below it, durably. None there is as good.
pub(super) fn remove_tree(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => dir.parent().map_or(Ok(()), sync_dir),
    }
}
