//! Builds the house, runs it, stops it in order.
//!
//! Start: keys, store, index, pipeline, sources, mail, pages. Stop is the other way round, each
//! step by closing what feeds the next one: sources end, the pipeline drains, the index catches
//! up, mail makes a last round, pages close. Every wait has a bound.

mod archive;
mod house;

pub use archive::Archive;
pub use house::House;

use crate::classify::{Classifier, Lexicon};
use crate::clock::Clock;
use crate::collect::source::Source;
use crate::collect::supervise::{self, Delivery};
use crate::config::Config;
use crate::desk::Desk;
use crate::index::{Arrivals, Index};
use crate::matching::Matcher;
use crate::metrics::{Metrics, Series};
use crate::model::{FlagKind, Stance};
use crate::pipeline::Pipeline;
use crate::privacy::{Keys, Voices};
use crate::store::Store;
use crate::{collect, desk, index, serve};
use anyhow::Context as _;
use jiff::ToSpan;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Tombstones of items that we never had are kept this long: nobody delivers later.
const TOMBSTONE_HOURS: i64 = 48;

/// How this run differs from a daemon's.
pub struct Options {
    /// Sources beside the configured ones.
    pub sources: Vec<Box<dyn Source>>,
    /// Run the configured sources.
    pub configured_sources: bool,
    pub serve: bool,
    pub mail: bool,
    pub clock: Clock,
    /// Speed of a replay on a simulated clock; `None` for as fast as possible.
    pub speed: Option<f64>,
}

impl Options {
    /// A daemon.
    pub fn live() -> Self {
        Self {
            sources: Vec::new(),
            configured_sources: true,
            serve: true,
            mail: true,
            clock: Clock::system(),
            speed: None,
        }
    }

    /// A command that works on the archive and goes: no configured sources, no pages, no mail.
    pub fn offline() -> Self {
        Self { configured_sources: false, serve: false, mail: false, ..Self::live() }
    }
}

/// A house that is built and not yet running.
pub struct App {
    config: Config,
    options: Options,
    house: House,
    index: Index,
    metrics: Metrics,
    arrivals: Arc<Arrivals>,
    matcher: Arc<Matcher>,
    voices: Arc<Voices>,
    classifier: Arc<dyn Classifier>,
}

impl App {
    /// Wires everything and starts nothing.
    ///
    /// # Errors
    /// A directory, store or index that cannot be opened, a source that cannot be built.
    pub async fn build(
        house: House,
        config: Config,
        mut options: Options,
    ) -> anyhow::Result<Self> {
        if options.configured_sources {
            for (name, source) in &config.sources {
                let source = collect::build(name, source).with_context(|| format!("source {name}"))?;
                options.sources.push(source);
            }
        }
        let metrics = Metrics::new(&series(&config, &options))?;
        let today = options.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let voices = Arc::new(Voices::new(&config.voices, today));
        let arrivals = Arc::new(Arrivals::new());
        let index = Index::open(&house.index_dir(), &config.index, house.store.clone())
            .await
            .context("the index")?;
        Ok(Self {
            matcher: Arc::new(Matcher::new(config.register.stored_queries())),
            classifier: Arc::new(Lexicon::new()),
            config,
            options,
            house,
            index,
            metrics,
            arrivals,
            voices,
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

    /// What searches ask.
    pub fn archive(&self) -> Archive {
        Archive::new(
            self.house.store.clone(),
            self.index.clone(),
            self.metrics.clone(),
            self.config.register.clone(),
        )
    }

    /// Runs until every source has said its last word and every follower has caught up.
    ///
    /// # Errors
    /// What could not be started, or did not end.
    pub async fn run_until_done(self) -> anyhow::Result<()> {
        self.start(CancellationToken::new()).await?.finish(true).await
    }

    /// Runs until `stop`.
    ///
    /// # Errors
    /// What could not be started, or did not end in time.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        self.start(stop).await?.finish(false).await
    }
}
