//! The matcher against named peers, in one run.
//!
//! `cargo bench --bench match` lists wall times of single steps. With `-- --ratios` it prints the
//! ratios to the peers, by CPU time of one thread in alternating rounds; with `-- --gate` it fails
//! where a ratio is below its gate, or where a peer finds other (post, query) pairs than we do.

mod mokaccino;
mod parsing;
mod ratios;
mod steps;

use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
struct Command {
    /// Print ratios to the peers
    #[arg(long)]
    ratios: bool,
    /// Print ratios, and fail where one is below its gate
    #[arg(long)]
    gate: bool,
    /// Seconds that the slowest contender has in each round
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
    /// Rounds in which the contenders take turns
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

fn main() -> anyhow::Result<ExitCode> {
    let asked = |arg: &str| std::env::args().any(|given| given == arg);
    if !asked("--ratios") && !asked("--gate") {
        divan::main();
        return Ok(ExitCode::SUCCESS);
    }
    // Cargo adds `--bench`, wherever the others stand.
    let args = std::env::args().filter(|arg| arg != "--bench");
    let command = Command::parse_from(args);
    let all_good = ratios::run(command.seconds, command.rounds)?;
    match all_good || !command.gate {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}
