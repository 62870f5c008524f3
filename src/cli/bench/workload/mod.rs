//! What is measured: posts, stored queries and frames, the same for the same seed and texts.
//!
//! The mixture is that of a press office and its agency, set down in [`queries`] and [`frames`];
//! no figure of one machine is to be compared with one of another, only ratios within one run.

mod dice;
mod exchange;
pub mod frames;
mod lexicon;
pub mod posts;
pub mod queries;
mod vocabulary;

pub use dice::{Dice, scramble};
pub use exchange::{above, write};
pub use posts::Post;
pub use queries::Set;

use crate::query::Query;
use lexicon::Lexicon;
use std::path::Path;

pub const SEED: u64 = 20_261_122;

/// Posts, and what queries are made of.
pub struct Workload {
    posts: Vec<Post>,
    origin: String,
    seed: u64,
}

impl Workload {
    pub fn new(seed: u64) -> Self {
        Self::of(&posts::shared(), seed)
    }

    fn of(shared: &Path, seed: u64) -> Self {
        let (posts, origin) = posts::pool(shared, seed);
        Self {
            posts,
            origin,
            seed,
        }
    }

    /// Where the texts come from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The first posts; a pool that is too small begins again.
    pub fn posts(&self, count: usize) -> Vec<Post> {
        self.posts.iter().cycle().take(count).cloned().collect()
    }

    /// The words of all posts.
    pub fn texts(&self) -> impl Iterator<Item = String> + '_ {
        self.posts.iter().map(|post| post.text.clone())
    }

    /// The first queries of each wanted number, smaller sets being the beginning of larger ones.
    pub fn queries(&self, count: usize, set: Set) -> Vec<Query> {
        queries::queries(&Lexicon::of(&self.posts), self.seed, count, set)
    }

    /// Frames of a websocket, about as the network mixes them.
    pub fn frames(&self, count: usize) -> Vec<Vec<u8>> {
        frames::frames(&self.posts, self.seed, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::bluesky::{Said, adapt};

    /// Without the shared texts, so that it is the same everywhere.
    fn load(seed: u64) -> Workload {
        Workload::of(Path::new("nowhere"), seed)
    }

    fn written(load: &Workload, count: usize, set: Set) -> Vec<String> {
        let queries = load.queries(count, set);
        queries
            .iter()
            .map(|query| query.written().to_owned())
            .collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_load() {
        let (one, same, other) = (load(1), load(1), load(2));
        assert_eq!(one.posts[7].text, same.posts[7].text);
        assert_ne!(one.posts[7].text, other.posts[7].text);
        let hundred = written(&one, 100, Set::Full);
        assert_eq!(hundred, written(&same, 100, Set::Full));
        assert_eq!(hundred[..50], written(&one, 50, Set::Full)[..]);
        assert_eq!(one.frames(50), same.frames(50));
    }

    #[test]
    fn only_the_full_set_asks_for_positions() {
        let load = load(1);
        let full = written(&load, 300, Set::Full).join("\n");
        let plain = written(&load, 300, Set::Bool).join("\n");
        for mark in ["\"", "NEAR/5", "*"] {
            assert!(full.contains(mark), "{mark}");
        }
        assert!(!plain.contains('"') && !plain.contains("NEAR") && plain.contains('*'));
    }

    #[test]
    fn frames_are_what_the_collector_reads() {
        let frames = load(1).frames(5_000);
        let mut posts = 0;
        for frame in &frames {
            match adapt(frame) {
                Ok(Said::Event { changes, .. }) => posts += changes.len(),
                // About something else than posts.
                Ok(Said::Nothing) => {}
                other => panic!("{other:?} of {}", String::from_utf8_lossy(frame)),
            }
        }
        let bytes = frames.iter().map(Vec::len).sum::<usize>() / frames.len();
        assert!((450..=620).contains(&bytes), "{bytes} bytes on average");
        // Posts, their deletions, and accounts.
        assert!((700..=1_000).contains(&posts), "{posts}");
    }
}
