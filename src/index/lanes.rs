//! Room for searches: whoever asks for something dear waits for others who did, and the rest of the
//! house does not notice.
//!
//! A search has a rank by the work that it has done so far (CPU time of its thread, so that a busy
//! machine makes nobody dear). Each rank has its own places, so a quick search never waits for a dear
//! one; and a dear one pauses while one of a lower rank works, though never for long, so that it gets
//! on. Everything that can take long looks at its [`Pace`] on the way.

use super::IndexError;
use crate::clock::thread_cpu;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Work after which a search has the next rank.
///
/// The second is narrow: what is dear passes through it soon, so that a dashboard over the whole archive,
/// which ends there, finds a place.
const RANKS: [Duration; 3] = [
    Duration::from_millis(20),
    Duration::from_millis(45),
    Duration::from_millis(150),
];
/// Between two looks at the work done.
const LOOK: Duration = Duration::from_millis(1);
/// What a search works before it lets lower ranks go first, and how long it lets them at most.
const SLICE: Duration = Duration::from_millis(2);
const PAUSE: Duration = Duration::from_millis(20);
/// Between two looks whether lower ranks are still at work.
const NAP: Duration = Duration::from_micros(500);

pub(super) struct Lanes {
    ranks: Arc<[Rank; RANKS.len() + 1]>,
}

struct Rank {
    places: Arc<Semaphore>,
    at_work: AtomicUsize,
}

/// A place among those of a rank, until it is dropped.
struct Place {
    ranks: Arc<[Rank; RANKS.len() + 1]>,
    rank: usize,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(rank) = self.ranks.get(self.rank) {
            rank.at_work.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Lanes {
    /// For so many quick searches at one time, and half as many of each higher rank.
    pub(super) fn new(searches: usize) -> Self {
        let searches = searches.clamp(1, Semaphore::MAX_PERMITS);
        let dear = searches.div_ceil(2);
        let ranks = [searches, dear, dear, dear].map(|places| Rank {
            places: Arc::new(Semaphore::new(places)),
            at_work: AtomicUsize::new(0),
        });
        Self {
            ranks: Arc::new(ranks),
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// [`IndexError::TimedOut`] where there is none in time.
    pub(super) async fn enter(&self, time: Duration) -> Result<Pace, IndexError> {
        let deadline = Instant::now() + time;
        let place = place(&self.ranks, 0, time).await?;
        Ok(Pace(Some(Arc::new(Walk {
            deadline,
            runtime: Handle::current(),
            state: Mutex::new(State {
                place: Some(place),
                rank: 0,
                look: Instant::now(),
                begun: None,
                slice: Duration::ZERO,
            }),
        }))))
    }
}

async fn place(
    ranks: &Arc<[Rank; RANKS.len() + 1]>,
    number: usize,
    time: Duration,
) -> Result<Place, IndexError> {
    let rank = ranks.get(number).ok_or(IndexError::TimedOut)?;
    let permit = Arc::clone(&rank.places).acquire_owned();
    let permit = tokio::time::timeout(time, permit).await;
    // The semaphore is never closed.
    let permit = permit.ok().and_then(Result::ok);
    let permit = permit.ok_or(IndexError::TimedOut)?;
    rank.at_work.fetch_add(1, Ordering::Relaxed);
    Ok(Place {
        ranks: Arc::clone(ranks),
        rank: number,
        _permit: permit,
    })
}

/// How one search goes: its deadline, and whom it lets go first. All parts of a search share one; the
/// default has all the time there is.
#[derive(Clone, Default)]
pub struct Pace(Option<Arc<Walk>>);

struct Walk {
    deadline: Instant,
    runtime: Handle,
    state: Mutex<State>,
}

struct State {
    place: Option<Place>,
    rank: usize,
    /// When the work is looked at next.
    look: Instant,
    /// CPU time of the thread when the search began to work.
    begun: Option<Duration>,
    /// CPU time of the thread when the slice began.
    slice: Duration,
}

/// A part of a compiled query; what was asked does not depend on it.
impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pace")
    }
}

impl Pace {
    /// Asked every few microseconds, from the search's own thread, which may block.
    ///
    /// # Errors
    /// [`IndexError::TimedOut`] when the time is over.
    pub(super) fn check(&self) -> Result<(), IndexError> {
        self.0.as_ref().map_or(Ok(()), |walk| walk.check())
    }
}

impl Walk {
    fn check(&self) -> Result<(), IndexError> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(IndexError::TimedOut);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now < state.look {
            return Ok(());
        }
        self.look(&mut state)?;
        state.look = Instant::now() + LOOK;
        Ok(())
    }

    fn look(&self, state: &mut State) -> Result<(), IndexError> {
        let cpu = thread_cpu();
        let begun = *state.begun.get_or_insert(cpu);
        let is_dearer = RANKS
            .get(state.rank)
            .is_some_and(|limit| cpu.saturating_sub(begun) >= *limit);
        if is_dearer {
            self.rise(state)?;
        }
        if state.rank > 0 && cpu.saturating_sub(state.slice) >= SLICE {
            if let Some(place) = &state.place {
                self.pause(place);
            }
            state.slice = thread_cpu();
        }
        Ok(())
    }

    /// Gives up the place and waits for one of the next rank.
    fn rise(&self, state: &mut State) -> Result<(), IndexError> {
        let Some(left) = state.place.take() else {
            return Err(IndexError::TimedOut);
        };
        let ranks = Arc::clone(&left.ranks);
        drop(left);
        state.rank += 1;
        let time = self.deadline.saturating_duration_since(Instant::now());
        let waiting = place(&ranks, state.rank, time);
        state.place = Some(self.runtime.block_on(waiting)?);
        Ok(())
    }

    /// Lets those of lower ranks go first.
    fn pause(&self, place: &Place) {
        let end = self.deadline.min(Instant::now() + PAUSE);
        let lower = || place.ranks.iter().take(place.rank);
        let at_work = || lower().any(|rank| rank.at_work.load(Ordering::Relaxed) > 0);
        while at_work() && Instant::now() < end {
            std::thread::sleep(NAP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::task::spawn_blocking;

    const TIME: Duration = Duration::from_secs(30);

    /// The same search after so much work.
    async fn risen(pace: Pace, ranks: usize) -> Result<Pace, IndexError> {
        let risen = spawn_blocking(move || {
            for _ in 0..ranks {
                let walk = pace.0.as_ref().unwrap();
                walk.rise(&mut walk.state.lock().unwrap())?;
            }
            Ok(pace)
        });
        risen.await.unwrap()
    }

    fn at_work(lanes: &Lanes) -> [usize; 4] {
        let ranks = lanes.ranks.each_ref();
        ranks.map(|rank| rank.at_work.load(Ordering::Relaxed))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn dear_searches_make_room_and_wait_for_one_another() {
        let lanes = Lanes::new(2);
        let first = risen(lanes.enter(TIME).await.unwrap(), 2).await.unwrap();
        // Both places are free again, and a second dear one finds none.
        let (second, third) = (lanes.enter(TIME).await, lanes.enter(TIME).await);
        assert_eq!(at_work(&lanes), [2, 0, 1, 0]);
        let fourth = lanes.enter(Duration::from_millis(10)).await;
        assert!(matches!(fourth, Err(IndexError::TimedOut)));
        drop((second, third));
        let short = lanes.enter(Duration::from_millis(50)).await.unwrap();
        assert!(matches!(risen(short, 2).await, Err(IndexError::TimedOut)));
        assert_eq!(at_work(&lanes), [0, 0, 1, 0]);
        drop(first);
        let fifth = lanes.enter(TIME).await.unwrap();
        assert!(risen(fifth, 2).await.is_ok());
        assert_eq!(at_work(&lanes), [0, 0, 0, 0]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn work_makes_a_search_dear_and_waiting_does_not() {
        let lanes = Lanes::new(2);
        let pace = lanes.enter(TIME).await.unwrap();
        let idle = pace.clone();
        let idle = spawn_blocking(move || {
            idle.check().unwrap();
            std::thread::sleep(RANKS[0] * 2);
            idle.check().unwrap();
        });
        idle.await.unwrap();
        assert_eq!(at_work(&lanes), [1, 0, 0, 0]);
        drop(pace);
        let pace = lanes.enter(TIME).await.unwrap();
        let busy = pace.clone();
        let busy = spawn_blocking(move || {
            let start = thread_cpu();
            while thread_cpu().saturating_sub(start) < RANKS[0] * 3 / 2 {
                busy.check().unwrap();
            }
        });
        busy.await.unwrap();
        assert_eq!(at_work(&lanes), [0, 1, 0, 0]);
    }

    #[tokio::test]
    async fn who_has_no_time_is_told_so() {
        let pace = Lanes::new(1).enter(Duration::ZERO).await.unwrap();
        assert!(matches!(pace.check(), Err(IndexError::TimedOut)));
        assert!(Pace::default().check().is_ok());
    }
}
