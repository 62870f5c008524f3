//! Runs single texts through the steps that every mention goes through, and keeps nothing.

use crate::clock::Clock;
use crate::config::Watch;
use crate::matching::{Matcher, StoredQuery};
use crate::model::{Item, Kind, Mention, WatchMatch};
use crate::normalise::{Context, NormaliseError, normalise};
use crate::privacy::{Keys, Voices};
use crate::serve::Example;
use std::sync::Arc;

/// Texts are tried on these queries.
pub struct Tester {
    matcher: Matcher,
    keys: Keys,
    voices: Arc<Voices>,
}

impl Tester {
    pub fn new(queries: Vec<StoredQuery>, voices: Arc<Voices>) -> Self {
        Self {
            matcher: Matcher::new(queries),
            // Nothing is stored, so any key will do.
            keys: Keys::from_secret([0; 32]),
            voices,
        }
    }

    /// Texts are tried on this watch alone.
    pub fn of(watch: &Watch, voices: Arc<Voices>) -> Self {
        let query = StoredQuery {
            watch: watch.name.clone(),
            target: watch.target.clone(),
            query: watch.query.clone(),
        };
        Self::new(vec![query], voices)
    }

    /// The text as a private account would post it.
    ///
    /// # Errors
    /// As of [`normalise`].
    pub fn mention(&self, text: &str) -> Result<Mention, NormaliseError> {
        let mut item = Item::new("test", "test", Kind::Post);
        item.text = text.to_owned();
        let context = Context {
            source: "test",
            keys: &self.keys,
            voices: &self.voices,
            collected: Clock::system().now(),
        };
        normalise(item, &context)
    }

    /// The watches that match.
    pub fn matches(&self, mention: &Mention) -> Vec<WatchMatch> {
        let mut scratch = self.matcher.scratch();
        self.matcher.matches(mention, &mut scratch)
    }

    /// Tries the texts that a watch must find, and those that it must not.
    pub fn examples(&self, watch: &Watch) -> Vec<Example> {
        let example = |must_match: bool, text: &String| Example {
            text: text.clone(),
            must_match,
            matches: self.finds(&watch.name, text),
        };
        let must = watch.must_match.iter().map(|text| example(true, text));
        let must_not = watch.must_not_match.iter().map(|text| example(false, text));
        must.chain(must_not).collect()
    }

    fn finds(&self, watch: &str, text: &str) -> bool {
        let found = self.mention(text).map(|mention| self.matches(&mention));
        found.is_ok_and(|found| found.iter().any(|matched| matched.watch == watch))
    }
}
