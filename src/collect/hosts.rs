//! How often one host is asked, counted over all sources together.
//!
//! A burst of ten, then one request a second: Mastodon's 300 in five minutes, and less than any
//! reader of a newspaper. A host that asks for patience is left alone by everybody until then.
//!
//! Short waits are waited here; a long one is a [`SourceError::RateLimited`], which `supervise`
//! waits for. Hosts are counted by name, so that two names of one machine count twice. The thousand
//! hosts that were asked last are remembered.

use super::source::SourceError;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MAX_HOSTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999);
/// Longest wait that is waited inside a call.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How often one host may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Between two requests in the long run.
    pub every: Duration,
    /// Requests at once, after a time of rest.
    pub burst: u32,
}

impl Default for Rate {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(1),
            burst: 10,
        }
    }
}

/// The memory that all clients of a house share. Clones are the same memory.
#[derive(Debug, Clone)]
pub struct Hosts {
    rate: Rate,
    seen: Arc<Mutex<LruCache<String, Host>>>,
}

/// One host: a token bucket, told as the time at which it will be full.
#[derive(Debug, Clone, Copy)]
struct Host {
    full: Instant,
    /// Asked for by the host itself.
    closed_until: Instant,
}

impl Default for Hosts {
    fn default() -> Self {
        Self::new(Rate::default())
    }
}

impl Hosts {
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            seen: Arc::new(Mutex::new(LruCache::new(MAX_HOSTS))),
        }
    }

    /// Waits for one's turn.
    ///
    /// # Errors
    /// `RateLimited` where that would take longer than a few seconds; no turn is taken then.
    pub async fn turn(&self, host: &str) -> Result<(), SourceError> {
        let wait = self.take(host, Instant::now());
        if wait > MAX_WAIT {
            let retry_after = Some(wait);
            return Err(SourceError::RateLimited { retry_after });
        }
        sleep(wait).await;
        Ok(())
    }

    /// Leaves a host alone for so long.
    pub fn close(&self, host: &str, pause: Duration) {
        let until = Instant::now() + pause;
        self.with(host, |host| {
            host.closed_until = host.closed_until.max(until);
        });
    }

    /// How long to wait; the turn is taken where that is short enough.
    fn take(&self, host: &str, now: Instant) -> Duration {
        let Rate { every, burst } = self.rate;
        self.with(host, |host| {
            let full = host.full.max(now) + every;
            let turn = full.duration_since(now).saturating_sub(every * burst);
            let wait = turn.max(host.closed_until.saturating_duration_since(now));
            if wait <= MAX_WAIT {
                host.full = full;
            }
            wait
        })
    }

    fn with<T>(&self, host: &str, change: impl FnOnce(&mut Host) -> T) -> T {
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        // What a panicking holder left is still true.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        change(seen.get_or_insert_mut(name, || Host {
            full: now,
            closed_until: now,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        Hosts::new(Rate {
            every: Duration::from_secs(2),
            burst: 3,
        })
    }

    fn secs(wait: Duration) -> u64 {
        wait.as_secs_f64().round() as u64
    }

    #[test]
    fn a_burst_is_free_and_then_each_waits_its_turn() {
        let hosts = hosts();
        let now = Instant::now();
        let at = |after| secs(hosts.take("a.example", now + Duration::from_secs(after)));
        assert_eq!([at(0), at(0), at(0)], [0, 0, 0]);
        assert_eq!([at(0), at(0)], [2, 4]);
        // Six seconds would be too long: nobody waits so long here, and no turn is taken.
        assert_eq!([at(0), at(0)], [6, 6]);
        assert_eq!(at(6), 0);
        // After a rest the burst is back, and not more than that.
        assert_eq!([at(1000), at(1000), at(1000), at(1000)], [0, 0, 0, 2]);
        assert_eq!(secs(hosts.take("b.example", now)), 0);
    }

    #[test]
    fn a_host_that_asks_for_patience_is_left_alone_by_everybody() {
        let hosts = hosts();
        let other = hosts.clone();
        hosts.close("A.Example.", Duration::from_secs(600));
        hosts.close("a.example", Duration::from_secs(60));
        let now = Instant::now();
        assert_eq!(secs(other.take("a.example", now)), 600);
        let later = now + Duration::from_secs(601);
        assert_eq!(secs(other.take("a.example", later)), 0);
    }

    #[test]
    fn any_number_of_hosts_takes_bounded_room() {
        let hosts = hosts();
        for n in 0..3 * MAX_HOSTS.get() {
            hosts.take(&format!("{n}.example"), Instant::now());
        }
        assert_eq!(hosts.seen.lock().unwrap().len(), MAX_HOSTS.get());
    }
}
