//! `resonanz run`: the house as a daemon.

use super::house::{Place, today};
use crate::app::{App, House, Options, stop_on_signal};
use crate::config::{Config, Register};
use crate::privacy::Voices;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz run --config /etc/resonanz/resonanz.toml\n\n\
    Stops in order on SIGINT or SIGTERM: sources, pipeline, index, mail, pages.\n\
    Reads the watches and the live model anew on SIGHUP; every other setting takes a restart."
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
    let stop = stop_on_signal()?;
    let registers = registers_on_signal(args.place, stop.clone())?;
    app.run(stop, registers).await?;
    Ok(ExitCode::SUCCESS)
}

/// On SIGHUP the watches are read anew. Where they have faults the house goes on with those it has.
fn registers_on_signal(
    place: Place,
    stop: CancellationToken,
) -> anyhow::Result<mpsc::Receiver<Register>> {
    let mut hang_up = signal(SignalKind::hangup())?;
    let (registers, read) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = hang_up.recv() => {}
            }
            match place.settings() {
                Ok(config) => {
                    warn(&config);
                    if registers.send(config.register).await.is_err() {
                        return;
                    }
                }
                Err(error) => tracing::error!(
                    %error,
                    "The settings have faults, so the watches stay as they were."
                ),
            }
        }
    });
    Ok(read)
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
