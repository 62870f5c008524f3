//! Makes searchable words and values out of what was written, with the one analyser.

use super::ast::{KeyField, Test, Word};
use super::error::QueryError;
use super::glob::{is_wild, literals};
use crate::model::Kind;
use crate::text::{Compound, analyse, compounds};
use std::ops::Range;

/// Letters that a word with wildcards needs.
const MIN_LITERALS: usize = 2;

/// Characters of one word or value.
const MAX_WORD_CHARS: usize = 200;

/// Why a word was refused, before its place is known.
pub struct Fault {
    message: String,
    hint: String,
}

impl Fault {
    fn new<T>(message: &str, hint: &str) -> Result<T, Fault> {
        Err(Fault {
            message: message.to_owned(),
            hint: hint.to_owned(),
        })
    }

    pub fn at(self, written: &str, at: Range<usize>) -> QueryError {
        QueryError::new(written, at, self.message, self.hint)
    }
}

/// The words of a bare run or a phrase; at least one.
pub fn words(written: &str) -> Result<Vec<Word>, Fault> {
    let mut words = Vec::new();
    for compound in compounds(written, true) {
        let slice = written.get(compound.start as usize..compound.end as usize);
        let slice = slice.unwrap_or_default();
        check_length(slice)?;
        words.push(Word {
            written: slice.to_owned(),
            exact: false,
            ways: ways(&compound)?,
        });
    }
    match words.is_empty() {
        true => Fault::new(
            "Hier steht nichts, wonach gesucht werden kann.",
            "Gesucht wird nach Wörtern, Zahlen, #Schlagwörtern, @Namen, Emoji und den Zeichen § % € $ £.",
        ),
        false => Ok(words),
    }
}

fn ways(compound: &Compound) -> Result<Vec<Vec<Test>>, Fault> {
    if !compound.tag.is_empty() {
        return Ok(vec![vec![test(&compound.tag)?]]);
    }
    let parts = compound.parts.iter().map(|part| test(&part.terms));
    let mut ways = vec![parts.collect::<Result<Vec<_>, _>>()?];
    if !compound.joined.is_empty() {
        ways.push(vec![test(&compound.joined)?]);
    }
    Ok(ways)
}

fn test(forms: &[String]) -> Result<Test, Fault> {
    if forms.is_empty() {
        return Fault::new(
            "Hier steht nichts, wonach gesucht werden kann.",
            "Private Konten sind unkenntlich gemacht und nicht auffindbar.",
        );
    }
    if !forms.iter().any(|form| is_wild(form)) {
        return Ok(Test::Terms(forms.to_vec()));
    }
    if forms.iter().any(|form| literals(form) < MIN_LITERALS) {
        return Fault::new(
            "Neben * und ? braucht ein Wort mindestens zwei Buchstaben oder Ziffern.",
            "Zum Beispiel: Grenz*, *ministerium, Antisem?tismus",
        );
    }
    Ok(Test::Wild(forms.to_vec()))
}

/// `{BMI}`: as written.
pub fn exact(written: &str) -> Result<Word, Fault> {
    check_length(written)?;
    if is_wild(written) {
        return Fault::new(
            "In geschweiften Klammern gibt es keine Platzhalter.",
            "{BMI} findet genau diese Schreibweise; BMI* findet alles, was so anfängt.",
        );
    }
    let way: Vec<Test> = analyse(written)
        .into_iter()
        .filter(|token| !token.exact.is_empty())
        .map(|token| Test::Exact(token.exact))
        .collect();
    if way.is_empty() {
        return Fault::new(
            "Die geschweiften Klammern sind leer.",
            "Zum Beispiel: {BMI}",
        );
    }
    Ok(Word {
        written: written.trim().to_owned(),
        exact: true,
        ways: vec![way],
    })
}

/// The folded value of a keyword field.
pub fn keyword(field: KeyField, written: &str) -> Result<String, Fault> {
    check_length(written)?;
    let value = field.fold(written);
    // Composing can lengthen it, and what is printed must be short enough to be read again.
    check_length(&value)?;
    if value.is_empty() {
        return Fault::new("Der Wert dieses Feldes ist leer.", "");
    }
    match field {
        KeyField::Lang if value.len() != 2 || !value.bytes().all(|b| b.is_ascii_lowercase()) => {
            return Fault::new(
                "Sprachen stehen als zwei Buchstaben.",
                "Zum Beispiel: lang:de, lang:en, lang:(tr OR ar)",
            );
        }
        KeyField::Type if Kind::parse(&value).is_none() => {
            let names = Kind::ALL.map(Kind::as_str).join(", ");
            return Fault::new(
                "Diese Art von Beitrag gibt es nicht.",
                &format!("Es gibt {names}."),
            );
        }
        _ => {}
    }
    if is_wild(&value) && literals(&value) < MIN_LITERALS {
        return Fault::new(
            "Neben * und ? braucht der Wert mindestens zwei Buchstaben oder Ziffern.",
            "",
        );
    }
    Ok(value)
}

fn check_length(written: &str) -> Result<(), Fault> {
    if written.chars().count() > MAX_WORD_CHARS {
        let message = format!("Dieses Wort hat mehr als {MAX_WORD_CHARS} Zeichen.");
        return Fault::new(&message, "");
    }
    Ok(())
}
