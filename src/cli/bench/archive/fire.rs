//! `--under-fire`: how long ordinary searches take while others send the dearest that there are, without
//! a pause.

use super::questions::{self, Question, Sort};
use super::{Load, Report, ratio};
use crate::index::{Aggregations, Config, Index, IndexError, Search};
use crate::query::Query;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// An index that has answered nothing yet is asked everything twice, so often.
const ROUNDS: usize = 5;
/// What a house that is asked by people has between two questions of one of them.
const BREATH: Duration = Duration::from_millis(5);

/// Ordinary searches in a calm house and under fire, with the settings that a house has.
pub async fn measure(
    dir: &Path,
    load: &Load,
    clients: usize,
    count: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    report.say("load of the machine before", &machine())?;
    let ordinary = questions::all(load, count)?;
    let killers = Arc::new(killers(load)?);
    let mut calm = Times::default();
    let mut fire = Times::default();
    let shots = Arc::new(Shots::default());
    for _ in 0..ROUNDS {
        let index = Arc::new(Index::open_to_search(dir, &Config::default()).await?);
        calm.take(&index, &ordinary).await?;
        drop(index);
        let index = Arc::new(Index::open_to_search(dir, &Config::default()).await?);
        let stop = Arc::new(AtomicBool::new(false));
        let mut others = JoinSet::new();
        for client in 0..clients {
            let (index, killers) = (Arc::clone(&index), Arc::clone(&killers));
            let (stop, shots) = (Arc::clone(&stop), Arc::clone(&shots));
            others.spawn(async move { shoot(client, &index, &killers, &stop, &shots).await });
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        fire.take(&index, &ordinary).await?;
        stop.store(true, Ordering::Relaxed);
        while let Some(ended) = others.join_next().await {
            ended?;
        }
    }
    report.say("load of the machine after", &machine())?;
    let done = shots.done.load(Ordering::Relaxed);
    let stopped = shots.stopped.load(Ordering::Relaxed);
    let longest = Duration::from_micros(shots.longest_us.load(Ordering::Relaxed));
    report.say(
        "killers",
        &format!(
            "{clients} clients, {done} answered, {stopped} stopped or refused, the longest took {:.0} ms",
            longest.as_secs_f64() * 1e3
        ),
    )?;
    for (name, share) in [
        ("ordinary searches, p50", 0.5),
        ("ordinary searches, p99", 0.99),
    ] {
        let (before, under) = (calm.share(share), fire.share(share));
        let row = [("calm", ms(before)), ("under fire", ms(under))];
        report.row(name, &row, ratio(under, before))?;
    }
    for (number, sort) in ordinary.iter().enumerate() {
        let (before, under) = (calm.of(number, 0.99), fire.of(number, 0.99));
        let row = [("calm", ms(before)), ("under fire", ms(under))];
        report.row(&format!("  p99, {}", sort.name), &row, ratio(under, before))?;
    }
    let timed_out = format!("calm {}, under fire {}", calm.timed_out, fire.timed_out);
    report.say("ordinary searches that timed out", &timed_out)
}

fn ms(time: Duration) -> Value {
    json!(format!("{:.2} ms", time.as_secs_f64() * 1e3))
}

/// The kernel's load averages, where there are any.
fn machine() -> String {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let averages: Vec<&str> = told.split_whitespace().take(3).collect();
    averages.join(" ")
}

/// Times of ordinary searches, each with the number of its sort.
#[derive(Default)]
struct Times {
    taken: Vec<(usize, Duration)>,
    timed_out: u64,
}

impl Times {
    async fn take(&mut self, index: &Index, sorts: &[Sort]) -> anyhow::Result<()> {
        let most = sorts.iter().map(|sort| sort.questions.len()).max();
        for _ in 0..2 {
            for place in 0..most.unwrap_or_default() {
                for (number, sort) in sorts.iter().enumerate() {
                    let question = sort.questions.get(place);
                    if let Some(question) = question {
                        self.ask(index, number, question).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn ask(&mut self, index: &Index, sort: usize, question: &Question) -> anyhow::Result<()> {
        let start = Instant::now();
        match index.search(question.search()).await {
            Ok(_) => {}
            Err(IndexError::TimedOut) => self.timed_out += 1,
            Err(error) => return Err(error.into()),
        }
        self.taken.push((sort, start.elapsed()));
        tokio::time::sleep(BREATH).await;
        Ok(())
    }

    fn share(&self, share: f64) -> Duration {
        quantile(self.taken.iter().map(|taken| taken.1).collect(), share)
    }

    fn of(&self, sort: usize, share: f64) -> Duration {
        let of_sort = self.taken.iter().filter(|taken| taken.0 == sort);
        quantile(of_sort.map(|taken| taken.1).collect(), share)
    }
}

fn quantile(mut times: Vec<Duration>, share: f64) -> Duration {
    times.sort_unstable();
    let place = (times.len() as f64 * share) as usize;
    let last = times.len().saturating_sub(1);
    times.get(place.min(last)).copied().unwrap_or_default()
}

#[derive(Default)]
struct Shots {
    done: AtomicU64,
    stopped: AtomicU64,
    longest_us: AtomicU64,
}

async fn shoot(client: usize, index: &Index, killers: &[Search], stop: &AtomicBool, shots: &Shots) {
    let mut next = client * 7;
    while !stop.load(Ordering::Relaxed) {
        let Some(killer) = killers.get(next % killers.len().max(1)) else {
            return;
        };
        next += 1;
        let start = Instant::now();
        let counter = match index.search(killer.clone()).await {
            Ok(_) => &shots.done,
            Err(_) => &shots.stopped,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        shots.longest_us.fetch_max(took, Ordering::Relaxed);
    }
}

/// Broad wildcards, `NEAR` of words that stand everywhere, counts within counts: each of many kinds, so
/// that what was answered before is no help.
fn killers(load: &Load) -> anyhow::Result<Vec<Search>> {
    let letters: Vec<char> = "enirstadhu".chars().collect();
    let words = load.words();
    let word = |number: usize| words.get(number).map_or("und", String::as_str);
    let mut killers = Vec::new();
    for number in 0..60_usize {
        let (one, two) = (letters[number % 10], letters[(number / 10 + 1) % 10]);
        let between = 40 + number;
        for written in [
            format!("*{one}*{two}* OR *{two}*{one}*"),
            format!("*{one}*{two}* AND *{two}*{one}* AND NOT *{one}{two}{one}*"),
            format!("(die OR der OR das OR und) NEAR/{between} (in OR zu OR den OR ist)"),
            format!("die NEAR/{between} (der NEAR/{between} (und NEAR/{between} in))"),
            format!("(die AND der AND und AND in)~{between}"),
            format!(
                "({} OR der) NEAR/{between} ({} OR die)",
                word(number),
                word(number + 1)
            ),
            format!("\"die *{one}*{two}*{one}*\""),
        ] {
            let query =
                Query::parse(&written).map_err(|error| anyhow::anyhow!("{written}: {error}"))?;
            killers.push(Search {
                query: Some(query.expr().clone()),
                limit: 100,
                ..Search::default()
            });
        }
        killers.push(Search {
            aggregations: Some(deep(number)?),
            ..Search::default()
        });
    }
    Ok(killers)
}

fn deep(number: usize) -> anyhow::Result<Aggregations> {
    let days = json!({ "histogram": { "field": "published", "interval": 8.64e7 + number as f64 } });
    let mut inner = days;
    for field in ["stance", "watch", "source", "kind"] {
        inner = json!({ "terms": { "field": field, "size": 50 }, "aggs": { "inner": inner } });
    }
    Ok(serde_json::from_value(json!({ "outer": inner }))?)
}
