//! `resonanz bench listen`: what listening costs. A replayed firehose through a loopback websocket
//! next to the same frames from memory, and a house with many sources, quiet and busy.

mod firehose;
mod house;
mod servers;
mod usage;

use crate::cli::output::Output;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Stored queries of the firehose; a number for each run
    #[arg(long, value_delimiter = ',', default_value = "100,1000,10000")]
    queries: Vec<usize>,
    /// Frames of the firehose
    #[arg(long, default_value_t = 200_000)]
    frames: usize,
    /// Feeds of the house
    #[arg(long, default_value_t = 500)]
    feeds: usize,
    /// Streams of the house
    #[arg(long, default_value_t = 6)]
    streams: usize,
    /// Events a second of all streams together, when it is busy
    #[arg(long, default_value_t = 2_000)]
    rate: u32,
    /// Seconds of the quiet and of the busy time
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only the servers that the house listens to; it starts them itself
    #[arg(long, hide = true)]
    serve: bool,
}

pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    if args.serve {
        servers::run(args.streams).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = Output::new();
    // The house first: its memory is to be its own.
    house::run(args, &mut out).await?;
    firehose::run(&args.queries, args.frames, &mut out)?;
    Ok(ExitCode::SUCCESS)
}
