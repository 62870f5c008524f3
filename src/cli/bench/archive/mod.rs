//! `resonanz bench archive`: our partitioned index and one bare tantivy index over the same mentions,
//! asked the same in turns. A different answer ends the run. With `--under-fire`, ours alone, while
//! others send it the dearest searches.

pub mod bare;
mod fire;
mod load;
mod questions;

use super::measure::median;
use crate::cli::house::Place;
use crate::cli::output::{Format, Output};
use crate::index::{self, Arrivals, Config, Follow, Index};
use crate::metrics::{Metrics, Series};
use crate::store::Store;
use bare::{Bare, Found};
use load::Load;
use questions::{Question, Sort};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Mentions in the archive
    #[arg(long, default_value_t = 200_000)]
    mentions: u64,
    /// Weeks that they are spread over
    #[arg(long, default_value_t = 52)]
    weeks: u32,
    /// Questions of each sort
    #[arg(long, default_value_t = 20)]
    questions: usize,
    /// Measure ordinary searches instead, calm and while so many clients send killer queries
    #[arg(long, value_name = "CLIENTS")]
    under_fire: Option<usize>,
    #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
    format: Format,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (_temporary, dir) = match &args.place.dir {
        Some(dir) => (None, dir.clone()),
        None => {
            let temporary = crate::cli::demo::Temporary::new()?;
            let dir = temporary.path().to_owned();
            (Some(temporary), dir)
        }
    };
    std::fs::create_dir_all(dir.join("bare"))?;
    let load = Load::new(args.weeks);
    let mut report = Report::new(args.format);
    report.say("texts", load.origin())?;
    let path = dir.join("store.sqlite");
    let store = Store::open(&path).await?;
    let start = Instant::now();
    let put = load.fill(&store, args.mentions).await?;
    report.say("store", &per_second(put, start.elapsed()))?;
    if put < args.mentions {
        Load::copy(&path, args.mentions).await?;
    }
    let config = Config {
        // What is measured is how long they take.
        search_timeout_ms: 600_000,
        ..Config::default()
    };
    let ours = time(index::rebuild(&dir, &config, follow(&store)?)).await?;
    if let Some(clients) = args.under_fire {
        store.close().await;
        let (load, count) = (&load, args.questions);
        fire::measure(&dir, load, clients, count, &mut report).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let bare = time(Bare::build(&dir.join("bare"), &store, bare::COMMIT)).await?;
    let row = [
        ("ours", json!(per_second(args.mentions, ours))),
        ("bare", json!(per_second(args.mentions, bare))),
    ];
    report.row("index made from the store", &row, ratio(ours, bare))?;
    let bytes = [bytes(&dir.join("index"))?, bytes(&dir.join("bare"))?];
    let each = bytes.map(|bytes| bytes / args.mentions.max(1));
    let row = [
        ("ours", json!(format!("{} bytes", each[0]))),
        ("bare", json!(format!("{} bytes", each[1]))),
    ];
    report.row(
        "size of a mention",
        &row,
        each[0] as f64 / each[1].max(1) as f64,
    )?;
    compare(
        &dir,
        &config,
        &questions::all(&load, args.questions)?,
        &mut report,
    )
    .await?;
    report.say("peak memory", &super::pipeline::peak_memory())?;
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn follow(store: &Store) -> anyhow::Result<Follow> {
    Ok(Follow {
        store: store.clone(),
        metrics: Metrics::new(&Series::default())?,
        arrivals: Arrivals::default(),
    })
}

async fn time<T, E: Into<anyhow::Error>>(
    work: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<Duration> {
    let start = Instant::now();
    work.await.map_err(Into::into)?;
    Ok(start.elapsed())
}

/// Opens both and asks them everything: once as if for the first time, then again.
async fn compare(
    dir: &Path,
    config: &Config,
    sorts: &[Sort],
    report: &mut Report,
) -> anyhow::Result<()> {
    let start = Instant::now();
    let ours = Index::open_to_search(dir, config).await?;
    let opened = start.elapsed();
    let start = Instant::now();
    let bare = Bare::open(&dir.join("bare"))?;
    let bare_opened = start.elapsed();
    let row = [("ours", ms(opened)), ("bare", ms(bare_opened))];
    report.row("time to open", &row, ratio(opened, bare_opened))?;
    for sort in sorts {
        let mut times = Times::default();
        for (number, question) in sort.questions.iter().enumerate() {
            for round in 0..4 {
                let start = Instant::now();
                let page = ours.search(question.search()).await?;
                let took = start.elapsed();
                let start = Instant::now();
                let found = bare.ask(question)?;
                times.add(round, took, start.elapsed());
                same(sort.name, number, question, &page, &found)?;
            }
        }
        times.tell(sort.name, report)?;
    }
    ours.stop().await;
    Ok(())
}

/// The same totals, mentions and counts; where two were published at one moment, either may come first.
fn same(
    name: &str,
    number: usize,
    question: &Question,
    page: &index::Page,
    found: &Found,
) -> anyhow::Result<()> {
    let stories = question.one_of_each_story;
    let listed = question.limit == 0
        || page.total == found.total
            && page.ids.len() == found.ids.len()
            && (!stories || page.ids == found.ids);
    let counted = match (&page.aggregated, &found.aggregated) {
        (Some(ours), Some(bare)) => held_back(ours) || plain(ours) == plain(bare),
        (ours, bare) => ours.is_none() == bare.is_none(),
    };
    anyhow::ensure!(
        listed && counted,
        "{name}, question {number}: the answers differ: {} and {} mentions",
        page.total,
        found.total
    );
    Ok(())
}

/// Something is held back, so that the counts may differ.
fn held_back(value: &Value) -> bool {
    value.to_string().contains(index::HELD_BACK)
}

/// Counts by key, in order.
fn plain(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", value, &mut lines);
    lines.sort_unstable();
    lines
}

fn walk(path: &str, value: &Value, lines: &mut Vec<String>) {
    for (name, aggregation) in value.as_object().into_iter().flatten() {
        for bucket in aggregation["buckets"].as_array().into_iter().flatten() {
            let here = format!("{path}/{name}={}", bucket["key"]);
            lines.push(format!("{here}: {}", bucket["doc_count"]));
            walk(&here, bucket, lines);
        }
    }
}

#[derive(Default)]
struct Times {
    first: Vec<f64>,
    again: Vec<f64>,
    bare: Vec<f64>,
}

impl Times {
    fn add(&mut self, round: usize, ours: Duration, bare: Duration) {
        let times = match round {
            0 => &mut self.first,
            _ => &mut self.again,
        };
        times.push(ours.as_secs_f64() * 1e3);
        // The first time the peer reads its files, too.
        if round > 0 {
            self.bare.push(bare.as_secs_f64() * 1e3);
        }
    }

    fn tell(self, name: &str, report: &mut Report) -> anyhow::Result<()> {
        let p99 = |times: &[f64]| {
            let mut sorted = times.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            sorted.last().copied().unwrap_or(f64::NAN)
        };
        let shown = |times: &[f64]| {
            json!(format!(
                "{:.2} ms ({:.2})",
                median(times.to_vec()),
                p99(times)
            ))
        };
        let (first, bare) = (median(self.first.clone()), median(self.bare.clone()));
        let row = [
            ("first", shown(&self.first)),
            ("again", shown(&self.again)),
            ("bare", shown(&self.bare)),
            (
                "again/bare",
                json!((median(self.again.clone()) / bare * 100.0).round() / 100.0),
            ),
        ];
        report.row(name, &row, first / bare)
    }
}

fn ratio(ours: Duration, bare: Duration) -> f64 {
    ours.as_secs_f64() / bare.as_secs_f64()
}

fn per_second(count: u64, took: Duration) -> String {
    let rate = count as f64 / took.as_secs_f64();
    format!("{:.1} s, {rate:.0}/s", took.as_secs_f64())
}

fn ms(time: Duration) -> Value {
    json!(format!("{:.2} ms", time.as_secs_f64() * 1e3))
}

/// Bytes of all files below a directory.
fn bytes(dir: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        sum += if meta.is_dir() {
            bytes(&entry.path())?
        } else {
            meta.len()
        };
    }
    Ok(sum)
}

/// Prints line by line, for a run takes long.
struct Report {
    format: Format,
    out: Output,
}

impl Report {
    fn new(format: Format) -> Self {
        Self {
            format,
            out: Output::new(),
        }
    }

    fn say(&mut self, name: &str, what: &str) -> anyhow::Result<()> {
        match self.format {
            Format::Table => self.out.line(&format!("{name:<34} {what}"))?,
            Format::Jsonl => self.out.json(&json!({ "name": name, "value": what }))?,
        }
        Ok(self.out.flush()?)
    }

    /// Figures, and ours in relation to the peer's: below 1 is better.
    fn row(&mut self, name: &str, figures: &[(&str, Value)], ratio: f64) -> anyhow::Result<()> {
        let ratio = (ratio * 100.0).round() / 100.0;
        match self.format {
            Format::Table => {
                let cells: Vec<String> = figures
                    .iter()
                    .map(|(name, value)| format!("{name} {}", value.to_string().trim_matches('"')))
                    .collect();
                self.out
                    .line(&format!("{name:<34} x{ratio:<7} {}", cells.join("  ")))?;
            }
            Format::Jsonl => {
                let figures: serde_json::Map<String, Value> = figures
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect();
                self.out
                    .json(&json!({ "name": name, "ratio": ratio, "figures": figures }))?;
            }
        }
        Ok(self.out.flush()?)
    }
}
