//! Asks platforms again for what is stored of them, where their terms let nobody keep it unseen
//! (YouTube: 30 days). What is gone there goes here; what could not be asked for in time, too.
//!
//! The native ids of private people's items lie sealed. They are opened for the question alone, and
//! each round is in the audit log with its number of items. What is still there goes the way of
//! everything that is collected, and mails nobody. What is gone is deleted before the round is noted:
//! nobody asks again for a month after that.
//!
//! The rounds are bounded: fifty items each, as many as are due, an hour's pause after a failure. They
//! run while the source is configured; whoever takes it out sets `[retention.sources]` for its name.

use super::House;
use crate::clock::Clock;
use crate::collect::source::{Event, MOST_AGAIN, Refresh, Source};
use crate::collect::supervise::{Delivery, Outcome, Surroundings};
use crate::metrics::Metrics;
use crate::model::{Change, Deletion, Kind};
use crate::privacy::{Keys, MentionKey};
use crate::store::{Clocks, Store, StoredMention};
use anyhow::Context as _;
use jiff::{Timestamp, ToSpan};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Items that nobody saw for so long are asked for again …
const ASK_AFTER_HOURS: i64 = 29 * 24;
/// … and are deleted when that did not work until then.
const DELETE_AFTER_HOURS: i64 = 30 * 24 - 1;
const PAUSE: Duration = Duration::from_secs(3600);
/// Between two rounds, so that others may write as well.
const BETWEEN: Duration = Duration::from_millis(200);

/// Who asks again for the items of one source's platform.
pub(super) struct Refresher {
    platform: Arc<dyn Refresh>,
    source: String,
    store: Store,
    keys: Keys,
    out: mpsc::Sender<Delivery>,
    metrics: Metrics,
    clock: Clock,
    /// The last time that clock and house agreed on: a clock that jumped deletes nothing.
    agreed: Option<watch::Receiver<Timestamp>>,
    stop: CancellationToken,
}

/// What an item is asked for by.
type Asked = (StoredMention, Timestamp, Option<String>);

impl Refresher {
    /// For a source whose platform demands it.
    pub fn of(
        source: &dyn Source,
        house: &House,
        around: &Surroundings,
        agreed: Option<watch::Receiver<Timestamp>>,
    ) -> Option<Self> {
        Some(Self {
            platform: source.refresh()?,
            source: source.name().to_owned(),
            store: house.store.clone(),
            keys: house.keys.clone(),
            out: around.out.clone(),
            metrics: around.metrics.clone(),
            clock: around.clock.clone(),
            agreed,
            stop: around.stop.clone(),
        })
    }

    /// A round waits for the network, and the house does not wait for a round.
    async fn run(self) {
        let stop = self.stop.clone();
        stop.run_until_cancelled(self.rounds()).await;
    }

    async fn rounds(&self) {
        loop {
            let pause = match self.round().await {
                Ok(true) => BETWEEN,
                Ok(false) => PAUSE,
                Err(error) => {
                    let (source, error) = (&self.source, format!("{error:#}"));
                    tracing::warn!(%source, error, "Stored items could not be asked for again.");
                    PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// One round; false where nothing is due.
    async fn round(&self) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let due = now.saturating_sub(ASK_AFTER_HOURS.hours())?;
        let platform = self.platform.platform();
        let unseen = self.store.unseen_since(platform, due, MOST_AGAIN).await?;
        if unseen.is_empty() {
            return Ok(false);
        }
        let detail = format!("{} items of {platform}", unseen.len());
        self.store.audit(now, "ask again", &detail).await?;
        let asked: Vec<Asked> = unseen
            .into_iter()
            .map(|(mention, seen)| {
                let id = self.native_id(&mention);
                (mention, seen, id)
            })
            .collect();
        let answer = self.ask(&asked, now).await;
        self.expire(&asked, answer.is_ok(), now).await?;
        answer.map(|()| true)
    }

    fn native_id(&self, mention: &StoredMention) -> Option<String> {
        if let Some(sealed) = &mention.sealed {
            let identity = self.keys.open(&mention.key, sealed).ok()?;
            return Some(identity.native_id);
        }
        self.platform.id_of(mention.url.as_deref()?)
    }

    /// Asks, hands on what became of the items, and notes that they were asked for.
    async fn ask(&self, asked: &[Asked], now: Timestamp) -> anyhow::Result<()> {
        let known = asked.iter().filter_map(|(mention, _, id)| {
            let id = id.clone()?;
            Some((mention.id, (mention.kind, id)))
        });
        let (rows, items): (Vec<i64>, Vec<(Kind, String)>) = known.unzip();
        if items.is_empty() {
            anyhow::bail!("no item of this round can be asked for");
        }
        let changes = self.platform.again(items).await?;
        let mut gone = Vec::new();
        for change in changes {
            match change {
                Change::Delete(Deletion { platform, id, .. }) => {
                    gone.push(self.keys.mention_key(&platform, &id));
                }
                change => self.hand_on(change, now).await?,
            }
        }
        self.delete(&gone, now).await?;
        self.store.note_refreshed(&rows, now).await?;
        Ok(())
    }

    async fn hand_on(&self, change: Change, now: Timestamp) -> anyhow::Result<()> {
        let delivery = Delivery {
            source: self.source.clone(),
            outcome: Outcome::Event(Event::Change(change)),
            cursor: None,
            collected: now,
            received: std::time::Instant::now(),
            backfill: true,
            relayed: false,
            official: false,
        };
        let sent = self.out.send(delivery).await;
        sent.context("the pipeline is gone")
    }

    /// Deletes what could not be asked for until the end of its time.
    async fn expire(&self, asked: &[Asked], worked: bool, now: Timestamp) -> anyhow::Result<()> {
        let agreed = self.agreed.as_ref().map(|agreed| *agreed.borrow());
        if Clocks::compare(now, agreed) != Clocks::Agree {
            return Ok(());
        }
        let end = now.saturating_sub(DELETE_AFTER_HOURS.hours())?;
        let over = asked.iter().filter(|(_, seen, id)| {
            let could_not = !worked || id.is_none();
            could_not && *seen < end
        });
        let over: Vec<MentionKey> = over.map(|(mention, _, _)| mention.key).collect();
        self.delete(&over, now).await
    }

    async fn delete(&self, keys: &[MentionKey], now: Timestamp) -> anyhow::Result<()> {
        let mut tx = self.store.begin().await?;
        let mut removed = 0;
        for key in keys {
            removed += tx.delete(key, now).await?.len() as u64;
        }
        tx.commit().await?;
        let label = [self.source.as_str()];
        self.metrics
            .removed
            .with_label_values(&label)
            .inc_by(removed);
        Ok(())
    }
}

/// Asks again until the house stops, where there is somebody to ask.
pub(super) async fn run(refresher: Option<Refresher>) {
    if let Some(refresher) = refresher {
        refresher.run().await;
    }
}
