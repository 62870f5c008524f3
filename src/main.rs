//! Arguments, logging, exit code; nothing else.

use clap::Parser;
use resonanz::cli::{self, Cli};
use resonanz::config::ConfigError;
use std::io::Write;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging();
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
    match error.downcast_ref::<ConfigError>() {
        Some(_) => ExitCode::from(cli::EXIT_USAGE),
        None => ExitCode::FAILURE,
    }
}

/// Logs go to standard error; `RESONANZ_LOG` filters them, `RESONANZ_LOG_FORMAT=json` is for
/// machines.
fn start_logging() {
    let filter = EnvFilter::try_from_env("RESONANZ_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,resonanz=info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match std::env::var("RESONANZ_LOG_FORMAT").as_deref() {
        Ok("json") => builder.json().init(),
        _ => builder.with_target(false).init(),
    }
}
