//! The one place where the benches touch the analyser and the matcher: whoever changes their
//! interface changes this file.

use super::workload::Post;
use crate::matching::{Matcher, StoredQuery};
use crate::model::{Author, Mention};
use crate::privacy::MentionKey;
use crate::query::Query;
use crate::text::analyse;
use jiff::Timestamp;
use std::time::Duration;

/// What the matcher tells of its own work on one mention, where it was built to tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Profile {
    /// Looking the words up.
    pub lookup: Duration,
    /// Evaluating the queries that the look-up could not rule out.
    pub verify: Duration,
    pub candidates: u64,
}

/// The matcher with what it needs besides.
pub struct Engine {
    matcher: Matcher,
}

impl Engine {
    pub fn new(queries: &[Query]) -> Self {
        let stored = |(number, query): (usize, &Query)| StoredQuery {
            watch: number.to_string(),
            target: String::new(),
            query: query.clone(),
        };
        Self {
            matcher: Matcher::new(queries.iter().enumerate().map(stored).collect()),
        }
    }

    /// Numbers of the queries that match, in any order.
    pub fn matches(&mut self, mention: &Mention, found: &mut Vec<u32>) {
        found.clear();
        let matches = self.matcher.matches(mention);
        found.extend(
            matches
                .iter()
                .filter_map(|one| one.watch.parse::<u32>().ok()),
        );
    }

    /// How the matcher spent its time on a mention; `None` as long as it does not tell.
    pub fn profile(&mut self, _: &Mention) -> Option<Profile> {
        None
    }
}

/// Folds a mention's text and cuts it into words, as `normalise` does.
pub fn tokenise(mention: &mut Mention) {
    mention.text_tokens = analyse(&mention.text);
}

/// A post as `normalise` would hand it on; it has its words already.
pub fn mention(number: usize, post: &Post) -> Mention {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(number as u64).to_le_bytes());
    let author = post.voice.as_ref().map(|handle| Author::Voice {
        name: handle.clone(),
        handle: handle.clone(),
    });
    Mention {
        key: MentionKey(key),
        source: "bench".to_owned(),
        platform: "bench".to_owned(),
        kind: post.kind,
        published: Timestamp::UNIX_EPOCH,
        edited: None,
        collected: Timestamp::UNIX_EPOCH,
        title: String::new(),
        title_tokens: Vec::new(),
        text_tokens: analyse(&post.text),
        text: post.text.clone(),
        lang: post.lang.to_owned(),
        site: post.site.clone(),
        url: None,
        links: Vec::new(),
        author,
        sealed: None,
        reply_to: None,
    }
}
