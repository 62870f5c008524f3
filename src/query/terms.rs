//! Makes searchable words and values out of what was written, with the one analyser.

use super::ast::{KeyField, Test, Word};
use super::fault::{self, Fault};
use super::glob::{is_wild, literals};
use crate::model::Kind;
use crate::text::{Compound, analyse, compounds};

/// Letters that a word with wildcards needs.
const MIN_LITERALS: usize = 2;

/// Letters that a word needs to be looked for in longer ones.
const MIN_COMPOUND: usize = 4;

/// Characters of one word or value.
const MAX_WORD_CHARS: usize = 200;

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
            compound: false,
            ways: ways(&compound)?,
        });
    }
    match words.is_empty() {
        true => Err(fault::NO_WORD),
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
        return Err(fault::MASKED);
    }
    if !forms.iter().any(|form| is_wild(form)) {
        return Ok(Test::Terms(forms.to_vec()));
    }
    if forms.iter().any(|form| literals(form) < MIN_LITERALS) {
        return Err(fault::FEW_LETTERS);
    }
    Ok(Test::Wild(forms.to_vec()))
}

/// `{BMI}`: as written.
pub fn exact(written: &str) -> Result<Word, Fault> {
    check_length(written)?;
    if is_wild(written) {
        return Err(fault::WILD_EXACT);
    }
    let way: Vec<Test> = analyse(written)
        .into_iter()
        .filter(|token| !token.exact.is_empty())
        .map(|token| Test::Exact(token.exact))
        .collect();
    if way.is_empty() {
        return Err(fault::EMPTY_EXACT);
    }
    Ok(Word {
        written: written.trim().to_owned(),
        exact: true,
        compound: false,
        ways: vec![way],
    })
}

/// `Grenze~comp`: the word wherever it stands in a longer one.
pub fn compound(written: &str) -> Result<Word, Fault> {
    check_length(written)?;
    let all = compounds(written, true);
    let [
        Compound {
            start,
            end,
            parts,
            tag,
            ..
        },
    ] = all.as_slice()
    else {
        return Err(fault::COMP_WORD);
    };
    let slice = written.get(*start as usize..*end as usize);
    let slice = slice.unwrap_or_default();
    let [part] = parts.as_slice() else {
        return Err(fault::COMP_WORD);
    };
    let letters = |form: &String| form.chars().all(char::is_alphabetic);
    if !tag.is_empty() || slice.len() < written.len() || !part.terms.iter().all(letters) {
        return Err(fault::COMP_WORD);
    }
    if part.terms.iter().any(|form| literals(form) < MIN_COMPOUND) {
        return Err(fault::COMP_LETTERS);
    }
    let patterns = part.terms.iter().map(|form| format!("*{form}*")).collect();
    Ok(Word {
        written: slice.to_owned(),
        exact: false,
        compound: true,
        ways: vec![vec![Test::Wild(patterns)]],
    })
}

/// The folded value of a keyword field.
pub fn keyword(field: KeyField, written: &str) -> Result<String, Fault> {
    check_length(written)?;
    let value = field.fold(written);
    // Composing can lengthen it, and what is printed must be short enough to be read again.
    check_length(&value)?;
    if value.is_empty() {
        return Err(fault::EMPTY_VALUE);
    }
    match field {
        KeyField::Lang if value.len() != 2 || !value.bytes().all(|b| b.is_ascii_lowercase()) => {
            return Err(fault::LANGUAGE);
        }
        KeyField::Type if Kind::parse(&value).is_none() => {
            return Err(fault::unknown_type());
        }
        _ => {}
    }
    if is_wild(&value) && literals(&value) < MIN_LITERALS {
        return Err(fault::FEW_VALUE_LETTERS);
    }
    Ok(value)
}

fn check_length(written: &str) -> Result<(), Fault> {
    if written.chars().count() > MAX_WORD_CHARS {
        return Err(fault::long_word(MAX_WORD_CHARS));
    }
    Ok(())
}
