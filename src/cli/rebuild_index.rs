//! `resonanz rebuild-index`: the index is derived; here it is made again.

use super::Output;
use super::house::Place;
use crate::app::House;
use crate::index::{self, Arrivals, Follow};
use crate::metrics::{Metrics, Series};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: resonanz rebuild-index --dir /var/lib/resonanz")]
pub struct Args {
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.archive()?;
    let house = House::open(&config).await?;
    let follow = Follow {
        store: house.store.clone(),
        metrics: Metrics::new(&Series::default())?,
        arrivals: Arrivals::default(),
    };
    index::rebuild(house.dir(), &config.index, follow).await?;
    let mentions = house.store.count().await?;
    house.store.close().await;
    Output::new().line(&format!("The index is made again: {mentions} mentions."))?;
    Ok(ExitCode::SUCCESS)
}
