//! Whether the disk has room for more. Below the low-water mark nothing new is taken in and nothing
//! large is written, so that what is there can be searched, acknowledged, erased and mailed until
//! somebody makes room. Whoever writes asks here; who measures is the house's business.

use super::Store;
use serde::Deserialize;

/// `[disk]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskConfig {
    /// With less free space than this nothing is taken in, in MiB; 0 never stops.
    pub low_water_mib: u64,
    /// Size of a file that is given up when the disk is full all the same, in MiB; 0 keeps none.
    pub ballast_mib: u64,
}

impl Store {
    /// False while the disk is nearly full.
    pub fn has_room(&self) -> bool {
        *self.room.borrow()
    }

    /// Tells everybody. Returns whether that is news.
    pub fn set_room(&self, has_room: bool) -> bool {
        self.room.send_replace(has_room) != has_room
    }

    /// Waits until the disk has room.
    pub async fn until_room(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.room.subscribe().wait_for(|has_room| *has_room).await;
    }
}
