//! What criticism alone does: each opinion shared by several people, on several platforms, in an hour.

use super::stream::{House, key};
use crate::model::{Item, Kind, RawAuthor};
use crate::relate::{Stories, Told};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

const OPINIONS: &str = include_str!("opinion.jsonl");
/// People who share each opinion.
const SHARES: u32 = 12;

#[derive(Deserialize)]
struct Opinion {
    text: String,
    lang: String,
}

/// How many opinions were flagged.
#[derive(Debug, Clone, Serialize)]
pub struct Opinions {
    pub opinions: u32,
    pub flagged: u32,
    /// Their words.
    pub wrongly: Vec<String>,
}

/// Looks at every opinion for itself, with the threshold of the first days.
pub fn run(house: &House<'_>) -> anyhow::Result<Opinions> {
    let start: Timestamp = "2026-09-01T00:00:00Z".parse()?;
    let mut found = Opinions {
        opinions: 0,
        flagged: 0,
        wrongly: Vec::new(),
    };
    for line in OPINIONS.lines() {
        let opinion: Opinion = serde_json::from_str(line)?;
        let mut stories = Stories::new(&house.relate, 1);
        let mut flagged = false;
        for share in 0..SHARES {
            let at = start + SignedDuration::from_mins(i64::from(share) * 5);
            let platform = ["x", "mastodon", "bluesky"][share as usize % 3];
            let mut item = Item::new(platform, share.to_string(), Kind::Post);
            item.text.clone_from(&opinion.text);
            item.lang = Some(opinion.lang.clone());
            item.published = Some(at);
            item.author = Some(RawAuthor {
                id: share.to_string(),
                handle: None,
                name: None,
            });
            let (mut mention, labels) = house.labelled(item, at)?;
            mention.key = key(share as usize);
            // Opinions below eight words are nobody's copies; here they are looked at all the same.
            mention.text = padded(&mention.text);
            let placed = stories.place(&Told::new(&mention, &labels, 0.0));
            flagged |= placed.weighed.is_some_and(|weight| weight.is_over());
        }
        found.opinions += 1;
        if flagged {
            found.flagged += 1;
            found.wrongly.push(opinion.text);
        }
    }
    Ok(found)
}

fn padded(text: &str) -> String {
    let words = text.split_whitespace().count();
    let missing = crate::relate::MIN_WORDS.saturating_sub(words) + 2;
    format!("{text} {}", "so sehe ich es ".repeat(missing))
}
