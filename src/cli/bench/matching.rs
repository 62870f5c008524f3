//! `resonanz bench match`: what one post costs, and where the time goes.

use super::engine::{self, Engine};
use super::measure::{Pairs, fitting, timed};
use super::workload::{self, Set, Workload};
use crate::cli::output::{Format, Output};
use crate::model::Mention;
use crate::query::Query;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Posts of a run that nobody gave a number for, if they fit its time.
const MOST_POSTS: usize = 20_000;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stored queries; a number for each run
    #[arg(long, value_delimiter = ',', default_value = "100,1000,10000")]
    pub queries: Vec<usize>,
    /// With or without phrases, NEAR and suffixes; both where it is left out
    #[arg(long)]
    pub set: Option<Set>,
    /// Posts; as many as fit the time where it is left out
    #[arg(long)]
    pub posts: Option<usize>,
    /// Seconds of a run without --posts
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
    /// Another seed, other posts and queries
    #[arg(long, default_value_t = workload::SEED)]
    pub seed: u64,
    /// Write posts and queries of the last run here, for other programs
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
    /// Table or JSON lines
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// Bytes that the allocator has handed out so far. Only a bench binary has one that counts.
pub type Counter = fn() -> u64;

/// One run.
#[derive(Debug, Serialize)]
pub struct Measured {
    pub set: &'static str,
    pub queries: usize,
    pub posts: usize,
    pub us_per_post: f64,
    /// Of it, folding and cutting into words.
    pub tokenise_us: f64,
    /// Of it, looking words up and checking candidates.
    pub lookup_us: f64,
    pub verify_us: f64,
    pub words_per_post: f64,
    pub candidates_per_post: f64,
    pub matches_per_post: f64,
    pub build_ms: f64,
    pub bytes_per_query: f64,
    /// Allocated for a post that matches nothing.
    pub bytes_per_miss: Option<f64>,
    /// Of all (post, query) pairs, hexadecimal.
    pub checksum: String,
}

/// # Errors
/// Files that cannot be written.
pub fn run(args: &Args, counter: Option<Counter>) -> anyhow::Result<ExitCode> {
    let load = Workload::new(args.seed);
    let mut out = Output::new();
    let most = args.posts.unwrap_or(MOST_POSTS);
    let posts = load.posts(most);
    let mentions: Vec<Mention> = posts
        .iter()
        .enumerate()
        .map(|(number, post)| engine::mention(number, post))
        .collect();
    let budget = args.posts.is_none().then_some(args.seconds);
    let sets = args.set.map_or(Set::ALL.to_vec(), |set| vec![set]);
    let mut measured = Vec::new();
    for &set in &sets {
        let longest = args.queries.iter().copied().max().unwrap_or(0);
        let queries = load.queries(longest, set);
        for &count in &args.queries {
            let queries = &queries[..count];
            let budget = budget.map(Duration::from_secs_f64);
            let one = measure(set, queries, &mentions, budget, counter);
            if let Some(dir) = &args.write {
                workload::write(dir, &mentions[..one.posts], queries)?;
            }
            if args.format == Format::Jsonl {
                out.json(&one)?;
            }
            measured.push(one);
        }
    }
    if args.format == Format::Table {
        print(&mut out, &load, &measured)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn measure(
    set: Set,
    queries: &[Query],
    mentions: &[Mention],
    budget: Option<Duration>,
    counter: Option<Counter>,
) -> Measured {
    let mut engine = Engine::new(queries);
    let count = match budget {
        None => mentions.len(),
        Some(budget) => fitting(budget, mentions.len(), |post| {
            engine.matches(&mentions[post]);
        }),
    };
    let mentions = &mentions[..count];
    let warm = pass(&mut engine, mentions);
    let (relearn, ()) = timed(|| engine.learn());
    pass(&mut engine, mentions);
    let (tokenise, words) = sum(mentions, |mention| engine.tokenise(mention));
    let (presearch, candidates) = sum(mentions, |mention| engine.presearch(mention));
    let (total, pairs) = timed(|| pass(&mut engine, mentions));
    debug_assert_eq!(warm, pairs);
    let bytes = counter.map(|count| allocated(&mut engine, mentions, count));
    let posts = count as f64;
    let per_post = |time: Duration| time.as_secs_f64() * 1e6 / posts;
    Measured {
        set: set.as_str(),
        queries: queries.len(),
        posts: count,
        us_per_post: per_post(total),
        tokenise_us: per_post(tokenise),
        lookup_us: per_post(presearch.saturating_sub(tokenise)),
        verify_us: per_post(total.saturating_sub(presearch)),
        words_per_post: words as f64 / posts,
        candidates_per_post: candidates as f64 / posts,
        matches_per_post: pairs.count as f64 / posts,
        build_ms: relearn.as_secs_f64() * 1e3,
        bytes_per_query: engine.bytes() as f64 / queries.len().max(1) as f64,
        bytes_per_miss: bytes,
        checksum: format!("{:016x}", pairs.checksum),
    }
}

/// Every post cut into words and matched, once.
pub fn pass(engine: &mut Engine, mentions: &[Mention]) -> Pairs {
    let mut pairs = Pairs::default();
    for (number, mention) in mentions.iter().enumerate() {
        pairs.add(number, engine.matches(mention).iter().copied());
    }
    pairs
}

fn sum(mentions: &[Mention], act: impl FnMut(&Mention) -> usize) -> (Duration, usize) {
    timed(|| mentions.iter().map(act).sum())
}

/// Bytes that a post without a match has allocated on average, its words included.
fn allocated(engine: &mut Engine, mentions: &[Mention], counter: Counter) -> f64 {
    let (mut bytes, mut posts) = (0, 0_u32);
    for mention in mentions {
        let start = counter();
        let missed = engine.matches(mention).is_empty();
        if missed {
            posts += 1;
            bytes += counter() - start;
        }
    }
    bytes as f64 / f64::from(posts.max(1))
}

fn print(out: &mut Output, load: &Workload, measured: &[Measured]) -> anyhow::Result<()> {
    out.line(&format!(
        "{}; one thread, CPU time; µs and bytes are of one post",
        load.origin()
    ))?;
    let head = [
        "queries",
        "set",
        "posts",
        "µs",
        "posts/s",
        "tokenise",
        "lookup",
        "verify",
        "candidates",
        "matches",
        "build ms",
        "B/query",
        "B/miss",
        "checksum",
    ];
    let rows: Vec<Vec<String>> = measured.iter().map(row).collect();
    out.table(&head, &rows)?;
    Ok(())
}

fn row(one: &Measured) -> Vec<String> {
    let share = |part: f64| format!("{:.1} %", part / one.us_per_post * 100.0);
    let miss = one.bytes_per_miss;
    vec![
        one.queries.to_string(),
        one.set.to_owned(),
        one.posts.to_string(),
        format!("{:.2}", one.us_per_post),
        format!("{:.0}", 1e6 / one.us_per_post),
        share(one.tokenise_us),
        share(one.lookup_us),
        share(one.verify_us),
        format!("{:.1}", one.candidates_per_post),
        format!("{:.3}", one.matches_per_post),
        format!("{:.1}", one.build_ms),
        format!("{:.0}", one.bytes_per_query),
        miss.map_or_else(|| "–".to_owned(), |bytes| format!("{bytes:.0}")),
        one.checksum.clone(),
    ]
}
