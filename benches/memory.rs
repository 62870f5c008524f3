//! The table of `resonanz bench match` with what the allocator counts: bytes allocated for a
//! post that matches nothing. Counting costs time, so take no times from
//! here: `cargo bench --bench memory -- --queries 1000 --set full`.

use clap::Parser;
use resonanz::cli::bench::matching::{Args, run};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[derive(Parser)]
struct Command {
    /// Given by `cargo bench`, without meaning here.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(flatten)]
    args: Args,
}

fn counted() -> u64 {
    ALLOCATOR.stats().bytes_allocated as u64
}

fn main() -> anyhow::Result<ExitCode> {
    run(&Command::parse().args, Some(counted))
}
