//! Where a stream is, and whether it began where it should.

use super::Wire;
use super::wire::Said;
use crate::collect::source::{Collected, Event, Gap, GapReason, Rejection, SourceError};
use crate::model::{Change, Cursor};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// From here on both wires read a cursor as microseconds, below it as a sequence number.
const FIRST_MICROSECONDS: i64 = 1_000_000_000_000_000;
/// How far back a stream starts that is resumed by time: the order of times is not the order of
/// events, and another host saw them at other times. What comes twice is stored once.
const REWIND_MICROS: i64 = 30_000_000;

/// Resume position. The time is kept beside the number, because numbers are a host's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub wire: Wire,
    pub host: String,
    /// Sequence number, or microseconds where the host tells none.
    pub position: i64,
    /// When the host saw the event.
    pub time_us: i64,
}

impl Position {
    pub fn read(cursor: &Cursor) -> Option<Self> {
        serde_json::from_str(&cursor.0).ok()
    }

    pub fn time(&self) -> Option<Timestamp> {
        Timestamp::from_microsecond(self.time_us).ok()
    }

    /// The sequence number to resume at, where it is one of this host and wire. The host sends the
    /// event of that number again.
    pub fn number_at(&self, wire: Wire, host: &str) -> Option<i64> {
        let known = self.wire == wire && self.host == host && self.position < FIRST_MICROSECONDS;
        known.then_some(self.position)
    }

    /// The same event of the same host. Microseconds do not tell: several events may share one.
    fn is_event_of(&self, other: &Position) -> bool {
        other.number_at(self.wire, &self.host) == Some(self.position)
    }

    /// The time to resume at, on any host and wire.
    pub fn rewound(&self) -> i64 {
        self.time_us
            .saturating_sub(REWIND_MICROS)
            .max(FIRST_MICROSECONDS)
    }
}

/// Follows one connection: positions, what comes twice, and the gap before its first event.
pub struct Reader {
    wire: Wire,
    host: String,
    slack_micros: i64,
    /// Where the stream was asked to begin, until it has begun.
    resumed: Option<Position>,
    outdated: bool,
}

impl Reader {
    pub fn new(wire: Wire, host: String, gap_slack_secs: u32, resumed: Option<Position>) -> Self {
        Self {
            wire,
            host,
            slack_micros: i64::from(gap_slack_secs) * 1_000_000,
            resumed,
            outdated: false,
        }
    }

    /// What one frame brings. An unreadable one does not move the position; the next does.
    ///
    /// # Errors
    /// The host has ended the stream.
    pub fn read(&mut self, said: Result<Said, Rejection>) -> Result<Vec<Collected>, SourceError> {
        match said {
            Err(rejection) => Ok(vec![Collected::now(Event::Rejected(rejection), None)]),
            // It tells that the host is there.
            Ok(Said::Nothing) => Ok(vec![Collected::now(Event::Nothing, None)]),
            Ok(Said::Outdated) => {
                self.outdated = true;
                Ok(vec![])
            }
            Ok(Said::Error(error)) => Err(SourceError::Transient(format!(
                "the host ended the stream: {error}"
            ))),
            Ok(Said::Event {
                position,
                time,
                changes,
            }) => Ok(self.event(position, time, changes)),
        }
    }

    fn event(&mut self, position: i64, time: Timestamp, changes: Vec<Change>) -> Vec<Collected> {
        let here = Position {
            wire: self.wire,
            host: self.host.clone(),
            position,
            time_us: time.as_microsecond(),
        };
        let mut changes = changes;
        let mut collected = Vec::with_capacity(changes.len() + 1);
        if let Some(resumed) = self.resumed.take() {
            if resumed.is_event_of(&here) {
                // It proves that nothing is missing, and was handed on before.
                changes.clear();
            } else {
                collected.extend(self.gap(&resumed, time));
            }
        }
        // The cursor comes with the last change, so that the others lie before it.
        let last = changes.pop().map_or(Event::Nothing, Event::Change);
        let earlier = changes.into_iter().map(Event::Change);
        collected.extend(earlier.map(|event| Collected::now(event, None)));
        let cursor = serde_json::to_string(&here).ok().map(Cursor);
        collected.push(Collected::now(last, cursor));
        collected
    }

    /// The interval that the host did not deliver, if there is one. A resumed stream begins with
    /// the event that its cursor came from, or before it; when it begins much later, that event is
    /// gone, and so is what followed.
    fn gap(&self, resumed: &Position, first: Timestamp) -> Option<Collected> {
        let from = resumed.time()?;
        let late = first.as_microsecond() > resumed.time_us.saturating_add(self.slack_micros);
        let reason = match (self.outdated, late) {
            (true, _) if first > from => GapReason::CursorTooOld,
            (false, true) => GapReason::Jump,
            _ => return None,
        };
        let gap = Gap {
            from,
            to: first,
            reason,
        };
        Some(Collected::now(Event::Gap(gap), None))
    }
}
