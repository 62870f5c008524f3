//! The one place where the benches touch the analyser and the matcher: whoever changes their
//! interface changes this file.

use super::workload::Post;
use crate::matching::{Matcher, Scratch, StoredQuery};
use crate::model::{Author, Mention};
use crate::privacy::MentionKey;
use crate::query::{Query, Subject};
use crate::text::Tokens;
use jiff::Timestamp;

/// The matcher with what it needs besides.
pub struct Engine {
    matcher: Matcher,
    scratch: Scratch,
    tokens: Tokens,
}

impl Engine {
    pub fn new(queries: &[Query]) -> Self {
        let stored = |(number, query): (usize, &Query)| StoredQuery {
            watch: number.to_string(),
            target: String::new(),
            query: query.clone(),
        };
        let matcher = Matcher::new(queries.iter().enumerate().map(stored).collect());
        Self {
            scratch: matcher.scratch(),
            matcher,
            tokens: Tokens::default(),
        }
    }

    /// Numbers of the queries that match, ascending. The words are read anew.
    pub fn matches<'a>(&mut self, subject: impl Into<Subject<'a>>) -> &[u32] {
        self.matcher.numbers(subject, &mut self.scratch)
    }

    /// Chooses anchors anew by the mentions so far, as the pipeline does.
    pub fn learn(&mut self) {
        self.matcher = self.matcher.relearned(&self.scratch);
        self.scratch = self.matcher.scratch();
    }

    /// Only folds the mention's text and cuts it into words; how many.
    pub fn tokenise(&mut self, mention: &Mention) -> usize {
        self.tokens.read(&mention.text);
        self.tokens.len()
    }

    /// Only reads the words and looks them up; how many queries they do not rule out.
    pub fn presearch(&mut self, mention: &Mention) -> usize {
        self.matcher.presearch(mention, &mut self.scratch)
    }

    /// Bytes that the queries take, by the matcher's own account.
    pub fn bytes(&self) -> usize {
        self.matcher.bytes()
    }
}

/// A post as `normalise` would hand it on.
pub fn mention(number: usize, post: &Post) -> Mention {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(number as u64).to_le_bytes());
    let author = post.voice.as_ref().map(|handle| Author::Voice {
        name: handle.clone(),
        handle: handle.clone(),
        account: None,
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
        text: post.text.clone(),
        lang: post.lang.to_owned(),
        site: post.site.clone(),
        url: None,
        links: Vec::new(),
        author,
        sealed: None,
        reply_to: None,
        marks: crate::model::Marks::default(),
    }
}
