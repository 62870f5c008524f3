//! Frames of the network: our way from the bytes to the matches, and what merely parsing them costs.

use divan::black_box;
use resonanz::cli::bench::engine::Engine;
use resonanz::cli::bench::measure::Pairs;
use resonanz::collect::bluesky::{Said, adapt};
use resonanz::model::{Change, Item, Mention};
use resonanz::normalise::{Context, Draft};
use serde::Deserialize;
use std::borrow::Cow;

/// The core of a frame, as little as anybody could want of it.
#[derive(Deserialize)]
#[expect(dead_code, reason = "filling the fields is what is measured")]
pub struct Core<'a> {
    pub did: &'a str,
    pub time_us: u64,
    pub kind: &'a str,
    #[serde(borrow)]
    pub commit: Option<Commit<'a>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "filling the fields is what is measured")]
pub struct Commit<'a> {
    pub operation: &'a str,
    pub collection: &'a str,
    pub rkey: &'a str,
    #[serde(borrow)]
    pub record: Option<Record<'a>>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "filling the fields is what is measured")]
pub struct Record<'a> {
    #[serde(borrow, default)]
    pub text: Option<Cow<'a, str>>,
    #[serde(rename = "createdAt", default)]
    pub created_at: Option<&'a str>,
    #[serde(borrow, default)]
    pub langs: Option<Vec<&'a str>>,
}

/// `serde_json` over all frames; counts those with a text.
pub fn merely_parse(frames: &[Vec<u8>]) -> Pairs {
    let mut pairs = Pairs::default();
    for frame in frames {
        let Ok(core) = serde_json::from_slice::<Core<'_>>(frame) else {
            continue;
        };
        let core = black_box(core);
        let text = core.commit.and_then(|commit| commit.record?.text);
        pairs.count += u64::from(text.is_some());
    }
    pairs
}

/// The items of all frames, as the collector reads them.
fn items(frames: &[Vec<u8>]) -> impl Iterator<Item = Item> {
    frames.iter().flat_map(|frame| {
        let changes = match adapt(frame) {
            Ok(Said::Event { changes, .. }) => changes,
            _ => Vec::new(),
        };
        changes.into_iter().filter_map(|change| match change {
            Change::Upsert(item) => Some(*item),
            _ => None,
        })
    })
}

/// Reading, folding, cutting into words, matching. `mention` is the vessel for all of them.
pub fn match_path(frames: &[Vec<u8>], engine: &mut Engine, mention: &mut Mention) -> Pairs {
    let mut pairs = Pairs::default();
    for (number, item) in items(frames).enumerate() {
        mention.kind = item.kind;
        mention.lang = item.lang.unwrap_or_default();
        mention.links = item.links;
        mention.text = item.text;
        pairs.add(number, engine.matches(&*mention).iter().copied());
    }
    pairs
}

/// The same with all that `normalise` does between: cleaning, masking, links, language. What matches is sealed then.
pub fn normalised_path(frames: &[Vec<u8>], engine: &mut Engine, context: &Context<'_>) -> Pairs {
    let mut pairs = Pairs::default();
    for (number, item) in items(frames).enumerate() {
        let Ok(draft) = Draft::read(item, context) else {
            continue;
        };
        pairs.add(number, engine.matches(draft.subject()).iter().copied());
    }
    pairs
}
