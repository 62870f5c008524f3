//! Recorded bytes: what the line adapters make of them, whole, cut and spoilt.

use crate::fixtures::{cases, check_folder, input, read};
use resonanz::collect::Recorded;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::PathBuf;

#[test]
fn bluesky_fixtures() {
    check_folder(Recorded::Bluesky, "bluesky");
}

#[test]
fn bluesky_search_fixtures() {
    check_folder(Recorded::BlueskySearch, "bluesky-search");
}

#[test]
fn mastodon_fixtures() {
    check_folder(Recorded::Mastodon, "mastodon");
}

#[test]
fn replay_fixtures() {
    check_folder(Recorded::Replay, "replay");
}

/// A small generator, so that a failure comes again: xorshift64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    /// One spoilt copy: a byte turned, cut out, doubled, or a piece of the frame repeated.
    fn spoil(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut spoilt = frame.to_vec();
        for _ in 0..=self.roll(4) {
            if spoilt.is_empty() {
                break;
            }
            let at = self.roll(spoilt.len());
            match self.roll(5) {
                0 => spoilt[at] = self.roll(256) as u8,
                1 => spoilt[at] ^= 1 << self.roll(8),
                2 => drop(spoilt.remove(at)),
                3 => spoilt.insert(at, b"{}[]\",:0e-\\\xff"[self.roll(12)]),
                _ => {
                    let end = (at + self.roll(40)).min(spoilt.len());
                    let piece = spoilt[at..end].to_vec();
                    spoilt.splice(at..at, piece);
                }
            }
        }
        spoilt
    }
}

/// Every beginning of a frame and many spoilt copies: nothing panics, and every line that comes
/// out is one that an import reads.
fn torment(kind: Recorded, frame: &[u8], copies: usize, dice: &mut Dice) {
    for end in 0..frame.len() {
        read(kind, &frame[..end]);
    }
    for _ in 0..copies {
        for line in read(kind, &dice.spoil(frame)) {
            if !line.starts_with("refused: ") {
                let again = read(Recorded::Replay, line.as_bytes());
                assert_eq!(again, [line]);
            }
        }
    }
}

#[test]
fn cut_and_spoilt_fixtures_panic_nowhere() {
    let mut dice = Dice(20_261_123);
    for (kind, source) in [
        (Recorded::Bluesky, "bluesky"),
        (Recorded::BlueskySearch, "bluesky-search"),
        (Recorded::Mastodon, "mastodon"),
        (Recorded::Replay, "replay"),
        (Recorded::X, "x"),
        (Recorded::X, "x_compliance"),
    ] {
        for case in cases(source) {
            for frame in input(&case).split(|byte| *byte == b'\n') {
                torment(kind, frame, 2000, &mut dice);
            }
        }
    }
}

/// Real payloads, which are not copied into the project. Says so aloud where they are not there.
fn real_frames() -> Option<Vec<u8>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("RESONANZ_SHARED").map_or(here, PathBuf::from);
    let file = data.join("payloads/jetstream/v1-frames.jsonl");
    match std::fs::read(&file) {
        Ok(frames) => Some(frames),
        Err(error) => {
            let told = format!(
                "SKIPPED: real Jetstream frames ({}: {error})\n",
                file.display()
            );
            std::io::stderr().write_all(told.as_bytes()).unwrap();
            None
        }
    }
}

/// Statuses in recordings of a real Mastodon: YAML folds its long lines.
fn real_statuses() -> Vec<String> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("RESONANZ_SHARED").map_or(here, PathBuf::from);
    let mut statuses = Vec::new();
    for name in ["test_hashtag_tl.yaml", "test_stream_user_local.yaml"] {
        let file = data.join("payloads/mastodon").join(name);
        let Ok(recording) = std::fs::read_to_string(&file) else {
            crate::skipped::skipped(&format!("real statuses ({} is not there)", file.display()));
            continue;
        };
        for body in recording.split("string: '").skip(1) {
            let body = body.split("'\n    headers").next().unwrap();
            let lines: Vec<&str> = body.lines().map(str::trim).collect();
            let text = lines.join(" ").replace("''", "'");
            statuses.extend(match serde_json::from_str(&text) {
                Ok(serde_json::Value::Array(list)) => list,
                Ok(one) => vec![one],
                Err(_) => vec![],
            });
        }
    }
    let is_status = |value: &serde_json::Value| value.get("visibility").is_some();
    let told = |status: serde_json::Value| {
        let payload = status.to_string();
        serde_json::json!({"stream": ["public"], "event": "update", "payload": payload}).to_string()
    };
    statuses.into_iter().filter(is_status).map(told).collect()
}

#[test]
fn real_statuses_are_read_and_their_accounts_obeyed() {
    for told in real_statuses() {
        let no = r#"\"indexable\":false"#;
        let is_out = told.contains(no);
        let lines = read(Recorded::Mastodon, told.as_bytes());
        assert_eq!(lines.is_empty(), is_out, "{lines:?}");
        let willing = told.replace(no, r#"\"indexable\":true"#);
        let lines = read(Recorded::Mastodon, willing.as_bytes());
        assert!(
            lines.len() == 1 && !lines[0].starts_with("refused"),
            "{lines:?}"
        );
    }
}

#[test]
fn real_frames_are_read_as_ever() {
    let Some(frames) = real_frames() else { return };
    let lines = read(Recorded::Bluesky, &frames);
    let count = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    let summary = format!(
        "frames {}, items {}, replies {}, deletions {}, refused {}, sha256 {:.16}",
        frames
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .count(),
        count("\"kind\":"),
        count("\"kind\":\"reply\""),
        count("{\"delete\":"),
        count("refused: "),
        Sha256::digest(lines.join("\n"))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
    );
    insta::assert_snapshot!(summary, @"frames 40, items 3, replies 1, deletions 0, refused 0, sha256 4474e560915cf495");
}

#[test]
fn cut_and_spoilt_real_frames_panic_nowhere() {
    let Some(frames) = real_frames() else { return };
    let mut dice = Dice(7);
    for frame in frames.split(|byte| *byte == b'\n') {
        torment(Recorded::Bluesky, frame, 2000, &mut dice);
    }
}

#[test]
fn a_huge_line_is_refused_and_the_next_one_read() {
    for kind in [Recorded::Bluesky, Recorded::Mastodon, Recorded::Replay] {
        let mut bytes = vec![b'x'; 3 * 1024 * 1024];
        bytes.extend_from_slice(b"\n{\n");
        let lines = read(kind, &bytes);
        assert_eq!(lines.len(), 2, "{kind:?}");
        assert!(
            lines[0].starts_with("refused: too_large: line 1:"),
            "{kind:?}: {}",
            lines[0]
        );
        assert!(
            lines[1].starts_with("refused: malformed: line 2:"),
            "{kind:?}: {}",
            lines[1]
        );
    }
}
