//! How long a source that ended is left alone. Decides; does not wait.

use super::source::{Comeback, Comebacks, Growth, Pace, SourceError};
use std::time::Duration;

/// A month is the longest time that an allowance is for.
const MAX_BUDGET_WAIT: Duration = Duration::from_secs(32 * 24 * 3600);

/// The times of supervision. The defaults are the house's; tests are faster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// First bound of the back-off, which doubles with each failure.
    pub min_backoff: Duration,
    pub max_backoff: Duration,
    /// A connection that lived this long was a good one: the back-off begins anew.
    pub healthy: Duration,
    /// After a refusal somebody has to do something; asking more often helps nobody.
    pub refused: Duration,
    /// Longest patience that a server may ask for.
    pub max_retry_after: Duration,
    /// Polling sources begin within this time, so that they do not all ask at once.
    pub spread: Duration,
    /// One look that brings nothing for this long hangs.
    pub look: Duration,
    /// A lost connection of this length leaves a gap, where the source does not catch up.
    pub gap_after: Duration,
    /// Refused items are logged at most this often.
    pub log_every: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            min_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            healthy: Duration::from_secs(60),
            refused: Duration::from_secs(15 * 60),
            max_retry_after: Duration::from_secs(24 * 3600),
            spread: Duration::from_secs(10),
            look: Duration::from_secs(5 * 60),
            gap_after: Duration::from_secs(120),
            log_every: Duration::from_secs(60),
        }
    }
}

/// What the platform documents for this failure.
fn documented(comebacks: Comebacks, error: &SourceError) -> Option<Comeback> {
    match error {
        SourceError::Transient(_) => comebacks.lost,
        SourceError::Server(_) => comebacks.server,
        SourceError::RateLimited { retry_after: None } => comebacks.limited,
        _ => None,
    }
}

/// The wait after so many failures before this one.
fn after(comeback: Comeback, failures: u32) -> Duration {
    let times = match comeback.growth {
        Growth::Linear => failures.saturating_add(1),
        Growth::Double => 1u32.checked_shl(failures).unwrap_or(u32::MAX),
    };
    comeback.first.saturating_mul(times).min(comeback.longest)
}

/// Exponential back-off with full jitter, or what the platform documents.
#[derive(Debug, Clone)]
pub struct Backoff {
    timing: Timing,
    bound: Duration,
    documented: Comebacks,
    /// One after another, each of which the platform documents a comeback for.
    failures: u32,
}

impl Backoff {
    pub fn new(timing: &Timing) -> Self {
        Self {
            bound: timing.min_backoff,
            timing: timing.clone(),
            documented: Comebacks::default(),
            failures: 0,
        }
    }

    /// The same for a platform that documents how to come back.
    #[must_use]
    pub fn with_documented(self, documented: Comebacks) -> Self {
        Self { documented, ..self }
    }

    /// A connection ended that lived for `lived`. A look that takes long proves nothing: what does
    /// not answer takes long.
    pub fn ended(&mut self, lived: Duration, pace: Pace) {
        let is_look = matches!(pace, Pace::Poll { .. });
        if lived >= self.timing.healthy && !is_look {
            self.succeeded();
        }
    }

    /// A look was complete.
    pub fn succeeded(&mut self) {
        self.bound = self.timing.min_backoff;
        self.failures = 0;
    }

    /// How long to wait after a failure. `share`, from 0 to 1, is the jitter.
    pub fn wait(&mut self, error: &SourceError, pace: Pace, share: f64) -> Duration {
        // A source that is asked every so often is not asked more often because it fails.
        let slowest = match pace {
            Pace::Poll { every } => self.timing.max_backoff.max(every),
            Pace::Stream { .. } | Pace::Once => self.timing.max_backoff,
        };
        if let Some(comeback) = documented(self.documented, error) {
            let wait = after(comeback, self.failures);
            self.failures = self.failures.saturating_add(1);
            return wait;
        }
        match error {
            SourceError::Refused(_) => self.timing.refused.max(slowest),
            SourceError::Exhausted { wait } => {
                (*wait).min(MAX_BUDGET_WAIT) + self.timing.spread.mul_f64(share)
            }
            SourceError::RateLimited { retry_after } => {
                let asked = retry_after.unwrap_or(slowest);
                asked.min(self.timing.max_retry_after) + self.jittered(slowest, share)
            }
            SourceError::Transient(_) | SourceError::Server(_) | SourceError::CursorTooOld(_) => {
                self.jittered(slowest, share)
            }
        }
    }

    /// Anything between a tenth and the whole of the bound, which then doubles. The tenth keeps a
    /// row of lucky numbers from becoming a storm.
    fn jittered(&mut self, slowest: Duration, share: f64) -> Duration {
        let bound = self.bound;
        self.bound = (bound * 2).min(slowest);
        bound.mul_f64(share.clamp(0.1, 1.0))
    }
}

/// A number between 0 and 1. Without randomness from the system, the middle will do.
pub fn random_share() -> f64 {
    let mut bytes = [0u8; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: Pace = Pace::Stream {
        idle: Duration::from_secs(60),
    };

    fn lost() -> SourceError {
        SourceError::Transient("lost".into())
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn doubles_from_a_second_to_a_minute() {
        let mut backoff = Backoff::new(&Timing::default());
        let waits: Vec<u64> = (0..8)
            .map(|_| backoff.wait(&lost(), STREAM, 1.0).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn jitter_is_full_but_never_nothing() {
        let wait = |share| Backoff::new(&Timing::default()).wait(&lost(), STREAM, share);
        assert_eq!(wait(0.0), Duration::from_millis(100));
        assert_eq!(wait(0.5), Duration::from_millis(500));
        assert!((0..1000).all(|_| (0.0..=1.0).contains(&random_share())));
    }

    #[test]
    fn begins_anew_after_a_minute_of_health_and_not_before() {
        let mut backoff = Backoff::new(&Timing::default());
        for _ in 0..5 {
            backoff.wait(&lost(), STREAM, 1.0);
        }
        backoff.ended(secs(59), STREAM);
        assert_eq!(backoff.wait(&lost(), STREAM, 1.0), secs(32));
        backoff.ended(secs(60), STREAM);
        assert_eq!(backoff.wait(&lost(), STREAM, 1.0), secs(1));
    }

    #[test]
    fn a_look_that_fails_slowly_is_no_health() {
        let poll = Pace::Poll { every: secs(900) };
        let mut backoff = Backoff::new(&Timing::default());
        for expected in [1, 2, 4, 8] {
            backoff.ended(secs(90), poll);
            assert_eq!(backoff.wait(&lost(), poll, 1.0), secs(expected));
        }
        backoff.succeeded();
        assert_eq!(backoff.wait(&lost(), poll, 1.0), secs(1));
    }

    #[test]
    fn patience_is_as_long_as_asked_and_bounded() {
        let wait = |retry_after| {
            let error = SourceError::RateLimited { retry_after };
            Backoff::new(&Timing::default()).wait(&error, STREAM, 1.0)
        };
        assert_eq!(wait(Some(secs(120))), secs(121));
        assert_eq!(wait(Some(Duration::MAX)), secs(24 * 3600 + 1));
        assert_eq!(wait(None), secs(61));
    }

    #[test]
    fn a_platforms_own_comebacks_are_kept_to() {
        let comeback = |first, longest, growth| {
            Some(Comeback {
                first: Duration::from_millis(first),
                longest: secs(longest),
                growth,
            })
        };
        let comebacks = Comebacks {
            lost: comeback(250, 16, Growth::Linear),
            server: comeback(5_000, 320, Growth::Double),
            limited: comeback(60_000, 900, Growth::Double),
        };
        let waits = |error: &SourceError, count: usize| -> Vec<f64> {
            let mut backoff = Backoff::new(&Timing::default()).with_documented(comebacks);
            (0..count)
                .map(|_| backoff.wait(error, STREAM, 0.0).as_secs_f64())
                .collect()
        };
        assert_eq!(waits(&lost(), 3), [0.25, 0.5, 0.75]);
        assert_eq!(waits(&lost(), 99).last(), Some(&16.0));
        let server = SourceError::Server("502".into());
        assert_eq!(
            waits(&server, 8),
            [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 320.0]
        );
        let limited = SourceError::RateLimited { retry_after: None };
        assert_eq!(waits(&limited, 3), [60.0, 120.0, 240.0]);
        assert_eq!(waits(&limited, 99).last(), Some(&900.0));

        let mut backoff = Backoff::new(&Timing::default()).with_documented(comebacks);
        backoff.wait(&lost(), STREAM, 0.0);
        backoff.ended(secs(60), STREAM);
        assert_eq!(
            backoff.wait(&lost(), STREAM, 0.0),
            Duration::from_millis(250)
        );
        // What a server says of itself counts more than what it documents.
        let told = SourceError::RateLimited {
            retry_after: Some(secs(7)),
        };
        assert_eq!(backoff.wait(&told, STREAM, 1.0), secs(8));
    }

    #[test]
    fn a_used_up_budget_is_waited_for_to_its_end() {
        let wait = |wait, share| {
            let error = SourceError::Exhausted { wait };
            Backoff::new(&Timing::default()).wait(&error, STREAM, share)
        };
        assert_eq!(wait(secs(36_000), 0.0), secs(36_000));
        assert_eq!(wait(secs(36_000), 1.0), secs(36_010));
        assert_eq!(wait(Duration::MAX, 0.0), MAX_BUDGET_WAIT);
    }

    #[test]
    fn a_refusal_waits_long_and_a_failing_poll_no_shorter_than_its_interval() {
        let mut backoff = Backoff::new(&Timing::default());
        let refused = SourceError::Refused("401".into());
        assert_eq!(backoff.wait(&refused, STREAM, 0.0), secs(900));
        let poll = Pace::Poll { every: secs(300) };
        let longest = (0..12).map(|_| backoff.wait(&lost(), poll, 1.0)).max();
        assert_eq!(longest, Some(secs(300)));
    }
}
