//! How far the stream was heard, and what that has cost: the source's cursor.

use super::ledger::Ledger;
use super::{id_at, time_of_id};
use crate::collect::source::{Gap, GapReason};
use crate::model::Cursor;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// Posts come in no order and some seconds late: what is newer than this may still come.
const UNSETTLED_SECS: i64 = 60;

/// The cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The lowest id of the time of the newest post, or of the last sign of life.
    pub newest: u64,
    /// What was posted behind this id still has to be searched for.
    pub since: Option<u64>,
    /// Since when the budget allows no reading.
    pub silenced: Option<Timestamp>,
    pub ledger: Ledger,
}

impl State {
    pub fn read(cursor: Option<&Cursor>) -> Self {
        let read = cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok());
        read.unwrap_or_default()
    }

    pub fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }

    /// Begins a connection: where nothing was heard before, here; else what was missed is searched
    /// for, unless there was no money to hear it: then what was not searched for yet is lost, too.
    pub fn connect(&mut self, now: Timestamp) -> Option<Gap> {
        let here = id_at(now);
        if let Some(silenced) = self.silenced.take() {
            let from = self.since.take().map_or(silenced, time_of_id).min(silenced);
            self.newest = here;
            let reason = GapReason::Budget;
            return Some(Gap {
                from,
                to: now,
                reason,
            })
            .filter(|gap| gap.from < gap.to);
        }
        if self.newest == 0 {
            self.newest = here;
        } else {
            let settled =
                time_of_id(self.newest.min(here)).saturating_sub(UNSETTLED_SECS.seconds());
            let settled = settled.map_or(self.newest, id_at);
            self.since = Some(self.since.map_or(settled, |since| since.min(settled)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_missed_is_searched_for_unless_there_was_no_money() {
        let now = at("2026-11-29T10:00:00Z");
        let mut state = State::default();
        assert_eq!(state.connect(now), None);
        assert_eq!((state.newest, state.since), (id_at(now), None));
        let later = at("2026-11-29T11:00:00Z");
        assert_eq!(state.connect(later), None);
        let settled = id_at(at("2026-11-29T09:59:00Z"));
        assert_eq!(state.since, Some(settled));
        // It goes on from the oldest that was not searched for yet.
        state.newest = id_at(later);
        state.connect(at("2026-11-29T12:00:00Z"));
        assert_eq!(state.since, Some(settled));
        state.silenced = Some(later);
        let gap = state.connect(at("2026-11-30T00:00:00Z")).unwrap();
        assert_eq!((id_at(gap.from), gap.reason), (settled, GapReason::Budget));
        assert_eq!((state.since, state.silenced), (None, None));
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_ask_for_the_future() {
        let now = at("2026-11-29T10:00:00Z");
        let mut state = State {
            newest: id_at(at("2030-01-01T00:00:00Z")),
            ..State::default()
        };
        state.connect(now);
        assert_eq!(state.since, Some(id_at(at("2026-11-29T09:59:00Z"))));
    }
}
