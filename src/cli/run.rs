//! `resonanz run`: the house as a daemon.

use super::house::Place;
use crate::app::{App, House, Options, stop_on_signal};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz run --config /etc/resonanz/resonanz.toml\n\n\
    Stops in order on SIGINT or SIGTERM: sources, pipeline, index, mail, pages."
)]
pub struct Args {
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.settings()?;
    let house = House::open(&config).await?;
    let app = App::build(house, config, Options::live())?;
    app.run(stop_on_signal()?).await?;
    Ok(ExitCode::SUCCESS)
}
