//! A house at work, and its end in order.

use super::registered::Registered;
use super::{House, models, note_queries, series};
use crate::classify::{self, Classifier};
use crate::clock::Clock;
use crate::config::Register;
use crate::desk::Sender;
use crate::index::Index;
use crate::metrics::Metrics;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What is left to do at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Write what is in the house and go; the rest follows after the next start.
    Soon,
    /// Wait for index, purge and mail first.
    CaughtUp,
}

/// The outbox's follower.
pub(super) enum Mail {
    Running(JoinHandle<()>),
    /// Not sending; at the end it only takes erased words out of mails on disk.
    Idle(Box<Sender>),
    None,
}

pub(super) struct Serving {
    pub(super) task: JoinHandle<()>,
    pub(super) address: SocketAddr,
}

/// A house at work.
pub struct Running {
    pub(super) clock: Clock,
    pub(super) registered: Registered,
    pub(super) classifier: watch::Sender<Arc<dyn Classifier>>,
    pub(super) classify: classify::Config,
    pub(super) house: House,
    pub(super) metrics: Metrics,
    pub(super) index: Arc<Index>,
    pub(super) stop: CancellationToken,
    pub(super) sources: Vec<JoinHandle<()>>,
    pub(super) finished: watch::Receiver<u64>,
    pub(super) pipeline: JoinHandle<()>,
    pub(super) mail: Mail,
    pub(super) mail_stop: CancellationToken,
    pub(super) serving: Option<Serving>,
    pub(super) serve_stop: CancellationToken,
    pub(super) keeper: JoinHandle<()>,
    pub(super) second: Option<JoinHandle<()>>,
    pub(super) hearing: Option<JoinHandle<()>>,
}

impl Running {
    /// Where pages are served.
    pub fn address(&self) -> Option<SocketAddr> {
        self.serving.as_ref().map(|serving| serving.address)
    }

    pub fn store(&self) -> &crate::store::Store {
        &self.house.store
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Takes other watches, for every part of the house, and the model that is live now, while
    /// mentions flow.
    ///
    /// # Errors
    /// A store that cannot be written, a model that cannot be read; then all stays as it was.
    pub async fn reload(&self, register: Register) -> anyhow::Result<()> {
        let classifier = models::classifier(&self.classify, self.house.dir())?;
        note_queries(&self.house.store, &register, self.clock.now()).await?;
        self.classifier.send_replace(classifier);
        let count = register.watches.len();
        self.metrics.start_watches(&series(&register, Vec::new()));
        let registered = self.registered.clone();
        tokio::task::spawn_blocking(move || registered.set(register))
            .await
            .context("the queries could not be compiled")?;
        tracing::info!(watches = count, "The watches were read anew.");
        Ok(())
    }

    /// Waits until every source has said its last word and the pipeline has written it.
    pub async fn sources_done(&self) {
        let mut finished = self.finished.clone();
        let all = self.sources.len() as u64;
        // The sender lives in the pipeline; when that is gone there is nothing to wait for.
        let _ = finished.wait_for(|count| *count >= all).await;
    }

    /// Waits until everything stored is searchable, everything erased is in no file, and no mail
    /// waits.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn caught_up(&mut self) -> anyhow::Result<()> {
        let seq = self.house.store.newest_seq().await?;
        self.index.until_reached(seq).await;
        if let Mail::Idle(sender) = &mut self.mail {
            sender.catch_up().await?;
        }
        self.index.until_purged(seq).await;
        if matches!(self.mail, Mail::Running(_)) {
            while self.house.store.outbox_counts().await?.pending > 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Stops every part in order. Each wait has the same bound.
    ///
    /// # Errors
    /// The name of the part that did not end in time.
    pub async fn finish(mut self, timeout: Duration, ending: Ending) -> anyhow::Result<()> {
        self.stop.cancel();
        for source in std::mem::take(&mut self.sources) {
            bounded("a source", timeout, source).await?;
        }
        // The sources held the last senders, so the pipeline drains and ends.
        let pipeline = std::mem::replace(&mut self.pipeline, tokio::spawn(async {}));
        bounded("the pipeline", timeout, pipeline).await?;
        if ending == Ending::CaughtUp {
            self.caught_up().await?;
        }
        self.mail_stop.cancel();
        if let Mail::Running(task) = self.mail {
            bounded("mail", timeout, task).await?;
        }
        self.serve_stop.cancel();
        if let Some(serving) = self.serving {
            bounded("the pages", timeout, serving.task).await?;
        }
        bounded("housekeeping", timeout, self.keeper).await?;
        if let Some(hearing) = self.hearing {
            bounded("the hearing test", timeout, hearing).await?;
        }
        if let Some(second) = self.second {
            bounded("the second model", timeout, second).await?;
        }
        // Requests are over, so this is the last handle.
        if let Some(index) = Arc::into_inner(self.index) {
            tokio::time::timeout(timeout, index.stop())
                .await
                .context("the index did not stop in time")?;
        }
        self.house.store.close().await;
        Ok(())
    }
}

async fn bounded(name: &str, timeout: Duration, task: JoinHandle<()>) -> anyhow::Result<()> {
    match tokio::time::timeout(timeout, task).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error).with_context(|| format!("{name} broke down")),
        Err(_) => anyhow::bail!("{name} did not stop within {} s", timeout.as_secs()),
    }
}
