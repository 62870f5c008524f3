//! When a paced item is due: recorded items keep the distances that they had.

use crate::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Longest real wait between two items on a simulated clock: nobody watches an empty night.
const MAX_SIMULATED_WAIT: Duration = Duration::from_secs(2);

/// Follows one paced source.
#[derive(Debug, Clone)]
pub struct Pacing {
    /// Simulated seconds a real one; `None` for as fast as possible. For simulated clocks only.
    speed: Option<f64>,
    /// First due time, and the clock's time then.
    began: Option<(Timestamp, Timestamp)>,
    latest: Option<Timestamp>,
}

impl Pacing {
    pub fn new(speed: Option<f64>) -> Self {
        Self {
            speed,
            began: None,
            latest: None,
        }
    }

    /// Real time to wait before an item that is due at `due` is handed on.
    ///
    /// On the system's clock the first item is due at once and the others keep their distance to
    /// it; on a simulated one, which the caller moves to `due`, that distance is divided by the
    /// speed. An item that is out of order is due at once.
    pub fn wait(&mut self, due: Timestamp, clock: &Clock) -> Duration {
        let now = clock.now();
        let latest = self.latest.replace(self.latest.map_or(due, |l| l.max(due)));
        if clock.is_simulated() {
            let ahead = latest.map_or(SignedDuration::ZERO, |latest| due.duration_since(latest));
            let speed = self.speed.unwrap_or(f64::INFINITY);
            let wait = ahead.as_secs_f64() / speed;
            return seconds(wait.min(MAX_SIMULATED_WAIT.as_secs_f64()));
        }
        let (first, began) = *self.began.get_or_insert((due, now));
        let passed = now.duration_since(began);
        seconds((due.duration_since(first) - passed).as_secs_f64())
    }
}

/// Not negative, and not so long that a timer cannot take it.
fn seconds(seconds: f64) -> Duration {
    let year = 366.0 * 24.0 * 3600.0;
    if seconds > 0.0 {
        Duration::from_secs_f64(seconds.min(year))
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + secs).unwrap()
    }

    #[test]
    fn a_simulated_clock_goes_at_its_speed_and_skips_empty_nights() {
        let clock = Clock::simulated(at(0));
        let mut pacing = Pacing::new(Some(10.0));
        assert_eq!(pacing.wait(at(5), &clock), Duration::ZERO);
        assert_eq!(pacing.wait(at(15), &clock), Duration::from_secs(1));
        assert_eq!(pacing.wait(at(10), &clock), Duration::ZERO);
        assert_eq!(pacing.wait(at(20), &clock), Duration::from_millis(500));
        assert_eq!(pacing.wait(at(90_000), &clock), MAX_SIMULATED_WAIT);
    }

    #[test]
    fn without_a_speed_or_with_a_foolish_one_nothing_hangs() {
        let clock = Clock::simulated(at(0));
        for speed in [
            None,
            Some(0.0),
            Some(-1.0),
            Some(f64::NAN),
            Some(f64::INFINITY),
        ] {
            let mut pacing = Pacing::new(speed);
            pacing.wait(at(0), &clock);
            assert!(pacing.wait(at(1000), &clock) <= MAX_SIMULATED_WAIT);
        }
    }

    #[test]
    fn on_the_systems_clock_recorded_items_keep_their_distance() {
        let clock = Clock::system();
        let mut pacing = Pacing::new(None);
        assert_eq!(pacing.wait(at(0), &clock), Duration::ZERO);
        let wait = pacing.wait(at(100), &clock).as_secs_f64();
        assert!((99.0..=100.0).contains(&wait), "{wait}");
        assert!(pacing.wait(Timestamp::MAX, &clock) < Duration::from_secs(367 * 86_400));
    }
}
