//! The one place where time comes from: the system's, or a simulated one that the demo and the
//! tests move by hand.

use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

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
