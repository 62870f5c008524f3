//! What most commands need first: the settings, and the data directory that they point at.

use super::WrongArguments;
use crate::app::{Archive, House};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::index::Index;
use crate::metrics::{Metrics, Series};
use crate::privacy::Voices;
use crate::store::Store;
use anyhow::Context as _;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;

/// Where the settings are.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// Settings of this house, over the built-in defaults and under RESONANZ__SECTION__KEY
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Settings {
    /// Reads and checks the settings.
    ///
    /// # Errors
    /// All faults of the configuration at once.
    pub fn read(&self) -> anyhow::Result<Config> {
        let mut environment = HashMap::new();
        for (name, value) in std::env::vars_os() {
            // Foreign variables may be no Unicode; ours must be.
            let Some(name) = name.to_str().filter(|name| name.starts_with("RESONANZ__")) else {
                continue;
            };
            let value = value
                .into_string()
                .map_err(|_| WrongArguments(format!("{name} is not UTF-8")))?;
            environment.insert(name.to_owned(), value);
        }
        Ok(config::load(self.config.as_deref(), environment, today())?)
    }
}

/// Where the settings and the data are.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    #[command(flatten)]
    pub settings: Settings,
    /// Data directory, instead of the one that the settings name
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

impl Place {
    /// Reads and checks the settings.
    ///
    /// # Errors
    /// All faults of the configuration at once.
    pub fn settings(&self) -> anyhow::Result<Config> {
        let mut config = self.settings.read()?;
        if let Some(dir) = &self.dir {
            config.dir = dir.clone();
        }
        Ok(config)
    }

    /// The settings of a house that has an archive. A mistyped directory is no new house.
    ///
    /// # Errors
    /// Faults of the configuration, or no archive.
    pub fn archive(&self) -> anyhow::Result<Config> {
        let config = self.settings()?;
        anyhow::ensure!(
            House::store_path(&config.dir).exists(),
            "there is no archive in {}; name its directory with --dir",
            config.dir.display()
        );
        Ok(config)
    }
}

/// Opens an archive to be asked, also beside a running house.
///
/// # Errors
/// A store or an index that cannot be read.
pub async fn open_archive(config: &Config, voices: &Arc<Voices>) -> anyhow::Result<Archive> {
    let store = Store::open(&House::store_path(&config.dir)).await?;
    let index = Index::open_to_search(&config.dir, &config.index)
        .await
        .context("the index")?;
    Ok(Archive {
        store,
        index: Arc::new(index),
        metrics: Metrics::new(&Series::default())?,
        clock: Clock::system(),
        register: watch::channel(Arc::new(config.register.clone())).1,
        voices: Arc::clone(voices),
        sources: vec![],
        keys: None,
        retention: false,
    })
}

/// The day by which watches and voices expire: in Berlin, where they are approved.
pub fn today() -> jiff::civil::Date {
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").unwrap_or(jiff::tz::TimeZone::UTC);
    Clock::system().now().to_zoned(berlin).date()
}
