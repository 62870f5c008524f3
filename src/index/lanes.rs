//! Room for searches: a few at one time, and of these only some that take long.
//!
//! A search that turns out to be long gives up its place to others and goes on beside at most half as
//! many as may search at all: whoever asks for something dear waits for others who did, and the rest
//! of the house does not notice.

use super::IndexError;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A search that takes longer is a long one.
const LONG: Duration = Duration::from_millis(150);

pub(super) struct Lanes {
    all: Arc<Semaphore>,
    long: Arc<Semaphore>,
}

/// The place of one search, until it is dropped.
pub(super) struct Lane {
    deadline: Instant,
    long_from: Instant,
    long: Arc<Semaphore>,
    runtime: Handle,
    /// Among all, or among the long ones.
    _place: Option<OwnedSemaphorePermit>,
    is_long: bool,
}

impl Lanes {
    /// For so many searches at one time.
    pub(super) fn new(searches: usize) -> Self {
        let searches = searches.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            all: Arc::new(Semaphore::new(searches)),
            long: Arc::new(Semaphore::new(searches.div_ceil(2))),
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// [`IndexError::TimedOut`] where there is none in time.
    pub(super) async fn enter(&self, time: Duration) -> Result<Lane, IndexError> {
        let start = Instant::now();
        let place = Arc::clone(&self.all).acquire_owned();
        let place = tokio::time::timeout(time, place).await;
        Ok(Lane {
            deadline: start + time,
            long_from: Instant::now() + LONG,
            long: Arc::clone(&self.long),
            runtime: Handle::current(),
            _place: place.map_err(|_| IndexError::TimedOut)?.ok(),
            is_long: false,
        })
    }
}

impl Lane {
    /// Asked every few thousand documents, from a thread that may block.
    ///
    /// # Errors
    /// [`IndexError::TimedOut`] when the time is over.
    pub(super) fn check(&mut self) -> Result<(), IndexError> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(IndexError::TimedOut);
        }
        if !self.is_long && now >= self.long_from {
            self.is_long = true;
            self._place = None;
            let place = Arc::clone(&self.long).acquire_owned();
            let waiting = async { tokio::time::timeout(self.deadline - now, place).await };
            let place = self.runtime.block_on(waiting);
            self._place = place.map_err(|_| IndexError::TimedOut)?.ok();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::spawn_blocking;

    const TIME: Duration = Duration::from_secs(30);

    async fn long(mut lane: Lane) -> Result<Lane, IndexError> {
        lane.long_from = Instant::now();
        let checked = spawn_blocking(move || lane.check().map(|()| lane));
        checked.await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn long_searches_make_room_and_wait_for_one_another() {
        let lanes = Lanes::new(2);
        let first = long(lanes.enter(TIME).await.unwrap()).await.unwrap();
        // Both places are free again, and a second long one finds none.
        let (second, third) = (lanes.enter(TIME).await, lanes.enter(TIME).await);
        let (mut second, _third) = (second.unwrap(), third.unwrap());
        let fourth = lanes.enter(Duration::from_millis(10)).await;
        assert!(matches!(fourth, Err(IndexError::TimedOut)));
        second.deadline = Instant::now() + Duration::from_millis(10);
        assert!(matches!(long(second).await, Err(IndexError::TimedOut)));
        drop(first);
        let fifth = lanes.enter(TIME).await.unwrap();
        assert!(long(fifth).await.is_ok());
    }

    #[tokio::test]
    async fn who_has_no_time_is_told_so() {
        let mut lane = Lanes::new(1).enter(Duration::ZERO).await.unwrap();
        assert!(matches!(lane.check(), Err(IndexError::TimedOut)));
    }
}
