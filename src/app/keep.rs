//! Housekeeping: what is looked at once an hour.

use super::nightly::Nightly;
use super::registered::Registered;
use super::retention::Retention;
use crate::clock::Clock;
use crate::store::Store;
use jiff::ToSpan;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Tombstones of items that we never had are kept this long: nobody delivers later.
const TOMBSTONE_HOURS: i64 = 48;

/// A watch whose approval has run out collects nothing.
pub(super) fn expire(registered: &Registered, clock: &Clock) {
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").unwrap_or(jiff::tz::TimeZone::UTC);
    let expired = registered.expire(clock.now().to_zoned(berlin).date());
    if !expired.is_empty() {
        let watches = expired.join(", ");
        tracing::warn!(
            watches,
            "The approval of watches has run out: they collect nothing."
        );
    }
}

/// Housekeeping, once an hour.
pub(super) async fn keep(
    store: Store,
    registered: Registered,
    nightly: Nightly,
    retention: Option<Retention>,
    clock: Clock,
    stop: CancellationToken,
) {
    loop {
        expire(&registered, &clock);
        if let Some(retention) = &retention {
            retention.tick(clock.now(), &stop).await;
        }
        nightly.tick(clock.now()).await;
        let before = clock.now().saturating_sub(TOMBSTONE_HOURS.hours());
        if let Ok(before) = before
            && let Err(error) = store.expire_tombstones(before).await
        {
            tracing::warn!(%error, "Old tombstones could not be expired.");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(3600)) => {}
        }
    }
}
