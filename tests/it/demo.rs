//! The golden case: the demonstration's weekend through the built binary, against the truth that
//! its authors wrote down (`tests/fixtures/demo/truth.json`).

use super::archive::{Archive, demo, succeeds};
use super::sweep::assert_absent;
use jiff::{Timestamp, ToSpan};
use resonanz::model::{Item, Stance};
use resonanz::store::{Case, StoredMention};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

const SCENARIO: &str = include_str!("../../src/cli/demo/scenario.ndjson");
const TRUTH: &str = include_str!("../fixtures/demo/truth.json");

struct Weekend {
    archive: Archive,
    truth: Value,
    /// Platform of each native id.
    platforms: HashMap<String, String>,
}

impl Weekend {
    async fn read(dir: &Path) -> Self {
        let platforms = SCENARIO
            .lines()
            .filter_map(|line| serde_json::from_str::<Item>(line).ok())
            .map(|item| (item.id, item.platform))
            .collect();
        let truth = serde_json::from_str(TRUTH).unwrap();
        Self {
            archive: Archive::read(dir).await,
            truth,
            platforms,
        }
    }

    fn find(&self, id: &str) -> Option<&StoredMention> {
        let platform = self
            .platforms
            .get(id)
            .unwrap_or_else(|| panic!("{id} is no item"));
        self.archive.mention(platform, id)
    }

    fn ids(&self, path: &str) -> Vec<String> {
        let found = self.truth.pointer(path).unwrap();
        let list = found
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![found.clone()]);
        let id = |entry: &Value| {
            let id = entry.as_str().or_else(|| entry["id"].as_str());
            id.unwrap_or_else(|| panic!("{path}: {entry}")).to_owned()
        };
        list.iter().map(id).collect()
    }

    /// Items that were taken back in the course of the weekend.
    fn gone(&self) -> Vec<String> {
        let mut gone = Vec::new();
        for path in ["/deleted", "/edited_away", "/left_author/posts"] {
            gone.extend(self.ids(path));
        }
        gone.extend(self.truth["delete_first"]["id"].as_str().map(str::to_owned));
        gone
    }

    #[track_caller]
    fn all_stored(&self, path: &str) {
        let gone = self.gone();
        let missing: Vec<String> = self
            .ids(path)
            .into_iter()
            .filter(|id| !gone.contains(id) && self.find(id).is_none())
            .collect();
        assert!(missing.is_empty(), "{path}: not stored: {missing:?}");
    }

    #[track_caller]
    fn none_stored(&self, path: &str) {
        let stored: Vec<&str> = self
            .ids(path)
            .iter()
            .filter_map(|id| self.find(id).map(|mention| mention.id.to_string()))
            .map(|id| &*id.leak())
            .collect();
        assert!(stored.is_empty(), "{path}: stored as {stored:?}");
    }

    /// Share of a list that has a stance toward at least one target.
    fn share(&self, path: &str, stance: Stance) -> f64 {
        let mentions: Vec<&StoredMention> = self
            .ids(path)
            .iter()
            .filter_map(|id| self.find(id))
            .collect();
        let has = |mention: &&&StoredMention| {
            mention
                .labels
                .stances
                .iter()
                .any(|label| label.stance == stance)
        };
        mentions.iter().filter(has).count() as f64 / mentions.len() as f64
    }

    #[track_caller]
    fn case(&self, rule: &str, watch: &str) -> &Case {
        let found = self
            .archive
            .cases
            .iter()
            .find(|case| case.rule == rule && case.watch == watch);
        found.unwrap_or_else(|| panic!("no case {rule} in {watch}: {:?}", self.archive.cases))
    }
}

fn berlin(text: &str) -> Timestamp {
    text.parse::<jiff::civil::DateTime>()
        .unwrap()
        .in_tz("Europe/Berlin")
        .unwrap()
        .timestamp()
}

#[tokio::test]
async fn the_weekend_is_told_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let told = succeeds(&demo(dir.path()));
    let weekend = Weekend::read(dir.path()).await;
    what_was_said_is_there(&weekend);
    the_office_was_told(&weekend, dir.path(), &told);
    stances_are_better_than_guessing(&weekend);
    what_was_taken_back_is_in_no_file(&weekend, dir.path());
    nobody_is_named(&weekend, dir.path());
    all_of_it_can_be_derived(&weekend, dir.path());
}

/// `why` tells the same twice, and what today's versions say of it is the same.
fn all_of_it_can_be_derived(weekend: &Weekend, dir: &Path) {
    let first = weekend.truth["rumour"]["first"].as_str().unwrap();
    let rumour = weekend.find(first).unwrap().id.to_string();
    let differing = weekend.archive.mentions.values();
    let differing = differing.filter(|mention| !mention.differs.is_empty());
    let differing = differing
        .map(|mention| mention.id)
        .min()
        .unwrap()
        .to_string();
    let why = |id: &str, format: &str| {
        let dir = dir.to_str().unwrap();
        succeeds(&["why", id, "--dir", dir, "--format", format])
    };
    let told = why(&rumour, "jsonl");
    assert_eq!(told, why(&rumour, "jsonl"));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["same_stances_today"], true);
    let because = &told["story"]["flagged"]["because"];
    assert_eq!(because["same_today"], true, "{told:#}");
    assert!(because["weight"]["score"].as_f64() >= because["weight"]["threshold"].as_f64());
    assert_eq!(told["cases"][0]["rule"], "rumour");
    let told = why(&differing, "table");
    for part in [
        "differs from our statement",
        "12.345",
        "21.345",
        "case 1: rule misreporting",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

fn what_was_said_is_there(weekend: &Weekend) {
    for path in [
        "/rumour/posts",
        "/rumour/enquiries",
        "/rumour/denials",
        "/misreporting/wrong",
    ] {
        weekend.all_stored(path);
    }
    for path in [
        "/wave",
        "/critical",
        "/supportive",
        "/neutral",
        "/questions",
    ] {
        weekend.all_stored(path);
    }
    for path in [
        "/homonyms",
        "/hard_negatives",
        "/noise",
        "/deleted",
        "/left_author/posts",
    ] {
        weekend.none_stored(path);
    }
    weekend.none_stored("/edited_away");
    for edit in weekend.truth["edited"].as_array().unwrap() {
        let mention = weekend.find(edit["id"].as_str().unwrap()).unwrap();
        let text = mention.text.to_lowercase();
        assert!(text.contains(edit["new_word"].as_str().unwrap()), "{text}");
        assert!(!text.contains(edit["old_word"].as_str().unwrap()), "{text}");
    }
    let corrected = weekend.find(weekend.truth["misreporting"]["corrected"].as_str().unwrap());
    assert!(corrected.unwrap().edited.is_some());
}

fn the_office_was_told(weekend: &Weekend, dir: &Path, told: &str) {
    let wave = weekend.case("critical_wave", "border-controls");
    let evening = berlin("2026-11-20T18:00:00")..berlin("2026-11-20T19:00:00");
    assert!(
        evening.contains(&wave.opened),
        "the wave's case was opened at {}",
        wave.opened
    );
    let rumour = weekend.case("rumour", "ministry");
    let first = weekend
        .find(weekend.truth["rumour"]["first"].as_str().unwrap())
        .unwrap();
    let in_time = first.published..first.published + 60.minutes();
    assert!(
        in_time.contains(&rumour.opened),
        "the rumour's case was opened at {}",
        rumour.opened
    );
    assert!(
        weekend.archive.cases.len() <= 7,
        "too many pages: {:?}",
        weekend.archive.cases
    );
    assert!(told.contains("Case 1: misreporting"), "{told}");
    the_wrong_figure_was_told(weekend);
    assert_eq!(weekend.archive.mails.len(), weekend.archive.cases.len());
    for mail in &weekend.archive.mails {
        assert_eq!(mail.state, "sent");
        let id = mail.message_id.trim_matches(['<', '>']);
        let path = dir.join(format!("mail/new/{id}.eml"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        assert!(
            text.contains(&format!("Message-ID: {}\r\n", mail.message_id)),
            "{text}"
        );
        assert!(text.contains("To: bereitschaft@bmi.example\r\n"), "{text}");
        // The answer that was agreed upon comes with the rumour.
        let has_answer = text
            .replace("=\r\n", "")
            .contains("unver=C3=A4ndert bearbeitet");
        assert!(has_answer || mail.case_id != rumour.id, "{text}");
    }
}

/// Beside the ministry's own, before anybody complained.
fn the_wrong_figure_was_told(weekend: &Weekend) {
    let case = weekend.case("misreporting", "ministry");
    let truth = &weekend.truth["misreporting"];
    let (wrong, right) = (&truth["wrong_figure"], &truth["right_figure"]);
    let reports = weekend.archive.mentions.values();
    let reports: Vec<_> = reports
        .filter(|mention| !mention.differs.is_empty())
        .collect();
    assert!(
        (3..=8).contains(&reports.len()),
        "{} reports",
        reports.len()
    );
    for differs in reports.iter().flat_map(|mention| &mention.differs) {
        assert_eq!(Some(differs.theirs.as_str()), wrong.as_str());
        assert_eq!(Some(differs.ours.as_str()), right.as_str());
    }
    let first = reports
        .iter()
        .map(|mention| mention.collected)
        .min()
        .unwrap();
    // The first report of all was corrected later, and differs no more.
    assert!(case.opened <= first);
}

/// What is not found is `unclear`; the bounds are a little below what was reached.
fn stances_are_better_than_guessing(weekend: &Weekend) {
    let figures = [
        ("/critical", Stance::Critical, Stance::Supportive),
        ("/supportive", Stance::Supportive, Stance::Critical),
    ];
    for (path, right, wrong) in figures {
        let (right, wrong) = (weekend.share(path, right), weekend.share(path, wrong));
        println!(
            "{path}: {:.0} % right, {:.0} % the other way",
            right * 100.0,
            wrong * 100.0
        );
        assert!(right >= 0.5, "{path}: only {right:.2} found");
        assert!(wrong <= 0.06, "{path}: {wrong:.2} the other way");
    }
}

fn what_was_taken_back_is_in_no_file(weekend: &Weekend, dir: &Path) {
    let mut words: Vec<&str> = Vec::new();
    for (path, key) in [("/deleted", "word"), ("/edited", "old_word")] {
        let list = weekend
            .truth
            .pointer(path)
            .and_then(Value::as_array)
            .unwrap();
        words.extend(list.iter().filter_map(|entry| entry[key].as_str()));
    }
    words.extend(weekend.truth["delete_first"]["word"].as_str());
    assert!(words.len() >= 4, "{words:?}");
    for word in words {
        assert_absent(dir, word);
    }
}

fn nobody_is_named(weekend: &Weekend, dir: &Path) {
    let handles = weekend.truth["private_handles"].as_array().unwrap();
    let telling: Vec<&str> = handles
        .iter()
        .filter_map(Value::as_str)
        .filter(|handle| handle.len() >= 10 && handle.contains('.'))
        .collect();
    assert!(
        telling.len() > 100,
        "only {} handles to look for",
        telling.len()
    );
    // One pass over all files for all handles: the bytes are read once.
    for path in super::sweep::files(dir) {
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        for handle in &telling {
            assert!(
                !text.contains(&handle.to_lowercase()),
                "{handle} is in {}",
                path.display()
            );
        }
    }
}
