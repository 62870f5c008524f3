//! Learns the office's corrections at night, and lets a better model label from then on.

use super::models::{self, Models};
use super::retrain::{corrections, learn};
use crate::classify::retrain::{Retrained, Verdict};
use crate::classify::{Classifier, Config};
use crate::config::Register;
use crate::metrics::Metrics;
use crate::store::Store;
use anyhow::Context as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// Hour of the night, in Berlin.
const HOUR: i8 = 3;
/// Models of the office that are kept; of older ones the live one only.
const KEPT: usize = 30;

/// Who learns.
pub struct Nightly {
    pub config: Config,
    /// The data directory.
    pub dir: PathBuf,
    pub store: Store,
    pub register: watch::Receiver<Arc<Register>>,
    pub classifier: watch::Sender<Arc<dyn Classifier>>,
    pub metrics: Metrics,
}

impl Nightly {
    /// To be called once an hour: learns if it is the hour and there are corrections that no model
    /// has seen.
    pub async fn tick(&self, now: Timestamp) {
        let berlin = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
        // A file or the word list that the settings name stays until they name another one.
        let learns = self.config.nightly && self.config.model.is_empty();
        if !learns || now.to_zoned(berlin).hour() != HOUR {
            return;
        }
        let outcome = match self.learn(now).await {
            Ok(None) => return,
            Ok(Some(verdict)) => verdict.as_str(),
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "Corrections could not be learned."
                );
                "failed"
            }
        };
        self.metrics.retrainings.with_label_values(&[outcome]).inc();
    }

    /// Learns, unless there is nothing new.
    async fn learn(&self, now: Timestamp) -> anyhow::Result<Option<Verdict>> {
        let models = Models::new(&self.dir);
        let learned = models.names()?.last().and_then(|name| models::made(name));
        let newest = self.store.newest_judgement().await?;
        if newest.is_none_or(|newest| learned.is_some_and(|learned| newest < learned)) {
            return Ok(None);
        }
        let targets = self.register.borrow().targets.clone();
        let corrections = corrections(&self.store, &targets).await?;
        let unlabelled = self.config.unlabelled.clone();
        let work = move || -> anyhow::Result<(Retrained, Option<Arc<dyn Classifier>>)> {
            let retrained = learn(&models, &corrections, &targets, now)?;
            models.prune(KEPT)?;
            let live = (retrained.verdict == Verdict::Live)
                .then(|| models::trained(retrained.model.clone(), &unlabelled));
            Ok((retrained, live))
        };
        let (retrained, live) = tokio::task::spawn_blocking(work)
            .await
            .context("learning broke down")??;
        if let Some(live) = live {
            self.classifier.send_replace(live);
        }
        tracing::info!(
            model = retrained.model.card.name,
            corrections = retrained.learned,
            verdict = retrained.verdict.as_str(),
            before = retrained.own.before,
            after = retrained.own.after,
            "Corrections were learned."
        );
        Ok(Some(retrained.verdict))
    }
}
