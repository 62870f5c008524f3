//! Builds the house, runs it, stops it in order.
//!
//! Start: keys, store, index, pipeline, sources, mail, pages. Stop is the other way round, each
//! step by closing what feeds the next one: sources end, the pipeline drains, the index catches
//! up, mail makes a last round, pages close. Every wait has a bound.

mod archive;
pub mod backup;
mod checking;
mod checkup;
mod disk;
pub mod erase;
pub mod hearing;
mod house;
mod in_cases;
mod keep;
mod listening;
pub mod models;
mod named;
pub mod nightly;
mod preview;
pub mod receipt;
mod refresh;
mod registered;
mod reports;
pub mod retention;
pub mod retrain;
mod running;
pub mod second;
pub mod statements;
pub mod stories;
mod tester;

pub use archive::Archive;
pub use house::House;
pub use running::{Ending, Running};
pub use tester::Tester;

use crate::classify::Classifier;
use crate::clock::Clock;
use crate::collect::hosts::Hosts;
use crate::collect::inbox::Inboxes;
use crate::collect::source::Source;
use crate::collect::supervise::Surroundings;
use crate::config::{Config, Register};
use crate::desk::{Composer, Desk, Maildir, Notifier, Sender, Smtp};
use crate::index::{Arrivals, Index};
use crate::metrics::Metrics;
use crate::pipeline::{Door, Pipeline};
use crate::privacy::{Keys, Voices};
use crate::relate::{Known, Stories};
use crate::store::Store;
use crate::{collect, desk, index, serve};
use anyhow::Context as _;
use disk::Disk;
use futures_util::FutureExt as _;
use keep::{expire, keep};
use listening::Listening;
use named::{note_queries, running_sources, series, source_names};
use nightly::Nightly;
use registered::Registered;
use retention::Retention;
use running::{Mail, Serving};
use second::Second;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How this run differs from a daemon's.
pub struct Options {
    /// Sources beside the configured ones.
    pub sources: Vec<Box<dyn Source>>,
    /// Run the configured sources.
    pub configured_sources: bool,
    /// Further sources that mentions are filed under: those that a relay names.
    pub relayed_sources: Vec<String>,
    pub serve: bool,
    pub mail: bool,
    /// Take out what is older than it may be.
    pub retention: bool,
    pub clock: Clock,
    /// Speed of a replay on a simulated clock; `None` for as fast as possible.
    pub speed: Option<f64>,
}

impl Options {
    /// A daemon.
    pub fn live() -> Self {
        Self {
            sources: Vec::new(),
            relayed_sources: Vec::new(),
            configured_sources: true,
            serve: true,
            mail: true,
            retention: true,
            clock: Clock::system(),
            speed: None,
        }
    }

    /// A command that works on the archive and goes: no configured sources, no pages, no mail, no
    /// retention.
    pub fn offline() -> Self {
        Self {
            configured_sources: false,
            serve: false,
            mail: false,
            retention: false,
            ..Self::live()
        }
    }
}

/// A house that is built and not yet running.
pub struct App {
    config: Config,
    options: Options,
    house: House,
    metrics: Metrics,
    arrivals: Arrivals,
    registered: Registered,
    voices: Arc<Voices>,
    /// The model that labels; a new one takes the place of the one before from the next batch on.
    classifier: watch::Sender<Arc<dyn Classifier>>,
}

impl App {
    /// Wires everything and starts nothing.
    ///
    /// # Errors
    /// A source that cannot be built.
    pub fn build(house: House, config: Config, mut options: Options) -> anyhow::Result<Self> {
        let mut registered = Registered::new(config.register.clone());
        if options.configured_sources {
            for (name, source) in &config.sources {
                let built = collect::build(name, source);
                options
                    .sources
                    .push(built.with_context(|| format!("source {name}"))?);
            }
        }
        registered.name_sources(source_names(&options));
        let hosts = Hosts::default();
        for source in &mut options.sources {
            source.share(&hosts);
            source.listen_for(registered.sought.subscribe());
        }
        let running = running_sources(&options);
        let metrics = Metrics::new(&series(&config.register, running))?;
        let today = options.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        Ok(Self {
            registered,
            voices: Arc::new(Voices::new(&config.voices, today)),
            classifier: watch::Sender::new(models::classifier(&config.classify, house.dir())?),
            arrivals: Arrivals::default(),
            config,
            options,
            house,
            metrics,
        })
    }

    pub fn store(&self) -> &Store {
        &self.house.store
    }

    pub fn keys(&self) -> &Keys {
        &self.house.keys
    }

    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Runs until every source has said its last word and every follower has caught up.
    ///
    /// # Errors
    /// What could not be started, or did not end.
    pub async fn run_until_done(self) -> anyhow::Result<()> {
        let stop_timeout = Duration::from_secs(self.config.stop_timeout_secs);
        let running = self.start(CancellationToken::new()).await?;
        running.sources_done().await;
        running.finish(stop_timeout, Ending::CaughtUp).await
    }

    /// Runs until `stop`; every register that comes takes the place of the one before.
    ///
    /// # Errors
    /// What could not be started, or did not end in time.
    pub async fn run(
        self,
        stop: CancellationToken,
        mut registers: mpsc::Receiver<Register>,
    ) -> anyhow::Result<()> {
        let stop_timeout = Duration::from_secs(self.config.stop_timeout_secs);
        let running = self.start(stop.clone()).await?;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Some(register) = registers.recv() => {
                    if let Err(error) = running.reload(register).await {
                        let error = format!("{error:#}");
                        tracing::error!(error, "Nothing was read anew; all stays as it was.");
                    }
                }
            }
        }
        tracing::info!("Stopping.");
        running.finish(stop_timeout, Ending::Soon).await
    }

    /// Starts every part, the consumers before those who feed them.
    ///
    /// # Errors
    /// An index that cannot be opened, an address that is taken, mail settings that do not work.
    pub async fn start(self, stop: CancellationToken) -> anyhow::Result<Running> {
        let follow = index::Follow {
            store: self.house.store.clone(),
            metrics: self.metrics.clone(),
            arrivals: self.arrivals.clone(),
        };
        let index = Index::open(self.house.dir(), &self.config.index, follow)
            .await
            .context("the index")?;
        let index = Arc::new(index);
        let upkeep = self.upkeep(&index, &stop);
        let store = &self.house.store;
        self.metrics.store_seq.set(store.newest_seq().await?);
        expire(&self.registered, &self.options.clock);
        let now = self.options.clock.now();
        note_queries(store, &self.config.register, now).await?;
        let compared = stories::restore(store, &self.config.relate, now).await?;
        let mail_stop = CancellationToken::new();
        let mail = self.mail(&mail_stop)?;
        let serve_stop = CancellationToken::new();
        let serving = self.serve(&index, serve_stop.clone()).await?;
        let (out, deliveries) = mpsc::channel(self.config.pipeline.queue);
        let retention = self.retention().await?;
        let agreed = retention.as_ref().map(Retention::agreed);
        let (pipeline, finished) = self.pipeline(&index, retention.as_ref(), compared);
        let pipeline = tokio::spawn(or_stop(pipeline.run(deliveries), stop.clone()));
        let second = self.second(&stop)?;
        let keeper = self.keeper(retention, &stop);
        let hearing = self.hearing(&stop).await?;
        let around = Surroundings {
            out,
            clock: self.options.clock.clone(),
            metrics: self.metrics.clone(),
            stop: stop.clone(),
            speed: self.options.speed,
        };
        let listening = Listening::new(&self.house, self.timing(), around, agreed);
        let sources = listening.start(self.options.sources).await?;
        Ok(Running {
            clock: self.options.clock,
            registered: self.registered,
            classifier: self.classifier,
            classify: self.config.classify,
            metrics: self.metrics,
            house: self.house,
            index,
            stop,
            sources,
            finished,
            pipeline,
            mail,
            mail_stop,
            serving,
            serve_stop,
            keeper,
            upkeep,
            second,
            hearing,
        })
    }

    fn mail(&self, stop: &CancellationToken) -> anyhow::Result<Mail> {
        Ok(match self.sender()? {
            Some(sender) if self.options.mail => {
                Mail::Running(tokio::spawn(sender.run(stop.clone())))
            }
            Some(sender) => Mail::Idle(Box::new(sender)),
            None => Mail::None,
        })
    }

    /// Those who look after disk and files.
    fn upkeep(&self, index: &Arc<Index>, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
        let (store, metrics) = (self.house.store.clone(), self.metrics.clone());
        let stays = self.options.configured_sources;
        let mut disk = Disk::new(&self.config.disk, stays, self.house.dir(), store, metrics);
        // Before the sources begin.
        disk.look();
        let mut upkeep = vec![tokio::spawn(disk.run(stop.clone()))];
        if self.options.serve {
            let (metrics, clock) = (self.metrics.clone(), self.options.clock.clone());
            let rounds = checkup::run(Arc::clone(index), metrics, clock, stop.clone());
            upkeep.push(tokio::spawn(rounds));
        }
        upkeep
    }

    /// The follower that asks the second model, where there is one.
    fn second(&self, stop: &CancellationToken) -> anyhow::Result<Option<JoinHandle<()>>> {
        let config = &self.config.classify.second;
        let second = second::model(config)?.map(|model| Second {
            config: config.clone(),
            model,
            store: self.house.store.clone(),
            register: self.registered.register.subscribe(),
            metrics: self.metrics.clone(),
            clock: self.options.clock.clone(),
        });
        Ok(second.map(|second| tokio::spawn(second.run(stop.clone()))))
    }

    async fn retention(&self) -> anyhow::Result<Option<Retention>> {
        if !self.options.retention {
            return Ok(None);
        }
        let config = self.config.retention.clone();
        let sources = running_sources(&self.options);
        let (store, metrics) = (self.house.store.clone(), self.metrics.clone());
        let now = self.options.clock.now();
        let retention = Retention::new(config, sources, store, metrics, now);
        Ok(Some(retention.await?))
    }

    fn keeper(&self, retention: Option<Retention>, stop: &CancellationToken) -> JoinHandle<()> {
        let nightly = Nightly {
            config: self.config.classify.clone(),
            dir: self.house.dir().to_owned(),
            store: self.house.store.clone(),
            register: self.registered.register.subscribe(),
            classifier: self.classifier.clone(),
            metrics: self.metrics.clone(),
        };
        tokio::spawn(keep(
            self.house.store.clone(),
            self.registered.clone(),
            nightly,
            retention,
            self.options.clock.clone(),
            stop.clone(),
        ))
    }

    fn pipeline(
        &self,
        index: &Arc<Index>,
        retention: Option<&Retention>,
        (stories, known): (Stories, Known),
    ) -> (Pipeline, watch::Receiver<u64>) {
        let (finished, seen) = watch::channel(0);
        let woken = Arc::clone(index);
        let pipeline = Pipeline {
            config: self.config.pipeline.clone(),
            store: self.house.store.clone(),
            watches: self.registered.watches.subscribe(),
            classifier: self.classifier.subscribe(),
            desk: Desk::new(&self.config.desk),
            keys: self.house.keys.clone(),
            voices: Arc::clone(&self.voices),
            door: Door {
                retention: self.config.retention.clone(),
                agreed: retention.map(Retention::agreed),
            },
            stories,
            known,
            claims: self.house.store.claims_watch(),
            metrics: self.metrics.clone(),
            clock: self.options.clock.clone(),
            arrivals: self.arrivals.clone(),
            written: Box::new(move || woken.wake()),
            finished,
        };
        (pipeline, seen)
    }

    /// The outbox's follower. Without a mail server it also runs offline: mails on disk must lose
    /// what was erased.
    fn sender(&self) -> anyhow::Result<Option<Sender>> {
        let notifier: Arc<dyn Notifier> = match &self.config.desk.mail {
            desk::MailConfig::Smtp(smtp) => Arc::new(Smtp::new(smtp)?),
            desk::MailConfig::Maildir { dir } => {
                let dir = dir.clone().unwrap_or_else(|| self.house.mail_dir());
                if !self.options.mail && !dir.exists() {
                    return Ok(None);
                }
                let opened = Maildir::open(&dir);
                Arc::new(opened.with_context(|| format!("the mail directory {}", dir.display()))?)
            }
        };
        Ok(Some(Sender::new(
            self.house.store.clone(),
            Composer::new(&self.config.desk, self.registered.labels.subscribe()),
            notifier,
            self.options.clock.clone(),
            self.metrics.clone(),
        )))
    }

    async fn serve(
        &self,
        index: &Arc<Index>,
        stop: CancellationToken,
    ) -> anyhow::Result<Option<Serving>> {
        if !self.options.serve {
            return Ok(None);
        }
        let settings = self.config.serve.check().map_err(|faults| {
            let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("{}", faults.join("\n"))
        })?;
        let listener = tokio::net::TcpListener::bind(settings.listen)
            .await
            .with_context(|| {
                format!(
                    "cannot listen on {}; is another resonanz running?",
                    settings.listen
                )
            })?;
        let address = listener.local_addr()?;
        let archive = Arc::new(Archive {
            store: self.house.store.clone(),
            index: Arc::clone(index),
            metrics: self.metrics.clone(),
            clock: self.options.clock.clone(),
            register: self.registered.register.subscribe(),
            voices: Arc::clone(&self.voices),
            sources: running_sources(&self.options),
            keys: Some(self.house.keys.clone()),
            retention: self.options.retention,
        });
        let parts = serve::Parts {
            archive: archive.clone(),
            checking: archive.clone(),
            health: archive,
            metrics: self.metrics.clone(),
            clock: self.options.clock.clone(),
            names: self.registered.names.subscribe(),
            classifier: self.classifier.subscribe(),
            inboxes: Inboxes::of(&self.options.sources, self.house.store.clone()),
        };
        let router = serve::router(&settings, parts);
        let task = tokio::spawn(async move {
            if let Err(error) = serve::serve(listener, &settings, router, stop).await {
                tracing::error!(%error, "Serving ended.");
            }
        });
        tracing::info!(%address, "Pages, API and metrics are served.");
        Ok(Some(Serving { task, address }))
    }
}

/// Work without which a house is deaf: where it breaks down the house stops, and says so, for a
/// house that only seems to listen is worse than none. Whoever watches over it starts it again.
async fn or_stop(work: impl Future<Output = ()>, stop: CancellationToken) {
    if let Err(broken) = AssertUnwindSafe(work).catch_unwind().await {
        tracing::error!("The pipeline broke down; the house stops.");
        stop.cancel();
        std::panic::resume_unwind(broken);
    }
}

/// A token that SIGINT or SIGTERM cancels.
///
/// # Errors
/// A system that lets no signal be waited for.
pub fn stop_on_signal() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let cancelled = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        cancelled.cancel();
    });
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_house_whose_pipeline_broke_down_stops() {
        let stop = CancellationToken::new();
        or_stop(async {}, stop.clone()).await;
        assert!(!stop.is_cancelled());
        let broken = tokio::spawn(or_stop(async { panic!("broken") }, stop.clone()));
        assert!(broken.await.is_err() && stop.is_cancelled());
    }
}
