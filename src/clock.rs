//! The one place where time comes from: the system's, or a simulated one that the demo and the
//! tests move by hand; and the CPU time of a thread.

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// CPU time of this thread: what others do on the machine does not count in it.
pub fn thread_cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds)
        + Duration::from_nanos(u64::try_from(now.tv_nsec).unwrap_or_default())
}

/// A source of wall-clock time. Cheap to clone; clones of a simulated clock show the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    simulated_ms: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { simulated_ms: None }
    }

    /// A clock that stands at `start` until [`Clock::advance_to`] moves it.
    pub fn simulated(start: Timestamp) -> Self {
        Self {
            simulated_ms: Some(Arc::new(AtomicI64::new(start.as_millisecond()))),
        }
    }

    pub fn is_simulated(&self) -> bool {
        self.simulated_ms.is_some()
    }

    pub fn now(&self) -> Timestamp {
        match &self.simulated_ms {
            // The one place that may ask the system.
            #[allow(clippy::disallowed_methods)]
            None => Timestamp::now(),
            Some(ms) => {
                Timestamp::from_millisecond(ms.load(Ordering::Acquire)).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Moves a simulated clock forward; it never goes back. Without effect on the system's clock.
    pub fn advance_to(&self, time: Timestamp) {
        if let Some(ms) = &self.simulated_ms {
            ms.fetch_max(time.as_millisecond(), Ordering::AcqRel);
        }
    }
}
