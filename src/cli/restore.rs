//! `resonanz restore`: a copy of the archive comes back, without what was erased since.

use super::Output;
use super::house::Place;
use crate::app::{House, backup};
use crate::index::{self, Arrivals, Follow};
use crate::metrics::{Metrics, Series};
use crate::store::Erasures;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz restore --from /backup/resonanz-2026-11-23 --dir data\n\n\
    Put the key into the data directory first. What was erased after the copy is erased once more, \
    before anybody can search: what the replaced store knows of it, and --erasures. Mails that \
    waited in the copy are not sent. The index is made again."
)]
pub struct Args {
    /// A folder that `backup` made
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// A file that `backup --erasures-only` made
    #[arg(long, value_name = "FILE")]
    erasures: Option<PathBuf>,
    /// Put the copy in the place of the store that is there
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let erasures = match &args.erasures {
        Some(path) => read(path)?,
        None => Erasures::default(),
    };
    let lock = House::lock(&config.dir)?;
    let place = backup::Place {
        dir: config.dir.clone(),
        key_file: config.key_file.clone(),
        replace: args.replace,
    };
    let restored = backup::restore(&args.from, &place, erasures).await?;
    drop(lock);
    let house = House::open(&config).await?;
    let follow = Follow {
        store: house.store.clone(),
        metrics: Metrics::new(&Series::default())?,
        arrivals: Arrivals::default(),
    };
    index::rebuild(house.dir(), &config.index, follow).await?;
    let mentions = house.store.count().await?;
    house.store.close().await;
    let mut out = Output::new();
    out.line(&format!(
        "{mentions} mentions of {} are back; {} had been erased since, {} waiting mails were given up.",
        restored.card.made, restored.erased, restored.mails
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<Erasures> {
    let at = || format!("the erasures in {}", path.display());
    let text = std::fs::read(path).with_context(at)?;
    serde_json::from_slice(&text).with_context(at)
}
