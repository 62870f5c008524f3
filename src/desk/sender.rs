//! The follower of the outbox: composes what is due, hands it over, tries again, gives up aloud;
//! and redacts mails whose statements were deleted or edited.
//!
//! One task does both in turn: a mail that was composed just before its statement went is on disk
//! when the redaction looks for it.

use super::mail::Composer;
use super::notifier::{ComposedMail, Notifier, NotifyError};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::store::{OutgoingMail, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Mails of one look.
const BATCH: i64 = 20;
/// First pause after a failure; doubles.
const RETRY_FIRST: SignedDuration = SignedDuration::from_secs(30);
const RETRY_MOST: SignedDuration = SignedDuration::from_mins(15);
/// After this a mail that nobody takes is given up.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(72);
/// What a hand-over that is under way gets when the house stops.
const LAST_CALL: Duration = Duration::from_secs(5);
/// Sequence numbers that one redaction step looks at.
const STEP: i64 = 5_000;
/// The redaction's position is saved at least this often, in sequence numbers.
const SAVE_EVERY: i64 = 1_000;
const FOLLOWER: &str = "mails";

/// Sends what the outbox holds.
pub struct Sender {
    store: Store,
    composer: Composer,
    notifier: Arc<dyn Notifier>,
    clock: Clock,
    metrics: Metrics,
    /// Changes up to here are redacted; `None` until read from the store.
    redacted_seq: Option<i64>,
    saved_seq: i64,
}

impl Sender {
    pub fn new(
        store: Store,
        composer: Composer,
        notifier: Arc<dyn Notifier>,
        clock: Clock,
        metrics: Metrics,
    ) -> Self {
        Self {
            store,
            composer,
            notifier,
            clock,
            metrics,
            redacted_seq: None,
            saved_seq: 0,
        }
    }

    /// Works until it is told to stop; then takes one last look, so that what the house decided
    /// before it closed still leaves it. Errors of the store are logged and tried again.
    pub async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let stopped = async {
                stop.cancelled().await;
                tokio::time::sleep(LAST_CALL).await;
            };
            tokio::select! {
                () = self.look(&stop) => {}
                () = stopped => break,
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => {}
            }
        }
        let never = CancellationToken::new();
        if tokio::time::timeout(LAST_CALL, self.look(&never))
            .await
            .is_err()
        {
            tracing::warn!(
                "The last alert mails were not accepted in time; they go out next time."
            );
        }
        if let Err(error) = self.save().await {
            tracing::warn!(%error, "The redaction's position was not saved; it will repeat itself.");
        }
    }

    async fn look(&mut self, stop: &CancellationToken) {
        if let Err(error) = self.step(stop).await {
            tracing::error!(%error, "The outbox could not be worked on; trying again.");
        }
    }

    /// One look: redacts, sends what is due, and sets the gauges.
    ///
    /// # Errors
    /// Those of the store. What was done before stays done.
    pub async fn step(&mut self, stop: &CancellationToken) -> Result<(), StoreError> {
        self.catch_up().await?;
        for mail in self.store.due_mails(self.clock.now(), BATCH).await? {
            if stop.is_cancelled() {
                break;
            }
            self.send(&mail).await?;
        }
        self.gauge().await
    }

    /// Redacts the mails that show something which changed or went since the saved position.
    /// After an erasure this is called without [`Sender::run`], too.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn catch_up(&mut self) -> Result<(), StoreError> {
        let newest = self.store.newest_seq().await?;
        let mut seq = match self.redacted_seq {
            Some(seq) => seq,
            None => {
                self.saved_seq = self.store.follower_seq(FOLLOWER).await?;
                self.saved_seq
            }
        };
        while seq < newest {
            let until = newest.min(seq + STEP);
            let touched = self.redact(seq, until).await?;
            let Some(touched) = touched else { break };
            seq = until;
            self.redacted_seq = Some(seq);
            if touched > 0 || seq - self.saved_seq >= SAVE_EVERY {
                self.save().await?;
            }
        }
        self.redacted_seq = Some(seq);
        self.metrics
            .follower_seq
            .with_label_values(&[FOLLOWER])
            .set(seq);
        Ok(())
    }

    /// The number of mails that were looked at; `None` where one could not be replaced, so that
    /// the position stays.
    async fn redact(&self, after: i64, until: i64) -> Result<Option<usize>, StoreError> {
        if !self.notifier.keeps_mails() {
            return Ok(Some(0));
        }
        let mails = self.store.mails_changed(after, until).await?;
        for mail in &mails {
            let Some(composed) = self.compose(mail).await? else {
                continue;
            };
            match self.notifier.redact(&composed).await {
                Ok(replaced) => self.metrics.mails_redacted.inc_by(u64::from(replaced)),
                Err(error) => {
                    tracing::error!(mail = mail.id, %error, "A mail that shows a deleted statement could not be replaced; trying again.");
                    return Ok(None);
                }
            }
        }
        Ok(Some(mails.len()))
    }

    async fn save(&mut self) -> Result<(), StoreError> {
        match self.redacted_seq {
            Some(seq) if seq != self.saved_seq => {
                self.store.set_follower_seq(FOLLOWER, seq).await?;
                self.saved_seq = seq;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// `None` where no mail can be made; that is logged.
    async fn compose(&self, mail: &OutgoingMail) -> Result<Option<ComposedMail>, StoreError> {
        let Some(case) = self.store.case(mail.case_id).await? else {
            tracing::error!(mail = mail.id, "The case of a mail is gone.");
            return Ok(None);
        };
        let mentions = self.store.mentions(&mail.mention_ids).await?;
        let known = self.store.claims_of_all(&mentions).await?;
        match self.composer.compose(&case, mail, (&mentions, &known)) {
            Ok(composed) => Ok(Some(composed)),
            Err(error) => {
                tracing::error!(mail = mail.id, %error, "A mail could not be composed.");
                Ok(None)
            }
        }
    }

    async fn send(&self, mail: &OutgoingMail) -> Result<(), StoreError> {
        let Some(composed) = self.compose(mail).await? else {
            return self.fail(mail, "the mail could not be composed").await;
        };
        match self.notifier.send(&composed).await {
            Ok(()) => {
                self.store.mail_sent(mail.id, self.clock.now()).await?;
                self.count("accepted");
                tracing::info!(mail = mail.id, case = mail.case_id, step = %mail.step, "Alert mail accepted.");
                Ok(())
            }
            Err(NotifyError::Permanent(reason)) => self.fail(mail, &reason).await,
            Err(NotifyError::Retry(reason)) => self.retry(mail, &reason).await,
        }
    }

    async fn retry(&self, mail: &OutgoingMail, reason: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        if now.duration_since(mail.created) >= GIVE_UP {
            return self.fail(mail, reason).await;
        }
        let pause = backoff(mail.attempts);
        let next = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        self.store.mail_failed(mail.id, reason, Some(next)).await?;
        self.count("retried");
        tracing::warn!(
            mail = mail.id,
            case = mail.case_id,
            reason,
            pause_secs = pause.as_secs(),
            "Alert mail not accepted; trying again."
        );
        Ok(())
    }

    async fn fail(&self, mail: &OutgoingMail, reason: &str) -> Result<(), StoreError> {
        self.store.mail_failed(mail.id, reason, None).await?;
        self.count("failed");
        tracing::error!(
            mail = mail.id,
            case = mail.case_id,
            reason,
            "Alert mail given up: an editor was not told."
        );
        Ok(())
    }

    fn count(&self, outcome: &str) {
        self.metrics.mails.with_label_values(&[outcome]).inc();
    }

    async fn gauge(&self) -> Result<(), StoreError> {
        let counts = self.store.outbox_counts().await?;
        let age_secs = counts.oldest.map_or(0.0, |oldest| {
            self.clock.now().duration_since(oldest).as_secs_f64()
        });
        self.metrics.outbox_pending.set(counts.pending);
        self.metrics.outbox_oldest_seconds.set(age_secs.max(0.0));
        self.metrics.cases_open.set(self.store.open_cases().await?);
        Ok(())
    }
}

/// The pause after a failure that `attempts` others preceded.
fn backoff(attempts: i64) -> SignedDuration {
    let doubled = u32::try_from(attempts.clamp(0, 10)).unwrap_or(0);
    RETRY_FIRST
        .checked_mul(1 << doubled)
        .map_or(RETRY_MOST, |pause| pause.min(RETRY_MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_fifteen_minutes() {
        let pauses: Vec<i64> = (0..8).map(|attempts| backoff(attempts).as_secs()).collect();
        assert_eq!(pauses, [30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(backoff(i64::MAX).as_secs(), 900);
    }
}
