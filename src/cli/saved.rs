//! `resonanz saved`: the searches that the office has named, also while the house runs.

use super::house::Place;
use super::{Format, Output, WrongArguments};
use crate::app::House;
use crate::clock::Clock;
use crate::serve::{Asked, read_parameters, saving_told};
use crate::store::{SavedChange, SavedSearch, Saving, Store};
use serde_json::json;
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the saved searches.
    #[command(after_help = "Example: resonanz saved list --format jsonl")]
    List {
        #[command(flatten)]
        place: Place,
        #[arg(long, value_enum, default_value = "table", hide_possible_values = true)]
        /// table for people, jsonl for programs
        format: Format,
    },
    /// Give a saved search another name.
    #[command(after_help = "Example: resonanz saved rename Grenze 'Grenze, kritisch'")]
    Rename {
        name: String,
        to: String,
        #[command(flatten)]
        place: Place,
    },
    /// Delete a saved search.
    #[command(after_help = "Example: resonanz saved delete Grenze")]
    Delete {
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

pub async fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let (Command::List { place, .. }
    | Command::Rename { place, .. }
    | Command::Delete { place, .. }) = command;
    let store = Store::open(&House::store_path(&place.archive()?.dir)).await?;
    let done = match command {
        Command::List { format, .. } => list(&store, *format).await,
        Command::Rename { name, to, .. } => {
            let (name, to) = (name.clone(), to.clone());
            change(&store, SavedChange::Rename { name, to }).await
        }
        Command::Delete { name, .. } => {
            let name = name.clone();
            change(&store, SavedChange::Delete { name }).await
        }
    };
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(store: &Store, format: Format) -> anyhow::Result<()> {
    let all = store.saved_searches().await?;
    let mut out = Output::new();
    match format {
        Format::Table => {
            let row = |saved: &SavedSearch| vec![saved.name.clone(), saved.parameters.clone()];
            let rows: Vec<Vec<String>> = all.iter().map(row).collect();
            out.table(&["NAME", "SEARCH"], &rows)?;
        }
        Format::Jsonl => {
            for saved in &all {
                out.json(&json!({
                    "name": saved.name, "parameters": saved.parameters, "saved": saved.saved,
                }))?;
            }
        }
    }
    Ok(out.flush()?)
}

async fn change(store: &Store, change: SavedChange) -> anyhow::Result<()> {
    match store.change_saved(&change, Clock::system().now()).await? {
        Saving::Done => Ok(()),
        saving => Err(WrongArguments(saving_told(saving)).into()),
    }
}

/// Saves a search, which is read once as it will be read later.
///
/// # Errors
/// A name or a filter that cannot be saved.
pub async fn save(store: &Store, name: &str, asked: &Asked) -> anyhow::Result<()> {
    let address = asked.address(&[]);
    let parameters = address.strip_prefix('?').unwrap_or(&address).to_owned();
    read(&parameters)?;
    let name = name.to_owned();
    change(store, SavedChange::Save { name, parameters }).await
}

/// The search that is saved under a name, as it is asked now.
///
/// # Errors
/// No such name, or parameters that this version does not read.
pub async fn load(store: &Store, name: &str) -> anyhow::Result<Asked> {
    let all = store.saved_searches().await?;
    let saved = all.into_iter().find(|saved| saved.name == name);
    let saved = saved.ok_or_else(|| {
        WrongArguments(format!(
            "no search is saved as `{name}`; `resonanz saved list` names them"
        ))
    })?;
    Ok(read(&saved.parameters)?)
}

fn read(parameters: &str) -> Result<Asked, WrongArguments> {
    read_parameters(parameters, &[], Clock::system().now())
        .map_err(|fault| WrongArguments(fault.to_string()))
}
