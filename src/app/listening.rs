//! Starts the sources.

use super::House;
use super::refresh::{self, Refresher};
use super::reports::{self, Reports};
use crate::collect::Timing;
use crate::collect::source::Source;
use crate::collect::supervise::{self, Surroundings};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What every source is started with.
pub(super) struct Listening<'a> {
    house: &'a House,
    around: Surroundings,
    timing: Timing,
    agreed: Option<watch::Receiver<Timestamp>>,
}

impl<'a> Listening<'a> {
    /// `agreed` is the last time that clock and house agreed on, where somebody keeps it.
    pub fn new(
        house: &'a House,
        timing: Timing,
        around: Surroundings,
        agreed: Option<watch::Receiver<Timestamp>>,
    ) -> Self {
        Self {
            house,
            around,
            timing,
            agreed,
        }
    }

    /// Starts each where it left off, and beside it whoever asks again for what is stored of it.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub async fn start(self, sources: Vec<Box<dyn Source>>) -> anyhow::Result<Vec<JoinHandle<()>>> {
        let store = &self.house.store;
        let mut started = Vec::new();
        for source in sources {
            let resume = store.cursor(source.name()).await?;
            let heard_last = store.heard_last(source.name()).await?;
            let around = self.around.clone();
            let refresher = Refresher::of(&*source, self.house, &around, self.agreed.clone());
            let looking = Reports::of(&*source, store, &around.clock, &around.stop);
            let running =
                supervise::run_after(source, resume, heard_last, around, self.timing.clone());
            started.push(tokio::spawn(async {
                tokio::join!(running, refresh::run(refresher), reports::run(looking));
            }));
        }
        Ok(started)
    }
}
