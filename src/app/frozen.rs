//! The frozen statements, on the way that a mention goes.

use crate::classify::pairs::{Pair, pairs};
use crate::classify::retrain::Told;
use crate::model::{Item, Kind, Mention, Stance, Target};
use crate::normalise::{Context, normalise};
use crate::privacy::{Keys, Voices};
use jiff::Timestamp;

/// All statements of all pairs toward targets that are registered.
pub fn told(targets: &[Target]) -> Vec<Told> {
    let mut found = Vec::new();
    for pair in pairs() {
        let Some(target) = targets.iter().find(|target| target.name == pair.target) else {
            continue;
        };
        for (text, stance) in [(&pair.a, &pair.a_stance), (&pair.b, &pair.b_stance)] {
            if let (Some(mention), Some(stance)) = (mention(text, &pair), Stance::parse(stance)) {
                found.push(Told {
                    mention,
                    target: target.clone(),
                    stance,
                });
            }
        }
    }
    found
}

/// A statement of a pair on the way that a mention goes; headlines are articles.
pub fn mention(text: &str, pair: &Pair) -> Option<Mention> {
    let headline = pair.rule == "headline" && text == pair.b;
    let kind = if headline { Kind::Article } else { Kind::Post };
    let mut item = Item::new("pairs", "pairs", kind);
    text.clone_into(&mut item.text);
    item.lang = Some(pair.lang.clone());
    let context = Context {
        source: "pairs",
        keys: &Keys::from_secret([0; 32]),
        voices: &Voices::new(&[], jiff::civil::Date::constant(2026, 1, 1)),
        collected: Timestamp::UNIX_EPOCH,
    };
    normalise(item, &context).ok()
}
