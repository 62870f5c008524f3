//! `resonanz rebuild-index`: the index is derived; here it is made again, beside a running house or
//! without one. Searches find everything all the time.

use super::house::Place;
use super::{Output, note};
use crate::app::House;
use crate::config::Config;
use crate::index::{self, Arrivals, Follow, Rebuilding};
use crate::metrics::{Metrics, Series};
use crate::store::Store;
use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often the house's progress is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// A house that has not moved for so long is looked after.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: resonanz rebuild-index --dir /var/lib/resonanz\n\n\
    A running house is asked to do it, one week after another, the newest first; the old parts are \
    searched until the new ones take their place. Breaking this command off does not stop the house \
    from doing it."
)]
pub struct Args {
    #[command(flatten)]
    place: Place,
}

pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let config = args.place.archive()?;
    if House::is_held(&config.dir)? {
        ask(&config).await?;
    } else {
        alone(&config).await?;
    }
    let store = Store::open(&House::store_path(&config.dir)).await?;
    let mentions = store.count().await?;
    store.close().await;
    Output::new().line(&format!("The index is made again: {mentions} mentions."))?;
    Ok(ExitCode::SUCCESS)
}

async fn alone(config: &Config) -> anyhow::Result<()> {
    let house = House::open(config).await?;
    let follow = Follow {
        store: house.store.clone(),
        metrics: Metrics::new(&Series::default())?,
        arrivals: Arrivals::default(),
    };
    let work = index::rebuild(house.dir(), &config.index, follow);
    tokio::pin!(work);
    let mut told = None;
    loop {
        tokio::select! {
            done = &mut work => {
                done?;
                break;
            }
            () = tokio::time::sleep(LOOK) => {
                // Until it has begun there is nothing to tell, and a script need not know.
                match index::rebuilding(house.dir()) {
                    Ok(now) if io::stderr().is_terminal() => _ = tell(&mut told, now),
                    _ => {}
                }
            }
        }
    }
    house.store.close().await;
    Ok(())
}

/// Asks the running house, and waits until it is done.
async fn ask(config: &Config) -> anyhow::Result<()> {
    index::ask_to_rebuild(&config.dir)?;
    note("The running house is asked to make its index again.");
    let mut told = None;
    let mut moved = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = index::rebuilding(&config.dir)?;
        if tell(&mut told, now) {
            moved = Instant::now();
        }
        if !now.asked && now.left == 0 {
            return Ok(());
        }
        if moved.elapsed() < PATIENCE {
            continue;
        }
        if now.asked {
            index::ask_no_more(&config.dir)?;
            anyhow::bail!(
                "whoever works on {} does not follow with its index; try again when it is done",
                config.dir.display()
            );
        }
        anyhow::ensure!(
            House::is_held(&config.dir)?,
            "the house has stopped; it goes on with the {} weeks that are left when it is started",
            now.left
        );
    }
}

/// Tells the progress where there is one.
fn tell(told: &mut Option<Rebuilding>, now: Rebuilding) -> bool {
    if *told == Some(now) {
        return false;
    }
    if !now.asked && now.left > 0 {
        note(&format!("{} weeks are left.", now.left));
    }
    *told = Some(now);
    true
}
