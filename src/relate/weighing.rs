//! When a story is weighed, and over whom: its mentions, and those that answer them. Pure.

use super::rumour::weigh;
use super::story::{Part, figures};
use super::{Stories, Told};
use crate::model::{StoryFigures, StoryWeight};
use jiff::Timestamp;

/// Parts from which a story is one.
const LEAST_PARTS: usize = 3;
/// Up to this every further part is a reason to weigh. Beyond it one of so many is that a story is
/// weighed [`LOOKS`] times until it has doubled, so that a flood costs no more than a few looks at
/// all of it.
const ALWAYS: usize = 32;
const LOOKS: usize = 16;
/// Spreads what differs in its low bits only.
const MIXER: u64 = 0x9e37_79b9_7f4a_7c15;
/// Answers to answers are followed so deep.
const MAX_DEPTH: usize = 8;
/// Flagged stories that a new one is held beside, and how alike their beginnings are then.
const MOST_BESIDE: usize = 100;
const BESIDE: f32 = 0.15;
/// Answers that are looked at of one story.
const MAX_ANSWERS: usize = 5_000;

impl Stories {
    /// Weighs a story; none of too few.
    pub(super) fn weigh_now(&mut self, story: i64, at: Timestamp) -> Option<StoryWeight> {
        let parts = self.parts(story);
        (parts.len() >= LEAST_PARTS).then(|| self.weigh_parts(story, &parts, at))
    }

    /// A story of the store, as it was weighed last.
    pub fn restore_weight(&mut self, story: i64, peak: f32, at: Timestamp) {
        self.ranking.note(story, peak, at);
    }

    fn weigh_parts(&mut self, story: i64, parts: &[(u32, bool)], at: Timestamp) -> StoryWeight {
        let figures = self.figures(parts);
        let scored = weigh(story, figures, self.ranking.threshold());
        self.ranking.note(story, scored.score, at);
        let threshold = self.ranking.threshold();
        let over = scored.score >= threshold;
        StoryWeight {
            threshold,
            beside: over.then(|| self.beside(story)).flatten(),
            ..scored
        }
    }

    /// The flagged story that begins most alike, among the latest.
    fn beside(&self, story: i64) -> Option<i64> {
        let over = self.ranking.over(MOST_BESIDE).into_iter();
        let others = over.filter(|other| *other != story);
        let alike = others.map(|other| (self.repeats.alike(story, other), other));
        let nearest = alike.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
        (nearest.0 >= BESIDE).then_some(nearest.1)
    }

    fn figures(&self, parts: &[(u32, bool)]) -> StoryFigures {
        let members = parts
            .iter()
            .filter_map(|(slot, answers)| Some((self.member(*slot)?, *answers)));
        let known = members.clone().filter(|(_, answers)| !answers);
        let known = known.map(|(member, _)| member.known).fold(0.0, f32::max);
        let parts = members.map(|(member, answers)| Part {
            sign: &member.sign,
            words: member.words,
            answers,
        });
        StoryFigures {
            known,
            ..figures(parts)
        }
    }

    /// The story that an answer is about in the end, and how many answer what it answers; none of
    /// what answers nothing that is here.
    pub(super) fn asked_of(&self, told: &Told<'_>) -> Option<(i64, usize)> {
        let mut parent = told.sign.reply_to;
        let mut story = None;
        let mut answers = 0;
        for _ in 0..MAX_DEPTH {
            let Some(slot) = parent.and_then(|key| self.by_key.get(&key)) else {
                break;
            };
            let member = self.member(*slot)?;
            story = Some(member.story);
            answers += self.answers.get(&member.key).map_or(0, Vec::len);
            parent = member.sign.reply_to;
        }
        story.map(|story| (story, answers))
    }

    /// The members of a story, and whoever answers them (true), each once.
    fn parts(&self, story: i64) -> Vec<(u32, bool)> {
        let members = self.gathered.slots(story);
        let mut parts: Vec<(u32, bool)> = members.map(|slot| (slot, false)).collect();
        if self.answers.is_empty() {
            return parts;
        }
        let said = parts.len();
        let mut from = 0;
        for _ in 0..MAX_DEPTH {
            let to = parts.len();
            for at in from..to {
                let Some(member) = parts.get(at).and_then(|(slot, _)| self.member(*slot)) else {
                    continue;
                };
                let answers = self.answers.get(&member.key).into_iter().flatten();
                // A copy that answers another copy says it, too.
                let others = answers.filter(|slot| {
                    let answer = self.member(**slot);
                    answer.is_some_and(|answer| answer.story != story)
                });
                let room = MAX_ANSWERS.saturating_sub(parts.len() - said);
                let others: Vec<(u32, bool)> =
                    others.take(room).map(|slot| (*slot, true)).collect();
                parts.extend(others);
            }
            if parts.len() == to {
                break;
            }
            from = to;
        }
        parts
    }
}

/// Whether a mention is a reason to weigh a story of so many, or that so many joined it. What the
/// mention is decides, and nothing that was counted before: it is the same in every house, and after
/// a restart.
pub fn is_due(size: usize, joined: usize, (words, published): (u64, Timestamp)) -> bool {
    if size <= ALWAYS || joined >= size / LOOKS {
        return true;
    }
    let one_of = (1 << size.ilog2()) / LOOKS as u64;
    let drawn = (words ^ published.as_millisecond().cast_unsigned()).wrapping_mul(MIXER);
    (drawn >> 32).is_multiple_of(one_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_looked_at_seldom_and_never_forgotten() {
        let at = |number: usize| Timestamp::from_second(number as i64 * 7).unwrap();
        let looks =
            |sizes: std::ops::Range<usize>| sizes.filter(|n| is_due(*n, 0, (17, at(*n)))).count();
        assert_eq!(looks(0..33), 33);
        for size in [64, 1_024, 65_536] {
            let looks = looks(size..2 * size);
            assert!((8..=32).contains(&looks), "{looks} of {size}");
        }
    }
}
