//! `resonanz fsck`: whether store, index and mails are sound and agree.

use super::house::Place;
use super::{EXIT_PARTLY, Output};
use crate::app::House;
use crate::desk::{self, MailConfig};
use crate::index::{self, Arrivals, Follow, Index};
use crate::metrics::{Metrics, Series};
use crate::store::Store;
use anyhow::Context as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: resonanz fsck --dir data --repair\n\n\
    Ends with 3 where something is wrong. --repair makes the index again from the store; a store \
    that is damaged itself needs a backup (`resonanz restore`). Stop the house first: what arrives \
    meanwhile would look like a difference.")]
pub struct Args {
    /// Make the index again where it is wrong
    #[arg(long)]
    repair: bool,
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.archive()?;
    let house = House::open(&config).await?;
    let store = house.store.faults().await?;
    let mut faults: Vec<String> = store
        .iter()
        .map(|fault| format!("store: {fault}"))
        .collect();
    let index = check_index(&house, &config.index).await?;
    let broken = !index.is_empty();
    faults.extend(index);
    let mails = check_mails(&house, &config.desk.mail).await?;
    faults.extend(mails);
    let mut out = Output::new();
    for fault in &faults {
        out.line(fault)?;
    }
    if broken && args.repair && store.is_empty() {
        index::rebuild(house.dir(), &config.index, follow(&house.store)?).await?;
        let left = check_index(&house, &config.index).await?;
        anyhow::ensure!(
            left.is_empty(),
            "the index is wrong again: {}",
            left.join("; ")
        );
        out.line("The index was made again.")?;
        faults.retain(|fault| !fault.starts_with("index: "));
    }
    let mentions = house.store.count().await?;
    house.store.close().await;
    if faults.is_empty() {
        out.line(&format!(
            "{mentions} mentions: store and index are sound and agree."
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(EXIT_PARTLY))
}

/// Mails on disk that nothing knows any more would keep what is erased.
async fn check_mails(house: &House, config: &MailConfig) -> anyhow::Result<Vec<String>> {
    let MailConfig::Maildir { dir } = config else {
        return Ok(Vec::new());
    };
    let dir = dir.clone().unwrap_or_else(|| house.mail_dir());
    let known = house.store.message_ids().await?;
    let strangers = desk::strangers(&dir, &known)
        .with_context(|| format!("the mail directory {}", dir.display()))?;
    let told = |path: &PathBuf| format!("mails: {} is in no outbox", path.display());
    Ok(strangers.iter().map(told).collect())
}

fn follow(store: &Store) -> anyhow::Result<Follow> {
    Ok(Follow {
        store: store.clone(),
        metrics: Metrics::new(&Series::default())?,
        arrivals: Arrivals::default(),
    })
}

/// Compares without following: what the index lacks is said and not made good.
async fn check_index(house: &House, config: &index::Config) -> anyhow::Result<Vec<String>> {
    let index = match Index::open_to_search(house.dir(), config).await {
        Ok(index) => index,
        Err(error) => return Ok(vec![format!("index: {error}")]),
    };
    let strangers = index::strangers(house.dir())?;
    let told = |name: &String| format!("index: {name} is no part of it");
    let mut faults: Vec<String> = strangers.iter().map(told).collect();
    if !index.is_whole() {
        faults.push("index: parts of it are not there".to_owned());
    }
    let newest = house.store.newest_seq().await?;
    if index.reached() < newest {
        faults.push(format!("index: reached {} of {newest}", index.reached()));
    } else {
        match index.verify(&house.store).await {
            Ok(differences) if differences.is_empty() => {}
            Ok(differences) => faults.push(format!("index: {differences}")),
            Err(error) => faults.push(format!("index: {error}")),
        }
    }
    index.stop().await;
    Ok(faults)
}
