//! `resonanz run`: the house as a daemon.

use super::house::{Place, today};
use crate::app::{App, House, Options, stop_on_signal};
use crate::config::Config;
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
    warn(&config);
    let app = App::build(house, config, Options::live())?;
    app.run(stop_on_signal()?).await?;
    Ok(ExitCode::SUCCESS)
}

/// What is allowed, and may yet not be meant.
fn warn(config: &Config) {
    if config.desk.recipients.is_empty() {
        tracing::warn!("desk.recipients is empty: cases are opened, and nobody is mailed.");
    }
    let voices = Voices::new(&config.voices, today());
    for warning in config.register.warnings(&voices, &config.sources) {
        let watches = warning.watches.join(", ");
        if warning.about.is_personal() {
            tracing::warn!(
                watches,
                "Watches name a handle or voice that is on no list and never found; `watch list` says which."
            );
        } else {
            let what = warning.to_string();
            tracing::warn!(watches, what, "Watches ask for what cannot be found.");
        }
    }
}
