//! `resonanz backup`: a copy of the archive, also while the house runs.

use super::house::Place;
use super::{Output, WrongArguments};
use crate::app::{House, backup};
use crate::clock::Clock;
use crate::privacy::Keys;
use crate::store::Store;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz backup --to /backup/resonanz-2026-11-23 --dir data\n         \
    resonanz backup --erasures-only --to /backup/erasures.json --dir data\n\n\
    The key is not in it: keep it apart, for it opens what identifies private authors. The second \
    form writes what was erased, as keyed hashes; made more often than whole copies and kept \
    elsewhere, it lets `restore` erase once more what was erased after the copy."
)]
pub struct Args {
    /// A folder that is not there yet (with --erasures-only a file)
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
    /// Only what was erased
    #[arg(long)]
    erasures_only: bool,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.archive()?;
    let path = House::store_path(&config.dir);
    let key = config.dir.join(&config.key_file);
    if !path.exists() || !key.exists() {
        let message = format!("{} holds no store with a key", config.dir.display());
        return Err(WrongArguments(message).into());
    }
    let store = Store::open(&path).await?;
    let mut out = Output::new();
    if args.erasures_only {
        let erasures = store.erasures().await?;
        std::fs::write(&args.to, serde_json::to_vec(&erasures)?)?;
        let (items, authors) = (erasures.items.len(), erasures.authors.len());
        out.line(&format!(
            "{items} erased items and {authors} accounts that are gone."
        ))?;
    } else {
        let keys = Keys::load_or_create(&key)?;
        let now = Clock::system().now();
        let card = backup::make(&store, &keys, &config.dir, &args.to, now).await?;
        let files = card.files.len();
        out.line(&format!(
            "{} mentions in {files} files. The key is not among them.",
            card.mentions
        ))?;
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}
