//! What the house hears, as a page tells it: "nothing was said" and "we could not listen" never
//! look the same.

use super::House;
use super::archive::SourceState;
use super::view::{Moment, moment};
use super::words::Tongue;
use crate::collect::hearing::Verdict;

/// The state of all sources.
pub struct Ears {
    /// `heard`, `doubtful`, `deaf`, `waiting` or `none`: colour and symbol.
    pub class: &'static str,
    pub line: String,
    /// Said beside the line when somebody is not heard.
    pub note: &'static str,
    pub rows: Vec<SourceRow>,
    /// False while what the sources say is not taken in.
    takes_in: bool,
}

/// One source in the list that folds out.
pub struct SourceRow {
    pub label: String,
    pub class: &'static str,
    pub state: &'static str,
    pub last: Option<Moment>,
    pub gaps: Vec<(Moment, Moment)>,
}

impl Ears {
    /// Asks the archive.
    pub async fn of(house: &House, tongue: Tongue) -> Self {
        match house.archive.sources().await {
            Ok(states) => Self::new(&states, house, tongue),
            Err(_) => Self {
                class: "deaf",
                line: tongue.words().internal.to_owned(),
                note: "",
                rows: Vec::new(),
                takes_in: false,
            },
        }
    }

    fn new(states: &[SourceState], house: &House, tongue: Tongue) -> Self {
        let words = tongue.words();
        let rows: Vec<SourceRow> = states
            .iter()
            .map(|state| SourceRow::new(state, house, tongue))
            .collect();
        let labels = |class: &str| -> Vec<&str> {
            let chosen = rows.iter().filter(|row| row.class == class);
            chosen.map(|row| row.label.as_str()).collect()
        };
        let (down, doubtful) = (labels("deaf"), labels("doubtful"));
        let waiting = labels("waiting");
        let has_gaps = states.iter().any(|state| !state.gaps.is_empty());
        let (class, line, note) = if states.is_empty() {
            ("none", words.no_sources.to_owned(), "")
        } else if !down.is_empty() {
            let line = format!("{}: {}", words.deaf, down.join(", "));
            ("deaf", line, words.deaf_note)
        } else if !doubtful.is_empty() {
            let line = format!("{}: {}", words.doubtful, doubtful.join(", "));
            ("doubtful", line, words.doubtful_note)
        } else if !waiting.is_empty() {
            (
                "waiting",
                format!("{}: {}", words.waiting, waiting.join(", ")),
                "",
            )
        } else if !has_gaps {
            (
                "heard",
                format!("{} ({})", words.heard_all, states.len()),
                "",
            )
        } else {
            let line = format!(
                "{} ({}), {}",
                words.heard_all,
                states.len(),
                words.gaps_seen
            );
            ("waiting", line, "")
        };
        Self {
            class,
            line,
            note,
            rows,
            takes_in: house.archive.takes_in(),
        }
    }

    /// True when nothing that is said now can be missing for want of a connection: every source is
    /// up and beyond suspicion, and what it says is taken in.
    pub fn heard(&self) -> bool {
        let all_up = !self.rows.is_empty() && self.rows.iter().all(|row| row.class == "heard");
        self.takes_in && all_up
    }
}

impl SourceRow {
    fn new(state: &SourceState, house: &House, tongue: Tongue) -> Self {
        let words = tongue.words();
        let (class, said) = match (state.up, state.hearing) {
            (Some(true), Some(Verdict::Silent)) => ("doubtful", words.silent),
            (Some(true), Some(Verdict::Blind)) => ("doubtful", words.blind),
            (Some(true), _) => ("heard", words.up),
            (Some(false), _) => ("deaf", words.down),
            (None, _) => ("waiting", words.unknown),
        };
        let gaps = state.gaps.iter();
        Self {
            label: house.names().source(&state.name),
            class,
            state: said,
            last: state.last_event.map(|time| moment(time, tongue)),
            gaps: gaps
                .map(|gap| (moment(gap.from, tongue), moment(gap.to, tongue)))
                .collect(),
        }
    }
}
