//! The command line: one file a command. Commands parse, call the house, and print; they hold no
//! domain logic.
//!
//! Exit codes: 0 done · 1 failed · 2 wrong arguments or configuration · 3 done, but not everything
//! was good (a line of an import was refused, an example of a watch failed, a source cannot be
//! collected).

mod bench;
mod classify;
mod demo;
mod erase;
mod house;
mod output;
mod rebuild_index;
mod replay;
mod run;
mod search;
mod source;
mod watch;

pub use output::{Format, Output};

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Done, but not everything was good.
pub const EXIT_PARTLY: u8 = 3;
/// Wrong arguments or configuration.
pub const EXIT_USAGE: u8 = 2;

/// Social listening for a press office: streams, a searchable archive, stance, and alert mails.
#[derive(Debug, Parser)]
#[command(name = "resonanz", version, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration, \
    3 done but not everything was good.\n\nExample: resonanz demo"
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the house: collect, archive, alert, serve.
    Run(run::Args),
    /// Show the whole way on a bundled weekend of a press office, at accelerated speed.
    Demo(demo::Args),
    /// Search the archive.
    Search(search::Args),
    /// Import mentions (NDJSON) into an archive; never mails.
    Replay(replay::Args),
    /// Delete the index and make it again from the store.
    RebuildIndex(rebuild_index::Args),
    /// Erase mentions for good: from store, index and mails on disk.
    Erase(erase::Args),
    /// List and check the sources, or read recorded bytes with a source's adapter.
    #[command(subcommand)]
    Source(source::Command),
    /// List and test the watches.
    #[command(subcommand)]
    Watch(watch::Command),
    /// Say what the classifier makes of a text, and why.
    Classify(classify::Args),
    /// Measure.
    #[command(subcommand)]
    Bench(bench::Command),
}

/// Runs a command to its end.
///
/// # Errors
/// Whatever the command could not do, as a sentence that says what to do.
pub async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Run(args) => run::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Search(args) => search::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::RebuildIndex(args) => rebuild_index::run(args).await,
        Command::Erase(args) => erase::run(args).await,
        Command::Source(command) => source::run(command).await,
        Command::Watch(command) => watch::run(command),
        Command::Classify(args) => classify::run(args),
        Command::Bench(command) => bench::run(command).await,
    }
}
