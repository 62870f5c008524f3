//! Proof of what a command took out of the house: counts and a time, nothing of what was said.

use super::Running;
use crate::metrics::Metrics;
use jiff::Timestamp;
use serde::Serialize;

/// What is gone, and since when it is in no file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// `erase` or `retention`.
    pub act: &'static str,
    /// Rows taken out of the store.
    pub mentions: u64,
    /// Keyed hashes of items and accounts that stay away, also of such that were not here.
    pub tombstones: u64,
    /// Mails on disk that were written again without the words.
    pub mails_redacted: u64,
    /// Weekly parts of the index.
    pub partitions_rewritten: u64,
    pub partitions_dropped: u64,
    /// From here on the words were in no file of store and index.
    pub purged: Timestamp,
}

impl Receipt {
    /// One line each, for people.
    pub fn lines(&self) -> [String; 5] {
        [
            format!("mentions removed        {}", self.mentions),
            format!("kept away from now on   {}", self.tombstones),
            format!("mails on disk redacted  {}", self.mails_redacted),
            format!(
                "index partitions        {} rewritten, {} dropped",
                self.partitions_rewritten, self.partitions_dropped
            ),
            format!("purged from all files   {}", self.purged),
        ]
    }
}

impl Running {
    /// Waits until what was taken out is in no file, says so, and writes it into the audit log. The
    /// counts of mails and index are those of this process: it is for a command that does one thing.
    ///
    /// # Errors
    /// A store that cannot be read or written.
    pub async fn receipt(
        &mut self,
        act: &'static str,
        mentions: u64,
        tombstones: u64,
    ) -> anyhow::Result<Receipt> {
        self.caught_up().await?;
        let metrics: &Metrics = &self.metrics;
        let purged = |outcome| metrics.index_purged.with_label_values(&[outcome]).get();
        let receipt = Receipt {
            act,
            mentions,
            tombstones,
            mails_redacted: metrics.mails_redacted.get(),
            partitions_rewritten: purged("rewritten"),
            partitions_dropped: purged("dropped"),
            purged: self.clock.now(),
        };
        let detail = serde_json::to_string(&receipt)?;
        let store = &self.house.store;
        store.audit(receipt.purged, "receipt", &detail).await?;
        Ok(receipt)
    }
}
