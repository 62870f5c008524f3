//! Talkwalker, which is Hootsuite Listening too. A query without any operator is rewritten there
//! before it is searched; the import does the same.

use super::lexer::{Kind, Token};
use super::report::{Became, Finding, Reason};
use super::rules::{self, Field, Rules};
use crate::query::ast::KeyField;
use crate::query::{MAX_BETWEEN, MAX_WITHIN};
use std::ops::Range;

pub struct Talkwalker;

/// Words between that each further word of a query without operators allows.
const BETWEEN_EACH: usize = 10;

impl Rules for Talkwalker {
    fn name(&self) -> &'static str {
        "Talkwalker"
    }

    fn field(&self, name: &str) -> Option<Field> {
        let renamed = |en: &str, de: &str| Some(Reason::new(en, de));
        let (field, why, value): (_, _, fn(&str) -> Became) =
            match name.to_ascii_lowercase().as_str() {
                "lang" => (KeyField::Lang, None, rules::same),
                "site" => (KeyField::Site, None, rules::site),
                "domainurl" => (
                    KeyField::Site,
                    renamed(
                        "domainurl: is site: here: the host and those under it.",
                        "domainurl: heißt hier site:: die Adresse und die darunter.",
                    ),
                    rules::site,
                ),
                "host_url" => (
                    KeyField::Site,
                    renamed(
                        "site: finds the hosts under this one as well.",
                        "site: findet auch die Adressen unter dieser.",
                    ),
                    rules::site,
                ),
                "sourcetype" => (
                    KeyField::Type,
                    renamed(
                        "sourcetype: is type: here.",
                        "sourcetype: heißt hier type:.",
                    ),
                    source_type,
                ),
                "author" => (KeyField::Voice, Some(rules::voice_reason()), rules::same),
                "mention" => return Some(Field::Mention),
                other => return Some(Field::Refused(refused(other)?)),
            };
        Some(Field::Key { field, why, value })
    }

    fn near(&self, written: &str) -> Became {
        let (name, count) = written.split_once('/').unwrap_or((written, ""));
        let is_number = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
        let counting = Reason::new(
            "How Talkwalker counts is not established; it is read as at most n words between.",
            "Wie Talkwalker zählt, ist nicht gesichert; gelesen wird es als höchstens n Wörter dazwischen.",
        );
        match name {
            "NEAR" if is_number => Became::new(written).note(counting),
            "ONEAR" if is_number => Became::new(format!("NEAR/{count}f"))
                .changed(Reason::new(
                    "ONEAR is NEAR/nf here: in this order.",
                    "ONEAR heißt hier NEAR/nf: in dieser Reihenfolge.",
                ))
                .note(counting),
            _ => Became::refused(Reason::new(
                "Talkwalker's operators are NEAR/5 and ONEAR/5, in capitals and with a number.",
                "Talkwalkers Operatoren heißen NEAR/5 und ONEAR/5, in Großbuchstaben und mit Zahl.",
            )),
        }
    }

    fn tilde(&self, written: &str) -> Became {
        Became::new(written).note(jumps_reason())
    }

    fn has_signs(&self) -> bool {
        true
    }

    /// Without any operator: the query is one word, or several plain ones.
    fn whole(&self, tokens: &[Token<'_>]) -> Option<(Range<usize>, Became)> {
        let (first, last) = (tokens.first()?, tokens.last()?);
        if tokens.iter().any(|token| token.kind != Kind::Word) {
            return None;
        }
        let at = first.at.start..last.at.end;
        let words: Vec<&str> = tokens.iter().map(|token| token.text).collect();
        let became = match words.as_slice() {
            [word] => single(self, word)?,
            _ if words.iter().any(|word| is_capitals(word) || is_raw(word)) => {
                Became::refused(Reason::new(
                    "How Talkwalker joins capitals, @names, #tags or words with - + & to others without an operator is not documented. Write AND, OR or NEAR between them.",
                    "Wie Talkwalker Großbuchstaben, @Namen, #Tags oder Wörter mit - + & ohne Operator mit anderen verbindet, ist nicht dokumentiert. Schreiben Sie AND, OR oder NEAR dazwischen.",
                ))
            }
            _ => several(self, &words),
        };
        Some((at, became))
    }
}

/// `None` for a plain word, which is read as everywhere.
fn single(rules: &Talkwalker, word: &str) -> Option<Became> {
    if is_capitals(word) {
        return Some(rules::exact(word).changed(Reason::new(
            "Capitals alone in a query ask Talkwalker for exactly this spelling.",
            "Großbuchstaben allein in einer Anfrage verlangen bei Talkwalker genau diese Schreibweise.",
        )));
    }
    let raw = Became {
        text: rules::quoted(word),
        findings: rules::words(rules, word),
    };
    is_raw(word).then(|| {
        raw.changed(Reason::new(
            "Talkwalker takes this word as it stands, in any case; here accents, umlauts and hyphens make no difference either.",
            "Talkwalker nimmt dieses Wort, wie es dasteht, in Groß oder Klein; hier sind auch Akzente, Umlaute und Bindestriche gleich.",
        ))
    })
}

fn several(rules: &Talkwalker, words: &[&str]) -> Became {
    let between = (words.len() - 1) * BETWEEN_EACH;
    if words.len() > MAX_WITHIN || between > MAX_BETWEEN as usize {
        return Became::refused(Reason::new(
            format!(
                "Talkwalker reads {} words without an operator as near each other; here at most {MAX_WITHIN} can be. Write operators.",
                words.len()
            ),
            format!(
                "Talkwalker liest {} Wörter ohne Operator als nah beieinander; hier geht das mit höchstens {MAX_WITHIN}. Schreiben Sie Operatoren.",
                words.len()
            ),
        ));
    }
    let mut findings: Vec<Finding> = Vec::new();
    for finding in words.iter().flat_map(|word| rules::words(rules, word)) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    let text = words
        .iter()
        .map(|word| rules::quoted(word))
        .collect::<Vec<_>>();
    Became {
        text: format!("({})~{between}", text.join(" AND ")),
        findings,
    }
    .changed(Reason::new(
        format!(
            "Words without an operator mean near each other to Talkwalker, 10 jumps a further word, not AND: ~{between}."
        ),
        format!(
            "Wörter ohne Operator heißen bei Talkwalker nah beieinander, 10 Sprünge je weiterem Wort, nicht AND: ~{between}."
        ),
    ))
    .note(jumps_reason())
}

/// Capitals only, also with `+ - &`.
fn is_capitals(word: &str) -> bool {
    word.chars().any(char::is_uppercase)
        && word
            .chars()
            .all(|c| c.is_uppercase() || matches!(c, '+' | '-' | '&'))
}

fn is_raw(word: &str) -> bool {
    word.starts_with(['@', '#', '$']) || word.contains(['-', '+', '&'])
}

fn jumps_reason() -> Reason {
    Reason::new(
        "Talkwalker counts jumps from word to word; here n counts the other words between the first and the last, in any order.",
        "Talkwalker zählt Sprünge von Wort zu Wort; hier zählt n die anderen Wörter zwischen dem ersten und dem letzten, in jeder Reihenfolge.",
    )
}

fn source_type(value: &str) -> Became {
    match value {
        "ONLINENEWS" => Became::new("article").changed(Reason::new(
            "type:article finds the articles of all feeds, press releases too.",
            "type:article findet die Artikel aller Feeds, auch Pressemitteilungen.",
        )),
        "SOCIALMEDIA_TWITTER" => Became::refused(Reason::new(
            "There is no source for X here. Choose networks with source:.",
            "Für X gibt es hier keine Quelle. Netzwerke wählen Sie mit source:.",
        )),
        _ => Became::refused(Reason::new(
            "What this value of sourcetype: means here is not established. Choose with source:, site: or type:.",
            "Was dieser Wert von sourcetype: hier heißt, ist nicht gesichert. Wählen Sie mit source:, site: oder type:.",
        )),
    }
}

/// Why a field of Talkwalker has no equal; `None` where it is no field of it.
fn refused(name: &str) -> Option<Reason> {
    Some(match name {
        "sourcecountry" => rules::place_reason(),
        "gender" | "demographic" => rules::person_reason(),
        "is" => Reason::new(
            "Reposts are no kind of mention here, and other properties have no field.",
            "Weiterverbreitete Beiträge sind hier keine eigene Art, und andere Eigenschaften haben kein Feld.",
        ),
        "flag" => Reason::new(
            "A flag changes how the whole query is matched, which nothing does here: write {BMI} for a spelling, url: for addresses, voice: for public voices, Carsharing OR Car-Sharing for forms.",
            "Ein flag ändert, wie die ganze Anfrage gesucht wird, das gibt es hier nicht: schreiben Sie {BMI} für eine Schreibweise, url: für Adressen, voice: für öffentliche Stimmen, Carsharing OR Car-Sharing für Formen.",
        ),
        _ => return None,
    })
}
