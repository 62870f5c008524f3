//! The statements that come with the program, on the way that a mention goes.

use crate::classify::retrain::Told;
use crate::classify::statements::{Pair, pairs, seeds};
use crate::model::{Item, Kind, Mention, Stance, Target};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, Voices};
use jiff::Timestamp;

/// What no model learns from: all statements of all pairs toward targets that are registered.
pub fn frozen(targets: &[Target]) -> Vec<Told> {
    let sides = |pair: Pair| {
        let a = told(
            targets,
            &pair.target,
            &pair.a_stance,
            mention(&pair, &pair.a),
        );
        let b = told(
            targets,
            &pair.target,
            &pair.b_stance,
            mention(&pair, &pair.b),
        );
        a.into_iter().chain(b)
    };
    pairs().into_iter().flat_map(sides).collect()
}

/// What the built-in model has learned from, toward targets that are registered.
pub fn rehearsed(targets: &[Target]) -> Vec<Told> {
    let read = |seed: crate::classify::statements::Seed| {
        let kind = Kind::parse(&seed.kind).unwrap_or(Kind::Post);
        let mention = normalised(&seed.text, &seed.lang, kind);
        told(targets, &seed.target, &seed.stance, mention)
    };
    seeds().into_iter().filter_map(read).collect()
}

/// A statement of a pair; headlines are articles.
pub fn mention(pair: &Pair, text: &str) -> Option<Mention> {
    let headline = pair.rule == "headline" && text == pair.b;
    let kind = if headline { Kind::Article } else { Kind::Post };
    normalised(text, &pair.lang, kind)
}

fn told(targets: &[Target], name: &str, stance: &str, mention: Option<Mention>) -> Option<Told> {
    let target = targets.iter().find(|target| target.name == name)?;
    Some(Told {
        mention: mention?,
        target: target.clone(),
        stance: Stance::parse(stance)?,
    })
}

fn normalised(text: &str, lang: &str, kind: Kind) -> Option<Mention> {
    let mut item = Item::new("statements", "statements", kind);
    text.clone_into(&mut item.text);
    item.lang = Some(lang.to_owned());
    let context = Context {
        source: "statements",
        keys: &Keys::from_secret([0; 32]),
        voices: &Voices::new(&[], jiff::civil::Date::constant(2026, 1, 1)),
        collected: Timestamp::UNIX_EPOCH,
    };
    normalise(item, &context).ok()
}
