//! `resonanz retention`: what is older than it may be, and the clock that says so.

use super::house::Place;
use super::receipt::{ReceiptFile, hand_over};
use super::search::local;
use super::{Output, note};
use crate::app::retention::{self, Counts, Outcome, Retention};
use crate::app::{App, Ending, House, Options};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::{AuthorClass, Clocks, Store};
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: resonanz retention --dir data\n         \
    resonanz retention --apply --receipt receipt.json --dir data\n         \
    resonanz retention --confirm-clock --dir data\n\n\
    Without --apply nothing is removed. A running house removes what is over by itself, once an \
    hour, as long as its clock is not in doubt: more than a day off the last time that was agreed \
    on, as after a week switched off. Look at the clock, then confirm it.")]
pub struct Args {
    /// Remove it now; the house must not run
    #[arg(long)]
    apply: bool,
    /// The clock is right: retention may go on. Also while the house runs
    #[arg(long)]
    confirm_clock: bool,
    #[command(flatten)]
    receipt: ReceiptFile,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.archive()?;
    if args.confirm_clock {
        confirm(&config).await?;
    }
    if args.apply {
        apply(config, &args.receipt).await?;
    } else if !args.confirm_clock {
        show(&config).await?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn confirm(config: &Config) -> anyhow::Result<()> {
    let store = Store::open(&House::store_path(&config.dir)).await?;
    let now = Clock::system().now();
    let last = store.last_agreed().await?;
    let before = last.map_or_else(|| "none".to_owned(), |last| last.to_string());
    let detail = format!("{now}, the last agreed time was {before}");
    store.audit(now, "retention clock", &detail).await?;
    store.agree_on(now).await?;
    store.close().await;
    let mut out = Output::new();
    out.line(&format!(
        "It is {} in Berlin: confirmed. A running house goes on within the hour.",
        local(now)
    ))?;
    Ok(out.flush()?)
}

/// What would be removed; nothing is touched.
async fn show(config: &Config) -> anyhow::Result<()> {
    let store = Store::open(&House::store_path(&config.dir)).await?;
    let now = Clock::system().now();
    let due = retention::due(&store, &config.retention, now).await?;
    let clocks = Clocks::compare(now, store.last_agreed().await?);
    store.close().await;
    let mut out = Output::new();
    out.table(&["SOURCE", "CLASS", "DAYS", "DUE"], &rows(config, &due))?;
    let total: u64 = due.values().sum();
    out.line(&format!(
        "{total} mentions are older than they may be. Nothing was removed."
    ))?;
    if clocks != Clocks::Agree {
        out.line(&format!("Held: {}.", retention::doubt(clocks)))?;
    }
    Ok(out.flush()?)
}

/// The sources that are configured, and those that mentions are filed under.
fn rows(config: &Config, due: &Counts) -> Vec<Vec<String>> {
    let mut names: BTreeSet<&str> = config.sources.keys().map(String::as_str).collect();
    names.extend(due.keys().map(|(source, _)| source.as_str()));
    let pairs = names
        .into_iter()
        .flat_map(|name| AuthorClass::ALL.map(|class| (name, class)));
    pairs
        .map(|(name, class)| {
            let count = due.get(&(name.to_owned(), class)).copied();
            vec![
                name.to_owned(),
                class.as_str().to_owned(),
                config.retention.days(name, class).to_string(),
                count.unwrap_or(0).to_string(),
            ]
        })
        .collect()
}

async fn apply(config: Config, receipt: &ReceiptFile) -> anyhow::Result<()> {
    let stop_timeout = Duration::from_secs(config.stop_timeout_secs);
    let rules = config.retention.clone();
    let sources = config.sources.keys().cloned().collect();
    let house = House::open(&config).await?;
    let file = receipt.open()?;
    let app = App::build(house, config, Options::offline())?;
    let never = CancellationToken::new();
    let mut running = app.start(never.clone()).await?;
    let now = Clock::system().now();
    let (store, metrics) = (running.store().clone(), running.metrics().clone());
    let retention = Retention::new(rules, sources, store, metrics, now).await?;
    let removed = match retention.run(now, &never).await? {
        Outcome::Removed(counts) => counts,
        Outcome::Held(clocks) => {
            running.finish(stop_timeout, Ending::Soon).await?;
            anyhow::bail!("nothing was removed: {}", retention::doubt(clocks));
        }
    };
    for ((source, class), count) in &removed {
        note(&format!("{source}, {}: {count}", class.as_str()));
    }
    let total = removed.values().sum();
    let told = running.receipt("retention", total, 0).await?;
    hand_over(&told, file)?;
    running.finish(stop_timeout, Ending::Soon).await
}
