//! `resonanz source`: which sources there are, whether they can be collected, and what an adapter
//! makes of recorded bytes.

use super::house::Settings;
use super::{EXIT_PARTLY, Format, Output};
use crate::collect::source::{Pace, Source, Standing};
use crate::collect::{self, Recorded};
use anyhow::Context as _;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Longest that one source may take to answer a check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the configured sources.
    #[command(after_help = "Example: resonanz source list --format jsonl")]
    List {
        #[command(flatten)]
        settings: Settings,
        /// table for people, jsonl for programs
        #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
        format: Format,
    },
    /// Ask every source whether it works, needs a key or a permission, or cannot be reached.
    ///
    /// Ends with exit code 3 when one cannot be collected.
    #[command(after_help = "Example: resonanz source check")]
    Check {
        #[command(flatten)]
        settings: Settings,
        /// table for people, jsonl for programs
        #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
        format: Format,
    },
    /// Print what a source's adapter makes of recorded bytes: one change a line, in the import's
    /// shape.
    ///
    /// Reads from the file exactly what it would read from the network. What cannot be read is
    /// told on standard error, and the exit code is 3.
    #[command(
        after_help = "Example: resonanz source read --kind feed feed.xml\n         \
        resonanz source read --kind bluesky frames.jsonl | resonanz replay - --dir data"
    )]
    Read {
        /// What the bytes are
        #[arg(long, value_enum)]
        kind: Recorded,
        /// File, or `-` for standard input
        file: PathBuf,
    },
}

pub async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { settings, format } => list(&sources(&settings)?, format),
        Command::Check { settings, format } => check(sources(&settings)?, format).await,
        Command::Read { kind, file } => read(kind, &file),
    }
}

fn sources(settings: &Settings) -> anyhow::Result<Vec<(String, Box<dyn Source>)>> {
    let config = settings.read()?;
    // Nothing is collected here, so nothing is looked for.
    let terms = watch::channel(Arc::default()).1;
    config
        .sources
        .iter()
        .map(|(name, source)| {
            let built = collect::build(name, source, &terms);
            Ok((
                source.kind().to_owned(),
                built.with_context(|| format!("source {name}"))?,
            ))
        })
        .collect()
}

fn list(sources: &[(String, Box<dyn Source>)], format: Format) -> anyhow::Result<ExitCode> {
    let mut out = Output::new();
    let mut rows = Vec::new();
    for (kind, source) in sources {
        let pace = match source.pace() {
            Pace::Stream { .. } => "stream".to_owned(),
            Pace::Poll { every } => format!("every {} s", every.as_secs()),
            Pace::Once => "once".to_owned(),
        };
        if format == Format::Jsonl {
            out.json(&json!({"name": source.name(), "kind": kind, "pace": pace}))?;
        }
        rows.push(vec![source.name().to_owned(), kind.clone(), pace]);
    }
    if format == Format::Table {
        out.table(&["SOURCE", "KIND", "PACE"], &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(
    sources: Vec<(String, Box<dyn Source>)>,
    format: Format,
) -> anyhow::Result<ExitCode> {
    // All at once: a dead host must not keep the others waiting.
    let asked: Vec<_> = sources
        .iter()
        .map(|(_, source)| tokio::spawn(tokio::time::timeout(CHECK_TIMEOUT, source.check())))
        .collect();
    let mut out = Output::new();
    let mut rows = Vec::new();
    let mut good = true;
    for ((_, source), asked) in sources.iter().zip(asked) {
        let standing = match asked.await {
            Ok(Ok(standing)) => standing,
            Ok(Err(_)) => Standing::Unreachable("no answer within 30 s".to_owned()),
            Err(_) => Standing::Unreachable("the check broke down".to_owned()),
        };
        let (word, detail) = match standing {
            Standing::Works => ("works", String::new()),
            Standing::NeedsKey(detail) => ("needs a key", detail),
            Standing::NeedsPermission(detail) => ("needs a permission", detail),
            Standing::Unreachable(detail) => ("cannot be reached", detail),
        };
        good &= word == "works";
        if format == Format::Jsonl {
            out.json(&json!({"name": source.name(), "standing": word, "detail": detail}))?;
        }
        rows.push(vec![source.name().to_owned(), word.to_owned(), detail]);
    }
    if format == Format::Table {
        out.table(&["SOURCE", "STANDING", "DETAIL"], &rows)?;
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_PARTLY)
    })
}

fn read(kind: Recorded, file: &PathBuf) -> anyhow::Result<ExitCode> {
    let input: Box<dyn io::Read> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(|| file.display().to_string())?)
    };
    let mut out = Output::new();
    let mut good = true;
    collect::read_recorded(kind, &mut BufReader::new(input), &mut |read| match read {
        Ok(change) => out.json(&change.to_line()),
        Err(rejection) => {
            good = false;
            tracing::warn!(%rejection, "An item could not be read.");
            Ok(())
        }
    })?;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_PARTLY)
    })
}
