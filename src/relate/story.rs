//! A story in figures: who says it and since when, how fast it grows, who asks and who denies. Pure.

use super::sign::Sign;
use crate::model::{Reach, StoryFigures};
use jiff::Timestamp;
use rustc_hash::FxHashSet;

/// Members from which a story has a speed.
const GROWING: usize = 4;

/// One mention of a story, or one that answers it.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub sign: &'a Sign,
    /// Of its words, equal for copies.
    pub words: u64,
    /// Answers a mention of the story, and does not say it.
    pub answers: bool,
}

/// The figures of a story. Who stands there first or last changes nothing.
pub fn figures<'a>(parts: impl Iterator<Item = Part<'a>>) -> StoryFigures {
    let mut seen = Seen::default();
    parts.for_each(|part| seen.take(part));
    seen.figures()
}

#[derive(Default)]
struct Seen {
    mentions: u32,
    replies: u32,
    unnamed: u32,
    speakers: FxHashSet<u64>,
    words: FxHashSet<u64>,
    platforms: FxHashSet<u64>,
    asking: Speakers,
    denying: Speakers,
    hearsay: Speakers,
    doubting: Speakers,
    voices: FxHashSet<u64>,
    times: Vec<Timestamp>,
    factual: f64,
    judged: u32,
    official: bool,
    reach: Option<Reach>,
}

/// Different ones in different words: whoever copies a doubt does not doubt. Whoever is not named
/// counts for himself.
#[derive(Default)]
struct Speakers {
    named: FxHashSet<u64>,
    unnamed: u32,
    words: FxHashSet<u64>,
}

impl Speakers {
    fn take(&mut self, (speaker, words): (Option<u64>, u64)) {
        self.words.insert(words);
        match speaker {
            Some(speaker) => {
                self.named.insert(speaker);
            }
            None => self.unnamed += 1,
        }
    }

    fn count(&self) -> u32 {
        (count(&self.named) + self.unnamed).min(count(&self.words))
    }
}

impl Seen {
    fn take(&mut self, part: Part<'_>) {
        let sign = part.sign;
        if sign.asks {
            self.asking.take((sign.speaker, part.words));
        }
        if sign.denies {
            self.denying.take((sign.speaker, part.words));
        }
        if sign.hearsay {
            self.hearsay.take((sign.speaker, part.words));
        }
        if sign.asks || sign.denies || sign.hearsay {
            self.doubting.take((sign.speaker, part.words));
        }
        self.times.push(sign.published);
        if part.answers {
            self.replies += 1;
            return;
        }
        self.mentions += 1;
        self.words.insert(part.words);
        self.platforms.insert(sign.platform);
        match sign.speaker {
            Some(speaker) => {
                self.speakers.insert(speaker);
                if sign.voice {
                    self.voices.insert(speaker);
                }
            }
            None => self.unnamed += 1,
        }
        if let Some(factual) = sign.factual {
            self.factual += f64::from(factual);
            self.judged += 1;
        }
        self.official |= sign.official;
        self.reach = self.reach.max(sign.reach);
    }

    fn figures(mut self) -> StoryFigures {
        self.times.sort_unstable();
        let speakers = count(&self.speakers) + self.unnamed;
        StoryFigures {
            mentions: self.mentions,
            replies: self.replies,
            speakers,
            independent: speakers.min(count(&self.words)),
            platforms: count(&self.platforms),
            first: self.times.first().copied().unwrap_or_default(),
            latest: self.times.last().copied().unwrap_or_default(),
            doubled_minutes: doubled(&self.times),
            asking: self.asking.count(),
            denying: self.denying.count(),
            hearsay: self.hearsay.count(),
            doubting: self.doubting.count(),
            factual: match self.judged {
                // Of a model that cannot tell, nothing is known either way.
                0 => 0.5,
                judged => (self.factual / f64::from(judged)) as f32,
            },
            voices: count(&self.voices),
            official: self.official,
            reach: self.reach,
            known: 0.0,
        }
    }
}

/// The time in which the younger half of them came, in whole minutes.
fn doubled(sorted: &[Timestamp]) -> Option<u32> {
    let middle = sorted
        .get(sorted.len() / 2)
        .filter(|_| sorted.len() >= GROWING)?;
    let minutes = sorted.last()?.duration_since(*middle).as_mins();
    u32::try_from(minutes).ok()
}

fn count(set: &FxHashSet<u64>) -> u32 {
    u32::try_from(set.len()).unwrap_or(u32::MAX)
}
