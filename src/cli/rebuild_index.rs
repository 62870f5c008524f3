//! `resonanz rebuild-index`: the index is derived; here it is made again.

use super::Output;
use super::house::Place;
use crate::app::{App, House, Options};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example: resonanz rebuild-index --dir /var/lib/resonanz")]
pub struct Args {
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let house = House::open(&config).await?;
    house.forget_index()?;
    let app = App::build(house, config, Options::offline()).await?;
    let mentions = app.store().count().await?;
    app.run_until_done().await?;
    Output::new().line(&format!("The index is rebuilt: {mentions} mentions."))?;
    Ok(ExitCode::SUCCESS)
}
