//! `resonanz source`: which sources there are, whether they can be collected, and what an adapter
//! makes of recorded bytes.

use super::house::Settings;
use super::{EXIT_PARTLY, Format, Output};
use crate::app::House;
use crate::collect::source::{Allowance, Pace, Source, Standing};
use crate::collect::{self, Recorded};
use crate::config::Config;
use crate::store::Store;
use anyhow::Context as _;
use serde_json::json;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

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
    /// Ask every source whether it works, needs a key or a permission, has used up its budget, or
    /// cannot be reached.
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
        Command::List { settings, format } => list(&sources(&settings.read()?)?, format),
        Command::Check { settings, format } => {
            let config = settings.read()?;
            let sources = sources(&config)?;
            let used = used(&config, &sources).await?;
            check(sources, &used, format).await
        }
        Command::Read { kind, file } => read(kind, &file),
    }
}

fn sources(config: &Config) -> anyhow::Result<Vec<(String, Box<dyn Source>)>> {
    config
        .sources
        .iter()
        .map(|(name, source)| {
            let built = collect::build(name, source);
            Ok((
                source.kind().to_owned(),
                built.with_context(|| format!("source {name}"))?,
            ))
        })
        .collect()
}

/// What each source has used of its allowances, by what the archive remembers.
async fn used(
    config: &Config,
    sources: &[(String, Box<dyn Source>)],
) -> anyhow::Result<Vec<Vec<(Allowance, f64)>>> {
    let path = House::store_path(&config.dir);
    if !path.exists() {
        return Ok(vec![Vec::new(); sources.len()]);
    }
    let store = Store::open(&path).await.context("the archive")?;
    let mut used = Vec::new();
    for (_, source) in sources {
        let cursor = store.cursor(source.name()).await?;
        used.push(cursor.map_or_else(Vec::new, |cursor| source.used(&cursor)));
    }
    store.close().await;
    Ok(used)
}

/// The shares in words: `day 40 %, month 3 %`.
fn in_words(used: &[(Allowance, f64)]) -> String {
    let words = used
        .iter()
        .map(|(allowance, share)| format!("{} {:.0} %", allowance.as_str(), share * 100.0));
    words.collect::<Vec<_>>().join(", ")
}

fn is_used_up(used: &[(Allowance, f64)]) -> bool {
    let ends =
        |(allowance, share): &(Allowance, f64)| *allowance != Allowance::Searches && *share >= 1.0;
    used.iter().any(ends)
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
    used: &[Vec<(Allowance, f64)>],
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
    for (((_, source), asked), used) in sources.iter().zip(asked).zip(used) {
        let standing = match asked.await {
            Ok(Ok(standing)) => standing,
            Ok(Err(_)) => Standing::Unreachable("no answer within 30 s".to_owned()),
            Err(_) => Standing::Unreachable("the check broke down".to_owned()),
        };
        let (word, detail) = match standing {
            Standing::Works if is_used_up(used) => ("budget used up", in_words(used)),
            Standing::Works => ("works", in_words(used)),
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
