//! When a story is weighed, and over whom: its mentions, and those that answer them. Pure.

use super::rumour::weigh;
use super::story::{Part, figures};
use super::{Stories, Told};
use crate::model::{StoryFigures, StoryWeight};
use jiff::Timestamp;

/// Parts from which a story is one.
const LEAST_PARTS: usize = 3;
/// Up to this every further part is looked at; beyond it sixteen times until they have doubled, so
/// that a flood costs no more than a few looks at all of it.
const ALWAYS: usize = 32;
/// Answers to answers are followed so deep.
const MAX_DEPTH: usize = 8;
/// Flagged stories that a new one is held beside, and how alike their beginnings are then.
const MOST_BESIDE: usize = 100;
const BESIDE: f32 = 0.15;
/// Answers that are looked at of one story.
const MAX_ANSWERS: usize = 5_000;

impl Stories {
    /// Weighs the story that a mention came into, else the one that it answers, where that is due.
    pub(super) fn weigh_after(
        &mut self,
        told: &Told<'_>,
        story: i64,
        merged: bool,
    ) -> Option<StoryWeight> {
        let asked = self.asked_of(told).unwrap_or(story);
        let parts = self.parts(asked);
        if parts.len() < LEAST_PARTS || !(merged || is_due(parts.len())) {
            return None;
        }
        Some(self.weigh_parts(asked, &parts, told.collected))
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

    /// The story that an answer is about in the end; none of what answers nothing that is here.
    fn asked_of(&self, told: &Told<'_>) -> Option<i64> {
        let mut parent = told.sign.reply_to;
        let mut story = None;
        for _ in 0..MAX_DEPTH {
            let Some(slot) = parent.and_then(|key| self.by_key.get(&key)) else {
                break;
            };
            let member = self.member(*slot)?;
            story = Some(member.story);
            parent = member.sign.reply_to;
        }
        story
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

/// Whether a story of so many parts is looked at.
fn is_due(parts: usize) -> bool {
    parts <= ALWAYS || parts.is_multiple_of(1 << (parts.ilog2() - 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_looked_at_seldom_and_never_forgotten() {
        let looks = |parts: std::ops::Range<usize>| parts.filter(|n| is_due(*n)).count();
        assert_eq!(looks(1..33), 32);
        for size in [64, 1_024, 65_536] {
            assert_eq!(looks(size..2 * size), 16);
        }
    }
}
