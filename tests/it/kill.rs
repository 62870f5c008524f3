//! Kill safety: the house is killed at random moments while it collects, again and again on the same
//! directory. Afterwards it holds exactly what a house that nobody killed holds: no mention missing
//! or doubled, the same cases, every mail sent under its one Message-ID, the index equal to the store.

use super::archive::{Archive, demo, resonanz};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const KILLS: usize = 200;
/// The weekend in about half a minute of life, so that kills land everywhere in it.
const SPEED: &str = "9000";

/// A small generator of numbers, so that a seed tells a run again.
struct Random(u64);

impl Random {
    fn seeded() -> Self {
        let given = std::env::var("KILL_SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = given
            .unwrap_or_else(|| u64::from(std::process::id()).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        println!("KILL_SEED={seed}");
        Self(seed | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What must be the same however often the house was killed.
#[derive(Debug, PartialEq)]
struct Told {
    mentions: Vec<(String, String, String)>,
    cases: Vec<(String, String, String)>,
    mails: Vec<(String, String, Vec<i64>)>,
    files: Vec<String>,
}

async fn told(dir: &Path) -> Told {
    let archive = Archive::read(dir).await;
    let mut mentions: Vec<_> = archive
        .mentions
        .values()
        .map(|mention| {
            let labels = serde_json::to_string(&mention.labels).unwrap();
            (mention.text.clone(), mention.collected.to_string(), labels)
        })
        .collect();
    mentions.sort();
    let case = |case: &resonanz::store::Case| {
        (
            case.rule.clone(),
            case.watch.clone(),
            case.opened.to_string(),
        )
    };
    let mut files: Vec<String> = std::fs::read_dir(dir.join("mail/new"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    Told {
        mentions,
        cases: archive.cases.iter().map(case).collect(),
        mails: archive
            .mails
            .iter()
            .map(|mail| {
                (
                    mail.message_id.clone(),
                    mail.state.clone(),
                    mail.mention_ids.clone(),
                )
            })
            .collect(),
        files,
    }
}

/// Lets a house live for a while. True where it came to its end before that.
fn live(dir: &Path, life: Duration) -> bool {
    let mut arguments = demo(dir);
    arguments.extend(["--speed", SPEED]);
    let mut child = resonanz(&arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while start.elapsed() < life {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "the house ended with {status}");
            return true;
        }
        // A nap between two looks at the child; nothing is asserted about time.
        std::thread::park_timeout(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    false
}

fn finish(dir: &Path) {
    let status = resonanz(&demo(dir)).stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "the house ended with {status}");
}

#[tokio::test]
async fn a_killed_house_tells_the_same_as_one_that_lived() {
    let mut random = Random::seeded();
    let calm = tempfile::tempdir().unwrap();
    finish(calm.path());
    let expected = told(calm.path()).await;
    assert!(expected.mentions.len() > 500 && !expected.mails.is_empty());

    let (mut kills, mut weekends) = (0, 0);
    while kills < KILLS {
        let dir = tempfile::tempdir().unwrap();
        let mut ended = false;
        while kills < KILLS && !ended {
            ended = live(dir.path(), Duration::from_millis(5 + random.below(300)));
            kills += usize::from(!ended);
        }
        finish(dir.path());
        assert_eq!(told(dir.path()).await, expected, "after {kills} kills");
        weekends += 1;
    }
    println!("{kills} kills in {weekends} weekends");
}
