//! The command line: one file a command. Commands parse, call the house, and print; they hold no
//! domain logic.
//!
//! Exit codes: 0 done · 1 failed · 2 wrong arguments or configuration (also a query that cannot be
//! read, and a watch or target that does not exist) · 3 done, but not everything was good (a line of
//! an import was refused, an example of a watch failed, a source cannot be collected, a watch has no
//! rules for a platform).

mod backup;
pub mod bench;
mod count_by;
mod demo;
mod erase;
mod eval;
mod explain;
mod filters;
mod fsck;
mod house;
mod judged;
mod model;
mod output;
mod rebuild_index;
mod receipt;
mod recipe;
mod replay;
mod restore;
mod retention;
mod run;
mod samples;
mod saved;
mod search;
mod sheet;
mod source;
mod train;
mod watch;
mod watch_import;
mod watch_push_down;
mod watch_test;
mod when;
mod why;

pub use output::{Format, Output, note};

use crate::config::ConfigError;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Done, but not everything was good.
pub const EXIT_PARTLY: u8 = 3;
/// Wrong arguments or configuration.
pub const EXIT_USAGE: u8 = 2;

/// Arguments that can be read and cannot be followed: a query with a fault, a name of nothing.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongArguments(pub String);

/// How a command ends that could not do what it was asked to.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<ConfigError>() || error.is::<WrongArguments>() {
        ExitCode::from(EXIT_USAGE)
    } else {
        ExitCode::FAILURE
    }
}

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

impl Cli {
    /// What is logged unless `RESONANZ_LOG` says otherwise: a daemon's log tells what it does, the
    /// other commands tell it themselves.
    pub fn log_filter(&self) -> &'static str {
        match self.command {
            Command::Run(_) => "warn,resonanz=info",
            _ => "warn",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the house: collect, archive, alert, serve.
    Run(run::Args),
    /// Show the whole way on a bundled weekend of a press office, at accelerated speed.
    Demo(demo::Args),
    /// Search the archive.
    Search(search::Args),
    /// List, rename and delete saved searches; `search --save NAME` saves one.
    #[command(subcommand, after_help = "Example: resonanz saved list")]
    Saved(saved::Command),
    /// Import mentions (NDJSON) into an archive; never mails.
    Replay(replay::Args),
    /// Delete the index and make it again from the store.
    RebuildIndex(rebuild_index::Args),
    /// Erase mentions for good: from store, index and mails on disk.
    Erase(erase::Args),
    /// Show what is older than it may be, or remove it now; confirm the clock.
    Retention(retention::Args),
    /// Copy the archive into a folder, also while the house runs.
    Backup(backup::Args),
    /// Bring a copy back; what was erased since stays erased.
    Restore(restore::Args),
    /// Say whether store, index and mails are sound and agree.
    Fsck(fsck::Args),
    /// List and check the sources, or read recorded bytes with a source's adapter.
    #[command(subcommand, after_help = "Example: resonanz source check")]
    Source(source::Command),
    /// List and test the watches, import queries of other systems, make rules for platforms.
    #[command(subcommand, after_help = "Example: resonanz watch test")]
    Watch(watch::Command),
    /// Say what the classifier makes of a text, and why.
    Explain(explain::Args),
    /// Say how all that is said of one mention was derived, with versions.
    Why(why::Args),
    /// List the models of a house, print their cards, say which one labels.
    #[command(subcommand, after_help = "Example: resonanz model show")]
    Model(model::Command),
    /// Make a stance model of statements that people have judged.
    Train(train::Args),
    /// Say how well the classifier does on statements that people have judged.
    #[command(
        subcommand,
        after_help = "Example: resonanz eval stance --set judged.jsonl"
    )]
    Eval(eval::Command),
    /// Measure the house on this machine.
    #[command(subcommand, after_help = "Example: resonanz bench match")]
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
        Command::Saved(command) => saved::run(&command).await,
        Command::Replay(args) => replay::run(args).await,
        Command::RebuildIndex(args) => rebuild_index::run(args).await,
        Command::Erase(args) => erase::run(args).await,
        Command::Retention(args) => retention::run(args).await,
        Command::Backup(args) => backup::run(args).await,
        Command::Restore(args) => restore::run(args).await,
        Command::Fsck(args) => fsck::run(args).await,
        Command::Source(command) => source::run(command).await,
        Command::Watch(command) => watch::run(command).await,
        Command::Explain(args) => explain::run(&args),
        Command::Why(args) => why::run(&args).await,
        Command::Model(command) => model::run(&command).await,
        Command::Train(args) => train::run(&args),
        Command::Eval(command) => eval::run(&command),
        Command::Bench(command) => bench::run(command).await,
    }
}
