//! The scenarios that come with the program: invented, each with its truth.

use super::Half;
use crate::cli::WrongArguments;
use crate::model::Kind;
use serde::{Deserialize, Serialize};

/// File by file: name and lines.
const FILES: [(&str, &str); 34] = [
    (
        "01-digital-radio-sold",
        include_str!("01-digital-radio-sold.ndjson"),
    ),
    (
        "02-registry-hacked",
        include_str!("02-registry-hacked.ndjson"),
    ),
    (
        "03-food-stock-register",
        include_str!("03-food-stock-register.ndjson"),
    ),
    (
        "04-language-test-headline",
        include_str!("04-language-test-headline.ndjson"),
    ),
    (
        "05-forged-thw-letter",
        include_str!("05-forged-thw-letter.ndjson"),
    ),
    (
        "06-hobby-rescuers-quote",
        include_str!("06-hobby-rescuers-quote.ndjson"),
    ),
    ("07-asylum-figure", include_str!("07-asylum-figure.ndjson")),
    (
        "08-leaked-weapons-draft",
        include_str!("08-leaked-weapons-draft.ndjson"),
    ),
    (
        "09-depot-fire-culprit",
        include_str!("09-depot-fire-culprit.ndjson"),
    ),
    (
        "10-id-card-abolished",
        include_str!("10-id-card-abolished.ndjson"),
    ),
    (
        "11-hoax-sms-id-registration",
        include_str!("11-hoax-sms-id-registration.ndjson"),
    ),
    (
        "12-german-borders-fee",
        include_str!("12-german-borders-fee.ndjson"),
    ),
    (
        "13-old-video-convoy",
        include_str!("13-old-video-convoy.ndjson"),
    ),
    ("14-hotel-shelter", include_str!("14-hotel-shelter.ndjson")),
    (
        "15-minister-helicopter-small",
        include_str!("15-minister-helicopter-small.ndjson"),
    ),
    ("16-pencil-votes", include_str!("16-pencil-votes.ndjson")),
    ("17-dam-opened", include_str!("17-dam-opened.ndjson")),
    (
        "18-passport-fee-mutates",
        include_str!("18-passport-fee-mutates.ndjson"),
    ),
    (
        "19-fediverse-real-names",
        include_str!("19-fediverse-real-names.ndjson"),
    ),
    (
        "20-derby-fan-dead",
        include_str!("20-derby-fan-dead.ndjson"),
    ),
    (
        "21-criticism-wave",
        include_str!("21-criticism-wave.ndjson"),
    ),
    ("22-thanks-wave", include_str!("22-thanks-wave.ndjson")),
    (
        "23-airport-outage-true",
        include_str!("23-airport-outage-true.ndjson"),
    ),
    ("24-spam-wave", include_str!("24-spam-wave.ndjson")),
    (
        "25-rubber-boots-memes",
        include_str!("25-rubber-boots-memes.ndjson"),
    ),
    (
        "26-knife-zone-debate",
        include_str!("26-knife-zone-debate.ndjson"),
    ),
    (
        "27-football-police",
        include_str!("27-football-police.ndjson"),
    ),
    ("28-petition", include_str!("28-petition.ndjson")),
    (
        "29-press-release-copies",
        include_str!("29-press-release-copies.ndjson"),
    ),
    ("30-tv-interview", include_str!("30-tv-interview.ndjson")),
    (
        "31-missing-person-appeal",
        include_str!("31-missing-person-appeal.ndjson"),
    ),
    (
        "32-media-literacy-day",
        include_str!("32-media-literacy-day.ndjson"),
    ),
    ("33-warning-day", include_str!("33-warning-day.ndjson")),
    (
        "34-border-checks-true-english",
        include_str!("34-border-checks-true-english.ndjson"),
    ),
];

/// What is true of a scenario.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Truth {
    pub scenario: String,
    /// A rumour; else a wave that is none.
    pub kind: Sort,
    pub what: String,
    #[serde(default)]
    pub claim: Option<String>,
    /// Numbers of the first post that carries it, and of the first one by which somebody who knows
    /// denies it.
    #[serde(default)]
    pub first_rumour: Option<u32>,
    #[serde(default)]
    pub first_denial: Option<u32>,
    pub size: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    Rumour,
    Decoy,
}

/// One post of a scenario.
#[derive(Debug, Clone, Deserialize)]
pub struct Line {
    pub id: u32,
    /// Seconds since the scenario's beginning.
    pub at: i64,
    pub platform: String,
    pub kind: Kind,
    #[serde(default)]
    pub author: String,
    #[serde(default)]
    pub site: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    pub text: String,
    #[serde(default)]
    pub reply_to: Option<u32>,
    #[serde(default)]
    pub links: Vec<String>,
    pub role: String,
}

#[derive(Debug, Clone)]
pub struct Scenario {
    pub truth: Truth,
    pub lines: Vec<Line>,
}

impl Scenario {
    pub fn is_rumour(&self) -> bool {
        self.truth.kind == Sort::Rumour
    }

    /// When a post was written, by its number.
    pub fn at(&self, id: Option<u32>) -> Option<i64> {
        let line = self.lines.iter().find(|line| Some(line.id) == id);
        line.map(|line| line.at)
    }
}

/// All scenarios, or every second one of each sort.
///
/// # Errors
/// A file that cannot be read; a test holds that there is none.
pub fn read(half: Option<Half>) -> anyhow::Result<Vec<Scenario>> {
    let chosen = FILES.iter().enumerate().filter(|(at, _)| match half {
        None => true,
        Some(Half::Dev) => at % 2 == 0,
        Some(Half::HeldOut) => at % 2 == 1,
    });
    chosen
        .map(|(_, (name, file))| scenario(name, file))
        .collect()
}

fn scenario(name: &str, file: &str) -> anyhow::Result<Scenario> {
    let wrong = |line: usize, error: serde_json::Error| {
        WrongArguments(format!("{name}.ndjson, line {line}: {error}"))
    };
    let mut lines = file.lines();
    let truth = lines.next().unwrap_or_default();
    Ok(Scenario {
        truth: serde_json::from_str(truth).map_err(|error| wrong(1, error))?,
        lines: lines
            .enumerate()
            .map(|(at, line)| serde_json::from_str(line).map_err(|error| wrong(at + 2, error)))
            .collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_can_be_read_and_is_what_it_says() {
        let scenarios = read(None).unwrap();
        let rumours = scenarios.iter().filter(|one| one.is_rumour()).count();
        assert!(rumours >= 12, "{rumours}");
        for Scenario { truth, lines } in &scenarios {
            let name = &truth.scenario;
            assert!(lines.is_sorted_by_key(|line| line.at), "{name}");
            let known = |id: u32| lines.iter().any(|line| line.id == id);
            let named = lines.iter().filter_map(|line| line.reply_to);
            let named = named.chain(truth.first_rumour).chain(truth.first_denial);
            assert!(named.into_iter().all(known), "{name}");
            assert_eq!(truth.kind == Sort::Rumour, truth.claim.is_some(), "{name}");
        }
    }
}
