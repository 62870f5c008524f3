//! `resonanz bench pipeline`: posts through the whole house.

use super::archive::bare::Bare;
use crate::app::{App, Ending, House, Options};
use crate::cli::house::{Place, today};
use crate::cli::output::Output;
use crate::collect::source::{Collected, Event, Pace, Source, SourceError, Standing};
use crate::metrics::Metrics;
use crate::model::{Change, Cursor, Item, Kind, RawAuthor};
use crate::store::Store;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use prometheus::Histogram;
use prometheus::core::Metric;
use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const SOURCE: &str = "bench";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Posts to replay
    #[arg(long, default_value_t = 50_000)]
    posts: u32,
    /// Posts per second; as fast as the house takes them where it is left out
    #[arg(long)]
    rate: Option<u32>,
    /// Share of posts that are about the ministry, in percent
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=100))]
    matching: u32,
    /// Then index the same mentions with bare tantivy, with as many commits, and compare
    #[arg(long)]
    peer: bool,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args {
        posts,
        rate,
        matching,
        peer,
        place,
    } = args;
    let mut config = place.settings()?;
    let temporary = if place.dir.is_none() {
        let temporary = crate::cli::demo::Temporary::new()?;
        config.dir = temporary.path().to_owned();
        Some(temporary)
    } else {
        None
    };
    config
        .register
        .watches
        .retain(|watch| watch.expires >= today());
    let watches = config.register.watches.len();
    let dir = config.dir.clone();
    let commit_interval = Duration::from_millis(config.index.commit_interval_ms);
    let house = House::open(&config).await?;
    let source = Synthetic {
        posts,
        rate,
        matching,
    };
    let options = Options {
        sources: vec![Box::new(source)],
        ..Options::offline()
    };
    let app = App::build(house, config, options)?;
    let metrics = app.metrics().clone();
    let start = Instant::now();
    let mut running = app
        .start(tokio_util::sync::CancellationToken::new())
        .await?;
    running.sources_done().await;
    let stored = start.elapsed();
    running.caught_up().await?;
    let searchable = start.elapsed();
    running
        .finish(Duration::from_secs(30), Ending::Soon)
        .await?;
    report(&metrics, posts, watches, stored, searchable)?;
    if peer {
        compare(&dir, commit_interval, searchable).await?;
    }
    drop(temporary);
    Ok(ExitCode::SUCCESS)
}

/// The peer does nothing but index what is already normalised, matched, labelled and stored.
async fn compare(dir: &Path, commit_interval: Duration, ours: Duration) -> anyhow::Result<()> {
    let store = Store::open(&dir.join("store.sqlite")).await?;
    let count = store.count().await?.unsigned_abs();
    let commits = (ours.as_secs_f64() / commit_interval.as_secs_f64()).ceil() as u64;
    let bare = dir.join("bare");
    std::fs::create_dir_all(&bare)?;
    let start = Instant::now();
    Bare::build(&bare, &store, count / commits.max(1)).await?;
    let took = start.elapsed();
    store.close().await;
    let ratio = took.as_secs_f64() / ours.as_secs_f64();
    let mut out = Output::new();
    out.line(&format!(
        "bare tantivy      {:.2} s for {count} mentions in {commits} commits: ours has x{ratio:.2} of its speed",
        took.as_secs_f64()
    ))?;
    Ok(())
}

fn report(
    metrics: &Metrics,
    posts: u32,
    watches: usize,
    stored: Duration,
    searchable: Duration,
) -> anyhow::Result<()> {
    let matched = metrics.mentions.with_label_values(&[SOURCE]).get();
    let mut out = Output::new();
    let seconds = stored.as_secs_f64();
    out.line(&format!(
        "posts             {posts} through {watches} watches in {seconds:.2} s"
    ))?;
    out.line(&format!(
        "posts/s           {:.0}",
        f64::from(posts) / seconds
    ))?;
    out.line(&format!(
        "matched/s         {:.0} ({matched} mentions)",
        matched as f64 / seconds
    ))?;
    out.line(&format!(
        "all searchable    {:.2} s",
        searchable.as_secs_f64()
    ))?;
    for (name, histogram) in [
        ("to stored", &metrics.stored_seconds),
        ("to searchable", &metrics.searchable_seconds),
    ] {
        out.line(&format!(
            "{name:<17} p50 {}  p99 {}  (bounds of histogram buckets)",
            bound(histogram, 0.5),
            bound(histogram, 0.99)
        ))?;
    }
    out.line(&format!("peak memory       {}", peak_memory()))?;
    Ok(())
}

/// The upper bound of the bucket that holds a quantile: never better than the truth.
fn bound(histogram: &Histogram, quantile: f64) -> String {
    let proto = histogram.metric();
    let histogram = proto.get_histogram();
    let rank = (quantile * histogram.get_sample_count() as f64).ceil() as u64;
    histogram
        .get_bucket()
        .iter()
        .find(|bucket| bucket.cumulative_count() >= rank)
        .map_or_else(
            || "> 30 s".to_owned(),
            |bucket| format!("≤ {} s", bucket.upper_bound()),
        )
}

pub fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    match line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()) {
        Some(kb) => format!("{} MiB", kb / 1024),
        None => "unknown".to_owned(),
    }
}

/// Posts made of the demonstration's texts with a running number, the same for the same numbers.
struct Synthetic {
    posts: u32,
    rate: Option<u32>,
    matching: u32,
}

impl Synthetic {
    /// Texts of the scenario: those about the ministry, and the others.
    fn texts() -> (Vec<String>, Vec<String>) {
        let mut about = Vec::new();
        let mut other = Vec::new();
        let mut seen = HashMap::new();
        for line in crate::cli::demo::SCENARIO.split(|b| *b == b'\n') {
            let Ok(item) = serde_json::from_slice::<Item>(line) else {
                continue;
            };
            if item.text.is_empty() || seen.insert(item.text.clone(), ()).is_some() {
                continue;
            }
            let is_about = ["inisteri", "BMI_Bund", "Grenzkontroll", "Einbürgerung"]
                .iter()
                .any(|word| item.text.contains(word));
            if is_about {
                about.push(item.text)
            } else {
                other.push(item.text)
            }
        }
        (about, other)
    }
}

fn post(number: u32, text: &str) -> Item {
    let mut item = Item::new("bench", format!("at://bench/{number}"), Kind::Post);
    item.text = format!("{text} {number}");
    item.lang = Some("de".to_owned());
    let account = format!("did:bench:{}", number % 5_000);
    item.author = Some(RawAuthor {
        id: account,
        handle: None,
        name: None,
    });
    item
}

impl Source for Synthetic {
    fn name(&self) -> &str {
        SOURCE
    }

    fn pace(&self) -> Pace {
        Pace::Once
    }

    fn is_backfill(&self) -> bool {
        true
    }

    fn open(&self, _: Option<Cursor>) -> BoxStream<'static, Result<Collected, SourceError>> {
        let (about, other) = Self::texts();
        let (posts, rate, matching) = (self.posts, self.rate, self.matching);
        Box::pin(async_stream::stream! {
            let start = Instant::now();
            for number in 0..posts {
                if let Some(rate) = rate {
                    let due = Duration::from_secs_f64(f64::from(number) / f64::from(rate.max(1)));
                    tokio::time::sleep_until((start + due).into()).await;
                }
                let texts = if number % 100 < matching { &about } else { &other };
                let Some(text) = texts.get(number as usize % texts.len().max(1)) else { return };
                let change = Change::Upsert(Box::new(post(number, text)));
                let cursor = Some(Cursor(number.to_string()));
                yield Ok(Collected::now(Event::Change(change), cursor));
            }
        })
    }

    fn check(&self) -> BoxFuture<'static, Standing> {
        Box::pin(std::future::ready(Standing::Works))
    }
}
