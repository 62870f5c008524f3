//! What is known of a story, and by what it is weighed.

use super::Reach;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a statement does beside having a stance. Weak by itself: only stories are weighed by it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Says {
    /// Probability that it claims a fact that somebody could check; none of a model that cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factual: Option<f32>,
    /// Probability that it asks, as an answer to another one, whether that one is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<f32>,
    /// Probability that it denies what it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denies: Option<f32>,
    /// The first phrase by which it tells something as hearsay ("angeblich", "hab gehört").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hearsay: Option<String>,
}

impl Says {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a mention belongs: its story, and those that turned out to be the same one.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    pub story: i64,
    /// Their mentions belong to `story` from now on.
    pub absorbed: Vec<i64>,
    /// The story that it is about in the end: the one that it answers, else its own.
    pub about: i64,
    /// What the mention makes of its story, or a reply of the story that it answers; none where that
    /// is not weighed at this mention.
    pub weighed: Option<StoryWeight>,
}

impl Placement {
    /// In a story that takes in no other.
    pub fn alone(story: i64) -> Self {
        Self {
            story,
            absorbed: Vec::new(),
            about: story,
            weighed: None,
        }
    }
}

/// A story in figures, over the mentions that are compared and those that answer them. Nobody's name
/// and no text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StoryFigures {
    /// Mentions that say it.
    pub mentions: u32,
    /// Mentions that answer one of these.
    pub replies: u32,
    /// Different speakers of the mentions: accounts, voices, publishers.
    pub speakers: u32,
    /// Speakers that do not only copy: shares, bridges and agency copies count once.
    pub independent: u32,
    pub platforms: u32,
    /// When the first and the latest of them were published.
    pub first: Timestamp,
    pub latest: Timestamp,
    /// In how many minutes the mentions have doubled last; none of fewer than four.
    pub doubled_minutes: Option<u32>,
    /// Different speakers, answers included, who ask whether it is true.
    pub asking: u32,
    /// … who deny or correct it.
    pub denying: u32,
    /// … who tell it as hearsay.
    pub hearsay: u32,
    /// … who do any of these.
    #[serde(default)]
    pub doubting: u32,
    /// Mean probability that a mention claims a fact, 0 to 1.
    pub factual: f32,
    /// Publications and public voices that say it.
    pub voices: u32,
    /// The largest reach of a mention of which one is stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// The ministry says it itself.
    pub official: bool,
    /// How probably it repeats an entry of the register of claims, 0 to 1.
    pub known: f32,
}

/// How much a story is worth checking, and why. Never a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoryWeight {
    pub story: i64,
    pub figures: StoryFigures,
    /// 0 to 1.
    pub score: f32,
    /// The score from which a story was flagged at that time.
    pub threshold: f32,
    /// What each figure added to the score, before it was brought between 0 and 1.
    pub parts: Vec<(String, f32)>,
    /// Name and version of the weighing.
    pub model: String,
    /// A story over its threshold that is about the same, though not one with it: editors are told
    /// of both at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<i64>,
}

impl StoryWeight {
    pub fn is_over(&self) -> bool {
        self.score >= self.threshold
    }
}
