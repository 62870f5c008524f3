//! When what lies behind a sequence number arrived, so that the time until it is searchable can be
//! measured across the two threads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Entries kept; beyond that the oldest is forgotten and simply not measured.
const CAPACITY: usize = 10_000;

/// Shared by the pipeline, which notes, and the follower, which takes. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    noted: Arc<Mutex<VecDeque<(i64, Instant)>>>,
}

impl Arrivals {
    /// Notes that what was committed up to `seq` arrived at `at`. Sequence numbers never fall.
    pub fn note(&self, seq: i64, at: Instant) {
        let mut noted = self.lock();
        if noted.len() == CAPACITY {
            noted.pop_front();
        }
        noted.push_back((seq, at));
    }

    /// Takes out every arrival up to `seq`.
    pub fn take_until(&self, seq: i64) -> Vec<Instant> {
        let mut noted = self.lock();
        let count = noted.partition_point(|(noted_seq, _)| *noted_seq <= seq);
        noted.drain(..count).map(|(_, at)| at).collect()
    }

    /// A panic elsewhere leaves the queue whole: every change to it is one call.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(i64, Instant)>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_arrival_once_and_forgets_the_oldest() {
        let arrivals = Arrivals::default();
        let now = Instant::now();
        for seq in 1..=12_000 {
            arrivals.note(seq, now);
        }
        assert_eq!(arrivals.take_until(2_000).len(), 0);
        assert_eq!(arrivals.take_until(2_010).len(), 10);
        assert_eq!(arrivals.take_until(2_010).len(), 0);
        assert_eq!(arrivals.take_until(i64::MAX).len(), 9_990);
    }
}
