//! What `eval rumours` found, as numbers and as tables.

use super::fit::Case;
use super::opinions::Opinions;
use super::scenarios::Scenario;
use super::stream::{Seen, Watched};
use crate::cli::Output;
use crate::model::StoryFigures;
use crate::relate::rumour;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const DAY: i64 = 86_400;
/// Stories of a day that an office looks at.
const TOP: usize = 5;
/// Thresholds that are tried, in hundredths.
const THRESHOLDS: [u32; 9] = [20, 30, 40, 45, 50, 55, 60, 70, 80];

/// How one rumour went.
#[derive(Debug, Clone, Serialize)]
pub struct Crisis {
    pub scenario: String,
    pub is_rumour: bool,
    pub size: u32,
    /// The highest score of a story of it.
    pub peak: f32,
    /// Its story with this score, else the largest.
    pub figures: Option<StoryFigures>,
    /// Minutes after the first post that carries it; none where it was not flagged.
    pub flagged_after_minutes: Option<i64>,
    /// Posts of the scenario up to then, and as a share of all.
    pub posts_until: Option<usize>,
    pub share_until: Option<f64>,
    /// Minutes before somebody who knows denied it, below 0 for after; none without a denial.
    pub before_denial_minutes: Option<i64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct AtThreshold {
    pub threshold_percent: u32,
    pub rumours_found: usize,
    pub recall: f64,
    pub decoys_flagged: usize,
    pub noise_flagged: usize,
    pub false_per_day: f64,
}

/// A story that was flagged.
#[derive(Debug, Clone, Serialize)]
pub struct Flag {
    pub day: i64,
    pub scenario: Option<String>,
    pub is_rumour: bool,
    pub score: f32,
    pub threshold: f32,
    pub words: String,
    pub parts: Vec<(String, f32)>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub model: &'static str,
    pub posts: usize,
    pub noise: String,
    pub posts_per_second: f64,
    pub days: u64,
    pub crises: Vec<Crisis>,
    pub rumours: usize,
    pub found: usize,
    /// Of the stories that were flagged, the five highest of each day: how many are rumours.
    pub top_listed: usize,
    pub top_right: usize,
    /// The same with each rumour counted once a day, however many of its stories are there.
    pub top_rumours: usize,
    pub false_flags_per_day: f64,
    pub thresholds: Vec<AtThreshold>,
    pub opinions: Opinions,
    pub flags: Vec<Flag>,
}

/// What is known of each story after all.
struct Told<'a> {
    scenario: Option<usize>,
    events: Vec<&'a Seen>,
}

impl Told<'_> {
    fn peak(&self) -> f32 {
        let scores = self.events.iter().map(|seen| seen.weight.score);
        scores.fold(0.0, f32::max)
    }

    fn flagged(&self) -> Option<&Seen> {
        let mut events = self.events.iter();
        events.find(|seen| seen.weight.is_over()).copied()
    }
}

impl Report {
    pub fn new(scenarios: &[Scenario], watched: &Watched, opinions: Opinions, days: u64) -> Self {
        let stories = stories(&watched.seen);
        let of = |number: Option<usize>| number.and_then(|number| scenarios.get(number));
        let is_rumour = |told: &Told<'_>| of(told.scenario).is_some_and(Scenario::is_rumour);
        let mut flags: Vec<Flag> = Vec::new();
        for told in stories.values() {
            if let Some(seen) = told.flagged() {
                flags.push(Flag {
                    day: seen.at / DAY,
                    scenario: of(told.scenario).map(|one| one.truth.scenario.clone()),
                    is_rumour: is_rumour(told),
                    score: seen.weight.score,
                    threshold: seen.weight.threshold,
                    words: seen.words.clone(),
                    parts: seen.weight.parts.clone(),
                });
            }
        }
        flags.sort_by_key(|flag| flag.day);
        let crises: Vec<Crisis> = scenarios
            .iter()
            .enumerate()
            .map(|(number, one)| crisis(number, one, watched, &stories))
            .collect();
        let rumours = scenarios.iter().filter(|one| one.is_rumour()).count();
        let found = crises.iter().filter(|one| one.is_rumour);
        let found = found.filter(|one| one.flagged_after_minutes.is_some());
        let wrong = flags.iter().filter(|flag| !flag.is_rumour).count();
        let top = top(&flags);
        Self {
            model: rumour::MODEL,
            posts: watched.posts,
            noise: watched.origin.clone(),
            posts_per_second: watched.posts as f64 / watched.seconds.max(1e-9),
            days,
            rumours,
            found: found.count(),
            top_listed: top.listed,
            top_right: top.right,
            top_rumours: top.rumours,
            false_flags_per_day: wrong as f64 / days as f64,
            thresholds: THRESHOLDS
                .map(|percent| at_threshold(percent, scenarios, &stories, &crises, days))
                .to_vec(),
            crises,
            opinions,
            flags,
        }
    }

    pub fn print(&self, out: &mut Output, show: bool) -> anyhow::Result<()> {
        for line in self.figures() {
            out.line(&line)?;
        }
        out.line("")?;
        let rows: Vec<Vec<String>> = self.crises.iter().map(crisis_row).collect();
        out.table(&CRISIS_HEAD, &rows)?;
        out.line("")?;
        let rows: Vec<Vec<String>> = self.thresholds.iter().map(threshold_row).collect();
        out.table(&THRESHOLD_HEAD, &rows)?;
        if show {
            out.line("")?;
            for line in self.flags.iter().flat_map(flag_lines) {
                out.line(&line)?;
            }
            for words in &self.opinions.wrongly {
                out.line(&format!("opinion: {words}"))?;
            }
        }
        Ok(())
    }

    fn figures(&self) -> Vec<String> {
        let share = |part: usize, all: usize| 100.0 * part as f64 / all.max(1) as f64;
        let (right, listed) = (self.top_right, self.top_listed);
        let (once, wrong) = (self.top_rumours, listed - right);
        let opinions = &self.opinions;
        let wrongly = share(opinions.flagged as usize, opinions.opinions as usize);
        vec![
            format!(
                "{} on {} posts in {} days ({})",
                self.model, self.posts, self.days, self.noise
            ),
            format!(
                "{:.0} posts/s, with normalising and classifying",
                self.posts_per_second
            ),
            format!("rumours found: {} of {}", self.found, self.rumours),
            format!(
                "the day's first {TOP} flags: {right} of {listed} are rumours ({:.0} %; each once a \
                 day: {once} of {}, {:.0} %)",
                share(right, listed),
                once + wrong,
                share(once, once + wrong)
            ),
            format!("false flags a day: {:.2}", self.false_flags_per_day),
            format!(
                "pure opinions flagged: {} of {} ({wrongly:.1} %)",
                opinions.flagged, opinions.opinions
            ),
        ]
    }
}

const CRISIS_HEAD: [&str; 8] = [
    "SCENARIO",
    "RUMOUR",
    "SIZE",
    "PEAK",
    "AFTER MIN",
    "POSTS",
    "SHARE %",
    "BEFORE DENIAL MIN",
];
const THRESHOLD_HEAD: [&str; 6] = [
    "THRESHOLD",
    "FOUND",
    "RECALL %",
    "DECOYS",
    "NOISE",
    "FALSE A DAY",
];

fn flag_lines(flag: &Flag) -> [String; 2] {
    let of = flag.scenario.as_deref().unwrap_or("noise");
    let (day, score, from) = (flag.day, flag.score, flag.threshold);
    let parts = flag.parts.iter();
    let parts: Vec<String> = parts
        .map(|(name, part)| format!("{name} {part:+.2}"))
        .collect();
    [
        format!("day {day} {of} {score:.2} (from {from:.2}): {}", flag.words),
        format!("  {}", parts.join(", ")),
    ]
}

fn threshold_row(at: &AtThreshold) -> Vec<String> {
    vec![
        format!("0.{:02}", at.threshold_percent),
        at.rumours_found.to_string(),
        format!("{:.0}", 100.0 * at.recall),
        at.decoys_flagged.to_string(),
        at.noise_flagged.to_string(),
        format!("{:.2}", at.false_per_day),
    ]
}

fn crisis_row(one: &Crisis) -> Vec<String> {
    let cell = |value: Option<i64>| value.map_or("–".to_owned(), |value| value.to_string());
    vec![
        one.scenario.clone(),
        if one.is_rumour { "yes" } else { "no" }.to_owned(),
        one.size.to_string(),
        format!("{:.2}", one.peak),
        cell(one.flagged_after_minutes),
        cell(one.posts_until.and_then(|posts| i64::try_from(posts).ok())),
        one.share_until
            .map_or("–".to_owned(), |share| format!("{:.0}", 100.0 * share)),
        cell(one.before_denial_minutes),
    ]
}

/// What the weights are learned from: each story with a disputed fact, as it was each time.
pub fn cases(scenarios: &[Scenario], seen: &[Seen]) -> Vec<Case> {
    let cases = stories(seen).into_values().map(|told| Case {
        is_rumour: told
            .scenario
            .and_then(|number| scenarios.get(number))
            .is_some_and(Scenario::is_rumour),
        looks: told
            .events
            .iter()
            .filter_map(|seen| rumour::values(&seen.weight.figures))
            .collect(),
    });
    cases.filter(|case| !case.looks.is_empty()).collect()
}

/// The stories, each with the scenario that most of its weighings are of.
fn stories(seen: &[Seen]) -> BTreeMap<i64, Told<'_>> {
    let mut stories: BTreeMap<i64, Told<'_>> = BTreeMap::new();
    for one in seen {
        let told = stories.entry(one.weight.story).or_insert_with(|| Told {
            scenario: None,
            events: Vec::new(),
        });
        told.events.push(one);
    }
    for told in stories.values_mut() {
        let mut counts: HashMap<Option<usize>, usize> = HashMap::new();
        for seen in &told.events {
            *counts
                .entry(seen.scenario.map(|(number, _)| number))
                .or_default() += 1;
        }
        let most = counts
            .into_iter()
            .max_by_key(|(scenario, count)| (*count, *scenario));
        told.scenario = most.and_then(|(scenario, _)| scenario);
    }
    stories
}

fn crisis(
    number: usize,
    scenario: &Scenario,
    watched: &Watched,
    stories: &BTreeMap<i64, Told<'_>>,
) -> Crisis {
    let own = || {
        stories
            .values()
            .filter(|told| told.scenario == Some(number))
    };
    let flagged = own().filter_map(Told::flagged).map(|seen| seen.at).min();
    let start = watched.starts.get(number).copied().unwrap_or(0);
    let flagged = flagged.map(|at| at - start);
    let lines = &scenario.lines;
    let until = flagged.map(|at| lines.iter().filter(|line| line.at <= at).count());
    let minutes = |from: Option<i64>| Some((flagged? - from?) / 60);
    let events = own().flat_map(|told| told.events.iter().copied());
    let largest = events.max_by(|a, b| {
        let size = |seen: &Seen| seen.weight.figures.mentions + seen.weight.figures.replies;
        let scores = a.weight.score.total_cmp(&b.weight.score);
        scores.then(size(a).cmp(&size(b)))
    });
    Crisis {
        figures: largest.map(|seen| seen.weight.figures.clone()),
        scenario: scenario.truth.scenario.clone(),
        is_rumour: scenario.is_rumour(),
        size: scenario.truth.size,
        peak: own().map(Told::peak).fold(0.0, f32::max),
        flagged_after_minutes: match scenario.truth.first_rumour {
            Some(first) => minutes(scenario.at(Some(first))),
            None => flagged.map(|at| at / 60),
        },
        posts_until: until,
        share_until: until.map(|posts| posts as f64 / lines.len().max(1) as f64),
        before_denial_minutes: minutes(scenario.at(scenario.truth.first_denial)).map(|late| -late),
    }
}

fn at_threshold(
    percent: u32,
    scenarios: &[Scenario],
    stories: &BTreeMap<i64, Told<'_>>,
    crises: &[Crisis],
    days: u64,
) -> AtThreshold {
    let threshold = percent as f32 / 100.0;
    let over = |one: &&Crisis| one.peak >= threshold;
    let rumours = scenarios.iter().filter(|one| one.is_rumour()).count();
    let found = crises
        .iter()
        .filter(|one| one.is_rumour)
        .filter(over)
        .count();
    let decoys = crises
        .iter()
        .filter(|one| !one.is_rumour)
        .filter(over)
        .count();
    let noise = stories
        .values()
        .filter(|told| told.scenario.is_none() && told.peak() >= threshold)
        .count();
    AtThreshold {
        threshold_percent: percent,
        rumours_found: found,
        recall: found as f64 / rumours.max(1) as f64,
        decoys_flagged: decoys,
        noise_flagged: noise,
        false_per_day: (decoys + noise) as f64 / days as f64,
    }
}

/// The highest flags of all days.
#[derive(Debug, Default, PartialEq)]
struct Top {
    listed: usize,
    /// Of a rumour, and different rumours of a day.
    right: usize,
    rumours: usize,
}

fn top(flags: &[Flag]) -> Top {
    let mut days: BTreeMap<i64, Vec<&Flag>> = BTreeMap::new();
    for flag in flags {
        days.entry(flag.day).or_default().push(flag);
    }
    let mut top = Top::default();
    for day in days.values_mut() {
        day.sort_by(|a, b| b.score.total_cmp(&a.score));
        day.truncate(TOP);
        let right = day.iter().filter(|flag| flag.is_rumour);
        let rumours: BTreeSet<_> = right.clone().map(|flag| &flag.scenario).collect();
        top.listed += day.len();
        top.right += right.count();
        top.rumours += rumours.len();
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(day: i64, score: f32, scenario: Option<&str>) -> Flag {
        Flag {
            day,
            scenario: scenario.map(str::to_owned),
            is_rumour: scenario.is_some_and(|name| name != "decoy"),
            score,
            threshold: 0.4,
            words: String::new(),
            parts: Vec::new(),
        }
    }

    #[test]
    fn only_the_first_flags_of_a_day_count_and_a_rumour_once() {
        let mut flags = vec![
            flag(1, 0.9, Some("dam")),
            flag(1, 0.8, Some("dam")),
            flag(1, 0.7, Some("decoy")),
            flag(2, 0.6, None),
        ];
        let expected = |listed, right, rumours| Top {
            listed,
            right,
            rumours,
        };
        assert_eq!(top(&flags), expected(4, 2, 1));
        // What comes after the fifth of a day is not looked at.
        flags.extend((0..9).map(|_| flag(1, 0.95, None)));
        assert_eq!(top(&flags), expected(6, 0, 0));
    }
}
