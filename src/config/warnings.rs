//! What is allowed in a watch, and yet not what its author meant: it can never be found, or not in
//! every source.

use super::persons::names_voice;
use super::watches::Register;
use crate::collect::{SourceConfig, Supplies};
use crate::model::Part;
use crate::privacy::Voices;
use crate::query::{Expr, KeyField, Keyword};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Watches ask for something that cannot be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub about: About,
    pub watches: Vec<String>,
}

/// What cannot be found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// `@name`, with its sign, that is no public voice.
    Handle(String),
    /// A value of `voice:` that no public voice has.
    Voice(String),
    /// A value of `source:` that no source has.
    Source(String),
    /// A value of `type:` that no source brings.
    Type(String),
    /// A field that the mentions of these sources never have.
    Field {
        field: &'static str,
        sources: Vec<String>,
    },
}

impl About {
    /// True where it names an account, which may be a person's: not for logs.
    pub fn is_personal(&self) -> bool {
        matches!(self, About::Handle(_) | About::Voice(_))
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watches = self.watches.join(", ");
        match &self.about {
            About::Handle(handle) => write!(
                f,
                "{handle} ({watches}) is no public voice, so it is masked in texts and never found: \
                 put it into [[voice]], or take it out"
            ),
            About::Voice(name) => write!(
                f,
                "voice:{name} ({watches}) is on no list of public voices and never found: put it \
                 into [[voice]], or take it out"
            ),
            About::Source(name) => {
                write!(
                    f,
                    "source:{name} ({watches}) is no configured source and never found"
                )
            }
            About::Type(kind) => {
                write!(
                    f,
                    "type:{kind} ({watches}) is brought by no configured source and never found"
                )
            }
            About::Field { field, sources } => write!(
                f,
                "{field}: ({watches}) finds nothing in {}: mentions from there have no {field}",
                sources.join(", ")
            ),
        }
    }
}

impl Register {
    /// Everything that the watches ask for and that the public voices and the sources do not give.
    pub fn warnings(
        &self,
        voices: &Voices,
        sources: &BTreeMap<String, SourceConfig>,
    ) -> Vec<Warning> {
        let supplies: Vec<(&str, Supplies)> = sources
            .iter()
            .map(|(name, source)| (name.as_str(), source.supplies()))
            .collect();
        let mut found: BTreeMap<About, Vec<String>> = BTreeMap::new();
        for watch in &self.watches {
            let mut asked = Asked::default();
            asked.read(watch.query.expr(), true);
            for about in asked.missing(voices, &supplies) {
                found.entry(about).or_default().push(watch.name.clone());
            }
        }
        let warning = |(about, watches)| Warning { about, watches };
        found.into_iter().map(warning).collect()
    }
}

/// What one query asks for.
#[derive(Default)]
struct Asked<'q> {
    handles: BTreeSet<&'q str>,
    /// Not under `NOT`.
    keys: Vec<&'q Keyword>,
    title: bool,
    /// Sources that every match is from; none where any will do.
    sources: Vec<&'q Keyword>,
}

impl<'q> Asked<'q> {
    fn read(&mut self, expr: &'q Expr, wanted: bool) {
        match expr {
            Expr::And { all, none } => {
                all.iter().for_each(|expr| self.read(expr, wanted));
                none.iter().for_each(|expr| self.read(expr, false));
                if wanted && self.sources.is_empty() {
                    self.sources = all.iter().filter_map(sources).flatten().collect();
                }
            }
            Expr::Or(any) => any.iter().for_each(|expr| self.read(expr, wanted)),
            Expr::Words { scope, place } => {
                let words = place.words().into_iter().map(|word| word.written.as_str());
                self.handles
                    .extend(words.filter(|word| word.starts_with('@')));
                self.title |= wanted && *scope == Some(Part::Title);
            }
            Expr::Keyword(key) if wanted => self.keys.push(key),
            Expr::Keyword(_) | Expr::Published(_) => {}
        }
    }

    fn missing(&self, voices: &Voices, supplies: &[(&str, Supplies)]) -> Vec<About> {
        let mut missing = Vec::new();
        // A pattern may mean several voices, and names none.
        let named = |handle: &&&str| !handle.contains(['*', '?']);
        let private = self.handles.iter().filter(named);
        let private = private.filter(|handle| voices.find(handle).is_none());
        missing.extend(private.map(|handle| About::Handle((*handle).to_owned())));
        for key in &self.keys {
            let value = || key.value.clone();
            let relayed = supplies.iter().any(|(_, gives)| gives.names_others);
            let of_source = |(name, _): &(&str, Supplies)| key.matches(&key.field.fold(name));
            let of_kind = |(_, gives): &(&str, Supplies)| {
                gives.kinds.iter().any(|kind| kind.as_str() == key.value)
            };
            match key.field {
                KeyField::Voice if !names_voice(&key.value, voices) => {
                    missing.push(About::Voice(value()));
                }
                KeyField::Source if !relayed && !supplies.iter().any(of_source) => {
                    missing.push(About::Source(value()));
                }
                KeyField::Type if !supplies.iter().any(of_kind) => {
                    missing.push(About::Type(value()));
                }
                _ => {}
            }
        }
        let site = self.keys.iter().any(|key| key.field == KeyField::Site);
        missing.extend(self.unfilled("title", self.title, supplies, |gives| gives.titles));
        missing.extend(self.unfilled("site", site, supplies, |gives| gives.sites));
        missing
    }

    /// The sources that the query looks at and that never fill a field which it asks for.
    fn unfilled(
        &self,
        field: &'static str,
        asked: bool,
        supplies: &[(&str, Supplies)],
        filled: fn(&Supplies) -> bool,
    ) -> Option<About> {
        let looked_at = |name: &str| {
            let name = KeyField::Source.fold(name);
            self.sources.is_empty() || self.sources.iter().any(|key| key.matches(&name))
        };
        let sources: Vec<String> = supplies
            .iter()
            .filter(|(name, gives)| asked && !filled(gives) && looked_at(name))
            .map(|(name, _)| (*name).to_owned())
            .collect();
        (!sources.is_empty()).then_some(About::Field { field, sources })
    }
}

/// The sources of which a member of an `AND` asks for one.
fn sources(expr: &Expr) -> Option<Vec<&Keyword>> {
    match expr {
        Expr::Keyword(key) if key.field == KeyField::Source => Some(vec![key]),
        Expr::Or(any) => any
            .iter()
            .map(sources)
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat()),
        _ => None,
    }
}
