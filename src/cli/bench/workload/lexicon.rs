//! How often each word of the posts occurs, and which words stand near each other.

use super::dice::Dice;
use super::posts::Post;
use crate::query::Query;
use crate::text::{Token, analyse};
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// Shares of posts that a word may occur in.
pub type Shares = (f64, f64);

#[derive(Debug)]
struct Word {
    /// As somebody wrote it.
    written: String,
    posts: u32,
}

/// The words of the posts, the rarest first.
pub struct Lexicon<'a> {
    words: Vec<Word>,
    counts: HashMap<String, u32>,
    posts: &'a [Post],
}

impl<'a> Lexicon<'a> {
    pub fn of(posts: &'a [Post]) -> Self {
        let mut counts: HashMap<String, u32> = HashMap::new();
        let mut written: HashMap<String, String> = HashMap::new();
        for post in posts {
            let tokens = analyse(&post.text);
            let mut here: Vec<(&str, &str)> = tokens.iter().filter_map(plain).collect();
            here.sort_unstable();
            here.dedup_by_key(|(term, _)| *term);
            for (term, exact) in here {
                match counts.get_mut(term) {
                    Some(count) => *count += 1,
                    None => {
                        counts.insert(term.to_owned(), 1);
                        written.insert(term.to_owned(), exact.to_owned());
                    }
                }
            }
        }
        let mut words: Vec<Word> = written
            .into_iter()
            .filter(|(_, written)| Query::parse(written).is_ok())
            .map(|(term, written)| Word {
                posts: counts.get(&term).copied().unwrap_or(0),
                written,
            })
            .collect();
        words.sort_unstable_by(|a, b| (a.posts, &a.written).cmp(&(b.posts, &b.written)));
        Self {
            words,
            counts,
            posts,
        }
    }

    /// A word that occurs in about that share of posts, each order of magnitude as likely as the
    /// next.
    pub fn word(&self, (least, most): Shares, dice: &mut Dice) -> String {
        let posts = self.posts.len() as f64;
        let wanted = dice.log_between(least, most) * posts;
        let from = self
            .words
            .partition_point(|word| f64::from(word.posts) < wanted * 0.9);
        let to = self
            .words
            .partition_point(|word| f64::from(word.posts) <= wanted * 1.2 + 0.5);
        let at = dice.between(from, to.max(from + 1) - 1);
        self.words
            .get(at)
            .or(self.words.last())
            .map_or_else(String::new, |word| word.written.clone())
    }

    /// A word of at least that many letters.
    pub fn long_word(&self, shares: Shares, letters: usize, dice: &mut Dice) -> String {
        let mut word = self.word(shares, dice);
        for _ in 0..200 {
            if word.chars().count() >= letters {
                break;
            }
            word = self.word(shares, dice);
        }
        word
    }

    /// Two words of one post, at a distance in that range, the rarer of which is in `shares`.
    pub fn neighbours(
        &self,
        shares: Shares,
        distance: RangeInclusive<usize>,
        dice: &mut Dice,
    ) -> (String, String) {
        for _ in 0..2_000 {
            let tokens = analyse(&dice.pick(self.posts).text);
            let at = dice.below(tokens.len());
            let far = dice.between(*distance.start(), *distance.end());
            let (Some(one), Some(other)) = (
                tokens.get(at).and_then(plain),
                tokens.get(at + far).and_then(plain),
            ) else {
                continue;
            };
            let share = self.share(one.0).min(self.share(other.0));
            let fits = share >= shares.0 && share <= shares.1 && one.0 != other.0;
            let sound = [one.1, other.1].iter().all(|w| Query::parse(w).is_ok());
            if fits && sound {
                return (one.1.to_owned(), other.1.to_owned());
            }
        }
        (self.word(shares, dice), self.word(shares, dice))
    }

    /// The share of posts that a term occurs in.
    fn share(&self, term: &str) -> f64 {
        f64::from(self.counts.get(term).copied().unwrap_or(0)) / self.posts.len() as f64
    }

    /// The rarest of these written words.
    pub fn rarest<'w>(&self, words: &'w [String]) -> &'w str {
        let count = |word: &&String| {
            let tokens = analyse(word);
            let term = tokens.first().and_then(|token| token.terms.first());
            term.and_then(|term| self.counts.get(term)).copied()
        };
        words.iter().min_by_key(count).map_or("", String::as_str)
    }
}

/// Term and spelling of a token that is one word of three letters or more.
fn plain(token: &Token) -> Option<(&str, &str)> {
    let term = token.terms.first()?;
    let is_word = token.exact.chars().all(char::is_alphabetic) && token.exact.chars().count() > 2;
    is_word.then_some((term.as_str(), token.exact.as_str()))
}
