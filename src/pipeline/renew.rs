//! What the office has entered, as it is now, for the comparing: the register of claims, and our own
//! statements.

use super::Pipeline;
use crate::model::{ClaimId, StatementId};
use crate::relate::Known;
use crate::relate::compare::Statement;
use crate::store::{Store, StoreError};

impl Pipeline {
    /// Reads what the office has entered again where it has changed. A store that does not answer is asked
    /// again with the next batch.
    pub(super) async fn renew(&mut self) {
        if !self.claims.has_changed().unwrap_or(false) {
            return;
        }
        self.claims.mark_unchanged();
        if let Err(error) = read_office(&self.store, &mut self.known).await {
            tracing::error!(%error, "What the office has entered cannot be read; it is compared as it was.");
            self.claims.mark_changed();
        }
    }
}

/// Brings the office's entries and statements up to date, and what is learned from its yes and no.
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
    let entered = store.statements().await?;
    let compared = entered.iter().map(|entered| Statement {
        id: StatementId::Entered(entered.id),
        published: entered.text.published,
        title: &entered.text.title,
        text: &entered.text.text,
    });
    known.put_entered(&compared.collect::<Vec<_>>());
    Ok(())
}
