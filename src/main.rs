//! Arguments, logging, exit code; nothing else.

use clap::Parser;
use resonanz::cli::{self, Cli};
use std::io::{IsTerminal, Write};
use std::panic::PanicHookInfo;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = start_logging(&cli) {
        return fail(&error);
    }
    std::panic::set_hook(Box::new(log_panic));
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(cli::run(cli)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    // Where not even the error can be written, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "resonanz: {error:#}");
    cli::exit_code(error)
}

/// Only where it happened: the message may quote what somebody wrote, and no log may.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let place = place.as_deref().unwrap_or("an unknown place");
    tracing::error!(place, "A part of the program broke down.");
}

/// Logs go to standard error; `RESONANZ_LOG` filters them, `RESONANZ_LOG_FORMAT=json` is for
/// machines. Colours are for people.
fn start_logging(cli: &Cli) -> anyhow::Result<()> {
    let filter = match std::env::var("RESONANZ_LOG") {
        Ok(asked) => EnvFilter::try_new(&asked)
            .map_err(|error| cli::WrongArguments(format!("RESONANZ_LOG={asked}: {error}")))?,
        Err(_) => EnvFilter::new(cli.log_filter()),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match std::env::var("RESONANZ_LOG_FORMAT").as_deref() {
        Ok("json") => builder.json().init(),
        _ => builder.with_target(false).init(),
    }
    Ok(())
}
