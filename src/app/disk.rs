//! Watches the space that the disk has left. Below the low-water mark intake stops: the sources are
//! held back, their positions lag, and nothing that was acknowledged is lost; the index neither
//! merges nor makes anything again. Search, pages, acknowledgements, erasure and mails go on. All of
//! it ends by itself when there is room again.
//!
//! Others may fill the disk to the last byte. For then there is the ballast: a file of nothing that
//! is given up, so that the few bytes of an acknowledgement or a sent mail can still be written.

use crate::metrics::Metrics;
use crate::serve::Check;
use crate::store::{DiskConfig, Store};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const LOOK: Duration = Duration::from_secs(1);
const MIB: u64 = 1024 * 1024;

/// Who watches.
pub struct Disk {
    dir: PathBuf,
    low_water: u64,
    /// Bytes of the ballast, 0 for none; `None` where it is left as it is.
    ballast: Option<u64>,
    store: Store,
    metrics: Metrics,
}

impl Disk {
    /// `keeps_ballast` is for a house that stays; a command that comes and goes leaves it alone.
    pub fn new(
        config: &DiskConfig,
        keeps_ballast: bool,
        dir: &Path,
        store: Store,
        metrics: Metrics,
    ) -> Self {
        let ballast = config.ballast_mib.saturating_mul(MIB);
        Self {
            dir: dir.to_owned(),
            low_water: config.low_water_mib.saturating_mul(MIB),
            ballast: keeps_ballast.then_some(ballast),
            store,
            metrics,
        }
    }

    /// Looks once a second.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => self.look(),
            }
        }
    }

    /// Measures, and tells who has to know.
    pub fn look(&mut self) {
        let free = match free_bytes(&self.dir) {
            Ok(free) => free,
            Err(error) => {
                tracing::warn!(%error, "The space that the disk has left cannot be read.");
                return;
            }
        };
        let path = self.dir.join("ballast");
        let size = self.ballast.unwrap_or(0);
        let held = path.exists();
        // What the ballast will take again is not to be given away.
        let spare = if held {
            free
        } else {
            free.saturating_sub(size)
        };
        let has_room = has_room(self.store.has_room(), spare, self.low_water);
        self.tell(has_room, free);
        if self.ballast.is_none() {
            return;
        }
        if held && (size == 0 || !is_kept(free, size)) {
            match fs::remove_file(&path) {
                Ok(()) => tracing::warn!("The ballast is given up."),
                Err(error) => tracing::warn!(%error, "The ballast cannot be given up."),
            }
        } else if !held && has_room && size > 0 && is_kept(spare, size) {
            self.take_ballast(&path, size);
        }
    }

    fn tell(&self, has_room: bool, free: u64) {
        self.metrics.disk_free_bytes.set(free as f64);
        self.metrics.disk_low.set(i64::from(!has_room));
        if !self.store.set_room(has_room) {
            return;
        }
        let free_mib = free / MIB;
        if has_room {
            tracing::info!(free_mib, "There is room on the disk again; intake goes on.");
        } else {
            let low_water_mib = self.low_water / MIB;
            tracing::error!(
                free_mib,
                low_water_mib,
                "The disk is nearly full: nothing new is taken in until there is room. Search, pages, erasure and mails go on."
            );
        }
    }

    fn take_ballast(&mut self, path: &Path, size: u64) {
        let made = File::create(path)
            .and_then(|file| Ok(fallocate(&file, FallocateFlags::empty(), 0, size)?));
        if let Err(error) = made {
            tracing::warn!(%error, "No ballast can be kept on this disk; the house does without.");
            // What was made of it is none.
            let _ = fs::remove_file(path);
            self.ballast = None;
        }
    }
}

/// What is free to us: not what is kept for root.
fn free_bytes(dir: &Path) -> io::Result<u64> {
    let disk = statvfs(dir)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// It takes a quarter more to begin again than to stop, so that it does not flutter.
fn has_room(had_room: bool, spare: u64, low_water: u64) -> bool {
    let mark = if had_room {
        low_water
    } else {
        low_water.saturating_add(low_water / 4)
    };
    spare >= mark
}

/// Whether the ballast stays with so much free beside it. What would be given up at once is not taken.
fn is_kept(beside: u64, size: u64) -> bool {
    beside > 0 && beside >= size / 2
}

/// For `/readyz`: pages and search do their work, so it warns and does not fail.
pub fn check(store: &Store) -> Check {
    let has_room = store.has_room();
    Check {
        name: "disk",
        ok: true,
        warning: !has_room,
        detail: match has_room {
            true => "has room".to_owned(),
            false => "nearly full: nothing new is taken in until there is room".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_more_to_begin_again_than_to_stop() {
        for (had_room, spare, expected) in [
            (true, 100, true),
            (true, 99, false),
            (false, 100, false),
            (false, 124, false),
            (false, 125, true),
        ] {
            assert_eq!(
                has_room(had_room, spare, 100),
                expected,
                "{had_room} {spare}"
            );
        }
        assert!(
            has_room(true, 0, 0) && has_room(false, 0, 0),
            "0 never stops"
        );
    }

    #[test]
    fn a_ballast_that_would_be_given_up_at_once_is_not_taken() {
        let size = 100;
        for (free, expected) in [(0, false), (49, false), (50, true), (500, true)] {
            assert_eq!(is_kept(free, size), expected, "{free} beside it");
        }
        assert!(!is_kept(0, 1));
    }
}
