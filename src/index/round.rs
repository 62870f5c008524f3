//! The checksum round: bytes that turn on a disk are found before a search meets them.

use super::{Index, IndexError, blocking};
use std::time::Instant;

/// A round rests so many times as long as it reads: nobody else waits for the disk.
const REST: u32 = 4;

impl Index {
    /// Reads every byte of every partition once, one partition after another, and has the damaged
    /// ones made again. Returns how many looked damaged.
    ///
    /// # Errors
    /// A disk that cannot be read just now.
    pub async fn check_files(&self) -> Result<usize, IndexError> {
        let mut damaged = 0;
        for partition in self.shelf.all() {
            let started = Instant::now();
            let week = partition.week;
            match blocking(move || partition.is_sound()).await {
                Ok(true) => {}
                Err(error) if !error.is_damage() => return Err(error),
                _ => {
                    // The follower looks once more: files change while they are read.
                    damaged += 1;
                    self.progress.suspect(vec![week]);
                    self.wake();
                }
            }
            tokio::time::sleep(started.elapsed() * REST).await;
        }
        Ok(damaged)
    }
}
