//! `resonanz bench`: measures the house on this machine.

mod archive;
mod classify;
pub mod engine;
mod listen;
pub mod matching;
pub mod measure;
mod pipeline;
mod relate;
pub mod workload;

use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Posts from memory through normalise, match, classify, store, desk and index.
    ///
    /// Prints posts and matched mentions per second, the time from arrival to the store and until
    /// searchable, and peak memory. Without --rate the house is saturated: latencies then show its
    /// queues, and throughput its limit.
    #[command(
        after_help = "Example: resonanz bench pipeline --posts 100000\n         \
        resonanz bench pipeline --posts 20000 --rate 500"
    )]
    Pipeline(pipeline::Args),
    /// Posts against 100 to 10,000 stored queries: the matcher alone.
    ///
    /// Posts are the shared texts (RESONANZ_SHARED, else ../shared/data) or invented ones; queries
    /// are what press offices and agencies write, made of the posts' words. Times are CPU time of
    /// one thread. Peers are measured by `cargo bench --bench match`.
    #[command(
        after_help = "Example: resonanz bench match --queries 1000 --set full\n         \
        resonanz bench match --queries 10000 --set bool --posts 5000 --write /tmp/load"
    )]
    Match(matching::Args),
    /// Statements through the built-in model: with the explanation and without.
    ///
    /// Times are CPU time of one thread. Peers are measured by `benches/peers/classify/run`.
    #[command(after_help = "Example: resonanz bench classify --posts 20000")]
    Classify(classify::Args),
    /// Posts through the stories of the last days and the register of claims.
    ///
    /// Texts are pieces of the shared ones (RESONANZ_SHARED, else ../shared/data) or invented; labels
    /// are drawn. Times are CPU time of one thread, memory is that of the process.
    #[command(after_help = "Example: resonanz bench relate --members 1000000 --claims 10000")]
    Relate(relate::Args),
    /// An invented archive in our index and in one bare tantivy index, asked the same in turns.
    ///
    /// Wall-clock times, median (and worst); "first" is a question asked for the first time, "again"
    /// one that was asked before. The ratio is ours, first, to the peer's: below 1 is better. Arrival
    /// to searchable: `bench pipeline --rate 2000 --matching 100`.
    #[command(
        after_help = "Example: resonanz bench archive --mentions 1000000 --weeks 104\n         \
        resonanz bench archive --under-fire 8"
    )]
    Archive(archive::Args),
    /// A replayed firehose through a loopback websocket and from memory, and a house with 500 feeds
    /// and 6 streams, quiet and busy.
    ///
    /// The firehose is read, normalised and matched on one thread; its time is CPU time of that
    /// thread. The house is a whole one; memory, CPU and wakeups are those of its process.
    #[command(after_help = "Example: resonanz bench listen --queries 1000 --seconds 30")]
    Listen(listen::Args),
}

pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Pipeline(args) => pipeline::run(args).await,
        Command::Match(args) => matching::run(&args, None),
        Command::Classify(args) => classify::run(&args),
        Command::Relate(args) => relate::run(&args),
        Command::Archive(args) => archive::run(&args).await,
        Command::Listen(args) => listen::run(&args).await,
    }
}
