//! Replay under the supervisor: from a file, from memory, and at which pace.

use crate::supervise::{Running, at, fast};
use resonanz::clock::Clock;
use resonanz::collect::replay::{Replay, ReplayConfig, ReplayPace};
use resonanz::collect::source::Event;
use resonanz::collect::supervise::{Delivery, Outcome};
use resonanz::model::{Change, Item};

const LINES: &str = r#"{"source":"test","id":"1","kind":"post","published":"2026-11-20T06:00:00Z","text":"eins"}

not a line
{"source":"test","id":"2","kind":"post","published":"2026-11-20T06:30:00Z","text":"zwei"}
{"delete":{"source":"test","id":"1","at":"2026-11-20T07:00:00Z"}}"#;

fn told(delivery: &Delivery) -> String {
    match &delivery.outcome {
        Outcome::Event(Event::Change(Change::Upsert(item))) => Item::clone(item).text,
        Outcome::Event(Event::Change(Change::Delete(deletion))) => {
            format!("delete {}", deletion.id)
        }
        Outcome::Event(Event::Rejected(rejection)) => rejection.to_string(),
        Outcome::Finished => "finished".to_owned(),
        other => format!("{other:?}"),
    }
}

async fn all(running: &mut Running) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(delivery) = running.deliveries.recv().await {
        lines.push(told(&delivery));
    }
    lines
}

const TOLD: [&str; 5] = [
    "eins",
    "malformed: line 3: no JSON object: Syntax error at column 2",
    "zwei",
    "delete 1",
    "finished",
];

#[tokio::test]
async fn an_import_reads_past_a_bad_line_and_starts_anew_each_time() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), LINES).unwrap();
    let mut resume = None;
    for _ in 0..2 {
        let import = Box::new(Replay::import("import", file.path()).unwrap());
        let mut running = Running::of(import, resume.take(), fast(), Clock::system(), 8);
        let first = running.next().await;
        assert!(first.backfill);
        assert_eq!(told(&first), TOLD[0]);
        resume = first.cursor;
        assert_eq!(all(&mut running).await, TOLD[1..]);
        running.ends().await;
    }
    let missing = Replay::import("import", std::path::Path::new("/does/not/exist")).unwrap_err();
    assert!(missing.to_string().starts_with("/does/not/exist: "));
}

#[tokio::test]
async fn a_configured_replay_goes_on_at_its_cursor_and_begins_anew_where_the_file_is_shorter() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), LINES).unwrap();
    let config = serde_json::json!({"path": file.path(), "pace": "as_fast_as_possible"});
    let config = serde_json::from_value(config).unwrap();
    let start = |resume| {
        let replay = Box::new(Replay::new("replay", &config).unwrap());
        Running::of(replay, resume, fast(), Clock::system(), 8)
    };
    let mut running = start(None);
    let first = running.next().await;
    let second = running.next().await;
    assert_eq!(told(&second), TOLD[1]);
    running.stops().await;

    let mut running = start(second.cursor.clone());
    assert_eq!(all(&mut running).await, TOLD[2..]);
    running.ends().await;

    std::fs::write(file.path(), LINES.lines().next().unwrap()).unwrap();
    let mut running = start(second.cursor);
    assert_eq!(all(&mut running).await, ["eins", "finished"]);
    assert_eq!(told(&first), "eins");
    running.ends().await;
}

#[tokio::test]
async fn the_demo_runs_on_the_clock_of_its_posts() {
    let replay = Box::new(Replay::live_from_memory("demo", LINES.as_bytes()));
    let clock = Clock::simulated(at(-60));
    let mut running = Running::of(replay, None, fast(), clock.clone(), 8);
    let first = running.next().await;
    assert_eq!((first.collected, first.backfill), (at(0), false));
    assert_eq!(all(&mut running).await, TOLD[1..]);
    assert_eq!(clock.now(), at(60));
    running.ends().await;
}

#[test]
fn a_pace_is_a_name_or_a_number_and_nothing_else() {
    let pace = |value: serde_json::Value| {
        let config = serde_json::json!({"path": "x", "pace": value});
        serde_json::from_value::<ReplayConfig>(config).map(|config| config.pace)
    };
    assert_eq!(pace("original".into()).unwrap(), ReplayPace::Original);
    assert_eq!(
        pace("as_fast_as_possible".into()).unwrap(),
        ReplayPace::AsFastAsPossible
    );
    assert_eq!(pace(60.into()).unwrap(), ReplayPace::Times(60.0));
    assert_eq!(pace("2.5".into()).unwrap(), ReplayPace::Times(2.5));
    for wrong in ["schnell", "0", "-1", "NaN", "inf"] {
        let error = pace(wrong.into()).unwrap_err().to_string();
        assert!(error.contains("as_fast_as_possible"), "{error}");
    }
}
