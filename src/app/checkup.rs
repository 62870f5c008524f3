//! Reads every byte of the index through and compares the checksums: after the start, when a power
//! cut may lie behind it, and then every night.

use crate::clock::Clock;
use crate::index::Index;
use crate::metrics::Metrics;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Hour of the night, in Berlin: after the learning.
const HOUR: i8 = 4;
/// What could not be read is tried again after this.
const AGAIN: Duration = Duration::from_secs(3600);

/// Goes round until it is stopped.
pub(super) async fn run(
    index: Arc<Index>,
    metrics: Metrics,
    clock: Clock,
    stop: CancellationToken,
) {
    let rounds = async {
        loop {
            let wait = round(&index, &metrics, &clock).await;
            tokio::time::sleep(wait).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = rounds => {}
    }
}

/// One round; gives the wait until the next.
async fn round(index: &Index, metrics: &Metrics, clock: &Clock) -> Duration {
    match index.check_files().await {
        Ok(damaged) => {
            let now = clock.now();
            metrics.index_checked.set(now.as_second() as f64);
            if damaged > 0 {
                tracing::error!(
                    damaged,
                    "Parts of the index are damaged; they are made again. Is the disk failing?"
                );
            }
            until_night(now)
        }
        Err(error) => {
            tracing::warn!(%error, "The index's checksums could not be compared; trying again.");
            AGAIN
        }
    }
}

fn until_night(now: Timestamp) -> Duration {
    let berlin = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
    let here = now.to_zoned(berlin);
    let tonight = here
        .start_of_day()
        .and_then(|day| day.checked_add(i64::from(HOUR).hours()));
    let next = tonight.and_then(|at| match at > here {
        true => Ok(at),
        false => at.checked_add(1.day()),
    });
    let wait = next.map(|next| next.timestamp().duration_since(now));
    wait.ok()
        .and_then(|wait| Duration::try_from(wait).ok())
        .unwrap_or(AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_round_is_at_four_in_berlin() {
        for (now, hours) in [
            ("2026-11-28T23:00:00Z", 4),
            ("2026-11-29T02:00:00Z", 1),
            ("2026-11-29T03:00:00Z", 24),
            ("2026-11-29T12:00:00Z", 15),
        ] {
            let wait = until_night(now.parse().unwrap());
            assert_eq!(wait.as_secs(), hours * 3600, "{now}");
        }
    }
}
