//! Repeats of one claim in other words: a new mention that shares enough rare words with the first
//! mention of a story belongs to it. Pure.
//!
//! Only with the first mention of each story a new one is compared, never with any of its repeats, so
//! that one story does not creep into the next. How rare a word is, the mentions of the last days say.

use crate::text::{TokenRef, Tokens, hash};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

const COMMON: &str = include_str!("common.txt");
/// Letters of a word that count: endings and the tails of compounds do not.
const STEM: usize = 7;
/// Letters of the shortest word that counts, unless it is a number.
const SHORT: usize = 4;
/// Words of a mention that count.
const MOST_WORDS: usize = 24;
/// Words of which a mention has too few to be anybody's repeat.
const LEAST_WORDS: usize = 4;
/// Rarest words by which others are looked for.
const ASKED: usize = 8;
/// A word that as many stories begin with says nothing of any.
const MOST_HEADS: usize = 400;
/// Words that two must share at least, and the share of what the shorter one says by its words.
const SHARED: usize = 2;
const NEAR: f32 = 0.33;

/// The words of a mention that count, each once.
pub type Content = Arc<[u32]>;

#[derive(Default)]
pub struct Repeats {
    common: FxHashSet<u32>,
    /// Mentions by word.
    mentions: FxHashMap<u32, u32>,
    all: u32,
    /// The latest stories that begin with a word: their numbers, ascending.
    heads: FxHashMap<u32, Vec<i64>>,
    words: FxHashMap<i64, Content>,
}

impl Repeats {
    pub fn new() -> Self {
        let mut tokens = Tokens::default();
        tokens.read(COMMON);
        let words = tokens.iter(COMMON).flat_map(|word| {
            let forms: Vec<u32> = word.forms().map(number).collect();
            forms
        });
        Self {
            common: words.collect(),
            ..Self::default()
        }
    }

    /// The words of a mention that count.
    pub fn content(&self, parts: [&str; 2], tokens: &mut Tokens) -> Content {
        let mut found: Vec<u32> = Vec::new();
        for part in parts {
            let part = &part[..part.floor_char_boundary(2_000)];
            tokens.read(part);
            for word in tokens.iter(part) {
                if found.len() == MOST_WORDS {
                    break;
                }
                if let Some(stem) = self.stem(&word)
                    && !found.contains(&stem)
                {
                    found.push(stem);
                }
            }
        }
        match found.len() < LEAST_WORDS {
            true => Content::default(),
            false => found.into(),
        }
    }

    fn stem(&self, word: &TokenRef<'_>) -> Option<u32> {
        let form = word.forms().next()?;
        let first = form.chars().next()?;
        let counts = first.is_numeric() || first.is_alphabetic() && form.len() >= SHORT;
        (counts && !self.common.contains(&number(form))).then(|| number(form))
    }

    /// Counts the words of a mention that came, or (`come` is false) went.
    pub fn count(&mut self, content: &[u32], come: bool) {
        if content.is_empty() {
            return;
        }
        self.all = if come {
            self.all + 1
        } else {
            self.all.saturating_sub(1)
        };
        for word in content {
            let mentions = self.mentions.entry(*word).or_default();
            if come {
                *mentions += 1;
            } else {
                *mentions = mentions.saturating_sub(1);
                if *mentions == 0 {
                    self.mentions.remove(word);
                }
            }
        }
    }

    /// Says by which words a story begins; none takes it out.
    pub fn head(&mut self, story: i64, content: Option<&Content>) {
        if self.words.get(&story) == content {
            return;
        }
        for word in self.words.remove(&story).unwrap_or_default().iter() {
            if let Some(stories) = self.heads.get_mut(word)
                && let Ok(place) = stories.binary_search(&story)
            {
                stories.remove(place);
                if stories.is_empty() {
                    self.heads.remove(word);
                }
            }
        }
        let Some(content) = content.filter(|content| !content.is_empty()) else {
            return;
        };
        for word in content.iter() {
            let stories = self.heads.entry(*word).or_default();
            if let Err(place) = stories.binary_search(&story) {
                stories.insert(place, story);
            }
            if stories.len() > MOST_HEADS {
                stories.remove(0);
            }
        }
        self.words.insert(story, content.clone());
    }

    /// The story that a mention repeats: the one whose beginning is nearest, of equal ones the oldest.
    pub fn nearest(&self, content: &[u32], in_time: impl Fn(i64) -> bool) -> Option<i64> {
        let mut rarest: Vec<(f32, u32)> = content
            .iter()
            .map(|word| (self.worth(*word), *word))
            .collect();
        rarest.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut shared: FxHashMap<i64, usize> = FxHashMap::default();
        for (_, word) in rarest.iter().take(ASKED) {
            let stories = self.heads.get(word).into_iter();
            for story in stories
                .filter(|stories| stories.len() < MOST_HEADS)
                .flatten()
            {
                *shared.entry(*story).or_default() += 1;
            }
        }
        let candidates = shared.into_iter().filter(|(_, words)| *words >= 2);
        let mut best: Option<(f32, i64)> = None;
        for (story, _) in candidates {
            let nearness = self.nearness(content, story);
            let better = best
                .is_none_or(|(most, first)| nearness > most || nearness == most && story < first);
            if nearness >= NEAR && better && in_time(story) {
                best = Some((nearness, story));
            }
        }
        best.map(|(_, story)| story)
    }

    /// How alike two stories begin, 0 to 1.
    pub fn alike(&self, story: i64, other: i64) -> f32 {
        let words = self.words.get(&story);
        words.map_or(0.0, |words| self.nearness(words, other))
    }

    /// The share of what the shorter one says that both say.
    fn nearness(&self, content: &[u32], story: i64) -> f32 {
        let Some(head) = self.words.get(&story) else {
            return 0.0;
        };
        let sum = |words: &[u32]| words.iter().map(|word| self.worth(*word)).sum::<f32>();
        let both: Vec<u32> = content
            .iter()
            .copied()
            .filter(|word| head.contains(word))
            .collect();
        if both.len() < SHARED {
            return 0.0;
        }
        sum(&both) / sum(content).min(sum(head)).max(f32::MIN_POSITIVE)
    }

    /// How much a word says: the rarer, the more.
    fn worth(&self, word: u32) -> f32 {
        let mentions = self.mentions.get(&word).copied().unwrap_or(0);
        libm::logf((self.all as f32 + 2_000.0) / (mentions as f32 + 1.0))
    }
}

/// A number for the beginning of a word.
fn number(form: &str) -> u32 {
    let end = form
        .char_indices()
        .nth(STEM)
        .map_or(form.len(), |(at, _)| at);
    (hash(form.get(..end).unwrap_or(form)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(repeats: &Repeats, text: &str) -> Content {
        repeats.content(["", text], &mut Tokens::default())
    }

    #[test]
    fn the_same_claim_in_other_words_is_near_and_another_one_is_not() {
        let mut repeats = Repeats::new();
        let first = of(
            &repeats,
            "Das BMI will den Digitalfunk der Behörden an einen Konzern aus Übersee verkaufen",
        );
        repeats.count(&first, true);
        repeats.head(7, Some(&first));
        let near = |text: &str| repeats.nearest(&of(&repeats, text), |_| true);
        let other = "Stimmt es, dass der Digitalfunk an einen Konzern verkauft wird? Quelle?";
        assert_eq!(near(other), Some(7));
        assert_eq!(
            near("Der Digitalfunk fällt im Landkreis seit Montag ständig aus"),
            None
        );
        assert_eq!(
            near("Digitalfunk, Konzern, verkaufen"),
            None,
            "too few words"
        );
        repeats.head(7, None);
        repeats.count(&first, false);
        assert!(repeats.heads.is_empty() && repeats.words.is_empty());
        assert!(repeats.mentions.is_empty());
    }
}
