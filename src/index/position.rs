//! How far the index has followed the store, and which partitions belong to it.
//!
//! Written after every partition of a batch is durable, so it lags and never leads: what lies
//! between it and a partition is applied again, which changes nothing.

use super::files;
use super::week::Week;
use crate::privacy::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

const NAME: &str = "position";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    /// Every change up to this sequence number is in the index.
    pub(super) seq: i64,
    /// The partitions that hold mentions. A directory that is not among them is a crash's remnant;
    /// one that is missing was lost.
    pub(super) weeks: BTreeSet<Week>,
    /// Partitions that are not there, to be made again from the store.
    pub(super) broken: BTreeSet<Week>,
    /// Partitions that somebody wants made again; those that are there serve until then.
    pub(super) renew: BTreeSet<Week>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: String,
    seq: i64,
    weeks: Vec<String>,
    broken: Vec<String>,
    #[serde(default)]
    renew: Vec<String>,
    /// Of all the above: a digit that has turned must not make the index skip a change.
    #[serde(default)]
    sum: String,
}

impl Written {
    fn sum(&self) -> String {
        let Self {
            schema,
            seq,
            weeks,
            broken,
            renew,
            sum: _,
        } = self;
        let told = format!("{schema} {seq} {weeks:?} {broken:?} {renew:?}");
        hex(&Sha256::digest(told))
    }
}

impl Position {
    pub(super) fn start() -> Self {
        Self {
            seq: 0,
            weeks: BTreeSet::new(),
            broken: BTreeSet::new(),
            renew: BTreeSet::new(),
        }
    }

    /// Reads it back. `None` where there is none, it cannot be understood, or it belongs to
    /// another schema: then the index has to be made again.
    pub(super) fn load(root: &Path, schema: &str) -> io::Result<Option<Self>> {
        let text = match std::fs::read(root.join(NAME)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Ok(written) = serde_json::from_slice::<Written>(&text) else {
            return Ok(None);
        };
        if written.schema != schema || written.sum != written.sum() {
            return Ok(None);
        }
        let lists = (
            parse(&written.weeks),
            parse(&written.broken),
            parse(&written.renew),
        );
        let (Some(weeks), Some(broken), Some(renew)) = lists else {
            return Ok(None);
        };
        Ok(Some(Self {
            seq: written.seq,
            weeks,
            broken,
            renew,
        }))
    }

    pub(super) fn save(&self, root: &Path, schema: &str) -> io::Result<()> {
        let mut written = Written {
            schema: schema.to_owned(),
            seq: self.seq,
            weeks: self.weeks.iter().map(Week::to_string).collect(),
            broken: self.broken.iter().map(Week::to_string).collect(),
            renew: self.renew.iter().map(Week::to_string).collect(),
            sum: String::new(),
        };
        written.sum = written.sum();
        files::replace(&root.join(NAME), &serde_json::to_vec(&written)?)
    }
}

fn parse(names: &[String]) -> Option<BTreeSet<Week>> {
    names.iter().map(|name| Week::parse(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_written() {
        let dir = tempfile::tempdir().unwrap();
        let position = Position {
            seq: 42,
            weeks: ["2026-W47", "2026-W48"]
                .iter()
                .filter_map(|name| Week::parse(name))
                .collect(),
            broken: BTreeSet::new(),
            renew: Week::parse("2026-W47").into_iter().collect(),
        };
        position.save(dir.path(), "a").unwrap();
        assert_eq!(Position::load(dir.path(), "a").unwrap(), Some(position));
        assert_eq!(Position::load(dir.path(), "another").unwrap(), None);
    }

    #[test]
    fn a_turned_bit_anywhere_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        Position::start().save(dir.path(), "a").unwrap();
        let whole = std::fs::read(dir.path().join(NAME)).unwrap();
        for at in 0..whole.len() * 8 {
            let mut turned = whole.clone();
            turned[at / 8] ^= 1 << (at % 8);
            std::fs::write(dir.path().join(NAME), &turned).unwrap();
            assert_eq!(Position::load(dir.path(), "a").unwrap(), None, "bit {at}");
        }
    }

    #[test]
    fn absent_or_damaged_is_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Position::load(dir.path(), "a").unwrap(), None);
        for damaged in [
            "",
            "{}",
            "\u{0}\u{0}",
            r#"{"schema":"a","seq":1,"weeks":["x"],"broken":[]}"#,
        ] {
            std::fs::write(dir.path().join(NAME), damaged).unwrap();
            assert_eq!(
                Position::load(dir.path(), "a").unwrap(),
                None,
                "{damaged:?}"
            );
        }
    }
}
