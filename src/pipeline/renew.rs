//! The register of claims as the office has it now, for the comparing.

use super::Pipeline;
use crate::model::ClaimId;
use crate::relate::Known;
use crate::store::{Store, StoreError};

impl Pipeline {
    /// Reads the register again where the office has changed it. A store that does not answer is asked
    /// again with the next batch.
    pub(super) async fn renew(&mut self) {
        if !self.claims.has_changed().unwrap_or(false) {
            return;
        }
        self.claims.mark_unchanged();
        if let Err(error) = read_office(&self.store, &mut self.known).await {
            tracing::error!(%error, "The register of claims cannot be read; it is compared as it was.");
            self.claims.mark_changed();
        }
    }
}

/// Brings the office's entries up to date, and what is learned from its yes and no.
///
/// # Errors
/// Those of the store.
pub async fn read_office(store: &Store, known: &mut Known) -> Result<(), StoreError> {
    let mut left_out = 0;
    for (id, claim, wordings, retired) in store.claims_compared().await? {
        let id = ClaimId::Office(id);
        if retired {
            known.remove_claim(&id);
        } else if !known.put_claim(id, &claim, &wordings) {
            left_out += 1;
        }
    }
    if left_out > 0 {
        tracing::warn!(
            left_out,
            "The register of claims is full: raise `relate.claims.max_claims`, or retire entries."
        );
    }
    known.learn(&store.judged_claims().await?);
    Ok(())
}
