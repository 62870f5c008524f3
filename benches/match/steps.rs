//! Single steps, by wall time.

use crate::parsing;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use resonanz::cli::bench::engine::{self, Engine};
use resonanz::cli::bench::matching::pass;
use resonanz::cli::bench::workload::{SEED, Set, Workload};
use resonanz::model::Mention;
use resonanz::text::Tokens;
use std::sync::OnceLock;
use std::time::Duration;

/// Posts of one sample: few, so that a slow matcher comes to an end.
const POSTS: usize = 16;
const FRAMES: usize = 1_000;
const SECOND: Duration = Duration::from_secs(1);

fn load() -> &'static Workload {
    static LOAD: OnceLock<Workload> = OnceLock::new();
    LOAD.get_or_init(|| Workload::new(SEED))
}

fn mentions() -> Vec<Mention> {
    let posts = load().posts(POSTS);
    let numbered = posts.iter().enumerate();
    numbered
        .map(|(number, post)| engine::mention(number, post))
        .collect()
}

#[divan::bench(max_time = SECOND)]
fn fold_tokenise(bencher: Bencher<'_, '_>) {
    let posts = load().posts(POSTS);
    let mut tokens = Tokens::default();
    bencher.counter(ItemsCount::new(POSTS)).bench_local(|| {
        for post in &posts {
            tokens.read(&post.text);
            black_box(&tokens);
        }
    });
}

fn percolate(bencher: Bencher<'_, '_>, queries: usize, set: Set) {
    let mut engine = Engine::new(&load().queries(queries, set));
    let mentions = mentions();
    bencher
        .counter(ItemsCount::new(POSTS))
        .bench_local(|| pass(&mut engine, &mentions));
}

#[divan::bench(args = [100, 1_000, 10_000], max_time = SECOND, sample_size = 1)]
fn percolate_bool(bencher: Bencher<'_, '_>, queries: usize) {
    percolate(bencher, queries, Set::Bool);
}

#[divan::bench(args = [100, 1_000, 10_000], max_time = SECOND, sample_size = 1)]
fn percolate_full(bencher: Bencher<'_, '_>, queries: usize) {
    percolate(bencher, queries, Set::Full);
}

/// Frames of the network through the collector's reading and the matcher, 1,000 queries.
#[divan::bench(max_time = SECOND, sample_size = 1)]
fn match_path_mix(bencher: Bencher<'_, '_>) {
    let mut engine = Engine::new(&load().queries(1_000, Set::Full));
    let frames = load().frames(FRAMES);
    let mut mention = engine::mention(0, &load().posts(1)[0]);
    bencher
        .counter(ItemsCount::new(FRAMES))
        .bench_local(|| parsing::match_path(&frames, &mut engine, &mut mention));
}
