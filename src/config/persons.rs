//! Whether a query asks for a person and for nothing that is said.
//!
//! Statements are watched here, not people. A private account's handle is masked in every text, so
//! such a query would find nothing; it is refused all the same, for what it was meant to do.

use crate::privacy::Voices;
use crate::query::{Expr, KeyField, Keyword, Place, Word};

/// True where every match would rest on handles that are no public voices, with or without fields
/// beside them. A handle beside words is none of this: `@name AND Grenze` asks for a statement.
pub fn asks_only_for_persons(expr: &Expr, voices: &Voices) -> bool {
    match expr {
        Expr::And { all, .. } => {
            let person = |expr: &Expr| asks_only_for_persons(expr, voices);
            all.iter().any(person) && all.iter().all(|expr| person(expr) || is_field(expr))
        }
        Expr::Or(any) => any.iter().all(|expr| asks_only_for_persons(expr, voices)),
        Expr::Words { place, .. } => is_person(place, voices),
        Expr::Keyword(_) | Expr::Published(_) => false,
    }
}

/// Fields choose among mentions and say nothing of what stands in them.
fn is_field(expr: &Expr) -> bool {
    match expr {
        Expr::And { all, .. } => all.iter().all(is_field),
        Expr::Or(any) => any.iter().all(is_field),
        Expr::Words { .. } => false,
        Expr::Keyword(_) | Expr::Published(_) => true,
    }
}

fn is_person(place: &Place, voices: &Voices) -> bool {
    let words = place.words();
    words.iter().all(|word| is_private_handle(word, voices))
}

fn is_private_handle(word: &Word, voices: &Voices) -> bool {
    word.written.starts_with('@') && !names_voice(&word.written, voices)
}

/// True where a handle or name, which may be a pattern, is that of a public voice.
pub fn names_voice(written: &str, voices: &Voices) -> bool {
    let asked = Keyword {
        field: KeyField::Voice,
        value: KeyField::Voice.fold(written),
    };
    let known = voices.names().map(|name| KeyField::Voice.fold(name));
    known.into_iter().any(|name| asked.matches(&name))
}
