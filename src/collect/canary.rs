//! The house's own posts as canaries: what the ministry's account has posted must come in by the
//! source that listens to its network. One that does not proves that we do not hear, though the
//! connection lives and the numbers look as usual.
//!
//! Nothing is posted for it: a press office posts every day anyway, and a post that is not meant for
//! readers has no place on an official account. Where the account's own server lists the posts is
//! asked from time to time, and each one is judged once: whether it was heard, when it is old enough.
//!
//! Pure. Judged is only what was posted while this connection listened, by the stream's own time: one
//! that catches up is late, which is told elsewhere.

use super::source::Compared;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// Posts that are remembered: what a busy instance tells in a quarter of an hour.
const MAX_POSTS: usize = 20_000;

/// A post of the account, as its server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The native id, as the source's items have it.
    pub id: String,
    pub at: Timestamp,
}

/// What one connection has heard of the account.
#[derive(Debug)]
pub struct Canary {
    /// When the connection began to listen.
    since: Timestamp,
    /// A post that is older must have come.
    late: SignedDuration,
    heard: VecDeque<String>,
    judged: VecDeque<String>,
}

impl Canary {
    pub fn new(since: Timestamp, late_secs: u32) -> Self {
        Self {
            since,
            late: SignedDuration::from_secs(i64::from(late_secs)),
            heard: VecDeque::new(),
            judged: VecDeque::new(),
        }
    }

    /// Notes a post that came in, one of the account's at least.
    pub fn heard(&mut self, id: &str) {
        note(&mut self.heard, id);
    }

    /// Judges the listed posts that are old enough at `now`, the stream's time.
    pub fn judge(&mut self, posts: &[Posted], now: Timestamp) -> Compared {
        let mut compared = Compared::default();
        let newest = now.saturating_sub(self.late).unwrap_or(now);
        for post in posts {
            let is_due = self.since < post.at && post.at <= newest;
            if !is_due || self.judged.contains(&post.id) {
                continue;
            }
            note(&mut self.judged, &post.id);
            match self.heard.contains(&post.id) {
                true => compared.seen += 1,
                false => compared.missed += 1,
            }
        }
        compared
    }
}

fn note(ids: &mut VecDeque<String>, id: &str) {
    ids.push_back(id.to_owned());
    if ids.len() > MAX_POSTS {
        ids.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn each_post_is_judged_once_when_it_is_due() {
        let start: Timestamp = "2026-11-29T09:00:00Z".parse().unwrap();
        let posted = |id: &str, minutes: i64| Posted {
            id: id.to_owned(),
            at: start + minutes.minutes(),
        };
        let posts = [posted("old", -1), posted("heard", 1), posted("lost", 2)];
        let mut canary = Canary::new(start, 300);
        canary.heard("heard");
        let mut judge = |minutes: i64| {
            let Compared { seen, missed } = canary.judge(&posts, start + minutes.minutes());
            (seen, missed)
        };
        assert_eq!(judge(5), (0, 0));
        assert_eq!(judge(6), (1, 0));
        assert_eq!(judge(7), (0, 1));
        assert_eq!(judge(60), (0, 0));
    }
}
