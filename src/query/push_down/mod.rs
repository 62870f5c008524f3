//! Rules for a platform's own filter, made from a watch's query.
//!
//! A platform that sells its posts one by one is asked only for those that a watch may match; the
//! house then filters them with the whole query. So the rules may bring too much, which costs money,
//! and never too little: **every post that the query matches fulfils a rule**. What could not be said
//! in the platform's language is left out where that brings more ([`Effect::Widened`]), and where
//! nothing would be left, the query has no rules at all and is told what to add
//! ([`Outcome::Impossible`]). `tests/it/push_down.rs` holds this with a second reading of the
//! platform's language.
//!
//! The promise holds for posts in the [`Spellings`] that were asked for: our words are compared
//! folded, a platform's may not be, and no list holds every accent and every hyphen. What is beyond
//! them is told with the rules ([`Platform::assumes`]).
//!
//! Here: what is common, and [`cover`] and [`fit`] under it. A platform is one file with its
//! [`Language`]; [`x`] is the first. Not here: sending rules anywhere.

mod cover;
mod fit;
mod spelling;
mod x;

use super::ast::{Expr, Keyword, Place, Word};
use super::import::Reason;
use crate::model::Part;
use cover::{Cover, Member};
use fit::Node;

/// A platform that takes rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    X,
}

impl Platform {
    pub const ALL: [Platform; 1] = [Platform::X];

    /// The name of the source.
    pub fn as_str(self) -> &'static str {
        match self {
            Platform::X => "x",
        }
    }

    /// The inverse of [`Platform::as_str`], in any case.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// Characters that a rule may have, by what was bought; the smallest first.
    pub fn lengths(self) -> &'static [usize] {
        self.language().lengths()
    }

    /// Rules that one project may have.
    pub fn max_rules(self) -> usize {
        self.language().max_rules()
    }

    /// What the promise rests on beyond the platform's documents, for people.
    pub fn assumes(self, spellings: Spellings) -> Reason {
        self.language().assumes(spellings)
    }

    fn language(self) -> &'static dyn Language {
        match self {
            Platform::X => &x::X,
        }
    }
}

/// Which spellings of a word the rules bring.
///
/// Our words are folded: `Koln` also finds Köln and Kôln, `Email` also E-Mail, in theory with a
/// hyphen anywhere. A platform that compares letters has to be told each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spellings {
    /// Every mixture of ä ö ü ß, ae oe ue ss and a o u, and the word in two parts, wherever a
    /// hyphen, an apostrophe or a gender mark may divide it.
    #[default]
    All,
    /// Umlauts, ß and hyphens as the watch has them, and written out or left off: `Köln` also brings
    /// Koeln and Koln, `Koln` brings Koln. Far fewer and shorter rules, for watches that write their
    /// words in full.
    Written,
}

/// How rules are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Characters of a rule, one of [`Platform::lengths`].
    pub max_length: usize,
    pub spellings: Spellings,
}

/// What became of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushDown {
    pub outcome: Outcome,
    /// What differs from the query, each once.
    pub notes: Vec<Note>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A post that the query matches fulfils one of these or more; none is empty or too long.
    Rules(Vec<Rule>),
    /// No post of the platform can fulfil the query: it needs no rule.
    Never,
    /// Rules would miss posts. The notes that are [`Effect::Blocks`] say why and what to add.
    Impossible,
}

/// A rule as the platform takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub text: String,
    /// Characters as the platform may count them: two for an emoji.
    pub length: usize,
}

/// What a difference does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The rules bring more than the query.
    Widened,
    /// No post of the platform fulfils this.
    Never,
    /// There are no rules because of this.
    Blocks,
}

impl Effect {
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Widened => "widened",
            Effect::Never => "never",
            Effect::Blocks => "blocks",
        }
    }
}

/// One difference between query and rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub effect: Effect,
    /// The part of the query.
    pub written: String,
    /// What stands for it; empty for nothing.
    pub became: String,
    /// Why; may be empty where there is advice.
    pub reason: Reason,
    /// What the editor can do; empty unless it blocks.
    pub advice: Reason,
}

/// Something that no platform's language can say as ours does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    Near,
    Phrase,
    Title,
    Not,
    /// A word of an `AND` that no rule has room for.
    Room,
    /// More rules than the platform takes.
    Many,
}

/// What a word or a field is in a platform's language.
struct Leaf {
    says: Says,
    became: String,
    /// Empty where nothing is lost.
    reason: Reason,
    /// What the editor can do where it blocks.
    advice: Reason,
}

impl Leaf {
    /// Posts come when they are published; old ones may come again.
    fn time() -> Self {
        Self {
            says: Says::Open,
            became: String::new(),
            reason: Reason::new(
                "A stream brings posts of any time.",
                "Ein Strom bringt Beiträge jeder Zeit.",
            ),
            advice: Reason::default(),
        }
    }
}

enum Says {
    Never,
    /// Any post may fulfil it.
    Open,
    /// It narrows others and may not stand without them.
    Beside(&'static str),
    Rule(Node),
}

/// The rules of one platform.
trait Language: Sync {
    fn lengths(&self) -> &'static [usize];
    fn max_rules(&self) -> usize;
    fn assumes(&self, spellings: Spellings) -> Reason;
    fn gap(&self, gap: Gap) -> Reason;
    /// `room` is how many characters of rules may still be made; a word takes from it what it needs.
    fn word(&self, word: &Word, spellings: Spellings, room: &mut usize) -> Leaf;
    fn keyword(&self, key: &Keyword) -> Leaf;
}

/// Makes the rules of a query. The work is bounded by what the platform takes, not by the query.
pub fn push_down(platform: Platform, expr: &Expr, options: Options) -> PushDown {
    let language = platform.language();
    let mut walk = Walk {
        language,
        spellings: options.spellings,
        room: language.max_rules() * options.max_length,
        notes: Vec::new(),
    };
    let outcome = match walk.expr(expr) {
        Cover::Never => Outcome::Never,
        Cover::Open(blame) | Cover::Beside(_, blame) => walk.impossible(&blame),
        Cover::Rule(node) => walk.rules(&node, options.max_length),
    };
    let mut notes: Vec<Note> = Vec::with_capacity(walk.notes.len());
    for mut note in walk.notes {
        if note.effect != Effect::Blocks {
            note.advice = Reason::default();
        }
        let tells = !note.reason.is_empty() || !note.advice.is_empty();
        if tells && !notes.contains(&note) {
            notes.push(note);
        }
    }
    PushDown { outcome, notes }
}

struct Walk {
    language: &'static dyn Language,
    spellings: Spellings,
    room: usize,
    notes: Vec<Note>,
}

impl Walk {
    fn gap(&mut self, gap: Gap, written: String, became: &str) {
        self.notes.push(Note {
            effect: Effect::Widened,
            written,
            became: became.to_owned(),
            reason: self.language.gap(gap),
            advice: Reason::default(),
        });
    }

    fn expr(&mut self, expr: &Expr) -> Cover {
        match expr {
            Expr::And { all, none } => {
                for expr in none {
                    self.gap(Gap::Not, format!("NOT {expr}"), "");
                }
                let members = all.iter().map(|expr| self.member(expr)).collect();
                cover::all(members, &mut self.notes)
            }
            Expr::Or(any) => cover::any(any.iter().map(|expr| self.expr(expr)).collect()),
            Expr::Words { scope, place } => {
                if *scope == Some(Part::Title) {
                    self.gap(Gap::Title, expr.to_string(), &place.to_string());
                }
                self.place(place, false)
            }
            Expr::Keyword(key) => {
                let leaf = self.language.keyword(key);
                self.leaf(expr.to_string(), leaf)
            }
            // It never stands alone.
            Expr::Published(_) => self.leaf(expr.to_string(), Leaf::time()),
        }
    }

    fn member(&mut self, expr: &Expr) -> Member {
        let written = expr.to_string();
        let cover = self.expr(expr);
        Member { written, cover }
    }

    /// Words that stand near each other stand in one post; `inside` another, that is told.
    fn place(&mut self, place: &Place, inside: bool) -> Cover {
        let (gap, became, places): (Gap, &str, Vec<Place>) = match place {
            Place::Word(word) => {
                let leaf = self.language.word(word, self.spellings, &mut self.room);
                return self.leaf(word.to_string(), leaf);
            }
            Place::Any(places) => {
                let covers = places.iter().map(|place| self.place(place, inside));
                return cover::any(covers.collect());
            }
            Place::Phrase(words) => {
                let words = words.iter().cloned().map(Place::Word).collect();
                (Gap::Phrase, "all of the words", words)
            }
            Place::Near { left, right, .. } => {
                (Gap::Near, "AND", vec![(**left).clone(), (**right).clone()])
            }
            Place::Within { places, .. } => (Gap::Near, "AND", places.clone()),
        };
        if !inside {
            self.gap(gap, place.to_string(), became);
        }
        let members = places
            .iter()
            .map(|place| Member {
                written: place.to_string(),
                cover: self.place(place, true),
            })
            .collect();
        cover::all(members, &mut self.notes)
    }

    fn leaf(&mut self, written: String, leaf: Leaf) -> Cover {
        let effect = match leaf.says {
            Says::Never => Effect::Never,
            _ => Effect::Widened,
        };
        let note = self.notes.len();
        self.notes.push(Note {
            effect,
            written,
            became: leaf.became,
            reason: leaf.reason,
            advice: leaf.advice,
        });
        match leaf.says {
            Says::Never => Cover::Never,
            Says::Open => Cover::Open(vec![note]),
            Says::Beside(text) => Cover::Beside(text, vec![note]),
            Says::Rule(node) => Cover::Rule(node),
        }
    }

    fn impossible(&mut self, blame: &[usize]) -> Outcome {
        for &note in blame {
            if let Some(note) = self.notes.get_mut(note) {
                note.effect = Effect::Blocks;
            }
        }
        Outcome::Impossible
    }

    fn rules(&mut self, node: &Node, max_length: usize) -> Outcome {
        let mut left_out = Vec::new();
        let fitted = fit::fit(node, max_length, &mut left_out);
        for text in left_out {
            self.gap(Gap::Room, text, "");
        }
        match fitted {
            Some(nodes) if nodes.len() <= self.language.max_rules() => {
                let rule = |node: &Node| Rule {
                    text: node.text(),
                    length: node.length(),
                };
                Outcome::Rules(nodes.iter().map(rule).collect())
            }
            _ => {
                self.gap(Gap::Many, String::new(), "");
                self.impossible(&[self.notes.len() - 1])
            }
        }
    }
}
