//! What matching one mention needs room for.

use crate::model::Part;
use crate::query::Keys;
use crate::query::spans::Positions;
use crate::text::Tokens;

/// No hit, no test.
pub const NONE: u32 = u32::MAX;

/// Room for matching one mention after the other; nothing in it outlives a mention but the counts.
#[derive(Debug, Clone)]
pub struct Scratch {
    pub(super) title: Tokens,
    pub(super) text: Tokens,
    pub(super) hits: Vec<Hit>,
    /// The first hit of each test, [`NONE`] where it does not hold.
    pub(super) heads: Vec<u32>,
    /// The tests that hold, and one bit for each test: all bits fit into the fastest cache.
    pub(super) held: Vec<u32>,
    holds: Vec<u64>,
    /// Whether each query is a candidate already.
    is_candidate: Vec<bool>,
    pub(super) candidates: Vec<u32>,
    pub(super) matched: Vec<u32>,
    pub(super) keys: Option<Keys>,
    /// Room for the positions of two groups of words.
    pub(super) keys_of: (Vec<u64>, Vec<u64>),
    /// Mentions in which each test held.
    pub(super) counts: Vec<u32>,
    profile: Profile,
}

/// A position at which a test holds.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    pub position: u32,
    pub part: Part,
    /// The next hit of the same test; positions of one part ascend.
    pub next: u32,
}

/// What went through a scratch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Profile {
    pub mentions: u64,
    pub words: u64,
    /// Words at which a test held.
    pub hits: u64,
    /// Queries evaluated.
    pub candidates: u64,
    pub matches: u64,
}

impl Scratch {
    pub(super) fn new(tests: usize, queries: usize) -> Self {
        Self {
            title: Tokens::default(),
            text: Tokens::default(),
            hits: Vec::new(),
            heads: vec![NONE; tests],
            held: Vec::new(),
            holds: vec![0; tests.div_ceil(64)],
            is_candidate: vec![false; queries],
            candidates: Vec::new(),
            matched: Vec::new(),
            keys: None,
            keys_of: (Vec::new(), Vec::new()),
            counts: vec![0; tests],
            profile: Profile::default(),
        }
    }

    /// What was done so far.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    pub(super) fn tokens(&mut self, part: Part) -> &mut Tokens {
        match part {
            Part::Title => &mut self.title,
            Part::Text => &mut self.text,
        }
    }

    /// True where the test holds somewhere.
    #[inline]
    pub(super) fn holds(&self, test: u32) -> bool {
        let bits = self.holds.get(test as usize / 64);
        bits.is_some_and(|bits| bits >> (test % 64) & 1 == 1)
    }

    /// True where the test holds in this part.
    pub(super) fn holds_in(&self, part: Part, test: u32) -> bool {
        self.hits_of(test).any(|hit| hit.part == part)
    }

    /// The places of a test as ascending numbers, see `quick`.
    pub(super) fn keys(&self, test: u32, scope: Option<Part>) -> impl Iterator<Item = u64> {
        let hits = self.hits_of(test);
        let hits = hits.filter(move |hit| scope.is_none_or(|scope| hit.part == scope));
        // The text was read last, so it stands first.
        hits.map(|hit| match hit.part {
            Part::Text => u64::from(hit.position),
            Part::Title => 1 << 40 | u64::from(hit.position),
        })
    }

    fn hits_of(&self, test: u32) -> impl Iterator<Item = &Hit> {
        let head = self.heads.get(test as usize).copied().unwrap_or(NONE);
        let first = self.hits.get(head as usize);
        std::iter::successors(first, |hit| self.hits.get(hit.next as usize))
    }

    /// Hits of one part come in descending order of their positions, so that each list ascends.
    pub(super) fn hit(&mut self, test: u32, part: Part, position: u32) {
        let Some(head) = self.heads.get_mut(test as usize) else {
            return;
        };
        match self.hits.get(*head as usize) {
            Some(last) if last.position == position && last.part == part => return,
            Some(_) => {}
            None => {
                self.held.push(test);
                if let Some(bits) = self.holds.get_mut(test as usize / 64) {
                    *bits |= 1 << (test % 64);
                }
            }
        }
        let next = std::mem::replace(head, u32::try_from(self.hits.len()).unwrap_or(NONE));
        self.hits.push(Hit {
            position,
            part,
            next,
        });
    }

    pub(super) fn candidate(&mut self, query: u32) {
        if let Some(known) = self.is_candidate.get_mut(query as usize)
            && !*known
        {
            *known = true;
            self.candidates.push(query);
        }
    }

    /// Forgets the mention before.
    pub(super) fn start(&mut self) {
        self.matched.clear();
        self.keys = None;
    }

    /// Clears what the next mention must not see; the matches stay until then.
    pub(super) fn finish(&mut self) -> &[u32] {
        self.profile.mentions += 1;
        self.profile.words += (self.title.len() + self.text.len()) as u64;
        self.profile.hits += self.hits.len() as u64;
        self.profile.candidates += self.candidates.len() as u64;
        self.profile.matches += self.matched.len() as u64;
        for test in self.held.drain(..) {
            if let Some(bits) = self.holds.get_mut(test as usize / 64) {
                *bits = 0;
            }
            if let Some(head) = self.heads.get_mut(test as usize) {
                *head = NONE;
            }
            if let Some(count) = self.counts.get_mut(test as usize) {
                *count = count.saturating_add(1);
            }
        }
        for query in self.candidates.drain(..) {
            if let Some(known) = self.is_candidate.get_mut(query as usize) {
                *known = false;
            }
        }
        self.hits.clear();
        self.matched.sort_unstable();
        &self.matched
    }
}

/// The hits in one part.
pub struct Hits<'a> {
    pub scratch: &'a Scratch,
    pub part: Part,
}

impl Positions<u32> for Hits<'_> {
    fn positions(&mut self, test: &u32) -> Vec<u32> {
        let here = self
            .scratch
            .hits_of(*test)
            .filter(|hit| hit.part == self.part);
        here.map(|hit| hit.position).collect()
    }
}
