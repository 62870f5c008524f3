//! Meltwater. Its `NEAR` has a number of its own where none is written; case is a setting of the
//! search and not in the query.

use super::report::{Became, Finding, Found, Reason};
use super::rules::{Field, Rules, Seen};

pub struct Meltwater;

/// Words between that `NEAR` and `ONEAR` without a number allow.
const DEFAULT_BETWEEN: &str = "4";

impl Rules for Meltwater {
    fn name(&self) -> &'static str {
        "Meltwater"
    }

    fn field(&self, name: &str) -> Option<Field> {
        match name.to_ascii_lowercase().as_str() {
            "title" => Some(Field::Title),
            "ingress" => Some(Field::Refused(Reason::new(
                "The lead is not kept apart here; text: would find more. Choose title: or text: yourself.",
                "Der Vorspann wird hier nicht getrennt; text: fände mehr. Wählen Sie selbst title: oder text:.",
            ))),
            _ => None,
        }
    }

    fn near(&self, written: &str) -> Became {
        let (name, count) = written
            .split_once('/')
            .unwrap_or((written, DEFAULT_BETWEEN));
        let is_number = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        let reason = match (name, name.len() < written.len()) {
            _ if !is_number => None,
            ("NEAR", true) => return Became::new(written),
            ("NEAR", false) => Some((
                "NEAR without a number allows 4 words between.",
                "NEAR ohne Zahl lässt 4 Wörter dazwischen zu.",
            )),
            ("ONEAR", true) => Some((
                "ONEAR is NEAR/nf here: in this order.",
                "ONEAR heißt hier NEAR/nf: in dieser Reihenfolge.",
            )),
            ("ONEAR", false) => Some((
                "ONEAR without a number allows 4 words between and is NEAR/4f here: in this order.",
                "ONEAR ohne Zahl lässt 4 Wörter dazwischen zu und heißt hier NEAR/4f: in dieser Reihenfolge.",
            )),
            _ => None,
        };
        match reason {
            Some((en, de)) => {
                let order = if name == "ONEAR" { "f" } else { "" };
                Became::new(format!("NEAR/{count}{order}")).changed(Reason::new(en, de))
            }
            None => Became::refused(Reason::new(
                "Meltwater's operators are NEAR, NEAR/10, ONEAR and ONEAR/10, in capitals.",
                "Meltwaters Operatoren heißen NEAR, NEAR/10, ONEAR und ONEAR/10, in Großbuchstaben.",
            )),
        }
    }

    fn tilde(&self, _written: &str) -> Became {
        Became::refused(self.unknown("~"))
    }

    /// Not put into the native text.
    fn boost(&self, written: &str) -> Became {
        match written.is_empty() {
            true => Became::refused(self.unknown("^")),
            false => Became::default().changed(Reason::new(
                "It only chooses the sentence that Meltwater shows, not what is found: left out.",
                "Es wählt nur den Satz aus, den Meltwater zeigt, nicht was gefunden wird: weggelassen.",
            )),
        }
    }

    fn words(&self, text: &str) -> Vec<Finding> {
        match text.contains('?') {
            false => Vec::new(),
            true => vec![Finding::Refused(Reason::new(
                "What ? means to Meltwater is not known; here it stands for exactly one letter. Leave it out, or write *.",
                "Was ? für Meltwater heißt, ist nicht bekannt; hier steht es für genau einen Buchstaben. Lassen Sie es weg, oder schreiben Sie *.",
            ))],
        }
    }

    /// The setting is said once, at the first word with capitals only, or at the first.
    fn afterwards(&self, seen: &[Seen<'_>]) -> Vec<Found> {
        let capitals = |word: &&Seen<'_>| {
            let letters = || word.text.chars().filter(|c| c.is_alphabetic());
            letters().count() > 1 && letters().all(char::is_uppercase)
        };
        let Some(word) = seen.iter().find(capitals).or(seen.first()) else {
            return Vec::new();
        };
        let reason = Reason::new(
            "Whether case matters is a setting of the search in Meltwater (case_sensitivity) and not in the query; here it never does, but in { }: write {BMI} for BMI and not bmi.",
            "Ob Groß und Klein zählt, ist bei Meltwater eine Einstellung der Suche (case_sensitivity) und steht nicht in der Anfrage; hier zählt es nie, außer in { }: {BMI} findet BMI und nicht bmi.",
        );
        vec![Found {
            at: word.at.clone(),
            became: Became::new(word.text).note(reason),
        }]
    }
}
