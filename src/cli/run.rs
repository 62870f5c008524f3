//! `resonanz run`: the house as a daemon.

use super::house::{Place, today};
use crate::app::{App, House, Options, stop_on_signal};
use crate::privacy::Voices;
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
    let voices = Voices::new(&config.voices, today());
    for warning in config.register.warnings(&voices) {
        // Not which handle: it may be a person's.
        tracing::warn!(
            watches = warning.watches.join(", "),
            "Watches name a handle that is no public voice and never found; `watch list` says which."
        );
    }
    let app = App::build(house, config, Options::live())?;
    app.run(stop_on_signal()?).await?;
    Ok(ExitCode::SUCCESS)
}
